//! Frees what takes long to free on a thread of its own: flushed databases, and big values that were removed.
//!
//! As in the reference, `lazyfree-lazy-*` and UNLINK decide who frees a value of more than 64 allocations. But a
//! huge one is freed here whatever is set: a thread that freed it would answer none of its clients meanwhile.

use super::meters::Meters;
use crate::memory;
use crate::store::{Cause, Flushed, Garbage};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Jobs that wait; when more come they are done at once.
const WAITING_MAX: usize = 64;
/// Allocations from which a value is huge: freeing that many takes about half a millisecond.
const HUGE_EFFORT: usize = 8192;
/// How long a flush that is not to be lazy frees by itself before it leaves the rest to the thread.
const FLUSH_TIME: Duration = Duration::from_millis(5);

/// Which removals leave costly values to the thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `lazyfree-lazy-eviction`.
    pub evict: bool,
    /// `lazyfree-lazy-expire`.
    pub expire: bool,
    /// `lazyfree-lazy-server-del`.
    pub overwrite: bool,
    /// `lazyfree-lazy-user-del`.
    pub delete: bool,
    /// `lazyfree-lazy-user-flush`.
    pub flush: bool,
}

impl Settings {
    /// Resolves directives.
    pub fn read(settings: &super::config::Settings) -> Settings {
        Settings {
            evict: settings.is_on("lazyfree-lazy-eviction"),
            expire: settings.is_on("lazyfree-lazy-expire"),
            overwrite: settings.is_on("lazyfree-lazy-server-del"),
            delete: settings.is_on("lazyfree-lazy-user-del"),
            flush: settings.is_on("lazyfree-lazy-user-flush"),
        }
    }

    fn is_lazy(&self, cause: Cause) -> bool {
        match cause {
            Cause::Unlink => true,
            Cause::Delete => self.delete,
            Cause::Overwrite => self.overwrite,
            Cause::Expire => self.expire,
            Cause::Evict => self.evict,
        }
    }
}

/// What the thread is given.
enum Job {
    Flushed(Flushed),
    Values(Vec<Garbage>),
}

impl Job {
    fn values(&self) -> u64 {
        match self {
            Job::Flushed(flushed) => flushed.keys() as u64,
            Job::Values(values) => values.len() as u64,
        }
    }

    fn run(self, meters: &Meters) {
        let freed = |count: usize| {
            meters.lazyfree_pending.fetch_sub(count as u64, Relaxed);
            meters.lazyfreed.fetch_add(count as u64, Relaxed);
            memory::publish();
        };
        match self {
            Job::Flushed(mut flushed) => {
                while let Some(count) = flushed.free_slot() {
                    freed(count);
                }
            }
            Job::Values(values) => {
                for value in values {
                    drop(value);
                    freed(1);
                }
            }
        }
    }
}

/// The thread, started when first needed. It ends with the node.
#[derive(Default)]
pub struct LazyFree(OnceLock<Option<SyncSender<Job>>>);

impl LazyFree {
    /// Frees a flushed database in the background; the counts are in `meters`.
    pub fn free_flushed(&self, flushed: Flushed, meters: &Arc<Meters>) {
        self.give(Job::Flushed(flushed), meters);
    }

    /// Frees a flushed database here, but what would take long in the background.
    pub fn free_flushed_now(&self, mut flushed: Flushed, meters: &Arc<Meters>) {
        let since = Instant::now();
        while !flushed.is_next_costly() && since.elapsed() < FLUSH_TIME && flushed.free_slot().is_some() {}
        self.give(Job::Flushed(flushed), meters);
    }

    /// Frees values that were removed: here, or in the background where the settings or their size say so.
    pub fn free(&self, mut values: Vec<Garbage>, settings: &Settings, meters: &Arc<Meters>) {
        values.retain(|garbage| {
            let effort = garbage.entry.free_effort();
            effort > HUGE_EFFORT || garbage.entry.is_costly() && settings.is_lazy(garbage.cause)
        });
        self.give(Job::Values(values), meters);
    }

    fn give(&self, job: Job, meters: &Arc<Meters>) {
        let values = job.values();
        if values == 0 {
            return;
        }
        meters.lazyfree_pending.fetch_add(values, Relaxed);
        let refused = match self.0.get_or_init(|| start(meters.clone())) {
            Some(sender) => match sender.try_send(job) {
                Ok(()) => return,
                Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => job,
            },
            // Without a thread to be had everything is freed at once.
            None => job,
        };
        refused.run(meters);
    }
}

fn start(meters: Arc<Meters>) -> Option<SyncSender<Job>> {
    let (sender, receiver) = sync_channel::<Job>(WAITING_MAX);
    let work = move || receiver.into_iter().for_each(|job| job.run(&meters));
    std::thread::Builder::new().name("lazyfree".into()).spawn(work).ok()?;
    Some(sender)
}
