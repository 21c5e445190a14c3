//! The page about the operator: the certificate, what it allows, its renewal, the password.

use super::gate::{password_ui, renew_ui, told_ui};
use super::look::look_ui;
use super::parts::fact_ui;
use super::{Page, Scene, ScreenState};
use crate::{gate_words, words};
use console_core::proto::session::{Asking, Capability};
use console_core::view::OperatorView;
use egui::{Label, RichText, Ui};
use std::time::Duration;
use ui_kit::fonts::Weight;
use ui_kit::{TagKind, body, button, card, heading, notice, small, theme, title};

/// From how many days on the end of the certificate is told without being asked.
pub const RENEW_DAYS: i64 = 7;
/// Wider is harder to read.
const WIDEST: f32 = 760.0;

/// The whole page.
pub fn account_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState) {
    ui.set_max_width(WIDEST.min(ui.available_width()));
    ui.spacing_mut().item_spacing.y = 12.0;
    let operator = &scene.view.operator;
    title(ui, &scene.i18n.text("console-account"));
    told_ui(ui, scene.i18n, scene.gate, &mut state.gate);
    certificate_ui(ui, scene, operator);
    profile_ui(ui, scene, operator);
    renew_ui(ui, scene.i18n, scene.gate, false, state);
    password_ui(ui, scene.i18n, scene.gate, state);
    card(ui, |ui| {
        heading(ui, &scene.i18n.text("console-window-settings"));
        look_ui(ui, scene.i18n, state);
    });
    if button(ui, &scene.i18n.text("console-ended-back")).clicked() {
        state.page = Page::Assistance;
    }
}

fn certificate_ui(ui: &mut Ui, scene: &Scene<'_>, operator: &OperatorView) {
    let i18n = scene.i18n;
    card(ui, |ui| {
        heading(ui, &i18n.text("console-certificate-title"));
        fact_ui(ui, &i18n.text("console-fact-name"), &operator.name);
        if let Some(team) = &operator.team {
            fact_ui(ui, &i18n.text("console-fact-team"), team);
        }
        let organisation = format!("{} \u{b7} {}", operator.organisation, operator.domain);
        fact_ui(ui, &i18n.text("console-fact-organisation"), &organisation);
        let end = gate_words::date(i18n, operator.ends_at_s, &operator.time_zone);
        let end = format!("{end} \u{b7} {}", days_left(scene));
        fact_ui(ui, &i18n.text("console-fact-end"), &end);
    });
}

fn days_left(scene: &Scene<'_>) -> String {
    let days = scene.view.operator.days_left;
    if days < 0 {
        scene.i18n.text("console-days-left-none")
    } else {
        scene.i18n.text_with("console-days-left", &[("days", days.into())])
    }
}

fn profile_ui(ui: &mut Ui, scene: &Scene<'_>, operator: &OperatorView) {
    let i18n = scene.i18n;
    card(ui, |ui| {
        heading(ui, &i18n.text("console-profile-title"));
        let power = |capability: &Capability| i18n.text(words::power(*capability));
        let may = |capability: &Capability| operator.may(*capability);
        for capability in Capability::ALL.iter().filter(|capability| may(capability)) {
            let asking = operator.tools.get(capability).copied().unwrap_or(Asking::Absent);
            fact_ui(ui, &power(capability), &i18n.text(gate_words::asking(asking)));
        }
        let absent: Vec<String> = Capability::ALL.iter().filter(|capability| !may(capability)).map(power).collect();
        if !absent.is_empty() {
            small(ui, &i18n.text_with("console-profile-absent", &[("powers", absent.join(", ").into())]));
        }
        ui.add_space(4.0);
        fact_ui(ui, &i18n.text("console-fact-hours"), &hours(scene, operator));
        let longest = match operator.longest_session_minutes {
            Some(minutes) => i18n.duration(Duration::from_secs(u64::from(minutes) * 60)),
            None => i18n.text("console-profile-no-limit"),
        };
        fact_ui(ui, &i18n.text("console-fact-longest"), &longest);
    });
}

fn hours(scene: &Scene<'_>, operator: &OperatorView) -> String {
    if operator.hours.is_empty() {
        return scene.i18n.text("console-profile-always");
    }
    let hours: Vec<String> = operator.hours.iter().map(|hours| gate_words::hours(scene.i18n, hours)).collect();
    format!("{}, {}", hours.join("; "), operator.time_zone)
}

/// Above the first page: the certificate ends soon, and what to do.
pub fn ends_soon_ui(ui: &mut Ui, scene: &Scene<'_>, page: &mut Page) {
    let days = scene.view.operator.days_left;
    if days > RENEW_DAYS {
        return;
    }
    let tokens = theme::tokens(ui);
    let frame = egui::Frame::new().fill(tokens.warning_soft).corner_radius(tokens.card_radius);
    let edge = if tokens.high_contrast { egui::Stroke::new(2.0, tokens.warning) } else { egui::Stroke::NONE };
    frame.stroke(edge).inner_margin(egui::Margin::symmetric(16, 12)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let text = if days < 0 {
            scene.i18n.text("console-ends-ended")
        } else {
            scene.i18n.text_with("console-ends-soon", &[("days", days.into())])
        };
        let words = RichText::new(text).font(Weight::Regular.at(tokens.body_size)).color(tokens.warning);
        ui.add(Label::new(words.line_height(Some(21.0))).wrap());
        if button(ui, &scene.i18n.text("console-ends-renew")).clicked() {
            *page = Page::Account;
        }
    });
}

/// Says that no key can be made now, and when again.
pub fn closed_ui(ui: &mut Ui, scene: &Scene<'_>) {
    let operator = &scene.view.operator;
    let text = match &scene.gate.opening {
        Some(opening) => {
            let opens = gate_words::opening(scene.i18n, opening, &operator.time_zone);
            scene.i18n.text_with("console-closed-until", &[("opens", opens.into())])
        }
        None => scene.i18n.text("console-closed"),
    };
    notice(ui, TagKind::Warn, "", &text);
    body(ui, &scene.i18n.text_with("console-closed-hours", &[("hours", hours(scene, operator).into())]));
}
