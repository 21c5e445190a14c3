//! Opens the window.

use crate::app::{AgentApp, SMALLEST_PAGE};
use crate::engine::Engine;
use crate::screens::PAGE_SIZE;
use crate::technical::TechnicalLog;
use agent_core::origin::Origin;
use eframe::{NativeOptions, Renderer};
use egui::{Context, ViewportBuilder};
use i18n::I18n;
use ui_kit::Mode;

/// The name under which window managers know the window.
pub const APP_ID: &str = "ponte-agent";

/// Opens the window and stays until it is closed. `origin` knows whose presses it gets; `start`
/// makes the engine once there is a context that it can wake.
///
/// # Errors
/// No window could be opened, or the engine did not start.
pub fn run(
    i18n: I18n,
    mode: Mode,
    origin: Box<dyn Origin>,
    technical: TechnicalLog,
    start: impl FnOnce(&Context) -> std::io::Result<Box<dyn Engine>>,
) -> eframe::Result {
    let title = i18n.text("agent-window-title");
    let options = NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title(&title)
            .with_app_id(APP_ID)
            .with_icon(ui_kit::icon(64))
            .with_inner_size(PAGE_SIZE)
            .with_min_inner_size(SMALLEST_PAGE),
        renderer: Renderer::Glow,
        centered: true,
        persist_window: false,
        ..NativeOptions::default()
    };
    eframe::run_native(
        APP_ID,
        options,
        Box::new(|creation| {
            let engine = start(&creation.egui_ctx)?;
            let app = AgentApp::new(&creation.egui_ctx, engine, origin, i18n, mode);
            Ok(Box::new(app.with_technical(technical)))
        }),
    )
}
