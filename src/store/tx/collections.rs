//! What a [`Tx`] does with collections.

use super::super::entry::{Entry, Ref};
use super::super::garbage::Cause;
use super::super::key::Key;
use super::super::object::{Collection, Object};
use super::super::table;
use super::{Ttl, Tx, WrongType};

impl Tx<'_> {
    /// The collection at a key, to read. Several may be held at once.
    #[inline]
    pub fn read<T: Collection>(&self, key: Key<'_>) -> Result<Option<Ref<'_, T>>, WrongType> {
        self.entry(key).map(|entry| entry.read().ok_or(WrongType)).transpose()
    }

    /// The collection at a key of any type but string, to read.
    pub fn object(&self, key: Key<'_>) -> Result<Option<Ref<'_, Object>>, WrongType> {
        self.entry(key).map(|entry| entry.as_object().ok_or(WrongType)).transpose()
    }

    /// Changes the collection at a key, and removes the key when `change` leaves it empty. `None`: no such key.
    pub fn update<T: Collection, R>(
        &mut self,
        key: Key<'_>,
        change: impl FnOnce(&mut T) -> R,
    ) -> Result<Option<R>, WrongType> {
        let Some(place) = self.locate(key) else { return Ok(None) };
        self.change_at(place, key, change).map(Some)
    }

    /// Changes the collection whose entry stands at `place`, and removes it when it is left empty.
    #[inline]
    fn change_at<T: Collection, R>(
        &mut self,
        place: usize,
        key: Key<'_>,
        change: impl FnOnce(&mut T) -> R,
    ) -> Result<R, WrongType> {
        let marker = self.marker(key);
        let entry = table::at_mut(self.table_mut(key.slot()), place);
        marker.mark(entry);
        let (result, left) = entry.change(change).ok_or(WrongType)?;
        if left.empty {
            self.remove_entry(key);
        } else if let Some(at_ms) = left.next_expiry_ms {
            self.note_expiry(key.slot(), at_ms);
        }
        Ok(result)
    }

    /// Changes the collection at a key, made empty when there is none; a key left empty is removed.
    pub fn upsert<T: Collection, R>(&mut self, key: Key<'_>, change: impl FnOnce(&mut T) -> R) -> Result<R, WrongType> {
        if let Some(place) = self.locate(key) {
            return self.change_at(place, key, change);
        }
        let (made, result) = Entry::make(key.bytes(), change);
        if let Some(entry) = made {
            self.insert_entry(key, entry);
        }
        Ok(result)
    }

    /// Makes a key hold a collection, whatever it held. An empty one removes the key.
    pub fn put(&mut self, key: Key<'_>, object: Object, ttl: Ttl) {
        let before = self.entry_mut(key).map(|entry| (entry.expiry_ms(), entry.access()));
        self.remove_as(key, Cause::Overwrite);
        if object.is_empty() {
            return;
        }
        let expiry_ms = match ttl {
            Ttl::Clear => None,
            Ttl::Keep => before.and_then(|(expiry_ms, _)| expiry_ms),
            Ttl::At(at) => Some(at),
        };
        let entry = Entry::object(key.bytes(), object, expiry_ms);
        entry.set_access(before.map_or(self.access.fresh(self.now_ms), |(_, access)| access));
        self.place_entry(key, entry);
    }
}
