//! Session keys under a relay that cheats: what it learns, and who gets in when.

use crate::relay::{foreign_p1, now_s, problem};
use crate::{chat, idle, pair_and_view, told, wrong};
use agent_core::view::{AgentCommand, KeyProblem, Page};
use console_core::view::{ConsoleCommand, NoticeKind, Stage};
use e2e::evil::{Trap, changing, opaque};
use link::{Choice, LinkKind, Trust};
use pairing::SessionKey;
use proto::Locator;
use proto::relay::{EndToRelay, RelayToEnd, Side};
use std::time::{Duration, Instant};

#[test]
fn the_relay_learns_no_secret_name_or_content() {
    let trap = Trap::new();
    let (relay, console) = (trap.relay(), trap.console());
    let agent = pair_and_view(&trap, &console);
    chat(&trap, &console, "the pension letter");
    agent.send(AgentCommand::SendChat("which letter?".into()));
    trap.console_shows(&console, "the answer", |view| match &view.stage {
        Stage::Session(session) => (session.chat.len() == 2).then_some(()),
        _ => None,
    });
    assert!(!relay.packets().is_empty() && relay.saw_message_with(b"ponte"), "the search finds what is there");
    for text in ["the pension letter", "which letter?", "Test system", identity::dev::SAMPLE_OPERATOR] {
        assert!(!relay.saw(text.as_bytes()), "{text} was seen");
    }
    assert!(!relay.saw(&trap.organisation.operator_chain[0]), "the certificate is in the proof alone");
}

