//! The pages before the first key: making the operator's own key, the organisation's answer, signing in.

mod renewal;

pub(super) use renewal::renew_ui;

use super::look::look_ui;
use super::parts::{FieldKind, fact_ui, is_entered, strong, text_field};
use super::{Effect, ScreenState};
use crate::{gate_words, places, words};
use console_core::gate::{
    AnswerView, Busy, GateCommand, GateDone, GateProblem, GateStage, GateView, PASSWORD_LENGTH, Secret,
};
use egui::{Frame, Label, Margin, Response, RichText, Stroke, StrokeKind, Ui};
use i18n::I18n;
use renewal::{Next, answer_ui, request_ui};
use std::path::Path;
use std::time::{Duration, Instant};
use ui_kit::fonts::Weight;
use ui_kit::{
    TagKind, accent_card, avatar, body_secondary, button, card, heading, mark, mono_key, primary_button, small, tag,
    theme, tiny, title,
};

/// Wider is harder to read.
const WIDEST: f32 = 560.0;
/// Size of the key's fingerprint, in points: to be read out.
const FINGERPRINT_SIZE: f32 = 22.0;

/// Room that is kept in sight under two answers, in points: the ring of the one that has the keyboard, and the edge.
const UNDER_ANSWERS: f32 = 24.0;
/// How many passes it takes until a page that has just come is laid out, and a few more.
const PASSES_TO_SIGHT: u8 = 4;

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
    /// Whether the certificate was what hindered, until the request is saved and after.
    was_demanded: bool,
    /// Whether the request was saved on this page.
    has_saved: bool,
    wants_focus: bool,
    /// How many times more what matters on the page is brought into sight: at first nothing is laid out yet.
    to_sight: u8,
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
            was_demanded: false,
            has_saved: false,
            wants_focus: false,
            to_sight: 0,
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
            self.to_sight = PASSES_TO_SIGHT;
            (self.renews, self.was_demanded, self.has_saved) = (false, false, false);
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
    state.has_saved |= matches!(gate.done, Some(GateDone::RequestSaved(_)));
    let problem = gate.problem.as_ref().map(|problem| gate_words::problem(i18n, problem));
    let done = gate.done.as_ref().map(|done| gate_words::done(i18n, done));
    for (is_good, text) in [(false, problem), (true, done)] {
        let Some(text) = text else { continue };
        let response = notice_ui(ui, is_good, &text);
        if is_new {
            response.scroll_to_me(Some(egui::Align::Center));
        }
    }
    state.told = Some(told);
}

/// What is told, as large as what it is about.
fn notice_ui(ui: &mut Ui, is_good: bool, text: &str) -> Response {
    let tokens = theme::tokens(ui);
    let (ink, fill) = if is_good { (tokens.good, tokens.good_soft) } else { (tokens.warning, tokens.warning_soft) };
    let stroke = if tokens.high_contrast { Stroke::new(2.0, ink) } else { Stroke::NONE };
    let frame = Frame::new().fill(fill).stroke(stroke).corner_radius(tokens.card_radius);
    let shown = frame.inner_margin(Margin::symmetric(20, 12)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let words = RichText::new(text).font(Weight::Regular.at(tokens.body_size)).color(ink);
        ui.add(Label::new(words.line_height(Some(21.0))).wrap());
    });
    shown.response
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
    title(ui, &i18n.text("console-sign-in-title"));
    if let Some(until) = until {
        // In place of "wrong", which it says too: what hinders is the time.
        ui.ctx().request_repaint_after(words::until_next_second(until, scene.now));
        let seconds = words::seconds_left(until, scene.now);
        notice_ui(ui, false, &i18n.text_with("console-sign-in-wait", &[("seconds", seconds.into())]));
    } else {
        told_ui(ui, i18n, scene.gate, &mut state.gate);
    }
    let begun = matches!(scene.gate.done, Some(GateDone::RequestSaved(_)));
    let demanded = scene.gate.problem.as_ref().is_some_and(gate_words::answer_helps);
    state.gate.wants_focus |= demanded && !state.gate.was_demanded;
    state.gate.was_demanded = demanded || (begun && state.gate.was_demanded);
    // What helps comes first: while the certificate hinders, no password does.
    let renews_first = state.gate.was_demanded;
    if renews_first {
        renew_ui(ui, i18n, scene.gate, true, state);
    }
    step_card(ui, !renews_first, |ui| password_entry_ui(ui, scene, name, until, state));
    let forgotten = if scene.gate.is_recoverable { "console-forgotten-recoverable" } else { "console-forgotten" };
    let vault = scene.gate.vault.display().to_string();
    small(ui, &i18n.text_with(forgotten, &[("path", vault.into())]));
    if renews_first {
        return;
    }
    if begun || state.gate.renews {
        renew_ui(ui, i18n, scene.gate, false, state);
    } else if button(ui, &i18n.text("console-renew-open")).clicked() {
        state.gate.renews = true;
    }
}

