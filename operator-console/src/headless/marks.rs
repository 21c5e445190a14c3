//! Pointing and drawing over the person's screen, where the window would let the operator do it.

use super::answer::{Code, Problem};
use super::command::Shape;
use super::desk::Desk;
use super::perform::{Result, bad_value};
use crate::screens::session::has_picture;
use console_core::proto::annotation::{Annotation, Mark, Point};
use console_core::proto::geometry::MonitorId;
use console_core::proto::session::Capability;
use console_core::view::ConsoleCommand;
use std::io::Write;

impl<W: Write> Desk<W> {
    pub(super) fn point(&mut self, x: i32, y: i32, monitor: Option<u8>) -> Result {
        self.may_mark()?;
        let (monitor, at) = self.spot(x, y, monitor)?;
        self.annotate(Annotation::Show { monitor, mark: Mark::Pointer(at) })
    }

    pub(super) fn draw(&mut self, shape: Shape, from: (i32, i32), to: (i32, i32), monitor: Option<u8>) -> Result {
        self.may_mark()?;
        let (monitor, from) = self.spot(from.0, from.1, monitor)?;
        let (_, to) = self.spot(to.0, to.1, Some(monitor.0))?;
        if from == to {
            return Err(bad_value("what is drawn goes from one place to another"));
        }
        let mark = match shape {
            Shape::Arrow => Mark::Arrow { from, to },
            Shape::Box => Mark::Box { from, to },
        };
        self.annotate(Annotation::Show { monitor, mark })
    }

    /// Sends it, unless it would go nowhere.
    pub(super) fn annotate(&mut self, annotation: Annotation) -> Result {
        self.may_mark()?;
        self.send(ConsoleCommand::Annotate(annotation))
    }

    /// A place of a monitor as the wire has it.
    fn spot(&self, x: i32, y: i32, monitor: Option<u8>) -> Result<(MonitorId, Point)> {
        let monitor = self.place(x, y, monitor)?;
        match (u16::try_from(x), u16::try_from(y)) {
            (Ok(x), Ok(y)) => Ok((monitor, Point { x, y })),
            _ => Err(bad_value("nothing is drawn so far from the corner")),
        }
    }

    /// Pointing comes with the screen.
    fn may_mark(&self) -> Result<()> {
        self.may_move(Capability::Annotate)?;
        let session = self.session()?;
        let stop = [
            (!has_picture(session), Code::NotGranted, "the screen is not seen"),
            (session.reconnecting, Code::Reconnecting, "the line is interrupted"),
            (session.sharing_paused, Code::SharingPaused, "the person has paused the sharing"),
        ];
        match stop.into_iter().find(|(is_so, ..)| *is_so) {
            Some((_, code, text)) => Err(Problem::new(code, text)),
            None => Ok(()),
        }
    }
}
