//! Linux: what is installed, as dpkg(1) writes it down or rpm(8) says, and what the journal or syslog says to the person's account.

use super::facts::text;
use proto::limits::{EVENT_ROWS, FACT_LINE_BYTES};
use proto::machine::{Facts, Package, Rows, SystemEvent};
use serde::Deserialize;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

/// Where dpkg keeps what is installed.
const DPKG_STATUS: &str = "/var/lib/dpkg/status";
/// More of it is not read, in bytes: four times what a full desktop has.
const DPKG_BYTES: u64 = 64 * 1024 * 1024;
/// Where rpm's reader is: by its whole path, not by whatever PATH finds first.
const RPM_READERS: [&str; 2] = ["/usr/bin/rpm", "/bin/rpm"];
/// How rpm is to write a package: name, version and architecture.
const RPM_FORMAT: &str = r"%{NAME}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\t%{ARCH}\n";
/// More of what it says is not read, in bytes: ten times what a full desktop has.
const RPM_BYTES: u64 = 4 * 1024 * 1024;
/// Where the journal's reader is, likewise.
const JOURNAL_READERS: [&str; 2] = ["/usr/bin/journalctl", "/bin/journalctl"];
/// How long a reader may take.
const READ_WITHIN: Duration = Duration::from_secs(5);
/// More of what it says is not read, in bytes.
const JOURNAL_BYTES: u64 = 4 * 1024 * 1024;
/// Where it is written down on systems without a journal.
const SYSLOGS: [&str; 2] = ["/var/log/syslog", "/var/log/messages"];
/// How much of its end is read, in bytes.
const SYSLOG_BYTES: u64 = 128 * 1024;
/// The severity of what says none: information (RFC 5424, 6.2.1).
const INFORMATION: u8 = 6;

/// What is installed.
pub(super) fn packages() -> Option<Facts> {
    let dpkg = File::open(DPKG_STATUS).map(|status| installed(BufReader::new(status.take(DPKG_BYTES))));
    // A system may have the other's tool without keeping its own packages by it.
    let packages = dpkg.ok().filter(|packages| !packages.is_empty()).or_else(rpm_packages)?;
    (!packages.is_empty()).then(|| Facts::Packages(Rows::first_of(packages)))
}

fn rpm_packages() -> Option<Vec<Package>> {
    let mut command = reader(RPM_READERS)?;
    command.args(["--query", "--all", "--queryformat", RPM_FORMAT]);
    said_by(command.spawn().ok()?, READ_WITHIN, RPM_BYTES).map(|said| rpm_lines(&said))
}

/// The packages of what rpm says in [`RPM_FORMAT`].
fn rpm_lines(said: &[u8]) -> Vec<Package> {
    let said = String::from_utf8_lossy(said);
    let package = |line: &str| {
        let mut fields = line.split('\t');
        let (name, version, architecture) = (fields.next()?, fields.next()?, fields.next()?);
        // Keys to check signatures with are no programs.
        (name != "gpg-pubkey").then(|| Package {
            name: text(name),
            version: text(version),
            architecture: text(if architecture == "(none)" { "" } else { architecture }),
        })
    };
    let mut packages: Vec<_> = said.lines().filter_map(package).collect();
    packages.sort_by(|one, other| one.name.as_str().cmp(other.name.as_str()));
    packages
}

/// The first of these programs that is there, alone with what it says.
fn reader(paths: [&str; 2]) -> Option<Command> {
    let mut command = Command::new(paths.into_iter().find(|path| Path::new(path).is_file())?);
    command.env_clear().env("LANG", "C").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    Some(command)
}

