//! The tables of the README, from the figures of a run.

use crate::report::{Figure, Ratio, Report, Spread, names, short};
use std::fmt::Write as _;

/// Megabits of a gigabyte.
const GB_MBIT: f64 = 8000.0;

/// A row of the first table: what, its figure, the ways to compare with, and what it means.
const PATHS: [(&str, &str, &[&str], &str); 9] = [
    (
        "A stream through the relay",
        names::THROUGHPUT,
        &[names::SPLICE, names::DIRECT],
        "How fast a file goes where the line is not the limit.",
    ),
    (
        "A small message and its answer",
        names::QUIET,
        &[names::SPLICE, names::DIRECT],
        "What Ponte adds to every key press; the line adds its own.",
    ),
    (
        "The same beside a full stream",
        names::LOADED,
        &[names::SPLICE, names::DIRECT],
        "How long a key press takes while a file fills the same session.",
    ),
    (
        "A file through the relay, from disk to disk",
        names::FILE,
        &[],
        "What reading, digests and writing leave of a stream's speed; promised is 0.6 of it.",
    ),
    ("A key press beside a file", names::KEY_FILE, &[], "Whether a transfer makes the mouse and the keyboard lag."),
    (
        "A change of the screen beside a file",
        names::PICTURE_FILE,
        &[],
        "Whether a transfer makes the picture lag; 30 kB until its answer is back.",
    ),
    ("The relay's processor", names::COST, &[names::SPLICE], "What passing on costs whoever runs a relay."),
    (
        "Key to first picture, relay near",
        names::NEAR,
        &[],
        "How long the operator waits for the screen when both people answer at once.",
    ),
    (
        "Key to first picture, relay far: 80 ms of round trip from each end",
        names::FAR,
        &[],
        "The same when the relay is a continent away from both.",
    ),
];

/// A row of the second table: the program's way, and what it means.
const PROGRAMS: [(&str, &str); 5] = [
    (names::RELAY_ALONE, "What a relay needs only to be there."),
    (names::RELAY_PAIRED, "What it needs with an open session in which nothing moves."),
    (names::AGENT, "What the client's computer gives while the operator looks at a still screen."),
    (names::CONSOLE, "What the operator's computer gives meanwhile."),
    (names::EMPTY, "The same toolkit with nothing in it, drawn without a graphics card like the others."),
];

impl Report {
    /// The tables of the README.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text =
            String::from("| figure | by QUIC | by TLS | to compare | what it means |\n|---|--:|--:|--:|---|\n");
        for (what, name, others, meaning) in PATHS {
            let unit = self.figures.iter().find(|figure| figure.name == name).map_or("", |figure| &figure.unit);
            let [quic, tls] = [names::QUIC, names::TLS].map(|way| self.find(name, way).map_or("-".into(), with_ratios));
            let others = others.iter().filter_map(|way| Some(format!("{way} {}", cell(self.find(name, way)?))));
            let others = others.collect::<Vec<_>>().join("<br>");
            let per_core = self.find(name, names::QUIC).and_then(|figure| figure.spread).map(|spread| spread.median);
            let per_core = per_core.filter(|_| name == names::COST).map_or(String::new(), |cost| {
                format!(" By QUIC, one core passes on {} Mbit/s.", short(GB_MBIT / cost))
            });
            // Writing to a string does not fail.
            let _ = writeln!(text, "| {what}, {unit} | {quic} | {tls} | {others} | {meaning}{per_core} |");
        }
        text.push_str(
            "\n| program, idle | processor, % of a core | memory, MiB | above an empty window, MiB | what it means |\n",
        );
        text.push_str("|---|--:|--:|--:|---|\n");
        for (way, meaning) in PROGRAMS {
            let of = |name: &str| self.find(name, way).map_or(String::new(), cell);
            let (idle, memory, above) = (of(names::IDLE), of(names::PROPORTIONAL), of(names::ABOVE_EMPTY));
            let _ = writeln!(text, "| {way} | {idle} | {memory} | {above} | {meaning} |");
        }
        let Report { settings, machine, .. } = self;
        let _ = write!(
            text,
            "\nMedian, and in parentheses least and most, of {} interleaved rounds ({} for first pictures, of {}); \
             {} cores, Linux {}, everything on one machine{}.",
            settings.rounds,
            settings.pictures,
            settings.screen,
            machine.cores,
            machine.kernel,
            if settings.quick { ", a quick run" } else { "" }
        );
        match self.failures.len() {
            0 => {}
            failed => {
                let _ = write!(text, " Failed and left out: {failed}.");
            }
        }
        text
    }
}

/// A figure and what it is compared with.
fn with_ratios(figure: &Figure) -> String {
    let mut text = cell(figure);
    for Ratio { to, spread, .. } in &figure.ratios {
        let Some(Spread { median, .. }) = spread else { continue };
        let _ = write!(text, "<br>{} x {}", short(*median), if *to == names::QUIET { "quiet" } else { to });
    }
    text
}

fn cell(figure: &Figure) -> String {
    match figure.spread {
        Some(Spread { median, min, max, .. }) => {
            let [median, min, max] = [median, min, max].map(short);
            format!("**{median}** ({min}-{max})")
        }
        None => "failed".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_what_was_measured_and_says_what_failed() {
        let mut report = Report::default();
        report.add(names::THROUGHPUT, names::QUIC, "Mbit/s", vec![Some(100.0), Some(300.0), Some(200.0)]);
        report.add(names::THROUGHPUT, names::TLS, "Mbit/s", vec![None]);
        report.add(names::THROUGHPUT, names::SPLICE, "Mbit/s", vec![Some(1000.0); 3]);
        report.add(names::PROPORTIONAL, names::AGENT, "MiB", vec![Some(61.5)]);
        report.compare((names::THROUGHPUT, names::QUIC), (names::THROUGHPUT, names::SPLICE));
        report.add(names::COST, names::QUIC, "s per GB", vec![Some(4.0)]);
        report.failures.push("it rained".into());
        let text = report.to_markdown();
        for part in [
            "| **200** (100-300)<br>0.20 x TCP splice | failed | TCP splice **1000** (1000-1000) |",
            "one core passes on 2000 Mbit/s",
            "| ponte-agent, live session |  | **61.5** (61.5-61.5) |",
            "Failed and left out: 1.",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }
}
