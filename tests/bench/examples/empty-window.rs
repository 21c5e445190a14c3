//! A window with nothing in it, by the toolkit of Ponte's windows: what any such program needs.

use eframe::{App, Frame, NativeOptions, Renderer, egui};

struct Empty;

impl App for Empty {
    fn ui(&mut self, _ui: &mut egui::Ui, _frame: &mut Frame) {}
}

fn main() -> eframe::Result {
    let options = NativeOptions { renderer: Renderer::Glow, persist_window: false, ..NativeOptions::default() };
    eframe::run_native("empty-window", options, Box::new(|_| Ok(Box::new(Empty))))
}
