//! Decides how much may be under way from what arrives: a rate model in the manner of BBR
//! (draft-ietf-ccwg-bbr), in the parts that a channel through a relay needs.
//!
//! Loss alone says little about a line with radio in it, so loss alone does not slow it down: the
//! model sends as fast as packets were delivered over the last rounds, tries a little more now and
//! then, and lets what has piled up drain. What differs from the draft: quinn lets a controller
//! say a window and paces by that itself, so the rate is held by a window of rate × smoothed round trip,
//! of which the queue's part is bounded; what is lost is partly made up for; and a loss of more than a fifth is
//! taken for a policer or a queue that is far too small, which cuts the rate to what arrived.

use quinn::congestion::{Controller, ControllerFactory};
use quinn_proto::RttEstimator;
use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Share of the last round's rate while the rate is unknown, which doubles it in each round trip.
const STARTING_GAIN: f64 = 2.0;
/// The start is over when the rate has not grown by this factor for [`FLAT_ROUNDS`], or for one round
/// in which a queue shows.
const GROWTH: f64 = 1.25;
const FLAT_ROUNDS: u32 = 3;
/// Phases of holding the rate, then one that tries more and one that drains what that piled up.
const HOLDING: u32 = 6;
/// How much more is tried: a share of the pipe, and in time, so that on long paths the queue is not
/// overrun. The latter doubles while trying succeeds, by at least this factor.
const MORE: f64 = 0.25;
const MORE_QUEUE: Duration = Duration::from_millis(20);
const SUCCESS: f64 = 1.03;
/// The queue that may stand because others fill it: our share of it is no longer than this.
const STANDING: Duration = Duration::from_millis(50);
/// Rounds for which a rate counts.
const RATE_ROUNDS: u64 = 10;
/// How long a shortest round trip counts, and for how long the queue is then emptied to see it anew.
const ROUND_TRIP_COUNTS: Duration = Duration::from_secs(10);
const LOOK_LASTS: Duration = Duration::from_millis(200);
/// Share of the window while looking.
const LOOK_GAIN: f64 = 0.5;
/// A phase lasts a round trip, on the shortest paths at least this.
const SHORTEST_PHASE: Duration = Duration::from_millis(5);
/// Acknowledgements come in lumps of so long (timers, batches on TLS); in this time the window must
/// not run dry. Bounded in bytes, so that it stays below the relay's queue of packets.
const LUMPS: Duration = Duration::from_millis(5);
const LUMP_BYTES: f64 = 32.0 * 1024.0;
/// Packets that may always be under way.
const LEAST_PACKETS: u64 = 4;
const FIRST_PACKETS: u64 = 32;
/// More lost than this share, of at least so many packets, is a queue that overflows.
const OVERFLOW: f64 = 0.2;
const OVERFLOW_PACKETS: u64 = 200;
/// In the start this share of at least so many is enough.
const STARTING_OVERFLOW: f64 = 0.05;
const STARTING_PACKETS: u64 = 50;
/// Weight of a round in the smoothed share that is lost.
const LOSS_WEIGHT: f64 = 0.125;
/// Records of what was sent when; one for all packets of one moment.
const RECORDS: usize = 4096;

/// Lets packets out beside a full window. What was under way when a link died fills the window, and nothing
/// takes it out before the back-off of QUIC has passed, seconds after a new link is there.
#[derive(Debug, Clone)]
pub(crate) struct Nudge(Arc<Nudges>);

#[derive(Debug)]
struct Nudges {
    count: AtomicU64,
    /// When the last was, in microseconds after `since`.
    last_us: AtomicU64,
    since: Instant,
}

impl Default for Nudge {
    fn default() -> Self {
        Self(Arc::new(Nudges { count: AtomicU64::new(0), last_us: AtomicU64::new(0), since: Instant::now() }))
    }
}

impl Nudge {
    /// So many packets more until one that left later is acknowledged: as many as a new connection may
    /// send, and more than the probes of the back-off, which go beyond the window, too.
    const PACKETS: u64 = FIRST_PACKETS;
    /// Nudges that count at the most.
    const MOST: u64 = 4;

    /// The path may carry again.
    pub(crate) fn nudge(&self) {
        let now_us = u64::try_from(self.0.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.0.last_us.store(now_us, Ordering::Relaxed);
        self.0.count.fetch_add(1, Ordering::Release);
    }

    fn count(&self) -> u64 {
        self.0.count.load(Ordering::Acquire)
    }

    /// Whether the last was before a packet left.
    fn is_before(&self, sent: Instant) -> bool {
        let last = Duration::from_micros(self.0.last_us.load(Ordering::Relaxed));
        sent.saturating_duration_since(self.0.since) > last
    }
}

/// Makes a [`RateModel`] for a connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct RateModelConfig {
    pub(crate) nudge: Nudge,
}

