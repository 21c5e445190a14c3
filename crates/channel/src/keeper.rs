//! Keeps a link under the channel: listens to the relay, dials again when the link is lost, and moves
//! from TLS to QUIC when that becomes possible.

use crate::connect::Channel;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use link::{Choice, Control, Dialing, Link, LinkKind, Packets, RelayAddress, Trust};
use proto::relay::{EndToRelay, Refusal, RelayToEnd, Ticket};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// From one dial to the next while none has come through: one that began before the relay was back may
/// wait long for its next try, a fresh one does not.
const NEXT_DIAL: Duration = Duration::from_millis(750);
/// The same when nobody listened: that is known at once, and costs little to ask again.
const AFTER_REFUSAL: Duration = Duration::from_millis(200);
/// The same once this has lasted for [`PATIENCE`], so that a relay that comes back is not overrun.
const NEXT_DIAL_LATER: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(30);
/// Dials that wait for an answer at a time, and for how long each: while one waits the next begins, and
/// a relay that is slow is not asked more often.
const MOST_DIALS: usize = 4;
const ONE_DIAL: Duration = Duration::from_secs(3);
/// The relay must answer a ticket by then.
const ATTACH: Duration = Duration::from_secs(5);

/// How to reach the relay again.
#[derive(Debug, Clone)]
pub struct Dial {
    /// Where.
    pub relay: RelayAddress,
    /// Whom to trust there.
    pub trust: Trust,
    /// By which way.
    pub choice: Choice,
    /// With which proxies, and how often QUIC is tried again.
    pub dialing: Dialing,
    /// Which program this is.
    pub build: String,
    /// Makes the operator's proof for a relay that does not take the ticket alone: one that was started
    /// again, or that knows of a newer list of revoked certificates. Agents have none.
    pub prove: Option<Prove>,
}

/// Makes a message over a relay's nonce; `None` if that cannot be done.
pub type MakeProof = dyn Fn(&[u8; 32]) -> Option<EndToRelay> + Send + Sync;

/// Makes the message that proves the operator to a relay.
#[derive(Clone)]
pub struct Prove(pub Arc<MakeProof>);

impl fmt::Debug for Prove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prove")
    }
}

/// Where the link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkState {
    /// Whether this end is attached now.
    pub attached: bool,
    /// By which way, now or last.
    pub kind: LinkKind,
    /// Whether the other end is attached now, as far as the relay says.
    pub peer_attached: bool,
    /// Whether the other end has left for good, as the relay says (the relay may lie: a hint).
    pub peer_left: bool,
    /// Whether the relay no longer takes the ticket: this session cannot be attached again.
    pub refused: bool,
}

/// The task that keeps the link; ends when dropped.
#[derive(Debug)]
pub struct Keeper {
    state: watch::Receiver<LinkState>,
    leave: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Keeps `control` (whose packets are attached to the channel's port already).
    #[must_use]
    pub fn start(channel: Channel, kind: LinkKind, control: Control, ticket: Ticket, dial: Dial) -> Self {
        let first = LinkState { attached: true, kind, peer_attached: true, peer_left: false, refused: false };
        let (state, watched) = watch::channel(first);
        let (leave, leaving) = watch::channel(false);
        let run = Run { channel, ticket, dial, state, leaving };
        let task = tokio::spawn(run.run(control));
        Self { state: watched, leave, task: Some(task) }
    }

    /// Where the link stands, to be watched.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<LinkState> {
        self.state.clone()
    }

