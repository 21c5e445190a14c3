//! Whole good sessions with every log written down: no key, no typed text, no chat, no content.
//!
//! A program of its own, because what collects logs is the process's.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use agent_core::LinkKind;
use agent_core::view::{AgentCommand, Page};
use console_core::view::{ConsoleCommand, TransferState};
use e2e::World;
use e2e::evil::contains;
use proto::Text;
use proto::input::{InputEvent, KeyUsage, Modifiers};
use std::fs;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Book(Arc<Mutex<Vec<u8>>>);

impl Write for Book {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A key whose secret no number in a log can look like.
fn telling_key(world: &World) -> String {
    loop {
        let key = world.new_key();
        if key[4..].chars().filter(|symbol| ('G'..='Z').contains(symbol)).count() >= 2 {
            return key;
        }
        world.console.send(ConsoleCommand::CancelKey);
        world.console_shows("idleness", |view| matches!(view.stage, console_core::view::Stage::Idle).then_some(()));
    }
}

#[test]
fn no_log_of_a_good_session_holds_a_key_or_content() {
    let book = Book::default();
    let writer = book.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .init();
    for kind in [LinkKind::Quic, LinkKind::Tls] {
        let world = World::start(kind);
        let key = telling_key(&world);
        world.agent.send(AgentCommand::SubmitKey(key.clone()));
        world.agent_shows("who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
        world.welcome(&world.agent);
        world.answer(true);
        world.session("a picture", |session| (session.pictures > 0).then_some(()));
        world.control();
        world.console.send(ConsoleCommand::Input(InputEvent::Text(Text::truncated("typed by the operator"))));
        let (usage, modifiers) = (KeyUsage(0x28), Modifiers::default());
        world.console.send(ConsoleCommand::Input(InputEvent::Key { usage, down: true, modifiers }));
        let record = world.injected.lock().unwrap()[0].clone();
        world.eventually("the typed text", || record.text() == "typed by the operator");
        world.console.send(ConsoleCommand::SendChat("said by the operator".into()));
        world.agent.send(AgentCommand::SendChat("said by the person".into()));
        world.session("both lines", |session| (session.chat.len() == 2).then_some(()));
        fs::write(world.path("private-name.txt"), "content of the file").unwrap();
        world.console.send(ConsoleCommand::send_file(world.path("private-name.txt")));
        world.answer(true);
        world.session("the file", |session| {
            session.transfers.first().filter(|file| file.state == TransferState::Done).map(|_| ())
        });
        world.agent.send(AgentCommand::End);
        world.agent.send(AgentCommand::SkipRating);
        world.agent_shows("the end", |view| match &view.page {
            Page::Ended(end) => end.removed.clone(),
            _ => None,
        });

        let log = book.0.lock().unwrap().clone();
        for expected in ["quinn_proto", "relay", "link opened"] {
            assert!(contains(&log, expected.as_bytes()), "the collector sees {expected}");
        }
        let lower = log.to_ascii_lowercase();
        let plain = key.replace(' ', "");
        let secrets = [
            &key,
            &plain,
            &plain[3..],
            "typed by the operator",
            "said by the operator",
            "said by the person",
            "content of the file",
            "private-name",
            identity::dev::SAMPLE_OPERATOR,
        ];
        for secret in secrets {
            assert!(!contains(&lower, secret.to_ascii_lowercase().as_bytes()), "{secret} is in a log");
        }
        book.0.lock().unwrap().clear();
    }
}
