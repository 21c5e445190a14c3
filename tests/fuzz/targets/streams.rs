//! Fuzz target: see `fuzz::wire::streams`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::wire::streams(data));
