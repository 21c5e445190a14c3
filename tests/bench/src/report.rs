//! What one run measured: rows with their spread, their ratio to others of the same rounds, and what
//! failed; as a table and as JSON.

use crate::Failure;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The shape of the JSON; it grows when a field is renamed or goes.
const FORMAT: u32 = 1;

/// Names of figures and ways, which tables and ratios look for.
pub(crate) mod names {
    pub(crate) const THROUGHPUT: &str = "stream throughput";
    pub(crate) const QUIET: &str = "small round trip, quiet";
    pub(crate) const LOADED: &str = "small round trip beside a stream";
    pub(crate) const LOADED_P95: &str = "small round trip beside a stream, 95 of 100 below";
    pub(crate) const FILE: &str = "file throughput, from disk to disk";
    pub(crate) const KEY: &str = "key press and answer, quiet";
    pub(crate) const KEY_FILE: &str = "key press and answer beside a file";
    pub(crate) const PICTURE: &str = "change of the screen and answer, quiet";
    pub(crate) const PICTURE_FILE: &str = "change of the screen and answer beside a file";
    pub(crate) const COST: &str = "processor of the program in the middle";
    pub(crate) const LOST: &str = "packets lost end to end";
    pub(crate) const NEAR: &str = "key entry to first picture, relay on the same machine";
    pub(crate) const FAR: &str = "key entry to first picture, each end 80 ms of round trip from the relay";
    pub(crate) const IDLE: &str = "processor of an idle program";
    pub(crate) const PROPORTIONAL: &str = "memory of an idle program, shared parts by share";
    pub(crate) const PRIVATE: &str = "memory of an idle program, private";
    pub(crate) const RESIDENT: &str = "memory of an idle program, resident";
    pub(crate) const ABOVE_EMPTY: &str = "memory above an empty window, shared parts by share";
    pub(crate) const AFTER_LOAD: &str = "memory of the relay after the load, shared parts by share";

    pub(crate) const QUIC: &str = "Ponte by QUIC";
    pub(crate) const TLS: &str = "Ponte by TLS";
    pub(crate) const SPLICE: &str = "TCP splice";
    pub(crate) const DIRECT: &str = "quinn without relay";
    pub(crate) const LIMITED: &str = "Ponte by QUIC, a service's limits";

    pub(crate) const RELAY_ALONE: &str = "ponte-relay, nobody there";
    pub(crate) const RELAY_PAIRED: &str = "ponte-relay, one session";
    pub(crate) const AGENT: &str = "ponte-agent, live session";
    pub(crate) const CONSOLE: &str = "ponte-console, live session";
    pub(crate) const EMPTY: &str = "empty window";
}

/// How samples are spread; quartiles are the nearest sample, without interpolation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Half of the samples are below.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// A quarter is below.
    pub q1: f64,
    /// Three quarters are below.
    pub q3: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// Of the rounds that did not fail; `None` if all did.
    #[must_use]
    pub fn of(values: &[Option<f64>]) -> Option<Self> {
        let mut sorted: Vec<f64> = values.iter().copied().flatten().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let rank = (share * sorted.len() as f64).ceil() as usize;
            sorted.get(rank.saturating_sub(1)).copied()
        };
        Some(Self { median: at(0.5)?, min: at(0.0)?, q1: at(0.25)?, q3: at(0.75)?, max: at(1.0)? })
    }
}

/// How a figure stands to another one of the same run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// To what.
    pub to: String,
    /// Round by round, because neighbours share their circumstances; `None` where either failed.
    pub values: Vec<Option<f64>>,
    /// Of them.
    #[serde(flatten)]
    pub spread: Option<Spread>,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// Of what, or by which way.
    pub way: String,
    /// In what.
    pub unit: String,
    /// One value per round; `None` for a round that failed.
    pub values: Vec<Option<f64>>,
    /// Of them.
    #[serde(flatten)]
    pub spread: Option<Spread>,
    /// To what it is compared.
    #[serde(default)]
    pub ratios: Vec<Ratio>,
}

impl Figure {
    /// Without ratios.
    #[must_use]
    pub fn new(name: &str, way: &str, unit: &str, values: Vec<Option<f64>>) -> Self {
        let spread = Spread::of(&values);
        Self { name: name.into(), way: way.into(), unit: unit.into(), values, spread, ratios: Vec::new() }
    }
}

