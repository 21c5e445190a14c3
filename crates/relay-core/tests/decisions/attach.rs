//! Coming back with a ticket, leaving, and the end of a session.

use crate::world::{CLUSTER, OPERATOR, World};
use proto::relay::*;
use relay_core::{ClusterKey, LinkId, OperatorProof, limits};
use std::time::Duration;

#[test]
fn an_end_comes_back_after_its_link_was_lost() {
    let mut world = World::new();
    let (console, _, agent, ticket) = world.pair();
    world.close(agent);
    assert_eq!(world.heard(console), [RelayToEnd::PeerPresence { present: false }]);
    assert!(world.joined.is_empty());
    world.pass(Duration::from_secs(60));
    let back = world.greeted("203.0.113.7");
    world.send(back, EndToRelay::Attach { ticket });
    assert!(matches!(world.heard(back)[0], RelayToEnd::Attached { peer_present: true, .. }));
    assert_eq!(world.heard(console), [RelayToEnd::PeerPresence { present: true }]);
    assert!(world.joined.contains(&(console, back)));
}

#[test]
fn a_newer_link_of_a_side_replaces_the_older() {
    let mut world = World::new();
    let (console, _, agent, ticket) = world.pair();
    let newer = world.greeted("203.0.113.7");
    world.send(newer, EndToRelay::Attach { ticket });
    assert!(world.closed(agent));
    assert_eq!(world.joined.iter().collect::<Vec<_>>(), [&(console, newer)]);
    world.close(agent);
    assert_eq!(world.joined.len(), 1, "the older link's end changes nothing");
}

#[test]
fn a_node_that_was_started_again_knows_the_session_by_its_tickets() {
    let mut world = World::new();
    let (_, of_console, _, of_agent) = world.pair();
    let mut fresh = World::new();
    let agent = fresh.greeted("203.0.113.7");
    fresh.send(agent, EndToRelay::Attach { ticket: of_agent });
    assert!(matches!(fresh.heard(agent)[..], [RelayToEnd::Attached { peer_present: false, .. }]));
    let console = fresh.console();
    fresh.send(console, EndToRelay::Attach { ticket: of_console });
    assert!(matches!(fresh.heard(console)[0], RelayToEnd::Attached { peer_present: true, .. }));
    assert!(fresh.joined.contains(&(console, agent)));
}

#[test]
fn a_ticket_that_does_not_hold_is_refused() {
    let alterations: [fn(&mut Ticket); 4] = [
        |ticket| ticket.side = Side::Console,
        |ticket| ticket.mac[0] ^= 1,
        |ticket| ticket.session.0[3] ^= 1,
        |ticket| *ticket = ClusterKey::new(&[9; 32]).issue(ticket.session, Side::Agent, OPERATOR, u64::MAX),
    ];
    for alter in alterations {
        let mut world = World::new();
        let (.., mut ticket) = world.pair();
        alter(&mut ticket);
        let link = world.greeted("203.0.113.7");
        world.send(link, EndToRelay::Attach { ticket });
        assert_eq!(world.heard(link), [RelayToEnd::Refused { refusal: Refusal::BadTicket }]);
        assert_eq!(world.joined.len(), 1);
    }
}

#[test]
fn a_ticket_of_another_operator_does_not_open_the_session() {
    let mut world = World::new();
    let (.., of_agent) = world.pair();
    let other = ClusterKey::new(&CLUSTER).issue(of_agent.session, Side::Agent, [1; 32], u64::MAX);
    let link = world.greeted("203.0.113.7");
    world.send(link, EndToRelay::Attach { ticket: other });
    assert_eq!(world.heard(link), [RelayToEnd::Refused { refusal: Refusal::BadTicket }]);
}

#[test]
fn a_console_that_proved_itself_cannot_use_another_operators_ticket() {
    let mut world = World::new();
    let (_, of_console, ..) = world.pair();
    let link = world.greeted("203.0.113.7");
    world.prove(link, Ok(OperatorProof { sha256: [77; 32], organisation: 0 }));
    world.heard(link);
    world.send(link, EndToRelay::Attach { ticket: of_console });
    assert_eq!(world.heard(link), [RelayToEnd::Refused { refusal: Refusal::BadTicket }]);
}

#[test]
fn tickets_are_renewed_and_the_old_one_ends() {
    let mut world = World::new();
    let (console, old, agent, _) = world.pair();
    world.pass(limits::TICKET_RENEWAL * 3);
    let renewed = world.heard(console);
    assert_eq!(renewed.len(), 3);
    assert_eq!(world.heard(agent).len(), 3);
    let Some(RelayToEnd::TicketRenewed { ticket }) = renewed.last().cloned() else { panic!("{renewed:?}") };
    for (ticket, holds) in [(old, false), (ticket, true)] {
        let link = world.greeted("203.0.113.7");
        world.send(link, EndToRelay::Attach { ticket });
        assert_eq!(matches!(world.heard(link)[0], RelayToEnd::Attached { .. }), holds);
    }
}

#[test]
fn a_session_ends_when_both_links_stay_away() {
    for (away, lives) in [(limits::SESSION_AWAY - Duration::from_secs(1), true), (limits::SESSION_AWAY, false)] {
        let mut world = World::new();
        let (console, _, agent, ticket) = world.pair();
        world.close(console);
        world.close(agent);
        world.pass(away);
        assert_eq!(world.core.sessions(), usize::from(lives));
        let link = world.greeted("203.0.113.7");
        world.send(link, EndToRelay::Attach { ticket });
        assert_eq!(matches!(world.heard(link)[0], RelayToEnd::Attached { .. }), lives);
    }
}

