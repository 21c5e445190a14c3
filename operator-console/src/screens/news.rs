//! The list of what happened in any session, until the operator empties it.

use super::parts::{close_button, focus_ring};
use super::{Effect, Scene, ScreenState, machine, past, session, side, tabs};
use crate::desk::DeskCommand;
use crate::news::{Item, What};
use crate::words;
use console_core::LineId;
use console_core::records::RecordId;
use console_core::view::{PowerState, Stage};
use egui::{Align, Area, Frame, Layout, Margin, Order, ScrollArea, Sense, Stroke, Ui, WidgetInfo, vec2};
use i18n::I18n;
use ui_kit::fonts::Weight;
use ui_kit::{button, small, theme};

/// The list over the column at the right, where the talk is; while it is open, everything in it counts as seen.
/// Nothing of the remote screen is under it.
pub(super) fn news_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState) {
    let tokens = theme::tokens(ui);
    let window = ui.ctx().content_rect();
    let bar = if matches!(scene.view.stage, Stage::Session(_)) { session::BAR_HEIGHT } else { 0.0 };
    let top = tabs::HEIGHT + bar;
    let size = vec2(side::width(ui), window.height() - top);
    let mut open = true;
    let mut leads = None;
    let area = Area::new(ui.scope_id().with("news")).order(Order::Middle);
    area.fixed_pos(window.right_top() + vec2(-size.x, top)).show(ui.ctx(), |ui| {
        let edge = Stroke::new(1.0, tokens.line);
        let frame = Frame::new().fill(tokens.background).stroke(edge).inner_margin(Margin::symmetric(12, 10));
        frame.show(ui, |ui| {
            ui.set_min_size(size - vec2(26.0, 22.0));
            ui.set_max_size(size - vec2(26.0, 22.0));
            ui.horizontal(|ui| {
                super::parts::strong(ui, &scene.i18n.text("console-news"));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    open = !close_button(ui, &scene.i18n.text("console-news-close"), tokens.ink_secondary).clicked();
                });
            });
            if scene.desk.news.is_empty() {
                small(ui, &scene.i18n.text("console-news-empty"));
                return;
            }
            if button(ui, &scene.i18n.text("console-news-clear")).clicked() {
                state.effects.push(Effect::Desk(DeskCommand::ClearNews));
            }
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                for item in scene.desk.news.iter() {
                    leads = item_ui(ui, scene, item).or(leads.take());
                }
            });
        });
    });
    if scene.desk.unseen() > 0 {
        state.effects.push(Effect::Desk(DeskCommand::SeeNews));
    }
    match leads {
        Some(Leads::Tab(line)) => state.effects.push(Effect::Desk(DeskCommand::Show(Some(line)))),
        // It is on the first page, where the list would cover a part of it.
        Some(Leads::Record(id)) => {
            open = false;
            state.effects.push(Effect::OpenRecord(id));
        }
        None => {}
    }
    state.tabs.news_open = open;
}

/// Where something that happened leads.
enum Leads {
    Tab(LineId),
    Record(RecordId),
}

/// Something that happened; where it leads, if it was pressed and leads anywhere.
fn item_ui(ui: &mut Ui, scene: &Scene<'_>, item: &Item) -> Option<Leads> {
    let tokens = theme::tokens(ui);
    let tab = scene.desk.tabs.iter().find(|tab| tab.line == item.line);
    let record = item.record.as_ref().and_then(|id| scene.desk.record(id));
    let (who, leads) = match (tab, record) {
        (Some(tab), _) => (tabs::name_of(scene, tab), Some(Leads::Tab(item.line))),
        (None, Some(record)) => (past::name_of(scene.i18n, record), Some(Leads::Record(record.id.clone()))),
        (None, None) => (scene.i18n.text("console-news-gone"), None),
    };
    let time = scene.i18n.time_of_day(item.at);
    let what = what(scene.i18n, &item.what);
    let top = ui.available_rect_before_wrap().min;
    let frame = Frame::new().inner_margin(Margin::symmetric(4, 6)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 0.0;
        let line = |ui: &mut Ui, text: &str, font, ink| {
            ui.add(egui::Label::new(egui::RichText::new(text).font(font).color(ink)).wrap().selectable(false));
        };
        line(ui, &format!("{time} \u{b7} {who}"), Weight::Regular.at(12.0), tokens.ink_secondary);
        line(ui, &what, Weight::Regular.at(tokens.small_size), tokens.ink);
    });
    let rect = egui::Rect::from_min_max(top, frame.response.rect.max.max(top + vec2(1.0, 1.0)));
    // Without a place to lead to it is there to be read only.
    let leads = leads?;
    let response = ui.interact(rect, ui.scope_id().with(("news", item.number)), Sense::click());
    let response = response.on_hover_cursor(egui::CursorIcon::PointingHand);
    focus_ring(ui, &response, rect);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, format!("{what}, {who}, {time}")));
    response.clicked().then_some(leads)
}

/// What happened, in words.
#[must_use]
pub fn what(i18n: &I18n, what: &What) -> String {
    let power = |power: &str, state| {
        let id = match state {
            PowerState::Granted => "console-news-granted",
            PowerState::Revoked => "console-news-revoked",
            PowerState::Over(_) => "console-news-over",
            _ => "console-news-refused",
        };
        let state = i18n.text(words::power_state(state));
        i18n.text_with(id, &[("power", i18n.text(power).into()), ("state", state.into())])
    };
    let file = |id: &str, name: &String| i18n.text_with(id, &[("name", name.into())]);
    match what {
        What::Came => i18n.text("console-news-came"),
        What::Recognised => i18n.text("console-news-recognised"),
        What::Granted(capability) => power(words::power(*capability), PowerState::Granted),
        What::Refused(capability, decision) => power(words::power(*capability), PowerState::Refused(*decision)),
        What::Revoked(capability) => power(words::power(*capability), PowerState::Revoked),
        What::Over(capability, cause) => power(words::power(*capability), PowerState::Over(*cause)),
        What::Folders(state) => power("console-power-folders", *state),
        What::Conflicts(name, count) => {
            i18n.text_with("console-news-conflicts", &[("name", name.into()), ("count", (*count).into())])
        }
        What::Ending(ending) => machine::ending_words(i18n, ending),
        What::FileCame(name) => file("console-news-file-came", name),
        What::FileSent(name) => file("console-news-file-sent", name),
        What::FileRefused(name) => file("console-news-file-refused", name),
        What::FileFailed(name, failure) => {
            let failure = i18n.text(words::transfer_failure(*failure));
            i18n.text_with("console-news-file-failed", &[("name", name.into()), ("failure", failure.into())])
        }
        What::Chat(lines) => i18n.text_with("console-news-chat", &[("count", (*lines).into())]),
        What::Lost => i18n.text("console-news-lost"),
        What::Back => i18n.text("console-news-back"),
        What::Ended(reason) => i18n.text(words::end_reason(*reason)),
        What::Notice(kind) => words::notice(i18n, kind),
    }
}
