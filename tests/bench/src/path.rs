//! Measures the way through the relay against plain alternatives, in interleaved rounds of the same
//! payloads, so that whatever else the machine does meets all of them.

use crate::figures::Spread;
use crate::files::{Files, Waits};
use crate::relay_process::{Listening, RelayProcess};
use crate::report::{Machine, Report, Settings, names, paired};
use crate::ways::{Way, direct};
use crate::{Failure, ends, first_picture, usage};
use channel::Channel;
use clap::Args;
use link::LinkKind;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

/// Bytes of a gigabyte.
const GB: f64 = 1e9;
/// No round of one way takes longer on the slowest machine.
const ROUND: Duration = Duration::from_secs(60);
/// What is still under way of a stream that was given up has arrived after this.
const DRAINS: Duration = Duration::from_millis(100);
/// A way that failed so often, one time after the other, is given up.
const MOST_FAILURES: usize = 2;
/// A way at a service's rate carries this part of the payload.
const LIMITED_PART: usize = 8;

/// What is measured, and where it goes.
#[derive(Debug, Args)]
pub struct Options {
    /// Write the figures to this file, too
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// Few rounds of small payloads
    #[arg(long)]
    pub quick: bool,
    /// Print the tables of the README, too
    #[arg(long)]
    pub markdown: bool,
    /// Rows that were measured before, by `watch`
    #[arg(long)]
    pub rows: Option<PathBuf>,
    /// Why there are no such rows
    #[arg(long)]
    pub missing: Option<String>,
    /// The first picture is that of the display in the environment, not of a painted desktop
    #[arg(long)]
    pub display: bool,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Scale {
    rounds: usize,
    bytes: usize,
    round_trips: usize,
    most: Duration,
    pictures: usize,
}

impl Scale {
    const QUICK: Self =
        Self { rounds: 3, bytes: 16 << 20, round_trips: 100, most: Duration::from_millis(500), pictures: 3 };
    const FULL: Self =
        Self { rounds: 10, bytes: 64 << 20, round_trips: 500, most: Duration::from_millis(1500), pictures: 10 };
}

/// Measures everything. Rounds that fail are told in the report.
///
/// # Errors
/// What could not be set up.
pub fn run(runtime: &Runtime, options: &Options) -> Result<Report, Failure> {
    let scale = if options.quick { Scale::QUICK } else { Scale::FULL };
    let settings = Settings {
        build: if cfg!(debug_assertions) { "debug" } else { "release" }.into(),
        quick: options.quick,
        rounds: scale.rounds,
        stream_mib: scale.bytes >> 20,
        round_trips: scale.round_trips,
        pictures: scale.pictures,
        screen: if options.display { "a real X display" } else { "a painted desktop" }.into(),
    };
    let mut report = Report::new(settings, Machine::this()?);
    runtime.block_on(Box::pin(network(scale, &mut report)))?;
    first_picture::measure(runtime, scale.pictures, options.display, &mut report);
    if let Some(file) = &options.rows {
        report.figures.extend(usage::rows(file)?);
        report.figures.sort_by_key(|figure| IDLE_ROWS.iter().position(|name| *name == figure.name));
        above_empty(&mut report);
    }
    report.failures.extend(options.missing.clone());
    Ok(report)
}

/// The order of the rows of idle programs, behind all others.
const IDLE_ROWS: [&str; 4] = [names::IDLE, names::PROPORTIONAL, names::PRIVATE, names::RESIDENT];

/// Compares the windows with one in which there is nothing.
fn above_empty(report: &mut Report) {
    let Some(empty) = report.find(names::PROPORTIONAL, names::EMPTY).map(|figure| figure.values.clone()) else {
        return;
    };
    for way in [names::AGENT, names::CONSOLE] {
        let Some(figure) = report.find(names::PROPORTIONAL, way) else { continue };
        let above = paired(&figure.values, &empty, |one, other| one - other);
        report.add(names::ABOVE_EMPTY, way, "MiB", above);
    }
}

/// What one round of one way gave.
struct Sample {
    throughput: f64,
    quiet: f64,
    /// Median, and what 95 of 100 are below.
    loaded: Option<(f64, f64)>,
    cost: Option<f64>,
    lost: Option<f64>,
    file: Option<FileSample>,
}

/// What a file gave.
struct FileSample {
    throughput: f64,
    quiet: Waits,
    beside: Waits,
}

/// One way with the program in its middle, if there is one, and what was measured.
struct Measured<'a> {
    name: &'static str,
    way: Way,
    middle: Option<&'a Listening>,
    /// The ends of a session, and a file that moves between them.
    file: Option<(&'a Channel, &'a Channel, Files)>,
    /// `None` for a round that failed.
    samples: Vec<Option<Sample>>,
}

impl<'a> Measured<'a> {
    fn new(name: &'static str, way: Way, middle: Option<&'a Listening>) -> Self {
        Self { name, way, middle, file: None, samples: Vec::new() }
    }

