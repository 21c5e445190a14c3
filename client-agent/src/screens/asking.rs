//! What questions have in common: a no that is always in sight, and no yes before all of the words have been.

use super::ScreenState;
use super::layout::{Bottom, LEAST_CONTENT, with_margin};
use super::scrolled::{STEP, Scrolled, scrolled};
use egui::{Id, Response, Ui, Vec2};
use i18n::I18n;
use ui_kit::{Choice, QuestionGuard, TagKind};

/// What a person did with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Picked {
    /// The answer that gives nothing away.
    No,
    /// Yes.
    Yes,
    /// It is a scam.
    Scam,
}

/// The words of the two answers.
pub(super) struct Answers {
    /// The answer that gives nothing away.
    pub(super) no: String,
    /// Yes.
    pub(super) yes: String,
    /// Why the last yes was not counted, and what to do.
    refused: Option<(String, String)>,
    /// Whether that was just now.
    is_refused_now: bool,
    /// Whether a no is what most people should answer.
    is_wary: bool,
}

impl Answers {
    /// With the messages of those names.
    pub(super) fn new(no: &str, yes: &str, i18n: &I18n, state: &mut ScreenState) -> Self {
        Self {
            no: i18n.text(no),
            yes: i18n.text(yes),
            refused: refused(i18n, state),
            is_refused_now: std::mem::take(&mut state.is_refused_now),
            is_wary: false,
        }
    }

    /// The same where a no is what most people should answer.
    pub(super) fn wary(self) -> Self {
        Self { is_wary: true, ..self }
    }
}

/// Why the last answer was not counted, and what to do.
pub(super) fn refused(i18n: &I18n, state: &ScreenState) -> Option<(String, String)> {
    let message = state.refusal?.message();
    Some((i18n.text(message), i18n.text(&format!("{message}-do"))))
}

/// Says that an answer was not counted, if one was not.
pub(super) fn refused_ui(ui: &mut Ui, refused: Option<&(String, String)>) {
    if let Some((what, what_to_do)) = refused {
        ui_kit::notice(ui, TagKind::Warn, what, what_to_do);
    }
}

/// A page with a question: the no is always in sight, and there is no yes before all of `content`
/// has been.
pub(super) fn question(ui: &mut Ui, answers: &Answers, i18n: &I18n, content: impl FnOnce(&mut Ui)) -> Option<Picked> {
    let mut read = Read::of(ui);
    let guard = QuestionGuard::begin(ui);
    let drawn = with_margin(ui, |ui| {
        let place = Bottom::of(ui, "height of the answers");
        if place.room < LEAST_CONTENT {
            tight_question(ui, answers, i18n, content, &mut read)
        } else {
            roomy_question(ui, answers, i18n, content, &mut read, place)
        }
    });
    read.remember(ui);
    let choice = guard.end(ui, &drawn.no, drawn.yes.as_ref());
    if answers.is_refused_now {
        // Whatever had the focus, the next key says no.
        drawn.no.request_focus();
    }
    if let Some((what, what_to_do)) = &answers.refused {
        // A screen reader speaks of what takes the focus, and with it of this.
        let said = format!("{what} {what_to_do}");
        ui.ctx().accesskit_node_builder(drawn.no.id, |node| node.set_description(said));
    }
    match choice {
        _ if drawn.scam.clicked() => Some(Picked::Scam),
        Some(Choice::Safe) => Some(Picked::No),
        Some(Choice::Accept) => Some(Picked::Yes),
        None => None,
    }
}

/// The controls of a question, as they stand on the page.
struct Drawn {
    no: Response,
    scam: Response,
    yes: Option<Response>,
}

/// All answers under the words.
fn roomy_question(
    ui: &mut Ui,
    answers: &Answers,
    i18n: &I18n,
    content: impl FnOnce(&mut Ui),
    read: &mut Read,
    place: Bottom,
) -> Drawn {
    let (_, view) = scrolled(ui, place.room, content);
    let now_read = read.see(&view);
    let accept = if now_read { answers.yes.clone() } else { i18n.text("ask-read-on") };
    let ((no, scam, accept), settled) = place.show(ui, |ui| {
        refused_ui(ui, answers.refused.as_ref());
        let row = if answers.is_wary { ui_kit::wary_button_row } else { ui_kit::button_row };
        row(ui, &answers.no, &i18n.text("ask-scam"), &accept)
    });
    if !now_read && accept.clicked() {
        read.go_on(ui, &view);
    }
    read.settle(settled);
    Drawn { no, scam, yes: now_read.then_some(accept) }
}

