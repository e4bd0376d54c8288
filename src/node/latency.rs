//! LATENCY: moments at which something took longer than `latency-monitor-threshold`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

/// Moments kept of one event.
pub const SAMPLES_MAX: usize = 160;

/// A moment: unix seconds, and the longest time within that second, ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spike {
    /// Unix seconds.
    pub at_s: i64,
    /// The longest, ms.
    pub took_ms: u64,
}

/// What is known of one event.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// Oldest first.
    pub spikes: VecDeque<Spike>,
    /// The longest ever, ms.
    pub longest_ms: u64,
}

/// Moments by event.
#[derive(Default)]
pub struct Latency(Mutex<BTreeMap<&'static str, Series>>);

impl Latency {
    /// Adds a moment. Those of one second count as one, the longest.
    pub fn add(&self, event: &'static str, at_s: i64, took_ms: u64) {
        let mut events = self.lock();
        let series = events.entry(event).or_default();
        series.longest_ms = series.longest_ms.max(took_ms);
        match series.spikes.back_mut() {
            Some(last) if last.at_s == at_s => last.took_ms = last.took_ms.max(took_ms),
            _ => {
                if series.spikes.len() == SAMPLES_MAX {
                    series.spikes.pop_front();
                }
                series.spikes.push_back(Spike { at_s, took_ms });
            }
        }
    }

    /// All events.
    pub fn all(&self) -> BTreeMap<&'static str, Series> {
        self.lock().clone()
    }

    /// Forgets one event; true when there was something to forget.
    pub fn reset(&self, event: &[u8]) -> bool {
        let mut events = self.lock();
        let known = events.keys().copied().find(|known| known.as_bytes().eq_ignore_ascii_case(event));
        known.is_some_and(|known| events.remove(known).is_some())
    }

    /// Forgets all; answers how many events there were.
    pub fn reset_all(&self) -> usize {
        let mut events = self.lock();
        let count = events.len();
        events.clear();
        count
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Series>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_counts_once_and_the_series_is_bounded() {
        let latency = Latency::default();
        latency.add("command", 1, 5);
        latency.add("command", 1, 9);
        latency.add("command", 1, 3);
        assert_eq!(latency.all()["command"].spikes, [Spike { at_s: 1, took_ms: 9 }]);
        for second in 2..500 {
            latency.add("command", second, 1);
        }
        let series = &latency.all()["command"];
        assert_eq!((series.spikes.len(), series.longest_ms), (SAMPLES_MAX, 9));
        assert!(!latency.reset(b"nothing") && latency.reset(b"COMMAND"));
        assert_eq!(latency.reset_all(), 0);
    }
}
