//! An entry: a key and its value in one heap allocation behind a thin pointer.
//!
//! ```text
//! offset 0   tag: form (4 bits), EXPIRES, LONG_KEY
//!        1   access bits, 24: see `super::access`
//!        4   key length, 16 bits (LONG_KEY: 0, the length stands behind the header)
//!        6   value length, 16 bits (forms Inline and Packed only)
//!        8   expiry, unix ms, 64 bits        only with EXPIRES
//!            key length, 32 bits             only with LONG_KEY
//!            key
//!            value: Int      64 bits
//!                   Inline   the bytes
//!                   Raw      pointer to a shared Vec<u8> (grown strings, and those from 16 KiB on)
//!                   Object   pointer to a boxed Object
//!                   Packed   the bytes of a small collection, one form for each Packing
//! ```
//!
//! Why one allocation: two thirds of a pipelined GET on a big keyspace are cache misses, and this layout has one
//! miss for bucket and one or two for key and value, where boxed keys and values have two more. Measured on a
//! million keys of 64 B, CPU per GET at a pipeline of 64: 0.75 µs without, 0.30 µs with this layout and batch
//! prefetch (redis-server 7.0: 1.23). Sizes are rounded up to the allocator's size classes here, so that a
//! value may be overwritten in place whenever the class stays the same. What small collections do in their
//! entries is told in [`packed`].
//!
//! A long string is shared (`Arc`), so that a reply sends the bytes that the entry keeps, and a request's bytes
//! become the entry's: neither copies them. Whoever changes such a string while it is being sent changes a copy.
//!
//! # Safety
//!
//! All `unsafe` of the store's data lives in this file. The invariants: `Entry.0` points to an allocation of
//! `size_class(self.size())` bytes, aligned to 8, exclusively owned; tag and lengths describe what is written
//! there; a pointer of form Raw came from `Arc::into_raw` and holds one count of it, one of form Object came from
//! `Box::into_raw` and is owned by this entry. Every function that changes tag or lengths builds a new allocation or
//! proves that the size class is the same. The bytes of a packed collection are lent to collections that live inside
//! a [`Ref`], which borrows the entry, only shares them, and cannot be taken apart.

#![allow(unsafe_code)]

mod packed;
mod reading;

pub use reading::Ref;

use super::object::{Collection, Object};
use super::packing::Packing;
use super::size_class::size_class;
use super::string::Str;
use super::value::block::Block;
use reading::Source;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

const HEADER_BYTES: usize = 8;
/// Shortest string kept outside of the entry, in bytes: from here on a copy costs more than the second cache miss.
pub const SHARED_BYTES_MIN: usize = 16 << 10;
/// Of a string overwritten in its own allocation, the share that may stay unused: an eighth.
const SLACK_DIVISOR: usize = 8;

const FORM: u8 = 0b1111;
const INT: u8 = 0;
const RAW: u8 = 1;
const OBJECT: u8 = 2;
/// From here on the value is bytes in the entry.
const INLINE: u8 = 3;
/// From here on they are a collection's: this, and the packing's place in [`Packing::ALL`].
const PACKED: u8 = 4;
const EXPIRES: u8 = 1 << 4;
const LONG_KEY: u8 = 1 << 5;

/// A key and its value. One pointer wide, and never null: `Option<Entry>` is one pointer too.
#[repr(transparent)]
pub struct Entry(NonNull<u8>);

// SAFETY: an entry owns its allocation and what hangs on it, and nothing in it is tied to a thread.
unsafe impl Send for Entry {}
// SAFETY: `&Entry` only reads, but for the access bits, which are atomic; every other change needs `&mut Entry`.
unsafe impl Sync for Entry {}

enum Payload<'v> {
    Int(i64),
    /// With the form, Inline or a packed one.
    Bytes(u8, &'v [u8]),
    Raw(*const Vec<u8>),
    Object(*mut Object),
}

impl Payload<'_> {
    fn form(&self) -> u8 {
        match self {
            Payload::Int(_) => INT,
            Payload::Bytes(form, _) => *form,
            Payload::Raw(_) => RAW,
            Payload::Object(_) => OBJECT,
        }
    }

    fn size(&self) -> usize {
        match self {
            Payload::Bytes(_, bytes) => bytes.len(),
            _ => 8,
        }
    }
}

