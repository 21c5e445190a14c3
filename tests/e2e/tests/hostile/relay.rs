//! The relay cheats: both ends refuse and say why, nothing is captured, nothing is learned.

use crate::{chat, idle, pair_and_view, told, wrong};
use agent_core::AgentHandle;
use agent_core::view::{AgentCommand, Failure, KeyProblem, Page};
use bytes::Bytes;
use console_core::view::{ConsoleCommand, NoticeKind, Stage};
use e2e::evil::{Sent, Trap, Trick, changing, forged_ticket, identity_of, opaque, other};
use pairing::{AgentPairing, ConsolePairing, Secret, SessionKey};
use proto::pairing::{P1, P2};
use proto::relay::{AttemptId, NodeName, OfferEnd, OfferId, OpaqueBytes, Refusal, RelayToEnd, SessionId, Side};
use proto::session::{CertificateProblem, EndReason};
use proto::{Locator, PROTOCOL_VERSION};
use rand::rngs::{OsRng, StdRng};
use rand::{Rng as _, SeedableRng as _};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

pub(crate) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub(crate) fn problem(problem: KeyProblem) -> Page {
    Page::EnterKey { problem: Some(problem) }
}

fn edit(body: &mut OpaqueBytes, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = body.as_slice().to_vec();
    change(&mut bytes);
    *body = opaque(bytes);
}

/// A pairing message of another pairing with another key.
pub(crate) fn foreign_p1() -> P1 {
    let key = SessionKey::parse("000 0000").unwrap();
    proto::decode(&AgentPairing::start(&key, "evil relay", b"certificate", &mut OsRng).unwrap().1).unwrap()
}

fn foreign_p2() -> P2 {
    let locator = Locator::parse("000").unwrap();
    let mut pairing =
        ConsolePairing::new(Secret::random(&mut OsRng), locator, OfferId([0; 16]), "evil relay", b"certificate");
    let p1 = proto::encode(&foreign_p1()).unwrap();
    let p2 = pairing.handle_joined(Instant::now(), AttemptId(1), &p1, &mut OsRng).unwrap();
    proto::decode(&p2).unwrap()
}

#[test]
fn whatever_is_changed_before_the_agents_confirmation_is_a_wrong_try_for_both() {
    type Change = fn(&mut RelayToEnd);
    let changes: [(&str, Change); 10] = [
        ("the agent's fingerprint", |message| {
            if let RelayToEnd::PeerJoined { p1, .. } = message {
                edit(p1, |bytes| bytes[40] ^= 1);
            }
        }),
        ("the agent's capabilities", |message| {
            if let RelayToEnd::PeerJoined { p1, .. } = message {
                edit(p1, |bytes| *bytes.last_mut().unwrap() ^= 1);
            }
        }),
        ("the agent's element", |message| {
            if let RelayToEnd::PeerJoined { p1, .. } = message {
                let mut changed: P1 = proto::decode(p1.as_slice()).unwrap();
                changed.pake = foreign_p1().pake;
                *p1 = opaque(proto::encode(&changed).unwrap());
            }
        }),
        ("all that the agent sent", |message| {
            if let RelayToEnd::PeerJoined { p1, .. } = message {
                *p1 = opaque(proto::encode(&foreign_p1()).unwrap());
            }
        }),
        ("the commitment", |message| {
            if let RelayToEnd::P2 { body } = message {
                edit(body, |bytes| *bytes.last_mut().unwrap() ^= 1);
            }
        }),
        ("the console's element", |message| {
            if let RelayToEnd::P2 { body } = message {
                let mut changed: P2 = proto::decode(body.as_slice()).unwrap();
                changed.pake = foreign_p2().pake;
                *body = opaque(proto::encode(&changed).unwrap());
            }
        }),
        ("the agent's confirmation", |message| {
            if let RelayToEnd::P3 { body, .. } = message {
                edit(body, |bytes| bytes[0] ^= 0x80);
            }
        }),
        ("a confirmation that is none", |message| {
            if let RelayToEnd::P3 { body, .. } = message {
                *body = opaque(vec![]);
            }
        }),
        ("the offer's number", |message| {
            if let RelayToEnd::Joined { offer, .. } = message {
                offer.0[7] ^= 4;
            }
        }),
        ("the attempt's number", |message| {
            if let RelayToEnd::Joined { attempt, .. } = message {
                attempt.0 += 1;
            }
        }),
    ];
    let trap = Trap::new();
    let (relay, console) = (trap.relay(), trap.console());
    for (what, change) in changes {
        relay.play(changing(move |_, message| change(message)));
        console.send(ConsoleCommand::NewKey);
        let agent = trap.agent();
        agent.send(AgentCommand::SubmitKey(trap.key(&console)));
        trap.agent_page(&agent, what, &problem(KeyProblem::WrongSecret { tries_left: 2 }));
        told(&trap, &console, what, &NoticeKind::WrongTry { tries_left: 2 });
        idle(&trap, &console);
    }
    assert_eq!(trap.desktop.captures(), 0);
}

