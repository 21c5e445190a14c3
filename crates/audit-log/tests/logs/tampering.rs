//! What is done to a log afterwards is found, and nothing else is.

use crate::made::*;
use audit_log::{
    Begin, Difference, Event, FINDINGS, Finding, Hex, LINE_BYTES, Opening, Report, Role, Verdict, Writer,
    certificates_line, recover,
};
use proptest::prelude::*;
use proto::session::{Capability, Decision};

const AGENT_SIDE: Role = Role::Agent;
const CONSOLE_SIDE: Role = Role::Console;

#[test]
fn what_was_made_in_order_holds_and_both_copies_say_the_same() {
    let (agent, console) = logs();
    let (ours, theirs) = (report(&agent), report(&console));
    for report in [&ours, &theirs] {
        assert_eq!((report.holds(), report.verdict()), (true, Verdict::Whole));
        assert_eq!((report.findings.as_slice(), report.first_divergence()), (&[][..], None));
        assert_eq!(report.signed, [(Role::Agent, 6), (Role::Console, 6)].into());
        assert_eq!(report.entries.iter().map(|entry| entry.event.clone()).collect::<Vec<_>>(), story());
        assert_eq!(report.texts[&name().commitment()], name().text());
        assert_eq!(report.certificates, CERTIFICATES);
    }
    assert_eq!(ours.difference(&theirs), None);
    assert!(!text(&agent[..10]).contains("Rossi"), "personal text is beside the chain only");
}

#[test]
fn personal_text_and_certificates_can_be_erased_and_the_rest_goes_on_to_hold() {
    let report = report(&edited(|lines| lines.truncate(10)));
    assert_eq!((report.verdict(), report.findings, report.texts.len()), (Verdict::Whole, vec![], 0));
}

