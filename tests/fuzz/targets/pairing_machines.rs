//! Fuzz target: see `fuzz::keys::pairing_machines`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::keys::pairing_machines(data));
