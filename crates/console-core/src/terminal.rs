//! The screen of a terminal on the client's machine: what its output makes of it, for whoever draws it.
//!
//! Output is hostile. It can change what this screen shows and nothing else: strings to the terminal itself
//! (clipboard, titles, links) never reach the emulator, see [`session::TerminalFilter`], and it answers nothing: what
//! programs ask is answered on their own machine.

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::{Dimensions, Scroll};
use alacritty_terminal::index::{Column, Line, Point, Side};
use alacritty_terminal::selection::{Selection, SelectionType};
use alacritty_terminal::term::cell::{Cell as Held, Flags};
use alacritty_terminal::term::{Config, Osc52, Term, TermMode};
use alacritty_terminal::vte::ansi::{Color, CursorShape, NamedColor, Processor, Timeout};
use proto::shell::TerminalSize;
use session::{CHARACTER_MARKS, Piece, TerminalFilter};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Lines that have left the screen and can be scrolled back to: at the widest some 40 MB.
const SCROLLBACK_LINES: usize = 3000;

/// The screen of one terminal; its copies are the same one.
#[derive(Clone)]
pub struct Terminal(Arc<Shared>);

struct Shared {
    emulator: Mutex<Emulator>,
    /// How many wait to draw it or to do something with it.
    waiting: AtomicUsize,
}

struct Emulator {
    term: Term<VoidListener>,
    parser: Processor<NeverWaits>,
    filter: TerminalFilter,
}

/// Programs may want to be drawn only when they are done; here that holds nothing back.
#[derive(Default)]
struct NeverWaits;

impl Timeout for NeverWaits {
    fn set_timeout(&mut self, _: Duration) {}

    fn clear_timeout(&mut self) {}

    fn pending_timeout(&self) -> bool {
        false
    }
}

/// A size as the emulator wants it.
pub(crate) struct Size(pub(crate) TerminalSize);

impl Dimensions for Size {
    fn total_lines(&self) -> usize {
        self.screen_lines()
    }

    fn screen_lines(&self) -> usize {
        self.0.rows.into()
    }

    fn columns(&self) -> usize {
        self.0.columns.into()
    }
}

/// What a terminal shows at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// Its size.
    pub size: TerminalSize,
    /// The rows that are shown, from the top.
    pub rows: Vec<Vec<Cell>>,
    /// Row and column of the cursor, where it is shown.
    pub cursor: Option<(u16, u16)>,
    /// How the cursor looks.
    pub shape: Shape,
    /// How many lines the view is scrolled back.
    pub scrolled_back: usize,
    /// How many lines there are to scroll back to.
    pub scrollback: usize,
}

/// How a cursor looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A filled cell.
    Block,
    /// A line below.
    Underline,
    /// A line before.
    Beam,
}

/// One character's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The character, a blank where there is none.
    pub character: char,
    /// Marks that are drawn over it.
    pub marks: Option<Box<str>>,
    /// How many columns it takes: 2 for wide ones; 0 for the place that a wide one before covers.
    pub width: u8,
    /// Its colour.
    pub ink: Ink,
    /// That of its place.
    pub paper: Ink,
    /// Whether the two are exchanged.
    pub inverse: bool,
    /// Thick letters.
    pub bold: bool,
    /// Less ink.
    pub dim: bool,
    /// A line below.
    pub underline: bool,
    /// A line through it.
    pub strikeout: bool,
    /// Whether it is selected.
    pub selected: bool,
}

/// A colour as programs name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// That of the window's letters, or its paper.
    Usual,
    /// One of 256; the first 16 are the window's own.
    Indexed(u8),
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

/// What keys and pastes mean to the program in the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyMode {
    /// Arrows come as a program with the whole screen wants them (DECCKM).
    pub application_cursor: bool,
    /// What is pasted comes between marks.
    pub bracketed_paste: bool,
    /// A program has the whole screen: there is nothing to scroll back to.
    pub alternate_screen: bool,
}

