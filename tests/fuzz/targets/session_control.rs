//! Fuzz target: see `fuzz::wire::session_control`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::wire::session_control(data));
