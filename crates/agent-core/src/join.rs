//! The agent's side of the pairing: one key, through one link, to an authenticated secret.

use crate::config::Setup;
use crate::engine::now_s;
use crate::view::{Failure, KeyProblem};
use identity::Seed;
use link::{Control, Link, LinkError, RelayAddress, Trust};
use pairing::{AgentPairing, Paired, PairingError, SessionKey};
use proto::relay::{EndToRelay, OpaqueBytes, Refusal, RelayToEnd, Ticket, Work};
use rand::RngCore as _;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// From the join to the pairing's end; longer than every honest step together.
const WITHIN: Duration = Duration::from_secs(30);
/// Times that a relay may demand work for one join; an honest one does once, and again if the seed became old.
const MOST_WORKS: u8 = 2;
/// After that the relay must still answer a ping by then: else it is not the operator who is silent.
const PONG: Duration = Duration::from_secs(5);

/// Why there is no pairing.
pub(crate) enum JoinError {
    Key(KeyProblem),
    Failed(Failure),
}

impl From<LinkError> for JoinError {
    fn from(error: LinkError) -> Self {
        tracing::warn!(%error, "the link to the relay failed");
        Self::Failed(match error {
            LinkError::ProxyAuthentication => Failure::ProxyPassword,
            LinkError::Refused(Refusal::TooMany | Refusal::Full | Refusal::Draining) => Failure::RelayBusy,
            _ => Failure::RelayUnreachable,
        })
    }
}

impl From<PairingError> for JoinError {
    fn from(error: PairingError) -> Self {
        tracing::warn!(%error, "the pairing failed");
        Self::Failed(Failure::ProtocolBroken)
    }
}

/// A pairing that succeeded, and the link that it used.
pub(crate) struct Joined {
    pub(crate) link: Link,
    pub(crate) paired: Paired,
    pub(crate) ticket: Ticket,
    pub(crate) certificate: Vec<u8>,
    pub(crate) seed: Seed,
    pub(crate) relay: RelayAddress,
    /// Number of the newest list of revoked certificates that the relay has seen.
    pub(crate) crl_number: u64,
}

/// Whom to trust on the way to the relay.
pub(crate) fn trust(config: &Setup) -> Trust {
    config.organisation.relay().pin.map_or(Trust::Platform, Trust::Pin)
}

/// Joins with this key. Sets `was_guessable` once a confirmation left, which lets the relay check one
/// guess of the key.
pub(crate) async fn join(config: &Setup, key: &SessionKey, was_guessable: &mut bool) -> Result<Joined, JoinError> {
    let mut seed = [0; 32];
    rand::rngs::OsRng.fill_bytes(&mut seed);
    let seed = Seed::new(seed);
    let certificate =
        identity::channel_certificate(&seed, now_s()).map_err(|_| JoinError::Failed(Failure::ProtocolBroken))?;
    let mut unreachable = None;
    for node in &config.organisation.relay().nodes {
        let relay =
            RelayAddress { name: config.organisation.relay().name.clone(), host: node.host.clone(), port: node.port };
        let proxies = &config.dialing.proxies;
        match link::connect_with(&relay, &trust(config), config.choice, proxies, &config.build).await {
            Ok(link) => {
                let pairing = pair(config, key, link, &certificate, was_guessable);
                let Met { link, paired, ticket, crl_number } = pairing.await?;
                return Ok(Joined { link, paired, ticket, certificate, seed, relay, crl_number });
            }
            Err(error) => unreachable = Some(error),
        }
    }
    Err(unreachable.map_or(JoinError::Failed(Failure::Organisation), JoinError::from))
}

/// What comes of a join.
struct Met {
    link: Link,
    paired: Paired,
    ticket: Ticket,
    crl_number: u64,
}

