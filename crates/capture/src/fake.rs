//! A desktop of painted monitors and windows, for tests of whole sessions.

mod parts;

use crate::{
    Annotator, CaptureError, CursorCapture, Desktop, LocalPreview, MonitorCapture, Outline, Presence, PresenceWatch,
    Share, ShownMark, WindowId, WindowInfo,
};
use parts::Part;
use proto::annotation::Mark;
use proto::{CursorShape, Damage, Layout, Monitor, MonitorId, Rect};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The number of the first monitor.
const MONITOR: MonitorId = MonitorId(0);

/// Monitors without a screen: tests paint on them and put windows there, capturers see that.
/// Clones share it.
#[derive(Debug, Clone)]
pub struct FakeDesktop(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    monitors: Vec<Monitor>,
    /// What lies below all windows.
    ground: Picture,
    /// Lowest first.
    windows: Vec<Window>,
    last_window: u32,
    epoch: u32,
    captures: u64,
    cursor_reads: u64,
    previews: u64,
    cursor: Option<(i32, i32)>,
    shape: CursorShape,
    cursor_version: u64,
    shape_version: u64,
    presence: Presence,
    last_reader: u64,
    readers: BTreeMap<u64, Reader>,
    outlines: BTreeMap<u64, (Share, [u8; 3])>,
    marks: BTreeMap<u64, Vec<ShownMark>>,
    marks_shown: u64,
    annotators: u64,
    takes_no_marks: bool,
    weakest_mark: Option<u8>,
}

#[derive(Debug)]
struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

#[derive(Debug)]
struct Window {
    id: WindowId,
    title: String,
    program: String,
    x: i32,
    y: i32,
    picture: Picture,
    minimised: bool,
    /// Counts its sizes.
    epoch: u32,
}

/// Who reads, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Monitor(MonitorId),
    Window(WindowId),
    Other,
}

#[derive(Debug)]
struct Reader {
    source: Source,
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

impl Picture {
    fn black((width, height): (u32, u32)) -> Self {
        Self { width, height, pixels: vec![0; width as usize * height as usize * 4] }
    }

    fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    fn row(&self, y: u32, from: u32, to: u32) -> &[u8] {
        let start = y as usize * self.width as usize;
        self.pixels.get((start + from as usize) * 4..(start + to as usize) * 4).unwrap_or_default()
    }

    fn row_mut(&mut self, y: u32, from: u32, to: u32) -> &mut [u8] {
        let start = y as usize * self.width as usize;
        self.pixels.get_mut((start + from as usize) * 4..(start + to as usize) * 4).unwrap_or_default()
    }

    /// Fills a rectangle, cut to the picture; what was filled.
    fn fill(&mut self, rect: Rect, [blue, green, red]: [u8; 3]) -> Rect {
        let rect = rect.intersection(&Rect::new(0, 0, self.width, self.height));
        for y in rect.y..rect.bottom() {
            for pixel in self.row_mut(y, rect.x, rect.right()).chunks_exact_mut(4) {
                pixel.copy_from_slice(&[blue, green, red, 255]);
            }
        }
        rect
    }

    /// Lays `other` over this picture, its left top corner at `x`, `y`.
    fn lay(&mut self, other: &Self, x: i32, y: i32) {
        let place = cut(x, y, other.size(), self.size());
        for row in place.y..place.bottom() {
            let from = place.x.wrapping_add_signed(x.wrapping_neg());
            let source = other.row(row.wrapping_add_signed(y.wrapping_neg()), from, from + place.width);
            self.row_mut(row, place.x, place.right()).copy_from_slice(source);
        }
    }
}

/// A rectangle of that place and size, cut to a picture of the other size.
fn cut(x: i32, y: i32, (width, height): (u32, u32), (most_right, most_bottom): (u32, u32)) -> Rect {
    let edge = |at: i32, most: u32| u32::try_from(at.max(0)).unwrap_or(0).min(most);
    let (left, top) = (edge(x, most_right), edge(y, most_bottom));
    let (right, bottom) =
        (edge(x.saturating_add_unsigned(width), most_right), edge(y.saturating_add_unsigned(height), most_bottom));
    Rect::new(left, top, right - left, bottom - top)
}

impl State {
    fn new_reader(&mut self, source: Source, damage: Damage) -> u64 {
        self.last_reader += 1;
        self.readers.insert(self.last_reader, Reader { source, damage, interrupted: false });
        self.last_reader
    }

