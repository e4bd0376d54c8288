//! What a [`Tx`] does with whole keys, whatever they hold.

use super::super::access;
use super::super::entry::Entry;
use super::super::garbage::Cause;
use super::super::key::Key;
use super::super::object::Kind;
use super::super::table;
use super::{AccessPolicy, Marker, Tx};

impl Tx<'_> {
    /// True when the key is there.
    pub fn exists(&self, key: Key<'_>) -> bool {
        self.glance(key).is_some()
    }

    /// Has the key's time passed, and is it there still?
    pub fn is_stale(&self, key: Key<'_>) -> bool {
        let entry = table::find(self.table(key.slot()), key);
        entry.and_then(Entry::expiry_ms).is_some_and(|at| at <= self.now_ms)
    }

    /// The type of a key's value, for nobody who asked for the key.
    pub fn kind_quietly(&self, key: Key<'_>) -> Option<Kind> {
        self.peek(key).map(Entry::kind)
    }

    /// The type of a key's value.
    pub fn kind(&self, key: Key<'_>) -> Option<Kind> {
        self.glance(key).map(Entry::kind)
    }

    /// Marks a key as accessed now, also for a client whose other commands do not; false when it is not there.
    pub fn touch(&mut self, key: Key<'_>) -> bool {
        let Some(entry) = self.glance(key) else { return false };
        Marker { on: true, ..self.marker(key) }.mark(entry);
        true
    }

    /// Seconds since the last access, without counting as one.
    pub fn idle_seconds(&self, key: Key<'_>) -> Option<u32> {
        self.peek(key).map(|entry| access::idle_seconds(entry.access(), self.now_ms))
    }

    /// The counter of accesses as of now, without counting as one. Outer `None`: no such key; inner: accesses are
    /// not counted.
    pub fn frequency(&self, key: Key<'_>) -> Option<Option<u8>> {
        self.peek(key).map(|entry| match self.access {
            AccessPolicy::Recency => None,
            AccessPolicy::Frequency(lfu) => Some(lfu.counter(entry.access(), self.now_ms)),
        })
    }

    /// The whole entry, to read a value of any type.
    pub fn whole(&self, key: Key<'_>) -> Option<&Entry> {
        self.entry(key)
    }

    /// The whole entry to inspect (OBJECT, MEMORY, DEBUG), without counting as an access.
    pub fn inspect(&self, key: Key<'_>) -> Option<&Entry> {
        self.peek(key)
    }

    /// Asks for the cache lines that looking up members of these hashes in the collection at a key will touch; see
    /// [`Object::prefetch`]. They are only computed when there is something to ask for. No access.
    pub fn prefetch_members<'h>(&self, key: Key<'_>, hashes: impl FnOnce() -> &'h [u32]) {
        if let Some(object) = self.peek(key).and_then(Entry::as_object).filter(|object| object.has_table()) {
            object.prefetch(hashes());
        }
    }

    /// Removes a key; false when it was not there.
    pub fn remove(&mut self, key: Key<'_>) -> bool {
        self.remove_live(key, Cause::Delete)
    }

    /// As [`remove`](Self::remove); the value is freed elsewhere when that takes long.
    pub fn unlink(&mut self, key: Key<'_>) -> bool {
        self.remove_live(key, Cause::Unlink)
    }

    fn remove_live(&mut self, key: Key<'_>, cause: Cause) -> bool {
        let live = self.locate(key).is_some();
        if live {
            self.remove_as(key, cause);
        }
        live
    }

    /// When a key expires, unix ms. Outer `None`: no such key.
    pub fn expiry(&self, key: Key<'_>) -> Option<Option<i64>> {
        self.glance(key).map(Entry::expiry_ms)
    }

    /// Sets or removes a key's expiry; false when there is no such key. A time that has passed makes it
    /// invisible at once.
    pub fn set_expiry(&mut self, key: Key<'_>, expiry_ms: Option<i64>) -> bool {
        let slots = self.slots();
        let Some(entry) = self.entry_mut(key) else { return false };
        slots.count_volatile(key.slot(), entry.expiry_ms().is_some(), expiry_ms.is_some());
        entry.set_expiry_ms(expiry_ms);
        if let Some(at_ms) = expiry_ms {
            self.note_expiry(key.slot(), at_ms);
        }
        true
    }

    /// Gives the value and expiry at `from` the key `to`, replacing what was there. False: no such key.
    pub fn rename(&mut self, from: Key<'_>, to: Key<'_>) -> bool {
        if self.entry_mut(from).is_none() {
            return false;
        }
        let Some(entry) = self.remove_entry(from) else { return false };
        self.remove_as(to, Cause::Overwrite);
        self.place_entry(to, entry.renamed(to.bytes()));
        true
    }

    /// Copies value and expiry at `from` to `to` in `database` (whose slot must be locked too), replacing what
    /// was there. False: no such key. O(size of the value).
    pub fn copy(&mut self, from: Key<'_>, database: usize, to: Key<'_>) -> bool {
        let Some(copy) = self.entry_mut(from).map(|entry| entry.copy_as(to.bytes())) else { return false };
        self.in_database(database, |tx| {
            tx.remove_as(to, Cause::Overwrite);
            tx.insert_entry(to, copy);
        });
        true
    }
}
