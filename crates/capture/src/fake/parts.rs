//! What can be seen of a fake desktop: all of it, or a part.

use super::{Picture, Shared, Source, State};
use crate::share::WINDOW_AS_MONITOR;
use crate::{
    Annotator, CaptureError, Change, CursorCapture, CursorState, Desktop, Interrupter, LocalPreview, MarksSeen,
    MonitorCapture, Outline, Presence, PresenceWatch, Share, ShownMark, WindowInfo,
};
use consent::{Permit, View};
use proto::{Damage, Frame, Layout, Monitor, MonitorId};
use std::sync::Arc;
use std::time::Duration;

/// A desktop of which only `share` exists.
pub(super) struct Part {
    pub(super) shared: Arc<Shared>,
    pub(super) share: Share,
}

impl Part {
    /// What is left of `share`, seen from here.
    fn narrowed(&self, share: Share) -> Result<Share, CaptureError> {
        match (self.share, share) {
            (Share::Everything, share) | (share, Share::Everything) => Ok(share),
            (mine, share) if mine == share => Ok(share),
            (_, Share::Monitor(id)) => Err(CaptureError::NoSuchMonitor(id)),
            (_, Share::Window(_)) => Err(CaptureError::WindowClosed),
        }
    }
}

impl State {
    fn layout(&self, share: Share) -> Result<Layout, CaptureError> {
        let (epoch, monitors) = match share {
            Share::Everything => (self.epoch, self.monitors.clone()),
            Share::Monitor(id) => (self.epoch, vec![self.monitor(id).cloned().ok_or(CaptureError::NoSuchMonitor(id))?]),
            Share::Window(id) => {
                let window = self.window(id)?;
                let (width, height) = window.picture.size();
                let (x, y) = (window.x, window.y);
                let id = WINDOW_AS_MONITOR;
                (window.epoch, vec![Monitor { id, x, y, width, height, scale_percent: 100, primary: true }])
            }
        };
        Ok(Layout { epoch, monitors })
    }

    /// The pixels of what is read, `None` where the monitor is gone.
    fn picture(&self, source: Source) -> Result<Option<Picture>, CaptureError> {
        match source {
            Source::Monitor(id) => Ok(self.monitor(id).map(|monitor| self.composed(monitor))),
            Source::Window(id) => {
                let picture = &self.window(id)?.picture;
                let (width, height) = picture.size();
                Ok(Some(Picture { width, height, pixels: picture.pixels.clone() }))
            }
            Source::Other => Ok(None),
        }
    }

    /// Counts the changes that make a capturer useless.
    fn epoch_of(&self, source: Source) -> Result<u32, CaptureError> {
        match source {
            Source::Window(id) => Ok(self.window(id)?.epoch),
            Source::Monitor(_) | Source::Other => Ok(self.epoch),
        }
    }

    /// Where the pointer is on what is shared.
    fn pointer(&self, share: Share) -> Option<(MonitorId, i32, i32)> {
        let (x, y) = self.cursor?;
        if let Share::Window(id) = share {
            let under = self.windows.iter().rev().find(|window| {
                let (width, height) = window.picture.size();
                !window.minimised && is_inside(x, y, (window.x, window.y), (width, height))
            });
            under.filter(|window| window.id == id)?;
        }
        let layout = self.layout(share).ok()?;
        layout.monitors.iter().find_map(|monitor| {
            let inside = is_inside(x, y, (monitor.x, monitor.y), (monitor.width, monitor.height));
            inside.then(|| (monitor.id, x - monitor.x, y - monitor.y))
        })
    }
}

fn is_inside(x: i32, y: i32, (left, top): (i32, i32), (width, height): (u32, u32)) -> bool {
    (left..left.saturating_add_unsigned(width)).contains(&x) && (top..top.saturating_add_unsigned(height)).contains(&y)
}

impl Desktop for Part {
    fn layout(&self) -> Result<Layout, CaptureError> {
        self.shared.lock().layout(self.share)
    }

    fn open(&self, monitor: MonitorId) -> Result<Box<dyn MonitorCapture>, CaptureError> {
        let mut state = self.shared.lock();
        let layout = state.layout(self.share)?;
        let found = layout.monitor(monitor).ok_or(CaptureError::NoSuchMonitor(monitor))?;
        let (width, height) = (found.width, found.height);
        let source = match self.share {
            Share::Window(id) => Source::Window(id),
            Share::Everything | Share::Monitor(_) => Source::Monitor(monitor),
        };
        let epoch = state.epoch_of(source)?;
        let reader = state.new_reader(source, Damage::full(width, height));
        let shared = Arc::clone(&self.shared);
        Ok(Box::new(FakeMonitor { shared, reader, source, epoch, picture: Picture::black((width, height)) }))
    }

