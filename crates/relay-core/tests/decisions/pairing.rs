//! From an offer to a pair, and every way in which it must not become one.

use crate::world::{OPERATOR, World, body};
use proto::relay::*;
use relay_core::limits;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_key_used_rightly_makes_a_pair() {
    let mut world = World::new();
    let (console, locator) = world.offering_console();
    let (agent, attempt) = world.confirmed_agent(console, locator, "198.51.100.1");
    world.send(console, EndToRelay::Claim { attempt });
    world.send(console, EndToRelay::P4 { attempt, body: body("p4") });
    let of_console = world.heard(console);
    let of_agent = world.heard(agent);
    let [RelayToEnd::Paired { session, ticket }] = &of_console[..] else { panic!("{of_console:?}") };
    assert_eq!((ticket.side, ticket.operator_sha256), (Side::Console, OPERATOR));
    let [RelayToEnd::Paired { session: same, ticket }, RelayToEnd::P4 { .. }] = &of_agent[..] else {
        panic!("{of_agent:?}")
    };
    assert_eq!((session, ticket.side), (same, Side::Agent));
    assert!(world.joined.contains(&(console, agent)));
    assert_eq!((world.core.sessions(), world.core.offers()), (1, 0));
}

#[test]
fn a_key_that_is_not_there_is_answered_exactly_one_second_later() {
    let mut world = World::new();
    let (_console, locator) = world.offering_console();
    let agent = world.greeted("198.51.100.1");
    let other = proto::Locator::from_number(locator.number() ^ 1).unwrap();
    world.join(agent, other);
    world.pass(SECOND - Duration::from_nanos(1));
    assert_eq!(world.heard(agent), []);
    world.pass(Duration::from_nanos(1));
    assert_eq!(world.heard(agent), [RelayToEnd::NotFound]);
    world.join(agent, locator);
    assert!(matches!(world.heard(agent)[..], [RelayToEnd::Joined { .. }]));
}

#[test]
fn a_used_key_cannot_be_used_again() {
    let mut world = World::new();
    let (console, locator) = world.offering_console();
    let (_agent, attempt) = world.confirmed_agent(console, locator, "198.51.100.1");
    world.send(console, EndToRelay::Claim { attempt });
    let second = world.greeted("198.51.100.2");
    world.join(second, locator);
    world.pass(SECOND);
    assert_eq!(world.heard(second), [RelayToEnd::NotFound]);
}

#[test]
fn an_expired_key_is_gone_for_both() {
    let mut world = World::new();
    let (console, locator) = world.offering_console();
    world.pass(limits::OFFER);
    assert_eq!(world.heard(console), [RelayToEnd::OfferEnded { end: OfferEnd::Expired }]);
    let agent = world.greeted("198.51.100.1");
    world.join(agent, locator);
    world.pass(SECOND);
    assert_eq!(world.heard(agent), [RelayToEnd::NotFound]);
    world.offer(console);
}

#[test]
fn a_burned_key_refuses_even_the_right_secret() {
    let mut world = World::new();
    let (console, locator) = world.offering_console();
    let (wrong, first) = world.confirmed_agent(console, locator, "198.51.100.1");
    let (right, second) = world.confirmed_agent(console, locator, "198.51.100.2");
    world.send(console, EndToRelay::P4Fail { attempt: first, tries_left: 0 });
    assert_eq!(world.heard(wrong), [RelayToEnd::P4Fail { tries_left: 0 }]);
    assert_eq!(world.heard(console), [RelayToEnd::OfferEnded { end: OfferEnd::Burned }]);
    world.send(console, EndToRelay::Claim { attempt: second });
    assert_eq!(world.heard(console), [RelayToEnd::ClaimFailed]);
    world.pass(SECOND);
    assert_eq!(world.heard(right), [RelayToEnd::NotFound]);
    assert!(world.joined.is_empty());
}