impl ControllerFactory for RateModelConfig {
    fn build(self: Arc<Self>, now: Instant, current_mtu: u16) -> Box<dyn Controller> {
        Box::new(RateModel::new(now, current_mtu, self.nudge.clone()))
    }
}

/// Bytes that arrived and that did not.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    delivered: u64,
    lost: u64,
}

impl Tally {
    fn all(self) -> u64 {
        self.delivered + self.lost
    }

    fn lost_share(self) -> f64 {
        self.lost as f64 / self.all().max(1) as f64
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    /// The rate is unknown.
    Start,
    /// What the start piled up drains.
    Drain,
    /// The rate is held, for so many phases already.
    Hold(u32),
    /// More is tried, beyond this rate.
    More { than: f64 },
    /// That drains, too; beyond this rate it was a success.
    After { than: f64 },
    /// The queue is emptied to see the shortest round trip.
    Look { until: Instant },
}

/// What was known when packets left (draft-cheng-iccrg-delivery-rate-estimation, section 3).
#[derive(Debug, Clone, Copy)]
struct Sent {
    at: Instant,
    /// When the packet left that was acknowledged last by then.
    first_at: Instant,
    delivered: u64,
    delivered_at: Instant,
    round: u64,
}

/// The rates of the last rounds, the greatest first.
#[derive(Debug, Clone, Default)]
struct Greatest(VecDeque<(u64, f64)>);

impl Greatest {
    fn put(&mut self, round: u64, rate: f64) {
        while self.0.back().is_some_and(|(_, known)| *known <= rate) {
            self.0.pop_back();
        }
        self.0.push_back((round, rate));
        while self.0.front().is_some_and(|(known, _)| known + RATE_ROUNDS < round) {
            self.0.pop_front();
        }
    }

    fn get(&self) -> f64 {
        self.0.front().map_or(0.0, |(_, rate)| *rate)
    }
}

/// The controller of one connection. Sizes in bytes, rates in bytes per second.
#[derive(Debug, Clone)]
pub(crate) struct RateModel {
    mtu: u64,
    phase: Phase,
    phase_began: Instant,
    sent: VecDeque<Sent>,
    delivered: u64,
    delivered_at: Instant,
    first_at: Instant,
    round: u64,
    /// The round is over when something is acknowledged that left in it.
    round_counts: bool,
    rates: Greatest,
    /// The best sample of the acknowledgements that are being handled.
    sample: Option<f64>,
    shortest: Option<(Duration, Instant)>,
    smoothed: Duration,
    full_rate: f64,
    flat_rounds: u32,
    more_queue: Duration,
    /// Smoothed share that is lost.
    loss: f64,
    /// Of the running round.
    tally: Tally,
    /// Of the rounds since losses were judged last.
    unjudged: Tally,
    /// Bytes of the acknowledgements that are being handled.
    acknowledged: u64,
    /// What was under way after the last acknowledgements, in bytes.
    in_flight: u64,
    window: u64,
    nudge: Nudge,
    /// The nudges that brought an acknowledgement.
    nudges_answered: u64,
}

impl RateModel {
    fn new(now: Instant, mtu: u16, nudge: Nudge) -> Self {
        let mtu = u64::from(mtu);
        Self {
            mtu,
            phase: Phase::Start,
            phase_began: now,
            sent: VecDeque::new(),
            delivered: 0,
            delivered_at: now,
            first_at: now,
            round: 0,
            round_counts: false,
            rates: Greatest::default(),
            sample: None,
            shortest: None,
            smoothed: Duration::ZERO,
            full_rate: 0.0,
            flat_rounds: 0,
            more_queue: MORE_QUEUE,
            loss: 0.0,
            tally: Tally::default(),
            unjudged: Tally::default(),
            acknowledged: 0,
            in_flight: 0,
            window: FIRST_PACKETS * mtu,
            nudges_answered: nudge.count(),
            nudge,
        }
    }

    fn shortest(&self) -> Duration {
        self.shortest.map_or(Duration::ZERO, |(shortest, _)| shortest)
    }

    /// Rate × shortest round trip.
    fn pipe(&self) -> f64 {
        self.rates.get() * self.shortest().as_secs_f64()
    }

    fn lumps(&self) -> f64 {
        (self.rates.get() * LUMPS.as_secs_f64()).min(LUMP_BYTES)
    }

    fn enter(&mut self, phase: Phase, now: Instant) {
        self.phase = phase;
        self.phase_began = now;
    }

