//! The agent's window: the program of the person being helped.
//!
//! Absent on purpose: the session itself, which lives in `agent-core`; anything stored; a tray icon
//! or any other way to be there unseen. Screens take an [`agent_core::view::AgentView`] and return
//! commands; those that give somebody a power count only from a person's own hands, see [`answers`].
//! Read [`screens::screen_ui`] first, then [`app::AgentApp`].

pub mod answers;
pub mod app;
pub mod cli;
pub mod engine;
pub mod screens;
pub mod technical;
pub mod window;
