//! The limits of one source and of what is not paired, each on both sides of its edge.

use crate::world::{World, body};
use proto::relay::*;
use relay_core::{LinkId, limits};
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
    let mut world = World::new();
    let agent = world.greeted("198.51.100.1");
    for _ in 0..limits::UNPAIRED.as_secs() {
        world.send(agent, EndToRelay::Ping);
        world.pass(Duration::from_secs(1));
    }
    assert!(world.closed(agent));
}

#[test]
fn an_agent_that_was_told_that_there_is_no_such_key_may_not_stay_for_ever() {
    let mut world = World::new();
    let (_console, locator) = world.offering_console();
    let other = proto::Locator::from_number(locator.number() ^ 1).unwrap();
    let agent = world.greeted("198.51.100.1");
    world.send(agent, EndToRelay::Join { locator: other, p1: body("p1"), work: None });
    world.pass(limits::NOT_FOUND_DELAY + limits::UNPAIRED - INSTANT);
    assert_eq!(world.heard(agent), [RelayToEnd::NotFound]);
    world.pass(INSTANT);
    assert_eq!(world.heard(agent), timed_out());
}
