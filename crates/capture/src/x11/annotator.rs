//! Marks on an X display: windows of the shape of their strokes, which no press reaches and no window
//! manager manages. They need no compositor, and where nothing is drawn nothing is covered.

use super::Part;
use super::area::Area;
use super::owner::Owners;
use super::screen::Screen;
use super::windows::{Atoms, Top, place_of, top_of, tops, unless_gone, windows_of};
use crate::marks::{Drawing, Span};
use crate::share::WINDOW_AS_MONITOR;
use crate::{Annotator, CaptureError, MarksSeen, ShownMark};
use consent::{Permit, View};
use proto::MonitorId;
use proto::annotation::Mark;
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::shape::{self, ConnectionExt as _};
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ClipOrdering, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux,
    EventMask, MapState, PropMode, Rectangle, StackMode, Window, WindowClass,
};
use x11rb::wrapper::ConnectionExt as _;

/// The colour of strokes, and of the edge around them: seen on every ground.
const STROKE: u32 = 0xD9_2D_20;
const EDGE: u32 = 0xFF_FF_FF;
/// How long it is taken to be known where other windows are: the pointer moves more often.
const LOOKS_EVERY: Duration = Duration::from_millis(90);

/// Marks that stand until this is dropped: the server takes the windows of a connection with it.
pub(super) struct X11Annotator {
    screen: Screen,
    atoms: Atoms,
    owners: Owners,
    part: Part,
    process: u32,
    standing: Vec<Standing>,
    around: Around,
}

/// A mark on the screen: a window of the light edge, and in it one of the strokes.
struct Standing {
    shown: ShownMark,
    edge: Window,
    stroke: Window,
    /// For what its shape was made.
    shaped: Option<Shaped>,
    is_shown: bool,
}

#[derive(PartialEq)]
struct Shaped {
    shown: ShownMark,
    ground: Ground,
    own: Vec<Area>,
}

/// Where a monitor is.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ground {
    /// Its corner, from which marks are counted.
    x: i32,
    y: i32,
    /// What of it is on the screen.
    area: Area,
    scale: f32,
}

type Grounds = Vec<(MonitorId, Ground)>;

/// What was there at the last look.
#[derive(Default)]
struct Around {
    looked_at: Option<Instant>,
    /// Our own windows with their frames.
    own: Vec<Area>,
    /// Top-level windows, lowest first, without our frames and marks, and whether each is ours.
    others: Vec<(usize, Window, bool)>,
    /// Where each of our marks is in the same order.
    marks: Vec<(usize, Window)>,
    grounds: Grounds,
    /// What marks lie right above, where one window is shared.
    below: Option<Window>,
}

impl X11Annotator {
    pub(super) fn open(screen: Screen, part: Part, process: u32) -> Result<Self, CaptureError> {
        let connection = &screen.connection;
        connection.xfixes_query_version(5, 0)?.reply()?;
        connection.shape_query_version()?.reply()?;
        if let Part::Window(window) = part {
            let aux = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
            let asked = unless_gone(connection.change_window_attributes(window, &aux)?.check())?;
            asked.ok_or(CaptureError::WindowClosed)?;
        }
        let (atoms, owners) = (Atoms::of(&screen)?, Owners::of(&screen)?);
        Ok(Self { screen, atoms, owners, part, process, standing: Vec::new(), around: Around::default() })
    }

    /// Looks where everything is, unless that was done a moment ago.
    fn look(&mut self) -> Result<(), CaptureError> {
        if self.around.looked_at.is_some_and(|at| at.elapsed() < LOOKS_EVERY) {
            return Ok(());
        }
        let (grounds, below) = self.grounds()?;
        let mut around = Around { looked_at: Some(Instant::now()), grounds, below, ..Around::default() };
        for (place, top) in tops(&self.screen)?.iter().enumerate() {
            if self.standing.iter().any(|standing| standing.edge == top.window) {
                around.marks.push((place, top.window));
            } else if !top.is_strip_of(&self.screen, &self.owners, self.process)? {
                let is_own = self.is_own(top)?;
                around.own.extend(is_own.then_some(top.area));
                around.others.push((place, top.window, is_own));
            }
        }
        self.around = around;
        Ok(())
    }

    fn is_own(&self, top: &Top) -> Result<bool, CaptureError> {
        Ok(!windows_of(&self.screen, &self.owners, top.window, self.process)?.is_empty())
    }

