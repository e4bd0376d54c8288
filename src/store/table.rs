//! One slot's table: the look-ups, walks and prefetches that the store needs of `hashbrown`'s raw table.
//!
//! Prefetching is what a pipelined request costs least by: all keys of a batch are hashed, then every bucket is
//! touched, then every entry, then the commands run and find their lines in the cache. Measured in the layout
//! of [`super::entry`]: 0.75 → 0.30 µs per GET at a pipeline of 64.

#![allow(unsafe_code)]

use super::entry::Entry;
use super::key::{Key, KeyHash};
use dashmap::SharedValue;

/// A slot's table as the map keeps it.
pub(super) type Table = hashbrown::raw::RawTable<(Entry, SharedValue<()>)>;

#[inline]
pub(super) fn find<'t>(table: &'t Table, key: Key<'_>) -> Option<&'t Entry> {
    table.get(key.hash().bits(), |(entry, _)| entry.key() == key.bytes()).map(|(entry, _)| entry)
}

/// The place of a key's entry: one probe of the table, after which [`at`] and [`at_mut`] cost none.
#[inline]
pub(super) fn place_of(table: &Table, key: Key<'_>) -> Option<usize> {
    let bucket = table.find(key.hash().bits(), |(entry, _)| entry.key() == key.bytes())?;
    // SAFETY: the bucket was just found in this table.
    Some(unsafe { table.bucket_index(&bucket) })
}

/// Adds an entry whose key is not there. True when the table had to be rehashed: places have changed.
pub(super) fn insert(table: &mut Table, hash: KeyHash, entry: Entry) -> bool {
    let full = table.len() == table.capacity();
    table.insert(hash.bits(), (entry, SharedValue::new(())), |(entry, _)| KeyHash::of(entry.key()).bits());
    full
}

pub(super) fn remove(table: &mut Table, key: Key<'_>) -> Option<Entry> {
    table.remove_entry(key.hash().bits(), |(entry, _)| entry.key() == key.bytes()).map(|(entry, _)| entry)
}

/// Number of places an index can name: a power of two, or 0 for a table that never held anything.
pub(super) fn places(table: &Table) -> usize {
    if table.capacity() == 0 { 0 } else { table.buckets() }
}

/// The entry at a place below [`places`], if any.
pub(super) fn at(table: &Table, place: usize) -> Option<&Entry> {
    assert!(place < places(table));
    // SAFETY: the place is below the number of buckets, checked above; `bucket` is read only when it is full;
    // the reference lives no longer than the borrow of the table, so nothing moves or removes it.
    unsafe { table.is_bucket_full(place).then(|| &table.bucket(place).as_ref().0) }
}

/// The entry at a place that [`place_of`] told, to change.
///
/// # Panics
///
/// When the place is empty: places hold only until the table changes.
#[inline]
pub(super) fn at_mut(table: &mut Table, place: usize) -> &mut Entry {
    assert!(place < places(table));
    // SAFETY: the place is below the number of buckets, and full, both checked; the reference borrows the table
    // exclusively.
    unsafe {
        assert!(table.is_bucket_full(place));
        &mut table.bucket(place).as_mut().0
    }
}

/// All entries, in no order.
pub(super) fn iter(table: &Table) -> impl Iterator<Item = &Entry> {
    // SAFETY: the iterator borrows the table (its lifetime is in the item type), so the table neither moves nor
    // changes while it lives.
    unsafe { table.iter().map(|bucket| &bucket.as_ref().0) }
}

/// Removes the entries for which `keep` says no, handing each to `removed`.
pub(super) fn retain(table: &mut Table, mut keep: impl FnMut(&mut Entry) -> bool, mut removed: impl FnMut(Entry)) {
    // SAFETY: the raw iterator allows erasing the bucket it just yielded; nothing is inserted meanwhile; each
    // bucket is referenced only until the next step.
    unsafe {
        for bucket in table.iter() {
            if !keep(&mut bucket.as_mut().0) {
                removed(table.remove(bucket).0.0);
            }
        }
    }
}

/// Asks for the cache lines of the control byte and bucket that a look-up of `hash` touches first.
#[inline(always)]
pub(super) fn prefetch_bucket(table: &Table, hash: KeyHash) {
    if places(table) == 0 {
        return;
    }
    let place = hash.bits() as usize & (table.buckets() - 1);
    // SAFETY: the table has buckets; `place` is below the number of buckets; the addresses are only computed and prefetched, never read.
    // The control bytes stand behind the data, one per bucket.
    unsafe {
        prefetch(table.bucket(place).as_ptr().cast::<u8>());
        prefetch(table.data_end().as_ptr().cast::<u8>().add(place));
    }
}

/// Asks for the first lines of the entry that a look-up of `hash` meets first.
#[inline(always)]
pub(super) fn prefetch_entry(table: &Table, hash: KeyHash) {
    table.get(hash.bits(), |(entry, _)| {
        prefetch(entry.address());
        prefetch(entry.address().wrapping_add(64));
        true
    });
}

/// Asks for the cache line at an address, which need not be valid.
#[inline(always)]
pub(super) fn prefetch(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch is a hint: it never faults and reads nothing into the program, whatever the address.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_walks_name_every_entry_once() {
        let mut table = Table::new();
        assert_eq!(places(&table), 0);
        let mut rehashes = 0;
        for number in 0..500u32 {
            let key = number.to_string();
            let key = Key::new(key.as_bytes());
            rehashes += usize::from(insert(&mut table, key.hash(), Entry::int(key.bytes(), number.into(), None)));
        }
        assert!((4..12).contains(&rehashes));
        assert_eq!(iter(&table).count(), 500);
        assert_eq!((0..places(&table)).filter(|place| at(&table, *place).is_some()).count(), 500);
        let mut gone = 0;
        retain(&mut table, |entry| entry.key().len() < 3, |_| gone += 1);
        assert_eq!((gone, table.len()), (400, 100));
        assert!(find(&table, Key::new(b"99")).is_some() && find(&table, Key::new(b"100")).is_none());
        assert!(remove(&mut table, Key::new(b"99")).is_some() && remove(&mut table, Key::new(b"99")).is_none());
    }
}
