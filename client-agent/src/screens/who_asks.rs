//! Who wants to help: is it the person on the phone?

use super::asking::{Answers, Picked};
use super::{ScreenState, asking, layout};
use agent_core::view::{AgentCommand, OperatorView};
use egui::{Frame, Ui};
use i18n::I18n;
use ui_kit::{TagKind, theme};

pub(super) fn page_ui(
    ui: &mut Ui,
    operator: &OperatorView,
    check_word: &str,
    i18n: &I18n,
    state: &mut ScreenState,
) -> Vec<AgentCommand> {
    let answers = if operator.verified {
        Answers::new("who-no", "who-yes", i18n, state)
    } else {
        Answers::new("who-no", "who-yes-unverified", i18n, state).wary()
    };
    let picked = asking::question(ui, &answers, i18n, |ui| {
        ui_kit::title(ui, &i18n.text(if operator.verified { "who-title" } else { "who-title-unverified" }));
        ui.add_space(4.0);
        who_card(ui, operator, i18n);
        ui.add_space(4.0);
        if !operator.verified {
            let organisation = [("organisation", (&operator.organisation).into())];
            let what_to_do = i18n.text_with("who-unverified-do", &organisation);
            ui_kit::notice(ui, TagKind::Danger, &i18n.text("who-unverified"), &what_to_do);
            ui.add_space(4.0);
        }
        ui_kit::body_secondary(ui, &i18n.text("who-ask"));
        ui.add_space(4.0);
        ui_kit::small(ui, &i18n.text("panel-check-word"));
        word_box(ui, check_word, i18n);
        if operator.verified {
            ui.add_space(4.0);
            ui_kit::small(ui, &i18n.text("who-called"));
        }
    });
    match picked {
        Some(Picked::Scam) => vec![AgentCommand::ReportScam],
        Some(picked) => vec![AgentCommand::RecogniseOperator(picked == Picked::Yes)],
        None => Vec::new(),
    }
}

fn who_card(ui: &mut Ui, operator: &OperatorView, i18n: &I18n) {
    ui_kit::card(ui, |ui| {
        ui.horizontal(|ui| {
            ui_kit::avatar(ui, &operator.name, 56.0);
            ui.add_space(4.0);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui_kit::heading(ui, &operator.name);
                layout::ink_small(ui, &operator.organisation);
                if operator.verified {
                    ui_kit::tiny(ui, &operator.domain);
                } else {
                    let domain = [("domain", (&operator.domain).into())];
                    ui_kit::tiny(ui, &i18n.text_with("who-domain-not-proven", &domain));
                }
                if let Some(team) = &operator.team {
                    ui_kit::tiny(ui, &i18n.text_with("who-team", &[("team", team.into())]));
                }
            });
        });
        // That it is not verified is said in the warning under the card.
        if operator.verified {
            ui.add_space(6.0);
            ui_kit::tag(ui, TagKind::Ok, &i18n.text("common-verified"));
        }
    });
}

/// The check word, large enough to be read out.
fn word_box(ui: &mut Ui, check_word: &str, i18n: &I18n) {
    let tokens = theme::tokens(ui);
    Frame::new()
        .fill(tokens.surface)
        .stroke(egui::Stroke::new(2.0, tokens.line))
        .corner_radius(tokens.card_radius)
        .inner_margin(14)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.vertical_centered(|ui| {
                ui_kit::mono_key(ui, check_word, 28.0)
                    .accessible_name(i18n.text_with("who-word", &[("word", check_word.into())]));
            });
        });
}
