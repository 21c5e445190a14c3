//! An agent with the right key and no manners: the console refuses, stays within bounds, and writes
//! nothing that was not asked for.

use console_core::ConsoleHandle;
use console_core::view::{ConsoleCommand, PowerState, SessionView, Stage};
use e2e::evil::Trap;
use e2e::evil::ends::{Catcher, FalseAgent, framed, stream};
use pairing::SessionKey;
use proto::geometry::{Layout, Monitor, MonitorId};
use proto::screen::{CursorUpdate, ScreenHead, UpdateHead};
use proto::session::{AgentToConsole, Capability, ConsoleToAgent, Decision, EndReason, Request, RequestId, StreamKind};
use proto::{Locator, Text};

/// An agent that was greeted and says that the person recognised the operator.
pub(crate) fn meet(trap: &Trap, catcher: &mut Catcher) -> (ConsoleHandle, FalseAgent) {
    let console = trap.console();
    console.send(ConsoleCommand::NewKey);
    let mut caught = trap.run("a link", catcher.next());
    trap.run("an offer", caught.offer(Locator::parse("K7M").unwrap()));
    let key = SessionKey::parse(&trap.key(&console)).unwrap();
    let mut agent = trap.run("the greeting", caught.be_agent(&key, trap.opened()));
    say(trap, &mut agent, &AgentToConsole::Ready { system: Text::truncated("false") });
    let asked = trap.run("a question", agent.talk.expect(asked)).unwrap();
    assert_eq!(asked, (RequestId(1), Request::View));
    (console, agent)
}

/// The question that the console puts to the person.
pub(crate) fn asked(message: &ConsoleToAgent) -> Option<(RequestId, Request)> {
    if let ConsoleToAgent::Ask { request, what } = message { Some((*request, what.clone())) } else { None }
}

pub(crate) fn say(trap: &Trap, agent: &mut FalseAgent, message: &AgentToConsole) {
    trap.run("saying", agent.talk.say(message));
}

/// Says that the person said yes to this, and writes it down as a genuine agent does.
pub(crate) fn grant(trap: &Trap, agent: &mut FalseAgent, request: RequestId, what: &Request) {
    trap.run("granting", agent.decide(request, what, Decision::Granted));
}

pub(crate) fn session<T>(
    trap: &Trap,
    console: &ConsoleHandle,
    what: &str,
    mut look: impl FnMut(&SessionView) -> Option<T>,
) -> T {
    trap.console_shows(console, what, |view| match &view.stage {
        Stage::Session(session) => look(session),
        _ => None,
    })
}

/// The same, after the person allowed the viewing and this power, for which the operator asked.
pub(crate) fn meet_with(
    trap: &Trap,
    capability: Capability,
    expected: &Request,
) -> (ConsoleHandle, FalseAgent, RequestId) {
    let mut catcher = trap.catcher();
    let (console, mut agent) = meet(trap, &mut catcher);
    grant(trap, &mut agent, RequestId(1), &Request::View);
    session(trap, &console, "viewing", |session| {
        session.powers.iter().any(|power| power.state == PowerState::Granted).then_some(())
    });
    console.send(ConsoleCommand::Ask(capability));
    let (request, what) = trap.run("a question", agent.talk.expect(asked)).unwrap();
    assert_eq!(what, *expected);
    grant(trap, &mut agent, request, &what);
    (console, agent, request)
}

/// The console ended the session because of what the agent did.
pub(crate) fn refused(trap: &Trap, console: &ConsoleHandle, what: &str) {
    let reason = trap.console_shows(console, what, |view| match &view.stage {
        Stage::Ended(end) => Some(end.reason),
        _ => None,
    });
    assert_eq!(reason, EndReason::ProtocolViolation, "{what}");
}

pub(crate) fn head(monitor: u8, width: u32, height: u32) -> Vec<u8> {
    framed(&ScreenHead { monitor: MonitorId(monitor), epoch: 1, width, height })
}

pub(crate) fn update(sequence: u64, length: usize) -> Vec<u8> {
    let length = u32::try_from(length).unwrap();
    framed(&UpdateHead { sequence, captured_ms: 0, length })
}

/// Blocks of one repeated byte: four bytes each that stand for 128 KiB.
fn bomb() -> Vec<u8> {
    let frame_head = [0x28, 0xB5, 0x2F, 0xFD, 0, 13 << 3];
    let block = ((128 * 1024_u32) << 3 | 1 << 1).to_le_bytes();
    [&frame_head[..], &[block[0], block[1], block[2], 0].repeat(5000)].concat()
}

