//! The two ends while the session runs: what each takes from the other.

use crate::made::*;
use audit_log::{
    Begin, Broken, Event, Follower, HEADS, Hex, LINE_BYTES, Line, Opening, Report, Role, Signature, Writer,
    certificates_line,
};
use proptest::prelude::*;
use proto::session::Capability;

#[test]
fn a_console_begins_only_with_a_log_of_its_own() {
    let first = &logs().0[0];
    let refused = |line: &str, channel, seed| Follower::begin(line, channel, key(seed)).unwrap_err();
    assert_eq!(refused(first, Hex([9; 32]), CONSOLE), Broken::NotOurs);
    assert_eq!(refused(first, CHANNEL, 7), Broken::NotOurs);
    assert_eq!(refused(&first.replace("\"format\":1", "\"format\":2"), CHANNEL, CONSOLE), Broken::Format);
    assert_eq!(refused(&logs().0[1], CHANNEL, CONSOLE), Broken::NotALine);
    let (_, unproven) = Writer::begin(Begin { operator_proof: Hex([3; 64]), ..begin() }, key(AGENT));
    assert_eq!(refused(&unproven, CHANNEL, CONSOLE), Broken::NotOurs);
    let follower = Follower::begin(first, CHANNEL, key(CONSOLE)).unwrap();
    assert_eq!(follower.first().operator_key, begin().operator_key);
}

#[test]
fn a_session_has_one_number_and_another_session_another() {
    let other = Begin { channel: Hex([3; 32]), ..begin() };
    assert_eq!(begin().session(), Begin { at_ms: 1, ..begin() }.session());
    assert_ne!(begin().session(), other.session());
}

#[test]
fn a_console_takes_only_the_next_entry_and_stays_as_it_was_otherwise() {
    let (agent, _) = logs();
    let mut follower = Follower::begin(&agent[0], CHANNEL, key(CONSOLE)).unwrap();
    assert_eq!(follower.take(&agent[2]), Err(Broken::Number { expected: 1, found: 2 }));
    assert!(matches!(follower.take(&agent[1]), Ok(Line::Entry(_))));
    assert_eq!(follower.take(&agent[1]), Err(Broken::Number { expected: 2, found: 1 }));
    let (mut other, _) = Writer::begin(Begin { at_ms: 1, ..begin() }, key(AGENT));
    other.append(1, story()[0].clone());
    assert_eq!(follower.take(&other.append(1, story()[1].clone())), Err(Broken::Chain));
    assert_eq!(follower.take(&agent[9]), Err(Broken::Signature), "a signature over what is yet to come");
    assert_eq!(follower.take(&agent[5]), Err(Broken::Signature), "its own signature");
    let certificates = certificates_line(&CERTIFICATES).unwrap();
    for line in [&agent[0], &certificates, "", "{\"opening\":{\"salt\":\"\",\"text\":\"\"}}", &"x".repeat(100_000)] {
        assert_eq!(follower.take(line), Err(Broken::NotALine), "{line:.80}");
    }
    assert_eq!(follower.number(), 1);
    agent[2..5].iter().for_each(|line| drop(follower.take(line).unwrap()));
    agent[6..8].iter().for_each(|line| drop(follower.take(line).unwrap()));
    let signed_later = agent[9].replace("\"at_ms\":2000", "\"at_ms\":2001");
    assert_eq!(follower.take(&signed_later), Err(Broken::Signature));
    assert!(follower.take(&agent[9]).is_ok());
}

#[test]
fn a_text_with_control_characters_is_no_line() {
    let (mut writer, mut follower) = both();
    let line = |text: &str| format!("{{\"opening\":{{\"salt\":\"{}\",\"text\":\"{text}\"}}}}", Hex([1; 16]));
    follower.take(&writer.append(1, command(&Opening::new(Hex([1; 16]), "a b")))).unwrap();
    assert!(follower.take(&line("a b")).is_ok());
    for text in ["a\\nb", "\\u0000", "\\u001b[2J", "\u{85}", "\u{2028}"] {
        assert_eq!(follower.take(&line(text)), Err(Broken::NotALine), "{text}");
    }
}

/// Both ends at the beginning of a log.
fn both() -> (Writer, Follower) {
    let (writer, first) = Writer::begin(begin(), key(AGENT));
    (writer, Follower::begin(&first, CHANNEL, key(CONSOLE)).unwrap())
}

fn command(line: &Opening) -> Event {
    Event::Command { line: line.commitment() }
}

