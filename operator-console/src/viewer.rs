//! The remote screen in the window: draws it, and takes mouse and keyboard for it.

pub mod keys;
pub mod mapping;
pub mod marking;
pub mod remote_input;
pub mod texture;

use crate::icons::focus_frame;
use console_core::picture::SharedPictures;
use console_core::proto::annotation::MarksSeen;
use console_core::proto::geometry::MonitorId;
use console_core::view::ConsoleCommand;
use egui::scroll_area::{DragScroll, ScrollSource};
use egui::style::{ScrollFadeStyle, ScrollStyle};
use egui::{Color32, CursorIcon, EventFilter, Id, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};
use i18n::I18n;
use mapping::Mapping;
use marking::Marking;
use remote_input::{HEARTBEAT_SECONDS, RemoteInput, Target};
use std::time::Duration;
use texture::{PictureTexture, PointerTexture, Shown, ShownPointer};
use ui_kit::theme;

/// Room around the picture for the frame that shows where input goes, in points.
const FRAME_ROOM: f32 = 5.0;
/// How long the pointer is drawn where the operator moved it before the client's word counts again.
const OWN_POINTER_SECONDS: f64 = 0.5;

/// What the viewer shows, and what it may do.
#[derive(Clone, Copy)]
pub struct Remote<'a> {
    /// The decoded pictures.
    pub pictures: &'a SharedPictures,
    /// The monitor to show.
    pub monitor: MonitorId,
    /// Whether mouse and keyboard may go to the client now.
    pub control: bool,
    /// Whether the client takes no input for the moment.
    pub paused: bool,
    /// Where the operator's marks are seen, once that is known.
    pub marks_seen: Option<MarksSeen>,
    /// How large the client draws things: 1 is the natural size.
    pub scale: f32,
}

/// How large the picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scaling {
    /// All of it, as large as there is room.
    #[default]
    Fit,
    /// All of it, each pixel on the same whole number of pixels of the window.
    Whole,
    /// One pixel of it on one of the window.
    OneToOne,
}

impl Scaling {
    /// This one, or the usual one if it is this already.
    #[must_use]
    pub fn toggled(self, to: Self) -> Self {
        if self == to { Self::Fit } else { to }
    }
}

/// What the viewer remembers from frame to frame.
#[derive(Default)]
pub struct ViewerState {
    /// How large the picture is drawn.
    pub scaling: Scaling,
    /// Whether the operator only watches for now, though they may act.
    pub only_watches: bool,
    /// The tool to point and draw with.
    pub marking: Marking,
    picture: PictureTexture,
    pointer: PointerTexture,
    input: RemoteInput,
    capturing: bool,
    focused: bool,
    had_control: bool,
    wants_focus: bool,
    is_taken: bool,
    moved_at_s: f64,
}

impl ViewerState {
    /// Whether mouse and keyboard go to the client.
    #[must_use]
    pub fn is_capturing(&self) -> bool {
        self.capturing
    }

    /// Whether the keyboard focus is on the remote screen.
    #[must_use]
    pub fn is_focused(&self) -> bool {
        self.focused
    }

    /// Puts the keyboard focus on the remote screen when it is drawn next.
    pub fn take(&mut self) {
        self.is_taken = true;
    }

    /// Notes whether the person has granted control: when they do, the remote screen takes the focus
    /// by itself.
    pub fn note_control(&mut self, granted: bool) {
        self.wants_focus = granted && (self.wants_focus || !self.had_control);
        self.had_control = granted;
    }

    /// Gives mouse and keyboard back to the operator.
    pub fn release(&mut self, context: &egui::Context) -> Vec<ConsoleCommand> {
        context.memory_mut(|memory| memory.surrender_focus(viewer_id()));
        self.focused = false;
        self.stop()
    }

    /// Lifts everything at the client if something went there.
    pub fn stop(&mut self) -> Vec<ConsoleCommand> {
        if std::mem::take(&mut self.capturing) {
            vec![ConsoleCommand::Input(self.input.release_all())]
        } else {
            Vec::new()
        }
    }
}

/// The id of the remote screen: there is one in a window.
#[must_use]
pub fn viewer_id() -> Id {
    Id::unique("ponte remote screen")
}

/// What there is of the monitor; decide by it whether to draw the viewer or words instead.
#[must_use]
pub fn shown(ui: &Ui, remote: &Remote<'_>) -> Shown {
    texture::shown(ui.ctx(), remote.pictures, remote.monitor)
}

/// Draws the remote screen into all the room that `ui` has, and returns what the operator did there.
pub fn viewer_ui(
    ui: &mut Ui,
    i18n: &I18n,
    remote: &Remote<'_>,
    (width, height): (u32, u32),
    state: &mut ViewerState,
) -> Vec<ConsoleCommand> {
    let area = ui.available_rect_before_wrap().shrink(FRAME_ROOM);
    let pixels_per_point = ui.pixels_per_point();
    if state.scaling != Scaling::OneToOne {
        let mapping = match state.scaling {
            Scaling::Whole => Mapping::whole(area, width, height, pixels_per_point),
            Scaling::Fit | Scaling::OneToOne => Mapping::fit(area, width, height, pixels_per_point),
        };
        return picture_ui(ui, i18n, remote, mapping, area, state);
    }
    // The wheel belongs to the client while input goes there.
    let source = ScrollSource { scroll_bar: true, drag: DragScroll::Never, mouse_wheel: !state.capturing };
    let mut commands = Vec::new();
    ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| {
        let size = vec2(width as f32, height as f32) / pixels_per_point;
        // Nothing is drawn over the picture: bars stand beside it, and its edges do not fade.
        ui.spacing_mut().scroll =
            ScrollStyle { fade: ScrollFadeStyle { strength: 0.0, ..Default::default() }, ..ScrollStyle::solid() };
        ScrollArea::both().auto_shrink(false).scroll_source(source).show_viewport(ui, |ui, seen| {
            ui.set_min_size(size);
            let origin = ui.max_rect().min;
            let room = Rect::from_min_size(origin, area.size().max(size));
            let mapping = Mapping::one_to_one(room, width, height, pixels_per_point);
            let visible = Rect::from_min_size(origin + seen.min.to_vec2(), seen.size());
            commands = picture_ui(ui, i18n, remote, mapping, visible, state);
        });
    });
    commands
}

