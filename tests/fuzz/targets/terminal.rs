//! Fuzz target: see `fuzz::terminals::terminal`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::terminals::terminal(data));
