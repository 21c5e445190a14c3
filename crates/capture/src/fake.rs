//! A desktop of one painted monitor, for tests of whole sessions.

use crate::{CaptureError, Change, CursorCapture, CursorState, Desktop, Interrupter, MonitorCapture};
use consent::{Permit, View};
use proto::{CursorShape, Damage, Frame, Layout, Monitor, MonitorId, Rect};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const MONITOR: MonitorId = MonitorId(0);

/// A monitor without a screen: tests paint on it, capturers see it. Clones share it.
#[derive(Debug, Clone)]
pub struct FakeDesktop(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
    epoch: u32,
    captures: u64,
    cursor_reads: u64,
    cursor: Option<(i32, i32)>,
    shape: CursorShape,
    cursor_version: u64,
    shape_version: u64,
    next_reader: u64,
    readers: BTreeMap<u64, Reader>,
}

#[derive(Debug, Default)]
struct Reader {
    damage: Damage,
    interrupted: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panics while it paints must not hide its message behind a poisoned lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn interrupt(&self, reader: u64) {
        if let Some(reader) = self.lock().readers.get_mut(&reader) {
            reader.interrupted = true;
        }
        self.changed.notify_all();
    }

    /// Waits until `seen` finds something.
    fn wait<T>(&self, timeout: Duration, mut seen: impl FnMut(&mut State) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + timeout;
        let mut state = self.lock();
        loop {
            if let Some(found) = seen(&mut state) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl State {
    fn new_reader(&mut self, damage: Damage) -> u64 {
        self.next_reader += 1;
        self.readers.insert(self.next_reader, Reader { damage, interrupted: false });
        self.next_reader
    }

    fn take_interruption(&mut self, reader: u64) -> bool {
        self.readers.get_mut(&reader).is_some_and(|reader| std::mem::take(&mut reader.interrupted))
    }
}

impl FakeDesktop {
    /// A black monitor of this size, the pointer at its left top corner.
    #[must_use]
    pub fn new(width: u32, height: u32) -> Self {
        let state = State {
            width,
            height,
            pixels: vec![0; width as usize * height as usize * 4],
            epoch: 1,
            captures: 0,
            cursor_reads: 0,
            cursor: Some((0, 0)),
            shape: CursorShape { width: 1, height: 1, hot_x: 0, hot_y: 0, bgra: vec![255; 4] },
            cursor_version: 1,
            shape_version: 1,
            next_reader: 0,
            readers: BTreeMap::new(),
        };
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() }))
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock());
        self.0.changed.notify_all();
    }

    /// Fills a rectangle (cut to the monitor) with one colour.
    pub fn paint(&self, rect: Rect, [blue, green, red]: [u8; 3]) {
        self.change(|state| {
            let rect = rect.intersection(&Rect::new(0, 0, state.width, state.height));
            for y in rect.y..rect.bottom() {
                let start = (y as usize * state.width as usize + rect.x as usize) * 4;
                for pixel in state.pixels[start..start + rect.width as usize * 4].chunks_exact_mut(4) {
                    pixel.copy_from_slice(&[blue, green, red, 255]);
                }
            }
            for reader in state.readers.values_mut() {
                reader.damage.add(rect);
            }
        });
    }

    /// Puts the pointer there.
    pub fn set_cursor(&self, x: i32, y: i32) {
        self.change(|state| {
            state.cursor = Some((x, y));
            state.cursor_version += 1;
        });
    }

    /// Takes the pointer off the monitor.
    pub fn hide_cursor(&self) {
        self.change(|state| {
            state.cursor = None;
            state.cursor_version += 1;
        });
    }

    /// Gives the pointer another picture.
    pub fn set_cursor_shape(&self, shape: CursorShape) {
        self.change(|state| {
            state.shape = shape;
            state.cursor_version += 1;
            state.shape_version += 1;
        });
    }

    /// Gives the monitor another size, black again: a new layout.
    pub fn resize(&self, width: u32, height: u32) {
        self.change(|state| {
            state.width = width;
            state.height = height;
            state.pixels = vec![0; width as usize * height as usize * 4];
            state.epoch += 1;
        });
    }

    /// How often pixels were read, by all capturers together.
    #[must_use]
    pub fn captures(&self) -> u64 {
        self.0.lock().captures
    }

    /// How often the pointer was read.
    #[must_use]
    pub fn cursor_reads(&self) -> u64 {
        self.0.lock().cursor_reads
    }
}

impl Desktop for FakeDesktop {
    fn layout(&self) -> Result<Layout, CaptureError> {
        let state = self.0.lock();
        let monitor = Monitor {
            id: MONITOR,
            x: 0,
            y: 0,
            width: state.width,
            height: state.height,
            scale_percent: 100,
            primary: true,
        };
        Ok(Layout { epoch: state.epoch, monitors: vec![monitor] })
    }

    fn open(&self, monitor: MonitorId) -> Result<Box<dyn MonitorCapture>, CaptureError> {
        if monitor != MONITOR {
            return Err(CaptureError::NoSuchMonitor(monitor));
        }
        let mut state = self.0.lock();
        let (width, height, epoch) = (state.width, state.height, state.epoch);
        let reader = state.new_reader(Damage::full(width, height));
        Ok(Box::new(FakeMonitor { shared: Arc::clone(&self.0), reader, epoch, width, height, frame: Vec::new() }))
    }

    fn cursor(&self) -> Result<Box<dyn CursorCapture>, CaptureError> {
        let reader = self.0.lock().new_reader(Damage::none());
        Ok(Box::new(FakeCursor { shared: Arc::clone(&self.0), reader, seen: 0, shape_seen: 0 }))
    }
}