impl Terminal {
    /// An empty one.
    #[must_use]
    pub fn new(size: TerminalSize) -> Self {
        let config = Config { scrolling_history: SCROLLBACK_LINES, osc52: Osc52::Disabled, ..Config::default() };
        let term = Term::new(config, &Size(size.clamped()), VoidListener);
        let (parser, filter) = (Processor::new(), TerminalFilter::new());
        let emulator = Mutex::new(Emulator { term, parser, filter });
        Self(Arc::new(Shared { emulator, waiting: AtomicUsize::new(0) }))
    }

    /// A turn of the window's.
    fn emulator(&self) -> MutexGuard<'_, Emulator> {
        self.0.waiting.fetch_add(1, Ordering::SeqCst);
        let emulator = self.0.emulator.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
        emulator
    }

    /// Whether somebody waits for a turn: who feeds output without end lets them, because a lock alone is not fair.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.0.waiting.load(Ordering::SeqCst) > 0
    }

    /// Takes output.
    pub fn feed(&self, output: &[u8]) {
        let mut emulator = self.0.emulator.lock().unwrap_or_else(PoisonError::into_inner);
        let Emulator { term, parser, filter } = &mut *emulator;
        for piece in filter.feed(output) {
            if let Piece::Output(bytes) = piece {
                parser.advance(term, &bytes);
            }
        }
    }

    /// How large it is.
    #[must_use]
    pub fn size(&self) -> TerminalSize {
        size_of(&self.emulator().term)
    }

    /// Gives it another size; false if it has that already.
    pub fn resize(&self, size: TerminalSize) -> bool {
        let size = size.clamped();
        let mut emulator = self.emulator();
        let is_new = size_of(&emulator.term) != size;
        if is_new {
            emulator.term.resize(Size(size));
        }
        is_new
    }

    /// What is to be drawn.
    #[must_use]
    pub fn screen(&self) -> Screen {
        let emulator = self.emulator();
        let term = &emulator.term;
        let (size, grid) = (size_of(term), term.grid());
        let scrolled_back = grid.display_offset();
        let selection = term.selection.as_ref().and_then(|selection| selection.to_range(term));
        let row = |row: u16| {
            let line = line_of(row, scrolled_back);
            let cells = (0..size.columns).map(|column| {
                let point = Point::new(line, Column(column.into()));
                cell(&grid[point], selection.is_some_and(|selection| selection.contains(point)))
            });
            cells.collect()
        };
        let cursor = grid.cursor.point;
        let cursor_row = i64::from(cursor.line.0) + i64::try_from(scrolled_back).unwrap_or(i64::MAX);
        let cursor_row = u16::try_from(cursor_row).ok().filter(|row| *row < size.rows);
        let is_shown = term.mode().contains(TermMode::SHOW_CURSOR);
        Screen {
            size,
            rows: (0..size.rows).map(row).collect(),
            cursor: cursor_row.filter(|_| is_shown).zip(u16::try_from(cursor.column.0).ok()),
            shape: match term.cursor_style().shape {
                CursorShape::Underline => Shape::Underline,
                CursorShape::Beam => Shape::Beam,
                CursorShape::Block | CursorShape::HollowBlock | CursorShape::Hidden => Shape::Block,
            },
            scrolled_back,
            scrollback: grid.history_size(),
        }
    }

    /// What is shown, as text: a line for each row, without the blanks at their ends and the empty rows at the end.
    #[must_use]
    pub fn text(&self) -> String {
        let screen = self.screen();
        let rows: Vec<String> = screen.rows.iter().map(|row| row_text(row)).collect();
        let end = rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
        rows.get(..end).unwrap_or_default().join("\n")
    }

    /// What keys mean now.
    #[must_use]
    pub fn key_mode(&self) -> KeyMode {
        let mode = *self.emulator().term.mode();
        KeyMode {
            application_cursor: mode.contains(TermMode::APP_CURSOR),
            bracketed_paste: mode.contains(TermMode::BRACKETED_PASTE),
            alternate_screen: mode.contains(TermMode::ALT_SCREEN),
        }
    }

    /// Scrolls so many lines back, or forward where negative.
    pub fn scroll(&self, lines: i32) {
        self.emulator().term.scroll_display(Scroll::Delta(lines));
    }

    /// Back to where the cursor is.
    pub fn scroll_to_end(&self) {
        self.emulator().term.scroll_display(Scroll::Bottom);
    }

    /// Begins a selection at this row and column of what is shown, at the right half of the place or the left.
    pub fn select_from(&self, row: u16, column: u16, is_right: bool, kind: Select) {
        let mut emulator = self.emulator();
        let (point, side) = place(&emulator.term, row, column, is_right);
        let kind = match kind {
            Select::Characters => SelectionType::Simple,
            Select::Words => SelectionType::Semantic,
            Select::Lines => SelectionType::Lines,
        };
        emulator.term.selection = Some(Selection::new(kind, point, side));
    }

    /// Takes the selection to here.
    pub fn select_to(&self, row: u16, column: u16, is_right: bool) {
        let mut emulator = self.emulator();
        let (point, side) = place(&emulator.term, row, column, is_right);
        if let Some(selection) = emulator.term.selection.as_mut() {
            selection.update(point, side);
        }
    }

    /// Selects nothing.
    pub fn select_nothing(&self) {
        self.emulator().term.selection = None;
    }

    /// What is selected, if anything is; hostile text without controls.
    #[must_use]
    pub fn selected(&self) -> Option<String> {
        let text = self.emulator().term.selection_to_string()?;
        let text: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        (!text.is_empty()).then_some(text)
    }
}

