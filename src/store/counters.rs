//! Counters of what happens to keys: spread over cache lines, so that threads do not meet on them.

use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed};

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub enum Counter {
    /// Look-ups that found their key.
    Hits,
    /// Look-ups that did not.
    Misses,
    /// Keys whose time had passed.
    ExpiredKeys,
    /// Keys removed to stay below the memory limit.
    EvictedKeys,
    /// Changes since the start: one for each key a command changed.
    Modifications,
}

const COUNTERS: usize = 5;
const LANES: usize = 64;

#[repr(align(128))]
struct Lane<const N: usize>([AtomicI64; N]);

/// `N` sums that threads add to without meeting.
pub(super) struct Lanes<const N: usize>(Box<[Lane<N>]>);

impl<const N: usize> Default for Lanes<N> {
    fn default() -> Lanes<N> {
        Lanes((0..LANES).map(|_| Lane(std::array::from_fn(|_| AtomicI64::new(0)))).collect())
    }
}

impl<const N: usize> Lanes<N> {
    /// Adds to a sum, in the lane of the calling thread.
    #[inline]
    pub(super) fn add(&self, index: usize, amount: i64) {
        self.0[LANE.get()].0[index].fetch_add(amount, Relaxed);
    }

    /// The sum over all threads. O(1).
    pub(super) fn sum(&self, index: usize) -> i64 {
        self.0.iter().fold(0, |sum, lane| sum.wrapping_add(lane.0[index].load(Relaxed)))
    }

    fn reset(&self, index: usize) {
        for lane in &self.0 {
            lane.0[index].store(0, Relaxed);
        }
    }
}

/// A set of [`Counter`]s.
#[derive(Default)]
pub struct Counters(Lanes<COUNTERS>);

thread_local! {
    static LANE: Cell<usize> = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Cell::new(NEXT.fetch_add(1, Relaxed) % LANES)
    };
}

impl Counters {
    /// Adds to a counter.
    #[inline]
    pub fn add(&self, counter: Counter, amount: u64) {
        if amount > 0 {
            self.0.add(counter as usize, amount as i64);
        }
    }

    /// The sum over all threads.
    pub fn get(&self, counter: Counter) -> u64 {
        self.0.sum(counter as usize) as u64
    }

    /// Sets a counter to zero.
    pub fn reset(&self, counter: Counter) {
        self.0.reset(counter as usize);
    }
}
