//! Screens and cursor as frames with damage.
//!
//! What is absent: any way to read a pixel or the pointer's place without a [`Permit`], but for a
//! [`LocalPreview`], which only the person at the machine can look at; encoding; threads that read
//! the screen on their own. A caller waits (no permit), takes a permit, reads, and gives the permit
//! back. Read [`MonitorCapture`] first, then [`Desktop`], then [`Share`].

use consent::{Permit, View};
use proto::{CursorShape, Damage, Frame, Layout, MonitorId};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

#[cfg(any(target_os = "linux", target_os = "macos"))]
mod difference;
pub mod fake;
mod marks;
#[cfg(any(target_os = "linux", target_os = "macos"))]
// Elsewhere it only stands by for X servers without DAMAGE.
#[cfg_attr(not(target_os = "macos"), allow(dead_code))]
mod scrap;
mod share;
#[cfg(target_os = "linux")]
mod x11;

pub use marks::{Annotator, ShownMark};
pub use proto::annotation::MarksSeen;
pub use share::{LocalPreview, Outline, Presence, PresenceWatch, Share, WindowId, WindowInfo};

/// The screens of this machine.
pub trait Desktop: Send + Sync {
    /// The monitors as they stand now; the epoch grows whenever they differ from the last call's. A
    /// number means the same monitor (by the connector it is at, as far as the system names those)
    /// for as long as this desktop and its parts last: what was chosen by a number that was seen is
    /// never another monitor.
    ///
    /// # Errors
    /// [`CaptureError::Lost`] when the system no longer answers.
    fn layout(&self) -> Result<Layout, CaptureError>;

    /// A capturer of one monitor of the newest layout.
    ///
    /// # Errors
    /// [`CaptureError::LayoutChanged`] when the layout is not the one that was last asked for,
    /// [`CaptureError::NoSuchMonitor`], and what the system refuses.
    fn open(&self, monitor: MonitorId) -> Result<Box<dyn MonitorCapture>, CaptureError>;

    /// A reader of the pointer.
    ///
    /// # Errors
    /// [`CaptureError::NotSupported`] where the system does not tell, [`CaptureError::Lost`].
    fn cursor(&self) -> Result<Box<dyn CursorCapture>, CaptureError>;

    /// Top-level windows of other programs that a person would recognise, topmost first, at most
    /// 64: those on the screen, without docks, notifications, menus and tool tips, and without the
    /// windows of the process `own_process`. What they say of themselves is hostile text, bounded
    /// and made safe to show.
    ///
    /// # Errors
    /// [`CaptureError::NotSupported`] where the system does not tell, [`CaptureError::Lost`].
    fn windows(&self, own_process: u32) -> Result<Vec<WindowInfo>, CaptureError>;

    /// The same desktop, but of it only that part exists: its layout has only that, only that can
    /// be opened, and the pointer is only seen there. Keep it as long as the part is shared: it
    /// knows its monitor after any change.
    ///
    /// A window is a layout of one monitor of the window's size, which stands where the window's
    /// contents are. A new size is a new layout with the next epoch. When the window only moves, a
    /// capturer goes on, and [`Desktop::layout`] tells the new place in the same epoch. While it is
    /// not on the screen (minimised), its last picture stays.
    ///
    /// A part of a part is at most that part.
    ///
    /// # Errors
    /// [`CaptureError::NoSuchMonitor`], [`CaptureError::WindowClosed`] (then also from all that was
    /// opened), [`CaptureError::NotSupported`] where the system cannot do it,
    /// [`CaptureError::Lost`].
    fn only(&self, share: Share) -> Result<Box<dyn Desktop>, CaptureError>;

    /// A small picture for the person's own eyes, before any consent: scaled down to fit into
    /// `most_width` by `most_height` pixels.
    ///
    /// # Errors
    /// As [`Desktop::only`].
    fn preview(&self, share: Share, most_width: u32, most_height: u32) -> Result<LocalPreview, CaptureError>;

    /// A frame of a colour (red, green, blue) around what is shared, drawn by us on the screen
    /// until it is dropped. Presses go through it; it follows a window that moves, and a layout
    /// that changes. It is never in the picture of a single window.
    ///
    /// # Errors
    /// As [`Desktop::only`].
    fn outline(&self, share: Share, color: [u8; 3]) -> Result<Box<dyn Outline>, CaptureError>;

    /// Tells whether a person can see the windows of the process `own_process`. Frames of
    /// [`Desktop::outline`] are none, and cover none; nor are marks. Where the system knows whose a window is,
    /// what a window says of itself counts for nothing.
    ///
    /// # Errors
    /// [`CaptureError::NotSupported`] where the system does not tell, [`CaptureError::Lost`].
    fn presence(&self, own_process: u32) -> Result<Box<dyn PresenceWatch>, CaptureError>;

    /// What shows the operator's marks over this desktop, and nowhere over the windows of the
    /// process `own_process`.
    ///
    /// # Errors
    /// [`CaptureError::NotSupported`] where the system cannot do it, [`CaptureError::WindowClosed`],
    /// [`CaptureError::Lost`].
    fn annotator(&self, own_process: u32) -> Result<Box<dyn Annotator>, CaptureError>;
}

