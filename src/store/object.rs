//! What an entry holds behind its key when it is no string.

use super::packing::{Pack, Packing};
use super::value::block::Block;
use super::value::{hash::Hash, list::List, set::Set, sorted_set::SortedSet, stream::Stream};

/// The type of a value, as TYPE names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes or an integer.
    String,
    /// Elements in order.
    List,
    /// Distinct members.
    Set,
    /// Field → value.
    Hash,
    /// Members by score.
    SortedSet,
    /// Entries by id, and groups that read them.
    Stream,
}

impl Kind {
    /// The name in TYPE's reply.
    pub fn name(self) -> &'static str {
        match self {
            Kind::String => "string",
            Kind::List => "list",
            Kind::Set => "set",
            Kind::Hash => "hash",
            Kind::SortedSet => "zset",
            Kind::Stream => "stream",
        }
    }
}

/// A collection.
#[derive(Clone)]
pub enum Object {
    /// See [`List`].
    List(List),
    /// See [`Set`].
    Set(Set),
    /// See [`Hash`].
    Hash(Hash),
    /// See [`SortedSet`].
    SortedSet(SortedSet),
    /// See [`Stream`]. Boxed: it is several times as large as the others.
    Stream(Box<Stream>),
}

impl Object {
    /// What a packed collection's bytes hold; see [`Pack::unpack`].
    pub fn unpack(packing: Packing, block: Block) -> Option<Object> {
        match packing.kind() {
            Kind::String | Kind::Stream => None,
            Kind::List => List::unpack(packing, block).map(Object::List),
            Kind::Set => Set::unpack(packing, block).map(Object::Set),
            Kind::Hash => Hash::unpack(packing, block).map(Object::Hash),
            Kind::SortedSet => SortedSet::unpack(packing, block).map(Object::SortedSet),
        }
    }

    /// Its type.
    pub fn kind(&self) -> Kind {
        match self {
            Object::List(_) => Kind::List,
            Object::Set(_) => Kind::Set,
            Object::Hash(_) => Kind::Hash,
            Object::SortedSet(_) => Kind::SortedSet,
            Object::Stream(_) => Kind::Stream,
        }
    }

    /// True when nothing is left in it: its key must go. A stream stays once it is there.
    pub fn is_empty(&self) -> bool {
        match self {
            Object::List(list) => list.is_empty(),
            Object::Set(set) => set.is_empty(),
            Object::Hash(hash) => hash.is_empty(),
            Object::SortedSet(sorted_set) => sorted_set.is_empty(),
            Object::Stream(stream) => !stream.exists(),
        }
    }

    /// Whether looking up a member or field can miss the cache: it is in a table, not packed.
    pub fn has_table(&self) -> bool {
        match self {
            Object::List(_) | Object::Stream(_) => false,
            Object::Set(set) => set.has_table(),
            Object::Hash(hash) => hash.as_packed().is_none(),
            Object::SortedSet(sorted_set) => sorted_set.packed().is_none(),
        }
    }

    /// Asks for the cache lines that looking up members or fields of these hashes ([`hash_of`](super::value::members::hash_of)) will touch. Nothing for
    /// collections that are packed.
    pub fn prefetch(&self, hashes: &[u32]) {
        match self {
            Object::List(_) | Object::Stream(_) => {}
            Object::Set(set) => set.prefetch(hashes),
            Object::Hash(hash) => hash.prefetch(hashes),
            Object::SortedSet(sorted_set) => sorted_set.prefetch(hashes),
        }
    }

    /// When the first of a hash's fields expires, unix ms; `None` when none does.
    pub fn next_expiry_ms(&self) -> Option<i64> {
        match self {
            Object::Hash(hash) => hash.next_expiry_ms(),
            _ => None,
        }
    }

    /// Removes the fields of a hash that have expired; answers when the next one does, unix ms.
    pub fn expire_fields(&mut self, now_ms: i64) -> Option<i64> {
        match self {
            Object::Hash(hash) => {
                hash.remove_expired(now_ms);
                hash.next_expiry_ms()
            }
            _ => None,
        }
    }
}

/// One of the collection types, for the typed look-ups of [`Tx`](super::Tx).
pub trait Collection: Default + Pack {
    /// Its type.
    const KIND: Kind;
    /// The collection in an object, when it is of this type.
    fn of(object: &Object) -> Option<&Self>;
    /// The same to change.
    fn of_mut(object: &mut Object) -> Option<&mut Self>;
    /// Wraps it.
    fn into_object(self) -> Object;
    /// True when nothing is left in it, so that its key must go.
    fn is_empty(&self) -> bool;
}

macro_rules! collection {
    ($type:ident) => {
        impl Collection for $type {
            const KIND: Kind = Kind::$type;
            fn of(object: &Object) -> Option<&Self> {
                match object {
                    Object::$type(value) => Some(value),
                    _ => None,
                }
            }
            fn of_mut(object: &mut Object) -> Option<&mut Self> {
                match object {
                    Object::$type(value) => Some(value),
                    _ => None,
                }
            }
            fn into_object(self) -> Object {
                Object::$type(self)
            }
            fn is_empty(&self) -> bool {
                $type::is_empty(self)
            }
        }
    };
}

collection!(List);
collection!(Set);
collection!(Hash);
collection!(SortedSet);

impl Collection for Stream {
    const KIND: Kind = Kind::Stream;
    fn of(object: &Object) -> Option<&Self> {
        match object {
            Object::Stream(stream) => Some(stream),
            _ => None,
        }
    }
    fn of_mut(object: &mut Object) -> Option<&mut Self> {
        match object {
            Object::Stream(stream) => Some(stream),
            _ => None,
        }
    }
    fn into_object(self) -> Object {
        Object::Stream(Box::new(self))
    }
    fn is_empty(&self) -> bool {
        !self.exists()
    }
}
