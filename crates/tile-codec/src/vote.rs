//! Where the new picture's content was in the old one: hashes of rows for scrolling, a rolling hash for windows.
//!
//! Both look for content that occurs once, and let every find vote for its vector; the vote only proposes, the caller
//! verifies. The rolling hash is the polynomial one of Karp and Rabin, "Efficient randomized pattern-matching
//! algorithms" (1987).

use crate::motion::{Budget, View};
use crate::ops::Vector;
use crate::pixels::{frame_row, pair, single};
use proto::Rect;

/// Pixels in a window of the rolling hash: two letters.
const WINDOW: u32 = 16;
/// Base of the rolling hash: any odd number with well mixed bits.
const BASE: u64 = 0x9E37_79B9_7F4A_7C15;
/// What the oldest pixel of a full window has been multiplied by.
const BASE_OUT: u64 = BASE.wrapping_pow(WINDOW - 1);
/// Columns of tiles whose rows are hashed for scrolling.
const STRIPS: usize = 4;
/// Columns of tiles from which the rolling hash takes what it looks for.
const ANCHOR_STRIPS: usize = 8;
/// About as many old rows are searched by the rolling hash: enough votes for anything 16 pixels high.
const SEARCHED_ROWS: u32 = 96;
/// A vector with fewer votes is chance.
const LEAST_VOTES: usize = 6;
/// Votes are counted up to this, a bound for the memory they take.
const MOST_VOTES: usize = 16 * 1024;

/// Keys that were seen, with a value for those that were seen once.
struct Once {
    slots: Vec<(u64, u32)>,
}

/// The value of a key that was seen more than once.
const AMBIGUOUS: u32 = u32::MAX;

impl Once {
    fn with_room_for(count: usize) -> Self {
        Self { slots: vec![(0, 0); (count * 2).next_power_of_two()] }
    }

    fn slot(&mut self, key: u64) -> &mut (u64, u32) {
        let mask = self.slots.len() - 1;
        let mut at = (key >> 32) as usize & mask;
        while self.slots[at].0 != key && self.slots[at].0 != 0 {
            at = (at + 1) & mask;
        }
        &mut self.slots[at]
    }

    /// `key` must not be 0, and no more keys be added than there is room for.
    fn add(&mut self, key: u64, value: u32) {
        let slot = self.slot(key);
        *slot = (key, if slot.0 == 0 { value } else { AMBIGUOUS });
    }

    fn find(&mut self, key: u64) -> Option<u32> {
        let slot = self.slot(key);
        (slot.0 == key && slot.1 != AMBIGUOUS).then_some(slot.1)
    }
}

/// Scatters the bits of a hash; never 0.
fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (hash ^ (hash >> 32)) | 1
}

/// A hash of a row's colours, `None` when it is of one colour.
fn row_hash(row: &[u8]) -> Option<u64> {
    let (pairs, rest) = row.as_chunks::<8>();
    let first = pair(*pairs.first()?);
    let (mut hash, mut other) = (0_u64, (first >> 32) ^ (first & 0xFFFF_FFFF));
    for bytes in pairs {
        let pair = pair(*bytes);
        other |= pair ^ first;
        hash = (hash.rotate_left(5) ^ pair).wrapping_mul(BASE);
    }
    for bytes in rest.as_chunks::<4>().0 {
        hash = (hash.rotate_left(5) ^ u64::from(single(*bytes))).wrapping_mul(BASE);
    }
    (other != 0).then(|| mixed(hash))
}

/// The vertical vector that most rows of the busiest columns of tiles vote for.
pub(crate) fn vertical(view: &View<'_>, area: &Rect, strips: &[Rect], budget: &mut Budget) -> Option<Vector> {
    let mut votes = Vec::new();
    for strip in strips.iter().take(STRIPS) {
        if !budget.spend(2 * strip.area()) {
            break;
        }
        let mut old_rows = Once::with_room_for(area.height as usize);
        for y in area.y..area.bottom() {
            if let Some(hash) = row_hash(view.old.row(strip.x, y, strip.width)) {
                old_rows.add(hash, y);
            }
        }
        for y in area.y..area.bottom() {
            let hash = row_hash(frame_row(view.new, strip.x, y, strip.width));
            if let Some(old_y) = hash.and_then(|hash| old_rows.find(hash)) {
                votes.push(Vector { dx: 0, dy: old_y as i32 - y as i32 });
            }
        }
    }
    most_voted(votes).first().copied()
}