/// How the run was made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// "release" or "debug".
    pub build: String,
    /// Whether rounds were few and short.
    pub quick: bool,
    /// Interleaved rounds through the relay.
    pub rounds: usize,
    /// MiB of each stream.
    pub stream_mib: usize,
    /// Small messages of each round.
    pub round_trips: usize,
    /// Sessions of each kind that were brought to a first picture.
    pub pictures: usize,
    /// What the first picture showed.
    pub screen: String,
}

/// Where the run was made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Processors that the run could use.
    pub cores: usize,
    /// The kernel's release.
    pub kernel: String,
}

impl Machine {
    /// This one.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn this() -> Result<Self, Failure> {
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned();
        Ok(Self { cores: std::thread::available_parallelism()?.get(), kernel })
    }
}

/// Everything that one run measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The shape of this; see the README beside the sources.
    pub format: u32,
    /// How.
    pub settings: Settings,
    /// Where.
    pub machine: Machine,
    /// What came out, rows of one name together.
    pub figures: Vec<Figure>,
    /// What went wrong, in words; the rounds are `None` in their figures.
    pub failures: Vec<String>,
}

impl Report {
    /// An empty one.
    #[must_use]
    pub fn new(settings: Settings, machine: Machine) -> Self {
        Self { format: FORMAT, settings, machine, ..Self::default() }
    }

    /// One that was written earlier.
    ///
    /// # Errors
    /// It has another shape.
    pub fn from_json(text: &str) -> Result<Self, Failure> {
        let report: Self = serde_json::from_str(text)?;
        if report.format == FORMAT { Ok(report) } else { Err(format!("shape {}, not {FORMAT}", report.format).into()) }
    }

    /// For other programs.
    ///
    /// # Errors
    /// Never for figures that are numbers.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// Fails if a figure has no value at all; single rounds that failed are only told.
    ///
    /// # Errors
    /// Which figures.
    pub fn check(&self) -> Result<(), Failure> {
        let empty = self.figures.iter().filter(|figure| figure.spread.is_none());
        let empty: Vec<_> = empty.map(|figure| format!("{}, {}", figure.name, figure.way)).collect();
        if empty.is_empty() { Ok(()) } else { Err(format!("without any value: {}", empty.join("; ")).into()) }
    }

    /// The row of that name and way.
    pub(crate) fn find(&self, name: &str, way: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.name == name && figure.way == way)
    }

    pub(crate) fn add(&mut self, name: &str, way: &str, unit: &str, values: Vec<Option<f64>>) {
        self.figures.push(Figure::new(name, way, unit, values));
    }

    /// Gives the first row its ratio to the second, where both are there.
    pub(crate) fn compare(&mut self, (name, way): (&str, &str), (to_name, to_way): (&str, &str)) {
        let Some(to) = self.find(to_name, to_way) else { return };
        let others = to.values.clone();
        let label = if name == to_name { to_way } else { to_name };
        let Some(figure) = self.figures.iter_mut().find(|figure| figure.name == name && figure.way == way) else {
            return;
        };
        let values = paired(&figure.values, &others, |one, other| one / other);
        figure.ratios.push(Ratio { to: label.into(), spread: Spread::of(&values), values });
    }
}

/// Round by round, where neither failed.
pub(crate) fn paired(one: &[Option<f64>], other: &[Option<f64>], join: fn(f64, f64) -> f64) -> Vec<Option<f64>> {
    one.iter().zip(other).map(|(one, other)| Some(join((*one)?, (*other)?)).filter(|value| value.is_finite())).collect()
}

