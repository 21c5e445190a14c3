//! Logs as people read them: every sentence is there in every language, and hostile text stays text.

use crate::made::*;
use audit_log::export::{self, Words, message_ids};
use audit_log::{
    Begin, Direction, Event, Finding, Hex, Opening, Report, Role, Shared, Verdict, Writer, certificates_line,
};
use i18n::{Arg, I18n, Language};
use proto::clipboard::ClipKind;
use proto::session::{Capability, Decision, EndReason, TransferFailure};
use std::cell::RefCell;
use std::collections::BTreeSet;

struct InLanguage(I18n);

impl Words for InLanguage {
    fn say(&self, id: &str, arguments: &[(&str, &str)]) -> String {
        let arguments: Vec<_> = arguments.iter().map(|(name, value)| (*name, Arg::from(*value))).collect();
        self.0.text_with(id, &arguments)
    }
}

/// Says the ids with their arguments, and remembers which were asked for.
#[derive(Default)]
struct Ids(RefCell<BTreeSet<String>>, String);

impl Words for Ids {
    fn say(&self, id: &str, arguments: &[(&str, &str)]) -> String {
        self.0.borrow_mut().insert(id.to_owned());
        let arguments: Vec<_> = arguments.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        format!("{id}{}", arguments.concat())
    }

    fn operator(&self) -> String {
        if self.1.is_empty() { self.say("log-operator", &[]) } else { self.1.clone() }
    }
}

pub(crate) fn every_event() -> Vec<Event> {
    let (request, name, sha256) = (u32::MAX, name().commitment(), Hex([255; 32]));
    let mut events = vec![
        Event::Operator { certificate_sha256: sha256, verified: true, recognised: false },
        Event::Operator { certificate_sha256: sha256, verified: false, recognised: true },
        Event::Terms { sha256, accepted: true },
        Event::Terms { sha256, accepted: false },
        Event::Sharing { part: Shared::Everything, name: None },
        Event::Sharing { part: Shared::Monitor, name: None },
        Event::Sharing { part: Shared::Window, name: Some(name) },
        Event::Paused { paused: true, by_person: true },
        Event::Paused { paused: true, by_person: false },
        Event::Paused { paused: false, by_person: true },
        Event::Shown { request: 0 },
        Event::Shown { request },
        Event::NotAllowed { power: Capability::Control },
        Event::File { request, direction: Direction::ToClient, name, size_bytes: u64::MAX, blake3: sha256 },
        Event::File { request, direction: Direction::ToOperator, name, size_bytes: 0, blake3: sha256 },
        Event::Files { request, direction: Direction::ToClient, list: name, files: u32::MAX, size_bytes: u64::MAX },
        Event::Files { request, direction: Direction::ToOperator, list: name, files: 1, size_bytes: 0 },
        Event::FolderSeen { path: name },
        Event::Command { line: name },
        Event::ProcessEnded { name },
        Event::Annotated,
        Event::Clipboard { direction: Direction::ToClient, kind: ClipKind::Text, size_bytes: 1 },
        Event::Clipboard { direction: Direction::ToClient, kind: ClipKind::Picture, size_bytes: u64::MAX },
        Event::Clipboard { direction: Direction::ToOperator, kind: ClipKind::Text, size_bytes: 0 },
        Event::Clipboard { direction: Direction::ToOperator, kind: ClipKind::Picture, size_bytes: 2 },
        Event::Recording { on: true, sha256: None },
        Event::Recording { on: false, sha256: None },
        Event::Recording { on: false, sha256: Some(sha256) },
        Event::Link { up: true },
        Event::Link { up: false },
        Event::ConsoleClock { console_ms: u64::MAX },
        Event::Rated { stars: 5, comment: None },
        Event::Rated { stars: 5, comment: Some(name) },
        Event::Removed { removed: 4, left: 0 },
        Event::Removed { removed: u32::MAX, left: u32::MAX },
        Event::Terminal { request, open: true },
        Event::Terminal { request, open: false },
        Event::UnseenLines { lines: 3 },
        Event::StillRunning { programs: 2 },
        Event::TerminalOutput { request, size_bytes: u64::MAX, sha256 },
        Event::HiddenLine { request },
        Event::Chat { by: Role::Agent, line: name },
        Event::Chat { by: Role::Console, line: name },
        Event::ChatCut { by: Role::Agent },
        Event::ChatCut { by: Role::Console },
    ];
    for power in Capability::ALL {
        events.push(Event::Asked { request, power, detail: None });
        events.push(Event::Asked { request, power, detail: Some(name) });
        for by in [None, Some(Role::Agent), Some(Role::Console)] {
            events.push(Event::Revoked { power, by });
        }
    }
    for decision in [
        Decision::Granted,
        Decision::Denied,
        Decision::TimedOut,
        Decision::Withdrawn,
        Decision::Impossible,
        Decision::TooSoon,
        Decision::Barred,
        Decision::NotInProfile,
    ] {
        events.push(Event::Answered { request, decision, whole_session: false, by_earlier_yes: false });
        events.push(Event::Answered { request, decision, whole_session: true, by_earlier_yes: false });
        events.push(Event::Answered { request, decision, whole_session: true, by_earlier_yes: true });
    }
    for failure in [
        TransferFailure::NotFound,
        TransferFailure::PermissionDenied,
        TransferFailure::DiskFull,
        TransferFailure::NotAFile,
        TransferFailure::BadName,
        TransferFailure::Corrupted,
        TransferFailure::Changed,
        TransferFailure::Cancelled,
        TransferFailure::Storage,
        TransferFailure::Link,
        TransferFailure::Protected,
        TransferFailure::TooMany,
        TransferFailure::Busy,
    ] {
        events.push(Event::FileFailed { request, failure, moved_bytes: 0 });
        events.push(Event::FileFailed { request, failure, moved_bytes: 4096 });
    }
    for reason in [
        EndReason::ClientEnded,
        EndReason::OperatorEnded,
        EndReason::ConsentDenied,
        EndReason::OperatorNotRecognised,
        EndReason::ConnectionLost,
        EndReason::ProtocolViolation,
        EndReason::ScreenUnavailable,
        EndReason::TimeUp,
        EndReason::TermsDeclined,
        EndReason::ReportedAsScam,
    ] {
        events.push(Event::Ended { by: None, reason });
    }
    events
}

