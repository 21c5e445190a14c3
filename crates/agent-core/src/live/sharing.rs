//! What of the screen is shared, and its pauses: by the person, or because the panel cannot be seen.

use super::{Flow, Live};
use crate::previews::{Found, Previews};
use crate::view::{ShareReason, ShareView};
use crate::welcome::Chosen;
use audit_log::Event;
use capture::{Interrupter, Outline, Presence, PresenceWatch, Share};
use consent::Scope;
use proto::session::{AgentToConsole, Capability, EndReason};
use session::until;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// How long the panel may be out of sight while somebody sees the screen.
const UNSEEN_FOR: Duration = Duration::from_secs(10);
/// How long the watch over the panel sleeps when nothing happens.
const QUIET: Duration = Duration::from_secs(60);
/// The colour of the frame around what is shared (red, green, blue): the accent of light windows.
const OUTLINE: [u8; 3] = [0x0D, 0x66, 0x5E];

/// Why nothing is shared for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    /// The person wants it.
    ByPerson,
    /// The panel cannot be seen.
    Unseen,
}

/// What happened around the sharing.
pub(super) enum SharingEvent {
    /// The panel is in sight, or is not.
    Presence(Presence),
    /// The panel was out of sight for too long.
    UnseenTooLong,
    /// There are newer pictures to choose from.
    Previews,
}

/// The choice of what to share, and its pauses.
#[derive(Default)]
pub(super) struct Sharing {
    pub(super) pause: Option<Pause>,
    /// While the person chooses anew.
    choosing: Option<Choosing>,
    presence: Option<Watched>,
    unseen_at: Option<Instant>,
    outline: Option<Box<dyn Outline>>,
}

struct Choosing {
    reason: ShareReason,
    previews: Previews,
    found: watch::Receiver<Found>,
}

/// A thread that watches over the panel; dropping this ends it.
struct Watched {
    news: mpsc::Receiver<Presence>,
    is_over: Arc<AtomicBool>,
    interrupter: Interrupter,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.interrupter.interrupt();
    }
}

impl Watched {
    fn start(mut watch: Box<dyn PresenceWatch>) -> std::io::Result<Self> {
        let (tell, news) = mpsc::channel(8);
        let (is_over, interrupter) = (Arc::new(AtomicBool::new(false)), watch.interrupter());
        let over = Arc::clone(&is_over);
        std::thread::Builder::new().name("presence".into()).spawn(move || {
            while !over.load(Ordering::SeqCst) {
                match watch.wait(QUIET) {
                    Ok(Some(presence)) if tell.blocking_send(presence).is_err() => return,
                    Ok(_) => {}
                    Err(error) => {
                        // Nobody can tell any more whether it is in sight.
                        tracing::warn!(%error, "the panel is not watched over");
                        let _ = tell.blocking_send(Presence::Gone);
                        return;
                    }
                }
            }
        })?;
        Ok(Self { news, is_over, interrupter })
    }
}

impl Sharing {
    /// What happens next; for ever nothing where nothing is watched.
    pub(super) async fn next(&mut self) -> SharingEvent {
        let Self { choosing, presence, unseen_at, .. } = self;
        let previews = async {
            let is_news = match choosing {
                Some(choosing) => choosing.found.changed().await.is_ok(),
                None => false,
            };
            if !is_news {
                std::future::pending::<()>().await;
            }
        };
        let news = async {
            match presence {
                Some(watched) => match watched.news.recv().await {
                    Some(presence) => presence,
                    None => std::future::pending().await,
                },
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            presence = news => SharingEvent::Presence(presence),
            () = until(*unseen_at) => SharingEvent::UnseenTooLong,
            () = previews => SharingEvent::Previews,
        }
    }

    /// What the person may choose now, while they are asked to.
    pub(super) fn choices(&self) -> Option<ShareView> {
        let choosing = self.choosing.as_ref()?;
        match &*choosing.found.borrow() {
            Found::Choices(choices) => Some(choices.clone()),
            Found::Looking | Found::Unavailable(_) => {
                let (monitors, windows) = (Vec::new(), Vec::new());
                Some(ShareView { monitors, everything: None, windows, reason: choosing.reason })
            }
        }
    }

    fn is_on_hold(&self) -> bool {
        self.pause.is_some() || self.choosing.is_some()
    }

    /// Nothing is watched or drawn any more.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }
}

impl Live<'_> {
    pub(super) fn handle_sharing(&mut self, event: SharingEvent) -> Flow {
        match event {
            SharingEvent::Presence(Presence::Visible) => self.sharing.unseen_at = None,
            SharingEvent::Presence(Presence::Covered | Presence::Gone) => {
                self.sharing.unseen_at.get_or_insert_with(|| Instant::now() + UNSEEN_FOR);
            }
            SharingEvent::UnseenTooLong => {
                self.sharing.unseen_at = None;
                if self.sharing.pause.is_none() {
                    return self.pause(false);
                }
            }
            SharingEvent::Previews => {
                let found = self.sharing.choosing.as_mut().map(|choosing| choosing.found.borrow_and_update().clone());
                if let Some(Found::Unavailable(error)) = found {
                    tracing::warn!(%error, "the screen cannot be shared");
                    return Flow::Break(EndReason::ScreenUnavailable);
                }
            }
        }
        Flow::Continue(())
    }

