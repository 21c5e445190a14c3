//! What the operator points at and draws over the shared screen.

use crate::codec::Message;
use crate::geometry::MonitorId;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A pixel of a monitor, from its left top corner; what lies beyond the monitor is not drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Point {
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
}

/// One mark over the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mark {
    /// A ring around the place that the operator points at. There is only one.
    Pointer(Point),
    /// An arrow.
    Arrow {
        /// Where it begins.
        from: Point,
        /// Where its head is.
        to: Point,
    },
    /// A frame around a rectangle.
    Box {
        /// One corner.
        from: Point,
        /// The opposite one.
        to: Point,
    },
}

impl Mark {
    /// At the end of its time it does not vanish, but gets thinner and paler for so long.
    pub const FADES: Duration = Duration::from_millis(500);

    /// How long it stands when nothing else happens. Pointing means now; what is drawn is to be read.
    #[must_use]
    pub const fn lasts(&self) -> Duration {
        match self {
            Self::Pointer(_) => Duration::from_secs(2),
            Self::Arrow { .. } | Self::Box { .. } => Duration::from_secs(12),
        }
    }
}

/// One message of the annotation stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Annotation {
    /// This, from now on. Pointers coalesce: the newest wins.
    Show {
        /// On which monitor.
        monitor: MonitorId,
        /// What.
        mark: Mark,
    },
    /// The operator points at nothing any more.
    PointerGone,
    /// Nothing is shown any more.
    Clear,
}

impl Message for Annotation {
    const MAX_BYTES: usize = 24;
}

/// Where the operator sees their marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MarksSeen {
    /// In the picture of the screen, as the person does.
    InPicture,
    /// Not in the picture: one window is shared, and the marks lie over it.
    Beside,
    /// Nowhere: that system cannot show them.
    Nowhere,
}
