//! The memory limit: `maxmemory`, and who has to go for the next request to fit.
//!
//! Before a command that may add to memory runs, its thread looks whether the limit is kept, and evicts until it is:
//! so no thread takes the node further above the limit than one request does. Reads evict too, once for each batch, but
//! do not depend on it. Looking costs two loads and a compare while there is room: a [`Gate`] knows up to where
//! its thread may go before all threads' memory has to be summed up again.
//!
//! One request does not evict for longer than `maxmemory-eviction-tenacity` allows; what is left is done in the
//! background ([`run`]). That matters when CONFIG SET lowers the limit far below what is in use. Until the background is
//! done, a request frees what requests added, and memory does not grow: the *ceiling* remembers how much there
//! was, and only falls.

use super::{Config, Node, now_ms};
use crate::command::Error;
use crate::memory;
use crate::store::{AccessPolicy, Cause, Event, Eviction, Garbage, Lfu, Order, Sampler};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};

/// What a command is told that would need more memory than there is.
const OOM: Error = Error::Static("OOM command not allowed when used memory > 'maxmemory'.");
/// Evictions between two looks at the clock.
const CLOCK_EVERY: u32 = 16;
/// Most a thread may allocate before it sums up again, in bytes: what others allocate meanwhile goes unseen.
const UNSEEN_BYTES_MAX: u64 = 16 << 10;
/// Most entries looked at for one eviction, whatever is set.
const SAMPLES_MAX: usize = 1024;
/// Work of the background between two pauses, and the pause: half a core at most.
const SLICE: Duration = Duration::from_millis(1);
const PAUSE: Duration = Duration::from_millis(1);

/// `maxmemory` and what goes with it, resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `maxmemory`, in bytes; 0: no limit.
    pub bytes_max: u64,
    /// `maxmemory-policy`; `None`: nothing is evicted.
    pub policy: Option<Eviction>,
    /// `maxmemory-samples`: entries looked at for one eviction.
    pub samples: usize,
    /// `maxmemory-eviction-tenacity` as the time one request may evict; `None`: as long as it takes.
    pub time_max: Option<Duration>,
}

impl Settings {
    /// Resolves directives.
    pub fn read(settings: &super::config::Settings) -> Settings {
        let name = settings.text("maxmemory-policy");
        let lfu = Lfu {
            log_factor: settings.number("lfu-log-factor").unwrap_or(10),
            decay_minutes: settings.number("lfu-decay-time").unwrap_or(1),
        };
        let (scope, order) = name.split_once('-').unwrap_or_default();
        let order = match order {
            "lru" => Some(Order::LeastRecent),
            "lfu" => Some(Order::LeastFrequent(lfu)),
            "random" => Some(Order::Random),
            "ttl" => Some(Order::NearestExpiry),
            _ => None,
        };
        Settings {
            bytes_max: settings.number("maxmemory").unwrap_or(0),
            policy: order.map(|order| Eviction { volatile: scope == "volatile", order }),
            samples: settings.number("maxmemory-samples").unwrap_or(5).min(SAMPLES_MAX),
            time_max: time_max(settings.number("maxmemory-eviction-tenacity").unwrap_or(10)),
        }
    }

    /// How accesses are remembered under this policy.
    pub fn access(&self) -> AccessPolicy {
        match self.policy.map(|policy| policy.order) {
            Some(Order::LeastFrequent(lfu)) => AccessPolicy::Frequency(lfu),
            _ => AccessPolicy::Recency,
        }
    }

    /// Whether the reference would share small integers among keys under this policy.
    pub fn shares_integers(&self) -> bool {
        let order = self.policy.map(|policy| policy.order);
        self.bytes_max == 0 || !matches!(order, Some(Order::LeastRecent | Order::LeastFrequent(_)))
    }
}

/// Tenacity as a time: 50 µs for each step up to 10, from there on 15 % more each, and no bound at 100.
fn time_max(tenacity: u32) -> Option<Duration> {
    match tenacity {
        0..=10 => Some(Duration::from_micros(50 * u64::from(tenacity))),
        11..=99 => Some(Duration::from_micros(500).mul_f64(1.15f64.powi(tenacity as i32 - 10))),
        _ => None,
    }
}

/// What all threads of a node know about the limit.
#[derive(Debug)]
pub struct Pressure {
    /// Memory at the time the limit was last lowered, or less: requests evict down to it however long it takes.
    ceiling: AtomicU64,
    /// There is work for the background.
    wanted: Notify,
    started: Instant,
    /// Since when the limit is exceeded, µs since `started`, 0: it is not.
    exceeded_since_us: AtomicU64,
    /// How long it was exceeded before, µs.
    exceeded_us: AtomicU64,
}

impl Default for Pressure {
    fn default() -> Pressure {
        Pressure {
            ceiling: AtomicU64::new(0),
            wanted: Notify::new(),
            started: Instant::now(),
            exceeded_since_us: AtomicU64::new(0),
            exceeded_us: AtomicU64::new(0),
        }
    }
}

