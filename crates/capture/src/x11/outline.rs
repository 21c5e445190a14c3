//! A coloured frame on an X display: thin windows that no press reaches and no window manager
//! manages, kept in their place by a thread: above everything around monitors, and right above its
//! window around a window, so that it crosses nothing that lies over that.

use super::Part;
use super::area::Area;
use super::screen::Screen;
use super::wait::{Waker, Woken};
use super::windows::{Atoms, place_of, top_of, unless_gone};
use crate::{CaptureError, Interrupter, Outline};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::shape;
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, EventMask, MapState,
    PropMode, StackMode, Window, WindowClass,
};
use x11rb::resource_manager;
use x11rb::wrapper::ConnectionExt as _;

/// How thick the frame is on a usual screen, in pixels; a dense one has more of them on the same breadth.
const THICK: i32 = 4;
/// How many dots an inch of a usual screen has.
const USUAL_DPI: f64 = 96.0;
/// Between two looks at where it belongs: often enough for a window that is being dragged.
const LOOKS_EVERY: Duration = Duration::from_millis(30);
/// Between two times that it is put above everything: another program may want to be there, too.
const RAISES_EVERY: Duration = Duration::from_millis(250);
/// How long the thread sleeps when nothing happens.
const QUIET: Duration = Duration::from_secs(3600);

/// A frame that stands until this is dropped.
pub(super) struct X11Outline {
    interrupter: Interrupter,
    thread: Option<JoinHandle<()>>,
}

impl Outline for X11Outline {}

impl X11Outline {
    pub(super) fn draw(screen: Screen, part: Part, [red, green, blue]: [u8; 3]) -> Result<Self, CaptureError> {
        let colour = u32::from_be_bytes([0, red, green, blue]);
        let mut strips = Strips::new(screen, part, colour)?;
        // Before it is said that the frame stands.
        strips.place()?;
        let waker = Waker::new()?;
        let interrupter = waker.interrupter();
        let thread = std::thread::Builder::new()
            .name("outline".into())
            .spawn(move || {
                if let Err(error) = strips.follow(&waker) {
                    tracing::warn!(%error, "the frame around what is shared is gone");
                }
            })
            .map_err(|error| CaptureError::Lost(error.to_string()))?;
        Ok(Self { interrupter, thread: Some(thread) })
    }
}

impl Drop for X11Outline {
    fn drop(&mut self) {
        self.interrupter.interrupt();
        if let Some(thread) = self.thread.take() {
            // One that panicked has taken its windows with it.
            let _ = thread.join();
        }
    }
}

struct Strips {
    screen: Screen,
    atoms: Atoms,
    part: Part,
    colour: u32,
    /// In pixels.
    thick: i32,
    /// The windows there are; those beyond `shown` are not on the screen.
    windows: Vec<Window>,
    shown: Vec<Area>,
    is_covered: bool,
    is_moved: bool,
    next_raise: Instant,
}

impl Strips {
    fn new(screen: Screen, part: Part, colour: u32) -> Result<Self, CaptureError> {
        let connection = &screen.connection;
        connection.xfixes_query_version(5, 0)?.reply()?;
        screen.watch_layout(EventMask::SUBSTRUCTURE_NOTIFY)?;
        if let Part::Window(window) = part {
            let aux = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
            let asked = unless_gone(connection.change_window_attributes(window, &aux)?.check())?;
            asked.ok_or(CaptureError::WindowClosed)?;
        }
        let atoms = Atoms::of(&screen)?;
        let (windows, shown) = (Vec::new(), Vec::new());
        let next_raise = Instant::now();
        let thick = thickness(connection)?;
        Ok(Self { screen, atoms, part, colour, thick, windows, shown, is_covered: false, is_moved: false, next_raise })
    }

