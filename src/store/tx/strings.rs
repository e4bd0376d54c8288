//! What a [`Tx`] does with strings.

use super::super::counters::Counter;
use super::super::entry::Entry;
use super::super::garbage::Cause;
use super::super::key::Key;
use super::super::string::Str;
use super::super::table;
use super::super::value::listpack::integer;
use super::{Overflow, Ttl, Tx, WrongType};
use std::sync::Arc;

impl Tx<'_> {
    /// The string at a key.
    #[inline]
    pub fn string(&self, key: Key<'_>) -> Result<Option<Str<'_>>, WrongType> {
        self.entry(key).map(|entry| entry.as_str().ok_or(WrongType)).transpose()
    }

    /// Reads the string at a key, marks it as accessed, and hands it to `read`: what GET does. One look-up.
    #[inline(always)]
    pub fn read_string<R>(&mut self, key: Key<'_>, read: impl FnOnce(Option<Str<'_>>) -> R) -> Result<R, WrongType> {
        let (marker, tally) = (self.marker(key), self.tally);
        self.with_live(key, |entry| {
            let Some(entry) = entry else {
                tally.add(Counter::Misses, 1);
                return Ok(read(None));
            };
            tally.add(Counter::Hits, 1);
            marker.mark(entry);
            entry.as_str().map(|value| read(Some(value))).ok_or(WrongType)
        })
    }

    /// Adds to the integer that a key is kept as; `None`: it is something else, or none. One look-up.
    #[inline]
    pub fn add_int(&mut self, key: Key<'_>, amount: i64) -> Option<Result<i64, Overflow>> {
        let marker = self.marker(key);
        self.with_live(key, |entry| {
            let entry = entry?;
            let sum = entry.as_int()?.checked_add(amount);
            marker.mark(entry);
            Some(sum.inspect(|sum| entry.overwrite_int(*sum)).ok_or(Overflow))
        })
    }

    /// The string at a key to hold on to, when it is a long one (see [`SHARED_BYTES_MIN`](super::SHARED_BYTES_MIN)):
    /// it stays as it is whatever becomes of the key. Counts as no access: it follows a look-up that did.
    pub fn shared(&self, key: Key<'_>) -> Option<Arc<Vec<u8>>> {
        self.peek(key).and_then(Entry::as_shared)
    }

    /// Makes a key hold a string, whatever it held; an integer in canonical form is kept as one.
    #[inline]
    pub fn set_string(&mut self, key: Key<'_>, value: &[u8], ttl: Ttl) {
        match integer(value) {
            Some(number) => self.set_int(key, number, ttl),
            None => self.overwrite(
                key,
                ttl,
                |entry, expiry_ms| entry.set_bytes(value, expiry_ms),
                |expiry_ms| Entry::bytes(key.bytes(), value, expiry_ms),
            ),
        }
    }

    /// Makes a key hold a string that others may hold too, whatever it held; its bytes are not copied. For long ones:
    /// it is kept outside of the entry, and as bytes.
    pub fn set_shared(&mut self, key: Key<'_>, value: &Arc<Vec<u8>>, ttl: Ttl) {
        self.overwrite(
            key,
            ttl,
            |entry, expiry_ms| entry.set_shared(value.clone(), expiry_ms),
            |expiry_ms| Entry::shared(key.bytes(), value.clone(), expiry_ms),
        );
    }

    /// Makes a key hold a string that is kept as bytes even when it spells an integer, whatever it held.
    pub fn set_bytes(&mut self, key: Key<'_>, value: &[u8], ttl: Ttl) {
        self.overwrite(
            key,
            ttl,
            |entry, expiry_ms| entry.set_bytes(value, expiry_ms),
            |expiry_ms| Entry::bytes(key.bytes(), value, expiry_ms),
        );
    }

    /// Makes a key hold an integer, whatever it held.
    pub fn set_int(&mut self, key: Key<'_>, value: i64, ttl: Ttl) {
        self.overwrite(
            key,
            ttl,
            |entry, expiry_ms| entry.set_int(value, expiry_ms),
            |expiry_ms| Entry::int(key.bytes(), value, expiry_ms),
        );
    }

    #[inline]
    fn overwrite(
        &mut self,
        key: Key<'_>,
        ttl: Ttl,
        change: impl FnOnce(&mut Entry, Option<i64>),
        make: impl FnOnce(Option<i64>) -> Entry,
    ) {
        let slots = self.slots();
        let now_ms = self.now_ms;
        let Some(place) = table::place_of(self.table(key.slot()), key) else {
            let expiry_ms = if let Ttl::At(at) = ttl { Some(at) } else { None };
            return self.insert_entry(key, make(expiry_ms));
        };
        let (marker, fresh) = (self.marker(key), self.access.fresh(now_ms));
        let entry = table::at_mut(self.table_mut(key.slot()), place);
        let before = entry.expiry_ms();
        let gone = before.is_some_and(|at| at <= now_ms);
        let after = match ttl {
            Ttl::At(at) => Some(at),
            Ttl::Keep if !gone => before,
            _ => None,
        };
        let costly = entry.is_costly().then(|| {
            let replacement = make(after);
            replacement.set_access(entry.access());
            std::mem::replace(entry, replacement)
        });
        if costly.is_none() {
            change(entry, after);
        }
        if gone {
            entry.set_access(fresh);
        } else {
            marker.mark(entry);
        }
        if let Some(costly) = costly {
            self.discard(costly, Cause::Overwrite);
        }
        if gone {
            self.tally.add(Counter::ExpiredKeys, 1);
        }
        if before.is_some() != after.is_some() {
            slots.count_volatile(key.slot(), before.is_some(), after.is_some());
        }
        if let Some(at) = after {
            self.note_expiry(key.slot(), at);
        }
    }

    /// The string at a key as a vector to grow or change in place; its encoding is `raw` from then on.
    pub fn string_mut(&mut self, key: Key<'_>) -> Result<Option<&mut Vec<u8>>, WrongType> {
        self.entry_mut(key).map(|entry| entry.as_raw_mut().ok_or(WrongType)).transpose()
    }
}
