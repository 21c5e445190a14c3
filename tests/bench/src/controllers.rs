//! Compares congestion controllers of the channel through the real relay over bad lines: how much
//! gets through, how long a small message waits meanwhile, and what is sent in vain.

use crate::Failure;
use crate::ends::{self, End, Over};
use crate::figures::Spread;
use crate::relay_process::RelayProcess;
use channel::Controller;
use link::LinkKind;
use serde::Serialize;
use std::fmt;
use std::time::{Duration, Instant};
use testkit::{Conditions, PacketPath, PathEmulator};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// Each leg's rate in bytes per second: 20 Mbit/s.
const LEG_BYTES_PER_S: u64 = 20_000_000 / 8;
/// What waits in front of that rate, in bytes: 50 ms.
const LEG_QUEUE_BYTES: usize = 125_000;
/// What is written at a time.
const CHUNK_BYTES: usize = 16 * 1024;
/// How often a small message asks for its echo.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// From the first byte until it counts, and so many round trips more: the start is over.
const WARM: Duration = Duration::from_secs(2);
const WARM_ROUND_TRIPS: u32 = 15;
/// What the devices of both sides of a line let through, as Ethernet does.
const MTU: u16 = 1500;
/// A line on which nothing moves for so long is told as such.
const STUCK: Duration = Duration::from_secs(60);

/// What is tried.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which controllers.
    pub controllers: Vec<Controller>,
    /// By which links.
    pub kinds: Vec<LinkKind>,
    /// Share of packets lost on each leg in each direction.
    pub losses: Vec<f64>,
    /// Between the ends, through the relay, without queues.
    pub round_trips: Vec<Duration>,
    /// How long each counts.
    pub lasts: Duration,
    /// How often each is tried, with other seeds.
    pub rounds: u64,
    /// The relay's limits, as on its command line.
    pub limits: &'static str,
    /// Whether legs have a rate, 20 Mbit/s.
    pub limited: bool,
}

impl Plan {
    /// The whole table.
    #[must_use]
    pub fn full() -> Self {
        Self {
            controllers: vec![Controller::Rate, Controller::Bbr, Controller::Cubic, Controller::NewReno],
            kinds: vec![LinkKind::Quic],
            losses: vec![0.0, 0.005, 0.02, 0.05],
            round_trips: [20, 80, 300].map(Duration::from_millis).to_vec(),
            lasts: Duration::from_secs(6),
            rounds: 2,
            limits: "normal",
            limited: true,
        }
    }

    /// One short round of it.
    #[must_use]
    pub fn quick() -> Self {
        Self { lasts: Duration::from_secs(4), rounds: 1, ..Self::full() }
    }

    /// Leaves the rest of the table out: loss in per cent, round trip in milliseconds.
    ///
    /// # Errors
    /// A controller that does not exist.
    pub fn only(
        &mut self,
        loss: Option<f64>,
        round_trip: Option<u64>,
        controller: Option<&str>,
        tls: bool,
    ) -> Result<(), Failure> {
        if tls {
            self.kinds = vec![LinkKind::Tls];
        }
        if let Some(name) = controller {
            self.controllers.retain(|controller| format!("{controller:?}").eq_ignore_ascii_case(name));
            if self.controllers.is_empty() {
                return Err(format!("no controller {name}; there are rate, bbr, cubic and newreno").into());
            }
        }
        if let Some(loss) = loss {
            self.losses = vec![loss / 100.0];
        }
        if let Some(round_trip) = round_trip {
            self.round_trips = vec![Duration::from_millis(round_trip)];
        }
        Ok(())
    }
}

/// One row of the table.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Which controller.
    pub controller: String,
    /// By which link.
    pub link: String,
    /// Share of packets lost on each leg in each direction.
    pub loss: f64,
    /// Milliseconds between the ends without queues.
    pub round_trip_ms: f64,
    /// Mbit/s of a stream that always has something to send.
    pub goodput: Spread,
    /// Milliseconds until a small message beside it is answered, the median of a round.
    pub answer_ms: Spread,
    /// The same, what 95 of 100 stay below.
    pub answer_p95_ms: Spread,
    /// Per cent of the packets that never arrived.
    pub lost: Spread,
}

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Table(pub Vec<Row>);

