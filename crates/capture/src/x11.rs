//! Capture on X11: RandR for the layout, DAMAGE for what was drawn, MIT-SHM for the pixels, XFixes
//! for the pointer. Each capture object has its own connection, so that none waits for another.

mod cursor;
mod monitor;
mod screen;
mod shm;
mod wait;

use crate::scrap::{ScrapMonitor, Style};
use crate::{
    CaptureError, CursorCapture, Desktop, LocalPreview, MonitorCapture, Outline, PresenceWatch, Share, WindowInfo,
};
use proto::{Layout, MonitorId};
use screen::Screen;
use std::sync::{Mutex, PoisonError};
use x11rb::connection::RequestConnection;
use x11rb::errors::{ConnectError, ConnectionError, ReplyError, ReplyOrIdError};
use x11rb::protocol::{damage, xproto};

/// The monitors of one X display.
pub(crate) struct X11Desktop {
    display: Option<String>,
    screen: Screen,
    has_damage: bool,
    last: Mutex<Layout>,
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
        Ok(Self { display: display.map(str::to_owned), screen, has_damage, last: Mutex::default() })
    }

    /// The layout now, and whether it differs from the last one that was asked for.
    fn refresh(&self) -> Result<(Layout, bool), CaptureError> {
        let monitors = self.screen.monitors()?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = last.monitors != monitors;
        if changed {
            *last = Layout { epoch: last.epoch.saturating_add(1), monitors };
        }
        Ok((last.clone(), changed))
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
        if !self.has_damage {
            tracing::warn!("this X server has no DAMAGE extension: the screen is polled");
            return Ok(Box::new(ScrapMonitor::open(&found, Style::OneByOne)?));
        }
        let screen = Screen::connect(self.display.as_deref())?;
        Ok(Box::new(monitor::X11Monitor::open(screen, found, layout.monitors, shm::Transport::Descriptor)?))
    }

    fn cursor(&self) -> Result<Box<dyn CursorCapture>, CaptureError> {
        Ok(Box::new(cursor::X11Cursor::open(Screen::connect(self.display.as_deref())?)?))
    }

    fn windows(&self, _own_process: u32) -> Result<Vec<WindowInfo>, CaptureError> {
        Err(CaptureError::NotSupported("listing windows"))
    }

    fn only(&self, share: Share) -> Result<Box<dyn Desktop>, CaptureError> {
        match share {
            Share::Everything => Ok(Box::new(Self::connect(self.display.as_deref())?)),
            Share::Monitor(_) | Share::Window(_) => Err(CaptureError::NotSupported("sharing a part")),
        }
    }

    fn preview(&self, _share: Share, _most_width: u32, _most_height: u32) -> Result<LocalPreview, CaptureError> {
        Err(CaptureError::NotSupported("a preview"))
    }

    fn outline(&self, _share: Share, _color: [u8; 3]) -> Result<Box<dyn Outline>, CaptureError> {
        Err(CaptureError::NotSupported("a frame on the screen"))
    }

    fn presence(&self, _own_process: u32) -> Result<Box<dyn PresenceWatch>, CaptureError> {
        Err(CaptureError::NotSupported("watching windows"))
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
