//! Which lines of a chat are drawn, and how high those are that are not: known from when they were laid out.

use super::chat::{ChatBubble, measured};
use egui::{Id, Ui, vec2};
use std::collections::HashMap;

/// What a line needs on the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// In points.
    pub(super) height: f32,
    /// Whether it is laid out and can be pressed in this frame.
    pub(super) is_drawn: bool,
}

/// What was measured of the lines, for as long as the talk has the same width and scale.
#[derive(Debug, Clone, Default)]
struct Measured {
    width: f32,
    pixels_per_point: f32,
    /// By the hash of the text: height in points, and whether there is an address in it.
    known: HashMap<u64, (f32, bool)>,
}

impl Measured {
    fn fit(&mut self, ui: &Ui, width: f32, lines: usize) {
        let pixels_per_point = ui.pixels_per_point();
        let is_same = self.width == width && self.pixels_per_point == pixels_per_point;
        // Lines that are gone leave something behind, which goes now and then.
        if !is_same || self.known.len() > 2 * lines + 100 {
            *self = Self { width, pixels_per_point, known: HashMap::with_capacity(lines) };
        }
    }

    fn of(&mut self, ui: &Ui, text: &str) -> (f32, bool) {
        let width = self.width;
        *self.known.entry(egui::epaint::util::hash(text)).or_insert_with(|| measured(ui, text, width))
    }
}

/// What each line needs. Drawn is what is in sight, as much again above and below it, where Tab and arrows go next from
/// there, and the line at which Tab stops.
pub(super) fn rows(ui: &Ui, talk: Id, lines: &[ChatBubble<'_>], width: f32, stop: usize) -> Vec<Row> {
    let id = talk.with("measured");
    let mut measured = ui.ctx().data_mut(|data| std::mem::take(data.get_temp_mut_or_default::<Measured>(id)));
    measured.fit(ui, width, lines.len());
    let gap = ui.spacing().item_spacing.y;
    let seen = ui.clip_rect();
    let (from, to) = (seen.top() - seen.height(), seen.bottom() + seen.height());
    let mut top = ui.cursor().top();
    let (mut link_above, mut link_below) = (None, None);
    let mut rows = Vec::with_capacity(lines.len());
    for (place, line) in lines.iter().enumerate() {
        let (height, has_address) = measured.of(ui, line.text);
        let (is_above, is_below) = (top + height < from, top > to);
        if has_address && is_above {
            link_above = Some(place);
        } else if has_address && is_below && link_below.is_none() {
            link_below = Some(place);
        }
        rows.push(Row { height, is_drawn: !(is_above || is_below) });
        top += height + gap;
    }
    let next = [stop.checked_sub(1), Some(stop), stop.checked_add(1), link_above, link_below];
    for place in next.into_iter().flatten() {
        if let Some(row) = rows.get_mut(place) {
            row.is_drawn = true;
        }
    }
    ui.ctx().data_mut(|data| data.insert_temp(id, measured));
    rows
}

/// Room of the lines that were passed over, until the next that is drawn.
#[derive(Debug, Default)]
pub(super) struct Skipped {
    heights: f32,
    lines: u16,
}

impl Skipped {
    pub(super) fn pass(&mut self, height: f32) {
        self.heights += height;
        self.lines = self.lines.saturating_add(1);
    }

    /// Leaves as much room as the lines would have taken.
    pub(super) fn fill(&mut self, ui: &mut Ui, width: f32) {
        let Self { heights, lines } = std::mem::take(self);
        if let Some(gaps) = lines.checked_sub(1) {
            ui.allocate_space(vec2(width, heights + f32::from(gaps) * ui.spacing().item_spacing.y));
        }
    }
}