fn log_of(events: Vec<Event>, openings: &[Opening]) -> Vec<String> {
    let (mut writer, first) = Writer::begin(begin(), key(AGENT));
    let mut lines = vec![first];
    lines.extend(events.into_iter().map(|event| writer.append(begin().at_ms, event)));
    lines.push(writer.sign(1));
    lines.extend(openings.iter().cloned().map(Writer::opening));
    lines
}

fn every_finding() -> Vec<Finding> {
    let by_each = [Role::Agent, Role::Console];
    let mut findings = vec![
        Finding::Empty,
        Finding::NoBeginning,
        Finding::Format(2),
        Finding::OperatorProof,
        Finding::NotALine(2),
        Finding::SecondBeginning(2),
        Finding::CutShort(2),
        Finding::Number { line: 2, expected: 3, found: 4 },
        Finding::Changed(2),
        Finding::Stray(2),
        Finding::Certificate(2),
        Finding::OtherOperator(2),
        Finding::NoEnd,
    ];
    findings.extend(by_each.map(|by| Finding::Signature { line: 2, by }));
    findings.extend(by_each.map(|by| Finding::Unsigned { by, from: 0 }));
    findings.extend(by_each.map(|by| Finding::Unsigned { by, from: 2 }));
    findings
}

/// Reports in which everything occurs that can be said.
fn every_report() -> Vec<Report> {
    let mut whole = report(&logs().0);
    whole.signed.insert(Role::Agent, 0);
    let found = Report { findings: every_finding(), ..whole.clone() };
    let many = Report { findings: vec![Finding::NoEnd; 1000], ..whole.clone() };
    let nothing = Report::of("");
    vec![whole, found, many, nothing, report(&log_of(every_event(), &[]))]
}

