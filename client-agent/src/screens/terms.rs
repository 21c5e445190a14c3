//! The terms: what the help is bound to, to be accepted or not.

use super::asking::{Answers, Picked};
use super::{ScreenState, asking, layout};
use agent_core::view::{AgentCommand, OperatorView, TermsView};
use egui::{CollapsingHeader, RichText, Ui};
use i18n::I18n;

pub(super) fn page_ui(
    ui: &mut Ui,
    operator: &OperatorView,
    terms: &TermsView,
    i18n: &I18n,
    state: &mut ScreenState,
) -> Vec<AgentCommand> {
    let answers = Answers::new("terms-no", "terms-yes", i18n, state);
    let picked = asking::question(ui, &answers, i18n, |ui| {
        layout::who(ui, operator, i18n);
        ui_kit::title(ui, &i18n.text("terms-title"));
        ui_kit::body_secondary(ui, &i18n.text("terms-lead"));
        ui.add_space(8.0);
        ui_kit::card(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 12.0;
            for paragraph in paragraphs(&terms.terms) {
                ui_kit::body(ui, paragraph);
            }
        });
        ui.add_space(8.0);
        ui_kit::small(ui, &i18n.text_with("terms-relay", &[("relay", (&terms.relay).into())]));
        ui_kit::small(ui, &i18n.text("terms-nothing-stays"));
        if let Some(privacy) = &terms.privacy {
            privacy_ui(ui, privacy, i18n);
        }
    });
    match picked {
        Some(Picked::Scam) => vec![AgentCommand::ReportScam],
        Some(picked) => vec![AgentCommand::AcceptTerms(picked == Picked::Yes)],
        None => Vec::new(),
    }
}

/// The whole notice, for those who want to read it now.
fn privacy_ui(ui: &mut Ui, privacy: &str, i18n: &I18n) {
    let tokens = ui_kit::theme::tokens(ui);
    let font = ui_kit::fonts::Weight::SemiBold.at(tokens.small_size);
    let title = RichText::new(i18n.text("terms-privacy")).font(font).color(tokens.accent);
    CollapsingHeader::new(title).id_salt("privacy").show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 10.0;
        for paragraph in paragraphs(privacy) {
            ui_kit::small(ui, paragraph);
        }
    });
}

fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}
