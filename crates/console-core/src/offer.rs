//! One session key: offered at the relay, guarded against guesses, paired with one agent.

use crate::config::ConsoleConfig;
use crate::engine::{Desk, key_view, now_s};
use crate::view::{ConsoleCommand, NoticeKind, Stage};
use channel::Prove;
use identity::OperatorError;
use link::{Link, LinkError, RelayAddress, Trust};
use pairing::{ConsolePairing, P3Outcome, PairingError, Secret, SessionKey};
use proto::Locator;
use proto::limits::REVOCATIONS_BYTES;
use proto::relay::{
    AttemptId, CertificateBytes, EndToRelay, OfferEnd, OfferId, OpaqueBytes, Refusal, RelayToEnd, Ticket,
};
use proto::text::Blob;
use rand::rngs::OsRng;
use session::until;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The answer to a claim must come by then.
const CLAIM_WITHIN: Duration = Duration::from_secs(10);
/// The relay must answer proof and offer by then.
const OFFER_WITHIN: Duration = Duration::from_secs(10);

/// Why there is no pairing.
pub(crate) enum OfferEnded {
    /// The operator took the key back.
    Cancelled,
    /// What the operator is told.
    Notice(NoticeKind),
}

impl From<LinkError> for OfferEnded {
    fn from(error: LinkError) -> Self {
        tracing::warn!(%error, "the link to the relay failed");
        match error {
            LinkError::Refused(refusal) => Self::Notice(refused(refusal)),
            LinkError::ProxyAuthentication => Self::Notice(NoticeKind::ProxyPassword),
            _ => Self::Notice(NoticeKind::RelayUnreachable),
        }
    }
}

fn refused(refusal: Refusal) -> NoticeKind {
    match refusal {
        Refusal::NotCertified => NoticeKind::CertificateRefused,
        Refusal::Revoked => NoticeKind::CertificateRevoked,
        Refusal::OutsideHours => NoticeKind::OutsideHours,
        Refusal::CertificateTime => NoticeKind::CertificateTime,
        // One that ends takes nobody either, and another is there soon.
        Refusal::TooMany | Refusal::Full | Refusal::Draining => NoticeKind::RelayFull,
        Refusal::Unexpected | Refusal::BadTicket | Refusal::TimedOut => NoticeKind::RelayUnreachable,
    }
}

fn broken() -> OfferEnded {
    tracing::warn!("the relay sent a message that does not belong here");
    OfferEnded::Notice(NoticeKind::RelayUnreachable)
}

/// A pairing that succeeded, and the link that it used.
pub(crate) struct Paired {
    pub(crate) link: Link,
    pub(crate) paired: pairing::Paired,
    pub(crate) ticket: Ticket,
    pub(crate) relay: RelayAddress,
    /// The newest list of revoked certificates that is known, DER; empty for none.
    pub(crate) revocations: Vec<u8>,
}

/// Whom to trust on the way to the relay.
pub(crate) fn trust(config: &ConsoleConfig) -> Trust {
    config.organisation.relay().pin.map_or(Trust::Platform, Trust::Pin)
}

/// Makes a key, shows it, and waits until an agent has proven to know it.
pub(crate) async fn offer(config: &ConsoleConfig, desk: &mut Desk) -> Result<Paired, OfferEnded> {
    // The relay checks it too, by its own clock.
    if !config.is_open_at(now_s()) {
        return Err(OfferEnded::Notice(NoticeKind::OutsideHours));
    }
    let (mut link, relay) = tokio::select! {
        reached = reach(config) => reached?,
        () = cancelled(desk) => return Err(OfferEnded::Cancelled),
    };
    let ((offer, locator, expires_at), revocations) = tokio::time::timeout(OFFER_WITHIN, make_offer(config, &mut link))
        .await
        .map_err(|_| OfferEnded::Notice(NoticeKind::RelayUnreachable))??;
    let secret = Secret::random(&mut OsRng);
    let key = SessionKey::new(locator, secret.clone());
    let leaf = config.identity.chain.first().map(|leaf| leaf.as_ref()).unwrap_or_default();
    let pairing = ConsolePairing::new(secret, locator, offer, &config.organisation.relay().name, leaf);
    let (link, paired, ticket) = guard(desk, link, &key, pairing, expires_at).await?;
    Ok(Paired { link, paired, ticket, relay, revocations })
}

