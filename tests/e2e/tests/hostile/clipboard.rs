//! Ends without manners around the clipboard: a console that did not ask, and an agent that sends what is none.

use super::agent::{grant, meet as meet_agent, session};
use super::console::{KEY, ask, meet_and_be_recognised, ping, say};
use ::clipboard::Content;
use console_core::ConsoleHandle;
use console_core::view::{ClipState, ConsoleCommand, PowerState, Stage};
use e2e::evil::Trap;
use e2e::evil::ends::{FalseAgent, FalseConsole, framed, stream};
use proto::clipboard::{ClipHead, ClipKind};
use proto::session::{AgentToConsole, Capability, ConsoleToAgent, EndReason, Request, RequestId, StreamKind};

fn head(kind: ClipKind, length: usize) -> Vec<u8> {
    framed(&ClipHead { kind, length: u32::try_from(length).unwrap() })
}

/// A console sends this as the content of its clipboard.
fn send(trap: &Trap, console: &FalseConsole, head: Vec<u8>, bytes: &[u8]) -> Option<channel::SendStream> {
    trap.run("a clipboard", stream(&console.channel, &[framed(&StreamKind::Clipboard), head], bytes))
}

#[test]
fn without_a_yes_the_clipboard_is_neither_read_nor_filled() {
    let _ = KEY;
    let trap = Trap::new();
    trap.clipboard.copy(Content::Text("theirs".into()));
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    let everything = |console: &mut FalseConsole| {
        let mut sent = send(&trap, console, head(ClipKind::Text, 4), b"mine").unwrap();
        let _ = sent.finish();
        say(&trap, console, &ConsoleToAgent::FetchClipboard);
        trap.run("the refused clipboard", sent.stopped()).unwrap();
        ping(&trap, console);
    };
    everything(&mut console);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    everything(&mut console);
    ask(&trap, &agent, &mut console, 2, Request::Control, true);
    everything(&mut console);
    assert_eq!(trap.clipboard.uses(), (0, 0));
    ask(&trap, &agent, &mut console, 3, Request::Clipboard, true);
    let mut sent = send(&trap, &console, head(ClipKind::Text, 4), b"mine").unwrap();
    let _ = sent.finish();
    trap.eventually("what was allowed", || trap.clipboard.content() == Some(Content::Text("mine".into())));
    assert_eq!(trap.clipboard.uses(), (1, 0));
}

#[test]
fn one_yes_is_not_a_way_to_watch_what_the_person_copies() {
    let trap = Trap::new();
    trap.clipboard.copy(Content::Text("theirs".into()));
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    ask(&trap, &agent, &mut console, 2, Request::Clipboard, true);
    say(&trap, &mut console, &ConsoleToAgent::FetchClipboard);
    trap.eventually("what was allowed", || trap.clipboard.uses() == (0, 1));
    trap.clipboard.copy(Content::Text("a password".into()));
    for _ in 0..5 {
        say(&trap, &mut console, &ConsoleToAgent::FetchClipboard);
        ping(&trap, &mut console);
    }
    let mut sent = send(&trap, &console, head(ClipKind::Text, 4), b"mine").unwrap();
    let _ = sent.finish();
    trap.eventually("the other way", || trap.clipboard.uses().0 == 1);
    let mut again = send(&trap, &console, head(ClipKind::Text, 4), b"more").unwrap();
    let _ = again.finish();
    trap.run("the refusal", again.stopped()).unwrap();
    assert_eq!(trap.clipboard.uses(), (1, 1));
    // With another yes it is another use.
    ask(&trap, &agent, &mut console, 3, Request::Clipboard, true);
    say(&trap, &mut console, &ConsoleToAgent::FetchClipboard);
    trap.eventually("what was allowed anew", || trap.clipboard.uses() == (1, 2));
}

