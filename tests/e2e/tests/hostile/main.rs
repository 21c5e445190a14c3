//! Whole sessions with bad parties: a relay that cheats, a console and an agent without manners.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod agent;
mod clipboard;
mod console;
mod files;
mod keys;
mod machine;
mod relay;
mod shell;
mod weak;

use agent_core::AgentHandle;
use agent_core::view::{AgentCommand, Page};
use console_core::ConsoleHandle;
use console_core::view::{ConsoleCommand, NoticeKind, Stage};
use e2e::evil::Trap;
use proto::session::RequestId;

/// The key with its last symbol changed.
fn wrong(key: &str) -> String {
    let mut wrong = key.to_owned();
    let last = wrong.pop().unwrap();
    wrong.push(if last == '0' { '1' } else { '0' });
    wrong
}

/// A genuine pair in a session, the picture on the console.
fn pair_and_view(trap: &Trap, console: &ConsoleHandle) -> AgentHandle {
    console.send(ConsoleCommand::NewKey);
    let agent = trap.agent();
    agent.send(AgentCommand::SubmitKey(trap.key(console)));
    trap.agent_shows(&agent, "who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
    trap.welcome(&agent);
    answer(trap, &agent, 1, true);
    trap.console_shows(console, "a picture", |view| match &view.stage {
        Stage::Session(session) => (session.pictures > 0).then_some(()),
        _ => None,
    });
    agent
}

/// Waits until this question is open, and answers it.
fn answer(trap: &Trap, agent: &AgentHandle, id: u32, yes: bool) {
    let id = RequestId(id);
    trap.agent_shows(agent, "the question", |view| match &view.page {
        Page::Question(question) => (question.id == id).then_some(()),
        _ => None,
    });
    agent.send(AgentCommand::QuestionShown(id));
    agent.send(AgentCommand::Answer(id, yes));
}

/// Sends a line and waits until it is delivered.
fn chat(trap: &Trap, console: &ConsoleHandle, line: &str) {
    console.send(ConsoleCommand::SendChat(line.into()));
    trap.console_shows(console, "the delivered line", |view| match &view.stage {
        Stage::Session(session) => session.chat.iter().any(|shown| shown.text == line && shown.delivered).then_some(()),
        _ => None,
    });
}

/// Waits until the console has told this, and reads it away.
fn told(trap: &Trap, console: &ConsoleHandle, what: &str, kind: &NoticeKind) {
    let id = trap.console_shows(console, &format!("{what}: {kind:?}"), |view| {
        view.notices.iter().find(|notice| notice.kind == *kind).map(|notice| notice.id)
    });
    console.send(ConsoleCommand::DismissNotice(id));
    trap.console_shows(console, "no notice", |view| view.notices.is_empty().then_some(()));
}

/// Takes the key back, if there is one, and waits until nothing runs.
fn idle(trap: &Trap, console: &ConsoleHandle) {
    console.send(ConsoleCommand::CancelKey);
    trap.console_shows(console, "idleness", |view| matches!(view.stage, Stage::Idle).then_some(()));
}
