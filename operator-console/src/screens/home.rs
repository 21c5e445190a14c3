//! The first page: a key to read out, or the button that makes one.

use super::notices::{new_key, notices_ui};
use super::parts::{ToolState, ToolWords, focus_ring, keyboard_hint, tool_button};
use super::{Copied, Effect, Page, Scene, ScreenState, account, recent};
use crate::icons::Icon;
use crate::words;
use console_core::LineId;
use console_core::proto::limits::KEY_TRIES;
use console_core::view::{ConsoleCommand, KeyView, NoticeKind, Stage};
use egui::{Align, Frame, Key, Layout, Margin, Modifiers, Panel, Response, Sense, StrokeKind, Ui, vec2};
use i18n::{I18n, Language};
use std::time::Duration;
use ui_kit::fonts::Weight;
use ui_kit::{
    TagKind, accent_card, avatar, body, body_secondary, button, card, danger_button, heading, mark, mono_key, notice,
    primary_button, small, tag, theme, title,
};

/// Size of the waiting key, in points: readable from a metre.
const KEY_SIZE: f32 = 68.0;
/// Wider cards are harder to read.
const WIDEST_PAGE: f32 = 980.0;

/// How old what the certificate says may get on a page on which nothing happens: hours begin and end.
const HOURS: Duration = Duration::from_secs(30);

/// The bar at the left: the mark, where the operator is, and who they are; in a narrow window signs for
/// the same, and the operator's initials, with the rest when the pointer rests there.
pub fn side_bar_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState) {
    let tokens = theme::tokens(ui);
    if super::is_narrow(ui) {
        let frame = Frame::new().fill(tokens.sunken).inner_margin(Margin::symmetric(8, 16));
        Panel::left("side bar folded").exact_size(52.0).resizable(false).frame(frame).show(ui, |ui| {
            ui.vertical_centered(|ui| mark(ui, 20.0));
            ui.add_space(8.0);
            signs_ui(ui, scene, state);
            ui.with_layout(Layout::bottom_up(Align::Center), |ui| {
                let operator = &scene.view.operator;
                let certificate = certificate(scene);
                let words = [&operator.name, &operator.organisation, &certificate].map(String::as_str);
                avatar(ui, &operator.name, 36.0).on_hover_text(words.join("\n"));
            });
        });
        return;
    }
    let frame = Frame::new().fill(tokens.sunken).inner_margin(Margin::symmetric(12, 16));
    Panel::left("side bar").exact_size(232.0).resizable(false).frame(frame).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.add_space(8.0);
            mark(ui, 20.0);
            super::parts::strong(ui, &scene.i18n.text("common-ponte"));
        });
        ui.add_space(8.0);
        ui.spacing_mut().item_spacing.y = 4.0;
        for (to, name, _) in PLACES {
            if section_ui(ui, &scene.i18n.text(name), state.page == to).clicked() {
                state.page = to;
            }
        }
        ui.with_layout(Layout::bottom_up(Align::LEFT), |ui| {
            operator_ui(ui, scene);
            ui.add_space(10.0);
            ui.horizontal(|ui| {
                ui.add_space(8.0);
                ui_kit::tiny(ui, &scene.i18n.text("console-palette"));
                keyboard_hint(ui, "Ctrl K");
            });
        });
    });
}

/// Where one can go, by name and by sign.
const PLACES: [(Page, &str, Icon); 2] =
    [(Page::Assistance, "console-assistance", Icon::Home), (Page::Account, "console-account", Icon::Card)];

/// The places and the palette as signs, where there is no room for their names.
fn signs_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState) {
    let size = vec2(ui.available_width(), 36.0);
    let sign = |ui: &mut Ui, icon, id: &str, keys: &str, is_here| {
        let name = scene.i18n.text(id);
        let with_keys = [("name", (&name).into()), ("keys", keys.into())];
        let hover = if keys.is_empty() { name.clone() } else { scene.i18n.text_with("console-tool-hover", &with_keys) };
        let words = ToolWords { word: "", name: &name, hover: &hover };
        let standing = if is_here { ToolState::On } else { ToolState::Ready };
        tool_button(ui, icon, &words, standing, size).clicked()
    };
    for (to, name, icon) in PLACES {
        if sign(ui, icon, name, "", state.page == to) {
            state.page = to;
        }
    }
    if sign(ui, Icon::Search, "console-palette", "Ctrl K", false) {
        state.open_palette();
    }
}