#[test]
fn a_changed_confirmation_of_the_console_makes_no_session() {
    let trap = Trap::new();
    let (relay, console) = (trap.relay(), trap.console());
    relay.play(changing(|_, message| {
        if let RelayToEnd::P4 { body } = message {
            edit(body, |bytes| bytes[0] ^= 1);
        }
    }));
    console.send(ConsoleCommand::NewKey);
    let agent = trap.agent();
    agent.send(AgentCommand::SubmitKey(trap.key(&console)));
    trap.agent_shows(&agent, "the refusal", |view| {
        matches!(view.page, Page::EnterKey { problem: Some(_) }).then_some(())
    });
    told(&trap, &console, "nobody behind the key", &NoticeKind::ClientLost);
    assert_eq!(trap.desktop.captures(), 0);
}

#[test]
fn an_opening_that_does_not_open_the_commitment_makes_no_session() {
    let trap = Trap::new();
    let (relay, console) = (trap.relay(), trap.console());
    relay.play(changing(|_, message| {
        if let RelayToEnd::P4 { body } = message {
            edit(body, |bytes| *bytes.last_mut().unwrap() ^= 1);
        }
    }));
    console.send(ConsoleCommand::NewKey);
    let agent = trap.agent();
    agent.send(AgentCommand::SubmitKey(trap.key(&console)));
    trap.agent_shows(&agent, "the refusal", |view| {
        matches!(view.page, Page::EnterKey { problem: Some(_) }).then_some(())
    });
    assert_eq!(trap.desktop.captures(), 0);
}

/// Runs a pairing of its own with each end, with a guessed key.
fn man_in_the_middle(guess: &str) -> Trick {
    let key = SessionKey::parse(guess).unwrap();
    let mut joined = None;
    let mut as_agent = None;
    let mut p2_for_agent = None;
    Box::new(move |side, message| -> Vec<Sent> {
        match (side, message) {
            (_, RelayToEnd::Joined { offer, attempt, crl_number }) => {
                joined = Some((offer, attempt));
                vec![(None, RelayToEnd::Joined { offer, attempt, crl_number })]
            }
            (_, RelayToEnd::PeerJoined { attempt, p1 }) => {
                let (offer, _) = joined.unwrap();
                let (secret, locator) = (key.secret().clone(), key.locator());
                let mut as_console = ConsolePairing::new(secret, locator, offer, "evil relay", b"certificate");
                let p2 = as_console.handle_joined(Instant::now(), attempt, p1.as_slice(), &mut OsRng).unwrap();
                p2_for_agent = Some(opaque(p2));
                let (pairing, p1) = AgentPairing::start(&key, "evil relay", b"certificate", &mut OsRng).unwrap();
                as_agent = Some(pairing);
                vec![(None, RelayToEnd::PeerJoined { attempt, p1: opaque(p1) })]
            }
            (_, RelayToEnd::P2 { body }) => {
                let (offer, attempt) = joined.unwrap();
                let (_, p3) = as_agent.take().unwrap().handle_p2(offer, attempt, body.as_slice()).unwrap();
                let p2 = RelayToEnd::P2 { body: p2_for_agent.take().unwrap() };
                vec![(None, p2), (Some(Side::Console), RelayToEnd::P3 { attempt, body: opaque(p3) })]
            }
            // The agent's confirmation is for the pairing with the relay.
            (_, RelayToEnd::P3 { .. }) => vec![],
            (_, message) => vec![(None, message)],
        }
    })
}