#[test]
fn a_console_takes_a_text_once_and_only_after_an_entry_named_it() {
    let (mut writer, mut follower) = both();
    let opening = |salt: u16| Opening::new(Hex(u128::from(salt).to_be_bytes()), "ls");
    let one = Writer::opening(opening(1));
    assert_eq!(follower.take(&one), Err(Broken::Opening), "nobody named it");
    follower.take(&writer.append(1, command(&opening(1)))).unwrap();
    assert_eq!(follower.take(&Writer::opening(opening(2))), Err(Broken::Opening), "another one");
    assert_eq!(follower.take(&one), Ok(Line::Opening(opening(1))));
    assert_eq!(follower.take(&one), Err(Broken::Opening), "once more");
    // An entry that names it again does not call for it again.
    follower.take(&writer.append(1, command(&opening(1)))).unwrap();
    assert_eq!(follower.take(&one), Err(Broken::Opening), "once more, after it was named again");
    // Texts may stay away; then the oldest are not waited for any more.
    for salt in 2..=257 {
        follower.take(&writer.append(1, command(&opening(salt)))).unwrap();
    }
    follower.take(&writer.append(1, command(&opening(258)))).unwrap();
    assert_eq!(follower.take(&Writer::opening(opening(2))), Err(Broken::Opening), "too many came after it");
    assert!(follower.take(&Writer::opening(opening(3))).is_ok());
    assert!(follower.take(&Writer::opening(opening(258))).is_ok());
}

#[test]
fn a_console_that_signs_the_same_again_does_not_make_the_log_longer() {
    let (mut writer, signatures) = signed(2);
    let kept = |writer: &mut Writer, number: usize| writer.countersigned(&signatures[number]).unwrap().is_some();
    assert!(kept(&mut writer, 0) && kept(&mut writer, 1));
    assert!(!kept(&mut writer, 1) && !kept(&mut writer, 1));
    let mut forged = signatures[1].clone();
    forged.at_ms += 1;
    assert_eq!(writer.countersigned(&forged), Err(Broken::Signature), "also what is not kept must hold");
    assert!(kept(&mut writer, 2));
}

#[test]
fn an_agent_keeps_no_signature_that_does_not_hold() {
    let (mut writer, first) = Writer::begin(begin(), key(AGENT));
    let follower = Follower::begin(&first, CHANNEL, key(CONSOLE)).unwrap();
    let (signature, _) = follower.countersign(1);
    let changes: [fn(&mut Signature); 5] = [
        |signature| signature.at_ms += 1,
        |signature| signature.by = Role::Agent,
        |signature| signature.number = 1,
        |signature| signature.number = u64::MAX,
        |signature| signature.signature.0[0] ^= 1,
    ];
    for change in changes {
        let mut changed = signature.clone();
        change(&mut changed);
        assert_eq!(writer.countersigned(&changed), Err(Broken::Signature));
    }
    assert_eq!(writer.countersigned_up_to(), None);
    assert!(writer.countersigned(&signature).is_ok());
    assert_eq!(writer.countersigned_up_to(), Some(0));
}

#[test]
fn a_console_cannot_sign_in_the_agents_name() {
    let (mut writer, _) = Writer::begin(begin(), key(CONSOLE));
    let Ok(Line::Signature(signature)) = serde_json::from_str(&writer.sign(1)) else { panic!("a signature") };
    assert_eq!(writer.countersigned(&signature), Err(Broken::Signature));
}

/// An agent, and the console's signatures over 0 to `count`.
fn signed(count: u64) -> (Writer, Vec<Signature>) {
    let (mut writer, first) = Writer::begin(begin(), key(AGENT));
    let mut follower = Follower::begin(&first, CHANNEL, key(CONSOLE)).unwrap();
    let mut signatures = vec![follower.countersign(1).0];
    for _ in 0..count {
        follower.take(&writer.append(1, Event::Link { up: true })).unwrap();
        signatures.push(follower.countersign(1).0);
    }
    (writer, signatures)
}

#[test]
fn a_signature_may_be_behind_what_crossed_it_but_never_behind_another() {
    let (mut writer, signatures) = signed(9);
    for (number, expected) in
        [(3, Ok(3)), (3, Ok(3)), (2, Err(3)), (7, Ok(7)), (6, Err(7)), (0, Err(7)), (9, Ok(9)), (9, Ok(9))]
    {
        let taken = writer.countersigned(&signatures[number]);
        assert_eq!(taken.err(), expected.err().map(|_: u64| Broken::TooOld), "{number}");
        assert_eq!(writer.countersigned_up_to(), Some(expected.unwrap_or_else(|last| last)), "{number}");
    }
    let line = writer.append(1, Event::Link { up: false });
    assert!(line.contains("\"number\":10"));
    let mut changed = signatures[9].clone();
    changed.number = 10;
    assert_eq!(writer.countersigned(&changed), Err(Broken::Signature));
}

