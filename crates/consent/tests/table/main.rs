//! The whole transition table, driven out of the real machine and compared with `transitions.txt`.
//!
//! `PONTE_WRITE_GOLDEN=1 cargo test -p consent` writes the file anew.
#![allow(clippy::unwrap_used)]

mod world;

use proto::session::Asking;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Write as _;
use std::time::Instant;
use world::{EVENTS, Event, Place, Power, Refusal, State, World};

fn event_name(event: Event, power: Power, from: State) -> &'static str {
    let on_screen = from.question == Place::OnScreen;
    let behind = from.question == Place::Behind;
    match event {
        Event::Ask if from.question != Place::NotAsked => "The operator asks for the same again.",
        Event::Ask => "The operator asks.",
        Event::AskBehindAnother => "The operator asks, while a question for another power is open.",
        Event::Withdraw => "The operator withdraws the question.",
        Event::Shown if behind => "The question is said to be on the screen while another one is open.",
        Event::Shown => "The question is drawn on the screen.",
        Event::Yes if on_screen => "The person says yes.",
        Event::Yes => "A yes arrives without the question on the screen.",
        Event::No if on_screen => "The person says no.",
        Event::No => "A no arrives without the question on the screen.",
        Event::NoThreeTimes => "The person says no, and no again each time the operator asks anew, three times in all.",
        Event::ThreeMinutes => "Three minutes pass.",
        Event::ThreeMinutesThenYes => "Three minutes pass, and then a yes arrives.",
        Event::TakeBack => "The person takes the power back.",
        Event::GiveBack => "The operator gives it back.",
        Event::UseOver if power == Power::File => "The file has arrived or failed.",
        Event::UseOver => "The one use is over.",
        Event::LineBreaks => "The line breaks for longer than ten seconds.",
        Event::TakeViewingBack => "The person takes viewing back.",
        Event::GiveViewingBack => "The operator gives viewing back.",
        Event::ViewingAgain => "Viewing is granted again.",
        Event::YesToAnother if behind => "The person says yes to the other question.",
        Event::YesToAnother => "The person says yes to another power.",
        Event::NoToAnother => "The person says no to the other question.",
        Event::YesToAnotherFile => "The person says yes to another file.",
        Event::LetAskAgain => "The person lets the operator ask again.",
        Event::End => "The session ends.",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    from: State,
    event: Event,
    to: State,
    told: Vec<&'static str>,
}

/// Every row that can be reached, from every state that can be reached.
fn explore(power: Power, asking: Asking, viewing: Asking) -> Vec<Row> {
    let start = Instant::now();
    let after = |history: &[Event]| World::after(power, asking, viewing, start, history);
    let mut found = BTreeMap::from([(after(&[]).state(), Vec::new())]);
    let mut waiting: Vec<State> = found.keys().copied().collect();
    let mut rows = Vec::new();
    while let Some(from) = waiting.pop() {
        for event in EVENTS {
            let mut history = found[&from].clone();
            let mut world = after(&history);
            if !world.apply(event) {
                continue;
            }
            history.push(event);
            let told = std::mem::take(&mut world.told);
            let to = world.state();
            rows.push(Row { from, event, to, told });
            if let Entry::Vacant(place) = found.entry(to) {
                place.insert(history);
                waiting.insert(0, to);
            }
        }
    }
    rows
}

const POWERS: [Power; 5] = [Power::View, Power::Control, Power::File, Power::SystemInfo, Power::Clipboard];
const WAYS: [(Asking, &str); 3] = [
    (Asking::EachUse, "asked at each use"),
    (Asking::OncePerSession, "asked once per session"),
    (Asking::Absent, "not in the certificate"),
];
/// How viewing is asked for makes a difference to other powers when the line breaks.
const VIEWING: [(Asking, &str); 2] = [
    (Asking::EachUse, " (where viewing is asked at each use)"),
    (Asking::OncePerSession, " (where viewing is asked once per session)"),
];

