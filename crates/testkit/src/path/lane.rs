//! One direction of a path: decides, from a seed, what becomes of each datagram or piece of a stream.

use super::Conditions;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::time::{Duration, Instant};

/// By how much a held-back datagram is later than it would have been: longer than what follows it
/// closely, shorter than any retransmission timer.
const HELD_BACK: Duration = Duration::from_millis(10);
/// What TCP needs at least to send a lost piece again (RFC 6298 allows more).
const RETRANSMISSION: Duration = Duration::from_millis(200);

/// What a packet carries, as far as a path tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Datagram,
    /// The beginning of a TCP connection.
    NewStream,
    Other,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It arrives then, and once more if a second time is given.
    Arrives(Instant, Option<Instant>),
    Lost,
    /// The queue in front of the rate limit is full.
    Overflowed,
    /// Nothing passes.
    Blocked,
}

#[derive(Debug)]
pub(crate) struct Lane {
    rng: StdRng,
    /// When what was taken so far has passed the rate limit.
    free_at: Option<Instant>,
    /// When what is not held back arrives last; jitter alone changes no order.
    last_at: Option<Instant>,
}

impl Lane {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), free_at: None, last_at: None }
    }

    /// Decides about a packet of so many bytes, heads included.
    pub(crate) fn packet(&mut self, now: Instant, ip_bytes: usize, kind: Kind, conditions: &Conditions) -> Fate {
        // Drawn for every packet whatever happens to it, so that a change of one share leaves the
        // others' picks alone.
        let [loss, twice, back, jitter]: [f64; 4] = self.rng.r#gen();
        if conditions.block(kind, ip_bytes) {
            return Fate::Blocked;
        }
        if loss < conditions.loss {
            return Fate::Lost;
        }
        let Some(through) = self.pass_limit(now, ip_bytes, conditions) else { return Fate::Overflowed };
        let at = through + conditions.delay + conditions.jitter.mul_f64(jitter);
        let at = if back < conditions.reordered { at.max_of(self.last_at) + HELD_BACK } else { self.in_order(at) };
        Fate::Arrives(at, (twice < conditions.duplicated).then_some(at))
    }

    /// When a piece of a stream arrives: loss is only delay, to it and all behind it.
    pub(crate) fn piece(&mut self, now: Instant, bytes: usize, conditions: &Conditions) -> Instant {
        let [loss, jitter]: [f64; 2] = self.rng.r#gen();
        let unlimited = Conditions { queue_bytes: usize::MAX, ..conditions.clone() };
        let through = self.pass_limit(now, bytes, &unlimited).unwrap_or(now);
        let again = if loss < conditions.loss { RETRANSMISSION + 2 * conditions.delay } else { Duration::ZERO };
        self.in_order(through + conditions.delay + conditions.jitter.mul_f64(jitter) + again)
    }

    fn in_order(&mut self, at: Instant) -> Instant {
        let at = at.max_of(self.last_at);
        self.last_at = Some(at);
        at
    }

    /// When so many bytes have passed the rate limit; `None` if its queue is full.
    fn pass_limit(&mut self, now: Instant, bytes: usize, conditions: &Conditions) -> Option<Instant> {
        let Some(rate) = conditions.bytes_per_s else { return Some(now) };
        let begins = now.max_of(self.free_at);
        let waiting = begins.duration_since(now).as_secs_f64() * rate as f64;
        if waiting > conditions.queue_bytes as f64 {
            return None;
        }
        let through = begins + Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64);
        self.free_at = Some(through);
        Some(through)
    }
}

impl Conditions {
    /// Whether such a packet does not pass at all.
    fn block(&self, kind: Kind, ip_bytes: usize) -> bool {
        let kind_blocked = match kind {
            Kind::Datagram => self.udp_blocked,
            Kind::NewStream => self.tcp_blocked,
            Kind::Other => false,
        };
        self.black_out || kind_blocked || self.longest_packet.is_some_and(|longest| ip_bytes > longest)
    }
}

trait MaxOf {
    fn max_of(self, other: Option<Instant>) -> Instant;
}

