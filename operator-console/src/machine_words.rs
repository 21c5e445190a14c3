//! Pages about the client's machine as words: lists of facts, and sheets with columns; to show, to copy, to save.

use console_core::proto::machine::{Fact, Facts, Hardware, Interface, Overview, Topic};
use console_core::proto::text::Text;
use i18n::I18n;
use std::time::{Duration, UNIX_EPOCH};

/// One page in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paper {
    /// Names and what they are.
    Facts(Vec<(String, String)>),
    /// Rows.
    Sheet(Sheet),
}

/// Rows under columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The columns.
    pub columns: &'static [Column],
    /// The rows, in the order in which they came.
    pub rows: Vec<Row>,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The message that names it.
    pub id: &'static str,
    /// Least width in points; what is left is shared out in the same measure.
    pub least: u16,
    /// Where there is no room, columns with the highest rank go first.
    pub rank: u8,
    /// Whether it holds numbers, of which the largest come first.
    pub is_number: bool,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What stands in it, safe to show, a cell for each column.
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What stands in it, safe to show.
    pub text: String,
    /// What numbers are sorted by.
    pub number: u64,
}

const fn words(id: &'static str, least: u16, rank: u8) -> Column {
    Column { id, least, rank, is_number: false }
}

const fn number(id: &'static str, least: u16, rank: u8) -> Column {
    Column { id, least, rank, is_number: true }
}

const DISKS: &[Column] = &[
    words("console-machine-mount", 130, 0),
    words("console-machine-device", 110, 3),
    words("console-machine-file-system", 80, 2),
    number("console-machine-size", 80, 1),
    number("console-machine-free", 80, 0),
];
const NETWORK: &[Column] = &[
    words("console-machine-interface", 80, 0),
    words("console-machine-link", 100, 1),
    words("console-machine-addresses", 200, 0),
    words("console-machine-gateway", 110, 1),
    words("console-machine-name-servers", 130, 1),
    words("console-machine-hardware-address", 130, 3),
    number("console-machine-received", 80, 2),
    number("console-machine-sent", 80, 2),
];
const PROCESSES: &[Column] = &[
    words("console-machine-name", 110, 0),
    number("console-machine-pid", 56, 1),
    number("console-machine-parent", 64, 5),
    words("console-machine-user", 70, 3),
    number("console-machine-cpu", 64, 0),
    number("console-machine-memory", 72, 0),
    number("console-machine-started", 118, 4),
    words("console-machine-command", 150, 2),
];
/// Where processes say how busy they keep the processors: by that they are sorted at first.
pub const CPU_COLUMN: usize = 4;
const PACKAGES: &[Column] = &[
    words("console-machine-name", 180, 0),
    words("console-machine-version", 140, 0),
    words("console-machine-architecture", 80, 1),
];
const EVENTS: &[Column] = &[
    number("console-machine-time", 118, 1),
    number("console-machine-severity", 80, 2),
    words("console-machine-source", 100, 0),
    words("console-machine-text", 260, 0),
];

/// The message id of what a page is about.
#[must_use]
pub fn topic(topic: Topic) -> &'static str {
    match topic {
        Topic::Overview => "console-machine-overview",
        Topic::Hardware => "console-machine-hardware",
        Topic::Disks => "console-machine-disks",
        Topic::Network => "console-machine-network",
        Topic::Processes => "console-machine-processes",
        Topic::Packages => "console-machine-packages",
        Topic::Events => "console-machine-events",
    }
}

/// What the name of a saved page begins with.
#[must_use]
pub fn file_stem(topic: Topic) -> String {
    let about = match topic {
        Topic::Overview => "overview",
        Topic::Hardware => "hardware",
        Topic::Disks => "disks",
        Topic::Network => "network",
        Topic::Processes => "processes",
        Topic::Packages => "packages",
        Topic::Events => "events",
    };
    format!("ponte-{about}")
}

fn cell<const MAX: usize>(text: &Text<MAX>) -> Cell {
    Cell { text: text.shown(), number: 0 }
}

fn bytes(i18n: &I18n, bytes: u64) -> Cell {
    Cell { text: i18n.bytes(bytes), number: bytes }
}