impl Entry {
    /// An entry with a string value.
    pub fn bytes(key: &[u8], value: &[u8], expiry_ms: Option<i64>) -> Entry {
        if value.len() < SHARED_BYTES_MIN {
            Entry::build(key, expiry_ms, Payload::Bytes(INLINE, value), 0)
        } else {
            Entry::shared(key, Arc::new(value.to_vec()), expiry_ms)
        }
    }

    /// An entry with a string value that others may hold too.
    pub fn shared(key: &[u8], value: Arc<Vec<u8>>, expiry_ms: Option<i64>) -> Entry {
        Entry::build(key, expiry_ms, Payload::Raw(Arc::into_raw(value)), 0)
    }

    /// An entry with an integer value.
    pub fn int(key: &[u8], value: i64, expiry_ms: Option<i64>) -> Entry {
        Entry::build(key, expiry_ms, Payload::Int(value), 0)
    }

    fn build(key: &[u8], expiry_ms: Option<i64>, payload: Payload<'_>, access: u32) -> Entry {
        let long_key = key.len() > usize::from(u16::MAX);
        let tag = payload.form() | if expiry_ms.is_some() { EXPIRES } else { 0 } | if long_key { LONG_KEY } else { 0 };
        let size = prefix_bytes(tag) + key.len() + payload.size();
        let layout = layout(size);
        // SAFETY: the layout's size is at least HEADER_BYTES, not zero.
        let start = unsafe { alloc(layout) };
        let Some(pointer) = NonNull::new(start) else { handle_alloc_error(layout) };
        // SAFETY: all writes stay inside `size` bytes: header, then the optional fields that `prefix_bytes`
        // counts, then key, then payload. Header fields are aligned (offsets 0, 4, 6 from an 8-aligned start);
        // what follows is written unaligned. Key and payload cannot overlap the fresh allocation.
        unsafe {
            start.cast::<u32>().write(u32::from(tag) | access << 8);
            start.add(4).cast::<u16>().write(if long_key { 0 } else { key.len() as u16 });
            start.add(6).cast::<u16>().write(0);
            let mut at = start.add(HEADER_BYTES);
            if let Some(expiry_ms) = expiry_ms {
                at.cast::<i64>().write_unaligned(expiry_ms);
                at = at.add(8);
            }
            if long_key {
                at.cast::<u32>().write_unaligned(key.len() as u32);
                at = at.add(4);
            }
            std::ptr::copy_nonoverlapping(key.as_ptr(), at, key.len());
            at = at.add(key.len());
            match payload {
                Payload::Int(value) => at.cast::<i64>().write_unaligned(value),
                Payload::Bytes(_, bytes) => {
                    start.add(6).cast::<u16>().write(bytes.len() as u16);
                    std::ptr::copy_nonoverlapping(bytes.as_ptr(), at, bytes.len());
                }
                Payload::Raw(shared) => at.cast::<*const Vec<u8>>().write_unaligned(shared),
                Payload::Object(boxed) => at.cast::<*mut Object>().write_unaligned(boxed),
            }
        }
        Entry(pointer)
    }

    /// Replaces the allocation by one with this expiry and payload. What a pointer payload names must be the
    /// old entry's own or fresh; the old one's is not dropped.
    fn rebuild(&mut self, expiry_ms: Option<i64>, payload: Payload<'_>) {
        let fresh = Entry::build(self.key(), expiry_ms, payload, self.access());
        let old = std::mem::replace(self, fresh);
        old.free();
    }

    /// Frees the allocation without dropping what a pointer payload names.
    fn free(self) {
        let entry = ManuallyDrop::new(self);
        // SAFETY: the allocation was made with this layout (type invariant) and is not used again.
        unsafe { dealloc(entry.0.as_ptr(), layout(entry.size())) }
    }

    /// Tag and access bits. Atomic, so that an entry that is only read can be marked as accessed.
    #[inline(always)]
    fn head(&self) -> &AtomicU32 {
        // SAFETY: the first four bytes are tag and access bits (type invariant), aligned to 8, and live as long as
        // the entry; they are reached only through this function once `build` has written them.
        unsafe { AtomicU32::from_ptr(self.0.as_ptr().cast()) }
    }

