//! Sends many small files and a large one through whole sessions whose relay is killed on the way, in both directions,
//! and compares every digest: small files, size of the large one in MiB, kills.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "a program for the terminal")]

use console_core::view::TransferState;
use e2e::World;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

const MIB: u64 = 1024 * 1024;
/// Progress is waited for in so many steps, each of which has the time of a whole wait.
const STEPS: u64 = 50;

fn main() {
    let words: Vec<u64> = std::env::args().skip(1).map(|word| word.parse().unwrap()).collect();
    let [files, large_mib, kills] = words[..] else { panic!("FILES MIB KILLS") };
    let mut world = World::start(link::LinkKind::Quic);
    world.pair_and_view();
    let (source, back) = (world.path("source/all"), world.path("back"));
    fs::create_dir_all(&source).unwrap();
    fs::create_dir(&back).unwrap();
    for number in 0..files {
        let name = source.join(format!("{number:05}.txt"));
        write(&name, number, 200 + number * 37 % 40_000);
    }
    write(&source.join("large.bin"), files, large_mib * MIB);
    let expected = digests(&source);
    for incoming in [true, false] {
        if incoming {
            world.send_files(std::slice::from_ref(&source), "");
        } else {
            world.fetch_files(&[&source], &back);
        }
        world.answer(true);
        let begin = Instant::now();
        // The relay has counted since its last start: what it carried the other way is not of this direction.
        let earlier = world.relay().stats().bytes_forwarded;
        let mut forwarded = 0;
        let mut kills_left = kills;
        for step in 1..=STEPS {
            moved(&world, step);
            if kills_left > 0 && step * (kills + 1) >= STEPS * (kills - kills_left + 1) {
                kills_left -= 1;
                forwarded += world.relay().stats().bytes_forwarded;
                world.kill_relay();
                world.session("the break", |session| session.reconnecting.then_some(()));
                world.start_relay();
                world.session("the line", |session| (!session.reconnecting).then_some(()));
            }
        }
        let over = world.transfer_over();
        let seconds = begin.elapsed().as_secs_f64();
        forwarded += world.relay().stats().bytes_forwarded;
        assert_eq!((over.state, over.failed_files), (TransferState::Done, 0), "{over:?}");
        let into: PathBuf = if incoming { world.path("downloads/all") } else { back.join("all") };
        assert!(digests(&into) == expected, "a digest is another");
        let direction = if incoming { "to the person" } else { "to the operator" };
        println!(
            "{direction}: {} files, {} MiB, relay killed {kills} times, {seconds:.1} s, {:.0} Mbit/s; \
             {:.1} % more bytes on the wire than in the files; all digests equal",
            over.done_files,
            over.size_bytes / MIB,
            over.size_bytes as f64 * 8.0 / seconds / 1e6,
            ((forwarded - earlier) as f64 / over.size_bytes as f64 - 1.0) * 100.0,
        );
    }
}

/// Waits until so many of the steps have moved.
fn moved(world: &World, step: u64) {
    world.session("so much of it", |session| {
        let transfer = session.transfers.last()?;
        let part = transfer.size_bytes / STEPS * step;
        (transfer.size_bytes > 0 && (transfer.state.is_over() || transfer.done_bytes >= part)).then_some(())
    });
}

fn write(path: &Path, seed: u64, bytes: u64) {
    let mut file = std::io::BufWriter::new(File::create(path).unwrap());
    let (mut state, mut left) = (seed.wrapping_mul(2).wrapping_add(1), bytes);
    while left > 0 {
        // An ordinary linear congruential generator (Knuth's MMIX constants): nothing can be guessed by compression.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let block = (state >> 16).to_le_bytes();
        let length = left.min(6);
        file.write_all(&block[..length as usize]).unwrap();
        left -= length;
    }
    file.flush().unwrap();
}

fn digests(folder: &Path) -> BTreeMap<String, blake3::Hash> {
    let digest = |path: &Path| {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(path).unwrap()).unwrap();
        hasher.finalize()
    };
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), digest(&path))).collect()
}
