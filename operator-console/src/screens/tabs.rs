//! The tabs over the page: the beginning, and one for each key and session, with where it stands and what is new in
//! it. Beside them the list of what happened; under them, asked before a running session is closed.

use super::closing::{Answer, StripQuestion, strip_question_ui};
use super::news::news_ui;
use super::parts::{close_button, focus_ring};
use super::{Effect, Page, Scene, ScreenState};
use crate::desk::{DeskCommand, Tab};
use crate::words;
use console_core::view::{EndingState, PowerState, SessionView, Stage, TransferState};
use console_core::{LineId, MOST_KEYS, MOST_LINES};
use egui::{
    Align, Align2, Color32, Frame, Key, Layout, Margin, Modifiers, Panel, Rect, Response, ScrollArea, Sense, Stroke,
    Ui, WidgetInfo, pos2, vec2,
};
use ui_kit::fonts::Weight;
use ui_kit::{Tokens, small, theme};

/// Height of the strip, in points.
pub(super) const HEIGHT: f32 = 42.0;
/// Bounds of a tab's width, in points.
const WIDTHS: (f32, f32) = (92.0, 208.0);
/// Where they are narrower than this, only the one in front has a cross: the others need the room for their names.
const ROOM_FOR_CROSS: f32 = 132.0;

/// What the tabs remember.
#[derive(Debug, Default)]
pub struct TabsState {
    /// Whether the list of what happened is open.
    pub(super) news_open: bool,
    /// Which running session is to end, once the operator has said so, and whether that has just begun to be asked.
    closing: Option<(LineId, bool)>,
    /// Whether another key was wanted where there is room for none.
    wanted_more: bool,
    /// Which tab was brought into sight last.
    in_sight: Option<LineId>,
}

/// Where a tab stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Making,
    Waiting,
    Joining,
    Asking,
    Live,
    Reconnecting,
    Ended,
}

impl Standing {
    fn of(stage: &Stage) -> Self {
        match stage {
            Stage::Idle | Stage::Preparing => Self::Making,
            Stage::Waiting(_) => Self::Waiting,
            Stage::Joining => Self::Joining,
            Stage::Session(session) if session.reconnecting => Self::Reconnecting,
            Stage::Session(session) if is_asked(session) => Self::Asking,
            Stage::Session(_) => Self::Live,
            Stage::Ended(_) => Self::Ended,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Making => "console-tab-making",
            Self::Waiting => "console-tab-waiting",
            Self::Joining => "console-tab-joining",
            Self::Asking => "console-tab-asking",
            Self::Live => "console-tab-live",
            Self::Reconnecting => "console-tab-reconnecting",
            Self::Ended => "console-tab-ended",
        }
    }

    fn colour(self, tokens: &Tokens) -> Color32 {
        match self {
            Self::Making | Self::Joining | Self::Waiting | Self::Asking => tokens.accent,
            Self::Live => tokens.good,
            Self::Reconnecting => tokens.warning,
            Self::Ended => tokens.ink_secondary,
        }
    }
}

/// Whether the person has a question.
fn is_asked(session: &SessionView) -> bool {
    session.powers.iter().any(|power| power.state == PowerState::Asked)
        || session.files.browse == PowerState::Asked
        || session.machine.endings.iter().any(|ending| ending.state == EndingState::Asked)
        || session.transfers.iter().any(|transfer| transfer.state == TransferState::Asked)
}

/// What a session is called: whom the operator says it is, else which computer, else the key's first half, which is no
/// secret.
pub(super) fn name_of(scene: &Scene<'_>, tab: &Tab) -> String {
    let record = tab.view.record.as_ref().and_then(|id| scene.desk.record(id));
    let (name, system) = record.map_or(("", ""), |record| (record.kept.name.trim(), record.kept.system.as_str()));
    match &tab.view.stage {
        Stage::Session(session) if !session.system.is_empty() => {
            words::person_or_computer(scene.i18n, name, &session.system)
        }
        Stage::Session(_) | Stage::Ended(_) => words::person_or_computer(scene.i18n, name, system),
        _ if !name.is_empty() => name.to_owned(),
        Stage::Waiting(key) => {
            let first = key.grouped.split(' ').next().unwrap_or_default();
            scene.i18n.text_with("console-tab-key", &[("key", first.into())])
        }
        Stage::Idle | Stage::Preparing | Stage::Joining => scene.i18n.text("console-tab-new"),
    }
}