#[test]
fn a_man_in_the_middle_who_guesses_is_seen_by_both_and_burns_the_key() {
    let trap = Trap::new();
    let (relay, console) = (trap.relay(), trap.console());
    console.send(ConsoleCommand::NewKey);
    let key = trap.key(&console);
    let agent = trap.agent();
    for left in [2, 1] {
        relay.play(man_in_the_middle(&wrong(&key)));
        agent.send(AgentCommand::SubmitKey(key.clone()));
        trap.agent_page(&agent, "a guess", &problem(KeyProblem::WrongSecret { tries_left: left }));
        told(&trap, &console, "a guess", &NoticeKind::WrongTry { tries_left: left });
    }
    relay.play(man_in_the_middle(&wrong(&key)));
    agent.send(AgentCommand::SubmitKey(key));
    trap.agent_page(&agent, "the last guess", &problem(KeyProblem::Burned));
    told(&trap, &console, "the last guess", &NoticeKind::KeyBurned);
    assert_eq!(trap.desktop.captures(), 0);
}

#[test]
fn a_relay_that_stole_the_key_is_still_no_operator() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let stranger = identity::dev::sample(&mut OsRng, now_s(), trap.opened().relay().clone()).unwrap();
    let key = SessionKey::parse("K7M 4QXP").unwrap();
    let agent = trap.agent();
    agent.send(AgentCommand::SubmitKey("K7M 4QXP".into()));
    let stranger = identity_of(&stranger);
    let _kept = trap.run("a channel", async {
        let mut caught = catcher.next().await;
        let paired = caught.pair_as_console(&key, stranger.chain[0].as_ref()).await.unwrap();
        let port = channel::Port::new();
        port.attach(caught.packets);
        // The console's side is done before the agent has judged; kept so that the agent can answer.
        (channel::connect(port, &paired, &stranger).await, caught.control)
    });
    trap.agent_page(
        &agent,
        "a stranger's operator",
        &Page::Failed(Failure::OperatorNotProven(CertificateProblem::NotFromThisOrganisation)),
    );
    assert_eq!(trap.desktop.captures(), 0);
}

#[test]
fn a_channel_that_is_not_bound_to_the_pairing_is_refused_by_the_agent() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let key = SessionKey::parse("K7M 4QXP").unwrap();
    let agent = trap.agent();
    agent.send(AgentCommand::SubmitKey("K7M 4QXP".into()));
    let _console = trap.run("a false proof", async {
        let (mut console, _) = catcher.next().await.connect_as_console(&key, &trap.console_identity()).await;
        let build = proto::Text::truncated("false");
        console
            .talk
            .say(&proto::session::ConsoleToAgent::Proof {
                proof: [1; 32],
                build,
                log_key: [0; 32],
                log_proof: proto::Blob::default(),
                revocations_bytes: 0,
            })
            .await;
        console
    });
    trap.agent_page(&agent, "a false proof", &Page::Failed(Failure::ProtocolBroken));
    assert_eq!(trap.desktop.captures(), 0);
}

#[test]
fn a_channel_that_is_not_bound_to_the_pairing_is_refused_by_the_console() {
    let trap = Trap::new();
    let mut catcher = trap.catcher();
    let console = trap.console();
    console.send(ConsoleCommand::NewKey);
    let mut caught = trap.run("a link", catcher.next());
    trap.run("an offer", caught.offer(Locator::parse("K7M").unwrap()));
    let key = SessionKey::parse(&trap.key(&console)).unwrap();
    let _agent = trap.run("a false proof", async {
        let (mut agent, _) = caught.connect_as_agent(&key, trap.opened()).await;
        let (build, language) = (proto::Text::truncated("false"), proto::Text::truncated("en"));
        agent.talk.say(&proto::session::AgentToConsole::Proof { proof: [1; 32], build, language }).await;
        agent
    });
    told(&trap, &console, "a false proof", &NoticeKind::ChannelNotProven);
}

fn paired() -> RelayToEnd {
    RelayToEnd::Paired { session: SessionId([1; 16]), ticket: forged_ticket() }
}