/// The tables of one section with what tells them apart: one for each way in which viewing is asked for.
fn tables(power: Power, asking: Asking) -> Vec<(&'static str, Vec<Row>)> {
    match power {
        Power::View => vec![("", explore(power, asking, asking))],
        Power::Control | Power::File | Power::SystemInfo | Power::Clipboard => {
            VIEWING.map(|(way, note)| (note, explore(power, asking, way))).into()
        }
    }
}

const HEAD: &str = "\
WHO MAY DO WHAT, AND WHEN: every state of a power, and everything that can happen in it.
The program itself made this table; a test makes it anew at each change and compares it.
The person: whoever sits at the computer and is helped. The operator: whoever helps.
A power: viewing the screen, mouse and keyboard (like every power that lasts), or one file.
The operator's certificate says how it is asked for: at each use, once per session, or not at all.
A question is open when it is the next one; it is on the screen when the person sees it. A second
question for the same power waits behind the first. Refused a moment ago: less than ten seconds.
Refused three times: without a yes in between. What was taken or given back is as if never asked.
A yes for the whole session stands: the person said yes to a power that is asked once per session.
After the arrow: the state in which the power is then, and what the operator is told about it.
WHAT IT PROVES. A power becomes granted in two ways only: the person says yes while the question is
on the screen, or the operator asks where the person's yes for the whole session stands. Such a yes
comes about only when the person says yes while a question for that power is on the screen (of files,
also one about another file). No yes to another power, no lapse of time, and nothing else grants.
";

fn sort_key(state: &State) -> (bool, bool, bool, bool, Refusal, Place) {
    (state.ended, !state.viewing, state.stands, state.granted, state.refusal, state.question)
}

fn text() -> String {
    let mut text = HEAD.to_owned();
    for power in POWERS {
        for (asking, way) in WAYS {
            let title = format!("{}, {way}.", power.name());
            let line = "=".repeat(title.len());
            write!(text, "\n\n{title}\n{line}\n").unwrap();
            let tables = tables(power, asking);
            let mut states: Vec<State> = tables.iter().flat_map(|(_, rows)| rows.iter().map(|row| row.from)).collect();
            states.sort_by_key(sort_key);
            states.dedup();
            for state in states {
                write_state(&mut text, power, &title, state, &tables);
            }
        }
    }
    text
}

fn write_state(text: &mut String, power: Power, title: &str, from: State, tables: &[(&str, Vec<Row>)]) {
    let sentence = from.sentence();
    writeln!(text, "\n-- {sentence}").unwrap();
    let mut idle = Vec::new();
    for event in EVENTS {
        let name = event_name(event, power, from).trim_end_matches('.');
        let mut rows: Vec<(&str, &Row)> = Vec::new();
        for (note, table) in tables {
            rows.extend(table.iter().filter(|row| row.from == from && row.event == event).map(|row| (*note, row)));
        }
        if let [(_, first), (_, second)] = rows[..]
            && first == second
        {
            rows.truncate(1);
        }
        let alone = rows.len() == 1;
        for (note, row) in rows {
            let note = if alone { "" } else { note };
            if row.to == from && row.told.is_empty() {
                idle.push(format!("{name}{note}"));
                continue;
            }
            let to = if row.to == from { "unchanged".to_owned() } else { row.to.clause() };
            let told = if row.told.is_empty() { "nothing".to_owned() } else { row.told.join("; then ") };
            writeln!(text, "{title} {sentence} {name}{note}. -> {to}; the operator is told: {told}.").unwrap();
        }
    }
    if !idle.is_empty() {
        let idle = idle.join("; ");
        writeln!(text, "{title} {sentence} Any of these: {idle}. -> unchanged; the operator is told: nothing.")
            .unwrap();
    }
}

