//! Draws the screen of a terminal: each character in its place, whatever font it comes from.

use console_core::terminal::{Cell, Ink, Screen, Shape};
use egui::{Color32, FontId, Painter, Pos2, Rect, Stroke, StrokeKind, pos2, vec2};
use ui_kit::Tokens;
use ui_kit::fonts::Weight;
use ui_kit::tokens::mix;

/// Size of a terminal's letters, in points.
const SIZE: f32 = 13.0;
/// Height of a row, in sizes of its letters.
const ROW: f32 = 1.35;
/// How much lighter or darker than a ground of its own a letter must be.
const READABLE: f32 = 95.0;
/// How much of the ground dim letters take on.
const DIM: f32 = 0.4;

/// The place that one character takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Width of a place, in points.
    pub width: f32,
    /// Height of a row, in points.
    pub height: f32,
}

impl Grid {
    /// As the font has it.
    #[must_use]
    pub fn of(painter: &Painter) -> Self {
        const COUNT: usize = 64;
        let measured = painter.layout_no_wrap("0".repeat(COUNT), font(false), Color32::WHITE);
        Self { width: (measured.size().x / COUNT as f32).max(1.0), height: (SIZE * ROW).round() }
    }

    /// How many columns and rows have room there.
    #[must_use]
    pub fn room(self, area: Rect) -> (u16, u16) {
        let count = |length: f32, each: f32| (length / each).floor().clamp(0.0, f32::from(u16::MAX)) as u16;
        (count(area.width(), self.width), count(area.height(), self.height))
    }

    /// Row and column of a position, and whether it is at the right half of the place.
    #[must_use]
    pub fn place(self, area: Rect, at: Pos2) -> (u16, u16, bool) {
        let column = ((at.x - area.left()) / self.width).max(0.0);
        let row = ((at.y - area.top()) / self.height).max(0.0);
        (row as u16, column as u16, column.fract() >= 0.5)
    }

    fn rect(self, area: Rect, row: usize, column: usize, columns: u8) -> Rect {
        let corner = area.left_top() + vec2(column as f32 * self.width, row as f32 * self.height);
        Rect::from_min_size(corner, vec2(self.width * f32::from(columns.max(1)), self.height))
    }
}

fn font(bold: bool) -> FontId {
    if bold { Weight::MonoSemiBold.at(SIZE) } else { Weight::Mono.at(SIZE) }
}

/// Draws all of it; `focused` says whether keys go there.
pub fn paint(painter: &Painter, grid: Grid, area: Rect, screen: &Screen, tokens: &Tokens, focused: bool) {
    for (at, row) in screen.rows.iter().enumerate() {
        paint_grounds(painter, grid, area, at, row, tokens);
        paint_letters(painter, grid, area, at, row, tokens);
    }
    let Some((row, column)) = screen.cursor else { return };
    let cell = screen.rows.get(usize::from(row)).and_then(|cells| cells.get(usize::from(column)));
    let place = grid.rect(area, row.into(), column.into(), cell.map_or(1, |cell| cell.width));
    match (focused, screen.shape) {
        (false, _) => {
            painter.rect_stroke(place, 0.0, Stroke::new(1.0, tokens.ink_secondary), StrokeKind::Inside);
        }
        (true, Shape::Block) => {
            painter.rect_filled(place, 0.0, tokens.ink);
            if let Some(cell) = cell {
                letter(painter, place, cell, tokens.terminal_ground);
            }
        }
        (true, Shape::Underline) => {
            let line = Rect::from_min_max(pos2(place.left(), place.bottom() - 2.0), place.max);
            painter.rect_filled(line, 0.0, tokens.ink);
        }
        (true, Shape::Beam) => {
            let line = Rect::from_min_size(place.min, vec2(2.0, place.height()));
            painter.rect_filled(line, 0.0, tokens.ink);
        }
    }
}