async fn pair(
    config: &Setup,
    key: &SessionKey,
    mut link: Link,
    certificate: &[u8],
    was_guessable: &mut bool,
) -> Result<Met, JoinError> {
    let relay_name = &config.organisation.relay().name;
    let (pairing, p1) = AgentPairing::start(key, relay_name, certificate, &mut rand::rngs::OsRng)?;
    let p1 = opaque(p1)?;
    let join = |work| EndToRelay::Join { locator: key.locator(), p1: p1.clone(), work };
    link.control.send(&join(None)).await?;

    let deadline = Instant::now() + WITHIN;
    let mut joined = None;
    let mut newest = 0;
    let mut works = MOST_WORKS;
    let mut waiting = Some(pairing);
    let mut confirming = None;
    let mut paired = None;
    let mut ticket = None;
    loop {
        match next(&mut link.control, deadline, joined.is_some()).await? {
            RelayToEnd::Joined { offer, attempt, crl_number } => {
                joined = Some((offer, attempt));
                newest = crl_number;
            }
            RelayToEnd::NeedWork { bits, seed } => {
                // A relay that demands it again and again would keep this machine busy.
                works = works.checked_sub(1).ok_or_else(unexpected)?;
                let work = solve(bits, seed).await?;
                link.control.send(&join(Some(work))).await?;
            }
            RelayToEnd::P2 { body } => {
                let (Some((offer, attempt)), Some(pairing)) = (joined, waiting.take()) else {
                    return Err(unexpected());
                };
                let (next, p3) = pairing.handle_p2(offer, attempt, body.as_slice())?;
                confirming = Some(next);
                *was_guessable = true;
                link.control.send(&EndToRelay::P3 { body: opaque(p3)? }).await?;
            }
            RelayToEnd::P4 { body } => {
                let confirming = confirming.take().ok_or_else(unexpected)?;
                paired = Some(confirming.handle_p4(body.as_slice()).map_err(|error| match error {
                    PairingError::WrongConfirmation => JoinError::Key(KeyProblem::WrongSecret { tries_left: u8::MAX }),
                    other => other.into(),
                })?);
            }
            RelayToEnd::Paired { ticket: given, .. } => ticket = Some(given),
            // Before any confirmation: the console could do nothing with the first message.
            RelayToEnd::P4Fail { .. } if !*was_guessable && joined.is_some() => {
                return Err(JoinError::Failed(Failure::OtherVersion));
            }
            RelayToEnd::P4Fail { .. } if !*was_guessable => return Err(unexpected()),
            RelayToEnd::P4Fail { tries_left: 0 } => return Err(JoinError::Key(KeyProblem::Burned)),
            RelayToEnd::P4Fail { tries_left } => return Err(JoinError::Key(KeyProblem::WrongSecret { tries_left })),
            RelayToEnd::NotFound => return Err(JoinError::Key(KeyProblem::NotFound)),
            RelayToEnd::Busy => return Err(JoinError::Key(KeyProblem::Busy)),
            RelayToEnd::PeerLeft => return Err(JoinError::Failed(Failure::OperatorGone)),
            RelayToEnd::Refused { refusal } => return Err(LinkError::Refused(refusal).into()),
            RelayToEnd::Pong | RelayToEnd::PeerPresence { .. } => {}
            _ => return Err(unexpected()),
        }
        match (paired.take(), ticket.take()) {
            (Some(paired), Some(ticket)) => return Ok(Met { link, paired, ticket, crl_number: newest }),
            (half, other) => (paired, ticket) = (half, other),
        }
    }
}

/// The next message of the relay. When none comes in time, `is_joined` (the relay knows the key) and a
/// ping tell who is silent.
async fn next(control: &mut Control, deadline: Instant, is_joined: bool) -> Result<RelayToEnd, JoinError> {
    if let Ok(message) = timeout_at(deadline, control.recv()).await {
        return Ok(message?);
    }
    let answers = match control.send(&EndToRelay::Ping).await {
        Ok(()) => timeout(PONG, control.recv()).await.is_ok_and(|answer| answer.is_ok()),
        Err(_) => false,
    };
    Err(JoinError::Failed(silence(is_joined, answers)))
}

/// Whose silence it was: the operator's only if the relay knows the key and still answers.
const fn silence(is_joined: bool, relay_answers: bool) -> Failure {
    if is_joined && relay_answers { Failure::OperatorGone } else { Failure::RelayUnreachable }
}

async fn solve(bits: u8, seed: [u8; 32]) -> Result<Work, JoinError> {
    let solved = tokio::task::spawn_blocking(move || link::work::solve(seed, bits)).await;
    solved.ok().flatten().ok_or_else(unexpected)
}

fn opaque(bytes: Vec<u8>) -> Result<OpaqueBytes, JoinError> {
    OpaqueBytes::new(bytes).map_err(|_| unexpected())
}

fn unexpected() -> JoinError {
    tracing::warn!("the relay sent a message that does not belong here");
    JoinError::Failed(Failure::ProtocolBroken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_silence_of_the_relay_is_not_taken_for_the_operators() {
        for (is_joined, relay_answers, expected) in [
            (true, true, Failure::OperatorGone),
            (true, false, Failure::RelayUnreachable),
            (false, true, Failure::RelayUnreachable),
            (false, false, Failure::RelayUnreachable),
        ] {
            assert_eq!(silence(is_joined, relay_answers), expected);
        }
    }
}
