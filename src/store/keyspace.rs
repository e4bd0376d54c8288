//! The keyspace: numbered databases, each 16,384 slots with a table and a lock of their own.
//!
//! One lock covers all keys of a slot (multi-key commands inside a slot take exactly one), a rehash is one slot's
//! rehash, and threads meet only on the same slot.
//!
//! A database costs 1 MiB empty; those never selected are never made.

use super::counters::Counters;
use super::hooks::Hooks;
use super::key::KeyHash;
use super::slot_table::{Guard, Slots};
use super::table::{self, Table};
use crate::slot::Slot;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock};

/// Most databases a keyspace can have.
pub const DATABASES_MAX: usize = 128;

/// All keys of a node.
pub struct Keyspace {
    databases: Box<[OnceLock<Slots>]>,
    /// Which of `databases` a client's number means; SWAPDB exchanges two.
    places: Box<[AtomicU8]>,
    swap: Mutex<()>,
    /// What happened to keys, for INFO.
    pub counters: Counters,
    /// Who wants to know of changes.
    pub hooks: Hooks,
}

/// What a FLUSH took out of the keyspace: still in memory until dropped. O(keys) to drop.
pub struct Flushed(pub(super) Vec<Table>);

impl Flushed {
    /// Number of keys in it.
    pub fn keys(&self) -> usize {
        self.0.iter().map(Table::len).sum()
    }
}

/// A slot that stays locked over several commands; see [`Tx::in_slot`](super::Tx::in_slot).
pub struct SlotLock<'a> {
    place: usize,
    slot: Slot,
    guard: Guard<'a>,
}

impl SlotLock<'_> {
    /// Which slot it is.
    #[inline]
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// Is it this slot of the database that `database` means now?
    #[inline]
    pub fn is_of(&self, keyspace: &Keyspace, database: usize, slot: Slot) -> bool {
        self.slot == slot && self.place == keyspace.place(database)
    }

    #[inline]
    pub(super) fn parts(&mut self) -> (usize, Slot, &mut Table) {
        (self.place, self.slot, &mut self.guard)
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
        let made: Box<[OnceLock<Slots>]> = (0..count).map(|_| OnceLock::new()).collect();
        // The first is always used: what it costs shows from the start.
        made[0].get_or_init(Slots::new);
        Keyspace {
            databases: made,
            places: (0..count).map(|place| AtomicU8::new(place as u8)).collect(),
            swap: Mutex::new(()),
            counters: Counters::default(),
            hooks: Hooks::default(),
        }
    }

    /// Number of databases, made or not.
    pub fn databases(&self) -> usize {
        self.databases.len()
    }

    /// Which place a client's database number means now.
    #[inline]
    pub(super) fn place(&self, database: usize) -> usize {
        usize::from(self.places[database].load(Relaxed))
    }

    /// The number that clients know a place by now.
    pub fn number_of(&self, place: usize) -> usize {
        self.places.iter().position(|known| usize::from(known.load(Relaxed)) == place).unwrap_or(place)
    }

    #[inline]
    pub(super) fn at_place(&self, place: usize) -> &Slots {
        self.databases[place].get_or_init(Slots::new)
    }

    fn made(&self, database: usize) -> Option<&Slots> {
        self.made_at(self.place(database))
    }

    /// The database at a place, if it was ever used.
    pub(super) fn made_at(&self, place: usize) -> Option<&Slots> {
        self.databases[place].get()
    }

    /// Exchanges the contents of two databases for everybody, at once. Both must be below
    /// [`databases`](Self::databases).
    pub fn swap(&self, first: usize, second: usize) {
        let _one_at_a_time = self.swap.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let place = self.places[first].load(Relaxed);
        self.places[first].store(self.places[second].load(Relaxed), Relaxed);
        self.places[second].store(place, Relaxed);
    }

    /// Counts a database's keys. O(1).
    pub fn size(&self, database: usize) -> DatabaseSize {
        let Some(database) = self.made(database) else { return DatabaseSize::default() };
        DatabaseSize { keys: database.keys(), volatile: database.volatile() }
    }

    /// Counts the keys of one slot.
    pub fn slot_len(&self, database: usize, slot: Slot) -> usize {
        self.made(database).map_or(0, |database| database.lock(slot).len())
    }

    /// Locks a slot.
    #[inline]
    pub fn lock_slot(&self, database: usize, slot: Slot) -> SlotLock<'_> {
        let place = self.place(database);
        SlotLock { place, slot, guard: self.at_place(place).lock(slot) }
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
        let table = database.lock(slot);
        table::iter(&table).take(count).map(|entry| entry.key().into()).collect()
    }

    /// Takes all keys out of a database. Each slot is emptied at once, one after another; O(slots).
    pub fn flush(&self, database: usize) -> Flushed {
        let mut tables = Vec::new();
        if let Some(database) = self.made(database) {
            tables.extend(Slot::all().map(|slot| database.lock(slot).take()).filter(|table| !table.is_empty()));
        }
        Flushed(tables)
    }

    /// Takes all keys out of one slot.
    pub fn flush_slot(&self, database: usize, slot: Slot) -> Flushed {
        Flushed(self.made(database).map(|database| vec![database.lock(slot).take()]).unwrap_or_default())
    }

    /// The first of three passes that ask for the cache lines which running requests on these keys will touch: those
    /// of their slots. Pass by pass the misses of all keys overlap.
    #[inline]
    pub fn prefetch_slots(&self, database: usize, keys: impl Iterator<Item = KeyHash>) {
        if let Some(database) = self.made(database) {
            database.prefetch_slots(keys);
        }
    }

    /// The second and third pass: buckets and entries.
    #[inline]
    pub fn prefetch_entries(&self, database: usize, keys: impl Iterator<Item = KeyHash> + Clone) {
        if let Some(database) = self.made(database) {
            database.prefetch_entries(keys);
        }
    }

    /// One more pass, for values that are longer than two cache lines.
    #[inline]
    pub fn prefetch_values(&self, database: usize, keys: impl Iterator<Item = KeyHash>) {
        if let Some(database) = self.made(database) {
            database.prefetch_values(keys);
        }
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
}