fn count(number: u32) -> Cell {
    Cell { text: number.to_string(), number: number.into() }
}

fn percent(i18n: &I18n, permille: u32) -> String {
    format!("{} %", i18n.decimal(f64::from(permille) / 10.0, 1))
}

fn time(i18n: &I18n, since_1970: Duration) -> Cell {
    // A hostile time is none: what cannot be said is left empty.
    let at = UNIX_EPOCH.checked_add(since_1970).filter(|_| !since_1970.is_zero());
    let number = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);
    Cell { text: at.map(|at| i18n.day_and_time(at)).unwrap_or_default(), number }
}

/// A page in words.
#[must_use]
pub fn paper(i18n: &I18n, facts: &Facts) -> Paper {
    let (columns, rows): (_, Vec<Vec<Cell>>) = match facts {
        Facts::Overview(overview) => return Paper::Facts(overview_facts(i18n, overview)),
        Facts::Hardware(hardware) => return Paper::Facts(hardware_facts(i18n, hardware)),
        Facts::Disks(disks) => (
            DISKS,
            disks
                .rows
                .iter()
                .map(|disk| {
                    let mut device = cell(&disk.device);
                    if disk.is_removable {
                        device.text = i18n.text_with("console-machine-removable", &[("device", device.text.into())]);
                    }
                    let (size, free) = (bytes(i18n, disk.size_bytes), bytes(i18n, disk.free_bytes));
                    vec![cell(&disk.mount), device, cell(&disk.file_system), size, free]
                })
                .collect(),
        ),
        Facts::Network(interfaces) => (
            NETWORK,
            interfaces
                .rows
                .iter()
                .map(|interface| {
                    let list = |rows: &[Fact]| Cell {
                        text: rows.iter().map(Text::shown).collect::<Vec<_>>().join(", "),
                        number: 0,
                    };
                    let (received, sent) = (bytes(i18n, interface.received_bytes), bytes(i18n, interface.sent_bytes));
                    vec![
                        cell(&interface.name),
                        link(i18n, interface),
                        list(&interface.addresses.rows),
                        list(&interface.gateways.rows),
                        list(&interface.name_servers.rows),
                        cell(&interface.hardware_address),
                        received,
                        sent,
                    ]
                })
                .collect(),
        ),
        Facts::Processes(processes) => (
            PROCESSES,
            processes
                .rows
                .iter()
                .map(|process| {
                    let cpu = Cell { text: percent(i18n, process.cpu_permille), number: process.cpu_permille.into() };
                    vec![
                        cell(&process.name),
                        count(process.pid),
                        count(process.parent),
                        cell(&process.user),
                        cpu,
                        bytes(i18n, process.memory_bytes),
                        time(i18n, Duration::from_secs(process.started_s)),
                        cell(&process.command),
                    ]
                })
                .collect(),
        ),
        Facts::Packages(packages) => (
            PACKAGES,
            packages
                .rows
                .iter()
                .map(|package| vec![cell(&package.name), cell(&package.version), cell(&package.architecture)])
                .collect(),
        ),
        Facts::Events(events) => (
            EVENTS,
            events
                .rows
                .iter()
                .map(|event| {
                    // The gravest come first: syslog counts from the worst.
                    let severity = i18n.text(&format!("console-machine-severity-{}", event.severity.min(7)));
                    let severity = Cell { text: severity, number: 7_u64.saturating_sub(event.severity.into()) };
                    let at = time(i18n, Duration::from_millis(event.at_ms));
                    vec![at, severity, cell(&event.source), cell(&event.text)]
                })
                .collect(),
        ),
    };
    Paper::Sheet(Sheet { columns, rows: rows.into_iter().map(|cells| Row { cells }).collect() })
}

/// Whether an interface is connected, and how fast.
fn link(i18n: &I18n, interface: &Interface) -> Cell {
    let id = match interface.is_connected {
        Some(true) if interface.speed_mbits > 0 => "console-machine-connected-at",
        Some(true) => "console-machine-connected",
        Some(false) => "console-machine-not-connected",
        None => return Cell { text: String::new(), number: 0 },
    };
    let speed = [("speed", interface.speed_mbits.to_string().into())];
    Cell { text: i18n.text_with(id, &speed), number: 0 }
}

