//! One slot's table: from a key to its [`Entry`], in as many cache lines as a look-up must touch.
//!
//! The table is an array of buckets of one cache line: seven entries (a pointer each), a byte of every entry's
//! hash, and a count of the entries that had to go on to the next bucket because this one was full. A look-up
//! that finds its key mostly reads the one bucket and the entry; one that does not, mostly the bucket alone.
//! The array grows by a third or a half at a time, not by doubling: slots fill alike, so with doubling all tables of
//! a keyspace are half empty at the same number of keys. Smaller steps would save a byte per key and move every key
//! twice as often.
//!
//! Measured in `used_memory` with keys of 16 B and values of 64 B, bytes per key for the table, its header
//! included: 20.0 at 1,000,000 keys for the power-of-two table this replaced (control bytes and buckets apart,
//! behind a sharded map); for this one 12.9, 12.4 and 12.2 at 700,000, 1,000,000 and 1,400,000 keys.
//!
//! A table of more than [`WHOLE_MOVE_MAX`] buckets (many keys with one hash tag) is not moved to a bigger array
//! at once but a few buckets with every change, so that no change waits for all: until the last bucket is moved
//! a key may stand in either array. Places number the old array's first, so that a walk that follows them meets
//! a moved entry again rather than never.

#![allow(unsafe_code)]

use super::entry::Entry;
use super::key::{Key, KeyHash};

const ENTRIES: usize = 7;
/// Binary logarithm of the places a bucket counts for: one more than it has, so that a place needs no division.
const PLACES_SHIFT: usize = 3;
const LINE_BYTES: usize = 64;
/// Lines of a long entry that are asked for ahead.
const PREFETCHED_LINES: usize = 18;
/// High bit of each of a bucket's seven tags: the tag's place holds an entry.
const OCCUPIED: u64 = 0x0080_8080_8080_8080;
/// Buckets in which an entry is looked for to be prefetched: the place of almost every one.
const PREFETCHED_BUCKETS: usize = 3;
const EACH: u64 = 0x0001_0101_0101_0101;
/// Where the count of entries that went on begins in a bucket's `meta`.
const PASSED_SHIFT: u32 = 56;
/// A count that reached this is no longer kept: look-ups go on past the bucket until it is rebuilt.
const PASSED_MAX: u64 = 255;
/// Tables of at most this many buckets move to another array at once: a few microseconds.
const WHOLE_MOVE_MAX: usize = 1024;
/// Buckets moved with a change. The array being filled has room for an eighth of the old one's entries at
/// least, and one bucket's worth of insertions moves seven times this.
const MOVED_PER_CHANGE: usize = 16;

/// One cache line.
#[repr(C, align(64))]
struct Bucket {
    /// Seven tags, the first in the lowest byte, and the number of entries that passed on.
    meta: u64,
    entries: [Option<Entry>; ENTRIES],
}

/// A slot's table.
#[derive(Default)]
pub(super) struct Table {
    buckets: Box<[Bucket]>,
    /// The array that is being left, and how many of its buckets are.
    old: Option<Box<Old>>,
    len: u32,
    /// How often places have changed; a walk over places starts again when this moved.
    rehashes: u32,
}

struct Old {
    buckets: Box<[Bucket]>,
    moved: usize,
}

/// The tag of a hash: its top seven bits, and the mark of an occupied place.
#[inline(always)]
fn tag(hash: KeyHash) -> u64 {
    hash.bits() >> 57 | 0x80
}

/// Where a hash belongs among `buckets`: its low 32 bits, scaled.
#[inline(always)]
fn home(bits: u64, buckets: usize) -> usize {
    ((bits & 0xFFFF_FFFF).wrapping_mul(buckets as u64) >> 32) as usize
}

fn buckets(count: usize) -> Box<[Bucket]> {
    // SAFETY: all zeros are a valid bucket: no tags, nothing passed on, and `None` of an `Entry`, which is a
    // transparent `NonNull`, is the null pointer. Asking for zeros costs nothing for a big array, where writing
    // them would be a pause that grows with the table.
    unsafe { Box::new_zeroed_slice(count).assume_init() }
}

