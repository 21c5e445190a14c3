//! Bytes of a fixed length that are written as hexadecimal digits.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// `N` bytes, lower case in text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&digits(&self.0))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Not so many bytes in hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not so many bytes in hexadecimal")]
pub struct NotHex;

impl<const N: usize> FromStr for Hex<N> {
    type Err = NotHex;

    fn from_str(text: &str) -> Result<Self, NotHex> {
        parse(text.as_bytes()).map(Self).ok_or(NotHex)
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&digits(&self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(text.as_bytes()).map(Self).ok_or_else(|| de::Error::custom(format_args!("not {N} bytes in hexadecimal")))
    }
}

fn parse<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let (pairs, rest) = text.as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = value(pair)?;
    }
    Some(bytes)
}

fn value([high, low]: &[u8; 2]) -> Option<u8> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    Some(digit(*high)? << 4 | digit(*low)?)
}

/// Any number of bytes as digits, lower case.
pub(crate) fn digits(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        digits.push(digit(byte >> 4));
        digits.push(digit(byte & 0xF));
    }
    digits
}

/// The bytes of such digits; none if there is anything else.
pub(crate) fn bytes(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if rest.is_empty() { pairs.iter().map(value).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_byte() -> Vec<u8> {
        (0..=255).collect()
    }

    #[test]
    fn only_the_one_form_that_is_written_is_read() {
        let bytes = Hex([0, 0xAB, 0xFF]);
        assert_eq!(serde_json::to_string(&bytes).unwrap(), "\"00abff\"");
        assert_eq!(serde_json::from_str::<Hex<3>>("\"00abff\"").unwrap(), bytes);
        for other in ["\"00ABff\"", "\"00abf\"", "\"00abff0\"", "\"00abff00\"", "\"00abfg\"", "7", "\"\""] {
            assert!(serde_json::from_str::<Hex<3>>(other).is_err(), "{other}");
        }
        assert_eq!(super::bytes(&digits(&every_byte())), Some(every_byte()));
        for other in ["0", "0g", "0A", "000"] {
            assert_eq!(super::bytes(other), None, "{other}");
        }
    }
}
