//! A connection to an X display, and what its root window says about monitors and pixels.

use super::Root;
use super::windows::unless_gone;
use crate::CaptureError;
use proto::{Monitor, MonitorId, limits};
use std::sync::{Arc, Mutex, PoisonError};
use x11rb::connection::{Connection, RequestConnection};
use x11rb::protocol::Event;
use x11rb::protocol::randr::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{
    Atom, ChangeWindowAttributesAux, ConnectionExt as _, EventMask, ImageOrder, Visualid, Window,
};
use x11rb::rust_connection::RustConnection;

/// Dots per inch at which the interface has its natural size.
const NATURAL_DPI: u32 = 96;

/// One connection and the default screen's root window.
pub(super) struct Screen {
    pub(super) connection: RustConnection,
    pub(super) root: Root,
    number: usize,
    has_monitors: bool,
    numbers: Arc<Numbers>,
}

/// The numbers of monitors by their names, as long as somebody looks at the display: a number never means another
/// monitor than it once did, so that what was chosen by it stays what it was.
#[derive(Default)]
pub(super) struct Numbers(Mutex<Vec<Atom>>);

impl Numbers {
    /// The number of the monitor of that name, `None` once there are no new ones.
    fn of(&self, name: Atom) -> Option<MonitorId> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = known.iter().position(|other| *other == name).or_else(|| {
            let is_left = known.len() < limits::MONITORS;
            is_left.then(|| {
                known.push(name);
                known.len() - 1
            })
        });
        let number = place.and_then(|place| u8::try_from(place).ok()).map(MonitorId);
        if number.is_none() {
            tracing::warn!("a monitor is not seen: so many others were here before that no number is left for it");
        }
        number
    }
}

impl Screen {
    pub(super) fn connect(display: Option<&str>) -> Result<Self, CaptureError> {
        Self::connect_with(display, Arc::default())
    }

    /// Another connection to the display of that name, by which monitors have the same numbers.
    pub(super) fn again(&self, display: Option<&str>) -> Result<Self, CaptureError> {
        Self::connect_with(display, Arc::clone(&self.numbers))
    }

    fn connect_with(display: Option<&str>, numbers: Arc<Numbers>) -> Result<Self, CaptureError> {
        let (connection, number) = RustConnection::connect(display)?;
        let root = connection.setup().roots.get(number).ok_or_else(no_screen)?.root;
        let has_monitors = connection.extension_information(randr::X11_EXTENSION_NAME)?.is_some() && {
            let version = connection.randr_query_version(1, 5)?.reply()?;
            (version.major_version, version.minor_version) >= (1, 5)
        };
        Ok(Self { connection, root, number, has_monitors, numbers })
    }

