//! Solves the proof of work that the relay asks of an address with too many joins.

use proto::relay::Work;
use ring::digest;

/// Most bits that are worked on: at 22 a slow laptop needs seconds; a relay that asks for more is
/// not obeyed.
pub const MOST_BITS: u8 = 22;

/// Finds a nonce so that SHA-256(seed, nonce as eight bytes, big endian) begins with `bits` zero
/// bits. Takes seconds at [`MOST_BITS`]: call it from a blocking task. `None` above that.
#[must_use]
pub fn solve(seed: [u8; 32], bits: u8) -> Option<Work> {
    if bits > MOST_BITS {
        return None;
    }
    (0..=u64::MAX).map(|nonce| Work { seed, nonce }).find(|work| leading_zero_bits(work) >= u32::from(bits))
}

fn leading_zero_bits(work: &Work) -> u32 {
    let mut hashed = digest::Context::new(&digest::SHA256);
    hashed.update(&work.seed);
    hashed.update(&work.nonce.to_be_bytes());
    let mut bits = 0;
    for byte in hashed.finish().as_ref() {
        bits += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nonce_that_is_found_has_the_bits() {
        let work = solve([7; 32], 10).unwrap();
        assert!(leading_zero_bits(&work) >= 10);
        assert_eq!(solve([7; 32], 23), None);
    }
}