    fn take_interruption(&mut self, reader: u64) -> bool {
        self.readers.get_mut(&reader).is_some_and(|reader| std::mem::take(&mut reader.interrupted))
    }

    fn monitor(&self, id: MonitorId) -> Option<&Monitor> {
        self.monitors.iter().find(|monitor| monitor.id == id)
    }

    fn window(&self, id: WindowId) -> Result<&Window, CaptureError> {
        self.windows.iter().find(|window| window.id == id).ok_or(CaptureError::WindowClosed)
    }

    /// Tells all who see monitors that something was drawn at that place of the desktop.
    fn damage(&mut self, x: i32, y: i32, size: (u32, u32)) {
        for reader in self.readers.values_mut() {
            if let Source::Monitor(id) = reader.source
                && let Some(monitor) = self.monitors.iter().find(|monitor| monitor.id == id)
            {
                let (x, y) = (x.saturating_sub(monitor.x), y.saturating_sub(monitor.y));
                reader.damage.add(cut(x, y, size, (monitor.width, monitor.height)));
            }
        }
    }

    /// A monitor as it looks, with the windows on it.
    fn composed(&self, monitor: &Monitor) -> Picture {
        let mut picture = Picture::black((monitor.width, monitor.height));
        picture.lay(&self.ground, monitor.x.saturating_neg(), monitor.y.saturating_neg());
        for window in self.windows.iter().filter(|window| !window.minimised) {
            picture.lay(&window.picture, window.x.saturating_sub(monitor.x), window.y.saturating_sub(monitor.y));
        }
        picture
    }

    /// Makes the ground just large enough for the monitors, and black.
    fn lay_ground(&mut self) {
        let far = |edge: fn(&Monitor) -> i32| {
            let furthest = self.monitors.iter().map(edge).max().unwrap_or(0);
            u32::try_from(furthest).unwrap_or(0)
        };
        let width = far(|monitor| monitor.x.saturating_add_unsigned(monitor.width));
        let height = far(|monitor| monitor.y.saturating_add_unsigned(monitor.height));
        self.ground = Picture::black((width, height));
    }
}

impl FakeDesktop {
    /// A black monitor of this size, the pointer at its left top corner.
    #[must_use]
    pub fn new(width: u32, height: u32) -> Self {
        Self::with_monitors(&[(0, 0, width, height)])
    }

