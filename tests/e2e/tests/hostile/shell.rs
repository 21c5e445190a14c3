//! Terminals in hostile hands: of an agent towards the console, and of a console towards the agent.

use super::agent::{grant, meet, meet_with, refused, session};
use super::console::{self, ask, decided, ping};
use agent_core::AgentHandle;
use agent_core::view::{AgentCommand, Page};
use audit_log::{Event, Hex, Opening};
use console_core::ConsoleHandle;
use console_core::view::{ConsoleCommand, ShellState};
use e2e::evil::Trap;
use e2e::evil::ends::{FalseAgent, FalseConsole, framed, stream};
use host::fake::FakeShells;
use proto::Blob;
use proto::limits::{SHELL_OUTPUT_BYTES, SHELL_WINDOW_BYTES};
use proto::session::{AgentToConsole, Capability, ConsoleToAgent, Decision, Request, RequestId, StreamKind};
use proto::shell::{ShellInput, ShellOutput, TerminalSize};
use std::sync::Arc;

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
fn no_output_makes_the_console_type_or_touch_the_clipboard() {
    let trap = Trap::new();
    let (console, agent, request) = terminal(&trap);
    let mut output = Vec::new();
    for _ in 0..5000 {
        output.extend(b"\x1b[c\x1b[>c\x1b[5n\x1b[6n\x1b[21t\x1b]52;c;cm0gLXJmIH4K\x07\x1b]52;c;?\x07\x1b]0;title\x07");
        output.extend(b"\x1b]10;?\x07\x1bP$qm\x1b\\\x1b[?1$p\x05\x1b]133;B\x07\x1b]133;C\x07\x1b[8;9999;9999t");
    }
    output.extend(b"\x1b[2J\x1b[Hstill here");
    let mut bytes = Vec::new();
    for piece in output.chunks(SHELL_OUTPUT_BYTES) {
        bytes.extend(framed(&ShellOutput::Bytes { length: u32::try_from(piece.len()).unwrap() }));
        bytes.extend(piece);
    }
    let head = framed(&StreamKind::Shell { request });
    let mut typed = trap.run("what is typed", agent.channel.connection().accept_uni()).unwrap();
    let _sent = trap.run("the output", stream(&agent.channel, &[head], &bytes)).unwrap();
    let shown = session(&trap, &console, "a terminal", |session| session.shell.terminal.clone());
    trap.eventually("what follows", || shown.text() == "still here");
    console.send(ConsoleCommand::TypeInShell(console_core::view::Typed("x".into())));
    // Its size, and what the operator typed: nothing else.
    let mut expected = framed(&StreamKind::Shell { request });
    expected.extend(framed(&ShellInput::Resize(TerminalSize::USUAL)));
    expected.extend(framed(&ShellInput::Bytes(Blob::new(b"x".to_vec()).unwrap())));
    let mut read = vec![0; expected.len()];
    trap.run("what is typed", typed.read_exact(&mut read)).unwrap();
    assert_eq!(read, expected);
    let clip = session(&trap, &console, "the clipboard", |session| Some(session.clipboard.clone()));
    assert_eq!(clip.fetched, None);
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

/// The console has a terminal, in which the test plays the shell.
fn opened(trap: &Trap) -> (AgentHandle, FalseConsole, FakeShells, channel::SendStream) {
    let mut catcher = trap.catcher();
    let shells = FakeShells::default();
    let agent = trap.agent_with(|config| config.platform.shells = Arc::new(shells.clone()));
    let mut console = console::greet(trap, &mut catcher, &agent);
    console::recognise(trap, &agent, &mut console);
    ask(trap, &agent, &mut console, 1, Request::View, true);
    ask(trap, &agent, &mut console, 2, Request::Shell, true);
    let head = framed(&StreamKind::Shell { request: RequestId(2) });
    let typing = trap.run("typing", stream(&console.channel, &[head], &[])).unwrap();
    (agent, console, shells, typing)
}

fn types(trap: &Trap, typing: &mut channel::SendStream, text: &[u8]) {
    let typed = framed(&ShellInput::Bytes(Blob::new(text.to_vec()).unwrap()));
    trap.run("typing", typing.write_all(&typed)).unwrap();
}

/// Waits until the log that the agent shares with the console says this.
fn logged(trap: &Trap, console: &mut FalseConsole, what: &str) {
    let says = |message: &AgentToConsole| match message {
        AgentToConsole::Log { line } => line.as_str().contains(what).then_some(()),
        _ => None,
    };
    trap.run(what, console.talk.expect(says)).unwrap();
}

fn taken_away(trap: &Trap, console: &mut FalseConsole, shells: &FakeShells) {
    let revoked = |message: &AgentToConsole| {
        matches!(message, AgentToConsole::Revoked { capability: Capability::Shell, .. }).then_some(())
    };
    trap.run("the end of the terminal", console.talk.expect(revoked)).unwrap();
    trap.eventually("the end of what runs there", || shells.ended() == 1);
}

#[test]
fn a_console_that_refuses_the_output_has_its_commands_written_down_and_loses_the_terminal() {
    let trap = Trap::new();
    let (_agent, mut console, shells, mut typing) = opened(&trap);
    let connection = console.channel.connection().clone();
    let refusing = trap.runtime.spawn(async move {
        // One of these is the terminal's.
        while let Ok(mut stream) = connection.accept_uni().await {
            let _ = stream.stop(0u32.into());
        }
    });
    types(&trap, &mut typing, b"steal\r");
    trap.eventually("what is typed", || shells.typed() == b"steal\r");
    shells.write(b"$ steal everything\r\n");
    logged(&trap, &mut console, "steal everything");
    trap.eventually("the end of what runs there", || {
        shells.write(b".");
        shells.ended() == 1
    });
    taken_away(&trap, &mut console, &shells);
    refusing.abort();
}

#[test]
fn what_was_entered_as_the_console_ended_the_session_is_counted_in_the_log() {
    let trap = Trap::new();
    let (_agent, mut console, shells, mut typing) = opened(&trap);
    types(&trap, &mut typing, b"steal >/dev/null\r");
    trap.eventually("what is typed", || shells.typed().ends_with(b"\r"));
    console::say(&trap, &mut console, &ConsoleToAgent::End);
    logged(&trap, &mut console, "unseen_lines");
}

#[test]
fn while_the_person_has_paused_nothing_is_typed_and_nothing_comes_out() {
    let trap = Trap::new();
    let (agent, mut console, shells, mut typing) = opened(&trap);
    agent.send(AgentCommand::Pause);
    let paused = |wanted: bool| {
        move |message: &AgentToConsole| match message {
            AgentToConsole::SharingPaused { paused, .. } => (*paused == wanted).then_some(()),
            _ => None,
        }
    };
    trap.run("the pause", console.talk.expect(paused(true))).unwrap();
    types(&trap, &mut typing, b"steal\r");
    // More than may wait to be read: when it is taken, what came before has been.
    let more = Blob::new(vec![b'x'; 1024]).unwrap();
    let more: Vec<u8> = framed(&ShellInput::Bytes(more)).repeat(4096);
    trap.run("typing", typing.write_all(&more)).unwrap();
    agent.send(AgentCommand::Resume);
    trap.run("the end of the pause", console.talk.expect(paused(false))).unwrap();
    types(&trap, &mut typing, b"allowed\r");
    trap.eventually("what is typed", || shells.typed().ends_with(b"allowed\r"));
    assert!(!shells.typed().starts_with(b"steal"), "nothing is typed later");
}

#[test]
fn what_is_typed_after_a_hidden_line_goes_to_nobody_else_also_where_the_program_is_slow_to_go_on() {
    let trap = Trap::new();
    let (_agent, _console, shells, mut typing) = opened(&trap);
    // The program has read its line, and shows only a moment later what is typed again.
    shells.hide_for(2);
    types(&trap, &mut typing, b"tulip\rtouch leaked\r");
    types(&trap, &mut typing, b"echo\r");
    trap.eventually("what is shown", || shells.typed().ends_with(b"echo\r"));
    assert_eq!(shells.typed(), b"tulip\recho\r");
    // Nobody reads this line.
    shells.get_stuck(true);
    shells.hide_for(usize::MAX);
    types(&trap, &mut typing, b"rose\rtouch leaked\r");
    trap.eventually("that the line is forgotten", || shells.forgotten() == 1);
    shells.hide_for(0);
    types(&trap, &mut typing, b"echo\r");
    trap.eventually("what is shown", || shells.typed().ends_with(b"rose\recho\r"));
}

#[test]
fn what_could_not_be_ended_stands_in_the_log_and_on_the_last_page() {
    let trap = Trap::new();
    let (agent, mut console, shells, _typing) = opened(&trap);
    shells.leave(2);
    agent.send(AgentCommand::Revoke(Capability::Shell));
    logged(&trap, &mut console, r#""what":"still_running","programs":2"#);
    console::say(&trap, &mut console, &ConsoleToAgent::End);
    trap.agent_shows(&agent, "what still runs", |view| match &view.page {
        Page::Ended(end) => (end.still_running == 2).then_some(()),
        _ => None,
    });
}

#[test]
fn another_terminal_is_asked_for_though_something_else_was_asked_while_the_last_closed() {
    let trap = Trap::new();
    let (agent, mut console, shells, _typing) = opened(&trap);
    shells.end_late(true);
    console::say(&trap, &mut console, &ConsoleToAgent::Release { capability: Capability::Shell });
    for (id, what) in [(3, Request::Shell), (4, Request::Control)] {
        console::say(&trap, &mut console, &ConsoleToAgent::Ask { request: RequestId(id), what });
    }
    crate::answer(&trap, &agent, 4, true);
    assert_eq!(decided(&trap, &mut console, 4), Decision::Granted);
    shells.end_late(false);
    crate::answer(&trap, &agent, 3, true);
    assert_eq!(decided(&trap, &mut console, 3), Decision::Granted);
    assert_eq!(shells.opened(), 2);
    // Its number is used then.
    console::say(&trap, &mut console, &ConsoleToAgent::Ask { request: RequestId(3), what: Request::SystemInfo });
    assert_eq!(decided(&trap, &mut console, 3), Decision::Impossible);
}

#[test]
fn a_console_that_reads_nothing_types_nothing_and_loses_the_terminal() {
    let trap = Trap::new();
    let (agent, mut console, shells, mut typing) = opened(&trap);
    let lines: String = (0..100_000).map(|number| format!("{number:014}\r\n")).collect();
    shells.write(lines.as_bytes());
    // Nobody says that anything was read: what waits is more than may be on its way.
    let waits = usize::try_from(SHELL_WINDOW_BYTES).unwrap() / 16 + 17 * SHELL_OUTPUT_BYTES / 16;
    trap.agent_shows(&agent, "the last that was read", |view| {
        let lines = view.panel.as_ref()?.shell.clone()?;
        lines.iter().any(|line| line.parse::<usize>().is_ok_and(|number| number >= waits)).then_some(())
    });
    types(&trap, &mut typing, b"steal\r");
    types(&trap, &mut typing, b"\x03");
    trap.eventually("what stops a program", || shells.typed() == b"\x03");
    taken_away(&trap, &mut console, &shells);
    assert_eq!(shells.typed(), b"\x03", "nothing is typed blind");
}

/// A process of its own, which keeps the shells of the test below.
#[test]
fn the_part_of_the_keeper() {
    host::keep_shell();
}

#[test]
fn a_console_that_floods_a_terminal_with_sizes_and_keys_does_not_hold_up_the_person() {
    const KEEPER: [&str; 3] = ["shell::the_part_of_the_keeper", "--exact", "--quiet"];
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let shells = host::ThisMachinesShells::new(trap.folder().to_owned()).kept_with(&KEEPER).running("/bin/sh".into());
    let agent = trap.agent_with(|config| config.platform.shells = Arc::new(shells));
    let mut console = console::greet(&trap, &mut catcher, &agent);
    console::recognise(&trap, &agent, &mut console);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    ask(&trap, &agent, &mut console, 2, Request::Shell, true);
    let size = |columns, rows| framed(&ShellInput::Resize(TerminalSize { columns, rows }));
    let types = |text: &[u8]| framed(&ShellInput::Bytes(Blob::new(text.to_vec()).unwrap()));
    let mut flood = vec![framed(&StreamKind::Shell { request: RequestId(2) })];
    for number in 0..2000_u16 {
        flood.extend([size(0, 0), size(u16::MAX, u16::MAX), size(number, 1), size(1, number)]);
    }
    // A program that reads nothing, and more keys than a terminal holds.
    flood.extend([size(80, 24), types(b"stty raw -echo; echo de''af; exec sleep 600\n")]);
    let typing = trap.run("sizes", stream(&console.channel, &flood, &[])).unwrap();
    trap.agent_shows(&agent, "a deaf program", |view| {
        let lines = view.panel.as_ref()?.shell.clone()?;
        lines.iter().any(|line| line.ends_with("deaf") && !line.contains("echo")).then_some(())
    });
    let mut typing = typing;
    let keys = types(&[b'x'; 1024]).repeat(100);
    // However much of it is taken: more than a terminal holds is on its way.
    let _ = trap.run("keys", async {
        tokio::time::timeout(std::time::Duration::from_millis(300), typing.write_all(&keys)).await
    });
    ping(&trap, &mut console);
    agent.send(AgentCommand::Revoke(Capability::Shell));
    trap.agent_shows(&agent, "nothing any more", |view| view.panel.as_ref()?.shell.is_none().then_some(()));
    ping(&trap, &mut console);
}
