//! The pointer of an X display: XFixes for its picture, raw motion of XInput 2 as the wake-up.

use super::Part;
use super::screen::Screen;
use super::wait::{Waker, Woken};
use super::windows::{place_of, top_of, unless_gone};
use crate::share::WINDOW_AS_MONITOR;
use crate::{CaptureError, CursorCapture, CursorState, Interrupter};
use consent::{Permit, View};
use proto::{CursorShape, Monitor, MonitorId, limits};
use std::time::{Duration, Instant};
use x11rb::connection::{Connection, RequestConnection};
use x11rb::protocol::Event;
use x11rb::protocol::xfixes::{self, ConnectionExt as _};
use x11rb::protocol::xinput::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{ChangeWindowAttributesAux, ConnectionExt as _, EventMask, QueryPointerReply};

/// A mouse reports up to a thousand times a second; more than this is not seen.
const MOVES_EVERY: Duration = Duration::from_millis(8);
/// A program that puts the pointer elsewhere makes no raw motion: looked for this often.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The same without XInput 2.
const LOOK_EVERY_WITHOUT_MOTION: Duration = Duration::from_millis(40);
/// XInput's number for "all master devices".
const ALL_MASTER_DEVICES: u16 = 1;

/// A reader of the pointer.
pub(super) struct X11Cursor {
    screen: Screen,
    part: Part,
    /// Those that are shared, none for a window.
    monitors: Vec<Monitor>,
    has_motion: bool,
    seen_at: Option<(i16, i16)>,
    seen_on: Option<(MonitorId, i32, i32)>,
    changed: bool,
    shape_changed: bool,
    last_shape: Option<CursorShape>,
    last_read: Option<Instant>,
    next_look: Instant,
    waker: Waker,
}

impl X11Cursor {
    pub(super) fn open(screen: Screen, part: Part) -> Result<Self, CaptureError> {
        let connection = &screen.connection;
        if connection.extension_information(xfixes::X11_EXTENSION_NAME)?.is_none() {
            return Err(CaptureError::NotSupported("reading the pointer of an X server without XFixes"));
        }
        connection.xfixes_query_version(5, 0)?.reply()?;
        connection.xfixes_select_cursor_input(screen.root, xfixes::CursorNotifyMask::DISPLAY_CURSOR)?;
        let has_motion = connection.extension_information(xinput::X11_EXTENSION_NAME)?.is_some() && {
            let version = connection.xinput_xi_query_version(2, 2)?.reply()?;
            version.major_version >= 2
        };
        if has_motion {
            let mask = vec![xinput::XIEventMask::RAW_MOTION];
            let masks = [xinput::EventMask { deviceid: ALL_MASTER_DEVICES, mask }];
            connection.xinput_xi_select_events(screen.root, &masks)?;
        }
        screen.watch_layout(EventMask::NO_EVENT)?;
        if let Part::Window(window) = part {
            let aux = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
            let asked = unless_gone(connection.change_window_attributes(window, &aux)?.check())?;
            asked.ok_or(CaptureError::WindowClosed)?;
        }
        connection.flush()?;
        Ok(Self {
            monitors: shared_monitors(&screen, part)?,
            screen,
            part,
            has_motion,
            seen_at: None,
            seen_on: None,
            changed: true,
            shape_changed: true,
            last_shape: None,
            last_read: None,
            next_look: Instant::now(),
            waker: Waker::new()?,
        })
    }

    fn take_events(&mut self) -> Result<(), CaptureError> {
        let mut recheck = false;
        while let Some(event) = self.screen.connection.poll_for_event()? {
            match event {
                Event::XinputRawMotion(_) => self.changed = true,
                Event::XfixesCursorNotify(_) => {
                    self.changed = true;
                    self.shape_changed = true;
                }
                Event::DestroyNotify(event) if self.part == Part::Window(event.window) => {
                    // Its number may be another's soon.
                    self.part = Part::Window(x11rb::NONE);
                    self.changed = true;
                }
                other => recheck |= self.screen.is_about_layout(&other),
            }
        }
        if recheck {
            self.monitors = shared_monitors(&self.screen, self.part)?;
            self.changed = true;
        }
        Ok(())
    }

    /// Whether the pointer is elsewhere than it was read, without telling where.
    fn look(&mut self, now: Instant) -> Result<(), CaptureError> {
        self.next_look = now + if self.has_motion { LOOK_EVERY } else { LOOK_EVERY_WITHOUT_MOTION };
        let pointer = self.screen.connection.query_pointer(self.screen.root)?.reply()?;
        self.changed |= self.seen_at.is_some_and(|seen| seen != (pointer.root_x, pointer.root_y));
        // A window moves, comes and goes under a pointer that stays.
        if matches!(self.part, Part::Window(_)) && self.seen_at.is_some() && !self.changed {
            self.changed = self.position(&pointer)? != self.seen_on;
        }
        Ok(())
    }

