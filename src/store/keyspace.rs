//! The keyspace: numbered databases, each one map with a shard per slot. The only module that knows DashMap.
//!
//! One `DashMap` per database with 16,384 shards: the slot's bits of a [`KeyHash`] are the bits the map takes as
//! the shard, so a slot *is* a shard. One lock covers all keys of a slot (multi-key commands inside a slot take
//! exactly one), a rehash is one slot's rehash, and threads meet only on the same slot.
//!
//! A database costs about 2.4 MiB empty; those never selected are never made.

use super::counters::{Counter, Counters};
use super::entry::Entry;
use super::key::KeyHash;
use super::table::{self, Table};
use crate::slot::Slot;
use dashmap::{DashMap, RwLockWriteGuard};
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock};

/// A locked slot's table.
pub(super) type Guard<'a> = RwLockWriteGuard<'a, Table>;

/// Most databases a keyspace can have.
pub const DATABASES_MAX: usize = 128;

/// All keys of a node.
pub struct Keyspace {
    databases: Box<[OnceLock<Database>]>,
    /// Which of `databases` a client's number means; SWAPDB exchanges two.
    places: Box<[AtomicU8]>,
    swap: Mutex<()>,
    /// What happened to keys, for INFO.
    pub counters: Counters,
}

/// One database.
pub(super) struct Database {
    map: DashMap<Entry, (), SlotHasher>,
    slots: Box<[SlotMeta]>,
    /// Nothing in the database expires before this, unix ms: what makes a sweep over a quiet one cost nothing.
    next_expiry_ms: AtomicI64,
}

/// What is known of a slot besides its table. Changed only under the slot's lock; read without it for statistics.
#[derive(Default)]
pub(super) struct SlotMeta {
    /// Keys with an expiry.
    volatile: AtomicU32,
    /// How often the table's places changed; SCAN starts a slot again when this moved.
    pub(super) rehashes: AtomicU32,
    /// No key or field expires before this, unix ms; `i64::MAX`: nothing expires.
    next_expiry_ms: AtomicI64,
}

impl SlotMeta {
    fn note_expiry(&self, at_ms: i64) {
        if at_ms < self.next_expiry_ms.load(Relaxed) {
            self.next_expiry_ms.store(at_ms, Relaxed);
        }
    }

    pub(super) fn count_volatile(&self, before: bool, after: bool) {
        let count = self.volatile.load(Relaxed);
        self.volatile.store(count + u32::from(after) - u32::from(before), Relaxed);
    }

    fn reset(&self) {
        self.volatile.store(0, Relaxed);
        self.next_expiry_ms.store(i64::MAX, Relaxed);
        self.rehashes.store(self.rehashes.load(Relaxed).wrapping_add(1), Relaxed);
    }
}

/// Hashes entries so that the map's shard is the key's slot.
#[derive(Clone, Default)]
pub(super) struct SlotHasher;

/// Takes the one `write_u64` that [`Entry`]'s `Hash` makes.
pub(super) struct PassThrough(u64);

impl Hasher for PassThrough {
    fn write(&mut self, _: &[u8]) {
        debug_assert!(false, "entries hash themselves to one u64");
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

impl BuildHasher for SlotHasher {
    type Hasher = PassThrough;
    fn build_hasher(&self) -> PassThrough {
        PassThrough(0)
    }
}

impl Hash for Entry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(KeyHash::of(self.key()).bits());
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

impl Database {
    fn new() -> Database {
        let slots = (0..Slot::COUNT)
            .map(|_| SlotMeta { next_expiry_ms: AtomicI64::new(i64::MAX), ..SlotMeta::default() })
            .collect();
        let map = DashMap::with_capacity_and_hasher_and_shard_amount(0, SlotHasher, Slot::COUNT);
        Database { map, slots, next_expiry_ms: AtomicI64::new(i64::MAX) }
    }

    /// Notes that something in a slot expires at `at_ms`. The slot's lock must be held.
    #[inline]
    pub(super) fn note_expiry(&self, slot: Slot, at_ms: i64) {
        self.meta(slot).note_expiry(at_ms);
        // Seldom true: most expiries are later than the earliest.
        if at_ms < self.next_expiry_ms.load(Relaxed) {
            self.next_expiry_ms.fetch_min(at_ms, Relaxed);
        }
    }

    #[inline]
    pub(super) fn lock(&self, slot: Slot) -> Guard<'_> {
        self.map.shards()[slot.index()].write()
    }

    #[inline]
    pub(super) fn meta(&self, slot: Slot) -> &SlotMeta {
        &self.slots[slot.index()]
    }

    /// Takes all keys out of a slot; the caller drops them, outside the lock.
    #[must_use]
    fn take(&self, slot: Slot) -> Table {
        let mut table = self.lock(slot);
        self.meta(slot).reset();
        std::mem::take(&mut *table)
    }
}

/// What a FLUSH took out of the keyspace: still in memory until dropped. O(keys) to drop.
pub struct Flushed(Vec<Table>);

impl Flushed {
    /// Number of keys in it.
    pub fn keys(&self) -> usize {
        self.0.iter().map(Table::len).sum()
    }
}

/// Keys of a database, as INFO tells them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DatabaseSize {
    /// All keys, those expired but not yet removed among them.
    pub keys: usize,
    /// Keys with an expiry.
    pub volatile: usize,
}

