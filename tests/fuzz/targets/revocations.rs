//! Fuzz target: see `fuzz::identities::revocations`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::identities::revocations(data));
