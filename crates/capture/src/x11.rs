//! Capture on X11: RandR for the layout, DAMAGE for what was drawn, MIT-SHM for the pixels, XFixes
//! for the pointer, Composite for single windows. Each object that waits has its own connection, so
//! that none waits for another.

mod annotator;
mod area;
mod cursor;
mod monitor;
mod outline;
mod owner;
mod presence;
mod preview;
mod screen;
mod shm;
mod wait;
mod window;
mod windows;

use crate::scrap::{ScrapMonitor, Style};
use crate::share::WINDOW_AS_MONITOR;
use crate::{
    Annotator, CaptureError, CursorCapture, Desktop, LocalPreview, MonitorCapture, Outline, PresenceWatch, Share,
    WindowId, WindowInfo,
};
use proto::{Layout, Monitor, MonitorId};
use screen::Screen;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use x11rb::connection::{Connection, RequestConnection};
use x11rb::errors::{ConnectError, ConnectionError, ReplyError, ReplyOrIdError};
use x11rb::protocol::Event;
use x11rb::protocol::damage;
use x11rb::protocol::xproto::{self, ConnectionExt as _};
use x11rb::wrapper::ConnectionExt as _;

/// One X display, or a part of it.
pub(crate) struct X11Desktop {
    display: Option<String>,
    screen: Screen,
    has_damage: bool,
    part: Part,
    /// Whether the one window of the part was destroyed. Its number may be another's by now.
    is_closed: AtomicBool,
    last: Mutex<Known>,
}

/// What of a display exists for who looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Everything,
    /// The monitor of that name, and the number that it has for as long as anybody looks.
    Monitor {
        name: xproto::Atom,
        id: MonitorId,
    },
    Window(xproto::Window),
}

/// The layout that was last told, with the monitors' names.
#[derive(Default)]
struct Known {
    epoch: u32,
    monitors: Vec<(xproto::Atom, Monitor)>,
}

impl Known {
    fn layout(&self) -> Layout {
        Layout { epoch: self.epoch, monitors: self.monitors.iter().map(|(_, monitor)| monitor.clone()).collect() }
    }
}

impl X11Desktop {
    /// Connects to the display of that name, `None` for the session's.
    pub(crate) fn connect(display: Option<&str>) -> Result<Self, CaptureError> {
        let screen = Screen::connect(display).map_err(|error| match error {
            // No X11, but a compositor: the person's session draws with Wayland alone.
            CaptureError::NoDisplay(_) if display.is_none() && std::env::var_os("WAYLAND_DISPLAY").is_some() => {
                CaptureError::WaylandWithoutX
            }
            other => other,
        })?;
        screen.check_pixel_format()?;
        if screen.is_xwayland()? {
            return Err(CaptureError::WaylandWithoutX);
        }
        let has_damage = screen.connection.extension_information(damage::X11_EXTENSION_NAME)?.is_some();
        let (display, part) = (display.map(str::to_owned), Part::Everything);
        Ok(Self { display, screen, has_damage, part, is_closed: AtomicBool::new(false), last: Mutex::default() })
    }

    fn connection(&self) -> Result<Screen, CaptureError> {
        self.screen.again(self.display.as_deref())
    }

    /// The monitors of this part now.
    fn monitors(&self) -> Result<Vec<(xproto::Atom, Monitor)>, CaptureError> {
        match self.part {
            Part::Everything => self.screen.named_monitors(),
            Part::Monitor { name, id } => {
                let mut monitors = self.screen.named_monitors()?;
                monitors.retain(|(other, _)| *other == name);
                if monitors.is_empty() { Err(CaptureError::NoSuchMonitor(id)) } else { Ok(monitors) }
            }
            Part::Window(window) => {
                self.check_window()?;
                let windows::Place { x, y, width, height, .. } =
                    windows::place_of(&self.screen, window)?.ok_or(CaptureError::WindowClosed)?;
                let (id, scale_percent) = (WINDOW_AS_MONITOR, self.screen.scale_percent()?);
                Ok(vec![(x11rb::NONE, Monitor { id, x, y, width, height, scale_percent, primary: true })])
            }
        }
    }

