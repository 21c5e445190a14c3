//! The zstd context that spans a stream: one frame that never ends, flushed after every update.
//!
//! Before any byte of a peer reaches libzstd, the frame header and the block headers around it are walked (RFC 8878,
//! 3.1.1): only a frame as our encoder begins it, whole blocks, and no last block pass. So an update that is cut or has bytes
//! behind it is noticed at once, and dictionaries, checksums, skippable frames and the old formats never begin.

use crate::{CodecError, DecodeError};
use std::io;
use zstd::stream::raw::{self, CParameter, DParameter, InBuffer, Operation, OutBuffer};

/// Fast, and on screens nearly as small as higher levels, which are several times dearer on photographs.
const LEVEL: i32 = 1;
/// 8 MiB of history: a full-HD picture.
const WINDOW_LOG: u32 = 23;
/// The most that a peer may make us keep: 16 MiB.
const WINDOW_LOG_MAX: u32 = 24;
/// Magic number of a zstd frame and the descriptor of one without size, checksum and dictionary.
const FRAME_START: [u8; 5] = [0x28, 0xB5, 0x2F, 0xFD, 0];
/// First growth of an output buffer in bytes.
const FIRST_BYTES: usize = 64 * 1024;

/// The compressing end.
pub(crate) struct Compressor {
    zstd: raw::Encoder<'static>,
    out: Vec<u8>,
}

impl Compressor {
    pub(crate) fn new() -> Result<Self, CodecError> {
        let make = || -> io::Result<_> {
            let mut zstd = raw::Encoder::new(LEVEL)?;
            zstd.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
            Ok(zstd)
        };
        Ok(Self { zstd: make().map_err(|_| CodecError::Compressor)?, out: Vec::new() })
    }

    /// Compresses one update and all that is needed to decode it.
    pub(crate) fn compress(&mut self, plain: &[u8]) -> Result<&[u8], CodecError> {
        self.out.clear();
        self.out.reserve(plain.len() / 4 + FIRST_BYTES);
        let mut input = InBuffer::around(plain);
        loop {
            let flushing = input.pos() == plain.len();
            let at = self.out.len();
            let mut output = OutBuffer::around_pos(&mut self.out, at);
            let left = if flushing { self.zstd.flush(&mut output) } else { self.zstd.run(&mut input, &mut output) };
            let left = left.map_err(|_| CodecError::Compressor)?;
            if flushing && left == 0 {
                return Ok(&self.out);
            }
            if self.out.len() == self.out.capacity() {
                self.out.reserve(self.out.len().max(FIRST_BYTES));
            }
        }
    }
}

/// The decompressing end.
pub(crate) struct Decompressor {
    zstd: raw::Decoder<'static>,
    started: bool,
    most_bytes: usize,
    out: Vec<u8>,
}

impl Decompressor {
    /// Gives out at most `most_bytes` per update.
    pub(crate) fn new(most_bytes: usize) -> Result<Self, CodecError> {
        let make = || -> io::Result<_> {
            let mut zstd = raw::Decoder::new()?;
            zstd.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
            Ok(zstd)
        };
        let zstd = make().map_err(|_| CodecError::Compressor)?;
        Ok(Self { zstd, started: false, most_bytes, out: Vec::new() })
    }

    /// Decompresses one update.
    pub(crate) fn decompress(&mut self, bytes: &[u8]) -> Result<&[u8], DecodeError> {
        if bytes.len() > self.most_bytes {
            return Err(DecodeError::TooLarge);
        }
        check_blocks(if self.started { bytes } else { after_frame_header(bytes)? })?;
        self.started = true;
        self.out.clear();
        let mut input = InBuffer::around(bytes);
        loop {
            if self.out.len() == self.out.capacity() {
                let room = self.most_bytes.saturating_sub(self.out.len()).min(self.out.len().max(FIRST_BYTES));
                // One byte past the limit shows that there is more than allowed.
                self.out.reserve_exact(room.max(1));
            }
            let (read, at) = (input.pos(), self.out.len());
            let mut output = OutBuffer::around_pos(&mut self.out, at);
            self.zstd.run(&mut input, &mut output).map_err(|_| DecodeError::Format)?;
            if self.out.len() > self.most_bytes {
                return Err(DecodeError::TooLarge);
            }
            if input.pos() == bytes.len() && self.out.len() < self.out.capacity() {
                return Ok(&self.out);
            }
            if input.pos() == read && self.out.len() == at {
                return Err(DecodeError::Format);
            }
        }
    }
}

