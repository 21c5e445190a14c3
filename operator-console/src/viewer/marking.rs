//! Pointing at the remote screen and drawing over it, in view-only too.
//!
//! While a tool is chosen the mouse points and draws, and nothing goes to the client. What is being
//! drawn is shown at once; what stands is shown by the picture, or here where the picture has it not.

use super::mapping::Mapping;
use console_core::proto::annotation::{Annotation, Mark, MarksSeen, Point};
use console_core::proto::geometry::MonitorId;
use egui::{Color32, Painter, PointerButton, Pos2, Response, Stroke, Ui, vec2};
use std::time::Duration;

/// Pointer positions closer in time than this are sent as one, in seconds.
const POINTER_SPACING_S: f64 = 0.033;
/// How often a pointer that rests is sent again, in seconds: at the client it goes after two.
const POINTER_AGAIN_S: f64 = 1.0;
/// Who holds the key for pointing as long as this points only while it is held, in seconds.
const HELD_S: f64 = 0.35;
/// How often what fades is drawn.
const FADES_EVERY: Duration = Duration::from_millis(30);
/// What is dragged less than this is no mark, in pixels of the picture.
const LEAST_DRAG: u16 = 6;
/// Colours of strokes and of the edge around them: as the client draws them.
const STROKE: Color32 = Color32::from_rgb(0xD9, 0x2D, 0x20);
const EDGE: Color32 = Color32::WHITE;
/// Widths at the natural size, in pixels of the picture.
const STROKE_WIDTH: f32 = 7.0;
const EDGE_WIDTH: f32 = 11.0;
const RING_RADIUS: f32 = 20.0;
const HEAD: f32 = 34.0;
const HEAD_ANGLE: f32 = 0.5;

/// What the mouse does over the remote screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// A ring goes where the mouse goes.
    Pointer,
    /// A drag draws an arrow.
    Arrow,
    /// A drag draws a box.
    Box,
}

/// The chosen tool, and what is being drawn.
#[derive(Debug, Default)]
pub struct Marking {
    tool: Option<Tool>,
    from: Option<Point>,
    /// Where the client was told that the operator points, and when.
    pointed: Option<(MonitorId, Point, f64)>,
    /// Marks that stand, and until when.
    standing: Vec<(MonitorId, Mark, f64)>,
    held: Option<Held>,
}

/// The key for pointing is down.
#[derive(Debug)]
struct Held {
    since_s: f64,
    /// The tool that was in hand.
    before: Option<Tool>,
    /// Whether mouse and keyboard go to the client again afterwards.
    returns: bool,
}

impl Marking {
    /// The chosen tool.
    #[must_use]
    pub fn tool(&self) -> Option<Tool> {
        self.tool
    }

    /// Takes a tool up, or puts it down; what goes to the client for that.
    pub fn choose(&mut self, tool: Option<Tool>) -> Option<Annotation> {
        self.tool = tool;
        (self.from, self.held) = (None, None);
        self.pointer_gone()
    }

    /// The key for pointing went down at this time, in seconds: it takes the pointer up, or puts it down. Where it is
    /// held, mouse and keyboard go to the client afterwards if it `returns`.
    pub fn press(&mut self, now_s: f64, returns: bool) -> Option<Annotation> {
        let before = self.tool;
        let annotation = self.toggle(Tool::Pointer);
        self.held = self.tool.map(|_| Held { since_s: now_s, before, returns });
        annotation
    }

    /// Whether the key for pointing is down.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// The key for pointing was let go: the pointer stays in hand after a tap, and goes after a hold. What goes to the
    /// client for that, and whether mouse and keyboard do, too.
    pub fn let_go(&mut self, now_s: f64) -> (Option<Annotation>, bool) {
        match self.held.take() {
            Some(held) if now_s - held.since_s >= HELD_S => (self.choose(held.before), held.returns),
            _ => (None, false),
        }
    }

    /// Takes the tool up, or puts it down if it is the one in hand.
    pub fn toggle(&mut self, tool: Tool) -> Option<Annotation> {
        self.choose((self.tool != Some(tool)).then_some(tool))
    }

    /// Takes everything away.
    pub fn clear(&mut self) -> Annotation {
        self.standing.clear();
        self.from = None;
        self.pointed = None;
        Annotation::Clear
    }

    fn pointer_gone(&mut self) -> Option<Annotation> {
        self.pointed.take().map(|_| Annotation::PointerGone)
    }

    /// What the operator did over the picture in this frame.
    pub(super) fn handle(
        &mut self,
        ui: &Ui,
        response: &Response,
        mapping: Mapping,
        monitor: MonitorId,
    ) -> Vec<Annotation> {
        let Some(tool) = self.tool else { return Vec::new() };
        let now_s = ui.input(|input| input.time);
        match tool {
            Tool::Pointer => {
                let at = response.hover_pos().and_then(|position| mapping.pixel(position)).map(point);
                self.point(ui, now_s, monitor, at).into_iter().collect()
            }
            Tool::Arrow | Tool::Box => self.drag(ui, response, now_s, mapping, monitor).into_iter().collect(),
        }
    }

