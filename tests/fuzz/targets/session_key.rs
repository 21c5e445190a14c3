//! Fuzz target: see `fuzz::keys::session_key`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::keys::session_key(data));
