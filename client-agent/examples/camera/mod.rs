//! Takes a picture of each page of a gallery: `--list` names the pages, `--pictures PATH` makes the
//! pictures, where `{}` in the path stands for the name of the page, in normal or twice as large
//! text (`200`), in the window's usual or smallest size (`small`).

use eframe::icon_data::IconDataExt;
use egui::{ColorImage, Context, IconData, Rect, Vec2, ViewportCommand};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A window that has not changed its shape for so long will not, and its animations are over.
const STILL: Duration = Duration::from_millis(350);
/// The same for a window that never gets the keyboard.
const UNFOCUSED: Duration = Duration::from_secs(4);
/// The time between two looks whether the picture is saved.
const PACE: Duration = Duration::from_millis(20);

/// What is asked for on the command line.
#[derive(Debug, Clone)]
pub(crate) struct Film {
    path: String,
    zoom: f32,
    is_small: bool,
}

/// One window on its way to a picture.
struct Shot {
    shape: Rect,
    is_focused: bool,
    since: Instant,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Settling,
    Asked,
    Saved,
}

impl Film {
    /// The film that these words ask for, if any.
    pub(crate) fn of(words: &[String]) -> Option<Self> {
        let has = |word: &str| words.iter().any(|found| found == word);
        let at = words.iter().position(|word| word == "--pictures")?;
        let zoom = if has("200") { 2.0 } else { 1.0 };
        Some(Self { path: words.get(at + 1)?.clone(), zoom, is_small: has("small") })
    }

    /// Takes the picture of the page `name` in the window of `ctx` when it is complete, and closes
    /// the window. In its smallest size it measures `smallest` points.
    pub(crate) fn shoot(&self, ctx: &Context, name: &str, smallest: Vec2) {
        ctx.set_zoom_factor(self.zoom);
        if self.is_small {
            ctx.send_viewport_cmd(ViewportCommand::InnerSize(smallest));
        }
        let path = self.path.replace("{}", name);
        let (shape, since) = (Rect::NOTHING, Instant::now());
        let shot = Arc::new(Mutex::new(Shot { shape, is_focused: false, since, stage: Stage::Settling }));
        ctx.on_end_pass(
            "camera",
            Arc::new(move |ui| {
                let (ctx, path) = (ui.ctx(), path.clone());
                let mut state = shot.lock().unwrap_or_else(PoisonError::into_inner);
                let shape = ctx.input(|input| input.viewport().inner_rect.unwrap_or(input.content_rect()));
                // What has the keyboard shows its focus; a window manager may take its time for that.
                let is_focused = ctx.input(|input| input.viewport().focused) == Some(true);
                if (state.shape, state.is_focused) != (shape, is_focused) {
                    (state.shape, state.is_focused, state.since) = (shape, is_focused, Instant::now());
                }
                let still = if is_focused { STILL } else { UNFOCUSED };
                if state.stage == Stage::Settling && state.since.elapsed() >= still {
                    state.stage = Stage::Asked;
                    let shot = Arc::clone(&shot);
                    ctx.request_screenshot(move |image| {
                        save(&image, &path);
                        shot.lock().unwrap_or_else(PoisonError::into_inner).stage = Stage::Saved;
                    });
                }
                if state.stage == Stage::Saved {
                    // Again and again: a window may have something to finish first.
                    ctx.send_viewport_cmd(ViewportCommand::Close);
                }
                // No more often than needed: what draws here may be slow.
                let pause = still.saturating_sub(state.since.elapsed());
                ctx.request_repaint_after(if state.stage == Stage::Settling { pause } else { PACE });
            }),
        );
    }
}

fn save(image: &ColorImage, path: &str) {
    let [width, height] = image.size.map(|side| u32::try_from(side).unwrap_or_default());
    let rgba = image.as_raw().to_vec();
    let saved = IconData { rgba, width, height }.to_png_bytes().map(|png| std::fs::write(path, png));
    if !matches!(saved, Ok(Ok(()))) {
        tracing::error!(path, "the picture could not be saved: {saved:?}");
    }
}
