//! Type the key.

use super::{ScreenState, layout};
use agent_core::view::{AgentCommand, KeyProblem};
use egui::{Key, Ui};
use i18n::I18n;
use ui_kit::TagKind;

pub(super) fn page_ui(
    ui: &mut Ui,
    problem: Option<KeyProblem>,
    i18n: &I18n,
    state: &mut ScreenState,
) -> Vec<AgentCommand> {
    let mut submit = false;
    let key = &mut state.key;
    let (exit, go_on) = {
        let submit = &mut submit;
        let key_ref = &mut *key;
        layout::page(
            ui,
            |ui| {
                ui_kit::title(ui, &i18n.text("key-title"));
                // What came of what was typed takes the place of what is known by then.
                match problem {
                    Some(problem) => {
                        let (what, what_to_do) = words(problem, i18n);
                        ui_kit::notice(ui, TagKind::Warn, &what, &what_to_do);
                    }
                    None => drop(ui_kit::body_secondary(ui, &i18n.text("key-lead"))),
                }
                ui.add_space(8.0);
                let field = ui_kit::key_field(ui, key_ref).accessible_name(i18n.text("key-field"));
                *submit = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
                if ui.memory(|memory| memory.focused().is_none()) {
                    field.request_focus();
                }
                ui.add_space(2.0);
                ui_kit::tiny(ui, &i18n.text("key-hint"));
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
        return vec![AgentCommand::SubmitKey(key.clone())];
    }
    Vec::new()
}

fn words(problem: KeyProblem, i18n: &I18n) -> (String, String) {
    let id = match problem {
        KeyProblem::Malformed => "key-problem-malformed",
        KeyProblem::NotFound => "key-problem-not-found",
        KeyProblem::WrongSecret { tries_left } => {
            let tries = [("tries", tries_left.into())];
            return (i18n.text("key-problem-wrong-secret"), i18n.text_with("key-problem-wrong-secret-do", &tries));
        }
        KeyProblem::Burned => "key-problem-burned",
        KeyProblem::Busy => "key-problem-busy",
    };
    (i18n.text(id), i18n.text(&format!("{id}-do")))
}
