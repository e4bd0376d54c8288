//! What housekeeping measures: rates over the last seconds, the most memory ever in use, work of background
//! threads.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// Samples a rate is taken over.
const SAMPLES: usize = 16;

/// Counts at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// When.
    pub at: Instant,
    /// Requests run.
    pub requests: u64,
    /// Bytes read.
    pub input_bytes: u64,
    /// Bytes written.
    pub output_bytes: u64,
}

/// Rates per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Requests.
    pub requests: f64,
    /// Bytes read.
    pub input_bytes: f64,
    /// Bytes written.
    pub output_bytes: f64,
}

/// See the module's documentation.
#[derive(Default)]
pub struct Meters {
    samples: Mutex<VecDeque<Sample>>,
    /// Bytes in use when the node was ready.
    pub startup_bytes: AtomicU64,
    peak_bytes: AtomicU64,
    /// Values waiting to be freed in the background.
    pub lazyfree_pending: AtomicU64,
    /// Values freed in the background.
    pub lazyfreed: AtomicU64,
    /// Time spent removing expired keys in the background, µs.
    pub expire_us: AtomicU64,
}

impl Meters {
    /// Adds a sample.
    pub fn sample(&self, sample: Sample) {
        let mut samples = self.samples.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // A reset of the counters makes older samples meaningless.
        if samples.back().is_some_and(|last| last.requests > sample.requests) {
            samples.clear();
        }
        if samples.len() == SAMPLES {
            samples.pop_front();
        }
        samples.push_back(sample);
    }

    /// Rates over the samples there are.
    pub fn rates(&self) -> Rates {
        let samples = self.samples.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let (Some(first), Some(last)) = (samples.front(), samples.back()) else { return Rates::default() };
        let seconds = (last.at - first.at).as_secs_f64();
        if seconds <= 0.0 {
            return Rates::default();
        }
        let rate = |first: u64, last: u64| last.saturating_sub(first) as f64 / seconds;
        Rates {
            requests: rate(first.requests, last.requests),
            input_bytes: rate(first.input_bytes, last.input_bytes),
            output_bytes: rate(first.output_bytes, last.output_bytes),
        }
    }

    /// Takes note of the bytes in use; answers the most there ever were.
    pub fn note_memory(&self, bytes: u64) -> u64 {
        self.peak_bytes.fetch_max(bytes, Relaxed).max(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn rates_are_taken_over_the_samples_there_are() {
        let meters = Meters::default();
        let start = Instant::now();
        assert_eq!(meters.rates(), Rates::default());
        for second in 0..20 {
            meters.sample(Sample {
                at: start + Duration::from_secs(second),
                requests: second * 10,
                input_bytes: second * 100,
                output_bytes: 0,
            });
        }
        assert_eq!(meters.rates(), Rates { requests: 10.0, input_bytes: 100.0, output_bytes: 0.0 });
        meters.sample(Sample { at: start, requests: 0, input_bytes: 0, output_bytes: 0 });
        assert_eq!(meters.rates(), Rates::default());
    }
}
