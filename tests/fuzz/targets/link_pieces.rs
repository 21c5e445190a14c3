//! Fuzz target: see `fuzz::links::link_pieces`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::links::link_pieces(data));
