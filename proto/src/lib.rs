//! Typed frames and limits of Ponte's wire: bytes to types and back, and picture geometry.
//!
//! This is the lowest layer and the one place that knows the encoding of control messages
//! (`codec`). What is absent: sockets, clocks, randomness, cryptography, and any type that holds
//! a whole session key (the relay uses this crate, and must not be able to name one).
//!
//! Read [`relay`] for what an end and the relay say to each other, then [`session`] for what the
//! two ends say to each other through it.

pub mod annotation;
mod capability;
pub mod clipboard;
pub mod codec;
pub mod files;
pub mod geometry;
pub mod input;
pub mod limits;
pub mod locator;
pub mod machine;
pub mod pairing;
mod reasons;
pub mod relay;
pub mod screen;
pub mod session;
pub mod shell;
pub mod text;

pub use codec::{DecodeError, Deframer, EncodeError, Message, decode, encode, first_message, frame_into};
pub use geometry::{CursorShape, Damage, Frame, Layout, Monitor, MonitorId, Rect};
pub use locator::Locator;
pub use text::{Blob, Text};

/// Version of the link and session protocol; the first byte of every control stream, outside the
/// encoding, so that the encoding itself can change with it.
pub const PROTOCOL_VERSION: u8 = 3;