fn section_ui(ui: &mut Ui, name: &str, is_here: bool) -> Response {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 36.0), Sense::click());
    if is_here || response.hovered() {
        let stroke = egui::Stroke::new(1.0, if tokens.high_contrast { tokens.accent } else { tokens.accent_soft });
        ui.painter().rect(rect, tokens.radius, tokens.accent_soft, stroke, StrokeKind::Inside);
    }
    let at = rect.left_center() + vec2(12.0, 0.0);
    let (weight, ink) = if is_here { (Weight::SemiBold, tokens.accent) } else { (Weight::Regular, tokens.ink) };
    ui.painter().text(at, egui::Align2::LEFT_CENTER, name, weight.at(tokens.body_size), ink);
    focus_ring(ui, &response, rect);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_here, name));
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

fn certificate(scene: &Scene<'_>) -> String {
    let days = scene.view.operator.days_left;
    if days < 0 {
        scene.i18n.text("console-certificate-ended")
    } else {
        scene.i18n.text_with("console-certificate-days", &[("days", days.into())])
    }
}

fn operator_ui(ui: &mut Ui, scene: &Scene<'_>) {
    let operator = &scene.view.operator;
    let certificate = certificate(scene);
    ui.allocate_ui_with_layout(vec2(ui.available_width(), 64.0), Layout::left_to_right(Align::Center), |ui| {
        ui.add_space(4.0);
        avatar(ui, &operator.name, 36.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            super::parts::strong(ui, &operator.name);
            line_ui(ui, operator.team.as_ref().unwrap_or(&operator.organisation));
            line_ui(ui, &certificate);
        });
    });
}

/// Small words that stay on one line: there is no room for a second.
fn line_ui(ui: &mut Ui, text: &str) {
    let tokens = theme::tokens(ui);
    let words = egui::RichText::new(text).font(Weight::Regular.at(tokens.tiny_size)).color(tokens.ink_secondary);
    ui.add(egui::Label::new(words).truncate());
}

/// The page while there is no session.
pub fn home_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState, commands: &mut Vec<ConsoleCommand>) {
    ui.set_max_width(WIDEST_PAGE.min(ui.available_width()));
    ui.spacing_mut().item_spacing.y = 12.0;
    title(ui, &scene.i18n.text("console-assistance"));
    account::ends_soon_ui(ui, scene, &mut state.page);
    notices_ui(ui, scene, state, commands);
    match &scene.view.stage {
        Stage::Idle => idle_ui(ui, scene, state, commands),
        Stage::Preparing => waiting_words_ui(ui, scene, "console-preparing", None, commands),
        Stage::Waiting(key) => key_ui(ui, scene, key, state, commands),
        Stage::Joining => {
            waiting_words_ui(ui, scene, "console-joining-title", Some("console-joining-text"), commands);
        }
        Stage::Session(_) | Stage::Ended(_) => {}
    }
}

fn idle_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState, commands: &mut Vec<ConsoleCommand>) {
    let is_revoked = is_revoked(scene);
    let may = scene.view.operator.open_now && !scene.desk.is_full && !is_revoked;
    if !scene.view.operator.hours.is_empty() {
        ui.ctx().request_repaint_after(HOURS);
    }
    let by_key = ui.input_mut(|input| input.consume_key(Modifiers::CTRL, Key::N)) && may;
    card(ui, |ui| {
        heading(ui, &scene.i18n.text("console-new-title"));
        body_secondary(ui, &scene.i18n.text("console-new-text"));
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            let make = scene.i18n.text("console-new-key");
            if ui.add_enabled_ui(may, |ui| primary_button(ui, &make)).inner.clicked() || by_key {
                new_key(scene, commands);
            }
            keyboard_hint(ui, "Ctrl N");
        });
        if is_revoked {
            small(ui, &scene.i18n.text("console-revoked"));
        } else if !scene.view.operator.open_now {
            account::closed_ui(ui, scene);
        } else if scene.desk.is_full {
            small(ui, &super::tabs::full_words(scene));
        }
    });
    recent::waiting_ui(ui, scene, state);
    if scene.desk.records.is_empty() {
        steps_ui(ui, scene, "console-how-title", "console-how-1");
    }
    recent::recent_ui(ui, scene, state);
}

