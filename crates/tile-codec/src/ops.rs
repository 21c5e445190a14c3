//! The operations of an update, as bytes.
//!
//! An update is a list of operations, each a tag byte and its fields, little-endian; a rectangle is x, y, width, height
//! of 16 bits each and never empty:
//! - `1` copy: target rectangle, then dx and dy (signed, 16 bits): the source is the target moved by them;
//! - `2` solid: rectangle, blue, green, red;
//! - `3` raw: rectangle, then its pixels, four bytes each (BGRX, X ignored), row by row;
//! - `0` end: nothing may follow.
//!
//! Copies come first, and all of them read the picture as it was *before* the update, so that their order and overlaps do
//! not matter. The targets of copies together hold at most as many pixels as the picture, and so do the solid and raw
//! rectangles together: nothing is written twice by either kind. There are at most [`most_operations`], so that a hostile
//! update costs not much more than a true one.

use crate::DecodeError;
use proto::Rect;

const END: u8 = 0;
const COPY: u8 = 1;
const SOLID: u8 = 2;
const RAW: u8 = 3;

/// Most operations of an update of a picture of so many pixels: one for each 64 pixels, and a thousand for small ones.
/// The encoder works on blocks of 256.
fn most_operations(pixels: u64) -> u64 {
    pixels / 64 + 1024
}

/// How far away the source of a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Vector {
    pub(crate) dx: i32,
    pub(crate) dy: i32,
}

impl Vector {
    /// `rect` moved by this, if it is then inside a picture of that size.
    pub(crate) fn source(&self, rect: &Rect, width: u32, height: u32) -> Option<Rect> {
        let source = Rect::new(
            rect.x.checked_add_signed(self.dx)?,
            rect.y.checked_add_signed(self.dy)?,
            rect.width,
            rect.height,
        );
        source.fits(width, height).then_some(source)
    }
}

fn write_rect(bytes: &mut Vec<u8>, tag: u8, rect: &Rect) {
    bytes.push(tag);
    for side in [rect.x, rect.y, rect.width, rect.height] {
        // No side of an acceptable picture needs more than 15 bits.
        bytes.extend_from_slice(&(side as u16).to_le_bytes());
    }
}

/// Writes a copy.
pub(crate) fn write_copy(bytes: &mut Vec<u8>, target: &Rect, vector: Vector) {
    write_rect(bytes, COPY, target);
    bytes.extend_from_slice(&(vector.dx as i16).to_le_bytes());
    bytes.extend_from_slice(&(vector.dy as i16).to_le_bytes());
}

/// Writes a rectangle of one colour (blue, green, red).
pub(crate) fn write_solid(bytes: &mut Vec<u8>, rect: &Rect, colour: [u8; 3]) {
    write_rect(bytes, SOLID, rect);
    bytes.extend_from_slice(&colour);
}

/// Writes the head of a raw rectangle; its pixels must follow.
pub(crate) fn write_raw(bytes: &mut Vec<u8>, rect: &Rect) {
    write_rect(bytes, RAW, rect);
}

/// Writes the end.
pub(crate) fn write_end(bytes: &mut Vec<u8>) {
    bytes.push(END);
}

/// One operation; every rectangle is inside the picture.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Op<'a> {
    Copy { target: Rect, source: Rect },
    Solid { rect: Rect, colour: [u8; 3] },
    Raw { rect: Rect, pixels: &'a [u8] },
}

