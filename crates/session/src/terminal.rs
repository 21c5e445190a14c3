//! What of a terminal's output reaches an emulator: text, controls, and sequences that move or colour.
//!
//! Strings that a program sends to the terminal itself (titles, the clipboard, links, pictures, questions about
//! settings: OSC, DCS, APC, PM and SOS of ECMA-48) do not: nothing there needs them, emulators keep them in memory
//! whatever their length, and they are how output does more than be seen. Sequences that repeat are cut to what a
//! terminal can show, and marks that are drawn over a character cannot pile up without end.

use unicode_width::UnicodeWidthChar;

/// Longest control sequence, in bytes; what is longer is none of any program.
const SEQUENCE_BYTES: usize = 128;
/// Longest beginning of a string that is looked at, in bytes.
const STRING_BYTES: usize = 16;
/// The most digits of a repetition: what is wider than a terminal is no text.
const REPEAT_DIGITS: usize = 3;
/// Marks over one character: no script has more of them, and each costs whoever draws it.
pub const CHARACTER_MARKS: usize = 8;
/// Marks over characters that one terminal gets, in all. Each may stay in memory for as long as the terminal.
const MARKS: usize = 1 << 20;

const ESCAPE: u8 = 0x1B;
const BELL: u8 = 0x07;
const CANCEL: u8 = 0x18;
const SUBSTITUTE: u8 = 0x1A;

/// A part of a terminal's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// For the emulator.
    Output(Vec<u8>),
    /// A shell says that its prompt ends here and a command begins (OSC 133 B).
    CommandBegins,
    /// A shell says that the command runs from here on (OSC 133 C).
    CommandRuns,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    Escape,
    /// A control sequence (CSI).
    Sequence,
    /// The same, too long to be one.
    Overlong,
    /// A string; whether it is one of an operating system (OSC).
    String {
        is_osc: bool,
    },
    /// The same after an escape, which may end it.
    StringEscape {
        is_osc: bool,
    },
}

/// Cuts a terminal's output into pieces, from wherever it comes in whatever parts.
#[derive(Debug, Default)]
pub struct TerminalFilter {
    state: State,
    /// The sequence or string so far.
    held: Vec<u8>,
    /// The character so far: at most four bytes.
    character: Vec<u8>,
    marks: usize,
    /// Marks since the last character that takes a place.
    marks_here: usize,
}

impl TerminalFilter {
    /// At the beginning of a terminal's output.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next pieces. What is not complete comes with the next output.
    pub fn feed(&mut self, output: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut out = Vec::with_capacity(output.len());
        for byte in output {
            if let Some(mark) = self.byte(*byte, &mut out) {
                if !out.is_empty() {
                    pieces.push(Piece::Output(std::mem::take(&mut out)));
                }
                pieces.push(mark);
            }
        }
        if !out.is_empty() {
            pieces.push(Piece::Output(out));
        }
        pieces
    }

