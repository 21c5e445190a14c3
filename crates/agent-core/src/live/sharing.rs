//! What of the screen is shared, and its pauses: by the person, or because the panel cannot be seen.

use super::{Flow, Live};
use crate::ledger::Ledger;
use crate::previews::{Found, Previews};
use crate::view::{ShareReason, ShareView};
use crate::welcome::Chosen;
use audit_log::Event;
use capture::{CaptureError, Interrupter, Outline, Presence, PresenceWatch, Share};
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
    /// Whether the pictures to choose from may still be on the screen: nobody but the person sees those.
    is_leaving_choice: bool,
    presence: Option<Watched>,
    sight: Sight,
    outline: Option<Box<dyn Outline>>,
}

/// How long the panel was out of sight, moments in between included.
#[derive(Debug, Default, Clone, Copy)]
struct Sight {
    unseen_since: Option<Instant>,
    seen_since: Option<Instant>,
    unseen_for: Duration,
}

impl Sight {
    fn handle(&mut self, now: Instant, presence: Presence) {
        match (presence, self.unseen_since) {
            (Presence::Visible, Some(since)) => {
                self.unseen_for += now.saturating_duration_since(since);
                (self.unseen_since, self.seen_since) = (None, Some(now));
            }
            (Presence::Covered | Presence::Gone, None) => {
                // Only a panel that was in sight for as long makes up for it.
                if self.seen_since.is_some_and(|since| now.saturating_duration_since(since) >= UNSEEN_FOR) {
                    self.unseen_for = Duration::ZERO;
                }
                self.unseen_since = Some(now);
            }
            (Presence::Visible, None) | (Presence::Covered | Presence::Gone, Some(_)) => {}
        }
    }

    /// When it has been out of sight for too long.
    fn too_long_at(&self) -> Option<Instant> {
        self.unseen_since.map(|since| since + UNSEEN_FOR.saturating_sub(self.unseen_for))
    }
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
        let Self { choosing, presence, sight, pause, .. } = self;
        let unseen_at = if pause.is_none() { sight.too_long_at() } else { None };
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
            () = until(unseen_at) => SharingEvent::UnseenTooLong,
            () = previews => SharingEvent::Previews,
        }
    }

    /// What the person may choose now, while they are asked to.
    pub(super) fn choices(&self) -> Option<ShareView> {
        let choosing = self.choosing.as_ref()?;
        match &*choosing.found.borrow() {
            Found::Choices(choices) => Some(choices.clone()),
            Found::Looking | Found::Unavailable(_) => Some(ShareView::empty(choosing.reason)),
        }
    }

    fn is_on_hold(&self) -> bool {
        self.pause.is_some() || self.choosing.is_some() || self.is_leaving_choice
    }

    /// Nothing is watched or drawn any more.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }
}

