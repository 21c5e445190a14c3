//! Fuzz target: see `fuzz::logs::audit_log`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::logs::audit_log(data));