    /// Fails once the window of this part has been destroyed.
    fn check_window(&self) -> Result<(), CaptureError> {
        // An answer that is newer than all that happened before.
        self.screen.connection.sync()?;
        while let Some(event) = self.screen.connection.poll_for_event()? {
            if matches!(event, Event::DestroyNotify(event) if self.part == Part::Window(event.window)) {
                self.is_closed.store(true, Ordering::SeqCst);
            }
        }
        if self.is_closed.load(Ordering::SeqCst) { Err(CaptureError::WindowClosed) } else { Ok(()) }
    }

    /// The layout now, and whether it differs from the last one that was asked for.
    fn refresh(&self) -> Result<(Layout, bool), CaptureError> {
        let monitors = self.monitors()?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = match (self.part, last.monitors.as_slice(), monitors.as_slice()) {
            // A window that only moves is still the same picture.
            (Part::Window(_), [(_, old)], [(_, new)]) => {
                (old.width, old.height, old.scale_percent) != (new.width, new.height, new.scale_percent)
            }
            (_, old, new) => old != new,
        };
        last.monitors = monitors;
        if changed {
            last.epoch = last.epoch.saturating_add(1);
        }
        Ok((last.layout(), changed))
    }

    /// What `share` means, seen from this part.
    fn part_for(&self, share: Share) -> Result<Part, CaptureError> {
        if matches!(self.part, Part::Window(_)) {
            self.check_window()?;
        }
        match (self.part, share) {
            (part, Share::Everything) => Ok(part),
            (Part::Everything, Share::Window(WindowId(window))) => Ok(Part::Window(window)),
            (Part::Window(mine), Share::Window(WindowId(window))) if mine == window => Ok(self.part),
            (_, Share::Window(_)) => Err(CaptureError::WindowClosed),
            (Part::Window(_), Share::Monitor(id)) if id != WINDOW_AS_MONITOR => Err(CaptureError::NoSuchMonitor(id)),
            (part, Share::Monitor(id)) => {
                let was_asked = !self.last.lock().unwrap_or_else(PoisonError::into_inner).monitors.is_empty();
                // The person chose among the monitors of the layout before.
                if self.refresh()?.1 && was_asked {
                    return Err(CaptureError::LayoutChanged);
                }
                let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                let found = last.monitors.iter().find(|(_, monitor)| monitor.id == id);
                let (name, _) = found.ok_or(CaptureError::NoSuchMonitor(id))?;
                Ok(if part == Part::Everything { Part::Monitor { name: *name, id } } else { part })
            }
        }
    }
}

impl Desktop for X11Desktop {
    fn layout(&self) -> Result<Layout, CaptureError> {
        Ok(self.refresh()?.0)
    }

    fn open(&self, monitor: MonitorId) -> Result<Box<dyn MonitorCapture>, CaptureError> {
        let (layout, changed) = self.refresh()?;
        if changed {
            return Err(CaptureError::LayoutChanged);
        }
        let found = layout.monitor(monitor).cloned().ok_or(CaptureError::NoSuchMonitor(monitor))?;
        if let Part::Window(window) = self.part {
            let opened = window::X11Window::open(self.connection()?, window, (found.width, found.height))?;
            // From here on the capturer hears of what becomes of the window.
            self.check_window()?;
            return Ok(Box::new(opened));
        }
        if !self.has_damage {
            tracing::warn!("this X server has no DAMAGE extension: the screen is polled");
            return Ok(Box::new(ScrapMonitor::open(&found, Style::OneByOne)?));
        }
        let all = match self.part {
            Part::Everything => layout.monitors,
            Part::Monitor { .. } | Part::Window(_) => self.screen.monitors()?,
        };
        if !all.contains(&found) {
            return Err(CaptureError::LayoutChanged);
        }
        Ok(Box::new(monitor::X11Monitor::open(self.connection()?, found, all, shm::Transport::Descriptor)?))
    }

