//! The console without a window: from the new key to the end of the session.
//!
//! What is absent: capture, input and host (a console cannot control its own machine), text in any
//! language, windows. Read [`ConsoleHandle`], then [`view`], [`picture`] and [`terminal`].

pub mod gate;
pub mod picture;
pub mod records;
pub mod terminal;
pub mod view;

mod batches;
mod config;
mod engine;
mod ledger;
mod live;
mod offer;
mod screens;
mod switchboard;
mod tasks;
mod witness;

/// The operator's own clipboard, and what is copied.
pub use clipboard;
pub use config::{CheckWord, ConsoleConfig, StartError};
pub use engine::ConsoleHandle;
pub use link::{Choice, Dialing, LinkKind, Proxies};
/// The plain data that views and commands are made of.
pub use proto;
pub use session::private;
pub use switchboard::{LineId, MOST_KEYS, MOST_LINES, OnChange, Switchboard};
