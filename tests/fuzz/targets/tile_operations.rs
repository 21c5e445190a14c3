//! Fuzz target: see `fuzz::tiles::tile_operations`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::tiles::tile_operations(data));
