//! Behaviour of the organisation's command, as a library and as a program.

// The lint knows only functions marked as tests, not what they share.
#![allow(clippy::unwrap_used)]

mod logs;
mod operators;
mod program;
mod publishing;
mod world;
