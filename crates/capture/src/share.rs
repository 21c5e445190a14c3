//! What a person can share, how they tell it from the rest, and how they see that it is shared.

use crate::{CaptureError, Interrupter};
use proto::{Frame, MonitorId, Text};
use std::fmt;
use std::time::Duration;

/// Most characters of a window's title that are kept.
const TITLE_CHARS: usize = 200;
/// Most characters of a program's name that are kept.
const PROGRAM_CHARS: usize = 64;
/// Most bytes of either that are looked at.
const TEXT_BYTES: usize = 1024;
/// Most windows that a person is asked to choose from.
pub(crate) const MOST_WINDOWS: usize = 64;
/// The one monitor of a desktop that is a single window: the last number that a peer takes, which hardly any real
/// layout comes to.
pub(crate) const WINDOW_AS_MONITOR: MonitorId = MonitorId(proto::limits::MONITORS as u8 - 1);

/// A window of the person's desktop, by the system's number for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowId(pub u32);

/// A window that a person would recognise.
#[derive(Clone, PartialEq, Eq)]
pub struct WindowInfo {
    /// Its number.
    pub id: WindowId,
    /// What it is called now, at most 200 characters, safe to show in one line.
    pub title: String,
    /// The program's name for itself, at most 64 characters, safe to show in one line.
    pub program: String,
    /// Width of its contents in pixels.
    pub width: u32,
    /// Height of its contents in pixels.
    pub height: u32,
}

impl WindowInfo {
    /// `title` and `program` are whatever the window says of itself.
    pub(crate) fn new(id: WindowId, title: &str, program: &str, (width, height): (u32, u32)) -> Self {
        let bounded = |text: &str, chars: usize| -> String {
            Text::<TEXT_BYTES>::truncated(text).shown().chars().take(chars).collect()
        };
        Self { id, title: bounded(title, TITLE_CHARS), program: bounded(program, PROGRAM_CHARS), width, height }
    }
}

impl fmt::Debug for WindowInfo {
    /// Without the title, which is personal: debug output ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WindowInfo({}, {} by {})", self.id.0, self.width, self.height)
    }
}

/// What is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// All monitors.
    Everything,
    /// One monitor of the newest layout, and never another in its place.
    Monitor(MonitorId),
    /// The contents of one window. What lies above it is not part of them, and neither are its own
    /// menus and dialogs where those are windows of their own.
    Window(WindowId),
}