#[test]
fn an_agent_takes_no_message_out_of_place() {
    let node = || NodeName::truncated("x");
    let p4 = || RelayToEnd::P4 { body: opaque(vec![0; 64]) };
    let p2 = || RelayToEnd::P2 { body: opaque(vec![0; 66]) };
    let (offer, attempt) = (OfferId([0; 16]), AttemptId(1));
    let failed = Page::Failed;
    let rows: Vec<(Vec<RelayToEnd>, Page)> = vec![
        (vec![p4()], failed(Failure::ProtocolBroken)),
        (vec![paired(), p4()], failed(Failure::ProtocolBroken)),
        (vec![p2()], failed(Failure::ProtocolBroken)),
        (vec![RelayToEnd::P2 { body: opaque(vec![]) }], failed(Failure::ProtocolBroken)),
        (vec![RelayToEnd::Proved], failed(Failure::ProtocolBroken)),
        (vec![RelayToEnd::PeerGone { attempt }], failed(Failure::ProtocolBroken)),
        (vec![RelayToEnd::PeerJoined { attempt, p1: opaque(vec![]) }], failed(Failure::ProtocolBroken)),
        (vec![RelayToEnd::P3 { attempt, body: opaque(vec![]) }], failed(Failure::ProtocolBroken)),
        (vec![RelayToEnd::OfferEnded { end: OfferEnd::Burned }], failed(Failure::ProtocolBroken)),
        (vec![RelayToEnd::TryNode { node: node() }], failed(Failure::ProtocolBroken)),
        (vec![RelayToEnd::NeedWork { bits: 23, seed: [0; 32] }], failed(Failure::ProtocolBroken)),
        (vec![RelayToEnd::NeedWork { bits: 255, seed: [0; 32] }], failed(Failure::ProtocolBroken)),
        (vec![RelayToEnd::NeedWork { bits: 1, seed: [0; 32] }; 3], failed(Failure::ProtocolBroken)),
        (vec![RelayToEnd::Attached { ticket: forged_ticket(), peer_present: true }], failed(Failure::ProtocolBroken)),
        (vec![RelayToEnd::TicketRenewed { ticket: forged_ticket() }], failed(Failure::ProtocolBroken)),
        (vec![paired(), RelayToEnd::PeerLeft], failed(Failure::OperatorGone)),
        (
            vec![paired(), RelayToEnd::Joined { offer, attempt, crl_number: 0 }, RelayToEnd::PeerLeft],
            failed(Failure::OperatorGone),
        ),
        (vec![RelayToEnd::Refused { refusal: Refusal::Full }], failed(Failure::RelayBusy)),
        (vec![RelayToEnd::Refused { refusal: Refusal::Draining }], failed(Failure::RelayBusy)),
        (vec![RelayToEnd::Refused { refusal: Refusal::TimedOut }], failed(Failure::RelayUnreachable)),
        (vec![RelayToEnd::NotFound], problem(KeyProblem::NotFound)),
        (vec![RelayToEnd::Busy], problem(KeyProblem::Busy)),
        (vec![RelayToEnd::P4Fail { tries_left: 255 }], failed(Failure::OtherVersion)),
        (vec![RelayToEnd::P4Fail { tries_left: 0 }], failed(Failure::OtherVersion)),
    ];
    let trap = Trap::new();
    let (relay, console) = (trap.relay(), trap.console());
    for (messages, page) in rows {
        let what = format!("{messages:?}");
        let mut messages = Some(messages);
        relay.play(Box::new(move |_, message| match message {
            RelayToEnd::P2 { .. } => messages.take().into_iter().flatten().map(|message| (None, message)).collect(),
            other => vec![(None, other)],
        }));
        console.send(ConsoleCommand::NewKey);
        let agent = trap.agent();
        agent.send(AgentCommand::SubmitKey(trap.key(&console)));
        trap.agent_page(&agent, &what, &page);
        // Who never confirmed costs no try.
        let Stage::Waiting(key) = console.view().stage else { panic!("the key is gone after {what}") };
        assert_eq!(key.tries_left, 3);
        idle(&trap, &console);
    }
    assert_eq!(trap.desktop.captures(), 0);
}

