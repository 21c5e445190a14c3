//! How a path changes over time, for both forms of the emulator.

use super::Conditions;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What a path is like from when on, counted from the moment at which the script is played. Until its
/// first moment the path stays as it is; after its last it stays as it became.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Script {
    steps: Vec<(Duration, Conditions)>,
}

impl Script {
    /// Nothing happens.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From this moment on the path is like this.
    #[must_use]
    pub fn at(mut self, moment: Duration, conditions: Conditions) -> Self {
        let place = self.steps.partition_point(|(earlier, _)| *earlier <= moment);
        self.steps.insert(place, (moment, conditions));
        self
    }

    pub(crate) fn play(self, now: Instant) -> Playing {
        Playing { steps: self.steps.into_iter().map(|(moment, conditions)| (now + moment, conditions)).collect() }
    }
}

/// A script that runs.
#[derive(Debug, Default)]
pub(crate) struct Playing {
    steps: VecDeque<(Instant, Conditions)>,
}

impl Playing {
    /// When the path changes next.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.steps.front().map(|(at, _)| *at)
    }

    /// What the path is like now, if that changed.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<Conditions> {
        let mut newest = None;
        while self.poll_timeout().is_some_and(|at| at <= now) {
            newest = self.steps.pop_front().map(|(_, conditions)| conditions);
        }
        newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_played_in_the_order_of_time() {
        let (ms, now) = (Duration::from_millis, Instant::now());
        let slow = |delay: u64| Conditions { delay: ms(delay), ..Conditions::default() };
        let mut playing = Script::new().at(ms(20), slow(2)).at(ms(10), slow(1)).at(ms(20), slow(3)).play(now);
        assert_eq!((playing.handle_timeout(now), playing.poll_timeout()), (None, Some(now + ms(10))));
        assert_eq!(playing.handle_timeout(now + ms(19)), Some(slow(1)));
        assert_eq!(playing.handle_timeout(now + ms(20)), Some(slow(3)));
        assert_eq!((playing.handle_timeout(now + ms(99)), playing.poll_timeout()), (None, None));
    }
}
