//! The operator's marks as the pixels that they fill: strokes with round ends, row by row, without a screen.

use crate::{CaptureError, MarksSeen};
use consent::{Permit, View};
use proto::MonitorId;
use proto::annotation::{Mark, Point};

/// Shows marks over what is shared, drawn by us on the screen until this is dropped. Presses go
/// through them, they never lie over our own windows, and over one window that is shared they lie
/// under what lies above it. See [`crate::Desktop::annotator`].
pub trait Annotator: Send {
    /// Shows exactly these marks, each cut to its monitor, and takes all others away. While marks
    /// stand it is to be called again a few times a second: then they follow what moves.
    ///
    /// # Errors
    /// [`CaptureError::WindowClosed`] when the one window that is shared is gone,
    /// [`CaptureError::Lost`] when the system no longer answers.
    fn show(&mut self, permit: &Permit<'_, View>, marks: &[ShownMark]) -> Result<(), CaptureError>;

    /// Takes all marks away.
    fn clear(&mut self);

    /// Whether captured pictures have the marks in them.
    fn seen(&self) -> MarksSeen;
}

/// A mark to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownMark {
    /// On which monitor.
    pub monitor: MonitorId,
    /// What.
    pub mark: Mark,
    /// From [`Self::STRONGEST`] down to 1 while it fades: thinner, and paler where the screen can do that.
    pub strength: u8,
}

impl ShownMark {
    /// What does not fade.
    pub const STRONGEST: u8 = 8;

    /// A mark that does not fade.
    #[must_use]
    pub const fn whole(monitor: MonitorId, mark: Mark) -> Self {
        Self { monitor, mark, strength: Self::STRONGEST }
    }

    /// What is left of it, from 0 to 1.
    pub(crate) fn part(&self) -> f32 {
        f32::from(self.strength.min(Self::STRONGEST)) / f32::from(Self::STRONGEST)
    }
}

/// Half the width of a stroke, in pixels at the natural size.
const HALF: f32 = 3.5;
/// How far the light edge around a stroke goes, in pixels at the natural size: what is red on red is seen by it.
const EDGE: f32 = 2.0;
/// Radius of the middle of the pointer's ring, in pixels at the natural size.
const RING: f32 = 20.0;
/// Longest side of an arrow's head, in pixels at the natural size, and its part of a short arrow.
const HEAD: f32 = 34.0;
const HEAD_PART: f32 = 0.5;
/// Half the angle of an arrow's head, in radians.
const HEAD_ANGLE: f32 = 0.5;

/// A rectangle of whole pixels: left, top, right, bottom; right and bottom are outside.
pub(crate) type Span = [i32; 4];

/// A part of a mark.
#[derive(Debug, Clone, Copy)]
enum Piece {
    /// All that is no further than `half` from the line between two points.
    Stroke { from: (f32, f32), to: (f32, f32), half: f32 },
    /// All between two circles.
    Ring { centre: (f32, f32), inner: f32, outer: f32 },
}

/// What a mark looks like at a scale (1 is the natural size), and how much of the width of its strokes is left (1 is
/// all).
pub(crate) struct Drawing {
    pieces: Vec<Piece>,
    edge: f32,
}

impl Drawing {
    pub(crate) fn of(mark: &Mark, scale: f32, left: f32) -> Self {
        let half = HALF * scale * left;
        let stroke = |from, to| Piece::Stroke { from, to, half };
        let pieces = match mark {
            Mark::Pointer(at) => {
                vec![Piece::Ring { centre: middle(*at), inner: RING * scale - half, outer: RING * scale + half }]
            }
            Mark::Arrow { from, to } => {
                let (from, to) = (middle(*from), middle(*to));
                let (dx, dy) = (from.0 - to.0, from.1 - to.1);
                let length = dx.hypot(dy);
                let side = (HEAD * scale).min(length * HEAD_PART) / length.max(1.0);
                let (sin, cos) = HEAD_ANGLE.sin_cos();
                let end = |sin: f32| (to.0 + (dx * cos - dy * sin) * side, to.1 + (dx * sin + dy * cos) * side);
                vec![stroke(from, to), stroke(to, end(sin)), stroke(to, end(-sin))]
            }
            Mark::Box { from, to } => {
                let (from, to) = (middle(*from), middle(*to));
                let corners = [from, (to.0, from.1), to, (from.0, to.1)];
                (0..4).map(|side| stroke(corners[side], corners[(side + 1) % 4])).collect()
            }
        };
        Self { pieces, edge: EDGE * scale * left }
    }