impl Live<'_> {
    pub(super) fn handle_sharing(&mut self, event: SharingEvent) -> Flow {
        match event {
            SharingEvent::Presence(presence) => self.sharing.sight.handle(Instant::now(), presence),
            SharingEvent::UnseenTooLong => return self.pause(false),
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

    /// Once seeing it is allowed, what is seen has a name for the operator too.
    pub(super) fn tell_title(&mut self) -> Flow {
        let is_viewing = self.consent.is_granted(Scope { capability: Capability::View, transfer: None });
        match self.title.take_if(|_| is_viewing) {
            Some(title) => super::written(Ledger::tell_text(&self.outbox, title)),
            None => Flow::Continue(()),
        }
    }

    /// Watches whether the panel is in sight, from the first yes to viewing on.
    pub(super) fn watch_presence(&mut self) {
        if self.sharing.presence.is_some() {
            return;
        }
        let watch = (self.config.platform.desktop)().and_then(|desktop| desktop.presence(std::process::id()));
        let started =
            watch.and_then(|watch| Watched::start(watch).map_err(|error| CaptureError::Lost(error.to_string())));
        match started {
            Ok(watched) => self.sharing.presence = Some(watched),
            Err(CaptureError::NotSupported(what)) => tracing::warn!(what, "the panel is not watched over"),
            Err(error) => {
                // Nobody can tell whether it is in sight: then the person is asked.
                tracing::warn!(%error, "the panel is not watched over");
                self.sharing.sight.handle(Instant::now(), Presence::Gone);
            }
        }
    }

    /// Nobody sees the screen any more: there is nothing to pause.
    pub(super) fn view_is_over(&mut self) {
        self.sharing.end();
        self.consent.resume();
        self.shell.pause(false);
    }

    /// A frame around what is shared; without one the session goes on.
    pub(super) fn draw_outline(&mut self) {
        let outline = self.chosen.desktop.outline(Share::Everything, OUTLINE);
        self.sharing.outline =
            outline.inspect_err(|error| tracing::warn!(%error, "no frame around what is shared")).ok();
    }

    /// Nothing is seen and nothing is steered until the person goes on. A pause that began because the panel could not
    /// be seen may stay as the person's own.
    pub(super) fn pause(&mut self, by_person: bool) -> Flow {
        if by_person && self.sharing.pause == Some(Pause::Unseen) {
            self.sharing.pause = Some(Pause::ByPerson);
            return Flow::Continue(());
        }
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
        // Watched over anew, also where the watch had ended.
        self.sharing.sight = Sight::default();
        self.sharing.presence = None;
        self.watch_presence();
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
        match chosen.note(&mut self.ledger, &self.outbox) {
            Ok(title) => self.title = title,
            Err(error) => return Flow::Break(super::unwritable(error)),
        }
        self.tell_title()?;
        self.chosen = chosen;
        self.leave_choice()
    }

    /// The choice is made; nothing is shared before its pictures are off the screen.
    fn leave_choice(&mut self) -> Flow {
        self.sharing.choosing = None;
        self.sharing.is_leaving_choice = true;
        Flow::Continue(())
    }

    /// The window does not show the pictures any more.
    pub(super) fn share_gone(&mut self) -> Flow {
        if !self.sharing.is_leaving_choice || self.sharing.choosing.is_some() {
            return Flow::Continue(());
        }
        self.sharing.is_leaving_choice = false;
        self.follow_hold(true)
    }

    /// The person stays with what was shared.
    pub(super) fn keep_share(&mut self) -> Flow {
        match &self.sharing.choosing {
            Some(choosing) if choosing.reason == ShareReason::Change => self.leave_choice(),
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
            self.shell.pause(true);
            self.sharing.outline = None;
            self.stop_screens();
            self.stop_annotating();
            self.stop_injection();
            return self.tell(AgentToConsole::SharingPaused { paused: true, epoch: self.epoch });
        }
        self.consent.resume();
        self.shell.pause(false);
        self.tell(AgentToConsole::SharingPaused { paused: false, epoch: self.epoch })?;
        // Where things are comes before what is pressed there.
        self.start_screens()?;
        let control = Scope { capability: Capability::Control, transfer: None };
        if self.screens.is_some() && self.consent.is_granted(control) && !self.start_injection() {
            self.consent.use_over(control);
        }
        Flow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_that_is_covered_again_and_again_is_out_of_sight_in_the_end() {
        let begin = Instant::now();
        let at = |second: u64| begin + Duration::from_secs(second);
        let mut sight = Sight::default();
        sight.handle(at(0), Presence::Visible);
        assert_eq!(sight.too_long_at(), None);
        sight.handle(at(1), Presence::Covered);
        assert_eq!(sight.too_long_at(), Some(at(11)));
        sight.handle(at(7), Presence::Visible);
        sight.handle(at(8), Presence::Gone);
        assert_eq!(sight.too_long_at(), Some(at(12)), "six seconds were there already");
        sight.handle(at(9), Presence::Covered);
        assert_eq!(sight.too_long_at(), Some(at(12)), "covered or gone is the same");
        sight.handle(at(10), Presence::Visible);
        sight.handle(at(20), Presence::Covered);
        assert_eq!(sight.too_long_at(), Some(at(30)), "long in sight makes up for it");
    }
}