    /// Whether so much waits somewhere that it is more than chance.
    fn queue_shows(&self) -> bool {
        self.smoothed > self.shortest() + (self.shortest() / 4).max(Duration::from_millis(10))
    }

    /// A new round begins: judges the one that is over.
    fn end_round(&mut self, now: Instant, app_limited: bool) {
        self.round += 1;
        let round = std::mem::take(&mut self.tally);
        if round.all() > 0 {
            self.loss += (round.lost_share() - self.loss) * LOSS_WEIGHT;
        }
        self.unjudged.delivered += round.delivered;
        self.unjudged.lost += round.lost;
        let (all, lost) = (self.unjudged.all(), self.unjudged.lost_share());
        if all >= OVERFLOW_PACKETS * self.mtu {
            self.unjudged = Tally::default();
            if lost > OVERFLOW {
                // What is known of the rate comes from a burst that found an empty queue.
                let arrives = self.rates.get() * (1.0 - lost);
                self.rates = Greatest::default();
                self.rates.put(self.round, self.sample.map_or(arrives, |sample| sample.max(arrives)));
                if self.phase == Phase::Start {
                    self.enter(Phase::Drain, now);
                }
            }
        }
        if self.phase != Phase::Start || app_limited {
            return;
        }
        if self.rates.get() >= self.full_rate * GROWTH {
            self.full_rate = self.rates.get();
            self.flat_rounds = 0;
            return;
        }
        self.flat_rounds += 1;
        let overflows = lost > STARTING_OVERFLOW && all >= STARTING_PACKETS * self.mtu;
        let shows = self.queue_shows() || overflows && self.flat_rounds > 1;
        if self.flat_rounds >= FLAT_ROUNDS || shows {
            self.enter(Phase::Drain, now);
        }
    }

    fn next_phase(&mut self, now: Instant, in_flight: u64, app_limited: bool) {
        let drained = in_flight as f64 <= self.pipe() + self.lumps();
        let lasted = now.saturating_duration_since(self.phase_began) >= self.shortest().max(SHORTEST_PHASE);
        match self.phase {
            Phase::Start => {}
            Phase::Drain if drained => self.enter(Phase::Hold(0), now),
            Phase::Hold(phases) if lasted && phases < HOLDING => self.enter(Phase::Hold(phases + 1), now),
            Phase::Hold(_) if lasted => self.enter(Phase::More { than: self.rates.get() }, now),
            Phase::More { than } if lasted => self.enter(Phase::After { than }, now),
            // What the trying brought is known a round trip later.
            Phase::After { than } if lasted && drained => {
                if self.rates.get() > than * SUCCESS {
                    self.more_queue = (self.more_queue * 2).min(self.shortest());
                    self.enter(Phase::More { than: self.rates.get() }, now);
                } else {
                    self.more_queue = MORE_QUEUE;
                    self.enter(Phase::Hold(0), now);
                }
            }
            Phase::Look { until } if now >= until => self.enter(Phase::Hold(0), now),
            Phase::Drain | Phase::Hold(_) | Phase::More { .. } | Phase::After { .. } | Phase::Look { .. } => {}
        }
        let Some((_, seen)) = self.shortest else { return };
        let old = now.saturating_duration_since(seen) > ROUND_TRIP_COUNTS;
        // Without a queue of ours there is nothing to empty: the next acknowledgement shows it anyway.
        if old && matches!(self.phase, Phase::Hold(_)) && !app_limited {
            self.enter(Phase::Look { until: now + self.smoothed.max(LOOK_LASTS) }, now);
            // What comes now replaces what was seen long ago.
            self.shortest = Some((self.smoothed, now));
        }
    }

    fn set_window(&mut self, acknowledged: u64) {
        let rate = self.rates.get();
        if rate == 0.0 {
            return;
        }
        let (pipe, lumps) = (self.pipe(), self.lumps());
        let standing = (rate * self.smoothed.as_secs_f64()).min(pipe + rate * STANDING.as_secs_f64());
        // What is lost counts as under way until that is known. Holding makes up for half of it, so that a
        // loss that comes from sending too much dies away; trying more makes up for all of it.
        let loss = self.loss.min(OVERFLOW);
        let held = standing.max(pipe + lumps) / (1.0 - loss / 2.0);
        let target = match self.phase {
            Phase::Start => pipe * STARTING_GAIN + lumps,
            Phase::Drain | Phase::After { .. } => pipe + lumps / 2.0,
            Phase::Hold(_) => held,
            Phase::More { .. } => {
                let more = (pipe * MORE).min(rate * self.more_queue.as_secs_f64()).max(lumps / 2.0);
                (standing.max(pipe + lumps) + more) / (1.0 - loss)
            }
            Phase::Look { .. } => pipe * LOOK_GAIN,
        } as u64;
        self.window = if self.phase == Phase::Start {
            // It grows with what arrives and does not shrink before the rate is known.
            self.window.max(target.min(self.window + acknowledged))
        } else {
            target
        }
        .max(LEAST_PACKETS * self.mtu);
    }