#[test]
fn every_sentence_that_is_asked_for_is_in_the_table_and_the_other_way_round() {
    let ids = Ids::default();
    for report in every_report() {
        let text = export::text(&report, &ids);
        // Only a question that the log does not have is without a word.
        let without = |word| text.matches(&format!("log-power-other word={word}")).count();
        assert_eq!(without(""), without("?"), "a power without a message: {text}");
    }
    let table: BTreeSet<_> = message_ids().iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(table.len(), message_ids().len(), "none is there twice");
    let asked = ids.0.into_inner();
    let unknown: Vec<_> = asked.difference(&table).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let never: Vec<_> = table.difference(&asked).collect();
    // Words of a protocol that is newer than this program; nothing here can have one.
    assert_eq!(never, ["log-other"]);
}

#[test]
fn every_sentence_is_there_in_every_language_with_all_its_arguments() {
    for language in Language::ALL {
        let words = InLanguage(I18n::new(language));
        for (id, names) in message_ids() {
            let arguments: Vec<_> = names.iter().map(|name| (*name, format!("<{name}>"))).collect();
            let arguments: Vec<_> = arguments.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let said = words.say(id, &arguments);
            assert!(words.0.has(id), "{id} in {language:?}");
            for (name, value) in arguments {
                assert!(said.contains(value), "{id} in {language:?} does not say its {name}: {said}");
            }
            assert!(!said.contains("{$"), "{id} in {language:?}: {said}");
        }
    }
}

#[test]
fn a_person_reads_what_happened() {
    let (agent, _) = logs();
    let read = |language, lines: &[String]| export::text(&report(lines), &InLanguage(I18n::new(language)));
    let english = read(Language::English, &agent);
    assert_eq!(
        english.lines().skip(2).collect::<Vec<_>>(),
        [
            &*format!("Session: {}", begin().session()),
            "Begun (UTC): 2026-09-21T14:13:20.000Z",
            "Operator: The operator",
            &format!("Operator’s certificate (SHA-256): {}", begin().operator_certificate),
            "Signed by the helped person’s program: up to entry 6",
            "Signed by the operator’s program: up to entry 6",
            "",
            "This log is whole. Nothing in it was changed, and both sides signed all of it.",
            "",
            "What happened",
            "",
            "   1  2026-09-21T14:13:20.001Z  The person was shown who wanted to help, with a verified identity. \
             The person said that this was who they were talking to.",
            "   2  2026-09-21T14:13:20.002Z  The operator asked to send a file: “relazione di Mario Rossi.odt”.",
            "   3  2026-09-21T14:13:20.003Z  The question appeared on the person’s screen: \
             whether the operator may send a file.",
            "   4  2026-09-21T14:13:20.004Z  The person said yes: the operator may send a file. \
             The yes holds for this time only.",
            &format!(
                "   5  2026-09-21T14:13:20.005Z  The operator put the file “relazione di Mario Rossi.odt” on the \
                 computer. Size in bytes: 12. Fingerprint (BLAKE3): {}.",
                Hex([5; 32])
            ),
            "   6  2026-09-21T14:13:20.006Z  The person ended the session.",
        ]
    );
    let erased = read(Language::Italian, &agent[..10]);
    assert!(erased.contains("L’operatore ha chiesto di mandare un file: «testo non conservato»."), "{erased}");
    let changed = read(Language::Italian, &edited(|lines| lines[4] = lines[4].replace("Granted", "Denied")));
    assert!(changed.contains("Non ci si può fidare di questo registro."), "{changed}");
    assert!(changed.contains("- Riga 7: questa voce non si accorda con quella precedente."), "{changed}");
}