impl fmt::Display for Table {
    /// As Markdown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| link | round trip | loss | controller | Mbit/s | answer beside it, ms | p95, ms | lost |")?;
        write!(f, "|---|---|---|---|---|---|---|---|")?;
        let spread = |Spread { median, min, max, .. }: Spread, digits: usize| {
            format!("{median:.digits$} ({min:.digits$} to {max:.digits$})")
        };
        for row in &self.0 {
            write!(
                f,
                "\n| {} | {:.0} ms | {:.1} % | {} | {} | {} | {} | {} |",
                row.link,
                row.round_trip_ms,
                row.loss * 100.0,
                row.controller,
                spread(row.goodput, 1),
                spread(row.answer_ms, 0),
                spread(row.answer_p95_ms, 0),
                spread(row.lost, 1),
            )?;
        }
        Ok(())
    }
}

/// Tries everything, in rounds, so that neighbours share what else the machine does.
///
/// # Errors
/// A pairing or a program that fails.
#[expect(clippy::print_stderr, reason = "progress of a program for the terminal")]
pub async fn run(plan: Plan) -> Result<Table, Failure> {
    let mut cells = Vec::new();
    for &kind in &plan.kinds {
        for &round_trip in &plan.round_trips {
            for &loss in &plan.losses {
                for &controller in &plan.controllers {
                    cells.push((kind, round_trip, loss, controller, [const { Vec::new() }; 4]));
                }
            }
        }
    }
    for round in 0..plan.rounds {
        for (number, (kind, round_trip, loss, controller, samples)) in (1u64..).zip(&mut cells) {
            let line = Conditions {
                delay: *round_trip / 4,
                loss: *loss,
                bytes_per_s: plan.limited.then_some(LEG_BYTES_PER_S),
                queue_bytes: LEG_QUEUE_BYTES,
                ..Conditions::default()
            };
            let seed = round * 1000 + number;
            let values = match kind {
                LinkKind::Quic => quic(plan.limits, &line, *controller, seed, plan.lasts).await?,
                LinkKind::Tls => tls(plan.limits, line, *controller, seed, plan.lasts).await?,
            };
            eprintln!("{kind} {round_trip:?} {loss} {controller:?}: {values:.1?}");
            for (samples, value) in samples.iter_mut().zip(values) {
                samples.push(value);
            }
        }
    }
    let row = |(kind, round_trip, loss, controller, samples): (LinkKind, Duration, f64, Controller, [Vec<f64>; 4])| {
        let [goodput, answer_ms, answer_p95_ms, lost] = samples.map(|samples| Spread::of(&samples));
        let round_trip_ms = round_trip.as_secs_f64() * 1e3;
        let (controller, link) = (format!("{controller:?}"), kind.to_string());
        Row { controller, link, loss, round_trip_ms, goodput, answer_ms, answer_p95_ms, lost }
    };
    Ok(Table(cells.into_iter().map(row).collect()))
}

/// Goodput, answer's median and 95th percentile, and what was lost, of one session.
type Values = [f64; 4];

/// One session over two lines that are like this, each in front of an end.
async fn quic(
    limits: &'static str,
    line: &Conditions,
    controller: Controller,
    seed: u64,
    lasts: Duration,
) -> Result<Values, Failure> {
    // A new one each time: after ten sessions it would ask for work.
    let relay = RelayProcess::start(limits).await?;
    let leg = |seed| PathEmulator::start(relay.process().address, seed, line.clone());
    let (console_leg, agent_leg) = (leg(seed * 2).await?, leg(seed * 2 + 1).await?);
    let over = Over { console: Some(console_leg.address()), agent: Some(agent_leg.address()), controller };
    let values = once(&relay, LinkKind::Quic, over, line, lasts).await;
    // The counts are checked on the way.
    let _ = (console_leg.counts(), agent_leg.counts());
    values
}

/// One session of two ends behind the same line: TCP repairs what is lost, so the packets must be real ones.
/// Needs the right to make network namespaces.
async fn tls(
    limits: &'static str,
    line: Conditions,
    controller: Controller,
    seed: u64,
    lasts: Duration,
) -> Result<Values, Failure> {
    let path = PacketPath::start(seed, MTU, line.clone())?;
    let relay = RelayProcess::start_at(path.near(), limits).await?;
    let there = Some(relay.process().address);
    let over = Over { console: there, agent: there, controller };
    let far = path.far();
    let values = far.inside(|| -> Result<Values, String> {
        let runtime = far.runtime(2).map_err(|error| error.to_string())?;
        runtime.block_on(once(&relay, LinkKind::Tls, over, &line, lasts)).map_err(|error| error.to_string())
    })?;
    let _ = path.counts();
    Ok(values?)
}

