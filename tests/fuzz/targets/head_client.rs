//! Fuzz target: see `fuzz::heads::head_client`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::heads::head_client(data));
