//! Keeps a link under the channel: listens to the relay, and dials again when the link is lost.

use crate::connect::Channel;
use link::{Choice, Control, Link, LinkKind, RelayAddress, Trust};
use proto::relay::{EndToRelay, Refusal, RelayToEnd, Ticket};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Pause before the second and later dials, doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How to reach the relay again.
#[derive(Debug, Clone)]
pub struct Dial {
    /// Where.
    pub relay: RelayAddress,
    /// Whom to trust there.
    pub trust: Trust,
    /// By which way.
    pub choice: Choice,
    /// Which program this is.
    pub build: String,
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
            && tokio::time::timeout(deadline, &mut task).await.is_err()
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
    Lost,
    Left,
    Refused,
}

impl Run {
    async fn run(mut self, mut control: Control) {
        loop {
            match self.attend(control).await {
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

    /// Listens to the relay until the link is over.
    async fn attend(&mut self, mut control: Control) -> Over {
        loop {
            tokio::select! {
                message = control.recv() => match message {
                    Ok(RelayToEnd::TicketRenewed { ticket }) => self.ticket = ticket,
                    Ok(RelayToEnd::PeerPresence { present }) => {
                        self.state.send_modify(|state| state.peer_attached = present);
                    }
                    Ok(RelayToEnd::PeerLeft) => self.state.send_modify(|state| state.peer_left = true),
                    Ok(RelayToEnd::Refused { refusal: Refusal::BadTicket }) => return Over::Refused,
                    Ok(RelayToEnd::Refused { .. }) | Err(_) => return Over::Lost,
                    Ok(_) => {}
                },
                () = self.channel.port().lost() => return Over::Lost,
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

    /// Dials until a link is attached; `None` once the channel is over or this end leaves.
    async fn redial(&mut self) -> Option<Control> {
        let mut pause = FIRST_PAUSE;
        let mut leaving = self.leaving.clone();
        let connection = self.channel.connection().clone();
        loop {
            tokio::select! {
                control = self.attach() => match control {
                    Attempt::Attached(control) => return Some(control),
                    Attempt::Refused => {
                        self.state.send_modify(|state| state.refused = true);
                        return None;
                    }
                    Attempt::Failed => {}
                },
                _ = connection.closed() => return None,
                _ = leaving.changed() => return None,
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                _ = connection.closed() => return None,
                _ = leaving.changed() => return None,
            }
        }
    }

    async fn attach(&mut self) -> Attempt {
        let dial = &self.dial;
        let link = match link::connect(&dial.relay, &dial.trust, dial.choice, &dial.build).await {
            Ok(link) => link,
            Err(error) => {
                tracing::debug!(%error, "the relay cannot be reached yet");
                return Attempt::Failed;
            }
        };
        let Link { kind, mut control, packets, .. } = link;
        if control.send(&EndToRelay::Attach { ticket: self.ticket.clone() }).await.is_err() {
            return Attempt::Failed;
        }
        loop {
            match control.recv().await {
                Ok(RelayToEnd::Attached { ticket, peer_present }) => {
                    self.ticket = ticket;
                    self.channel.reattach(packets);
                    self.state.send_modify(|state| {
                        state.attached = true;
                        state.kind = kind;
                        state.peer_attached = peer_present;
                    });
                    return Attempt::Attached(control);
                }
                Ok(RelayToEnd::Refused { refusal: Refusal::BadTicket }) => return Attempt::Refused,
                Ok(RelayToEnd::Refused { .. }) | Err(_) => return Attempt::Failed,
                Ok(_) => {}
            }
        }
    }
}

enum Attempt {
    Attached(Control),
    Refused,
    Failed,
}
