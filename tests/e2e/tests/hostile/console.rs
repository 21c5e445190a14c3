//! A console with a valid operator and no manners: it gets what the person allows and no more.

use crate::answer;
use crate::files::{ask_with, entry, fetch_one, granted, over, send_batch, send_content, whole_file};
use agent_core::AgentHandle;
use agent_core::view::{AgentCommand, Page, QuestionKind};
use e2e::evil::Trap;
use e2e::evil::ends::{Catcher, FalseConsole, framed, stream};
use input::fake::Done;
use pairing::SessionKey;
use proto::annotation::{Annotation, Mark, Point};
use proto::files::{BatchItem, BatchWish};
use proto::geometry::MonitorId;
use proto::input::{Button, InputEvent, InputRecord, KeyUsage, Modifiers};
use proto::session::{
    AgentToConsole, Capability, ConsoleToAgent, Decision, EndReason, Request, RequestId, StreamKind, TransferFailure,
    TransferId,
};
use proto::{Blob, Text};
use std::fs;

pub(crate) const KEY: &str = "K7M 4QXP";

/// A console that was greeted; the person has not said yet whether this is the right operator.
pub(crate) fn meet(trap: &Trap, catcher: &mut Catcher) -> (AgentHandle, FalseConsole) {
    let agent = trap.agent();
    let console = greet(trap, catcher, &agent);
    (agent, console)
}

