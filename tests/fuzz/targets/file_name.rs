//! Fuzz target: see `fuzz::files::file_name`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::files::file_name(data));
