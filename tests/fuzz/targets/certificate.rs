//! Fuzz target: see `fuzz::identities::certificate`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::identities::certificate(data));
