//! Counters of what happens to keys: spread over cache lines, so that threads do not meet on them.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub enum Counter {
    /// Look-ups that found their key.
    Hits,
    /// Look-ups that did not.
    Misses,
    /// Keys whose time had passed.
    ExpiredKeys,
    /// Changes since the start: one for each key a command changed.
    Modifications,
}

const COUNTERS: usize = 4;
const LANES: usize = 64;

#[repr(align(128))]
#[derive(Default)]
struct Lane([AtomicU64; COUNTERS]);

/// A set of [`Counter`]s.
pub struct Counters(Box<[Lane]>);

impl Default for Counters {
    fn default() -> Counters {
        Counters((0..LANES).map(|_| Lane::default()).collect())
    }
}

thread_local! {
    static LANE: Cell<usize> = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Cell::new(NEXT.fetch_add(1, Relaxed) % LANES)
    };
}

impl Counters {
    /// Adds to a counter, in the lane of the calling thread.
    #[inline]
    pub fn add(&self, counter: Counter, amount: u64) {
        if amount > 0 {
            self.0[LANE.get()].0[counter as usize].fetch_add(amount, Relaxed);
        }
    }

    /// The sum over all threads.
    pub fn get(&self, counter: Counter) -> u64 {
        self.0.iter().fold(0, |sum, lane| sum.wrapping_add(lane.0[counter as usize].load(Relaxed)))
    }

    /// Sets a counter to zero.
    pub fn reset(&self, counter: Counter) {
        for lane in &self.0 {
            lane.0[counter as usize].store(0, Relaxed);
        }
    }
}