struct FakeMonitor {
    shared: Arc<Shared>,
    reader: u64,
    epoch: u32,
    width: u32,
    height: u32,
    frame: Vec<u8>,
}

impl MonitorCapture for FakeMonitor {
    fn wait(&mut self, timeout: Duration) -> Result<Change, CaptureError> {
        let change = self.shared.wait(timeout, |state| {
            if state.take_interruption(self.reader) {
                Some(Change::Interrupted)
            } else if state.epoch != self.epoch {
                Some(Change::LayoutChanged)
            } else {
                let damaged = state.readers.get(&self.reader).is_some_and(|reader| !reader.damage.is_empty());
                damaged.then_some(Change::Damaged)
            }
        });
        Ok(change.unwrap_or(Change::Nothing))
    }

    fn capture(&mut self, _permit: &Permit<'_, View>) -> Result<(Frame<'_>, Damage), CaptureError> {
        let mut state = self.shared.lock();
        if state.epoch != self.epoch {
            return Err(CaptureError::LayoutChanged);
        }
        state.captures += 1;
        self.frame.clone_from(&state.pixels);
        let damage = state.readers.get_mut(&self.reader).map(|reader| reader.damage.take()).unwrap_or_default();
        let frame = Frame::new(self.width, self.height, self.width as usize * 4, &self.frame);
        Ok((frame.ok_or(CaptureError::LayoutChanged)?, damage))
    }

    fn interrupter(&self) -> Interrupter {
        let (shared, reader) = (Arc::clone(&self.shared), self.reader);
        Interrupter::new(move || shared.interrupt(reader))
    }
}

impl Drop for FakeMonitor {
    fn drop(&mut self) {
        self.shared.lock().readers.remove(&self.reader);
    }
}

struct FakeCursor {
    shared: Arc<Shared>,
    reader: u64,
    seen: u64,
    shape_seen: u64,
}

impl CursorCapture for FakeCursor {
    fn wait(&mut self, timeout: Duration) -> Result<bool, CaptureError> {
        let moved = self.shared.wait(timeout, |state| {
            if state.take_interruption(self.reader) {
                Some(false)
            } else {
                (state.cursor_version != self.seen).then_some(true)
            }
        });
        Ok(moved.unwrap_or(false))
    }

    fn read(&mut self, _permit: &Permit<'_, View>) -> Result<CursorState, CaptureError> {
        let mut state = self.shared.lock();
        state.cursor_reads += 1;
        self.seen = state.cursor_version;
        let shape = (state.shape_version != self.shape_seen).then(|| state.shape.clone());
        self.shape_seen = state.shape_version;
        Ok(CursorState { position: state.cursor.map(|(x, y)| (MONITOR, x, y)), shape })
    }

    fn interrupter(&self) -> Interrupter {
        let (shared, reader) = (Arc::clone(&self.shared), self.reader);
        Interrupter::new(move || shared.interrupt(reader))
    }
}

impl Drop for FakeCursor {
    fn drop(&mut self) {
        self.shared.lock().readers.remove(&self.reader);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{LONG, SHORT, viewing};

    #[test]
    fn painting_wakes_the_capturer_and_is_seen_once() {
        let desktop = FakeDesktop::new(40, 30);
        let mut capture = desktop.open(MONITOR).unwrap();
        let consent = viewing();
        let permit = consent.permit(None).unwrap();
        assert_eq!(capture.wait(LONG).unwrap(), Change::Damaged);
        assert_eq!(capture.capture(&permit).unwrap().1.bounds(), Rect::new(0, 0, 40, 30));
        assert_eq!(capture.wait(SHORT).unwrap(), Change::Nothing);
        desktop.paint(Rect::new(35, 5, 10, 2), [1, 2, 3]);
        assert_eq!(capture.wait(LONG).unwrap(), Change::Damaged);
        let (frame, damage) = capture.capture(&permit).unwrap();
        assert_eq!(damage.bounds(), Rect::new(35, 5, 5, 2));
        assert_eq!(&frame.row(6)[35 * 4..36 * 4], [1, 2, 3, 255]);
        assert_eq!(desktop.captures(), 2);
    }

    #[test]
    fn resizing_makes_a_new_layout_and_old_capturers_useless() {
        let desktop = FakeDesktop::new(40, 30);
        let mut capture = desktop.open(MONITOR).unwrap();
        desktop.resize(20, 10);
        assert_eq!(capture.wait(LONG).unwrap(), Change::LayoutChanged);
        let consent = viewing();
        let permit = consent.permit(None).unwrap();
        assert!(matches!(capture.capture(&permit), Err(CaptureError::LayoutChanged)));
        assert_eq!(desktop.layout().unwrap().epoch, 2);
        assert_eq!(desktop.captures(), 0);
    }

    #[test]
    fn the_pointer_and_its_picture_are_told_when_they_change() {
        let desktop = FakeDesktop::new(40, 30);
        let mut cursor = desktop.cursor().unwrap();
        let consent = viewing();
        let permit = consent.permit(None).unwrap();
        assert!(cursor.wait(LONG).unwrap());
        assert!(cursor.read(&permit).unwrap().shape.is_some());
        desktop.set_cursor(7, 8);
        assert!(cursor.wait(LONG).unwrap());
        assert_eq!(cursor.read(&permit).unwrap(), CursorState { position: Some((MONITOR, 7, 8)), shape: None });
        cursor.interrupter().interrupt();
        assert!(!cursor.wait(LONG).unwrap());
        assert!(!cursor.wait(SHORT).unwrap());
    }
}
