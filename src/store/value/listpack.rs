//! Listpack: elements packed one after another in a single buffer, each readable from either end.
//!
//! The bytes are the ones the reference server keeps and dumps: 4 bytes total length and 2 bytes element count (both
//! little endian), the elements, one `0xFF`. An element is its encoding, its data and its *back length* (how far to
//! step back from its end to its start). Decimal text that is exactly how an `i64` prints is stored as an integer.
//!
//! Not a list type: no limits of its own, every change moves the bytes behind it. Callers keep listpacks small, ask
//! [`Listpack::fits`] before they add what a client sent, and address elements by [`Pos`], so that field and value (or
//! member and score) are found by one walk. The buffer grows by allocator size classes, so that almost no byte of it
//! is slack that the allocator would not have spent anyway.

use super::block::{Block, SMALL_BYTES};
use crate::store::size_class::size_class;
use std::fmt;

mod entry;

pub use entry::{Elem, Needle, integer};
use entry::{Frame, back_len, body_bytes, decode, entry_bytes, head_bytes, start_before};

/// Total bytes and element count.
const HEADER_BYTES: usize = 6;
/// What ends every listpack.
const END: u8 = 0xFF;
/// A listpack without elements.
const EMPTY: [u8; HEADER_BYTES + 1] = [7, 0, 0, 0, 0, 0, END];
/// This count in the header means "walk to know".
const COUNT_UNKNOWN: u16 = u16::MAX;
/// No listpack may pass this many bytes (the reference's safety limit: 1 GiB).
pub const BYTES_MAX: usize = 1 << 30;

/// Where an element starts. Stays good until something at or before it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pos(u32);

impl Pos {
    fn new(at: usize) -> Pos {
        Pos(u32::try_from(at).expect("a listpack is shorter than 4 GiB"))
    }

    fn at(self) -> usize {
        self.0 as usize
    }
}

/// Why bytes from elsewhere are not a listpack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt;

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a listpack")
    }
}

impl std::error::Error for Corrupt {}

/// Elements packed in one buffer. A new one owns no memory.
#[derive(Clone, Default)]
pub struct Listpack {
    // Empty, or header, elements and END.
    buf: Block,
}

impl PartialEq for Listpack {
    fn eq(&self, other: &Listpack) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Listpack {}

impl Listpack {
    /// An empty listpack; allocates nothing.
    pub const fn new() -> Listpack {
        Listpack { buf: Block::new() }
    }

    /// The listpack whose bytes `block` holds. They must be [`as_bytes`](Self::as_bytes) of another, or empty.
    #[inline]
    pub fn over(block: Block) -> Listpack {
        debug_assert!(block.is_empty() || validate(&block).is_ok());
        Listpack { buf: block }
    }

    /// An empty listpack that is kept in `buffer` while it has room.
    #[inline]
    pub fn in_buffer(mut buffer: Vec<u8>) -> Listpack {
        buffer.clear();
        Listpack { buf: buffer.into() }
    }

    /// The buffer, for use by another.
    #[inline]
    pub fn into_block(self) -> Block {
        self.buf
    }

    /// Takes bytes from elsewhere, after checking every element. O(bytes).
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Listpack, Corrupt> {
        validate(&bytes)?;
        Ok(Listpack { buf: bytes.into() })
    }

    /// The whole listpack as it is dumped.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        if self.buf.is_empty() { &EMPTY } else { &self.buf }
    }

    /// Bytes of the whole listpack, header and end included; 7 when empty.
    pub fn byte_len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Bytes of memory its buffer holds.
    pub fn capacity_bytes(&self) -> usize {
        self.buf.capacity()
    }

    /// Elements. O(1), O(elements) when there are 65,535 or more.
    #[inline]
    pub fn len(&self) -> usize {
        match self.count() {
            COUNT_UNKNOWN => self.iter().count(),
            count => usize::from(count),
        }
    }

