//! Damage found by comparing two pictures, for systems that do not tell what was drawn.

use proto::{Damage, Frame, Rect};

/// Side of the squares that are compared, in pixels; that of the codec's tiles, so that a finer
/// answer would gain nothing.
const SQUARE: u32 = 64;

/// Everything in `new` that differs from `old`, in whole squares; all of it if the sizes differ.
/// The undefined fourth byte of a pixel counts as part of it.
pub(crate) fn difference(old: &Frame<'_>, new: &Frame<'_>) -> Damage {
    if (old.width, old.height) != (new.width, new.height) {
        return Damage::full(new.width, new.height);
    }
    let mut damage = Damage::none();
    let squares_across = new.width.div_ceil(SQUARE);
    for top in (0..new.height).step_by(SQUARE as usize) {
        let height = SQUARE.min(new.height - top);
        let mut changed = vec![false; squares_across as usize];
        for y in top..top + height {
            let (old_row, new_row) = (old.row(y), new.row(y));
            if old_row == new_row {
                continue;
            }
            let squares = old_row.chunks(SQUARE as usize * 4).zip(new_row.chunks(SQUARE as usize * 4));
            for (flag, (old_part, new_part)) in changed.iter_mut().zip(squares) {
                *flag = *flag || old_part != new_part;
            }
        }
        add_runs(&mut damage, &changed, top, height, new.width);
    }
    damage
}

/// Adds neighbours in a row of squares as one rectangle.
fn add_runs(damage: &mut Damage, changed: &[bool], top: u32, height: u32, width: u32) {
    let mut left = 0;
    for run in changed.chunk_by(|a, b| a == b) {
        let right = left + run.len() as u32 * SQUARE;
        if run.first() == Some(&true) {
            damage.add(Rect::new(left, top, right.min(width) - left, height));
        }
        left = right;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_pixel_is_inside_the_damage_and_still_squares_are_not() {
        let (width, height) = (200usize, 130u32);
        let old = vec![7; width * height as usize * 4];
        for (x, y) in [(0, 0), (63, 64), (64, 63), (199, 129), (130, 100)] {
            let mut new = old.clone();
            new[(y * width + x) * 4] = 8;
            let frame = |pixels| Frame::new(width as u32, height, width * 4, pixels).unwrap();
            let damage = difference(&frame(&old), &frame(&new));
            let pixel = Rect::new(x as u32, y as u32, 1, 1);
            assert_eq!(damage.bounds().intersection(&pixel), pixel);
            assert!(damage.bounds().width <= 64 && damage.bounds().height <= 64);
            assert!(damage.bounds().fits(width as u32, height));
        }
    }

    #[test]
    fn equal_pictures_have_no_difference() {
        let pixels = [1; 4 * 6];
        let frame = Frame::new(3, 2, 12, &pixels).unwrap();
        assert!(difference(&frame, &frame).is_empty());
    }
}
