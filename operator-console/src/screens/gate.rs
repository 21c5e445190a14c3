//! The pages before the first key: making the operator's own key, the organisation's answer, signing in.

use super::look::look_ui;
use super::parts::{FieldKind, fact_ui, is_entered, path_field, strong, text_field};
use super::{Effect, ScreenState};
use crate::{gate_words, places, words};
use console_core::gate::{
    AnswerView, Busy, GateCommand, GateDone, GateProblem, GateStage, GateView, PASSWORD_LENGTH, Secret,
};
use egui::{Frame, Margin, Response, Ui};
use i18n::I18n;
use std::path::Path;
use std::time::{Duration, Instant};
use ui_kit::{
    TagKind, accent_card, avatar, body_secondary, button, card, heading, mark, mono_key, notice, primary_button, small,
    tag, theme, tiny, title,
};

/// Wider is harder to read.
const WIDEST: f32 = 560.0;
/// Size of the key's fingerprint, in points: to be read out.
const FINGERPRINT_SIZE: f32 = 22.0;

/// What these pages are drawn from.
#[derive(Clone, Copy)]
pub struct GateScene<'a> {
    /// The words.
    pub i18n: &'a I18n,
    /// The data.
    pub gate: &'a GateView,
    /// The time that the countdown counts to.
    pub now: Instant,
}

/// What was typed into these pages, and into those parts of the account's page that are the same.
pub struct GateState {
    name: String,
    password: String,
    again: String,
    old: String,
    answer: String,
    folder: String,
    /// Whether the operator wants to renew although nothing demands it.
    renews: bool,
    wants_focus: bool,
    shown: Option<std::mem::Discriminant<GateStage>>,
    told: Option<(Option<GateProblem>, Option<GateDone>)>,
}

impl Default for GateState {
    fn default() -> Self {
        Self {
            name: String::new(),
            password: String::new(),
            again: String::new(),
            old: String::new(),
            answer: String::new(),
            folder: places::downloads().display().to_string(),
            renews: false,
            wants_focus: false,
            shown: None,
            told: None,
        }
    }
}

impl GateState {
    /// Puts a chosen answer into its field.
    pub fn choose_answer(&mut self, path: &Path) {
        self.answer = path.display().to_string();
    }

    /// Puts a chosen folder into the field of the request.
    pub fn choose_folder(&mut self, path: &Path) {
        self.folder = path.display().to_string();
    }

    /// Begins a page anew when it is another one than before.
    fn note(&mut self, stage: &GateStage) {
        let now = Some(std::mem::discriminant(stage));
        if self.shown != now {
            self.shown = now;
            self.wants_focus = true;
            self.renews = false;
            self.answer.clear();
            self.forget_passwords();
        }
    }

    /// Empties the fields that hold passwords.
    pub(super) fn forget_passwords(&mut self) {
        for text in [&mut self.password, &mut self.again, &mut self.old] {
            drop(taken(text));
        }
    }

    fn focus(&mut self, field: &Response) {
        if std::mem::take(&mut self.wants_focus) {
            field.request_focus();
        }
    }
}

/// The text of a field, which is thereby empty, as something that is zeroed.
fn taken(text: &mut String) -> Secret {
    std::mem::take(text).into()
}

/// Draws the page that belongs to the gate, into a `ui` that fills the window.
pub fn gate_ui(ui: &mut Ui, scene: &GateScene<'_>, state: &mut ScreenState) {
    state.gate.note(&scene.gate.stage);
    let tokens = theme::tokens(ui);
    let frame = Frame::new().fill(tokens.background).inner_margin(Margin::symmetric(20, 20));
    egui::CentralPanel::default().frame(frame).show(ui, |ui| {
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let width = ui.available_width().min(WIDEST);
            let beside = (ui.available_width() - width) / 2.0;
            ui.horizontal_top(|ui| {
                ui.add_space(beside);
                ui.vertical(|ui| {
                    ui.set_max_width(width);
                    ui.spacing_mut().item_spacing.y = 12.0;
                    ui.horizontal(|ui| {
                        mark(ui, 24.0);
                        strong(ui, &scene.i18n.text("common-ponte"));
                    });
                    page_ui(ui, scene, state);
                    look_ui(ui, scene.i18n, state);
                });
            });
        });
    });
}

