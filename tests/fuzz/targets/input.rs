//! Fuzz target: see `fuzz::wire::input`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::wire::input(data));
