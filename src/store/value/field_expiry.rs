//! When single fields of a hash expire. Kept beside the hash, so that hashes without it pay nothing.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::table::TableHasher;

/// Expiry times of fields, found by field and by time.
#[derive(Clone, Debug, Default)]
pub struct FieldExpiry {
    by_field: HashMap<Arc<[u8]>, i64, TableHasher>,
    by_time: BTreeSet<(i64, Arc<[u8]>)>,
}

impl FieldExpiry {
    /// When `field` expires, unix ms. O(1).
    pub fn get(&self, field: &[u8]) -> Option<i64> {
        self.by_field.get(field).copied()
    }

    /// Lets `field` expire at `at_ms`, instead of when it did. O(log n).
    pub fn set(&mut self, field: &[u8], at_ms: i64) {
        let name = match self.by_field.get_key_value(field) {
            Some((name, &before)) => {
                let name = Arc::clone(name);
                self.by_time.remove(&(before, Arc::clone(&name)));
                name
            }
            None => Arc::from(field),
        };
        self.by_field.insert(Arc::clone(&name), at_ms);
        self.by_time.insert((at_ms, name));
    }

    /// Forgets when `field` expires; returns when it would have. O(log n).
    pub fn clear(&mut self, field: &[u8]) -> Option<i64> {
        let (name, at_ms) = self.by_field.remove_entry(field)?;
        self.by_time.remove(&(at_ms, name));
        Some(at_ms)
    }

    /// The earliest expiry, unix ms. O(log n).
    pub fn next(&self) -> Option<i64> {
        self.by_time.first().map(|(at_ms, _)| *at_ms)
    }

    /// Forgets and returns a field that has expired at `now_ms`: one whose time is not after it. O(log n).
    pub fn pop_expired(&mut self, now_ms: i64) -> Option<Arc<[u8]>> {
        if self.next()? > now_ms {
            return None;
        }
        let (_, name) = self.by_time.pop_first()?;
        self.by_field.remove(&name);
        Some(name)
    }

    /// Fields that expire.
    pub fn len(&self) -> usize {
        self.by_field.len()
    }

    /// Whether no field expires.
    pub fn is_empty(&self) -> bool {
        self.by_field.is_empty()
    }

    /// Bytes allocated, estimated from the number of fields.
    pub fn allocated_bytes(&self) -> usize {
        // Per field: a name of some 32 bytes with its counts, an entry in each of the two collections.
        self.len() * 120
    }
}
