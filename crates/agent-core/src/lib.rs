//! The agent without a window: from the typed key to the removal.
//!
//! What is absent: text in any language, windows, stored state, a listening socket, and any way to
//! screen, input or files but through a lease of [`consent::ConsentCell`]. Read [`AgentHandle`],
//! then [`view`], then the engine's stages: `join`, `live`, `ending`.

pub mod view;

mod config;
mod engine;
mod files;
mod injection;
mod join;
mod live;
mod screens;

pub use config::{AgentConfig, CheckWord, InjectorOpener, OrganisationSource, Platform};
pub use engine::AgentHandle;
pub use link::{Choice, Dialing, LinkKind, Proxies};
/// The plain data that views and commands are made of.
pub use proto;
