//! Hands one link's packets to the other of its session, at a bounded rate.

use bytes::Bytes;
use link::PacketSender;
use link::pump::PacketSink;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::mpsc;

/// 50 Mbit/s in each direction, in bytes per second: a full screen of video fits.
const RATE: f64 = 50e6 / 8.0;
/// A burst of this many bytes passes at once: several whole screens.
const BURST: f64 = 8.0 * 1024.0 * 1024.0;

/// What a packet costs beside its bytes, in bytes.
const PACKET: f64 = 64.0;

/// A token bucket in bytes.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

impl Bucket {
    fn new(now: Instant) -> Self {
        Self { tokens: BURST, filled_at: now }
    }

    fn take(&mut self, now: Instant, bytes: usize) -> bool {
        let elapsed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.filled_at = now;
        self.tokens = (self.tokens + elapsed * RATE).min(BURST);
        // Packets have at most PACKET_BYTES.
        let bytes = bytes as f64 + PACKET;
        if self.tokens < bytes {
            return false;
        }
        self.tokens -= bytes;
        true
    }
}

/// Where packets of one link go. The lock is this link's own, so that sessions never wait for each
/// other.
#[derive(Debug)]
pub(crate) struct Forward {
    route: Mutex<Route>,
    bytes: AtomicU64,
    all_bytes: Arc<AtomicU64>,
    /// Nothing is sent: when all are dropped, every link has ended. A link's pump keeps this to its end.
    _open: mpsc::Sender<Infallible>,
}

#[derive(Debug)]
struct Route {
    to: Option<PacketSender>,
    /// `None` without a limit.
    bucket: Option<Bucket>,
}

impl Forward {
    /// Goes nowhere yet. `all_bytes` counts for the whole relay; `open` is dropped when the link has ended.
    pub(crate) fn new(limited: bool, all_bytes: Arc<AtomicU64>, open: mpsc::Sender<Infallible>) -> Self {
        let bucket = limited.then(|| Bucket::new(Instant::now()));
        Self { route: Mutex::new(Route { to: None, bucket }), bytes: AtomicU64::new(0), all_bytes, _open: open }
    }

    fn route(&self) -> MutexGuard<'_, Route> {
        self.route.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, to: Option<PacketSender>) {
        // The old sender is dropped outside the lock: that may wake a task.
        let old = std::mem::replace(&mut self.route().to, to);
        drop(old);
    }

    /// Bytes forwarded from this link so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl PacketSink for Forward {
    fn put(&self, packet: Bytes) {
        let mut route = self.route();
        let Route { to: Some(to), bucket } = &mut *route else { return };
        if bucket.as_mut().is_some_and(|bucket| !bucket.take(Instant::now(), packet.len())) {
            return;
        }
        self.bytes.fetch_add(packet.len() as u64, Ordering::Relaxed);
        self.all_bytes.fetch_add(packet.len() as u64, Ordering::Relaxed);
        // A packet shares up to 64 KiB with what the system received along with it; one that waits would
        // keep all of that.
        to.send(Bytes::copy_from_slice(&packet));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        let burst = (0..).take_while(|_| bucket.take(start, 1500)).count();
        assert_eq!(burst, BURST as usize / 1564);
        let later = start + Duration::from_secs(1);
        let second = (0..).take_while(|_| bucket.take(later, 1500)).count();
        assert!(second.abs_diff(RATE as usize / 1564) <= 1);
    }

    #[test]
    fn packets_go_nowhere_until_there_is_a_pair() {
        let all = Arc::new(AtomicU64::new(0));
        let forward = Forward::new(true, all.clone(), mpsc::channel(1).0);
        let (sender, mut receiver) = link::packets::packet_queue();
        forward.put(Bytes::from_static(b"early"));
        forward.set(Some(sender));
        forward.put(Bytes::from_static(b"paired"));
        forward.set(None);
        forward.put(Bytes::from_static(b"late"));
        assert_eq!(receiver.try_recv().as_deref(), Some(&b"paired"[..]));
        assert_eq!(receiver.try_recv(), None);
        assert_eq!((forward.bytes(), all.load(Ordering::Relaxed)), (6, 6));
    }

    #[test]
    fn a_packet_that_waits_does_not_keep_what_it_came_with() {
        let forward = Forward::new(true, Arc::default(), mpsc::channel(1).0);
        let (sender, mut receiver) = link::packets::packet_queue();
        forward.set(Some(sender));
        let received = Bytes::from(vec![7; 64 * 1024]);
        forward.put(received.slice(..1200));
        assert!(received.is_unique());
        assert_eq!(receiver.try_recv(), Some(received.slice(..1200)));
    }
}