    /// Black monitors, each with its left and top edge on the desktop (not negative), width and
    /// height in pixels; they are numbered from 0, the first is the primary one.
    #[must_use]
    pub fn with_monitors(monitors: &[(i32, i32, u32, u32)]) -> Self {
        let mut state = State {
            monitors: numbered(monitors),
            ground: Picture::black((0, 0)),
            windows: Vec::new(),
            last_window: 0,
            epoch: 1,
            captures: 0,
            cursor_reads: 0,
            previews: 0,
            cursor: Some((0, 0)),
            shape: CursorShape { width: 1, height: 1, hot_x: 0, hot_y: 0, bgra: vec![255; 4] },
            cursor_version: 1,
            shape_version: 1,
            presence: Presence::Visible,
            last_reader: 0,
            readers: BTreeMap::new(),
            outlines: BTreeMap::new(),
            marks: BTreeMap::new(),
            marks_shown: 0,
            annotators: 0,
            takes_no_marks: false,
            weakest_mark: None,
        };
        state.lay_ground();
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() }))
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.0.lock());
        self.0.changed.notify_all();
        changed
    }

    /// Fills a rectangle of the desktop below all windows (cut to it) with one colour: blue,
    /// green, red.
    pub fn paint(&self, rect: Rect, colour: [u8; 3]) {
        self.change(|state| {
            let rect = state.ground.fill(rect, colour);
            let place = |at: u32| i32::try_from(at).unwrap_or(i32::MAX);
            state.damage(place(rect.x), place(rect.y), (rect.width, rect.height));
        });
    }

    /// Puts the pointer there, in pixels of the desktop.
    pub fn set_cursor(&self, x: i32, y: i32) {
        self.change(|state| {
            state.cursor = Some((x, y));
            state.cursor_version += 1;
        });
    }

    /// Takes the pointer off the desktop.
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

    /// From now on one monitor of this size, black again: a new layout.
    pub fn resize(&self, width: u32, height: u32) {
        self.set_monitors(&[(0, 0, width, height)]);
    }

    /// From now on these monitors, as for [`FakeDesktop::with_monitors`], black again: a new layout. The n-th stands for
    /// the n-th connector, whatever is at it.
    pub fn set_monitors(&self, monitors: &[(i32, i32, u32, u32)]) {
        self.change(|state| {
            state.monitors = numbered(monitors);
            state.lay_ground();
            state.epoch += 1;
            state.cursor_version += 1;
        });
    }

    /// Takes a monitor away, black again: a new layout, in which the others keep their numbers.
    pub fn unplug(&self, monitor: MonitorId) {
        self.change(|state| {
            state.monitors.retain(|other| other.id != monitor);
            state.lay_ground();
            state.epoch += 1;
            state.cursor_version += 1;
        });
    }

    /// Puts a black window on top of all others, the left top corner of its contents there on the
    /// desktop, its size in pixels. It belongs to no process of ours.
    pub fn add_window(&self, title: &str, program: &str, (x, y): (i32, i32), size: (u32, u32)) -> WindowId {
        self.change(|state| {
            state.last_window += 1;
            let id = WindowId(state.last_window);
            let (title, program) = (title.to_owned(), program.to_owned());
            let picture = Picture::black(size);
            state.windows.push(Window { id, title, program, x, y, picture, minimised: false, epoch: 1 });
            state.damage(x, y, size);
            state.cursor_version += 1;
            id
        })
    }

    /// Changes a window, and has both places drawn again; nothing happens if it is closed.
    fn change_window(&self, id: WindowId, change: impl FnOnce(&mut Window)) {
        self.change(|state| {
            let Some(window) = state.windows.iter_mut().find(|window| window.id == id) else { return };
            let before = (window.x, window.y, window.picture.size());
            change(window);
            let after = (window.x, window.y, window.picture.size());
            for (x, y, size) in [before, after] {
                state.damage(x, y, size);
            }
            state.cursor_version += 1;
        });
    }

    /// Fills a rectangle of a window (cut to it) with one colour: blue, green, red.
    pub fn paint_window(&self, id: WindowId, rect: Rect, colour: [u8; 3]) {
        self.change_window(id, |window| {
            window.picture.fill(rect, colour);
        });
        self.change(|state| {
            for reader in state.readers.values_mut().filter(|reader| reader.source == Source::Window(id)) {
                reader.damage.add(rect);
            }
        });
    }

    /// Moves a window there on the desktop.
    pub fn move_window(&self, id: WindowId, x: i32, y: i32) {
        self.change_window(id, |window| (window.x, window.y) = (x, y));
    }

    /// Gives a window another size, black again: a new layout for who sees only that window.
    pub fn resize_window(&self, id: WindowId, width: u32, height: u32) {
        self.change_window(id, |window| {
            window.picture = Picture::black((width, height));
            window.epoch += 1;
        });
    }

    /// Minimises a window, or brings it back.
    pub fn minimise_window(&self, id: WindowId, minimised: bool) {
        self.change_window(id, |window| window.minimised = minimised);
    }

    /// Puts a window on top of all others.
    pub fn raise_window(&self, id: WindowId) {
        self.change_window(id, |_| {});
        self.change(|state| state.windows.sort_by_key(|window| window.id == id));
    }

    /// Closes a window.
    pub fn close_window(&self, id: WindowId) {
        self.change_window(id, |_| {});
        self.change(|state| state.windows.retain(|window| window.id != id));
    }

    /// Says how much of our own windows the person can see; at first they are visible.
    pub fn set_presence(&self, presence: Presence) {
        self.change(|state| state.presence = presence);
    }

    /// How often pixels were read, by all capturers together; previews do not count.
    #[must_use]
    pub fn captures(&self) -> u64 {
        self.0.lock().captures
    }

    /// How often the pointer was read.
    #[must_use]
    pub fn cursor_reads(&self) -> u64 {
        self.0.lock().cursor_reads
    }

    /// How many previews were made.
    #[must_use]
    pub fn previews(&self) -> u64 {
        self.0.lock().previews
    }

    /// The frames that stand now, with their colours, in the order in which they were made.
    #[must_use]
    pub fn outlines(&self) -> Vec<(Share, [u8; 3])> {
        self.0.lock().outlines.values().copied().collect()
    }

    /// The marks that stand now.
    #[must_use]
    pub fn marks(&self) -> Vec<(MonitorId, Mark)> {
        self.0.lock().marks.values().flatten().map(|shown| (shown.monitor, shown.mark)).collect()
    }

    /// How weak a mark was shown, at the least: what fades before it goes is weaker than others.
    #[must_use]
    pub fn weakest_mark(&self) -> Option<u8> {
        self.0.lock().weakest_mark
    }

    /// How often marks were shown, by all annotators together.
    #[must_use]
    pub fn marks_shown(&self) -> u64 {
        self.0.lock().marks_shown
    }

    /// Marks cannot be shown here.
    pub fn take_no_marks(&self) {
        self.0.lock().takes_no_marks = true;
    }

    /// How often somebody was about to show marks.
    #[must_use]
    pub fn annotators(&self) -> u64 {
        self.0.lock().annotators
    }

    fn part(&self, share: Share) -> Part {
        Part { shared: Arc::clone(&self.0), share }
    }
}

