//! What must hold for every decoder that sees a peer's bytes: one function for each fuzz target.
//!
//! The targets only call these functions. Whoever breaks a rule panics.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what fails here is a finding")]

pub mod files;
pub mod heads;
pub mod identities;
pub mod keys;
pub mod links;
pub mod logs;
pub mod script;
pub mod terminals;
pub mod tiles;
pub mod wire;

use cap::Cap;
use std::alloc::System;

/// Whatever a target does stays below, in bytes; the next allocation aborts.
const MOST_AT_ONCE: usize = 512 << 20;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, MOST_AT_ONCE);

/// Runs `decode` and demands that all its allocations together stay within `most_bytes`.
///
/// # Panics
/// If they do not.
pub fn bounded<R>(most_bytes: usize, decode: impl FnOnce() -> R) -> R {
    let before = ALLOCATOR.total_allocated();
    let result = decode();
    let taken = ALLOCATOR.total_allocated() - before;
    assert!(taken <= most_bytes, "{taken} bytes allocated, {most_bytes} allowed");
    result
}

/// One target: its name and what it calls.
pub type Target = (&'static str, fn(&[u8]));

/// Every target; `Cargo.toml` and `targets` have the same.
pub const TARGETS: &[Target] = &[
    ("relay_control", links::relay_control),
    ("link_batch", links::link_batch),
    ("link_pieces", links::link_pieces),
    ("link_websocket", links::link_websocket),
    ("head_relay", heads::head_relay),
    ("lookup", heads::lookup),
    ("head_client", heads::head_client),
    ("head_proxy", heads::head_proxy),
    ("pairing_messages", wire::pairing_messages),
    ("pairing_machines", keys::pairing_machines),
    ("session_key", keys::session_key),
    ("session_control", wire::session_control),
    ("streams", wire::streams),
    ("input", wire::input),
    ("cursor", wire::cursor),
    ("file", files::file),
    ("file_name", files::file_name),
    ("tile", tiles::tile),
    ("tile_operations", tiles::tile_operations),
    ("tile_pictures", tiles::tile_pictures),
    ("certificate", identities::certificate),
    ("profile", identities::profile),
    ("revocations", identities::revocations),
    ("organisation", identities::organisation),
    ("appended", identities::appended),
    ("operator_vault", identities::operator_vault),
    ("audit_log", logs::audit_log),
    ("terminal", terminals::terminal),
];
