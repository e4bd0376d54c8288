//! One node of a list: a listpack of bounded size, or a single huge element.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::store::value::Limits;
use crate::store::value::listpack::{self, Elem, Listpack, Needle, Pos};

/// Node sizes that `list-max-listpack-size` -1 to -5 stand for.
const NODE_BYTES_MAX: [usize; 5] = [4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10];
/// What a node may take when its limit is a number of elements.
const COUNTED_NODE_BYTES_MAX: usize = 8 << 10;
/// What the reference takes an element to need besides its text.
const ELEMENT_OVERHEAD_BYTES: usize = 8;

const PACKED_THRESHOLD_DEFAULT_BYTES: usize = 1 << 30;
/// A listpack counts its bytes in 32 bits; 1 MiB stays for what surrounds the element.
const PACKED_THRESHOLD_MAX_BYTES: usize = (1 << 32) - (1 << 20);

// Process-wide as in the reference: a testing knob, no part of any configuration.
static PACKED_THRESHOLD_BYTES: AtomicUsize = AtomicUsize::new(PACKED_THRESHOLD_DEFAULT_BYTES);

/// From how many bytes on an element gets a node of its own that is no listpack (`DEBUG QUICKLIST-PACKED-THRESHOLD`).
///
/// 0 restores the default, 1 GiB. False, and nothing changed, when a listpack could not hold elements below it.
pub fn set_packed_threshold(bytes: usize) -> bool {
    let bytes = if bytes == 0 { PACKED_THRESHOLD_DEFAULT_BYTES } else { bytes };
    let valid = bytes <= PACKED_THRESHOLD_MAX_BYTES;
    if valid {
        PACKED_THRESHOLD_BYTES.store(bytes, Ordering::Relaxed);
    }
    valid
}

/// Whether an element of this size gets a plain node.
pub(super) fn is_huge(value_bytes: usize) -> bool {
    value_bytes >= PACKED_THRESHOLD_BYTES.load(Ordering::Relaxed)
}

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Elements in one buffer.
    Packed(Listpack),
    /// One element that is too large for a listpack.
    Plain(Box<[u8]>),
}

impl Node {
    /// A node that holds `value` alone.
    pub(super) fn of(value: &[u8]) -> Node {
        if is_huge(value.len()) {
            return Node::Plain(value.into());
        }
        let mut pack = Listpack::new();
        pack.push_back(value);
        Node::Packed(pack)
    }

    /// The same in a list of several nodes, which is going to grow: with room for `bytes`, so that the elements that
    /// come next do not have it moved for each of them.
    pub(super) fn with_room(value: &[u8], bytes: usize) -> Node {
        if value.len() >= bytes {
            return Node::of(value);
        }
        let mut pack = Listpack::in_buffer(Vec::with_capacity(bytes));
        pack.push_back(value);
        Node::Packed(pack)
    }

    /// Elements.
    pub(super) fn len(&self) -> usize {
        match self {
            Node::Packed(pack) => pack.len(),
            Node::Plain(_) => 1,
        }
    }

