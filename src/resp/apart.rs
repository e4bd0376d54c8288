//! Long arguments that are read into memory of their own, so that a request's bytes become a key's value without a
//! copy.

use std::sync::Arc;

/// Shortest argument kept apart, in bytes.
pub const APART_BYTES_MIN: usize = 16 << 10;
/// Memory reserved for an argument of which nothing has come yet, at most.
const RESERVED_BYTES: usize = 1 << 20;
/// Memory reserved for an argument, at most, as a multiple of what has come of it: a client cannot make the node
/// reserve what it only announces.
const RESERVED_FACTOR: usize = 4;

/// The long arguments of a parser's requests.
#[derive(Debug, Default)]
pub struct Apart {
    /// Whole ones: first those of complete requests, then those of the request being read.
    whole: Vec<Arc<Vec<u8>>>,
    /// Number of whole ones that belong to complete requests.
    complete: usize,
    /// The one being read.
    filling: Option<Filling>,
}

#[derive(Debug)]
struct Filling {
    bytes: Vec<u8>,
    /// Its whole length.
    length: usize,
    /// Where it would stand in the read buffer.
    start: usize,
}

impl Filling {
    fn missing(&self) -> usize {
        self.length - self.bytes.len()
    }

    /// Makes room for more. The memory ends up exactly as large as the argument.
    fn reserve(&mut self, at_least: usize) {
        let filled = self.bytes.len();
        if self.bytes.capacity() - filled < at_least.max(1) {
            let aim = self.length.min(RESERVED_BYTES.max(filled * RESERVED_FACTOR)).max(filled + at_least);
            self.bytes.reserve_exact(aim - filled);
        }
    }
}

impl Apart {
    /// None.
    pub const NONE: &Apart = &Apart { whole: Vec::new(), complete: 0, filling: None };

    /// A whole argument by its number.
    #[inline]
    pub fn get(&self, index: usize) -> &Arc<Vec<u8>> {
        &self.whole[index]
    }

    /// No whole argument.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    /// An argument is being read.
    #[inline]
    pub(super) fn is_filling(&self) -> bool {
        self.filling.is_some()
    }

    /// Takes what `buffer` holds from `position` on of an argument of `length` bytes. Answers how much it took, and
    /// the argument's number when it and its line end are there.
    pub(super) fn fill(&mut self, buffer: &[u8], position: usize, length: usize) -> (usize, Option<usize>) {
        let filling = self.filling.get_or_insert_with(|| Filling { bytes: Vec::new(), length, start: position });
        let count = filling.missing().min(buffer.len() - position);
        filling.reserve(count);
        filling.bytes.extend_from_slice(&buffer[position..position + count]);
        if filling.missing() > 0 || buffer.len() - position - count < 2 {
            return (count, None);
        }
        if let Some(filling) = self.filling.take() {
            self.whole.push(Arc::new(filling.bytes));
        }
        (count + 2, Some(self.whole.len() - 1))
    }

    /// Where further bytes of the argument being read belong, and how many of them are missing; `None`: in the read
    /// buffer. At least one byte of room is reserved, never more than is missing.
    pub(super) fn room(&mut self) -> Option<(&mut Vec<u8>, usize)> {
        let filling = self.filling.as_mut().filter(|filling| filling.missing() > 0)?;
        filling.reserve(0);
        let missing = filling.missing();
        Some((&mut filling.bytes, missing))
    }

    /// Bytes held of the request being read.
    pub(super) fn held_bytes(&self) -> usize {
        let whole: usize = self.whole[self.complete..].iter().map(|bytes| bytes.len()).sum();
        whole + self.filling.as_ref().map_or(0, |filling| filling.bytes.len())
    }

    /// What is whole belongs to complete requests.
    #[inline]
    pub(super) fn complete(&mut self) {
        self.complete = self.whole.len();
    }

    /// Number of arguments of complete requests.
    #[inline]
    pub(super) fn complete_count(&self) -> usize {
        self.complete
    }

    /// Lets go of complete requests' arguments; the others' numbers go down by as many.
    pub(super) fn drop_complete(&mut self) {
        self.whole.drain(..self.complete);
        self.complete = 0;
        if self.whole.is_empty() {
            self.whole = Vec::new();
        }
    }

    /// Where the argument being read would stand in the read buffer.
    pub(super) fn start(&mut self) -> Option<&mut usize> {
        self.filling.as_mut().map(|filling| &mut filling.start)
    }
}
