//! Inject keyboard and pointer, with a permit only, and never into Ponte's own windows.
//!
//! What is absent: any way to press something without a [`Permit`], and any way to lift what
//! somebody else pressed. Read [`Injector`], then [`OwnWindows`], then [`origin`]: whose press a
//! window has got.

use consent::{Control, Permit};
use origin::Origin;
use proto::Layout;
use proto::input::InputEvent;

pub mod fake;
mod keys;
pub mod origin;
mod tracked;
#[cfg(target_os = "linux")]
mod x11;

/// Does what the operator did.
///
/// It remembers what it pressed: a key or button that is already down is not pressed again (the
/// system repeats keys by itself), and one that it did not press is not lifted.
pub trait Injector: Send {
    /// Injects one event. Places on monitors that `layout` does not have are ignored, places
    /// outside a monitor are moved to its edge.
    ///
    /// # Errors
    /// [`InputError::Failed`] when the system refuses or is gone.
    fn inject(
        &mut self,
        permit: &Permit<'_, Control>,
        event: &InputEvent,
        layout: &Layout,
    ) -> Result<Injected, InputError>;

    /// From now on presses only what reaches this top-level window (by the system's number for it),
    /// or its own menus and dialogs: buttons and the wheel while the pointer is on them, keys and
    /// text while the focus is there. Everything else is refused, also when the window is gone.
    /// `None`: no such limit. What is down is not lifted; lifting is never refused.
    ///
    /// Keys that a window manager usually takes for itself are refused: Meta (Super) and everything
    /// with it, Ctrl and Alt together, and Alt with Tab, Escape, Space, F1, F2 or F4; text while
    /// Alt or Meta is held; and all keys and text while another program has grabbed the keyboard.
    /// As it cannot be known who that is, an open menu of the window itself that grabs the keyboard
    /// gets no keys either, only the pointer.
    ///
    /// What remains possible: other keys that the person's window manager or another program has
    /// reserved (Print, those for sound, shortcuts of the person's own making); dragging something
    /// out of the window, as the pointer moves freely and lifting is not refused; and whatever the
    /// program itself does with what it gets: its dialogs open files, and a terminal runs commands.
    fn confine(&mut self, window: Option<u32>);

    /// Lifts everything that this injector pressed, and nothing else. Needs no permit, because
    /// that must be possible after the permit is gone; dropping the injector does it too.
    fn release_all(&mut self);
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injected {
    /// It was done, or there was nothing to do.
    Done,
    /// It would have gone to one of Ponte's own windows: nothing was pressed.
    RefusedOwnWindow,
    /// It would have gone elsewhere than [`Injector::confine`] allows: nothing was pressed.
    RefusedOutside,
    /// It would have taken the person's desktop away, as switching to a console of text does: nothing was pressed.
    RefusedKey,
}

/// Why nothing can be injected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// This system has no back end.
    #[error("not supported here: {0}")]
    NotSupported(&'static str),
    /// The system's way to inject cannot be opened.
    #[error("cannot inject: {0}")]
    Unavailable(String),
    /// One event could not be injected.
    #[error("injecting failed: {0}")]
    Failed(String),
}

/// Which windows are Ponte's own: those of a process, and single ones.
///
/// A question to the person that the operator can answer is no question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnWindows {
    process: u32,
    windows: Vec<u32>,
}

impl OwnWindows {
    /// All windows of the process with this number; usually [`std::process::id`].
    #[must_use]
    pub fn new(process: u32) -> Self {
        Self { process, windows: Vec::new() }
    }

    /// Also this window, by the system's number for it, whatever it says of itself.
    #[must_use]
    pub fn with_window(mut self, window: u32) -> Self {
        self.windows.push(window);
        self
    }

    /// Whether a window of this number that belongs to this process is one of them.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    pub(crate) fn holds(&self, window: u32, process: Option<u32>) -> bool {
        process == Some(self.process) || self.windows.contains(&window)
    }
}

/// The keyboard and pointer of the session that this program runs in.
///
/// # Errors
/// As [`open_display`].
pub fn open(own: OwnWindows) -> Result<Box<dyn Injector>, InputError> {
    open_display(None, own)
}

/// The keyboard and pointer of the X display of that name, `None` for the session's own.
///
/// # Errors
/// [`InputError::Unavailable`] when there is no such display or it does not let itself be driven.
#[cfg(target_os = "linux")]
pub fn open_display(name: Option<&str>, own: OwnWindows) -> Result<Box<dyn Injector>, InputError> {
    Ok(Box::new(tracked::Tracked::new(x11::X11Backend::connect(name, own)?)))
}

/// The keyboard and pointer of this machine; the name is ignored.
///
/// # Errors
/// [`InputError::NotSupported`], always: there is no guard of Ponte's own windows here yet, and
/// without it nothing may be injected.
#[cfg(not(target_os = "linux"))]
pub fn open_display(_name: Option<&str>, _own: OwnWindows) -> Result<Box<dyn Injector>, InputError> {
    Err(InputError::NotSupported("injecting input on this system"))
}

/// Watches the display that this program's windows are on, until dropped. Where that is not
/// possible the log says so, and every verdict is [`origin::Verdict::Unknown`].
#[must_use]
pub fn watch() -> Box<dyn Origin> {
    // The window kit prefers Wayland by these names. Its windows' presses are not seen on X11.
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if ["WAYLAND_DISPLAY", "WAYLAND_SOCKET"].into_iter().any(is_set) {
        tracing::warn!("presses of programs are not told from a person's on Wayland");
        return Box::new(origin::Unwatched);
    }
    watch_display(None)
}

/// As [`watch`], for the X display of that name, `None` for the session's.
#[cfg(target_os = "linux")]
#[must_use]
pub fn watch_display(name: Option<&str>) -> Box<dyn Origin> {
    match x11::Watcher::start(name) {
        Ok(watcher) => Box::new(watcher),
        Err(error) => {
            tracing::warn!(%error, "presses of programs are not told from a person's");
            Box::new(origin::Unwatched)
        }
    }
}

/// As [`watch`]; the name is ignored, and nothing is known here.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn watch_display(_name: Option<&str>) -> Box<dyn Origin> {
    Box::new(origin::Unwatched)
}

#[cfg(test)]
pub(crate) mod test_support;
