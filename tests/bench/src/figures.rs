//! How samples are spread, for reports in words.

use serde::Serialize;
use std::fmt;

/// Median, least and most of several samples; all zero of none.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Spread {
    /// Half of the samples are below.
    pub median: f64,
    /// 95 of 100 are at most this (the nearest sample, no interpolation).
    pub p95: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
    /// How many.
    pub samples: usize,
}

impl Spread {
    /// Of these samples, in any order.
    #[must_use]
    pub fn of(samples: &[f64]) -> Self {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let rank = (share * sorted.len() as f64).ceil() as usize;
            sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
        };
        Self { median: at(0.5), p95: at(0.95), min: at(0.0), max: at(1.0), samples: sorted.len() }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, p95, max, samples, .. } = self;
        write!(f, "median {median:.2}, p95 {p95:.2}, max {max:.2} ({samples} samples)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_does_not_depend_on_the_order() {
        let samples: Vec<f64> = (1..=100).map(|number| f64::from(number * 37 % 101)).collect();
        let Spread { median, p95, min, max, samples } = Spread::of(&samples);
        assert_eq!((median, p95, min, max, samples), (50.0, 95.0, 1.0, 100.0, 100));
        assert_eq!(Spread::of(&[7.0]).median, 7.0);
        assert_eq!(Spread::of(&[]), Spread::default());
    }
}
