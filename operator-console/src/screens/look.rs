//! Light or dark, and the language of the window.

use super::parts::focus_ring;
use super::{Effect, ScreenState};
use crate::settings::{Choice, Look};
use egui::{RichText, Stroke, Ui};
use i18n::{I18n, Language};
use ui_kit::fonts::Weight;
use ui_kit::{TagKind, notice, small, theme};

/// Two lines of choices; what is chosen holds at once.
pub(super) fn look_ui(ui: &mut Ui, i18n: &I18n, state: &mut ScreenState) {
    let settings = state.settings;
    ui.horizontal_wrapped(|ui| {
        small(ui, &i18n.text("console-look"));
        for look in Look::ALL {
            if choice_ui(ui, &i18n.text(look_name(look)), settings.look == look) {
                state.effects.push(Effect::Choose(Choice::Look(look)));
            }
        }
    });
    ui.horizontal_wrapped(|ui| {
        small(ui, &i18n.text("console-window-language"));
        for language in languages() {
            if choice_ui(ui, &language_name(i18n, language), settings.language == language) {
                state.effects.push(Effect::Choose(Choice::Language(language)));
            }
        }
    });
    if state.settings_not_kept {
        notice(ui, TagKind::Warn, "", &i18n.text("console-settings-not-kept"));
    }
}

/// The languages that can be chosen: the system's, and each by name.
pub(super) fn languages() -> impl Iterator<Item = Option<Language>> {
    std::iter::once(None).chain(Language::ALL.map(Some))
}

/// What a choice of colours is called.
pub(super) const fn look_name(look: Look) -> &'static str {
    match look {
        Look::System => "console-look-system",
        Look::Light => "console-look-light",
        Look::Dark => "console-look-dark",
    }
}

/// What a choice of language is called; a language has its own name in every language.
pub(super) fn language_name(i18n: &I18n, language: Option<Language>) -> String {
    match language {
        None => i18n.text("console-look-system"),
        Some(language) => i18n.text(&format!("console-language-{}", language.tag())),
    }
}

/// Whether it was pressed.
fn choice_ui(ui: &mut Ui, name: &str, is_chosen: bool) -> bool {
    let tokens = theme::tokens(ui);
    let ink = if is_chosen { tokens.accent } else { tokens.ink };
    let words = RichText::new(name).font(Weight::SemiBold.at(tokens.small_size)).color(ink);
    let fill = if is_chosen { tokens.accent_soft } else { tokens.surface };
    let edge = Stroke::new(1.0, if is_chosen { tokens.accent } else { tokens.edge });
    let choice = ui.add(egui::Button::new(words).selected(is_chosen).fill(fill).stroke(edge));
    focus_ring(ui, &choice, choice.rect);
    choice.clicked()
}