    /// Whether there is no element.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.as_bytes().len() == EMPTY.len()
    }

    /// Whether `bytes` more (elements and their overhead) stay within [`BYTES_MAX`].
    pub fn fits(&self, bytes: usize) -> bool {
        self.byte_len().saturating_add(bytes) <= BYTES_MAX
    }

    /// The elements, from either end.
    #[inline]
    pub fn iter(&self) -> Iter<'_> {
        Iter { buf: self.as_bytes(), front: HEADER_BYTES, back: self.end() }
    }

    /// The element at `pos` and all behind it.
    pub fn iter_from(&self, pos: Pos) -> Iter<'_> {
        Iter { front: pos.at(), ..self.iter() }
    }

    /// All elements up to and including the one at `pos`.
    pub fn iter_until(&self, pos: Pos) -> Iter<'_> {
        Iter { back: pos.at() + entry_bytes(&self.buf, pos.at()), ..self.iter() }
    }

    /// The element at `index` (0 is the first). O(distance from the nearer end).
    pub fn get(&self, index: usize) -> Option<Elem<'_>> {
        self.seek(index).map(|pos| self.at(pos))
    }

    /// Where the element at `index` is. O(distance from the nearer end).
    pub fn seek(&self, index: usize) -> Option<Pos> {
        let count = match self.count() {
            COUNT_UNKNOWN => usize::MAX,
            count => usize::from(count),
        };
        if index >= count {
            return None;
        }
        if count != usize::MAX && index > count / 2 {
            let mut pos = self.last()?;
            for _ in index + 1..count {
                pos = self.prev(pos)?;
            }
            return Some(pos);
        }
        let mut pos = self.first()?;
        for _ in 0..index {
            pos = self.next(pos)?;
        }
        Some(pos)
    }

    /// Where the first element is.
    #[inline]
    pub fn first(&self) -> Option<Pos> {
        (!self.is_empty()).then(|| Pos::new(HEADER_BYTES))
    }

    /// Where the last element is.
    pub fn last(&self) -> Option<Pos> {
        (!self.is_empty()).then(|| Pos::new(start_before(&self.buf, self.end())))
    }

    /// Where the first element is that starts `bytes` or more behind the start of the listpack. O(elements before it).
    pub fn first_behind(&self, bytes: usize) -> Option<Pos> {
        let mut pos = self.first()?;
        while pos.at() < bytes {
            pos = self.next(pos)?;
        }
        Some(pos)
    }

    /// Where the element behind `pos` is.
    pub fn next(&self, pos: Pos) -> Option<Pos> {
        let next = pos.at() + entry_bytes(&self.buf, pos.at());
        (next < self.end()).then(|| Pos::new(next))
    }

    /// Where the element before `pos` is.
    pub fn prev(&self, pos: Pos) -> Option<Pos> {
        (pos.at() > HEADER_BYTES).then(|| Pos::new(start_before(&self.buf, pos.at())))
    }

    /// The element at `pos`.
    #[inline]
    pub fn at(&self, pos: Pos) -> Elem<'_> {
        decode(&self.buf, pos.at()).0
    }

    /// The first element equal to `value` among `start`, the element `step` behind it, and so on.
    ///
    /// `step` is 1 to compare every element and 2 for the keys of pairs; 0 counts as 1.
    pub fn find(&self, value: &[u8], start: Pos, step: usize) -> Option<Pos> {
        let needle = Needle::new(value);
        let (mut at, end) = (start.at(), self.end());
        while at < end {
            let (elem, bytes) = decode(&self.buf, at);
            if needle.is(&elem) {
                return Some(Pos::new(at));
            }
            at += bytes;
            for _ in 1..step {
                if at < end {
                    at += entry_bytes(&self.buf, at);
                }
            }
        }
        None
    }

    /// Adds `value` at the end. Amortised O(bytes of `value`).
    pub fn push_back(&mut self, value: &[u8]) -> Pos {
        self.insert_at(self.end(), Elem::from_bytes(value))
    }

    /// Adds `value` at the start. O(bytes).
    pub fn push_front(&mut self, value: &[u8]) -> Pos {
        self.insert_at(HEADER_BYTES, Elem::from_bytes(value))
    }

    /// Adds an element at the end as it is stored, not looking for numbers in text.
    pub fn push_back_elem(&mut self, elem: Elem<'_>) -> Pos {
        self.insert_at(self.end(), elem)
    }

    /// Adds every value at the end.
    pub fn append<'v>(&mut self, values: impl IntoIterator<Item = &'v [u8]>) {
        for value in values {
            self.push_back(value);
        }
    }

    /// Adds all elements of `other` at the end.
    pub fn append_listpack(&mut self, other: &Listpack) {
        if other.is_empty() {
            return;
        }
        let count = self.len() + other.len();
        self.start();
        let elements = &other.buf[HEADER_BYTES..other.end()];
        let buf = self.buf.vec();
        reserve(buf, elements.len());
        buf.pop();
        buf.extend_from_slice(elements);
        buf.push(END);
        self.set_header(count);
    }

    /// Adds `value` before the element at `pos`; returns where the new element is. O(bytes behind).
    pub fn insert_before(&mut self, pos: Pos, value: &[u8]) -> Pos {
        self.insert_at(pos.at(), Elem::from_bytes(value))
    }

    /// Adds `value` behind the element at `pos`; returns where the new element is. O(bytes behind).
    pub fn insert_after(&mut self, pos: Pos, value: &[u8]) -> Pos {
        let at = pos.at() + entry_bytes(&self.buf, pos.at());
        self.insert_at(at, Elem::from_bytes(value))
    }

    /// Puts `value` in place of the element at `pos`, which stays its position. O(bytes behind).
    pub fn replace(&mut self, pos: Pos, value: &[u8]) {
        let old_bytes = entry_bytes(&self.buf, pos.at());
        let elem = Elem::from_bytes(value);
        let frame = Frame::new(&elem);
        let buf = self.buf.vec();
        make_room(buf, pos.at(), old_bytes, frame.bytes());
        frame.write(&elem, &mut buf[pos.at()..]);
        write_total(buf);
        self.shrink();
    }

    /// Removes the element at `pos`; returns where the next one now is. O(bytes behind).
    pub fn remove(&mut self, pos: Pos) -> Option<Pos> {
        self.remove_many(pos, 1)
    }

    /// Removes up to `count` elements from `pos` on; returns where the element behind them now is. O(bytes behind).
    pub fn remove_many(&mut self, pos: Pos, count: usize) -> Option<Pos> {
        let mut until = pos.at();
        let mut removed = 0;
        while removed < count && until < self.end() {
            until += entry_bytes(&self.buf, until);
            removed += 1;
        }
        let known = self.count();
        self.buf.vec().drain(pos.at()..until);
        // A count that was too large to keep is walked again, so that it becomes known once it fits.
        let count = if known == COUNT_UNKNOWN { self.walk() } else { usize::from(known) - removed };
        self.set_header(count);
        self.shrink();
        (pos.at() < self.end()).then_some(pos)
    }

    /// Removes up to `count` elements from `index` on; returns how many.
    pub fn remove_range(&mut self, index: usize, count: usize) -> usize {
        let Some(pos) = self.seek(index) else { return 0 };
        let before = self.len();
        self.remove_many(pos, count);
        before - self.len()
    }

    /// Keeps the elements that `keep` says true of; returns how many went. One pass, O(bytes).
    pub fn retain(&mut self, mut keep: impl FnMut(Elem<'_>) -> bool) -> usize {
        let (mut from, mut to, end) = (HEADER_BYTES, HEADER_BYTES, self.end());
        let (mut kept, mut removed) = (0, 0);
        while from < end {
            let (elem, bytes) = decode(&self.buf, from);
            if keep(elem) {
                if removed > 0 {
                    self.buf.copy_within(from..from + bytes, to);
                }
                to += bytes;
                kept += 1;
            } else {
                removed += 1;
            }
            from += bytes;
        }
        if removed > 0 {
            let buf = self.buf.vec();
            buf.truncate(to);
            buf.push(END);
            self.set_header(kept);
            self.shrink();
        }
        removed
    }

    /// Takes the element at `pos` and all behind it into a listpack of their own.
    pub fn split_off(&mut self, pos: Pos) -> Listpack {
        let mut tail = Listpack::new();
        tail.start();
        let elements = &self.buf[pos.at()..self.end()];
        let buf = tail.buf.vec();
        reserve(buf, elements.len());
        buf.pop();
        buf.extend_from_slice(elements);
        buf.push(END);
        tail.set_header(tail.walk());
        self.remove_many(pos, usize::MAX);
        tail
    }

    /// Gives back memory beyond the allocator's size class.
    pub fn shrink_to_fit(&mut self) {
        let bytes = size_class(self.buf.len());
        self.buf.vec().shrink_to(bytes);
    }

    /// Offset of [`END`].
    fn end(&self) -> usize {
        self.as_bytes().len() - 1
    }

    fn count(&self) -> u16 {
        let bytes = self.as_bytes();
        u16::from_le_bytes([bytes[4], bytes[5]])
    }

    fn walk(&self) -> usize {
        self.iter().count()
    }

    fn start(&mut self) {
        if self.buf.is_empty() {
            self.buf.vec().extend_from_slice(&EMPTY);
        }
    }

    fn insert_at(&mut self, at: usize, elem: Elem<'_>) -> Pos {
        let frame = Frame::new(&elem);
        let buf = self.buf.vec();
        if buf.is_empty() {
            reserve(buf, EMPTY.len() + frame.bytes());
            buf.extend_from_slice(&EMPTY);
        } else {
            reserve(buf, frame.bytes());
        }
        let count = u16::from_le_bytes([buf[4], buf[5]]);
        if at + 1 == buf.len() {
            buf.pop();
            frame.append(&elem, buf);
            buf.push(END);
        } else {
            make_room(buf, at, 0, frame.bytes());
            frame.write(&elem, &mut buf[at..]);
        }
        write_total(buf);
        // 65,534 + 1 is "unknown" by itself.
        buf[4..6].copy_from_slice(&count.saturating_add(1).to_le_bytes());
        Pos::new(at)
    }

    /// Halving is the trigger, so that alternating push and pop do not reallocate each time. A small buffer may be
    /// one that is used again and again ([`Block`]) and keeps its room.
    fn shrink(&mut self) {
        let capacity = self.buf.capacity();
        if capacity > SMALL_BYTES && self.buf.len() * 2 <= capacity {
            if self.is_empty() {
                self.buf = Block::new();
            } else {
                self.shrink_to_fit();
            }
        }
    }

    fn set_header(&mut self, count: usize) {
        let count = u16::try_from(count).unwrap_or(COUNT_UNKNOWN);
        let buf = self.buf.vec();
        buf[4..6].copy_from_slice(&count.to_le_bytes());
        write_total(buf);
    }
}

