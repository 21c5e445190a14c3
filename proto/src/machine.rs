//! What the agent tells of its machine: one bounded page of facts for each topic.
//!
//! A page travels as JSON on a stream of its own, its length before it; the same JSON is what an operator saves.
//! Every text is bounded, every list has a most, and what is announced is not believed.

use crate::codec::DecodeError;
use crate::limits;
use crate::text::{Text, list};
use serde::{Deserialize, Serialize};

/// A name, a version, an address.
pub type Fact = Text<{ limits::FACT_BYTES }>;
/// A path, a command line, a line of the system's journal.
pub type FactLine = Text<{ limits::FACT_LINE_BYTES }>;
/// What a running program is called.
pub type ProcessName = Text<{ limits::PROCESS_NAME_BYTES }>;

/// What of a machine a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Topic {
    /// What it is called, and what runs it.
    Overview,
    /// What it is made of.
    Hardware,
    /// What it keeps files on.
    Disks,
    /// How it is connected.
    Network,
    /// What runs.
    Processes,
    /// What is installed.
    Packages,
    /// What the system wrote down lately.
    Events,
}

impl Topic {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 7] =
        [Self::Overview, Self::Hardware, Self::Disks, Self::Network, Self::Processes, Self::Packages, Self::Events];
}

/// A list of at most `MAX`, and how many did not find room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "T: Deserialize<'de>"))]
pub struct Rows<T, const MAX: usize> {
    /// Those that found room.
    #[serde(deserialize_with = "list::<_, _, MAX>")]
    pub rows: Vec<T>,
    /// How many are left out.
    pub left_out: u32,
}

impl<T, const MAX: usize> Default for Rows<T, MAX> {
    fn default() -> Self {
        Self { rows: Vec::new(), left_out: 0 }
    }
}

impl<T, const MAX: usize> Rows<T, MAX> {
    /// The first of these, as many as may be.
    #[must_use]
    pub fn first_of(mut rows: Vec<T>) -> Self {
        let left_out = cut(&mut rows, MAX);
        Self { rows, left_out }
    }

    /// Leaves a quarter out, at least one.
    fn shorten(&mut self) {
        let most = self.rows.len() / 4 * 3;
        self.left_out = self.left_out.saturating_add(cut(&mut self.rows, most));
    }
}

fn cut<T>(rows: &mut Vec<T>, most: usize) -> u32 {
    let over = rows.len().saturating_sub(most);
    rows.truncate(most);
    u32::try_from(over).unwrap_or(u32::MAX)
}

/// What the machine is called, and what runs it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overview {
    /// Its name in the network.
    pub host: Fact,
    /// The operating system.
    pub system: Fact,
    /// Its kernel's version.
    pub kernel: Fact,
    /// What its programs are made for, like "x86_64".
    pub architecture: Fact,
    /// For how long it has run, in seconds.
    pub uptime_s: u64,
    /// The account that the agent runs as.
    pub user: Fact,
    /// The desktop.
    pub desktop: Fact,
}

/// What the machine is made of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hardware {
    /// Maker and model.
    pub model: Fact,
    /// The processor.
    pub cpu: Fact,
    /// How many processors there are for programs.
    pub cpus: u32,
    /// How busy they are, in tenths of a percent of all of them.
    pub cpu_permille: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Of which so many are in use.
    pub memory_used_bytes: u64,
    /// Room on the disk that stands in for memory, in bytes.
    pub swap_bytes: u64,
    /// Of which so many are in use.
    pub swap_used_bytes: u64,
    /// Batteries.
    pub batteries: Rows<Battery, { limits::BATTERY_ROWS }>,
    /// What is measured of warmth.
    pub temperatures: Rows<Temperature, { limits::TEMPERATURE_ROWS }>,
}

/// A battery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Battery {
    /// Its name.
    pub name: Fact,
    /// How full it is, in percent.
    pub charge_percent: u32,
    /// Whether it is being charged.
    pub is_charging: bool,
}

/// A temperature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Temperature {
    /// Of what.
    pub name: Fact,
    /// In tenths of a degree Celsius.
    pub tenths_c: i32,
}

/// Something that files are kept on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disk {
    /// Where its files are found.
    pub mount: FactLine,
    /// What it is called.
    pub device: Fact,
    /// The kind of its file system.
    pub file_system: Fact,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Of which so many are free.
    pub free_bytes: u64,
    /// Whether it can be pulled out.
    pub is_removable: bool,
}

