//! What of the screen can be shared, with small pictures for the person's own eyes.

use crate::view::{ChoiceView, ShareReason, ShareView};
use capture::{CaptureError, Desktop, Share};
use proto::session::Name;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How old a picture becomes.
const RENEWED_EVERY: Duration = Duration::from_secs(2);
/// Windows with a picture, the topmost; the others have their title.
const WINDOW_PICTURES: usize = 12;
/// Most width and height of a picture, in pixels: twice as many as points, for dense screens.
const MOST_WIDTH: u32 = 520;
const MOST_HEIGHT: u32 = 320;

/// What was found so far.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    /// Nothing yet.
    Looking,
    /// This can be shared.
    Choices(ShareView),
    /// The screen cannot be captured.
    Unavailable(CaptureError),
}

/// A thread that looks at the screen every two seconds. Dropping it ends the thread.
pub(crate) struct Previews {
    desktop: Arc<dyn Desktop>,
    found: watch::Receiver<Found>,
    stop: Arc<Stop>,
}

#[derive(Default)]
struct Stop {
    is_told: Mutex<bool>,
    told: Condvar,
}

impl Stop {
    fn tell(&self) {
        *self.is_told.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.told.notify_all();
    }

    /// Waits that long; true once it was told.
    fn wait(&self, time: Duration) -> bool {
        let is_told = self.is_told.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.told.wait_timeout_while(is_told, time, |is_told| !*is_told);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Previews {
    /// Begins to look.
    pub(crate) fn start(desktop: Box<dyn Desktop>, reason: ShareReason) -> Result<Self, CaptureError> {
        let desktop: Arc<dyn Desktop> = Arc::from(desktop);
        let looked_at = Arc::clone(&desktop);
        let (publish, found) = watch::channel(Found::Looking);
        let stop = Arc::new(Stop::default());
        let told = Arc::clone(&stop);
        std::thread::Builder::new()
            .name("previews".into())
            .spawn(move || {
                loop {
                    let found = look(looked_at.as_ref(), reason).map_or_else(Found::Unavailable, Found::Choices);
                    if publish.send(found).is_err() || told.wait(RENEWED_EVERY) {
                        return;
                    }
                }
            })
            .map_err(|error| CaptureError::Lost(error.to_string()))?;
        Ok(Self { desktop, found, stop })
    }

    /// What the person has chosen of what was found, as a desktop of its own: it stays that part whatever becomes of
    /// the numbers of monitors.
    ///
    /// # Errors
    /// As [`Desktop::only`]; what was found is then not there any more.
    pub(crate) fn chosen(&self, share: Share) -> Result<Arc<dyn Desktop>, CaptureError> {
        Ok(Arc::from(self.desktop.only(share)?))
    }

    /// What was found, to be watched.
    pub(crate) fn found(&self) -> watch::Receiver<Found> {
        self.found.clone()
    }
}

impl Drop for Previews {
    fn drop(&mut self) {
        self.stop.tell();
    }
}

fn look(desktop: &dyn Desktop, reason: ShareReason) -> Result<ShareView, CaptureError> {
    let choice = |share, title: &str, pictured: bool| {
        let preview =
            if pictured { desktop.preview(share, MOST_WIDTH, MOST_HEIGHT) } else { Err(CaptureError::LayoutChanged) };
        // A window that closes at this moment has no picture; the next look finds it gone.
        ChoiceView { share, title: Name::truncated(title).shown(), preview: preview.ok().map(Arc::new) }
    };
    let mut monitors = desktop.layout()?.monitors;
    monitors.sort_by_key(|monitor| !monitor.primary);
    let everything = (monitors.len() > 1).then(|| choice(Share::Everything, "", true));
    let windows = desktop.windows(std::process::id()).unwrap_or_else(|error| {
        tracing::debug!(%error, "windows cannot be listed");
        Vec::new()
    });
    Ok(ShareView {
        monitors: monitors.iter().map(|monitor| choice(Share::Monitor(monitor.id), "", true)).collect(),
        everything,
        windows: (windows.iter().enumerate())
            .map(|(place, window)| choice(Share::Window(window.id), &window.title, place < WINDOW_PICTURES))
            .collect(),
        reason,
    })
}