    /// Bytes of memory it holds outside of itself.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Node::Packed(pack) => pack.capacity_bytes(),
            Node::Plain(value) => value.len(),
        }
    }

    /// The listpack, when one more element of `value_bytes` may join it.
    pub(super) fn room_for(&mut self, value_bytes: usize, limits: &Limits) -> Option<&mut Listpack> {
        let Node::Packed(pack) = self else { return None };
        let bytes = pack.byte_len() + value_bytes + ELEMENT_OVERHEAD_BYTES;
        (!is_huge(value_bytes) && within(bytes, pack.len() + 1, limits)).then_some(pack)
    }

    /// Whether `self` and `behind` may become one node.
    pub(super) fn may_absorb(&self, behind: &Node, limits: &Limits) -> bool {
        let (Node::Packed(a), Node::Packed(b)) = (self, behind) else { return false };
        within(a.byte_len() + b.byte_len() - Listpack::new().byte_len(), a.len() + b.len(), limits)
    }

    pub(super) fn iter(&self) -> NodeIter<'_> {
        match self {
            Node::Packed(pack) => NodeIter::Packed(pack.iter()),
            Node::Plain(value) => NodeIter::Plain(Some(value)),
        }
    }

    /// The element at `offset` and those behind it.
    pub(super) fn iter_from(&self, offset: usize) -> NodeIter<'_> {
        match self {
            Node::Packed(pack) => match pack.seek(offset) {
                Some(pos) => NodeIter::Packed(pack.iter_from(pos)),
                None => NodeIter::Plain(None),
            },
            Node::Plain(value) => NodeIter::Plain((offset == 0).then_some(value)),
        }
    }

    /// The elements up to and including the one at `offset`.
    pub(super) fn iter_until(&self, offset: usize) -> NodeIter<'_> {
        match self {
            Node::Packed(pack) => match pack.seek(offset) {
                Some(pos) => NodeIter::Packed(pack.iter_until(pos)),
                None => NodeIter::Plain(None),
            },
            Node::Plain(_) => self.iter(),
        }
    }

    /// Drops `count` elements from `offset` on; a plain node is dropped whole by its list.
    pub(super) fn remove_range(&mut self, offset: usize, count: usize) {
        if let Node::Packed(pack) = self {
            pack.remove_range(offset, count);
        }
    }

    /// Drops up to `count` elements equal to `needle`, the first or the last ones; returns how many.
    pub(super) fn remove_equal(&mut self, needle: &Needle<'_>, count: usize, from_back: bool) -> usize {
        let matches = self.iter().filter(|elem| needle.is(elem)).count();
        if matches == 0 {
            return 0;
        }
        let Node::Packed(pack) = self else {
            *self = Node::Packed(Listpack::new());
            return 1;
        };
        let mut spare = if from_back { matches.saturating_sub(count) } else { 0 };
        let mut left = count;
        pack.retain(|elem| {
            if left == 0 || !needle.is(&elem) {
                return true;
            }
            if spare > 0 {
                spare -= 1;
                return true;
            }
            left -= 1;
            false
        })
    }
}

/// Whether `value_bytes` may take the place of the element at `pos`.
///
/// The reference lets any value grow a node here; that would let clients grow one past what a listpack can count.
pub(super) fn may_replace(pack: &Listpack, pos: Pos, value_bytes: usize, limits: &Limits) -> bool {
    let old_bytes = pack.at(pos).len();
    let bytes = pack.byte_len() + value_bytes.saturating_sub(old_bytes);
    !is_huge(value_bytes) && (value_bytes <= old_bytes || within(bytes, pack.len(), limits))
}

/// Whether a node of `bytes` and `count` elements is within `list-max-listpack-size`.
fn within(bytes: usize, count: usize, limits: &Limits) -> bool {
    match usize::try_from(limits.list_node_max) {
        Ok(count_max) => bytes <= COUNTED_NODE_BYTES_MAX && count <= count_max,
        Err(_) => {
            let level = limits.list_node_max.unsigned_abs().min(NODE_BYTES_MAX.len() as u64);
            bytes <= NODE_BYTES_MAX[level as usize - 1]
        }
    }
}

/// Elements of a node, from either end.
#[derive(Clone, Debug)]
pub(super) enum NodeIter<'a> {
    Packed(listpack::Iter<'a>),
    Plain(Option<&'a [u8]>),
}

impl<'a> Iterator for NodeIter<'a> {
    type Item = Elem<'a>;

    fn next(&mut self) -> Option<Elem<'a>> {
        match self {
            NodeIter::Packed(iter) => iter.next(),
            NodeIter::Plain(value) => value.take().map(Elem::Bytes),
        }
    }

    #[inline]
    fn fold<B, F: FnMut(B, Elem<'a>) -> B>(self, init: B, each: F) -> B {
        match self {
            NodeIter::Packed(iter) => iter.fold(init, each),
            NodeIter::Plain(value) => value.map(Elem::Bytes).into_iter().fold(init, each),
        }
    }
}

impl DoubleEndedIterator for NodeIter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match self {
            NodeIter::Packed(iter) => iter.next_back(),
            NodeIter::Plain(value) => value.take().map(Elem::Bytes),
        }
    }
}
