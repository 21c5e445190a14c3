//! One window of an X display: its own pixels, wherever it is and whatever lies above it.
//!
//! Composite keeps the window in a picture of its own. The server fills a new one with what is on
//! the screen at that place, which is not the window's, and the program paints over it later. So
//! everything is asked to be drawn anew, and a pixel is only read once DAMAGE has told that the
//! program drew it into the picture that is being read. What was never drawn stays black.

use super::screen::Screen;
use super::shm::{GrabError, Grabber, Transport};
use super::wait::{Waker, Woken};
use super::windows::{path_of, place_of, unless_gone};
use crate::{CaptureError, Change, Interrupter, MonitorCapture};
use consent::{Permit, View};
use proto::{Damage, Frame, Rect};
use std::time::{Duration, Instant};
use x11rb::connection::{Connection, RequestConnection};
use x11rb::errors::ReplyError;
use x11rb::protocol::composite::{self, ConnectionExt as _};
use x11rb::protocol::damage::{self, ConnectionExt as _};
use x11rb::protocol::xfixes::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt as _, EventMask, MapState, Pixmap, Window, WindowClass,
};
use x11rb::protocol::{ErrorKind, Event};

/// More rectangles than this in one grab cost more in requests than the pixels between them.
const MOST_PARTS: usize = 16;
/// Most windows inside the window that are asked to draw themselves.
const MOST_INSIDE: usize = 256;
/// How long a program may take to draw itself before the first picture.
const DRAWS_WITHIN: Duration = Duration::from_millis(250);

/// A capturer of one window.
pub(super) struct X11Window {
    screen: Screen,
    window: Window,
    size: (u32, u32),
    border: u16,
    state: State,
    /// The picture is not the window's any more, or may not be.
    is_stale: bool,
    pixmap: Option<Pixmap>,
    damage: damage::Damage,
    region: xfixes::Region,
    /// Drawn and not read.
    fresh: xfixes::Region,
    fresh_parts: Vec<Rect>,
    /// Drawn into the picture that is being read.
    drawn: xfixes::Region,
    is_all_drawn: bool,
    /// The server has damage that was not fetched.
    notified: bool,
    /// Nothing was captured yet.
    is_new: bool,
    grabber: Grabber,
    picture: Vec<u8>,
    waker: Waker,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Resized,
    Closed,
}

impl X11Window {
    /// A capturer with its own connection of a window whose contents have this size.
    pub(super) fn open(screen: Screen, window: Window, size: (u32, u32)) -> Result<Self, CaptureError> {
        let connection = &screen.connection;
        if connection.extension_information(composite::X11_EXTENSION_NAME)?.is_none()
            || connection.extension_information(damage::X11_EXTENSION_NAME)?.is_none()
        {
            return Err(CaptureError::NotSupported("a single window on an X server without Composite and DAMAGE"));
        }
        connection.composite_query_version(0, 4)?.reply()?;
        connection.damage_query_version(1, 1)?.reply()?;
        connection.xfixes_query_version(5, 0)?.reply()?;
        if !proto::geometry::picture_size_is_acceptable(size.0, size.1) {
            return Err(CaptureError::NotSupported("a window of this size"));
        }
        watch_path(&screen, window)?;
        redirect(&screen, window)?;
        let place = place_of(&screen, window)?.ok_or(CaptureError::WindowClosed)?;
        if (place.width, place.height) != size {
            return Err(CaptureError::LayoutChanged);
        }
        screen.check_format(place.depth, screen.visual_of(window)?)?;
        let region = || -> Result<xfixes::Region, CaptureError> {
            let region = connection.generate_id()?;
            connection.xfixes_create_region(region, &[])?.check()?;
            Ok(region)
        };
        let (drawn, fresh, region) = (region()?, region()?, region()?);
        let damage = connection.generate_id()?;
        connection.damage_create(damage, window, damage::ReportLevel::NON_EMPTY)?.check().map_err(closed)?;
        let bytes = size.0 as usize * size.1 as usize * 4;
        let grabber = Grabber::open(connection, bytes, Transport::Descriptor)?;
        let mut opened = Self {
            window,
            size,
            border: u16::try_from(place.border).unwrap_or(0),
            state: State::Open,
            is_stale: true,
            pixmap: None,
            damage,
            region,
            fresh,
            fresh_parts: Vec::new(),
            drawn,
            is_all_drawn: false,
            notified: false,
            is_new: true,
            grabber,
            picture: vec![0; bytes],
            waker: Waker::new()?,
            screen,
        };
        opened.take_events()?;
        opened.wait_until_drawn(Instant::now() + DRAWS_WITHIN)?;
        match opened.state {
            State::Closed => Err(CaptureError::WindowClosed),
            State::Resized => Err(CaptureError::LayoutChanged),
            State::Open => Ok(opened),
        }
    }

    /// A picture for the person's own eyes.
    pub(super) fn preview(mut self, most_width: u32, most_height: u32) -> Result<crate::LocalPreview, CaptureError> {
        self.read()?;
        Ok(crate::LocalPreview::of(&self.frame()?, most_width, most_height))
    }