impl Keyspace {
    /// An empty keyspace of `databases` (1 to [`DATABASES_MAX`]).
    pub fn new(databases: usize) -> Keyspace {
        let count = databases.clamp(1, DATABASES_MAX);
        Keyspace {
            databases: (0..count).map(|_| OnceLock::new()).collect(),
            places: (0..count).map(|place| AtomicU8::new(place as u8)).collect(),
            swap: Mutex::new(()),
            counters: Counters::default(),
        }
    }

    /// Number of databases, made or not.
    pub fn databases(&self) -> usize {
        self.databases.len()
    }

    /// Begins a sweep of [`expire_slot`](Self::expire_slot) over a database, unless nothing in it is due. O(1).
    pub fn begin_sweep(&self, database: usize, now_ms: i64) -> bool {
        let Some(database) = self.made(database) else { return false };
        if database.next_expiry_ms.load(Relaxed) > now_ms {
            return false;
        }
        // Expiries noted from here on lower it again; what the slots hold is added at the end.
        database.next_expiry_ms.store(i64::MAX, Relaxed);
        true
    }

    /// Ends a sweep. O(slots).
    pub fn end_sweep(&self, database: usize) {
        let Some(database) = self.made(database) else { return };
        let next_ms = database.slots.iter().map(|slot| slot.next_expiry_ms.load(Relaxed)).min().unwrap_or(i64::MAX);
        database.next_expiry_ms.fetch_min(next_ms, Relaxed);
    }

    /// Which place a client's database number means now.
    #[inline]
    pub(super) fn place(&self, database: usize) -> usize {
        usize::from(self.places[database].load(Relaxed))
    }

    #[inline]
    pub(super) fn at_place(&self, place: usize) -> &Database {
        self.databases[place].get_or_init(Database::new)
    }

    fn made(&self, database: usize) -> Option<&Database> {
        self.databases[self.place(database)].get()
    }

    /// Exchanges the contents of two databases for everybody, at once. Both must be below
    /// [`databases`](Self::databases).
    pub fn swap(&self, first: usize, second: usize) {
        let _one_at_a_time = self.swap.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let place = self.places[first].load(Relaxed);
        self.places[first].store(self.places[second].load(Relaxed), Relaxed);
        self.places[second].store(place, Relaxed);
    }

    /// Counts a database's keys. O(slots), whatever it holds.
    pub fn size(&self, database: usize) -> DatabaseSize {
        let Some(database) = self.made(database) else { return DatabaseSize::default() };
        let mut size = DatabaseSize::default();
        for (shard, meta) in database.map.shards().iter().zip(&database.slots) {
            size.keys += shard.read().len();
            size.volatile += meta.volatile.load(Relaxed) as usize;
        }
        size
    }

    /// Counts the keys of one slot.
    pub fn slot_len(&self, database: usize, slot: Slot) -> usize {
        self.made(database).map_or(0, |database| database.map.shards()[slot.index()].read().len())
    }

    /// Takes and drops a slot's lock: whoever held it before has let go of it when this returns.
    pub fn pass_lock(&self, database: usize, slot: Slot) {
        if let Some(database) = self.made(database) {
            drop(database.lock(slot));
        }
    }

    /// Up to `count` keys of one slot. O(count).
    pub fn slot_keys(&self, database: usize, slot: Slot, count: usize) -> Vec<Box<[u8]>> {
        let Some(database) = self.made(database) else { return Vec::new() };
        let table = database.map.shards()[slot.index()].read();
        table::iter(&table).take(count).map(|entry| entry.key().into()).collect()
    }

    /// Takes all keys out of a database. Each slot is emptied at once, one after another; O(slots).
    pub fn flush(&self, database: usize) -> Flushed {
        let mut tables = Vec::new();
        if let Some(database) = self.made(database) {
            tables.extend(Slot::all().map(|slot| database.take(slot)).filter(|table| !table.is_empty()));
        }
        Flushed(tables)
    }

    /// Takes all keys out of one slot.
    pub fn flush_slot(&self, database: usize, slot: Slot) -> Flushed {
        Flushed(self.made(database).map(|database| vec![database.take(slot)]).unwrap_or_default())
    }

