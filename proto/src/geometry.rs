//! Picture geometry: rectangles, damage, monitors and borrowed frames.

use crate::limits;
use crate::text::list;
use serde::{Deserialize, Serialize};

/// A rectangle of pixels inside one picture; may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Rect {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Rect {
    /// A rectangle from its left top corner and size.
    #[must_use]
    pub const fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self { x, y, width, height }
    }

    /// First column right of it (saturating).
    #[must_use]
    pub const fn right(&self) -> u32 {
        self.x.saturating_add(self.width)
    }

    /// First row below it (saturating).
    #[must_use]
    pub const fn bottom(&self) -> u32 {
        self.y.saturating_add(self.height)
    }

    /// Whether it holds no pixel.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Its number of pixels.
    #[must_use]
    pub const fn area(&self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// What both rectangles hold.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let x = self.x.max(other.x);
        let y = self.y.max(other.y);
        let right = self.right().min(other.right());
        let bottom = self.bottom().min(other.bottom());
        if right <= x || bottom <= y { Self::default() } else { Self::new(x, y, right - x, bottom - y) }
    }

    /// The smallest rectangle around both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return *other;
        }
        if other.is_empty() {
            return *self;
        }
        let x = self.x.min(other.x);
        let y = self.y.min(other.y);
        Self::new(x, y, self.right().max(other.right()) - x, self.bottom().max(other.bottom()) - y)
    }

    /// Whether it lies wholly inside a picture of this size, without overflow: the check that
    /// every rectangle from a peer must pass.
    #[must_use]
    pub fn fits(&self, width: u32, height: u32) -> bool {
        u64::from(self.x) + u64::from(self.width) <= u64::from(width)
            && u64::from(self.y) + u64::from(self.height) <= u64::from(height)
    }
}

/// The parts of a picture that may have changed: a short list of rectangles, merged when it grows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Damage {
    rects: Vec<Rect>,
}

impl Damage {
    /// More rectangles than this are merged: comparing a few more pixels is cheaper than a list.
    pub const MOST_RECTS: usize = 64;

    /// Nothing changed.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// All of a picture of this size may have changed.
    #[must_use]
    pub fn full(width: u32, height: u32) -> Self {
        let mut damage = Self::default();
        damage.add(Rect::new(0, 0, width, height));
        damage
    }

    /// Adds a rectangle; empty ones and ones already held are ignored.
    pub fn add(&mut self, rect: Rect) {
        if rect.is_empty() || self.rects.iter().any(|held| held.intersection(&rect) == rect) {
            return;
        }
        self.rects.retain(|held| held.intersection(&rect) != *held);
        self.rects.push(rect);
        if self.rects.len() > Self::MOST_RECTS {
            let all = self.bounds();
            self.rects.clear();
            self.rects.push(all);
        }
    }

    /// Adds all of another damage.
    pub fn merge(&mut self, other: &Self) {
        for rect in &other.rects {
            self.add(*rect);
        }
    }

    /// The smallest rectangle around all of it, empty if nothing changed.
    #[must_use]
    pub fn bounds(&self) -> Rect {
        self.rects.iter().fold(Rect::default(), |all, rect| all.union(rect))
    }

    /// Cuts everything to a picture of this size.
    pub fn clip(&mut self, width: u32, height: u32) {
        let picture = Rect::new(0, 0, width, height);
        for rect in &mut self.rects {
            *rect = rect.intersection(&picture);
        }
        self.rects.retain(|rect| !rect.is_empty());
    }

    /// The rectangles; they may overlap.
    #[must_use]
    pub fn rects(&self) -> &[Rect] {
        &self.rects
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rects.is_empty()
    }

    /// Takes the damage and leaves none behind.
    #[must_use]
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

/// A picture borrowed from its capturer: rows of BGRX pixels, four bytes each (the fourth is
/// undefined), top row first.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Bytes from one row to the next, at least `4 * width`.
    pub stride: usize,
    /// At least `stride * (height - 1) + 4 * width` bytes.
    pub pixels: &'a [u8],
}