fn numbered(monitors: &[(i32, i32, u32, u32)]) -> Vec<Monitor> {
    let numbered = (0..).zip(monitors).map(|(number, &(x, y, width, height))| Monitor {
        id: MonitorId(number),
        x,
        y,
        width,
        height,
        scale_percent: 100,
        primary: number == MONITOR.0,
    });
    numbered.collect()
}

impl Desktop for FakeDesktop {
    fn layout(&self) -> Result<Layout, CaptureError> {
        self.part(Share::Everything).layout()
    }

    fn open(&self, monitor: MonitorId) -> Result<Box<dyn MonitorCapture>, CaptureError> {
        self.part(Share::Everything).open(monitor)
    }

    fn cursor(&self) -> Result<Box<dyn CursorCapture>, CaptureError> {
        self.part(Share::Everything).cursor()
    }

    fn windows(&self, own_process: u32) -> Result<Vec<WindowInfo>, CaptureError> {
        self.part(Share::Everything).windows(own_process)
    }

    fn only(&self, share: Share) -> Result<Box<dyn Desktop>, CaptureError> {
        self.part(Share::Everything).only(share)
    }

    fn preview(&self, share: Share, most_width: u32, most_height: u32) -> Result<LocalPreview, CaptureError> {
        self.part(Share::Everything).preview(share, most_width, most_height)
    }

    fn outline(&self, share: Share, color: [u8; 3]) -> Result<Box<dyn Outline>, CaptureError> {
        self.part(Share::Everything).outline(share, color)
    }

    fn presence(&self, own_process: u32) -> Result<Box<dyn PresenceWatch>, CaptureError> {
        self.part(Share::Everything).presence(own_process)
    }

    fn annotator(&self, own_process: u32) -> Result<Box<dyn Annotator>, CaptureError> {
        self.part(Share::Everything).annotator(own_process)
    }
}

#[cfg(test)]
mod tests;