/// The strip, the list of what happened, and the question before closing. In full screen only what is asked or said at
/// once.
pub(super) fn tabs_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState) {
    let desk = scene.desk;
    if desk.tabs.is_empty() && desk.news.is_empty() {
        state.tabs = TabsState::default();
        return;
    }
    keys_ui(ui, scene, state);
    if state.full_screen {
        closing_ui(ui, scene, state);
        return full_ui(ui, scene, state);
    }
    let tokens = theme::tokens(ui);
    let frame = Frame::new().fill(tokens.sunken).inner_margin(Margin::symmetric(8, 5));
    Panel::top("tabs").exact_size(HEIGHT).frame(frame).show(ui, |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            bell_ui(ui, scene, state);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| strip_ui(ui, scene, state));
        });
    });
    closing_ui(ui, scene, state);
    full_ui(ui, scene, state);
    if state.tabs.news_open {
        news_ui(ui, scene, state);
    }
}

pub(super) fn show(state: &mut ScreenState, line: Option<LineId>) {
    state.page = Page::Assistance;
    state.effects.push(Effect::Desk(DeskCommand::Show(line)));
}

fn strip_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState) {
    let desk = scene.desk;
    ui.spacing_mut().item_spacing.x = 4.0;
    // A bar would take the height that the tabs need: the wheel scrolls them, and the one in front comes by itself.
    let hidden = egui::scroll_area::ScrollBarVisibility::AlwaysHidden;
    let strip = ScrollArea::horizontal().id_salt("tab strip").scroll_bar_visibility(hidden);
    strip.auto_shrink([false, true]).show(ui, |ui| {
        ui.horizontal_centered(|ui| {
            let home = scene.i18n.text("console-assistance");
            let is_front = desk.front.is_none();
            let width = ui.painter().layout_no_wrap(home.clone(), Weight::SemiBold.at(14.0), Color32::BLACK).size().x;
            let response = ground_ui(ui, width + 28.0, is_front);
            let tokens = theme::tokens(ui);
            let ink = if is_front { tokens.accent } else { tokens.ink };
            let centre = response.rect.center();
            ui.painter().text(centre, Align2::CENTER_CENTER, &home, Weight::SemiBold.at(14.0), ink);
            response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, is_front, &home));
            if response.on_hover_text("Ctrl+1").clicked() {
                show(state, None);
            }
            let room = ui.available_width() / desk.tabs.len().max(1) as f32 - 4.0;
            for (tab, place) in desk.tabs.iter().zip(2..) {
                tab_ui(ui, scene, state, tab, place, room.clamp(WIDTHS.0, WIDTHS.1));
            }
        });
    });
}

/// The ground of a tab.
fn ground_ui(ui: &mut Ui, width: f32, is_front: bool) -> Response {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT - 10.0), Sense::click());
    if is_front || response.hovered() {
        let edge = if is_front { tokens.accent } else { tokens.line };
        let fill = if is_front { tokens.accent_soft } else { tokens.surface };
        ui.painter().rect(rect, tokens.radius, fill, Stroke::new(1.0, edge), egui::StrokeKind::Inside);
    }
    focus_ring(ui, &response, rect);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

