//! Walks over a whole database, slot by slot: SCAN, KEYS, RANDOMKEY. Each slot is locked only while it is
//! looked at; a walk must not hold other slots' locks.

use super::entry::Entry;
use super::keyspace::Keyspace;
use super::table;
use crate::slot::Slot;
use std::ops::ControlFlow;

/// Where a SCAN goes on: `[5 bits of the slot's rehash count | 14 bits slot | 24 bits place]`, below 2^43: a proxy
/// adds the shard and is still below 2^53, so that clients that keep numbers as doubles carry it safely. 0 begins,
/// and is the answer at the end.
#[derive(Clone, Copy)]
struct Cursor {
    rehashes: u32,
    slot: Slot,
    /// In units of [`granule`] places.
    place: usize,
}

const PLACE_BITS: u32 = 24;
const SLOT_BITS: u32 = 14;
const REHASH_MASK: u32 = (1 << 5) - 1;

impl Cursor {
    fn decode(bits: u64) -> Cursor {
        Cursor {
            rehashes: (bits >> (PLACE_BITS + SLOT_BITS)) as u32 & REHASH_MASK,
            slot: Slot::from_low_bits(bits >> PLACE_BITS),
            place: (bits & ((1 << PLACE_BITS) - 1)) as usize,
        }
    }

    fn encode(self) -> u64 {
        u64::from(self.rehashes & REHASH_MASK) << (PLACE_BITS + SLOT_BITS)
            | u64::from(self.slot.number()) << PLACE_BITS
            | self.place as u64
    }
}

/// Places that one step of a cursor's place covers: 1 up to 16 million places in one slot's table.
fn granule(places: usize) -> usize {
    (places >> PLACE_BITS).max(1)
}

impl Keyspace {
    /// One step of a SCAN: hands about `count` live entries of a database to `visit`, and returns the cursor
    /// for the next step, 0 when the walk is done.
    ///
    /// A key that is there during the whole walk is visited at least once: inside a slot the walk follows the
    /// table's places, and starts the slot again when the table was rehashed in between (the cursor carries
    /// the count of rehashes). O(count + slots).
    pub fn scan(&self, database: usize, cursor: u64, count: usize, now_ms: i64, mut visit: impl FnMut(&Entry)) -> u64 {
        let database = self.at_place(self.place(database));
        let mut cursor = Cursor::decode(cursor);
        let mut visited = 0;
        // Places are bounded too: a table that was large and is nearly empty must not make one step long.
        let mut places_left = count.saturating_mul(10).max(1024);
        loop {
            let table = database.lock(cursor.slot);
            let rehashes = table.rehashes() & REHASH_MASK;
            if cursor.place > 0 && cursor.rehashes != rehashes {
                cursor.place = 0;
            }
            let places = table::places(&table);
            let granule = granule(places);
            while cursor.place * granule < places {
                if visited >= count || places_left == 0 {
                    cursor.rehashes = rehashes;
                    return cursor.encode();
                }
                for place in cursor.place * granule..((cursor.place + 1) * granule).min(places) {
                    if let Some(entry) = table::at(&table, place) {
                        visited += 1;
                        if entry.expiry_ms().is_none_or(|at| at > now_ms) {
                            visit(entry);
                        }
                    }
                }
                cursor.place += 1;
                places_left = places_left.saturating_sub(granule);
            }
            match Slot::new(u64::from(cursor.slot.number()) + 1) {
                Some(next) => cursor = Cursor { rehashes: 0, slot: next, place: 0 },
                None => return 0,
            }
            if visited >= count {
                return cursor.encode();
            }
        }
    }

    /// Hands every live entry of a database to `visit` until it breaks off. O(keys).
    pub fn walk(&self, database: usize, now_ms: i64, mut visit: impl FnMut(&Entry) -> ControlFlow<()>) {
        for slot in Slot::all() {
            if self.walk_slot(database, slot, now_ms, &mut visit).is_break() {
                return;
            }
        }
    }

    /// Hands every live entry of one slot to `visit` until it breaks off. O(keys of the slot).
    pub fn walk_slot(
        &self,
        database: usize,
        slot: Slot,
        now_ms: i64,
        mut visit: impl FnMut(&Entry) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let table = self.at_place(self.place(database)).lock(slot);
        table::iter(&table).filter(|entry| entry.expiry_ms().is_none_or(|at| at > now_ms)).try_for_each(&mut visit)
    }

    /// A key picked at random, or `None` when there is no live one. O(slots) at worst, plus the places of the
    /// slot it falls into.
    pub fn random_key(&self, database: usize, now_ms: i64) -> Option<Box<[u8]>> {
        let database = self.at_place(self.place(database));
        let live = |entry: &Entry| entry.expiry_ms().is_none_or(|at| at > now_ms);
        let start = fastrand::usize(..Slot::COUNT);
        for step in 0..Slot::COUNT {
            // A few random probes first; they spread evenly. Then a walk, which finds the last key too.
            let slot = if step < 100 { fastrand::u64(..) } else { (start + step) as u64 };
            let table = database.lock(Slot::from_low_bits(slot));
            let places = table::places(&table);
            if table.is_empty() {
                continue;
            }
            let first = fastrand::usize(..places);
            let found =
                (0..places).filter_map(|step| table::at(&table, (first + step) % places)).find(|entry| live(entry));
            if let Some(entry) = found {
                return Some(entry.key().into());
            }
        }
        // The walk began 100 slots in: those before it are still to be seen.
        (0..100).find_map(|step| {
            let table = database.lock(Slot::from_low_bits((start + step) as u64));
            table::iter(&table).find(|entry| live(entry)).map(|entry| entry.key().into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Key, Locks, Ttl, Tx};
    use super::*;
    use std::collections::HashSet;

    fn set(keyspace: &Keyspace, key: &str, ttl: Ttl) {
        let key = Key::new(key.as_bytes());
        Tx::new(keyspace, 0, 1000, Locks::Slot(key.slot())).set_string(key, b"v", ttl);
    }

    #[test]
    fn a_scan_returns_every_lasting_key_while_others_come_and_go() {
        let keyspace = Keyspace::new(1);
        for number in 0..300 {
            set(&keyspace, &format!("{{t}}keep{number}"), Ttl::Clear);
            set(&keyspace, &format!("keep{number}"), Ttl::Clear);
        }
        let mut seen = HashSet::new();
        let mut cursor = 0;
        let mut steps = 0;
        loop {
            cursor = keyspace.scan(0, cursor, 7, 2000, |entry| {
                seen.insert(entry.key().to_vec());
            });
            assert!(cursor < 1 << 43);
            if cursor == 0 {
                break;
            }
            steps += 1;
            assert!(steps < 100_000, "the scan ends");
            if steps < 200 {
                set(&keyspace, &format!("{{t}}new{steps}"), Ttl::Clear);
            }
        }
        for number in 0..300 {
            assert!(seen.contains(format!("{{t}}keep{number}").as_bytes()), "{number}");
            assert!(seen.contains(format!("keep{number}").as_bytes()), "{number}");
        }
    }

    #[test]
    fn a_random_key_is_found_wherever_the_only_one_is() {
        let keyspace = Keyspace::new(1);
        assert_eq!(keyspace.random_key(0, 2000), None);
        set(&keyspace, "gone", Ttl::At(1500));
        assert_eq!(keyspace.random_key(0, 2000), None);
        set(&keyspace, "only", Ttl::Clear);
        assert_eq!(keyspace.random_key(0, 2000).as_deref(), Some(&b"only"[..]));
    }
}
