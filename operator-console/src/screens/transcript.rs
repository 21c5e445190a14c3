//! What the terminals of a past session showed, below its record: to read and to search.

use super::parts::{FieldKind, text_field};
use super::{Effect, Scene, ScreenState};
use crate::desk::DeskCommand;
use console_core::records::{PlainLine, Record, TerminalText, Transcript, TranscriptState};
use egui::{Frame, Label, Margin, RichText, ScrollArea, Ui, vec2};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use ui_kit::fonts::Weight;
use ui_kit::{body_secondary, button, small, theme, tiny};

/// How high the lines are, in points, before they scroll.
const HEIGHT: f32 = 300.0;
/// Height of a line, in points.
const ROW: f32 = 18.0;

/// What the list remembers of it.
#[derive(Debug, Default)]
pub(super) struct TranscriptFilter {
    words: String,
}

/// Nothing where there was no terminal.
pub(super) fn transcript_ui(ui: &mut Ui, scene: &Scene<'_>, record: &Record, state: &mut ScreenState) {
    if record.kept.terminals == 0 {
        return;
    }
    let i18n = scene.i18n;
    let opened = scene.desk.transcript.as_ref().filter(|opened| opened.id == record.id);
    let Some(opened) = opened else {
        if button(ui, &i18n.text("console-transcript-open")).clicked() {
            state.transcript.words.clear();
            state.effects.push(Effect::Desk(DeskCommand::OpenTranscript(Some(record.id.clone()))));
        }
        return;
    };
    ui.horizontal_wrapped(|ui| {
        if button(ui, &i18n.text("console-transcript-close")).clicked() {
            state.effects.push(Effect::Desk(DeskCommand::OpenTranscript(None)));
        }
        if matches!(opened.state, TranscriptState::Read(_))
            && button(ui, &i18n.text("console-transcript-save")).clicked()
        {
            state.effects.push(Effect::Desk(DeskCommand::SaveTranscript(record.id.clone())));
        }
    });
    match &opened.state {
        TranscriptState::Reading => drop(small(ui, &i18n.text("console-transcript-reading"))),
        TranscriptState::Failed => drop(small(ui, &i18n.text("console-transcript-failed"))),
        TranscriptState::Read(transcript) => read_ui(ui, scene, transcript, state),
    }
}

/// What is listed: a terminal's head, one of its lines, or what is to be said at its end.
enum Row<'a> {
    Head(&'a TerminalText),
    Line(&'a PlainLine),
    Words(String),
}

fn read_ui(ui: &mut Ui, scene: &Scene<'_>, transcript: &Transcript, state: &mut ScreenState) {
    let i18n = scene.i18n;
    text_field(ui, FieldKind::Name, &i18n.text("console-transcript-find"), &mut state.transcript.words);
    let words = state.transcript.words.to_lowercase();
    let words: Vec<&str> = words.split_whitespace().collect();
    let is_found = |line: &&PlainLine| {
        words.is_empty() || {
            let text = line.text.to_lowercase();
            words.iter().all(|word| text.contains(word))
        }
    };
    let mut rows = Vec::new();
    let mut is_empty = true;
    for terminal in &transcript.terminals {
        rows.push(Row::Head(terminal));
        let before = rows.len();
        rows.extend(terminal.lines.iter().filter(is_found).map(Row::Line));
        is_empty &= rows.len() == before;
        rows.extend(ends(scene, terminal).into_iter().map(Row::Words));
    }
    if transcript.is_damaged {
        rows.push(Row::Words(i18n.text("console-transcript-damaged")));
    }
    if is_empty && !words.is_empty() {
        body_secondary(ui, &i18n.text("console-transcript-nothing"));
        return;
    }
    let tokens = theme::tokens(ui);
    let (ink, pale) = (tokens.ink, tokens.ink_secondary);
    let frame = Frame::new().fill(tokens.sunken).corner_radius(tokens.radius).inner_margin(Margin::same(8));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 2.0;
        let room = vec2(ui.available_width(), (rows.len() as f32 * (ROW + 2.0)).min(HEIGHT));
        if !ui.is_rect_visible(egui::Rect::from_min_size(ui.cursor().min, room)) {
            // An area out of sight would draw its lower bar at the edge of the page.
            ui.allocate_space(room);
            return;
        }
        let area = ScrollArea::both()
            .id_salt("transcript")
            .max_height(HEIGHT)
            .min_scrolled_height(HEIGHT)
            .auto_shrink([false, true]);
        area.show_rows(ui, ROW, rows.len(), |ui, range| {
            for row in rows.get(range).unwrap_or_default() {
                let (text, font, ink) = match row {
                    Row::Head(terminal) => {
                        let time = i18n.when(at(terminal.opened_ms), SystemTime::now());
                        let text = i18n.text_with("console-transcript-terminal", &[("time", time.into())]);
                        (text, Weight::SemiBold.at(13.0), ink)
                    }
                    Row::Line(line) => {
                        let time = i18n.time_of_day(at(line.at_ms));
                        (format!("{time}  {}", line.text), Weight::Mono.at(13.0), ink)
                    }
                    Row::Words(words) => (words.clone(), Weight::Regular.at(13.0), pale),
                };
                ui.add(Label::new(RichText::new(text).font(font).color(ink)).extend().selectable(true));
            }
        });
    });
    for terminal in &transcript.terminals {
        if let Some((_, sha256)) = &terminal.closed {
            tiny(ui, &i18n.text_with("console-transcript-digest", &[("sha256", sha256.to_string().into())]));
        }
    }
}

fn at(ms: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(ms)
}

/// What a reader must know of how much of it is there.
fn ends(scene: &Scene<'_>, terminal: &TerminalText) -> Vec<String> {
    let mut words = Vec::new();
    if terminal.left_out > 0 {
        let count = [("count", terminal.left_out.to_string().into())];
        words.push(scene.i18n.text_with("console-transcript-left-out", &count));
    }
    if terminal.is_cut {
        words.push(scene.i18n.text("console-transcript-cut"));
    } else if terminal.closed.is_none() {
        words.push(scene.i18n.text("console-transcript-unclosed"));
    } else if !terminal.holds {
        words.push(scene.i18n.text("console-transcript-not-whole"));
    }
    words
}
