//! Fuzz target: see `fuzz::identities::operator_vault`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::identities::operator_vault(data));