fn overview_facts(i18n: &I18n, overview: &Overview) -> Vec<(String, String)> {
    let uptime = i18n.duration_in_words(Duration::from_secs(overview.uptime_s));
    named(
        i18n,
        [
            ("console-machine-host", overview.host.shown()),
            ("console-machine-system", overview.system.shown()),
            ("console-machine-kernel", overview.kernel.shown()),
            ("console-machine-architecture", overview.architecture.shown()),
            ("console-machine-uptime", uptime),
            ("console-machine-user", overview.user.shown()),
            ("console-machine-desktop", overview.desktop.shown()),
        ],
    )
}

/// Only what is known.
fn named<const COUNT: usize>(i18n: &I18n, facts: [(&str, String); COUNT]) -> Vec<(String, String)> {
    let known = facts.into_iter().filter(|(_, value)| !value.is_empty());
    known.map(|(id, value)| (i18n.text(id), value)).collect()
}

fn hardware_facts(i18n: &I18n, hardware: &Hardware) -> Vec<(String, String)> {
    let used = |used: u64, all: u64| {
        i18n.text_with("console-machine-used", &[("used", i18n.bytes(used).into()), ("all", i18n.bytes(all).into())])
    };
    let cpus = [("count", hardware.cpus.to_string().into()), ("busy", percent(i18n, hardware.cpu_permille).into())];
    let swap = hardware.swap_bytes > 0;
    let mut facts = named(
        i18n,
        [
            ("console-machine-model", hardware.model.shown()),
            ("console-machine-processor", hardware.cpu.shown()),
            ("console-machine-processors", i18n.text_with("console-machine-processors-busy", &cpus)),
            ("console-machine-memory", used(hardware.memory_used_bytes, hardware.memory_bytes)),
            (
                "console-machine-swap",
                if swap { used(hardware.swap_used_bytes, hardware.swap_bytes) } else { String::new() },
            ),
        ],
    );
    facts.extend(hardware.batteries.rows.iter().map(|battery| {
        let name = i18n.text_with("console-machine-battery", &[("name", battery.name.shown().into())]);
        let id = if battery.is_charging { "console-machine-charging" } else { "console-machine-charge" };
        (name, i18n.text_with(id, &[("percent", battery.charge_percent.to_string().into())]))
    }));
    facts.extend(hardware.temperatures.rows.iter().map(|temperature| {
        let name = i18n.text_with("console-machine-temperature", &[("name", temperature.name.shown().into())]);
        (name, format!("{} °C", i18n.decimal(f64::from(temperature.tenths_c) / 10.0, 1)))
    }));
    facts
}

impl Paper {
    /// The whole page as text: facts line by line, rows with tabs between their cells, as spreadsheets take them.
    #[must_use]
    pub fn text(&self, i18n: &I18n) -> String {
        let mut text = String::new();
        match self {
            Self::Facts(facts) => {
                for (name, value) in facts {
                    text.extend([name.as_str(), ": ", value.as_str(), "\n"]);
                }
            }
            Self::Sheet(sheet) => {
                let heads: Vec<String> = sheet.columns.iter().map(|column| i18n.text(column.id)).collect();
                text.push_str(&heads.join("\t"));
                text.push('\n');
                for row in &sheet.rows {
                    let cells: Vec<&str> = row.cells.iter().map(|cell| cell.text.as_str()).collect();
                    text.push_str(&cells.join("\t"));
                    text.push('\n');
                }
            }
        }
        text
    }
}

impl Sheet {
    /// Which rows hold these words, sorted by this column, the other way round if wanted.
    #[must_use]
    pub fn order(&self, filter: &str, sort: Option<(usize, bool)>) -> Vec<usize> {
        let filter = filter.trim().to_lowercase();
        let holds = |row: &Row| row.cells.iter().any(|cell| cell.text.to_lowercase().contains(&filter));
        let rows = self.rows.iter().enumerate().filter(|(_, row)| filter.is_empty() || holds(row));
        let mut order: Vec<usize> = rows.map(|(at, _)| at).collect();
        let Some((column, descending)) = sort else { return order };
        let is_number = self.columns.get(column).is_some_and(|column| column.is_number);
        let key = |at: &usize| self.rows.get(*at).and_then(|row| row.cells.get(column));
        if is_number {
            order.sort_by_key(|at| key(at).map_or(0, |cell| cell.number));
        } else {
            order.sort_by_cached_key(|at| key(at).map(|cell| cell.text.to_lowercase()));
        }
        if descending {
            order.reverse();
        }
        order
    }