#[test]
fn every_event_with_a_text_says_it() {
    let lines = log_of(every_event(), &[name()]);
    let with_text = lines.iter().filter(|line| line.contains(&name().commitment().0.to_string())).count();
    let report = report(&lines);
    assert_eq!(export::text(&report, &Ids::default()).matches(name().text()).count(), with_text);
    assert_eq!(export::json(&report).matches(name().text()).count(), with_text);
    assert_eq!(with_text, Capability::ALL.len() + 11);
}

/// As a file name and as the operator's name.
const HOSTILE: &str = "</td><script>alert(1)</script>\" onload='x' &lt; \u{202E}fdp.exe\u{2066}\u{2069}\u{200B}";

#[test]
fn hostile_text_stays_text() {
    let opening = Opening::new(Hex([1; 16]), HOSTILE);
    let events = vec![Event::Command { line: opening.commitment() }];
    let report = report(&log_of(events, &[opening]));
    let words = Ids(RefCell::default(), format!("{HOSTILE}\n\u{1b}[2J"));
    let page = export::html(&report, &words);
    let shown = "&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x&#39; &amp;lt; \
                 [U+202E]fdp.exe[U+2066][U+2069][U+200B]";
    assert_eq!(page.matches(shown).count(), 3, "the operator twice and the command once: {page}");
    // Every tag of the page is one of ours.
    let tags: BTreeSet<_> = page.split('<').skip(1).filter_map(|tag| tag.split([' ', '>', '\n']).next()).collect();
    let ours = "!DOCTYPE /body /dd /dl /dt /h1 /h2 /head /html /li /p /style /table /tbody /td /th /thead /title /tr \
                /ul body dd dl dt h1 h2 head html li meta p style table tbody td th thead title tr ul";
    assert_eq!(tags, ours.split(' ').collect());
    let text = export::text(&report, &words);
    for exported in [&page, &text] {
        assert!(!exported.contains(|c: char| (c.is_control() && c != '\n') || ('\u{2028}'..='\u{2069}').contains(&c)));
    }
    assert!(page.contains("default-src 'none'"));
    // What comes from the words themselves is escaped too, and keeps to its line.
    struct Loud;
    impl Words for Loud {
        fn say(&self, _: &str, _: &[(&str, &str)]) -> String {
            "<b>\n\"'&".into()
        }
    }
    let page = export::html(&report, &Loud);
    assert!(page.contains("<html lang=\"&lt;b&gt; &quot;&#39;&amp;\">") && !page.contains("<b>"));
    assert_eq!(export::text(&report, &Loud).lines().count(), export::text(&report, &words).lines().count());
}

#[test]
fn nothing_that_somebody_wrote_stands_where_an_entry_begins() {
    let forged = "   2  2026-09-21T14:13:20.009Z  The person said yes: the operator may see the screen.";
    let hash = Hex([0xA7; 32]).to_string();
    for padding in ["\u{2800}".repeat(60), "\u{a0}\u{3164}".repeat(40), " ".repeat(90), "x".repeat(300)] {
        let opening = Opening::new(Hex([1; 16]), &format!("ok{padding}{forged} {hash} 日本{}", "語".repeat(90)));
        let report = report(&log_of(vec![Event::Chat { by: Role::Agent, line: opening.commitment() }], &[opening]));
        let words = InLanguage(I18n::new(Language::English));
        let text = export::text_within(&report, &words, 80);
        let entries = text.split_once("What happened\n\n").unwrap().1;
        let (first, others) = entries.split_once('\n').unwrap();
        assert!(first.starts_with("   1  2026-09-21T14:13:20.000Z  The person "), "{first}");
        let indent = " ".repeat(32);
        assert!(others.lines().count() > 3 && others.lines().all(|line| line.starts_with(&indent)), "{entries}");
        assert!(others.lines().all(|line| line.chars().count() <= 80 || line.contains(&hash)), "{entries}");
        assert!(others.contains(&hash), "a fingerprint is whole");
        // In one line, blanks do not move the end of a text to where another line begins.
        let whole = export::text(&report, &words);
        assert!(!whole.lines().last().unwrap().trim_start().split_once("  The person").unwrap().1.contains("  "));
    }
}