    fn cursor(&self) -> Result<Box<dyn CursorCapture>, CaptureError> {
        let reader = self.shared.lock().new_reader(Source::Other, Damage::none());
        let (shared, share) = (Arc::clone(&self.shared), self.share);
        Ok(Box::new(FakeCursor { shared, share, reader, seen: 0, shape_seen: 0 }))
    }

    fn windows(&self, _own_process: u32) -> Result<Vec<WindowInfo>, CaptureError> {
        let state = self.shared.lock();
        let shown = state.windows.iter().rev().filter(|window| {
            let shared = match self.share {
                Share::Everything => true,
                Share::Monitor(_) => false,
                Share::Window(id) => window.id == id,
            };
            shared && !window.minimised
        });
        let info =
            shown.map(|window| WindowInfo::new(window.id, &window.title, &window.program, window.picture.size()));
        Ok(info.take(crate::share::MOST_WINDOWS).collect())
    }

    fn only(&self, share: Share) -> Result<Box<dyn Desktop>, CaptureError> {
        let share = self.narrowed(share)?;
        self.shared.lock().layout(share)?;
        Ok(Box::new(Self { shared: Arc::clone(&self.shared), share }))
    }

    fn preview(&self, share: Share, most_width: u32, most_height: u32) -> Result<LocalPreview, CaptureError> {
        let share = self.narrowed(share)?;
        let mut state = self.shared.lock();
        state.previews += 1;
        let picture = match share {
            Share::Everything => {
                let (width, height) = state.ground.size();
                let all = Monitor { id: MonitorId(0), x: 0, y: 0, width, height, scale_percent: 100, primary: true };
                Some(state.composed(&all))
            }
            Share::Monitor(id) => state.picture(Source::Monitor(id))?,
            Share::Window(id) => state.picture(Source::Window(id))?,
        };
        let picture = picture.ok_or(CaptureError::LayoutChanged)?;
        Ok(LocalPreview::of(&picture.frame()?, most_width, most_height))
    }

    fn outline(&self, share: Share, color: [u8; 3]) -> Result<Box<dyn Outline>, CaptureError> {
        let share = self.narrowed(share)?;
        let mut state = self.shared.lock();
        state.layout(share)?;
        let reader = state.new_reader(Source::Other, Damage::none());
        state.outlines.insert(reader, (share, color));
        Ok(Box::new(FakeOutline { shared: Arc::clone(&self.shared), reader }))
    }

    fn presence(&self, _own_process: u32) -> Result<Box<dyn PresenceWatch>, CaptureError> {
        let reader = self.shared.lock().new_reader(Source::Other, Damage::none());
        Ok(Box::new(FakePresence { shared: Arc::clone(&self.shared), reader, seen: None }))
    }

    fn annotator(&self, _own_process: u32) -> Result<Box<dyn Annotator>, CaptureError> {
        {
            let mut state = self.shared.lock();
            state.annotators += 1;
            if state.takes_no_marks {
                return Err(CaptureError::NotSupported("marks"));
            }
        }
        let reader = self.shared.lock().new_reader(Source::Other, Damage::none());
        Ok(Box::new(FakeAnnotator { shared: Arc::clone(&self.shared), share: self.share, reader }))
    }
}

impl Picture {
    fn frame(&self) -> Result<Frame<'_>, CaptureError> {
        Frame::new(self.width, self.height, self.width as usize * 4, &self.pixels).ok_or(CaptureError::LayoutChanged)
    }
}

struct FakeMonitor {
    shared: Arc<Shared>,
    reader: u64,
    source: Source,
    epoch: u32,
    picture: Picture,
}

