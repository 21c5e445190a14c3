//! The rate model against a simulated line: a bottleneck with a queue, a delay and chance, without clocks.

use super::*;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

const MTU: u64 = 1300;
/// Packets later than this many others are lost (RFC 9002, 6.1.1).
const REORDERING: u64 = 3;

#[derive(Clone, Copy)]
struct Line {
    bytes_per_s: f64,
    queue_bytes: f64,
    round_trip: Duration,
    loss: f64,
    seed: u64,
    /// Drops what is above the rate after this burst instead of letting it wait.
    policed_burst: Option<f64>,
}

const GOOD: Line = Line {
    bytes_per_s: 2_500_000.0,
    queue_bytes: 125_000.0,
    round_trip: Duration::from_millis(80),
    loss: 0.0,
    seed: 7,
    policed_burst: None,
};

#[derive(Debug, Default, Clone, Copy)]
struct Outcome {
    /// Share of the line's rate that arrived.
    used: f64,
    /// Share of packets that were lost.
    lost: f64,
    /// Mean time in the queue, in seconds.
    queued_s: f64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// This packet's acknowledgement is there.
    Acknowledged(u64),
    /// The pacer lets more out.
    MaySend,
}

/// One connection that always has something to send.
struct Simulation {
    line: Line,
    start: Instant,
    now_s: f64,
    model: RateModel,
    rng: StdRng,
    events: BinaryHeap<Reverse<(u64, Event)>>,
    under_way: BTreeMap<u64, f64>,
    next: u64,
    free_at_s: f64,
    tokens: f64,
    paced_s: f64,
    policer: (f64, f64),
    smoothed_s: f64,
    timer: bool,
    arrived: u64,
    lost: u64,
    queued_s: f64,
}

impl Simulation {
    fn new(line: Line) -> Self {
        let start = Instant::now();
        Self {
            line,
            start,
            now_s: 0.0,
            model: RateModel::new(start, MTU as u16, Nudge::default()),
            rng: StdRng::seed_from_u64(line.seed),
            events: BinaryHeap::new(),
            under_way: BTreeMap::new(),
            next: 0,
            free_at_s: 0.0,
            tokens: (10 * MTU) as f64,
            paced_s: 0.0,
            policer: (line.policed_burst.unwrap_or_default(), 0.0),
            smoothed_s: 0.0,
            timer: false,
            arrived: 0,
            lost: 0,
            queued_s: 0.0,
        }
    }

    fn at(&self, s: f64) -> Instant {
        self.start + Duration::from_secs_f64(s)
    }

    fn schedule(&mut self, s: f64, event: Event) {
        self.events.push(Reverse(((s * 1e9) as u64, event)));
    }

    fn in_flight(&self) -> u64 {
        self.under_way.len() as u64 * MTU
    }

    /// As quinn's pacer: 1.25 windows in a smoothed round trip, at least ten packets in a burst.
    fn send(&mut self) {
        while self.in_flight() + MTU < self.model.window() {
            if self.smoothed_s > 0.0 {
                let rate = self.model.window() as f64 * 1.25 / self.smoothed_s;
                let most = (rate * 0.0016).clamp(10.0 * MTU as f64, 256.0 * MTU as f64);
                self.tokens = (self.tokens + (self.now_s - self.paced_s) * rate).min(most);
                self.paced_s = self.now_s;
                if self.tokens < MTU as f64 {
                    if !self.timer {
                        self.timer = true;
                        self.schedule(self.now_s + (most - self.tokens) / rate, Event::MaySend);
                    }
                    return;
                }
                self.tokens -= MTU as f64;
            }
            self.model.on_sent(self.at(self.now_s), MTU, self.next);
            self.under_way.insert(self.next, self.now_s);
            if let Some(queued_s) = self.passes() {
                self.queued_s += queued_s;
                self.arrived += 1;
                let there = self.now_s + queued_s + self.line.round_trip.as_secs_f64();
                self.schedule(there, Event::Acknowledged(self.next));
            }
            self.next += 1;
        }
    }

