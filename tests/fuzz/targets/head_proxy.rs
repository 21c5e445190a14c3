//! Fuzz target: see `fuzz::heads::head_proxy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::heads::head_proxy(data));