/// The two vectors, in any direction, that most windows of pixels around an edge vote for.
pub(crate) fn planar(view: &View<'_>, area: &Rect, strips: &[Rect], budget: &mut Budget) -> Vec<Vector> {
    if area.width < WINDOW || !budget.spend(u64::from(area.height) * ANCHOR_STRIPS as u64 * 2 * u64::from(WINDOW)) {
        return Vec::new();
    }
    let mut anchors = Once::with_room_for(area.height as usize * ANCHOR_STRIPS);
    // A bit for each value of a hash's upper 16 bits: nearly every window is sorted out by it.
    let mut seen = vec![0_u64; 1024];
    for strip in strips.iter().take(ANCHOR_STRIPS) {
        for y in area.y..area.bottom() {
            let row = frame_row(view.new, strip.x, y, strip.width);
            if let Some((x, hash)) = anchor(row) {
                seen[(hash >> 54) as usize] |= 1 << ((hash >> 48) & 63);
                anchors.add(hash, ((strip.x + x) << 16) | y);
            }
        }
    }
    let mut votes = Vec::new();
    let step = (area.height / SEARCHED_ROWS).max(1);
    for y in (area.y..area.bottom()).step_by(step as usize) {
        if votes.len() > MOST_VOTES || !budget.spend(2 * u64::from(area.width)) {
            break;
        }
        search_row(view.old.row(area.x, y, area.width), |x, hash| {
            let may_be_known = seen[(hash >> 54) as usize] & (1 << ((hash >> 48) & 63)) != 0;
            if may_be_known && let Some(place) = anchors.find(hash) {
                let (new_x, new_y) = ((place >> 16) as i32, (place & 0xFFFF) as i32);
                votes.push(Vector { dx: (area.x + x) as i32 - new_x, dy: y as i32 - new_y });
            }
        });
    }
    let mut vectors = most_voted(votes);
    vectors.truncate(2);
    vectors
}

/// The first window of a row that begins with an edge, and its hash.
fn anchor(row: &[u8]) -> Option<(u32, u64)> {
    let pixels = row.as_chunks::<4>().0;
    let edge = pixels.windows(2).position(|two| single(two[0]) != single(two[1]))?;
    let window = pixels.get(edge..edge + WINDOW as usize)?;
    Some((edge as u32, mixed(window.iter().fold(0, |hash, pixel| rolled(hash, single(*pixel))))))
}

fn rolled(hash: u64, pixel: u32) -> u64 {
    hash.wrapping_mul(BASE).wrapping_add(u64::from(pixel))
}

/// Calls `visit` with the first column and the hash of every window of a row that begins with an edge.
fn search_row(row: &[u8], mut visit: impl FnMut(u32, u64)) {
    let pixels = row.as_chunks::<4>().0;
    let mut hash = 0;
    for pixel in pixels.iter().take(WINDOW as usize - 1) {
        hash = rolled(hash, single(*pixel));
    }
    for (x, window) in pixels.windows(WINDOW as usize).enumerate() {
        hash = rolled(hash, single(window[WINDOW as usize - 1]));
        if single(window[0]) != single(window[1]) {
            visit(x as u32, mixed(hash));
        }
        hash = hash.wrapping_sub(u64::from(single(window[0])).wrapping_mul(BASE_OUT));
    }
}

/// The vectors with enough votes, most votes first; what did not move has no say.
fn most_voted(mut votes: Vec<Vector>) -> Vec<Vector> {
    votes.retain(|vector| *vector != Vector { dx: 0, dy: 0 });
    votes.sort_unstable();
    let mut counted: Vec<(usize, Vector)> = votes
        .chunk_by(|a, b| a == b)
        .filter(|same| same.len() >= LEAST_VOTES)
        .map(|same| (same.len(), same[0]))
        .collect();
    counted.sort_unstable_by(|a, b| b.cmp(a));
    counted.into_iter().map(|(_, vector)| vector).collect()
}