    /// Takes a byte; says what a shell says with it.
    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) -> Option<Piece> {
        if matches!(byte, CANCEL | SUBSTITUTE) && self.state != State::Ground {
            // Ends whatever there was.
            self.held.clear();
            self.state = State::Ground;
            return None;
        }
        match self.state {
            State::Ground => self.ground(byte, out),
            State::Escape => self.escape(byte, out),
            State::Sequence | State::Overlong => self.sequence(byte, out),
            State::String { is_osc } => match byte {
                ESCAPE => self.state = State::StringEscape { is_osc },
                BELL if is_osc => return self.string_ends(is_osc),
                _ if self.held.len() < STRING_BYTES => self.held.push(byte),
                _ => {}
            },
            State::StringEscape { is_osc } => {
                let mark = self.string_ends(is_osc);
                if byte != b'\\' {
                    // Not its end but the beginning of something else, which ends it as well.
                    self.state = State::Escape;
                    self.escape(byte, out);
                }
                return mark;
            }
        }
        None
    }

    fn ground(&mut self, byte: u8, out: &mut Vec<u8>) {
        match byte {
            ESCAPE => {
                out.append(&mut self.character);
                self.state = State::Escape;
            }
            0..=0x7F => {
                out.append(&mut self.character);
                if matches!(byte, 0x20..0x7F) {
                    self.marks_here = 0;
                }
                out.push(byte);
            }
            _ => {
                if byte >= 0xC0 {
                    // What was cut short is no character; the emulator shows that.
                    out.append(&mut self.character);
                }
                self.character.push(byte);
                self.character_ends(out);
            }
        }
    }

    fn character_ends(&mut self, out: &mut Vec<u8>) {
        let text = match std::str::from_utf8(&self.character) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() && self.character.len() < 4 => return,
            Err(_) => {
                out.append(&mut self.character);
                return;
            }
        };
        let is_mark = text.chars().any(|c| c.width().unwrap_or(0) == 0);
        self.marks_here = if is_mark { self.marks_here + 1 } else { 0 };
        if is_mark && (self.marks_here > CHARACTER_MARKS || self.marks >= MARKS) {
            self.character.clear();
        } else {
            self.marks += usize::from(is_mark);
            out.append(&mut self.character);
        }
    }

    fn escape(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.held.clear();
        self.state = match byte {
            b'[' => State::Sequence,
            b']' => State::String { is_osc: true },
            b'P' | b'X' | b'^' | b'_' => State::String { is_osc: false },
            ESCAPE => State::Escape,
            _ => {
                out.extend([ESCAPE, byte]);
                State::Ground
            }
        };
    }

    fn sequence(&mut self, byte: u8, out: &mut Vec<u8>) {
        match byte {
            ESCAPE => self.state = State::Escape,
            // Controls inside a sequence are carried out as if they stood before it.
            0..=0x1F => out.push(byte),
            0x40..=0x7E => {
                if self.state == State::Sequence && !(byte == b'b' && self.held.len() > REPEAT_DIGITS) {
                    out.extend([ESCAPE, b'[']);
                    out.append(&mut self.held);
                    out.push(byte);
                }
                self.held.clear();
                self.state = State::Ground;
            }
            _ if self.held.len() < SEQUENCE_BYTES => self.held.push(byte),
            _ => self.state = State::Overlong,
        }
    }

    fn string_ends(&mut self, is_osc: bool) -> Option<Piece> {
        self.state = State::Ground;
        let says = |mark: &[u8]| {
            is_osc && self.held.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(b";"))
        };
        let mark = match () {
            () if says(b"133;B") => Some(Piece::CommandBegins),
            () if says(b"133;C") => Some(Piece::CommandRuns),
            () => None,
        };
        self.held.clear();
        mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of an output, however it is cut.
    fn check(output: &[u8], expected: &[u8]) {
        for step in 1..=output.len().min(40) {
            let mut filter = TerminalFilter::new();
            let mut shown = Vec::new();
            for piece in output.chunks(step).flat_map(|part| filter.feed(part)) {
                match piece {
                    Piece::Output(bytes) => shown.extend(bytes),
                    Piece::CommandBegins => shown.extend(b"<command>"),
                    Piece::CommandRuns => shown.extend(b"<runs>"),
                }
            }
            assert_eq!(String::from_utf8_lossy(&shown), String::from_utf8_lossy(expected), "{output:?} by {step}");
        }
    }

    #[test]
    fn text_and_what_moves_or_colours_it_comes_through() {
        for output in ["ls\r\n\t\x08", "\x1b[1;31mred\x1b[0m", "\x1b[?1049h\x1b[2J\x1b(0\x1b=", "è 世界 e\u{301} 👩‍🚒"]
        {
            check(output.as_bytes(), output.as_bytes());
        }
        check(b"bad \xff\xc3( utf", b"bad \xff\xc3( utf");
        check(b"\x1b[3b", b"\x1b[3b");
    }

    #[test]
    fn strings_to_the_terminal_itself_go_nowhere_and_do_not_take_text_with_them() {
        let strings: [&[u8]; 7] = [
            b"\x1b]0;title\x07",
            b"\x1b]52;c;cm0gLXJmIH4=\x1b\\",
            b"\x1b]8;;file:///etc/passwd\x1b\\",
            b"\x1bP$q\"p\x1b\\",
            b"\x1b_Gq=2;AAAA\x1b\\",
            b"\x1b]1337;File=inline=1:AAAA\x07",
            b"\x1b^privacy\x18",
        ];
        for string in strings {
            check(&[b"before ", string, b"after"].concat(), b"before after");
        }
        check(b"a\x1b]0;cut\x1b[1mb", b"a\x1b[1mb");
    }

    #[test]
    fn a_shell_can_say_where_a_command_begins() {
        check(b"$ \x1b]133;B\x07ls", b"$ <command>ls");
        check(b"$ \x1b]133;B;k=1\x1b\\ls", b"$ <command>ls");
        check(b"$ ls\r\n\x1b]133;C\x07a", b"$ ls\r\n<runs>a");
        check(b"\x1b]133;C;cmdline_url=ls\x1b\\a", b"<runs>a");
        check(b"$ \x1b]133;A\x07\x1b]133;CB\x07ls", b"$ ls");
    }

    #[test]
    fn what_has_no_end_is_not_kept() {
        let mut filter = TerminalFilter::new();
        for beginning in [&b"\x1b]0;"[..], b"\x1bP", b"\x1b["] {
            filter.feed(beginning);
            for _ in 0..1000 {
                assert_eq!(filter.feed(&[b'1'; 1000]), []);
            }
            assert!(filter.held.capacity() < 1024);
        }
        check(b"\x1b[65535bx", b"x");
        let mut filter = TerminalFilter::new();
        let marks = "e\u{301}\u{323}".repeat(100_000);
        let come: usize = (0..20).flat_map(|_| filter.feed(marks.as_bytes())).map(|piece| bytes(&piece)).sum();
        assert_eq!(come, 20 * 100_000 + MARKS * 2);
    }

    #[test]
    fn marks_over_one_character_have_an_end() {
        let most = format!("e{}", "\u{301}".repeat(CHARACTER_MARKS));
        check(format!("{most}\u{301}\u{301}o\u{300}").as_bytes(), format!("{most}o\u{300}").as_bytes());
        // What only moves or colours begins no other character.
        check(format!("{most}\x1b[1m\u{301}\x08\u{301}").as_bytes(), format!("{most}\x1b[1m\x08").as_bytes());
    }

    fn bytes(piece: &Piece) -> usize {
        match piece {
            Piece::Output(bytes) => bytes.len(),
            Piece::CommandBegins | Piece::CommandRuns => 0,
        }
    }
}