/// The same with this agent.
pub(crate) fn greet(trap: &Trap, catcher: &mut Catcher, agent: &AgentHandle) -> FalseConsole {
    agent.send(AgentCommand::SubmitKey(KEY.into()));
    let key = SessionKey::parse(KEY).unwrap();
    let console =
        trap.run("the greeting", async { catcher.next().await.be_console(&key, &trap.console_identity()).await });
    trap.agent_shows(agent, "who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
    console
}

/// The person has said who it is.
pub(crate) fn meet_and_be_recognised(trap: &Trap, catcher: &mut Catcher) -> (AgentHandle, FalseConsole) {
    let (agent, mut console) = meet(trap, catcher);
    recognise(trap, &agent, &mut console);
    (agent, console)
}

/// The person says who it is.
pub(crate) fn recognise(trap: &Trap, agent: &AgentHandle, console: &mut FalseConsole) {
    trap.welcome(agent);
    let ready = |message: &AgentToConsole| matches!(message, AgentToConsole::Ready { .. }).then_some(());
    trap.run("the readiness", console.talk.expect(ready)).unwrap();
}

/// Asks, answers for the person, and waits until it was decided.
pub(crate) fn ask(trap: &Trap, agent: &AgentHandle, console: &mut FalseConsole, id: u32, what: Request, yes: bool) {
    say(trap, console, &ConsoleToAgent::Ask { request: RequestId(id), what });
    answer(trap, agent, id, yes);
    let decision = decided(trap, console, id);
    assert_eq!(decision == Decision::Granted, yes);
}

pub(crate) fn say(trap: &Trap, console: &mut FalseConsole, message: &ConsoleToAgent) {
    trap.run("saying", console.talk.say(message));
}

pub(crate) fn decided(trap: &Trap, console: &mut FalseConsole, id: u32) -> Decision {
    let wanted = |message: &AgentToConsole| match message {
        AgentToConsole::Decided { request, decision } if *request == RequestId(id) => Some(*decision),
        _ => None,
    };
    trap.run("a decision", console.talk.expect(wanted)).unwrap()
}

/// Everything said before has been dealt with when this returns.
pub(crate) fn ping(trap: &Trap, console: &mut FalseConsole) {
    say(trap, console, &ConsoleToAgent::Ping { token: 7 });
    let pong = |message: &AgentToConsole| matches!(message, AgentToConsole::Pong { .. }).then_some(());
    trap.run("an answer", console.talk.expect(pong)).unwrap();
}

pub(crate) fn ended(trap: &Trap, agent: &AgentHandle, what: &str, reason: EndReason) {
    let seen = trap.agent_shows(agent, what, |view| match &view.page {
        Page::Ended(end) => Some(end.reason),
        _ => None,
    });
    assert_eq!(seen, reason, "{what}");
}

fn typed(sequence: u64, text: &str) -> Vec<u8> {
    framed(&InputRecord { sequence, event: InputEvent::Text(Text::truncated(text)) })
}

fn input(trap: &Trap, console: &FalseConsole, records: &[Vec<u8>]) {
    let heads = [&[framed(&StreamKind::Input)], records].concat();
    // Kept open: what was sent must not be lost with the stream.
    std::mem::forget(trap.run("input", stream(&console.channel, &heads, &[])));
}

#[test]
fn without_a_yes_nothing_is_captured_injected_or_written() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet(&trap, &mut catcher);
    let everything = |trap: &Trap, console: &mut FalseConsole| {
        input(trap, console, &[typed(1, "stolen")]);
        let point = Annotation::Show { monitor: MonitorId(0), mark: Mark::Pointer(Point { x: 1, y: 1 }) };
        let marks = [framed(&StreamKind::Annotation), framed(&point)];
        std::mem::forget(trap.run("a mark", stream(&console.channel, &marks, &[])));
        let transfer = TransferId(1);
        let streams = [StreamKind::Batch { transfer }, StreamKind::BatchPlan { transfer }]
            .map(|kind| trap.run("files", stream(&console.channel, &[framed(&kind)], &[0; 1000])).unwrap());
        say(trap, console, &ConsoleToAgent::Watch { monitors: vec![MonitorId(0)] });
        let (monitor, epoch) = (MonitorId(0), 1);
        say(trap, console, &ConsoleToAgent::ScreenDecoded { monitor, epoch, sequence: u64::MAX });
        say(trap, console, &ConsoleToAgent::HoldBatch { transfer, held: true });
        say(trap, console, &ConsoleToAgent::ItemFailed { transfer, index: 0, failure: TransferFailure::Cancelled });
        streams
    };
    let early = everything(&trap, &mut console);
    trap.welcome(&agent);
    for files in early.into_iter().chain(everything(&trap, &mut console)) {
        trap.run("the refused files", files.stopped()).unwrap();
    }
    for (id, what) in [(1, Request::Control), (2, send_batch(1, ("a", 1), "")), (3, fetch_one(2, "a").0)] {
        say(&trap, &mut console, &ConsoleToAgent::Ask { request: RequestId(id), what });
        assert_eq!(decided(&trap, &mut console, id), Decision::Impossible, "viewing comes first");
    }
    ping(&trap, &mut console);
    assert!(matches!(agent.view().page, Page::Waiting { .. }), "no question was put");
    assert_eq!((trap.desktop.captures(), trap.desktop.cursor_reads()), (0, 0));
    assert!(trap.injected.lock().unwrap().is_empty());
    assert_eq!(trap.desktop.marks_shown(), 0);
    assert_eq!(fs::read_dir(trap.path("downloads")).unwrap().count(), 0);

    ask(&trap, &agent, &mut console, 4, Request::View, true);
    ask(&trap, &agent, &mut console, 5, Request::Control, true);
    input(&trap, &console, &[typed(1, "granted")]);
    let record = trap.injected.lock().unwrap()[0].clone();
    trap.eventually("what was typed", || record.text() == "granted");
    agent.send(AgentCommand::Revoke(Capability::Control));
    let revoked = |message: &AgentToConsole| matches!(message, AgentToConsole::Revoked { .. }).then_some(());
    trap.run("the revocation", console.talk.expect(revoked)).unwrap();
    input(&trap, &console, &[typed(1, "stolen")]);
    ping(&trap, &mut console);
    ask(&trap, &agent, &mut console, 6, Request::Control, true);
    input(&trap, &console, &[typed(1, "granted")]);
    let again = trap.injected.lock().unwrap()[1].clone();
    trap.eventually("what was typed", || again.text() == "granted");
    assert_eq!(record.text(), "granted");
}