    #[inline(always)]
    fn tag(&self) -> u8 {
        self.head().load(Relaxed) as u8
    }

    #[inline(always)]
    fn form(&self) -> u8 {
        self.tag() & FORM
    }

    // The tag is read once and handed on: an atomic read is not made again by itself, but neither is it saved.
    #[inline(always)]
    fn key_len(&self, tag: u8) -> usize {
        // SAFETY: offset 4 holds the key length; with LONG_KEY the last four prefix bytes hold it. `tag` is this entry's.
        unsafe {
            if tag & LONG_KEY == 0 {
                usize::from(self.0.as_ptr().add(4).cast::<u16>().read())
            } else {
                self.0.as_ptr().add(prefix_bytes(tag) - 4).cast::<u32>().read_unaligned() as usize
            }
        }
    }

    #[inline(always)]
    fn inline_len(&self) -> usize {
        // SAFETY: offset 6 is part of the header.
        usize::from(unsafe { self.0.as_ptr().add(6).cast::<u16>().read() })
    }

    fn value_bytes(&self) -> usize {
        if self.form() >= INLINE { self.inline_len() } else { 8 }
    }

    /// Bytes from its first to its last.
    pub(super) fn size(&self) -> usize {
        let tag = self.tag();
        prefix_bytes(tag) + self.key_len(tag) + self.value_bytes()
    }

    #[inline(always)]
    fn value(&self) -> *mut u8 {
        let tag = self.tag();
        // SAFETY: the value stands behind prefix and key, inside the allocation (type invariant).
        unsafe { self.0.as_ptr().add(prefix_bytes(tag) + self.key_len(tag)) }
    }