#[test]
fn a_console_takes_no_message_out_of_place() {
    let (offer, attempt) = (OfferId([0; 16]), AttemptId(1));
    let locator = Locator::parse("000").unwrap();
    let ended = |end| RelayToEnd::OfferEnded { end };
    let refused = |refusal| RelayToEnd::Refused { refusal };
    let gone = NoticeKind::RelayUnreachable;
    let rows: Vec<(RelayToEnd, NoticeKind)> = vec![
        (paired(), gone.clone()),
        (RelayToEnd::P2 { body: opaque(vec![0; 66]) }, gone.clone()),
        (RelayToEnd::P4 { body: opaque(vec![0; 64]) }, gone.clone()),
        (RelayToEnd::P4Fail { tries_left: 0 }, gone.clone()),
        (RelayToEnd::Joined { offer, attempt, crl_number: 0 }, gone.clone()),
        (RelayToEnd::NotFound, gone.clone()),
        (RelayToEnd::ClaimFailed, gone.clone()),
        (RelayToEnd::Offered { offer, locator, expires_in_s: 600 }, gone.clone()),
        (RelayToEnd::Attached { ticket: forged_ticket(), peer_present: true }, gone.clone()),
        (RelayToEnd::TicketRenewed { ticket: forged_ticket() }, gone.clone()),
        (RelayToEnd::PeerLeft, gone.clone()),
        (ended(OfferEnd::Burned), NoticeKind::KeyBurned),
        (ended(OfferEnd::Expired), NoticeKind::KeyExpired),
        (ended(OfferEnd::Withdrawn), gone),
        (refused(Refusal::Full), NoticeKind::RelayFull),
        (refused(Refusal::Revoked), NoticeKind::CertificateRevoked),
        (refused(Refusal::CertificateTime), NoticeKind::CertificateTime),
        (refused(Refusal::Draining), NoticeKind::RelayFull),
    ];
    let trap = Trap::new();
    let (relay, console) = (trap.relay(), trap.console());
    for (message, kind) in rows {
        console.send(ConsoleCommand::NewKey);
        trap.key(&console);
        relay.say(Side::Console, message.clone());
        told(&trap, &console, &format!("{message:?}"), &kind);
        idle(&trap, &console);
    }
}

#[test]
fn joins_that_are_none_cost_no_try_and_hinder_nobody() {
    let trap = Trap::new();
    let (relay, console) = (trap.relay(), trap.console());
    console.send(ConsoleCommand::NewKey);
    let key = trap.key(&console);
    let p1 = |bytes: &[u8]| opaque(bytes.to_vec());
    let good = proto::encode(&foreign_p1()).unwrap();
    let other_version = [&[9], &good[1..]].concat();
    let bad_element = [&good[..4], &[0xFF; 32], &good[36..]].concat();
    for (number, bytes) in [&b""[..], &[0; 512], &good[..68], &other_version, &bad_element].iter().enumerate() {
        let attempt = AttemptId(100 + u32::try_from(number).unwrap());
        relay.say(Side::Console, RelayToEnd::PeerJoined { attempt, p1: p1(bytes) });
        relay.say(Side::Console, RelayToEnd::P3 { attempt, body: opaque(vec![0; 32]) });
        relay.say(Side::Console, RelayToEnd::PeerGone { attempt: AttemptId(7) });
    }
    let agent = trap.agent();
    agent.send(AgentCommand::SubmitKey(key));
    trap.agent_shows(&agent, "who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
    assert_eq!(console.view().notices, []);
}

#[test]
fn garbage_instead_of_control_messages_is_refused_at_once() {
    let frame = |body: &[u8]| {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[PROTOCOL_VERSION], &length[..], body].concat()
    };
    let mut trailing = proto::encode(&RelayToEnd::Proved).unwrap();
    trailing.push(0);
    let rows: [(&str, Vec<u8>); 9] = [
        ("nothing", vec![]),
        ("another version", vec![PROTOCOL_VERSION + 1, 0, 1, 0]),
        ("the longest length", vec![PROTOCOL_VERSION, 0xFF, 0xFF]),
        ("one more than allowed", [&[PROTOCOL_VERSION, 4, 1], &[0; 1025][..]].concat()),
        ("an empty message", frame(&[])),
        ("no such message", frame(&[250])),
        ("a length inside", frame(&[0, 253, 255, 255, 255, 255, 255, 255, 255, 255])),
        ("bytes left over", frame(&trailing)),
        ("zeros", vec![PROTOCOL_VERSION; 100_000]),
    ];
    for (what, bytes) in rows {
        let trap = Trap::new();
        trap.answer_with(bytes);
        let (agent, console) = (trap.agent(), trap.console());
        agent.send(AgentCommand::SubmitKey("K7M 4QXP".into()));
        console.send(ConsoleCommand::NewKey);
        trap.agent_page(&agent, what, &Page::Failed(Failure::RelayUnreachable));
        told(&trap, &console, what, &NoticeKind::RelayUnreachable);
    }
}

