//! The log of a session: a file that anybody may have changed, and the lines that an agent sends.

use crate::bounded;
use audit_log::export::{self, Words};
use audit_log::{
    Begin, CERTIFICATES_LINE_BYTES, Direction, Event, FINDINGS, Finding, Follower, Hex, LINE_BYTES, LogKey, Opening,
    Report, Role, Writer, certificates_line, operator_statement, recover,
};
use identity::Seed;
use proto::session::{Capability, Decision, EndReason};
use std::sync::LazyLock;

const CHANNEL: Hex<32> = Hex([2; 32]);
const CERTIFICATE: &[u8] = b"a certificate";

fn key(seed: u8) -> LogKey {
    LogKey::new(&[seed; 32]).unwrap()
}

/// The lines of a log that both ends signed, the chain first; the text and the certificate are the last two.
static LOG: LazyLock<Vec<String>> = LazyLock::new(|| {
    let (operator, console) = (Seed::new([7; 32]), key(8));
    let begin = Begin {
        format: 0,
        channel: CHANNEL,
        agent_key: Hex([0; 32]),
        console_key: console.public(),
        operator_key: Hex(operator.public_key()),
        // SHA-256 of the certificate.
        operator_certificate: Hex([
            0x81, 0xAC, 0xD7, 0x62, 0x14, 0x0F, 0xA6, 0x92, 0xA1, 0x42, 0x82, 0x2D, 0x2F, 0xBE, 0x4D, 0xC6, 0xF5, 0x4B,
            0xCA, 0xA5, 0x01, 0xF6, 0x8A, 0xB3, 0x7E, 0x5A, 0xEE, 0xD0, 0xBA, 0xFE, 0x4D, 0x99,
        ]),
        operator_proof: Hex(operator.sign(&operator_statement(CHANNEL, console.public()))),
        at_ms: 1_790_000_000_000,
    };
    let (mut writer, first) = Writer::begin(begin, key(9));
    let mut follower = Follower::begin(&first, CHANNEL, console).unwrap();
    let name = Opening::new(Hex([7; 16]), "one <b> \u{202E}\"");
    let (request, commitment) = (1, name.commitment());
    let mut lines = vec![first];
    for event in [
        Event::Asked { request, power: Capability::SendFile, detail: Some(commitment) },
        Event::Answered { request, decision: Decision::Granted, whole_session: false, by_earlier_yes: false },
        Event::File { request, direction: Direction::ToClient, name: commitment, size_bytes: 12, blake3: Hex([5; 32]) },
        Event::Ended { by: Some(Role::Agent), reason: EndReason::ClientEnded },
    ] {
        lines.push(writer.append(1, event));
        follower.take(lines.last().unwrap()).unwrap();
    }
    lines.push(writer.countersigned(&follower.countersign(3).0).unwrap().unwrap());
    lines.push(writer.sign(4));
    lines.push(Writer::opening(name));
    lines.push(certificates_line(&[CERTIFICATE]).unwrap());
    assert_eq!(Report::of(whole(&lines)).findings, []);
    lines
});

