//! Weaknesses that were found by attacking, and must not come back.

use crate::agent as false_agent;
use crate::console::{ask, decided, meet_and_be_recognised, say};
use crate::files::{ask_with, entry, fetch_one, granted, over, send_content, whole_file};
use agent_core::view::{AgentCommand, Page, QuestionKind, TransferState};
use e2e::evil::Trap;
use e2e::evil::ends::{framed, stream};
use pairing::SessionKey;
use proto::files::BatchItem;
use proto::session::{ConsoleToAgent, Request, RequestId, StreamKind, TransferFailure, TransferId};
use std::fs;

#[test]
fn an_agent_gives_a_false_console_three_guesses_per_run() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let agent = trap.agent();
    let guess = SessionKey::parse("K7M 0000").unwrap();
    for _ in 0..3 {
        agent.send(AgentCommand::SubmitKey("K7M 4QXP".into()));
        trap.run("a guess", async {
            let mut caught = catcher.next().await;
            assert!(caught.pair_as_console(&guess, b"leaf").await.is_none());
            caught.say(&proto::relay::RelayToEnd::NotFound).await;
        });
        trap.agent_shows(&agent, "the refusal", |view| {
            matches!(view.page, Page::EnterKey { problem: Some(_) }).then_some(())
        });
    }
    agent.send(AgentCommand::SubmitKey("K7M 4QXP".into()));
    let fourth = trap.runtime.block_on(async {
        tokio::time::timeout(std::time::Duration::from_secs(3), async {
            let mut caught = catcher.next().await;
            caught.pair_as_console(&guess, b"leaf").await.is_none()
        })
        .await
    });
    assert!(fourth.is_err(), "the agent confirmed a fourth time");
}

#[test]
fn what_is_on_the_disk_is_not_told_before_a_yes() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    fs::write(trap.path("home/there.txt"), "x").unwrap();
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    let mut asked = Vec::new();
    for (number, path) in [(2, "there.txt"), (3, "not-there.txt")] {
        let (what, list) = fetch_one(number, path);
        ask_with(&trap, &mut console, number, what, &list);
        // By now it was looked for.
        let id = RequestId(number);
        trap.agent_shows(&agent, "the question", |view| match &view.page {
            Page::Question(question) => (question.id == id).then_some(()),
            _ => None,
        });
        say(&trap, &mut console, &ConsoleToAgent::Withdraw { request: RequestId(number) });
        asked.push(decided(&trap, &mut console, number));
    }
    assert_eq!(asked[0], asked[1], "the console can tell which file is there");
}

#[test]
fn the_question_names_the_very_file() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    fs::create_dir(trap.path("home/holiday")).unwrap();
    fs::write(trap.path("home/key.pem"), "x").unwrap();
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    let (what, list) = fetch_one(2, "holiday/./././../key.pem");
    ask_with(&trap, &mut console, 2, what, &list);
    let names = trap.agent_shows(&agent, "the question", |view| match &view.page {
        Page::Question(question) => match &question.kind {
            QuestionKind::GiveFiles(files) => Some(files.names.clone()),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(names[..], [trap.path("home/key.pem").display().to_string()]);
}

#[test]
fn a_file_is_received_when_it_is_and_not_when_the_console_says_so() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (agent, mut console) = meet_and_be_recognised(&trap, &mut catcher);
    ask(&trap, &agent, &mut console, 1, Request::View, true);
    granted(&trap, &agent, &mut console, 2, &[entry("a.txt", BatchItem::File, 10)]);
    let (transfer, failure) = (TransferId(2), TransferFailure::Cancelled);
    say(&trap, &mut console, &ConsoleToAgent::ItemFailed { transfer, index: 0, failure });
    crate::console::ping(&trap, &mut console);
    let shown = |at: usize| agent.view().panel.unwrap().transfers[at].clone();
    assert_eq!((shown(0).state, shown(0).failed_files), (TransferState::Running, 0), "the console decides");
    send_content(&trap, &console, 2, &whole_file(0, &[7; 10]));
    assert_eq!(over(&trap, &mut console), 1);
    say(&trap, &mut console, &ConsoleToAgent::FileFailed { transfer, failure });
    crate::console::ping(&trap, &mut console);
    assert_eq!((shown(0).state, shown(0).done_files), (TransferState::Done, 1), "the console takes it back");
}

#[test]
fn a_console_keeps_pictures_of_announced_monitors_only() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let (console, mut agent) = false_agent::meet(&trap, &mut catcher);
    false_agent::grant(&trap, &mut agent, RequestId(1), &Request::View);
    let mut streams = Vec::new();
    for monitor in 0..50 {
        let heads = [framed(&StreamKind::Screen), false_agent::head(monitor, 64, 64)];
        streams.push(trap.run("a stream", stream(&agent.channel, &heads, &[])));
    }
    trap.run("a line", agent.chat(1, "x"));
    let over = trap.runtime.block_on(async {
        tokio::time::timeout(std::time::Duration::from_secs(2), agent.channel.connection().closed()).await
    });
    let kept = console.pictures().lock().monitors.len();
    assert!(kept == 0, "{kept} pictures of monitors that no layout named (session over: {})", over.is_ok());
}