/// What is done to the lines of the agent's log, and exactly what is found.
type Row = (&'static str, fn(&mut Vec<String>), Vec<Finding>);

#[test]
fn each_thing_that_somebody_could_do_is_found_once() {
    let signature = |line, by| Finding::Signature { line, by };
    let number = |line, expected, found| Finding::Number { line, expected, found };
    let unsigned = |by, from| Finding::Unsigned { by, from };
    let (agent, console) = (AGENT_SIDE, CONSOLE_SIDE);
    let rows: [Row; 17] = [
        (
            "an entry is edited",
            |lines| lines[4] = lines[4].replace("Granted", "Denied"),
            vec![
                signature(6, console),
                Finding::Changed(7),
                signature(9, console),
                signature(10, agent),
                unsigned(agent, 0),
                unsigned(console, 0),
            ],
        ),
        (
            "the last entry is edited",
            |lines| lines[7] = lines[7].replace("ClientEnded", "OperatorEnded"),
            vec![signature(9, console), signature(10, agent), unsigned(agent, 0), unsigned(console, 5)],
        ),
        (
            "what an entry follows from is edited",
            |lines| {
                let at = lines[7].find("\"before\":\"").unwrap() + 10;
                let other = if lines[7][at..].starts_with('0') { "1" } else { "0" };
                lines[7].replace_range(at..=at, other);
            },
            vec![
                Finding::Changed(8),
                signature(9, console),
                signature(10, agent),
                unsigned(agent, 0),
                unsigned(console, 5),
            ],
        ),
        (
            "one blank is put into the beginning",
            |lines| lines[0].insert(1, ' '),
            vec![
                Finding::Changed(2),
                signature(6, console),
                signature(9, console),
                signature(10, agent),
                unsigned(agent, 0),
                unsigned(console, 0),
            ],
        ),
        (
            "an entry is removed",
            |lines| drop(lines.remove(3)),
            vec![
                number(4, 3, 4),
                signature(5, console),
                signature(8, console),
                signature(9, agent),
                unsigned(agent, 0),
                unsigned(console, 0),
            ],
        ),
        (
            "two entries change places",
            |lines| lines.swap(2, 3),
            vec![
                number(3, 2, 3),
                number(4, 4, 2),
                number(5, 3, 4),
                signature(6, console),
                signature(9, console),
                signature(10, agent),
                unsigned(agent, 0),
                unsigned(console, 0),
            ],
        ),
        ("an entry is there twice", |lines| lines.insert(8, lines[7].clone()), vec![number(9, 7, 6)]),
        (
            "the log is cut off: nothing was changed, but it is not proven that there was no more",
            |lines| lines.truncate(6),
            vec![unsigned(agent, 0), Finding::NoEnd],
        ),
        ("the tail was never signed", |lines| lines.truncate(8), vec![unsigned(agent, 0), unsigned(console, 5)]),
        ("garbage comes after", |lines| lines.push("\u{0}\u{0}x".into()), vec![Finding::NotALine(13)]),
        ("garbage comes between", |lines| lines.insert(2, "{}".into()), vec![Finding::NotALine(3)]),
        (
            "a line is longer than what can travel",
            |lines| lines[10].insert_str(1, &" ".repeat(LINE_BYTES)),
            vec![Finding::NotALine(11)],
        ),
        ("there is a second beginning", |lines| lines.push(lines[0].clone()), vec![Finding::SecondBeginning(13)]),
        (
            "another log comes after",
            |lines| lines.extend(lines.clone()),
            vec![Finding::SecondBeginning(13), number(14, 7, 1)],
        ),
        ("the beginning is gone", |lines| drop(lines.remove(0)), vec![Finding::NoBeginning]),
        ("a text is altered", |lines| lines[10] = lines[10].replace("Rossi", "Bianchi"), vec![Finding::Stray(11)]),
        (
            "the certificate is another",
            |lines| lines[11] = certificates_line(&[b"somebody else's"]).unwrap(),
            vec![Finding::Certificate(12)],
        ),
    ];
    for (what, change, expected) in rows {
        let report = report(&edited(change));
        assert_eq!(report.findings, expected, "{what}");
        let first = expected.iter().filter(|finding| finding.is_tampering()).find_map(Finding::line);
        assert_eq!(report.first_divergence(), first, "{what}");
        assert_eq!(report.holds(), first.is_none(), "{what}");
    }
}

#[test]
fn what_is_not_the_operators_word_is_found() {
    let prove = |change: fn(&mut Begin)| {
        let mut begin = begin();
        change(&mut begin);
        let (mut writer, first) = Writer::begin(begin, key(AGENT));
        let entries = story().into_iter().map(|event| writer.append(1, event));
        let mut lines = [vec![first], entries.collect()].concat();
        lines.push(writer.sign(1));
        findings(&lines)
    };
    let unsigned = Finding::Unsigned { by: CONSOLE_SIDE, from: 0 };
    assert_eq!(prove(|_| {}), [unsigned]);
    for change in [
        (|begin| begin.operator_proof.0[9] ^= 1) as fn(&mut Begin),
        |begin| begin.operator_key.0[9] ^= 1,
        |begin| begin.channel.0[9] ^= 1,
        |begin| begin.console_key = key(3).public(),
    ] {
        assert_eq!(prove(change), [Finding::OperatorProof, unsigned]);
    }
}

#[test]
fn a_person_who_was_shown_another_operator_than_the_log_names_is_found() {
    let (mut writer, first) = Writer::begin(begin(), key(AGENT));
    let shown = |certificate_sha256| Event::Operator { certificate_sha256, verified: true, recognised: true };
    let lines = [first, writer.append(1, shown(Hex([3; 32]))), writer.append(1, shown(begin().operator_certificate))];
    let report = report(&lines);
    assert_eq!((report.findings[0], report.verdict()), (Finding::OtherOperator(2), Verdict::Changed));
    assert_eq!(report.findings.iter().filter(|finding| finding.is_tampering()).count(), 1);
    assert_eq!(report.first_divergence(), Some(2));
}

#[test]
fn a_text_may_stand_before_or_after_its_entry() {
    let moved = edited(|lines| {
        let text = lines.remove(10);
        lines.insert(1, text);
    });
    assert_eq!((report(&moved).findings, report(&moved).texts.len()), (vec![], 1));
}

#[test]
fn a_file_that_is_no_log_is_not_told_line_by_line() {
    let (agent, _) = logs();
    let log = text(&agent) + &"\n".repeat(100_000);
    let report = Report::of(&log);
    assert_eq!((report.findings.len(), report.findings_left_out), (FINDINGS, 100_000 - FINDINGS as u64));
    assert!(report.findings.capacity() <= 2 * FINDINGS, "{}", report.findings.capacity());
    assert_eq!((report.holds(), report.first_divergence()), (false, Some(13)));
}

#[test]
fn what_is_not_listed_counts_too() {
    let (agent, _) = logs();
    let mut whole = report(&agent);
    // Nothing that means a change is listed, something is left out.
    whole.findings = vec![Finding::NoEnd; FINDINGS];
    whole.findings_left_out = 1;
    assert_eq!((whole.verdict(), whole.first_divergence()), (Verdict::Incomplete, None));
    whole.tampering_left_out = Some(7);
    assert_eq!((whole.holds(), whole.first_divergence()), (false, Some(7)));
    // Texts that belong to nothing are found last, but stand first.
    let strays = (0..2).map(|salt| Writer::opening(Opening::new(Hex([salt; 16]), "x")));
    let lines = [vec![agent[0].clone()], strays.collect(), vec![String::new(); FINDINGS]].concat();
    let report = report(&lines);
    assert_eq!((report.first_divergence(), report.tampering_left_out), (Some(2), Some(2)));
    assert_eq!(report.findings_left_out, 5);
}

#[test]
fn certificates_are_few_and_hexadecimal() {
    assert_eq!(certificates_line(&[[0; 3]; 0]), None);
    assert!(certificates_line(&[[0; 2000]; 4]).is_some());
    assert_eq!(certificates_line(&[[0; 3]; 5]), None);
    assert_eq!(certificates_line(&[[0; 8200]]), None);
    for wrong in ["{\"certificates\":[]}", "{\"certificates\":[\"0g\"]}", "{\"certificates\":[\"000\"]}"] {
        assert_eq!(findings(&edited(|lines| lines[11] = wrong.into())), [Finding::NotALine(12)], "{wrong}");
    }
}

#[test]
fn one_end_alone_cannot_write_the_log_anew() {
    let (_, console) = logs();
    let (mut writer, first) = Writer::begin(begin(), key(AGENT));
    let mut forged = vec![first];
    for (number, event) in (1..).zip(story()) {
        let denied =
            Event::Answered { request: 1, decision: Decision::Denied, whole_session: false, by_earlier_yes: false };
        forged.push(writer.append(begin().at_ms + number, if number == 4 { denied } else { event }));
    }
    forged.push(writer.sign(2000));

    // Without the other's signatures nothing contradicts it, but it is not whole.
    assert_eq!(findings(&forged), [Finding::Unsigned { by: CONSOLE_SIDE, from: 0 }]);
    assert_eq!(report(&forged).verdict(), Verdict::Incomplete);
    // With them it does not hold.
    forged.extend(console.iter().filter(|line| line.contains("\"console\"")).cloned());
    assert_eq!(
        findings(&forged),
        [
            Finding::Signature { line: 9, by: CONSOLE_SIDE },
            Finding::Signature { line: 10, by: CONSOLE_SIDE },
            Finding::Unsigned { by: CONSOLE_SIDE, from: 0 }
        ]
    );
    // Signatures that it makes itself for the other do not hold either.
    let (mut writer, first) = Writer::begin(begin(), key(AGENT));
    let line = writer.append(1, story()[0].clone());
    let own = writer.sign(1).replace("\"agent\"", "\"console\"");
    assert!(findings(&[first, line, own]).contains(&Finding::Signature { line: 3, by: CONSOLE_SIDE }));
    // The other's copy tells it.
    assert_eq!(report(&forged).difference(&report(&console)), Some(Difference::Entry(4)));
}

#[test]
fn what_is_missing_on_one_side_is_told() {
    let (agent, console) = logs();
    let difference = |one: &[String], other: &[String]| report(one).difference(&report(other));
    let longer = |first, from| Some(Difference::Longer { first, from });
    assert_eq!(difference(&agent[..4], &console), longer(false, 4));
    assert_eq!(difference(&agent, &console[..3]), longer(true, 3));
    assert_eq!(difference(&edited(|lines| drop(lines.remove(3))), &console), Some(Difference::Entry(3)));
    assert_eq!(difference(&agent[..10], &console), None, "texts may be erased on one side");
    let (_, other) = Writer::begin(Begin { at_ms: 1, ..begin() }, key(AGENT));
    assert_eq!(difference(&agent, &[other]), Some(Difference::OtherSession));
}

#[test]
fn a_stop_in_mid_write_loses_that_line_at_most_and_says_so() {
    let (mut writer, first) = Writer::begin(begin(), key(AGENT));
    let mut entry = |event: usize| writer.append(1, story()[event].clone());
    let lines = [first, entry(1), entry(5), writer.sign(1), Writer::opening(name())];
    let log = text(&lines).into_bytes();
    for length in 0..=log.len() {
        let cut = &log[..length];
        let (whole, report) = recover(cut);
        let lines = cut.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(whole, cut.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        assert!(!report.findings.iter().any(Finding::is_tampering), "{length}");
        assert_eq!(report.findings.contains(&Finding::CutShort(lines + 1)), whole < length, "{length}");
        assert_eq!(report.findings.contains(&Finding::Empty), lines == 0, "{length}");
        assert_eq!(report.holds(), lines > 0, "{length}");
        assert_eq!(report.entries.len(), lines.saturating_sub(1).min(2), "{length}");
        // Cut off there, the log can be gone on with.
        assert_eq!(Report::of(&log[..whole]).findings.iter().filter(|finding| finding.line().is_some()).count(), 0);
    }
}

#[test]
fn a_log_of_another_format_is_not_called_changed() {
    let newer = Report::of("{\"begin\":{\"format\":2,\"what\":\"we cannot know\"}}\n{\"more\":{}}\n");
    assert_eq!(newer.findings, [Finding::Format(2)]);
    assert_eq!((newer.verdict(), newer.holds(), newer.first_divergence()), (Verdict::Unknown, false, None));
}

#[test]
fn a_long_log_is_read_as_surely_as_a_short_one() {
    let (mut writer, first) = Writer::begin(begin(), key(AGENT));
    let mut log = first + "\n";
    for number in 1..=100_000_u32 {
        // The texts are joined to their entries afterwards.
        let opening = Opening::new(Hex(u128::from(number).to_be_bytes()), "ls");
        let event =
            if number % 10 == 0 { Event::Command { line: opening.commitment() } } else { Event::Shown { request: 1 } };
        log.extend([&writer.append(1000, event), "\n"]);
        if number % 10 == 0 {
            log.extend([&Writer::opening(opening), "\n"]);
        }
    }
    log.extend([writer.sign(1), "\n".into()]);
    let report = Report::of(&log);
    assert_eq!((report.entries.len(), report.texts.len()), (100_000, 10_000));
    assert_eq!(report.signed[&Role::Agent], 100_000);
    assert_eq!(report.findings, [Finding::Unsigned { by: CONSOLE_SIDE, from: 0 }, Finding::NoEnd]);
}

#[test]
fn a_text_cannot_be_taken_for_that_of_another_entry() {
    let (mut writer, first) = Writer::begin(begin(), key(AGENT));
    let one = Opening::new(Hex([1; 16]), "same");
    let other = Opening::new(Hex([2; 16]), "same");
    let asked = |opening: &Opening| Event::Asked {
        request: 1,
        power: Capability::SendFile,
        detail: Some(opening.commitment()),
    };
    let line = writer.append(1, asked(&one));
    let report = report(&[first, line, Writer::opening(other)]);
    assert_eq!(report.text_of(&asked(&one)), None);
    assert!(report.findings.contains(&Finding::Stray(3)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_byte_of_what_is_proven_is_always_noticed(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let (agent, _) = logs();
        // Without the certificates, of which only the first is named in the chain.
        let mut log = text(&agent[..11]).into_bytes();
        let at = at.index(log.len());
        log[at] ^= 1 << bit;
        prop_assert!(!Report::of(&log).findings.is_empty());
    }

    #[test]
    fn whatever_is_read_is_answered(log in "(\\{\"(begin|entry|signature|opening|certificates)\":.{0,80}\\}?\n?){0,5}") {
        let (whole, report) = recover(log.as_bytes());
        prop_assert!(whole <= log.len());
        prop_assert!(!report.holds());
    }
}
