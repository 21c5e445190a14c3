//! Keys by position: from egui's keys to USB HID usages (HID Usage Tables 1.5, section 10, page 7).

use console_core::proto::input::KeyUsage;
use egui::Key;

/// How a key is sent to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Produces text; sent by position only while control, alt or meta is held.
    Printable,
    /// Always sent by position: Enter, arrows, function keys.
    Command,
    /// Shift, control, alt, meta.
    Modifier,
    /// Never sent: what it does is already in the text that the operator types.
    Lock,
}

/// Which kind of key this is.
#[must_use]
pub fn kind(key: Key) -> Kind {
    match key {
        Key::ShiftLeft
        | Key::ShiftRight
        | Key::ControlLeft
        | Key::ControlRight
        | Key::AltLeft
        | Key::AltRight
        | Key::SuperLeft
        | Key::SuperRight => Kind::Modifier,
        Key::CapsLock | Key::NumLock => Kind::Lock,
        Key::Space
        | Key::Colon
        | Key::Comma
        | Key::Backslash
        | Key::Slash
        | Key::Pipe
        | Key::Questionmark
        | Key::Exclamationmark
        | Key::OpenBracket
        | Key::CloseBracket
        | Key::OpenCurlyBracket
        | Key::CloseCurlyBracket
        | Key::Backtick
        | Key::Minus
        | Key::Period
        | Key::Plus
        | Key::Equals
        | Key::Semicolon
        | Key::Quote
        | Key::IntlBackslash => Kind::Printable,
        key if (Key::Num0..=Key::Z).contains(&key) => Kind::Printable,
        _ => Kind::Command,
    }
}

/// The usage of a key, `None` for one that page 7 does not know (media keys, keys that exist only
/// as a character).
#[must_use]
pub fn usage(key: Key) -> Option<KeyUsage> {
    if let Some(position) = LETTERS.iter().position(|letter| *letter == key) {
        return u8::try_from(position).ok().map(|position| KeyUsage(4 + position));
    }
    TABLE.iter().find(|(known, _)| *known == key).map(|(_, usage)| KeyUsage(*usage))
}

/// From 4 on.
const LETTERS: [Key; 26] = [
    Key::A,
    Key::B,
    Key::C,
    Key::D,
    Key::E,
    Key::F,
    Key::G,
    Key::H,
    Key::I,
    Key::J,
    Key::K,
    Key::L,
    Key::M,
    Key::N,
    Key::O,
    Key::P,
    Key::Q,
    Key::R,
    Key::S,
    Key::T,
    Key::U,
    Key::V,
    Key::W,
    Key::X,
    Key::Y,
    Key::Z,
];

const TABLE: [(Key, u8); 85] = [
    (Key::Num1, 0x1E),
    (Key::Num2, 0x1F),
    (Key::Num3, 0x20),
    (Key::Num4, 0x21),
    (Key::Num5, 0x22),
    (Key::Num6, 0x23),
    (Key::Num7, 0x24),
    (Key::Num8, 0x25),
    (Key::Num9, 0x26),
    (Key::Num0, 0x27),
    (Key::Enter, 0x28),
    (Key::Escape, 0x29),
    (Key::Backspace, 0x2A),
    (Key::Tab, 0x2B),
    (Key::Space, 0x2C),
    (Key::Minus, 0x2D),
    (Key::Equals, 0x2E),
    (Key::OpenBracket, 0x2F),
    (Key::CloseBracket, 0x30),
    (Key::Backslash, 0x31),
    (Key::Semicolon, 0x33),
    (Key::Quote, 0x34),
    (Key::Backtick, 0x35),
    (Key::Comma, 0x36),
    (Key::Period, 0x37),
    (Key::Slash, 0x38),
    (Key::CapsLock, 0x39),
    (Key::F1, 0x3A),
    (Key::F2, 0x3B),
    (Key::F3, 0x3C),
    (Key::F4, 0x3D),
    (Key::F5, 0x3E),
    (Key::F6, 0x3F),
    (Key::F7, 0x40),
    (Key::F8, 0x41),
    (Key::F9, 0x42),
    (Key::F10, 0x43),
    (Key::F11, 0x44),
    (Key::F12, 0x45),
    (Key::PrintScreen, 0x46),
    (Key::ScrollLock, 0x47),
    (Key::Pause, 0x48),
    (Key::Insert, 0x49),
    (Key::Home, 0x4A),
    (Key::PageUp, 0x4B),
    (Key::Delete, 0x4C),
    (Key::End, 0x4D),
    (Key::PageDown, 0x4E),
    (Key::ArrowRight, 0x4F),
    (Key::ArrowLeft, 0x50),
    (Key::ArrowDown, 0x51),
    (Key::ArrowUp, 0x52),
    (Key::NumLock, 0x53),
    // egui reports only the keypad's plus as a position.
    (Key::Plus, 0x57),
    (Key::IntlBackslash, 0x64),
    (Key::Menu, 0x65),
    (Key::Power, 0x66),
    (Key::F13, 0x68),
    (Key::F14, 0x69),
    (Key::F15, 0x6A),
    (Key::F16, 0x6B),
    (Key::F17, 0x6C),
    (Key::F18, 0x6D),
    (Key::F19, 0x6E),
    (Key::F20, 0x6F),
    (Key::F21, 0x70),
    (Key::F22, 0x71),
    (Key::F23, 0x72),
    (Key::F24, 0x73),
    (Key::Help, 0x75),
    (Key::Cut, 0x7B),
    (Key::Copy, 0x7C),
    (Key::Paste, 0x7D),
    (Key::AudioVolumeMute, 0x7F),
    (Key::AudioVolumeUp, 0x80),
    (Key::AudioVolumeDown, 0x81),
    (Key::Clear, 0x9C),
    (Key::ControlLeft, 0xE0),
    (Key::ShiftLeft, 0xE1),
    (Key::AltLeft, 0xE2),
    (Key::SuperLeft, 0xE3),
    (Key::ControlRight, 0xE4),
    (Key::ShiftRight, 0xE5),
    (Key::AltRight, 0xE6),
    (Key::SuperRight, 0xE7),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_keys_have_the_same_usage_and_no_key_two_usages() {
        let mut usages = BTreeSet::new();
        let mut keys = BTreeSet::new();
        for key in Key::ALL {
            if let Some(usage) = usage(*key) {
                assert!(usages.insert(usage.0), "{key:?} shares usage {:#x}", usage.0);
                assert!(keys.insert(*key));
            }
        }
        assert_eq!(keys.len(), LETTERS.len() + TABLE.len());
    }

    #[test]
    fn the_table_is_the_one_of_the_standard() {
        let rows = [(Key::A, 0x04), (Key::Z, 0x1D), (Key::Num1, 0x1E), (Key::Num0, 0x27), (Key::F12, 0x45)];
        for (key, expected) in rows {
            assert_eq!(usage(key), Some(KeyUsage(expected)), "{key:?}");
        }
    }

    #[test]
    fn keys_that_type_are_told_from_keys_that_act() {
        let rows = [
            (Key::A, Kind::Printable),
            (Key::Num5, Kind::Printable),
            (Key::IntlBackslash, Kind::Printable),
            (Key::Space, Kind::Printable),
            (Key::Enter, Kind::Command),
            (Key::F1, Kind::Command),
            (Key::Delete, Kind::Command),
            (Key::AltRight, Kind::Modifier),
            (Key::CapsLock, Kind::Lock),
        ];
        for (key, expected) in rows {
            assert_eq!(kind(key), expected, "{key:?}");
        }
    }
}
