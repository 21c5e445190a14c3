//! The limits of one source and of what is not paired, each on both sides of its edge.

use crate::world::{CLUSTER, OPERATOR, World, body};
use proto::Locator;
use proto::relay::*;
use relay_core::{ClusterKey, LinkId, OperatorProof, limits};
use std::time::Duration;

const INSTANT: Duration = Duration::from_nanos(1);

fn too_many() -> [RelayToEnd; 1] {
    [RelayToEnd::Refused { refusal: Refusal::TooMany }]
}

fn timed_out() -> [RelayToEnd; 1] {
    [RelayToEnd::Refused { refusal: Refusal::TimedOut }]
}

#[test]
fn a_network_of_ipv6_is_one_source_and_its_neighbour_another() {
    let mut world = World::new();
    for number in 0..limits::UNCLAIMED_PER_SOURCE {
        world.greeted(&format!("2001:db8:1:2:{number:x}::1"));
    }
    let one_more = world.link_from("2001:db8:1:2:ffff:ffff:ffff:ffff");
    assert_eq!(world.heard(one_more), too_many());
    world.greeted("2001:db8:1:3::1");

    let mut world = World::new();
    let (_console, locator) = world.offering_console();
    for number in 0..=limits::JOINS_PER_SOURCE {
        let agent = world.greeted(&format!("2001:db8:1:2:{number:x}::1"));
        world.join(agent, locator);
        let heard = world.heard(agent);
        let works = matches!(heard[..], [RelayToEnd::NeedWork { bits: limits::WORK_BITS, .. }]);
        assert_eq!(works, number == limits::JOINS_PER_SOURCE, "join {number}: {heard:?}");
        world.close(agent);
    }
    let neighbour = world.greeted("2001:db8:1:3::1");
    world.join(neighbour, locator);
    assert!(matches!(world.heard(neighbour)[..], [RelayToEnd::Joined { .. }]));
}

#[test]
fn agents_in_a_session_do_not_count_among_the_links_of_their_address() {
    let mut world = World::new();
    for pair in 0..limits::UNCLAIMED_PER_SOURCE + 5 {
        // All agents come from one address; so many joins take their time or cost work.
        if pair % limits::JOINS_PER_SOURCE == 0 {
            world.pass(limits::JOIN_WINDOW);
        }
        world.pair();
    }
    let links: Vec<LinkId> = (0..limits::UNCLAIMED_PER_SOURCE).map(|_| world.greeted("198.51.100.1")).collect();
    let one_more = world.link_from("198.51.100.1");
    assert_eq!(world.heard(one_more), too_many());
    assert!(links.iter().all(|link| !world.closed(*link)));
}

#[test]
fn whoever_is_not_paired_is_closed_when_its_time_is_over_and_not_before() {
    type Begin = fn(&mut World) -> LinkId;
    let rows: [(&str, Duration, Begin); 5] = [
        ("no word", limits::HANDSHAKE, |world| world.link_from("198.51.100.1")),
        ("a greeting", limits::UNPAIRED, |world| world.greeted("198.51.100.1")),
        ("a proof that nobody has judged", limits::HANDSHAKE, |world| {
            let link = world.greeted("198.51.100.1");
            world.send(link, EndToRelay::Prove { chain: Vec::new(), signature: proto::Blob::default() });
            link
        }),
        ("a join whose console says nothing", limits::UNPAIRED, |world| {
            let (_console, locator) = world.offering_console();
            let agent = world.greeted("198.51.100.1");
            world.join(agent, locator);
            agent
        }),
        ("a join that was taken back", limits::UNPAIRED, |world| {
            let (_console, locator) = world.offering_console();
            let agent = world.greeted("198.51.100.1");
            world.join(agent, locator);
            world.send(agent, EndToRelay::Leave);
            agent
        }),
    ];
    for (what, time, begin) in rows {
        let mut world = World::new();
        let link = begin(&mut world);
        world.heard(link);
        world.pass(time - INSTANT);
        assert_eq!(world.heard(link), [], "{what}");
        world.pass(INSTANT);
        assert_eq!(world.heard(link), timed_out(), "{what}");
        assert!(world.closed(link), "{what}");
    }
}

