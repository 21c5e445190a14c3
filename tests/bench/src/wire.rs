//! A link in memory that loses, repeats and reorders packets by a seed.

use bytes::Bytes;
use link::packets::{PacketReceiver, PacketSender, Packets, in_memory_pair};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// A packet that is held back goes on after this even if none comes to overtake it.
const HELD_BACK: Duration = Duration::from_millis(3);

/// Shares of packets, from 0 to 1.
#[derive(Debug, Clone, Copy)]
pub struct Harm {
    /// Never arrive.
    pub lost: f64,
    /// Arrive twice.
    pub twice: f64,
    /// Are overtaken by the next one.
    pub late: f64,
}

/// What became of packets.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) passed: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) twice: AtomicU64,
    pub(crate) late: AtomicU64,
}

/// Two joined ends; each direction has its own task, which ends when either end is dropped.
pub(crate) fn wire(seed: u64, harm: Harm, counts: &Arc<Counts>) -> (Packets, Packets) {
    let (one, near) = in_memory_pair();
    let (other, far) = in_memory_pair();
    let lanes = [(near.receiver, far.sender, seed), (far.receiver, near.sender, !seed)];
    for (from, to, seed) in lanes {
        tokio::spawn(carry(from, to, StdRng::seed_from_u64(seed), harm, Arc::clone(counts)));
    }
    (one, other)
}

async fn carry(mut from: PacketReceiver, to: PacketSender, mut rng: StdRng, harm: Harm, counts: Arc<Counts>) {
    let add = |count: &AtomicU64| {
        count.fetch_add(1, Ordering::Relaxed);
    };
    let mut held: Option<Bytes> = None;
    loop {
        let packet = match held.take() {
            None => from.recv().await,
            Some(late) => {
                let next = timeout(HELD_BACK, from.recv()).await;
                if next.is_err() {
                    to.send(late);
                    continue;
                }
                held = Some(late);
                next.unwrap_or_default()
            }
        };
        let Some(packet) = packet else { return };
        let [lost, twice, late]: [f64; 3] = rng.r#gen();
        if lost < harm.lost {
            add(&counts.lost);
            continue;
        }
        if late < harm.late && held.is_none() {
            add(&counts.late);
            held = Some(packet);
            continue;
        }
        if twice < harm.twice {
            add(&counts.twice);
            to.send(packet.clone());
        }
        add(&counts.passed);
        if !to.send(packet) {
            return;
        }
        if let Some(late) = held.take() {
            to.send(late);
        }
    }
}
