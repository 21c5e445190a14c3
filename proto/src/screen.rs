//! Heads of screen and cursor streams; the pixels behind them belong to the tile codec.

use crate::codec::Message;
use crate::geometry::MonitorId;
use serde::{Deserialize, Serialize};

/// First message of a screen stream: one stream per monitor and epoch, ordered, never reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenHead {
    /// Which monitor.
    pub monitor: MonitorId,
    /// Counts the screen streams of a session from 1, so that what comes late of an older one is
    /// told apart.
    pub epoch: u32,
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
}

/// Before each encoded update on a screen stream; `length` bytes of the codec follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateHead {
    /// Counts updates of this stream from 1.
    pub sequence: u64,
    /// Milliseconds of the agent's monotonic clock when the picture was taken.
    pub captured_ms: u64,
    /// Bytes that follow; see [`crate::limits::screen_update_bytes`].
    pub length: u32,
}

/// One message of the cursor stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CursorUpdate {
    /// The pointer is here, in pixels of that monitor's picture; sent only when it moved.
    Position {
        /// Which monitor.
        monitor: MonitorId,
        /// Column.
        x: i32,
        /// Row.
        y: i32,
    },
    /// The pointer is on nothing that is shared.
    Hidden,
    /// The pointer looks like this from now on; `4 * width * height` bytes of premultiplied BGRA
    /// follow the message.
    Shape {
        /// Width in pixels.
        width: u16,
        /// Height in pixels.
        height: u16,
        /// Column of the point that points.
        hot_x: u16,
        /// Row of the point that points.
        hot_y: u16,
    },
}

impl Message for ScreenHead {
    const MAX_BYTES: usize = 32;
}
impl Message for UpdateHead {
    const MAX_BYTES: usize = 32;
}
impl Message for CursorUpdate {
    const MAX_BYTES: usize = 32;
}