fn page_ui(ui: &mut Ui, scene: &GateScene<'_>, state: &mut ScreenState) {
    match &scene.gate.stage {
        GateStage::Empty => enrol_ui(ui, scene, state),
        GateStage::Requested { fingerprint, .. } => requested_ui(ui, scene, fingerprint, state),
        GateStage::Confirm(answer) => confirm_ui(ui, scene, answer, state),
        GateStage::Locked { name, until } => sign_in_ui(ui, scene, name, *until, state),
        // Signed in, and the engine comes in a moment, or says why not.
        GateStage::Open => told_ui(ui, scene.i18n, scene.gate, &mut state.gate),
        GateStage::Unusable => {
            title(ui, &scene.i18n.text("console-unusable-title"));
            told_ui(ui, scene.i18n, scene.gate, &mut state.gate);
            if primary_button(ui, &scene.i18n.text("console-unusable-again")).clicked() {
                ask(state, GateCommand::Reload);
            }
        }
    }
}

/// What went wrong or was done last; brought into sight when it is new, because what it is about may be far
/// below.
pub(super) fn told_ui(ui: &mut Ui, i18n: &I18n, gate: &GateView, state: &mut GateState) {
    let told = (gate.problem.clone(), gate.done.clone());
    let is_new = state.told.as_ref() != Some(&told);
    let responses = [
        gate.problem.as_ref().map(|problem| (TagKind::Warn, gate_words::problem(i18n, problem))),
        gate.done.as_ref().map(|done| (TagKind::Ok, gate_words::done(i18n, done))),
    ];
    for (kind, text) in responses.into_iter().flatten() {
        let response = notice(ui, kind, "", &text);
        if is_new {
            response.scroll_to_me(Some(egui::Align::Center));
        }
    }
    state.told = Some(told);
}

/// Has the gate do this; what comes of it is new, even if it is the same as before.
fn ask(state: &mut ScreenState, command: GateCommand) {
    state.gate.told = None;
    state.effects.push(Effect::Gate(command));
}

/// What is being done, where the button for it was.
fn busy_ui(ui: &mut Ui, i18n: &I18n, id: &str) {
    let accent = theme::tokens(ui).accent;
    ui.horizontal(|ui| {
        ui.add(egui::Spinner::new().size(20.0).color(accent));
        body_secondary(ui, &i18n.text(id));
    });
}

fn sign_in_ui(ui: &mut Ui, scene: &GateScene<'_>, name: &str, until: Option<Instant>, state: &mut ScreenState) {
    let i18n = scene.i18n;
    let busy = scene.gate.busy.is_some();
    title(ui, &i18n.text("console-sign-in-title"));
    told_ui(ui, i18n, scene.gate, &mut state.gate);
    accent_card(ui, |ui| {
        ui.horizontal(|ui| {
            avatar(ui, name, 40.0);
            strong(ui, name);
        });
        let may = !busy && until.is_none();
        let gate = &mut state.gate;
        let label = i18n.text("console-sign-in-password");
        let field = ui.add_enabled_ui(may, |ui| text_field(ui, FieldKind::Password, &label, &mut gate.password)).inner;
        let entered = is_entered(ui, &field);
        if may {
            gate.focus(&field);
        }
        ui.add_space(4.0);
        if scene.gate.busy == Some(Busy::SigningIn) {
            busy_ui(ui, i18n, "console-sign-in-busy");
        } else if let Some(until) = until {
            ui.ctx().request_repaint_after(words::until_next_second(until, scene.now));
            let seconds = words::seconds_left(until, scene.now);
            tag(ui, TagKind::Warn, &i18n.text_with("console-sign-in-wait", &[("seconds", seconds.into())]));
        } else {
            let ready = may && !gate.password.is_empty();
            let pressed = ui.add_enabled_ui(ready, |ui| primary_button(ui, &i18n.text("console-sign-in"))).inner;
            if (pressed.clicked() || entered) && ready {
                gate.wants_focus = true;
                let password = taken(&mut gate.password);
                ask(state, GateCommand::SignIn(password));
            }
        }
    });
    let forgotten = if scene.gate.is_recoverable { "console-forgotten-recoverable" } else { "console-forgotten" };
    let vault = scene.gate.vault.display().to_string();
    small(ui, &i18n.text_with(forgotten, &[("path", vault.into())]));
    let demanded = scene.gate.problem.as_ref().is_some_and(gate_words::answer_helps);
    let begun = matches!(scene.gate.done, Some(GateDone::RequestSaved(_)));
    if demanded || begun || state.gate.renews {
        renew_ui(ui, i18n, scene.gate, state);
    } else if button(ui, &i18n.text("console-renew-open")).clicked() {
        state.gate.renews = true;
    }
}