    fn wait_until_drawn(&mut self, deadline: Instant) -> Result<(), CaptureError> {
        while self.pixmap.is_some() && !self.is_all_drawn && self.state == State::Open {
            if self.notified {
                self.fetch_damage()?;
                self.take_events()?;
            } else if self.waker.wait(Some(&self.screen.connection), deadline)? == Woken::TimedOut {
                return Ok(());
            } else {
                self.take_events()?;
            }
        }
        Ok(())
    }

    /// Takes all events that have arrived, and a new picture if they say that there is one.
    fn take_events(&mut self) -> Result<(), CaptureError> {
        loop {
            while let Some(event) = self.screen.connection.poll_for_event()? {
                self.handle(&event);
            }
            if !self.is_stale || self.state != State::Open {
                return Ok(());
            }
            self.is_stale = false;
            self.renew()?;
        }
    }

    fn handle(&mut self, event: &Event) {
        match event {
            Event::DamageNotify(_) => self.notified = true,
            Event::DestroyNotify(event) if event.window == self.window => self.state = State::Closed,
            Event::UnmapNotify(_) | Event::MapNotify(_) | Event::ReparentNotify(_) => self.is_stale = true,
            // Only what the server itself says of the size.
            Event::ConfigureNotify(event) if event.window == self.window && event.response_type & 0x80 == 0 => {
                let is_same =
                    (u32::from(event.width), u32::from(event.height)) == self.size && event.border_width == self.border;
                if !is_same && self.state == State::Open {
                    self.state = State::Resized;
                }
            }
            _ => {}
        }
    }

    /// Goes over to the picture that the window has now. Nothing of it is read before it is drawn.
    fn renew(&mut self) -> Result<(), CaptureError> {
        watch_path(&self.screen, self.window)?;
        let connection = &self.screen.connection;
        let attributes = unless_gone(connection.get_window_attributes(self.window)?.reply())?;
        // Not on the screen: the last picture stays.
        if attributes.is_none_or(|attributes| attributes.map_state != MapState::VIEWABLE) {
            return Ok(());
        }
        let pixmap = connection.generate_id()?;
        // Refused if it has left the screen by now: then there are events that tell.
        if unless_gone(connection.composite_name_window_pixmap(self.window, pixmap)?.check())?.is_none() {
            return Ok(());
        }
        if let Some(old) = self.pixmap.replace(pixmap) {
            connection.free_pixmap(old)?;
        }
        self.is_all_drawn = false;
        self.fresh_parts.clear();
        connection.damage_subtract(self.damage, x11rb::NONE, x11rb::NONE)?;
        connection.xfixes_set_region(self.fresh, &[])?;
        connection.xfixes_set_region(self.drawn, &[])?;
        self.notified = false;
        self.ask_to_draw()
    }

    /// Has the program draw the window and all that is inside it.
    fn ask_to_draw(&self) -> Result<(), CaptureError> {
        let connection = &self.screen.connection;
        let mut waiting = vec![self.window];
        let mut seen = 0;
        while let Some(window) = waiting.pop().filter(|_| seen < MOST_INSIDE) {
            seen += 1;
            let attributes = connection.get_window_attributes(window)?;
            let tree = connection.query_tree(window)?;
            let (attributes, tree) = (unless_gone(attributes.reply())?, unless_gone(tree.reply())?);
            let Some((attributes, tree)) = attributes.zip(tree) else { continue };
            if attributes.map_state == MapState::VIEWABLE && attributes.class == WindowClass::INPUT_OUTPUT {
                connection.clear_area(true, window, 0, 0, 0, 0)?;
                waiting.extend(tree.children);
            }
        }
        Ok(connection.flush()?)
    }

    /// Moves what the server knows to be drawn into `fresh_parts`, and has it forget that.
    fn fetch_damage(&mut self) -> Result<(), CaptureError> {
        self.notified = false;
        let connection = &self.screen.connection;
        connection.damage_subtract(self.damage, x11rb::NONE, self.region)?;
        connection.xfixes_union_region(self.fresh, self.region, self.fresh)?;
        let drawn = if self.is_all_drawn {
            None
        } else {
            connection.xfixes_union_region(self.drawn, self.region, self.drawn)?;
            Some(connection.xfixes_fetch_region(self.drawn)?)
        };
        let fresh = connection.xfixes_fetch_region(self.fresh)?.reply()?;
        let clipped = |area: &x11rb::protocol::xproto::Rectangle| {
            let edge = |at: i32, most: u32| u32::try_from(at.max(0)).unwrap_or(0).min(most);
            let (x, y) = (i32::from(area.x), i32::from(area.y));
            let (left, top) = (edge(x, self.size.0), edge(y, self.size.1));
            let right = edge(x + i32::from(area.width), self.size.0);
            let bottom = edge(y + i32::from(area.height), self.size.1);
            Rect::new(left, top, right - left, bottom - top)
        };
        self.fresh_parts = fresh.rectangles.iter().map(clipped).filter(|part| !part.is_empty()).collect();
        if let Some(drawn) = drawn {
            // A region has no two rectangles that overlap.
            let area: u64 = drawn.reply()?.rectangles.iter().map(|area| clipped(area).area()).sum();
            self.is_all_drawn = area == u64::from(self.size.0) * u64::from(self.size.1);
        }
        Ok(())
    }