async fn once(
    relay: &RelayProcess,
    kind: LinkKind,
    over: Over,
    line: &Conditions,
    lasts: Duration,
) -> Result<Values, Failure> {
    let session = async {
        let (console, agent) = ends::pair_over(relay, kind, over).await?;
        let measured = measure(&console, &agent, WARM + line.delay * 4 * WARM_ROUND_TRIPS, lasts).await;
        tokio::join!(console.leave(), agent.leave());
        measured
    };
    timeout(STUCK + lasts, Box::pin(session)).await.map_err(|_| "a line is stuck")?
}

async fn measure(console: &End, agent: &End, warm: Duration, lasts: Duration) -> Result<Values, Failure> {
    let (from, to) = (agent.channel.connection(), console.channel.connection());
    let (stop, stopped) = watch::channel(false);
    let mut bulk = from.open_uni().await?;
    bulk.set_priority(-1)?;
    let sending = async {
        let chunk = vec![0xA5; CHUNK_BYTES];
        let mut stopped = stopped.clone();
        loop {
            tokio::select! {
                written = bulk.write_all(&chunk) => match written {
                    // The other end has counted enough.
                    Err(_) if *stop.borrow() => return Ok(()),
                    written => written?,
                },
                _ = stopped.wait_for(|stop| *stop) => return Ok::<_, Failure>(()),
            }
        }
    };
    let receiving = async {
        let mut stream = to.accept_uni().await?;
        let (begin, mut counting) = (Instant::now(), None);
        let mut bytes = 0_usize;
        while let Some(chunk) = stream.read_chunk(CHUNK_BYTES * 4, true).await? {
            if begin.elapsed() < warm {
                continue;
            }
            let since = *counting.get_or_insert_with(Instant::now);
            bytes += chunk.bytes.len();
            if since.elapsed() >= lasts {
                let _ = stop.send(true);
                return Ok(bytes as f64 * 8e-6 / since.elapsed().as_secs_f64());
            }
        }
        Err("the stream ended".into())
    };
    let echoing = async {
        let (mut send, mut receive) = from.accept_bi().await?;
        let mut stopped = stopped.clone();
        let mut message = [0; 16];
        loop {
            tokio::select! {
                read = receive.read_exact(&mut message) => match read {
                    // The other end has asked enough.
                    Err(_) if *stop.borrow() => return Ok(()),
                    read => read?,
                },
                _ = stopped.wait_for(|stop| *stop) => return Ok::<_, Failure>(()),
            }
            match send.write_all(&message).await {
                Err(_) if *stop.borrow() => return Ok(()),
                written => written?,
            }
        }
    };
    let asking = async {
        let (mut send, mut receive) = to.open_bi().await?;
        let mut tick = interval(ASK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (begin, mut times, mut message) = (Instant::now(), Vec::new(), [7; 16]);
        while !*stopped.borrow() {
            tick.tick().await;
            let asked = Instant::now();
            let mut stopped = stopped.clone();
            let answered = async {
                send.write_all(&message).await?;
                receive.read_exact(&mut message).await?;
                Ok::<_, Failure>(())
            };
            tokio::select! {
                answered = answered => match answered {
                    // The other end has answered enough.
                    Err(_) if *stop.borrow() => break,
                    answered => answered?,
                },
                _ = stopped.wait_for(|stop| *stop) => break,
            }
            if begin.elapsed() > warm {
                times.push(asked.elapsed().as_secs_f64() * 1e3);
            }
        }
        Ok(Spread::of(&times))
    };
    let lost = async {
        sleep(warm).await;
        let before = from.stats().path;
        let _ = stopped.clone().wait_for(|stop| *stop).await;
        let after = from.stats().path;
        let sent = (after.sent_packets - before.sent_packets).max(1) as f64;
        Ok::<_, Failure>((after.lost_packets - before.lost_packets) as f64 * 100.0 / sent)
    };
    let ((), goodput, (), answers, lost) = tokio::try_join!(sending, receiving, echoing, asking, lost)?;
    Ok([goodput, answers.median, answers.p95, lost])
}