/// The lines that the person sees, once there are so many: the console knows of their arrival before.
fn said(trap: &Trap, agent: &AgentHandle, lines: usize) -> Vec<String> {
    trap.agent_shows(agent, "the lines", |view| {
        let chat = &view.panel.as_ref()?.chat;
        (chat.len() >= lines).then(|| chat.iter().map(|line| line.text.clone()).collect())
    })
}

#[test]
fn packets_that_are_changed_lost_repeated_and_thrown_back_are_mere_loss() {
    let trap = Trap::new();
    let (relay, console) = (trap.relay(), trap.console());
    let mut rng = StdRng::seed_from_u64(20);
    let mut held: Option<(Side, Bytes)> = None;
    relay.play_with_packets(Box::new(move |from, packet| {
        let to = other(from);
        let mut changed = packet.to_vec();
        let at = rng.gen_range(0..changed.len());
        let mut out = match rng.gen_range(0..100) {
            0..3 => vec![],
            3..6 => {
                changed[at] ^= 1 << rng.gen_range(0..8);
                vec![(to, changed.into())]
            }
            6..8 => {
                changed.truncate(at);
                vec![(to, changed.into()), (to, packet)]
            }
            8..11 => vec![(to, packet.clone()), (to, packet.clone()), (from, packet)],
            11..14 => vec![(to, rng.r#gen::<[u8; 32]>().to_vec().into()), (to, packet)],
            14..18 if held.is_none() => {
                held = Some((to, packet));
                vec![]
            }
            _ => vec![(to, packet)],
        };
        out.extend(held.take_if(|_| rng.gen_range(0..4) == 0));
        out
    }));
    let agent = pair_and_view(&trap, &console);
    for line in 0..20 {
        chat(&trap, &console, &format!("line {line}"));
    }
    let lines = said(&trap, &agent, 20);
    assert_eq!(lines, (0..20).map(|line| format!("line {line}")).collect::<Vec<_>>());
}

#[test]
fn packets_of_an_older_session_do_nothing_in_a_newer_one() {
    let trap = Trap::new();
    let (relay, console) = (trap.relay(), trap.console());
    let first = pair_and_view(&trap, &console);
    first.send(AgentCommand::End);
    trap.console_shows(&console, "the end", |view| matches!(view.stage, Stage::Ended(_)).then_some(()));
    let older = relay.packets();
    let second = pair_and_view(&trap, &console);
    let newer = relay.packets();
    for (from, packet) in older.into_iter().chain(newer) {
        relay.inject(other(from), packet.clone());
        relay.inject(from, packet);
    }
    chat(&trap, &console, "still here");
    assert_eq!(said(&trap, &second, 1), ["still here"]);
    assert!(second.view().panel.unwrap().grants.iter().filter(|grant| grant.granted).count() == 1);
}

#[test]
fn what_the_relay_says_during_a_session_ends_no_session() {
    let trap = Trap::new();
    let (relay, console) = (trap.relay(), trap.console());
    let agent = pair_and_view(&trap, &console);
    let attempt = AttemptId(1);
    let messages = [
        RelayToEnd::PeerLeft,
        RelayToEnd::PeerPresence { present: false },
        RelayToEnd::OfferEnded { end: OfferEnd::Burned },
        paired(),
        RelayToEnd::P2 { body: opaque(vec![0; 66]) },
        RelayToEnd::P4 { body: opaque(vec![0; 64]) },
        RelayToEnd::P4Fail { tries_left: 0 },
        RelayToEnd::P3 { attempt, body: opaque(vec![]) },
        RelayToEnd::PeerGone { attempt },
        RelayToEnd::NotFound,
        RelayToEnd::ClaimFailed,
    ];
    for message in messages {
        relay.say(Side::Console, message.clone());
        relay.say(Side::Agent, message);
    }
    chat(&trap, &console, "still here");
    agent.send(AgentCommand::End);
    let end = trap.console_shows(&console, "the end", |view| match &view.stage {
        Stage::Ended(end) => Some(end.reason),
        _ => None,
    });
    assert_eq!(end, EndReason::ClientEnded);
}
