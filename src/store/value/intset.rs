//! Sorted 64-bit integers in one byte block, each stored in 2, 4 or 8 bytes: as wide as the widest needs.
//!
//! The block is laid out as the reference's intset, so that it can be dumped and restored as it is:
//! `width: u32 | length: u32 | length × width bytes`, all little-endian, ascending, without duplicates.
//! Not a set of anything but integers: [`super::set::Set`] converts when another member comes.

use super::block::{Block, SMALL_BYTES};
use std::cmp::Ordering;
use std::ops::Range;

const HEADER_BYTES: usize = 8;
/// Distance of the allocator's small size classes: what it would spend anyway.
const ALLOCATION_BYTES: usize = 16;

/// Ascending distinct integers. Search is O(log n), insertion and removal O(n) bytes moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntSet {
    block: Block,
}

/// Bytes that hold `value`: 2, 4 or 8.
fn width_of(value: i64) -> usize {
    if i16::try_from(value).is_ok() {
        2
    } else if i32::try_from(value).is_ok() {
        4
    } else {
        8
    }
}

/// The integer at the start of `bytes`, which are `width` long.
#[inline]
fn decode(bytes: &[u8]) -> i64 {
    match *bytes {
        [a, b] => i64::from(i16::from_le_bytes([a, b])),
        [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => i64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => unreachable!("widths are 2, 4 and 8"),
    }
}

impl IntSet {
    /// An empty set of two-byte integers.
    pub fn new() -> IntSet {
        IntSet::in_buffer(Vec::with_capacity(ALLOCATION_BYTES))
    }

    /// An empty set that is kept in `buffer` while it has room.
    pub fn in_buffer(mut buffer: Vec<u8>) -> IntSet {
        buffer.clear();
        buffer.extend_from_slice(&[2, 0, 0, 0, 0, 0, 0, 0]);
        IntSet { block: buffer.into() }
    }

    /// The set whose bytes `block` holds. They must be [`as_bytes`](Self::as_bytes) of another.
    pub fn over(block: Block) -> IntSet {
        IntSet { block }
    }

    /// The buffer, for use by another.
    pub fn into_block(self) -> Block {
        self.block
    }

    /// Takes over a block written by [`IntSet::as_bytes`] or by the reference.
    ///
    /// `None` unless the width is known, the length agrees, there is at least one member and all ascend
    /// strictly. O(n).
    pub fn from_bytes(block: &[u8]) -> Option<IntSet> {
        let (header, contents) = block.split_at_checked(HEADER_BYTES)?;
        let width = u32::from_le_bytes(header[..4].try_into().ok()?);
        let length = u32::from_le_bytes(header[4..].try_into().ok()?);
        let width = usize::try_from(width).ok().filter(|width| matches!(width, 2 | 4 | 8))?;
        if length == 0 || usize::try_from(length).ok()?.checked_mul(width)? != contents.len() {
            return None;
        }
        let set = IntSet { block: block.to_vec().into() };
        set.iter().is_sorted_by(|a, b| a < b).then_some(set)
    }

    /// The block: header and contents.
    pub fn as_bytes(&self) -> &[u8] {
        &self.block
    }

    /// Bytes allocated.
    pub fn allocated_bytes(&self) -> usize {
        self.block.capacity()
    }

    /// Gives back spare room.
    pub fn shrink_to_fit(&mut self) {
        self.block.vec().shrink_to_fit();
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        (self.block.len() - HEADER_BYTES) / self.width()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.block.len() == HEADER_BYTES
    }

    /// The `index`-th smallest member.
    pub fn get(&self, index: usize) -> Option<i64> {
        (index < self.len()).then(|| self.at(index, self.width()))
    }

    /// The rank of `value`, or where it would stand.
    pub fn search(&self, value: i64) -> Result<usize, usize> {
        let width = self.width();
        let len = self.len();
        if width_of(value) > width {
            return Err(if value < 0 { 0 } else { len });
        }
        // Ascending insertion is the common bulk load: one comparison instead of a search.
        if len > 0 && value > self.at(len - 1, width) {
            return Err(len);
        }
        let (mut low, mut high) = (0, len);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.at(middle, width).cmp(&value) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Ok(middle),
            }
        }
        Err(low)
    }

    /// Whether `value` is a member.
    pub fn contains(&self, value: i64) -> bool {
        self.search(value).is_ok()
    }

    /// Adds `value`, widening all members when it needs it; false if it was there.
    pub fn insert(&mut self, value: i64) -> bool {
        let Err(index) = self.search(value) else {
            return false;
        };
        let width = width_of(value);
        if width > self.width() {
            self.widen(width);
        }
        let width = self.width();
        self.reserve(width);
        let at = HEADER_BYTES + index * width;
        let old_end = self.block.len();
        let block = self.block.vec();
        block.resize(old_end + width, 0);
        block.copy_within(at..old_end, at + width);
        block[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
        self.write_len(self.len());
        true
    }

    /// Removes `value`; false if it was not there. The width stays.
    pub fn remove(&mut self, value: i64) -> bool {
        let Ok(index) = self.search(value) else {
            return false;
        };
        self.remove_at(index);
        true
    }

    /// Removes and returns the `index`-th smallest member.
    pub fn remove_at(&mut self, index: usize) -> Option<i64> {
        let value = self.get(index)?;
        let width = self.width();
        let at = HEADER_BYTES + index * width;
        let block = self.block.vec();
        block.drain(at..at + width);
        // A small buffer may be one that is used again and again.
        if block.capacity() > SMALL_BYTES && block.len() * 2 < block.capacity() {
            block.shrink_to_fit();
        }
        self.write_len(self.len());
        Some(value)
    }

    /// Members in ascending order.
    pub fn iter(&self) -> Iter<'_> {
        Iter { set: self, width: self.width(), range: 0..self.len() }
    }

    #[inline]
    fn width(&self) -> usize {
        usize::from(self.block[0])
    }

    #[inline]
    fn at(&self, index: usize, width: usize) -> i64 {
        let at = HEADER_BYTES + index * width;
        decode(&self.block[at..at + width])
    }

    fn write_len(&mut self, len: usize) {
        let len = u32::try_from(len).expect("a set of integers is converted long before 2^32 members");
        self.block[4..HEADER_BYTES].copy_from_slice(&len.to_le_bytes());
    }

    /// Grows by a quarter rather than by doubling: these sets are many and small, memory is what they are for.
    fn reserve(&mut self, bytes: usize) {
        let block = self.block.vec();
        let len = block.len();
        if block.capacity() - len < bytes {
            let capacity = (len + bytes.max(len / 4)).next_multiple_of(ALLOCATION_BYTES);
            block.reserve_exact(capacity - len);
        }
    }

    fn widen(&mut self, width: usize) {
        let (len, old_width) = (self.len(), self.width());
        let block = self.block.vec();
        let bytes = HEADER_BYTES + (len + 1) * width;
        block.reserve_exact(bytes.saturating_sub(block.len()));
        block.resize(HEADER_BYTES + len * width, 0);
        // From the last one on: none is overwritten before it is read.
        for index in (0..len).rev() {
            let (from, to) = (HEADER_BYTES + index * old_width, HEADER_BYTES + index * width);
            let value = decode(&block[from..from + old_width]);
            block[to..to + width].copy_from_slice(&value.to_le_bytes()[..width]);
        }
        block[0] = u8::try_from(width).expect("widths are 2, 4 and 8");
    }
}

