//! A database's slots: each a [`Table`] behind a lock, with what is known of it without the lock, in one cache
//! line.
//!
//! Why not a sharded map (dashmap, which this replaced, with a slot as a shard): its shards are padded to two
//! lines, its tables double, and a look-up touches control bytes and bucket apart. Measured beside it in
//! [`super::table`]; the fixed cost of a database went from 2.4 MB to 1 MB.

use super::counters::Lanes;
use super::key::KeyHash;
use super::table::{self, Outline, Table};
use crate::slot::Slot;
use parking_lot::{Mutex, MutexGuard};
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};

/// One slot of a database. One cache line: a look-up that has its bucket needs nothing else of it.
#[repr(align(64))]
struct Cell {
    table: Mutex<Table>,
    meta: SlotMeta,
    /// The table's [`Outline`], as [`pack`] lays it out: where to prefetch from without the lock.
    outline: AtomicU64,
}

/// What is known of a slot besides its table. Changed only under the slot's lock; read without it for statistics.
pub(super) struct SlotMeta {
    /// No key or field expires before this, unix ms; `i64::MAX`: nothing expires.
    pub(super) next_expiry_ms: AtomicI64,
    /// Keys with an expiry.
    volatile: AtomicU32,
}

impl SlotMeta {
    /// Keys with an expiry.
    pub(super) fn volatile(&self) -> u32 {
        self.volatile.load(Relaxed)
    }
}

/// The slots of a database.
pub(super) struct Slots {
    cells: Box<[Cell]>,
    /// Keys, and keys with an expiry.
    counts: Lanes<2>,
    /// Nothing in the database expires before this, unix ms: what makes a sweep over a quiet one cost nothing.
    pub(super) next_expiry_ms: AtomicI64,
}

const KEYS: usize = 0;
const VOLATILE: usize = 1;

/// A locked slot.
pub(super) struct Guard<'a> {
    slots: &'a Slots,
    cell: &'a Cell,
    table: MutexGuard<'a, Table>,
    /// Its keys when it was locked.
    keys: usize,
}

const ADDRESS_BITS: u32 = 42;

/// The line number of the address (48 bits less the 6 of a line) below the number of buckets; 0 for what does
/// not fit.
fn pack(outline: Outline) -> u64 {
    let line = outline.address as u64 >> 6;
    let fits = line < 1 << ADDRESS_BITS && u64::from(outline.buckets) < 1 << (64 - ADDRESS_BITS);
    if fits { line | u64::from(outline.buckets) << ADDRESS_BITS } else { 0 }
}

fn unpack(packed: u64) -> Outline {
    let address = (packed & ((1 << ADDRESS_BITS) - 1)) << 6;
    Outline { address: address as usize, buckets: (packed >> ADDRESS_BITS) as u32 }
}

impl Slots {
    pub(super) fn new() -> Slots {
        let empty = |_| Cell {
            table: Mutex::default(),
            meta: SlotMeta { next_expiry_ms: AtomicI64::new(i64::MAX), volatile: AtomicU32::new(0) },
            outline: AtomicU64::new(0),
        };
        Slots {
            cells: (0..Slot::COUNT).map(empty).collect(),
            counts: Lanes::default(),
            next_expiry_ms: AtomicI64::new(i64::MAX),
        }
    }

