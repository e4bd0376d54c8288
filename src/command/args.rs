//! The arguments of one request, borrowed from the buffer they were read into.

use super::table::KeyRun;
use crate::resp::{Apart, ArgRange};
use crate::store::{Key, KeyHash};
use std::ops::Index;
use std::sync::Arc;

/// A request's arguments; argument 0 is the command's name. Copies are cheap.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    buffer: &'a [u8],
    ranges: &'a [ArgRange],
    apart: &'a Apart,
    /// Keys that a batch hashed ahead of running it.
    hashed: KeyRun,
    /// Their hashes.
    hashes: &'a [KeyHash],
}

/// Hashes a key; out of line, so that looking at a known hash stays short.
#[inline(never)]
fn hashed(bytes: &[u8]) -> Key<'_> {
    Key::new(bytes)
}

impl<'a> Args<'a> {
    /// The arguments at `ranges` of `buffer`.
    #[inline]
    pub fn new(buffer: &'a [u8], ranges: &'a [ArgRange]) -> Args<'a> {
        Args::with_apart(buffer, ranges, Apart::NONE)
    }

    /// The arguments at `ranges` of `buffer` or kept apart from it.
    #[inline]
    pub fn with_apart(buffer: &'a [u8], ranges: &'a [ArgRange], apart: &'a Apart) -> Args<'a> {
        Args { buffer, ranges, apart, hashed: KeyRun::default(), hashes: &[] }
    }

    /// The same, with the hashes of the first of these keys known.
    #[inline]
    pub fn with_hashes(self, keys: KeyRun, hashes: &'a [KeyHash]) -> Args<'a> {
        Args { hashed: keys, hashes, ..self }
    }

    /// Number of arguments, the name included.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(self) -> usize {
        self.ranges.len()
    }

    /// An argument that must be there: the arity was checked, or its number was compared with
    /// [`len`](Self::len).
    #[inline(always)]
    pub fn at(self, index: usize) -> &'a [u8] {
        self.ranges[index].of(self.buffer, self.apart)
    }

    /// An argument that may be missing.
    #[inline]
    pub fn get(self, index: usize) -> Option<&'a [u8]> {
        self.ranges.get(index).map(|range| range.of(self.buffer, self.apart))
    }

    /// A long argument to hold on to, when it came into memory of its own: it can become a value without a copy.
    #[inline]
    pub fn shared(self, index: usize) -> Option<&'a Arc<Vec<u8>>> {
        self.ranges.get(index)?.shared_of(self.apart)
    }

    /// Bytes of the long arguments that came into memory of their own.
    pub fn apart_bytes(self) -> usize {
        self.ranges.iter().filter_map(|range| range.shared_of(self.apart)).map(|bytes| bytes.len()).sum()
    }

    /// The hashes of these keys, when all of them are known.
    #[inline]
    pub fn hashes_of(self, keys: KeyRun) -> Option<&'a [KeyHash]> {
        (self.hashed == keys && self.hashes.len() == keys.count as usize).then_some(self.hashes)
    }

    /// An argument as a key; not hashed again when that was done ahead.
    // Inlined: else the arguments are copied for every key, which takes longer than what is done with them here.
    #[inline(always)]
    pub fn key(self, index: usize) -> Key<'a> {
        let bytes = self.at(index);
        // Nearly always it is the first.
        if let Some(hash) = self.hashes.first().filter(|_| index == self.hashed.first as usize) {
            return Key::with_hash(bytes, *hash);
        }
        match self.hashed.number_of(index).and_then(|number| self.hashes.get(number)) {
            Some(hash) => Key::with_hash(bytes, *hash),
            None => hashed(bytes),
        }
    }

    /// All arguments, the name first.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = &'a [u8]> + ExactSizeIterator + Clone {
        self.ranges.iter().map(move |range| range.of(self.buffer, self.apart))
    }

    /// The arguments from `count` on.
    pub fn skip(self, count: usize) -> impl DoubleEndedIterator<Item = &'a [u8]> + ExactSizeIterator + Clone {
        self.ranges.get(count..).unwrap_or_default().iter().map(move |range| range.of(self.buffer, self.apart))
    }

    /// True when argument `index` is there and is `word`, whatever the case.
    #[inline]
    pub fn is(self, index: usize, word: &str) -> bool {
        self.get(index).is_some_and(|arg| arg.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// The bytes it was read into, save for long arguments that were kept apart.
    pub fn buffer(self) -> &'a [u8] {
        self.buffer
    }
}

/// The arguments of a request that is run later.
#[derive(Clone, Debug)]
pub struct OwnedArgs {
    buffer: Box<[u8]>,
    ranges: Box<[ArgRange]>,
}

impl OwnedArgs {
    /// Copies arguments. O(their length).
    pub fn of<'a>(args: impl Iterator<Item = &'a [u8]>) -> OwnedArgs {
        let (mut buffer, mut ranges) = (Vec::new(), Vec::new());
        for arg in args {
            ranges.push(ArgRange::behind(buffer.len(), arg.len()));
            buffer.extend_from_slice(arg);
        }
        OwnedArgs { buffer: buffer.into(), ranges: ranges.into() }
    }

    /// To run them.
    pub fn args(&self) -> Args<'_> {
        Args::new(&self.buffer, &self.ranges)
    }

    /// Memory they take, in bytes.
    pub fn bytes(&self) -> usize {
        self.buffer.len() + size_of_val(&*self.ranges)
    }
}

impl Index<usize> for Args<'_> {
    type Output = [u8];

    #[inline]
    fn index(&self, index: usize) -> &[u8] {
        self.at(index)
    }
}