    /// Where the monitors of this part are, and what marks lie right above.
    fn grounds(&self) -> Result<(Grounds, Option<Window>), CaptureError> {
        let scale = |percent: u16| f32::from(percent) / 100.0;
        let Part::Window(window) = self.part else {
            let monitors = self.screen.named_monitors()?.into_iter().filter(|(name, _)| match self.part {
                Part::Monitor { name: shared, .. } => shared == *name,
                Part::Everything | Part::Window(_) => true,
            });
            let grounds = monitors.map(|(_, monitor)| {
                let area = Area::new(monitor.x, monitor.y, monitor.width, monitor.height);
                (monitor.id, Ground { x: monitor.x, y: monitor.y, area, scale: scale(monitor.scale_percent) })
            });
            return Ok((grounds.collect(), None));
        };
        let attributes = unless_gone(self.screen.connection.get_window_attributes(window)?.reply())?;
        let is_seen = attributes.is_some_and(|attributes| attributes.map_state == MapState::VIEWABLE);
        let (top, place) = (top_of(&self.screen, window)?, place_of(&self.screen, window)?);
        let Some((top, place)) = top.zip(place).filter(|_| is_seen) else { return Ok((Vec::new(), None)) };
        let screen = self.screen.connection.get_geometry(self.screen.root)?.reply()?;
        let area = place.inside().intersection(&Area::new(0, 0, screen.width.into(), screen.height.into()));
        let ground = Ground { x: place.x, y: place.y, area, scale: scale(self.screen.scale_percent()?) };
        Ok((vec![(WINDOW_AS_MONITOR, ground)], Some(top)))
    }

    /// Fails once the one window that is shared was destroyed: its number may be another's by now.
    fn take_events(&self) -> Result<(), CaptureError> {
        while let Some(event) = self.screen.connection.poll_for_event()? {
            if matches!(event, Event::DestroyNotify(event) if self.part == Part::Window(event.window)) {
                return Err(CaptureError::WindowClosed);
            }
        }
        Ok(())
    }

    /// Makes windows for marks that have none, and takes those away that have a mark no more. The pointer keeps its
    /// own from place to place.
    fn match_windows(&mut self, marks: &[ShownMark]) -> Result<(), CaptureError> {
        let is_pointer = |mark: &Mark| matches!(mark, Mark::Pointer(_));
        let mut before = std::mem::take(&mut self.standing);
        for shown in marks {
            let same = before.iter().position(|standing| {
                let is_same = (standing.shown.monitor, standing.shown.mark) == (shown.monitor, shown.mark);
                is_same || is_pointer(&shown.mark) && is_pointer(&standing.shown.mark)
            });
            let mut standing = match same {
                Some(place) => before.swap_remove(place),
                None => self.create(*shown)?,
            };
            standing.shown = *shown;
            self.standing.push(standing);
        }
        for gone in before {
            self.screen.connection.destroy_window(gone.edge)?;
        }
        Ok(())
    }

    fn create(&self, shown: ShownMark) -> Result<Standing, CaptureError> {
        let connection = &self.screen.connection;
        let (edge, stroke) = (connection.generate_id()?, connection.generate_id()?);
        let class = WindowClass::INPUT_OUTPUT;
        for (window, parent, colour) in [(edge, self.screen.root, EDGE), (stroke, edge, STROKE)] {
            let aux = CreateWindowAux::new().override_redirect(1).background_pixel(colour);
            connection.create_window(0, window, parent, 0, 0, 1, 1, 0, class, 0, &aux)?.check()?;
        }
        let region = connection.generate_id()?;
        connection.xfixes_create_region(region, &[])?;
        connection.xfixes_set_window_shape_region(edge, shape::SK::INPUT, 0, 0, region)?.check()?;
        connection.xfixes_destroy_region(region)?;
        let process = self.atoms._NET_WM_PID;
        connection.change_property32(PropMode::REPLACE, edge, process, AtomEnum::CARDINAL, &[std::process::id()])?;
        connection.map_window(stroke)?;
        Ok(Standing { shown, edge, stroke, shaped: None, is_shown: false })
    }

    /// Brings the window of one mark to its place and into its shape.
    fn place(&self, standing: &mut Standing) -> Result<(), CaptureError> {
        let connection = &self.screen.connection;
        let ground =
            self.around.grounds.iter().find(|(id, _)| *id == standing.shown.monitor).map(|(_, ground)| *ground);
        let Some(ground) = ground.filter(|ground| !ground.area.is_empty()) else { return self.hide(standing) };
        let shaped = Shaped { shown: standing.shown, ground, own: self.around.own.clone() };
        if standing.shaped.as_ref() != Some(&shaped) {
            let drawing = Drawing::of(&standing.shown.mark, ground.scale, standing.shown.part());
            let within = relative(ground.area, ground.x, ground.y);
            let whole = without(drawing.whole(within), &shaped.own, &ground);
            let Some([left, top, right, bottom]) = bounds(&whole) else {
                standing.shaped = Some(shaped);
                return self.hide(standing);
            };
            let side = |pixels: i32| u32::try_from(pixels).unwrap_or(1).max(1);
            let (width, height) = (side(right - left), side(bottom - top));
            let aux = ConfigureWindowAux::new().x(ground.x + left).y(ground.y + top).width(width).height(height);
            for (window, spans, aux) in [
                (standing.edge, whole, aux),
                (standing.stroke, drawing.core(within), ConfigureWindowAux::new().width(width).height(height)),
            ] {
                let rectangles: Vec<Rectangle> = spans.iter().filter_map(|span| rectangle(*span, left, top)).collect();
                let (set, bounding) = (shape::SO::SET, shape::SK::BOUNDING);
                connection.shape_rectangles(set, bounding, ClipOrdering::UNSORTED, window, 0, 0, &rectangles)?;
                connection.configure_window(window, &aux)?;
            }
            self.weaken(standing)?;
            standing.shaped = Some(shaped);
        }
        if !standing.is_shown || !self.is_in_order(standing.edge) {
            let aux = ConfigureWindowAux::new().sibling(self.around.below).stack_mode(StackMode::ABOVE);
            connection.configure_window(standing.edge, &aux)?;
        }
        if !standing.is_shown {
            connection.map_window(standing.edge)?;
            standing.is_shown = true;
        }
        Ok(())
    }

