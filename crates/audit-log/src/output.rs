//! The digest by which a log commits to what a terminal has shown, without holding it.

use crate::Hex;
use proto::limits::TRANSCRIPT_BYTES;
use ring::digest;
use std::fmt;

/// Grows with a terminal's output. Both ends have one: the agent writes down its own, the console compares.
#[derive(Clone)]
pub struct OutputDigest {
    hashed: digest::Context,
    size_bytes: u64,
}

impl Default for OutputDigest {
    fn default() -> Self {
        Self { hashed: digest::Context::new(&digest::SHA256), size_bytes: 0 }
    }
}

impl OutputDigest {
    /// The next output. Of what comes after the first [`TRANSCRIPT_BYTES`] only the size counts.
    pub fn add(&mut self, output: &[u8]) {
        let room = TRANSCRIPT_BYTES.saturating_sub(self.size_bytes);
        let kept = usize::try_from(room).unwrap_or(usize::MAX).min(output.len());
        self.hashed.update(output.get(..kept).unwrap_or_default());
        self.size_bytes = self.size_bytes.saturating_add(output.len() as u64);
    }

    /// How much there was, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// SHA-256 of what counts.
    #[must_use]
    pub fn sha256(&self) -> Hex<32> {
        let mut sha256 = [0; 32];
        sha256.iter_mut().zip(self.hashed.clone().finish().as_ref()).for_each(|(to, from)| *to = *from);
        Hex(sha256)
    }
}

impl fmt::Debug for OutputDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutputDigest({} bytes)", self.size_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_beginning_however_the_output_comes() {
        let most = usize::try_from(TRANSCRIPT_BYTES).unwrap();
        let output = vec![b'x'; most + 5];
        let mut digest = OutputDigest::default();
        output.chunks(16_383).for_each(|part| digest.add(part));
        assert_eq!(digest.size_bytes(), TRANSCRIPT_BYTES + 5);
        let expected = digest::digest(&digest::SHA256, &output[..most]);
        assert_eq!(digest.sha256().0.as_slice(), expected.as_ref());
    }
}
