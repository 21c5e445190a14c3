//! The one window: it folds the engine's view into a page or the panel, and cannot be hidden.

use crate::answers::Answers;
use crate::engine::Engine;
use crate::screens::{Form, PAGE_SIZE, PANEL_WIDTH, ScreenState, Shown, screen_ui};
use crate::technical::TechnicalLog;
use agent_core::origin::Origin;
use agent_core::proto::session::RequestId;
use agent_core::view::{AgentCommand, AgentView, Page};
use eframe::Frame;
use egui::{Context, Pos2, Ui, UserAttentionType, Vec2, ViewportCommand, Visuals, WindowLevel};
use i18n::I18n;
use std::time::{Duration, Instant};
use ui_kit::system_theme::SystemTheme;
use ui_kit::{Density, Mode, theme};

/// Smallest size of the window as a page, in points.
pub const SMALLEST_PAGE: Vec2 = Vec2::new(360.0, 440.0);
/// Width of a page on a screen that is not high enough for it, in points.
const WIDE_PAGE: f32 = 640.0;
/// Smallest size of the window as a panel, in points.
const SMALLEST_PANEL: Vec2 = Vec2::new(PANEL_WIDTH, 64.0);
/// After how many passes at another size of the words the window takes another size too.
const ZOOM_PASSES: u8 = 4;
/// Space between the panel and the edges of the screen, in points.
const PANEL_INSET: f32 = 24.0;
/// More than any window manager's frame measures, in points.
const FRAME: f32 = 48.0;
/// How long the engine may take to tidy up after the person has left.
const GOODBYE: Duration = Duration::from_secs(5);
/// How often is looked whether the engine is done, in that time.
const GOODBYE_LOOK: Duration = Duration::from_millis(30);

/// The agent's window.
pub struct AgentApp {
    engine: Option<Box<dyn Engine>>,
    answers: Answers,
    i18n: I18n,
    state: ScreenState,
    form: Form,
    level: WindowLevel,
    panel_height: f32,
    zoom: f32,
    zoom_seen: f32,
    zoom_passes: u8,
    page_place: Option<Pos2>,
    panel_place: Option<Pos2>,
    asked: Option<RequestId>,
    leaving: Option<Instant>,
    /// On which page the person left.
    left: Option<Shown>,
    technical: TechnicalLog,
    /// Kept for as long as the window is to follow the desktop.
    #[expect(dead_code, reason = "it ends when it is dropped")]
    desktop: Option<SystemTheme>,
}

impl AgentApp {
    /// A window on this engine, which counts the answers that `origin` knows to be a person's.
    /// Installs the theme in `ctx`.
    #[must_use]
    pub fn new(ctx: &Context, engine: Box<dyn Engine>, origin: Box<dyn Origin>, i18n: I18n, mode: Mode) -> Self {
        theme::install(ctx, mode, Density::Agent);
        Self {
            engine: Some(engine),
            answers: Answers::new(origin),
            i18n,
            state: ScreenState::default(),
            form: Form::Page,
            level: WindowLevel::Normal,
            panel_height: 0.0,
            zoom: 1.0,
            zoom_seen: 1.0,
            zoom_passes: 0,
            page_place: None,
            panel_place: None,
            asked: None,
            leaving: None,
            left: None,
            technical: TechnicalLog::default(),
            desktop: (mode == Mode::System).then(|| ui_kit::system_theme::follow(ctx)),
        }
    }

    /// The same with the log that the person may save when something failed.
    #[must_use]
    pub fn with_technical(mut self, technical: TechnicalLog) -> Self {
        self.technical = technical;
        self
    }

    /// Saves the technical log where received files go, if the person wants that.
    fn heed_report(&mut self) {
        if std::mem::take(&mut self.state.report.wanted) {
            let folder = agent_core::downloads_folder();
            let saved = self.technical.save(&folder);
            self.state.report.saved =
                Some(saved.map(|path| path.display().to_string()).map_err(|error| error.to_string()));
        }
    }

    fn view(&self) -> AgentView {
        let idle = || AgentView { page: Page::Connecting, panel: None };
        self.engine.as_ref().map_or_else(idle, |engine| engine.view())
    }

    fn send(&mut self, command: AgentCommand) {
        if command == AgentCommand::Quit && self.leaving.is_none() {
            self.leaving = Some(Instant::now());
            self.left = self.engine.as_ref().map(|engine| Shown::of(&engine.view()));
        }
        if let Some(engine) = &self.engine {
            engine.send(command);
        }
    }