#[test]
fn an_anonymous_link_that_keeps_talking_is_closed_all_the_same() {
    type Talk = fn(&mut World, LinkId, Locator);
    let almost = limits::UNPAIRED - Duration::from_secs(1);
    let rows: [(&str, Duration, Duration, Talk); 4] = [
        ("pings", Duration::from_secs(1), limits::UNPAIRED, |world, agent, _| world.send(agent, EndToRelay::Ping)),
        ("joins without the work that they cost", almost, limits::UNPAIRED_IN_ALL, |world, agent, locator| {
            for _ in 0..2 * limits::JOINS_PER_SOURCE {
                let other = Locator::from_number(locator.number() ^ 1).unwrap();
                world.join(agent, other);
            }
        }),
        ("joins of a key that is not there", almost, limits::UNPAIRED_IN_ALL, |world, agent, locator| {
            world.join(agent, Locator::from_number(locator.number() ^ 1).unwrap());
        }),
        ("joins that it takes back", almost, limits::UNPAIRED_IN_ALL, |world, agent, locator| {
            world.join(agent, locator);
            world.send(agent, EndToRelay::Leave);
        }),
    ];
    for (what, pause, most, talk) in rows {
        let mut world = World::new();
        let (_console, locator) = world.offering_console();
        if what.contains("work") {
            for _ in 0..limits::JOINS_PER_SOURCE {
                let earlier = world.greeted("198.51.100.1");
                world.join(earlier, locator);
                world.close(earlier);
            }
        }
        let agent = world.greeted("198.51.100.1");
        let end = world.now + most;
        while world.now + pause < end {
            talk(&mut world, agent, locator);
            world.pass(pause);
            assert!(!world.closed(agent), "{what}");
        }
        talk(&mut world, agent, locator);
        world.pass(end - world.now - INSTANT);
        assert!(!world.closed(agent), "{what}");
        world.pass(INSTANT);
        assert_eq!(world.heard(agent).last(), timed_out().last(), "{what}");
        assert!(world.closed(agent), "{what}");
    }
}

#[test]
fn an_operator_who_asks_for_key_after_key_is_refused_and_nobody_else_is() {
    let mut world = World::new();
    let console = world.console();
    for _ in 0..limits::OFFERS_IN_WINDOW {
        world.offer(console);
    }
    world.send(console, EndToRelay::Offer);
    assert_eq!(world.heard(console).last(), too_many().last());
    assert!(world.closed(console));
    // Another link is the same operator.
    let again = world.console();
    world.send(again, EndToRelay::Offer);
    assert_eq!(world.heard(again), too_many());
    let other = world.console_of([77; 32]);
    world.offer(other);
    world.pass(limits::OFFER_WINDOW / limits::OFFERS_IN_WINDOW);
    let later = world.console();
    world.offer(later);
    world.send(later, EndToRelay::Offer);
    assert_eq!(world.heard(later).last(), too_many().last());
    world.pass(limits::OFFER_WINDOW);
    let rested = world.console();
    for _ in 0..limits::OFFERS_IN_WINDOW {
        world.offer(rested);
    }
}

#[test]
fn an_operator_has_so_many_consoles_without_a_session_at_a_time() {
    let mut world = World::new();
    let (paired, ..) = world.pair();
    let consoles: Vec<LinkId> = (0..limits::LINKS_PER_OPERATOR).map(|_| world.console()).collect();
    let one_more = world.greeted("192.0.2.1");
    world.prove(one_more, Ok(OperatorProof { sha256: OPERATOR, organisation: 0 }));
    assert_eq!(world.heard(one_more), too_many());
    assert!(world.closed(one_more));
    world.console_of([77; 32]);
    assert!(!world.closed(paired) && consoles.iter().all(|link| !world.closed(*link)));
    world.close(consoles[0]);
    world.console();
}

#[test]
fn an_operator_has_so_many_sessions_at_a_time() {
    let mut world = World::new();
    let mut pairs: Vec<_> = (1..limits::SESSIONS_PER_OPERATOR)
        .map(|number| {
            world.pass(limits::OFFER_WINDOW / limits::OFFERS_IN_WINDOW);
            world.pair_with(&format!("198.51.100.{number}"))
        })
        .collect();
    // A waiting offer may become the last, so there is no second beside it.
    let (waiting, _) = world.offering_console();
    let one_more = world.console();
    world.send(one_more, EndToRelay::Offer);
    assert_eq!(world.heard(one_more), too_many());
    // A ticket of a session that this node has not heard of would make one more.
    let unknown = ClusterKey::new(&CLUSTER).issue(SessionId([7; 16]), Side::Agent, OPERATOR, u64::MAX);
    let attaching = world.greeted("203.0.113.7");
    world.send(attaching, EndToRelay::Attach { ticket: unknown.clone() });
    assert_eq!(world.heard(attaching), too_many());
    let other = world.console_of([77; 32]);
    world.offer(other);
    assert!(pairs.iter().all(|(console, _, agent, _)| !world.closed(*console) && !world.closed(*agent)));

    world.close(waiting);
    let (console, ..) = pairs.pop().unwrap();
    world.send(console, EndToRelay::Leave);
    world.offering_console();
    let attaching = world.greeted("203.0.113.7");
    world.send(attaching, EndToRelay::Attach { ticket: unknown });
    assert!(matches!(world.heard(attaching)[..], [RelayToEnd::Attached { .. }]));
}

#[test]
fn an_agent_that_was_told_that_there_is_no_such_key_may_not_stay_for_ever() {
    let mut world = World::new();
    let (_console, locator) = world.offering_console();
    let other = Locator::from_number(locator.number() ^ 1).unwrap();
    let agent = world.greeted("198.51.100.1");
    world.send(agent, EndToRelay::Join { locator: other, p1: body("p1"), work: None });
    world.pass(limits::NOT_FOUND_DELAY + limits::UNPAIRED - INSTANT);
    assert_eq!(world.heard(agent), [RelayToEnd::NotFound]);
    world.pass(INSTANT);
    assert_eq!(world.heard(agent), timed_out());
}
