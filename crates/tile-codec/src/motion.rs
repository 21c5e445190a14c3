//! Which vectors explain what changed: the last one, then scrolling, then moving in any direction.

use crate::changes::{BLOCK, ChangeMap, TILE_BLOCKS};
use crate::ops::Vector;
use crate::pixels::{Picture, differ, frame_row};
use crate::vote;
use proto::{Frame, Rect};

/// Fewer changed blocks are cheaper painted than searched for.
pub(crate) const LEAST_BLOCKS: usize = 48;
/// Pixels that one search may look at, each look counted: a 4K picture scrolled as a whole, and some more; a few
/// milliseconds. Counted and not timed, so that the same pictures always give the same bytes.
const MOST_PIXELS: u64 = 16 << 20;
/// Blocks on which a vector is tried before it is believed.
const SAMPLES: usize = 64;
/// Vectors that are tried on every block.
const MOST_CANDIDATES: usize = 3;

/// The pixels that the rest of a search may look at.
pub(crate) struct Budget(u64);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(MOST_PIXELS)
    }

    /// Takes that many pixels; `false` when they are not there any more.
    pub(crate) fn spend(&mut self, pixels: u64) -> bool {
        let left = self.0.checked_sub(pixels);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// The old and the new picture, of the same size.
pub(crate) struct View<'a> {
    pub(crate) old: &'a Picture,
    pub(crate) new: &'a Frame<'a>,
}

impl View<'_> {
    /// Whether every pixel of `rect` in the new picture is in the old one at that distance.
    pub(crate) fn has_moved(&self, rect: &Rect, vector: Vector, budget: &mut Budget) -> bool {
        let Some(source) = vector.source(rect, self.old.width(), self.old.height()) else { return false };
        let same = |row: u32| {
            let new = frame_row(self.new, rect.x, rect.y + row, rect.width);
            !differ(new, self.old.row(source.x, source.y + row, rect.width))
        };
        // Most wrong guesses fail in the first row, and cost no more than that.
        let width = u64::from(rect.width);
        budget.spend(width) && same(0) && budget.spend(rect.area() - width) && (1..rect.height).all(same)
    }

    fn is_flat(&self, rect: &Rect) -> bool {
        let first = frame_row(self.new, rect.x, rect.y, rect.width);
        let flat = !differ(&first[4..], &first[..first.len() - 4]);
        flat && (rect.y..rect.bottom()).all(|y| !differ(first, frame_row(self.new, rect.x, y, rect.width)))
    }
}

/// Finds vectors; remembers the last one, because who scrolls or drags goes on doing so.
#[derive(Default)]
pub(crate) struct Finder {
    last: Option<Vector>,
}

impl Finder {
    /// The vectors worth trying on every changed block, the most promising first. `area` is around all that changed.
    pub(crate) fn candidates(
        &mut self,
        view: &View<'_>,
        map: &ChangeMap,
        area: &Rect,
        budget: &mut Budget,
    ) -> Vec<Vector> {
        let samples = samples(view, map, area);
        let score = |vector: Vector, budget: &mut Budget| {
            samples.iter().filter(|rect| view.has_moved(rect, vector, budget)).count()
        };
        if let Some(last) = self.last
            && score(last, budget) * 2 > samples.len()
        {
            return vec![last];
        }
        let strips = strips(map, area);
        let vertical = vote::vertical(view, area, &strips, budget);
        if let Some(vertical) = vertical
            && score(vertical, budget) * 2 > samples.len()
        {
            self.last = Some(vertical);
            return vec![vertical];
        }
        let mut found: Vec<(usize, Vector)> = Vec::new();
        for vector in vote::planar(view, area, &strips, budget).into_iter().chain(vertical).chain(self.last) {
            let hits = score(vector, budget);
            if hits > 0 && found.iter().all(|(_, known)| *known != vector) {
                found.push((hits, vector));
            }
        }
        found.sort_by_key(|(hits, _)| std::cmp::Reverse(*hits));
        found.truncate(MOST_CANDIDATES);
        self.last = found.first().map(|(_, vector)| *vector);
        found.into_iter().map(|(_, vector)| vector).collect()
    }
}

/// Some changed blocks with more than one colour: a blank one is found at every distance.
fn samples(view: &View<'_>, map: &ChangeMap, area: &Rect) -> Vec<Rect> {
    let changed = map.changed();
    // Each of the 256 looks at most decides on one block.
    let step = (changed.len() / (4 * SAMPLES)).max(1);
    let blocks = changed.iter().step_by(step).map(|index| map.block(*index).intersection(area));
    let mut textured: Vec<Rect> = blocks.filter(|rect| !view.is_flat(rect)).collect();
    let keep = textured.len().div_ceil(SAMPLES).max(1);
    let mut place = 0;
    textured.retain(|_| {
        place += 1;
        place % keep == 0
    });
    textured
}

/// The columns of tiles inside `area`, as high as it, those with most changed blocks first.
fn strips(map: &ChangeMap, area: &Rect) -> Vec<Rect> {
    let tile = BLOCK * TILE_BLOCKS;
    let mut counts = vec![0_u32; map.columns().div_ceil(TILE_BLOCKS) as usize];
    for index in map.changed() {
        counts[(index % map.columns() / TILE_BLOCKS) as usize] += 1;
    }
    let mut columns: Vec<(u32, u32)> = counts.into_iter().zip(0..).filter(|(count, _)| *count > 0).collect();
    columns.sort_by_key(|(count, column)| (std::cmp::Reverse(*count), *column));
    columns
        .into_iter()
        .map(|(_, column)| Rect::new(column * tile, area.y, tile, area.height).intersection(area))
        .collect()
}