/// A way into the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// Its name.
    pub name: Fact,
    /// Its hardware's address.
    pub hardware_address: Fact,
    /// Its addresses, each with the length of its network's prefix.
    pub addresses: Rows<Fact, { limits::ADDRESS_ROWS }>,
    /// Bytes received since the system started.
    pub received_bytes: u64,
    /// Bytes sent since the system started.
    pub sent_bytes: u64,
    /// Whether it is connected to something; `None` where the system does not tell.
    pub is_connected: Option<bool>,
    /// How fast, in megabits a second; 0 where the system does not tell.
    pub speed_mbits: u32,
    /// By which machines everything goes that is not near: the default gateways.
    pub gateways: Rows<Fact, { limits::ADDRESS_ROWS }>,
    /// The servers that the system asks for addresses, with every interface that has a gateway: they are the
    /// whole system's.
    pub name_servers: Rows<Fact, { limits::ADDRESS_ROWS }>,
}

/// A running program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// The number of the one that started it; 0 if that is not known.
    pub parent: u32,
    /// Its name.
    pub name: ProcessName,
    /// Whose it is.
    pub user: Fact,
    /// How busy it keeps the processors, in tenths of a percent of one.
    pub cpu_permille: u32,
    /// Memory that it takes, in bytes.
    pub memory_bytes: u64,
    /// When it started, in seconds since 1970.
    pub started_s: u64,
    /// How it was started.
    pub command: FactLine,
    /// Whether the person's own account may end it, and it is none of Ponte's.
    pub can_end: bool,
}

/// An installed package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Its name.
    pub name: Fact,
    /// Its version.
    pub version: Fact,
    /// What it is made for.
    pub architecture: Fact,
}

/// Something that the system wrote down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemEvent {
    /// When, in milliseconds since 1970; 0 where only the text says it.
    pub at_ms: u64,
    /// How grave it is, from 0 (worst) to 7, as syslog has it (RFC 5424, 6.2.1).
    pub severity: u8,
    /// Which program.
    pub source: Fact,
    /// What it said.
    pub text: FactLine,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Facts {
    /// See [`Topic::Overview`].
    Overview(Overview),
    /// See [`Topic::Hardware`].
    Hardware(Hardware),
    /// See [`Topic::Disks`].
    Disks(Rows<Disk, { limits::DISK_ROWS }>),
    /// See [`Topic::Network`].
    Network(Rows<Interface, { limits::INTERFACE_ROWS }>),
    /// See [`Topic::Processes`].
    Processes(Rows<Process, { limits::PROCESS_ROWS }>),
    /// See [`Topic::Packages`].
    Packages(Rows<Package, { limits::PACKAGE_ROWS }>),
    /// See [`Topic::Events`].
    Events(Rows<SystemEvent, { limits::EVENT_ROWS }>),
}

impl Facts {
    /// What they are about.
    #[must_use]
    pub fn topic(&self) -> Topic {
        match self {
            Self::Overview(_) => Topic::Overview,
            Self::Hardware(_) => Topic::Hardware,
            Self::Disks(_) => Topic::Disks,
            Self::Network(_) => Topic::Network,
            Self::Processes(_) => Topic::Processes,
            Self::Packages(_) => Topic::Packages,
            Self::Events(_) => Topic::Events,
        }
    }

    /// How many rows of them are left out.
    #[must_use]
    pub fn left_out(&self) -> u32 {
        match self {
            Self::Overview(_) => 0,
            Self::Hardware(hardware) => hardware.temperatures.left_out.saturating_add(hardware.batteries.left_out),
            Self::Disks(rows) => rows.left_out,
            Self::Network(rows) => rows.left_out,
            Self::Processes(rows) => rows.left_out,
            Self::Packages(rows) => rows.left_out,
            Self::Events(rows) => rows.left_out,
        }
    }

    /// The page as JSON of at most [`limits::FACTS_BYTES`]; what finds no room is left out and counted.
    #[must_use]
    pub fn to_json(mut self) -> Vec<u8> {
        loop {
            // Fails only for maps with keys that are no text, and there are none.
            let json = serde_json::to_vec(&self).unwrap_or_default();
            if json.len() <= limits::FACTS_BYTES || !self.shorten() {
                return json;
            }
        }
    }