fn tab_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState, tab: &Tab, place: usize, width: f32) {
    let tokens = theme::tokens(ui);
    let is_front = scene.desk.front == Some(tab.line);
    let unseen = scene.desk.unseen_in(tab.line);
    let standing = Standing::of(&tab.view.stage);
    let (name, stands) = (name_of(scene, tab), scene.i18n.text(standing.name()));
    ui.push_id(("tab", tab.line.0), |ui| {
        let response = ground_ui(ui, width, is_front);
        let rect = response.rect;
        if is_front && state.tabs.in_sight != Some(tab.line) {
            state.tabs.in_sight = Some(tab.line);
            response.scroll_to_me(None);
        }
        let painter = ui.painter_at(rect.shrink(2.0));
        let middle = rect.center().y;
        painter.circle_filled(pos2(rect.left() + 14.0, middle), 4.5, standing.colour(&tokens));
        let has_cross = is_front || width >= ROOM_FOR_CROSS;
        let mut right = rect.right() - if has_cross { 30.0 } else { 8.0 };
        if unseen > 0 {
            let count = if unseen > 9 { "9+".to_owned() } else { unseen.to_string() };
            let galley = painter.layout_no_wrap(count, Weight::SemiBold.at(12.0), tokens.on_accent);
            let badge = Rect::from_center_size(pos2(right - 9.0, middle), vec2(galley.size().x.max(9.0) + 9.0, 18.0));
            painter.rect_filled(badge, 9.0, tokens.accent);
            painter.galley(badge.center() - galley.size() / 2.0, galley, tokens.on_accent);
            right = badge.left() - 4.0;
        }
        let room = right - rect.left() - 26.0;
        let (weight, ink) = if is_front { (Weight::SemiBold, tokens.accent) } else { (Weight::Regular, tokens.ink) };
        let line = |text: &str, font, ink, y| {
            let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, ink);
            job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(10.0));
            let galley = painter.layout_job(job);
            painter.galley(pos2(rect.left() + 26.0, y - galley.size().y / 2.0), galley, ink);
        };
        line(&name, weight.at(13.0), ink, middle - 7.0);
        line(&stands, Weight::Regular.at(11.0), tokens.ink_secondary, middle + 8.0);
        let mut args = vec![("name", name.as_str().into()), ("state", stands.as_str().into())];
        args.push(("count", unseen.into()));
        let whole = scene.i18n.text_with(if unseen > 0 { "console-tab-news" } else { "console-tab-name" }, &args);
        response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, is_front, &whole));
        let hover = if place <= 9 { format!("{name} \u{b7} {stands}\nCtrl+{place}") } else { name.clone() };
        let clicked = response.on_hover_text(hover).clicked();
        let cross = Rect::from_center_size(pos2(rect.right() - 16.0, middle), vec2(28.0, 28.0));
        let close = scene.i18n.text_with("console-tab-close", &[("name", name.as_str().into())]);
        let closes = has_cross
            && ui
                .scope_builder(egui::UiBuilder::new().max_rect(cross), |ui| {
                    ui.push_id("close", |ui| close_button(ui, &close, tokens.ink_secondary).clicked()).inner
                })
                .inner;
        if closes {
            close_tab(state, tab);
        } else if clicked && !is_front {
            show(state, Some(tab.line));
        }
    });
}

/// What runs ends only after a word more.
fn close_tab(state: &mut ScreenState, tab: &Tab) {
    if runs(tab) {
        state.tabs.closing = Some((tab.line, true));
    } else {
        state.effects.push(Effect::Desk(DeskCommand::Close(tab.line)));
    }
}

/// Whether a person is there, or on the way.
fn runs(tab: &Tab) -> bool {
    matches!(tab.view.stage, Stage::Session(_) | Stage::Joining)
}

/// The same for the one in front.
pub(super) fn close_front(scene: &Scene<'_>, state: &mut ScreenState) {
    if let Some(tab) = scene.desk.tabs.iter().find(|tab| Some(tab.line) == scene.desk.front) {
        close_tab(state, tab);
    }
}

fn closing_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState) {
    let Some((line, is_new)) = state.tabs.closing else { return };
    let Some(tab) = scene.desk.tabs.iter().find(|tab| tab.line == line && runs(tab)) else {
        state.tabs.closing = None;
        return;
    };
    let is_joining = matches!(tab.view.stage, Stage::Joining);
    let ask = if is_joining { "console-tab-close-ask-joining" } else { "console-tab-close-ask" };
    let asked = StripQuestion {
        id: "closing a tab",
        words: scene.i18n.text_with(ask, &[("name", name_of(scene, tab).into())]),
        keep: scene.i18n.text("console-tab-keep"),
        end: scene.i18n.text("console-tool-end"),
    };
    state.tabs.closing = Some((line, false));
    match strip_question_ui(ui, &asked, is_new, !state.has_keyboard()) {
        Some(Answer::Keep) => state.tabs.closing = None,
        Some(Answer::End) => {
            // It is not brought to the front: what is being typed there is for somebody else. The last page of a
            // session stays: what became of it is asked there.
            let end = if is_joining { DeskCommand::Close(line) } else { DeskCommand::End(line) };
            state.effects.push(Effect::Desk(end));
            state.tabs.closing = None;
        }
        None => {}
    }
}