#[test]
fn where_marks_cannot_be_shown_a_console_that_goes_on_gets_no_thread_for_each() {
    let trap = Trap::new();
    trap.desktop.take_no_marks();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    let marks = [framed(&StreamKind::Annotation)];
    let mut first = trap.run("a mark", stream(&console.channel, &marks, &[])).unwrap();
    let seen = |message: &AgentToConsole| matches!(message, AgentToConsole::Marks { .. }).then_some(());
    trap.run("that they are seen nowhere", console.talk.expect(seen)).unwrap();
    for _ in 0..50 {
        let again = trap.run("a mark", stream(&console.channel, &marks, &[])).unwrap();
        trap.run("the refusal", again.stopped()).unwrap();
    }
    assert_eq!(trap.desktop.annotators(), 1);
    let _ = first.finish();
}

#[test]
fn streams_that_a_console_does_not_open_end_the_session() {
    let rows: [(&str, Vec<u8>); 6] = [
        ("a screen", framed(&StreamKind::Screen)),
        ("a pointer", framed(&StreamKind::Cursor)),
        ("a second control stream", framed(&StreamKind::Control)),
        ("no such kind", vec![0, 1, 200]),
        ("a long head", vec![0xFF, 0xFF]),
        ("an empty head", vec![0, 0]),
    ];
    for (what, head) in rows {
        let trap = Trap::new();
        let mut catcher = trap.catcher();
        let (agent, console) = meet_and_be_recognised(&trap, &mut catcher);
        let _stream = trap.run(what, stream(&console.channel, &[head], &[]));
        ended(&trap, &agent, what, EndReason::ProtocolViolation);
        assert_eq!(trap.desktop.captures(), 0);
    }
}

#[test]
fn messages_that_a_console_does_not_send_end_the_session() {
    let long = [&[0x0F, 0xFF, 3, 1, 251, 0xFA, 0x0F], &[b'a'; 4090][..]].concat();
    let chat = |id| framed(&ConsoleToAgent::Chat { id, text: Text::truncated("x") });
    let monitors = |count| framed(&ConsoleToAgent::Watch { monitors: vec![MonitorId(0); count] });
    let rows: [(&str, Vec<u8>); 9] = [
        ("the longest length", vec![0xFF, 0xFF]),
        ("one more than allowed", [&[0x10, 0x01][..], &[0; 4097]].concat()),
        ("no such message", vec![0, 1, 200]),
        ("an empty message", vec![0, 0]),
        ("a text longer than allowed", long),
        (
            "a second proof",
            framed(&ConsoleToAgent::Proof {
                proof: [0; 32],
                build: Text::truncated("x"),
                log_key: [0; 32],
                log_proof: Blob::default(),
                revocations_bytes: 0,
            }),
        ),
        ("a skipped line", chat(2)),
        ("the last line first", chat(u64::MAX)),
        ("more monitors than there can be", monitors(4000)),
    ];
    for (what, bytes) in rows {
        let trap = Trap::new();
        let mut catcher = trap.catcher();
        let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
        trap.run(what, console.talk.raw(&bytes));
        ended(&trap, &agent, what, EndReason::ProtocolViolation);
        assert_eq!(trap.desktop.captures(), 0);
    }
}

#[test]
fn ten_thousand_questions_are_answered_and_the_person_sees_eight() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    let mut impossible = 0;
    for batch in 0..100_u32 {
        for number in 0..100 {
            let id = RequestId(2 + batch * 100 + number);
            say(&trap, &mut console, &ConsoleToAgent::Ask { request: id, what: Request::Control });
        }
        ping_counting(&trap, &mut console, &mut impossible);
    }
    assert_eq!(impossible, 10_000 - 8);
    answer(&trap, &agent, 2, false);
    assert_eq!(decided(&trap, &mut console, 2), Decision::Denied);
    for id in 3..10 {
        assert_eq!(decided(&trap, &mut console, id), Decision::TooSoon, "a no answers all of the kind");
    }
    trap.agent_shows(&agent, "no question", |view| (view.page == Page::Session).then_some(()));
    agent.send(AgentCommand::End);
    ended(&trap, &agent, "the red X", EndReason::ClientEnded);
    assert!(trap.injected.lock().unwrap().is_empty());
}