async fn reach(config: &ConsoleConfig) -> Result<(Link, RelayAddress), OfferEnded> {
    let mut last = None;
    let address = config.organisation.relay();
    for node in &address.nodes {
        let relay = RelayAddress { name: address.name.clone(), host: node.host.clone(), port: node.port };
        let proxies = &config.dialing.proxies;
        match link::connect_with(&relay, &trust(config), config.choice, proxies, &config.build).await {
            Ok(link) => return Ok((link, relay)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.map_or(OfferEnded::Notice(NoticeKind::RelayUnreachable), OfferEnded::from))
}

/// Waits until the operator takes the key back, or the window is gone.
pub(crate) async fn cancelled(desk: &mut Desk) {
    loop {
        let Some(command) = desk.commands.recv().await else { return };
        if let Some(ConsoleCommand::CancelKey | ConsoleCommand::End) = desk.common(command) {
            return;
        }
    }
}

type Offered = (OfferId, Locator, Instant);

async fn make_offer(config: &ConsoleConfig, link: &mut Link) -> Result<(Offered, Vec<u8>), OfferEnded> {
    let Prove(prove) = prover(config);
    let proof = prove(&link.welcome.nonce).ok_or(OfferEnded::Notice(NoticeKind::CertificateRefused))?;
    link.control.send(&proof).await?;
    let revocations = newest_revocations(config, link).await?;
    link.control.send(&EndToRelay::Offer).await?;
    loop {
        match link.control.recv().await? {
            RelayToEnd::Proved | RelayToEnd::Pong => {}
            RelayToEnd::Offered { offer, locator, expires_in_s } => {
                let lasts = Duration::from_secs(u64::from(expires_in_s).min(proto::limits::OFFER_SECONDS));
                return Ok(((offer, locator, Instant::now() + lasts), revocations));
            }
            RelayToEnd::Refused { refusal } => return Err(LinkError::Refused(refusal).into()),
            _ => return Err(broken()),
        }
    }
}

/// What proves the operator to a relay, now and when the link has to be made again.
pub(crate) fn prover(config: &ConsoleConfig) -> Prove {
    let relay_name = config.organisation.relay().name.clone();
    let seed = config.identity.seed.clone();
    let chain: Option<Vec<_>> =
        config.identity.chain.iter().map(|der| CertificateBytes::new(der.to_vec()).ok()).collect();
    Prove(Arc::new(move |nonce| {
        let signature = Blob::new(identity::prove_link(&seed, &relay_name, nonce)).ok()?;
        Some(EndToRelay::Prove { chain: chain.clone()?, signature })
    }))
}

/// The newest list of revoked certificates: ours, or the relay's if that is newer and of our organisation.
/// Whoever finds the own certificate in it needs no session to learn that.
async fn newest_revocations(config: &ConsoleConfig, link: &mut Link) -> Result<Vec<u8>, OfferEnded> {
    let own = config.revocations.clone().unwrap_or_default();
    let own_number = identity::crl_number(&own).unwrap_or_default();
    if link.welcome.crl_number <= own_number {
        return Ok(own);
    }
    let list = fetch_revocations(link, own_number).await?;
    if list.is_empty() {
        return Ok(own);
    }
    let (organisation, chain) = (&config.organisation, &config.identity.chain);
    match identity::verify_not_revoked(organisation, chain, Some(&list), 0, now_s()) {
        Ok(_) => Ok(list),
        Err(OperatorError::Revoked) => Err(OfferEnded::Notice(NoticeKind::CertificateRevoked)),
        Err(error) => {
            tracing::warn!(%error, "the relay's list of revoked certificates is of no use");
            Ok(own)
        }
    }
}

/// Parts that are asked for ahead of their arrival: a long list on a long line takes a second, not a minute,
/// and the relay's queue holds them.
const PARTS_AHEAD: usize = 24;

/// The relay's list in all its parts; empty if it is not newer than this number.
async fn fetch_revocations(link: &mut Link, than: u64) -> Result<Vec<u8>, OfferEnded> {
    'anew: loop {
        let first = fetch_part(link, 0).await?;
        if first.number <= than {
            return Ok(Vec::new());
        }
        let total = usize::try_from(first.total_bytes).unwrap_or(usize::MAX);
        if total > REVOCATIONS_BYTES {
            return Err(broken());
        }
        let mut list = first.bytes;
        // The first part is as long as all but the last.
        let step = list.len().max(1);
        let mut asked = list.len();
        while list.len() < total {
            while asked < total && (asked - list.len()) / step < PARTS_AHEAD {
                let from = u32::try_from(asked).map_err(|_| broken())?;
                link.control.send(&EndToRelay::FetchRevocations { from }).await?;
                asked += step;
            }
            let part = next_part(link).await?;
            if part.number != first.number {
                // A new list came in between. What was asked of the old one is still to arrive.
                let left = (asked - list.len()).div_ceil(step).saturating_sub(1);
                for _ in 0..left {
                    next_part(link).await?;
                }
                continue 'anew;
            }
            if usize::try_from(part.from).ok() != Some(list.len()) || part.bytes.is_empty() {
                return Err(broken());
            }
            list.extend_from_slice(&part.bytes);
        }
        return if list.len() == total { Ok(list) } else { Err(broken()) };
    }
}

/// A part of a list of revoked certificates.
struct Part {
    number: u64,
    total_bytes: u32,
    from: u32,
    bytes: Vec<u8>,
}

async fn fetch_part(link: &mut Link, from: u32) -> Result<Part, OfferEnded> {
    link.control.send(&EndToRelay::FetchRevocations { from }).await?;
    next_part(link).await
}

async fn next_part(link: &mut Link) -> Result<Part, OfferEnded> {
    loop {
        match link.control.recv().await? {
            RelayToEnd::Proved | RelayToEnd::Pong => {}
            RelayToEnd::Revocations { number, total_bytes, from, part } => {
                return Ok(Part { number, total_bytes, from, bytes: part.as_slice().to_vec() });
            }
            RelayToEnd::Refused { refusal } => return Err(LinkError::Refused(refusal).into()),
            _ => return Err(broken()),
        }
    }
}

/// Answers joins until one proves to know the key.
async fn guard(
    desk: &mut Desk,
    mut link: Link,
    key: &SessionKey,
    mut pairing: ConsolePairing,
    expires_at: Instant,
) -> Result<(Link, pairing::Paired, Ticket), OfferEnded> {
    let grouped = key.grouped();
    loop {
        desk.stage(Stage::Waiting(key_view(&grouped, expires_at, pairing.tries_left())));
        let deadline = pairing.poll_timeout();
        let message = tokio::select! {
            message = link.control.recv() => message?,
            command = desk.commands.recv() => match command.map(|command| desk.common(command)) {
                None | Some(Some(ConsoleCommand::CancelKey | ConsoleCommand::End)) => return Err(OfferEnded::Cancelled),
                Some(_) => continue,
            },
            () = until(deadline) => {
                drop(pairing.handle_timeout(Instant::now()));
                continue;
            }
            () = until(Some(expires_at)) => return Err(OfferEnded::Notice(NoticeKind::KeyExpired)),
        };
        match message {
            RelayToEnd::PeerJoined { attempt, p1 } => {
                match pairing.handle_joined(Instant::now(), attempt, p1.as_slice(), &mut OsRng) {
                    Ok(p2) => link.control.send(&EndToRelay::P2 { attempt, body: opaque(p2)? }).await?,
                    Err(
                        error
                        @ (PairingError::OtherVersion { .. } | PairingError::BadElement | PairingError::Malformed),
                    ) => {
                        tracing::info!(%error, "a join was refused");
                        // Costs no try: nothing of the key was tried. The agent need not wait; it tells the person,
                        // while anybody at all could have shown the operator something here.
                        let tries_left = pairing.tries_left();
                        link.control.send(&EndToRelay::P4Fail { attempt, tries_left }).await?;
                    }
                    Err(error) => tracing::info!(%error, "a join was not answered"),
                }
            }
            RelayToEnd::PeerGone { attempt } => pairing.handle_gone(attempt),
            RelayToEnd::P3 { attempt, body } => match pairing.handle_p3(Instant::now(), attempt, body.as_slice()) {
                P3Outcome::Right => return claim(link, pairing, attempt).await,
                P3Outcome::Wrong { tries_left } => {
                    link.control.send(&EndToRelay::P4Fail { attempt, tries_left }).await?;
                    if tries_left == 0 {
                        return Err(OfferEnded::Notice(NoticeKind::KeyBurned));
                    }
                    desk.notice(NoticeKind::WrongTry { tries_left });
                }
                P3Outcome::Unknown => {}
            },
            RelayToEnd::OfferEnded { end } => {
                let kind = match end {
                    OfferEnd::Expired => NoticeKind::KeyExpired,
                    OfferEnd::Burned => NoticeKind::KeyBurned,
                    OfferEnd::Withdrawn => NoticeKind::RelayUnreachable,
                };
                return Err(OfferEnded::Notice(kind));
            }
            RelayToEnd::Refused { refusal } => return Err(LinkError::Refused(refusal).into()),
            RelayToEnd::Pong => {}
            _ => return Err(broken()),
        }
    }
}

async fn claim(
    mut link: Link,
    pairing: ConsolePairing,
    attempt: AttemptId,
) -> Result<(Link, pairing::Paired, Ticket), OfferEnded> {
    let (p4, paired) = pairing.finish(attempt).map_err(|_| broken())?;
    link.control.send(&EndToRelay::Claim { attempt }).await?;
    link.control.send(&EndToRelay::P4 { attempt, body: opaque(p4)? }).await?;
    let answer = async {
        loop {
            match link.control.recv().await? {
                RelayToEnd::Paired { ticket, .. } => return Ok::<_, OfferEnded>(ticket),
                RelayToEnd::ClaimFailed | RelayToEnd::OfferEnded { .. } | RelayToEnd::PeerLeft => {
                    return Err(OfferEnded::Notice(NoticeKind::ClientLost));
                }
                RelayToEnd::Refused { refusal } => return Err(LinkError::Refused(refusal).into()),
                // Other joins of the same offer may still be heard of.
                _ => {}
            }
        }
    };
    let ticket =
        tokio::time::timeout(CLAIM_WITHIN, answer).await.map_err(|_| OfferEnded::Notice(NoticeKind::ClientLost))??;
    Ok((link, paired, ticket))
}

fn opaque(bytes: Vec<u8>) -> Result<OpaqueBytes, OfferEnded> {
    OpaqueBytes::new(bytes).map_err(|_| broken())
}
