//! The thread that passes packets from one device to the other.

use super::system::{self, Device};
use super::{Steered, lock};
use crate::path::lane::Kind;
use crate::path::line::Line;
use std::io::{PipeReader, Read as _};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The longest packet of IP.
const LONGEST: usize = 65_535;
/// Packets that are taken from one device before the others' turn.
const AT_A_TIME: usize = 64;
/// The longest wait, so that a thread that gets no processor is noticed without packets, too.
const TICK: Duration = Duration::from_millis(10);

/// How far the emulator itself fell behind. What was measured over a path that fell behind tells about
/// the machine, not about the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Punctuality {
    /// By how much the latest packet, or look at the devices, was later than it should have been.
    pub latest: Duration,
    /// Packets that the kernel dropped before the emulator saw them; they are in no count.
    pub overlooked: u64,
}

impl Punctuality {
    /// Whether nothing was later than this and nothing was overlooked.
    #[must_use]
    pub fn kept_up(&self, within: Duration) -> bool {
        self.latest <= within && self.overlooked == 0
    }
}

pub(super) struct Forwarder {
    devices: [Device; 2],
    /// What comes from the device of the same place.
    lines: [Line; 2],
    bell: PipeReader,
    steered: Arc<Mutex<Steered>>,
}

impl Forwarder {
    pub(super) fn new(devices: [Device; 2], bell: PipeReader, steered: Arc<Mutex<Steered>>, seed: u64) -> Self {
        let seed = seed.wrapping_mul(1_000_003);
        Self { devices, lines: [Line::new(seed), Line::new(seed.wrapping_add(1))], bell, steered }
    }

    pub(super) fn run(mut self) {
        let mut buffer = vec![0; LONGEST];
        let mut looked = Instant::now();
        while let Some(script_due) = self.steer() {
            let now = Instant::now();
            let due = self.lines.iter().filter_map(Line::due).chain(script_due).chain([now + TICK]).min();
            let longest = due.map_or(TICK, |due| due.saturating_duration_since(now));
            if system::wait(&self.devices, &self.bell, longest) {
                // Only that it rang matters, and one byte too many only rings again.
                let _ = self.bell.read(&mut [0]);
            }
            let late = self.deliver().max(looked.elapsed().saturating_sub(TICK));
            looked = Instant::now();
            self.collect(&mut buffer);
            let latest = &mut lock(&self.steered).punctuality.latest;
            *latest = (*latest).max(late);
        }
    }

    /// Follows the script and tells when it goes on; `None` at the end of all.
    fn steer(&self) -> Option<Option<Instant>> {
        let mut steered = lock(&self.steered);
        if let Some(next) = steered.playing.handle_timeout(Instant::now()) {
            steered.conditions = next;
        }
        (!steered.ended).then(|| steered.playing.poll_timeout())
    }

    /// Hands over what has arrived; returns how late the latest is.
    fn deliver(&mut self) -> Duration {
        let mut latest = Duration::ZERO;
        let [near, far] = &self.devices;
        for (line, to) in self.lines.iter_mut().zip([far, near]) {
            loop {
                let now = Instant::now();
                let Some((due, packet)) = line.pop(now) else { break };
                latest = latest.max(now.duration_since(due));
                let sent = to.send(&packet);
                let counts = &mut lock(&self.steered).counts;
                counts.waiting -= 1;
                match sent {
                    Ok(()) => counts.delivered += 1,
                    Err(_) => counts.lost += 1,
                }
            }
        }
        latest
    }

    /// Takes what the devices have.
    fn collect(&mut self, buffer: &mut [u8]) {
        for (line, from) in self.lines.iter_mut().zip(&self.devices) {
            for _ in 0..AT_A_TIME {
                let Some(length) = from.receive(buffer) else { break };
                let packet = buffer.get(..length).unwrap_or_default().to_vec();
                let kind = kind(&packet);
                let steered = &mut *lock(&self.steered);
                steered.counts.taken += 1;
                steered.counts.waiting += 1;
                line.take(packet, length, kind, &steered.conditions, &mut steered.counts);
            }
        }
    }
}

/// What a packet of IP carries (RFC 791, RFC 8200 without extension heads, RFC 9293).
fn kind(packet: &[u8]) -> Kind {
    const TCP: u8 = 6;
    const UDP: u8 = 17;
    const SYN: u8 = 2;
    let first = packet.first().copied().unwrap_or_default();
    let (protocol, head) = match first >> 4 {
        4 => (packet.get(9), usize::from(first & 15) * 4),
        6 => (packet.get(6), 40),
        _ => (None, 0),
    };
    match protocol {
        Some(&UDP) => Kind::Datagram,
        Some(&TCP) if packet.get(head + 13).is_some_and(|flags| flags & SYN != 0) => Kind::NewStream,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_told_apart_by_their_heads() {
        let packet = |version: u8, protocol: u8, flags: u8| {
            let mut packet = vec![0; 80];
            let (protocol_at, head) = if version == 4 { (9, 20) } else { (6, 40) };
            packet[0] = version << 4 | 5;
            packet[protocol_at] = protocol;
            packet[head + 13] = flags;
            packet
        };
        for version in [4, 6] {
            for (protocol, flags, expected) in [
                (17, 0, Kind::Datagram),
                (17, 2, Kind::Datagram),
                (6, 2, Kind::NewStream),
                (6, 18, Kind::NewStream),
                (6, 16, Kind::Other),
                (1, 2, Kind::Other),
            ] {
                assert_eq!(kind(&packet(version, protocol, flags)), expected, "IPv{version}, {protocol}, {flags}");
            }
        }
        assert_eq!((kind(&[]), kind(&[0x45, 0, 0])), (Kind::Other, Kind::Other));
    }
}
