//! What keys and pastes are to a program in a terminal: the bytes that xterm sends for them ("XTerm Control
//! Sequences", "PC-Style Function Keys").

use console_core::terminal::KeyMode;
use egui::{Key, Modifiers};

/// The bytes of a key; `None` for one whose text comes by itself, or that means nothing there.
#[must_use]
pub fn bytes(key: Key, modifiers: Modifiers, mode: KeyMode) -> Option<Vec<u8>> {
    let Modifiers { alt, ctrl, shift, .. } = modifiers;
    let plain = match key {
        Key::Enter => vec![b'\r'],
        Key::Escape => vec![0x1B],
        Key::Tab if shift => b"\x1b[Z".to_vec(),
        Key::Tab => vec![b'\t'],
        Key::Backspace if ctrl => vec![0x08],
        Key::Backspace => vec![0x7F],
        _ => match named(key) {
            Some(named) => return Some(named.bytes(modifiers, mode)),
            None if ctrl => vec![control(key)?],
            None => return None,
        },
    };
    Some(if alt { [&[0x1B], plain.as_slice()].concat() } else { plain })
}

/// A key that has a sequence of its own.
enum Named {
    /// Ends with this letter.
    Letter(u8),
    /// The same, for function keys, which have another beginning.
    Function(u8),
    /// Has this number.
    Number(u8),
}

fn named(key: Key) -> Option<Named> {
    Some(match key {
        Key::ArrowUp => Named::Letter(b'A'),
        Key::ArrowDown => Named::Letter(b'B'),
        Key::ArrowRight => Named::Letter(b'C'),
        Key::ArrowLeft => Named::Letter(b'D'),
        Key::End => Named::Letter(b'F'),
        Key::Home => Named::Letter(b'H'),
        Key::Insert => Named::Number(2),
        Key::Delete => Named::Number(3),
        Key::PageUp => Named::Number(5),
        Key::PageDown => Named::Number(6),
        Key::F1 => Named::Function(b'P'),
        Key::F2 => Named::Function(b'Q'),
        Key::F3 => Named::Function(b'R'),
        Key::F4 => Named::Function(b'S'),
        Key::F5 => Named::Number(15),
        Key::F6 => Named::Number(17),
        Key::F7 => Named::Number(18),
        Key::F8 => Named::Number(19),
        Key::F9 => Named::Number(20),
        Key::F10 => Named::Number(21),
        Key::F11 => Named::Number(23),
        Key::F12 => Named::Number(24),
        _ => return None,
    })
}

impl Named {
    fn bytes(&self, modifiers: Modifiers, mode: KeyMode) -> Vec<u8> {
        let Modifiers { alt, ctrl, shift, .. } = modifiers;
        let held = 1 + u8::from(shift) + 2 * u8::from(alt) + 4 * u8::from(ctrl);
        let text = match (self, held) {
            (Self::Letter(letter), 1) if mode.application_cursor => format!("\x1bO{}", char::from(*letter)),
            (Self::Letter(letter), 1) => format!("\x1b[{}", char::from(*letter)),
            (Self::Function(letter), 1) => format!("\x1bO{}", char::from(*letter)),
            (Self::Letter(letter) | Self::Function(letter), held) => format!("\x1b[1;{held}{}", char::from(*letter)),
            (Self::Number(number), 1) => format!("\x1b[{number}~"),
            (Self::Number(number), held) => format!("\x1b[{number};{held}~"),
        };
        text.into_bytes()
    }
}

/// The control character of a key that is pressed with Ctrl.
fn control(key: Key) -> Option<u8> {
    let letter = key.name().as_bytes();
    match (key, letter) {
        (Key::Space, _) => Some(0),
        (Key::OpenBracket, _) => Some(0x1B),
        (Key::Backslash, _) => Some(0x1C),
        (Key::CloseBracket, _) => Some(0x1D),
        (Key::Slash | Key::Minus, _) => Some(0x1F),
        (_, [letter @ b'A'..=b'Z']) => Some(letter & 0x1F),
        _ => None,
    }
}

/// What is pasted, as bytes: without anything that could act as a key, and between marks where the program knows
/// those, so that it can tell what is pasted from what is typed.
#[must_use]
pub fn paste(text: &str, mode: KeyMode) -> Vec<u8> {
    let text = text.replace("\r\n", "\n");
    let clean: String = text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect();
    let lines = clean.replace('\n', "\r");
    if mode.bracketed_paste { format!("\x1b[200~{lines}\x1b[201~").into_bytes() } else { lines.into_bytes() }
}

/// How many lines a paste has; with more than one the operator is asked before each could run as a command.
#[must_use]
pub fn lines(text: &str) -> usize {
    text.trim_end_matches(['\r', '\n']).lines().count() + usize::from(text.ends_with('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIFT: Modifiers = Modifiers::SHIFT;
    const CTRL: Modifiers = Modifiers::CTRL;
    const ALT: Modifiers = Modifiers::ALT;

    #[test]
    fn keys_are_what_xterm_makes_of_them() {
        let usual = KeyMode::default();
        let whole = KeyMode { application_cursor: true, ..usual };
        let rows: [(Key, Modifiers, KeyMode, Option<&str>); 20] = [
            (Key::Enter, Modifiers::NONE, usual, Some("\r")),
            (Key::Enter, ALT, usual, Some("\x1b\r")),
            (Key::Backspace, Modifiers::NONE, usual, Some("\x7f")),
            (Key::Tab, SHIFT, usual, Some("\x1b[Z")),
            (Key::C, CTRL, usual, Some("\x03")),
            (Key::C, CTRL | ALT, usual, Some("\x1b\x03")),
            (Key::Space, CTRL, usual, Some("\0")),
            (Key::Backslash, CTRL, usual, Some("\x1c")),
            (Key::Num1, CTRL, usual, None),
            (Key::A, Modifiers::NONE, usual, None),
            (Key::ArrowUp, Modifiers::NONE, usual, Some("\x1b[A")),
            (Key::ArrowUp, Modifiers::NONE, whole, Some("\x1bOA")),
            (Key::ArrowRight, CTRL, whole, Some("\x1b[1;5C")),
            (Key::Home, Modifiers::NONE, usual, Some("\x1b[H")),
            (Key::Delete, SHIFT, usual, Some("\x1b[3;2~")),
            (Key::PageDown, Modifiers::NONE, usual, Some("\x1b[6~")),
            (Key::F1, Modifiers::NONE, usual, Some("\x1bOP")),
            (Key::F4, SHIFT, usual, Some("\x1b[1;2S")),
            (Key::F10, Modifiers::NONE, usual, Some("\x1b[21~")),
            (Key::F12, ALT, usual, Some("\x1b[24;3~")),
        ];
        for (key, modifiers, mode, expected) in rows {
            let expected = expected.map(|expected| expected.as_bytes().to_vec());
            assert_eq!(bytes(key, modifiers, mode), expected, "{key:?} {modifiers:?}");
        }
    }

    #[test]
    fn what_is_pasted_cannot_act_as_a_key_or_end_its_own_marks() {
        let marks = KeyMode { bracketed_paste: true, ..KeyMode::default() };
        assert_eq!(paste("a\r\nb\tc\x1b[201~\x03", marks), b"\x1b[200~a\rb\tc[201~\x1b[201~");
        assert_eq!(paste("ls\n", KeyMode::default()), b"ls\r");
        for (text, count) in [("ls", 1), ("ls\n", 2), ("a\nb", 2), ("", 0), ("a\nb\n", 3)] {
            assert_eq!(lines(text), count, "{text:?}");
        }
    }
}
