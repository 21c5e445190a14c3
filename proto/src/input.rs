//! What the operator's mouse and keyboard send on the input stream.

use crate::codec::Message;
use crate::geometry::MonitorId;
use crate::limits;
use crate::text::Text;
use serde::{Deserialize, Serialize};

/// A pointer button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Button {
    /// Usually left.
    Primary,
    /// The wheel pressed.
    Middle,
    /// Usually right.
    Secondary,
    /// Thumb, back.
    Back,
    /// Thumb, forward.
    Forward,
}

/// A key by position: usage number of USB HID page 7 (HID Usage Tables 1.5, section 10), so that
/// 4 is the key where US layouts have A.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyUsage(pub u8);

/// Modifier keys that the operator holds, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Modifiers(pub u8);

impl Modifiers {
    /// Either shift key.
    pub const SHIFT: u8 = 1;
    /// Either control key.
    pub const CONTROL: u8 = 2;
    /// The left alt key (or either, where they cannot be told apart).
    pub const ALT: u8 = 4;
    /// Either Windows or command key.
    pub const META: u8 = 8;
    /// The right alt key where it selects a level.
    pub const ALT_GRAPH: u8 = 16;

    /// Whether all bits of `mask` are set.
    #[must_use]
    pub fn holds(self, mask: u8) -> bool {
        self.0 & mask == mask
    }
}

/// One thing the operator did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputEvent {
    /// The pointer is here, in pixels of that monitor. Moves coalesce: the newest wins.
    PointerMove {
        /// Which monitor.
        monitor: MonitorId,
        /// Column.
        x: i32,
        /// Row.
        y: i32,
    },
    /// A button went down or up where the pointer last was.
    Button {
        /// Which.
        button: Button,
        /// Down, else up.
        down: bool,
    },
    /// The wheel turned, in 1/120 of a notch; positive is right and down.
    Wheel {
        /// Sideways.
        dx: i16,
        /// Up and down.
        dy: i16,
    },
    /// A key by position: shortcuts, control keys, and all keys while control, alt or meta is held.
    Key {
        /// Which key.
        usage: KeyUsage,
        /// Down, else up.
        down: bool,
        /// What else was held.
        modifiers: Modifiers,
    },
    /// Typed text, whatever layouts the two ends have.
    Text(Text<{ limits::INPUT_TEXT_BYTES }>),
    /// The operator is still there; due every second while a key or button is down.
    Heartbeat,
    /// Lift everything: the console's window lost the focus.
    ReleaseAll,
    /// What follows was done at this moment, in milliseconds of a clock of the console that only goes
    /// on: what a line held back for long is not done any more.
    Stamp {
        /// The moment; means something only beside other stamps of the same stream.
        at_ms: u64,
    },
}

/// One message of the input stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRecord {
    /// Counts from 1.
    pub sequence: u64,
    /// What was done.
    pub event: InputEvent,
}

impl Message for InputRecord {
    const MAX_BYTES: usize = limits::INPUT_TEXT_BYTES + 32;
}
