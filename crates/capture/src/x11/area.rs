//! Rectangles of the desktop, also beyond its edges, and what is left of them.

use crate::Presence;

/// More pieces than this are not told apart: so many are nobody's windows but those of who hides something.
const MOST_PIECES: usize = 1024;
/// How high the band at the top of our windows is in which one reads who it is and ends it all, in pixels.
const BAND: u32 = 56;

/// A rectangle of the desktop; empty unless left is less than right and top less than bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

impl Area {
    pub(super) fn new(x: i32, y: i32, width: u32, height: u32) -> Self {
        Self { left: x, top: y, right: x.saturating_add_unsigned(width), bottom: y.saturating_add_unsigned(height) }
    }

    fn pixels(&self) -> u64 {
        let side = |from: i32, to: i32| u64::try_from(i64::from(to) - i64::from(from)).unwrap_or(0);
        side(self.left, self.right) * side(self.top, self.bottom)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    /// What is left without `other`: at most four pieces.
    pub(super) fn without(self, other: &Self) -> impl Iterator<Item = Self> {
        let hole = self.intersection(other);
        let pieces = if hole.is_empty() {
            [Some(self), None, None, None]
        } else {
            let middle = Self { top: hole.top, bottom: hole.bottom, ..self };
            [
                Some(Self { bottom: hole.top, ..self }),
                Some(Self { right: hole.left, ..middle }),
                Some(Self { left: hole.right, ..middle }),
                Some(Self { top: hole.bottom, ..self }),
            ]
        };
        pieces.into_iter().flatten().filter(|piece| !piece.is_empty())
    }
}

/// How many pixels of `area` that are on one of `screens` are not under one of `covers`; none where that cannot be told.
fn seen(area: Area, screens: &[Area], covers: &[Area]) -> u64 {
    let mut total = 0;
    for (index, screen) in screens.iter().enumerate() {
        let mut pieces = vec![screen.intersection(&area)];
        pieces.retain(|piece| !piece.is_empty());
        // What two screens show of the same place counts once.
        for cover in covers.iter().chain(screens.get(..index).unwrap_or_default()) {
            pieces = pieces.into_iter().flat_map(|piece| piece.without(cover)).collect();
            if pieces.len() > MOST_PIECES {
                return 0;
            }
        }
        total += pieces.iter().map(Area::pixels).sum::<u64>();
    }
    total
}

/// One of our windows, and what it is seen through.
pub(super) struct Own {
    /// All of it, also what its frame cuts off.
    pub(super) area: Area,
    /// The frame that it is in.
    pub(super) frame: Area,
    /// How many of the covers lie above it, counted from the first.
    pub(super) above: usize,
}

impl Own {
    /// Whether a person sees enough of it to know what it is, and to use it: a quarter of it, and three quarters of
    /// the band at its top.
    fn is_in_sight(&self, screens: &[Area], covers: &[Area]) -> bool {
        let covers = covers.get(..self.above).unwrap_or(covers);
        let band = Area { bottom: self.area.bottom.min(self.area.top.saturating_add_unsigned(BAND)), ..self.area };
        let seen = |area: Area| seen(area.intersection(&self.frame), screens, covers);
        !self.area.is_empty() && seen(self.area) * 4 >= self.area.pixels() && seen(band) * 4 >= band.pixels() * 3
    }
}

/// What a person sees of our windows: the largest is the one that counts, and of several that large any. `covers` are
/// all windows, topmost first.
pub(super) fn presence(own: &[Own], screens: &[Area], covers: &[Area]) -> Presence {
    let Some(largest) = own.iter().map(|own| own.area.pixels()).max() else { return Presence::Gone };
    let mut largest = own.iter().filter(|own| own.area.pixels() == largest);
    if largest.any(|own| own.is_in_sight(screens, covers)) { Presence::Visible } else { Presence::Covered }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_in_sight_with_a_quarter_of_it_and_most_of_its_top() {
        let screens = [Area::new(0, 0, 1000, 1000), Area::new(1000, 0, 500, 500)];
        let panel = Area::new(100, 100, 400, 224);
        let band = Area::new(100, 100, 400, 56);
        let rows: [(Area, &[Area], Presence, &str); 14] = [
            (panel, &[], Presence::Visible, "free"),
            (panel, &[panel], Presence::Covered, "wholly under another"),
            (panel, &[Area::new(100, 156, 400, 168)], Presence::Visible, "its top, which is a quarter"),
            (panel, &[Area::new(100, 155, 400, 169)], Presence::Covered, "a row less"),
            (panel, &[band], Presence::Covered, "all but its top"),
            (panel, &[Area::new(100, 100, 100, 56)], Presence::Visible, "three quarters of its top"),
            (panel, &[Area::new(100, 100, 101, 56)], Presence::Covered, "a column less of it"),
            (panel, &[Area::new(400, 100, 101, 10), Area::new(0, 0, 50, 50)], Presence::Visible, "a corner missing"),
            (panel, &[Area::new(100, 100, 399, 224)], Presence::Covered, "a column"),
            (Area::new(-100, 100, 400, 224), &[], Presence::Visible, "a quarter beyond the edge"),
            (Area::new(-101, 100, 400, 224), &[], Presence::Covered, "more beyond the edge"),
            (Area::new(900, 100, 400, 224), &[], Presence::Visible, "on two screens"),
            (Area::new(100, -20, 400, 224), &[], Presence::Covered, "its top beyond the edge"),
            (Area::new(1000, 500, 400, 224), &[], Presence::Covered, "where no screen is"),
        ];
        for (area, covers, expected, what) in rows {
            let own = Own { area, frame: area, above: covers.len() };
            assert_eq!(presence(&[own], &screens, covers), expected, "{what}");
        }
        let small = Area::new(100, 100, 40, 40);
        let own = |area, above| Own { area, frame: area, above };
        assert_eq!(presence(&[], &screens, &[]), Presence::Gone);
        // A small one in sight does not stand for the large one, nor does what lies below cover anything.
        assert_eq!(presence(&[own(small, 0), own(panel, 1)], &screens, &[panel]), Presence::Covered);
        assert_eq!(presence(&[own(panel, 0)], &screens, &[panel]), Presence::Visible);
        // Two screens that show the same count once, and a frame cuts.
        let half = Area::new(100, 100, 200, 224);
        assert_eq!(presence(&[own(panel, 1)], &[screens[0], screens[0]], &[half]), Presence::Covered);
        assert_eq!(presence(&[Own { area: panel, frame: half, above: 0 }], &screens, &[]), Presence::Covered);
    }
}