    /// Keeps the frame in its place until interrupted.
    fn follow(&mut self, waker: &Waker) -> Result<(), CaptureError> {
        let mut next_look = Instant::now();
        loop {
            self.take_events()?;
            let now = Instant::now();
            let due =
                if self.is_moved { Some(next_look) } else { self.is_covered.then_some(next_look.max(self.next_raise)) };
            if due.is_some_and(|due| due <= now) {
                self.place()?;
                next_look = now + LOOKS_EVERY;
                continue;
            }
            let woken = waker.wait(Some(&self.screen.connection), due.unwrap_or(now + QUIET))?;
            if woken == Woken::Interrupted {
                for window in self.windows.drain(..) {
                    self.screen.connection.destroy_window(window)?;
                }
                return Ok(self.screen.connection.sync()?);
            }
        }
    }

    fn take_events(&mut self) -> Result<(), CaptureError> {
        while let Some(event) = self.screen.connection.poll_for_event()? {
            match event {
                Event::DestroyNotify(event) if matches!(self.part, Part::Window(window) if window == event.window) => {
                    // Its number may be another's soon.
                    self.part = Part::Window(x11rb::NONE);
                    self.is_moved = true;
                }
                Event::ConfigureNotify(event) if self.windows.contains(&event.window) => {}
                Event::MapNotify(event) if self.windows.contains(&event.window) => {}
                Event::MapNotify(_) | Event::ConfigureNotify(_) | Event::CirculateNotify(_) => {
                    self.is_moved = true;
                    self.is_covered = true;
                }
                Event::UnmapNotify(_)
                | Event::ReparentNotify(_)
                | Event::RandrNotify(_)
                | Event::RandrScreenChangeNotify(_) => self.is_moved = true,
                _ => {}
            }
        }
        Ok(())
    }

    /// Puts the frame where it belongs.
    fn place(&mut self) -> Result<(), CaptureError> {
        self.is_moved = false;
        let wanted = self.wanted()?;
        let now = Instant::now();
        let must_raise = self.is_covered && self.next_raise <= now && {
            self.is_covered = false;
            !self.is_in_order()?
        };
        if wanted == self.shown && !must_raise {
            return Ok(());
        }
        self.is_covered = false;
        self.next_raise = now + RAISES_EVERY;
        while self.windows.len() < wanted.len() {
            let window = self.create()?;
            self.windows.push(window);
        }
        let below = self.below()?;
        let connection = &self.screen.connection;
        for (index, window) in self.windows.iter().enumerate() {
            let Some(area) = wanted.get(index) else {
                connection.unmap_window(*window)?;
                continue;
            };
            let side = |pixels: i32| u32::try_from(pixels).unwrap_or(1).max(1);
            let aux = ConfigureWindowAux::new()
                .x(area.left)
                .y(area.top)
                .width(side(area.right - area.left))
                .height(side(area.bottom - area.top))
                .sibling(below)
                .stack_mode(StackMode::ABOVE);
            connection.configure_window(*window, &aux)?;
            connection.map_window(*window)?;
        }
        self.shown = wanted;
        Ok(connection.sync()?)
    }

    /// What the strips lie on: the frame of the window that they go around; none where they lie on everything.
    fn below(&self) -> Result<Option<Window>, CaptureError> {
        match self.part {
            Part::Window(window) if window != x11rb::NONE => top_of(&self.screen, window),
            _ => Ok(None),
        }
    }

