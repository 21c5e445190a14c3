//! Random messages in random order: nothing panics, and no two links are joined without an offer,
//! a join and a claim between them.

use crate::world::{OPERATOR, World, body};
use proptest::prelude::*;
use proto::Locator;
use proto::relay::*;
use relay_core::{LinkId, OperatorProof};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

#[derive(Debug, Clone)]
enum Step {
    Open(u8),
    Hello(usize),
    Prove(usize, bool),
    Offer(usize),
    /// Of the known locators, or a random one.
    Join(usize, usize, u16),
    P2(usize, u32),
    P3(usize),
    Claim(usize, u32),
    P4(usize, u32),
    P4Fail(usize, u32, u8),
    Leave(usize),
    AttachForged(usize),
    Fetch(usize),
    List,
    Revoke,
    Close(usize),
    Pass(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let link = 0..8_usize;
    let attempt = 0..4_u32;
    prop_oneof![
        2 => (0..3_u8).prop_map(Step::Open),
        3 => link.clone().prop_map(Step::Hello),
        2 => (link.clone(), prop::bool::weighted(0.9)).prop_map(|(link, right)| Step::Prove(link, right)),
        3 => link.clone().prop_map(Step::Offer),
        4 => (link.clone(), 0..5_usize, 0..32_768_u16).prop_map(|(link, known, other)| Step::Join(link, known, other)),
        4 => (link.clone(), attempt.clone()).prop_map(|(link, attempt)| Step::P2(link, attempt)),
        4 => link.clone().prop_map(Step::P3),
        4 => (link.clone(), attempt.clone()).prop_map(|(link, attempt)| Step::Claim(link, attempt)),
        1 => (link.clone(), attempt.clone()).prop_map(|(link, attempt)| Step::P4(link, attempt)),
        1 => (link.clone(), attempt, 0..3_u8).prop_map(|(link, attempt, left)| Step::P4Fail(link, attempt, left)),
        1 => link.clone().prop_map(Step::Leave),
        1 => link.clone().prop_map(Step::AttachForged),
        1 => link.clone().prop_map(Step::Fetch),
        1 => Just(Step::List),
        1 => Just(Step::Revoke),
        1 => link.prop_map(Step::Close),
        1 => (0..2000_u16).prop_map(Step::Pass),
    ]
}

fn run(steps: Vec<Step>) -> usize {
    let mut world = World::new();
    let mut links: Vec<LinkId> = Vec::new();
    let mut locators: Vec<Locator> = Vec::new();
    let mut offered: HashMap<Locator, LinkId> = HashMap::new();
    let mut joined: HashSet<(LinkId, LinkId)> = HashSet::new();
    let mut claims: HashSet<LinkId> = HashSet::new();
    let (mut pairs, mut lists) = (0, 0);
    for step in steps {
        let pick = |index: usize| links.get(index % links.len().max(1)).copied();
        let (link, message) = match step {
            Step::Open(source) => {
                let id = world.link_from(&format!("192.0.2.{source}"));
                links.push(id);
                continue;
            }
            Step::Close(link) => {
                if let Some(id) = pick(link) {
                    world.close(id);
                    links.retain(|other| *other != id);
                }
                continue;
            }
            Step::List => {
                lists += 1;
                world.list(0, lists);
                continue;
            }
            Step::Revoke => {
                world.revoke(OPERATOR);
                assert!(world.joined.is_empty(), "goes on after being revoked");
                assert_eq!((world.core.offers(), world.core.sessions()), (0, 0));
                assert!(world.core.operators().is_empty());
                continue;
            }
            Step::Pass(ms) => {
                world.pass(Duration::from_millis(u64::from(ms) * 4));
                continue;
            }
            Step::Prove(link, right) => {
                if let Some(id) = pick(link) {
                    world.prove(
                        id,
                        if right {
                            Ok(OperatorProof { sha256: OPERATOR, organisation: 0 })
                        } else {
                            Err(Refusal::Revoked)
                        },
                    );
                }
                continue;
            }
            Step::Hello(link) => (pick(link), EndToRelay::Hello { build: proto::Text::default() }),
            Step::Fetch(link) => (pick(link), EndToRelay::FetchRevocations { from: 0 }),
            Step::Offer(link) => (pick(link), EndToRelay::Offer),
            Step::Join(link, known, other) => {
                let locator = locators.iter().rev().nth(known).copied().unwrap_or(Locator::from_number(other).unwrap());
                if let (Some(id), Some(console)) = (pick(link), offered.get(&locator)) {
                    joined.insert((*console, id));
                }
                (pick(link), EndToRelay::Join { locator, p1: body("p1"), work: None })
            }
            Step::P2(link, n) => (pick(link), EndToRelay::P2 { attempt: AttemptId(n), body: body("p2") }),
            Step::P3(link) => (pick(link), EndToRelay::P3 { body: body("p3") }),
            Step::Claim(link, n) => {
                claims.extend(pick(link));
                (pick(link), EndToRelay::Claim { attempt: AttemptId(n) })
            }
            Step::P4(link, n) => (pick(link), EndToRelay::P4 { attempt: AttemptId(n), body: body("p4") }),
            Step::P4Fail(link, n, tries_left) => (pick(link), EndToRelay::P4Fail { attempt: AttemptId(n), tries_left }),
            Step::Leave(link) => (pick(link), EndToRelay::Leave),
            Step::AttachForged(link) => {
                let (session, operator_sha256) = (SessionId([1; 16]), OPERATOR);
                let ticket =
                    Ticket { session, side: Side::Agent, operator_sha256, expires_at_s: u64::MAX, mac: [0; 32] };
                (pick(link), EndToRelay::Attach { ticket })
            }
        };
        let Some(id) = link else { continue };
        world.send(id, message);
        for heard in world.heard(id) {
            if let RelayToEnd::Offered { locator, .. } = heard {
                locators.push(locator);
                offered.insert(locator, id);
            }
        }
        pairs = pairs.max(world.joined.len());
        for (console, agent) in &world.joined {
            assert!(joined.contains(&(*console, *agent)), "paired without a join");
            assert!(claims.contains(console), "paired without a claim");
        }
    }
    pairs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn no_order_of_messages_pairs_without_offer_join_and_claim(steps in prop::collection::vec(step(), 1..250)) {
        run(steps);
    }
}

#[test]
fn the_steps_can_make_a_pair_at_all() {
    let steps = vec![
        Step::Open(0),
        Step::Open(1),
        Step::Hello(0),
        Step::Hello(1),
        Step::Prove(0, true),
        Step::Offer(0),
        Step::Join(1, 0, 0),
        Step::P2(0, 1),
        Step::P3(1),
        Step::Claim(0, 1),
    ];
    assert_eq!(run(steps), 1);
}