/// Whether it was told that the certificate is revoked. Who dismisses that tries again.
fn is_revoked(scene: &Scene<'_>) -> bool {
    scene.view.notices.iter().any(|notice| notice.kind == NoticeKind::CertificateRevoked)
}

/// What the next steps will be, from `first` on.
fn steps_ui(ui: &mut Ui, scene: &Scene<'_>, title: &str, first: &str) {
    card(ui, |ui| {
        heading(ui, &scene.i18n.text(title));
        for (number, id) in [first, "console-how-2", "console-how-3"].into_iter().enumerate() {
            ui.horizontal_top(|ui| {
                step_number(ui, number + 1);
                ui.add_space(4.0);
                body(ui, &scene.i18n.text(id));
            });
        }
    });
}

fn step_number(ui: &mut Ui, number: usize) {
    let tokens = theme::tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(24.0, 24.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 12.0, tokens.accent_soft);
    let font = Weight::SemiBold.at(13.0);
    ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, number.to_string(), font, tokens.accent);
}

/// What is being done, and the way out of it.
fn waiting_words_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    title: &str,
    text: Option<&str>,
    commands: &mut Vec<ConsoleCommand>,
) {
    let tokens = theme::tokens(ui);
    accent_card(ui, |ui| {
        ui.horizontal(|ui| {
            ui.add(egui::Spinner::new().size(20.0).color(tokens.accent));
            heading(ui, &scene.i18n.text(title));
        });
        if let Some(text) = text {
            body_secondary(ui, &scene.i18n.text(text));
        }
        if button(ui, &scene.i18n.text("console-cancel-key")).clicked() {
            commands.push(ConsoleCommand::CancelKey);
        }
    });
}

fn key_ui(ui: &mut Ui, scene: &Scene<'_>, key: &KeyView, state: &mut ScreenState, commands: &mut Vec<ConsoleCommand>) {
    let seconds = words::seconds_left(key.expires_at, scene.now);
    if seconds > 0 {
        ui.ctx().request_repaint_after(words::until_next_second(key.expires_at, scene.now));
    }
    let shortcut = Modifiers::CTRL | Modifiers::SHIFT;
    let by_key = ui.input_mut(|input| input.consume_key(shortcut, Key::C));
    accent_card(ui, |ui| {
        ui.horizontal(|ui| {
            small(ui, &scene.i18n.text("console-key-waiting"));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let kind = if seconds > 60 { TagKind::Accent } else { TagKind::Warn };
                let text = match seconds {
                    0 => scene.i18n.text("console-key-expired-now"),
                    _ => words::clock(seconds),
                };
                tag(ui, kind, &text).on_hover_text(scene.i18n.text("console-key-expires-name"));
            });
        });
        mono_key(ui, &key.grouped, key_size(&key.grouped, ui.available_width()));
        body(ui, spelt(scene, state, scene.desk.front, &key.grouped))
            .on_hover_text(scene.i18n.text("console-spelling-name"));
        if key.tries_left < KEY_TRIES {
            let text = scene.i18n.text_with("console-tries-left", &[("tries", key.tries_left.into())]);
            notice(ui, TagKind::Warn, "", &text);
        }
        ui.add_space(4.0);
        ui.horizontal_wrapped(|ui| {
            let invites = primary_button(ui, &scene.i18n.text("console-copy-invitation"));
            if invites.on_hover_text("Ctrl+Shift+C").clicked() || by_key {
                let text = invitation(scene, state.invitations.get(&scene.desk.front).copied(), key);
                state.effects.push(Effect::CopyInvitation(text));
            }
            if button(ui, &scene.i18n.text("console-copy-key")).clicked() {
                state.effects.push(Effect::CopyKey(key.grouped.clone()));
            }
            if danger_button(ui, &scene.i18n.text("console-cancel-key")).clicked() {
                commands.push(ConsoleCommand::CancelKey);
            }
        });
        language_ui(ui, scene, state);
        copied_ui(ui, scene, state.copied);
    });
    steps_ui(ui, scene, "console-next-title", "console-next-1");
}