    /// Tells the relay that this end goes for good, and ends within `deadline`.
    pub async fn leave(mut self, deadline: Duration) {
        let _ = self.leave.send(true);
        if let Some(mut task) = self.task.take()
            && timeout(deadline, &mut task).await.is_err()
        {
            task.abort();
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

struct Run {
    channel: Channel,
    ticket: Ticket,
    dial: Dial,
    state: watch::Sender<LinkState>,
    leaving: watch::Receiver<bool>,
}

enum Over {
    /// A better link has taken this one's place.
    Moved(Control),
    Lost,
    Left,
    Refused,
}

/// A link that the relay has joined to the session.
struct Attached {
    kind: LinkKind,
    control: Control,
    packets: Packets,
    ticket: Ticket,
    peer_present: bool,
}

enum NotAttached {
    /// The relay does not take the ticket.
    Refused,
    Failed,
}

impl Run {
    async fn run(mut self, mut control: Control) {
        loop {
            match self.attend(control).await {
                Over::Moved(better) => {
                    control = better;
                    continue;
                }
                Over::Left => return,
                Over::Refused => {
                    self.state.send_modify(|state| {
                        state.attached = false;
                        state.refused = true;
                    });
                    return;
                }
                Over::Lost => {}
            }
            self.channel.port().detach();
            self.state.send_modify(|state| state.attached = false);
            match self.redial().await {
                Some(again) => control = again,
                None => return,
            }
        }
    }

    /// Listens to the relay until the link is over or a better one has taken its place.
    async fn attend(&mut self, mut control: Control) -> Over {
        let port = self.channel.port().clone();
        let kind = self.state.borrow().kind;
        let mut quic = Box::pin(try_quic(self.dial.clone(), kind));
        loop {
            tokio::select! {
                found = &mut quic => {
                    // The relay lets go of the older link as soon as it has attached the newer: what
                    // happens to the older one meanwhile is looked at only if the newer one fails.
                    if let Some(link) = found
                        && let Ok(attached) = attach(link, self.ticket.clone(), None).await
                    {
                        return Over::Moved(self.adopt(attached));
                    }
                    quic.set(try_quic(self.dial.clone(), kind));
                }
                message = control.recv() => match message {
                    Ok(RelayToEnd::TicketRenewed { ticket }) => self.ticket = ticket,
                    Ok(RelayToEnd::PeerPresence { present }) => {
                        self.state.send_modify(|state| state.peer_attached = present);
                        if present {
                            // What this end sent meanwhile went nowhere, and its next try may be seconds away.
                            self.channel.probe();
                        }
                    }
                    Ok(RelayToEnd::PeerLeft) => self.state.send_modify(|state| state.peer_left = true),
                    Ok(RelayToEnd::Refused { refusal: Refusal::BadTicket }) if self.dial.prove.is_none() => {
                        return Over::Refused;
                    }
                    Ok(RelayToEnd::Refused { refusal: Refusal::Revoked }) => return Over::Refused,
                    Ok(RelayToEnd::Refused { .. }) | Err(_) => return Over::Lost,
                    Ok(_) => {}
                },
                () = port.lost() => return Over::Lost,
                changed = self.leaving.changed() => {
                    if changed.is_err() || *self.leaving.borrow() {
                        // The relay also notices by itself: a failure here loses nothing.
                        let _ = control.send(&EndToRelay::Leave).await;
                        return Over::Left;
                    }
                }
            }
        }
    }

    /// Uses a link from now on, and drops the one before.
    fn adopt(&mut self, attached: Attached) -> Control {
        let Attached { kind, control, packets, ticket, peer_present } = attached;
        self.ticket = ticket;
        self.channel.reattach(packets);
        self.state.send_modify(|state| {
            state.attached = true;
            state.kind = kind;
            state.peer_attached = peer_present;
        });
        control
    }

    /// Dials until a link is attached; `None` once the channel is over or this end leaves.
    async fn redial(&mut self) -> Option<Control> {
        let mut leaving = self.leaving.clone();
        let connection = self.channel.connection().clone();
        tokio::select! {
            attached = dial_and_attach(&self.dial, &self.ticket) => {
                if attached.is_none() {
                    self.state.send_modify(|state| state.refused = true);
                }
                attached.map(|attached| self.adopt(attached))
            }
            _ = connection.closed() => None,
            _ = leaving.changed() => None,
        }
    }
}

/// Dials QUIC after a while, if TLS won the race; `None` if that came to nothing. Where there was no
/// race there is nothing better.
async fn try_quic(dial: Dial, kind: LinkKind) -> Option<Link> {
    if kind == LinkKind::Quic || dial.choice != Choice::Race {
        return std::future::pending().await;
    }
    tokio::time::sleep(dial.dialing.quic_again).await;
    let Dial { relay, trust, dialing, build, .. } = dial;
    let link = link::connect_with(&relay, &trust, Choice::Only(LinkKind::Quic), &dialing.proxies, &build).await;
    link.inspect_err(|error| tracing::debug!(%error, "still no way for QUIC")).ok()
}

/// Dials again and again until a link is attached; `None` when the relay does not take the ticket.
async fn dial_and_attach(dial: &Dial, ticket: &Ticket) -> Option<Attached> {
    let Dial { relay, trust, choice, dialing, build, prove } = dial;
    // The ticket alone is a round trip quicker, and mostly enough.
    let mut proof = None;
    let begin = Instant::now();
    let mut dials = FuturesUnordered::new();
    let mut next = interval(NEXT_DIAL);
    next.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = next.tick(), if dials.len() < MOST_DIALS => {
                if begin.elapsed() > PATIENCE {
                    next.reset_after(NEXT_DIAL_LATER);
                }
                // A line that needs longer gets the link's own limits later.
                let limit = if begin.elapsed() < PATIENCE { ONE_DIAL } else { Duration::MAX };
                dials.push(timeout(limit, link::connect_with(relay, trust, *choice, &dialing.proxies, build)));
            }
            Some(dialed) = dials.next() => match dialed {
                Ok(Ok(link)) => match attach(link, ticket.clone(), proof).await {
                    Ok(attached) => return Some(attached),
                    Err(NotAttached::Refused) if proof.is_none() && prove.is_some() => {
                        proof = prove.as_ref();
                        next.reset_immediately();
                    }
                    Err(NotAttached::Refused) => return None,
                    Err(NotAttached::Failed) => {}
                },
                Err(_) => tracing::debug!("the relay does not answer yet"),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the relay cannot be reached yet");
                    if begin.elapsed() < PATIENCE {
                        next.reset_after(AFTER_REFUSAL);
                    }
                }
            },
        }
    }
}

