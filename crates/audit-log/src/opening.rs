//! Personal text: the chain holds only commitments to it, so that it can be erased alone.

use crate::{Hex, LINE_BYTES};
use ring::digest;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::fmt;

/// SHA-256 over a salt and a text. Says nothing about the text while the salt is unknown, and proves it
/// together with the salt; both can be erased, and the chain goes on to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Commitment(pub Hex<32>);

/// What a commitment was made to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    salt: Hex<16>,
    #[serde(deserialize_with = "one_line")]
    text: String,
}

impl fmt::Debug for Opening {
    /// Nothing of the text: debug output ends up in other logs, which keep it longer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening({} bytes)", self.text.len())
    }
}

/// What a line has besides the text: `{"opening":{"salt":"","text":""}}` and the salt's digits.
const AROUND_BYTES: usize = 33 + 32;
const CUT: char = '…';

impl Opening {
    /// Of a text that is made fit to be shown in one line: other control characters than blanks become U+FFFD.
    /// What is too long for a line of the log is cut at a character and ends in "…".
    ///
    /// `salt`: 16 bytes from a good generator, never used twice.
    #[must_use]
    pub fn new(salt: Hex<16>, text: &str) -> Self {
        let most = LINE_BYTES - AROUND_BYTES;
        let (mut kept, mut used) = (String::new(), 0);
        // Where to cut so that the mark of the cut fits too.
        let mut cut = 0;
        for c in text.chars().map(in_one_line) {
            used += bytes_in_json(c);
            if used > most {
                kept.truncate(cut);
                kept.push(CUT);
                break;
            }
            kept.push(c);
            if used + CUT.len_utf8() <= most {
                cut = kept.len();
            }
        }
        Self { salt, text: kept }
    }

    /// The salt.
    #[must_use]
    pub fn salt(&self) -> Hex<16> {
        self.salt
    }

    /// The text. Somebody else may have written it: it has no control characters, but may have what rearranges
    /// a line (U+202E and the like).
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The commitment to this.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        let mut hashed = digest::Context::new(&digest::SHA256);
        hashed.update(b"ponte log text 1\0");
        hashed.update(&self.salt.0);
        hashed.update(self.text.as_bytes());
        let mut hash = [0; 32];
        hash.copy_from_slice(hashed.finish().as_ref());
        Commitment(Hex(hash))
    }
}

fn in_one_line(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => ' ',
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// RFC 8259, 7, for what [`in_one_line`] leaves.
fn bytes_in_json(c: char) -> usize {
    match c {
        '"' | '\\' => 2,
        c => c.len_utf8(),
    }
}

fn one_line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.chars().all(|c| in_one_line(c) == c) { Ok(text) } else { Err(de::Error::custom("not a text of one line")) }
}
