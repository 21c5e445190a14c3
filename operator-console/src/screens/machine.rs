//! The part under the remote screen that shows the client's machine, page by page; nothing waits for it.

use super::parts::{close_button, fact_ui, focus_ring, panel_title, under_screen};
use super::side::{Powers, may_ask};
use super::{Copied, Effect, Scene, ScreenState, Under};
use crate::machine_words::{self, CPU_COLUMN, Paper, Sheet};
use crate::words;
use console_core::proto::machine::{Facts, Process, Topic};
use console_core::proto::session::{Capability, Ending};
use console_core::view::{ConsoleCommand, EndingState, EndingView, PageView, PowerState, SessionView};
use egui::{Align, Frame, Label, Layout, Margin, RichText, ScrollArea, TextWrapMode, Ui, vec2};
use i18n::{I18n, Language};
use std::collections::BTreeMap;
use std::sync::Arc;
use ui_kit::fonts::Weight;
use ui_kit::{TagKind, primary_button, small, tag, theme, tiny};

/// Where the stage is at least so high, in points, the remote screen stays in sight above.
const ROOM_FOR_BOTH: f32 = 560.0;
/// Which part of the stage's height the pages have then.
const SHARE: f32 = 0.6;
/// Height of a row, in points.
const ROW: f32 = 28.0;
/// Height of a row's second line, with the gap above it, and the gap between rows, in points.
const SECOND_ROW: f32 = 22.0;
const SPACING: f32 = 2.0;
/// Width of what can be done with a row, in points.
const DO_WIDTH: f32 = 118.0;

/// What the pages remember between frames.
#[derive(Debug)]
pub struct MachineState {
    /// Which page.
    pub topic: Topic,
    /// Only rows with these words are shown.
    pub filter: String,
    sort: BTreeMap<Topic, (usize, bool)>,
    put: Option<Put>,
}

/// A page put into words, until it or what is wanted of it changes.
#[derive(Debug)]
struct Put {
    facts: Arc<Facts>,
    language: Language,
    paper: Paper,
    wanted: (String, Option<(usize, bool)>),
    order: Vec<usize>,
}

impl Default for MachineState {
    fn default() -> Self {
        let sort = BTreeMap::from([(Topic::Processes, (CPU_COLUMN, true))]);
        Self { topic: Topic::Overview, filter: String::new(), sort, put: None }
    }
}

/// The tool was pressed: opens the pages and asks for them, or closes them.
pub fn toggle(session: &SessionView, scene: &Scene<'_>, state: &mut ScreenState, commands: &mut Vec<ConsoleCommand>) {
    state.copied = None;
    if state.toggle_under(Under::Machine) {
        let is_off = session.state_of(Capability::SystemInfo) == PowerState::Off;
        if is_off && may_ask(&scene.view.operator, session, Capability::SystemInfo) {
            // The page that is wanted as soon as the person agrees.
            commands.push(ConsoleCommand::Look(state.machine.topic));
            commands.push(ConsoleCommand::Ask(Capability::SystemInfo));
        } else {
            open_page(session, state.machine.topic, commands);
        }
    }
}

fn open_page(session: &SessionView, topic: Topic, commands: &mut Vec<ConsoleCommand>) {
    let page = session.machine.pages.get(&topic);
    if page.is_none_or(|page| page.facts.is_none() && !page.is_loading) {
        commands.push(ConsoleCommand::Look(topic));
    }
}

/// The pages; whether there is room left for the remote screen.
pub fn machine_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) -> bool {
    under_screen(ui, "machine", Margin::symmetric(16, 10), ROOM_FOR_BOTH, SHARE, |ui| {
        whole_ui(ui, scene, session, state, commands);
    })
}

fn whole_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
    let tokens = theme::tokens(ui);
    ui.allocate_ui_with_layout(vec2(ui.available_width(), 28.0), Layout::right_to_left(Align::Center), |ui| {
        if close_button(ui, &scene.i18n.text("console-close-panel"), tokens.ink_secondary).clicked() {
            state.under = None;
        }
        let is_granted = session.state_of(Capability::SystemInfo) == PowerState::Granted;
        if is_granted && matches!(state.machine.topic, Topic::Processes | Topic::Packages | Topic::Events) {
            filter_ui(ui, scene, &mut state.machine.filter);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let id = if super::is_narrow(ui) { "console-tool-machine-short" } else { "console-tool-machine" };
            panel_title(ui, &scene.i18n.text(id));
        });
    });
    let standing = session.state_of(Capability::SystemInfo);
    if standing != PowerState::Granted {
        return asking_ui(ui, scene, session, standing, commands);
    }
    tabs_ui(ui, scene, session, state, commands);
    let none = PageView::default();
    let page = session.machine.pages.get(&state.machine.topic).unwrap_or(&none);
    put(scene, page, &mut state.machine);
    actions_ui(ui, scene, page, state, commands);
    if let Some(ending) = session.machine.endings.last().filter(|_| state.machine.topic == Topic::Processes) {
        let words = ending_words(scene.i18n, ending);
        small(ui, &words);
    }
    page_ui(ui, scene, session, page, state, commands);
}