impl<'a> Frame<'a> {
    /// A frame over `pixels`, `None` if they are too few for that size and stride.
    #[must_use]
    pub fn new(width: u32, height: u32, stride: usize, pixels: &'a [u8]) -> Option<Self> {
        let row = usize::try_from(width).ok()?.checked_mul(4)?;
        let rows = usize::try_from(height).ok()?;
        let needed = if rows == 0 { 0 } else { stride.checked_mul(rows - 1)?.checked_add(row)? };
        (stride >= row && pixels.len() >= needed).then_some(Self { width, height, stride, pixels })
    }

    /// The bytes of row `y` (`4 * width` of them); empty when there is no such row.
    #[must_use]
    pub fn row(&self, y: u32) -> &'a [u8] {
        let start = self.stride * y as usize;
        self.pixels.get(start..start + self.width as usize * 4).unwrap_or_default()
    }
}

/// One monitor of the client, by a number that stays the same while a layout lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MonitorId(pub u8);

/// One monitor and where it stands on the desktop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monitor {
    /// Its number.
    pub id: MonitorId,
    /// Left edge on the desktop, in desktop pixels.
    pub x: i32,
    /// Top edge on the desktop, in desktop pixels.
    pub y: i32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Scale of its user interface in percent, 100 where unknown.
    pub scale_percent: u16,
    /// Whether it is the primary one.
    pub primary: bool,
}

/// All monitors; a new layout begins a new epoch of every screen stream.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Layout {
    /// Counts layouts from 1.
    pub epoch: u32,
    /// The monitors, at most [`limits::MONITORS`].
    #[serde(deserialize_with = "list::<_, _, { limits::MONITORS }>")]
    pub monitors: Vec<Monitor>,
}

impl Layout {
    /// Whether a peer's layout is within the limits.
    #[must_use]
    pub fn is_acceptable(&self) -> bool {
        self.monitors.len() <= limits::MONITORS
            && self.monitors.iter().all(|monitor| picture_size_is_acceptable(monitor.width, monitor.height))
    }

    /// The monitor with this number.
    #[must_use]
    pub fn monitor(&self, id: MonitorId) -> Option<&Monitor> {
        self.monitors.iter().find(|monitor| monitor.id == id)
    }
}

/// Whether a peer's picture size is within the limits.
#[must_use]
pub fn picture_size_is_acceptable(width: u32, height: u32) -> bool {
    (1..=limits::PICTURE_SIDE_PIXELS).contains(&width)
        && (1..=limits::PICTURE_SIDE_PIXELS).contains(&height)
        && u64::from(width) * u64::from(height) <= limits::PICTURE_PIXELS
}

/// A pointer's picture: BGRA with premultiplied alpha, `4 * width * height` bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CursorShape {
    /// Width in pixels, at most [`limits::CURSOR_SIDE_PIXELS`].
    pub width: u32,
    /// Height in pixels, at most [`limits::CURSOR_SIDE_PIXELS`].
    pub height: u32,
    /// Column of the point that points.
    pub hot_x: u32,
    /// Row of the point that points.
    pub hot_y: u32,
    /// The pixels, top row first.
    pub bgra: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_keeps_every_pixel_when_it_merges() {
        let mut damage = Damage::none();
        for step in 0..200 {
            damage.add(Rect::new(step * 10, step * 5, 7, 3));
        }
        assert!(damage.rects().len() <= Damage::MOST_RECTS);
        for step in 0..200 {
            let rect = Rect::new(step * 10, step * 5, 7, 3);
            assert!(damage.rects().iter().any(|held| held.intersection(&rect) == rect));
        }
    }

    #[test]
    fn a_rectangle_that_overflows_does_not_fit() {
        assert!(!Rect::new(u32::MAX, 0, 2, 1).fits(u32::MAX, 10));
        assert!(Rect::new(5, 5, 5, 5).fits(10, 10));
        assert!(!Rect::new(5, 5, 6, 5).fits(10, 10));
    }

    #[test]
    fn a_frame_needs_all_its_bytes() {
        assert!(Frame::new(2, 2, 8, &[0; 16]).is_some());
        assert!(Frame::new(2, 2, 8, &[0; 15]).is_none());
        assert!(Frame::new(2, 2, 7, &[0; 99]).is_none());
    }
}
