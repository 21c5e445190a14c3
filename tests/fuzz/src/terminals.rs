//! What a terminal's output comes to: the filter before the emulators, and both emulators behind it.

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::term::{Config, Osc52, Term};
use alacritty_terminal::vte::ansi::Processor;
use proto::shell::TerminalSize;
use session::{Piece, TerminalFilter};
use std::num::NonZeroU16;

struct Size(TerminalSize);

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

/// What comes through, and how many marks of a shell.
fn filtered(output: &[u8], piece: usize) -> (Vec<u8>, usize) {
    let (mut filter, mut shown, mut marks) = (TerminalFilter::new(), Vec::new(), 0);
    for piece in output.chunks(piece.max(1)).flat_map(|part| filter.feed(part)) {
        match piece {
            Piece::Output(bytes) => shown.extend(bytes),
            Piece::CommandBegins | Piece::CommandRuns => marks += 1,
        }
    }
    (shown, marks)
}

/// Pieces come to the same as the whole; nothing is added; no string to the terminal itself is left, so that a second
/// filter changes nothing; and neither emulator breaks at it, whatever their size.
pub fn terminal(data: &[u8]) {
    let [columns, rows, piece, output @ ..] = data else { return };
    let (shown, marks) = filtered(output, output.len());
    assert_eq!(filtered(output, (*piece).into()), (shown.clone(), marks));
    assert!(shown.len() <= output.len());
    let (again, marks) = filtered(&shown, shown.len());
    // A character that is not whole at the end waits for its rest.
    assert!(shown.starts_with(&again) && shown.len() - again.len() < 4 && marks == 0, "{shown:?} {again:?}");

    let size = TerminalSize { columns: (*columns).into(), rows: (*rows).into() }.clamped();
    let config = Config { scrolling_history: 100, osc52: Osc52::Disabled, ..Config::default() };
    let (mut term, mut parser) = (Term::new(config, &Size(size), VoidListener), Processor::<NeverWaits>::new());
    let sure = |length| NonZeroU16::new(length).unwrap();
    let mut panel = vt100::Parser::new(sure(size.rows), sure(size.columns), 0);
    let (first, second) = shown.split_at(shown.len() / 2);
    parser.advance(&mut term, first);
    panel.process(first);
    let turned = TerminalSize { columns: size.rows, rows: size.columns }.clamped();
    term.resize(Size(turned));
    panel.set_size(sure(turned.rows), sure(turned.columns));
    parser.advance(&mut term, second);
    panel.process(second);
    assert_eq!((term.columns(), term.screen_lines()), (turned.columns.into(), turned.rows.into()));
    assert_eq!(panel.screen().rows(0, turned.columns).count(), usize::from(turned.rows));
}

/// As the console draws: at once.
#[derive(Default)]
struct NeverWaits;

impl alacritty_terminal::vte::ansi::Timeout for NeverWaits {
    fn set_timeout(&mut self, _: std::time::Duration) {}

    fn clear_timeout(&mut self) {}

    fn pending_timeout(&self) -> bool {
        false
    }
}
