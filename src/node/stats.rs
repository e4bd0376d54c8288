//! What a node counts, for INFO. Counters of the hot path belong to one thread each and are summed when asked.

use super::histogram::{Histogram, Sum};
use crate::command::table::Table;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

/// Most distinct error words that are counted; the rest only count as errors.
const ERROR_WORDS_MAX: usize = 128;

/// Counts of one command.
#[derive(Default)]
pub struct CommandStats {
    /// Runs.
    pub calls: AtomicU64,
    /// Time in its function, ns. Commands of one batch that are all fast share the batch's time evenly.
    pub time_ns: AtomicU64,
    /// Refused before it ran.
    pub rejected: AtomicU64,
    /// Answered with an error.
    pub failed: AtomicU64,
    latency: OnceLock<Histogram>,
}

impl CommandStats {
    /// Counts `count` runs of `ns` each; `bucket` is that of `ns`, if latencies are tracked.
    #[inline]
    pub fn ran(&self, count: u64, ns: u64, bucket: Option<usize>) {
        bump(&self.calls, count);
        bump(&self.time_ns, ns * count);
        if let Some(bucket) = bucket {
            self.latency.get_or_init(Histogram::default).record(bucket, count);
        }
    }
}

/// Counts of one command, summed over the threads.
#[derive(Default)]
pub struct CommandTotals {
    /// Runs.
    pub calls: u64,
    /// Time in its function, ns.
    pub time_ns: u64,
    /// Refused before it ran.
    pub rejected: u64,
    /// Answered with an error.
    pub failed: u64,
    /// How long runs took.
    pub latency: Sum,
}

/// Counts of all threads.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Requests run.
    pub requests: u64,
    /// Bytes read from clients.
    pub input_bytes: u64,
    /// Bytes of replies.
    pub output_bytes: u64,
    /// Reads that brought something.
    pub reads: u64,
    /// Batches of replies.
    pub writes: u64,
}

/// Counters of one thread: written by that thread only, so adding needs no atomic read-modify-write.
pub struct ThreadStats {
    /// By command id.
    pub commands: Box<[CommandStats]>,
    /// Requests run.
    pub requests: AtomicU64,
    /// Bytes read from clients.
    pub input_bytes: AtomicU64,
    /// Bytes of replies.
    pub output_bytes: AtomicU64,
    /// Reads that brought something.
    pub reads: AtomicU64,
    /// Batches of replies.
    pub writes: AtomicU64,
}

impl ThreadStats {
    fn new() -> ThreadStats {
        ThreadStats {
            commands: (0..Table::get().len()).map(|_| CommandStats::default()).collect(),
            requests: AtomicU64::new(0),
            input_bytes: AtomicU64::new(0),
            output_bytes: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            writes: AtomicU64::new(0),
        }
    }
}

/// Adds to a counter that only the calling thread writes.
#[inline]
pub fn bump(counter: &AtomicU64, amount: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(amount), Relaxed);
}

/// All counters of a node.
#[derive(Default)]
pub struct Stats {
    threads: Mutex<Vec<Arc<ThreadStats>>>,
    errors: Mutex<BTreeMap<String, u64>>,
    /// Error replies.
    pub error_replies: AtomicU64,
    /// Connections accepted.
    pub connections: AtomicU64,
    /// Connections refused because there were `maxclients`.
    pub rejected_connections: AtomicU64,
    /// AUTH that did not succeed.
    pub failed_auths: AtomicU64,
    /// Connections held by CLIENT PAUSE or a blocking command, now.
    pub blocked_clients: AtomicU64,
}

impl Stats {
    /// Counters for one more thread.
    pub fn thread(&self) -> Arc<ThreadStats> {
        let stats = Arc::new(ThreadStats::new());
        lock(&self.threads).push(stats.clone());
        stats
    }

    /// The counters of all threads.
    pub fn threads(&self) -> Vec<Arc<ThreadStats>> {
        lock(&self.threads).clone()
    }

    /// Counts an error reply under its first word.
    pub fn count_error(&self, word: &str) {
        self.error_replies.fetch_add(1, Relaxed);
        let mut errors = lock(&self.errors);
        if let Some(count) = errors.get_mut(word) {
            *count += 1;
        } else if errors.len() < ERROR_WORDS_MAX {
            errors.insert(word.to_owned(), 1);
        }
    }

    /// Error replies by first word.
    pub fn errors(&self) -> BTreeMap<String, u64> {
        lock(&self.errors).clone()
    }

    /// The sum over all threads.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for thread in lock(&self.threads).iter() {
            totals.requests += thread.requests.load(Relaxed);
            totals.input_bytes += thread.input_bytes.load(Relaxed);
            totals.output_bytes += thread.output_bytes.load(Relaxed);
            totals.reads += thread.reads.load(Relaxed);
            totals.writes += thread.writes.load(Relaxed);
        }
        totals
    }

    /// Counts of the command with this id, summed over all threads.
    pub fn command(&self, id: u16) -> CommandTotals {
        let mut totals = CommandTotals::default();
        for thread in lock(&self.threads).iter() {
            let command = &thread.commands[usize::from(id)];
            totals.calls += command.calls.load(Relaxed);
            totals.time_ns += command.time_ns.load(Relaxed);
            totals.rejected += command.rejected.load(Relaxed);
            totals.failed += command.failed.load(Relaxed);
            if let Some(latency) = command.latency.get() {
                latency.add_to(&mut totals.latency);
            }
        }
        totals
    }

    /// Forgets how long commands took.
    pub fn reset_latency(&self, id: u16) {
        for thread in lock(&self.threads).iter() {
            if let Some(latency) = thread.commands[usize::from(id)].latency.get() {
                latency.reset();
            }
        }
    }

    /// Sets everything to zero (CONFIG RESETSTAT).
    pub fn reset(&self) {
        for thread in self.threads() {
            for command in &thread.commands {
                for counter in [&command.calls, &command.time_ns, &command.rejected, &command.failed] {
                    counter.store(0, Relaxed);
                }
                if let Some(latency) = command.latency.get() {
                    latency.reset();
                }
            }
            for counter in [&thread.requests, &thread.input_bytes, &thread.output_bytes, &thread.reads, &thread.writes]
            {
                counter.store(0, Relaxed);
            }
        }
        lock(&self.errors).clear();
        for counter in [&self.error_replies, &self.connections, &self.rejected_connections, &self.failed_auths] {
            counter.store(0, Relaxed);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
