//! Pixels to updates: the encoder, which keeps the picture that the other end has.

use crate::CodecError;
use crate::changes::ChangeMap;
use crate::copies::{self, Copy};
use crate::motion::{Budget, Finder, LEAST_BLOCKS, View};
use crate::ops;
use crate::pixels::Picture;
use crate::stream::Compressor;
use proto::geometry::picture_size_is_acceptable;
use proto::{Damage, Frame, Rect};

/// What an update is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Blocks of 16 pixels in which something changed.
    pub changed_blocks: usize,
    /// Rectangles copied from elsewhere in the picture.
    pub copies: usize,
    /// Rectangles of one colour.
    pub solids: usize,
    /// Rectangles sent as pixels.
    pub raws: usize,
    /// Pixels inside those.
    pub raw_pixels: u64,
}

/// One update, which the other end must decode: see the crate's documentation.
#[derive(Debug)]
pub struct Encoded<'a> {
    /// What [`crate::Decoder::decode`] takes.
    pub bytes: &'a [u8],
    /// Where the picture changed; may hold unchanged pixels too, as the decoder's answer does.
    pub changed: Damage,
    /// What it is made of.
    pub stats: Stats,
}

/// Turns pictures of one monitor into updates that bring a [`crate::Decoder`] to exactly the same colours.
///
/// Memory: the kept picture, 8 MiB of history, and the largest update.
pub struct Encoder {
    kept: Picture,
    map: ChangeMap,
    finder: Finder,
    compressor: Compressor,
    plain: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The other end has nothing.
    Fresh,
    /// The other end has the kept picture.
    Running,
    /// The compressor failed, so that the other end cannot have the kept picture.
    Broken,
}

/// How a rectangle is painted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Paint {
    Solid([u8; 3]),
    Raw,
}

impl Encoder {
    /// An encoder for pictures of this size in pixels.
    ///
    /// # Errors
    /// [`CodecError::Size`] for a size beyond the limits; [`CodecError::Compressor`] if zstd fails.
    pub fn new(width: u32, height: u32) -> Result<Self, CodecError> {
        if !picture_size_is_acceptable(width, height) {
            return Err(CodecError::Size);
        }
        Ok(Self {
            kept: Picture::black(width, height),
            map: ChangeMap::new(width, height),
            finder: Finder::default(),
            compressor: Compressor::new()?,
            plain: Vec::new(),
            state: State::Fresh,
        })
    }

    /// Encodes what changed inside `damage` since the last call; `None` if no colour did. Pixels outside the damage
    /// are not looked at. The first call encodes everything, whatever the damage.
    ///
    /// # Errors
    /// [`CodecError::WrongFrame`] for a frame of another size, which changes nothing; [`CodecError::Compressor`] if zstd
    /// fails, from then on always.
    pub fn encode(&mut self, frame: &Frame<'_>, damage: &Damage) -> Result<Option<Encoded<'_>>, CodecError> {
        let (width, height) = (self.kept.width(), self.kept.height());
        let is_whole = Frame::new(frame.width, frame.height, frame.stride, frame.pixels).is_some();
        if !is_whole || (frame.width, frame.height) != (width, height) {
            return Err(CodecError::WrongFrame);
        }
        let mut copies = Vec::new();
        self.map.clear();
        match self.state {
            State::Broken => return Err(CodecError::Compressor),
            State::Fresh => self.map.mark_all(),
            State::Running => {
                let mut damage = damage.clone();
                damage.clip(width, height);
                for rect in damage.rects() {
                    self.map.inspect(rect, frame, &self.kept);
                }
                if self.map.changed().is_empty() {
                    return Ok(None);
                }
                if self.map.changed().len() >= LEAST_BLOCKS {
                    copies = self.find_copies(frame, &damage);
                }
            }
        }
        for index in self.map.changed() {
            self.kept.take(&self.map.changed_box(*index), frame);
        }
        let (changed, stats) = self.write(&copies);
        self.state = State::Broken;
        let bytes = self.compressor.compress(&self.plain)?;
        self.state = State::Running;
        Ok(Some(Encoded { bytes, changed, stats }))
    }

    fn find_copies(&mut self, frame: &Frame<'_>, damage: &Damage) -> Vec<Copy> {
        let boxes = self.map.changed().iter().map(|index| self.map.changed_box(*index));
        let area = boxes.fold(Rect::default(), |all, rect| all.union(&rect));
        let view = View { old: &self.kept, new: frame };
        let mut budget = Budget::new();
        let vectors = self.finder.candidates(&view, &self.map, &area, &mut budget);
        if vectors.is_empty() {
            return Vec::new();
        }
        let mut copies = copies::plan(&view, &mut self.map, damage, &area, &vectors, &mut budget);
        copies.retain(|copy| !copy.target.is_empty());
        copies
    }

    /// Writes all operations into `plain`, from the picture as it is now.
    fn write(&mut self, copies: &[Copy]) -> (Damage, Stats) {
        let (kept, plain) = (&self.kept, &mut self.plain);
        let mut changed = Damage::none();
        let changed_blocks = self.map.changed().len();
        let mut stats = Stats { changed_blocks, copies: copies.len(), ..Stats::default() };
        plain.clear();
        for copy in copies {
            ops::write_copy(plain, &copy.target, copy.vector);
            changed.add(copy.target);
        }
        let mut write = |rect: Rect, paint: Paint| {
            if rect.is_empty() {
                return;
            }
            changed.add(rect);
            match paint {
                Paint::Solid(colour) => {
                    ops::write_solid(plain, &rect, colour);
                    stats.solids += 1;
                }
                Paint::Raw => {
                    ops::write_raw(plain, &rect);
                    kept.append_to(&rect, plain);
                    stats.raws += 1;
                    stats.raw_pixels += rect.area();
                }
            }
        };
        // Neighbours in a row of tiles that are painted the same way become one.
        let mut pending = (Rect::default(), Paint::Raw);
        self.map.unsettled(|rect| {
            let paint = kept.only_colour(&rect).map_or(Paint::Raw, Paint::Solid);
            let (before, before_paint) = pending;
            let joins = before.right() == rect.x && before.y == rect.y && before.height == rect.height;
            if joins && before_paint == paint {
                pending.0.width += rect.width;
            } else {
                write(before, before_paint);
                pending = (rect, paint);
            }
        });
        write(pending.0, pending.1);
        ops::write_end(plain);
        (changed, stats)
    }
}
