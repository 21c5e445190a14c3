//! Fuzz target: see `fuzz::wire::cursor`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::wire::cursor(data));