fn picture_ui(
    ui: &mut Ui,
    i18n: &I18n,
    remote: &Remote<'_>,
    mapping: Mapping,
    visible: Rect,
    state: &mut ViewerState,
) -> Vec<ConsoleCommand> {
    let id = viewer_id();
    let response = ui.interact(mapping.image.intersect(visible), id, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, i18n.text("console-remote-screen")));
    let pressed = ui.input(|input| input.pointer.any_pressed());
    if pressed && response.contains_pointer() && !response.has_focus() {
        response.request_focus();
    }
    // By itself not from under the hands of somebody who types in a field of this window.
    let by_itself = remote.control && std::mem::take(&mut state.wants_focus) && !ui.ctx().text_edit_focused();
    if std::mem::take(&mut state.is_taken) || by_itself {
        response.request_focus();
    }
    let everything = EventFilter { tab: true, horizontal_arrows: true, vertical_arrows: true, escape: true };
    if remote.control && state.marking.tool().is_none() {
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, everything));
    }
    let window_focused = ui.input(|input| input.focused);
    state.focused = ui.memory(|memory| memory.has_focus(id)) && window_focused;

    let mut commands = Vec::new();
    let marks = state.marking.handle(ui, &response, mapping, remote.monitor);
    commands.extend(marks.into_iter().map(ConsoleCommand::Annotate));
    if state.focused && remote.control && state.marking.tool().is_none() {
        state.capturing = true;
        let target = Target { monitor: remote.monitor, mapping, visible, hovered: response.contains_pointer() };
        let (now_s, events) = ui.input(|input| (input.time, input.events.clone()));
        let out = state.input.handle_events(now_s, &events, &target);
        if events.iter().any(|event| matches!(event, egui::Event::PointerMoved(_))) {
            state.moved_at_s = now_s;
        }
        commands.extend(out.events.into_iter().map(ConsoleCommand::Input));
        if out.leave {
            commands.extend(state.release(ui.ctx()));
        } else if state.input.is_anything_down() {
            ui.ctx().request_repaint_after(Duration::from_secs_f64(HEARTBEAT_SECONDS));
        }
    } else {
        commands.extend(state.stop());
    }
    paint(ui, remote, mapping, visible, &response, state);
    commands
}

fn paint(
    ui: &Ui,
    remote: &Remote<'_>,
    mapping: Mapping,
    visible: Rect,
    response: &egui::Response,
    state: &mut ViewerState,
) {
    let tokens = theme::tokens(ui);
    let nearest = mapping.is_whole_scale(ui.pixels_per_point());
    let painter = ui.painter().with_clip_rect(visible);
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    if let Some(texture) = state.picture.update(ui.ctx(), remote.pictures, remote.monitor, nearest) {
        painter.image(texture.id(), mapping.image, whole, Color32::WHITE);
    }
    if state.focused {
        let around = ui.painter().with_clip_rect(visible.expand(FRAME_ROOM));
        focus_frame(&around, mapping.image.intersect(visible), &tokens, state.capturing);
    }
    let now_s = ui.input(|input| input.time);
    let own = (state.capturing && !remote.paused && now_s - state.moved_at_s < OWN_POINTER_SECONDS)
        .then(|| response.hover_pos())
        .flatten()
        .and_then(|position| mapping.pixel(position));
    state.marking.paint(ui, &painter, mapping, remote.monitor, remote.marks_seen, remote.scale);
    if state.marking.tool().is_some() && response.hovered() {
        ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
    }
    let Some(pointer) = state.pointer.update(ui.ctx(), remote.pictures, remote.monitor) else { return };
    // What the operator moves just now is drawn where they moved it, without the way there and back.
    let place = own.unwrap_or(pointer.position);
    paint_pointer(&painter, &pointer, mapping, place, whole);
    if own.is_some() {
        // Then the client's word is shown again, without waiting for another event.
        ui.ctx().request_repaint_after(Duration::from_secs_f64(OWN_POINTER_SECONDS));
    }
    if state.capturing && response.hovered() && !remote.paused && is_near(response, mapping, place) {
        ui.ctx().set_cursor_icon(CursorIcon::None);
    }
}

fn paint_pointer(
    painter: &egui::Painter,
    pointer: &ShownPointer<'_>,
    mapping: Mapping,
    (x, y): (i32, i32),
    whole: Rect,
) {
    let size = pointer.texture.size_vec2() * mapping.scale();
    let corner = mapping.point(x - pointer.hot_x, y - pointer.hot_y);
    painter.image(pointer.texture.id(), Rect::from_min_size(corner, size), whole, Color32::WHITE);
}

/// Whether the drawn pointer is where the operator points: else theirs must stay in sight.
fn is_near(response: &egui::Response, mapping: Mapping, (x, y): (i32, i32)) -> bool {
    const NEAR_POINTS: f32 = 48.0;
    response.hover_pos().is_some_and(|position| position.distance(mapping.point(x, y)) < NEAR_POINTS)
}