impl MaxOf for Instant {
    fn max_of(self, other: Option<Instant>) -> Instant {
        other.map_or(self, |other| self.max(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(conditions: &Conditions) -> (Instant, Vec<Fate>) {
        let (mut lane, start) = (Lane::new(7), Instant::now());
        let sent = |number: u32| start + Duration::from_micros(500) * number;
        (start, (0..10_000).map(|number| lane.packet(sent(number), 1000, Kind::Datagram, conditions)).collect())
    }

    fn times(fates: &[Fate]) -> Vec<Instant> {
        fates.iter().filter_map(|fate| if let Fate::Arrives(at, _) = fate { Some(*at) } else { None }).collect()
    }

    #[test]
    fn the_same_seed_does_the_same_again() {
        let conditions = Conditions { loss: 0.1, duplicated: 0.1, reordered: 0.1, ..Conditions::default() };
        let (one, two) = (fates(&conditions), fates(&conditions));
        let kinds = |fates: &[Fate]| -> Vec<u8> {
            fates.iter().map(|fate| if matches!(fate, Fate::Arrives(..)) { 0 } else { 1 }).collect()
        };
        assert_eq!(kinds(&one.1), kinds(&two.1));
    }

    #[test]
    fn shares_are_what_was_asked_for() {
        let conditions = Conditions { loss: 0.05, duplicated: 0.02, reordered: 0.03, ..Conditions::default() };
        let (_, fates) = fates(&conditions);
        let lost = fates.iter().filter(|fate| **fate == Fate::Lost).count();
        let twice = fates.iter().filter(|fate| matches!(fate, Fate::Arrives(_, Some(_)))).count();
        let times = times(&fates);
        let overtaken = times.windows(2).filter(|pair| pair[1] < pair[0]).count();
        for (share, count) in [(0.05, lost), (0.02, twice), (0.03, overtaken)] {
            let share_seen = count as f64 / 10_000.0;
            assert!((share_seen - share).abs() < 0.01, "{share_seen} instead of {share}");
        }
    }

    #[test]
    fn jitter_delays_but_changes_no_order() {
        let ms = Duration::from_millis;
        let (start, fates) = fates(&Conditions { delay: ms(40), jitter: ms(10), ..Conditions::default() });
        let times = times(&fates);
        assert_eq!(times.len(), 10_000);
        assert!(times[0] >= start + ms(40) && times[0] <= start + ms(50));
        assert!(times.is_sorted());
    }

    #[test]
    fn more_than_the_rate_waits_and_then_overflows() {
        // 2 MB/s are offered.
        let (start, fates) =
            fates(&Conditions { bytes_per_s: Some(1_000_000), queue_bytes: 50_000, ..Conditions::default() });
        let times = times(&fates);
        let seconds = times.last().unwrap().duration_since(start).as_secs_f64();
        assert!((times.len() as f64 / seconds - 1000.0).abs() < 20.0, "{} in {seconds} s", times.len());
        assert!(fates.contains(&Fate::Overflowed));
    }

    #[test]
    fn what_is_blocked_depends_on_the_packet() {
        let none = Conditions::default();
        let (no_udp, no_tcp) =
            (Conditions { udp_blocked: true, ..none.clone() }, Conditions { tcp_blocked: true, ..none.clone() });
        let (short, dark) =
            (Conditions { longest_packet: Some(1280), ..none.clone() }, Conditions { black_out: true, ..none.clone() });
        for (conditions, kind, bytes, blocked) in [
            (&none, Kind::Datagram, 1500, false),
            (&no_udp, Kind::Datagram, 100, true),
            (&no_udp, Kind::NewStream, 100, false),
            (&no_tcp, Kind::NewStream, 60, true),
            (&no_tcp, Kind::Other, 60, false),
            (&no_tcp, Kind::Datagram, 60, false),
            (&short, Kind::Other, 1281, true),
            (&short, Kind::Datagram, 1280, false),
            (&dark, Kind::Other, 1, true),
        ] {
            let fate = Lane::new(1).packet(Instant::now(), bytes, kind, conditions);
            assert_eq!(fate == Fate::Blocked, blocked, "{kind:?} of {bytes} under {conditions:?}");
        }
    }

    #[test]
    fn a_lost_piece_of_a_stream_delays_all_behind_it() {
        let (mut lane, now) = (Lane::new(1), Instant::now());
        let late = lane.piece(now, 100, &Conditions { loss: 1.0, ..Conditions::default() });
        assert!(late >= now + RETRANSMISSION);
        assert_eq!(lane.piece(now, 100, &Conditions::default()), late);
    }
}
