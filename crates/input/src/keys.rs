//! Keys by position: usages of USB HID page 7 (HID Usage Tables 1.5, section 10) as the key codes
//! of Linux (`linux/input-event-codes.h`).

use proto::input::KeyUsage;

/// Neighbouring usages, from the first on, and their Linux codes.
const RUNS: &[(u8, &[u8])] = &[
    // The letters, in the order of the alphabet.
    (0x04, &[30, 48, 46, 32, 18, 33, 34, 35, 23, 36, 37, 38, 50, 49, 24, 25, 16, 19, 31, 20, 22, 47, 17, 45, 21, 44]),
    // The digits 1 to 9 and 0.
    (0x1e, &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    // Enter, escape, backspace, tab, space.
    (0x28, &[28, 1, 14, 15, 57]),
    // Minus, equals, brackets, backslash and its place on other keyboards, semicolon, apostrophe,
    // grave, comma, dot, slash.
    (0x2d, &[12, 13, 26, 27, 43, 43, 39, 40, 41, 51, 52, 53]),
    // Caps lock, F1 to F12.
    (0x39, &[58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 87, 88]),
    // Print screen, scroll lock, pause, insert, home, page up, delete, end, page down.
    (0x46, &[99, 70, 119, 110, 102, 104, 111, 107, 109]),
    // Right, left, down, up.
    (0x4f, &[106, 105, 108, 103]),
    // The keypad: num lock, / * - +, enter, 1 to 9, 0, dot.
    (0x53, &[69, 98, 55, 74, 78, 96, 79, 80, 81, 75, 76, 77, 71, 72, 73, 82, 83]),
    // The extra key of ISO keyboards, the menu key, power, the keypad's equals.
    (0x64, &[86, 127, 116, 117]),
    // F13 to F24.
    (0x68, &[183, 184, 185, 186, 187, 188, 189, 190, 191, 192, 193, 194]),
    // Execute, help, menu, select, stop, again, undo, cut, copy, paste, find, mute, louder, quieter.
    (0x74, &[134, 138, 130, 132, 128, 129, 131, 137, 133, 135, 136, 113, 115, 114]),
    // The keypad's comma.
    (0x85, &[121]),
    // Japanese: ro, katakana and hiragana, yen, henkan, muhenkan, keypad comma.
    (0x87, &[89, 93, 124, 92, 94, 95]),
    // Korean and Japanese: hangul, hanja, katakana, hiragana, zenkaku.
    (0x90, &[122, 123, 90, 91, 85]),
    // Left control, shift, alt, meta; then the right ones.
    (0xe0, &[29, 42, 56, 125, 97, 54, 100, 126]),
];

/// The Linux code of the key at that position; `None` for positions that keyboards do not have.
pub(crate) fn evdev_code(usage: KeyUsage) -> Option<u8> {
    RUNS.iter().find_map(|(first, codes)| codes.get(usize::from(usage.0.checked_sub(*first)?)).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_positions_have_their_codes() {
        let rows = [(0x04, 30), (0x1d, 44), (0x27, 11), (0x28, 28), (0x2c, 57), (0x45, 88), (0x52, 103), (0x63, 83)];
        for (usage, code) in rows.into_iter().chain([(0x64, 86), (0xe0, 29), (0xe6, 100), (0xe7, 126)]) {
            assert_eq!(evdev_code(KeyUsage(usage)), Some(code), "usage {usage:#x}");
        }
    }

    #[test]
    fn positions_that_no_keyboard_has_are_none() {
        for usage in [0, 1, 3, 0x82, 0x86, 0xa0, 0xdf, 0xe8, 0xff] {
            assert_eq!(evdev_code(KeyUsage(usage)), None, "usage {usage:#x}");
        }
    }

    #[test]
    fn runs_do_not_overlap() {
        for pair in RUNS.windows(2) {
            assert!(usize::from(pair[0].0) + pair[0].1.len() <= usize::from(pair[1].0));
        }
    }
}