/// One monitor's pixels.
pub trait MonitorCapture: Send {
    /// Waits without reading a pixel, so without a permit: until something was drawn on this
    /// monitor, the layout changed, somebody interrupted, or `timeout` passed. The first call
    /// returns [`Change::Damaged`] at once.
    ///
    /// # Errors
    /// [`CaptureError::WindowClosed`] when the one window that is shared is gone,
    /// [`CaptureError::Lost`] when the system no longer answers.
    fn wait(&mut self, timeout: Duration) -> Result<Change, CaptureError>;

    /// The newest pixels of the monitor, and everything drawn since the last call.
    ///
    /// # Errors
    /// [`CaptureError::LayoutChanged`] when the monitor is not what it was when it was opened: open
    /// it again. [`CaptureError::WindowClosed`] when the one window that is shared is gone, and
    /// [`CaptureError::Lost`] when the system no longer answers. No damage is lost with an error.
    fn capture(&mut self, permit: &Permit<'_, View>) -> Result<(Frame<'_>, Damage), CaptureError>;

    /// What ends [`MonitorCapture::wait`] early.
    fn interrupter(&self) -> Interrupter;
}

/// The pointer's place and picture.
pub trait CursorCapture: Send {
    /// Waits, without a permit, until the pointer moved or changed; false after `timeout` or an
    /// interruption. The first call returns true at once.
    ///
    /// # Errors
    /// [`CaptureError::Lost`] when the system no longer answers.
    fn wait(&mut self, timeout: Duration) -> Result<bool, CaptureError>;

    /// Where the pointer is, and what it looks like if that changed since the last call.
    ///
    /// # Errors
    /// [`CaptureError::Lost`] when the system no longer answers.
    fn read(&mut self, permit: &Permit<'_, View>) -> Result<CursorState, CaptureError>;

    /// What ends [`CursorCapture::wait`] early.
    fn interrupter(&self) -> Interrupter;
}

/// What [`MonitorCapture::wait`] saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing in that time.
    Nothing,
    /// Something was drawn (where the system does not tell: may have been drawn).
    Damaged,
    /// The monitors changed; this capturer is of no use any more.
    LayoutChanged,
    /// Somebody called [`Interrupter::interrupt`].
    Interrupted,
}

/// The pointer as [`CursorCapture::read`] found it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CursorState {
    /// The monitor it is on and its place there in pixels; `None` when it is on none. On a single
    /// window that is shared it is while nothing else lies there above that window.
    pub position: Option<(MonitorId, i32, i32)>,
    /// Its picture, only when that changed since the last read. Over what is not shared it is not
    /// told: a pointer may carry a picture of what is dragged.
    pub shape: Option<CursorShape>,
}

/// Why the screen cannot be seen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// There is no graphical session to connect to.
    #[error("no display: {0}")]
    NoDisplay(String),
    /// The session draws with Wayland, whose screen X11 does not show.
    #[error("a Wayland session, whose screen X11 does not show")]
    WaylandWithoutX,
    /// The system cannot do this.
    #[error("not supported here: {0}")]
    NotSupported(&'static str),
    /// The screen's pixels are not 32-bit BGRX.
    #[error("the screen has pixels of another format: depth {depth}, {bits_per_pixel} bits per pixel")]
    UnsupportedPixelFormat {
        /// Significant bits of a pixel.
        depth: u8,
        /// Stored bits of a pixel.
        bits_per_pixel: u8,
    },
    /// The layout has no monitor of that number.
    #[error("no monitor {}", .0.0)]
    NoSuchMonitor(MonitorId),
    /// The monitors changed.
    #[error("the layout of the monitors changed")]
    LayoutChanged,
    /// The one window that is shared does not exist (any more).
    #[error("the window was closed")]
    WindowClosed,
    /// The system stopped answering, or answered nonsense.
    #[error("the display is lost: {0}")]
    Lost(String),
}

/// Wakes a `wait` from another thread. An interruption that comes while nobody waits ends the
/// next wait.
#[derive(Clone)]
pub struct Interrupter(Arc<dyn Fn() + Send + Sync>);

impl Interrupter {
    pub(crate) fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(wake))
    }

    /// Ends the wait.
    pub fn interrupt(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Interrupter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interrupter")
    }
}

/// The screens of the session that this program runs in.
///
/// # Errors
/// As [`open_display`].
pub fn open_desktop() -> Result<Box<dyn Desktop>, CaptureError> {
    open_display(None)
}

/// The screens of the X display of that name, `None` for the session's own. Systems without X
/// displays ignore the name.
///
/// # Errors
/// [`CaptureError::NoDisplay`], [`CaptureError::WaylandWithoutX`],
/// [`CaptureError::UnsupportedPixelFormat`] or [`CaptureError::NotSupported`].
#[cfg(target_os = "linux")]
pub fn open_display(name: Option<&str>) -> Result<Box<dyn Desktop>, CaptureError> {
    Ok(Box::new(x11::X11Desktop::connect(name)?))
}

/// The screens of this machine; the name is ignored.
///
/// # Errors
/// [`CaptureError::NoDisplay`].
#[cfg(target_os = "macos")]
pub fn open_display(_name: Option<&str>) -> Result<Box<dyn Desktop>, CaptureError> {
    Ok(Box::new(scrap::ScrapDesktop::open()?))
}

/// The screens of this machine.
///
/// # Errors
/// [`CaptureError::NotSupported`], always.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub fn open_display(_name: Option<&str>) -> Result<Box<dyn Desktop>, CaptureError> {
    Err(CaptureError::NotSupported("capturing the screen of this system"))
}

#[cfg(test)]
pub(crate) mod test_support;