#[test]
fn a_wrong_secret_leaves_the_key_and_the_agent_may_try_again() {
    let mut world = World::new();
    let (console, locator) = world.offering_console();
    let (agent, attempt) = world.confirmed_agent(console, locator, "198.51.100.1");
    world.send(console, EndToRelay::P4Fail { attempt, tries_left: 2 });
    assert_eq!(world.heard(agent), [RelayToEnd::P4Fail { tries_left: 2 }]);
    world.join(agent, locator);
    assert!(matches!(world.heard(agent)[..], [RelayToEnd::Joined { attempt: AttemptId(2), .. }]));
}

#[test]
fn of_two_agents_the_claimed_one_wins() {
    let mut world = World::new();
    let (console, locator) = world.offering_console();
    let (first, _) = world.confirmed_agent(console, locator, "198.51.100.1");
    let (second, attempt) = world.confirmed_agent(console, locator, "198.51.100.2");
    world.send(console, EndToRelay::Claim { attempt });
    world.pass(SECOND);
    assert_eq!(world.heard(first), [RelayToEnd::NotFound]);
    assert!(matches!(world.heard(second)[..], [RelayToEnd::Paired { .. }]));
    assert_eq!(world.joined.iter().collect::<Vec<_>>(), [&(console, second)]);
}

#[test]
fn an_unconfirmed_attempt_cannot_be_claimed() {
    let mut world = World::new();
    let (console, locator) = world.offering_console();
    let agent = world.greeted("198.51.100.1");
    world.join(agent, locator);
    world.heard(console);
    world.send(console, EndToRelay::Claim { attempt: AttemptId(1) });
    assert_eq!(world.heard(console), [RelayToEnd::ClaimFailed]);
    assert!(world.joined.is_empty());
}

#[test]
fn those_who_stall_give_way_and_the_others_do_not() {
    let mut world = World::new();
    let (console, locator) = world.offering_console();
    let (confirmed, _) = world.confirmed_agent(console, locator, "198.51.100.1");
    let stallers: Vec<_> = (2..5)
        .map(|number| {
            let agent = world.greeted(&format!("198.51.100.{number}"));
            world.join(agent, locator);
            world.heard(agent);
            agent
        })
        .collect();
    let early = world.greeted("198.51.100.9");
    world.join(early, locator);
    assert_eq!(world.heard(early), [RelayToEnd::Busy]);
    world.pass(SECOND);
    world.join(early, locator);
    assert!(matches!(world.heard(early)[..], [RelayToEnd::Joined { attempt: AttemptId(5), .. }]));
    assert_eq!(world.heard(stallers[0]), [RelayToEnd::Busy]);
    assert_eq!(world.heard(stallers[1]), []);
    assert_eq!(world.heard(confirmed), []);
    assert!(world.heard(console).contains(&RelayToEnd::PeerGone { attempt: AttemptId(2) }));
}

#[test]
fn a_confirmation_is_due_after_three_seconds() {
    let mut world = World::new();
    let (console, locator) = world.offering_console();
    let agent = world.greeted("198.51.100.1");
    world.join(agent, locator);
    world.heard(agent);
    world.heard(console);
    world.send(console, EndToRelay::P2 { attempt: AttemptId(1), body: body("p2") });
    world.heard(agent);
    world.pass(limits::CONFIRMATION_DUE);
    assert_eq!(world.heard(agent), [RelayToEnd::Refused { refusal: Refusal::TimedOut }]);
    assert_eq!(world.heard(console), [RelayToEnd::PeerGone { attempt: AttemptId(1) }]);
}

#[test]
fn a_locator_rests_after_use() {
    let mut world = World::new();
    let mut used = std::collections::HashSet::new();
    // A space of 32,768 is hit twice within 600 draws with near certainty when nothing rests.
    for operator in 0..24 {
        let console = world.console_of([operator; 32]);
        for _ in 0..25 {
            assert!(used.insert(world.offer(console)), "given out again too early");
        }
    }
}

#[test]
fn an_operator_has_five_offers_at_a_time() {
    let mut world = World::new();
    let consoles: Vec<_> = (0..limits::OFFERS_PER_OPERATOR).map(|_| world.offering_console().0).collect();
    let sixth = world.console();
    world.send(sixth, EndToRelay::Offer);
    assert_eq!(world.heard(sixth), [RelayToEnd::Refused { refusal: Refusal::TooMany }]);
    world.close(consoles[0]);
    world.offering_console();
}

