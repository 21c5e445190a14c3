//! Fuzz target: see `fuzz::tiles::tile`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::tiles::tile(data));