    /// The same; a file of so many bytes moves between these ends, too.
    async fn with_file(self, from: &'a Channel, to: &'a Channel, bytes: usize) -> Result<Self, Failure> {
        Ok(Self { file: Some((from, to, Files::new(bytes).await?)), ..self })
    }

    fn is_limited(&self) -> bool {
        self.name == names::LIMITED
    }

    fn is_given_up(&self) -> bool {
        self.samples.len() >= MOST_FAILURES && self.samples.iter().rev().take(MOST_FAILURES).all(Option::is_none)
    }

    async fn round(&self, scale: Scale) -> Result<Sample, Failure> {
        let Scale { round_trips, most, .. } = scale;
        let bytes = if self.is_limited() { scale.bytes / LIMITED_PART } else { scale.bytes };
        let (packets, before) = (self.way.packets(), self.middle.map(Listening::processor).transpose()?);
        let throughput = self.way.throughput(bytes).await?;
        let after = self.middle.map(Listening::processor).transpose()?;
        let cost = before.zip(after).map(|(before, after)| after.seconds_since(&before) * GB / bytes as f64);
        let lost = packets
            .zip(self.way.packets())
            .map(|((sent, lost), (sent_now, lost_now))| (lost_now - lost) * 100.0 / (sent_now - sent).max(1.0));
        let quiet = Spread::of(&self.way.round_trips(round_trips, most).await?).median;
        let loaded = if self.is_limited() {
            None
        } else {
            let Spread { median, p95, .. } = Spread::of(&self.way.loaded_round_trips(round_trips, most).await?);
            sleep(DRAINS).await;
            Some((median, p95))
        };
        let file = match &self.file {
            Some((from, to, file)) => Some(FileSample {
                throughput: Box::pin(file.throughput(from, to)).await?,
                quiet: Box::pin(file.waits((from, to), false, most)).await?,
                beside: Box::pin(file.waits((from, to), true, most)).await?,
            }),
            None => None,
        };
        if file.is_some() {
            sleep(DRAINS).await;
        }
        Ok(Sample { throughput, quiet, loaded, cost, lost, file })
    }

    fn column(&self, pick: impl Fn(&Sample) -> Option<f64>) -> Vec<Option<f64>> {
        self.samples.iter().map(|sample| sample.as_ref().and_then(&pick)).collect()
    }
}

async fn network(scale: Scale, report: &mut Report) -> Result<(), Failure> {
    let relay = RelayProcess::start("bench").await?;
    let service = RelayProcess::start("normal").await?;
    let splice = Listening::start("ponte-bench", &["splice".into()]).await?;
    let quic = ends::pair(&relay, LinkKind::Quic).await?;
    let tls = ends::pair(&relay, LinkKind::Tls).await?;
    let limited = ends::pair(&service, LinkKind::Quic).await?;
    let through = |(console, agent): &(ends::End, ends::End)| {
        Way::Quic(agent.channel.connection().clone(), console.channel.connection().clone())
    };
    let (plain, _endpoints) = direct().await?;
    let mut ways = [
        Measured::new(names::QUIC, through(&quic), Some(relay.process()))
            .with_file(&quic.1.channel, &quic.0.channel, scale.bytes)
            .await?,
        Measured::new(names::TLS, through(&tls), Some(relay.process()))
            .with_file(&tls.1.channel, &tls.0.channel, scale.bytes)
            .await?,
        Measured::new(names::SPLICE, Way::Splice(splice.address), Some(&splice)),
        Measured::new(names::DIRECT, plain, None),
        Measured::new(names::LIMITED, through(&limited), None),
    ];
    let begin = Instant::now();
    for round in 0..=scale.rounds {
        let count = ways.len();
        for at in 0..count {
            // Each way follows each other one in some round.
            let way = &mut ways[(at + round) % count];
            if way.is_given_up() {
                way.samples.push(None);
                continue;
            }
            let sample = timeout(ROUND, Box::pin(way.round(scale))).await;
            let sample = sample.map_err(Failure::from).flatten();
            if let Err(failure) = &sample {
                report.failures.push(format!("{}, round {round}: {failure}", way.name));
            }
            // The first warms the ways up: windows open, memory is there.
            if round > 0 {
                way.samples.push(sample.ok());
            }
        }
        progress(format_args!("round {round} of {} after {:.0} s", scale.rounds, begin.elapsed().as_secs_f64()));
    }
    tell(&ways, report);
    let memory = relay.process().memory()?.proportional;
    report.add(names::AFTER_LOAD, "ponte-relay", "MiB", vec![Some(memory)]);
    for (console, agent) in [quic, tls, limited] {
        tokio::join!(console.leave(), agent.leave());
    }
    Ok(())
}

/// Figures of files, which only sessions move: they are compared with the session's own.
const FILES: [&str; 5] = [names::FILE, names::KEY, names::KEY_FILE, names::PICTURE, names::PICTURE_FILE];