impl Pressure {
    /// The limit was changed to `settings`: the background sees to what is above it.
    pub fn limit_changed(&self) {
        memory::correct_now(super::memory::used_bytes);
        self.ceiling.store(memory::used(), Relaxed);
        self.wanted.notify_one();
    }

    /// For how long the limit has been exceeded, now and before, in ms.
    pub fn exceeded_ms(&self) -> (u64, u64) {
        let since_us = self.exceeded_since_us.load(Relaxed);
        let current_us = if since_us == 0 { 0 } else { self.now_us().saturating_sub(since_us) };
        (current_us / 1000, (self.exceeded_us.load(Relaxed) + current_us) / 1000)
    }

    /// Forgets for how long the limit was exceeded before.
    pub fn reset(&self) {
        self.exceeded_us.store(0, Relaxed);
        if self.exceeded_since_us.load(Relaxed) > 0 {
            self.exceeded_since_us.store(self.now_us(), Relaxed);
        }
    }

    fn now_us(&self) -> u64 {
        self.started.elapsed().as_micros() as u64 + 1
    }

    fn note(&self, room: Room) {
        if room != Room::Enough {
            let _ = self.exceeded_since_us.compare_exchange(0, self.now_us(), Relaxed, Relaxed);
        } else if self.exceeded_since_us.load(Relaxed) > 0 {
            let since_us = self.exceeded_since_us.swap(0, Relaxed);
            if since_us > 0 {
                self.exceeded_us.fetch_add(self.now_us().saturating_sub(since_us), Relaxed);
            }
        }
    }
}

/// What evicting came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    /// The limit is kept.
    Enough,
    /// Not yet, but memory has not grown: the rest is left to the background.
    Soon,
    /// It is not, and there is nothing to evict.
    None,
}

/// How hard to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    /// As long as the time lasts.
    Timed,
    /// Beyond it while there is more than the ceiling.
    ToCeiling,
}

/// One batch's view of the limit. See the module's documentation.
#[derive(Clone, Copy)]
pub(super) struct Gate {
    /// 0: no limit.
    bytes_max: u64,
    threads: u64,
    /// What this thread may hold before all threads are summed up again, in its own count.
    own_bytes_max: i64,
}

impl Gate {
    /// The gate for a batch. What the thread holds becomes visible to others.
    #[inline]
    pub(super) fn new(config: &Config) -> Gate {
        memory::publish();
        Gate { bytes_max: config.memory.bytes_max, threads: config.threads as u64, own_bytes_max: i64::MIN }
    }

    /// Is there a limit at all?
    #[inline]
    pub(super) fn is_set(&self) -> bool {
        self.bytes_max > 0
    }

    /// Is the limit kept, as far as this thread can know?
    #[inline]
    fn has_room(&mut self) -> bool {
        let own = memory::publish();
        own < self.own_bytes_max || self.sum_up(own)
    }

    #[cold]
    fn sum_up(&mut self, own: i64) -> bool {
        let Some(left) = self.bytes_max.checked_sub(memory::used()) else { return false };
        // Each thread its share of half of what is left: then all sum up again before the limit is passed.
        self.own_bytes_max = own + (left / (2 * self.threads.max(1))).min(UNSEEN_BYTES_MAX) as i64;
        true
    }
}

/// Evicts for one thread.
#[derive(Default)]
pub(super) struct Evictor {
    sampler: Sampler,
}

impl Evictor {
    /// Before a batch: evicts if the limit is exceeded, as long as a request may take.
    pub(super) fn before_batch(&mut self, node: &Node, config: &Config, gate: &mut Gate) {
        if config.memory.policy.is_some() && !gate.has_room() {
            self.make_room(node, config, Effort::Timed);
        }
    }

    /// Before a command that may add to memory: evicts if the limit is exceeded; an error when that is not enough.
    #[inline]
    pub(super) fn before_command(&mut self, node: &Node, config: &Config, gate: &mut Gate) -> Result<(), Error> {
        if gate.has_room() {
            return Ok(());
        }
        match self.make_room(node, config, Effort::ToCeiling) {
            Room::None => Err(OOM),
            Room::Enough | Room::Soon => Ok(()),
        }
    }

    #[cold]
    fn make_room(&mut self, node: &Node, config: &Config, effort: Effort) -> Room {
        let since = Instant::now();
        let room = self.evict(node, config, effort, config.memory.time_max, since);
        node.pressure.note(room);
        if room == Room::Soon {
            node.pressure.wanted.notify_one();
        }
        let took_ms = since.elapsed().as_millis() as u64;
        if config.latency_threshold_ms > 0 && took_ms >= config.latency_threshold_ms {
            node.latency.add("eviction-cycle", now_ms() / 1000, took_ms);
        }
        room
    }

