//! Pixels to updates and back, exact.
//!
//! One [`Encoder`] and one [`Decoder`] belong to one ordered stream of updates (one monitor, one epoch). Both keep the
//! same picture; an update says how it becomes the next one: what moved ([`Encoder`] finds it and verifies every
//! block), what is of one colour, and the pixels of the rest, all through one zstd context whose history spans
//! the stream.
//!
//! An encoded update can therefore not be dropped: every later one builds on it, in the picture and in the
//! compressor's history. There is no way to skip one, to encode against an older picture, or to enter a stream in the
//! middle; who must drop, drops *before* encoding and hands in the damage of both pictures, and who lost one begins a new
//! stream. What is absent besides: files, clocks, threads, randomness, and anything lossy.
//!
//! Read [`Encoder`] and [`Decoder`] first; the format is described in `ops`.

mod changes;
mod copies;
mod decoder;
mod encoder;
mod motion;
mod ops;
mod pixels;
mod stream;
mod vote;

pub use decoder::Decoder;
pub use encoder::{Encoded, Encoder, Stats};

/// Why a codec could not be made, or a picture not be encoded; our own fault, never the peer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The size is not one that [`proto::geometry::picture_size_is_acceptable`] accepts.
    #[error("the picture's size is not acceptable")]
    Size,
    /// The frame does not have the encoder's size, or too few bytes for it.
    #[error("the frame does not fit the encoder")]
    WrongFrame,
    /// zstd failed; the encoder cannot be used any more.
    #[error("the compressor failed")]
    Compressor,
}

/// Why an update was refused. The peer is to blame, and the decoder refuses all further ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The update ends before it is complete.
    #[error("the update is cut short")]
    Truncated,
    /// The compressed bytes are not what our encoder writes.
    #[error("the update is not of this format")]
    Format,
    /// More than [`proto::limits::screen_update_bytes`], compressed or not, or more pixels than the picture has.
    #[error("the update is too large")]
    TooLarge,
    /// A rectangle is empty or not inside the picture.
    #[error("a rectangle is outside the picture")]
    Rectangle,
    /// An unknown operation, one in the wrong place, or bytes after the last one.
    #[error("an operation is not valid")]
    Operation,
    /// An earlier update was refused, so that the history is lost.
    #[error("an earlier update was refused")]
    Poisoned,
}