fn whole(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

struct Ids;

impl Words for Ids {
    fn say(&self, id: &str, arguments: &[(&str, &str)]) -> String {
        let arguments: Vec<_> = arguments.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        id.to_owned() + &arguments.concat()
    }
}

/// One byte chooses, the rest is a file; the lines that an agent sends; or changes to a log that both ends signed.
pub fn audit_log(data: &[u8]) {
    match data.split_first() {
        Some((0, log)) => file(log),
        Some((1, lines)) => lines_of_an_agent(&String::from_utf8_lossy(lines)),
        Some((2, changes)) => changed(changes),
        _ => {}
    }
}

fn file(log: &[u8]) {
    // Of each line, what the reader of JSON says about it; of what is wrong, so many findings at most.
    let report = bounded(512 * log.len() + 64 * 1024, || Report::of(log));
    let (kept, recovered) = recover(log);
    assert_eq!(report, recovered);
    assert!(kept <= log.len() && (kept == 0 || log[kept - 1] == b'\n'));
    assert!(!log[kept..].contains(&b'\n'));
    let cut = |finding: &Finding| matches!(finding, Finding::CutShort(_));
    assert!(!Report::of(&log[..kept]).findings.iter().any(cut), "what is kept ends with a line");
    assert!(!report.holds() || !report.findings.iter().any(Finding::is_tampering));
    assert_eq!(report.difference(&report), None);
    assert!(report.findings.len() <= FINDINGS && (report.findings_left_out == 0 || report.findings.len() == FINDINGS));

    let text = export::text(&report, &Ids);
    assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || ('\u{2028}'..='\u{2069}').contains(&c)));
    let page = export::html(&report, &Ids);
    // As many tags as the page has rows and parts: none comes from the log.
    let items = page.matches("<li>").count() + page.matches("<tr><td>").count();
    assert_eq!(items, report.findings.len().min(201) + report.entries.len());
    assert!(!page.contains("<script") && !page.contains("<b>"));
    let document: serde_json::Value = serde_json::from_str(&export::json(&report)).unwrap();
    assert_eq!(document["holds"], report.holds());
}

fn lines_of_an_agent(lines: &str) {
    let mut follower = Follower::begin(&LOG[0], CHANNEL, key(8)).unwrap();
    let mut taken = LOG[..1].to_vec();
    for line in lines.split('\n') {
        // The log of another channel is never begun: no operator signed for it.
        assert!(Follower::begin(line, Hex([3; 32]), key(8)).is_err());
        let before = follower.number();
        let read = bounded(64 * line.len().min(CERTIFICATES_LINE_BYTES) + 4096, || follower.take(line));
        if read.is_ok() {
            assert!(line.len() <= LINE_BYTES);
            taken.push(line.to_owned());
        } else {
            assert_eq!(follower.number(), before);
        }
    }
    // Whatever the console took, its copy holds, and every text in it belongs to an entry. Which operator was shown
    // is looked at elsewhere.
    taken.push(follower.countersign(1).1);
    let report = Report::of(whole(&taken));
    assert_eq!(report.signed.get(&Role::Console), Some(&follower.number()));
    let wrong = |finding: &&Finding| finding.is_tampering() && !matches!(finding, Finding::OtherOperator(_));
    assert_eq!(report.findings.iter().find(wrong), None);
}

/// Three bytes for each change: where, and what is there then.
fn changed(changes: &[u8]) {
    let original = whole(&LOG);
    let mut log = original.clone().into_bytes();
    for change in changes.chunks_exact(3) {
        let place = usize::from(u16::from_be_bytes([change[0], change[1]])) % log.len();
        log[place] = change[2];
    }
    let (before, after) = (Report::of(&original), Report::of(&log));
    // Blanks between signatures and the like change nothing that is told.
    assert!(!after.findings.is_empty() || (before.begin == after.begin && before.entries == after.entries));
    file(&log);
}

/// What the corpus begins with.
#[must_use]
pub fn samples() -> Vec<Vec<u8>> {
    let log = whole(&LOG);
    let with = |first: u8, rest: &[u8]| [&[first], rest].concat();
    vec![
        with(0, log.as_bytes()),
        with(0, &log.as_bytes()[..log.len() / 2]),
        with(0, log.replace("Granted", "Denied").as_bytes()),
        with(0, (log.clone() + &log).as_bytes()),
        with(0, b"{\"begin\":{\"format\":2}}\n"),
        with(0, &[log.as_bytes(), &[b'\n'; 2 * FINDINGS]].concat()),
        with(1, whole(&LOG[1..5]).as_bytes()),
        with(1, whole(&[&LOG[1..2], &LOG[7..8], &LOG[2..5], &LOG[7..8]].concat()).as_bytes()),
        with(1, log.as_bytes()),
        with(2, &[1, 0, b'1', 5, 0, b'x']),
        with(2, &[]),
    ]
}
