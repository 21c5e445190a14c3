//! Whole sessions about proof: what a certificate allows, what both ends write down, and who is believed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod domain;
mod liar;
mod log;
mod modified;
mod profile;
mod revoked;
