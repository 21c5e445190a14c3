//! What pages have in common: the margins, who it is at the top, the buttons at the bottom.

use super::ScreenState;
use agent_core::view::OperatorView;
use egui::{Align, Id, Key, Layout, Margin, Rect, Response, ScrollArea, Ui, UiBuilder, Vec2, vec2};
use i18n::I18n;
use ui_kit::{Choice, QuestionGuard, TagKind, Tokens, theme};

/// Space around a page's words, in points.
const MARGIN: f32 = 32.0;
/// The same in a window that is short of room.
const SMALL_MARGIN: f32 = 16.0;
/// Windows less high than this are short of room.
const SHORT: f32 = 480.0;
/// The part of the margin that is inside the scrolled area, so that focus rings are not cut.
const INNER: i8 = 8;

/// Least height that is left for the words above the buttons; with less, more of them scrolls.
const LEAST_CONTENT: f32 = 130.0;
/// The end of the words is seen when no more than this is cut off, in points: the margin under them and a little.
const UNSEEN: f32 = 16.0;
/// The part of what is in sight that one step scrolls by.
const STEP: f32 = 0.8;

/// A page: `content` above, which scrolls if it must, and `bottom` always in sight.
pub(super) fn page<T>(ui: &mut Ui, content: impl FnOnce(&mut Ui), bottom: impl FnOnce(&mut Ui) -> T) -> T {
    with_margin(ui, |ui| {
        let place = Bottom::of(ui, "height of the bottom");
        if place.room < LEAST_CONTENT {
            return scrolled(ui, ui.available_height(), |ui| (content(ui), ui.add_space(16.0), bottom(ui)).2).0;
        }
        scrolled(ui, place.room, content);
        place.show(ui, bottom).0
    })
}

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

/// A page with a question: the no is always in sight, and there is no yes before the end of
/// `content` has been.
pub(super) fn question(ui: &mut Ui, answers: &Answers, i18n: &I18n, content: impl FnOnce(&mut Ui)) -> Option<Picked> {
    let read = Read::of(ui);
    let guard = QuestionGuard::begin(ui);
    let drawn = with_margin(ui, |ui| {
        let place = Bottom::of(ui, "height of the answers");
        if place.room < LEAST_CONTENT {
            tight_question(ui, answers, i18n, content, read.done.is_some())
        } else {
            roomy_question(ui, answers, i18n, content, read.done.is_some(), place)
        }
    });
    read.remember(ui, drawn.read);
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
    /// Whether the end of the words has been in sight.
    read: bool,
}

/// All answers under the words.
fn roomy_question(
    ui: &mut Ui,
    answers: &Answers,
    i18n: &I18n,
    content: impl FnOnce(&mut Ui),
    read: bool,
    place: Bottom,
) -> Drawn {
    let (_, view) = scrolled(ui, place.room, content);
    let now_read = read || view.at_end;
    let accept = if now_read { answers.yes.clone() } else { i18n.text("ask-read-on") };
    let ((no, scam, accept), settled) = place.show(ui, |ui| {
        refused_ui(ui, answers.refused.as_ref());
        let row = if answers.is_wary { ui_kit::wary_button_row } else { ui_kit::button_row };
        row(ui, &answers.no, &i18n.text("ask-scam"), &accept)
    });
    if !now_read && accept.clicked() {
        view.step(ui, STEP);
    }
    Drawn { no, scam, yes: now_read.then_some(accept), read: read || (view.at_end && settled) }
}

/// Only the no stands under the words: the rest is at their end.
fn tight_question(ui: &mut Ui, answers: &Answers, i18n: &I18n, content: impl FnOnce(&mut Ui), read: bool) -> Drawn {
    let place = Bottom::of(ui, "height of the no");
    let ((scam, yes), view) = scrolled(ui, place.room.max(32.0), |ui| {
        content(ui);
        ui.add_space(16.0);
        let scam = ui_kit::danger_line(ui, &i18n.text("ask-scam"));
        refused_ui(ui, answers.refused.as_ref());
        let yes = ui.add_enabled_ui(read, |ui| ui_kit::primary_button(ui, &answers.yes)).inner;
        (scam, yes)
    });
    let now_read = read || view.at_end;
    let ((no, on), settled) = place.show(ui, |ui| {
        if now_read {
            (ui_kit::button(ui, &answers.no), None)
        } else {
            let (no, on) = ui_kit::button_pair(ui, &answers.no, &i18n.text("ask-read-on"));
            (no, Some(on))
        }
    });
    if on.is_some_and(|on| on.clicked()) {
        view.step(ui, STEP);
    }
    Drawn { no, scam, yes: read.then_some(yes), read: read || (view.at_end && settled) }
}

