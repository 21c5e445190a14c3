//! Fuzz target: see `fuzz::identities::organisation`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::identities::organisation(data));
