//! The one place that knows how control messages become bytes.
//!
//! bincode 1.3.3 with variable-length integers, a limit per message and no trailing bytes; the
//! crate is no longer maintained, so nothing outside this file names it, and the version byte that
//! opens every stream ([`crate::PROTOCOL_VERSION`]) lets another encoding replace it. Bulk bytes
//! (pixels, file blocks, packets) never pass through here.

use bincode::Options;
use serde::{Serialize, de::DeserializeOwned};

/// A control message: knows the most bytes that it may take on the wire.
pub trait Message: Serialize + DeserializeOwned {
    /// Limit of the encoded message in bytes, checked before anything is decoded.
    const MAX_BYTES: usize;
}

/// A message could not be encoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message does not fit in {max} bytes")]
pub struct EncodeError {
    /// The limit of that message in bytes.
    pub max: usize,
}

/// Bytes that are not the message they should be. The peer is to blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Longer than the message may be.
    #[error("a message of {length} bytes, {max} allowed")]
    TooLong {
        /// What was announced or sent, in bytes.
        length: usize,
        /// The limit, in bytes.
        max: usize,
    },
    /// Not a valid encoding.
    #[error("the bytes are not a valid message")]
    Malformed,
}

fn options(limit: usize) -> impl Options {
    bincode::DefaultOptions::new().with_varint_encoding().with_limit(limit as u64).reject_trailing_bytes()
}

/// Encodes one message.
///
/// # Errors
/// [`EncodeError`] if it passes its own limit.
pub fn encode<M: Message>(message: &M) -> Result<Vec<u8>, EncodeError> {
    options(M::MAX_BYTES).serialize(message).map_err(|_| EncodeError { max: M::MAX_BYTES })
}

/// Decodes one whole message.
///
/// # Errors
/// [`DecodeError`] if the bytes are too many, too few, left over or not a message.
pub fn decode<M: Message>(bytes: &[u8]) -> Result<M, DecodeError> {
    if bytes.len() > M::MAX_BYTES {
        return Err(DecodeError::TooLong { length: bytes.len(), max: M::MAX_BYTES });
    }
    options(M::MAX_BYTES).deserialize(bytes).map_err(|_| DecodeError::Malformed)
}

/// Appends a message to `out`, its length before it as two bytes, big endian.
///
/// # Errors
/// [`EncodeError`] if it passes its own limit.
pub fn frame_into<M: Message>(message: &M, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let body = encode(message)?;
    let length = u16::try_from(body.len()).map_err(|_| EncodeError { max: usize::from(u16::MAX) })?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&body);
    Ok(())
}

/// The message at the beginning of `bytes` as [`frame_into`] wrote it, and how many bytes it took;
/// `None` if more bytes are needed.
///
/// # Errors
/// [`DecodeError`] as soon as the length is known to pass the limit, or the body is malformed.
pub fn first_message<M: Message>(bytes: &[u8]) -> Result<Option<(M, usize)>, DecodeError> {
    let Some((head, body)) = bytes.split_first_chunk::<2>() else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes(*head));
    if length > M::MAX_BYTES {
        return Err(DecodeError::TooLong { length, max: M::MAX_BYTES });
    }
    let Some(body) = body.get(..length) else { return Ok(None) };
    Ok(Some((decode(body)?, 2 + length)))
}

/// Cuts a stream of bytes back into messages; holds at most one message beyond what it was given.
#[derive(Debug, Default)]
pub struct Deframer {
    buffer: Vec<u8>,
    read: usize,
}

impl Deframer {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes as they arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.read > 0 {
            self.buffer.drain(..self.read);
            self.read = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message, `None` if more bytes are needed.
    ///
    /// # Errors
    /// [`DecodeError`] as soon as the length is known to pass the limit, or the body is malformed.
    /// The stream is of no use afterwards.
    pub fn next_message<M: Message>(&mut self) -> Result<Option<M>, DecodeError> {
        let rest = self.buffer.get(self.read..).unwrap_or_default();
        let Some((message, length)) = first_message(rest)? else { return Ok(None) };
        self.read += length;
        Ok(Some(message))
    }

    /// The bytes after the last message taken: what follows control messages on a stream that
    /// goes on with bulk content.
    #[must_use]
    pub fn into_rest(mut self) -> Vec<u8> {
        self.buffer.split_off(self.read.min(self.buffer.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        number: u64,
        list: Vec<u8>,
    }
    impl Message for Sample {
        const MAX_BYTES: usize = 64;
    }

    #[test]
    fn a_length_from_the_peer_allocates_nothing_beyond_the_limit() {
        // number 1, then a list that claims 2^32 - 1 bytes.
        assert_eq!(decode::<Sample>(&[1, 252, 255, 255, 255, 255]), Err(DecodeError::Malformed));
    }

    #[test]
    fn left_over_bytes_are_refused() {
        let mut bytes = encode(&Sample { number: 7, list: vec![1] }).unwrap();
        bytes.push(0);
        assert_eq!(decode::<Sample>(&bytes), Err(DecodeError::Malformed));
    }

    #[test]
    fn messages_come_out_of_any_cut_of_the_stream() {
        let mut stream = Vec::new();
        for number in 0..5 {
            frame_into(&Sample { number, list: vec![9; number as usize] }, &mut stream).unwrap();
        }
        for step in 1..stream.len() {
            let mut deframer = Deframer::new();
            let mut seen = Vec::new();
            for piece in stream.chunks(step) {
                deframer.push(piece);
                while let Some(sample) = deframer.next_message::<Sample>().unwrap() {
                    seen.push(sample.number);
                }
            }
            assert_eq!(seen, [0, 1, 2, 3, 4]);
        }
    }

    #[test]
    fn a_long_frame_is_refused_by_its_head_alone() {
        let mut deframer = Deframer::new();
        deframer.push(&[0xFF, 0xFF]);
        assert!(matches!(deframer.next_message::<Sample>(), Err(DecodeError::TooLong { length: 65535, max: 64 })));
    }
}
