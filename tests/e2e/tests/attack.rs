//! The short form of the attacks on the relay's memory: each costs what it may, and another session
//! goes on.

use e2e::attack::{Scale, run};
use e2e::program;

const MIB: u64 = 1 << 20;
/// At most for one session with every queue full, in bytes: twice what is meant to be its most.
const SESSION: u64 = 1300 * 1024;
/// The same while its console sends more than the relay's processor handles: what our links have under way unacknowledged
/// (2 MiB) waits in quinn then, in buffers of which it is a part.
const FLOODING: u64 = SESSION + 4 * MIB;
/// At most for one handshake or one link that was not paired, in bytes: a first message of TLS has up
/// to 64 KiB, which are held twice while it grows.
const HANDSHAKE: u64 = 192 * 1024;
/// What comes once, however many attack: the UDP socket's buffer of 3 MiB, what was read from it and not
/// yet handled on a busy machine, the allocator's arenas.
const NOISE: u64 = 16 * MIB;

#[test]
fn no_attack_takes_more_memory_than_its_bound_while_another_session_goes_on() {
    let report = run(program::relay(), Scale::short());
    for one in &report.0 {
        let each = match one.attack.split([' ', ',']).next() {
            Some("sessions") => SESSION,
            Some("flooding") => FLOODING,
            _ => HANDSHAKE,
        };
        let bound = each * one.count + NOISE;
        assert!(one.growth() <= bound, "{} takes more than {bound} bytes:\n{report}", one.attack);
    }
}
