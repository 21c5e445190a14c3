//! The console's window: pages over the plain data of `console_core`, and the remote screen.
//!
//! What is absent: sockets, keys and certificates (the gate and the engine have them, and only `engine`
//! names those), and any access to this machine's own screen and input. Read [`screens::screen_ui`], then
//! [`viewer::viewer_ui`]; [`headless`] is the same without a window.

pub mod app;
pub mod cli;
pub mod desk;
pub mod engine;
pub mod news;
pub mod screens;
pub mod terminal;
pub mod viewer;

pub mod headless;

pub mod clipboard;
pub mod gate_words;
mod icons;
pub mod machine_words;
pub mod places;
pub mod saved;
pub mod settings;
pub mod signals;
pub mod words;
