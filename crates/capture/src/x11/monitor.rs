//! One monitor of an X display: what was drawn on it, and its pixels.

use super::screen::Screen;
use super::shm::{GrabError, Grabber, Transport};
use super::wait::{Waker, Woken};
use crate::{CaptureError, Change, Interrupter, MonitorCapture};
use consent::{Permit, View};
use proto::{Damage, Frame, Monitor, Rect};
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{self, ConnectionExt as _};
use x11rb::protocol::xfixes::{self, ConnectionExt as _};
use x11rb::protocol::xproto::EventMask;

/// More rectangles than this in one grab cost more in requests than the pixels between them.
const MOST_PARTS: usize = 16;

/// A capturer of one monitor.
pub(super) struct X11Monitor {
    screen: Screen,
    monitor: Monitor,
    /// The whole layout that this capturer was opened in.
    layout: Vec<Monitor>,
    layout_changed: bool,
    damage: damage::Damage,
    region: xfixes::Region,
    /// The server has damage that was not fetched.
    notified: bool,
    pending: Damage,
    grabber: Grabber,
    picture: Vec<u8>,
    stride: usize,
    waker: Waker,
}

impl X11Monitor {
    /// A capturer with its own connection; `layout` is what `monitor` belongs to.
    pub(super) fn open(
        screen: Screen,
        monitor: Monitor,
        layout: Vec<Monitor>,
        best: Transport,
    ) -> Result<Self, CaptureError> {
        let connection = &screen.connection;
        connection.damage_query_version(1, 1)?.reply()?;
        connection.xfixes_query_version(5, 0)?.reply()?;
        screen.watch_layout(EventMask::NO_EVENT)?;
        let region = connection.generate_id()?;
        connection.xfixes_create_region(region, &[])?.check()?;
        let damage = connection.generate_id()?;
        connection.damage_create(damage, screen.root, damage::ReportLevel::NON_EMPTY)?.check()?;
        let stride = monitor.width as usize * 4;
        let bytes = stride * monitor.height as usize;
        let grabber = Grabber::open(connection, bytes, best)?;
        tracing::debug!(transport = ?grabber.transport(), width = monitor.width, height = monitor.height, "monitor opened");
        let opened = Self {
            layout_changed: false,
            damage,
            region,
            notified: false,
            pending: Damage::full(monitor.width, monitor.height),
            grabber,
            picture: vec![0; bytes],
            stride,
            waker: Waker::new()?,
            screen,
            monitor,
            layout,
        };
        // The layout was read before the server was asked to tell of changes.
        if opened.screen.monitors()? == opened.layout { Ok(opened) } else { Err(CaptureError::LayoutChanged) }
    }

    /// How pixels come.
    #[cfg(test)]
    pub(super) fn transport(&self) -> Transport {
        self.grabber.transport()
    }

    /// Takes all events that have arrived.
    fn take_events(&mut self) -> Result<(), CaptureError> {
        let mut recheck = false;
        while let Some(event) = self.screen.connection.poll_for_event()? {
            match event {
                Event::DamageNotify(_) => self.notified = true,
                other => recheck |= self.screen.is_about_layout(&other),
            }
        }
        if recheck && !self.layout_changed {
            self.layout_changed = self.screen.monitors()? != self.layout;
        }
        Ok(())
    }

    /// Moves what the server knows to be drawn into `pending`, and has it forget that. What is
    /// drawn later is told anew, so that a grab after this never misses anything.
    fn fetch_damage(&mut self) -> Result<(), CaptureError> {
        self.notified = false;
        self.screen.connection.damage_subtract(self.damage, x11rb::NONE, self.region)?;
        let region = self.screen.connection.xfixes_fetch_region(self.region)?.reply()?;
        for area in region.rectangles {
            self.pending.add(self.clipped(area.x.into(), area.y.into(), area.width.into(), area.height.into()));
        }
        Ok(())
    }

    /// A rectangle of the desktop as one of this monitor, empty if it is elsewhere.
    fn clipped(&self, x: i32, y: i32, width: i32, height: i32) -> Rect {
        let limit_x = i32::try_from(self.monitor.width).unwrap_or(i32::MAX);
        let limit_y = i32::try_from(self.monitor.height).unwrap_or(i32::MAX);
        let (x, y) = (x - self.monitor.x, y - self.monitor.y);
        let (left, top) = (x.clamp(0, limit_x), y.clamp(0, limit_y));
        let (right, bottom) = ((x + width).clamp(0, limit_x), (y + height).clamp(0, limit_y));
        Rect::new(left as u32, top as u32, (right - left) as u32, (bottom - top) as u32)
    }

    /// What to read: the damaged rectangles, or the one around them where that is cheaper.
    fn parts(&self) -> Vec<Rect> {
        let rects = self.pending.rects();
        let bounds = self.pending.bounds();
        let area: u64 = rects.iter().map(Rect::area).sum();
        if rects.is_empty() {
            Vec::new()
        } else if rects.len() > MOST_PARTS || area.saturating_mul(2) > bounds.area() {
            vec![bounds]
        } else {
            rects.to_vec()
        }
    }
}

impl MonitorCapture for X11Monitor {
    fn wait(&mut self, timeout: Duration) -> Result<Change, CaptureError> {
        let deadline = Instant::now() + timeout;
        if self.waker.take_interruption() {
            return Ok(Change::Interrupted);
        }
        loop {
            self.take_events()?;
            if self.layout_changed {
                return Ok(Change::LayoutChanged);
            }
            // Damage on other monitors must not wake this one's caller.
            if self.notified && self.pending.is_empty() {
                self.fetch_damage()?;
                // The answer may have brought events with it, which poll(2) would not see.
                continue;
            }
            if !self.pending.is_empty() {
                return Ok(Change::Damaged);
            }
            match self.waker.wait(Some(&self.screen.connection), deadline)? {
                Woken::Readable => {}
                Woken::Interrupted => return Ok(Change::Interrupted),
                Woken::TimedOut => return Ok(Change::Nothing),
            }
        }
    }

    fn capture(&mut self, _permit: &Permit<'_, View>) -> Result<(Frame<'_>, Damage), CaptureError> {
        self.take_events()?;
        if !self.layout_changed {
            self.fetch_damage()?;
            self.take_events()?;
        }
        if self.layout_changed {
            return Err(CaptureError::LayoutChanged);
        }
        let parts = self.parts();
        let origin = (self.monitor.x, self.monitor.y);
        let root = self.screen.root;
        match self.grabber.grab(&self.screen.connection, root, origin, &parts, &mut self.picture, self.stride) {
            Ok(()) => {}
            Err(GrabError::Lost(error)) => return Err(error),
            // Only a screen that has shrunk refuses a rectangle that was inside it.
            Err(GrabError::Refused) => {
                self.layout_changed = true;
                return Err(CaptureError::LayoutChanged);
            }
        }
        let damage = self.pending.take();
        let frame = Frame::new(self.monitor.width, self.monitor.height, self.stride, &self.picture);
        Ok((frame.ok_or_else(|| CaptureError::Lost("a picture without pixels".into()))?, damage))
    }

    fn interrupter(&self) -> Interrupter {
        self.waker.interrupter()
    }
}

impl Drop for X11Monitor {
    fn drop(&mut self) {
        // The server frees damage and region with the connection.
        self.grabber.close(&self.screen.connection);
    }
}
