//! What a terminal showed as plain lines, each with its time: the output goes through the same filter and emulator as
//! in the session, and a line is taken once it has left the screen.

use crate::terminal::Size;
use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::Flags;
use alacritty_terminal::term::{Config, Osc52, Term, TermMode};
use alacritty_terminal::vte::ansi::Processor;
use proto::shell::TerminalSize;
use proto::text::Text;
use session::{Piece, TerminalFilter};

/// Output between two looks at what has left the screen, in bytes: each can push one line out, and no more lines
/// than that are held.
const STEP_BYTES: usize = 1024;
/// Lines that are held between two looks.
const HELD_LINES: usize = STEP_BYTES + 1;
/// Lines that are taken; what comes after is counted only. At the longest some hundred megabytes, mostly a few.
const LINES: usize = 100_000;
/// Longest line that is taken, in bytes: the widest terminal, at four bytes a character.
const LINE_BYTES: usize = 2000;
/// Sequences by which a program gives the whole screen back, in which what it showed goes.
const LEAVES: [&[u8]; 3] = [b"\x1b[?1049l", b"\x1b[?1047l", b"\x1b[?47l"];

/// One line of a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainLine {
    /// When it began, in milliseconds since 1970.
    pub at_ms: u64,
    /// What stood there, safe to show.
    pub text: String,
}

/// Makes lines of output.
pub(super) struct Plain {
    term: Term<VoidListener>,
    parser: Processor,
    filter: TerminalFilter,
    lines: Vec<PlainLine>,
    /// What programs with the whole screen showed at their end, each with the line that it stands before.
    whole: Vec<(usize, Vec<PlainLine>)>,
    /// How many lines have left the screen, and the row of the cursor.
    gone: usize,
    row: usize,
    /// When each row that still is on the screen was first reached, from the top.
    reached: Vec<u64>,
    left_out: u64,
}

impl Plain {
    pub(super) fn new(size: TerminalSize) -> Self {
        let config = Config { scrolling_history: HELD_LINES, osc52: Osc52::Disabled, ..Config::default() };
        let term = Term::new(config, &Size(size.clamped()), VoidListener);
        let (parser, filter) = (Processor::new(), TerminalFilter::new());
        Self {
            term,
            parser,
            filter,
            lines: Vec::new(),
            whole: Vec::new(),
            gone: 0,
            row: 0,
            reached: Vec::new(),
            left_out: 0,
        }
    }

    pub(super) fn resize(&mut self, size: TerminalSize, at_ms: u64) {
        self.term.resize(Size(size.clamped()));
        self.drain(at_ms);
    }

    pub(super) fn feed(&mut self, output: &[u8], at_ms: u64) {
        for piece in self.filter.feed(output) {
            let Piece::Output(bytes) = piece else { continue };
            for part in split_where_left(&bytes) {
                if LEAVES.iter().any(|leaves| part.starts_with(leaves)) {
                    self.whole_screen(at_ms);
                }
                for step in part.chunks(STEP_BYTES) {
                    self.parser.advance(&mut self.term, step);
                    self.drain(at_ms);
                }
            }
        }
    }

    /// What a program with the whole screen shows at its end.
    fn whole_screen(&mut self, at_ms: u64) {
        if self.term.mode().contains(TermMode::ALT_SCREEN) {
            let rows: Vec<PlainLine> = self.rows().into_iter().map(|text| PlainLine { at_ms, text }).collect();
            if self.lines.len() + self.whole.iter().map(|(_, rows)| rows.len()).sum::<usize>() < LINES {
                self.whole.push((self.gone + self.row, rows));
            } else {
                self.left_out += rows.len() as u64;
            }
        }
    }

    /// Takes what has left the screen.
    fn drain(&mut self, at_ms: u64) {
        if self.term.mode().contains(TermMode::ALT_SCREEN) {
            return;
        }
        let left = i32::try_from(self.term.history_size()).unwrap_or(0);
        let row = usize::try_from(self.term.grid().cursor.point.line.0 + left).unwrap_or(0);
        if self.reached.len() <= row {
            self.reached.resize(row + 1, at_ms);
        }
        if left > 0 {
            for line in -left..0 {
                let text = self.text(Line(line));
                let began = self.reached.get(usize::try_from(line + left).unwrap_or(0)).copied().unwrap_or(at_ms);
                self.push(PlainLine { at_ms: began, text });
            }
            self.reached.drain(..usize::try_from(left).unwrap_or(0).min(self.reached.len()));
            self.term.grid_mut().clear_history();
            self.gone += usize::try_from(left).unwrap_or(0);
        }
        self.row = usize::try_from(self.term.grid().cursor.point.line.0).unwrap_or(0);
    }

