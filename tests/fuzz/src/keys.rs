//! The session key as a person types it, and both ends of the pairing against arbitrary messages.

use crate::bounded;
use arbitrary::Unstructured;
use pairing::{AgentPairing, ConsolePairing, KeyError, P3Outcome, SYMBOLS, SessionKey};
use proto::limits::{ATTEMPTS_IN_PARALLEL, KEY_TRIES};
use proto::relay::{AttemptId, OfferId};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const OFFER: OfferId = OfferId([7; 16]);
const RELAY: &str = "relay";

/// Whatever is typed is read or refused with a reason that is true, and reads back as it is shown.
pub fn session_key(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match bounded(4096, || SessionKey::parse(&text)) {
        Ok(key) => {
            let shown = key.grouped();
            assert_eq!(shown.len(), SYMBOLS + 1);
            let again = SessionKey::parse(&shown).expect("what is shown is a key");
            assert_eq!((again.locator(), &again.grouped()), (key.locator(), &shown));
            assert!(shown.starts_with(&key.locator().to_string()));
            assert!(!format!("{key:?}").contains(&shown[4..]), "the secret shows");
        }
        Err(KeyError::TooShort { symbols }) => assert!(symbols < SYMBOLS),
        Err(KeyError::TooLong) => assert!(text.chars().count() > SYMBOLS),
        Err(KeyError::BadSymbol(symbol)) => assert!(text.contains(symbol)),
    }
}

/// Bytes choose what a relay or an agent does to a console, and what a console says to an agent.
pub fn pairing_machines(data: &[u8]) {
    let mut u = Unstructured::new(data);
    // An end of the choices ends the run.
    let _ = if u.ratio(1, 3).unwrap_or(true) { agent(&mut u) } else { console(&mut u) };
}

fn key(text: &str) -> SessionKey {
    SessionKey::parse(text).unwrap()
}

fn new_console() -> ConsolePairing {
    let key = key("K7M 4QXP");
    ConsolePairing::new(key.secret().clone(), key.locator(), OFFER, RELAY, b"operator")
}

/// A console that does not know the key, or bytes that are no message, never pair with an agent.
fn agent(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let mut rng = StdRng::seed_from_u64(1);
    let (agent, p1) = AgentPairing::start(&key("K7M 4QXQ"), RELAY, b"agent", &mut rng).ok().unwrap();
    let mut p2 = new_console().handle_joined(Instant::now(), AttemptId(1), &p1, &mut rng).unwrap();
    match u.int_in_range(0..=2)? {
        0 => {}
        1 => {
            let at = u.choose_index(p2.len())?;
            p2[at] ^= u.int_in_range(1..=255)?;
        }
        _ => p2 = u.arbitrary()?,
    }
    let Ok((confirming, p3)) = bounded(1 << 16, || agent.handle_p2(OFFER, AttemptId(1), &p2)) else { return Ok(()) };
    assert!(p3.len() <= proto::limits::OPAQUE_BYTES);
    let p4 = u.bytes(u.len().min(100))?;
    assert!(bounded(1 << 16, || confirming.handle_p4(p4)).is_err(), "paired with a stranger");
    Ok(())
}

/// Whatever happens: tries only go down, three wrong secrets burn the key, no more attempts are open
/// than allowed, and only who knows the key is right.
fn console(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let mut rng = StdRng::seed_from_u64(2);
    let mut console = new_console();
    let mut now = Instant::now();
    let mut tries = KEY_TRIES;
    let mut confirmed = None;
    // The P3 that would be right, by attempt.
    let mut right: BTreeMap<AttemptId, Vec<u8>> = BTreeMap::new();
    for _ in 0..12 {
        let attempt = AttemptId(u.int_in_range(1..=6)?);
        match u.int_in_range(0..=5)? {
            0 | 1 => {
                let typed = if u.ratio(2, 3)? { "K7M 4QXP" } else { "K7M 4QXZ" };
                let (agent, mut p1) = AgentPairing::start(&key(typed), RELAY, b"agent", &mut rng).ok().unwrap();
                let honest = u.ratio(3, 4)?;
                if !honest {
                    p1 = u.bytes(u.len().min(120))?.to_vec();
                }
                if let Ok(p2) = bounded(1 << 16, || console.handle_joined(now, attempt, &p1, &mut rng)) {
                    assert!(tries > 0 && confirmed.is_none(), "a used or burned key took an attempt");
                    right.remove(&attempt);
                    if honest && typed == "K7M 4QXP" {
                        let (_, p3) = agent.handle_p2(OFFER, attempt, &p2).ok().unwrap();
                        right.insert(attempt, p3);
                    }
                }
            }
            2 | 3 => {
                let truthful = right.get(&attempt).cloned();
                let p3 = match &truthful {
                    Some(p3) if u.ratio(1, 2)? => p3.clone(),
                    _ => u.bytes(u.len().min(40))?.to_vec(),
                };
                match bounded(1 << 16, || console.handle_p3(now, attempt, &p3)) {
                    P3Outcome::Right => {
                        assert_eq!(Some(&p3), truthful.as_ref(), "a guess was right");
                        assert!(confirmed.is_none() || confirmed == Some(attempt));
                        confirmed = Some(attempt);
                    }
                    P3Outcome::Wrong { tries_left } => {
                        assert_eq!(tries_left + 1, tries);
                        tries = tries_left;
                        right.remove(&attempt);
                    }
                    P3Outcome::Unknown => {}
                }
            }
            4 => console.handle_gone(attempt),
            _ => {
                now += Duration::from_millis(u.int_in_range(0..=4000)?);
                assert!(console.handle_timeout(now).len() <= ATTEMPTS_IN_PARALLEL);
                assert!(console.poll_timeout().is_none_or(|due| due > now));
            }
        }
        assert_eq!(console.tries_left(), tries);
    }
    let attempt = AttemptId(u.int_in_range(1..=6)?);
    assert_eq!(console.finish(attempt).is_ok(), confirmed == Some(attempt));
    Ok(())
}
