//! What the relay holds: one state per link, one slot per locator, one record per session.

use crate::core::OperatorProof;
use crate::source::Source;
use proto::Locator;
use proto::relay::{AttemptId, OfferId, SessionId, Side};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Number of a link, given by the program around this crate, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(pub u64);

/// Where a link stands.
#[derive(Debug)]
pub(crate) enum State {
    /// Nothing was said yet.
    Fresh { deadline: Instant },
    /// Welcomed; may become a console's or an agent's.
    Greeted { nonce: [u8; 32], deadline: Instant },
    /// The program verifies the operator's proof.
    Proving { deadline: Instant },
    /// A console whose operator is known.
    Certified { offer: Offering },
    /// An agent between two joins, with the work that the next one costs.
    Agent { work: Option<Demand>, deadline: Instant },
    /// An agent that gets "no such key" when the time has come.
    NotFoundDue { deadline: Instant },
    /// An agent in one of the offer's places.
    Joining { locator: Locator, attempt: AttemptId, deadline: Instant },
    /// Packets are forwarded.
    Paired { session: SessionId, side: Side },
    /// The other end left; this one has a moment to close by itself.
    Left { deadline: Instant },
}

/// Where the offer of a console stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offering {
    Not,
    /// The program looks whether the operator may still work.
    Asked,
    At(Locator),
}

/// Work that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Demand {
    pub(crate) bits: u8,
    pub(crate) seed: [u8; 32],
}

impl State {
    /// When the relay acts on it by itself.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Fresh { deadline }
            | Self::Greeted { deadline, .. }
            | Self::Proving { deadline }
            | Self::Agent { deadline, .. }
            | Self::NotFoundDue { deadline }
            | Self::Joining { deadline, .. }
            | Self::Left { deadline } => Some(*deadline),
            Self::Certified { .. } | Self::Paired { .. } => None,
        }
    }

    /// Whether it counts among the links that one source may hold without having shown anything.
    pub(crate) fn unclaimed(&self) -> bool {
        match self {
            Self::Fresh { .. }
            | Self::Greeted { .. }
            | Self::Proving { .. }
            | Self::Agent { .. }
            | Self::NotFoundDue { .. }
            | Self::Joining { .. } => true,
            Self::Certified { .. } | Self::Paired { .. } | Self::Left { .. } => false,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) source: Source,
    pub(crate) state: State,
    /// Who has proven himself here, for as long as the link lives.
    pub(crate) operator: Option<OperatorProof>,
    /// Paired or proven by then, or closed.
    pub(crate) unpaired_until: Instant,
    pub(crate) messages: Counter,
    /// Parts of revocation lists.
    pub(crate) parts: Counter,
}

/// Counts what happens in windows of time.
#[derive(Debug)]
pub(crate) struct Counter {
    count: u32,
    began: Instant,
}

impl Counter {
    /// Counts one more; gives how many there are in the window.
    pub(crate) fn count(&mut self, now: Instant, window: Duration) -> u32 {
        if now.saturating_duration_since(self.began) >= window {
            *self = Self { count: 0, began: now };
        }
        self.count = self.count.saturating_add(1);
        self.count
    }
}

impl Link {
    pub(crate) fn new(now: Instant, source: Source, state: State, unpaired_until: Instant) -> Self {
        let counter = || Counter { count: 0, began: now };
        Self { source, state, operator: None, unpaired_until, messages: counter(), parts: counter() }
    }

    /// Whether this operator has proven himself here.
    pub(crate) fn is_of(&self, sha256: &[u8; 32]) -> bool {
        self.operator.is_some_and(|operator| operator.sha256 == *sha256)
    }
}

/// An offer that waits for its agent.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) offer: OfferId,
    pub(crate) console: LinkId,
    pub(crate) operator: OperatorProof,
    pub(crate) expires_at: Instant,
    pub(crate) attempts: BTreeMap<AttemptId, Attempt>,
    pub(crate) last_attempt: u32,
}

/// One join of an offer.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) agent: LinkId,
    pub(crate) joined_at: Instant,
    pub(crate) confirmation_due: Option<Instant>,
    pub(crate) confirmed: bool,
}

/// A session, as far as the relay knows it.
#[derive(Debug)]
pub(crate) enum Session {
    /// May be attached to.
    Live(Live),
    /// Over; remembered so long as a ticket of it could still hold.
    Ended { until: Instant },
}

#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) console: Place,
    pub(crate) agent: Place,
    pub(crate) operator: [u8; 32],
    /// Whether the operator was proven at this node, not only named by a ticket.
    pub(crate) proven: bool,
    /// Until the console's confirmation of it was handed on.
    pub(crate) attempt: Option<AttemptId>,
    pub(crate) renew_at: Instant,
    /// Whether both ends were here at once. Not yet so where only a ticket told of the session: it
    /// may have ended before this node was started.
    pub(crate) met: bool,
}

/// One end of a session.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Here(LinkId),
    /// The session ends if it is not back by then.
    Away {
        until: Instant,
    },
}

impl Place {
    pub(crate) fn link(self) -> Option<LinkId> {
        match self {
            Self::Here(link) => Some(link),
            Self::Away { .. } => None,
        }
    }

    fn given_up(self, now: Instant) -> bool {
        matches!(self, Self::Away { until } if until <= now)
    }
}

impl Live {
    pub(crate) fn place(&mut self, side: Side) -> &mut Place {
        match side {
            Side::Console => &mut self.console,
            Side::Agent => &mut self.agent,
        }
    }

    pub(crate) fn other(&self, side: Side) -> Option<LinkId> {
        match side {
            Side::Console => self.agent.link(),
            Side::Agent => self.console.link(),
        }
    }

    /// Whether an end stayed away for too long.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.console.given_up(now) || self.agent.given_up(now)
    }
}

/// What a timer is for. One that no longer applies when it fires is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    Link(LinkId),
    Slot(Locator),
    Confirmation(Locator, AttemptId),
    Quarantine(Locator),
    Session(SessionId),
    Sweep,
}
