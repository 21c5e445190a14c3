//! Small widgets that only the console needs.

use crate::icons::Icon;
use egui::{Align2, CursorIcon, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2};
pub use ui_kit::AtMost;
use ui_kit::fonts::Weight;
use ui_kit::theme;

/// How a tool of the rail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolState {
    /// It can be used.
    Ready,
    /// It is on.
    On,
    /// It ends something.
    Danger,
    /// It cannot be used now.
    Disabled,
}

/// What a tool of the rail says.
pub struct ToolWords<'a> {
    /// The short word under the icon.
    pub word: &'a str,
    /// What screen readers call it.
    pub name: &'a str,
    /// What is told when the pointer rests on it.
    pub hover: &'a str,
}

/// A tool of the rail, of this size in points: icon, and a short word under it if there is room.
pub fn tool_button(ui: &mut Ui, icon: Icon, words: &ToolWords<'_>, state: ToolState, size: Vec2) -> Response {
    const ROOM_FOR_WORD: Vec2 = vec2(56.0, 38.0);
    let tokens = theme::tokens(ui);
    let enabled = state != ToolState::Disabled;
    ui.add_enabled_ui(enabled, |ui| {
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let height = size.y;
        let ink = match state {
            ToolState::On => tokens.accent,
            ToolState::Danger => tokens.danger,
            ToolState::Ready if response.hovered() => tokens.ink,
            ToolState::Ready | ToolState::Disabled => tokens.ink_secondary,
        };
        if state == ToolState::On || response.hovered() {
            let fill = if state == ToolState::Danger { tokens.danger_soft } else { tokens.accent_soft };
            let edge = if tokens.high_contrast { Stroke::new(1.0, ink) } else { Stroke::NONE };
            ui.painter().rect(rect, tokens.radius, fill, edge, StrokeKind::Inside);
        }
        let with_word = size.x >= ROOM_FOR_WORD.x && size.y >= ROOM_FOR_WORD.y;
        let centre = if with_word { rect.top() + height * 0.375 } else { rect.center().y };
        // Where the icon is all that there is, it has all the room.
        let size = (height * if with_word { 0.46 } else { 0.62 }).clamp(13.0, 20.0);
        icon.paint(ui.painter(), pos2(rect.center().x, centre), size, Stroke::new(1.8, ink));
        if with_word {
            let base = pos2(rect.center().x, rect.bottom() - height * 0.22);
            ui.painter().text(base, Align2::CENTER_CENTER, words.word, Weight::SemiBold.at(12.0), ink);
        }
        focus_ring(ui, &response, rect);
        response.widget_info(|| WidgetInfo::selected(Role::Button, enabled, state == ToolState::On, words.name));
        response
            .on_hover_cursor(CursorIcon::PointingHand)
            .on_hover_text(words.hover)
            .on_disabled_hover_text(words.hover)
    })
    .inner
}

/// Height of a button of a strip, in points.
pub(super) const STRIP_BUTTON: f32 = 28.0;

/// A button of a strip over the remote screen.
pub struct StripButton<'a> {
    /// What stands on it.
    pub words: &'a str,
    /// What screen readers call it.
    pub name: &'a str,
    /// What is said of it while the mouse rests there.
    pub hover: &'a str,
    /// Whether it is chosen.
    pub on: bool,
    /// Whether it can be pressed.
    pub enabled: bool,
}

/// A strip over the remote screen, as high as its buttons need.
pub fn strip_ui(ui: &mut Ui, name: &'static str, contents: impl FnOnce(&mut Ui)) {
    let tokens = theme::tokens(ui);
    let frame = egui::Frame::new().fill(tokens.sunken).inner_margin(egui::Margin::symmetric(12, 6));
    egui::Panel::top(name).min_size(0.0).show_separator_line(false).frame(frame).show(ui, |ui| {
        // Rows are as high as what stands in them, and no farther apart than that.
        ui.spacing_mut().interact_size.y = STRIP_BUTTON;
        ui.horizontal_wrapped(contents);
    });
}

/// Whether it was pressed.
pub fn strip_button(ui: &mut Ui, button: &StripButton<'_>) -> bool {
    let tokens = theme::tokens(ui);
    let ink = if button.on { tokens.accent } else { tokens.ink_secondary };
    inked_strip_button(ui, button, ink)
}

/// The same for what ends something.
pub(super) fn danger_strip_button(ui: &mut Ui, button: &StripButton<'_>) -> bool {
    let ink = theme::tokens(ui).danger;
    inked_strip_button(ui, button, ink)
}

fn inked_strip_button(ui: &mut Ui, button: &StripButton<'_>, ink: egui::Color32) -> bool {
    let tokens = theme::tokens(ui);
    ui.spacing_mut().button_padding = vec2(10.0, 3.0);
    ui.spacing_mut().interact_size.y = STRIP_BUTTON;
    let words = egui::RichText::new(button.words).font(Weight::SemiBold.at(tokens.small_size)).color(ink);
    let fill = if button.on { tokens.accent_soft } else { egui::Color32::TRANSPARENT };
    let edge = if button.on { tokens.accent } else { tokens.line };
    let widget = egui::Button::new(words).selected(button.on).fill(fill).stroke(Stroke::new(1.0, edge));
    let response = ui.add_enabled(button.enabled, widget.wrap_mode(egui::TextWrapMode::Extend));
    let response = response.on_hover_text(button.hover).on_disabled_hover_text(button.hover);
    response.accessible_name(button.name).clicked()
}

/// A small cross that closes something, called `name` by screen readers.
pub fn close_button(ui: &mut Ui, name: &str, ink: egui::Color32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(28.0, 28.0), Sense::click());
    let width = if response.hovered() { 2.4 } else { 1.8 };
    Icon::End.paint(ui.painter(), rect.center(), 20.0, Stroke::new(width, ink));
    focus_ring(ui, &response, rect);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(name)
}