#[test]
fn the_table_is_as_it_was_agreed() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transitions.txt");
    let text = text();
    if std::env::var_os("PONTE_WRITE_GOLDEN").is_some() {
        std::fs::write(golden, &text).unwrap();
    }
    let agreed = std::fs::read_to_string(golden).unwrap();
    let mut agreed = agreed.lines();
    for line in text.lines() {
        assert_eq!(Some(line), agreed.next(), "the machine does something else than transitions.txt says");
    }
    assert_eq!(agreed.next(), None, "transitions.txt says more than the machine does");
}

fn all_rows() -> impl Iterator<Item = (Power, Asking, Row)> {
    POWERS.into_iter().flat_map(|power| WAYS.map(|(asking, _)| (power, asking))).flat_map(|(power, asking)| {
        let rows = tables(power, asking).into_iter().flat_map(|(_, rows)| rows);
        rows.map(move |row| (power, asking, row)).collect::<Vec<_>>()
    })
}

#[test]
fn only_a_yes_to_the_question_on_the_screen_or_one_that_stands_leads_to_granted() {
    let (mut by_person, mut by_standing) = (0, 0);
    for (power, asking, row) in all_rows() {
        let told = row.told.iter().any(|told| told.starts_with("granted"));
        let of_file = power == Power::File && row.event == Event::YesToAnotherFile;
        let said_yes = row.event == Event::Yes && row.from.question == Place::OnScreen;
        let stood = row.event == Event::Ask && row.from.stands;
        if (row.to.granted && !row.from.granted) || told {
            assert!(said_yes || stood, "{power:?}, {asking:?}: {row:?}");
            assert!(row.from.viewing && !row.from.ended && asking != Asking::Absent, "{power:?}, {asking:?}: {row:?}");
            by_person += u32::from(said_yes);
            by_standing += u32::from(stood);
        }
        if row.to.stands && !row.from.stands {
            assert!((said_yes || of_file) && asking == Asking::OncePerSession, "{power:?}, {asking:?}: {row:?}");
        }
    }
    assert!(by_person > 0 && by_standing > 0, "the table has both ways");
}

#[test]
fn what_takes_a_power_away_does_so_in_every_state() {
    for (power, asking, row) in all_rows() {
        let what = format!("{power:?}, {asking:?}: {row:?}");
        let taken = match row.event {
            Event::TakeBack | Event::TakeViewingBack | Event::End => !row.to.granted && !row.to.stands,
            Event::GiveBack | Event::GiveViewingBack | Event::UseOver => !row.to.granted,
            Event::No | Event::NoThreeTimes if row.from.question == Place::OnScreen => {
                !row.to.granted && !row.to.stands
            }
            Event::ThreeMinutes | Event::ThreeMinutesThenYes => {
                row.to.question == Place::NotAsked && row.to.granted <= row.from.granted
            }
            _ => true,
        };
        assert!(taken, "{what}");
        assert!(row.to.viewing || !row.to.granted, "without viewing nothing is granted: {what}");
        assert!(!(row.to.stands && row.to.question != Place::NotAsked), "asked though a yes stands: {what}");
        if asking == Asking::Absent {
            assert!(!row.to.granted && !row.to.stands && row.to.question == Place::NotAsked, "{what}");
        }
    }
}

#[test]
fn the_table_has_every_state_that_matters() {
    let states: Vec<String> = all_rows().map(|(_, _, row)| row.from.sentence()).collect();
    for sentence in [
        "Nothing asked, nothing granted.",
        "The question waits behind another.",
        "The question is open but not on the screen yet.",
        "The question is on the screen.",
        "Granted.",
        "Granted, and a second question is on the screen.",
        "Granted, and a yes for the whole session stands.",
        "Not granted, and a yes for the whole session stands.",
        "Refused a moment ago.",
        "Refused three times.",
        "The session has ended.",
    ] {
        assert!(states.iter().any(|state| state == sentence), "{sentence}");
    }
}