impl Bucket {
    /// Marks the places whose tag is `tag`; of two matches the second may be wrong.
    #[inline(always)]
    fn matches(&self, tag: u64) -> u64 {
        let differing = self.meta ^ EACH.wrapping_mul(tag);
        differing.wrapping_sub(EACH) & !differing & OCCUPIED
    }

    #[inline(always)]
    fn passed(&self) -> u64 {
        self.meta >> PASSED_SHIFT
    }

    fn note_passed(&mut self) {
        if self.passed() < PASSED_MAX {
            self.meta += 1 << PASSED_SHIFT;
        }
    }

    fn note_unpassed(&mut self) {
        if self.passed() < PASSED_MAX {
            self.meta -= 1 << PASSED_SHIFT;
        }
    }

    fn take(&mut self, index: usize) -> Option<Entry> {
        self.meta &= !(0xFF << (8 * index));
        self.entries.get_mut(index)?.take()
    }
}

#[inline(always)]
fn place_in_word(matches: u64) -> usize {
    (matches.trailing_zeros() / 8) as usize
}

/// The place of a key in one array.
#[inline(always)]
fn find_in(buckets: &[Bucket], hash: KeyHash, key: &[u8]) -> Option<usize> {
    if buckets.is_empty() {
        return None;
    }
    let mut at = home(hash.bits(), buckets.len());
    // No entry is further from home than all buckets.
    for _ in 0..buckets.len() {
        let bucket = &buckets[at];
        let mut matches = bucket.matches(tag(hash));
        while matches != 0 {
            let index = place_in_word(matches);
            if bucket.entries[index].as_ref().is_some_and(|entry| entry.key() == key) {
                return Some(at << PLACES_SHIFT | index);
            }
            matches &= matches - 1;
        }
        if bucket.passed() == 0 {
            return None;
        }
        at = following(at, buckets.len());
    }
    None
}

#[inline(always)]
fn following(at: usize, buckets: usize) -> usize {
    if at + 1 == buckets { 0 } else { at + 1 }
}

/// Puts an entry into an array that has a free place.
fn put_in(buckets: &mut [Bucket], bits: u64, tag: u64, entry: Entry) {
    let count = buckets.len();
    let mut at = home(bits, count);
    loop {
        let bucket = &mut buckets[at];
        let free = !bucket.meta & OCCUPIED;
        if free != 0 {
            let index = place_in_word(free);
            bucket.meta |= tag << (8 * index);
            bucket.entries[index] = Some(entry);
            return;
        }
        bucket.note_passed();
        at = following(at, count);
    }
}

/// The bucket of a place, and the place in it.
#[inline(always)]
fn parts(place: usize) -> (usize, usize) {
    (place >> PLACES_SHIFT, place & ((1 << PLACES_SHIFT) - 1))
}

#[inline(always)]
fn entry_in(buckets: &[Bucket], place: usize) -> Option<&Entry> {
    let (bucket, index) = parts(place);
    buckets.get(bucket)?.entries.get(index)?.as_ref()
}

#[inline(always)]
fn entry_in_mut(buckets: &mut [Bucket], place: usize) -> Option<&mut Entry> {
    let (bucket, index) = parts(place);
    buckets.get_mut(bucket)?.entries.get_mut(index)?.as_mut()
}

/// Takes the entry out of a place of an array.
fn take_from(buckets: &mut [Bucket], place: usize) -> Option<Entry> {
    let (found, index) = parts(place);
    let entry = buckets.get_mut(found)?.take(index)?;
    let mut at = home(KeyHash::bucket_bits_of(entry.key()), buckets.len());
    while at != found {
        buckets[at].note_unpassed();
        at = following(at, buckets.len());
    }
    Some(entry)
}

/// Most entries that `buckets` take before they grow: a single bucket all it has, more seven eighths.
fn capacity(buckets: usize) -> usize {
    if buckets == 1 { ENTRIES } else { buckets * ENTRIES * 7 / 8 }
}

/// The next bigger array: 1, 2, 3, 4, 6, 8, 12, 16 … buckets, all of which fill a size class of the allocator.
fn bigger(buckets: usize) -> usize {
    match buckets {
        0..4 => buckets + 1,
        _ if buckets.is_power_of_two() => buckets / 2 * 3,
        _ => (buckets + 1).next_power_of_two(),
    }
}