fn tell(ways: &[Measured<'_>], report: &mut Report) {
    let ponte = [names::QUIC, names::TLS];
    let mut rows = |name: &str, unit: &str, pick: fn(&Sample) -> Option<f64>| {
        for way in ways {
            let values = way.column(pick);
            // A way of which this is never asked has no row; one that always failed has.
            if values.iter().any(Option::is_some) || way.samples.iter().all(Option::is_none) {
                report.add(name, way.name, unit, values);
            }
        }
        for way in ponte {
            for plain in [names::SPLICE, names::DIRECT] {
                if name != names::LOST && !FILES.contains(&name) {
                    report.compare((name, way), (name, plain));
                }
            }
        }
    };
    rows(names::THROUGHPUT, "Mbit/s", |sample| Some(sample.throughput));
    rows(names::QUIET, "ms", |sample| Some(sample.quiet));
    rows(names::LOADED, "ms", |sample| Some(sample.loaded?.0));
    rows(names::LOADED_P95, "ms", |sample| Some(sample.loaded?.1));
    rows(names::COST, "s per GB", |sample| sample.cost);
    rows(names::LOST, "%", |sample| sample.lost);
    rows(names::FILE, "Mbit/s", |sample| Some(sample.file.as_ref()?.throughput));
    rows(names::KEY, "ms", |sample| Some(sample.file.as_ref()?.quiet.key.0));
    rows(names::KEY_FILE, "ms", |sample| Some(sample.file.as_ref()?.beside.key.0));
    rows(names::PICTURE, "ms", |sample| Some(sample.file.as_ref()?.quiet.picture.0));
    rows(names::PICTURE_FILE, "ms", |sample| Some(sample.file.as_ref()?.beside.picture.0));
    for way in ponte {
        report.compare((names::FILE, way), (names::THROUGHPUT, way));
        report.compare((names::KEY_FILE, way), (names::KEY, way));
        report.compare((names::PICTURE_FILE, way), (names::PICTURE, way));
    }
    for way in ways {
        report.compare((names::LOADED, way.name), (names::QUIET, way.name));
    }
}

/// Where the run is, for a person who waits.
#[expect(clippy::print_stderr, reason = "a program for the terminal")]
pub(crate) fn progress(what: std::fmt::Arguments<'_>) {
    eprintln!("bench: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(throughput: f64) -> Sample {
        Sample { throughput, quiet: 2.0, loaded: Some((6.0, 9.0)), cost: None, lost: None, file: None }
    }

    fn measured(name: &'static str, samples: Vec<Option<Sample>>) -> Measured<'static> {
        let nowhere = (std::net::Ipv4Addr::LOCALHOST, 0).into();
        Measured { samples, ..Measured::new(name, Way::Splice(nowhere), None) }
    }

    #[test]
    fn a_way_is_given_up_after_failures_in_a_row() {
        for (failed, given_up) in [(&[true][..], false), (&[true, true], true), (&[true, false, true], false)] {
            let samples = failed.iter().map(|failed| (!failed).then(|| sample(1.0))).collect();
            assert_eq!(measured(names::QUIC, samples).is_given_up(), given_up, "{failed:?}");
        }
    }

    #[test]
    fn ways_are_compared_with_plain_ones_and_load_with_quiet() {
        let ways = [
            measured(names::QUIC, vec![Some(sample(50.0)), None]),
            measured(names::TLS, vec![None, None]),
            measured(names::SPLICE, vec![Some(sample(100.0)), Some(sample(100.0))]),
        ];
        let mut report = Report::default();
        tell(&ways, &mut report);
        let quic = report.find(names::THROUGHPUT, names::QUIC).unwrap();
        assert_eq!((quic.ratios[0].to.as_str(), &quic.ratios[0].values[..]), (names::SPLICE, &[Some(0.5), None][..]));
        assert!(report.find(names::THROUGHPUT, names::TLS).unwrap().spread.is_none(), "what failed has a row");
        assert!(report.find(names::COST, names::QUIC).is_none(), "what was never asked has none");
        let loaded = report.find(names::LOADED, names::QUIC).unwrap();
        let to_quiet = loaded.ratios.iter().find(|ratio| ratio.to == names::QUIET).unwrap();
        assert_eq!(to_quiet.values, [Some(3.0), None]);
    }

    #[test]
    fn windows_are_compared_with_an_empty_one() {
        let mut report = Report::default();
        report.add(names::PROPORTIONAL, names::EMPTY, "MiB", vec![Some(40.0), Some(41.0)]);
        report.add(names::PROPORTIONAL, names::AGENT, "MiB", vec![Some(70.0), Some(72.0)]);
        above_empty(&mut report);
        let above = report.find(names::ABOVE_EMPTY, names::AGENT).unwrap();
        assert_eq!(above.values, [Some(30.0), Some(31.0)]);
        assert!(report.find(names::ABOVE_EMPTY, names::CONSOLE).is_none());
    }
}
