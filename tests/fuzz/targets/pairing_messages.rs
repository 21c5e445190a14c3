//! Fuzz target: see `fuzz::wire::pairing_messages`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::wire::pairing_messages(data));
