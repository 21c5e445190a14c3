//! The figures of the agent's program, and how large they may be.

use crate::run::Failure;
use serde_json::{Value, json};

/// The most bytes of a download, compressed.
const MOST_BYTES: usize = 8_000_000;
/// The longest time to the first window, in milliseconds.
const MOST_MS: f64 = 1000.0;
/// The most memory above an empty window, in MiB.
const MOST_MIB: f64 = 60.0;
/// The most processor while nothing happens, in per cent of a core.
const MOST_IDLE: f64 = 0.5;

/// How large the program is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// On the disk.
    pub(super) bytes: usize,
    /// Compressed by zstd.
    pub(super) zstd_bytes: usize,
    /// Compressed by gzip.
    pub(super) gzip_bytes: usize,
}

/// Memory of a process in MiB.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Memory {
    /// In RAM, what it shares with others counted by its share.
    pub(super) proportional: f64,
    /// In RAM, what it shares with others counted whole.
    pub(super) resident: f64,
}

/// What the program needs while its first page waits.
#[derive(Debug, Clone)]
pub(super) struct Usage {
    /// From the start of the process to a window that has drawn, in milliseconds, of each start.
    pub(super) first_window_ms: Vec<f64>,
    /// The agent with its window.
    pub(super) agent: Memory,
    /// The process that watches over it.
    pub(super) watcher: Memory,
    /// An empty window at the same time.
    pub(super) bare: Memory,
    /// The processor of agent and watcher together, in per cent of a core.
    pub(super) idle_percent: f64,
}

/// Everything that is measured.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    pub(super) sizes: Sizes,
    pub(super) usage: Usage,
}

impl Figures {
    fn first_window_ms(&self) -> f64 {
        median(&self.usage.first_window_ms)
    }

    /// Memory of both processes above an empty window, by share.
    fn above_mib(&self) -> f64 {
        self.usage.agent.proportional + self.usage.watcher.proportional - self.usage.bare.proportional
    }

    /// The same with what is shared counted whole, of the agent alone: its watcher shares all of its file.
    fn resident_above_mib(&self) -> f64 {
        self.usage.agent.resident - self.usage.bare.resident
    }

    /// What may not be larger, by name: how large it is, and how large it may be.
    fn limits(&self) -> [(&'static str, f64, f64); 5] {
        [
            ("bytes, gzip", self.sizes.gzip_bytes as f64, MOST_BYTES as f64),
            ("first window, ms", self.first_window_ms(), MOST_MS),
            ("memory above an empty window by share, MiB", self.above_mib(), MOST_MIB),
            ("memory above an empty window counted whole, MiB", self.resident_above_mib(), MOST_MIB),
            ("idle processor, % of a core", self.usage.idle_percent, MOST_IDLE),
        ]
    }

    /// For people.
    pub(super) fn table(&self) -> String {
        let Self { sizes, usage } = self;
        let mb = |bytes: usize| format!("{:.2} MB", bytes as f64 / 1e6);
        let memory = |memory: Memory| format!("{:.1} MiB by share, {:.1} whole", memory.proportional, memory.resident);
        let starts: Vec<_> = usage.first_window_ms.iter().map(|ms| format!("{ms:.0}")).collect();
        [
            ("program", mb(sizes.bytes)),
            ("download, gzip", format!("{} (at most {})", mb(sizes.gzip_bytes), mb(MOST_BYTES))),
            ("download, zstd", mb(sizes.zstd_bytes)),
            (
                "first window",
                format!("{:.0} ms of {} (less than {MOST_MS})", self.first_window_ms(), starts.join(", ")),
            ),
            ("memory", memory(usage.agent)),
            ("its watcher", memory(usage.watcher)),
            ("empty window", memory(usage.bare)),
            (
                "above it",
                format!(
                    "{:.1} MiB by share with the watcher, {:.1} whole (at most {MOST_MIB})",
                    self.above_mib(),
                    self.resident_above_mib()
                ),
            ),
            ("idle processor", format!("{:.3} % of a core (less than {MOST_IDLE})", usage.idle_percent)),
        ]
        .map(|(name, value)| format!("{name:16} {value}"))
        .join("\n")
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let Self { sizes, usage } = self;
        let memory =
            |memory: Memory| json!({ "proportional_mib": memory.proportional, "resident_mib": memory.resident });
        json!({
            "format": 1,
            "bytes": sizes.bytes, "gzip_bytes": sizes.gzip_bytes, "zstd_bytes": sizes.zstd_bytes,
            "first_window_ms": usage.first_window_ms, "first_window_median_ms": self.first_window_ms(),
            "agent": memory(usage.agent), "watcher": memory(usage.watcher), "empty_window": memory(usage.bare),
            "above_mib": self.above_mib(), "resident_above_mib": self.resident_above_mib(),
            "idle_percent": usage.idle_percent,
        })
    }

    /// Whether each figure is as good as was promised.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let missed: Vec<_> = self
            .limits()
            .into_iter()
            .filter(|(_, value, most)| value.partial_cmp(most) != Some(std::cmp::Ordering::Less))
            .map(|(name, value, most)| format!("{name}: {value:.2}, not less than {most}"))
            .collect();
        if missed.is_empty() { Ok(()) } else { Err(missed.join("; ").into()) }
    }
}

/// The middle value; of two the greater one.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        let memory = |mib: f64| Memory { proportional: mib, resident: mib };
        Figures {
            sizes: Sizes { bytes: 20_000_000, zstd_bytes: 5_000_000, gzip_bytes: 7_000_000 },
            usage: Usage {
                first_window_ms: vec![900.0, 100.0, 5000.0],
                agent: memory(90.0),
                watcher: memory(3.0),
                bare: memory(40.0),
                idle_percent: 0.1,
            },
        }
    }

    #[test]
    fn every_figure_has_its_limit() {
        assert!(figures().check().is_ok());
        let spoilt: [fn(&mut Figures); 5] = [
            |figures| figures.sizes.gzip_bytes = MOST_BYTES,
            |figures| figures.usage.first_window_ms = vec![100.0, MOST_MS, 5000.0],
            |figures| figures.usage.watcher.proportional += 10.0,
            |figures| figures.usage.agent.resident = 101.0,
            |figures| figures.usage.idle_percent = f64::NAN,
        ];
        for spoil in spoilt {
            let mut figures = figures();
            spoil(&mut figures);
            let failure = figures.check().map_err(|failure| failure.to_string()).unwrap_err();
            assert!(!failure.contains(';'), "{failure}");
        }
    }

    #[test]
    fn nothing_that_was_not_measured_passes() {
        let mut figures = figures();
        figures.usage.first_window_ms.clear();
        assert!(figures.check().is_err());
    }
}
