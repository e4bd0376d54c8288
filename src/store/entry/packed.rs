//! Small collections inside their entries.
//!
//! A collection whose packed bytes are at most [`PACKED_BYTES_MAX`] stands in its key's entry: one allocation
//! instead of three, and no cache miss beyond the entry's own. It is read where it is ([`Entry::read`]). To be
//! changed it is copied into the thread's buffer, and written back, in place while the size class stays the
//! same: nothing is allocated for it, and no room to grow is kept. One that grows over the bound is boxed, and
//! comes back at half of it, so that a collection at the bound does not go back and forth.

#![deny(unsafe_code)]

use super::{Entry, PACKED, Payload};
use crate::store::object::{Collection, Kind, Object};
use crate::store::packing::Packing;
use crate::store::value::block::SMALL_BYTES;
use std::cell::Cell;

/// Most bytes of a collection that is kept in its entry. What copying them costs is little against a walk over
/// them, and beyond it the two further allocations are less than a sixth of what the key takes.
const PACKED_BYTES_MAX: usize = 512;
const _: () = assert!(PACKED_BYTES_MAX < SMALL_BYTES, "a change may add to what is at the bound");

thread_local! {
    /// Where packed collections are changed. Empty while one is.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

#[inline]
fn take_buffer() -> Vec<u8> {
    let buffer = BUFFER.take();
    if buffer.capacity() == SMALL_BYTES { buffer } else { Vec::with_capacity(SMALL_BYTES) }
}

#[inline]
fn give_buffer(mut buffer: Vec<u8>) {
    if buffer.capacity() == SMALL_BYTES {
        buffer.clear();
        BUFFER.set(buffer);
    }
}

/// What a change left of a collection.
pub struct Left {
    /// Nothing: the key must go.
    pub empty: bool,
    /// When the first of a hash's fields expires, unix ms.
    pub next_expiry_ms: Option<i64>,
}

fn form(packing: Packing) -> u8 {
    PACKED + packing as u8
}

/// The packing and bytes of a collection that may stand in an entry.
fn fitting<T: Collection>(collection: &T, bytes_max: usize) -> Option<(u8, &[u8])> {
    let (packing, bytes) = collection.packed()?;
    (bytes.len() <= bytes_max).then_some((form(packing), bytes))
}

impl Entry {
    /// An entry with a collection.
    pub fn collection<T: Collection>(key: &[u8], mut collection: T, expiry_ms: Option<i64>) -> Entry {
        if let Some((form, bytes)) = fitting(&collection, PACKED_BYTES_MAX) {
            let entry = Entry::build(key, expiry_ms, Payload::Bytes(form, bytes), 0);
            give_buffer(collection.into_buffer());
            return entry;
        }
        collection.shrink_to_fit();
        Entry::build(key, expiry_ms, boxed(collection.into_object()), 0)
    }

    /// An entry with a collection.
    pub fn object(key: &[u8], object: Object, expiry_ms: Option<i64>) -> Entry {
        match object {
            Object::List(list) => Entry::collection(key, list, expiry_ms),
            Object::Set(set) => Entry::collection(key, set, expiry_ms),
            Object::Hash(hash) => Entry::collection(key, hash, expiry_ms),
            Object::SortedSet(sorted_set) => Entry::collection(key, sorted_set, expiry_ms),
            stream @ Object::Stream(_) => Entry::build(key, expiry_ms, boxed(stream), 0),
        }
    }

    /// An entry with what `make` puts into an empty collection; `None` when it leaves it empty.
    pub fn make<T: Collection, R>(key: &[u8], make: impl FnOnce(&mut T) -> R) -> (Option<Entry>, R) {
        let mut collection = T::in_buffer(take_buffer());
        let result = make(&mut collection);
        if collection.is_empty() {
            give_buffer(collection.into_buffer());
            return (None, result);
        }
        (Some(Entry::collection(key, collection, None)), result)
    }

    /// Changes a collection of this type; `None` when the value is something else. When nothing is left of it the
    /// entry must go.
    #[inline]
    pub fn change<T: Collection, R>(&mut self, change: impl FnOnce(&mut T) -> R) -> Option<(R, Left)> {
        match self.packing() {
            Some(packing) => self.change_packed(packing, change),
            None => self.change_boxed(change),
        }
    }

    fn change_packed<T: Collection, R>(
        &mut self,
        packing: Packing,
        change: impl FnOnce(&mut T) -> R,
    ) -> Option<(R, Left)> {
        if packing.kind() != T::KIND {
            return None;
        }
        let mut buffer = take_buffer();
        buffer.extend_from_slice(self.packed_bytes());
        let mut collection = T::unpack(packing, buffer.into())?;
        let result = change(&mut collection);
        let mut left = Left { empty: collection.is_empty(), next_expiry_ms: None };
        if left.empty {
            give_buffer(collection.into_buffer());
        } else if let Some((form, bytes)) = fitting(&collection, PACKED_BYTES_MAX) {
            self.replace_bytes(form, bytes);
            give_buffer(collection.into_buffer());
        } else {
            collection.shrink_to_fit();
            let object = collection.into_object();
            left.next_expiry_ms = object.next_expiry_ms();
            self.rebuild(self.expiry_ms(), boxed(object));
        }
        Some((result, left))
    }

    fn change_boxed<T: Collection, R>(&mut self, change: impl FnOnce(&mut T) -> R) -> Option<(R, Left)> {
        let object = self.as_object_mut()?;
        let collection = T::of_mut(object)?;
        let result = change(collection);
        let left = Left { empty: collection.is_empty(), next_expiry_ms: object.next_expiry_ms() };
        if !left.empty {
            self.pack_again::<T>();
        }
        Some((result, left))
    }

    /// Takes a boxed collection back into the entry when it is far enough below the bound.
    fn pack_again<T: Collection>(&mut self) {
        let fitting = self.boxed().and_then(T::of).and_then(|collection| fitting(collection, PACKED_BYTES_MAX / 2));
        if let Some((form, bytes)) = fitting {
            *self = Entry::build(self.key(), self.expiry_ms(), Payload::Bytes(form, bytes), self.access());
        }
    }

    fn packed_bytes(&self) -> &[u8] {
        match self.payload() {
            Payload::Bytes(_, bytes) => bytes,
            _ => &[],
        }
    }

    /// Its type.
    pub fn kind(&self) -> Kind {
        match self.packing() {
            Some(packing) => packing.kind(),
            None => self.boxed().map_or(Kind::String, Object::kind),
        }
    }

    /// True when the value is a collection that stands in the entry.
    pub fn is_packed(&self) -> bool {
        self.packing().is_some()
    }

    /// When the first of a hash's fields expires, unix ms; `None` when none does.
    pub fn next_field_expiry_ms(&self) -> Option<i64> {
        self.boxed().and_then(Object::next_expiry_ms)
    }
}

fn boxed(object: Object) -> Payload<'static> {
    Payload::Object(Box::into_raw(Box::new(object)))
}
