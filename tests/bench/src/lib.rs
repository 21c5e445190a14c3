//! Torture and measurements of the whole path: the channel's socket under failing links, the relay
//! killed again and again, and the speed against plain alternatives.
//!
//! What is absent: any judgement of absolute times. Read [`shim`], [`relay_kill`] and [`path`] first.

pub mod controllers;
pub mod path;
pub mod relay_kill;
pub mod report;
pub mod shim;
pub mod trust;
pub mod usage;

mod ends;
mod figures;
mod files;
mod first_picture;
mod known;
mod markdown;
mod relay_process;
mod splice;
mod ways;
mod wire;

pub use splice::splice;

/// Why a run stopped, in words for the person at the terminal.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
