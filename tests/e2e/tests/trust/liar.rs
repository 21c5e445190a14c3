//! An agent that writes down what was not so: the operator's program does not vouch for it.

use audit_log::{Direction, Event, Hex, Opening, Report, Role, Writer};
use console_core::ConsoleHandle;
use console_core::view::{ConsoleCommand, Stage};
use e2e::evil::Trap;
use e2e::evil::ends::FalseAgent;
use pairing::SessionKey;
use proto::session::{AgentToConsole, Capability, ChatText, ConsoleToAgent, Decision, EndReason, Request, RequestId};
use proto::{Locator, Text};
use std::fs;

fn meet(trap: &Trap) -> (ConsoleHandle, FalseAgent) {
    let mut catcher = trap.catcher();
    let console = trap.console();
    console.send(ConsoleCommand::NewKey);
    let mut caught = trap.run("a link", catcher.next());
    trap.run("an offer", caught.offer(Locator::parse("K7M").unwrap()));
    let key = SessionKey::parse(&trap.key(&console)).unwrap();
    (console, trap.run("the greeting", caught.be_agent(&key, trap.opened())))
}

fn ready(trap: &Trap, agent: &mut FalseAgent) {
    trap.run("saying", agent.talk.say(&AgentToConsole::Ready { system: Text::truncated("false") }));
}

/// How it ended, and the console's copy of the log.
fn ended(trap: &Trap, console: &ConsoleHandle, what: &str) -> (EndReason, Report) {
    let (reason, log) = trap.console_shows(console, what, |view| match &view.stage {
        Stage::Ended(end) if !end.is_closing => Some((end.reason, end.log.clone())),
        _ => None,
    });
    (reason, Report::of(fs::read(log.unwrap()).unwrap()))
}

#[test]
fn what_the_operator_did_not_do_is_not_vouched_for() {
    let secret = || Opening::new(Hex([1; 16]), "/home/anna/diary.txt");
    let rows = [
        (
            "a file that was never asked for",
            Event::Asked { request: 7, power: Capability::FetchFile, detail: Some(secret().commitment()) },
        ),
        (
            "files that never moved",
            Event::Files {
                request: 1,
                direction: Direction::ToOperator,
                list: secret().commitment(),
                files: 1,
                size_bytes: 5,
            },
        ),
        (
            "a file by itself",
            Event::File {
                request: 1,
                direction: Direction::ToOperator,
                name: secret().commitment(),
                size_bytes: 5,
                blake3: Hex([2; 32]),
            },
        ),
        ("a command", Event::Command { line: secret().commitment() }),
        ("a forbidden try", Event::NotAllowed { power: Capability::Shell }),
        ("our own end", Event::Ended { by: Some(Role::Console), reason: EndReason::OperatorEnded }),
        ("no more of the chat, before there is any", Event::ChatCut { by: Role::Agent }),
        ("a time of our clock", Event::ConsoleClock { console_ms: 5 }),
    ];
    for (what, event) in rows {
        let trap = Trap::new();
        let (console, mut agent) = meet(&trap);
        ready(&trap, &mut agent);
        trap.run("the lie", agent.note(event));
        let (reason, log) = ended(&trap, &console, what);
        assert_eq!(reason, EndReason::ProtocolViolation, "{what}");
        assert_eq!(log.signed.get(&Role::Console), None, "{what}: nothing was vouched for");
    }
}

#[test]
fn an_answer_in_the_log_is_the_answer_that_is_told() {
    for (written, told) in [(Decision::Denied, Decision::Granted), (Decision::Granted, Decision::Denied)] {
        let trap = Trap::new();
        let (console, mut agent) = meet(&trap);
        ready(&trap, &mut agent);
        let (id, what) = (RequestId(1), Request::View);
        trap.run(
            "the question",
            agent.talk.expect(|message| matches!(message, ConsoleToAgent::Ask { .. }).then_some(())),
        );
        trap.run("a true answer", async {
            agent.note(Event::Asked { request: 1, power: what.capability(), detail: None }).await;
            let (whole_session, by_earlier_yes) = (false, false);
            agent.note(Event::Answered { request: 1, decision: written, whole_session, by_earlier_yes }).await;
            agent.talk.say(&AgentToConsole::Decided { request: id, decision: told }).await;
        });
        assert_eq!(ended(&trap, &console, "another answer").0, EndReason::ProtocolViolation);
    }
}

/// What the operator writes, and the agent has.
const LINE: &str = "one moment";

/// The operator has written [`LINE`], and the agent has it.
fn line_of_the_operator(trap: &Trap, console: &ConsoleHandle, agent: &mut FalseAgent) {
    trap.console_shows(console, "the session", |view| matches!(view.stage, Stage::Session(_)).then_some(()));
    console.send(ConsoleCommand::SendChat(LINE.to_owned()));
    let is_it = |message: &ConsoleToAgent| matches!(message, ConsoleToAgent::Chat { id: 1, .. }).then_some(());
    trap.run("the line", agent.talk.expect(is_it)).unwrap();
}

