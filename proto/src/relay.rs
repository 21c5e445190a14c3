//! What an end (console or agent) and the relay say to each other on a link's control stream.
//!
//! The relay needs to know a locator, who offers, and where to forward; never a secret, never
//! content. [`OpaqueBytes`] are pairing messages that it hands on unread.

use crate::codec::Message;
use crate::limits;
use crate::locator::Locator;
use crate::text::{Blob, Text, list};
use serde::{Deserialize, Serialize};

/// A pairing message that the relay forwards unread.
pub type OpaqueBytes = Blob<{ limits::OPAQUE_BYTES }>;
/// One certificate of an operator's chain, DER.
pub type CertificateBytes = Blob<2048>;
/// A node's name, as in the organisation file.
pub type NodeName = Text<100>;

/// Number of an offer, drawn by the relay; tells offers under one locator apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OfferId(pub [u8; 16]);

/// Number of one join of an offer, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttemptId(pub u32);

/// Number of a paired session, drawn by the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SessionId(pub [u8; 16]);

/// Which end a link belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Side {
    /// The operator's.
    Console,
    /// The helped person's.
    Agent,
}

/// What lets an end attach again to a session at any node without anything stored:
/// HMAC-SHA256 under the cluster's key over all the other fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The session.
    pub session: SessionId,
    /// For which side.
    pub side: Side,
    /// SHA-256 of the operator's leaf certificate.
    pub operator_sha256: [u8; 32],
    /// When it ends, in seconds since 1970 by the relay's clock.
    pub expires_at_s: u64,
    /// The proof.
    pub mac: [u8; 32],
}

/// A solved proof of work: SHA-256(seed, nonce) begins with the demanded zero bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The seed as the relay gave it.
    pub seed: [u8; 32],
    /// The nonce that was found.
    pub nonce: u64,
}

/// From an end to the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndToRelay {
    /// The first message on every link.
    Hello {
        /// Which program and version, for the relay's log.
        build: Text<64>,
    },
    /// Console: the operator's certificate, proven over the relay's nonce.
    Prove {
        /// Leaf first, then the issuing authority; the root is not sent. At most [`limits::CHAIN_CERTIFICATES`].
        #[serde(deserialize_with = "list::<_, _, { limits::CHAIN_CERTIFICATES }>")]
        chain: Vec<CertificateBytes>,
        /// Ed25519 over [`operator_link_statement`].
        signature: Blob<64>,
    },
    /// Console, once it is proven: a part of the newest list of revoked certificates of my organisation.
    FetchRevocations {
        /// Bytes that the console already has.
        from: u32,
    },
    /// Console: give me a locator.
    Offer,
    /// Agent: I was told this locator.
    Join {
        /// The locator.
        locator: Locator,
        /// [`crate::pairing::P1`], encoded.
        p1: OpaqueBytes,
        /// Asked for by [`RelayToEnd::NeedWork`].
        work: Option<Work>,
    },
    /// Console to agent: [`crate::pairing::P2`].
    P2 {
        /// For which join.
        attempt: AttemptId,
        /// The encoded message.
        body: OpaqueBytes,
    },
    /// Agent to console: [`crate::pairing::P3`].
    P3 {
        /// The encoded message.
        body: OpaqueBytes,
    },
    /// Console: the confirmation was right, this join takes the offer.
    Claim {
        /// Which join.
        attempt: AttemptId,
    },
    /// Console to agent, after the claim: [`crate::pairing::P4`].
    P4 {
        /// For which join.
        attempt: AttemptId,
        /// The encoded message.
        body: OpaqueBytes,
    },
    /// Console to agent: that secret was wrong.
    P4Fail {
        /// For which join.
        attempt: AttemptId,
        /// Tries that the key has left; 0 burns the offer.
        tries_left: u8,
    },
    /// Either: back after the link was lost.
    Attach {
        /// The proof that this end belongs to the session.
        ticket: Ticket,
    },
    /// Either, while paired: I am going, tell the other end.
    Leave,
    /// Either: keep the link's control stream alive; answered by [`RelayToEnd::Pong`].
    Ping,
}

/// Why an offer ended without a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OfferEnd {
    /// Ten minutes passed.
    Expired,
    /// Three wrong secrets.
    Burned,
    /// The console went away or withdrew it.
    Withdrawn,
}

/// Why the relay refuses; the end turns it into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Refusal {
    /// The message does not belong here.
    Unexpected,
    /// The certificate or its proof does not hold.
    NotCertified,
    /// The certificate has ended or has not begun.
    CertificateTime,
    /// The certificate was revoked.
    Revoked,
    /// The certificate does not allow the operator to work at this hour.
    OutsideHours,
    /// Too many offers, links or sessions of this operator, or links or joins from this address.
    TooMany,
    /// The relay is full.
    Full,
    /// The ticket does not hold or has ended.
    BadTicket,
    /// The relay is being shut down.
    Draining,
    /// Nothing arrived in time.
    TimedOut,
}