fn ping_counting(trap: &Trap, console: &mut FalseConsole, impossible: &mut usize) {
    say(trap, console, &ConsoleToAgent::Ping { token: 8 });
    let counted = |message: &AgentToConsole| {
        if matches!(message, AgentToConsole::Decided { decision: Decision::Impossible, .. }) {
            *impossible += 1;
        }
        matches!(message, AgentToConsole::Pong { .. }).then_some(())
    };
    trap.run("an answer", console.talk.expect(counted)).unwrap();
}

#[test]
fn a_console_that_does_not_read_the_answers_is_let_go() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    trap.run("a flood", async {
        let line = framed(&ConsoleToAgent::Ping { token: u64::MAX });
        let flood = line.repeat(2000);
        // Some three megabytes of answers that nobody reads.
        for _ in 0..150 {
            console.talk.raw(&flood).await;
        }
    });
    ended(&trap, &agent, "the flood", EndReason::ConnectionLost);
}

#[test]
fn a_number_is_good_for_one_question() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 5, Request::View, true);
    for id in [5, 4, 0] {
        say(&trap, &mut console, &ConsoleToAgent::Ask { request: RequestId(id), what: Request::Control });
        assert_eq!(decided(&trap, &mut console, id), Decision::Impossible);
    }
    // An answer to a question that was taken back is an answer to nothing.
    let request = RequestId(6);
    say(&trap, &mut console, &ConsoleToAgent::Ask { request, what: Request::Control });
    trap.agent_shows(&agent, "the question", |view| matches!(view.page, Page::Question(_)).then_some(()));
    agent.send(AgentCommand::QuestionShown(request));
    say(&trap, &mut console, &ConsoleToAgent::Withdraw { request });
    assert_eq!(decided(&trap, &mut console, 6), Decision::Withdrawn);
    agent.send(AgentCommand::Answer(request, true));
    ping(&trap, &mut console);
    assert!(trap.injected.lock().unwrap().is_empty());
}

#[test]
fn pictures_that_were_never_sent_cannot_be_decoded() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    for (monitor, epoch, sequence) in [(0, 1, u64::MAX), (0, 9, 1), (200, 1, 1), (0, 1, 0)] {
        let monitor = MonitorId(monitor);
        say(&trap, &mut console, &ConsoleToAgent::ScreenDecoded { monitor, epoch, sequence });
    }
    for monitors in [vec![], vec![MonitorId(200); 16], vec![MonitorId(0); 16]] {
        say(&trap, &mut console, &ConsoleToAgent::Watch { monitors });
        ping(&trap, &mut console);
    }
    agent.send(AgentCommand::Revoke(Capability::View));
    let revoked = |message: &AgentToConsole| matches!(message, AgentToConsole::Revoked { .. }).then_some(());
    trap.run("the revocation", console.talk.expect(revoked)).unwrap();
    let captures = trap.desktop.captures();
    trap.desktop.paint(proto::Rect::new(0, 0, 100, 100), [1, 2, 3]);
    say(&trap, &mut console, &ConsoleToAgent::Watch { monitors: vec![MonitorId(0)] });
    ping(&trap, &mut console);
    assert_eq!(trap.desktop.captures(), captures);
}