    /// Asks for the cache lines that running a batch of requests on these keys will touch. Three passes, so that
    /// the misses of all keys overlap.
    #[inline]
    pub fn prefetch(&self, database: usize, keys: impl Iterator<Item = KeyHash> + Clone) {
        let Some(database) = self.made(database) else { return };
        let shards = database.map.shards();
        for hash in keys.clone() {
            table::prefetch(std::ptr::from_ref(&shards[hash.slot().index()]).cast());
        }
        for hash in keys.clone() {
            table::prefetch_bucket(&shards[hash.slot().index()].read(), hash);
        }
        for hash in keys {
            table::prefetch_entry(&shards[hash.slot().index()].read(), hash);
        }
    }

    /// Removes what has expired in one slot of one database, fields of hashes included, if anything can have.
    /// Returns the number of keys removed. O(keys of the slot) when something has, else O(1).
    pub fn expire_slot(&self, database: usize, slot: Slot, now_ms: i64) -> usize {
        let Some(database) = self.made(database) else { return 0 };
        let meta = database.meta(slot);
        if meta.next_expiry_ms.load(Relaxed) > now_ms {
            return 0;
        }
        let mut dead = Vec::new();
        let mut table = database.lock(slot);
        let mut next_ms = i64::MAX;
        let mut volatile = 0;
        table::retain(
            &mut table,
            |entry| {
                let expiry_ms = entry.expiry_ms();
                if expiry_ms.is_some_and(|at| at <= now_ms) {
                    return false;
                }
                let field_ms = entry.as_object_mut().and_then(|object| object.expire_fields(now_ms));
                if entry.as_object().is_some_and(|object| object.is_empty()) {
                    return false;
                }
                volatile += u32::from(expiry_ms.is_some());
                next_ms = next_ms.min(expiry_ms.unwrap_or(i64::MAX)).min(field_ms.unwrap_or(i64::MAX));
                true
            },
            |entry| dead.push(entry),
        );
        meta.next_expiry_ms.store(next_ms, Relaxed);
        meta.volatile.store(volatile, Relaxed);
        drop(table);
        self.counters.add(Counter::ExpiredKeys, dead.len() as u64);
        dead.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Key, Locks, Ttl, Tx};
    use super::*;

    fn set(keyspace: &Keyspace, database: usize, key: &str, ttl: Ttl) {
        let key = Key::new(key.as_bytes());
        Tx::new(keyspace, database, 1000, Locks::Slot(key.slot())).set_string(key, b"v", ttl);
    }

    #[test]
    fn a_slot_is_a_shard_of_the_map() {
        let database = Database::new();
        for number in 0..1000u32 {
            let entry = Entry::int(number.to_string().as_bytes(), 0, None);
            let slot = Slot::of(entry.key());
            assert_eq!(database.map.determine_shard(database.map.hash_usize(&entry)), slot.index());
        }
    }

    #[test]
    fn databases_are_separate_until_swapped() {
        let keyspace = Keyspace::new(16);
        set(&keyspace, 0, "a", Ttl::Clear);
        set(&keyspace, 0, "b", Ttl::At(5000));
        set(&keyspace, 3, "c", Ttl::Clear);
        assert_eq!(keyspace.size(0), DatabaseSize { keys: 2, volatile: 1 });
        keyspace.swap(0, 3);
        assert_eq!(keyspace.size(0), DatabaseSize { keys: 1, volatile: 0 });
        assert_eq!(keyspace.size(3), DatabaseSize { keys: 2, volatile: 1 });
        assert_eq!(keyspace.flush(3).keys(), 2);
        assert_eq!(keyspace.size(3), DatabaseSize::default());
    }

    #[test]
    fn expiry_removes_only_what_is_due() {
        let keyspace = Keyspace::new(1);
        set(&keyspace, 0, "{t}1", Ttl::At(2000));
        set(&keyspace, 0, "{t}2", Ttl::At(3000));
        set(&keyspace, 0, "{t}3", Ttl::Clear);
        let slot = Slot::of(b"t");
        assert!(!keyspace.begin_sweep(0, 1999) && keyspace.begin_sweep(0, 2000));
        assert_eq!(keyspace.expire_slot(0, slot, 1999), 0);
        assert_eq!(keyspace.expire_slot(0, slot, 2000), 1);
        keyspace.end_sweep(0);
        assert!(!keyspace.begin_sweep(0, 2999) && keyspace.begin_sweep(0, 3000));
        assert_eq!(keyspace.expire_slot(0, slot, 2500), 0);
        assert_eq!(keyspace.expire_slot(0, slot, 3000), 1);
        assert_eq!(keyspace.size(0), DatabaseSize { keys: 1, volatile: 0 });
    }
}