/// A number with about three digits that say something.
pub(crate) fn short(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 0.1 => 2,
        0.0 => 0,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, q1, q3, min, max] = [self.median, self.q1, self.q3, self.min, self.max].map(short);
        write!(f, "{median:>7} {:>17} {:>17}", format!("{q1} to {q3}"), format!("{min} to {max}"))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { build, rounds, stream_mib, round_trips, pictures, screen, .. } = &self.settings;
        let Machine { cores, kernel } = &self.machine;
        write!(f, "{build} build, {cores} cores, Linux {kernel}, loopback; {rounds} interleaved rounds of ")?;
        writeln!(f, "{stream_mib} MiB and {round_trips} small messages; {pictures} first pictures of {screen}")?;
        let wide = self.figures.iter().map(|figure| figure.way.chars().count()).max().unwrap_or_default();
        let mut shown = "";
        for Figure { name, way, unit, values, spread, ratios } in &self.figures {
            if name != shown {
                let head = format!("{name} ({unit})");
                write!(
                    f,
                    "\n{head}\n  {:wide$} {:>7} {:>17} {:>17}  rounds",
                    "", "median", "middle half", "least to most"
                )?;
                shown = name;
            }
            let failed = values.iter().filter(|value| value.is_none()).count();
            match spread {
                Some(spread) => write!(f, "\n  {way:wide$} {spread}  {}", values.len())?,
                None => write!(f, "\n  {way:wide$} no value  {}", values.len())?,
            }
            if failed > 0 {
                write!(f, ", {failed} FAILED")?;
            }
            for Ratio { to, spread, .. } in ratios {
                let Some(Spread { median, min, max, .. }) = spread else { continue };
                let [median, min, max] = [median, min, max].map(|value| short(*value));
                write!(f, "\n  {:wide$}   = {median} ({min} to {max}) of: {to}", "")?;
            }
        }
        for failure in &self.failures {
            write!(f, "\nFAILED: {failure}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let machine = Machine { cores: 2, kernel: "6.1".into() };
        let mut report = Report::new(Settings::default(), machine);
        report.add("speed", "ours", "Mbit/s", vec![Some(50.0), None, Some(90.0)]);
        report.add("speed", "plain", "Mbit/s", vec![Some(100.0), Some(100.0), Some(100.0)]);
        report.compare(("speed", "ours"), ("speed", "plain"));
        report.failures.push("round 2, ours: it rained".into());
        report
    }

    #[test]
    fn a_spread_does_not_depend_on_the_order() {
        let values: Vec<_> = (1..=100).map(|number| Some(f64::from(number * 37 % 101))).collect();
        let spread = Spread { median: 50.0, min: 1.0, q1: 25.0, q3: 75.0, max: 100.0 };
        assert_eq!(Spread::of(&values), Some(spread));
        assert_eq!(Spread::of(&[None, Some(7.0)]).map(|spread| spread.median), Some(7.0));
        assert_eq!(Spread::of(&[None]), None);
    }

    #[test]
    fn a_ratio_pairs_rounds_and_leaves_out_what_failed() {
        let report = report();
        let ratio = &report.find("speed", "ours").unwrap().ratios[0];
        assert_eq!((ratio.to.as_str(), ratio.values.as_slice()), ("plain", &[Some(0.5), None, Some(0.9)][..]));
        assert_eq!(ratio.spread.map(|spread| (spread.min, spread.max)), Some((0.5, 0.9)));
    }

    #[test]
    fn a_round_that_failed_is_said() {
        let shown = report().to_string();
        assert!(report().check().is_ok(), "the other rounds are enough");
        assert!(shown.contains("3, 1 FAILED") && shown.contains("FAILED: round 2, ours: it rained"), "{shown}");
    }

    #[test]
    fn json_can_be_read_again_and_has_the_shape_that_the_readme_tells() {
        let mut report = report();
        report.add("speed", "broken", "Mbit/s", vec![None]);
        assert!(report.check().unwrap_err().to_string().contains("speed, broken"));
        let json = report.to_json().unwrap();
        assert_eq!(Report::from_json(&json).unwrap(), report);
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(keys(&value), "failures figures format machine settings");
        assert_eq!(keys(&value["machine"]), "cores kernel");
        assert_eq!(keys(&value["figures"][0]), "max median min name q1 q3 ratios unit values way");
        assert_eq!(keys(&value["figures"][0]["ratios"][0]), "max median min q1 q3 to values");
        assert!(Report::from_json(&json.replace("\"format\": 1", "\"format\": 2")).is_err());
    }

    #[test]
    fn numbers_are_short_and_still_say_something() {
        for (value, shown) in [(1234.5, "1234"), (56.78, "56.8"), (1.234, "1.23"), (0.0123, "0.012"), (0.0, "0")] {
            assert_eq!(short(value), shown);
        }
    }
}
