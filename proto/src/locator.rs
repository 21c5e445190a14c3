//! The first three symbols of a session key: all that the relay ever sees of it.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// The 32 symbols of Crockford's Base32, in order of value: no I, L, O, U.
pub const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// How many locators there are: 32^3.
pub const LOCATOR_COUNT: u16 = 32_768;

/// The value (0 to 31) of a symbol as a person may type it: any case, O as 0, I and L as 1.
#[must_use]
pub fn symbol_value(symbol: char) -> Option<u8> {
    let symbol = match symbol.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let position = ALPHABET.iter().position(|known| char::from(*known) == symbol)?;
    u8::try_from(position).ok()
}

/// The three symbols by which the relay finds a slot, as a number below [`LOCATOR_COUNT`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Locator(u16);

impl Locator {
    /// The locator of this number, `None` from [`LOCATOR_COUNT`] on.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        (number < LOCATOR_COUNT).then_some(Self(number))
    }

    /// Reads exactly three symbols.
    #[must_use]
    pub fn parse(symbols: &str) -> Option<Self> {
        let mut symbols = symbols.chars();
        let mut number = 0;
        for _ in 0..3 {
            number = number * 32 + u16::from(symbol_value(symbols.next()?)?);
        }
        symbols.next().is_none().then_some(Self(number))
    }

    /// Its number, below [`LOCATOR_COUNT`].
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for shift in [10, 5, 0] {
            let value = usize::from((self.0 >> shift) & 31);
            write!(f, "{}", char::from(ALPHABET[value]))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Locator({self})")
    }
}

impl Serialize for Locator {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Locator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_number(u16::deserialize(deserializer)?).ok_or_else(|| de::Error::custom("no such locator"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_locator_reads_back() {
        for number in 0..LOCATOR_COUNT {
            let locator = Locator::from_number(number).unwrap();
            assert_eq!(Locator::parse(&locator.to_string()), Some(locator));
        }
        assert_eq!(Locator::from_number(LOCATOR_COUNT), None);
    }

    #[test]
    fn look_alikes_are_forgiven_and_others_refused() {
        assert_eq!(Locator::parse("olI"), Locator::parse("011"));
        assert_eq!(Locator::parse("K7U"), None);
        assert_eq!(Locator::parse("K7"), None);
        assert_eq!(Locator::parse("K7MM"), None);
    }
}
