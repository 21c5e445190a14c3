//! Updates to pixels: the decoder, which trusts no byte.

use crate::ops::{Op, Reader};
use crate::pixels::Picture;
use crate::stream::Decompressor;
use crate::{CodecError, DecodeError};
use proto::geometry::picture_size_is_acceptable;
use proto::{Damage, Frame, Rect, limits};

/// Turns the updates of one stream back into the picture, in order and without leaving one out.
///
/// Memory is bounded by the picture, [`limits::screen_update_bytes`] and a history of 16 MiB; work by the pixels of the
/// picture. The first refused update poisons the decoder: the picture may be half-way then, and is never updated again.
pub struct Decoder {
    picture: Picture,
    stream: Decompressor,
    copied: Vec<u8>,
    targets: Vec<Rect>,
    poisoned: bool,
}

impl Decoder {
    /// A decoder whose picture is black.
    ///
    /// # Errors
    /// [`CodecError::Size`] for a size beyond the limits; [`CodecError::Compressor`] if zstd fails.
    pub fn new(width: u32, height: u32) -> Result<Self, CodecError> {
        if !picture_size_is_acceptable(width, height) {
            return Err(CodecError::Size);
        }
        let most = usize::try_from(limits::screen_update_bytes(width, height)).map_err(|_| CodecError::Size)?;
        let (picture, stream) = (Picture::black(width, height), Decompressor::new(most)?);
        Ok(Self { picture, stream, copied: Vec::new(), targets: Vec::new(), poisoned: false })
    }

    /// Applies the next update and tells what changed.
    ///
    /// # Errors
    /// Whatever our encoder would not have written, see [`DecodeError`]; afterwards [`DecodeError::Poisoned`] for ever.
    pub fn decode(&mut self, bytes: &[u8]) -> Result<Damage, DecodeError> {
        if self.poisoned {
            return Err(DecodeError::Poisoned);
        }
        let result = self.apply(bytes);
        self.poisoned = result.is_err();
        result
    }

    /// The picture as of the last update, its fourth bytes all 255.
    #[must_use]
    pub fn picture(&self) -> Frame<'_> {
        self.picture.frame()
    }

    fn apply(&mut self, bytes: &[u8]) -> Result<Damage, DecodeError> {
        let plain = self.stream.decompress(bytes)?;
        let mut reader = Reader::new(plain, self.picture.width(), self.picture.height());
        let mut damage = Damage::none();
        self.copied.clear();
        self.targets.clear();
        let mut next = reader.next()?;
        while let Some(Op::Copy { target, source }) = next {
            // Sources are read before anything is written: all copies see the picture as it was.
            self.picture.append_to(&source, &mut self.copied);
            self.targets.push(target);
            next = reader.next()?;
        }
        let mut copied = &self.copied[..];
        for target in &self.targets {
            let (pixels, rest) = copied.split_at_checked(target.area() as usize * 4).ok_or(DecodeError::Operation)?;
            copied = rest;
            self.picture.paint(target, pixels);
            damage.add(*target);
        }
        while let Some(op) = next {
            match op {
                Op::Solid { rect, colour } => {
                    self.picture.fill(&rect, colour);
                    damage.add(rect);
                }
                Op::Raw { rect, pixels } => {
                    self.picture.paint_foreign(&rect, pixels);
                    damage.add(rect);
                }
                Op::Copy { .. } => return Err(DecodeError::Operation),
            }
            next = reader.next()?;
        }
        Ok(damage)
    }
}