/// The field whose words the rows must hold.
fn filter_ui(ui: &mut Ui, scene: &Scene<'_>, filter: &mut String) {
    const WIDTH: f32 = 240.0;
    let tokens = theme::tokens(ui);
    let name = scene.i18n.text("console-machine-filter");
    let font = Weight::Regular.at(tokens.small_size);
    let frame = Frame::new()
        .fill(tokens.surface)
        .stroke(egui::Stroke::new(1.0, tokens.edge))
        .corner_radius(tokens.radius)
        .inner_margin(Margin::symmetric(10, 4));
    let field = egui::TextEdit::singleline(filter)
        .id(ui.scope_id().with("machine filter"))
        .hint_text(RichText::new(scene.i18n.text("console-machine-filter-short")).color(tokens.ink_secondary))
        .font(font)
        .text_color(tokens.ink)
        .char_limit(console_core::proto::limits::NAME_BYTES)
        .align(egui::Align2::LEFT_CENTER)
        .desired_width((ui.available_width() * 0.4).min(WIDTH))
        .frame(frame);
    let field = ui.add(field);
    focus_ring(ui, &field, field.rect);
    field.accessible_name(name);
}

/// Before the person allows it.
fn asking_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    standing: PowerState,
    commands: &mut Vec<ConsoleCommand>,
) {
    ScrollArea::vertical().show(ui, |ui| {
        let id = if standing == PowerState::Asked { "console-machine-asked" } else { "console-machine-ask-text" };
        small(ui, &scene.i18n.text(id));
        if !matches!(standing, PowerState::Asked | PowerState::Off) {
            tag(ui, TagKind::Warn, &scene.i18n.text(words::power_state(standing)));
        }
        if may_ask(&scene.view.operator, session, Capability::SystemInfo)
            && primary_button(ui, &scene.i18n.text("console-machine-ask")).clicked()
        {
            commands.push(ConsoleCommand::Ask(Capability::SystemInfo));
        }
    });
}

fn tabs_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let tokens = theme::tokens(ui);
    ui.spacing_mut().interact_size.y = 28.0;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().button_padding = vec2(10.0, 3.0);
        for topic in Topic::ALL {
            let is_open = topic == state.machine.topic;
            let ink = if is_open { tokens.accent } else { tokens.ink_secondary };
            let words = RichText::new(scene.i18n.text(machine_words::topic(topic)));
            let words = words.font(Weight::SemiBold.at(tokens.small_size)).color(ink);
            let fill = if is_open { tokens.accent_soft } else { egui::Color32::TRANSPARENT };
            let edge = egui::Stroke::new(1.0, if is_open { tokens.accent } else { tokens.line });
            let tab = ui.add(egui::Button::new(words).selected(is_open).fill(fill).stroke(edge));
            focus_ring(ui, &tab, tab.rect);
            if tab.clicked() && !is_open {
                state.machine.topic = topic;
                state.machine.filter.clear();
                state.copied = None;
                open_page(session, topic, commands);
            }
        }
    });
}

/// Puts the page into words, if that is not done yet.
fn put(scene: &Scene<'_>, page: &PageView, state: &mut MachineState) {
    let Some(facts) = &page.facts else {
        state.put = None;
        return;
    };
    let language = scene.i18n.language();
    let is_same = |put: &Put| Arc::ptr_eq(&put.facts, facts) && put.language == language;
    let wanted = (state.filter.clone(), state.sort.get(&state.topic).copied());
    let paper = match state.put.take().filter(is_same) {
        Some(put) if put.wanted == wanted => {
            state.put = Some(put);
            return;
        }
        Some(put) => put.paper,
        None => machine_words::paper(scene.i18n, facts),
    };
    let order = match &paper {
        Paper::Sheet(sheet) => sheet.order(&wanted.0, wanted.1),
        Paper::Facts(_) => Vec::new(),
    };
    state.put = Some(Put { facts: Arc::clone(facts), language, paper, wanted, order });
}