    fn acknowledged(&mut self, now: Instant, sent: Instant, bytes: u64, smoothed: Duration) {
        self.delivered += bytes;
        self.acknowledged += bytes;
        self.tally.delivered += bytes;
        let nudges = self.nudge.count();
        if nudges != self.nudges_answered && self.nudge.is_before(sent) {
            self.nudges_answered = nudges;
        }
        self.smoothed = smoothed;
        let took = now.saturating_duration_since(sent);
        if self.shortest.is_none_or(|(shortest, _)| took <= shortest) {
            self.shortest = Some((took, now));
        }
        let at = self.sent.partition_point(|record| record.at < sent);
        let Some(record) = self.sent.get(at).filter(|record| record.at == sent).copied() else {
            self.delivered_at = now;
            return;
        };
        self.round_counts |= record.round >= self.round;
        let took = (record.at.saturating_duration_since(record.first_at))
            .max(now.saturating_duration_since(record.delivered_at));
        // Less than a round trip is a lump of acknowledgements, not a rate.
        if took >= self.shortest() && !took.is_zero() {
            let rate = (self.delivered - record.delivered) as f64 / took.as_secs_f64();
            self.sample = Some(self.sample.map_or(rate, |best| best.max(rate)));
        }
        self.first_at = self.first_at.max(sent);
        self.delivered_at = now;
    }
}

impl Controller for RateModel {
    /// The bytes are not used: quinn counts those of a whole transmit again for each of its packets.
    fn on_sent(&mut self, now: Instant, _bytes: u64, _last_packet_number: u64) {
        if self.sent.back().is_some_and(|last| last.at >= now) {
            return;
        }
        if self.sent.is_empty() {
            // After silence the clock starts now.
            self.first_at = now;
            self.delivered_at = now;
        }
        if self.sent.len() >= RECORDS {
            self.sent.pop_front();
        }
        self.sent.push_back(Sent {
            at: now,
            first_at: self.first_at,
            delivered: self.delivered,
            delivered_at: self.delivered_at,
            round: self.round,
        });
    }

    fn on_ack(&mut self, now: Instant, sent: Instant, bytes: u64, _app_limited: bool, rtt: &RttEstimator) {
        self.acknowledged(now, sent, bytes, rtt.get());
    }

    fn on_end_acks(&mut self, now: Instant, in_flight: u64, app_limited: bool, _largest: Option<u64>) {
        if let Some(sample) = self.sample
            && (!app_limited || sample > self.rates.get())
        {
            self.rates.put(self.round, sample);
        }
        if std::mem::take(&mut self.round_counts) {
            self.end_round(now, app_limited);
        }
        self.sample = None;
        self.in_flight = in_flight;
        self.next_phase(now, in_flight, app_limited);
        let acknowledged = std::mem::take(&mut self.acknowledged);
        self.set_window(acknowledged);
        if in_flight == 0 {
            self.sent.clear();
        } else {
            // Nothing older than the oldest round trip still matters.
            let old = self.smoothed * 8 + Duration::from_secs(1);
            while self.sent.front().is_some_and(|record| now.saturating_duration_since(record.at) > old) {
                self.sent.pop_front();
            }
        }
    }

    fn on_congestion_event(&mut self, now: Instant, _sent: Instant, is_persistent_congestion: bool, lost_bytes: u64) {
        self.tally.lost += lost_bytes;
        if is_persistent_congestion {
            // The path was away: begin anew, which takes a few round trips.
            let mtu = u16::try_from(self.mtu).unwrap_or(u16::MAX);
            *self = Self { round: self.round, smoothed: self.smoothed, ..Self::new(now, mtu, self.nudge.clone()) };
        }
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.mtu = u64::from(new_mtu);
        self.window = self.window.max(LEAST_PACKETS * self.mtu);
    }

    fn window(&self) -> u64 {
        let nudges = (self.nudge.count() - self.nudges_answered).min(Nudge::MOST);
        if nudges == 0 {
            return self.window;
        }
        self.window.max(self.in_flight) + nudges * Nudge::PACKETS * self.mtu
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }

    fn initial_window(&self) -> u64 {
        FIRST_PACKETS * self.mtu
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
mod tests;
