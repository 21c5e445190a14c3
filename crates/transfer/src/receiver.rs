//! The receiving end of one file.

use crate::{BadResumePoint, DIGEST_BYTES};

/// Why what arrived is not the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    /// The stream ended early; what arrived so far can be resumed.
    #[error("the file is not complete")]
    Truncated,
    /// The digest is another: nothing of it can be used, the beginning on the disk included.
    #[error("the file was corrupted")]
    Corrupted,
    /// Bytes came after the digest: the peer broke the protocol.
    #[error("more bytes than the file has")]
    Surplus,
    /// What the disk holds is not as long as the resume point; our own fault.
    #[error("the part on the disk is not as long as was said")]
    PrefixLength,
}

/// Splits what arrives into content to write and the digest, and checks it.
pub struct FileReceiver {
    hasher: blake3::Hasher,
    size_bytes: u64,
    resume_at: u64,
    done_bytes: u64,
    digest: [u8; DIGEST_BYTES],
    digest_filled: usize,
}

impl FileReceiver {
    /// For a whole file of `size_bytes`.
    #[must_use]
    pub fn new(size_bytes: u64) -> Self {
        let hasher = blake3::Hasher::new();
        Self { hasher, size_bytes, resume_at: 0, done_bytes: 0, digest: [0; DIGEST_BYTES], digest_filled: 0 }
    }

    /// For the rest of a file of which the disk holds the first `resume_at` bytes; feed those through
    /// [`FileReceiver::hash_prefix`] first.
    ///
    /// # Errors
    /// [`BadResumePoint`] when the disk holds more than the file has: it is another file.
    pub fn resume(size_bytes: u64, resume_at: u64) -> Result<Self, BadResumePoint> {
        if resume_at > size_bytes { Err(BadResumePoint) } else { Ok(Self { resume_at, ..Self::new(size_bytes) }) }
    }

    /// Hashes the next part of what the disk holds already, in order.
    ///
    /// # Errors
    /// [`ReceiveError::PrefixLength`] when this is more than the resume point said.
    pub fn hash_prefix(&mut self, block: &[u8]) -> Result<(), ReceiveError> {
        if block.len() as u64 > self.resume_at.saturating_sub(self.done_bytes) {
            return Err(ReceiveError::PrefixLength);
        }
        self.add(block);
        Ok(())
    }

    /// The digest of what is hashed so far: of the prefix, once all of it is.
    #[must_use]
    pub fn digest_so_far(&self) -> [u8; DIGEST_BYTES] {
        self.hasher.finalize().into()
    }

    /// Takes the next bytes of the stream, however they were cut, and returns those of them that are content, to be
    /// written at [`FileReceiver::done_bytes`] as it was before the call.
    ///
    /// # Errors
    /// [`ReceiveError::Surplus`] for bytes after the digest; [`ReceiveError::PrefixLength`] while the prefix is not all hashed.
    /// Nothing is taken then.
    pub fn feed<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], ReceiveError> {
        if self.done_bytes < self.resume_at {
            return Err(ReceiveError::PrefixLength);
        }
        let left = usize::try_from(self.size_bytes - self.done_bytes).unwrap_or(usize::MAX);
        let (content, tail) = bytes.split_at_checked(left).unwrap_or((bytes, &[]));
        let place = self.digest.get_mut(self.digest_filled..self.digest_filled + tail.len());
        place.ok_or(ReceiveError::Surplus)?.copy_from_slice(tail);
        self.digest_filled += tail.len();
        self.add(content);
        Ok(content)
    }

    fn add(&mut self, block: &[u8]) {
        self.hasher.update(block);
        self.done_bytes += block.len() as u64;
    }

    /// Whether content and digest are all here, right or wrong.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.done_bytes == self.size_bytes && self.digest_filled == DIGEST_BYTES
    }

    /// How much of the file is here, in bytes, the prefix included.
    #[must_use]
    pub fn done_bytes(&self) -> u64 {
        self.done_bytes
    }

    /// The verdict at the end of the stream; only after it may the file get its final name.
    ///
    /// # Errors
    /// [`ReceiveError::Truncated`] or [`ReceiveError::Corrupted`].
    pub fn finish(self) -> Result<[u8; DIGEST_BYTES], ReceiveError> {
        if !self.is_complete() {
            return Err(ReceiveError::Truncated);
        }
        if self.hasher.finalize() == self.digest { Ok(self.digest) } else { Err(ReceiveError::Corrupted) }
    }
}
