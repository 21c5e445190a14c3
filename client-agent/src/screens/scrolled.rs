//! Words that scroll, by mouse and by keyboard, and show that they do.

use egui::scroll_area::ScrollBarVisibility;
use egui::{Id, Key, Margin, Mesh, Rect, ScrollArea, Ui, pos2};
use ui_kit::theme;

/// The part of the margin that is inside the scrolled area, so that focus rings are not cut.
pub(super) const INNER: i8 = 8;
/// The end of the words is seen when no more than this of their last line is cut off, in points: that is empty.
const UNSEEN: f32 = 4.0;
/// How high the words fade out where they are cut off, in points.
const FADE: f32 = 20.0;
/// The part of what is in sight that one step scrolls by.
pub(super) const STEP: f32 = 0.8;

/// Where a scrolled area stands.
#[derive(Clone, Copy)]
pub(super) struct Scrolled {
    /// Where it is noted what the next pass scrolls to.
    wish: Id,
    /// What of the window it takes.
    place: Rect,
    /// How far it is scrolled, in points.
    pub(super) offset: f32,
    /// How much of the words is in sight, in points.
    pub(super) height: f32,
    most: f32,
}

impl Scrolled {
    /// Scrolls so that this is at the top, as far as there is more, in points from the beginning.
    pub(super) fn scroll_to(&self, ui: &Ui, offset: f32) {
        ui.data_mut(|data| data.insert_temp(self.wish, offset.clamp(0.0, self.most)));
        ui.ctx().request_repaint();
    }

    /// Scrolls so that what is drawn there in this pass comes to the top.
    pub(super) fn show(&self, ui: &Ui, drawn: Rect) {
        self.scroll_to(ui, self.offset + drawn.top() - self.place.top() - f32::from(INNER));
    }

    /// Whether all of what is drawn there in this pass is in sight, or was already.
    pub(super) fn reaches(&self, drawn: Rect) -> bool {
        drawn.bottom() <= self.place.bottom() + 1.0
    }

    /// Where the words end, in points from their beginning.
    pub(super) fn end(&self) -> f32 {
        self.most + self.height - f32::from(INNER) - UNSEEN
    }

    /// Whether nothing is cut off at the lower edge.
    fn is_at_end(&self) -> bool {
        self.offset + self.height >= self.end()
    }
}

/// Puts the bar of what scrolls into the margin beside it, so that everything else stays in line with what is below.
pub(super) fn bar_in_the_margin(ui: &mut Ui) {
    let scroll = &mut ui.spacing_mut().scroll;
    scroll.floating_allocated_width = 0.0;
    scroll.bar_width = f32::from(INNER);
    scroll.bar_outer_margin = 0.0;
}

/// Words `height` points high that scroll, by the keyboard as well.
pub(super) fn scrolled<T>(ui: &mut Ui, height: f32, content: impl FnOnce(&mut Ui) -> T) -> (T, Scrolled) {
    ui.scope(|ui| scrolled_here(ui, height, content)).inner
}

fn scrolled_here<T>(ui: &mut Ui, height: f32, content: impl FnOnce(&mut Ui) -> T) -> (T, Scrolled) {
    let wish = ui.make_persistent_id("scrolls to");
    let fits = ui.make_persistent_id("fits");
    bar_in_the_margin(ui);
    let mut area = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, false]);
    if let Some(offset) = ui.data_mut(|data| data.remove_temp::<f32>(wish)) {
        area = area.vertical_scroll_offset(offset);
    }
    // Empty space below the words is nothing to scroll to.
    if ui.data(|data| data.get_temp(fits).unwrap_or(false)) {
        area = area.scroll_bar_visibility(ScrollBarVisibility::AlwaysHidden);
    }
    let output = area.show(ui, |ui| {
        let padded = egui::Frame::new().inner_margin(Margin::same(INNER));
        padded.show(ui, |ui| (ui.set_width(ui.available_width()), content(ui)).1).inner
    });
    let (offset, height) = (output.state.clamped_offset().y, output.inner_rect.height());
    let most = (output.content_size.y - height).max(0.0);
    let view = Scrolled { wish, place: output.inner_rect, offset, height, most };
    ui.data_mut(|data| data.insert_temp(fits, height >= view.end()));
    if !view.is_at_end() {
        fade_ui(ui, output.inner_rect);
    }
    let keys = [(Key::PageDown, STEP), (Key::PageUp, -STEP), (Key::End, f32::MAX), (Key::Home, f32::MIN)];
    let pressed = ui.input(|input| keys.into_iter().find(|(key, _)| input.key_pressed(*key)));
    if let Some((_, share)) = pressed
        && most > 0.0
    {
        view.scroll_to(ui, offset + share * height);
    }
    (output.inner, view)
}

/// Lets the words fade out at the lower edge: there is more.
fn fade_ui(ui: &Ui, place: Rect) {
    let tokens = theme::tokens(ui);
    if tokens.high_contrast {
        return;
    }
    let ground = tokens.background;
    let from = place.bottom() - FADE;
    let mut mesh = Mesh::default();
    for (x, y, colour) in [
        (place.left(), from, ground.gamma_multiply(0.0)),
        (place.right() - f32::from(INNER), from, ground.gamma_multiply(0.0)),
        (place.left(), place.bottom(), ground),
        (place.right() - f32::from(INNER), place.bottom(), ground),
    ] {
        mesh.colored_vertex(pos2(x, y), colour);
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(1, 2, 3);
    ui.painter().add(mesh);
}