#[test]
fn pictures_that_no_agent_sends_end_the_session() {
    let screen = || framed(&StreamKind::Screen);
    let cursor = |width, height| framed(&CursorUpdate::Shape { width, height, hot_x: 65535, hot_y: 65535 });
    let sizes = [(0, 0), (1, 0), (16_385, 1), (1, 16_385), (16_384, 16_384), (u32::MAX, u32::MAX)];
    let mut rows: Vec<(String, Vec<Vec<u8>>)> =
        sizes.iter().map(|(w, h)| (format!("{w} x {h}"), vec![screen(), head(0, *w, *h)])).collect();
    let longest = proto::limits::screen_update_bytes(64, 64) as usize;
    let more: [(&str, Vec<Vec<u8>>); 11] = [
        ("a longer update than there can be", vec![screen(), head(0, 64, 64), update(1, longest + 1)]),
        ("the longest length", vec![screen(), head(0, 64, 64), update(1, u32::MAX as usize)]),
        ("the second update first", vec![screen(), head(0, 64, 64), update(2, 1), vec![0]]),
        ("update nought", vec![screen(), head(0, 64, 64), update(0, 1), vec![0]]),
        ("no bytes", vec![screen(), head(0, 64, 64), update(1, 0)]),
        ("zeros", vec![screen(), head(0, 64, 64), update(1, 1000), vec![0; 1000]]),
        ("a bomb", vec![screen(), head(0, 64, 64), update(1, bomb().len()), bomb()]),
        ("a larger bomb", vec![screen(), head(0, 1000, 1000), update(1, bomb().len()), bomb()]),
        ("a head that is none", vec![screen(), vec![0, 1, 255]]),
        ("the largest pointer", vec![framed(&StreamKind::Cursor), cursor(65535, 65535)]),
        ("a pointer of one row", vec![framed(&StreamKind::Cursor), cursor(257, 1)]),
    ];
    rows.extend(more.into_iter().map(|(what, bytes)| (what.to_owned(), bytes)));
    for (what, heads) in rows {
        let trap = Trap::new();
        let mut catcher = trap.catcher();
        let (console, mut agent) = meet(&trap, &mut catcher);
        grant(&trap, &mut agent, RequestId(1), &Request::View);
        let monitor =
            Monitor { id: MonitorId(0), x: 0, y: 0, width: 64, height: 64, scale_percent: 100, primary: true };
        say(&trap, &mut agent, &AgentToConsole::Layout(Layout { epoch: 1, monitors: vec![monitor] }));
        let _stream = trap.run(&what, stream(&agent.channel, &heads, &[]));
        refused(&trap, &console, &what);
    }
}

#[test]
fn messages_that_no_agent_sends_end_the_session() {
    let monitor = |width| Monitor {
        id: MonitorId(0),
        x: i32::MIN,
        y: i32::MAX,
        width,
        height: 1,
        scale_percent: 0,
        primary: true,
    };
    let layout = |monitors| framed(&AgentToConsole::Layout(Layout { epoch: u32::MAX, monitors }));
    let line = |id| framed(&AgentToConsole::Chat { id, text: Text::truncated("x") });
    // Ten thousand monitors do not fit in a message: only the number of them does.
    let many = [&[0, 9, 6, 1, 251, 0x10, 0x27][..], &[0; 4]].concat();
    let length = proto::limits::AGENT_MESSAGE_BYTES + 1;
    let too_long = [&u16::try_from(length).unwrap().to_be_bytes()[..], &vec![0; length]].concat();
    let rows: [(&str, Vec<u8>); 13] = [
        ("the longest length", vec![0xFF, 0xFF]),
        ("one more than allowed", too_long),
        ("no such message", vec![0, 1, 200]),
        ("an empty message", vec![0, 0]),
        ("a second proof", {
            let (build, language) = (Text::truncated("x"), Text::truncated("en"));
            framed(&AgentToConsole::Proof { proof: [0; 32], build, language })
        }),
        ("an answer to no question", {
            framed(&AgentToConsole::Decided { request: RequestId(77), decision: Decision::Granted })
        }),
        ("two answers to one question", {
            framed(&AgentToConsole::Decided { request: RequestId(1), decision: Decision::Denied }).repeat(2)
        }),
        ("17 monitors", layout(vec![monitor(1); 17])),
        ("a monitor of no size", layout(vec![monitor(0)])),
        ("a monitor of every size", layout(vec![monitor(u32::MAX)])),
        ("ten thousand monitors", many),
        ("a skipped line", line(2)),
        ("the last line", line(u64::MAX)),
    ];
    for (what, bytes) in rows {
        let trap = Trap::new();
        let mut catcher = trap.catcher();
        let (console, mut agent) = meet(&trap, &mut catcher);
        trap.run(what, agent.talk.raw(&bytes));
        refused(&trap, &console, what);
    }
}

#[test]
fn streams_that_an_agent_does_not_open_end_the_session() {
    for (what, head) in [
        ("input", framed(&StreamKind::Input)),
        ("a second control stream", framed(&StreamKind::Control)),
        ("no such kind", vec![0, 1, 200]),
        ("a long head", vec![0xFF, 0xFF]),
    ] {
        let trap = Trap::new();
        let mut catcher = trap.catcher();
        let (console, agent) = meet(&trap, &mut catcher);
        let _stream = trap.run(what, stream(&agent.channel, &[head], &[]));
        refused(&trap, &console, what);
    }
}

#[test]
fn a_flood_of_chat_is_shown_up_to_a_bound_and_the_operator_can_still_end() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (console, mut agent) = meet(&trap, &mut catcher);
    trap.run("the flood", async {
        for id in 1..=2500 {
            agent.chat(id, "\u{202E}spam\u{7}").await;
            if id % 100 == 0 {
                let received = |message: &ConsoleToAgent| match message {
                    ConsoleToAgent::ChatReceived { up_to } => (*up_to == id).then_some(()),
                    _ => None,
                };
                agent.talk.expect(received).await.unwrap();
            }
        }
    });
    let shown = session(&trap, &console, "the last lines", |session| {
        (session.chat.len() >= 2000).then(|| session.chat.clone())
    });
    assert_eq!(shown.len(), 2000);
    assert!(shown.iter().all(|line| line.text == "spam"));
    console.send(ConsoleCommand::End);
    trap.console_shows(&console, "the end", |view| matches!(view.stage, Stage::Ended(_)).then_some(()));
}
