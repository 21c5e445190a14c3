//! Logs that were made in order, and everything that somebody could do to them afterwards.

// The lint knows only functions marked as tests, not what they share.
#![allow(clippy::unwrap_used)]

mod ends;
mod exports;
mod made;
mod tampering;
