//! Revocation lists: their numbers, their parts, and the end of everything of a revoked operator; hours at
//! the offer.

use crate::world::{CLUSTER, OPERATOR, World};
use proto::relay::*;
use relay_core::{ClusterKey, LinkId, List, OperatorProof, Output, limits};
use std::collections::HashSet;
use std::time::Duration;

const OTHER: [u8; 32] = [9; 32];

fn list(number: u64, since_s: u64) -> List {
    List { number, since_s }
}

fn fetch(world: &mut World, link: LinkId, from: u32) -> Option<Output> {
    world.outputs.clear();
    world.send(link, EndToRelay::FetchRevocations { from });
    world.outputs.pop()
}

#[test]
fn an_agent_hears_the_number_of_the_list_of_the_organisation_that_helps_it() {
    let mut world = World::with_lists(vec![list(7, 0), list(300, 0), List::default()]);
    let joined = |world: &mut World, organisation: usize| {
        let console = world.console_from(organisation, [u8::try_from(organisation).unwrap() + 1; 32]);
        let locator = world.offer(console);
        let agent = world.greeted("198.51.100.1");
        world.join(agent, locator);
        match world.heard(agent)[..] {
            [RelayToEnd::Joined { crl_number, .. }] => crl_number,
            ref other => panic!("{other:?}"),
        }
    };
    assert_eq!([0, 1, 2].map(|organisation| joined(&mut world, organisation)), [7, 300, 0]);
    world.list(0, 8);
    world.list(2, 1);
    assert_eq!([0, 1, 2].map(|organisation| joined(&mut world, organisation)), [8, 300, 1]);
}

#[test]
fn a_welcome_names_the_highest_number_of_all() {
    let mut world = World::with_lists(vec![list(7, 0), List::default()]);
    let welcome = |world: &mut World| {
        let link = world.link_from("192.0.2.1");
        world.send(link, EndToRelay::Hello { build: proto::Text::default() });
        match world.heard(link)[..] {
            [RelayToEnd::Welcome { crl_number, .. }] => crl_number,
            ref other => panic!("{other:?}"),
        }
    };
    assert_eq!(welcome(&mut world), 7);
    world.list(1, 9);
    assert_eq!(welcome(&mut world), 9);
}

#[test]
fn a_list_is_only_for_those_who_have_proven_themselves() {
    let mut world = World::with_lists(vec![list(1, 0), list(2, 0)]);
    let console = world.console_from(1, OPERATOR);
    let parts = Some(Output::SendRevocations { link: console, organisation: 1, from: 900 });
    assert_eq!(fetch(&mut world, console, 900), parts);
    world.offer(console);
    assert_eq!(fetch(&mut world, console, 900), parts, "while an offer waits");

    let (paired, ..) = world.pair();
    let parts = Some(Output::SendRevocations { link: paired, organisation: 0, from: 0 });
    assert_eq!(fetch(&mut world, paired, 0), parts, "in a session");

    let (.., agent, _) = world.pair_with("198.51.100.2");
    let greeted = world.greeted("192.0.2.3");
    let fresh = world.link_from("192.0.2.4");
    for nobody in [agent, greeted, fresh] {
        world.send(nobody, EndToRelay::FetchRevocations { from: 0 });
        assert_eq!(world.heard(nobody), [RelayToEnd::Refused { refusal: Refusal::Unexpected }]);
        assert!(world.closed(nobody));
    }
}

#[test]
fn the_longest_list_can_be_fetched_twice_at_once_beside_other_messages() {
    let longest = u32::try_from(proto::limits::REVOCATIONS_BYTES.div_ceil(proto::limits::REVOCATIONS_PART_BYTES));
    let twice = 2 * longest.unwrap();
    let mut world = World::new();
    let console = world.console();
    for _ in 0..twice {
        assert!(matches!(fetch(&mut world, console, 0), Some(Output::SendRevocations { .. })));
    }
    world.offer(console);
    world.pass(limits::REVOCATION_WINDOW);
    for _ in 0..twice {
        assert!(matches!(fetch(&mut world, console, 0), Some(Output::SendRevocations { .. })));
    }
    world.send(console, EndToRelay::FetchRevocations { from: 0 });
    assert_eq!(world.heard(console), [RelayToEnd::Refused { refusal: Refusal::TooMany }]);
}

#[test]
fn who_may_not_work_any_more_is_refused_at_the_offer() {
    for refusal in [Refusal::OutsideHours, Refusal::CertificateTime] {
        let mut world = World::new();
        let console = world.console();
        world.offer(console);
        world.check = Err(refusal);
        world.send(console, EndToRelay::Offer);
        let end = RelayToEnd::OfferEnded { end: OfferEnd::Withdrawn };
        assert_eq!(world.heard(console), [end, RelayToEnd::Refused { refusal }]);
        assert!(world.closed(console));
        assert_eq!(world.core.offers(), 0);
    }
}

#[test]
fn a_look_that_nobody_asked_for_makes_no_offer() {
    let mut world = World::new();
    let console = world.console();
    world.core.handle_checked(world.now, console, Ok(()));
    assert_eq!(world.core.offers(), 0);
    assert_eq!(world.core.poll_output(), None);
    // Asked for, and withdrawn before the answer.
    world.core.handle_message(world.now, console, EndToRelay::Offer);
    world.core.handle_message(world.now, console, EndToRelay::Leave);
    world.core.handle_checked(world.now, console, Ok(()));
    assert_eq!(world.core.offers(), 0);
}