    /// Whether no other window lies above one of the strips, or between them and their window.
    fn is_in_order(&self) -> Result<bool, CaptureError> {
        let children = self.screen.connection.query_tree(self.screen.root)?.reply()?.children;
        let strips = self.windows.get(..self.shown.len()).unwrap_or_default();
        let between: Vec<Window> = match self.below()? {
            None => children.iter().rev().take_while(|window| !strips.contains(window)).copied().collect(),
            Some(below) => {
                let above = children.iter().skip_while(|window| **window != below).skip(1);
                let mut missing = strips.len();
                let until_all = above.take_while(|window| {
                    let is_due = missing > 0;
                    missing -= usize::from(is_due && strips.contains(window));
                    is_due
                });
                let between = until_all.filter(|window| !strips.contains(window)).copied().collect();
                if missing > 0 {
                    return Ok(false);
                }
                between
            }
        };
        for window in &between {
            let attributes = unless_gone(self.screen.connection.get_window_attributes(*window)?.reply())?;
            if attributes.is_some_and(|attributes| attributes.map_state == MapState::VIEWABLE) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A window of the colour that is in nobody's way.
    fn create(&self) -> Result<Window, CaptureError> {
        let connection = &self.screen.connection;
        let window = connection.generate_id()?;
        let aux = CreateWindowAux::new().override_redirect(1).background_pixel(self.colour);
        let class = WindowClass::INPUT_OUTPUT;
        connection.create_window(0, window, self.screen.root, 0, 0, 1, 1, 0, class, 0, &aux)?.check()?;
        let region = connection.generate_id()?;
        connection.xfixes_create_region(region, &[])?;
        connection.xfixes_set_window_shape_region(window, shape::SK::INPUT, 0, 0, region)?.check()?;
        connection.xfixes_destroy_region(region)?;
        let process = self.atoms._NET_WM_PID;
        connection.change_property32(PropMode::REPLACE, window, process, AtomEnum::CARDINAL, &[std::process::id()])?;
        Ok(window)
    }

    /// Where the strips belong now; nowhere while a window is not on the screen.
    fn wanted(&self) -> Result<Vec<Area>, CaptureError> {
        let area = |monitor: &proto::Monitor| Area::new(monitor.x, monitor.y, monitor.width, monitor.height);
        let framed: Vec<Area> = match self.part {
            Part::Everything => self.screen.monitors()?.iter().map(area).collect(),
            Part::Monitor { name, .. } => {
                let named = self.screen.named_monitors()?;
                named.iter().filter(|(other, _)| *other == name).map(|(_, monitor)| area(monitor)).collect()
            }
            Part::Window(window) => self.around(window)?.into_iter().collect(),
        };
        Ok(framed.into_iter().flat_map(|area| strips(area, self.thick)).collect())
    }

    /// The rectangle whose inner edge goes around a window and its decorations, as far as the
    /// screen goes.
    fn around(&self, window: Window) -> Result<Option<Area>, CaptureError> {
        let connection = &self.screen.connection;
        let attributes = unless_gone(connection.get_window_attributes(window)?.reply())?;
        if attributes.is_none_or(|attributes| attributes.map_state != MapState::VIEWABLE) {
            return Ok(None);
        }
        let Some(top) = top_of(&self.screen, window)? else { return Ok(None) };
        let Some(place) = place_of(&self.screen, top)? else { return Ok(None) };
        let screen = connection.get_geometry(self.screen.root)?.reply()?;
        let inner = place.outside();
        let outer = Area {
            left: inner.left - self.thick,
            top: inner.top - self.thick,
            right: inner.right + self.thick,
            bottom: inner.bottom + self.thick,
        };
        let seen = outer.intersection(&Area::new(0, 0, screen.width.into(), screen.height.into()));
        Ok((!seen.is_empty()).then_some(seen))
    }
}

/// How thick the frame is here, by the density that the desktop tells its programs.
fn thickness(connection: &impl Connection) -> Result<i32, CaptureError> {
    let resources = resource_manager::new_from_resource_manager(connection)?;
    let dpi = resources.and_then(|resources| resources.get_value("Xft.dpi", "Xft.Dpi").ok().flatten());
    let times = (dpi.unwrap_or(USUAL_DPI) / USUAL_DPI).clamp(1.0, 4.0);
    #[allow(clippy::cast_possible_truncation, reason = "at most four times a few pixels")]
    Ok((f64::from(THICK) * times).round() as i32)
}

/// The four sides of a rectangle, inside its edges.
fn strips(area: Area, thick: i32) -> [Area; 4] {
    let Area { left, top, right, bottom } = area;
    let (thick_x, thick_y) = (thick.min(right - left), thick.min(bottom - top));
    [
        Area { bottom: top + thick_y, ..area },
        Area { top: bottom - thick_y, ..area },
        Area { right: left + thick_x, ..area },
        Area { left: right - thick_x, ..area },
    ]
}