/// What can be done with the whole page, and how it stands.
fn actions_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    page: &PageView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let i18n = scene.i18n;
    let (topic, tokens) = (state.machine.topic, theme::tokens(ui));
    ui.horizontal_wrapped(|ui| {
        if small_button(ui, !page.is_loading, &i18n.text("console-machine-refresh")).clicked() {
            commands.push(ConsoleCommand::Look(topic));
        }
        let texts = state.machine.put.as_ref();
        let is_here = texts.is_some();
        let [copy, text, json] = ["console-machine-copy", "console-machine-save-text", "console-machine-save-json"]
            .map(|id| small_button(ui, is_here, &i18n.text(id)).clicked());
        if let Some(put) = texts {
            let stem = machine_words::file_stem(topic);
            if copy {
                state.effects.push(Effect::CopyFacts(put.paper.text(i18n)));
            }
            if text {
                let text = put.paper.text(i18n);
                commands.push(ConsoleCommand::SaveText { stem: stem.clone(), extension: "txt", text });
            }
            if json {
                let text = put.facts.to_pretty_json();
                commands.push(ConsoleCommand::SaveText { stem, extension: "json", text });
            }
        }
        match state.copied {
            Some(Copied::Facts) => drop(tag(ui, TagKind::Ok, &i18n.text("console-machine-copied"))),
            Some(Copied::Failed) => drop(tag(ui, TagKind::Warn, &i18n.text("console-machine-not-copied"))),
            Some(Copied::Key | Copied::Invitation | Copied::Picture) | None => {}
        }
        if page.is_loading {
            tag(ui, TagKind::Accent, &i18n.text("console-machine-loading"));
        } else if page.has_failed {
            tag(ui, TagKind::Warn, &i18n.text("console-machine-failed"));
        } else if let Some(at) = page.at {
            let mut words = i18n.text_with("console-machine-at", &[("time", i18n.time_of_day(at).into())]);
            if let Some(left_out) = page.facts.as_ref().map(|facts| facts.left_out()).filter(|count| *count > 0) {
                let count = [("count", left_out.into())];
                words = format!("{words} · {}", i18n.text_with("console-machine-left-out", &count));
            }
            let words = RichText::new(words).font(Weight::Regular.at(tokens.tiny_size)).color(tokens.ink_secondary);
            ui.add(Label::new(words).extend());
        }
    });
}

/// A button that leaves the height to the rows. What does not fit beside the others goes to a row of its own.
fn small_button(ui: &mut Ui, is_enabled: bool, text: &str) -> egui::Response {
    let tokens = theme::tokens(ui);
    let words = RichText::new(text).font(Weight::SemiBold.at(tokens.small_size)).color(tokens.ink);
    ui.spacing_mut().button_padding = vec2(10.0, 3.0);
    ui.spacing_mut().interact_size.y = 28.0;
    let edge = egui::Stroke::new(1.0, tokens.edge);
    let button = egui::Button::new(words).fill(tokens.surface).stroke(edge).wrap_mode(TextWrapMode::Extend);
    let button = ui.add_enabled(is_enabled, button);
    focus_ring(ui, &button, button.rect);
    button
}

/// What became of a program that was to end.
pub(super) fn ending_words(i18n: &I18n, ending: &EndingView) -> String {
    let id = match ending.state {
        EndingState::Asked => "console-ending-asked",
        EndingState::Refused(_) => "console-ending-refused",
        EndingState::Told => "console-ending-told",
        EndingState::Over(Ending::Ended) => "console-ending-ended",
        EndingState::Over(Ending::Runs) => "console-ending-runs",
        EndingState::Over(Ending::NotAllowed) => "console-ending-not-allowed",
        EndingState::Over(Ending::Gone) => "console-ending-gone",
        EndingState::Over(Ending::Failed) => "console-ending-failed",
    };
    let name = format!("{} ({})", ending.name, ending.pid);
    let why = match ending.state {
        EndingState::Refused(decision) => i18n.text(words::power_state(PowerState::Refused(decision))),
        _ => String::new(),
    };
    i18n.text_with(id, &[("name", name.into()), ("why", why.into())])
}

