//! Counters of what happens to keys: a lane for each thread, so that threads do not meet on them and adding needs
//! no atomic read-modify-write.

use std::cell::Cell;
use std::marker::PhantomData;
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
/// The lane of all threads beyond the first ones: of more than a node has, unless it is tested.
const SHARED: usize = LANES - 1;

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
        self.own().add(index, amount);
    }

    #[inline]
    fn own(&self) -> OwnLane<'_, N> {
        let number = LANE.get();
        OwnLane { lane: &self.0[number], shared: number == SHARED, thread: PhantomData }
    }

    /// The sum over all threads. O(1).
    pub(super) fn sum(&self, index: usize) -> i64 {
        self.0.iter().fold(0, |sum, lane| sum.wrapping_add(lane.0[index].load(Relaxed)))
    }
}

/// The calling thread's lane: what finding it costs is paid once for many additions.
#[derive(Clone, Copy)]
struct OwnLane<'a, const N: usize> {
    lane: &'a Lane<N>,
    shared: bool,
    /// It stays with its thread.
    thread: PhantomData<*const ()>,
}

impl<const N: usize> OwnLane<'_, N> {
    #[inline]
    fn add(self, index: usize, amount: i64) {
        let sum = &self.lane.0[index];
        if self.shared {
            sum.fetch_add(amount, Relaxed);
        } else {
            // Nobody else writes here.
            sum.store(sum.load(Relaxed).wrapping_add(amount), Relaxed);
        }
    }
}

/// A thread's way to a set of [`Counter`]s.
#[derive(Clone, Copy)]
pub struct Tally<'a>(OwnLane<'a, COUNTERS>);

impl Tally<'_> {
    /// Adds to a counter.
    #[inline]
    pub fn add(self, counter: Counter, amount: u64) {
        self.0.add(counter as usize, amount as i64);
    }
}

/// A set of [`Counter`]s.
#[derive(Default)]
pub struct Counters {
    lanes: Lanes<COUNTERS>,
    /// What the sums were when they were last reset: lanes belong to their threads, so nobody else sets them to 0.
    bases: [AtomicI64; COUNTERS],
}

thread_local! {
    static LANE: Cell<usize> = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Cell::new(NEXT.fetch_add(1, Relaxed).min(SHARED))
    };
}

impl Counters {
    /// The calling thread's way to them.
    #[inline]
    pub fn tally(&self) -> Tally<'_> {
        Tally(self.lanes.own())
    }

    /// Adds to a counter.
    #[inline]
    pub fn add(&self, counter: Counter, amount: u64) {
        if amount > 0 {
            self.lanes.add(counter as usize, amount as i64);
        }
    }

    /// The sum over all threads since the last reset.
    pub fn get(&self, counter: Counter) -> u64 {
        let base = self.bases[counter as usize].load(Relaxed);
        self.lanes.sum(counter as usize).wrapping_sub(base) as u64
    }

    /// Sets a counter to zero.
    pub fn reset(&self, counter: Counter) {
        self.bases[counter as usize].store(self.lanes.sum(counter as usize), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_threads_add_is_all_counted_and_reset() {
        let counters = Counters::default();
        let add = || (0..1000).for_each(|_| counters.add(Counter::Hits, 2));
        std::thread::scope(|scope| {
            // More threads than lanes.
            for _ in 0..2 * LANES {
                scope.spawn(add);
            }
        });
        assert_eq!((counters.get(Counter::Hits), counters.get(Counter::Misses)), (256_000, 0));
        counters.reset(Counter::Hits);
        assert_eq!(counters.get(Counter::Hits), 0);
        counters.add(Counter::Hits, 3);
        assert_eq!(counters.get(Counter::Hits), 3);
    }
}