    /// The page for people who read JSON.
    #[must_use]
    pub fn to_pretty_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The page about this topic, out of JSON that the other end sent.
    ///
    /// # Errors
    /// [`DecodeError`] if there is too much of it, or it is something else.
    pub fn from_json(topic: Topic, json: &[u8]) -> Result<Self, DecodeError> {
        if json.len() > limits::FACTS_BYTES {
            return Err(DecodeError::TooLong { length: json.len(), max: limits::FACTS_BYTES });
        }
        let facts: Self = serde_json::from_slice(json).map_err(|_| DecodeError::Malformed)?;
        if facts.topic() == topic { Ok(facts) } else { Err(DecodeError::Malformed) }
    }

    /// False if there is nothing to leave out.
    fn shorten(&mut self) -> bool {
        match self {
            Self::Overview(_) => return false,
            Self::Hardware(hardware) => {
                hardware.batteries.shorten();
                hardware.temperatures.shorten();
            }
            Self::Disks(rows) => rows.shorten(),
            Self::Network(rows) => rows.shorten(),
            Self::Processes(rows) => rows.shorten(),
            Self::Packages(rows) => rows.shorten(),
            Self::Events(rows) => rows.shorten(),
        }
        true
    }
}

/// How many bytes of JSON follow, out of the four before them, big endian.
///
/// # Errors
/// [`DecodeError`] if that is more than a page may have.
pub fn announced_bytes(head: [u8; 4]) -> Result<usize, DecodeError> {
    let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
    if length > limits::FACTS_BYTES {
        return Err(DecodeError::TooLong { length, max: limits::FACTS_BYTES });
    }
    Ok(length)
}

/// What goes before so many bytes of JSON.
#[must_use]
pub fn announcing(json: &[u8]) -> [u8; 4] {
    u32::try_from(json.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// What became of a running program that was to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ending {
    /// It has ended.
    Ended,
    /// It was told to end, and still runs.
    Runs,
    /// It is not the person's, or one of Ponte's own.
    NotAllowed,
    /// There is no such program any more.
    Gone,
    /// The system did not do it.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> SystemEvent {
        SystemEvent { at_ms: 1, severity: 6, source: Fact::truncated("cron"), text: FactLine::truncated(text) }
    }

    #[test]
    fn what_finds_no_room_is_left_out_and_counted() {
        let many = (0..limits::EVENT_ROWS + 5).map(|_| event("x")).collect();
        let facts = Facts::Events(Rows::first_of(many));
        assert_eq!(facts.left_out(), 5);
        // Every byte of these becomes six.
        let long = "\u{1}".repeat(limits::FACT_LINE_BYTES);
        let command = FactLine::truncated(&long);
        let process = Process {
            pid: 1,
            parent: 0,
            name: ProcessName::truncated("a"),
            user: Fact::truncated("b"),
            cpu_permille: 0,
            memory_bytes: 0,
            started_s: 0,
            command,
            can_end: false,
        };
        let facts = Facts::Processes(Rows::first_of(vec![process; limits::PROCESS_ROWS]));
        let json = facts.to_json();
        assert!(json.len() <= limits::FACTS_BYTES);
        let Ok(Facts::Processes(rows)) = Facts::from_json(Topic::Processes, &json) else { panic!("a page") };
        assert_eq!(rows.rows.len() + rows.left_out as usize, limits::PROCESS_ROWS);
        assert!(rows.rows.len() > 100);
    }

    #[test]
    fn a_page_about_something_else_or_with_more_than_may_be_is_none() {
        let facts = Facts::Events(Rows { rows: vec![event("x"); limits::EVENT_ROWS + 1], left_out: 0 });
        let too_many = serde_json::to_vec(&facts).unwrap();
        assert_eq!(Facts::from_json(Topic::Events, &too_many), Err(DecodeError::Malformed));
        let right = Facts::Overview(Overview::default()).to_json();
        assert!(Facts::from_json(Topic::Overview, &right).is_ok());
        assert_eq!(Facts::from_json(Topic::Hardware, &right), Err(DecodeError::Malformed));
        assert_eq!(Facts::from_json(Topic::Overview, b"{}"), Err(DecodeError::Malformed));
        assert_eq!(Facts::from_json(Topic::Overview, &b"[".repeat(100_000)), Err(DecodeError::Malformed));
        assert!(announced_bytes([0xFF; 4]).is_err());
        assert!(announced_bytes(announcing(&right)).is_ok_and(|length| length == right.len()));
    }
}