    /// How long the packet waits in the queue; `None` if it is lost.
    fn passes(&mut self) -> Option<f64> {
        if self.rng.r#gen::<f64>() < self.line.loss {
            return None;
        }
        if let Some(burst) = self.line.policed_burst {
            let (tokens, since) = self.policer;
            let tokens = (tokens + (self.now_s - since) * self.line.bytes_per_s).min(burst);
            let passes = tokens >= MTU as f64;
            self.policer = (if passes { tokens - MTU as f64 } else { tokens }, self.now_s);
            return passes.then_some(0.0);
        }
        let waits = (self.free_at_s - self.now_s).max(0.0);
        if waits * self.line.bytes_per_s > self.line.queue_bytes {
            return None;
        }
        let takes = MTU as f64 / self.line.bytes_per_s;
        self.free_at_s = self.now_s + waits + takes;
        Some(waits + takes)
    }

    fn acknowledge(&mut self, packet: u64) {
        let Some(sent_s) = self.under_way.remove(&packet) else { return };
        let took = self.now_s - sent_s;
        self.smoothed_s = if self.smoothed_s == 0.0 { took } else { self.smoothed_s * 0.875 + took * 0.125 };
        let (now, sent) = (self.at(self.now_s), self.at(sent_s));
        while let Some((&oldest, &left_s)) = self.under_way.first_key_value()
            && oldest + REORDERING <= packet
        {
            self.under_way.pop_first();
            self.lost += 1;
            self.model.on_congestion_event(now, self.at(left_s), false, MTU);
        }
        self.model.acknowledged(now, sent, MTU, Duration::from_secs_f64(self.smoothed_s));
        self.model.on_end_acks(now, self.in_flight(), false, Some(packet));
    }

    fn run_until(&mut self, s: f64) {
        self.send();
        while self.now_s < s {
            let Some(Reverse((at_ns, event))) = self.events.pop() else { panic!("nothing moves at {} s", self.now_s) };
            self.now_s = at_ns as f64 * 1e-9;
            match event {
                Event::Acknowledged(packet) => self.acknowledge(packet),
                Event::MaySend => self.timer = false,
            }
            self.send();
        }
    }

    /// What happens from the fifth second on.
    fn outcome(mut self, until_s: f64) -> Outcome {
        self.run_until(5.0);
        let (arrived, lost, queued_s) = (self.arrived, self.lost, self.queued_s);
        self.run_until(until_s);
        let (arrived, lost) = ((self.arrived - arrived) as f64, (self.lost - lost) as f64);
        Outcome {
            used: arrived * MTU as f64 / (self.line.bytes_per_s * (until_s - 5.0)),
            lost: lost / (arrived + lost),
            queued_s: (self.queued_s - queued_s) / arrived,
        }
    }
}

#[test]
fn a_line_is_used_whatever_is_lost_by_chance_and_its_queue_stays_short() {
    for (round_trip_ms, loss, least) in [
        (20, 0.0, 0.9),
        (80, 0.0, 0.9),
        (300, 0.0, 0.85),
        (20, 0.01, 0.85),
        (80, 0.01, 0.85),
        (300, 0.01, 0.8),
        (80, 0.05, 0.8),
        (20, 0.1, 0.75),
        (80, 0.1, 0.75),
        (300, 0.1, 0.6),
    ] {
        for seed in 1..=5 {
            let line = Line { round_trip: Duration::from_millis(round_trip_ms), loss, seed, ..GOOD };
            let outcome = Simulation::new(line).outcome(15.0);
            assert!(outcome.used > least, "{round_trip_ms} ms, {loss}, {seed}: {outcome:?}");
            assert!(outcome.queued_s < 0.03, "{round_trip_ms} ms, {loss}, {seed}: {outcome:?}");
            assert!(outcome.lost < loss * 1.2 + 0.015, "{round_trip_ms} ms, {loss}, {seed}: {outcome:?}");
        }
    }
}

