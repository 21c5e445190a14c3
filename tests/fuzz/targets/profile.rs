//! Fuzz target: see `fuzz::identities::profile`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::identities::profile(data));
