//! The change map: which 16-pixel blocks changed, and where inside them.

use crate::pixels::{
    BLOCK_ROW_BYTES, Picture, block_rows_differ, differ, first_difference, frame_row, last_difference, part,
};
use proto::{Frame, Rect};

/// Side of a block in pixels: the unit of comparison and of moving.
pub(crate) const BLOCK: u32 = BLOCK_ROW_BYTES as u32 / 4;
/// Side of a tile in blocks: the unit of painting.
pub(crate) const TILE_BLOCKS: u32 = 4;

/// The changed box of one block, relative to it; ends are exclusive, all 0 when nothing changed.
#[derive(Clone, Copy, Default)]
struct Inner {
    left: u8,
    top: u8,
    right: u8,
    bottom: u8,
}

/// Which blocks changed and which of them are settled by a move. Cleared at the cost of what changed.
pub(crate) struct ChangeMap {
    width: u32,
    height: u32,
    columns: u32,
    rows: u32,
    boxes: Vec<Inner>,
    moved: Vec<bool>,
    changed: Vec<u32>,
}

impl ChangeMap {
    /// For pictures of this size.
    pub(crate) fn new(width: u32, height: u32) -> Self {
        let (columns, rows) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
        let count = columns as usize * rows as usize;
        let (boxes, moved) = (vec![Inner::default(); count], vec![false; count]);
        Self { width, height, columns, rows, boxes, moved, changed: Vec::new() }
    }

    /// Nothing changed.
    pub(crate) fn clear(&mut self) {
        for index in self.changed.drain(..) {
            self.boxes[index as usize] = Inner::default();
            self.moved[index as usize] = false;
        }
    }

    /// Everything changed.
    pub(crate) fn mark_all(&mut self) {
        self.clear();
        for index in 0..self.columns * self.rows {
            let block = self.block(index);
            self.boxes[index as usize] =
                Inner { left: 0, top: 0, right: block.width as u8, bottom: block.height as u8 };
            self.changed.push(index);
        }
    }

    /// Compares the frame with the kept picture inside `rect`, which must be inside both, and nowhere else.
    pub(crate) fn inspect(&mut self, rect: &Rect, frame: &Frame<'_>, kept: &Picture) {
        // Columns before the first whole block, then whole blocks, then the rest.
        let head = (rect.x.next_multiple_of(BLOCK) - rect.x).min(rect.width);
        for y in rect.y..rect.bottom() {
            let (new_head, new) = frame_row(frame, rect.x, y, rect.width).split_at(head as usize * 4);
            let (old_head, old) = kept.row(rect.x, y, rect.width).split_at(head as usize * 4);
            if differ(new_head, old_head) {
                self.mark(rect.x, y, new_head, old_head);
            }
            let (new_blocks, new_tail) = new.as_chunks::<BLOCK_ROW_BYTES>();
            let (old_blocks, old_tail) = old.as_chunks::<BLOCK_ROW_BYTES>();
            let mut x = rect.x + head;
            for (new, old) in new_blocks.iter().zip(old_blocks) {
                if block_rows_differ(new, old) {
                    self.mark(x, y, new, old);
                }
                x += BLOCK;
            }
            if differ(new_tail, old_tail) {
                self.mark(x, y, new_tail, old_tail);
            }
        }
    }

    /// Notes that pixels of one row of one block differ, the first of them at (`x`, `y`).
    fn mark(&mut self, x: u32, y: u32, new: &[u8], old: &[u8]) {
        let index = (y / BLOCK) * self.columns + x / BLOCK;
        let (x, y) = ((x % BLOCK) as u8, (y % BLOCK) as u8);
        let inner = &mut self.boxes[index as usize];
        if inner.right == 0 {
            self.changed.push(index);
            *inner = Inner { left: BLOCK as u8, top: y, right: 0, bottom: y + 1 };
        }
        inner.top = inner.top.min(y);
        inner.bottom = inner.bottom.max(y + 1);
        // Only what may widen the box is looked at: columns left of it, then columns right of it.
        let count = (new.len() / 4) as u8;
        let left_part = inner.left.saturating_sub(x).min(count);
        if let Some(first) = first_difference(part(new, 0, left_part.into()), part(old, 0, left_part.into())) {
            inner.left = x + first as u8;
        }
        let known = inner.right.max(inner.left).saturating_sub(x).min(count);
        let (new, old) =
            (part(new, known.into(), (count - known).into()), part(old, known.into(), (count - known).into()));
        inner.right = inner.right.max(inner.left + u8::from(inner.right == 0));
        if let Some(last) = last_difference(new, old) {
            inner.right = inner.right.max(x + known + last as u8 + 1);
        }
    }

