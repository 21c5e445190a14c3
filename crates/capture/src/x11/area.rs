//! Rectangles of the desktop, also beyond its edges, and what is left of them.

/// More pieces than this are not told apart.
const MOST_PIECES: usize = 1024;

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
    fn without(self, other: &Self) -> impl Iterator<Item = Self> {
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

/// Whether anything of `area` that is on one of `screens` is not under one of `covers`.
pub(super) fn is_seen(area: Area, screens: &[Area], covers: &[Area]) -> bool {
    screens.iter().any(|screen| {
        let mut pieces = vec![screen.intersection(&area)];
        pieces.retain(|piece| !piece.is_empty());
        for cover in covers {
            pieces = pieces.into_iter().flat_map(|piece| piece.without(cover)).collect();
            if pieces.len() > MOST_PIECES {
                return true;
            }
        }
        !pieces.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_wholly_under_others_or_off_the_screens_is_not_seen() {
        let screens = [Area::new(0, 0, 100, 100), Area::new(100, 0, 50, 50)];
        let window = Area::new(90, 40, 20, 20);
        let halves = [Area::new(80, 30, 20, 40), Area::new(100, 30, 40, 40)];
        let rows: [(Area, &[Area], bool); 7] = [
            (window, &[], true),
            (window, &halves, false),
            (window, &halves[..1], true),
            (window, &[Area::new(90, 40, 20, 19)], true),
            // Below the second screen there is nothing to be seen.
            (Area::new(110, 60, 10, 10), &[], false),
            (Area::new(-50, 0, 50, 50), &[], false),
            (Area::new(-50, 0, 51, 50), &[], true),
        ];
        for (area, covers, expected) in rows {
            assert_eq!(is_seen(area, &screens, covers), expected, "{area:?} under {covers:?}");
        }
    }
}