    /// Paler, where a compositor looks at that (Extended Window Manager Hints, `_NET_WM_WINDOW_OPACITY`).
    fn weaken(&self, standing: &Standing) -> Result<(), CaptureError> {
        let before = standing.shaped.as_ref().map_or(ShownMark::STRONGEST, |shaped| shaped.shown.strength);
        if before != standing.shown.strength {
            let (name, kind) = (self.atoms._NET_WM_WINDOW_OPACITY, AtomEnum::CARDINAL);
            let opacity = (f64::from(standing.shown.part()) * f64::from(u32::MAX)) as u32;
            self.screen.connection.change_property32(PropMode::REPLACE, standing.edge, name, kind, &[opacity])?;
        }
        Ok(())
    }

    fn hide(&self, standing: &mut Standing) -> Result<(), CaptureError> {
        if std::mem::take(&mut standing.is_shown) {
            self.screen.connection.unmap_window(standing.edge)?;
        }
        Ok(())
    }

    /// Whether at the last look no other program's window lay above this mark; where one window is shared, none
    /// between the two.
    fn is_in_order(&self, mark: Window) -> bool {
        let Around { others, marks, below, .. } = &self.around;
        // One that was not there yet was put in its place when it came.
        let Some((place, _)) = marks.iter().find(|(_, window)| *window == mark) else { return true };
        match below {
            None => !others.iter().any(|(other, _, is_own)| other > place && !is_own),
            Some(below) => {
                let Some((bottom, ..)) = others.iter().find(|(_, window, _)| window == below) else { return true };
                bottom < place && !others.iter().any(|(other, ..)| bottom < other && other < place)
            }
        }
    }
}

impl Annotator for X11Annotator {
    fn show(&mut self, _permit: &Permit<'_, View>, marks: &[ShownMark]) -> Result<(), CaptureError> {
        let result = self.take_events().and_then(|()| {
            self.match_windows(marks)?;
            self.look()?;
            let mut standing = std::mem::take(&mut self.standing);
            let placed = standing.iter_mut().try_for_each(|standing| self.place(standing));
            self.standing = standing;
            placed?;
            Ok(self.screen.connection.sync()?)
        });
        if result.is_err() {
            self.clear();
        }
        result
    }

    fn clear(&mut self) {
        for standing in self.standing.drain(..) {
            // Fails only on a connection that is gone, and the windows with it.
            let _ = self.screen.connection.destroy_window(standing.edge);
        }
        let _ = self.screen.connection.sync();
    }

    fn seen(&self) -> MarksSeen {
        if matches!(self.part, Part::Window(_)) { MarksSeen::Beside } else { MarksSeen::InPicture }
    }
}

/// An area of the desktop as seen from a corner.
fn relative(area: Area, x: i32, y: i32) -> Span {
    [area.left - x, area.top - y, area.right - x, area.bottom - y]
}

/// What is left of spans where our own windows are not.
fn without(spans: Vec<Span>, own: &[Area], ground: &Ground) -> Vec<Span> {
    let mut pieces: Vec<Area> =
        spans.into_iter().map(|[left, top, right, bottom]| Area { left, top, right, bottom }).collect();
    for own in own {
        let [left, top, right, bottom] = relative(*own, ground.x, ground.y);
        let hole = Area { left, top, right, bottom };
        pieces = pieces.into_iter().flat_map(|piece| piece.without(&hole)).collect();
    }
    pieces.into_iter().map(|Area { left, top, right, bottom }| [left, top, right, bottom]).collect()
}

/// The smallest rectangle around all spans.
fn bounds(spans: &[Span]) -> Option<Span> {
    spans.iter().copied().reduce(|[left, top, right, bottom], other| {
        [left.min(other[0]), top.min(other[1]), right.max(other[2]), bottom.max(other[3])]
    })
}

/// A span in a window whose corner is there; `None` where the protocol has no numbers for it.
fn rectangle([left, top, right, bottom]: Span, x: i32, y: i32) -> Option<Rectangle> {
    Some(Rectangle {
        x: i16::try_from(left - x).ok()?,
        y: i16::try_from(top - y).ok()?,
        width: u16::try_from(right - left).ok()?,
        height: u16::try_from(bottom - top).ok()?,
    })
}