    /// The strokes themselves, cut to a rectangle.
    pub(crate) fn core(&self, within: Span) -> Vec<Span> {
        self.spans(0.0, within)
    }

    /// With their light edge.
    pub(crate) fn whole(&self, within: Span) -> Vec<Span> {
        self.spans(self.edge, within)
    }

    /// One rectangle for each row of each piece; they may overlap.
    fn spans(&self, grow: f32, [left, top, right, bottom]: Span) -> Vec<Span> {
        let mut spans = Vec::new();
        for piece in &self.pieces {
            let (highest, lowest) = piece.heights(grow);
            for y in (highest.floor() as i32).max(top)..(lowest.ceil() as i32).min(bottom) {
                for (from, to) in piece.row(y as f32 + 0.5, grow).into_iter().flatten() {
                    // A pixel belongs to a piece when its middle does.
                    let (from, to) = ((from - 0.5).ceil() as i32, (to - 0.5).floor() as i32 + 1);
                    let (from, to) = (from.max(left), to.min(right));
                    if from < to {
                        spans.push([from, y, to, y + 1]);
                    }
                }
            }
        }
        spans
    }
}

/// The middle of a pixel.
fn middle(at: Point) -> (f32, f32) {
    (f32::from(at.x) + 0.5, f32::from(at.y) + 0.5)
}

type Interval = (f32, f32);

impl Piece {
    /// The first and the last height that it reaches.
    fn heights(&self, grow: f32) -> Interval {
        match *self {
            Self::Stroke { from, to, half } => (from.1.min(to.1) - half - grow, from.1.max(to.1) + half + grow),
            Self::Ring { centre, outer, .. } => (centre.1 - outer - grow, centre.1 + outer + grow),
        }
    }

    /// What of a row of that height belongs to it.
    fn row(&self, y: f32, grow: f32) -> [Option<Interval>; 2] {
        match *self {
            Self::Stroke { from, to, half } => [stroke_row(from, to, half + grow, y), None],
            Self::Ring { centre, inner, outer } => {
                let Some((left, right)) = disc_row(centre, outer + grow, y) else { return [None, None] };
                match disc_row(centre, inner - grow, y) {
                    Some((hole_left, hole_right)) => [Some((left, hole_left)), Some((hole_right, right))],
                    None => [Some((left, right)), None],
                }
            }
        }
    }
}

fn disc_row((x, centre_y): (f32, f32), radius: f32, y: f32) -> Option<Interval> {
    let rest = radius * radius - (y - centre_y) * (y - centre_y);
    (radius > 0.0 && rest > 0.0).then(|| (x - rest.sqrt(), x + rest.sqrt()))
}

/// A stroke is convex, so a row of it is one interval: around those of its two ends and of what is between.
fn stroke_row(from: (f32, f32), to: (f32, f32), radius: f32, y: f32) -> Option<Interval> {
    let length = (to.0 - from.0).hypot(to.1 - from.1);
    let between = (length > 0.0).then(|| {
        let (dx, dy) = ((to.0 - from.0) / length, (to.1 - from.1) / length);
        let rise = y - from.1;
        // Along the line between the ends, and across it no further than the radius.
        let along = where_between(dx, rise * dy, (0.0, length));
        let across = where_between(-dy, rise * dx, (-radius, radius));
        along.zip(across).map(|(one, other)| (from.0 + one.0.max(other.0), from.0 + one.1.min(other.1)))
    });
    let between = between.flatten().filter(|(left, right)| left < right);
    let parts = [disc_row(from, radius, y), disc_row(to, radius, y), between];
    parts.into_iter().flatten().reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
}