    fn point(&mut self, ui: &Ui, now_s: f64, monitor: MonitorId, at: Option<Point>) -> Option<Annotation> {
        let Some(at) = at else { return self.pointer_gone() };
        let again_in = |seconds: f64| ui.ctx().request_repaint_after(Duration::from_secs_f64(seconds.max(0.001)));
        if let Some((on, before, sent_s)) = self.pointed {
            let is_same = (on, before) == (monitor, at);
            let due_s = sent_s + if is_same { POINTER_AGAIN_S } else { POINTER_SPACING_S };
            if now_s < due_s {
                again_in(due_s - now_s);
                return None;
            }
        }
        self.pointed = Some((monitor, at, now_s));
        again_in(POINTER_AGAIN_S);
        Some(Annotation::Show { monitor, mark: Mark::Pointer(at) })
    }

    fn drag(
        &mut self,
        ui: &Ui,
        response: &Response,
        now_s: f64,
        mapping: Mapping,
        monitor: MonitorId,
    ) -> Option<Annotation> {
        if response.drag_started_by(PointerButton::Primary) {
            let origin = ui.input(|input| input.pointer.press_origin());
            self.from = origin.map(|origin| point(mapping.nearest_pixel(origin)));
        }
        if !response.drag_stopped_by(PointerButton::Primary) {
            return None;
        }
        let mark = self.unfinished(ui, mapping);
        self.from = None;
        let mark = mark?;
        self.standing.retain(|(_, _, until_s)| now_s < *until_s);
        self.standing.push((monitor, mark, now_s + mark.lasts().as_secs_f64()));
        ui.ctx().request_repaint_after(mark.lasts().saturating_sub(Mark::FADES));
        Some(Annotation::Show { monitor, mark })
    }

    /// What is being dragged.
    fn unfinished(&self, ui: &Ui, mapping: Mapping) -> Option<Mark> {
        let from = self.from?;
        let to = point(mapping.nearest_pixel(ui.input(|input| input.pointer.interact_pos())?));
        let is_long = from.x.abs_diff(to.x).max(from.y.abs_diff(to.y)) >= LEAST_DRAG;
        match self.tool? {
            Tool::Arrow if is_long => Some(Mark::Arrow { from, to }),
            Tool::Box if is_long => Some(Mark::Box { from, to }),
            _ => None,
        }
    }

    /// Draws what the picture does not have.
    pub(super) fn paint(
        &self,
        ui: &Ui,
        painter: &Painter,
        mapping: Mapping,
        monitor: MonitorId,
        seen: Option<MarksSeen>,
        scale: f32,
    ) {
        let now_s = ui.input(|input| input.time);
        let draw = |mark: &Mark, left: f32| paint_mark(painter, mapping, mark, scale, left);
        if let Some(mark) = self.unfinished(ui, mapping) {
            draw(&mark, 1.0);
        }
        if matches!(seen, Some(MarksSeen::InPicture | MarksSeen::Nowhere)) {
            return;
        }
        for (_, mark, until_s) in self.standing.iter().filter(|(on, _, until_s)| *on == monitor && now_s < *until_s) {
            let left = ((until_s - now_s) / Mark::FADES.as_secs_f64()).min(1.0);
            draw(mark, left as f32);
            if left < 1.0 {
                ui.ctx().request_repaint_after(FADES_EVERY);
            }
        }
        if let Some((_, at, _)) = self.pointed.filter(|(on, ..)| *on == monitor) {
            draw(&Mark::Pointer(at), 1.0);
        }
    }
}

/// A pixel as the wire has it.
fn point((x, y): (i32, i32)) -> Point {
    let side = |at: i32| u16::try_from(at.max(0)).unwrap_or(u16::MAX);
    Point { x: side(x), y: side(y) }
}

/// As the client draws it; `left` of its strength is left, from 0 to 1.
fn paint_mark(painter: &Painter, mapping: Mapping, mark: &Mark, scale: f32, left: f32) {
    let scale = scale * mapping.scale();
    let half = mapping.scale() / 2.0;
    let at = |point: &Point| mapping.point(point.x.into(), point.y.into()) + vec2(half, half);
    let strokes = [(EDGE_WIDTH, EDGE), (STROKE_WIDTH, STROKE)];
    let strokes = strokes.map(|(width, ink)| Stroke::new(width * scale * left, ink.gamma_multiply(left)));
    for stroke in strokes {
        let line = |from: Pos2, to: Pos2| {
            painter.line_segment([from, to], stroke);
            for end in [from, to] {
                painter.circle_filled(end, stroke.width / 2.0, stroke.color);
            }
        };
        match mark {
            Mark::Pointer(point) => {
                painter.circle_stroke(at(point), RING_RADIUS * scale, stroke);
            }
            Mark::Arrow { from, to } => {
                let (from, to) = (at(from), at(to));
                let back = from - to;
                let length = back.length().max(1.0);
                let side = (HEAD * scale).min(length / 2.0) / length;
                line(from, to);
                for angle in [HEAD_ANGLE, -HEAD_ANGLE] {
                    let (sin, cos) = angle.sin_cos();
                    line(to, to + vec2(back.x * cos - back.y * sin, back.x * sin + back.y * cos) * side);
                }
            }
            Mark::Box { from, to } => {
                let (from, to) = (at(from), at(to));
                let corners = [from, Pos2::new(to.x, from.y), to, Pos2::new(from.x, to.y)];
                for side in 0..4 {
                    line(corners[side], corners[(side + 1) % 4]);
                }
            }
        }
    }
}