fn write_total(buf: &mut [u8]) {
    let total = u32::try_from(buf.len()).expect("callers ask fits() first");
    buf[..4].copy_from_slice(&total.to_le_bytes());
}

/// Room for `bytes` more, growing to a size class: geometric, so appending is amortised O(1) per byte.
fn reserve(buf: &mut Vec<u8>, bytes: usize) {
    let needed = buf.len() + bytes;
    if needed > buf.capacity() {
        buf.reserve_exact(size_class(needed) - buf.len());
    }
}

/// Makes `old_bytes` at `at` into `new_bytes` (whose content is then stale), moving what is behind.
fn make_room(buf: &mut Vec<u8>, at: usize, old_bytes: usize, new_bytes: usize) {
    let before = buf.len();
    if new_bytes > old_bytes {
        reserve(buf, new_bytes - old_bytes);
        buf.resize(before + new_bytes - old_bytes, 0);
    }
    if new_bytes != old_bytes {
        buf.copy_within(at + old_bytes..before, at + new_bytes);
        buf.truncate(before + new_bytes - old_bytes);
    }
}

impl fmt::Debug for Listpack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> IntoIterator for &'a Listpack {
    type Item = Elem<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Elements of a [`Listpack`], from either end.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    buf: &'a [u8],
    front: usize,
    back: usize,
}