    /// What to read: the rectangles that were drawn, or, where nothing else lies between them, the
    /// one around them if that is cheaper.
    fn parts(&self) -> Vec<Rect> {
        let bounds = self.fresh_parts.iter().fold(Rect::default(), |all, part| all.union(part));
        let area: u64 = self.fresh_parts.iter().map(Rect::area).sum();
        let is_cheaper = self.fresh_parts.len() > MOST_PARTS || area.saturating_mul(2) > bounds.area();
        if self.is_all_drawn && is_cheaper && !bounds.is_empty() { vec![bounds] } else { self.fresh_parts.clone() }
    }

    /// Reads what was drawn into the picture, and tells where that was.
    fn read(&mut self) -> Result<Damage, CaptureError> {
        self.take_events()?;
        self.fetch_damage()?;
        // What was drawn into another picture meanwhile is dropped here; it is drawn anew.
        self.take_events()?;
        match self.state {
            State::Closed => return Err(CaptureError::WindowClosed),
            State::Resized => return Err(CaptureError::LayoutChanged),
            State::Open => {}
        }
        let (width, height) = self.size;
        let mut damage = if self.is_new { Damage::full(width, height) } else { Damage::none() };
        if let Some(pixmap) = self.pixmap {
            let parts = self.parts();
            let origin = (self.border.into(), self.border.into());
            let connection = &self.screen.connection;
            match self.grabber.grab(connection, pixmap, origin, &parts, &mut self.picture, width as usize * 4) {
                Ok(()) => {}
                Err(GrabError::Lost(error)) => return Err(error),
                Err(GrabError::Refused) => {
                    self.state = State::Resized;
                    return Err(CaptureError::LayoutChanged);
                }
            }
            for part in parts {
                damage.add(part);
            }
            connection.xfixes_set_region(self.fresh, &[])?;
            self.fresh_parts.clear();
        }
        self.is_new = false;
        Ok(damage)
    }

    fn frame(&self) -> Result<Frame<'_>, CaptureError> {
        let (width, height) = self.size;
        let frame = Frame::new(width, height, width as usize * 4, &self.picture);
        frame.ok_or_else(|| CaptureError::Lost("a picture without pixels".into()))
    }
}

/// Asks to be told what becomes of the window and of those around it.
fn watch_path(screen: &Screen, window: Window) -> Result<(), CaptureError> {
    let path = path_of(screen, window)?;
    let aux = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
    for around in &path {
        unless_gone(screen.connection.change_window_attributes(*around, &aux)?.check())?;
    }
    if path.is_empty() { Err(CaptureError::WindowClosed) } else { Ok(()) }
}

/// Has the server keep the window in a picture of its own, and draw that on the screen.
fn redirect(screen: &Screen, window: Window) -> Result<(), CaptureError> {
    let request = screen.connection.composite_redirect_window(window, composite::Redirect::AUTOMATIC)?;
    match request.check() {
        Err(ReplyError::X11Error(error)) if error.error_kind != ErrorKind::Window => {
            Err(CaptureError::NotSupported("a window of this kind"))
        }
        other => other.map_err(closed),
    }
}

/// The server refuses what concerns a window that is gone.
fn closed(error: ReplyError) -> CaptureError {
    match error {
        ReplyError::X11Error(_) => CaptureError::WindowClosed,
        error => error.into(),
    }
}

impl MonitorCapture for X11Window {
    fn wait(&mut self, timeout: Duration) -> Result<Change, CaptureError> {
        let deadline = Instant::now() + timeout;
        if self.waker.take_interruption() {
            return Ok(Change::Interrupted);
        }
        loop {
            self.take_events()?;
            match self.state {
                State::Closed => return Err(CaptureError::WindowClosed),
                State::Resized => return Ok(Change::LayoutChanged),
                State::Open => {}
            }
            if self.is_new || !self.fresh_parts.is_empty() {
                return Ok(Change::Damaged);
            }
            if self.notified {
                self.fetch_damage()?;
                // The answer may have brought events with it, which poll(2) would not see.
                continue;
            }
            match self.waker.wait(Some(&self.screen.connection), deadline)? {
                Woken::Readable => {}
                Woken::Interrupted => return Ok(Change::Interrupted),
                Woken::TimedOut => return Ok(Change::Nothing),
            }
        }
    }

    fn capture(&mut self, _permit: &Permit<'_, View>) -> Result<(Frame<'_>, Damage), CaptureError> {
        let damage = self.read()?;
        Ok((self.frame()?, damage))
    }

    fn interrupter(&self) -> Interrupter {
        self.waker.interrupter()
    }
}

impl Drop for X11Window {
    fn drop(&mut self) {
        // The server frees the rest with the connection.
        self.grabber.close(&self.screen.connection);
    }
}