/// Whether the end of a question has been in sight since it came up, at this size of the words and in
/// a window of at most this size: a new one may be cut down to the screen before anybody saw it.
struct Read {
    id: Id,
    pass: u64,
    zoom: f32,
    window: Vec2,
    /// How large the window was when the end was in sight.
    done: Option<Vec2>,
}

impl Read {
    fn of(ui: &Ui) -> Self {
        let id = ui.make_persistent_id("read to the end");
        let (pass, zoom) = (ui.ctx().cumulative_pass_nr(), ui.ctx().zoom_factor());
        let window = ui.ctx().content_rect().size();
        let before: Option<(u64, f32, Option<Vec2>)> = ui.data(|data| data.get_temp(id));
        let done = before.and_then(|(last, size, done)| {
            let still = |read: &Vec2| window.x > read.x - 1.0 && window.y > read.y - 1.0;
            done.filter(|read| last + 1 >= pass && (size - zoom).abs() < 0.001 && still(read))
        });
        Self { id, pass, zoom, window, done }
    }

    fn remember(&self, ui: &Ui, done: bool) {
        let done = done.then_some(self.done.unwrap_or(self.window));
        ui.data_mut(|data| data.insert_temp(self.id, (self.pass, self.zoom, done)));
    }
}

fn with_margin<T>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> T) -> T {
    let margin = if ui.available_height() < SHORT { SMALL_MARGIN } else { MARGIN };
    egui::Frame::new().inner_margin(Margin::from(margin - f32::from(INNER))).show(ui, add).inner
}

/// The part of a page under the words, as high as it was in the pass before.
struct Bottom {
    memory: Id,
    known: f32,
    room: f32,
}

impl Bottom {
    /// What is known of it, and the `room` that it leaves for the words.
    fn of(ui: &Ui, name: &str) -> Self {
        let memory = ui.make_persistent_id(name);
        let known = ui.data(|data| data.get_temp(memory)).unwrap_or(theme::tokens(ui).control_height);
        Self { memory, known, room: ui.available_height() - known - 3.0 * f32::from(INNER) }
    }

    /// Draws it; says as well whether it was as high as it was thought to be.
    fn show<T>(self, ui: &mut Ui, bottom: impl FnOnce(&mut Ui) -> T) -> (T, bool) {
        let inset = f32::from(INNER);
        let rest = ui.available_rect_before_wrap();
        let rest = Rect::from_min_max(rest.min + vec2(inset, inset), rest.max - vec2(inset, 0.0));
        let mut child = ui.new_child(UiBuilder::new().max_rect(rest).layout(Layout::top_down(Align::Min)));
        child.spacing_mut().item_spacing.y = 12.0;
        let result = bottom(&mut child);
        let used = child.min_rect().height();
        let settled = (used - self.known).abs() <= 0.5;
        if !settled {
            ui.data_mut(|data| data.insert_temp(self.memory, used));
            ui.ctx().request_discard("the bottom of the page has another height");
        }
        (result, settled)
    }
}

/// Where a scrolled area stands.
#[derive(Clone, Copy)]
struct Scrolled {
    /// Where it is noted what the next pass scrolls to.
    wish: Id,
    offset: f32,
    height: f32,
    most: f32,
    /// Whether the end of its words is in sight.
    at_end: bool,
}

impl Scrolled {
    /// Scrolls by that share of what is in sight.
    fn step(self, ui: &Ui, share: f32) {
        let offset = (self.offset + share * self.height).clamp(0.0, self.most);
        ui.data_mut(|data| data.insert_temp(self.wish, offset));
        ui.ctx().request_repaint();
    }
}

/// Words `height` points high that scroll, by the keyboard as well.
fn scrolled<T>(ui: &mut Ui, height: f32, content: impl FnOnce(&mut Ui) -> T) -> (T, Scrolled) {
    let wish = ui.make_persistent_id("scrolls to");
    let mut area = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, false]);
    if let Some(offset) = ui.data_mut(|data| data.remove_temp::<f32>(wish)) {
        area = area.vertical_scroll_offset(offset);
    }
    let output = area.show(ui, |ui| {
        let padded = egui::Frame::new().inner_margin(Margin::same(INNER));
        padded.show(ui, |ui| (ui.set_width(ui.available_width()), content(ui)).1).inner
    });
    let (offset, height) = (output.state.clamped_offset().y, output.inner_rect.height());
    let most = (output.content_size.y - height).max(0.0);
    let view = Scrolled { wish, offset, height, most, at_end: offset >= most - UNSEEN };
    let keys = [(Key::PageDown, STEP), (Key::PageUp, -STEP), (Key::End, f32::MAX), (Key::Home, f32::MIN)];
    let pressed = ui.input(|input| keys.into_iter().find(|(key, _)| input.key_pressed(*key)));
    if let Some((_, share)) = pressed
        && most > 0.0
    {
        view.step(ui, share);
    }
    (output.inner, view)
}