/// Joins a link to the session; proves the operator first where `prove` can.
async fn attach(link: Link, ticket: Ticket, prove: Option<&Prove>) -> Result<Attached, NotAttached> {
    let Link { kind, mut control, packets, welcome, .. } = link;
    let attaching = async {
        if let Some(Prove(prove)) = prove {
            let proof = prove(&welcome.nonce).ok_or(NotAttached::Refused)?;
            control.send(&proof).await.map_err(|_| NotAttached::Failed)?;
            match control.recv().await {
                Ok(RelayToEnd::Proved) => {}
                Ok(RelayToEnd::Refused { refusal: Refusal::Draining | Refusal::Full | Refusal::TooMany }) | Err(_) => {
                    return Err(NotAttached::Failed);
                }
                Ok(_) => return Err(NotAttached::Refused),
            }
        }
        control.send(&EndToRelay::Attach { ticket }).await.map_err(|_| NotAttached::Failed)?;
        loop {
            match control.recv().await {
                Ok(RelayToEnd::Attached { ticket, peer_present }) => return Ok((ticket, peer_present)),
                Ok(RelayToEnd::Refused { refusal: Refusal::BadTicket }) => return Err(NotAttached::Refused),
                Ok(RelayToEnd::Refused { .. }) | Err(_) => return Err(NotAttached::Failed),
                Ok(_) => {}
            }
        }
    };
    let attached = timeout(ATTACH, attaching).await;
    let (ticket, peer_present) = attached.unwrap_or(Err(NotAttached::Failed))?;
    Ok(Attached { kind, control, packets, ticket, peer_present })
}
