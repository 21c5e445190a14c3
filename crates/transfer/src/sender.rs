//! The sending end of one file.

use crate::BadResumePoint;

/// The file is not what it was when its size was told: it must be sent again from the start, or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file changed while it was read")]
pub struct SourceChanged;

/// Counts and hashes a file while it is read.
///
/// Feed what the receiver has already through [`FileSender::hash_prefix`], then each block that is sent through
/// [`FileSender::push`], then send what [`FileSender::finish`] returns.
pub struct FileSender {
    hasher: blake3::Hasher,
    size_bytes: u64,
    resume_at: u64,
    done_bytes: u64,
}

impl FileSender {
    /// For a file of `size_bytes` of which the receiver has the first `resume_at` bytes.
    ///
    /// # Errors
    /// [`BadResumePoint`] when the receiver claims more than there is.
    pub fn new(size_bytes: u64, resume_at: u64) -> Result<Self, BadResumePoint> {
        if resume_at > size_bytes {
            return Err(BadResumePoint);
        }
        Ok(Self { hasher: blake3::Hasher::new(), size_bytes, resume_at, done_bytes: 0 })
    }

    /// Bytes before the resume point that still must be read and given to [`FileSender::hash_prefix`].
    #[must_use]
    pub fn prefix_bytes_left(&self) -> u64 {
        self.resume_at.saturating_sub(self.done_bytes)
    }

    /// Hashes the next part of what is not sent, in order.
    ///
    /// # Errors
    /// [`SourceChanged`] when this is more than [`FileSender::prefix_bytes_left`].
    pub fn hash_prefix(&mut self, block: &[u8]) -> Result<(), SourceChanged> {
        if block.len() as u64 > self.prefix_bytes_left() {
            return Err(SourceChanged);
        }
        self.add(block);
        Ok(())
    }

    /// The digest of what is hashed so far: of the prefix, once all of it is.
    #[must_use]
    pub fn digest_so_far(&self) -> [u8; crate::DIGEST_BYTES] {
        self.hasher.finalize().into()
    }

    /// Takes note of a block that is sent, in order.
    ///
    /// # Errors
    /// [`SourceChanged`] when the file is longer than it was, or ended inside the prefix; the block must not be sent.
    pub fn push(&mut self, block: &[u8]) -> Result<(), SourceChanged> {
        if self.prefix_bytes_left() > 0 || block.len() as u64 > self.size_bytes - self.done_bytes {
            return Err(SourceChanged);
        }
        self.add(block);
        Ok(())
    }

    fn add(&mut self, block: &[u8]) {
        self.hasher.update(block);
        self.done_bytes += block.len() as u64;
    }

    /// How much of the file is hashed, in bytes, the prefix included.
    #[must_use]
    pub fn done_bytes(&self) -> u64 {
        self.done_bytes
    }

    /// The digest of the whole file, to be sent after the content.
    ///
    /// # Errors
    /// [`SourceChanged`] when the file was shorter than its size; the stream must be reset then.
    pub fn finish(self) -> Result<[u8; crate::DIGEST_BYTES], SourceChanged> {
        if self.done_bytes == self.size_bytes { Ok(self.hasher.finalize().into()) } else { Err(SourceChanged) }
    }
}