#[test]
fn the_eleventh_join_of_an_address_costs_work() {
    let mut world = World::new();
    let (console, locator) = world.offering_console();
    let agent = world.greeted("198.51.100.1");
    for _ in 0..limits::JOINS_PER_SOURCE {
        world.join(agent, locator);
        world.send(agent, EndToRelay::Leave);
    }
    world.heard(agent);
    world.heard(console);
    world.join(agent, locator);
    let heard = world.heard(agent);
    let [RelayToEnd::NeedWork { bits, seed }] = heard[..] else { panic!("{heard:?}") };
    assert_eq!(bits, limits::WORK_BITS);
    // Another's seed is not accepted, and every demand has its own.
    let foreign = Some(Work { seed: [0; 32], nonce: 0 });
    world.send(agent, EndToRelay::Join { locator, p1: body("p1"), work: foreign });
    let heard = world.heard(agent);
    let [RelayToEnd::NeedWork { seed: again, .. }] = heard[..] else { panic!("{heard:?}") };
    assert_ne!(seed, again);
    let work = Some(solved(again, bits));
    world.send(agent, EndToRelay::Join { locator, p1: body("p1"), work });
    assert!(matches!(world.heard(agent)[..], [RelayToEnd::Joined { .. }]));
    // A quiet time later it is free again.
    world.send(agent, EndToRelay::Leave);
    world.pass(limits::JOIN_WINDOW);
    let later = world.greeted("198.51.100.1");
    world.join(later, locator);
    world.pass(SECOND);
    assert_eq!(world.heard(later), [RelayToEnd::NotFound]);
}

pub(crate) fn solved(seed: [u8; 32], bits: u8) -> Work {
    (0..u64::MAX).map(|nonce| Work { seed, nonce }).find(|work| zeros(work) >= u32::from(bits)).unwrap()
}

fn zeros(work: &Work) -> u32 {
    let mut bytes = work.seed.to_vec();
    bytes.extend_from_slice(&work.nonce.to_be_bytes());
    let hash = ring::digest::digest(&ring::digest::SHA256, &bytes);
    u32::from_be_bytes(*hash.as_ref().first_chunk().unwrap()).leading_zeros()
}

#[test]
fn an_address_has_twenty_anonymous_links_but_any_number_of_proven_ones() {
    let mut world = World::new();
    for _ in 0..limits::UNCLAIMED_PER_SOURCE + 5 {
        world.console();
    }
    let links: Vec<_> = (0..limits::UNCLAIMED_PER_SOURCE).map(|_| world.link_from("192.0.2.1")).collect();
    let one_more = world.link_from("192.0.2.1");
    assert_eq!(world.heard(one_more), [RelayToEnd::Refused { refusal: Refusal::TooMany }]);
    assert!(world.closed(one_more));
    world.close(links[0]);
    world.greeted("192.0.2.1");
}

#[test]
fn links_that_do_nothing_are_closed() {
    let mut world = World::new();
    let mute = world.link_from("198.51.100.1");
    let idle = world.greeted("198.51.100.1");
    world.pass(limits::HANDSHAKE);
    assert_eq!(world.heard(mute), [RelayToEnd::Refused { refusal: Refusal::TimedOut }]);
    assert_eq!(world.heard(idle), []);
    world.pass(limits::UNPAIRED - limits::HANDSHAKE);
    assert!(world.closed(mute) && world.closed(idle));
    let console = world.console();
    world.pass(Duration::from_secs(3600));
    assert!(!world.closed(console));
}

#[test]
fn a_flood_of_messages_closes_its_link() {
    let mut world = World::new();
    let console = world.console();
    for _ in 0..limits::MESSAGES {
        world.send(console, EndToRelay::Ping);
    }
    assert_eq!(world.heard(console).pop(), Some(RelayToEnd::Refused { refusal: Refusal::TooMany }));
}