/// Only the no stands under the words: the rest is at their end.
fn tight_question(
    ui: &mut Ui,
    answers: &Answers,
    i18n: &I18n,
    content: impl FnOnce(&mut Ui),
    read: &mut Read,
) -> Drawn {
    let place = Bottom::of(ui, "height of the no");
    let is_read = read.done.is_some();
    let ((scam, yes), view) = scrolled(ui, place.room.max(32.0), |ui| {
        content(ui);
        ui.add_space(16.0);
        let scam = ui_kit::danger_line(ui, &i18n.text("ask-scam"));
        refused_ui(ui, answers.refused.as_ref());
        let yes = ui.add_enabled_ui(is_read, |ui| ui_kit::primary_button(ui, &answers.yes)).inner;
        (scam, yes)
    });
    let now_read = read.see(&view);
    let ((no, on), settled) = place.show(ui, |ui| {
        if now_read {
            (ui_kit::button(ui, &answers.no), None)
        } else {
            let (no, on) = ui_kit::button_pair(ui, &answers.no, &i18n.text("ask-read-on"));
            (no, Some(on))
        }
    });
    if on.is_some_and(|on| on.clicked()) {
        read.go_on(ui, &view);
    }
    read.settle(settled);
    Drawn { no, scam, yes: is_read.then_some(yes) }
}

/// How far a question has been in sight since it came up, from its beginning and without a gap, at this size of the
/// words and in a window of at most this size: a new one may be cut down to the screen before anybody saw it.
struct Read {
    id: Id,
    pass: u64,
    zoom: f32,
    window: Vec2,
    /// What is kept of it from pass to pass.
    known: Known,
    /// How far down the words have been in sight with this pass, in points.
    seen: f32,
    /// How large the window was when the end was in sight.
    done: Option<Vec2>,
}

/// What is kept of [`Read`].
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    pass: u64,
    zoom: f32,
    /// How far down the words have been in sight, and how large the window was then.
    seen: (f32, Vec2),
    done: Option<Vec2>,
}

impl Read {
    fn of(ui: &Ui) -> Self {
        let id = ui.make_persistent_id("read to the end");
        let (pass, zoom) = (ui.ctx().cumulative_pass_nr(), ui.ctx().zoom_factor());
        let window = ui.ctx().content_rect().size();
        let known: Option<Known> = ui.data(|data| data.get_temp(id));
        let known = known.filter(|known| known.pass + 1 >= pass && (known.zoom - zoom).abs() < 0.001);
        let known = known.unwrap_or_default();
        let (seen, seen_in) = known.seen;
        // Words that are wrapped anew stand elsewhere.
        let still_there = (window.x - seen_in.x).abs() < 1.0 && window.y > seen_in.y - 1.0;
        let done = known.done.filter(|read| window.x > read.x - 1.0 && window.y > read.y - 1.0);
        Self { id, pass, zoom, window, known, seen: if still_there { seen } else { 0.0 }, done }
    }

    /// Takes what is in sight; whether everything has been by now.
    fn see(&mut self, view: &Scrolled) -> bool {
        if view.offset <= self.seen + 1.0 {
            self.seen = self.seen.max(view.offset + view.height);
        }
        if self.done.is_none() && self.seen >= view.end() {
            self.done = Some(self.window);
        }
        self.done.is_some()
    }

    /// Scrolls to what has not been in sight yet.
    fn go_on(&self, ui: &Ui, view: &Scrolled) {
        view.scroll_to(ui, self.seen - (1.0 - STEP) * view.height);
    }

    /// What was in sight in this pass counts only if everything around it was as high as it was thought to be.
    fn settle(&mut self, settled: bool) {
        if settled {
            self.known = Known { seen: (self.seen, self.window), done: self.done, ..self.known };
        }
    }

    fn remember(self, ui: &Ui) {
        let known = Known { pass: self.pass, zoom: self.zoom, ..self.known };
        ui.data_mut(|data| data.insert_temp(self.id, known));
    }
}