    fn evict(
        &mut self,
        node: &Node,
        config: &Config,
        effort: Effort,
        time_max: Option<Duration>,
        since: Instant,
    ) -> Room {
        let limit = config.memory.bytes_max;
        let now_ms = now_ms();
        let mut evicted = 0u32;
        loop {
            memory::publish();
            let used = memory::used();
            if used <= limit || limit == 0 {
                node.pressure.ceiling.store(limit, Relaxed);
                return Room::Enough;
            }
            let Some(policy) = config.memory.policy else { return Room::None };
            if evicted.is_multiple_of(CLOCK_EVERY) && evicted > 0 && time_max.is_some_and(|max| since.elapsed() > max) {
                let ceiling = node.pressure.ceiling.load(Relaxed).max(limit);
                if used <= ceiling || effort == Effort::Timed {
                    node.pressure.ceiling.fetch_min(used.min(ceiling), Relaxed);
                    return Room::Soon;
                }
            }
            let Some(entry) = self.sampler.evict(&node.keyspace, policy, config.memory.samples, now_ms) else {
                return self.wait_for_lazyfree(node, limit, time_max.unwrap_or(SLICE));
            };
            if node.keyspace.hooks.concern_any() {
                let number = node.keyspace.number_of(self.sampler.place());
                node.tell_removed(config, number, Event::Evicted, "evicted", entry.key());
            }
            if entry.is_costly() {
                let garbage = vec![Garbage { cause: Cause::Evict, entry }];
                node.lazyfree.free(garbage, &config.lazyfree, &node.meters);
            } else {
                drop(entry);
            }
            evicted = evicted.wrapping_add(1);
        }
    }

    /// Nothing is left to evict, but what was evicted may still be waiting to be freed.
    fn wait_for_lazyfree(&self, node: &Node, limit: u64, time_max: Duration) -> Room {
        let since = Instant::now();
        while node.meters.lazyfree_pending.load(Relaxed) > 0 && since.elapsed() < time_max {
            std::thread::sleep(Duration::from_micros(50));
            if memory::used() <= limit {
                return Room::Enough;
            }
        }
        Room::None
    }
}

/// Evicts in the background, a slice at a time, whenever there is more to evict than requests could: until `stop`
/// turns true.
pub(super) async fn run(node: Arc<Node>, mut stop: watch::Receiver<bool>) {
    let mut evictor = Evictor::default();
    let slices = async {
        loop {
            node.pressure.wanted.notified().await;
            loop {
                let config = node.config.load_full();
                // While writes are paused nothing is removed.
                if config.memory.bytes_max == 0 || node.pause.running(now_ms()).is_some() {
                    break;
                }
                let room = evictor.evict(&node, &config, Effort::Timed, Some(SLICE), Instant::now());
                node.pressure.note(room);
                if room != Room::Soon {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
    tokio::select! {
        () = slices => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(directives: &[&str]) -> Settings {
        let args: Vec<String> = directives.iter().map(|word| (*word).to_owned()).collect();
        Config::from_args(&args).unwrap().0.memory
    }

    #[test]
    fn policies_are_read_by_name() {
        let policy = |name: &str| settings(&["--maxmemory-policy", name]).policy;
        let lfu = Lfu { log_factor: 10, decay_minutes: 1 };
        assert_eq!(policy("noeviction"), None);
        for (scope, volatile) in [("allkeys", false), ("volatile", true)] {
            for (name, order) in
                [("lru", Order::LeastRecent), ("lfu", Order::LeastFrequent(lfu)), ("random", Order::Random)]
            {
                assert_eq!(policy(&format!("{scope}-{name}")), Some(Eviction { volatile, order }));
            }
        }
        assert_eq!(policy("volatile-ttl"), Some(Eviction { volatile: true, order: Order::NearestExpiry }));
        let tuned = ["--maxmemory-policy", "allkeys-lfu", "--lfu-log-factor", "3", "--lfu-decay-time", "0"];
        let tuned = settings(&tuned).access();
        assert_eq!(tuned, AccessPolicy::Frequency(Lfu { log_factor: 3, decay_minutes: 0 }));
        assert_eq!(settings(&["--maxmemory-policy", "volatile-lru"]).access(), AccessPolicy::Recency);
    }

    #[test]
    fn integers_are_shared_unless_their_accesses_matter() {
        let shares = |limit, policy| settings(&["--maxmemory", limit, "--maxmemory-policy", policy]).shares_integers();
        assert!(shares("0", "allkeys-lru") && shares("1gb", "allkeys-random") && shares("1gb", "noeviction"));
        assert!(!shares("1gb", "allkeys-lru") && !shares("1gb", "volatile-lfu"));
    }

    #[test]
    fn tenacity_is_a_time() {
        assert_eq!(time_max(0), Some(Duration::ZERO));
        assert_eq!(time_max(10), Some(Duration::from_micros(500)));
        assert_eq!(time_max(12), Some(Duration::from_nanos(661_250)));
        assert_eq!(time_max(100), None);
    }

    #[test]
    fn time_above_the_limit_is_added_up() {
        let pressure = Pressure::default();
        pressure.note(Room::Enough);
        assert_eq!(pressure.exceeded_ms(), (0, 0));
        pressure.note(Room::None);
        let since_us = pressure.exceeded_since_us.load(Relaxed);
        assert!(since_us > 0);
        pressure.note(Room::Soon);
        assert_eq!(pressure.exceeded_since_us.load(Relaxed), since_us);
        pressure.note(Room::Enough);
        assert_eq!((pressure.exceeded_since_us.load(Relaxed), pressure.exceeded_ms().0), (0, 0));
    }
}