    /// The changed blocks, settled ones too, in no certain order.
    pub(crate) fn changed(&self) -> &[u32] {
        &self.changed
    }

    /// Blocks in a row of blocks.
    pub(crate) fn columns(&self) -> u32 {
        self.columns
    }

    /// The pixels of a block.
    pub(crate) fn block(&self, index: u32) -> Rect {
        let (x, y) = (index % self.columns * BLOCK, index / self.columns * BLOCK);
        Rect::new(x, y, BLOCK.min(self.width - x), BLOCK.min(self.height - y))
    }

    /// The changed pixels of a block, empty if none.
    pub(crate) fn changed_box(&self, index: u32) -> Rect {
        let inner = self.boxes[index as usize];
        let (x, y) = (index % self.columns * BLOCK, index / self.columns * BLOCK);
        let (left, top) = (u32::from(inner.left), u32::from(inner.top));
        Rect::new(x + left, y + top, u32::from(inner.right) - left, u32::from(inner.bottom) - top)
    }

    /// Whether anything in a block changed.
    pub(crate) fn is_changed(&self, index: u32) -> bool {
        self.boxes[index as usize].right != 0
    }

    /// A move brings this block; it need not be painted.
    pub(crate) fn settle(&mut self, index: u32) {
        self.moved[index as usize] = true;
    }

    /// Calls `visit` with each rectangle that must be painted, tile by tile: the changed box of a tile or, where a
    /// move brought parts of it, of each of its rows of blocks.
    pub(crate) fn unsettled(&self, mut visit: impl FnMut(Rect)) {
        // The range of tiles around everything that changed.
        let (mut first_row, mut last_row, mut first_column, mut last_column) = (u32::MAX, 0, u32::MAX, 0);
        for index in &self.changed {
            let (row, column) = (index / self.columns / TILE_BLOCKS, index % self.columns / TILE_BLOCKS);
            (first_row, last_row) = (first_row.min(row), last_row.max(row));
            (first_column, last_column) = (first_column.min(column), last_column.max(column));
        }
        if self.changed.is_empty() {
            return;
        }
        for tile_row in first_row..=last_row {
            for tile_column in first_column..=last_column {
                self.unsettled_of_tile(tile_row, tile_column, &mut visit);
            }
        }
    }

    fn unsettled_of_tile(&self, tile_row: u32, tile_column: u32, visit: &mut impl FnMut(Rect)) {
        let columns = tile_column * TILE_BLOCKS..((tile_column + 1) * TILE_BLOCKS).min(self.columns);
        let mut pending = Rect::default();
        let mut any_moved = false;
        let mut rows = [Rect::default(); TILE_BLOCKS as usize];
        for (slot, row) in rows.iter_mut().zip(tile_row * TILE_BLOCKS..self.rows) {
            for index in columns.clone().map(|column| row * self.columns + column) {
                if self.moved[index as usize] {
                    any_moved = true;
                } else if self.is_changed(index) {
                    *slot = slot.union(&self.changed_box(index));
                }
            }
        }
        for row in rows {
            let joins = pending.x == row.x && pending.width == row.width && pending.bottom() == row.y;
            if row.is_empty() {
                continue;
            }
            if !any_moved || joins {
                pending = pending.union(&row);
            } else {
                if !pending.is_empty() {
                    visit(pending);
                }
                pending = row;
            }
        }
        if !pending.is_empty() {
            visit(pending);
        }
    }
}