/// The installed packages of a file as deb-control(5) has it: paragraphs of fields.
fn installed(mut status: impl BufRead) -> Vec<Package> {
    let mut packages = Vec::new();
    let (mut package, mut is_installed) = (none(), false);
    let mut line = Vec::new();
    loop {
        line.clear();
        // What cannot be read ends the list.
        let length = status.read_until(b'\n', &mut line).unwrap_or_default();
        let read = String::from_utf8_lossy(&line);
        let field = read.trim_end();
        if field.is_empty() {
            let whole = std::mem::replace(&mut package, none());
            if std::mem::take(&mut is_installed) && !whole.name.as_str().is_empty() {
                packages.push(whole);
            }
            if length == 0 {
                break;
            }
            continue;
        }
        match field.split_once(": ") {
            Some(("Package", name)) => package.name = text(name),
            Some(("Version", version)) => package.version = text(version),
            Some(("Architecture", architecture)) => package.architecture = text(architecture),
            Some(("Status", status)) => is_installed = status.ends_with(" installed"),
            _ => {}
        }
    }
    packages.sort_by(|one, other| one.name.as_str().cmp(other.name.as_str()));
    packages
}

fn none() -> Package {
    Package { name: text(""), version: text(""), architecture: text("") }
}

/// What the system wrote down lately, newest first.
pub(super) fn events() -> Option<Facts> {
    let journal = journal().map(|said| journal_events(&said)).filter(|events| !events.is_empty());
    let mut events = journal.or_else(|| SYSLOGS.iter().find_map(|path| syslog_events(Path::new(path))))?;
    events.reverse();
    Some(Facts::Events(Rows::first_of(events)))
}

fn journal() -> Option<Vec<u8>> {
    let mut command = reader(JOURNAL_READERS)?;
    let count = EVENT_ROWS.to_string();
    let fields = "--output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,_COMM";
    command.args(["--output=json", fields, "--no-pager", "--quiet", "-n", &count]);
    said_by(command.spawn().ok()?, READ_WITHIN, JOURNAL_BYTES)
}

/// What a child says until it ends, within this time and no more than so many bytes. It does not outlast this.
fn said_by(mut child: Child, within: Duration, most: u64) -> Option<Vec<u8>> {
    let output = child.stdout.take()?;
    let (whole, said) = sync_channel(1);
    let reading = thread::Builder::new().name("records".to_owned()).spawn(move || {
        let mut bytes = Vec::new();
        let read = output.take(most).read_to_end(&mut bytes);
        // Fails only when it took too long.
        let _ = whole.send(read.map(|_| bytes));
    });
    let said = reading.ok().and_then(|_| said.recv_timeout(within).ok()).and_then(Result::ok);
    let _ = child.kill();
    let _ = child.wait();
    said
}

/// One entry as journalctl(1) writes it: numbers are texts, and a text that is none is a list of bytes.
#[derive(Deserialize)]
struct JournalEntry {
    #[serde(rename = "__REALTIME_TIMESTAMP")]
    at_us: Option<String>,
    #[serde(rename = "PRIORITY")]
    priority: Option<String>,
    #[serde(rename = "SYSLOG_IDENTIFIER")]
    identifier: Option<String>,
    #[serde(rename = "_COMM")]
    program: Option<String>,
    #[serde(rename = "MESSAGE")]
    message: Option<Message>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    Text(String),
    Bytes(Vec<u8>),
}

fn journal_events(said: &[u8]) -> Vec<SystemEvent> {
    let entries = said.split(|byte| *byte == b'\n').filter_map(|line| {
        let entry: JournalEntry = serde_json::from_slice(line).ok()?;
        let message = match entry.message? {
            Message::Text(message) => message,
            Message::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        };
        let at_us: u64 = entry.at_us.and_then(|at| at.parse().ok()).unwrap_or_default();
        let severity = entry.priority.and_then(|level| level.parse().ok()).filter(|level| *level < 8);
        Some(SystemEvent {
            at_ms: at_us / 1000,
            severity: severity.unwrap_or(INFORMATION),
            source: text(&entry.identifier.or(entry.program).unwrap_or_default()),
            text: text(&message),
        })
    });
    entries.collect()
}