#[test]
fn absurd_input_stays_on_the_monitor() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    ask(&trap, &agent, &mut console, 2, Request::Control, true);
    let modifiers = Modifiers(255);
    let mut events = vec![
        InputEvent::Wheel { dx: i16::MIN, dy: i16::MAX },
        InputEvent::Button { button: Button::Forward, down: false },
        InputEvent::ReleaseAll,
        InputEvent::Heartbeat,
        InputEvent::Text(Text::truncated(&"\u{202E}".repeat(85))),
    ];
    for usage in 0..=255 {
        events.push(InputEvent::Key { usage: KeyUsage(usage), down: usage % 2 == 0, modifiers });
    }
    for (monitor, x, y) in [(0, i32::MIN, i32::MAX), (0, i32::MAX, i32::MIN), (255, 5, 5), (0, 640, -1)] {
        events.push(InputEvent::PointerMove { monitor: MonitorId(monitor), x, y });
        events.push(InputEvent::Button { button: Button::Primary, down: true });
        events.push(InputEvent::Button { button: Button::Primary, down: false });
    }
    events.push(InputEvent::Text(Text::truncated("last")));
    let record = |(event, sequence)| framed(&InputRecord { sequence, event });
    input(&trap, &console, &events.into_iter().zip(1..).map(record).collect::<Vec<_>>());
    let done = trap.injected.lock().unwrap()[0].clone();
    trap.eventually("the last text", || done.text().ends_with("last"));
    for moved in done.done() {
        if let Done::Moved { x, y } = moved {
            assert!((0..640).contains(&x) && (0..400).contains(&y), "{x}, {y}");
        }
    }
    // Numbers that do not rise, and records that are none, end that stream and nothing else.
    input(&trap, &console, &[typed(2, "one"), typed(2, "two"), typed(3, "three")]);
    input(&trap, &console, &[vec![0xFF, 0xFF], typed(1, "four")]);
    input(&trap, &console, &[typed(u64::MAX, "five")]);
    trap.eventually("the text of the last stream", || done.text().contains("five"));
    ping(&trap, &mut console);
    assert!(!done.text().contains("two") && !done.text().contains("three") && !done.text().contains("four"));
    agent.send(AgentCommand::End);
    ended(&trap, &agent, "the red X", EndReason::ClientEnded);
    assert!(done.held_keys().is_empty() && done.held_buttons().is_empty());
}

fn failed(trap: &Trap, console: &mut FalseConsole, transfer: u32) -> TransferFailure {
    let wanted = |message: &AgentToConsole| match message {
        AgentToConsole::FileFailed { transfer: id, failure } if *id == TransferId(transfer) => Some(*failure),
        _ => None,
    };
    trap.run("a failed file", console.talk.expect(wanted)).unwrap()
}