#[test]
fn what_was_put_on_the_clipboard_stands_in_the_log_though_the_console_ends_the_session_at_once() {
    for _ in 0..5 {
        let trap = Trap::new();
        let mut catcher = trap.catcher();
        let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
        ask(&trap, &agent, &mut console, 1, Request::View, true);
        ask(&trap, &agent, &mut console, 2, Request::Clipboard, true);
        let mut sent = send(&trap, &console, head(ClipKind::Text, 4), b"mine").unwrap();
        let _ = sent.finish();
        say(&trap, &mut console, &ConsoleToAgent::End);
        let mut noted = 0;
        let ends = |message: &AgentToConsole| match message {
            AgentToConsole::Log { line } => {
                noted += u64::from(line.as_str().contains(r#""what":"clipboard""#));
                line.as_str().contains(r#""what":"ended""#).then_some(())
            }
            _ => None,
        };
        trap.run("the end", console.talk.expect(ends)).unwrap();
        assert!(noted >= trap.clipboard.uses().0, "{noted}");
    }
}

#[test]
fn clipboards_that_no_console_sends_end_the_session_and_what_is_none_is_not_put() {
    let rows: [(&str, Vec<u8>, Vec<u8>); 4] = [
        ("more text than may be", head(ClipKind::Text, ClipKind::Text.most_bytes() + 1), vec![]),
        ("four gigabytes of a picture", head(ClipKind::Picture, u32::MAX as usize), vec![0; 100]),
        ("nothing", head(ClipKind::Text, 0), vec![]),
        ("more than was announced", head(ClipKind::Text, 2), b"three".to_vec()),
    ];
    for (what, head, bytes) in rows {
        let trap = Trap::new();
        let mut catcher = trap.catcher();
        let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
        ask(&trap, &agent, &mut console, 1, Request::View, true);
        ask(&trap, &agent, &mut console, 2, Request::Clipboard, true);
        if let Some(mut sent) = send(&trap, &console, head, &bytes) {
            let _ = sent.finish();
        }
        super::console::ended(&trap, &agent, what, EndReason::ProtocolViolation);
        assert_eq!(trap.clipboard.uses(), (0, 0), "{what}");
    }
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    ask(&trap, &agent, &mut console, 2, Request::Clipboard, true);
    for (kind, bytes) in [(ClipKind::Text, &[0xFF, 0xFE][..]), (ClipKind::Picture, b"no picture")] {
        let mut sent = send(&trap, &console, head(kind, bytes.len()), bytes).unwrap();
        let _ = sent.finish();
        let refused = |message: &AgentToConsole| match message {
            AgentToConsole::ClipboardPut { problem } => Some(*problem),
            _ => None,
        };
        assert!(trap.run("the refusal", console.talk.expect(refused)).unwrap().is_some(), "{kind:?}");
    }
    assert_eq!(trap.clipboard.uses(), (0, 0));
}

/// The console waits for the person's clipboard.
fn fetching(trap: &Trap) -> (ConsoleHandle, FalseAgent) {
    let mut catcher = trap.catcher();
    let (console, mut agent) = meet_agent(trap, &mut catcher);
    grant(trap, &mut agent, RequestId(1), &Request::View);
    session(trap, &console, "viewing", |session| {
        session.powers.iter().any(|power| power.state == PowerState::Granted).then_some(())
    });
    console.send(ConsoleCommand::FetchClipboard);
    let asked = |message: &ConsoleToAgent| match message {
        ConsoleToAgent::Ask { request, what } => Some((*request, what.clone())),
        _ => None,
    };
    let (request, what) = trap.run("a question", agent.talk.expect(asked)).unwrap();
    assert_eq!(what.capability(), Capability::Clipboard);
    grant(trap, &mut agent, request, &what);
    let wanted = |message: &ConsoleToAgent| matches!(message, ConsoleToAgent::FetchClipboard).then_some(());
    trap.run("a wish", agent.talk.expect(wanted)).unwrap();
    (console, agent)
}

#[test]
fn clipboards_that_no_agent_sends_end_the_session_and_one_that_was_not_wanted_is_stopped() {
    let picture = b"\x89PNG\r\n\x1a\n".to_vec();
    let rows: [(&str, Vec<u8>, Vec<u8>); 4] = [
        ("more than may be", head(ClipKind::Picture, ClipKind::Picture.most_bytes() + 1), vec![]),
        ("half a letter", head(ClipKind::Text, 1), vec![0xC3]),
        ("a picture cut short", head(ClipKind::Picture, picture.len()), picture),
        ("more than was announced", head(ClipKind::Text, 2), b"three".to_vec()),
    ];
    for (what, head, bytes) in rows {
        let trap = Trap::new();
        let (console, agent) = fetching(&trap);
        let sent = trap.run(what, stream(&agent.channel, &[framed(&StreamKind::Clipboard), head], &bytes));
        if let Some(mut sent) = sent {
            let _ = sent.finish();
        }
        let reason = trap.console_shows(&console, what, |view| match &view.stage {
            Stage::Ended(end) => Some(end.reason),
            _ => None,
        });
        assert_eq!(reason, EndReason::ProtocolViolation, "{what}");
    }
    let trap = Trap::new();
    let (console, agent) = fetching(&trap);
    let whole = [framed(&StreamKind::Clipboard), head(ClipKind::Text, 4)];
    let mut sent = trap.run("the first", stream(&agent.channel, &whole, b"text")).unwrap();
    let _ = sent.finish();
    session(&trap, &console, "the first", |session| {
        (session.clipboard.state == ClipState::Fetched(ClipKind::Text)).then_some(())
    });
    let second = trap.run("a second", stream(&agent.channel, &whole, b"more")).unwrap();
    trap.run("the stop", second.stopped()).unwrap();
    session(&trap, &console, "one", |session| {
        session.clipboard.fetched.as_ref().filter(|(number, _)| *number == 1).map(|_| ())
    });
}
