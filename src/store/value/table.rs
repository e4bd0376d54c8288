//! What the big encodings of sets and hashes share: an insertion-ordered hash table with O(1) access by index,
//! its hasher, its shrinking and its SCAN cursors.

use std::hash::{BuildHasher, Hash};
use std::sync::LazyLock;

use indexmap::IndexMap;

static HASH_KEYS: LazyLock<ahash::RandomState> = LazyLock::new(ahash::RandomState::new);

/// Hashes with keys drawn once per process: a table pays no bytes for them, and nobody outside can
/// predict collisions.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableHasher;

impl BuildHasher for TableHasher {
    type Hasher = ahash::AHasher;

    #[inline]
    fn build_hasher(&self) -> ahash::AHasher {
        HASH_KEYS.build_hasher()
    }
}

/// Byte strings to `V`. Removal swaps the last entry into the gap, which is what [`scan`] relies on.
pub type Table<V> = IndexMap<Box<[u8]>, V, TableHasher>;

const SHRINK_CAPACITY_MIN: usize = 64;

/// Gives memory back once seven eighths of it are unused; O(n), paid for by the removals before it.
#[inline]
pub fn shrink_if_sparse<K: Hash + Eq, V>(table: &mut IndexMap<K, V, TableHasher>) {
    if table.capacity() >= SHRINK_CAPACITY_MIN && table.len() * 8 < table.capacity() {
        table.shrink_to(table.len() * 2);
    }
}

/// Bytes a table allocates for itself: entries and index, not what keys and values own.
pub fn head_bytes<V>(table: &Table<V>) -> usize {
    // An entry is hash, key and value; the index holds a usize and a control byte per bucket.
    let entry_bytes = size_of::<(usize, Box<[u8]>, V)>();
    let buckets = (table.capacity() * 8 / 7).next_power_of_two();
    size_of::<Table<V>>() + table.capacity() * entry_bytes + buckets * (size_of::<usize>() + 1)
}

/// The indices that a SCAN step visits, in this order, and the next step's cursor.
///
/// A cursor is the number of entries still to visit, 0 at the beginning and when done. Steps walk from the
/// last index down: a removal can only move an entry to a lower index, which a running scan has yet to
/// visit, and insertions append. So whatever is there during the whole scan is visited at least once, even
/// though a removal in the visited part may show its last entry a second time.
///
/// At most `count` indices (at least one).
pub fn scan(len: usize, cursor: u64, count: usize) -> (impl Iterator<Item = usize>, u64) {
    let end = match usize::try_from(cursor) {
        Ok(0) | Err(_) => len,
        Ok(remaining) => remaining.min(len),
    };
    let start = end.saturating_sub(count.max(1));
    ((start..end).rev(), start as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_scan_shows_all_that_stays_while_others_come_and_go() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..100 {
            let name = |number: u32| number.to_le_bytes().to_vec().into_boxed_slice();
            let mut table: Table<()> = Table::default();
            let stay = random.u32(1..200);
            let go = stay + random.u32(0..400);
            let mut order: Vec<u32> = (0..go).collect();
            random.shuffle(&mut order);
            table.extend(order.iter().map(|&number| (name(number), ())));
            let mut seen = HashSet::new();
            let mut cursor = 0;
            loop {
                let (indices, next) = scan(table.len(), cursor, random.usize(0..20));
                seen.extend(indices.map(|index| table.get_index(index).unwrap().0.clone()));
                if next == 0 {
                    break;
                }
                cursor = next;
                for _ in 0..random.u32(0..20) {
                    table.swap_remove(&name(random.u32(stay..go + 1)));
                    shrink_if_sparse(&mut table);
                }
                for _ in 0..random.u32(0..6) {
                    table.insert(name(random.u32(stay..go + 1)), ());
                }
            }
            assert!((0..stay).all(|number| seen.contains(&name(number))));
        }
    }

    #[test]
    fn a_cursor_beyond_the_table_starts_at_its_end() {
        let (indices, next) = scan(3, u64::MAX, 10);
        assert_eq!((indices.collect::<Vec<_>>(), next), (vec![2, 1, 0], 0));
        let (indices, next) = scan(0, 7, 10);
        assert_eq!((indices.count(), next), (0, 0));
        let (indices, next) = scan(5, 4, 3);
        assert_eq!((indices.collect::<Vec<_>>(), next), (vec![3, 2, 1], 1));
    }

    #[test]
    fn removing_almost_everything_gives_memory_back() {
        let mut table: Table<()> = Table::default();
        for number in 0..10_000u32 {
            table.insert(Box::new(number.to_le_bytes()), ());
        }
        while table.len() > 10 {
            table.swap_remove_index(0);
            shrink_if_sparse(&mut table);
        }
        assert!(table.capacity() < 200, "{}", table.capacity());
        assert_eq!(table.len(), 10);
    }
}