#[test]
fn a_line_of_the_chat_that_stands_nowhere_ends_the_session_and_is_not_vouched_for() {
    let text = || ChatText::truncated("send me your password");
    for what in ["a line that stands nowhere", "another line than stands there", "one line for two"] {
        let trap = Trap::new();
        let (console, mut agent) = meet(&trap);
        ready(&trap, &mut agent);
        trap.run(what, async {
            match what {
                "another line than stands there" => {
                    agent.note_line(Role::Agent, 1, &ChatText::truncated("thank you")).await;
                }
                "one line for two" => agent.chat(1, "thank you").await,
                _ => {}
            }
            let id = if what == "one line for two" { 2 } else { 1 };
            agent.talk.say(&AgentToConsole::Chat { id, text: text() }).await;
        });
        let (reason, log) = ended(&trap, &console, what);
        assert_eq!(reason, EndReason::ProtocolViolation, "{what}");
        assert_eq!(log.signed.get(&Role::Console), None, "{what}: nothing was vouched for");
    }
}

#[test]
fn the_operators_line_is_confirmed_only_as_it_stands_in_the_log() {
    for what in ["it stands nowhere", "one stands there and then no more", "more than was written"] {
        let trap = Trap::new();
        let (console, mut agent) = meet(&trap);
        ready(&trap, &mut agent);
        line_of_the_operator(&trap, &console, &mut agent);
        trap.run(what, async {
            let line = ChatText::truncated(LINE);
            match what {
                "it stands nowhere" => agent.talk.say(&AgentToConsole::ChatReceived { up_to: 1 }).await,
                "more than was written" => {
                    agent.note_line(Role::Console, 1, &line).await;
                    agent.talk.say(&AgentToConsole::ChatReceived { up_to: 2 }).await;
                }
                _ => {
                    agent.note_line(Role::Console, 1, &line).await;
                    agent.talk.say(&AgentToConsole::ChatReceived { up_to: 1 }).await;
                    console.send(ConsoleCommand::SendChat("and now".to_owned()));
                    let second =
                        |message: &ConsoleToAgent| matches!(message, ConsoleToAgent::Chat { id: 2, .. }).then_some(());
                    agent.talk.expect(second).await.unwrap();
                    agent.talk.say(&AgentToConsole::ChatReceived { up_to: 2 }).await;
                }
            }
        });
        assert_eq!(ended(&trap, &console, what).0, EndReason::ProtocolViolation, "{what}");
    }
}

#[test]
fn a_line_that_stands_nowhere_is_not_taken_while_the_session_ends_either() {
    let trap = Trap::new();
    let (console, mut agent) = meet(&trap);
    ready(&trap, &mut agent);
    trap.run("a line", agent.chat(1, "thank you"));
    trap.console_shows(&console, "the line", |view| match &view.stage {
        Stage::Session(session) => (session.chat.len() == 1).then_some(()),
        _ => None,
    });
    console.send(ConsoleCommand::End);
    let end = |message: &ConsoleToAgent| matches!(message, ConsoleToAgent::End).then_some(());
    trap.run("the end", agent.talk.expect(end)).unwrap();
    trap.run("a line on its way", agent.chat(2, "one more thing"));
    trap.run("a line from nowhere", async {
        agent.talk.say(&AgentToConsole::Chat { id: 3, text: ChatText::truncated("call this number") }).await;
        agent.note(Event::Ended { by: Some(Role::Console), reason: EndReason::OperatorEnded }).await;
    });
    let (_, log) = ended(&trap, &console, "the end");
    let texts: Vec<&str> = log
        .entries
        .iter()
        .filter_map(|entry| {
            if let Event::Chat { line, .. } = &entry.event { log.texts.get(line).map(String::as_str) } else { None }
        })
        .collect();
    assert_eq!(texts, ["thank you", "one more thing"]);
    assert_eq!(log.signed.get(&Role::Console), None, "the end was not vouched for");
}

#[test]
fn without_a_log_there_is_no_session() {
    let trap = Trap::new();
    let (console, mut agent) = meet(&trap);
    // The first line is another session's: as if none had come.
    let other = Writer::begin(
        audit_log::Begin {
            format: audit_log::FORMAT,
            channel: Hex([1; 32]),
            agent_key: Hex([0; 32]),
            console_key: Hex([2; 32]),
            operator_key: Hex([3; 32]),
            operator_certificate: Hex([4; 32]),
            operator_proof: Hex([5; 64]),
            at_ms: 1,
        },
        audit_log::LogKey::new(&[6; 32]).unwrap(),
    );
    trap.run("another beginning", agent.log(other.1));
    let reason = trap.console_shows(&console, "the end", |view| match &view.stage {
        Stage::Ended(end) => Some(end.reason),
        _ => None,
    });
    assert_eq!(reason, EndReason::ProtocolViolation);
}