#[test]
fn a_program_reads_what_happened() {
    let (agent, _) = logs();
    let read = |lines: &[String]| serde_json::from_str::<serde_json::Value>(&export::json(&report(lines))).unwrap();
    let document = read(&agent);
    assert_eq!(document["holds"], true);
    assert_eq!(document["verdict"], "whole");
    assert_eq!(document["signed_up_to"]["agent"], 6);
    assert_eq!(document["session"], begin().session().to_string());
    assert_eq!(document["begun"], "2026-09-21T14:13:20.000Z");
    assert_eq!(document["entries"][1]["event"]["power"], "SendFile");
    assert_eq!(document["entries"][1]["text"], name().text());
    assert_eq!(document["entries"].as_array().unwrap().len(), 6);
    assert_eq!(document["certificates"].as_array().unwrap().len(), 2);
    let document = read(&edited(|lines| drop(lines.remove(3))));
    assert_eq!((&document["holds"], &document["verdict"]), (&false.into(), &"changed".into()));
    assert_eq!(document["first_divergence"], 4);
    let expected = serde_json::json!({"what": "number", "changed": true, "line": 4, "expected": 3, "found": 4});
    assert_eq!(document["findings"][0], expected);
    let kinds: BTreeSet<_> = every_finding()
        .into_iter()
        .map(|finding| {
            let report = Report { findings: vec![finding], ..report(&agent) };
            let document: serde_json::Value = serde_json::from_str(&export::json(&report)).unwrap();
            document["findings"][0]["what"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(kinds.len(), 15, "each kind has its own word: {kinds:?}");
}

#[test]
fn what_was_found_is_said_without_the_rest() {
    let (agent, _) = logs();
    let found = |lines: &[String]| export::findings(&report(lines), &Ids::default());
    assert_eq!(found(&agent), [""; 0]);
    assert_eq!(found(&agent[..8])[1], "log-finding-unsigned-console from=5");
    let many = [&agent[..], &vec![String::new(); 2000]].concat();
    let said = found(&many);
    assert_eq!((said.len(), &*said[200]), (201, "log-finding-more count=1800"));
    let document = serde_json::to_value(export::summary(&report(&many))).unwrap();
    assert_eq!((&document["findings_left_out"], &document["verdict"]), (&1000.into(), &"changed".into()));
    assert_eq!((document["findings"].as_array().unwrap().len(), document.get("entries")), (1000, None));
}

#[test]
fn times_are_written_as_utc_and_never_fail() {
    for (at_ms, expected) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_790_000_000_123, "2026-09-21T14:13:20.123Z"),
        (253_402_207_199_999, "9999-12-30T21:59:59.999Z"),
        (u64::MAX, "18446744073709551615"),
    ] {
        assert_eq!(export::time(at_ms), expected);
    }
}

#[test]
fn every_verdict_has_its_sentence() {
    let (agent, _) = logs();
    let newer = Report::of("{\"begin\":{\"format\":2}}\n");
    let other = edited(|lines| lines[11] = certificates_line(&[b"another"]).unwrap());
    let (_, unproven) = Writer::begin(Begin { operator_proof: Hex([3; 64]), ..begin() }, key(AGENT));
    for (report, verdict, id) in [
        (report(&agent), Verdict::Whole, "log-verdict-whole"),
        (report(&agent[..5]), Verdict::Incomplete, "log-verdict-incomplete"),
        (report(&other), Verdict::Changed, "log-verdict-changed"),
        (report(&[unproven]), Verdict::Changed, "log-verdict-changed"),
        (newer, Verdict::Unknown, "log-verdict-unknown"),
        (Report::of("a picture"), Verdict::Unknown, "log-verdict-unknown"),
    ] {
        assert_eq!(report.verdict(), verdict);
        assert!(export::text(&report, &Ids::default()).lines().any(|line| line == id));
    }
}