/// For which x `slope * x + base` is within bounds.
fn where_between(slope: f32, base: f32, (least, most): Interval) -> Option<Interval> {
    const FLAT: f32 = 1e-6;
    if slope.abs() < FLAT {
        return (least <= base && base <= most).then_some((f32::MIN, f32::MAX));
    }
    let (one, other) = ((least - base) / slope, (most - base) / slope);
    Some((one.min(other), one.max(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCREEN: Span = [0, 0, 200, 100];

    fn holds(spans: &[Span], x: i32, y: i32) -> bool {
        spans.iter().any(|[left, top, right, bottom]| (*left..*right).contains(&x) && (*top..*bottom).contains(&y))
    }

    fn at(x: u16, y: u16) -> Point {
        Point { x, y }
    }

    #[test]
    fn every_mark_is_drawn_where_it_was_meant_and_nowhere_else() {
        let arrow = Drawing::of(&Mark::Arrow { from: at(20, 20), to: at(150, 70) }, 1.0, 1.0).core(SCREEN);
        assert!(holds(&arrow, 20, 20) && holds(&arrow, 150, 70) && holds(&arrow, 85, 45), "from end to end");
        assert!(!holds(&arrow, 20, 70) && !holds(&arrow, 150, 20));
        let frame = Drawing::of(&Mark::Box { from: at(150, 70), to: at(30, 20) }, 1.0, 1.0).core(SCREEN);
        for (x, y, expected) in [(30, 20, true), (150, 70, true), (90, 20, true), (30, 45, true), (90, 45, false)] {
            assert_eq!(holds(&frame, x, y), expected, "{x}, {y}");
        }
        let ring = Drawing::of(&Mark::Pointer(at(100, 50)), 1.0, 1.0).core(SCREEN);
        assert!(!holds(&ring, 100, 50), "what is pointed at stays in sight");
        assert!(holds(&ring, 120, 50) && holds(&ring, 100, 30) && !holds(&ring, 130, 50));
    }

    #[test]
    fn what_fades_gets_thinner_where_it_is() {
        let rows = |left| {
            let arrow = Drawing::of(&Mark::Arrow { from: at(20, 50), to: at(150, 50) }, 1.0, left).whole(SCREEN);
            (0..100).filter(|y| holds(&arrow, 60, *y)).count()
        };
        let widths = [1.0, 0.75, 0.5, 0.25].map(rows);
        assert!(widths.is_sorted_by(|one, next| one > next) && widths[3] > 0, "{widths:?}");
    }

    #[test]
    fn what_lies_beyond_the_screen_is_cut_and_an_edge_surrounds_every_stroke() {
        let marks = [
            Mark::Arrow { from: at(0, 0), to: at(u16::MAX, u16::MAX) },
            Mark::Arrow { from: at(9, 9), to: at(9, 9) },
            Mark::Box { from: at(5, 5), to: at(u16::MAX, 60) },
            Mark::Box { from: at(7, 7), to: at(7, 90) },
            Mark::Pointer(at(u16::MAX, 3)),
            Mark::Pointer(at(199, 99)),
        ];
        for mark in marks {
            for (scale, left) in [(0.5, 1.0), (1.0, 1.0), (3.0, 1.0), (1.0, 0.1)] {
                let drawing = Drawing::of(&mark, scale, left);
                let whole = drawing.whole(SCREEN);
                assert!(whole.iter().all(|[left, top, right, bottom]| {
                    0 <= *left && left < right && *right <= 200 && 0 <= *top && top < bottom && *bottom <= 100
                }));
                for [left, top, right, _] in drawing.core(SCREEN) {
                    assert!(holds(&whole, left, top) && holds(&whole, right - 1, top), "{mark:?}");
                }
            }
        }
    }
}