/// The words that spell the key of this line in the language of its person.
pub(super) fn spelt<'a>(scene: &Scene<'_>, state: &'a mut ScreenState, line: Option<LineId>, key: &str) -> &'a str {
    let chosen = state.invitations.get(&line).copied();
    let language = chosen.unwrap_or(scene.i18n.language());
    let known = state.spelt.entry(line).or_insert_with(|| (language, String::new(), String::new()));
    if (known.0, known.1.as_str()) != (language, key) {
        let words = in_language(scene, chosen, |i18n| words::spelling(i18n, key));
        *known = (language, key.to_owned(), words);
    }
    &known.2
}

/// The invitation in the language of the person, as the operator chose it.
pub(super) fn invitation(scene: &Scene<'_>, language: Option<Language>, key: &KeyView) -> String {
    in_language(scene, language, |i18n| words::invitation(i18n, &scene.view.operator, key))
}

/// What is said to the person, in the language that was chosen for them; else in the window's.
fn in_language(scene: &Scene<'_>, language: Option<Language>, say: impl Fn(&I18n) -> String) -> String {
    match language.filter(|language| *language != scene.i18n.language()) {
        Some(language) => say(&I18n::new(language)),
        None => say(scene.i18n),
    }
}

/// In which language the invitation is.
fn language_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState) {
    let line = scene.desk.front;
    let now = state.invitations.get(&line).copied().unwrap_or(scene.i18n.language());
    let tokens = theme::tokens(ui);
    ui.horizontal_wrapped(|ui| {
        small(ui, &scene.i18n.text("console-invitation-language"));
        for language in Language::ALL {
            let is_chosen = now == language;
            let name = scene.i18n.text(&format!("console-language-{}", language.tag()));
            let ink = if is_chosen { tokens.accent } else { tokens.ink };
            let words = egui::RichText::new(name).font(Weight::SemiBold.at(tokens.small_size)).color(ink);
            let fill = if is_chosen { tokens.accent_soft } else { tokens.surface };
            let edge = egui::Stroke::new(1.0, if is_chosen { tokens.accent } else { tokens.edge });
            let choice = ui.add(egui::Button::new(words).selected(is_chosen).fill(fill).stroke(edge));
            focus_ring(ui, &choice, choice.rect);
            if choice.clicked() {
                state.invitations.insert(line, language);
            }
        }
    });
}

/// As large as the card allows: a key that is cut off cannot be read out.
fn key_size(key: &str, room: f32) -> f32 {
    // A symbol and the space after it, in the monospaced font, as a share of the size.
    const SYMBOL_WIDTH: f32 = 0.7;
    (room / (key.chars().count().max(1) as f32 * SYMBOL_WIDTH)).min(KEY_SIZE)
}

fn copied_ui(ui: &mut Ui, scene: &Scene<'_>, copied: Option<Copied>) {
    let (kind, id) = match copied {
        None => return,
        Some(Copied::Key) => (TagKind::Ok, "console-copied-key"),
        Some(Copied::Invitation) => (TagKind::Ok, "console-copied-invitation"),
        Some(Copied::Facts | Copied::Picture) => return,
        Some(Copied::Failed) => (TagKind::Warn, "console-copy-failed"),
    };
    tag(ui, kind, &scene.i18n.text(id));
}
