//! Looking at a desktop from outside, as an X client of its own: windows, pictures, stillness.

use super::picture::Picture;
use super::reader::Place;
use super::wait::{PATIENCE, until};
use crate::run::{Context, Failure};
use std::time::Duration;
use tokio::time::Instant;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{self, ConnectionExt as _};
use x11rb::protocol::shape::SK;
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xproto::{
    AtomEnum, ConfigureWindowAux, ConnectionExt as _, ImageFormat, MapState, StackMode, Window,
};
use x11rb::rust_connection::RustConnection;

/// How long nothing may change before a picture counts as the last one.
const STILL: Duration = Duration::from_millis(500);

/// How many pixels a point may be off after it went through a fitted picture.
const NEAR: i32 = 3;

/// One desktop, seen from outside.
pub(crate) struct Screen {
    x: RustConnection,
    root: Window,
}

impl Screen {
    /// Looks at the desktop behind that connection and counts its changes from now on.
    pub(crate) fn new((x, root): (RustConnection, Window)) -> Result<Self, Failure> {
        x.damage_query_version(1, 1).context("DAMAGE")?.reply().context("DAMAGE")?;
        x.xfixes_query_version(5, 0).context("XFIXES")?.reply().context("XFIXES")?;
        let damage = x.generate_id().context("X")?;
        x.damage_create(damage, root, damage::ReportLevel::RAW_RECTANGLES)
            .context("DAMAGE")?
            .check()
            .context("DAMAGE")?;
        Ok(Self { x, root })
    }

    /// The whole screen as it is now; the pointer is not in it.
    pub(crate) fn grab(&self) -> Result<Picture, Failure> {
        let size = self.x.get_geometry(self.root).context("X")?.reply().context("X")?;
        let image = self
            .x
            .get_image(ImageFormat::Z_PIXMAP, self.root, 0, 0, size.width, size.height, u32::MAX)
            .context("picture")?
            .reply()
            .context("picture")?;
        let rgb: Vec<_> = image.data.chunks_exact(4).map(|p| [p[2], p[1], p[0]]).collect();
        if rgb.len() != usize::from(size.width) * usize::from(size.height) {
            return Err("the X server does not use 32 bits per pixel".into());
        }
        Ok(Picture { width: size.width.into(), height: size.height.into(), rgb })
    }

    /// What the visible windows of a process cover, their frames included.
    pub(crate) fn windows_of(&self, process: u32) -> Result<Vec<Place>, Failure> {
        self.windows_where(|owner| owner == process)
    }