    #[inline]
    fn guard<'a>(&'a self, cell: &'a Cell, table: MutexGuard<'a, Table>) -> Guard<'a> {
        let keys = table.len();
        Guard { slots: self, cell, table, keys }
    }

    /// Locks a slot.
    #[inline]
    pub(super) fn lock(&self, slot: Slot) -> Guard<'_> {
        let cell = &self.cells[slot.index()];
        self.guard(cell, cell.table.lock())
    }

    #[inline]
    pub(super) fn meta(&self, slot: Slot) -> &SlotMeta {
        &self.cells[slot.index()].meta
    }

    /// Keys in all slots. O(1).
    pub(super) fn keys(&self) -> usize {
        usize::try_from(self.counts.sum(KEYS)).unwrap_or(0)
    }

    /// Keys with an expiry in all slots. O(1).
    pub(super) fn volatile(&self) -> usize {
        usize::try_from(self.counts.sum(VOLATILE)).unwrap_or(0)
    }

    /// Keys of a slot, or those of them with an expiry.
    pub(super) fn count(&self, slot: Slot, volatile: bool) -> u32 {
        if volatile { self.meta(slot).volatile() } else { u32::try_from(self.lock(slot).len()).unwrap_or(u32::MAX) }
    }

    /// Notes that something in a slot expires at `at_ms`. The slot's lock must be held.
    #[inline]
    pub(super) fn note_expiry(&self, slot: Slot, at_ms: i64) {
        let meta = self.meta(slot);
        if at_ms < meta.next_expiry_ms.load(Relaxed) {
            meta.next_expiry_ms.store(at_ms, Relaxed);
        }
        // Seldom true: most expiries are later than the earliest.
        if at_ms < self.next_expiry_ms.load(Relaxed) {
            self.next_expiry_ms.fetch_min(at_ms, Relaxed);
        }
    }

    /// Counts a key that had an expiry `before` and has one `after`. The slot's lock must be held.
    #[inline]
    pub(super) fn count_volatile(&self, slot: Slot, before: bool, after: bool) {
        if before != after {
            let meta = self.meta(slot);
            self.set_volatile(meta, meta.volatile() + u32::from(after) - u32::from(before));
        }
    }

    fn set_volatile(&self, meta: &SlotMeta, count: u32) {
        let before = meta.volatile.load(Relaxed);
        meta.volatile.store(count, Relaxed);
        self.counts.add(VOLATILE, i64::from(count) - i64::from(before));
    }

    /// Asks for the cache lines of these keys' slots.
    #[inline]
    pub(super) fn prefetch_slots(&self, keys: impl Iterator<Item = KeyHash>) {
        for hash in keys {
            table::prefetch(std::ptr::from_ref(&self.cells[hash.slot().index()]).cast());
        }
    }

    /// Asks for the cache lines of these keys' buckets and then of their entries, two passes, so that the misses of
    /// all keys overlap.
    #[inline]
    pub(super) fn prefetch_entries(&self, keys: impl Iterator<Item = KeyHash> + Clone) {
        for hash in keys.clone() {
            let outline = unpack(self.cells[hash.slot().index()].outline.load(Relaxed));
            table::prefetch_bucket(outline, hash);
        }
        for hash in keys {
            // A slot that another thread works on is not worth waiting for.
            if let Some(table) = self.cells[hash.slot().index()].table.try_lock() {
                table::prefetch_entry(&table, hash);
            }
        }
    }

    /// Asks for the rest of long values, whose entries are in the cache by now.
    pub(super) fn prefetch_values(&self, keys: impl Iterator<Item = KeyHash>) {
        for hash in keys {
            if let Some(table) = self.cells[hash.slot().index()].table.try_lock() {
                table::prefetch_value(&table, hash);
            }
        }
    }
}

impl Guard<'_> {
    /// Takes all keys out of the slot.
    pub(super) fn take(&mut self) -> Table {
        self.set_expiries(0, i64::MAX);
        self.table.take()
    }

    /// Says anew how many keys have an expiry and when the first is due, unix ms.
    pub(super) fn set_expiries(&mut self, volatile: u32, next_expiry_ms: i64) {
        self.slots.set_volatile(&self.cell.meta, volatile);
        self.cell.meta.next_expiry_ms.store(next_expiry_ms, Relaxed);
    }
}

impl Deref for Guard<'_> {
    type Target = Table;
    #[inline]
    fn deref(&self) -> &Table {
        &self.table
    }
}

impl DerefMut for Guard<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Table {
        &mut self.table
    }
}

impl Drop for Guard<'_> {
    #[inline]
    fn drop(&mut self) {
        let keys = self.table.len();
        if keys != self.keys {
            self.slots.counts.add(KEYS, keys as i64 - self.keys as i64);
            // Only another number of keys makes the table take other buckets.
            self.cell.outline.store(pack(self.table.outline()), Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::Entry;
    use super::super::key::Key;
    use super::*;

    #[test]
    fn a_slot_is_one_cache_line() {
        assert_eq!((size_of::<Cell>(), align_of::<Cell>()), (64, 64));
    }

    #[test]
    fn an_outline_survives_packing_or_is_dropped() {
        for (address, buckets) in [(0, 0), (0x7fff_ffff_ffc0, 1), (64, (1 << 22) - 1)] {
            let unpacked = unpack(pack(Outline { address, buckets }));
            assert_eq!((unpacked.address, unpacked.buckets), (address, buckets));
        }
        assert_eq!(pack(Outline { address: 64, buckets: 1 << 22 }), 0);
        assert_eq!(pack(Outline { address: 1 << 48, buckets: 1 }), 0);
    }

    #[test]
    fn keys_are_counted_when_a_slot_is_let_go() {
        let slots = Slots::new();
        let slot = Slot::of(b"t");
        let insert = |name: &str| {
            let key = Key::new(name.as_bytes());
            table::insert(&mut slots.lock(slot), key.hash(), Entry::int(key.bytes(), 1, None));
        };
        insert("{t}1");
        insert("{t}2");
        slots.count_volatile(slot, false, true);
        assert_eq!((slots.keys(), slots.volatile()), (2, 1));
        table::remove(&mut slots.lock(slot), Key::new(b"{t}1"));
        assert_eq!(slots.keys(), 1);
        assert_eq!(slots.lock(slot).take().len(), 1);
        assert_eq!((slots.keys(), slots.volatile()), (0, 0));
    }

    #[test]
    fn prefetching_touches_no_locked_slot_and_needs_no_key() {
        let slots = Slots::new();
        let hash = Key::new(b"t").hash();
        let held = slots.lock(hash.slot());
        slots.prefetch_slots([hash].into_iter());
        slots.prefetch_entries([hash, hash].into_iter());
        slots.prefetch_values([hash].into_iter());
        drop(held);
        slots.prefetch_entries([hash].into_iter());
        slots.prefetch_values([hash].into_iter());
    }
}