    /// The window's own close button ends what is going on; only then does it close the program.
    fn heed_close(&mut self, ctx: &Context, view: &AgentView) {
        if !ctx.input(|input| input.viewport().close_requested()) {
            return;
        }
        if self.leaving.is_some_and(|since| self.may_go(since)) {
            return;
        }
        ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        self.send(on_close(view));
        ctx.request_repaint();
    }

    /// Whether the engine has tidied up, or has had its time.
    fn may_go(&self, since: Instant) -> bool {
        since.elapsed() >= GOODBYE || self.engine.as_ref().is_none_or(|engine| engine.has_ended())
    }

    fn heed_leaving(&mut self, ctx: &Context, view: &AgentView) {
        let Some(since) = self.leaving else { return };
        // Whoever leaves after a session whose line was lost still sees what was removed, and can keep its log.
        if matches!(&view.page, Page::Ended(end) if end.log.is_some()) && self.left != Some(Shown::of(view)) {
            (self.leaving, self.left) = (None, None);
            return;
        }
        if self.may_go(since) {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        } else {
            ctx.request_repaint_after(GOODBYE_LOOK);
        }
    }

    /// Gives the one window the form that the view asks for.
    fn take_form(&mut self, ctx: &Context, view: &AgentView) {
        let form = Form::of(view);
        self.heed_zoom(ctx);
        if form != self.form {
            let place = ctx.input(|input| input.viewport().outer_rect.map(|rect| rect.min));
            match form {
                Form::Panel => {
                    self.page_place = moved(self.page_place, place);
                    self.panel_place = self.panel_place.or_else(|| top_right(ctx));
                    self.panel_height = 0.0;
                    become_panel(ctx, self.panel_place);
                }
                Form::Page => {
                    self.panel_place = moved(self.panel_place, place);
                    become_page(ctx, self.page_place);
                }
            }
            self.form = form;
        }
        // While somebody may see or steer, or asks to, nothing covers this window.
        let asked = if let Page::Question(question) = &view.page { Some(question.id) } else { None };
        let above = view.panel.is_some() || asked.is_some();
        let level = if above { WindowLevel::AlwaysOnTop } else { WindowLevel::Normal };
        if level != self.level {
            self.level = level;
            ctx.send_viewport_cmd(ViewportCommand::WindowLevel(level));
        }
        if asked != self.asked {
            self.asked = asked;
            if asked.is_some() {
                ctx.send_viewport_cmd(ViewportCommand::Focus);
                ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(UserAttentionType::Informational));
            }
        }
        if above && ctx.input(|input| input.viewport().minimized == Some(true)) {
            ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
        }
    }

    /// Larger text needs a larger window, as far as the screen goes.
    fn heed_zoom(&mut self, ctx: &Context) {
        let zoom = ctx.zoom_factor();
        let seen = std::mem::replace(&mut self.zoom_seen, zoom);
        if (zoom - seen).abs() > 0.001 {
            self.zoom_passes = 0;
        }
        if (zoom - self.zoom).abs() < 0.001 {
            return;
        }
        // The screen is measured in the new points only some passes later.
        self.zoom_passes += 1;
        if self.zoom_passes < ZOOM_PASSES {
            ctx.request_repaint();
            return;
        }
        self.zoom = zoom;
        self.panel_place = None;
        self.page_place = None;
        match self.form {
            Form::Page => {
                let size = page_size(ctx);
                ctx.send_viewport_cmd(ViewportCommand::MinInnerSize(SMALLEST_PAGE.min(size)));
                ctx.send_viewport_cmd(ViewportCommand::InnerSize(size));
                if let Some(place) = centred(ctx) {
                    ctx.send_viewport_cmd(ViewportCommand::OuterPosition(place));
                }
            }
            Form::Panel => {
                self.panel_height = 0.0;
                self.panel_place = top_right(ctx);
                become_panel(ctx, self.panel_place);
            }
        }
    }

    /// The panel is as high as what is in it.
    fn fit_panel(&mut self, ui: &Ui) {
        let height = ui.min_rect().height().ceil();
        if self.form == Form::Panel && (height - self.panel_height).abs() > 0.5 {
            self.panel_height = height;
            ui.ctx().send_viewport_cmd(ViewportCommand::InnerSize(Vec2::new(PANEL_WIDTH, height)));
        }
    }
}

