//! Lookups by the portal's page: the price of a join, and nothing else happens.

use crate::pairing::solved;
use crate::world::{OPERATOR, World};
use proto::Locator;
use proto::relay::*;
use relay_core::{LinkId, Lookup, OperatorProof, Source, limits};
use std::net::IpAddr;
use std::time::Duration;

fn source(address: &str) -> Source {
    Source::from(address.parse::<IpAddr>().unwrap())
}

fn look(world: &mut World, address: &str, locator: Locator, work: Option<Work>) -> Lookup {
    let looked = world.core.lookup(world.now, source(address), locator, work);
    assert_eq!(world.core.poll_output(), None, "a lookup tells nobody anything");
    looked
}

/// A locator that nobody has.
fn unknown(known: Locator) -> Locator {
    Locator::from_number(known.number() ^ 1).unwrap()
}

fn found() -> Lookup {
    Lookup::Found(OperatorProof { sha256: OPERATOR, organisation: 0 })
}

#[test]
fn a_lookup_says_who_waits_and_takes_nothing() {
    let mut world = World::new();
    let (console, locator) = world.offering_console();
    for _ in 0..5 {
        assert_eq!(look(&mut world, "198.51.100.7", locator, None), found());
    }
    assert_eq!(world.heard(console), [], "the console hears nothing");
    assert_eq!(world.core.offers(), 1);
    // The first attempt is still the first, and the key still good.
    let (_, attempt) = world.confirmed_agent(console, locator, "198.51.100.1");
    assert_eq!(attempt, AttemptId(1));
    assert_eq!(look(&mut world, "198.51.100.7", locator, None), found(), "while somebody joins");
}

#[test]
fn whoever_is_not_there_any_more_is_not_found_a_second_later() {
    type End = fn(&mut World, Locator, LinkId);
    let ends: [(&str, End); 4] = [
        ("used", |world, locator, console| {
            let (_, attempt) = world.confirmed_agent(console, locator, "198.51.100.1");
            world.send(console, EndToRelay::Claim { attempt });
        }),
        ("expired", |world, _, _| world.pass(limits::OFFER)),
        ("the console went away", |world, _, console| world.close(console)),
        ("the operator was revoked", |world, _, _| world.revoke(OPERATOR)),
    ];
    for (what, end) in ends {
        let mut world = World::new();
        let (console, locator) = world.offering_console();
        end(&mut world, locator, console);
        let answer_at = world.now + limits::NOT_FOUND_DELAY;
        assert_eq!(look(&mut world, "198.51.100.7", locator, None), Lookup::NotFound { answer_at }, "{what}");
        assert_eq!(look(&mut world, "198.51.100.7", unknown(locator), None), Lookup::NotFound { answer_at });
    }
}

#[test]
fn joins_and_lookups_of_an_address_count_together() {
    let mut world = World::new();
    let (_console, locator) = world.offering_console();
    for number in 0..limits::JOINS_PER_SOURCE {
        if number % 2 == 0 {
            assert_eq!(look(&mut world, "198.51.100.7", locator, None), found());
        } else {
            let agent = world.greeted("198.51.100.7");
            world.join(agent, locator);
            assert!(matches!(world.heard(agent)[..], [RelayToEnd::Joined { .. }]), "{number}");
            world.close(agent);
        }
    }
    let agent = world.greeted("198.51.100.7");
    world.join(agent, locator);
    assert!(matches!(world.heard(agent)[..], [RelayToEnd::NeedWork { bits: limits::WORK_BITS, .. }]));
    let looked = look(&mut world, "198.51.100.7", locator, None);
    let Lookup::NeedWork { bits: limits::WORK_BITS, seed } = looked else { panic!("{looked:?}") };
    assert_eq!(look(&mut world, "198.51.100.8", locator, None), found(), "another address");

    // Work lets one lookup through: its own, of that address, once.
    let work = solved(seed, limits::WORK_BITS);
    let wrong = Some(Work { nonce: work.nonce ^ 1, ..work });
    assert!(matches!(look(&mut world, "198.51.100.7", locator, wrong), Lookup::NeedWork { .. }));
    let foreign = Some(solved([0; 32], limits::WORK_BITS));
    assert!(matches!(look(&mut world, "198.51.100.7", locator, foreign), Lookup::NeedWork { .. }));
    assert_eq!(look(&mut world, "198.51.100.7", locator, Some(work)), found());
    let again = look(&mut world, "198.51.100.7", locator, Some(work));
    let Lookup::NeedWork { bits, .. } = again else { panic!("{again:?}") };
    assert_eq!(bits, limits::WORK_BITS + 1, "the next one is harder");
    // A quiet time later it is free again; the key has ended meanwhile.
    world.pass(limits::JOIN_WINDOW);
    assert!(matches!(look(&mut world, "198.51.100.7", locator, None), Lookup::NotFound { .. }));
}

#[test]
fn work_that_comes_too_late_does_not_count() {
    let mut world = World::new();
    let (_console, locator) = world.offering_console();
    for _ in 0..limits::JOINS_PER_SOURCE {
        look(&mut world, "198.51.100.7", locator, None);
    }
    let looked = look(&mut world, "198.51.100.7", locator, None);
    let Lookup::NeedWork { bits, seed } = looked else { panic!("{looked:?}") };
    let work = solved(seed, bits);
    world.pass(limits::WORK_HOLDS);
    assert!(matches!(look(&mut world, "198.51.100.7", locator, Some(work)), Lookup::NeedWork { .. }));
}

#[test]
fn lookups_that_find_nobody_make_everybody_work_joins_too() {
    let mut world = World::new();
    let (_console, locator) = world.offering_console();
    for number in 0..limits::MISSES {
        let address = format!("203.0.{}.{}", number / 250, number % 250);
        assert!(matches!(look(&mut world, &address, unknown(locator), None), Lookup::NotFound { .. }));
    }
    assert!(matches!(look(&mut world, "198.51.100.7", locator, None), Lookup::NeedWork { .. }));
    let agent = world.greeted("198.51.100.8");
    world.join(agent, locator);
    assert!(matches!(world.heard(agent)[..], [RelayToEnd::NeedWork { .. }]));
    world.pass(limits::MISS_WINDOW + Duration::from_secs(1));
    assert_eq!(look(&mut world, "198.51.100.7", locator, None), found());
}