/// Another key beside what is in front, or why there is none.
pub(super) fn new_key(scene: &Scene<'_>, state: &mut ScreenState) {
    if scene.desk.is_full {
        state.tabs.wanted_more = true;
    } else {
        state.effects.push(Effect::Desk(DeskCommand::NewKey));
    }
}

/// Why there is room for no other key, where that is so.
pub(super) fn full_words(scene: &Scene<'_>) -> String {
    let (id, most) = if scene.desk.tabs.len() >= MOST_LINES {
        ("console-tabs-full", MOST_LINES)
    } else {
        ("console-keys-full", MOST_KEYS)
    };
    scene.i18n.text_with(id, &[("most", most.into())])
}

/// Said where somebody wanted another key, until there is room or it was read.
fn full_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState) {
    // The page of the beginning says it by itself.
    state.tabs.wanted_more &= scene.desk.is_full && scene.desk.front.is_some();
    if !state.tabs.wanted_more {
        return;
    }
    let tokens = theme::tokens(ui);
    let frame = Frame::new().fill(tokens.warning_soft).inner_margin(Margin::symmetric(16, 6));
    Panel::top("no more tabs").frame(frame).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let read = close_button(ui, &scene.i18n.text("console-notice-dismiss"), tokens.warning).clicked();
                let may_escape = !state.has_keyboard();
                let escaped = may_escape && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
                state.tabs.wanted_more = !read && !escaped;
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| small(ui, &full_words(scene)));
            });
        });
    });
}

fn bell_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState) {
    let tokens = theme::tokens(ui);
    let unseen = scene.desk.unseen();
    let words = if unseen > 0 {
        scene.i18n.text_with("console-news-count", &[("count", unseen.into())])
    } else {
        scene.i18n.text("console-news")
    };
    let ink = if unseen > 0 { tokens.accent } else { tokens.ink_secondary };
    let text = egui::RichText::new(&words).font(Weight::SemiBold.at(13.0)).color(ink);
    let choice = egui::Button::new(text).selected(state.tabs.news_open).fill(tokens.surface);
    let choice = ui.add(choice.stroke(Stroke::new(1.0, tokens.line)).corner_radius(tokens.radius));
    focus_ring(ui, &choice, choice.rect);
    if choice.accessible_name(words).clicked() {
        state.tabs.news_open = !state.tabs.news_open;
    }
}

/// Keys for the tabs, unless the remote screen or the terminal has the keyboard: then they are the client's.
fn keys_ui(ui: &Ui, scene: &Scene<'_>, state: &mut ScreenState) {
    const PLACES: [Key; 9] =
        [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];
    if state.has_keyboard() {
        return;
    }
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    let desk = scene.desk;
    let all: Vec<Option<LineId>> = std::iter::once(None).chain(desk.tabs.iter().map(|tab| Some(tab.line))).collect();
    let here = all.iter().position(|line| *line == desk.front).unwrap_or(0);
    let back = pressed(Modifiers::CTRL | Modifiers::SHIFT, Key::Tab);
    let on = !back && pressed(Modifiers::CTRL, Key::Tab);
    if back || on {
        let next = (here + if on { 1 } else { all.len() - 1 }) % all.len();
        show(state, all.get(next).copied().flatten());
    }
    for (key, line) in PLACES.into_iter().zip(&all) {
        if pressed(Modifiers::CTRL, key) {
            show(state, *line);
        }
    }
    if pressed(Modifiers::CTRL, Key::W) {
        close_front(scene, state);
    }
    // The pages without a key or session take this themselves.
    let stands = !matches!(scene.view.stage, Stage::Idle | Stage::Ended(_));
    if stands && scene.view.operator.open_now && pressed(Modifiers::CTRL, Key::N) {
        new_key(scene, state);
    }
}