/// From the relay to an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RelayToEnd {
    /// The first message on every link.
    Welcome {
        /// The node's name.
        node: NodeName,
        /// What the console signs.
        nonce: [u8; 32],
        /// Number of the newest revocation list that the relay holds, 0 for none.
        crl_number: u64,
        /// The relay's clock in seconds since 1970; for error text only.
        now_s: u64,
    },
    /// The operator's certificate holds.
    Proved,
    /// To [`EndToRelay::FetchRevocations`].
    Revocations {
        /// Number of the list; another one than before means: begin again.
        number: u64,
        /// Length of the whole list in bytes; 0 if there is none.
        total_bytes: u32,
        /// Where this part begins.
        from: u32,
        /// The part.
        part: Blob<{ limits::REVOCATIONS_PART_BYTES }>,
    },
    /// To [`EndToRelay::Offer`].
    Offered {
        /// Its number.
        offer: OfferId,
        /// The locator to read out.
        locator: Locator,
        /// How long it holds, in seconds.
        expires_in_s: u32,
    },
    /// To the console: the offer is over.
    OfferEnded {
        /// Why.
        end: OfferEnd,
    },
    /// To the console: an agent joins.
    PeerJoined {
        /// Which join.
        attempt: AttemptId,
        /// [`crate::pairing::P1`], encoded.
        p1: OpaqueBytes,
    },
    /// To the console: that join is gone.
    PeerGone {
        /// Which join.
        attempt: AttemptId,
    },
    /// To the agent: the locator is known.
    Joined {
        /// The offer.
        offer: OfferId,
        /// The number of this join.
        attempt: AttemptId,
        /// Number of the newest list of revoked certificates of the operator's organisation that the relay
        /// holds, 0 for none: an older one does not prove that the operator was not revoked since.
        crl_number: u64,
    },
    /// To the agent, after a fixed second: no such key (never was, expired, used or burned).
    NotFound,
    /// To the agent: too many joins at once.
    Busy,
    /// To the agent: solve this first.
    NeedWork {
        /// Leading zero bits, at most 22.
        bits: u8,
        /// The seed.
        seed: [u8; 32],
    },
    /// To the agent: that locator belongs to another node of the organisation file.
    TryNode {
        /// Which.
        node: NodeName,
    },
    /// To the agent: the console's [`crate::pairing::P2`].
    P2 {
        /// The encoded message.
        body: OpaqueBytes,
    },
    /// To the console: the agent's [`crate::pairing::P3`].
    P3 {
        /// From which join.
        attempt: AttemptId,
        /// The encoded message.
        body: OpaqueBytes,
    },
    /// To the agent: the console's [`crate::pairing::P4`].
    P4 {
        /// The encoded message.
        body: OpaqueBytes,
    },
    /// To the agent: that secret was wrong.
    P4Fail {
        /// Tries that the key has left.
        tries_left: u8,
    },
    /// To both, after the claim: packets are forwarded from now on.
    Paired {
        /// The session.
        session: SessionId,
        /// To come back with.
        ticket: Ticket,
    },
    /// To a claim that came too late: the agent has gone or the offer is over.
    ClaimFailed,
    /// To [`EndToRelay::Attach`].
    Attached {
        /// A fresh ticket.
        ticket: Ticket,
        /// Whether the other end is there now.
        peer_present: bool,
    },
    /// While paired: a fresh ticket.
    TicketRenewed {
        /// The ticket.
        ticket: Ticket,
    },
    /// While paired: the other end's link came or went.
    PeerPresence {
        /// Whether it is there.
        present: bool,
    },
    /// While paired: the other end left for good, or stayed away too long.
    PeerLeft,
    /// The link is closed after this.
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// To [`EndToRelay::Ping`].
    Pong,
}

impl Message for EndToRelay {
    const MAX_BYTES: usize = limits::CONTROL_MESSAGE_BYTES;
}
impl Message for RelayToEnd {
    const MAX_BYTES: usize = limits::SMALL_MESSAGE_BYTES;
}

/// The bytes that an operator's key signs to open a link: a label, the relay's name as the
/// organisation file has it, and the relay's nonce.
#[must_use]
pub fn operator_link_statement(relay_name: &str, nonce: &[u8; 32]) -> Vec<u8> {
    let mut statement = b"ponte operator link 1\0".to_vec();
    statement.extend_from_slice(&(relay_name.len() as u64).to_be_bytes());
    statement.extend_from_slice(relay_name.as_bytes());
    statement.extend_from_slice(nonce);
    statement
}

/// The bytes that the ticket's code is made over: every field but the code, fixed length.
#[must_use]
pub fn ticket_statement(ticket: &Ticket) -> Vec<u8> {
    let mut statement = b"ponte ticket 1\0".to_vec();
    statement.extend_from_slice(&ticket.session.0);
    statement.push(match ticket.side {
        Side::Console => 1,
        Side::Agent => 2,
    });
    statement.extend_from_slice(&ticket.operator_sha256);
    statement.extend_from_slice(&ticket.expires_at_s.to_be_bytes());
    statement
}
