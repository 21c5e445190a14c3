//! Ports for what a test ends and starts again at the same place.

use rand::Rng as _;
use rand::rngs::OsRng;
use std::net::{IpAddr, TcpListener, UdpSocket};
use std::ops::Range;

/// Ports that no system gives to those who ask for any.
const LASTING: Range<u16> = 20_000..32_000;
/// How many are tried before the machine counts as full.
const TRIES: usize = 1000;

/// A port that is free for TCP and UDP, and stays free while whoever listened there is dead, whatever sockets others
/// open meanwhile.
///
/// # Panics
/// None is free.
#[must_use]
#[expect(clippy::expect_used, reason = "a machine without ports runs no test")]
pub fn lasting_port(address: IpAddr) -> u16 {
    let is_free = |port: &u16| {
        let tcp = TcpListener::bind((address, *port));
        tcp.is_ok() && UdpSocket::bind((address, *port)).is_ok()
    };
    let mut tries = std::iter::repeat_with(|| OsRng.gen_range(LASTING)).take(TRIES);
    tries.find(is_free).expect("a free port")
}
