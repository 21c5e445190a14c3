//! Measures the way through the relay against plain alternatives, in interleaved rounds of the same
//! payloads, so that whatever else the machine does meets all of them.

use crate::figures::{Figures, Spread};
use crate::relay_process::{Listening, RelayProcess};
use crate::ways::{Way, direct};
use crate::{Failure, ends, first_picture};
use link::LinkKind;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::time::sleep;

/// Bytes of a gigabyte.
const GB: f64 = 1e9;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    rounds: usize,
    bytes: usize,
    round_trips: usize,
    idle: Duration,
    pub(crate) pictures: usize,
}

impl Scale {
    const QUICK: Self =
        Self { rounds: 3, bytes: 16 << 20, round_trips: 100, idle: Duration::from_secs(4), pictures: 3 };
    const FULL: Self =
        Self { rounds: 10, bytes: 64 << 20, round_trips: 500, idle: Duration::from_secs(30), pictures: 10 };
}

/// Measures everything.
///
/// # Errors
/// What could not be measured.
///
/// # Panics
/// When a session of the real engines fails.
pub fn run(runtime: Runtime, quick: bool) -> Result<Figures, Failure> {
    let scale = if quick { Scale::QUICK } else { Scale::FULL };
    let Scale { rounds, bytes, round_trips, .. } = scale;
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    let cores = std::thread::available_parallelism()?;
    let settings = format!(
        "{profile} build, {cores} cores, {rounds} rounds of {} MiB and {round_trips} round trips, loopback",
        bytes >> 20
    );
    let mut figures = Figures { settings, figures: Vec::new() };
    runtime.block_on(Box::pin(network(scale, &mut figures)))?;
    drop(runtime);
    first_picture::measure(scale, &mut figures);
    Ok(figures)
}

/// One way with the program in its middle, if there is one, and what was measured.
struct Measured<'a> {
    name: &'static str,
    way: Way,
    middle: Option<&'a Listening>,
    throughput: Vec<f64>,
    round_trip: Vec<f64>,
    cpu_s_per_gb: Vec<f64>,
    lost: Vec<f64>,
}

impl<'a> Measured<'a> {
    fn new(name: &'static str, way: Way, middle: Option<&'a Listening>) -> Self {
        let [throughput, round_trip, cpu_s_per_gb, lost] = [const { Vec::new() }; 4];
        Self { name, way, middle, throughput, round_trip, cpu_s_per_gb, lost }
    }

    fn forget(&mut self) {
        for samples in [&mut self.throughput, &mut self.round_trip, &mut self.cpu_s_per_gb, &mut self.lost] {
            samples.clear();
        }
    }

    async fn round(&mut self, scale: Scale) -> Result<(), Failure> {
        let cpu_s = |middle: Option<&Listening>| middle.map(Listening::cpu_s).transpose();
        let (before, packets) = (cpu_s(self.middle)?, self.way.packets());
        self.throughput.push(self.way.throughput(scale.bytes).await?);
        if let (Some(before), Some(after)) = (before, cpu_s(self.middle)?) {
            self.cpu_s_per_gb.push((after - before) * GB / scale.bytes as f64);
        }
        if let (Some(before), Some(after)) = (packets, self.way.packets()) {
            self.lost.push((after.1 - before.1) * 100.0 / (after.0 - before.0).max(1.0));
        }
        let times = self.way.round_trips(scale.round_trips).await?;
        self.round_trip.push(Spread::of(&times).median);
        Ok(())
    }
}

async fn network(scale: Scale, figures: &mut Figures) -> Result<(), Failure> {
    let relay = RelayProcess::start("bench").await?;
    let service = RelayProcess::start("normal").await?;
    let splice = Listening::start("ponte-bench", &["splice".into()]).await?;
    idle(&relay, "no links", scale, figures).await?;
    let quic = ends::pair(&relay, LinkKind::Quic).await?;
    let tls = ends::pair(&relay, LinkKind::Tls).await?;
    let limited = ends::pair(&service, LinkKind::Quic).await?;
    idle(&relay, "two quiet sessions", scale, figures).await?;

    let through = |(console, agent): &(ends::End, ends::End)| {
        Way::Quic(agent.channel.connection().clone(), console.channel.connection().clone())
    };
    let (plain, _endpoints) = direct().await?;
    let mut ways = [
        Measured::new("Ponte by QUIC", through(&quic), Some(relay.process())),
        Measured::new("Ponte by TLS", through(&tls), Some(relay.process())),
        Measured::new("TCP splice", Way::Splice(splice.address), Some(&splice)),
        Measured::new("quinn without relay", plain, None),
        Measured::new("Ponte by QUIC with a service's limits", through(&limited), Some(service.process())),
    ];
    for round in 0..=scale.rounds {
        for way in &mut ways {
            way.round(scale).await?;
            if round == 0 {
                // The first warms the ways up: windows open, memory is there.
                way.forget();
            }
        }
    }
    tell(&ways, figures);
    figures.add("relay's resident memory, after the load", "MiB", &[relay.process().resident_mib()?]);
    for (console, agent) in [quic, tls, limited] {
        tokio::join!(console.leave(), agent.leave());
    }
    Ok(())
}

fn tell(ways: &[Measured<'_>], figures: &mut Figures) {
    let [ponte, plain] = [&ways[..2], &ways[2..4]];
    for way in ways {
        figures.add(format!("throughput, {}", way.name), "Mbit/s", &way.throughput);
    }
    for one in ponte {
        for other in plain {
            let name = format!("throughput, {} to {}", one.name, other.name);
            figures.add(name, "ratio", &ratios(&one.throughput, &other.throughput));
        }
    }
    for way in ways {
        figures.add(format!("small round trip, {}", way.name), "ms", &way.round_trip);
    }
    for one in ponte {
        for other in plain {
            let name = format!("small round trip, {} to {}", one.name, other.name);
            figures.add(name, "ratio", &ratios(&one.round_trip, &other.round_trip));
        }
    }
    for way in ways.iter().filter(|way| way.middle.is_some()) {
        figures.add(format!("processor of the middle, {}", way.name), "s/GB", &way.cpu_s_per_gb);
    }
    for way in ways.iter().filter(|way| !way.lost.is_empty()) {
        figures.add(format!("packets lost end to end, {}", way.name), "%", &way.lost);
    }
}

/// Round by round, because neighbours share their circumstances.
fn ratios(one: &[f64], other: &[f64]) -> Vec<f64> {
    one.iter().zip(other).map(|(one, other)| one / other).collect()
}

async fn idle(relay: &RelayProcess, when: &str, scale: Scale, figures: &mut Figures) -> Result<(), Failure> {
    let (begin, before) = (Instant::now(), relay.process().cpu_s()?);
    sleep(scale.idle).await;
    let used = (relay.process().cpu_s()? - before) / begin.elapsed().as_secs_f64();
    figures.add(format!("relay's processor, {when}"), "% of a core", &[used * 100.0]);
    figures.add(format!("relay's resident memory, {when}"), "MiB", &[relay.process().resident_mib()?]);
    Ok(())
}