#[test]
fn an_operator_who_does_not_hold_is_refused() {
    for refusal in [Refusal::NotCertified, Refusal::Revoked, Refusal::CertificateTime] {
        let mut world = World::new();
        let link = world.greeted("192.0.2.1");
        world.prove(link, Err(refusal));
        assert_eq!(world.heard(link), [RelayToEnd::Refused { refusal }]);
        assert!(world.closed(link));
    }
}

#[test]
fn messages_out_of_place_close_the_link() {
    let attempt = AttemptId(1);
    let misplaced = [
        EndToRelay::Offer,
        EndToRelay::P2 { attempt, body: body("x") },
        EndToRelay::P3 { body: body("x") },
        EndToRelay::Claim { attempt },
        EndToRelay::P4 { attempt, body: body("x") },
        EndToRelay::P4Fail { attempt, tries_left: 0 },
        EndToRelay::Hello { build: proto::Text::truncated("twice") },
        EndToRelay::Leave,
    ];
    for message in misplaced {
        let mut world = World::new();
        let link = world.greeted("192.0.2.1");
        world.send(link, message.clone());
        assert_eq!(world.heard(link), [RelayToEnd::Refused { refusal: Refusal::Unexpected }], "{message:?}");
    }
}

#[test]
fn an_agent_cannot_confirm_what_it_was_not_sent() {
    let mut world = World::new();
    let (_console, locator) = world.offering_console();
    let agent = world.greeted("198.51.100.1");
    world.join(agent, locator);
    world.heard(agent);
    world.send(agent, EndToRelay::P3 { body: body("p3") });
    assert_eq!(world.heard(agent), [RelayToEnd::Refused { refusal: Refusal::Unexpected }]);
}

#[test]
fn each_confirmation_is_handed_on_once() {
    let mut world = World::new();
    let (console, locator) = world.offering_console();
    let (agent, attempt) = world.confirmed_agent(console, locator, "198.51.100.1");
    for _ in 0..50 {
        world.send(agent, EndToRelay::P3 { body: body("again") });
    }
    assert_eq!(world.heard(console), []);
    world.send(console, EndToRelay::Claim { attempt });
    world.send(agent, EndToRelay::P3 { body: body("again") });
    assert!(matches!(world.heard(console)[..], [RelayToEnd::Paired { .. }]));
    world.heard(agent);
    for (attempt, heard) in [(AttemptId(9), 0), (attempt, 1), (attempt, 0)] {
        world.send(console, EndToRelay::P4 { attempt, body: body("p4") });
        assert_eq!(world.heard(agent).len(), heard);
    }
    assert!(world.joined.contains(&(console, agent)));

    // The agent's next join has its own.
    let (console, locator) = world.offering_console();
    let (agent, attempt) = world.confirmed_agent(console, locator, "198.51.100.2");
    world.send(console, EndToRelay::P4Fail { attempt, tries_left: 2 });
    world.join(agent, locator);
    let attempt = AttemptId(2);
    world.heard(console);
    world.send(console, EndToRelay::P2 { attempt, body: body("p2") });
    world.send(agent, EndToRelay::P3 { body: body("p3") });
    assert_eq!(world.heard(console), [RelayToEnd::P3 { attempt, body: body("p3") }]);
}

#[test]
fn a_node_that_shuts_down_tells_every_end_and_the_session_waits() {
    let mut world = World::new();
    let (console, _, agent, _) = world.pair();
    let idle = world.console();
    world.shut_down();
    for link in [console, agent, idle] {
        assert_eq!(world.heard(link).pop(), Some(RelayToEnd::Refused { refusal: Refusal::Draining }));
        assert!(world.closed(link));
    }
    assert_eq!(world.core.sessions(), 1);
}

#[test]
fn a_full_node_refuses_what_is_new_and_leaves_what_runs() {
    let mut world = World::with_caps(3, 1);
    let (console, _, agent, _) = world.pair();
    let third = world.console();
    world.send(third, EndToRelay::Offer);
    assert_eq!(world.heard(third), [RelayToEnd::Refused { refusal: Refusal::Full }]);
    world.console();
    let fourth = world.link_from("203.0.113.9");
    assert_eq!(world.heard(fourth), [RelayToEnd::Refused { refusal: Refusal::Full }]);
    assert!(!world.closed(console) && !world.closed(agent));
}
