//! One session key: offered at the relay, guarded against guesses, paired with one agent.

use crate::config::ConsoleConfig;
use crate::engine::{Desk, key_view};
use crate::view::{ConsoleCommand, NoticeKind, Stage};
use link::{Link, LinkError, RelayAddress, Trust};
use pairing::{ConsolePairing, P3Outcome, PairingError, Secret, SessionKey};
use proto::Locator;
use proto::relay::{
    AttemptId, CertificateBytes, EndToRelay, OfferEnd, OfferId, OpaqueBytes, Refusal, RelayToEnd, Ticket,
};
use proto::text::Blob;
use rand::rngs::OsRng;
use session::until;
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
        Refusal::NotCertified | Refusal::Revoked => NoticeKind::CertificateRefused,
        Refusal::CertificateTime => NoticeKind::CertificateTime,
        Refusal::TooMany | Refusal::Full => NoticeKind::RelayFull,
        Refusal::Unexpected | Refusal::BadTicket | Refusal::Draining | Refusal::TimedOut => {
            NoticeKind::RelayUnreachable
        }
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
}

/// Whom to trust on the way to the relay.
pub(crate) fn trust(config: &ConsoleConfig) -> Trust {
    config.organisation.relay().pin.map_or(Trust::Platform, Trust::Pin)
}

/// Makes a key, shows it, and waits until an agent has proven to know it.
pub(crate) async fn offer(config: &ConsoleConfig, desk: &mut Desk) -> Result<Paired, OfferEnded> {
    let (mut link, relay) = tokio::select! {
        reached = reach(config) => reached?,
        () = cancelled(desk) => return Err(OfferEnded::Cancelled),
    };
    let (offer, locator, expires_at) = tokio::time::timeout(OFFER_WITHIN, make_offer(config, &mut link))
        .await
        .map_err(|_| OfferEnded::Notice(NoticeKind::RelayUnreachable))??;
    let secret = Secret::random(&mut OsRng);
    let key = SessionKey::new(locator, secret.clone());
    let leaf = config.identity.chain.first().map(|leaf| leaf.as_ref()).unwrap_or_default();
    let pairing = ConsolePairing::new(secret, locator, offer, &config.organisation.relay().name, leaf);
    let (link, paired, ticket) = guard(desk, link, &key, pairing, expires_at).await?;
    Ok(Paired { link, paired, ticket, relay })
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

async fn make_offer(config: &ConsoleConfig, link: &mut Link) -> Result<(OfferId, Locator, Instant), OfferEnded> {
    let relay_name = &config.organisation.relay().name;
    let signature = identity::prove_link(&config.identity.seed, relay_name, &link.welcome.nonce);
    let chain: Result<Vec<_>, _> =
        config.identity.chain.iter().map(|der| CertificateBytes::new(der.to_vec())).collect();
    let chain = chain.map_err(|_| OfferEnded::Notice(NoticeKind::CertificateRefused))?;
    let signature = Blob::new(signature).map_err(|_| broken())?;
    link.control.send(&EndToRelay::Prove { chain, signature }).await?;
    link.control.send(&EndToRelay::Offer).await?;
    loop {
        match link.control.recv().await? {
            RelayToEnd::Proved | RelayToEnd::Pong => {}
            RelayToEnd::Offered { offer, locator, expires_in_s } => {
                let lasts = Duration::from_secs(u64::from(expires_in_s).min(proto::limits::OFFER_SECONDS));
                return Ok((offer, locator, Instant::now() + lasts));
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
