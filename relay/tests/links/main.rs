//! A relay in process, and raw links to it on real sockets.

// The lint only knows functions marked as tests, not their helpers.
#![allow(clippy::unwrap_used)]

mod ends;
mod hostile;
mod limits;
mod pairs;
mod portal;
mod program;
mod revocations;
mod web;