    /// Asks to be told when monitors come, go or change, and of `more` about the root window.
    pub(super) fn watch_layout(&self, more: EventMask) -> Result<(), CaptureError> {
        // Monitors that somebody only declares are told by the root window.
        let aux = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY | more);
        self.connection.change_window_attributes(self.root, &aux)?.check()?;
        if self.has_monitors {
            let what = randr::NotifyMask::SCREEN_CHANGE
                | randr::NotifyMask::CRTC_CHANGE
                | randr::NotifyMask::OUTPUT_CHANGE
                | randr::NotifyMask::RESOURCE_CHANGE;
            self.connection.randr_select_input(self.root, what)?;
        }
        Ok(())
    }

    /// Whether an event asked for by [`Screen::watch_layout`] may mean another layout.
    pub(super) fn is_about_layout(&self, event: &Event) -> bool {
        match event {
            Event::RandrScreenChangeNotify(_) | Event::RandrNotify(_) => true,
            Event::ConfigureNotify(event) => event.window == self.root,
            _ => false,
        }
    }

    /// The monitors, those of RandR or else the screen as one.
    pub(super) fn monitors(&self) -> Result<Vec<Monitor>, CaptureError> {
        Ok(self.named_monitors()?.into_iter().map(|(_, monitor)| monitor).collect())
    }

    /// The monitors with RandR's names, by which they are the same after a change and keep their numbers.
    pub(super) fn named_monitors(&self) -> Result<Vec<(Atom, Monitor)>, CaptureError> {
        let scale_percent = self.scale_percent()?;
        let mut monitors = Vec::new();
        let mut has_any = false;
        if self.has_monitors {
            let reply = self.connection.randr_get_monitors(self.root, true)?.reply()?;
            let shown = reply.monitors.iter().filter(|info| info.width > 0 && info.height > 0);
            has_any = shown.clone().next().is_some();
            for info in shown.take(limits::MONITORS) {
                let Some(id) = self.numbers.of(info.name) else { continue };
                let monitor = Monitor {
                    id,
                    x: info.x.into(),
                    y: info.y.into(),
                    width: info.width.into(),
                    height: info.height.into(),
                    scale_percent,
                    primary: info.primary,
                };
                monitors.push((info.name, monitor));
            }
        }
        if !has_any && let Some(id) = self.numbers.of(x11rb::NONE) {
            let whole = self.connection.get_geometry(self.root)?.reply()?;
            let monitor = Monitor {
                id,
                x: 0,
                y: 0,
                width: whole.width.into(),
                height: whole.height.into(),
                scale_percent,
                primary: true,
            };
            monitors.push((x11rb::NONE, monitor));
        }
        Ok(monitors)
    }

    /// X11 has one scale for all monitors: the resource `Xft.dpi`.
    pub(super) fn scale_percent(&self) -> Result<u16, CaptureError> {
        let resources = x11rb::resource_manager::new_from_default(&self.connection)?;
        let dpi = resources.get_value::<u32>("Xft.dpi", "").ok().flatten().unwrap_or(NATURAL_DPI);
        Ok((dpi.clamp(NATURAL_DPI / 2, NATURAL_DPI * 8) * 100 / NATURAL_DPI) as u16)
    }

    /// Pixels must be BGRX in 32 bits, as they are on every PC.
    pub(super) fn check_pixel_format(&self) -> Result<(), CaptureError> {
        let screen = self.connection.setup().roots.get(self.number).ok_or_else(no_screen)?;
        self.check_format(screen.root_depth, screen.root_visual)
    }

    /// The same for windows of that depth and visual.
    pub(super) fn check_format(&self, depth: u8, visual: Visualid) -> Result<(), CaptureError> {
        let setup = self.connection.setup();
        let screen = setup.roots.get(self.number).ok_or_else(no_screen)?;
        let format = setup.pixmap_formats.iter().find(|format| format.depth == depth);
        let bits_per_pixel = format.map_or(0, |format| format.bits_per_pixel);
        let mut visuals = screen.allowed_depths.iter().flat_map(|depth| &depth.visuals);
        let is_bgrx = visuals
            .find(|known| known.visual_id == visual)
            .is_some_and(|visual| (visual.red_mask, visual.green_mask, visual.blue_mask) == (0xff_0000, 0xff00, 0xff));
        let is_little_endian = setup.image_byte_order == ImageOrder::LSB_FIRST;
        if matches!(depth, 24 | 32) && bits_per_pixel == 32 && is_bgrx && is_little_endian {
            Ok(())
        } else {
            Err(CaptureError::UnsupportedPixelFormat { depth, bits_per_pixel })
        }
    }

    /// What the pixels of a window look like.
    pub(super) fn visual_of(&self, window: Window) -> Result<Visualid, CaptureError> {
        let attributes = unless_gone(self.connection.get_window_attributes(window)?.reply())?;
        Ok(attributes.ok_or(CaptureError::WindowClosed)?.visual)
    }

    /// Whether the server belongs to a Wayland compositor: its root window is black.
    pub(super) fn is_xwayland(&self) -> Result<bool, CaptureError> {
        if self.connection.query_extension(b"XWAYLAND")?.reply()?.present {
            return Ok(true);
        }
        if !self.has_monitors {
            return Ok(false);
        }
        // Servers before 23.1 only show by the names of their outputs.
        for monitor in self.connection.randr_get_monitors(self.root, true)?.reply()?.monitors {
            if self.connection.get_atom_name(monitor.name)?.reply()?.name.starts_with(b"XWAYLAND") {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn no_screen() -> CaptureError {
    CaptureError::NoDisplay("the X display has no screen".into())
}
