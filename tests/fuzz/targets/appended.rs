//! Fuzz target: see `fuzz::identities::appended`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::identities::appended(data));