/// The colours of a character and its ground.
fn colours(cell: &Cell, tokens: &Tokens) -> (Color32, Color32) {
    let (mut ink, mut paper) =
        (colour(cell.ink, tokens.ink, tokens), colour(cell.paper, tokens.terminal_ground, tokens));
    if cell.inverse {
        (ink, paper) = (paper, ink);
    }
    if cell.dim {
        ink = mix(ink, paper, DIM);
    }
    if cell.selected {
        (ink, paper) = (tokens.on_accent, tokens.accent);
    } else if paper != tokens.terminal_ground && (light(ink) - light(paper)).abs() < READABLE {
        // Programs choose pairs for colours that are not those of this window.
        let (one, other) = (tokens.ink, tokens.terminal_ground);
        ink = if (light(one) - light(paper)).abs() > (light(other) - light(paper)).abs() { one } else { other };
    }
    (ink, paper)
}

/// How light a colour is, from 0 to 255.
fn light(colour: Color32) -> f32 {
    0.299 * f32::from(colour.r()) + 0.587 * f32::from(colour.g()) + 0.114 * f32::from(colour.b())
}

fn colour(ink: Ink, usual: Color32, tokens: &Tokens) -> Color32 {
    match ink {
        Ink::Usual => usual,
        Ink::Rgb(red, green, blue) => Color32::from_rgb(red, green, blue),
        Ink::Indexed(index) => match tokens.terminal.get(usize::from(index)) {
            Some(own) => *own,
            None => indexed(index),
        },
    }
}

/// The colours from 16 on, as xterm has them: a cube of six steps each, then greys.
fn indexed(index: u8) -> Color32 {
    if index >= 232 {
        return Color32::from_gray(8 + 10 * (index - 232));
    }
    let step = |share: u8| if share == 0 { 0 } else { 55 + 40 * share };
    let cube = index.saturating_sub(16);
    Color32::from_rgb(step(cube / 36), step(cube / 6 % 6), step(cube % 6))
}

/// The grounds of a row that are not the usual one, as few rectangles as there are colours.
fn paint_grounds(painter: &Painter, grid: Grid, area: Rect, at: usize, row: &[Cell], tokens: &Tokens) {
    let mut column = 0;
    for same in row.chunk_by(|one, other| colours(one, tokens).1 == colours(other, tokens).1) {
        let paper = same.first().map_or(tokens.terminal_ground, |cell| colours(cell, tokens).1);
        if paper != tokens.terminal_ground {
            let from = grid.rect(area, at, column, 1);
            let to = grid.rect(area, at, column + same.len() - 1, 1);
            painter.rect_filled(from.union(to), 0.0, paper);
        }
        column += same.len();
    }
}

/// Whether a character is as wide as a place in the font of this window, so that many can be drawn at once.
fn is_simple(cell: &Cell) -> bool {
    cell.character.is_ascii() && cell.marks.is_none() && cell.width == 1
}

fn is_alike(one: &Cell, other: &Cell, tokens: &Tokens) -> bool {
    is_simple(one)
        && is_simple(other)
        && colours(one, tokens).0 == colours(other, tokens).0
        && (one.bold, one.underline, one.strikeout) == (other.bold, other.underline, other.strikeout)
}

fn paint_letters(painter: &Painter, grid: Grid, area: Rect, at: usize, row: &[Cell], tokens: &Tokens) {
    let mut column = 0;
    for same in row.chunk_by(|one, other| is_alike(one, other, tokens)) {
        let Some(first) = same.first() else { continue };
        let (ink, _) = colours(first, tokens);
        let place = grid.rect(area, at, column, first.width);
        let whole = place.union(grid.rect(area, at, column + same.len() - 1, 1));
        column += same.len();
        if first.underline {
            painter.hline(whole.x_range(), whole.bottom() - 2.0, Stroke::new(1.0, ink));
        }
        if first.strikeout {
            painter.hline(whole.x_range(), whole.center().y, Stroke::new(1.0, ink));
        }
        if !is_simple(first) {
            letter(painter, place, first, ink);
            continue;
        }
        let text: String = same.iter().map(|cell| cell.character).collect();
        if !text.trim_end().is_empty() {
            let galley = painter.layout_no_wrap(text, font(first.bold), ink);
            painter.galley(pos2(whole.left(), whole.center().y - galley.size().y / 2.0), galley, ink);
        }
    }
}