    /// Watches whether the panel is in sight, from the first yes to viewing on.
    pub(super) fn watch_presence(&mut self) {
        if self.sharing.presence.is_some() {
            return;
        }
        let watch = (self.config.platform.desktop)().and_then(|desktop| desktop.presence(std::process::id()));
        match watch.map(Watched::start) {
            Ok(Ok(watched)) => self.sharing.presence = Some(watched),
            Ok(Err(error)) => tracing::warn!(%error, "the panel is not watched over"),
            Err(error) => tracing::warn!(%error, "the panel is not watched over"),
        }
    }

    /// Nobody sees the screen any more: there is nothing to pause.
    pub(super) fn view_is_over(&mut self) {
        self.sharing.end();
        self.consent.resume();
    }

    /// A frame around what is shared; without one the session goes on.
    pub(super) fn draw_outline(&mut self) {
        let outline = self.chosen.desktop.outline(Share::Everything, OUTLINE);
        self.sharing.outline =
            outline.inspect_err(|error| tracing::warn!(%error, "no frame around what is shared")).ok();
    }

    /// Nothing is seen and nothing is steered until the person goes on.
    pub(super) fn pause(&mut self, by_person: bool) -> Flow {
        let is_viewing = self.consent.is_granted(Scope { capability: Capability::View, transfer: None });
        if !is_viewing || self.sharing.pause.is_some() {
            return Flow::Continue(());
        }
        let was_on_hold = self.sharing.is_on_hold();
        self.sharing.pause = Some(if by_person { Pause::ByPerson } else { Pause::Unseen });
        self.follow_hold(was_on_hold)?;
        self.note(Event::Paused { paused: true, by_person })
    }

    /// The person lets the sharing go on.
    pub(super) fn resume(&mut self) -> Flow {
        if self.sharing.pause.take().is_none() {
            return Flow::Continue(());
        }
        self.note(Event::Paused { paused: false, by_person: true })?;
        self.follow_hold(true)
    }

    /// The person is asked what to share instead; until then nothing is.
    pub(super) fn choose_anew(&mut self, reason: ShareReason) -> Flow {
        if self.sharing.choosing.is_some() || !self.seen {
            return Flow::Continue(());
        }
        let previews = (self.config.platform.desktop)().and_then(|desktop| Previews::start(desktop, reason));
        let previews = match previews {
            Ok(previews) => previews,
            Err(error) => {
                tracing::warn!(%error, "the screen cannot be shared");
                return Flow::Break(EndReason::ScreenUnavailable);
            }
        };
        let was_on_hold = self.sharing.is_on_hold();
        let found = previews.found();
        self.sharing.choosing = Some(Choosing { reason, previews, found });
        self.follow_hold(was_on_hold)
    }

    /// The person has chosen.
    pub(super) fn share(&mut self, share: Share) -> Flow {
        let choosing = self.sharing.choosing.as_ref();
        let chosen = choosing.zip(self.sharing.choices());
        let chosen = chosen.and_then(|(choosing, choices)| Chosen::of(share, &choices, &choosing.previews));
        let Some(chosen) = chosen else { return Flow::Continue(()) };
        self.is_unsigned = true;
        super::written(chosen.note(&mut self.ledger, &self.outbox))?;
        self.chosen = chosen;
        self.sharing.choosing = None;
        self.follow_hold(true)
    }

    /// The person stays with what was shared.
    pub(super) fn keep_share(&mut self) -> Flow {
        match &self.sharing.choosing {
            Some(choosing) if choosing.reason == ShareReason::Change => {
                self.sharing.choosing = None;
                self.follow_hold(true)
            }
            _ => Flow::Continue(()),
        }
    }

    /// Stops or starts what is held back, when that has changed.
    fn follow_hold(&mut self, was_on_hold: bool) -> Flow {
        let is_on_hold = self.sharing.is_on_hold();
        if is_on_hold == was_on_hold {
            return Flow::Continue(());
        }
        if is_on_hold {
            self.consent.hold();
            self.sharing.outline = None;
            self.stop_screens();
            self.stop_injection();
            return self.tell(AgentToConsole::SharingPaused { paused: true });
        }
        self.consent.resume();
        self.tell(AgentToConsole::SharingPaused { paused: false })?;
        let control = Scope { capability: Capability::Control, transfer: None };
        if self.consent.is_granted(control) && !self.start_injection() {
            self.consent.use_over(control);
        }
        self.start_screens()
    }
}