#[test]
fn a_signature_that_is_too_far_behind_is_refused_and_a_newer_one_taken() {
    let (mut writer, signatures) = signed(2);
    for _ in 0..HEADS - 2 {
        writer.append(1, Event::Link { up: true });
    }
    assert_eq!(writer.countersigned(&signatures[0]), Err(Broken::TooOld));
    assert!(writer.countersigned(&signatures[1]).is_ok());
    writer.append(1, Event::Link { up: true });
    assert!(writer.countersigned(&signatures[1]).is_err());
    assert!(writer.countersigned(&signatures[2]).is_ok());
}

#[test]
fn a_late_signature_holds_in_the_log_that_keeps_it() {
    let (mut writer, first) = Writer::begin(begin(), key(AGENT));
    let mut follower = Follower::begin(&first, CHANNEL, key(CONSOLE)).unwrap();
    let one = writer.append(1, Event::Link { up: false });
    follower.take(&one).unwrap();
    let (signature, _) = follower.countersign(1);
    let two = writer.append(1, Event::Link { up: true });
    let late = writer.countersigned(&signature).unwrap().unwrap();
    let report = report(&[first, one, two, late]);
    assert!(report.holds());
    assert_eq!(report.signed, [(Role::Console, 1)].into());
}

#[test]
fn every_entry_fits_into_a_message() {
    let (mut writer, first) = Writer::begin(Begin { at_ms: u64::MAX, ..begin() }, key(AGENT));
    assert!(first.len() <= LINE_BYTES);
    for event in crate::exports::every_event() {
        assert!(writer.append(u64::MAX, event).len() < LINE_BYTES / 2);
    }
    assert!(writer.sign(u64::MAX).len() < LINE_BYTES / 2);
}

#[test]
fn a_text_is_made_fit_to_be_shown_and_cut_where_its_line_would_be_too_long() {
    let opening = |text: &str| Opening::new(Hex([1; 16]), text);
    assert_eq!(opening("una riga\r\n\taltra\u{1b}[2J\u{0}").text(), "una riga   altra\u{FFFD}[2J\u{FFFD}");
    let room = LINE_BYTES - Writer::opening(opening("")).len();
    for (character, each) in [("a", 1), ("\"", 2), ("\\", 2), ("è", 2), ("€", 3), ("🙂", 4)] {
        let most = room / each;
        let full = character.repeat(most);
        assert_eq!(opening(&full).text(), full, "what fits is kept whole: {character}");
        let cut = opening(&character.repeat(most + 1));
        let line = Writer::opening(cut.clone());
        assert!((LINE_BYTES - 3 - each..=LINE_BYTES).contains(&line.len()), "{character}: {}", line.len());
        assert!(cut.text().starts_with(character) && cut.text().ends_with('…'));
    }
    for letter in ["\"", "\\", "a", "€"] {
        let chat = letter.repeat(proto::limits::CHAT_BYTES / letter.len());
        assert_eq!(opening(&chat).text(), chat, "the longest line of chat is kept whole: {letter}");
    }
    assert_eq!(format!("{:?}", opening("Mario")), "Opening(5 bytes)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_text_travels_and_is_read_as_what_was_committed_to(
        text in prop_oneof!["[\"\\\\a\u{0}-\u{20}è€🙂\u{80}-\u{A0}]{0,1300}", "(?s).{0,2500}", "[\"\\\\]{2900,6000}"]
    ) {
        let (mut writer, first) = Writer::begin(begin(), key(AGENT));
        let mut follower = Follower::begin(&first, CHANNEL, key(CONSOLE)).unwrap();
        let opening = Opening::new(Hex([1; 16]), &text);
        prop_assert!(!opening.text().chars().any(char::is_control));
        let event = Event::Asked { request: 1, power: Capability::SendFile, detail: Some(opening.commitment()) };
        let entry = writer.append(1, event);
        let line = Writer::opening(opening.clone());
        prop_assert!(line.len() <= LINE_BYTES);
        follower.take(&entry).unwrap();
        prop_assert_eq!(follower.take(&line), Ok(Line::Opening(opening.clone())));
        let report = Report::of(super::made::text(&[first, entry, line]));
        prop_assert_eq!(report.texts.get(&opening.commitment()).map(String::as_str), Some(opening.text()));
        prop_assert!(report.holds());
    }

    #[test]
    fn whatever_an_agent_sends_is_answered(line in "\\{\"(begin|entry|signature|opening)\":.{0,200}\\}?") {
        prop_assert!(Follower::begin(&line, CHANNEL, key(CONSOLE)).is_err());
        let mut follower = Follower::begin(&logs().0[0], CHANNEL, key(CONSOLE)).unwrap();
        prop_assert!(follower.take(&line).is_err());
    }
}