    fn cursor(&self) -> Result<Box<dyn CursorCapture>, CaptureError> {
        let opened = cursor::X11Cursor::open(self.connection()?, self.part)?;
        // From here on the reader hears of what becomes of a window.
        self.part_for(Share::Everything)?;
        Ok(Box::new(opened))
    }

    fn windows(&self, own_process: u32) -> Result<Vec<WindowInfo>, CaptureError> {
        let mut windows = windows::list(&self.screen, own_process)?;
        windows.retain(|info| match self.part {
            Part::Everything => true,
            Part::Monitor { .. } => false,
            Part::Window(window) => info.id.0 == window,
        });
        Ok(windows)
    }

    fn only(&self, share: Share) -> Result<Box<dyn Desktop>, CaptureError> {
        let part = self.part_for(share)?;
        let new = Self {
            display: self.display.clone(),
            screen: self.connection()?,
            has_damage: self.has_damage,
            part,
            is_closed: AtomicBool::new(false),
            last: Mutex::default(),
        };
        if let Part::Window(window) = part {
            let aux = xproto::ChangeWindowAttributesAux::new().event_mask(xproto::EventMask::STRUCTURE_NOTIFY);
            let asked = new.screen.connection.change_window_attributes(window, &aux)?.check();
            windows::unless_gone(asked)?.ok_or(CaptureError::WindowClosed)?;
            // From here on the new part hears of what becomes of the window.
            self.part_for(share)?;
        }
        new.monitors()?;
        Ok(Box::new(new))
    }

    fn preview(&self, share: Share, most_width: u32, most_height: u32) -> Result<LocalPreview, CaptureError> {
        let most = (most_width, most_height);
        let part = self.part_for(share)?;
        if let Part::Window(window) = part {
            let preview = preview::of_window(self.connection()?, window, most)?;
            // Only if it was still the same window.
            return self.part_for(share).map(|_| preview);
        }
        let shown = self.screen.named_monitors()?.into_iter().filter(|(name, _)| match part {
            Part::Monitor { name: shown, .. } => shown == *name,
            Part::Everything | Part::Window(_) => true,
        });
        let areas: Vec<_> =
            shown.map(|(_, monitor)| area::Area::new(monitor.x, monitor.y, monitor.width, monitor.height)).collect();
        preview::of_screen(&self.screen, &areas, most)
    }

    fn outline(&self, share: Share, color: [u8; 3]) -> Result<Box<dyn Outline>, CaptureError> {
        let outline = outline::X11Outline::draw(self.connection()?, self.part_for(share)?, color)?;
        self.part_for(share)?;
        Ok(Box::new(outline))
    }

    fn presence(&self, own_process: u32) -> Result<Box<dyn PresenceWatch>, CaptureError> {
        Ok(Box::new(presence::X11Presence::open(self.connection()?, own_process)?))
    }

    fn annotator(&self, own_process: u32) -> Result<Box<dyn Annotator>, CaptureError> {
        let annotator = annotator::X11Annotator::open(self.connection()?, self.part, own_process)?;
        // From here on it hears of what becomes of a window.
        self.part_for(Share::Everything)?;
        Ok(Box::new(annotator))
    }
}

impl From<ConnectError> for CaptureError {
    fn from(error: ConnectError) -> Self {
        Self::NoDisplay(error.to_string())
    }
}

impl From<ConnectionError> for CaptureError {
    fn from(error: ConnectionError) -> Self {
        Self::Lost(error.to_string())
    }
}

impl From<ReplyError> for CaptureError {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::ConnectionError(error) => error.into(),
            ReplyError::X11Error(error) => refused(&error.error_kind),
        }
    }
}

impl From<ReplyOrIdError> for CaptureError {
    fn from(error: ReplyOrIdError) -> Self {
        match error {
            ReplyOrIdError::X11Error(error) => refused(&error.error_kind),
            other => Self::Lost(other.to_string()),
        }
    }
}

fn refused(kind: &x11rb::protocol::ErrorKind) -> CaptureError {
    CaptureError::Lost(format!("the X server answered with the error {kind:?}"))
}

/// The window that holds everything.
type Root = xproto::Window;

#[cfg(test)]
mod tests;