/// The request for the organisation, and its answer.
pub(super) fn renew_ui(ui: &mut Ui, i18n: &I18n, gate: &GateView, state: &mut ScreenState) {
    card(ui, |ui| {
        heading(ui, &i18n.text("console-renew-title"));
        body_secondary(ui, &i18n.text("console-renew-text"));
        request_ui(ui, i18n, state);
        ui.add_space(4.0);
        answer_ui(ui, i18n, gate, state);
    });
}

fn request_ui(ui: &mut Ui, i18n: &I18n, state: &mut ScreenState) {
    let field = path_field(ui, &i18n.text("console-request-folder"), &mut state.gate.folder);
    let entered = is_entered(ui, &field);
    ui.horizontal_wrapped(|ui| {
        if button(ui, &i18n.text("console-request-save")).clicked() || entered {
            let folder = places::typed_path(&state.gate.folder, places::home().as_deref());
            ask(state, GateCommand::SaveRequest(folder));
        }
        let browse = button(ui, &i18n.text("console-browse"));
        if browse.accessible_name(i18n.text("console-request-browse")).clicked() {
            state.effects.push(Effect::BrowseRequestFolder);
        }
    });
}

fn answer_ui(ui: &mut Ui, i18n: &I18n, gate: &GateView, state: &mut ScreenState) {
    let field = path_field(ui, &i18n.text("console-answer-path"), &mut state.gate.answer);
    let entered = is_entered(ui, &field);
    ui.horizontal_wrapped(|ui| {
        let ready = !state.gate.answer.trim().is_empty() && gate.busy.is_none();
        let take = i18n.text("console-answer-take");
        if (ui.add_enabled_ui(ready, |ui| primary_button(ui, &take)).inner.clicked() || entered) && ready {
            let path = places::typed_path(&state.gate.answer, places::home().as_deref());
            ask(state, GateCommand::Import(path));
        }
        let browse = button(ui, &i18n.text("console-browse"));
        if browse.accessible_name(i18n.text("console-answer-browse")).clicked() {
            state.effects.push(Effect::BrowseAnswer);
        }
    });
}

fn enrol_ui(ui: &mut Ui, scene: &GateScene<'_>, state: &mut ScreenState) {
    let i18n = scene.i18n;
    let may = scene.gate.busy.is_none();
    title(ui, &i18n.text("console-enrol-title"));
    body_secondary(ui, &i18n.text("console-enrol-text"));
    told_ui(ui, i18n, scene.gate, &mut state.gate);
    accent_card(ui, |ui| {
        let gate = &mut state.gate;
        let fields = ui.add_enabled_ui(may, |ui| {
            let name = text_field(ui, FieldKind::Name, &i18n.text("console-enrol-name"), &mut gate.name);
            let (password, entered) = new_password_ui(ui, i18n, gate);
            // After a refusal the passwords are to be typed again, and the name is still there.
            (if gate.name.is_empty() { name } else { password }, entered)
        });
        let (first, entered) = fields.inner;
        if may {
            gate.focus(&first);
        }
        ui.add_space(4.0);
        if !may {
            busy_ui(ui, i18n, "console-enrol-busy");
            return;
        }
        let ready = ![&gate.name, &gate.password, &gate.again].iter().any(|text| text.is_empty());
        let pressed = ui.add_enabled_ui(ready, |ui| primary_button(ui, &i18n.text("console-enrol-make"))).inner;
        if (pressed.clicked() || entered) && ready {
            let (password, again) = (taken(&mut gate.password), taken(&mut gate.again));
            let name = gate.name.trim().to_owned();
            gate.wants_focus = true;
            ask(state, GateCommand::MakeKey { name, password, again });
        }
    });
}

/// Two fields for a new password; gives the first, and whether Enter was pressed in the second.
fn new_password_ui(ui: &mut Ui, i18n: &I18n, gate: &mut GateState) -> (Response, bool) {
    let label = i18n.text("console-new-password");
    let first = text_field(ui, FieldKind::Password, &label, &mut gate.password);
    tiny(ui, &i18n.text_with("console-new-password-rules", &[("length", PASSWORD_LENGTH.into())]));
    let again = text_field(ui, FieldKind::Password, &i18n.text("console-new-password-again"), &mut gate.again);
    (first, is_entered(ui, &again))
}

