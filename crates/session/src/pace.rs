//! How many screen updates may be under way: enough to fill the path, never enough to queue.
//!
//! At most `max(2, ceil(min RTT x fps) + 1)` updates and `delivery rate x (min RTT + 50 ms)` bytes
//! are in flight; while blocked nothing is captured, so that what is sent next is the newest picture
//! (the bandwidth-delay bound of BBR, Cardwell et al. 2016, applied to whole pictures).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Delay that we may add ourselves before we hold back.
const OWN_DELAY: Duration = Duration::from_millis(50);
/// Bytes that may be in flight before the rate is known: the first picture goes as one update.
const FIRST_BYTES: u64 = 256 * 1024;
/// The shortest round trip is forgotten after this long, because paths change.
const MIN_RTT_LASTS: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Sent {
    sequence: u64,
    bytes: u64,
    at: Instant,
}

/// The pace of one screen stream; pure.
#[derive(Debug)]
pub struct Pace {
    frames_per_s: u32,
    in_flight: VecDeque<Sent>,
    bytes_in_flight: u64,
    min_rtt: Option<(Duration, Instant)>,
    /// Bytes per second, the fastest of the last few seconds.
    rate: Option<(f64, Instant)>,
    delivered_bytes: u64,
    window: Option<(Instant, u64)>,
}

impl Pace {
    /// A pace for at most this many updates per second.
    #[must_use]
    pub fn new(frames_per_s: u32) -> Self {
        Self {
            frames_per_s: frames_per_s.max(1),
            in_flight: VecDeque::new(),
            bytes_in_flight: 0,
            min_rtt: None,
            rate: None,
            delivered_bytes: 0,
            window: None,
        }
    }

    /// Whether another update may be captured and sent now.
    #[must_use]
    pub fn may_send(&self) -> bool {
        if self.in_flight.is_empty() {
            return true;
        }
        self.in_flight.len() < self.most_updates() && self.bytes_in_flight < self.most_bytes()
    }

    fn most_updates(&self) -> usize {
        let rtt = self.min_rtt.map_or(Duration::ZERO, |(rtt, _)| rtt);
        let frames = (rtt.as_secs_f64() * f64::from(self.frames_per_s)).ceil();
        // At most some hundred: a round trip of seconds at 60 a second.
        (frames as usize + 1).clamp(2, 256)
    }

    fn most_bytes(&self) -> u64 {
        let Some((rate, _)) = self.rate else { return FIRST_BYTES };
        let rtt = self.min_rtt.map_or(Duration::ZERO, |(rtt, _)| rtt);
        let bytes = rate * (rtt + OWN_DELAY).as_secs_f64();
        (bytes as u64).max(16 * 1024)
    }

    /// An update was handed to the channel.
    pub fn handle_sent(&mut self, now: Instant, sequence: u64, bytes: u64) {
        if self.in_flight.is_empty() {
            // What came before was limited by the screen, not by the path: measure from here.
            self.window = Some((now, self.delivered_bytes));
        }
        self.in_flight.push_back(Sent { sequence, bytes, at: now });
        self.bytes_in_flight += bytes;
    }

    /// The other end has decoded everything up to this update.
    pub fn handle_decoded(&mut self, now: Instant, up_to: u64) {
        let mut newest = None;
        while self.in_flight.front().is_some_and(|sent| sent.sequence <= up_to) {
            if let Some(sent) = self.in_flight.pop_front() {
                self.bytes_in_flight = self.bytes_in_flight.saturating_sub(sent.bytes);
                self.delivered_bytes += sent.bytes;
                newest = Some(sent.at);
            }
        }
        let Some(sent_at) = newest else { return };
        let rtt = now.saturating_duration_since(sent_at);
        let stale = self.min_rtt.is_none_or(|(known, at)| rtt <= known || now.duration_since(at) > MIN_RTT_LASTS);
        if stale {
            self.min_rtt = Some((rtt, now));
        }
        let Some((since, delivered)) = self.window else { return };
        let elapsed = now.saturating_duration_since(since);
        if elapsed >= Duration::from_millis(5) {
            let rate = (self.delivered_bytes - delivered) as f64 / elapsed.as_secs_f64();
            let faster = self.rate.is_none_or(|(known, at)| rate >= known || now.duration_since(at) > MIN_RTT_LASTS);
            if faster {
                self.rate = Some((rate, now));
            }
            if elapsed > Duration::from_secs(1) {
                self.window = Some((now, self.delivered_bytes));
            }
        }
    }

    /// Forgets what is in flight: a new stream begins.
    pub fn restart(&mut self) {
        self.in_flight.clear();
        self.bytes_in_flight = 0;
        self.window = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_stops_takes_no_third_update() {
        let start = Instant::now();
        let mut pace = Pace::new(30);
        for sequence in 1..=2 {
            assert!(pace.may_send());
            pace.handle_sent(start, sequence, 1000);
        }
        assert!(!pace.may_send());
        pace.handle_decoded(start + Duration::from_millis(4), 1);
        assert!(pace.may_send());
    }

    #[test]
    fn a_long_path_is_filled() {
        let mut now = Instant::now();
        let mut pace = Pace::new(30);
        for sequence in 1..=3 {
            pace.handle_sent(now, sequence, 1000);
            now += Duration::from_millis(200);
            pace.handle_decoded(now, sequence);
        }
        let mut sent = 0;
        while pace.may_send() {
            sent += 1;
            pace.handle_sent(now, 3 + sent, 100);
        }
        assert_eq!(sent, 7, "200 ms at 30 a second are 6 updates, and one more");
    }

    #[test]
    fn a_slow_path_is_not_filled_beyond_its_own_rate() {
        let mut now = Instant::now();
        let mut pace = Pace::new(30);
        // 30 kB in 100 ms: 300 kB/s, so 150 ms of it is 45 kB.
        pace.handle_sent(now, 1, 30_000);
        now += Duration::from_millis(100);
        pace.handle_decoded(now, 1);
        pace.handle_sent(now, 2, 44_000);
        assert!(pace.may_send());
        pace.handle_sent(now, 3, 2_000);
        assert!(!pace.may_send());
    }
}
