//! Fuzz target: see `fuzz::files::file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::files::file(data));