/// Reads the operations of one update for a picture of a certain size.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    width: u32,
    height: u32,
    copied: u64,
    painted: u64,
    operations: u64,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], width: u32, height: u32) -> Self {
        Self { bytes, width, height, copied: 0, painted: 0, operations: 0 }
    }

    /// The next operation, `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Op<'a>>, DecodeError> {
        let [tag] = self.array()?;
        let op = match tag {
            END if self.bytes.is_empty() => return Ok(None),
            COPY if self.painted == 0 => {
                let target = self.rect()?;
                let vector = Vector { dx: self.signed()?, dy: self.signed()? };
                let source = vector.source(&target, self.width, self.height).ok_or(DecodeError::Rectangle)?;
                self.copied += target.area();
                Op::Copy { target, source }
            }
            SOLID => {
                let rect = self.painted_rect()?;
                Op::Solid { rect, colour: self.array()? }
            }
            RAW => {
                let rect = self.painted_rect()?;
                // At most 132 MB, see `proto::limits::PICTURE_PIXELS`.
                Op::Raw { rect, pixels: self.slice(rect.area() as usize * 4)? }
            }
            _ => return Err(DecodeError::Operation),
        };
        let most = u64::from(self.width) * u64::from(self.height);
        self.operations += 1;
        if self.copied > most || self.painted > most || self.operations > most_operations(most) {
            return Err(DecodeError::TooLarge);
        }
        Ok(Some(op))
    }

    fn slice(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(DecodeError::Truncated)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>().ok_or(DecodeError::Truncated)?;
        self.bytes = rest;
        Ok(*taken)
    }

    fn unsigned(&mut self) -> Result<u32, DecodeError> {
        Ok(u16::from_le_bytes(self.array()?).into())
    }

    fn signed(&mut self) -> Result<i32, DecodeError> {
        Ok(i16::from_le_bytes(self.array()?).into())
    }

    fn rect(&mut self) -> Result<Rect, DecodeError> {
        let rect = Rect::new(self.unsigned()?, self.unsigned()?, self.unsigned()?, self.unsigned()?);
        if rect.is_empty() || !rect.fits(self.width, self.height) { Err(DecodeError::Rectangle) } else { Ok(rect) }
    }

    fn painted_rect(&mut self) -> Result<Rect, DecodeError> {
        let rect = self.rect()?;
        self.painted += rect.area();
        Ok(rect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<usize, DecodeError> {
        let mut reader = Reader::new(bytes, 40, 30);
        let mut count = 0;
        while reader.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes);
        write_end(&mut bytes);
        bytes
    }

    #[test]
    fn the_bytes_of_operations_stay_as_they_are() {
        let bytes = written(|bytes| {
            write_copy(bytes, &Rect::new(1, 2, 3, 4), Vector { dx: 5, dy: -1 });
            write_solid(bytes, &Rect::new(0, 0, 40, 30), [7, 8, 9]);
            write_raw(bytes, &Rect::new(2, 2, 1, 1));
            bytes.extend_from_slice(&[1, 2, 3, 255]);
        });
        let golden = [
            &[1, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 255, 255][..],
            &[2, 0, 0, 0, 0, 40, 0, 30, 0, 7, 8, 9],
            &[3, 2, 0, 2, 0, 1, 0, 1, 0, 1, 2, 3, 255],
            &[0],
        ];
        assert_eq!(bytes, golden.concat());
        // Painting more pixels than the picture has is what the list above does.
        assert_eq!(read(&bytes), Err(DecodeError::TooLarge));
    }

    #[test]
    fn what_our_encoder_never_writes_is_refused() {
        let all = Rect::new(0, 0, 40, 30);
        let rows: [(Vec<u8>, DecodeError); 12] = [
            (vec![], DecodeError::Truncated),
            (vec![9], DecodeError::Operation),
            (vec![0, 0], DecodeError::Operation),
            (vec![2, 0, 0, 0], DecodeError::Truncated),
            (written(|bytes| write_solid(bytes, &Rect::new(0, 0, 41, 1), [0; 3])), DecodeError::Rectangle),
            (written(|bytes| write_solid(bytes, &Rect::new(65_535, 0, 65_535, 1), [0; 3])), DecodeError::Rectangle),
            (written(|bytes| write_solid(bytes, &Rect::new(0, 29, 1, 2), [0; 3])), DecodeError::Rectangle),
            (written(|bytes| write_solid(bytes, &Rect::new(3, 3, 0, 2), [0; 3])), DecodeError::Rectangle),
            (written(|bytes| write_copy(bytes, &all, Vector { dx: 1, dy: 0 })), DecodeError::Rectangle),
            (written(|bytes| write_copy(bytes, &all, Vector { dx: 0, dy: -1 })), DecodeError::Rectangle),
            (written(|bytes| write_raw(bytes, &all)), DecodeError::Truncated),
            (
                written(|bytes| {
                    write_solid(bytes, &Rect::new(0, 0, 1, 1), [0; 3]);
                    write_copy(bytes, &Rect::new(0, 0, 1, 1), Vector { dx: 1, dy: 0 });
                }),
                DecodeError::Operation,
            ),
        ];
        for (bytes, error) in rows {
            assert_eq!(read(&bytes), Err(error), "{bytes:?}");
        }
        let twice = written(|bytes| {
            write_copy(bytes, &all, Vector { dx: 0, dy: 0 });
            write_copy(bytes, &Rect::new(0, 0, 1, 1), Vector { dx: 1, dy: 0 });
        });
        assert_eq!(read(&twice), Err(DecodeError::TooLarge));
        // Each by itself would be right.
        let crumbs =
            |count| written(|bytes| (0..count).for_each(|_| write_solid(bytes, &Rect::new(0, 0, 1, 1), [0; 3])));
        let most = most_operations(40 * 30);
        assert_eq!(read(&crumbs(most)), Ok(most as usize));
        assert_eq!(read(&crumbs(most + 1)), Err(DecodeError::TooLarge));
    }
}