impl Default for IntSet {
    fn default() -> IntSet {
        IntSet::new()
    }
}

/// Iterator over an [`IntSet`], ascending.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    set: &'a IntSet,
    width: usize,
    range: Range<usize>,
}

impl Iterator for Iter<'_> {
    type Item = i64;

    #[inline]
    fn next(&mut self) -> Option<i64> {
        self.range.next().map(|index| self.set.at(index, self.width))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_block_is_the_references() {
        let mut set = IntSet::new();
        assert!(set.insert(2) && set.insert(-1));
        assert_eq!(set.as_bytes(), [2, 0, 0, 0, 2, 0, 0, 0, 0xff, 0xff, 2, 0]);
        assert!(set.insert(70_000));
        assert_eq!(set.as_bytes(), [4, 0, 0, 0, 3, 0, 0, 0, 255, 255, 255, 255, 2, 0, 0, 0, 0x70, 0x11, 1, 0]);
        assert_eq!(IntSet::from_bytes(set.as_bytes()), Some(set.clone()));
        assert!(set.insert(i64::MIN) && set.insert(i64::MAX));
        assert_eq!(set.iter().collect::<Vec<_>>(), [i64::MIN, -1, 2, 70_000, i64::MAX]);
        assert_eq!(set.as_bytes()[0], 8);
    }

    #[test]
    fn malformed_blocks_are_refused() {
        let good = [2u8, 0, 0, 0, 2, 0, 0, 0, 1, 0, 2, 0];
        assert!(IntSet::from_bytes(&good).is_some());
        for length in 0..good.len() {
            assert_eq!(IntSet::from_bytes(&good[..length]), None, "{length} bytes");
        }
        let with = |index: usize, byte: u8| {
            let mut block = good;
            block[index] = byte;
            IntSet::from_bytes(&block)
        };
        assert_eq!(with(0, 3), None, "width");
        assert_eq!(with(1, 1), None, "width of more than a byte");
        assert_eq!(with(4, 3), None, "length");
        assert_eq!(with(8, 2), None, "duplicate");
        assert_eq!(with(8, 3), None, "descending");
        assert_eq!(IntSet::from_bytes(&[2, 0, 0, 0, 0, 0, 0, 0]), None, "empty");
        assert_eq!(IntSet::from_bytes(&[2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]), None, "huge length");
    }

    #[test]
    fn random_operations_agree_with_a_btree_set() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..200 {
            let (mut set, mut model) = (IntSet::new(), BTreeSet::new());
            let bits = random.u32(1..64);
            for _ in 0..random.usize(1..300) {
                let value = random.i64(..) >> random.u32((63 - bits)..64);
                match random.u8(0..4) {
                    0 => assert_eq!(set.remove(value), model.remove(&value)),
                    1 if !model.is_empty() => {
                        let index = random.usize(..model.len());
                        let expected = *model.iter().nth(index).unwrap();
                        assert_eq!(set.remove_at(index), Some(expected));
                        model.remove(&expected);
                    }
                    _ => assert_eq!(set.insert(value), model.insert(value)),
                }
                assert_eq!(set.contains(value), model.contains(&value));
                assert_eq!(set.len(), model.len());
            }
            assert!(set.iter().eq(model.iter().copied()));
            if !model.is_empty() {
                assert_eq!(IntSet::from_bytes(set.as_bytes()).as_ref(), Some(&set));
            }
        }
    }
}
