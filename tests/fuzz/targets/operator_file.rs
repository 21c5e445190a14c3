//! Fuzz target: see `fuzz::identities::operator_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::identities::operator_file(data));