/// The smallest array for `len` entries with room for half as many more.
fn fitting(len: usize) -> usize {
    let mut count = 1;
    while capacity(count) < len + len / 2 {
        count = bigger(count);
    }
    count
}

impl Table {
    /// Number of entries.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// True when it holds none.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Address and number of the buckets, for [`prefetch_bucket`].
    #[inline]
    pub(super) fn outline(&self) -> Outline {
        Outline { address: self.buckets.as_ptr().addr(), buckets: self.buckets.len() as u32 }
    }

    fn old_places(&self) -> usize {
        self.old.as_ref().map_or(0, |old| old.buckets.len() << PLACES_SHIFT)
    }

    /// How often the places have changed, modulo 2^32.
    pub(super) fn rehashes(&self) -> u32 {
        self.rehashes
    }

    /// Takes all entries, and leaves an empty table.
    pub(super) fn take(&mut self) -> Table {
        let rehashes = self.rehashes.wrapping_add(1);
        std::mem::replace(self, Table { rehashes, ..Table::default() })
    }

    /// Exchanges the array for one of `count` buckets: at once, or a few buckets with every change from now on.
    fn resize(&mut self, count: usize) {
        // Only if the array before was left too slowly is there still something to move.
        self.move_some(usize::MAX);
        let left = std::mem::replace(&mut self.buckets, buckets(count));
        let step = if left.len() <= WHOLE_MOVE_MAX { usize::MAX } else { 0 };
        self.old = Some(Box::new(Old { buckets: left, moved: 0 }));
        self.move_some(step);
    }

    /// Moves some buckets of an array that is being left.
    #[inline]
    fn move_some(&mut self, count: usize) {
        if self.old.is_some() {
            self.move_buckets(count);
        }
    }

    #[cold]
    fn move_buckets(&mut self, count: usize) {
        let Some(old) = &mut self.old else { return };
        let end = old.moved.saturating_add(count).min(old.buckets.len());
        let moving = &mut old.buckets[old.moved..end];
        // Their hashes are computed anew from keys that are mostly in no cache.
        for entry in moving.iter().flat_map(|bucket| &bucket.entries).flatten() {
            prefetch(entry.address());
        }
        for bucket in moving {
            for index in 0..ENTRIES {
                let tag = bucket.meta >> (8 * index) & 0xFF;
                if let Some(entry) = bucket.take(index) {
                    put_in(&mut self.buckets, KeyHash::bucket_bits_of(entry.key()), tag, entry);
                }
            }
        }
        old.moved = end;
        if end == old.buckets.len() {
            self.old = None;
            self.rehashes = self.rehashes.wrapping_add(1);
        }
    }

    /// Gives most of a nearly empty array back.
    fn shrink(&mut self) {
        if self.len == 0 {
            drop(self.take());
        } else if self.buckets.len() > 4 && self.len() * 8 < self.buckets.len() * ENTRIES && self.old.is_none() {
            self.resize(fitting(self.len()));
        }
    }
}

/// Where a table's buckets are: enough to say which cache line a look-up will need, without reading the table.
#[derive(Clone, Copy, Default)]
pub(super) struct Outline {
    pub(super) address: usize,
    pub(super) buckets: u32,
}

#[inline]
pub(super) fn find<'t>(table: &'t Table, key: Key<'_>) -> Option<&'t Entry> {
    place_of(table, key).and_then(|place| at(table, place))
}

/// The place of a key's entry: one probe of the table, after which [`at`] and [`at_mut`] cost none.
#[inline(always)]
pub(super) fn place_of(table: &Table, key: Key<'_>) -> Option<usize> {
    match &table.old {
        None => find_in(&table.buckets, key.hash(), key.bytes()),
        Some(old) => find_in(&table.buckets, key.hash(), key.bytes())
            .map(|place| place + (old.buckets.len() << PLACES_SHIFT))
            .or_else(|| find_in(&old.buckets, key.hash(), key.bytes())),
    }
}

/// Adds an entry whose key is not there.
pub(super) fn insert(table: &mut Table, hash: KeyHash, entry: Entry) {
    table.move_some(MOVED_PER_CHANGE);
    if table.len() >= capacity(table.buckets.len()) {
        table.resize(bigger(table.buckets.len()));
    }
    put_in(&mut table.buckets, hash.bits(), tag(hash), entry);
    table.len += 1;
}