fn page_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    page: &PageView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let topic = state.machine.topic;
    let Some(put) = state.machine.put.take() else {
        if page.has_failed {
            small(ui, &scene.i18n.text("console-machine-failed-text"));
        }
        return;
    };
    match &put.paper {
        Paper::Facts(facts) => {
            ScrollArea::vertical().id_salt(("facts", topic)).auto_shrink(false).show(ui, |ui| {
                for (name, value) in facts {
                    fact_ui(ui, name, value);
                }
            });
        }
        Paper::Sheet(sheet) => {
            let table = Table { scene, session, sheet, order: &put.order, facts: &put.facts };
            table.ui(ui, topic, &mut state.machine.sort, commands);
        }
    }
    state.machine.put = Some(put);
}

/// A sheet on the screen.
struct Table<'a> {
    scene: &'a Scene<'a>,
    session: &'a SessionView,
    sheet: &'a Sheet,
    order: &'a [usize],
    facts: &'a Facts,
}

impl Table<'_> {
    fn ui(
        &self,
        ui: &mut Ui,
        topic: Topic,
        sort: &mut BTreeMap<Topic, (usize, bool)>,
        commands: &mut Vec<ConsoleCommand>,
    ) {
        let ends = topic == Topic::Processes && self.scene.view.operator.may(Capability::EndProcess);
        ui.spacing_mut().item_spacing.y = SPACING;
        ui.spacing_mut().interact_size.y = ROW;
        let gap = ui.spacing().item_spacing.x;
        let bar = ui.spacing().scroll.allocated_width() + gap;
        let room = (ui.available_width() - bar - if ends { DO_WIDTH + gap } else { 0.0 }).max(40.0);
        let widths: Vec<(usize, f32)> =
            self.sheet.widths(room).into_iter().map(|(column, width)| (column, (width - gap).max(8.0))).collect();
        self.heads_ui(ui, topic, &widths, sort);
        if self.order.is_empty() {
            small(ui, &self.scene.i18n.text("console-machine-none"));
            return;
        }
        let second = self.sheet.second_line(&widths);
        let height = if second.is_empty() { ROW } else { ROW + SECOND_ROW };
        let rows = ScrollArea::vertical().id_salt(("rows", topic)).auto_shrink(false);
        rows.show_rows(ui, height, self.order.len(), |ui, shown| {
            for at in self.order.get(shown).unwrap_or_default() {
                ui.horizontal(|ui| {
                    ui.set_height(ROW);
                    self.cells_ui(ui, *at, &widths);
                    if ends {
                        self.end_ui(ui, *at, commands);
                    }
                });
                if !second.is_empty() {
                    self.second_line_ui(ui, *at, &second);
                }
            }
        });
    }

    fn heads_ui(&self, ui: &mut Ui, topic: Topic, widths: &[(usize, f32)], sort: &mut BTreeMap<Topic, (usize, bool)>) {
        let tokens = theme::tokens(ui);
        ui.horizontal(|ui| {
            ui.spacing_mut().button_padding = vec2(0.0, 2.0);
            for (at, width) in widths {
                let Some(column) = self.sheet.columns.get(*at) else { continue };
                let sorted = sort.get(&topic).filter(|(by, _)| by == at).map(|(_, descending)| *descending);
                let arrow = match sorted {
                    Some(true) => " ↓",
                    Some(false) => " ↑",
                    None => "",
                };
                let name = self.scene.i18n.text(column.id);
                let ink = if sorted.is_some() { tokens.accent } else { tokens.ink_secondary };
                let words = RichText::new(format!("{name}{arrow}")).font(Weight::SemiBold.at(13.0)).color(ink);
                let head = egui::Button::new(words).frame(false).truncate().selected(sorted.is_some());
                let (rect, _) = ui.allocate_exact_size(vec2(*width, ROW), egui::Sense::hover());
                let layout = Layout::left_to_right(Align::Center);
                let mut cell = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout));
                let id = match sorted {
                    Some(true) => "console-machine-sort-descending",
                    Some(false) => "console-machine-sort-ascending",
                    None => "console-machine-sort",
                };
                let spoken = self.scene.i18n.text_with(id, &[("column", (&name).into())]);
                let head = cell.add(head).accessible_name(spoken);
                focus_ring(&cell, &head, head.rect);
                if head.clicked() {
                    let descending = sorted.map_or(column.is_number, |descending| !descending);
                    sort.insert(topic, (*at, descending));
                }
            }
        });
    }

    fn cells_ui(&self, ui: &mut Ui, row: usize, widths: &[(usize, f32)]) {
        let tokens = theme::tokens(ui);
        let Some(row) = self.sheet.rows.get(row) else { return };
        // What has no room is told when the pointer rests on the row.
        let whole = (widths.len() < self.sheet.columns.len()).then(|| {
            let columns = self.sheet.columns.iter().zip(&row.cells);
            let named = columns.map(|(column, cell)| format!("{}: {}", self.scene.i18n.text(column.id), cell.text));
            named.collect::<Vec<_>>().join("\n")
        });
        for (at, width) in widths {
            let text = row.cells.get(*at).map_or("", |cell| cell.text.as_str());
            let words = RichText::new(text).font(Weight::Regular.at(13.0)).color(tokens.ink);
            let (rect, _) = ui.allocate_exact_size(vec2(*width, ROW), egui::Sense::hover());
            let mut cell =
                ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)));
            let label = Label::new(words).truncate();
            match &whole {
                // What is cut off is told by the label itself.
                None => drop(cell.add(label)),
                Some(whole) => drop(cell.add(label.show_tooltip_when_elided(false)).on_hover_text(whole)),
            }
        }
    }

    /// What had no room beside the others; numbers say what they are.
    fn second_line_ui(&self, ui: &mut Ui, row: usize, columns: &[usize]) {
        let tokens = theme::tokens(ui);
        let Some(row) = self.sheet.rows.get(row) else { return };
        let told = columns.iter().filter_map(|at| Some((self.sheet.columns.get(*at)?, row.cells.get(*at)?)));
        let told = told.filter(|(_, cell)| !cell.text.is_empty()).map(|(column, cell)| match column.is_number {
            true => format!("{} {}", self.scene.i18n.text(column.id), cell.text),
            false => cell.text.clone(),
        });
        let words = RichText::new(told.collect::<Vec<_>>().join(" · "));
        let words = words.font(Weight::Regular.at(tokens.tiny_size)).color(tokens.ink_secondary);
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), SECOND_ROW - SPACING), egui::Sense::hover());
        let line = egui::UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Min));
        ui.new_child(line).add(Label::new(words).truncate());
    }

    /// What can be done about a program, or where that stands.
    fn end_ui(&self, ui: &mut Ui, row: usize, commands: &mut Vec<ConsoleCommand>) {
        let Facts::Processes(processes) = self.facts else { return };
        let Some(process) = processes.rows.get(row).filter(|process| process.can_end) else { return };
        let endings = &self.session.machine.endings;
        let is_it = |ending: &&EndingView| (ending.pid, ending.started_s) == (process.pid, process.started_s);
        let force = match endings.iter().find(is_it).map(|ending| ending.state) {
            Some(EndingState::Asked) => return tiny_words(ui, self.scene, "console-state-asked"),
            Some(EndingState::Told) => return tiny_words(ui, self.scene, "console-ending-short"),
            Some(EndingState::Over(Ending::Ended)) => return tiny_words(ui, self.scene, "console-ended-short"),
            Some(EndingState::Over(Ending::Runs)) => true,
            Some(EndingState::Refused(_) | EndingState::Over(_)) | None => false,
        };
        // One question at a time: the person is to look at each.
        let may = !self.session.reconnecting && !endings.iter().any(|ending| ending.state == EndingState::Asked);
        self.button_ui(ui, process, force, may, commands);
    }

    fn button_ui(&self, ui: &mut Ui, process: &Process, force: bool, may: bool, commands: &mut Vec<ConsoleCommand>) {
        let tokens = theme::tokens(ui);
        let i18n = self.scene.i18n;
        let id = if force { "console-machine-force" } else { "console-machine-end" };
        let program = format!("{} ({})", process.name.shown(), process.pid);
        let spoken = i18n.text_with(&format!("{id}-name"), &[("name", program.into())]);
        let words = RichText::new(i18n.text(id)).font(Weight::SemiBold.at(13.0)).color(tokens.danger);
        let end = egui::Button::new(words).fill(tokens.surface).stroke(egui::Stroke::new(1.0, tokens.edge)).truncate();
        ui.spacing_mut().button_padding = vec2(8.0, 1.0);
        ui.spacing_mut().interact_size.y = 24.0;
        let end = ui.add_enabled(may, end.min_size(vec2(DO_WIDTH - 8.0, 24.0)));
        focus_ring(ui, &end, end.rect);
        if end.on_hover_text(&spoken).accessible_name(&spoken).clicked() {
            let (pid, name, started_s) = (process.pid, process.name.clone(), process.started_s);
            commands.push(ConsoleCommand::EndProcess { pid, name, started_s, force });
        }
    }
}

fn tiny_words(ui: &mut Ui, scene: &Scene<'_>, id: &str) {
    tiny(ui, &scene.i18n.text(id));
}