    /// Which columns find room in this width, and how wide each is.
    #[must_use]
    pub fn widths(&self, width: f32) -> Vec<(usize, f32)> {
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        let least = |at: usize| self.columns.get(at).map_or(0.0, |column| f32::from(column.least));
        let rank = |at: usize| self.columns.get(at).map_or(0, |column| column.rank);
        loop {
            let sum: f32 = shown.iter().map(|at| least(*at)).sum();
            let last = shown.iter().enumerate().max_by_key(|(_, at)| rank(**at)).map(|(place, _)| place);
            match last {
                Some(last) if sum > width && shown.len() > 1 => drop(shown.remove(last)),
                _ => return shown.into_iter().map(|at| (at, least(at) / sum.max(1.0) * width)).collect(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use console_core::proto::machine::{Fact, FactLine, Process, ProcessName, Rows, SystemEvent};
    use i18n::Language;

    fn processes() -> Facts {
        let process = |pid: u32, name: &str, cpu_permille| Process {
            pid,
            parent: 1,
            name: ProcessName::truncated(name),
            user: Fact::truncated("marco"),
            cpu_permille,
            memory_bytes: 1 << 20,
            started_s: 1_700_000_000,
            command: FactLine::truncated("/usr/bin/x"),
            can_end: true,
        };
        Facts::Processes(Rows::first_of(vec![
            process(9, "bash", 5),
            process(10, "Firefox\u{202E}\n", 1234),
            process(11, "cron", 0),
        ]))
    }

    #[test]
    fn rows_are_found_and_sorted_and_hostile_names_are_harmless() {
        let i18n = I18n::new(Language::English);
        let Paper::Sheet(sheet) = paper(&i18n, &processes()) else { panic!("a sheet") };
        assert_eq!(sheet.order("", None), [0, 1, 2]);
        assert_eq!(sheet.order("", Some((CPU_COLUMN, true))), [1, 0, 2]);
        assert_eq!(sheet.order("", Some((0, false))), [0, 2, 1]);
        assert_eq!(sheet.order(" FIRE ", None), [1]);
        assert_eq!(sheet.order("nothing", Some((0, true))), [] as [usize; 0]);
        let text = paper(&i18n, &processes()).text(&i18n);
        assert_eq!(text.lines().count(), 4);
        assert!(text.contains("Firefox \t10\t1\tmarco\t123.4 %\t"), "{text}");
    }

    #[test]
    fn columns_give_way_where_there_is_no_room() {
        let i18n = I18n::new(Language::Italian);
        let Paper::Sheet(sheet) = paper(&i18n, &processes()) else { panic!("a sheet") };
        assert_eq!(sheet.widths(2000.0).len(), sheet.columns.len());
        for width in [1.0, 200.0, 300.0, 500.0, 700.0, 2000.0] {
            let widths = sheet.widths(width);
            assert_eq!(widths.first().map(|(column, _)| *column), Some(0), "the name stays");
            let sum: f32 = widths.iter().map(|(_, width)| width).sum();
            assert!((sum - width).abs() < 0.5 && !widths.is_empty());
        }
    }

    #[test]
    fn times_that_are_none_are_empty() {
        let event = |at_ms, severity| SystemEvent {
            at_ms,
            severity,
            source: Fact::truncated("a"),
            text: FactLine::truncated("b"),
        };
        let facts = Facts::Events(Rows::first_of(vec![event(0, 0), event(u64::MAX, 255)]));
        for language in Language::ALL {
            let i18n = I18n::new(language);
            let Paper::Sheet(sheet) = paper(&i18n, &facts) else { panic!("a sheet") };
            assert!(sheet.rows.iter().all(|row| row.cells[0].text.is_empty()));
            assert!(!paper(&i18n, &facts).text(&i18n).contains('['));
        }
    }
}
