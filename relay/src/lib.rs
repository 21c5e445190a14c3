//! The relay program: a blind meeting point.
//!
//! What is absent: everything that knows a secret (`pairing`, `channel`, `session`), a database, a
//! web administration, child processes. `relay-core` decides, `link` frames; this crate binds
//! sockets, verifies operators, moves packets and serves the portal. Read [`Settings`] and [`start`] first.

mod config;
mod dev;
mod forward;
mod hub;
mod judge;
mod lists;
mod outer;
mod places;
mod portal;
mod quic;
mod settings;
mod stall;
mod start;
mod tcp;
mod trust;

pub use config::ConfigError;
pub use dev::{DEV_DOMAIN, DEV_OPERATOR};
pub use portal::read_lookup;
pub use settings::{Clock, Limits, Settings, SettingsError};
pub use start::{RelayHandle, StartError, Stats, start};
pub use tcp::upgrade;
