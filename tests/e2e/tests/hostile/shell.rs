//! Terminals in hostile hands: of an agent towards the console, and of a console towards the agent.

use super::agent::{grant, meet, meet_with, refused, session};
use super::console::{self, ask, decided, ping};
use audit_log::{Event, Hex, Opening};
use console_core::ConsoleHandle;
use console_core::view::ShellState;
use e2e::evil::Trap;
use e2e::evil::ends::{FalseAgent, framed, stream};
use proto::Blob;
use proto::limits::SHELL_OUTPUT_BYTES;
use proto::session::{Capability, ConsoleToAgent, Decision, Request, RequestId, StreamKind};
use proto::shell::{ShellInput, ShellOutput, TerminalSize};

/// The console has a terminal.
fn terminal(trap: &Trap) -> (ConsoleHandle, FalseAgent, RequestId) {
    let (console, agent, request) = meet_with(trap, Capability::Shell, &Request::Shell);
    session(trap, &console, "a terminal", |session| (session.shell.state == ShellState::Open).then_some(()));
    (console, agent, request)
}

#[test]
fn output_that_no_agent_sends_ends_the_session() {
    let too_long = u32::try_from(SHELL_OUTPUT_BYTES + 1).unwrap();
    let rows: [(&str, Vec<u8>); 3] = [
        ("more than may come at a time", framed(&ShellOutput::Bytes { length: too_long })),
        ("four gigabytes", framed(&ShellOutput::Bytes { length: u32::MAX })),
        ("no message", vec![0xFF; 8]),
    ];
    for (what, bytes) in rows {
        let trap = Trap::new();
        let (console, agent, request) = terminal(&trap);
        let head = framed(&StreamKind::Shell { request });
        let _sent = trap.run(what, stream(&agent.channel, &[head], &bytes));
        refused(&trap, &console, what);
    }
}

#[test]
fn sequences_without_end_show_nothing_and_do_not_hide_what_follows() {
    let trap = Trap::new();
    let (console, agent, request) = terminal(&trap);
    let mut output = b"before \x1b]52;c;".to_vec();
    output.resize(2 * 1024 * 1024, b'A');
    output.extend(b"\x07\x1b[65535b\x1bP");
    output.resize(3 * 1024 * 1024, b'B');
    output.extend(b"\x1b\\after");
    let mut bytes = Vec::new();
    for piece in output.chunks(SHELL_OUTPUT_BYTES) {
        bytes.extend(framed(&ShellOutput::Bytes { length: u32::try_from(piece.len()).unwrap() }));
        bytes.extend(piece);
    }
    let head = framed(&StreamKind::Shell { request });
    let _sent = trap.run("the output", stream(&agent.channel, &[head], &bytes)).unwrap();
    let terminal = session(&trap, &console, "a terminal", |session| session.shell.terminal.clone());
    trap.eventually("what follows", || terminal.text() == "before after");
}

#[test]
fn a_terminal_that_was_not_asked_for_is_stopped_and_its_commands_are_not_vouched_for() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (console, mut agent) = meet(&trap, &mut catcher);
    grant(&trap, &mut agent, RequestId(1), &Request::View);
    let head = framed(&StreamKind::Shell { request: RequestId(9) });
    let unwanted = trap.run("a terminal", stream(&agent.channel, &[head], &[0; 100])).unwrap();
    trap.run("the stop", unwanted.stopped()).unwrap();
    let opening = Opening::new(Hex([9; 16]), "rm -rf ~");
    trap.run("the lie", agent.note(Event::Command { line: opening.commitment() }));
    refused(&trap, &console, "a command of nobody's");
}

#[test]
fn a_console_types_nothing_without_a_terminal() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = console::meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    let typing = [
        framed(&StreamKind::Shell { request: RequestId(2) }),
        framed(&ShellInput::Resize(TerminalSize { columns: 0, rows: 65535 })),
        framed(&ShellInput::Bytes(Blob::new(b"id\r".to_vec()).unwrap())),
    ];
    let early = trap.run("typing", stream(&console.channel, &typing, &[])).unwrap();
    trap.run("the stop", early.stopped()).unwrap();
    console::say(&trap, &mut console, &ConsoleToAgent::ShellReceived { request: RequestId(2), bytes: u64::MAX });
    ping(&trap, &mut console);
    // On a machine without terminals a yes opens none.
    console::say(&trap, &mut console, &ConsoleToAgent::Ask { request: RequestId(2), what: Request::Shell });
    crate::answer(&trap, &agent, 2, true);
    assert_eq!(decided(&trap, &mut console, 2), Decision::Impossible);
    trap.agent_shows(&agent, "no terminal", |view| view.panel.as_ref()?.shell.is_none().then_some(()));
}
