//! Which clients wait for or watch which keys.
//!
//! A key's entry is made by the first who cares and goes with the last. Changes find it through the keyspace's
//! [`Hooks`], so that only changes in slots with such keys look here.

use super::waiter::Waiter;
use crate::slot::Slot;
use crate::store::{Change, Hooks, KeyHash, Observer};
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Maps that entries are spread over.
const SHARDS: usize = 64;

/// A key of a database, as these maps have it: the database's number, then the key's bytes.
type Place = SmallVec<[u8; 32]>;

fn place(database: usize, key: &[u8]) -> Place {
    let mut place = Place::with_capacity(key.len() + 1);
    place.push(database as u8);
    place.extend_from_slice(key);
    place
}

/// Who cares for one key.
#[derive(Default)]
struct Interest {
    /// WATCH, each with its number.
    watches: BTreeMap<u64, Arc<Watch>>,
    /// Blocked clients in the order in which they came.
    waiters: BTreeMap<u64, Arc<Waiter>>,
}

impl Interest {
    fn is_empty(&self) -> bool {
        self.watches.is_empty() && self.waiters.is_empty()
    }
}

/// A key watched by one client.
pub struct Watch {
    /// Number of its database.
    pub database: usize,
    /// The key.
    pub key: Box<[u8]>,
    /// Its hash.
    pub hash: KeyHash,
    /// Its time had passed when the watch began: then its removal is no change.
    pub was_expired: AtomicBool,
    number: u64,
    dirty: Arc<AtomicBool>,
}

impl Watch {
    /// The key changed; `gone`: it is not there any more.
    pub fn touch(&self, gone: bool) {
        if self.was_expired.load(Relaxed) && gone {
            self.was_expired.store(false, Relaxed);
        } else {
            self.dirty.store(true, Relaxed);
        }
    }
}

/// See the module.
pub struct Interests {
    shards: Box<[Mutex<HashMap<Place, Interest>>]>,
    numbers: AtomicU64,
    /// Keys that clients wait for.
    waiting_keys: AtomicUsize,
    /// Clients that watch something.
    pub watching_clients: AtomicUsize,
    /// Changes of these are published though nobody waits for their keys.
    pub follow_all: AtomicBool,
}

impl Default for Interests {
    fn default() -> Interests {
        Interests {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            numbers: AtomicU64::new(0),
            waiting_keys: AtomicUsize::new(0),
            watching_clients: AtomicUsize::new(0),
            follow_all: AtomicBool::new(false),
        }
    }
}

impl Interests {
    fn shard(&self, slot: Slot) -> &Mutex<HashMap<Place, Interest>> {
        &self.shards[slot.index() % SHARDS]
    }

    /// Number of keys that clients wait for.
    pub fn waiting_keys(&self) -> usize {
        self.waiting_keys.load(Relaxed)
    }

    /// Begins to watch a key, whose slot must be locked; `dirty` is set when it changes.
    pub fn watch(
        &self,
        hooks: &Hooks,
        (database, key, hash): (usize, &[u8], KeyHash),
        was_expired: bool,
        dirty: &Arc<AtomicBool>,
    ) -> Arc<Watch> {
        let watch = Arc::new(Watch {
            database,
            key: key.into(),
            hash,
            was_expired: AtomicBool::new(was_expired),
            number: self.next_number(),
            dirty: dirty.clone(),
        });
        hooks.add_interest(hash.slot());
        let mut shard = self.shard(hash.slot()).lock();
        shard.entry(place(database, key)).or_default().watches.insert(watch.number, watch.clone());
        watch
    }

    /// Ends a watch.
    pub fn unwatch(&self, hooks: &Hooks, watch: &Watch) {
        hooks.end_interest(watch.hash.slot());
        let place = place(watch.database, &watch.key);
        let mut shard = self.shard(watch.hash.slot()).lock();
        if let Some(interest) = shard.get_mut(&place) {
            interest.watches.remove(&watch.number);
            if interest.is_empty() {
                shard.remove(&place);
            }
        }
    }

    /// Has a client wait for its keys, whose slots must be locked.
    pub fn wait(&self, hooks: &Hooks, waiter: &Arc<Waiter>) {
        for (key, hash) in &waiter.keys {
            let mut shard = self.shard(hash.slot()).lock();
            let interest = shard.entry(place(waiter.database, key)).or_default();
            if interest.waiters.is_empty() {
                self.waiting_keys.fetch_add(1, Relaxed);
            }
            if interest.waiters.insert(waiter.number, waiter.clone()).is_none() {
                hooks.add_interest(hash.slot());
            }
        }
    }

    /// A number for a watch or a waiter: later ones wait behind it.
    pub fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Relaxed)
    }

    /// Ends a client's wait.
    pub fn end_wait(&self, hooks: &Hooks, waiter: &Waiter) {
        for (key, hash) in &waiter.keys {
            let place = place(waiter.database, key);
            let mut shard = self.shard(hash.slot()).lock();
            let Some(interest) = shard.get_mut(&place) else { continue };
            if interest.waiters.remove(&waiter.number).is_none() {
                continue;
            }
            hooks.end_interest(hash.slot());
            if interest.waiters.is_empty() {
                self.waiting_keys.fetch_sub(1, Relaxed);
                if interest.is_empty() {
                    shard.remove(&place);
                }
            }
        }
    }

    /// The client that waits for a key behind number `after`, the one that has waited longest.
    pub fn next_waiter(&self, database: usize, key: &[u8], slot: Slot, after: Option<u64>) -> Option<Arc<Waiter>> {
        let shard = self.shard(slot).lock();
        let waiters = &shard.get(&place(database, key))?.waiters;
        let from = after.map_or(0, |after| after + 1);
        waiters.range(from..).next().map(|(_, waiter)| waiter.clone())
    }

    /// All keys of a database that clients wait for.
    pub fn waited_for(&self, database: usize) -> Vec<Box<[u8]>> {
        self.keys_of(database, |interest| !interest.waiters.is_empty())
    }

    /// All watches of a database.
    pub fn watches(&self, database: usize) -> Vec<Arc<Watch>> {
        let mut found = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            let of_database = shard.iter().filter(|(place, _)| usize::from(place[0]) == database);
            found.extend(of_database.flat_map(|(_, interest)| interest.watches.values().cloned()));
        }
        found
    }

    fn keys_of(&self, database: usize, which: impl Fn(&Interest) -> bool) -> Vec<Box<[u8]>> {
        let mut found = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            let wanted = shard.iter().filter(|(place, interest)| usize::from(place[0]) == database && which(interest));
            found.extend(wanted.map(|(place, _)| Box::from(&place[1..])));
        }
        found
    }
}

impl Observer for Interests {
    fn changed(&self, change: Change<'_>) -> bool {
        let shard = self.shard(change.key.slot()).lock();
        let interest = shard.get(&place(change.database, change.key.bytes()));
        if let Some(interest) = interest {
            let gone = matches!(change.name, "del" | "expired" | "evicted");
            interest.watches.values().for_each(|watch| watch.touch(gone));
        }
        self.follow_all.load(Relaxed) || interest.is_some_and(|interest| !interest.waiters.is_empty())
    }
}
