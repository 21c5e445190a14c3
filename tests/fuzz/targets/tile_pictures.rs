//! Fuzz target: see `fuzz::tiles::tile_pictures`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::tiles::tile_pictures(data));