    /// Whether a visible window of that process shows more than one colour.
    pub(crate) fn has_drawn(&self, process: u32) -> Result<bool, Failure> {
        let pid = self.atom("_NET_WM_PID")?;
        for top in self.x.query_tree(self.root).context("X")?.reply().context("X")?.children {
            let inside = self.x.query_tree(top).context("X")?.reply().map(|tree| tree.children).unwrap_or_default();
            // Its content only: a frame around it is somebody else's.
            let window = inside.into_iter().chain([top]).find(|window| self.marked(*window, pid) == Some(process));
            let Some(window) = window.filter(|window| self.is_visible(*window) && self.is_visible(top)) else {
                continue;
            };
            let size = self.x.get_geometry(window).context("X")?.reply().context("X")?;
            let image = self.x.get_image(ImageFormat::Z_PIXMAP, window, 0, 0, size.width, size.height, u32::MAX);
            // A window that is just moving off the screen cannot be seen.
            let Ok(image) = image.context("picture")?.reply() else { continue };
            let mut pixels = image.data.chunks_exact(4).map(|pixel| [pixel[0], pixel[1], pixel[2]]);
            let first = pixels.next();
            if pixels.any(|pixel| Some(pixel) != first) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The top-level window whose title ends with `title`: the client's own window, not its frame.
    pub(crate) fn window_titled(&self, title: &str) -> Result<Option<Window>, Failure> {
        let name = self.atom("_NET_WM_NAME")?;
        for top in self.x.query_tree(self.root).context("X")?.reply().context("X")?.children {
            let inside = self.x.query_tree(top).context("X")?.reply().map(|tree| tree.children).unwrap_or_default();
            for window in std::iter::once(top).chain(inside) {
                let property = self.x.get_property(false, window, name, AtomEnum::ANY, 0, 256).context("X")?.reply();
                let found = property.map(|property| property.value).unwrap_or_default();
                if String::from_utf8_lossy(&found).contains(title) && self.is_visible(window) {
                    return Ok(Some(window));
                }
            }
        }
        Ok(None)
    }

    /// Whether what is typed goes to a window of that process now.
    pub(crate) fn has_focus(&self, process: u32) -> Result<bool, Failure> {
        let pid = self.atom("_NET_WM_PID")?;
        let mut window = self.x.get_input_focus().context("X")?.reply().context("X")?.focus;
        // 0 and 1 stand for nothing and for wherever the pointer is.
        while window > 1 && window != self.root {
            if self.marked(window, pid) == Some(process) {
                return Ok(true);
            }
            // A window that goes away while it is looked at has no focus any more.
            let Ok(tree) = self.x.query_tree(window).context("X")?.reply() else { return Ok(false) };
            window = tree.parent;
        }
        Ok(false)
    }

    /// Where the pointer is.
    pub(crate) fn pointer(&self) -> Result<(i32, i32), Failure> {
        let pointer = self.x.query_pointer(self.root).context("X")?.reply().context("X")?;
        Ok((pointer.root_x.into(), pointer.root_y.into()))
    }

    /// Waits until a click at that point has had its effect on a window of that process. A window
    /// manager looks at a click before it passes it on, and keys overtake it meanwhile.
    pub(crate) async fn clicked(&self, process: u32, point: (i32, i32)) -> Result<(), Failure> {
        until("the clicked window to listen", PATIENCE, || async {
            let at = self.pointer()?;
            let there = (at.0 - point.0).abs() <= NEAR && (at.1 - point.1).abs() <= NEAR;
            Ok((there && self.has_focus(process)?).then_some(()))
        })
        .await?;
        self.still(&self.windows_of_others(process)?, PATIENCE).await
    }

    /// Asks the window manager to put a window there, on top.
    pub(crate) fn arrange(&self, window: Window, place: Place) -> Result<(), Failure> {
        let wanted = ConfigureWindowAux::new()
            .x(place.x)
            .y(place.y)
            .width(u32::try_from(place.width).unwrap_or(1))
            .height(u32::try_from(place.height).unwrap_or(1))
            .stack_mode(StackMode::ABOVE);
        self.x.configure_window(window, &wanted).context("X")?.check().context("X")
    }

    /// Where a window's content is on the screen.
    pub(crate) fn place(&self, window: Window) -> Result<Place, Failure> {
        let size = self.x.get_geometry(window).context("X")?.reply().context("X")?;
        let at = self.x.translate_coordinates(window, self.root, 0, 0).context("X")?.reply().context("X")?;
        Ok(Place { x: at.dst_x.into(), y: at.dst_y.into(), width: size.width.into(), height: size.height.into() })
    }

    /// Whether anything was copied on this desktop.
    pub(crate) fn has_copied(&self) -> Result<bool, Failure> {
        let clipboard = self.atom("CLIPBOARD")?;
        Ok(self.x.get_selection_owner(clipboard).context("X")?.reply().context("X")?.owner != x11rb::NONE)
    }

    /// Waits until nothing outside of `hidden` has changed for half a second.
    pub(crate) async fn still(&self, hidden: &[Place], within: Duration) -> Result<(), Failure> {
        self.changed(hidden)?;
        let mut since = Instant::now();
        until("a screen that does not change", within, || {
            let found = self.changed(hidden).map(|changed| {
                if changed {
                    since = Instant::now();
                }
                (since.elapsed() >= STILL).then_some(())
            });
            async move { found }
        })
        .await
    }

    /// Whether anything outside of `hidden` has changed since the last question.
    pub(crate) fn changed(&self, hidden: &[Place]) -> Result<bool, Failure> {
        let mut changed = false;
        while let Some(event) = self.x.poll_for_event().context("X")? {
            if let Event::DamageNotify(event) = event {
                let (x, y) = (i32::from(event.area.x), i32::from(event.area.y));
                let (right, bottom) = (x + i32::from(event.area.width), y + i32::from(event.area.height));
                let covered = hidden.iter().any(|place| {
                    place.x <= x && place.y <= y && right <= place.x + place.width && bottom <= place.y + place.height
                });
                changed |= !covered;
            }
        }
        Ok(changed)
    }

    /// What the visible windows of all other processes cover.
    fn windows_of_others(&self, process: u32) -> Result<Vec<Place>, Failure> {
        self.windows_where(|owner| owner != process)
    }

    /// What the visible windows cover whose process is accepted.
    fn windows_where(&self, accept: impl Fn(u32) -> bool) -> Result<Vec<Place>, Failure> {
        let pid = self.atom("_NET_WM_PID")?;
        let mut places = Vec::new();
        for top in self.x.query_tree(self.root).context("X")?.reply().context("X")?.children {
            if self.owner(top, pid).is_some_and(&accept) && self.is_visible(top) {
                places.extend(self.covered(top).unwrap_or_default());
            }
        }
        Ok(places)
    }

    fn atom(&self, name: &str) -> Result<u32, Failure> {
        Ok(self.x.intern_atom(false, name.as_bytes()).context("X")?.reply().context("X")?.atom)
    }

    /// The process that a top-level window belongs to; a frame belongs to the one inside of it.
    fn owner(&self, top: Window, pid: u32) -> Option<u32> {
        let inside = self.x.query_tree(top).ok()?.reply().map(|tree| tree.children).unwrap_or_default();
        // The window manager's own mark is on the frame, the program's on what is inside.
        inside.into_iter().chain([top]).find_map(|window| self.marked(window, pid))
    }

    /// The process that a window itself names.
    fn marked(&self, window: Window, pid: u32) -> Option<u32> {
        let property = self.x.get_property(false, window, pid, AtomEnum::CARDINAL, 0, 1).ok()?.reply().ok()?;
        property.value32()?.next()
    }

    fn is_visible(&self, window: Window) -> bool {
        let attributes = self.x.get_window_attributes(window).ok().and_then(|cookie| cookie.reply().ok());
        attributes.is_some_and(|attributes| attributes.map_state == MapState::VIEWABLE)
    }

    /// The rectangles of a window's shape, on the screen.
    fn covered(&self, top: Window) -> Result<Vec<Place>, Failure> {
        let geometry = self.x.get_geometry(top).context("X")?.reply().context("X")?;
        let region = self.x.generate_id().context("X")?;
        self.x.xfixes_create_region_from_window(region, top, SK::BOUNDING).context("X")?;
        let shape = self.x.xfixes_fetch_region(region).context("X")?.reply().context("X")?;
        self.x.xfixes_destroy_region(region).context("X")?;
        let border = i32::from(geometry.border_width);
        let (left, top) = (i32::from(geometry.x) + border, i32::from(geometry.y) + border);
        let place = |part: &x11rb::protocol::xproto::Rectangle| Place {
            x: left + i32::from(part.x),
            y: top + i32::from(part.y),
            width: part.width.into(),
            height: part.height.into(),
        };
        Ok(shape.rectangles.iter().map(place).collect())
    }
}