fn requested_ui(ui: &mut Ui, scene: &GateScene<'_>, fingerprint: &str, state: &mut ScreenState) {
    let i18n = scene.i18n;
    title(ui, &i18n.text("console-requested-title"));
    told_ui(ui, i18n, scene.gate, &mut state.gate);
    card(ui, |ui| {
        heading(ui, &i18n.text("console-requested-send"));
        body_secondary(ui, &i18n.text("console-requested-send-text"));
        request_ui(ui, i18n, state);
    });
    card(ui, |ui| {
        heading(ui, &i18n.text("console-requested-compare"));
        body_secondary(ui, &i18n.text("console-requested-compare-text"));
        // As many groups in a row as there is room for, and never half of one.
        const GROUP_WIDTH: f32 = FINGERPRINT_SIZE * 3.0;
        let rows = if ui.available_width() > 6.0 * GROUP_WIDTH { 6 } else { 3 };
        let groups: Vec<&str> = fingerprint.split(' ').collect();
        for row in groups.chunks(rows) {
            mono_key(ui, &row.join(" "), FINGERPRINT_SIZE);
        }
    });
    accent_card(ui, |ui| {
        heading(ui, &i18n.text("console-requested-answer"));
        body_secondary(ui, &i18n.text("console-requested-answer-text"));
        answer_ui(ui, i18n, scene.gate, state);
    });
}

fn confirm_ui(ui: &mut Ui, scene: &GateScene<'_>, answer: &AnswerView, state: &mut ScreenState) {
    let i18n = scene.i18n;
    title(ui, &i18n.text("console-confirm-title"));
    told_ui(ui, i18n, scene.gate, &mut state.gate);
    accent_card(ui, |ui| {
        heading(ui, &answer.organisation);
        strong(ui, &answer.domain);
        body_secondary(ui, &i18n.text("console-confirm-text"));
        ui.add_space(4.0);
        fact_ui(ui, &i18n.text("console-fact-name"), &answer.name);
        if let Some(team) = &answer.team {
            fact_ui(ui, &i18n.text("console-fact-team"), team);
        }
        let end = gate_words::date(i18n, answer.ends_at_s, &answer.time_zone);
        fact_ui(ui, &i18n.text("console-fact-end"), &end);
        ui.add_space(4.0);
        ui.horizontal_wrapped(|ui| {
            let no = button(ui, &i18n.text("console-confirm-no"));
            state.gate.focus(&no);
            if no.clicked() {
                ask(state, GateCommand::Decline);
            }
            if primary_button(ui, &i18n.text("console-confirm-yes")).clicked() {
                ask(state, GateCommand::Accept);
            }
        });
    });
}

/// The card that changes the password.
pub(super) fn password_ui(ui: &mut Ui, i18n: &I18n, gate_view: &GateView, state: &mut ScreenState) {
    card(ui, |ui| {
        heading(ui, &i18n.text("console-password-title"));
        let known = if gate_view.is_recoverable { "console-password-recoverable" } else { "console-password-alone" };
        body_secondary(ui, &i18n.text(known));
        let may = gate_view.busy.is_none();
        let gate = &mut state.gate;
        let entered = ui.add_enabled_ui(may, |ui| {
            text_field(ui, FieldKind::Password, &i18n.text("console-old-password"), &mut gate.old);
            new_password_ui(ui, i18n, gate).1
        });
        ui.add_space(4.0);
        if gate_view.busy == Some(Busy::ChangingPassword) {
            busy_ui(ui, i18n, "console-password-busy");
            ui.ctx().request_repaint_after(Duration::from_secs(1));
            return;
        }
        let ready = may && ![&gate.old, &gate.password, &gate.again].iter().any(|text| text.is_empty());
        let change = i18n.text("console-password-change");
        let pressed = ui.add_enabled_ui(ready, |ui| primary_button(ui, &change)).inner;
        if (pressed.clicked() || entered.inner) && ready {
            let [old, new, again] = [&mut gate.old, &mut gate.password, &mut gate.again].map(taken);
            ask(state, GateCommand::ChangePassword { old, new, again });
        }
    });
}
