//! From vectors to copies: every block verified, neighbours joined.

use crate::changes::ChangeMap;
use crate::motion::{Budget, View};
use crate::ops::Vector;
use proto::{Damage, Rect};

/// One copy of an update.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Copy {
    pub(crate) target: Rect,
    pub(crate) vector: Vector,
}

/// Blocks side by side that moved by the same vector.
struct Run {
    copy: Copy,
    /// The rectangle of damage that holds it.
    inside: Rect,
    /// Changed blocks in it; unchanged ones join because long copies are cheaper than many short ones.
    changed: usize,
}

/// Finds all blocks that one of `vectors` explains wholly, settles them in the map, and returns the copies that bring
/// them. Looks at pixels inside the damage only. Targets do not overlap.
pub(crate) fn plan(
    view: &View<'_>,
    map: &mut ChangeMap,
    damage: &Damage,
    area: &Rect,
    vectors: &[Vector],
    budget: &mut Budget,
) -> Vec<Copy> {
    let mut planner = Planner { view, damage, vectors, budget, copies: Vec::new(), above: 0, settled: Vec::new() };
    let block = crate::changes::BLOCK;
    let columns = area.x / block..area.right().div_ceil(block);
    for row in area.y / block..area.bottom().div_ceil(block) {
        let first = row * map.columns();
        if columns.clone().any(|column| map.is_changed(first + column)) {
            planner.row(map, first + columns.start..first + columns.end);
        }
    }
    let Planner { copies, settled, .. } = planner;
    for index in settled {
        map.settle(index);
    }
    copies
}

struct Planner<'a> {
    view: &'a View<'a>,
    damage: &'a Damage,
    vectors: &'a [Vector],
    budget: &'a mut Budget,
    copies: Vec<Copy>,
    /// Copies before this one end above the last row of blocks.
    above: usize,
    settled: Vec<u32>,
}

impl Planner<'_> {
    fn row(&mut self, map: &ChangeMap, blocks: std::ops::Range<u32>) {
        let first_new = self.copies.len();
        let mut run: Option<Run> = None;
        for index in blocks {
            if let Some(open) = &mut run
                && self.extend(open, map, index)
            {
                continue;
            }
            self.close(run.take(), first_new);
            run = self.open(map, index);
        }
        self.close(run, first_new);
        self.above = first_new;
    }

    fn extend(&mut self, run: &mut Run, map: &ChangeMap, index: u32) -> bool {
        let cell = map.block(index).intersection(&run.inside);
        let target = run.copy.target;
        let joins = cell.x == target.right() && cell.y == target.y && cell.height == target.height;
        let changed = map.changed_box(index);
        let fits = joins && cell.intersection(&changed) == changed;
        if !fits || !self.view.has_moved(&cell, run.copy.vector, self.budget) {
            return false;
        }
        run.copy.target.width += cell.width;
        if map.is_changed(index) {
            run.changed += 1;
            self.settled.push(index);
        }
        true
    }

    fn open(&mut self, map: &ChangeMap, index: u32) -> Option<Run> {
        let (block, changed) = (map.block(index), map.changed_box(index));
        let is_changed = map.is_changed(index);
        // An unchanged block may begin a run too, by the most promising vector only.
        let tried = if is_changed { self.vectors.len() } else { 1 };
        let rects = self.damage.rects().iter().map(|rect| (*rect, block.intersection(rect)));
        let (inside, cell) = rects
            .filter(|(_, cell)| !cell.is_empty())
            .find(|(_, cell)| !is_changed || cell.intersection(&changed) == changed)?;
        let vector =
            *self.vectors.iter().take(tried).find(|vector| self.view.has_moved(&cell, **vector, self.budget))?;
        if is_changed {
            self.settled.push(index);
        }
        Some(Run { copy: Copy { target: cell, vector }, inside, changed: usize::from(is_changed) })
    }

    fn close(&mut self, run: Option<Run>, first_new: usize) {
        let Some(Run { copy, changed: 1.., .. }) = run else { return };
        let higher = self.copies[self.above..first_new].iter().position(|higher| {
            let (upper, lower) = (&higher.target, &copy.target);
            higher.vector == copy.vector
                && upper.x == lower.x
                && upper.width == lower.width
                && upper.bottom() == lower.y
        });
        // What the row above began goes on: it moves into this row, where the next one finds it.
        match higher {
            Some(place) => {
                let mut joined = self.copies[self.above + place];
                joined.target.height += copy.target.height;
                self.copies[self.above + place].target = Rect::default();
                self.copies.push(joined);
            }
            None => self.copies.push(copy),
        }
    }
}
