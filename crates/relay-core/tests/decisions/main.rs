//! The relay's decisions, message by message, on a virtual clock.

// The lint only knows functions marked as tests, not their helpers.
#![allow(clippy::unwrap_used)]

mod attach;
mod limits;
mod lookups;
mod pairing;
mod random;
mod revocations;
mod world;