/// Skips the header of a frame as our encoder begins it.
fn after_frame_header(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    let (start, rest) = bytes.split_first_chunk::<5>().ok_or(DecodeError::Truncated)?;
    let (window, rest) = rest.split_first().ok_or(DecodeError::Truncated)?;
    // Exponent in the upper five bits, counted from 2^10, and eighths of it in the lower three.
    if *start != FRAME_START || u32::from(*window) > (WINDOW_LOG_MAX - 10) << 3 {
        return Err(DecodeError::Format);
    }
    Ok(rest)
}

/// Whether `bytes` are whole blocks, none of them the last of the frame.
fn check_blocks(mut bytes: &[u8]) -> Result<(), DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Truncated);
    }
    while !bytes.is_empty() {
        let ([a, b, c], rest) = bytes.split_first_chunk::<3>().ok_or(DecodeError::Truncated)?;
        let header = u32::from_le_bytes([*a, *b, *c, 0]);
        let size = match (header & 1, (header >> 1) & 3) {
            (0, 0 | 2) => (header >> 3) as usize,
            // One byte, repeated.
            (0, 1) => 1,
            _ => return Err(DecodeError::Format),
        };
        bytes = rest.get(size..).ok_or(DecodeError::Truncated)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_of_any_length_come_back() {
        let (mut to, mut from) = (Compressor::new().unwrap(), Decompressor::new(1 << 23).unwrap());
        let mut state = 1_u64;
        for length in [1, 2, 3, 100, 128 * 1024 - 1, 128 * 1024, 128 * 1024 + 1, 1 << 22, 5, 1 << 18] {
            let noise = (0..length).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            });
            let plain: Vec<u8> = noise.collect();
            assert!(from.decompress(to.compress(&plain).unwrap()).unwrap() == plain, "{length}");
            assert!(from.decompress(to.compress(&vec![7; length]).unwrap()).unwrap() == vec![7; length], "{length}");
        }
    }

    #[test]
    fn a_cut_anywhere_and_bytes_behind_the_end_are_noticed() {
        let mut to = Compressor::new().unwrap();
        let bytes =
            to.compress(&b"some text that is long enough to be compressed, some text".repeat(5)).unwrap().to_vec();
        for end in 0..bytes.len() {
            assert!(Decompressor::new(1 << 20).unwrap().decompress(&bytes[..end]).is_err(), "{end}");
        }
        for extra in 1..5 {
            let longer = [&bytes[..], &vec![0; extra]].concat();
            // Three zero bytes are a whole block that holds nothing; what they lead to is none of this layer's business.
            assert_eq!(Decompressor::new(1 << 20).unwrap().decompress(&longer).is_ok(), extra == 3, "{extra}");
        }
    }

    #[test]
    fn a_bomb_gives_out_no_more_than_the_limit() {
        let mut to = Compressor::new().unwrap();
        let bytes = to.compress(&vec![0; 1 << 24]).unwrap();
        assert!(bytes.len() < 1 << 12);
        let mut from = Decompressor::new(100_000).unwrap();
        assert_eq!(from.decompress(bytes), Err(DecodeError::TooLarge));
        assert!(from.out.capacity() <= 200_000);
    }

    #[test]
    fn other_frames_of_zstd_are_refused() {
        let whole = zstd::bulk::compress(&[1; 1000], 3).unwrap();
        let skippable = [0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 9];
        let old_format = [0x27, 0xB5, 0x2F, 0xFD, 0, 0x68, 0, 0, 0];
        let wide_window = [0x28, 0xB5, 0x2F, 0xFD, 0, 0x71, 0, 0, 0];
        let last_block = [0x28, 0xB5, 0x2F, 0xFD, 0, 0x68, 1, 0, 0];
        for bytes in [&whole[..], &skippable, &old_format, &wide_window, &last_block] {
            assert_eq!(Decompressor::new(1 << 20).unwrap().decompress(bytes), Err(DecodeError::Format));
        }
    }
}