/// One button at the right, the only way on.
pub(super) fn single(ui: &mut Ui, button: impl FnOnce(&mut Ui) -> Response) -> Response {
    let height = theme::tokens(ui).control_height;
    let size = vec2(ui.available_width(), height);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), button).inner
}

/// Who it is, small, for the top of every page after the key.
pub(super) fn who(ui: &mut Ui, operator: &OperatorView, i18n: &I18n) {
    let tokens = theme::tokens(ui);
    let tag = if operator.verified {
        operator.domain.clone()
    } else {
        i18n.text_with("who-domain-not-proven", &[("domain", (&operator.domain).into())])
    };
    let kind = if operator.verified { TagKind::Ok } else { TagKind::Danger };
    let beside = width(ui, &operator.name, &tokens).max(width(ui, &operator.organisation, &tokens) * 0.88)
        + width(ui, &tag, &tokens)
        + 40.0
        + 36.0
        + 3.0 * tokens.unit
        < ui.available_width();
    ui.horizontal(|ui| {
        ui_kit::avatar(ui, &operator.name, 40.0);
        ui.add_space(4.0);
        let column = if beside { ui.available_width() - width(ui, &tag, &tokens) - 44.0 } else { ui.available_width() };
        ui.allocate_ui_with_layout(vec2(column, 40.0), Layout::top_down(Align::Min), |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            strong(ui, &operator.name, tokens.small_size);
            ui_kit::tiny(ui, &operator.organisation);
            if !beside {
                ui.add_space(4.0);
                ui_kit::tag(ui, kind, &tag);
            }
        });
        if beside {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui_kit::tag(ui, kind, &tag));
        }
    });
    ui.add_space(12.0);
}

/// A word in bold ink.
pub(super) fn strong(ui: &mut Ui, text: &str, size: f32) -> Response {
    let ink = theme::tokens(ui).ink;
    let font = ui_kit::fonts::Weight::SemiBold.at(size);
    ui.add(egui::Label::new(egui::RichText::new(text).font(font).color(ink)).wrap())
}

fn width(ui: &Ui, text: &str, tokens: &Tokens) -> f32 {
    let font = ui_kit::fonts::Weight::SemiBold.at(tokens.small_size);
    ui.painter().layout_no_wrap(text.to_owned(), font, tokens.ink).size().x
}

/// What is left and what is right in one row of a card, the left one wrapped if it must be.
pub(super) fn fact(ui: &mut Ui, left: &str, right: &str) {
    let tokens = theme::tokens(ui);
    let font = ui_kit::fonts::Weight::Regular.at(tokens.small_size);
    let right_width = ui.painter().layout_no_wrap(right.to_owned(), font, tokens.ink).size().x;
    ui.scope(|ui| {
        // A fact is no control: it need not be as high as one.
        ui.spacing_mut().interact_size.y = tokens.small_size;
        fact_row(ui, left, right, right_width);
    });
}

fn fact_row(ui: &mut Ui, left: &str, right: &str, right_width: f32) {
    ui.horizontal(|ui| {
        let room = (ui.available_width() - right_width - 16.0).max(60.0);
        ui.allocate_ui_with_layout(vec2(room, 20.0), Layout::top_down(Align::Min), |ui| ink_small(ui, left));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| ink_small(ui, right));
    });
}

/// Small text in the first ink.
pub(super) fn ink_small(ui: &mut Ui, text: &str) -> Response {
    let tokens = theme::tokens(ui);
    let font = ui_kit::fonts::Weight::Regular.at(tokens.small_size);
    ui.add(egui::Label::new(egui::RichText::new(text).font(font).color(tokens.ink)).wrap())
}

/// A line between two rows.
pub(super) fn line(ui: &mut Ui) {
    let tokens = theme::tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), egui::Sense::hover());
    ui.painter().rect_filled(rect, 0.0, tokens.line);
}