#[test]
fn everything_of_a_revoked_operator_ends_and_nothing_of_another() {
    let mut world = World::new();
    let (console, of_console, agent, of_agent) = world.pair();
    let idle = world.console();
    let (offering, locator) = world.offering_console();
    let joining = world.greeted("198.51.100.2");
    world.join(joining, locator);
    let other = world.console_of(OTHER);
    world.offer(other);
    for link in [console, agent, joining, other] {
        world.heard(link);
    }

    world.revoke(OPERATOR);
    for link in [console, idle, offering] {
        assert!(world.heard(link).contains(&RelayToEnd::Refused { refusal: Refusal::Revoked }));
        assert!(world.closed(link));
    }
    assert_eq!(world.heard(agent), [RelayToEnd::PeerLeft]);
    assert!(world.joined.is_empty());
    assert_eq!((world.core.sessions(), world.core.offers()), (0, 1));
    assert_eq!(world.core.operators(), HashSet::from([OTHER]));
    // As if the key had never been.
    assert_eq!(world.heard(joining), []);
    world.pass(limits::NOT_FOUND_DELAY);
    assert_eq!(world.heard(joining), [RelayToEnd::NotFound]);
    assert_eq!(world.heard(other), []);

    for ticket in [of_console, of_agent] {
        let link = world.greeted("203.0.113.7");
        world.send(link, EndToRelay::Attach { ticket });
        assert_eq!(world.heard(link), [RelayToEnd::Refused { refusal: Refusal::BadTicket }]);
    }
}

#[test]
fn the_session_of_a_revoked_operator_ends_whoever_is_away() {
    for console_is_away in [true, false] {
        let mut world = World::new();
        let (console, of_console, agent, _) = world.pair();
        let (away, here) = if console_is_away { (console, agent) } else { (agent, console) };
        world.close(away);
        world.heard(here);
        world.revoke(OPERATOR);
        let told =
            if console_is_away { RelayToEnd::PeerLeft } else { RelayToEnd::Refused { refusal: Refusal::Revoked } };
        assert_eq!(world.heard(here), [told]);
        let back = world.greeted("203.0.113.7");
        world.send(back, EndToRelay::Attach { ticket: of_console });
        assert_eq!(world.heard(back), [RelayToEnd::Refused { refusal: Refusal::BadTicket }]);
    }
}

/// Tickets of a session of [`OPERATOR`], made at the beginning of the clock.
fn tickets(now_s: u64) -> [Ticket; 2] {
    let made = |side| {
        let expires_at_s = now_s + limits::TICKET.as_secs();
        ClusterKey::new(&CLUSTER).issue(SessionId([3; 16]), side, OPERATOR, expires_at_s)
    };
    [made(Side::Console), made(Side::Agent)]
}

const BEGIN_S: u64 = 1_800_000_000;

#[test]
fn a_node_that_was_started_again_with_another_list_wants_a_proof_with_the_consoles_ticket() {
    for (since_s, holds) in [(0, true), (BEGIN_S - 1, true), (BEGIN_S, false), (BEGIN_S + 5, false)] {
        for proven in [false, true] {
            let mut world = World::with_lists(vec![list(4, 0), list(9, since_s)]);
            let [of_console, of_agent] = tickets(BEGIN_S);
            // The agent comes first: that makes the session known, not its operator.
            let agent = world.greeted("198.51.100.1");
            world.send(agent, EndToRelay::Attach { ticket: of_agent });
            assert!(matches!(world.heard(agent)[..], [RelayToEnd::Attached { .. }]));
            let console = world.greeted("203.0.113.7");
            if proven {
                world.prove(console, Ok(OperatorProof { sha256: OPERATOR, organisation: 0 }));
                world.heard(console);
            }
            world.send(console, EndToRelay::Attach { ticket: of_console });
            let attached = matches!(world.heard(console)[0], RelayToEnd::Attached { .. });
            assert_eq!(attached, holds || proven, "{since_s} {proven}");
        }
    }
}

#[test]
fn a_console_that_came_back_with_its_ticket_alone_must_prove_itself_once_there_is_a_new_list() {
    for proven in [false, true] {
        let mut world = World::new();
        let [of_console, of_agent] = tickets(BEGIN_S);
        let agent = world.greeted("198.51.100.1");
        world.send(agent, EndToRelay::Attach { ticket: of_agent });
        let console = world.greeted("203.0.113.7");
        if proven {
            world.prove(console, Ok(OperatorProof { sha256: OPERATOR, organisation: 0 }));
        }
        world.send(console, EndToRelay::Attach { ticket: of_console.clone() });
        world.heard(agent);
        world.pass(Duration::from_secs(1));
        assert_eq!(world.list(0, 1), BEGIN_S + 1);
        assert_eq!(world.closed(console), !proven);
        if proven {
            continue;
        }
        assert_eq!(world.heard(agent), [RelayToEnd::PeerPresence { present: false }]);
        let again = world.greeted("203.0.113.7");
        world.send(again, EndToRelay::Attach { ticket: of_console.clone() });
        assert_eq!(world.heard(again), [RelayToEnd::Refused { refusal: Refusal::BadTicket }]);
        let again = world.greeted("203.0.113.7");
        world.prove(again, Ok(OperatorProof { sha256: OPERATOR, organisation: 0 }));
        world.heard(again);
        world.send(again, EndToRelay::Attach { ticket: of_console });
        assert!(matches!(world.heard(again)[0], RelayToEnd::Attached { peer_present: true, .. }));
    }
}

#[test]
fn a_session_that_was_paired_here_needs_no_proof_when_the_list_changes() {
    let mut world = World::new();
    let (console, ticket, ..) = world.pair();
    world.pass(Duration::from_secs(5));
    world.list(0, 1);
    assert!(!world.closed(console));
    world.close(console);
    let back = world.greeted("203.0.113.7");
    world.send(back, EndToRelay::Attach { ticket });
    assert!(matches!(world.heard(back)[0], RelayToEnd::Attached { peer_present: true, .. }));
}