impl MonitorCapture for FakeMonitor {
    fn wait(&mut self, timeout: Duration) -> Result<Change, CaptureError> {
        let change = self.shared.wait(timeout, |state| {
            if state.take_interruption(self.reader) {
                return Some(Ok(Change::Interrupted));
            }
            match state.epoch_of(self.source) {
                Err(error) => Some(Err(error)),
                Ok(epoch) if epoch != self.epoch => Some(Ok(Change::LayoutChanged)),
                Ok(_) => {
                    let damaged = state.readers.get(&self.reader).is_some_and(|reader| !reader.damage.is_empty());
                    damaged.then_some(Ok(Change::Damaged))
                }
            }
        });
        change.unwrap_or(Ok(Change::Nothing))
    }

    fn capture(&mut self, _permit: &Permit<'_, View>) -> Result<(Frame<'_>, Damage), CaptureError> {
        let mut state = self.shared.lock();
        if state.epoch_of(self.source)? != self.epoch {
            return Err(CaptureError::LayoutChanged);
        }
        state.captures += 1;
        self.picture = state.picture(self.source)?.ok_or(CaptureError::LayoutChanged)?;
        let (width, height) = self.picture.size();
        let mut damage = state.readers.get_mut(&self.reader).map(|reader| reader.damage.take()).unwrap_or_default();
        damage.clip(width, height);
        drop(state);
        Ok((self.picture.frame()?, damage))
    }

    fn interrupter(&self) -> Interrupter {
        interrupter(&self.shared, self.reader)
    }
}

fn interrupter(shared: &Arc<Shared>, reader: u64) -> Interrupter {
    let shared = Arc::clone(shared);
    Interrupter::new(move || shared.interrupt(reader))
}

impl Drop for FakeMonitor {
    fn drop(&mut self) {
        self.shared.lock().readers.remove(&self.reader);
    }
}

struct FakeCursor {
    shared: Arc<Shared>,
    share: Share,
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
        let position = state.pointer(self.share);
        let told = position.is_some() || self.share == Share::Everything;
        let shape = (told && state.shape_version != self.shape_seen).then(|| state.shape.clone());
        if shape.is_some() {
            self.shape_seen = state.shape_version;
        }
        Ok(CursorState { position, shape })
    }

    fn interrupter(&self) -> Interrupter {
        interrupter(&self.shared, self.reader)
    }
}

impl Drop for FakeCursor {
    fn drop(&mut self) {
        self.shared.lock().readers.remove(&self.reader);
    }
}

struct FakeOutline {
    shared: Arc<Shared>,
    reader: u64,
}

impl Outline for FakeOutline {}

impl Drop for FakeOutline {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.readers.remove(&self.reader);
        state.outlines.remove(&self.reader);
    }
}

/// Keeps the marks; they are in no picture.
struct FakeAnnotator {
    shared: Arc<Shared>,
    share: Share,
    reader: u64,
}

impl Annotator for FakeAnnotator {
    fn show(&mut self, _permit: &Permit<'_, View>, marks: &[ShownMark]) -> Result<(), CaptureError> {
        let mut state = self.shared.lock();
        let layout = state.layout(self.share)?;
        let shown = marks.iter().copied().filter(|shown| layout.monitor(shown.monitor).is_some());
        let shown: Vec<ShownMark> = shown.collect();
        let weakest = shown.iter().map(|shown| shown.strength).chain(state.weakest_mark).min();
        state.weakest_mark = weakest;
        state.marks.insert(self.reader, shown);
        state.marks_shown += 1;
        Ok(())
    }

    fn clear(&mut self) {
        self.shared.lock().marks.remove(&self.reader);
    }

    fn seen(&self) -> MarksSeen {
        MarksSeen::Beside
    }
}

impl Drop for FakeAnnotator {
    fn drop(&mut self) {
        self.clear();
        self.shared.lock().readers.remove(&self.reader);
    }
}

struct FakePresence {
    shared: Arc<Shared>,
    reader: u64,
    seen: Option<Presence>,
}

impl PresenceWatch for FakePresence {
    fn wait(&mut self, timeout: Duration) -> Result<Option<Presence>, CaptureError> {
        let seen = self.seen;
        let new = self.shared.wait(timeout, |state| {
            if state.take_interruption(self.reader) {
                Some(None)
            } else {
                (Some(state.presence) != seen).then_some(Some(state.presence))
            }
        });
        let new = new.flatten();
        self.seen = new.or(seen);
        Ok(new)
    }

    fn interrupter(&self) -> Interrupter {
        interrupter(&self.shared, self.reader)
    }
}

impl Drop for FakePresence {
    fn drop(&mut self) {
        self.shared.lock().readers.remove(&self.reader);
    }
}
