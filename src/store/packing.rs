//! How the bytes of a small collection are written when they stand inside its key's entry, and how a collection
//! is made of them again.

use super::object::Kind;
use super::value::block::Block;
use super::value::{
    hash::Hash, intset::IntSet, list::List, listpack::Listpack, set::Set, sorted_set::SortedSet, stream::Stream,
};

/// What a packed collection's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// A hash: a listpack of fields and values in turn.
    Hash,
    /// A list of one node: a listpack.
    List,
    /// A set of integers: an intset.
    Integers,
    /// A set: a listpack.
    Set,
    /// A sorted set: a listpack of members and scores in turn.
    SortedSet,
}

impl Packing {
    /// All of them, each at the place of its number.
    pub const ALL: [Packing; 5] = [Packing::Hash, Packing::List, Packing::Integers, Packing::Set, Packing::SortedSet];

    /// The type of what is packed so.
    pub fn kind(self) -> Kind {
        match self {
            Packing::Hash => Kind::Hash,
            Packing::List => Kind::List,
            Packing::Integers | Packing::Set => Kind::Set,
            Packing::SortedSet => Kind::SortedSet,
        }
    }
}

/// What can be written as one block of bytes while it is small.
///
/// A block that [`unpack`](Pack::unpack) is given may be lent: it must stay in what is made of it.
pub trait Pack: Sized {
    /// Its bytes, and how they are to be read; `None` when it is too large for that, or has more than bytes.
    fn packed(&self) -> Option<(Packing, &[u8])>;

    /// What `block` holds; `None` when the packing is another type's. The bytes must be those of
    /// [`packed`](Self::packed). O(1).
    fn unpack(packing: Packing, block: Block) -> Option<Self>;

    /// An empty one that is kept in `buffer` while it has room.
    fn in_buffer(buffer: Vec<u8>) -> Self;

    /// The buffer it is kept in; an empty one when there is none.
    fn into_buffer(self) -> Vec<u8>;

    /// Gives back what its buffer has spare.
    fn shrink_to_fit(&mut self);
}

impl Pack for Hash {
    #[inline]
    fn packed(&self) -> Option<(Packing, &[u8])> {
        self.as_packed().filter(|_| !self.has_expiry()).map(|list| (Packing::Hash, list.as_bytes()))
    }

    #[inline]
    fn unpack(packing: Packing, block: Block) -> Option<Hash> {
        (packing == Packing::Hash).then(|| Hash::from_packed(Listpack::over(block)))
    }

    #[inline]
    fn in_buffer(buffer: Vec<u8>) -> Hash {
        Hash::from_packed(Listpack::in_buffer(buffer))
    }

    #[inline]
    fn into_buffer(self) -> Vec<u8> {
        buffer_of(self.into_packed())
    }

    fn shrink_to_fit(&mut self) {
        Hash::shrink_to_fit(self);
    }
}

impl Pack for List {
    #[inline]
    fn packed(&self) -> Option<(Packing, &[u8])> {
        self.as_packed().map(|list| (Packing::List, list.as_bytes()))
    }

    #[inline]
    fn unpack(packing: Packing, block: Block) -> Option<List> {
        (packing == Packing::List).then(|| List::from_packed(Listpack::over(block)))
    }

    #[inline]
    fn in_buffer(buffer: Vec<u8>) -> List {
        List::from_packed(Listpack::in_buffer(buffer))
    }

    #[inline]
    fn into_buffer(self) -> Vec<u8> {
        buffer_of(self.into_packed())
    }

    fn shrink_to_fit(&mut self) {
        List::shrink_to_fit(self);
    }
}

impl Pack for Set {
    #[inline]
    fn packed(&self) -> Option<(Packing, &[u8])> {
        match (self.as_ints(), self.as_packed()) {
            (Some(ints), _) => Some((Packing::Integers, ints.as_bytes())),
            (None, Some(list)) => Some((Packing::Set, list.as_bytes())),
            (None, None) => None,
        }
    }

    #[inline]
    fn unpack(packing: Packing, block: Block) -> Option<Set> {
        match packing {
            Packing::Integers => Some(Set::from_int_block(IntSet::over(block))),
            Packing::Set => Some(Set::from_packed(Listpack::over(block))),
            _ => None,
        }
    }

    #[inline]
    fn in_buffer(buffer: Vec<u8>) -> Set {
        Set::from_int_block(IntSet::in_buffer(buffer))
    }

    #[inline]
    fn into_buffer(self) -> Vec<u8> {
        self.into_block().map(Block::into_vec).unwrap_or_default()
    }

    fn shrink_to_fit(&mut self) {
        Set::shrink_to_fit(self);
    }
}

impl Pack for SortedSet {
    #[inline]
    fn packed(&self) -> Option<(Packing, &[u8])> {
        SortedSet::packed(self).map(|list| (Packing::SortedSet, list.as_bytes()))
    }

    #[inline]
    fn unpack(packing: Packing, block: Block) -> Option<SortedSet> {
        (packing == Packing::SortedSet).then(|| SortedSet::from_packed(Listpack::over(block)))
    }

    #[inline]
    fn in_buffer(buffer: Vec<u8>) -> SortedSet {
        SortedSet::from_packed(Listpack::in_buffer(buffer))
    }

    #[inline]
    fn into_buffer(self) -> Vec<u8> {
        buffer_of(self.into_packed())
    }

    fn shrink_to_fit(&mut self) {
        SortedSet::shrink_to_fit(self);
    }
}

/// Never packed: there is more to a stream than one block of bytes.
impl Pack for Stream {
    fn packed(&self) -> Option<(Packing, &[u8])> {
        None
    }

    fn unpack(_: Packing, _: Block) -> Option<Stream> {
        None
    }

    fn in_buffer(_: Vec<u8>) -> Stream {
        Stream::default()
    }

    fn into_buffer(self) -> Vec<u8> {
        Vec::new()
    }

    fn shrink_to_fit(&mut self) {}
}

#[inline]
fn buffer_of(list: Option<Listpack>) -> Vec<u8> {
    list.map(|list| list.into_block().into_vec()).unwrap_or_default()
}