#[test]
fn an_end_that_stays_away_ends_the_session_for_the_other_too() {
    for console_goes in [true, false] {
        for (away, lives) in [(limits::SESSION_AWAY - Duration::from_secs(1), true), (limits::SESSION_AWAY, false)] {
            let mut world = World::new();
            let (console, of_console, agent, of_agent) = world.pair();
            let (goes, ticket, stays) =
                if console_goes { (console, of_console, agent) } else { (agent, of_agent, console) };
            world.close(goes);
            world.heard(stays);
            world.pass(away);
            assert_eq!(world.heard(stays), if lives { vec![] } else { vec![RelayToEnd::PeerLeft] });
            assert_eq!(world.core.sessions(), usize::from(lives));
            let back = world.greeted("203.0.113.7");
            world.send(back, EndToRelay::Attach { ticket });
            assert_eq!(matches!(world.heard(back)[0], RelayToEnd::Attached { .. }), lives);
            assert_eq!(world.joined.len(), usize::from(lives));
            world.pass(limits::HANDSHAKE);
            assert_eq!(world.closed(stays), !lives);
            // Once back, that it was away is forgotten.
            world.pass(limits::SESSION_AWAY);
            assert_eq!(world.core.sessions(), usize::from(lives));
        }
    }
}

#[test]
fn the_absence_of_each_end_counts_for_itself() {
    let mut world = World::new();
    let (console, of_console, agent, of_agent) = world.pair();
    let some = limits::SESSION_AWAY - Duration::from_secs(20);
    world.close(console);
    world.pass(some);
    world.close(agent);
    world.pass(Duration::from_secs(10));
    let console = world.greeted("203.0.113.7");
    world.send(console, EndToRelay::Attach { ticket: of_console });
    world.pass(some);
    let agent = world.greeted("203.0.113.8");
    world.send(agent, EndToRelay::Attach { ticket: of_agent });
    assert!(world.joined.contains(&(console, agent)));
}

/// Attaches and takes the ticket that is given back.
fn attached(world: &mut World, ticket: Ticket) -> (LinkId, Ticket) {
    let link = world.greeted("203.0.113.7");
    world.send(link, EndToRelay::Attach { ticket });
    match world.heard(link).first() {
        Some(RelayToEnd::Attached { ticket, .. }) => (link, ticket.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_ticket_of_one_end_alone_is_not_renewed_by_a_node_that_was_started_again() {
    let mut world = World::new();
    let (.., mut of_agent) = world.pair();
    let end = world.now + limits::TICKET;
    let first = of_agent.clone();
    // The node is started again whenever it would end the session.
    while world.now < end {
        let mut again = World::new();
        again.pass(world.now - (end - limits::TICKET));
        let (link, given) = attached(&mut again, of_agent);
        let (newer, given_again) = attached(&mut again, given.clone());
        assert_eq!((&given, &given_again), (&first, &first));
        assert!(again.closed(link));
        again.pass(limits::SESSION_AWAY);
        assert_eq!(again.heard(newer), [RelayToEnd::PeerLeft]);
        assert_eq!(again.core.sessions(), 0);
        of_agent = given;
        world.pass(limits::SESSION_AWAY);
    }
    let mut again = World::new();
    again.pass(limits::TICKET);
    let link = again.greeted("203.0.113.7");
    again.send(link, EndToRelay::Attach { ticket: of_agent });
    assert_eq!(again.heard(link), [RelayToEnd::Refused { refusal: Refusal::BadTicket }]);
}

#[test]
fn both_tickets_are_renewed_as_soon_as_both_ends_are_back() {
    let mut world = World::new();
    let (_, of_console, _, of_agent) = world.pair();
    let mut fresh = World::new();
    fresh.pass(Duration::from_secs(100));
    let (agent, given) = attached(&mut fresh, of_agent.clone());
    assert_eq!(given, of_agent);
    let (console, given) = attached(&mut fresh, of_console.clone());
    assert_eq!((given.side, given.expires_at_s), (Side::Console, of_console.expires_at_s + 100));
    let heard = fresh.heard(agent);
    let [RelayToEnd::TicketRenewed { ticket }, RelayToEnd::PeerPresence { present: true }] = &heard[..] else {
        panic!("{heard:?}")
    };
    assert_eq!((ticket.side, ticket.expires_at_s), (Side::Agent, of_agent.expires_at_s + 100));
    // From now on as ever.
    fresh.close(console);
    fresh.pass(Duration::from_secs(10));
    let (_, given) = attached(&mut fresh, of_console.clone());
    assert_eq!(given.expires_at_s, of_console.expires_at_s + 110);
}

#[test]
fn leaving_ends_the_session_for_good() {
    let mut world = World::new();
    let (console, of_console, agent, ticket) = world.pair();
    world.send(agent, EndToRelay::Leave);
    assert!(world.closed(agent));
    assert_eq!(world.heard(console), [RelayToEnd::PeerLeft]);
    assert!(world.joined.is_empty());
    assert_eq!(world.core.sessions(), 0);
    world.pass(limits::HANDSHAKE);
    assert!(world.closed(console));
    for ticket in [ticket, of_console] {
        let link = world.greeted("203.0.113.7");
        world.send(link, EndToRelay::Attach { ticket });
        assert_eq!(world.heard(link), [RelayToEnd::Refused { refusal: Refusal::BadTicket }]);
    }
}