#[test]
fn a_lossy_line_that_gets_faster_is_followed() {
    for seed in 1..=5 {
        let slow = Line { bytes_per_s: GOOD.bytes_per_s / 16.0, loss: 0.1, seed, ..GOOD };
        let mut simulation = Simulation::new(slow);
        simulation.run_until(5.0);
        simulation.line.bytes_per_s = GOOD.bytes_per_s;
        simulation.run_until(13.0);
        let arrived = simulation.arrived;
        simulation.run_until(17.0);
        let used = (simulation.arrived - arrived) as f64 * MTU as f64 / 4.0 / GOOD.bytes_per_s;
        assert!(used > 0.7, "{seed}: {used}");
    }
}

#[test]
fn a_policer_after_a_burst_is_found_and_little_is_sent_in_vain() {
    let line = Line { bytes_per_s: 6_250_000.0, policed_burst: Some(8_388_608.0), ..GOOD };
    let outcome = Simulation::new(line).outcome(15.0);
    assert!(outcome.used > 0.8 && outcome.lost < 0.2, "{outcome:?}");
}

#[test]
fn a_queue_that_is_much_too_small_costs_little() {
    let outcome = Simulation::new(Line { queue_bytes: 12_000.0, ..GOOD }).outcome(15.0);
    assert!(outcome.used > 0.7 && outcome.lost < 0.15, "{outcome:?}");
}

#[test]
fn a_line_that_changes_its_rate_is_followed() {
    let mut simulation = Simulation::new(GOOD);
    simulation.run_until(5.0);
    simulation.line.bytes_per_s = GOOD.bytes_per_s / 8.0;
    simulation.run_until(8.0);
    let arrived = simulation.arrived;
    simulation.run_until(12.0);
    let slow = (simulation.arrived - arrived) as f64 * MTU as f64 / 4.0 / simulation.line.bytes_per_s;
    assert!(slow > 0.85, "{slow}");
    simulation.line.bytes_per_s = GOOD.bytes_per_s;
    simulation.run_until(22.0);
    let arrived = simulation.arrived;
    simulation.run_until(26.0);
    let fast = (simulation.arrived - arrived) as f64 * MTU as f64 / 4.0 / GOOD.bytes_per_s;
    assert!(fast > 0.85, "{fast}");
}

#[test]
fn after_the_path_was_away_the_rate_is_found_again() {
    let mut simulation = Simulation::new(GOOD);
    simulation.run_until(5.0);
    let now = simulation.at(simulation.now_s);
    simulation.model.on_congestion_event(now, now, true, 10 * MTU);
    assert!(simulation.model.window() <= simulation.model.initial_window());
    simulation.run_until(6.0);
    let arrived = simulation.arrived;
    simulation.run_until(8.0);
    let again = (simulation.arrived - arrived) as f64 * MTU as f64 / 2.0 / GOOD.bytes_per_s;
    assert!(again > 0.85, "{again}");
}

#[test]
fn a_nudge_lets_packets_out_until_one_that_left_later_is_acknowledged() {
    let (start, nudge) = (Instant::now(), Nudge::default());
    let mut model = RateModel::new(start, MTU as u16, nudge.clone());
    let before = model.window();
    let round_trip = Duration::from_millis(20);
    for _ in 0..100 {
        nudge.nudge();
    }
    let more = model.window() - before;
    assert!((30 * MTU..=200 * MTU).contains(&more), "{more} bytes more");
    model.acknowledged(start + round_trip, start, MTU, round_trip);
    assert_eq!(model.window(), before + more, "that left before");
    let later = Instant::now() + round_trip;
    model.acknowledged(later + round_trip, later, MTU, round_trip);
    assert_eq!(model.window(), before);
}