/// How much a selection takes at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Select {
    /// Single characters.
    Characters,
    /// Whole words.
    Words,
    /// Whole lines.
    Lines,
}

impl fmt::Debug for Terminal {
    /// Nothing of what it shows: debug output ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Terminal")
    }
}

impl PartialEq for Terminal {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Terminal {}

fn size_of(term: &Term<VoidListener>) -> TerminalSize {
    let length = |length: usize| u16::try_from(length).unwrap_or(u16::MAX);
    TerminalSize { columns: length(term.columns()), rows: length(term.screen_lines()) }
}

fn line_of(row: u16, scrolled_back: usize) -> Line {
    Line(i32::from(row) - i32::try_from(scrolled_back).unwrap_or(i32::MAX))
}

/// Where a place of what is shown is; beyond the edges the nearest one.
fn place(term: &Term<VoidListener>, row: u16, column: u16, is_right: bool) -> (Point, Side) {
    let size = size_of(term);
    let line = line_of(row.min(size.rows.saturating_sub(1)), term.grid().display_offset());
    let point = Point::new(line, Column(column.min(size.columns.saturating_sub(1)).into()));
    (point, if is_right { Side::Right } else { Side::Left })
}

fn cell(held: &Held, selected: bool) -> Cell {
    let has = |flags| held.flags.intersects(flags);
    let is_hidden = has(Flags::HIDDEN);
    let marks = held.zerowidth().filter(|_| !is_hidden);
    let marks = marks.map(|marks| marks.iter().take(CHARACTER_MARKS).collect::<String>().into());
    Cell {
        character: if is_hidden || held.c.is_control() { ' ' } else { held.c },
        marks,
        width: match () {
            () if has(Flags::WIDE_CHAR) => 2,
            () if has(Flags::WIDE_CHAR_SPACER) => 0,
            () => 1,
        },
        ink: ink(held.fg),
        paper: ink(held.bg),
        inverse: has(Flags::INVERSE),
        bold: has(Flags::BOLD),
        dim: has(Flags::DIM),
        underline: has(Flags::ALL_UNDERLINES),
        strikeout: has(Flags::STRIKEOUT),
        selected,
    }
}

fn ink(colour: Color) -> Ink {
    match colour {
        Color::Spec(rgb) => Ink::Rgb(rgb.r, rgb.g, rgb.b),
        Color::Indexed(index) => Ink::Indexed(index),
        Color::Named(named) => match named {
            NamedColor::DimBlack => Ink::Indexed(0),
            NamedColor::DimRed => Ink::Indexed(1),
            NamedColor::DimGreen => Ink::Indexed(2),
            NamedColor::DimYellow => Ink::Indexed(3),
            NamedColor::DimBlue => Ink::Indexed(4),
            NamedColor::DimMagenta => Ink::Indexed(5),
            NamedColor::DimCyan => Ink::Indexed(6),
            NamedColor::DimWhite => Ink::Indexed(7),
            named => u8::try_from(named as usize).ok().filter(|index| *index < 16).map_or(Ink::Usual, Ink::Indexed),
        },
    }
}

/// A row as text, without the blanks at its end.
#[must_use]
pub fn row_text(row: &[Cell]) -> String {
    let mut text = String::with_capacity(row.len());
    for cell in row.iter().filter(|cell| cell.width > 0) {
        text.push(cell.character);
        text.push_str(cell.marks.as_deref().unwrap_or_default());
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal(output: &str) -> Terminal {
        let terminal = Terminal::new(TerminalSize { columns: 20, rows: 4 });
        terminal.feed(output.as_bytes());
        terminal
    }

    #[test]
    fn output_becomes_a_screen_with_colours_widths_and_a_cursor() {
        let terminal = terminal("\x1b[1;31mred\x1b[0m \x1b[48;2;1;2;3mx\x1b[0m\r\n世e\u{301}");
        let screen = terminal.screen();
        assert_eq!(terminal.text(), "red x\n世e\u{301}");
        let red = &screen.rows[0][0];
        assert_eq!((red.character, red.ink, red.bold), ('r', Ink::Indexed(1), true));
        assert_eq!(screen.rows[0][4].paper, Ink::Rgb(1, 2, 3));
        assert_eq!([0, 1, 2].map(|column| screen.rows[1][column].width), [2, 0, 1]);
        assert_eq!((screen.cursor, screen.shape), (Some((1, 3)), Shape::Block));
    }

    #[test]
    fn a_program_with_the_whole_screen_leaves_what_was_there_before() {
        let terminal = terminal("before\x1b[?1049h\x1b[2J\x1b[Hwhole");
        assert_eq!((terminal.text().as_str(), terminal.key_mode().alternate_screen), ("whole", true));
        terminal.feed(b"\x1b[?1049l");
        assert_eq!(terminal.text(), "before");
    }

    #[test]
    fn lines_that_left_can_be_scrolled_back_to_and_copied() {
        let terminal = terminal("one\r\ntwo\r\nthree\r\nfour\r\nfive");
        assert_eq!(terminal.text(), "two\nthree\nfour\nfive");
        terminal.scroll(5);
        let screen = terminal.screen();
        assert_eq!((screen.scrolled_back, screen.scrollback, screen.cursor), (1, 1, None));
        assert_eq!(terminal.text(), "one\ntwo\nthree\nfour");
        terminal.select_from(0, 1, false, Select::Characters);
        terminal.select_to(1, 1, true);
        assert_eq!(terminal.selected().as_deref(), Some("ne\ntw"));
        assert!(terminal.screen().rows[0][1].selected && !terminal.screen().rows[0][0].selected);
        terminal.scroll_to_end();
        terminal.select_from(9, 99, true, Select::Words);
        terminal.select_nothing();
        assert_eq!(terminal.selected(), None);
    }

    #[test]
    fn marks_do_not_pile_up_over_one_character_however_they_are_put_there() {
        let shown = |terminal: &Terminal| terminal.text().chars().filter(|c| *c == '\u{301}').count();
        let all_at_once = terminal(&format!("e{}", "\u{301}".repeat(10_000)));
        assert_eq!(shown(&all_at_once), CHARACTER_MARKS);
        // Back over it each time, after another character.
        let one_by_one = terminal(&"\x1b[1;1H\u{301}\x1b[1;5Hx".repeat(10_000));
        assert!(shown(&one_by_one) <= CHARACTER_MARKS);
        assert_eq!(terminal("Vie\u{323}\u{302}t").text(), "Vie\u{323}\u{302}t");
    }

    #[test]
    fn no_size_and_no_output_breaks_it() {
        let terminal = terminal("世界世界世界世界世界世界\u{301}");
        for (columns, rows) in [(0, 0), (65535, 65535), (2, 2), (1, 500), (500, 1), (80, 24)] {
            terminal.resize(TerminalSize { columns, rows });
            terminal.feed("世e\u{301}\t\x1b[999;999H世\x1b[9999L\x1b[9999@\x1b[999b".as_bytes());
            let size = TerminalSize { columns, rows }.clamped();
            assert_eq!(terminal.screen().size, size);
        }
    }
}
