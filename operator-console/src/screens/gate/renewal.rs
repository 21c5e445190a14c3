//! The request that goes to the organisation and the answer that comes back, as rows of the pages before the first key.

use super::super::parts::{FieldKind, bare_field, is_entered, path_field};
use super::super::{Effect, ScreenState};
use super::{GateState, ask, step_card};
use crate::{gate_words, places};
use console_core::gate::{GateCommand, GateProblem, GateView};
use egui::{Response, Ui};
use i18n::I18n;
use ui_kit::fonts::Weight;
use ui_kit::{body_secondary, button, heading, primary_button, theme, tiny};

/// Narrower a path beside its buttons says too little, in points.
const NARROWEST_PATH: f32 = 200.0;

/// What to do next of what lies between the operator and a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Send the request.
    Send,
    /// Open the answer.
    Answer,
}

impl Next {
    pub(super) fn of(gate: &GateView, state: &GateState) -> Self {
        let sends_again = matches!(gate.problem, Some(GateProblem::AnswerForAnotherKey));
        let is_sent = state.has_saved || !state.answer.trim().is_empty();
        let needs_answer = gate.problem.as_ref().is_some_and(gate_words::only_an_answer_helps);
        if needs_answer || (is_sent && !sends_again) { Self::Answer } else { Self::Send }
    }
}

/// The request for the organisation, and its answer; first on its page if nothing else helps.
pub(in crate::screens) fn renew_ui(ui: &mut Ui, i18n: &I18n, gate: &GateView, is_first: bool, state: &mut ScreenState) {
    step_card(ui, is_first, |ui| {
        heading(ui, &i18n.text("console-renew-title"));
        body_secondary(ui, &i18n.text("console-renew-text"));
        request_ui(ui, i18n, gate, is_first, state);
        ui.add_space(4.0);
        answer_ui(ui, i18n, gate, is_first, state);
    });
}

pub(super) fn request_ui(ui: &mut Ui, i18n: &I18n, gate: &GateView, takes_focus: bool, state: &mut ScreenState) {
    let row = PathRow {
        label: &i18n.text("console-request-folder"),
        act: &i18n.text("console-request-save"),
        browse: &i18n.text("console-browse"),
        browse_name: &i18n.text("console-request-browse"),
        is_next: Next::of(gate, &state.gate) == Next::Send,
        may: true,
    };
    let done = row.show(ui, &mut state.gate.folder);
    if takes_focus && row.is_next {
        state.gate.focus(&done.act);
    }
    if done.act.clicked() || done.entered {
        let folder = places::typed_path(&state.gate.folder, places::home().as_deref());
        ask(state, GateCommand::SaveRequest(folder));
    }
    if done.browses {
        state.effects.push(Effect::BrowseRequestFolder);
    }
}

pub(super) fn answer_ui(ui: &mut Ui, i18n: &I18n, gate: &GateView, takes_focus: bool, state: &mut ScreenState) {
    let row = PathRow {
        label: &i18n.text("console-answer-path"),
        act: &i18n.text("console-answer-take"),
        browse: &i18n.text("console-browse"),
        browse_name: &i18n.text("console-answer-browse"),
        is_next: Next::of(gate, &state.gate) == Next::Answer,
        may: !state.gate.answer.trim().is_empty() && gate.busy.is_none(),
    };
    let done = row.show(ui, &mut state.gate.answer);
    if takes_focus && row.is_next {
        state.gate.focus(&done.field);
    }
    if (done.act.clicked() || done.entered) && row.may {
        let path = places::typed_path(&state.gate.answer, places::home().as_deref());
        ask(state, GateCommand::Import(path));
    }
    if done.browses {
        state.effects.push(Effect::BrowseAnswer);
    }
}

/// A path and what is done with it: beside it where there is room, else below it.
struct PathRow<'a> {
    label: &'a str,
    act: &'a str,
    browse: &'a str,
    browse_name: &'a str,
    /// Whether this is what to do next.
    is_next: bool,
    /// Whether it can be done.
    may: bool,
}

/// What was done there.
struct RowDone {
    field: Response,
    act: Response,
    entered: bool,
    browses: bool,
}

impl PathRow<'_> {
    fn show(&self, ui: &mut Ui, path: &mut String) -> RowDone {
        let tokens = theme::tokens(ui);
        let font = Weight::SemiBold.at(tokens.button_size);
        let words = [self.act, self.browse].map(|words| {
            let galley = ui.painter().layout_no_wrap(words.to_owned(), font.clone(), tokens.ink);
            galley.size().x + 2.0 * tokens.button_padding + ui.spacing().item_spacing.x
        });
        let room = ui.available_width() - words.iter().sum::<f32>() - 1.0;
        let (field, entered, (act, browses)) = if room >= NARROWEST_PATH {
            tiny(ui, self.label);
            ui.horizontal(|ui| {
                let field = bare_field(ui, FieldKind::Path, self.label, path, room);
                let entered = is_entered(ui, &field);
                (field, entered, self.buttons(ui))
            })
            .inner
        } else {
            let field = path_field(ui, self.label, path);
            let entered = is_entered(ui, &field);
            (field, entered, ui.horizontal_wrapped(|ui| self.buttons(ui)).inner)
        };
        RowDone { field, act, entered, browses }
    }

    fn buttons(&self, ui: &mut Ui) -> (Response, bool) {
        let draw = if self.is_next { primary_button } else { button };
        let act = ui.add_enabled_ui(self.may, |ui| draw(ui, self.act)).inner;
        let browse = button(ui, self.browse).accessible_name(self.browse_name);
        (act, browse.clicked())
    }
}
