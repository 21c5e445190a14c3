//! The session is over: how was the help?

use super::{ScreenState, ended, layout};
use agent_core::view::{AgentCommand, EndView};
use egui::{Margin, TextEdit, Ui};
use i18n::I18n;
use ui_kit::TagKind;

/// Longest comment, in characters.
const COMMENT_CHARS: usize = 500;
const NAMES: [&str; 5] = ["rating-1", "rating-2", "rating-3", "rating-4", "rating-5"];

pub(super) fn page_ui(ui: &mut Ui, end: &EndView, i18n: &I18n, state: &mut ScreenState) -> Vec<AgentCommand> {
    let is_rated = state.stars > 0;
    let is_missed = state.stars_missed && !is_rated;
    let (skip, send) = layout::page(
        ui,
        |ui| content_ui(ui, end, i18n, state),
        |ui| {
            ui_kit::small(ui, &i18n.text("rating-then"));
            // Whoever writes without a star is told what is still wanted, and loses nothing.
            if is_missed {
                ui_kit::notice(ui, TagKind::Accent, "", &i18n.text("rating-scale"));
            }
            ui_kit::button_pair(ui, &i18n.text("rating-skip"), &i18n.text("rating-send"))
        },
    );
    if ui.memory(|memory| memory.focused().is_none()) {
        skip.request_focus();
    }
    if skip.clicked() {
        return vec![AgentCommand::SkipRating];
    }
    if send.clicked() && !is_rated {
        state.stars_missed = true;
    } else if send.clicked() {
        return vec![AgentCommand::Rate { stars: state.stars, comment: state.comment.clone() }];
    }
    Vec::new()
}

fn content_ui(ui: &mut Ui, end: &EndView, i18n: &I18n, state: &mut ScreenState) {
    ended::how_it_ended_ui(ui, end, i18n);
    ui.add_space(8.0);
    ui_kit::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 10.0;
        ui_kit::heading(ui, &i18n.text("rating-title"));
        let names = NAMES.map(|id| i18n.text(id));
        if let Some(stars) = ui_kit::stars(ui, state.stars, std::array::from_fn(|place| names[place].as_str())) {
            state.stars = stars;
        }
        match usize::from(state.stars).checked_sub(1).and_then(|place| names.get(place)) {
            Some(name) => ui_kit::small(ui, name),
            None => ui_kit::small(ui, &i18n.text("rating-scale")),
        };
        ui_kit::small(ui, &i18n.text("rating-comment"));
        let size = ui_kit::theme::tokens(ui).small_size;
        let field = TextEdit::multiline(&mut state.comment)
            .char_limit(COMMENT_CHARS)
            .font(ui_kit::fonts::Weight::Regular.at(size))
            .margin(Margin::same(10))
            .desired_rows(2)
            .desired_width(f32::INFINITY)
            .show(ui);
        field.response.response.accessible_name(i18n.text("rating-comment"));
        ui_kit::tiny(ui, &i18n.text("rating-who-reads"));
    });
}
