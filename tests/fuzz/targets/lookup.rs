//! Fuzz target: see `fuzz::heads::lookup`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::heads::lookup(data));