/// The last lines of such a file, as they are: when and who stands in them in more than one way.
fn syslog_events(path: &Path) -> Option<Vec<SystemEvent>> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(SYSLOG_BYTES))).ok()?;
    let mut bytes = Vec::new();
    file.take(SYSLOG_BYTES).read_to_end(&mut bytes).ok()?;
    let read = String::from_utf8_lossy(&bytes);
    // The first is cut where the beginning was left out.
    let lines: Vec<&str> = read.lines().skip(usize::from(length > SYSLOG_BYTES)).collect();
    let last = lines.iter().skip(lines.len().saturating_sub(EVENT_ROWS)).filter(|line| !line.trim().is_empty());
    let event = |line: &&str| SystemEvent { at_ms: 0, severity: INFORMATION, source: text(""), text: text(line) };
    let events: Vec<_> = last.map(event).collect();
    debug_assert!(events.iter().all(|event| event.text.as_str().len() <= FACT_LINE_BYTES));
    (!events.is_empty()).then_some(events)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::time::Instant;

    #[test]
    fn only_what_is_installed_is_a_package() {
        let status = "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.3\n\n\
                      Package: gone\nStatus: deinstall ok config-files\nVersion: 2\n\n\
                      Package: adduser\nStatus: install ok installed\nDescription: tool\n Package: evil\nVersion: 3.1\n";
        let names: Vec<_> = installed(status.as_bytes())
            .into_iter()
            .map(|package| (package.name.as_str().to_owned(), package.version.as_str().to_owned()))
            .collect();
        assert_eq!(names, [("adduser".into(), "3.1".into()), ("zlib1g".into(), "1:1.3".into())]);
        assert!(installed(&b""[..]).is_empty());
        assert!(installed(&[0xFF; 1000][..]).is_empty());
    }

    #[test]
    fn what_rpm_says_is_read_and_its_keys_are_no_packages() {
        let said = b"zlib\t1.3-2.fc40\tx86_64\ngpg-pubkey\t1-2\t(none)\nbind\t32:9.18-1\tx86_64\nfonts\t1-1\t(none)\n\
                     cut short\t1\n\xff\n";
        let packages = rpm_lines(said);
        let rows: Vec<_> = packages
            .iter()
            .map(|package| (package.name.as_str(), package.version.as_str(), package.architecture.as_str()))
            .collect();
        assert_eq!(rows, [("bind", "32:9.18-1", "x86_64"), ("fonts", "1-1", ""), ("zlib", "1.3-2.fc40", "x86_64")]);
    }

    #[test]
    fn the_journal_is_read_as_it_is_written_and_what_is_none_is_left_out() {
        let said = br#"{"__REALTIME_TIMESTAMP":"1700000000123456","PRIORITY":"3","SYSLOG_IDENTIFIER":"kernel","MESSAGE":"disk\u0007 failed"}
{"MESSAGE":[104,105],"_COMM":"cron","PRIORITY":"99"}
{"MESSAGE":null}
not json
"#;
        let events = journal_events(said);
        assert_eq!(events.len(), 2);
        let first = (events[0].at_ms, events[0].severity, events[0].source.as_str(), events[0].text.as_str());
        assert_eq!(first, (1_700_000_000_123, 3, "kernel", "disk failed"));
        let second = (events[1].at_ms, events[1].severity, events[1].source.as_str(), events[1].text.as_str());
        assert_eq!(second, (0, INFORMATION, "cron", "hi"));
    }

    fn child(script: &str) -> Child {
        Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap()
    }

    #[test]
    fn a_child_that_never_ends_or_says_too_much_is_ended() {
        let began = Instant::now();
        assert_eq!(said_by(child("exec sleep 60"), Duration::from_millis(50), 100), None);
        assert_eq!(said_by(child("exec yes"), Duration::from_secs(30), 10).unwrap(), b"y\ny\ny\ny\ny\n");
        assert_eq!(said_by(child("printf whole"), Duration::from_secs(30), 10).unwrap(), b"whole");
        assert!(began.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn the_end_of_a_long_log_is_read_and_no_line_that_was_cut() {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        for number in 0..10_000 {
            writeln!(log, "Jan  1 00:00:00 host program: line {number} that is as long as such lines are").unwrap();
        }
        let events = syslog_events(log.path()).unwrap();
        assert_eq!(events.len(), EVENT_ROWS);
        assert!(events.iter().all(|event| event.text.as_str().starts_with("Jan")));
        assert!(events.last().unwrap().text.as_str().contains("line 9999 "));
        assert!(syslog_events(Path::new("/nothing")).is_none());
    }
}
