//! Bytes in use, counted without a counter that threads share.
//!
//! The allocator keeps for every thread how much it ever allocated and freed, as plain numbers beside the thread.
//! Each thread [`publish`]es the difference in a cache line of its own: when it begins a batch, when it goes to
//! sleep, and before every command that may not run past the memory limit. The sum over all lines, plus what
//! threads that never publish hold, is what is in use ([`used`]). That last part changes little; [`correct`]
//! brings it up to date from the allocator's exact figure.
//!
//! The allocator is the process's, and so are these counts. Under another allocator all of them are zero.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard};
use tikv_jemalloc_ctl::thread::{ThreadLocal, allocatedp, deallocatedp};

/// Threads that can publish at a time; more are counted as those that never do.
const LANES: usize = 256;

/// Two cache lines: neighbouring lines are fetched in pairs.
#[repr(align(128))]
struct Lane(AtomicI64);

static LANE: [Lane; LANES] = [const { Lane(AtomicI64::new(0)) }; LANES];
/// Lanes from here on were never taken.
static LANES_SEEN: AtomicUsize = AtomicUsize::new(0);
static LANES_FREE: Mutex<Vec<usize>> = Mutex::new(Vec::new());
/// What all threads without a lane hold, and what ended ones left.
static BASE: AtomicI64 = AtomicI64::new(0);
/// The last bases that [`correct`] found.
static FOUND: Mutex<[i64; 3]> = Mutex::new([0; 3]);

/// The counters of one thread, and its lane. Its value when the thread ends stays in [`BASE`].
struct Meter {
    counters: Option<(ThreadLocal<u64>, ThreadLocal<u64>)>,
    lane: Option<usize>,
}

thread_local! {
    static METER: Meter = Meter::new();
}

impl Meter {
    fn new() -> Meter {
        let counters = allocatedp::read().ok().zip(deallocatedp::read().ok());
        let lane = lock(&LANES_FREE).pop().or_else(|| {
            let next = LANES_SEEN.fetch_update(Relaxed, Relaxed, |seen| (seen < LANES).then_some(seen + 1));
            next.ok()
        });
        Meter { counters, lane }
    }

    #[inline]
    fn net(&self) -> i64 {
        self.counters.map_or(0, |(allocated, freed)| allocated.get().wrapping_sub(freed.get()) as i64)
    }

    #[inline]
    fn publish(&self) -> i64 {
        let net = self.net();
        if let Some(lane) = self.lane {
            LANE[lane].0.store(net, Relaxed);
        }
        net
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(lane) = self.lane {
            BASE.fetch_add(self.net(), Relaxed);
            LANE[lane].0.store(0, Relaxed);
            lock(&LANES_FREE).push(lane);
        }
    }
}

/// Makes what the calling thread holds visible to all; answers it, in bytes. Negative for one that frees what
/// others allocate. Two loads and a store.
#[inline]
pub fn publish() -> i64 {
    METER.try_with(Meter::publish).unwrap_or(0)
}

/// Bytes in use by the whole process, as published. O(threads).
#[inline]
pub fn used() -> u64 {
    u64::try_from(BASE.load(Relaxed) + published()).unwrap_or(0)
}

fn published() -> i64 {
    LANE[..LANES_SEEN.load(Relaxed).min(LANES)].iter().map(|lane| lane.0.load(Relaxed)).sum()
}

/// Brings [`used`] up to date with the allocator's own figure, which `exact` asks for. The figure takes a while to get,
/// and threads may be in the middle of something: the median of three answers is taken.
pub fn correct(exact: impl Fn() -> u64) {
    let mut found = lock(&FOUND);
    found.rotate_left(1);
    found[2] = find_base(&exact);
    let mut sorted = *found;
    sorted.sort_unstable();
    BASE.store(sorted[1], Relaxed);
}

/// As [`correct`], at once: when a limit is set, nothing older than this moment may count.
pub fn correct_now(exact: impl Fn() -> u64) {
    let mut found = lock(&FOUND);
    *found = [find_base(&exact); 3];
    BASE.store(found[2], Relaxed);
}

fn find_base(exact: &impl Fn() -> u64) -> i64 {
    publish();
    let before = published();
    let exact = exact() as i64;
    exact - (before + published()) / 2
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
