//! The bytes of a packed collection: its own, or lent by the entry they stand in.
//!
//! A small collection is kept inside its key's entry. To read it, a collection is made over the entry's bytes
//! without copying them; to change it, over a copy in a buffer that is used again and again. Both look the same
//! to the encodings, which is what this type is for.

use std::ops::{Deref, DerefMut};

/// Buffers up to here keep their room when what is in them shrinks: copies of collections that stand in entries
/// are changed in one buffer per thread, and giving its room back each time would cost more than the change.
pub const SMALL_BYTES: usize = 640;

/// Bytes that can be read wherever they are, and are copied before they are changed unless they are its own.
#[derive(Debug)]
pub struct Block(Repr);

#[derive(Debug)]
enum Repr {
    Own(Vec<u8>),
    // The store makes these of an entry's bytes for as long as it lends the entry: nothing here may hand the
    // slice out for longer than `self` is borrowed.
    Lent(&'static [u8]),
}

impl Block {
    /// No bytes; allocates nothing.
    pub const fn new() -> Block {
        Block(Repr::Own(Vec::new()))
    }

    /// Bytes that are someone else's.
    #[inline]
    pub const fn lent(bytes: &'static [u8]) -> Block {
        Block(Repr::Lent(bytes))
    }

    /// The bytes to change at will. O(bytes) when they were lent.
    #[inline]
    pub fn vec(&mut self) -> &mut Vec<u8> {
        if matches!(self.0, Repr::Lent(_)) {
            self.own();
        }
        match &mut self.0 {
            Repr::Own(bytes) => bytes,
            Repr::Lent(_) => unreachable!("replaced above"),
        }
    }

    /// Out of the way: what is changed is nearly always its own.
    #[cold]
    fn own(&mut self) {
        self.0 = Repr::Own(self.to_vec());
    }

    /// Its vector; a copy of lent bytes.
    #[inline]
    pub fn into_vec(self) -> Vec<u8> {
        match self.0 {
            Repr::Own(bytes) => bytes,
            Repr::Lent(bytes) => bytes.to_vec(),
        }
    }

    /// Bytes of memory it owns.
    #[inline]
    pub fn capacity(&self) -> usize {
        match &self.0 {
            Repr::Own(bytes) => bytes.capacity(),
            Repr::Lent(_) => 0,
        }
    }
}

impl Default for Block {
    fn default() -> Block {
        Block::new()
    }
}

impl From<Vec<u8>> for Block {
    #[inline]
    fn from(bytes: Vec<u8>) -> Block {
        Block(Repr::Own(bytes))
    }
}

impl Clone for Block {
    /// The copy owns its bytes.
    fn clone(&self) -> Block {
        Block(Repr::Own(self.to_vec()))
    }
}

impl PartialEq for Block {
    fn eq(&self, other: &Block) -> bool {
        **self == **other
    }
}

impl Eq for Block {}

impl Deref for Block {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Repr::Own(bytes) => bytes,
            Repr::Lent(bytes) => bytes,
        }
    }
}

impl DerefMut for Block {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        self.vec()
    }
}