    /// The key.
    #[inline(always)]
    pub fn key(&self) -> &[u8] {
        let tag = self.tag();
        // SAFETY: `key_len` bytes behind the prefix are the key (type invariant).
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().add(prefix_bytes(tag)), self.key_len(tag)) }
    }

    /// The 24 access bits, as [`AccessPolicy`](super::AccessPolicy) lays them out.
    #[inline]
    pub fn access(&self) -> u32 {
        self.head().load(Relaxed) >> 8
    }

    /// Sets the access bits; only the low 24 count. What two threads set at once, one of them loses.
    #[inline]
    pub fn set_access(&self, bits: u32) {
        self.head().store(u32::from(self.tag()) | bits << 8, Relaxed);
    }

    /// When it expires, unix ms.
    #[inline]
    pub fn expiry_ms(&self) -> Option<i64> {
        if self.tag() & EXPIRES == 0 {
            return None;
        }
        // SAFETY: with EXPIRES the eight bytes behind the header are the expiry.
        Some(unsafe { self.0.as_ptr().add(HEADER_BYTES).cast::<i64>().read_unaligned() })
    }

    /// Sets or removes the expiry; in place when the entry has one already and keeps one.
    pub fn set_expiry_ms(&mut self, expiry_ms: Option<i64>) {
        match expiry_ms {
            Some(at) if self.tag() & EXPIRES != 0 => {
                // SAFETY: as in `expiry_ms`.
                unsafe { self.0.as_ptr().add(HEADER_BYTES).cast::<i64>().write_unaligned(at) }
            }
            None if self.tag() & EXPIRES == 0 => {}
            _ => {
                let fresh = Entry::build(self.key(), expiry_ms, self.payload(), self.access());
                std::mem::replace(self, fresh).free();
            }
        }
    }

    fn payload(&self) -> Payload<'_> {
        // SAFETY: the form says what is written at `value` (type invariant).
        unsafe {
            match self.form() {
                INT => Payload::Int(self.value().cast::<i64>().read_unaligned()),
                RAW => Payload::Raw(self.value().cast::<*const Vec<u8>>().read_unaligned()),
                OBJECT => Payload::Object(self.value().cast::<*mut Object>().read_unaligned()),
                form => Payload::Bytes(form, std::slice::from_raw_parts(self.value(), self.inline_len())),
            }
        }
    }

    /// The string value; `None` when it is a collection.
    #[inline]
    pub fn as_str(&self) -> Option<Str<'_>> {
        if self.form() == INLINE {
            // SAFETY: `inline_len` bytes stand at `value` (type invariant).
            return Some(Str::Bytes(unsafe { std::slice::from_raw_parts(self.value(), self.inline_len()) }));
        }
        match self.payload() {
            Payload::Int(value) => Some(Str::Int(value)),
            Payload::Bytes(..) => None,
            // SAFETY: this entry's count keeps it alive, and `&self` excludes changes by this entry; nobody else
            // changes what is shared.
            Payload::Raw(shared) => Some(Str::Bytes(unsafe { &*shared })),
            Payload::Object(_) => None,
        }
    }

    /// How the bytes in the entry are to be read when they are a collection's.
    #[inline]
    fn packing(&self) -> Option<Packing> {
        let place = self.form().checked_sub(PACKED)?;
        Packing::ALL.get(usize::from(place)).copied()
    }

    /// The collection of this type; `None` when it is something else.
    #[inline]
    pub fn read<T: Collection>(&self) -> Option<Ref<'_, T>> {
        match self.packing() {
            None => self.boxed().and_then(T::of).map(|value| Ref(Source::There(value))),
            // SAFETY: what is made of the block goes into a `Ref` that borrows `self`.
            Some(packing) => T::unpack(packing, unsafe { self.lend() }).map(Ref::made),
        }
    }

    /// The collection of any type; `None` when it is a string.
    pub fn as_object(&self) -> Option<Ref<'_, Object>> {
        match self.packing() {
            None => self.boxed().map(|object| Ref(Source::There(object))),
            // SAFETY: as in `read`.
            Some(packing) => Object::unpack(packing, unsafe { self.lend() }).map(Ref::made),
        }
    }

    /// The bytes in the entry, for a collection to be made over.
    ///
    /// # Safety
    ///
    /// The collection must go into a [`Ref`] that borrows this entry: it hands out `&T` for no longer than that and
    /// never a `T`, so the bytes are neither changed nor freed while they are lent. (A clone owns its bytes.)
    #[inline]
    unsafe fn lend(&self) -> Block {
        // SAFETY: `inline_len` bytes stand at `value`, none with a form that has none there; the lifetime ends
        // early enough by this function's contract.
        Block::lent(unsafe { std::slice::from_raw_parts(self.value(), self.inline_len()) })
    }

    /// The collection that stands outside of the entry.
    #[inline]
    pub(super) fn boxed(&self) -> Option<&Object> {
        match self.payload() {
            // SAFETY: the box is owned by this entry and lives as long as it; `&self` excludes changes.
            Payload::Object(boxed) => Some(unsafe { &*boxed }),
            _ => None,
        }
    }

    /// The string to hold on to, when it is kept outside of the entry. It stays as it is whatever becomes of the key.
    pub fn as_shared(&self) -> Option<Arc<Vec<u8>>> {
        match self.payload() {
            // SAFETY: the pointer came from `Arc::into_raw` and this entry's count keeps it alive; the count taken
            // here is the one that `from_raw` hands out.
            Payload::Raw(shared) => Some(unsafe {
                Arc::increment_strong_count(shared);
                Arc::from_raw(shared)
            }),
            _ => None,
        }
    }

    /// The collection to change, when it stands outside of the entry; `None` also when it is a string.
    #[inline]
    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        match self.payload() {
            // SAFETY: the box is owned by this entry, and `&mut self` is the only way to it.
            Payload::Object(boxed) => Some(unsafe { &mut *boxed }),
            _ => None,
        }
    }

    /// The string as a growable vector (encoding `raw`); `None` when it is a collection. O(length) when it was not
    /// one yet, or while somebody else holds it.
    pub fn as_raw_mut(&mut self) -> Option<&mut Vec<u8>> {
        let grown = match self.payload() {
            Payload::Int(value) => Some(itoa::Buffer::new().format(value).as_bytes().to_vec()),
            Payload::Bytes(INLINE, bytes) => Some(bytes.to_vec()),
            Payload::Raw(_) => None,
            Payload::Bytes(..) | Payload::Object(_) => return None,
        };
        if let Some(bytes) = grown {
            self.rebuild(self.expiry_ms(), Payload::Raw(Arc::into_raw(Arc::new(bytes))));
        }
        let Payload::Raw(shared) = self.payload() else { return None };
        // SAFETY: the pointer came from `Arc::into_raw`; this entry's count stays the entry's, since the `Arc` made
        // here is never dropped.
        let mut own = ManuallyDrop::new(unsafe { Arc::from_raw(shared) });
        // When somebody else holds it, this puts a copy in its place and gives this entry's count of the old one back.
        Arc::make_mut(&mut own);
        let own = Arc::as_ptr(&own);
        // SAFETY: form Raw has eight value bytes, and what is written is a pointer with one count of its own. Nobody
        // else has a count, and while `&mut self` is borrowed nobody can take one: the reference is the only one.
        unsafe {
            self.value().cast::<*const Vec<u8>>().write_unaligned(own);
            Some(&mut *own.cast_mut())
        }
    }

    /// Overwrites the string in its own allocation, when it is kept outside of the entry, nobody else holds it, and
    /// the new one fills it.
    fn refill(&mut self, value: &[u8]) -> bool {
        let Payload::Raw(shared) = self.payload() else { return false };
        // SAFETY: as in `as_raw_mut`.
        let mut own = ManuallyDrop::new(unsafe { Arc::from_raw(shared) });
        match Arc::get_mut(&mut own) {
            Some(bytes)
                if value.len() <= bytes.capacity() && bytes.capacity() - value.len() <= value.len() / SLACK_DIVISOR =>
            {
                bytes.clear();
                bytes.extend_from_slice(value);
                true
            }
            _ => false,
        }
    }

    /// True when the string was grown in place or is too long for the entry: encoding `raw` whatever its length.
    pub fn is_raw(&self) -> bool {
        self.form() == RAW
    }

    /// Overwrites value and expiry by a string; in place when the size class allows.
    #[inline]
    pub fn set_bytes(&mut self, value: &[u8], expiry_ms: Option<i64>) {
        let keeps_head = self.form() == INLINE && (self.tag() & EXPIRES != 0) == expiry_ms.is_some();
        if keeps_head && value.len() < SHARED_BYTES_MIN {
            self.replace_bytes(INLINE, value);
            self.set_expiry_ms(expiry_ms);
            return;
        }
        if value.len() >= SHARED_BYTES_MIN && self.refill(value) {
            self.set_expiry_ms(expiry_ms);
            return;
        }
        let fresh = Entry::bytes(self.key(), value, expiry_ms);
        fresh.set_access(self.access());
        *self = fresh;
    }

    /// Overwrites value and expiry by a string that others may hold too; nothing of it is copied.
    pub fn set_shared(&mut self, value: Arc<Vec<u8>>, expiry_ms: Option<i64>) {
        let fresh = Entry::shared(self.key(), value, expiry_ms);
        fresh.set_access(self.access());
        *self = fresh;
    }

    /// Replaces the bytes in the entry and their form; in place when the size class allows.
    ///
    /// # Panics
    ///
    /// When the value is not bytes in the entry, or is to be too long for it.
    #[inline]
    fn replace_bytes(&mut self, form: u8, value: &[u8]) {
        assert!(self.form() >= INLINE && (INLINE..=FORM).contains(&form) && value.len() < SHARED_BYTES_MIN);
        let (tag, old_len) = (self.tag(), self.inline_len());
        let head = prefix_bytes(tag) + self.key_len(tag);
        if value.len() != old_len && size_class(head + old_len) != size_class(head + value.len()) {
            self.reallocate(head, head + value.len());
        }
        // SAFETY: the allocation has the size class of head and value, so `value` fits behind the head; `value`
        // cannot overlap it, since `&mut self` is exclusive. Tag and length are made to tell what is written.
        unsafe {
            let start = self.0.as_ptr();
            if tag & FORM != form {
                start.write(tag & !FORM | form);
            }
            start.add(6).cast::<u16>().write(value.len() as u16);
            std::ptr::copy_nonoverlapping(value.as_ptr(), start.add(head), value.len());
        }
    }

    /// Moves the first `head` bytes, those in front of the value, to an allocation for `size` bytes. Tag and lengths
    /// are those of the old one: the caller makes them tell the new one's size.
    #[inline(never)]
    fn reallocate(&mut self, head: usize, size: usize) {
        let (old, new) = (layout(self.size()), layout(size));
        // SAFETY: as in `build`.
        let Some(start) = NonNull::new(unsafe { alloc(new) }) else { handle_alloc_error(new) };
        assert!(head <= size && head <= self.size());
        // SAFETY: both have `head` bytes at their start and do not overlap; the old one was made with this layout
        // (type invariant) and is not used again.
        unsafe {
            std::ptr::copy_nonoverlapping(self.0.as_ptr(), start.as_ptr(), head);
            dealloc(self.0.as_ptr(), old);
        }
        self.0 = start;
    }

    /// Overwrites value and expiry by an integer; in place when it was one and keeps or lacks an expiry.
    #[inline]
    pub fn set_int(&mut self, value: i64, expiry_ms: Option<i64>) {
        if self.form() == INT && (self.tag() & EXPIRES != 0) == expiry_ms.is_some() {
            self.overwrite_int(value);
            self.set_expiry_ms(expiry_ms);
            return;
        }
        let fresh = Entry::int(self.key(), value, expiry_ms);
        fresh.set_access(self.access());
        *self = fresh;
    }

    /// The value, when it is kept as an integer.
    #[inline]
    pub fn as_int(&self) -> Option<i64> {
        // SAFETY: form Int has eight value bytes.
        (self.form() == INT).then(|| unsafe { self.value().cast::<i64>().read_unaligned() })
    }

    /// Overwrites an integer in place.
    ///
    /// # Panics
    ///
    /// When the value is not kept as one.
    #[inline]
    pub fn overwrite_int(&mut self, value: i64) {
        assert!(self.form() == INT);
        // SAFETY: form Int has eight value bytes.
        unsafe { self.value().cast::<i64>().write_unaligned(value) }
    }

    /// A copy of it under another key.
    pub fn copy_as(&self, key: &[u8]) -> Entry {
        let expiry_ms = self.expiry_ms();
        match self.payload() {
            Payload::Int(value) => Entry::int(key, value, expiry_ms),
            Payload::Bytes(form, bytes) => Entry::build(key, expiry_ms, Payload::Bytes(form, bytes), 0),
            // SAFETY: as in `as_str`.
            Payload::Raw(shared) => Entry::shared(key, Arc::new(unsafe { (*shared).clone() }), expiry_ms),
            // SAFETY: as in `as_object`.
            Payload::Object(boxed) => Entry::object(key, unsafe { (*boxed).clone() }, expiry_ms),
        }
    }

    /// The same value under another key; nothing but the entry itself is copied.
    pub fn renamed(self, key: &[u8]) -> Entry {
        let fresh = Entry::build(key, self.expiry_ms(), self.payload(), self.access());
        self.free();
        fresh
    }

    /// Bytes of its own allocation, without what Raw and Object hang on it.
    pub fn allocated_bytes(&self) -> usize {
        size_class(self.size())
    }

    /// Where its first bytes stand, for prefetching.
    #[inline(always)]
    pub(super) fn address(&self) -> *const u8 {
        self.0.as_ptr()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // SAFETY: a pointer payload came from `Arc::into_raw` with a count, or from `Box::into_raw`, and is owned by
        // this entry; the allocation has this layout (type invariant); neither is used again.
        unsafe {
            match self.payload() {
                Payload::Raw(shared) => drop(Arc::from_raw(shared)),
                Payload::Object(boxed) => drop(Box::from_raw(boxed)),
                _ => {}
            }
            dealloc(self.0.as_ptr(), layout(self.size()));
        }
    }
}

/// Bytes in front of the key.
#[inline(always)]
const fn prefix_bytes(tag: u8) -> usize {
    HEADER_BYTES + if tag & EXPIRES != 0 { 8 } else { 0 } + if tag & LONG_KEY != 0 { 4 } else { 0 }
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size_class(size), 8).expect("an entry is far smaller than the address space")
}

#[cfg(test)]
mod tests;