/// A key on the keyboard, as a hint beside a button.
pub fn keyboard_hint(ui: &mut Ui, keys: &str) {
    let tokens = theme::tokens(ui);
    let galley = ui.painter().layout_no_wrap(keys.to_owned(), Weight::Mono.at(13.0), tokens.ink_secondary);
    let (rect, _) = ui.allocate_exact_size(galley.size() + vec2(12.0, 6.0), Sense::hover());
    ui.painter().rect_stroke(rect, 4.0, Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect).min;
    ui.painter().galley(at, galley, tokens.ink_secondary);
}

/// What a field is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A path.
    Path,
    /// A person's name.
    Name,
    /// A password: not shown, and called so by screen readers.
    Password,
}

/// One line of text with a label above it that names it.
pub fn text_field(ui: &mut Ui, kind: FieldKind, label: &str, text: &mut String) -> Response {
    ui_kit::tiny(ui, label);
    bare_field(ui, kind, label, text, ui.available_width())
}

/// The same without the label, which only screen readers are told; `width` in points.
pub fn bare_field(ui: &mut Ui, kind: FieldKind, label: &str, text: &mut String, width: f32) -> Response {
    const PASSWORD_BYTES: usize = 256;
    let tokens = theme::tokens(ui);
    let frame = egui::Frame::new()
        .fill(tokens.surface)
        .stroke(Stroke::new(1.0, tokens.edge))
        .corner_radius(tokens.radius)
        .inner_margin(egui::Margin::symmetric(12, 8));
    let bytes = match kind {
        FieldKind::Path => console_core::proto::limits::PATH_BYTES,
        FieldKind::Name => console_core::proto::limits::NAME_BYTES,
        FieldKind::Password => PASSWORD_BYTES,
    };
    let response = ui.add(
        egui::TextEdit::singleline(&mut AtMost { text, bytes })
            // What is told above must not take the keyboard from it; and what was typed in another session's field
            // of this name is not to be brought back here.
            .id(ui.scope_id().with(("ponte field", label)))
            .font(Weight::Regular.at(tokens.body_size))
            .text_color(tokens.ink)
            .password(kind == FieldKind::Password)
            .desired_width(width)
            .frame(frame),
    );
    if kind == FieldKind::Password
        && let Some(mut edited) = egui::TextEdit::load_state(ui.ctx(), response.id)
    {
        // What was typed earlier is not kept to be brought back.
        edited.clear_undoer();
        edited.store(ui.ctx(), response.id);
    }
    focus_ring(ui, &response, response.rect);
    response.accessible_name(label)
}

/// One line for a path, with a label above it that names it.
pub fn path_field(ui: &mut Ui, label: &str, text: &mut String) -> Response {
    text_field(ui, FieldKind::Path, label, text)
}

/// Whether Enter was pressed in this field.
#[must_use]
pub fn is_entered(ui: &Ui, field: &Response) -> bool {
    field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter))
}

/// A name, and beside it what it is; under it where there is little room.
pub fn fact_ui(ui: &mut Ui, name: &str, value: &str) {
    const NAME_WIDTH: f32 = 168.0;
    const ROOM: f32 = 420.0;
    if ui.available_width() < ROOM {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui_kit::tiny(ui, name);
            ui_kit::body(ui, value);
        });
        return;
    }
    ui.horizontal_top(|ui| {
        ui.allocate_ui_with_layout(vec2(NAME_WIDTH, 0.0), egui::Layout::top_down(egui::Align::LEFT), |ui| {
            ui.set_width(NAME_WIDTH);
            ui_kit::body_secondary(ui, name);
        });
        ui.vertical(|ui| ui_kit::body(ui, value));
    });
}

/// Bold text in the size of running text.
pub fn strong(ui: &mut Ui, text: &str) -> Response {
    let tokens = theme::tokens(ui);
    let words = egui::RichText::new(text).font(Weight::SemiBold.at(tokens.body_size)).color(tokens.ink);
    ui.add(egui::Label::new(words).truncate())
}

/// What a part of the window is called, on one line.
pub(super) fn panel_title(ui: &mut Ui, name: &str) {
    let tokens = theme::tokens(ui);
    let words = egui::RichText::new(name).font(Weight::SemiBold.at(tokens.heading_size)).color(tokens.ink);
    let title = ui.add(egui::Label::new(words).truncate());
    title.widget_info(|| WidgetInfo::labeled(Role::Heading, true, name));
}

/// Shows where the keyboard is.
pub fn focus_ring(ui: &Ui, response: &Response, rect: Rect) {
    if response.has_focus() {
        let tokens = theme::tokens(ui);
        let stroke = Stroke::new(3.0, tokens.focus);
        ui.painter().rect_stroke(rect.shrink(1.0), tokens.radius, stroke, StrokeKind::Inside);
    }
}

/// A tool under the remote screen, with `share` of the height; in less than `room` points it has all of it. Whether
/// there is room left for the screen.
pub(super) fn under_screen(
    ui: &mut Ui,
    name: &'static str,
    margin: egui::Margin,
    room: f32,
    share: f32,
    add: impl FnOnce(&mut Ui),
) -> bool {
    let frame = egui::Frame::new().fill(theme::tokens(ui).background).inner_margin(margin);
    let height = ui.available_height();
    if height < room {
        egui::CentralPanel::default().frame(frame).show(ui, add);
        return false;
    }
    egui::Panel::bottom(name).exact_size(height * share).resizable(false).frame(frame).show(ui, add);
    true
}