/// Whose vault it is, and its password.
fn password_entry_ui(ui: &mut Ui, scene: &GateScene<'_>, name: &str, until: Option<Instant>, state: &mut ScreenState) {
    let i18n = scene.i18n;
    ui.horizontal(|ui| {
        avatar(ui, name, 40.0);
        strong(ui, name);
    });
    let may = scene.gate.busy.is_none() && until.is_none();
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
        return;
    }
    let ready = may && !gate.password.is_empty();
    let pressed = ui.add_enabled_ui(ready, |ui| primary_button(ui, &i18n.text("console-sign-in"))).inner;
    if (pressed.clicked() || entered) && ready {
        gate.wants_focus = true;
        let password = taken(&mut gate.password);
        ask(state, GateCommand::SignIn(password));
    }
}

/// A card, with the accent if it is what to do next.
fn step_card(ui: &mut Ui, is_next: bool, contents: impl FnOnce(&mut Ui)) {
    if is_next {
        accent_card(ui, contents);
    } else {
        card(ui, contents);
    }
}

fn enrol_ui(ui: &mut Ui, scene: &GateScene<'_>, state: &mut ScreenState) {
    let i18n = scene.i18n;
    let may = scene.gate.busy.is_none();
    title(ui, &i18n.text("console-enrol-title"));
    body_secondary(ui, &i18n.text("console-enrol-text"));
    let fault = scene.gate.problem.as_ref().filter(|problem| gate_words::is_of_password(problem));
    if fault.is_none() {
        told_ui(ui, i18n, scene.gate, &mut state.gate);
    }
    accent_card(ui, |ui| {
        let gate = &mut state.gate;
        let fields = ui.add_enabled_ui(may, |ui| {
            let name = text_field(ui, FieldKind::Name, &i18n.text("console-enrol-name"), &mut gate.name);
            if scene.gate.problem == Some(GateProblem::BadName) {
                fault_ring(ui, &name);
            }
            let (password, entered) = new_password_ui(ui, i18n, fault, gate);
            // After a refusal the passwords are to be typed again, and the name is still there.
            let is_name = fault.is_none() && (gate.name.is_empty() || scene.gate.problem == Some(GateProblem::BadName));
            (if is_name { name } else { password }, entered)
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

/// Two fields for a new password, with what was wrong with the last one if it is told here; gives the first, and
/// whether Enter was pressed in the second.
fn new_password_ui(ui: &mut Ui, i18n: &I18n, fault: Option<&GateProblem>, gate: &mut GateState) -> (Response, bool) {
    let label = i18n.text("console-new-password");
    let first = text_field(ui, FieldKind::Password, &label, &mut gate.password);
    if let Some(fault) = fault {
        fault_ring(ui, &first);
        let tokens = theme::tokens(ui);
        let words = RichText::new(gate_words::problem(i18n, fault)).color(tokens.warning);
        ui.add(Label::new(words.font(Weight::SemiBold.at(tokens.small_size))).wrap());
    }
    tiny(ui, &i18n.text_with("console-new-password-rules", &[("length", PASSWORD_LENGTH.into())]));
    let again = text_field(ui, FieldKind::Password, &i18n.text("console-new-password-again"), &mut gate.again);
    (first, is_entered(ui, &again))
}

/// Around a field whose text was refused.
fn fault_ring(ui: &Ui, field: &Response) {
    let tokens = theme::tokens(ui);
    let stroke = Stroke::new(2.0, tokens.warning);
    ui.painter().rect_stroke(field.rect.expand(1.0), tokens.radius, stroke, StrokeKind::Outside);
}

fn requested_ui(ui: &mut Ui, scene: &GateScene<'_>, fingerprint: &str, state: &mut ScreenState) {
    let i18n = scene.i18n;
    title(ui, &i18n.text("console-requested-title"));
    told_ui(ui, i18n, scene.gate, &mut state.gate);
    let next = Next::of(scene.gate, &state.gate);
    step_card(ui, next == Next::Send, |ui| {
        ui.horizontal(|ui| {
            heading(ui, &i18n.text("console-requested-send"));
            if state.gate.has_saved {
                tag(ui, TagKind::Ok, &i18n.text("console-requested-saved"));
            }
        });
        body_secondary(ui, &i18n.text("console-requested-send-text"));
        request_ui(ui, i18n, scene.gate, false, state);
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
    step_card(ui, next == Next::Answer, |ui| {
        heading(ui, &i18n.text("console-requested-answer"));
        body_secondary(ui, &i18n.text("console-requested-answer-text"));
        answer_ui(ui, i18n, scene.gate, false, state);
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
            // Room for the ring around the one that has the keyboard.
            ui.spacing_mut().item_spacing.x = 14.0;
            ui.add_space(4.0);
            let no = button(ui, &i18n.text("console-confirm-no"));
            state.gate.focus(&no);
            if let Some(rest) = state.gate.to_sight.checked_sub(1) {
                // Both answers are to be seen whole, whatever the window is like.
                state.gate.to_sight = rest;
                ui.scroll_to_rect(no.rect.expand(UNDER_ANSWERS), Some(egui::Align::Max));
                ui.ctx().request_repaint();
            }
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
            new_password_ui(ui, i18n, None, gate).1
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
