//! The session key: three symbols for the relay, four that only the two ends know.

use proto::Locator;
use proto::locator::{ALPHABET, symbol_value};
use rand::{CryptoRng, RngCore};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Symbols of a whole session key.
pub const SYMBOLS: usize = LOCATOR_SYMBOLS + SECRET_SYMBOLS;
/// Symbols of its secret half: 20 bits, enough for three guesses seen by the console.
pub const SECRET_SYMBOLS: usize = 4;
const LOCATOR_SYMBOLS: usize = 3;

/// The secret half of a session key, as canonical symbols. Never sent, never logged: no `Debug`,
/// no `Display`, zeroed when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret([u8; SECRET_SYMBOLS]);

impl Secret {
    /// Draws a secret, each symbol with equal chance.
    #[must_use]
    pub fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut values = Zeroizing::new([0_u8; SECRET_SYMBOLS]);
        rng.fill_bytes(values.as_mut_slice());
        // 256 is a multiple of 32, so the low five bits are even.
        Self(values.map(|value| ALPHABET[usize::from(value & 31)]))
    }

    /// The password of the PAKE: the canonical symbols in ASCII.
    pub(crate) fn password(&self) -> &[u8] {
        &self.0
    }
}

/// A text is not a session key. Whoever typed it is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Symbols are missing; also while it is being typed.
    #[error("{symbols} of {SYMBOLS} symbols")]
    TooShort {
        /// How many good symbols there are.
        symbols: usize,
    },
    /// More than seven symbols.
    #[error("more than {SYMBOLS} symbols")]
    TooLong,
    /// A character that no session key has.
    #[error("a character that is in no session key")]
    BadSymbol(char),
}

/// A whole session key, as it is read out on the telephone and typed into the agent.
#[derive(Clone)]
pub struct SessionKey {
    locator: Locator,
    secret: Secret,
}

impl SessionKey {
    /// Joins the relay's half and the console's.
    #[must_use]
    pub fn new(locator: Locator, secret: Secret) -> Self {
        Self { locator, secret }
    }

    /// Reads what a person typed: any case, blanks and dashes anywhere, O as 0, I and L as 1.
    ///
    /// # Errors
    /// [`KeyError`] says what is wrong, the first wrong character before a wrong length.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut canonical = Zeroizing::new([0_u8; SYMBOLS]);
        let mut count = 0;
        for symbol in text.chars().filter(|c| !is_separator(*c)) {
            let value = symbol_value(symbol).ok_or(KeyError::BadSymbol(symbol))?;
            if let Some(place) = canonical.get_mut(count) {
                *place = ALPHABET[usize::from(value)];
            }
            count += 1;
        }
        if count > SYMBOLS {
            return Err(KeyError::TooLong);
        }
        let short = KeyError::TooShort { symbols: count };
        if count < SYMBOLS {
            return Err(short);
        }
        let (first, last) = canonical.split_at(LOCATOR_SYMBOLS);
        let locator = std::str::from_utf8(first).ok().and_then(Locator::parse).ok_or(short)?;
        let mut secret = Secret([0; SECRET_SYMBOLS]);
        secret.0.copy_from_slice(last);
        Ok(Self { locator, secret })
    }

    /// As it is shown and read out: "K7M 4QXP".
    #[must_use]
    pub fn grouped(&self) -> Zeroizing<String> {
        // With its final size from the start: a growing string would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(SYMBOLS + 1));
        text.push_str(&self.locator.to_string());
        text.push(' ');
        for symbol in self.secret.0 {
            text.push(char::from(symbol));
        }
        text
    }

    /// The half that the relay knows.
    #[must_use]
    pub fn locator(&self) -> Locator {
        self.locator
    }

    /// The half that it must not know.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl fmt::Debug for SessionKey {
    /// Only the locator: the rest is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({} ....)", self.locator)
    }
}

fn is_separator(symbol: char) -> bool {
    symbol.is_whitespace() || matches!(symbol, '-' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{AD}' | '\u{200B}')
}