impl<'a> Iter<'a> {
    /// Where the element is that `next` returns.
    pub fn pos(&self) -> Option<Pos> {
        (self.front < self.back).then(|| Pos::new(self.front))
    }

    /// Passes over the element that `next` would return, without reading it.
    #[inline]
    pub fn pass(&mut self) {
        if self.front < self.back {
            self.front += entry_bytes(self.buf, self.front);
        }
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Elem<'a>;

    #[inline]
    fn next(&mut self) -> Option<Elem<'a>> {
        if self.front >= self.back {
            return None;
        }
        let (elem, bytes) = decode(self.buf, self.front);
        self.front += bytes;
        Some(elem)
    }

    /// What `for_each` runs on: the whole walk as one loop over what is left of the buffer.
    #[inline]
    fn fold<B, F: FnMut(B, Elem<'a>) -> B>(self, init: B, mut each: F) -> B {
        let mut rest = self.buf.get(self.front..self.back).unwrap_or_default();
        let mut result = init;
        while !rest.is_empty() {
            let (elem, bytes) = decode(rest, 0);
            result = each(result, elem);
            rest = &rest[bytes..];
        }
        result
    }

    fn count(mut self) -> usize {
        let mut count = 0;
        while self.front < self.back {
            self.front += entry_bytes(self.buf, self.front);
            count += 1;
        }
        count
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.front >= self.back {
            return None;
        }
        self.back = start_before(self.buf, self.back);
        Some(decode(self.buf, self.back).0)
    }
}

/// Checks that `bytes` are one whole listpack: lengths, encodings, back lengths, count. O(bytes).
pub fn validate(bytes: &[u8]) -> Result<(), Corrupt> {
    let end = bytes.len().checked_sub(1).filter(|end| *end >= HEADER_BYTES).ok_or(Corrupt)?;
    let total = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let count = u16::from_le_bytes([bytes[4], bytes[5]]);
    if total as usize != bytes.len() || bytes[end] != END || bytes.len() > BYTES_MAX {
        return Err(Corrupt);
    }
    let (mut at, mut seen) = (HEADER_BYTES, 0usize);
    while at < end {
        let rest = &bytes[at..end];
        let body = head_bytes(rest).filter(|head| *head <= rest.len()).and_then(|_| body_bytes(rest)).ok_or(Corrupt)?;
        let (back, back_bytes) = back_len(body);
        if rest.get(body..body + back_bytes) != Some(&back[..back_bytes]) {
            return Err(Corrupt);
        }
        at += body + back_bytes;
        seen += 1;
    }
    if count != COUNT_UNKNOWN && usize::from(count) != seen { Err(Corrupt) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
