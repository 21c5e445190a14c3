//! The program belongs to no organisation: type the domain of yours.

use super::{ScreenState, layout};
use agent_core::view::{AgentCommand, DomainProblem};
use egui::{Key, Margin, TextEdit, Ui};
use i18n::I18n;
use ui_kit::TagKind;

pub(super) fn page_ui(
    ui: &mut Ui,
    problem: Option<DomainProblem>,
    i18n: &I18n,
    state: &mut ScreenState,
) -> Vec<AgentCommand> {
    let mut submit = false;
    let domain = &mut state.domain;
    let (exit, go_on) = {
        let submit = &mut submit;
        let domain = &mut *domain;
        layout::page(
            ui,
            |ui| {
                ui_kit::title(ui, &i18n.text("domain-title"));
                // What came of what was typed takes the place of what is known by then.
                match problem {
                    Some(problem) => {
                        let id = problem_id(problem);
                        let kind = if problem == DomainProblem::NotTrusted { TagKind::Danger } else { TagKind::Warn };
                        ui_kit::notice(ui, kind, &i18n.text(id), &i18n.text(&format!("{id}-do")));
                    }
                    None => drop(ui_kit::body_secondary(ui, &i18n.text("domain-lead"))),
                }
                ui.add_space(8.0);
                ui_kit::small(ui, &i18n.text("domain-field"));
                let size = ui_kit::theme::tokens(ui).body_size;
                let field = TextEdit::singleline(domain)
                    .hint_text(i18n.text("domain-example"))
                    .font(ui_kit::fonts::Weight::Regular.at(size))
                    .margin(Margin::same(12))
                    .desired_width(f32::INFINITY)
                    .show(ui);
                let field = field.response.response.accessible_name(i18n.text("domain-field"));
                *submit = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
                if ui.memory(|memory| memory.focused().is_none()) {
                    field.request_focus();
                }
                ui.add_space(8.0);
                ui_kit::notice(ui, TagKind::Accent, "", &i18n.text("domain-careful"));
            },
            |ui| {
                ui_kit::small(ui, &i18n.text("key-nobody-sees"));
                ui_kit::button_pair(ui, &i18n.text("agent-exit"), &i18n.text("key-continue"))
            },
        )
    };
    if exit.clicked() {
        return vec![AgentCommand::Quit];
    }
    if go_on.clicked() || submit {
        return vec![AgentCommand::SubmitDomain(domain.clone())];
    }
    Vec::new()
}

const fn problem_id(problem: DomainProblem) -> &'static str {
    match problem {
        DomainProblem::Malformed => "domain-malformed",
        DomainProblem::Unreachable => "domain-unreachable",
        DomainProblem::NotTrusted => "domain-not-trusted",
        DomainProblem::NotThere => "domain-not-there",
        DomainProblem::Expired => "domain-expired",
    }
}
