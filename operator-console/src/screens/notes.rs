//! What the operator keeps of a session: who it was, a summary, tags, and what became of it. All of it is saved
//! while it is typed; nothing of it goes to the client.

use super::parts::{AtMost, FieldKind, focus_ring, text_field};
use super::{Effect, Scene, ScreenState};
use crate::desk::DeskCommand;
use console_core::records::{Description, NOTES_BYTES, Outcome, Record, RecordId};
use egui::{Frame, Key, Margin, Modifiers, Response, Stroke, TextEdit, Ui, vec2};
use ui_kit::fonts::Weight;
use ui_kit::{TagKind, card, heading, notice, small, theme, tiny};

/// Height of the summary in the column beside the screen, and on a page of its own, in points.
const HEIGHTS: (f32, f32) = (96.0, 132.0);

/// What is being written.
#[derive(Debug, Default)]
pub struct NotesState {
    /// Whether the fields are open beside the screen.
    pub open: bool,
    /// Of which session the texts are.
    of: Option<RecordId>,
    name: String,
    notes: String,
    tags: String,
    /// Where the keyboard is.
    typing: Option<Field>,
    wants_focus: bool,
}

/// One of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    Summary,
    Tags,
}

impl NotesState {
    /// Opens the fields and puts the keyboard there.
    pub fn open(&mut self) {
        (self.open, self.wants_focus) = (true, true);
    }

    /// Takes what is kept, but for the text that is being typed: it may have been written in another tab meanwhile.
    fn load(&mut self, record: &Record) {
        if self.of.as_ref() != Some(&record.id) {
            self.of = Some(record.id.clone());
            self.typing = None;
        }
        if self.typing != Some(Field::Name) {
            self.name.clone_from(&record.kept.name);
        }
        if self.typing != Some(Field::Summary) {
            self.notes.clone_from(&record.kept.notes);
        }
        if self.typing != Some(Field::Tags) {
            self.tags = record.kept.tags.join(", ");
        }
    }
}

/// The message that names an outcome.
#[must_use]
pub fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Solved => "console-outcome-solved",
        Outcome::NotSolved => "console-outcome-not-solved",
        Outcome::ToContinue => "console-outcome-to-continue",
        Outcome::Refused => "console-outcome-refused",
    }
}

/// The tags in a line, between commas.
fn tags_of(line: &str) -> Vec<String> {
    line.split(',').map(str::to_owned).collect()
}

/// The fields of a session; `is_wide` on a page of their own.
pub fn notes_ui(ui: &mut Ui, scene: &Scene<'_>, record: &Record, is_wide: bool, state: &mut ScreenState) {
    state.notes.load(record);
    let i18n = scene.i18n;
    let notes = &mut state.notes;
    let describe = |what| Effect::Desk(DeskCommand::Describe(record.id.clone(), what));
    ui.push_id(("notes", record.id.to_string()), |ui| {
        let name = text_field(ui, FieldKind::Name, &i18n.text("console-notes-name"), &mut notes.name);
        if name.changed() {
            state.effects.push(describe(Description::Name(notes.name.clone())));
        }
        let height = if is_wide { HEIGHTS.1 } else { HEIGHTS.0 };
        let summary = summary_ui(ui, &i18n.text("console-notes-summary"), height, &mut notes.notes);
        if std::mem::take(&mut notes.wants_focus) {
            summary.request_focus();
            summary.scroll_to_me(None);
        }
        if summary.changed() {
            state.effects.push(describe(Description::Notes(notes.notes.clone())));
        }
        let tags = text_field(ui, FieldKind::Path, &i18n.text("console-notes-tags"), &mut notes.tags);
        if tags.changed() {
            state.effects.push(describe(Description::Tags(tags_of(&notes.tags))));
        }
        let fields = [(name, Field::Name), (summary, Field::Summary), (tags, Field::Tags)];
        notes.typing = fields.into_iter().find(|(field, _)| field.has_focus()).map(|(_, field)| field);
    });
    if scene.desk.records_failed {
        notice(ui, TagKind::Warn, "", &i18n.text("console-notes-not-saved"));
    } else {
        tiny(ui, &i18n.text("console-notes-text"));
    }
}

fn summary_ui(ui: &mut Ui, label: &str, height: f32, text: &mut String) -> Response {
    let tokens = theme::tokens(ui);
    tiny(ui, label);
    let frame = Frame::new()
        .fill(tokens.surface)
        .stroke(Stroke::new(1.0, tokens.edge))
        .corner_radius(tokens.radius)
        .inner_margin(Margin::symmetric(12, 8));
    let field = ui.add(
        TextEdit::multiline(&mut AtMost { text, bytes: NOTES_BYTES })
            .id_salt("summary")
            .font(Weight::Regular.at(tokens.small_size))
            .text_color(tokens.ink)
            .desired_width(ui.available_width())
            .min_size(vec2(0.0, height))
            .frame(frame),
    );
    focus_ring(ui, &field, field.rect);
    field.accessible_name(label)
}

/// The question what became of it: a key for each answer, and none needed.
pub fn outcome_ui(ui: &mut Ui, scene: &Scene<'_>, record: &Record, state: &mut ScreenState) {
    let i18n = scene.i18n;
    card(ui, |ui| {
        heading(ui, &i18n.text("console-outcome-title"));
        let chosen = outcome_row_ui(ui, scene, record.kept.outcome, !ui.ctx().text_edit_focused());
        if let Some(outcome) = chosen {
            let what = Description::Outcome(outcome);
            state.effects.push(Effect::Desk(DeskCommand::Describe(record.id.clone(), what)));
        }
        small(ui, &i18n.text("console-outcome-text"));
    });
}

/// One button for each outcome. Gives what it is to be from now on; the chosen one again takes the answer back.
fn outcome_row_ui(ui: &mut Ui, scene: &Scene<'_>, now: Option<Outcome>, takes_keys: bool) -> Option<Option<Outcome>> {
    const KEYS: [Key; 4] = [Key::Num1, Key::Num2, Key::Num3, Key::Num4];
    let tokens = theme::tokens(ui);
    let mut chosen = None;
    ui.horizontal_wrapped(|ui| {
        for ((outcome, key), number) in Outcome::ALL.into_iter().zip(KEYS).zip(1..) {
            let is_chosen = now == Some(outcome);
            let name = scene.i18n.text(outcome_name(outcome));
            let (weight, ink) =
                if is_chosen { (Weight::SemiBold, tokens.accent) } else { (Weight::Regular, tokens.ink) };
            let words = egui::RichText::new(format!("{number}  {name}")).font(weight.at(tokens.body_size)).color(ink);
            let fill = if is_chosen { tokens.accent_soft } else { tokens.surface };
            let edge = Stroke::new(1.0, if is_chosen { tokens.accent } else { tokens.edge });
            let button = egui::Button::new(words).selected(is_chosen).fill(fill).stroke(edge);
            let button = ui.add(button.corner_radius(tokens.radius).min_size(vec2(0.0, tokens.control_height)));
            focus_ring(ui, &button, button.rect);
            let button = button.accessible_name(name);
            let by_key = takes_keys && ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
            if button.clicked() || by_key {
                chosen = Some((!is_chosen).then_some(outcome));
            }
        }
    });
    chosen
}