impl eframe::App for AgentApp {
    fn logic(&mut self, ctx: &Context, _frame: &mut Frame) {
        let view = self.view();
        self.heed_close(ctx, &view);
        self.heed_leaving(ctx, &view);
        self.take_form(ctx, &view);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut Frame) {
        let view = self.view();
        self.answers.begin(ui.ctx(), &view);
        let commands = screen_ui(ui, &view, &self.i18n, &mut self.state);
        self.answers.heed_choice(&mut self.state);
        let any = !commands.is_empty();
        for command in self.answers.count(commands, &mut self.state) {
            self.send(command);
        }
        self.heed_report();
        ui_kit::opener::open_wanted_address(ui.ctx());
        if any {
            ui.ctx().request_repaint();
        }
        self.fit_panel(ui);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        if let Some(engine) = self.engine.take() {
            engine.shutdown();
        }
    }

    fn clear_color(&self, visuals: &Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}

/// What the window's own close button means on this page.
#[must_use]
pub const fn on_close(view: &AgentView) -> AgentCommand {
    match &view.page {
        Page::EnterOrganisation { .. }
        | Page::EnterKey { .. }
        | Page::Connecting
        | Page::Ended(_)
        | Page::Failed(_) => AgentCommand::Quit,
        Page::WhoAsks { .. }
        | Page::Terms { .. }
        | Page::Share { .. }
        | Page::Unseen { .. }
        | Page::Waiting { .. }
        | Page::Question(_)
        | Page::Session => AgentCommand::End,
    }
}

fn become_panel(ctx: &Context, place: Option<Pos2>) {
    ctx.send_viewport_cmd(ViewportCommand::MinInnerSize(SMALLEST_PANEL));
    ctx.send_viewport_cmd(ViewportCommand::Decorations(false));
    ctx.send_viewport_cmd(ViewportCommand::InnerSize(Vec2::new(PANEL_WIDTH, 240.0)));
    if let Some(place) = place {
        ctx.send_viewport_cmd(ViewportCommand::OuterPosition(place));
    }
}

fn become_page(ctx: &Context, place: Option<Pos2>) {
    ctx.send_viewport_cmd(ViewportCommand::Decorations(true));
    ctx.send_viewport_cmd(ViewportCommand::InnerSize(page_size(ctx)));
    ctx.send_viewport_cmd(ViewportCommand::MinInnerSize(SMALLEST_PAGE.min(page_size(ctx))));
    if let Some(place) = place.or_else(|| centred(ctx)) {
        ctx.send_viewport_cmd(ViewportCommand::OuterPosition(place));
    }
    ctx.send_viewport_cmd(ViewportCommand::Focus);
}

/// The size of a page, or what the screen has; on a screen that is too low for it, wider.
fn page_size(ctx: &Context) -> Vec2 {
    let Some(monitor) = ctx.input(|input| input.viewport().monitor_size) else { return PAGE_SIZE };
    let room = (monitor - Vec2::splat(FRAME)).max(Vec2::splat(FRAME));
    let wanted = if room.y < PAGE_SIZE.y { Vec2::new(WIDE_PAGE, PAGE_SIZE.y) } else { PAGE_SIZE };
    wanted.min(room)
}

/// Where a page stands in the middle of the screen.
fn centred(ctx: &Context) -> Option<Pos2> {
    let monitor = ctx.input(|input| input.viewport().monitor_size)?;
    // The frame's upper edge is the higher one.
    let free = monitor - page_size(ctx) - Vec2::new(0.0, FRAME / 2.0);
    Some((free / 2.0).max(Vec2::ZERO).to_pos2())
}

/// Where the window belongs: where it was put, unless the person has moved it since. Window managers
/// count their frame in or out, so that a few points are no move.
fn moved(put: Option<Pos2>, found: Option<Pos2>) -> Option<Pos2> {
    match (put, found) {
        (Some(put), Some(found)) if put.distance(found) > FRAME => Some(found),
        (Some(put), _) => Some(put),
        (None, found) => found,
    }
}

fn top_right(ctx: &Context) -> Option<Pos2> {
    let monitor = ctx.input(|input| input.viewport().monitor_size)?;
    Some(Pos2::new((monitor.x - PANEL_WIDTH - PANEL_INSET).max(0.0), PANEL_INSET))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_returns_to_where_the_person_put_it_and_does_not_drift() {
        let put = Pos2::new(900.0, 24.0);
        let rows = [
            (None, None, None),
            (None, Some(put), Some(put)),
            (Some(put), None, Some(put)),
            (Some(put), Some(put - Vec2::new(1.0, 20.0)), Some(put)),
            (Some(put), Some(Pos2::new(300.0, 24.0)), Some(Pos2::new(300.0, 24.0))),
        ];
        for (was, found, expected) in rows {
            assert_eq!(moved(was, found), expected, "{was:?} {found:?}");
        }
    }
}