#[test]
fn the_secret_half_of_a_key_is_in_no_message() {
    let trap = Trap::new();
    let (relay, console) = (trap.relay(), trap.console());
    for round in 0..6 {
        console.send(ConsoleCommand::NewKey);
        let key = trap.key(&console);
        let agent = trap.agent();
        let typed = if round % 2 == 0 { key.clone() } else { wrong(&key) };
        agent.send(AgentCommand::SubmitKey(typed.clone()));
        if round % 2 == 0 {
            trap.agent_shows(&agent, "who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
        } else {
            trap.agent_page(&agent, "a wrong one", &problem(KeyProblem::WrongSecret { tries_left: 2 }));
        }
        for key in [key, typed] {
            let plain = key.replace(' ', "");
            let (grouped, secret) = (key.as_bytes(), &plain.as_bytes()[3..]);
            for form in [grouped, plain.as_bytes()] {
                assert!(!relay.saw(form) && !relay.saw(&form.to_ascii_lowercase()));
            }
            assert!(!relay.saw_message_with(secret) && !relay.saw_message_with(&secret.to_ascii_lowercase()));
        }
        drop(agent);
        console.send(ConsoleCommand::End);
        trap.console_shows(&console, "the end", |view| match view.stage {
            Stage::Session(_) | Stage::Joining => None,
            _ => Some(()),
        });
        console.send(ConsoleCommand::CloseEnded);
        idle(&trap, &console);
    }
}

#[test]
fn who_scans_keys_sees_a_commitment_and_no_operator() {
    let trap = Trap::new();
    let (relay, console) = (trap.relay(), trap.console());
    console.send(ConsoleCommand::NewKey);
    let agent = trap.agent();
    agent.send(AgentCommand::SubmitKey(wrong(&trap.key(&console))));
    trap.agent_page(&agent, "a wrong key", &problem(KeyProblem::WrongSecret { tries_left: 2 }));
    let operator = identity::verify_operator(&trap.opened(), &trap.console_identity().chain, None, now_s()).unwrap();
    assert_eq!(operator.name, identity::dev::SAMPLE_OPERATOR);
    for secret in
        [operator.name.as_bytes(), &operator.leaf_sha256, &operator.public_key, operator.organisation.as_bytes()]
    {
        assert!(!relay.told(Side::Agent, secret) && !relay.saw(secret));
    }
    assert_eq!(relay.proofs(), 1, "the console proves itself once to the relay");
}

#[test]
fn three_who_stall_do_not_keep_the_right_one_out() {
    let trap = Trap::new();
    let (_relay, console) = (trap.relay(), trap.console());
    console.send(ConsoleCommand::NewKey);
    let key = trap.key(&console);
    let locator = SessionKey::parse(&key).unwrap().locator();
    let organisation = trap.opened();
    let node = &organisation.relay().nodes[0];
    let address = link::RelayAddress { name: "evil relay".into(), host: node.host.clone(), port: node.port };
    let trust = Trust::Pin(organisation.relay().pin.unwrap());
    let p1 = opaque(proto::encode(&foreign_p1()).unwrap());
    let _stallers = trap.run("three joins", async {
        let mut stallers = Vec::new();
        for _ in 0..3 {
            let mut link = link::connect(&address, &trust, Choice::Only(LinkKind::Quic), "staller").await.unwrap();
            link.control.send(&EndToRelay::Join { locator, p1: p1.clone(), work: None }).await.unwrap();
            while !matches!(link.control.recv().await.unwrap(), RelayToEnd::P2 { .. }) {}
            stallers.push(link);
        }
        stallers
    });
    let agent = trap.agent();
    agent.send(AgentCommand::SubmitKey(key));
    trap.agent_shows(&agent, "who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
    assert_eq!(console.view().notices, [], "who sends no confirmation costs no try");
}

#[test]
fn of_two_agents_with_one_key_exactly_one_gets_a_session() {
    let trap = Trap::new();
    let (_relay, console) = (trap.relay(), trap.console());
    console.send(ConsoleCommand::NewKey);
    let key = trap.key(&console);
    let agents = [trap.agent(), trap.agent()];
    for agent in &agents {
        agent.send(AgentCommand::SubmitKey(key.clone()));
    }
    let mut met = 0;
    for agent in &agents {
        met += trap.agent_shows(agent, "an outcome", |view| match &view.page {
            Page::WhoAsks { .. } => Some(1),
            Page::EnterKey { problem: Some(problem) } => {
                assert_eq!(*problem, KeyProblem::NotFound);
                Some(0)
            }
            _ => None,
        });
    }
    assert_eq!(met, 1);
}

#[test]
fn an_expired_key_is_told_to_the_operator_and_is_no_key_any_more() {
    let trap = Trap::new();
    let (relay, console) = (trap.relay(), trap.console());
    console.send(ConsoleCommand::NewKey);
    let key = trap.key(&console);
    relay.skip(Duration::from_secs(601));
    told(&trap, &console, "ten minutes later", &NoticeKind::KeyExpired);
    let agent = trap.agent();
    agent.send(AgentCommand::SubmitKey(key));
    trap.agent_page(&agent, "an expired key", &problem(KeyProblem::NotFound));
}

#[test]
fn a_key_that_the_relay_never_lets_expire_ends_at_the_console() {
    let trap = Trap::new();
    let (relay, console) = (trap.relay(), trap.console());
    relay.play(changing(|_, message| {
        if let RelayToEnd::Offered { expires_in_s, .. } = message {
            *expires_in_s = u32::MAX;
        }
    }));
    console.send(ConsoleCommand::NewKey);
    let expires_at = trap.console_shows(&console, "a key", |view| match &view.stage {
        Stage::Waiting(key) => Some(key.expires_at),
        _ => None,
    });
    assert!(expires_at <= Instant::now() + Duration::from_secs(600));
    idle(&trap, &console);
    relay.play(changing(|_, message| {
        if let RelayToEnd::Offered { expires_in_s, .. } = message {
            *expires_in_s = 0;
        }
    }));
    console.send(ConsoleCommand::NewKey);
    told(&trap, &console, "a key of no time", &NoticeKind::KeyExpired);
}

#[test]
fn a_relay_that_renames_the_locator_keeps_the_ends_apart() {
    let trap = Trap::new();
    let (relay, console) = (trap.relay(), trap.console());
    relay.play(changing(|_, message| {
        if let RelayToEnd::Offered { locator, .. } = message {
            *locator = Locator::from_number(locator.number() ^ 1).unwrap();
        }
    }));
    console.send(ConsoleCommand::NewKey);
    let shown = trap.key(&console);
    let true_locator = Locator::from_number(SessionKey::parse(&shown).unwrap().locator().number() ^ 1).unwrap();
    let agent = trap.agent();
    agent.send(AgentCommand::SubmitKey(format!("{true_locator} {}", &shown[4..])));
    trap.agent_page(&agent, "another locator", &problem(KeyProblem::WrongSecret { tries_left: 2 }));
    agent.send(AgentCommand::SubmitKey(shown));
    trap.agent_page(&agent, "an unknown locator", &problem(KeyProblem::NotFound));
}
