//! Bounded text and bytes: what a peer may send, never longer than its type says.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::marker::PhantomData;

/// UTF-8 text of at most `MAX` bytes. What a peer sends is hostile text: show it through
/// [`Text::shown`], which removes what could rearrange a line.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Text<const MAX: usize>(String);

/// A text was longer than its type allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("longer than {max} bytes")]
pub struct TooLong {
    /// The limit that was passed, in bytes.
    pub max: usize,
}

impl<const MAX: usize> Text<MAX> {
    /// Takes `text` if it fits.
    ///
    /// # Errors
    /// [`TooLong`] if it has more than `MAX` bytes.
    pub fn new(text: impl Into<String>) -> Result<Self, TooLong> {
        let text = text.into();
        if text.len() > MAX { Err(TooLong { max: MAX }) } else { Ok(Self(text)) }
    }

    /// Takes as much of `text` as fits, cut at a character.
    #[must_use]
    pub fn truncated(text: &str) -> Self {
        let mut end = text.len().min(MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self(text[..end].to_owned())
    }

    /// The text as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text safe to show in one line: no control characters, no bidirectional overrides,
    /// no line breaks, no invisible characters.
    #[must_use]
    pub fn shown(&self) -> String {
        shown(&self.0, false)
    }

    /// Like [`Text::shown`], but keeps line breaks (chat).
    #[must_use]
    pub fn shown_lines(&self) -> String {
        shown(&self.0, true)
    }
}

fn shown(text: &str, keep_lines: bool) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' if keep_lines => Some('\n'),
            '\n' | '\r' | '\t' => Some(' '),
            c if c.is_control() => None,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{FEFF}' => None,
            '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => None,
            '\u{2028}' | '\u{2029}' => Some(' '),
            c => Some(c),
        })
        .collect()
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    /// Only the length: text may be personal, and debug output ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

impl<const MAX: usize> Serialize for Text<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// At most `MAX` bytes of binary content.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Blob<const MAX: usize>(Vec<u8>);

impl<const MAX: usize> Blob<MAX> {
    /// Takes `bytes` if they fit.
    ///
    /// # Errors
    /// [`TooLong`] if there are more than `MAX`.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, TooLong> {
        let bytes = bytes.into();
        if bytes.len() > MAX { Err(TooLong { max: MAX }) } else { Ok(Self(bytes)) }
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl<const MAX: usize> fmt::Debug for Blob<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

impl<const MAX: usize> Serialize for Blob<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Blob<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Counted { most: MAX, item: PhantomData }).map(Self)
    }
}

/// For `deserialize_with`: a list of at most `MAX` items whose announced length is not believed. What serde has for
/// `Vec` sets a megabyte aside for whatever is announced; this grows with what is there.
pub(crate) fn list<'de, T, D, const MAX: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_seq(Counted { most: MAX, item: PhantomData })
}

/// Collects at most `most` items.
struct Counted<T> {
    most: usize,
    item: PhantomData<fn() -> T>,
}

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Counted<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} items", self.most)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            if items.len() >= self.most {
                return Err(de::Error::custom(TooLong { max: self.most }));
            }
            items.push(item);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::value::{Error, SeqDeserializer};

    #[test]
    fn shown_text_cannot_rearrange_a_line() {
        let hostile = Text::<100>::new("invoice\u{202E}fdp.exe\n\u{200B}x\u{7}").unwrap();
        assert_eq!(hostile.shown(), "invoicefdp.exe x");
    }

    /// Three bytes that are announced as more than there is memory.
    struct Boastful(u8);
    impl Iterator for Boastful {
        type Item = u8;
        fn next(&mut self) -> Option<u8> {
            self.0 = self.0.checked_sub(1)?;
            Some(7)
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            (usize::MAX, Some(usize::MAX))
        }
    }

    #[test]
    fn what_a_peer_announces_sets_no_memory_aside() {
        let announced = || SeqDeserializer::<_, Error>::new(Boastful(3));
        assert!(Blob::<100>::deserialize(announced()).unwrap().0.capacity() < 100);
        assert!(list::<u8, _, 100>(announced()).unwrap().capacity() < 100);
    }

    #[test]
    fn more_than_a_blob_or_a_list_holds_is_refused() {
        let items = |count| SeqDeserializer::<_, Error>::new(Boastful(count));
        assert!(Blob::<3>::deserialize(items(3)).is_ok());
        assert!(Blob::<3>::deserialize(items(4)).is_err());
        assert!(list::<u8, _, 3>(items(3)).is_ok());
        assert!(list::<u8, _, 3>(items(4)).is_err());
    }

    #[test]
    fn text_is_cut_at_a_character() {
        assert_eq!(Text::<3>::truncated("aàà").as_str(), "aà");
    }
}
