//! Values that left the keyspace: why, and what it costs to free them.
//!
//! Freeing a collection of millions takes as long as filling it did. So a value that is costly to free is neither freed
//! under its slot's lock nor by accident: a [`Tx`](super::Tx) collects such values and hands them out when it is
//! over.

use super::entry::Entry;
use super::keyspace::Flushed;
use super::object::Object;
use super::table;

/// Allocations from which a value is costly, as in the reference.
const COSTLY_EFFORT: usize = 64;
/// Keys of one slot that are freed at once when a database is flushed.
const FEW_KEYS: usize = 1024;

/// Why a value left the keyspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// UNLINK.
    Unlink,
    /// DEL and its like.
    Delete,
    /// Another value took its place.
    Overwrite,
    /// Its time had passed.
    Expire,
    /// The memory limit.
    Evict,
}

/// A value that left the keyspace. It is freed when this is dropped.
pub struct Garbage {
    /// Why.
    pub cause: Cause,
    /// The value with its key.
    pub entry: Entry,
}

impl Entry {
    /// Allocations the value is made of, about. O(1).
    #[inline]
    pub fn free_effort(&self) -> usize {
        match self.boxed() {
            // What stands in the entry is one allocation, and a string at most two.
            None => 1,
            Some(Object::List(list)) => list.node_count(),
            Some(Object::Set(set)) if set.encoding() == "hashtable" => set.len(),
            Some(Object::Hash(hash)) if hash.encoding() == "hashtable" => hash.len(),
            Some(Object::SortedSet(set)) if set.encoding() == "skiplist" => set.len(),
            Some(Object::Stream(stream)) => stream.allocations(),
            _ => 1,
        }
    }

    /// True when freeing the value takes long enough to be done elsewhere.
    #[inline]
    pub fn is_costly(&self) -> bool {
        self.free_effort() > COSTLY_EFFORT
    }
}

impl Flushed {
    /// Frees the keys of one more slot; answers their number, `None` when there are no more.
    pub fn free_slot(&mut self) -> Option<usize> {
        self.0.pop().map(|table| table.len())
    }

    /// True when the next slot takes long to free: it has many keys, or a costly one.
    pub fn is_next_costly(&self) -> bool {
        self.0.last().is_some_and(|table| table.len() > FEW_KEYS || table::iter(table).any(Entry::is_costly))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Event, Key, Keyspace, Locks, Ttl, Tx};
    use super::*;
    use crate::store::value::Limits;
    use crate::store::value::set::Set;

    const NOW_MS: i64 = 1_700_000_000_000;

    fn fill<'k>(tx: &mut Tx<'_>, key: Key<'k>, members: usize) -> Key<'k> {
        let added = tx.upsert(key, |set: &mut Set| {
            (0..members).filter(|number| set.add(format!("member {number}").as_bytes(), &Limits::default())).count()
        });
        assert_eq!(added, Ok(members));
        tx.notify(Event::Set, "sadd", key);
        key
    }

    #[test]
    fn costly_values_wait_until_the_locks_are_gone_and_others_do_not() {
        let keyspace = Keyspace::new(1);
        let (key, other) = (Key::new(b"{t}1"), Key::new(b"{t}2"));
        let mut tx = Tx::new(&keyspace, 0, NOW_MS, Locks::Slot(key.slot()));
        let causes =
            |tx: &mut Tx<'_>| tx.take_aftermath().garbage.iter().map(|garbage| garbage.cause).collect::<Vec<_>>();
        fill(&mut tx, key, 10);
        assert!(tx.remove(key) && causes(&mut tx).is_empty());
        fill(&mut tx, key, 10_000);
        assert!(tx.remove(key) && !tx.exists(key));
        assert_eq!(causes(&mut tx), [Cause::Delete]);
        fill(&mut tx, key, 10_000);
        assert!(tx.unlink(key));
        assert_eq!(causes(&mut tx), [Cause::Unlink]);
        fill(&mut tx, key, 10_000);
        tx.set_string(key, b"v", Ttl::Clear);
        assert_eq!(tx.string(key).unwrap().unwrap().to_vec(), b"v");
        assert_eq!(causes(&mut tx), [Cause::Overwrite]);
        fill(&mut tx, other, 10_000);
        assert!(tx.rename(key, other) && tx.string(other).unwrap().is_some());
        assert_eq!(causes(&mut tx), [Cause::Overwrite]);
        fill(&mut tx, key, 10_000);
        tx.set_expiry(key, Some(NOW_MS - 1));
        assert!(!tx.exists(key));
        assert_eq!(causes(&mut tx), [Cause::Expire]);
        assert!(causes(&mut tx).is_empty());
        drop(tx);
        assert_eq!(keyspace.counters.get(super::super::Counter::ExpiredKeys), 1);
        assert_eq!(keyspace.size(0).keys, 1);
    }

    #[test]
    fn a_flushed_database_tells_which_slots_take_long() {
        let keyspace = Keyspace::new(1);
        let key = Key::new(b"big");
        let mut tx = Tx::new(&keyspace, 0, NOW_MS, Locks::Slot(key.slot()));
        fill(&mut tx, key, 1000);
        drop(tx);
        let mut flushed = keyspace.flush(0);
        assert!(flushed.is_next_costly());
        assert_eq!((flushed.keys(), flushed.free_slot(), flushed.free_slot()), (1, Some(1), None));
        assert!(!flushed.is_next_costly());
    }
}