#[test]
fn a_name_that_is_to_deceive_is_shown_and_written_as_harmless_text() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    let hostile = "invoice\u{202E}fdp.exe\n";
    ask_with(&trap, &mut console, 2, send_batch(2, (hostile, 1), ""), &[entry(hostile, BatchItem::File, 4)]);
    let names = trap.agent_shows(&agent, "the question", |view| match &view.page {
        Page::Question(question) => match &question.kind {
            QuestionKind::ReceiveFiles(files) => Some(files.names.clone()),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(names[..], ["invoicefdp.exe "]);
    answer(&trap, &agent, 2, true);
    assert_eq!(decided(&trap, &mut console, 2), Decision::Granted);
    send_content(&trap, &console, 2, &whole_file(0, b"evil"));
    assert_eq!(over(&trap, &mut console), 1);
    let panel = agent.view().panel.unwrap();
    assert_eq!(panel.transfers[0].name, "invoicefdp.exe ");
    let written = fs::read_dir(trap.path("downloads")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(written.collect::<Vec<_>>(), ["invoice_fdp.exe_"]);
}

#[test]
fn a_file_that_was_not_granted_does_not_leave_the_machine() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    fs::write(trap.path("home/secret.txt"), "secret").unwrap();
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    // That the console says what it wants of a file takes nothing, whatever was granted besides.
    let nothing_leaves = |console: &mut FalseConsole, transfer| {
        let wish = framed(&BatchWish { index: 0, from_bytes: 0, prefix: [0; 32] });
        let heads = [framed(&StreamKind::BatchPlan { transfer: TransferId(transfer) }), wish];
        let wishes = trap.run("wishes", stream(&console.channel, &heads, &[])).unwrap();
        trap.run("the refused wishes", wishes.stopped()).unwrap();
        ping(&trap, console);
        assert!(agent.view().panel.unwrap().transfers.iter().all(|transfer| transfer.incoming));
    };
    granted(&trap, &agent, &mut console, 2, &[entry("a.txt", BatchItem::File, 1)]);
    nothing_leaves(&mut console, 2);
    // The grant to send is none to fetch, also under the same number.
    say(&trap, &mut console, &ConsoleToAgent::Ask { request: RequestId(4), what: fetch_one(2, "secret.txt").0 });
    assert_eq!(failed(&trap, &mut console, 2), TransferFailure::Cancelled);
    nothing_leaves(&mut console, 2);
    for (number, path) in (5..).zip(["/dev/zero", "home"]) {
        let (what, list) = fetch_one(number, path);
        ask_with(&trap, &mut console, number, what, &list);
        // Only after a yes is anything said about what the disk holds.
        answer(&trap, &agent, number, true);
        assert_eq!(decided(&trap, &mut console, number), Decision::Granted);
        failed(&trap, &mut console, number);
        nothing_leaves(&mut console, number);
    }
    let (what, list) = fetch_one(9, "secret.txt");
    ask_with(&trap, &mut console, 9, what, &list);
    trap.agent_shows(&agent, "the question", |view| matches!(view.page, Page::Question(_)).then_some(()));
    nothing_leaves(&mut console, 9);
    answer(&trap, &agent, 9, false);
    assert_eq!(decided(&trap, &mut console, 9), Decision::Denied);
    nothing_leaves(&mut console, 9);
}

#[test]
fn what_the_line_held_back_is_not_done_and_what_it_had_pressed_is_lifted() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    ask(&trap, &agent, &mut console, 2, Request::Control, true);
    let record = trap.injected.lock().unwrap()[0].clone();
    let stamp = |at_ms| InputEvent::Stamp { at_ms };
    let typed = |text: &str| InputEvent::Text(Text::truncated(text));
    let shift = InputEvent::Key { usage: KeyUsage(0xE1), down: true, modifiers: Modifiers::default() };
    let press = |down| InputEvent::Button { button: Button::Primary, down };
    let place = |x| InputEvent::PointerMove { monitor: MonitorId(0), x, y: 9 };
    let events = [
        stamp(1_000_000),
        typed("fresh"),
        shift,
        // Of the same moment by this end's clock, but done long before.
        stamp(997_000),
        typed(" blind"),
        place(5),
        stamp(1_000_000),
        // Fresh, but the move to where it is meant was not.
        press(true),
        press(false),
        typed(" again"),
        place(7),
        press(true),
    ];
    let mut heads = vec![framed(&StreamKind::Input)];
    heads.extend((1..).zip(events).map(|(sequence, event)| framed(&InputRecord { sequence, event })));
    let _stream = trap.run("input", stream(&console.channel, &heads, &[])).unwrap();
    trap.eventually("the last press", || e2e::pressed(&record).1);
    let button = |down| Done::Button { button: Button::Primary, down };
    let key = |down| Done::Key { usage: KeyUsage(0xE1), down };
    let expected = [
        Done::Text("fresh".into()),
        key(true),
        key(false),
        Done::Text(" again".into()),
        Done::Moved { x: 7, y: 9 },
        button(true),
    ];
    // Which is lifted in time.
    assert!(record.done().starts_with(&expected), "{:?}", record.done());
}

#[test]
fn what_a_stream_pressed_is_lifted_when_it_is_given_up() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    ask(&trap, &agent, &mut console, 2, Request::Control, true);
    let record = trap.injected.lock().unwrap()[0].clone();
    let shift = InputEvent::Key { usage: KeyUsage(0xE1), down: true, modifiers: Modifiers::default() };
    let heads = [framed(&StreamKind::Input), framed(&InputRecord { sequence: 1, event: shift })];
    let mut stream = trap.run("input", stream(&console.channel, &heads, &[])).unwrap();
    trap.eventually("the press", || e2e::pressed(&record).0);
    stream.reset(0_u32.into()).unwrap();
    trap.eventually("the lift", || record.held_keys().is_empty());
    drop(agent);
}