/// A small picture for the eyes of the person at this machine, who has not yet allowed anything.
/// It can be drawn, not encoded: no function takes it that leads to a peer.
#[derive(Clone, PartialEq, Eq)]
pub struct LocalPreview {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

impl LocalPreview {
    /// The picture made small enough for that many pixels (at least one each way), in its own
    /// proportions; a smaller picture stays as it is.
    pub(crate) fn of(frame: &Frame<'_>, most_width: u32, most_height: u32) -> Self {
        let (width, height) = fitted((frame.width, frame.height), (most_width.max(1), most_height.max(1)));
        let mut rgba = Vec::with_capacity(width as usize * height as usize * 4);
        for y in 0..height {
            let rows = part(y, height, frame.height);
            for x in 0..width {
                let columns = part(x, width, frame.width);
                let (mut sum, mut count) = ([0_u64; 3], 0_u64);
                for row in rows.clone() {
                    let pixels = frame.row(row).get(columns.start as usize * 4..columns.end as usize * 4);
                    for pixel in pixels.unwrap_or_default().chunks_exact(4) {
                        // Green, which is in the middle of both orders, stays there.
                        for (total, value) in sum.iter_mut().zip(pixel.iter().take(3).rev()) {
                            *total += u64::from(*value);
                        }
                        count += 1;
                    }
                }
                rgba.extend(sum.map(|total| (total / count.max(1)) as u8));
                rgba.push(u8::MAX);
            }
        }
        Self { width, height, rgba }
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Rows of opaque pixels, four bytes each: red, green, blue, 255; top row first.
    #[must_use]
    pub fn rgba(&self) -> &[u8] {
        &self.rgba
    }
}

impl fmt::Debug for LocalPreview {
    /// Only the size: it is what is on a person's screen.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalPreview({} by {})", self.width, self.height)
    }
}

/// The largest size with these proportions that fits, never larger than the size itself.
fn fitted((width, height): (u32, u32), (most_width, most_height): (u32, u32)) -> (u32, u32) {
    if width <= most_width && height <= most_height {
        return (width, height);
    }
    let scaled = |side: u32, by: u32, of: u32| {
        let pixels = u64::from(side) * u64::from(by) / u64::from(of.max(1));
        u32::try_from(pixels).unwrap_or(u32::MAX).max(1)
    };
    if u64::from(width) * u64::from(most_height) > u64::from(height) * u64::from(most_width) {
        (most_width, scaled(height, most_width, width).min(most_height))
    } else {
        (scaled(width, most_height, height).min(most_width), most_height)
    }
}

/// The pixels of `all` that the pixel `index` of `count` stands for: at least one.
fn part(index: u32, count: u32, all: u32) -> std::ops::Range<u32> {
    let at = |index: u32| (u64::from(index) * u64::from(all) / u64::from(count.max(1))) as u32;
    at(index)..at(index + 1)
}

/// A frame around what is shared, which nobody can click. Dropping it takes it away.
pub trait Outline: Send {}

/// How much of our own windows the person can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Enough of the largest: at least a quarter of it, and three quarters of the band at its top, where one reads who
    /// it is and ends it.
    Visible,
    /// Less: other windows lie over it, or it is beyond the screen's edges.
    Covered,
    /// None is on the screen: closed, minimised, or not opened yet.
    Gone,
}

/// Tells when our own windows come into sight and go out of it.
pub trait PresenceWatch: Send {
    /// Waits until it is another than the last call told, at most four times a second; the first
    /// call returns at once. `None` after `timeout` or an interruption.
    ///
    /// # Errors
    /// [`CaptureError::Lost`] when the system no longer answers.
    fn wait(&mut self, timeout: Duration) -> Result<Option<Presence>, CaptureError>;

    /// What ends [`PresenceWatch::wait`] early.
    fn interrupter(&self) -> Interrupter;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_window_says_of_itself_is_bounded_and_stays_in_one_line() {
        let title = format!("a\nb\u{202e}c\u{7}\u{200b}{}", "è".repeat(500));
        let info = WindowInfo::new(WindowId(1), &title, &"p".repeat(500), (3, 4));
        assert_eq!(info.title.chars().count(), 200);
        assert!(info.title.starts_with("a bcè"), "{}", info.title);
        assert_eq!(info.program.len(), 64);
        assert!(!format!("{info:?}").contains('è'));
    }

    #[test]
    fn a_preview_keeps_the_proportions_and_the_mean_colours() {
        let rows = [(1920, 1080, 160, 160, 160, 90), (100, 400, 50, 50, 12, 50), (7, 5, 100, 100, 7, 5)];
        for (width, height, most_width, most_height, expected_width, expected_height) in rows {
            let fitted = fitted((width, height), (most_width, most_height));
            assert_eq!(fitted, (expected_width, expected_height), "of {width} by {height}");
        }
        assert_eq!(fitted((10_000, 1), (100, 100)), (100, 1));
        // Blue, green, red: left half of blue and red, right half of green.
        let pixels: Vec<u8> =
            (0..4).flat_map(|_| [[200, 0, 0, 9], [0, 0, 100, 9], [0, 50, 0, 9], [0, 50, 0, 9]]).flatten().collect();
        let preview = LocalPreview::of(&Frame::new(4, 4, 16, &pixels).unwrap(), 2, 2);
        assert_eq!((preview.width(), preview.height()), (2, 2));
        assert_eq!(&preview.rgba()[..8], [50, 0, 100, 255, 0, 50, 0, 255]);
        assert_eq!(format!("{preview:?}"), "LocalPreview(2 by 2)");
    }
}
