//! Fuzz target: see `fuzz::links::relay_control`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::links::relay_control(data));
