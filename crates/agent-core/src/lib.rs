//! The agent without a window: from the typed key to the removal.
//!
//! What is absent: text in any language, windows, stored state, a listening socket, and any way to
//! screen, input or files but through a lease of [`consent::ConsentCell`]. Read [`AgentHandle`],
//! then [`view`], then the engine's stages: `join`, `welcome`, `live`, `farewell`; `ledger` writes the log of all of them.

pub mod origin;
pub mod view;

mod annotations;
mod batches;
mod config;
mod engine;
mod farewell;
mod files;
mod injection;
mod join;
mod learn;
mod ledger;
mod live;
mod places;
mod previews;
mod screens;
mod shell;
mod welcome;

pub use audit_log::export::Words;
pub use capture::{LocalPreview, Share, WindowId};
pub use config::{AgentConfig, CheckWord, InjectorOpener, LogWords, OrganisationSource, Platform, SiteOf};
pub use engine::AgentHandle;
pub use host::Removal;
pub use link::fetch::Site;
pub use link::{Choice, Dialing, LinkKind, Proxies};
pub use places::downloads_folder;
/// The plain data that views and commands are made of.
pub use proto;