    fn push(&mut self, line: PlainLine) {
        if self.lines.len() < LINES {
            self.lines.push(line);
        } else {
            self.left_out += 1;
        }
    }

    fn text(&self, line: Line) -> String {
        let row = &self.term.grid()[line];
        let mut text = String::new();
        for column in 0..self.term.columns() {
            let cell = &row[Column(column)];
            if cell.flags.contains(Flags::WIDE_CHAR_SPACER) {
                continue;
            }
            text.push(if cell.flags.contains(Flags::HIDDEN) { ' ' } else { cell.c });
            text.extend(cell.zerowidth().into_iter().flatten());
        }
        text.truncate(text.trim_end().len());
        Text::<LINE_BYTES>::truncated(&text).shown()
    }

    /// The rows on the screen, without the empty ones at its end.
    fn rows(&self) -> Vec<String> {
        let rows = i32::try_from(self.term.screen_lines()).unwrap_or(0);
        let rows: Vec<String> = (0..rows).map(|row| self.text(Line(row))).collect();
        let end = rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
        rows.into_iter().take(end).collect()
    }

    /// All lines, and how many more there were.
    pub(super) fn finish(mut self, at_ms: u64) -> (Vec<PlainLine>, u64) {
        for (at, text) in self.rows().into_iter().enumerate() {
            let at_ms = self.reached.get(at).copied().unwrap_or(at_ms);
            self.push(PlainLine { at_ms, text });
        }
        if self.whole.is_empty() {
            return (self.lines, self.left_out);
        }
        let mut all = Vec::new();
        let mut whole = self.whole.into_iter().peekable();
        for (number, line) in self.lines.into_iter().enumerate() {
            while let Some((_, rows)) = whole.next_if(|(before, _)| *before <= number) {
                all.extend(rows);
            }
            all.push(line);
        }
        all.extend(whole.flat_map(|(_, rows)| rows));
        (all, self.left_out)
    }
}

/// Cuts output before each sequence that gives the whole screen back.
fn split_where_left(output: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut begins = 0;
    for at in 1..output.len() {
        let rest = output.get(at..).unwrap_or_default();
        if rest.first() == Some(&0x1B) && LEAVES.iter().any(|leaves| rest.starts_with(leaves)) {
            parts.extend(output.get(begins..at));
            begins = at;
        }
    }
    parts.extend(output.get(begins..));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(output: &[&str]) -> Vec<(u64, String)> {
        let mut plain = Plain::new(TerminalSize { columns: 20, rows: 3 });
        for (at, output) in output.iter().enumerate() {
            plain.feed(output.as_bytes(), at as u64);
        }
        let (lines, left_out) = plain.finish(99);
        assert_eq!(left_out, 0);
        lines.into_iter().map(|line| (line.at_ms, line.text)).collect()
    }

    #[test]
    fn every_line_is_there_once_with_its_time_and_without_sequences() {
        let seen = lines(&["$ ", "\x1b[31mls\x1b[0m\r\n", "a\r\nb\r\nc\r\n", "\x1b]0;title\x07$ \u{202E}e\u{301}世"]);
        let expected = [(0, "$ ls"), (1, "a"), (2, "b"), (2, "c"), (2, "$ e\u{301}世")];
        assert_eq!(seen, expected.map(|(at, text)| (at, text.to_owned())));
    }

    #[test]
    fn what_a_program_with_the_whole_screen_showed_last_stands_between() {
        let seen = lines(&["$ vim\r\n", "\x1b[?1049h\x1b[2J\x1b[Hfirst\r\nsecond", "\x1b[?1049l$ "]);
        let texts: Vec<String> = seen.into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["$ vim", "first", "second", "$"]);
    }

    #[test]
    fn a_cleared_screen_does_not_take_what_stood_there() {
        let seen = lines(&["one\r\ntwo\x1b[H\x1b[2Jthree"]);
        let texts: Vec<String> = seen.into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["one", "two", "three"]);
    }
}