/// Takes a key's entry out.
pub(super) fn remove(table: &mut Table, key: Key<'_>) -> Option<Entry> {
    let place = place_of(table, key)?;
    let old_places = table.old_places();
    let entry = match &mut table.old {
        Some(old) if place < old_places => take_from(&mut old.buckets, place),
        _ => take_from(&mut table.buckets, place - old_places),
    }?;
    table.len -= 1;
    table.move_some(MOVED_PER_CHANGE);
    table.shrink();
    Some(entry)
}

/// Number of places an index can name; an eighth of them is never taken.
#[inline]
pub(super) fn places(table: &Table) -> usize {
    table.old_places() + (table.buckets.len() << PLACES_SHIFT)
}

/// The entry at a place, if any.
#[inline]
pub(super) fn at(table: &Table, place: usize) -> Option<&Entry> {
    match &table.old {
        None => entry_in(&table.buckets, place),
        Some(old) => match place.checked_sub(old.buckets.len() << PLACES_SHIFT) {
            None => entry_in(&old.buckets, place),
            Some(place) => entry_in(&table.buckets, place),
        },
    }
}

/// The entry at a place that [`place_of`] told, to change.
///
/// # Panics
///
/// When the place is empty: places hold only until the table changes.
#[inline]
pub(super) fn at_mut(table: &mut Table, place: usize) -> &mut Entry {
    let entry = match &mut table.old {
        None => entry_in_mut(&mut table.buckets, place),
        Some(old) => match place.checked_sub(old.buckets.len() << PLACES_SHIFT) {
            None => entry_in_mut(&mut old.buckets, place),
            Some(place) => entry_in_mut(&mut table.buckets, place),
        },
    };
    entry.expect("a place that was just found holds its entry")
}

/// All entries, in no order.
pub(super) fn iter(table: &Table) -> impl Iterator<Item = &Entry> {
    let old = table.old.iter().flat_map(|old| old.buckets.iter());
    old.chain(&table.buckets).flat_map(|bucket| bucket.entries.iter().flatten())
}

/// Asks for the cache line of the bucket where a look-up of `hash` begins. Reads nothing of the table: what the
/// outline says may be out of date.
#[inline(always)]
pub(super) fn prefetch_bucket(outline: Outline, hash: KeyHash) {
    let at = home(hash.bits(), outline.buckets as usize);
    prefetch(std::ptr::without_provenance::<u8>(outline.address.wrapping_add(at * size_of::<Bucket>())));
}

/// The entry that a look-up of `hash` meets first, most likely.
#[inline(always)]
fn likely(table: &Table, hash: KeyHash) -> Option<&Entry> {
    if table.buckets.is_empty() {
        return None;
    }
    let mut at = home(hash.bits(), table.buckets.len());
    // A tenth of the entries of a full table is not at home; the next bucket often comes with it.
    for _ in 0..PREFETCHED_BUCKETS {
        let bucket = &table.buckets[at];
        let matches = bucket.matches(tag(hash));
        if matches != 0 {
            return bucket.entries[place_in_word(matches)].as_ref();
        }
        if bucket.passed() == 0 {
            return None;
        }
        at = following(at, table.buckets.len());
    }
    None
}

/// Asks for the first lines of the entry that a look-up of `hash` meets first.
#[inline(always)]
pub(super) fn prefetch_entry(table: &Table, hash: KeyHash) {
    if let Some(entry) = likely(table, hash) {
        prefetch(entry.address());
        prefetch(entry.address().wrapping_add(LINE_BYTES));
    }
}

/// Asks for the lines of that entry behind the first ones. Reads the entry.
pub(super) fn prefetch_value(table: &Table, hash: KeyHash) {
    if let Some(entry) = likely(table, hash) {
        // Beyond a few lines the processor sees by itself what is going on.
        for line in 2..entry.size().div_ceil(LINE_BYTES).min(PREFETCHED_LINES) {
            prefetch(entry.address().wrapping_add(line * LINE_BYTES));
        }
    }
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
mod tests;