    fn position(&self, pointer: &QueryPointerReply) -> Result<Option<(MonitorId, i32, i32)>, CaptureError> {
        if !pointer.same_screen {
            return Ok(None);
        }
        let at = (i32::from(pointer.root_x), i32::from(pointer.root_y));
        if let Part::Window(window) = self.part {
            // The window that would get a press here; what only lets it through lies above nothing.
            if pointer.child == x11rb::NONE || top_of(&self.screen, window)? != Some(pointer.child) {
                return Ok(None);
            }
            let place = place_of(&self.screen, window)?;
            let on = place.and_then(|place| inside(at, (place.x, place.y), (place.width, place.height)));
            return Ok(on.map(|(x, y)| (WINDOW_AS_MONITOR, x, y)));
        }
        Ok(self.monitors.iter().find_map(|monitor| {
            let (x, y) = inside(at, (monitor.x, monitor.y), (monitor.width, monitor.height))?;
            Some((monitor.id, x, y))
        }))
    }
}

/// The monitors of which the pointer's place is told; a window is looked for when it is asked.
fn shared_monitors(screen: &Screen, part: Part) -> Result<Vec<Monitor>, CaptureError> {
    let named = screen.named_monitors()?.into_iter();
    let shared = named.filter(|(name, _)| match part {
        Part::Everything => true,
        Part::Monitor { name: shared, .. } => shared == *name,
        Part::Window(_) => false,
    });
    Ok(shared.map(|(_, monitor)| monitor).collect())
}

/// A place of the desktop as one inside a rectangle.
fn inside((x, y): (i32, i32), (left, top): (i32, i32), (width, height): (u32, u32)) -> Option<(i32, i32)> {
    let (x, y) = (x.checked_sub(left)?, y.checked_sub(top)?);
    let inside = u32::try_from(x).ok()? < width && u32::try_from(y).ok()? < height;
    inside.then_some((x, y))
}

impl CursorCapture for X11Cursor {
    fn wait(&mut self, timeout: Duration) -> Result<bool, CaptureError> {
        let deadline = Instant::now() + timeout;
        if self.waker.take_interruption() {
            return Ok(false);
        }
        loop {
            self.take_events()?;
            let now = Instant::now();
            let not_before = self.last_read.map_or(now, |last| last + MOVES_EVERY);
            if self.changed && now >= not_before {
                return Ok(true);
            }
            if now >= deadline {
                return Ok(false);
            }
            let woken = if self.changed {
                self.waker.wait(None, deadline.min(not_before))?
            } else if now >= self.next_look {
                self.look(now)?;
                continue;
            } else {
                self.waker.wait(Some(&self.screen.connection), deadline.min(self.next_look))?
            };
            if woken == Woken::Interrupted {
                return Ok(false);
            }
        }
    }

    fn read(&mut self, _permit: &Permit<'_, View>) -> Result<CursorState, CaptureError> {
        let pointer = self.screen.connection.query_pointer(self.screen.root)?.reply()?;
        self.take_events()?;
        self.changed = false;
        self.last_read = Some(Instant::now());
        self.seen_at = Some((pointer.root_x, pointer.root_y));
        let position = self.position(&pointer)?;
        self.seen_on = position;
        let mut shape = None;
        // What the pointer carries over something else is not shared.
        let is_told = position.is_some() || matches!(self.part, Part::Everything);
        if is_told && std::mem::take(&mut self.shape_changed) {
            let image = self.screen.connection.xfixes_get_cursor_image()?.reply()?;
            let new = cut_shape(&image);
            // Programs often set the picture that is already there.
            if self.last_shape.as_ref() != Some(&new) {
                self.last_shape = Some(new.clone());
                shape = Some(new);
            }
        }
        Ok(CursorState { position, shape })
    }

    fn interrupter(&self) -> Interrupter {
        self.waker.interrupter()
    }
}

/// The server's picture, premultiplied ARGB in words, as BGRA bytes of a bounded size.
fn cut_shape(image: &xfixes::GetCursorImageReply) -> CursorShape {
    let width = u32::from(image.width).min(limits::CURSOR_SIDE_PIXELS);
    let height = u32::from(image.height).min(limits::CURSOR_SIDE_PIXELS);
    let rows = image.cursor_image.chunks(usize::from(image.width).max(1)).take(height as usize);
    let bgra = rows.flat_map(|row| row.iter().take(width as usize)).flat_map(|pixel| pixel.to_le_bytes()).collect();
    CursorShape {
        width,
        height,
        hot_x: u32::from(image.xhot).min(width.saturating_sub(1)),
        hot_y: u32::from(image.yhot).min(height.saturating_sub(1)),
        bgra,
    }
}