/// One character by itself in its place.
fn letter(painter: &Painter, place: Rect, cell: &Cell, ink: Color32) {
    if cell.width == 0 || cell.character == ' ' && cell.marks.is_none() {
        return;
    }
    if block(painter, place, cell.character, ink) {
        return;
    }
    let mut text = String::from(cell.character);
    text.push_str(cell.marks.as_deref().unwrap_or_default());
    let galley = painter.layout_no_wrap(text, font(cell.bold), ink);
    // From another font it may have another width.
    let left = place.center().x - galley.size().x.min(place.width() * 1.5) / 2.0;
    painter.galley(pos2(left, place.center().y - galley.size().y / 2.0), galley, ink);
}

/// Lines and blocks, which must meet from place to place, are drawn and not written. False for other characters.
fn block(painter: &Painter, place: Rect, character: char, ink: Color32) -> bool {
    let middle = place.center();
    let part = |from: f32, to: f32| {
        let (top, height) = (place.top(), place.height());
        Rect::from_x_y_ranges(place.x_range(), top + height * from..=top + height * to)
    };
    let (left, right, up, down) = match character {
        '█' => return fill(painter, place, ink),
        '▀' => return fill(painter, part(0.0, 0.5), ink),
        '▁'..='▇' => {
            let eighths = (u32::from(character) - 0x2580) as f32 / 8.0;
            return fill(painter, part(1.0 - eighths, 1.0), ink);
        }
        '▌' => return fill(painter, Rect::from_min_max(place.min, pos2(middle.x, place.bottom())), ink),
        '▐' => return fill(painter, Rect::from_min_max(pos2(middle.x, place.top()), place.max), ink),
        '░' => return fill(painter, place, ink.gamma_multiply(0.25)),
        '▒' => return fill(painter, place, ink.gamma_multiply(0.5)),
        '▓' => return fill(painter, place, ink.gamma_multiply(0.75)),
        '─' | '━' | '═' => (true, true, false, false),
        '│' | '┃' | '║' => (false, false, true, true),
        '┌' | '╭' | '╔' => (false, true, false, true),
        '┐' | '╮' | '╗' => (true, false, false, true),
        '└' | '╰' | '╚' => (false, true, true, false),
        '┘' | '╯' | '╝' => (true, false, true, false),
        '├' | '╠' => (false, true, true, true),
        '┤' | '╣' => (true, false, true, true),
        '┬' | '╦' => (true, true, false, true),
        '┴' | '╩' => (true, true, true, false),
        '┼' | '╬' => (true, true, true, true),
        _ => return false,
    };
    let stroke = Stroke::new(1.0, ink);
    if left || right {
        let from = if left { place.left() } else { middle.x };
        let to = if right { place.right() } else { middle.x };
        painter.hline(from..=to, middle.y, stroke);
    }
    if up || down {
        let from = if up { place.top() } else { middle.y };
        let to = if down { place.bottom() } else { middle.y };
        painter.vline(middle.x, from..=to, stroke);
    }
    true
}

fn fill(painter: &Painter, place: Rect, ink: Color32) -> bool {
    painter.rect_filled(place, 0.0, ink);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_256_colours_are_those_of_xterm() {
        let rows = [
            (16, 0, 0, 0),
            (21, 0, 0, 255),
            (196, 255, 0, 0),
            (110, 135, 175, 215),
            (232, 8, 8, 8),
            (255, 238, 238, 238),
        ];
        for (index, red, green, blue) in rows {
            assert_eq!(indexed(index), Color32::from_rgb(red, green, blue), "{index}");
        }
        for tokens in [Tokens::LIGHT, Tokens::DARK] {
            assert_eq!(colour(Ink::Indexed(1), tokens.ink, &tokens), tokens.terminal[1]);
        }
    }

    #[test]
    fn a_position_is_in_the_place_that_is_drawn_there() {
        let (grid, area) = (Grid { width: 8.0, height: 18.0 }, Rect::from_min_size(pos2(10.0, 20.0), vec2(80.0, 36.0)));
        assert_eq!(grid.room(area), (10, 2));
        assert_eq!(grid.place(area, pos2(10.0 + 3.0 * 8.0 + 5.0, 20.0 + 19.0)), (1, 3, true));
        assert_eq!(grid.place(area, pos2(0.0, 0.0)), (0, 0, false));
    }
}
