//! How long a command took, counted in buckets: what LATENCY HISTOGRAM and INFO latencystats read.
//!
//! Sixteen buckets for each doubling of the time: a percentile is off by at most 6 %.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Buckets per doubling, as a power of two.
const STEP_BITS: u32 = 4;
const STEPS: u64 = 1 << STEP_BITS;
/// Longest time told apart: 2^36 ns, about a minute.
const DOUBLINGS: u32 = 36;
const BUCKETS: usize = ((DOUBLINGS - STEP_BITS + 1) as usize) << STEP_BITS;

/// Counts of one command on one thread, which alone writes.
pub struct Histogram(Box<[AtomicU64; BUCKETS]>);

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram(Box::new([const { AtomicU64::new(0) }; BUCKETS]))
    }
}

/// The bucket of a time.
#[inline]
pub fn bucket(ns: u64) -> usize {
    if ns < STEPS {
        return ns as usize;
    }
    let shift = ns.ilog2() - STEP_BITS;
    let index = ((u64::from(shift) + 1) << STEP_BITS) + (ns >> shift) - STEPS;
    (index as usize).min(BUCKETS - 1)
}

/// The longest time of a bucket, ns.
fn upper_ns(bucket: usize) -> u64 {
    let (group, step) = (bucket as u64 >> STEP_BITS, bucket as u64 & (STEPS - 1));
    if group == 0 { step } else { ((STEPS + step + 1) << (group - 1)) - 1 }
}

impl Histogram {
    /// Counts `count` runs in a [`bucket`].
    #[inline]
    pub fn record(&self, bucket: usize, count: u64) {
        super::stats::bump(&self.0[bucket], count);
    }

    /// Forgets all.
    pub fn reset(&self) {
        self.0.iter().for_each(|bucket| bucket.store(0, Relaxed));
    }

    /// Adds its counts to a sum.
    pub fn add_to(&self, sum: &mut Sum) {
        for (sum, bucket) in sum.0.iter_mut().zip(self.0.iter()) {
            *sum += bucket.load(Relaxed);
        }
    }
}

/// Counts of all threads.
pub struct Sum(Box<[u64; BUCKETS]>);

impl Default for Sum {
    fn default() -> Sum {
        Sum(Box::new([0; BUCKETS]))
    }
}

impl Sum {
    /// Number of runs.
    pub fn count(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The time that `percent` of the runs did not exceed, ns.
    pub fn percentile_ns(&self, percent: f64) -> u64 {
        let wanted = ((self.count() as f64 * percent / 100.0).ceil() as u64).max(1);
        let mut seen = 0;
        for (index, count) in self.0.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return upper_ns(index);
            }
        }
        0
    }

    /// `(time in µs, runs that did not exceed it)` for every power of two of 1024 ns at which the number grows;
    /// the times are rounded as the reference rounds them.
    pub fn cumulative(&self) -> Vec<(u64, u64)> {
        let mut steps: Vec<(u64, u64)> = Vec::new();
        let mut seen = 0;
        for (index, count) in self.0.iter().enumerate().filter(|(_, count)| **count > 0) {
            seen += count;
            let doubled = upper_ns(index).max(1).div_ceil(1024).next_power_of_two();
            let us = (doubled * (1024 + 8) - 1) / 1000;
            match steps.last_mut() {
                Some((last, total)) if *last == us => *total = seen,
                _ => steps.push((us, seen)),
            }
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_falls_into_the_bucket_that_ends_behind_it() {
        let mut last = 0;
        for ns in (0..100_000).chain([1 << 20, 123_456_789, (1 << 36) - 1]) {
            let bucket = bucket(ns);
            assert!(bucket >= last && upper_ns(bucket) >= ns, "{ns}");
            assert!(upper_ns(bucket) <= ns + ns / 16, "{ns} {}", upper_ns(bucket));
            last = bucket;
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_and_steps_are_read_from_the_counts() {
        let histogram = Histogram::default();
        histogram.record(bucket(500), 98);
        histogram.record(bucket(3_000), 1);
        histogram.record(bucket(90_000), 1);
        let mut sum = Sum::default();
        histogram.add_to(&mut sum);
        assert_eq!(sum.count(), 100);
        assert!((500..=532).contains(&sum.percentile_ns(50.0)));
        assert!((3_000..=3_200).contains(&sum.percentile_ns(99.0)));
        assert_eq!(sum.cumulative(), [(1, 98), (4, 99), (132, 100)]);
    }
}
