//! List: a double-ended queue of byte strings, kept as a queue of listpacks of bounded size.
//!
//! A short list is one listpack inside the [`List`] itself; only what does not fit opens a queue of further nodes.
//! Ends are reached at once, an index by adding up node lengths from the nearer end, and no change moves more than a
//! node (some KiB, `list-max-listpack-size`) and the node descriptors behind it. Elements come out as [`Elem`], so
//! that nothing is allocated to read or pop them.
//!
//! Not compressed: `list-compress-depth` has no effect. `OBJECT ENCODING` is `quicklist` whatever the size.

use std::collections::VecDeque;

use crate::store::value::Limits;
use crate::store::value::listpack::{Elem, Listpack, Needle};

mod node;

use node::NodeIter;
pub use node::{Node, set_packed_threshold};

/// Bytes up to which the first node takes what is pushed in front of it, which moves all of it. Beyond, a young node
/// is opened before it, and becomes one with it when it has grown as far: a node is moved once for many elements.
const YOUNG_BYTES_MAX: usize = 1 << 10;
/// Room that a node is opened with: the young one and one more element, a size class of the allocator.
const YOUNG_ROOM_BYTES: usize = 1280;

/// An end of a list, or the end from which it is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Left: index 0.
    Front,
    /// Right: the last element.
    Back,
}

/// Byte strings in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    // Empty only if the list is.
    head: Node,
    // Boxed: most lists are short, and pay 8 bytes for it.
    rest: Option<Box<Rest>>,
}

/// The nodes behind the first. None of them is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rest {
    len: usize,
    nodes: VecDeque<Counted>,
}

/// A node with its length at hand, so that seeking an index does not touch the elements.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Counted {
    len: u32,
    node: Node,
}

impl Counted {
    fn new(node: Node) -> Counted {
        Counted { len: counted(node.len()), node }
    }
}

fn counted(len: usize) -> u32 {
    u32::try_from(len).expect("an element takes two bytes of a listpack's 4 GiB at least")
}

impl Default for List {
    fn default() -> List {
        List::new()
    }
}

impl List {
    /// The name in `OBJECT ENCODING`.
    pub const ENCODING: &'static str = "quicklist";

    /// An empty list; allocates nothing.
    pub const fn new() -> List {
        List { head: Node::Packed(Listpack::new()), rest: None }
    }

    /// A list of one node.
    #[inline]
    pub const fn from_packed(pack: Listpack) -> List {
        List { head: Node::Packed(pack), rest: None }
    }

    /// The listpack of a list that is a single one.
    #[inline]
    pub fn as_packed(&self) -> Option<&Listpack> {
        match (&self.head, &self.rest) {
            (Node::Packed(pack), None) => Some(pack),
            _ => None,
        }
    }

    /// The same, taken out.
    #[inline]
    pub fn into_packed(self) -> Option<Listpack> {
        match (self.head, self.rest) {
            (Node::Packed(pack), None) => Some(pack),
            _ => None,
        }
    }

    /// Gives back what its first node has spare.
    pub fn shrink_to_fit(&mut self) {
        if let Node::Packed(pack) = &mut self.head {
            pack.shrink_to_fit();
        }
    }

    /// Elements. O(1).
    pub fn len(&self) -> usize {
        self.head.len() + self.rest.as_ref().map_or(0, |rest| rest.len)
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        // Nodes behind the head would have become the head.
        matches!(&self.head, Node::Packed(pack) if pack.is_empty())
    }

    /// Bytes of memory held outside of the `List` itself. O(nodes).
    pub fn heap_bytes(&self) -> usize {
        let rest =
            self.rest.as_ref().map_or(0, |rest| size_of::<Rest>() + rest.nodes.capacity() * size_of::<Counted>());
        rest + self.nodes().map(Node::heap_bytes).sum::<usize>()
    }

    /// The nodes, first to last; a single empty one for an empty list.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        let rest = self.rest.iter().flat_map(|rest| rest.nodes.iter().map(|counted| &counted.node));
        std::iter::once(&self.head).chain(rest)
    }

    /// The first two nodes as one, when the first is a young one that is going to join the second. O(bytes of a node).
    pub fn first_two_joined(&self, limits: &Limits) -> Option<Listpack> {
        let second = &self.rest.as_ref()?.nodes.front()?.node;
        let (Node::Packed(young), Node::Packed(pack)) = (&self.head, second) else { return None };
        let joins = self.head.may_absorb(second, limits);
        joins.then(|| {
            let mut joined = young.clone();
            joined.append_listpack(pack);
            joined
        })
    }

    /// Nodes. O(1).
    pub fn node_count(&self) -> usize {
        1 + self.rest.as_ref().map_or(0, |rest| rest.nodes.len())
    }

    /// Adds a whole node at the back, as `RESTORE` reads it.
    pub fn push_node(&mut self, node: Node) {
        if node.len() > 0 {
            self.insert_node(self.node_count(), node);
        }
    }

    /// Adds `value` at one end. O(1): moves at most one node's bytes.
    pub fn push(&mut self, end: End, value: &[u8], limits: &Limits) {
        if self.is_empty() {
            match &mut self.head {
                // Its buffer may have room.
                Node::Packed(pack) if !node::is_huge(value.len()) => _ = pack.push_back(value),
                _ => self.head = Node::of(value),
            }
            return;
        }
        if end == End::Front && self.head_is_grown() {
            self.merge_with_next(0, limits);
            self.insert_node(0, Node::with_room(value, YOUNG_ROOM_BYTES));
            return;
        }
        let at = match end {
            End::Front => 0,
            End::Back => self.node_count() - 1,
        };
        if !self.push_into(at, end, value, limits) {
            let new_at = if end == End::Front { 0 } else { at + 1 };
            self.insert_node(new_at, Node::with_room(value, YOUNG_ROOM_BYTES));
        }
    }

    /// Splits a young node off a long first one, which would else be moved for each element taken from its front.
    fn split_head(&mut self) -> bool {
        let Node::Packed(pack) = &mut self.head else { return false };
        if pack.byte_len() <= 2 * YOUNG_BYTES_MAX {
            return false;
        }
        let Some(pos) = pack.first_behind(YOUNG_BYTES_MAX) else { return false };
        let tail = pack.split_off(pos);
        self.insert_node(1, Node::Packed(tail));
        true
    }

    fn head_is_grown(&self) -> bool {
        matches!(&self.head, Node::Packed(pack) if pack.byte_len() > YOUNG_BYTES_MAX)
    }

    /// The element at one end. O(1).
    pub fn peek(&self, end: End) -> Option<Elem<'_>> {
        match end {
            End::Front => self.head.iter().next(),
            End::Back => self.node(self.node_count() - 1).iter().next_back(),
        }
    }

    /// Removes up to `count` elements from one end, showing each to `visit` in that order; returns how many.
    ///
    /// O(elements removed), and moves at most one node's bytes.
    pub fn pop(&mut self, end: End, count: usize, mut visit: impl FnMut(Elem<'_>)) -> usize {
        let mut left = count;
        while left > 0 && !self.is_empty() {
            let at = if end == End::Front { 0 } else { self.node_count() - 1 };
            let len = self.node_len(at);
            let take = left.min(len);
            if end == End::Front && take < len && self.split_head() {
                continue;
            }
            let node = self.node(at);
            match end {
                End::Front => node.iter().take(take).for_each(&mut visit),
                End::Back => node.iter().rev().take(take).for_each(&mut visit),
            }
            if take == len {
                self.remove_nodes(at, 1);
            } else {
                let offset = if end == End::Front { 0 } else { len - take };
                self.edit(at, |node| node.remove_range(offset, take));
            }
            left -= take;
        }
        count - left
    }

    /// The element at `index`. O(nodes to the nearer end).
    pub fn get(&self, index: usize) -> Option<Elem<'_>> {
        let (at, offset) = self.seek(index)?;
        self.node(at).iter_from(offset).next()
    }

    /// Elements from `index` on towards the back (walking from the front) or towards the front (from the back).
    ///
    /// Nothing when there is no such index.
    pub fn walk(&self, from: End, index: usize) -> Walk<'_> {
        let Some((at, offset)) = self.seek(index) else {
            return Walk { list: self, at: 0, left: 0, inner: NodeIter::Plain(None), from };
        };
        let (inner, left) = match from {
            End::Front => (self.node(at).iter_from(offset), self.node_count() - at - 1),
            End::Back => (self.node(at).iter_until(offset), at),
        };
        Walk { list: self, at, left, inner, from }
    }

    /// Hands up to `count` elements from `index` on to `each`, towards the back. What [`walk`](Self::walk) shows, for
    /// a third of its instructions: node by node instead of element by element.
    #[inline]
    pub fn visit<'a>(&'a self, index: usize, count: usize, mut each: impl FnMut(Elem<'a>)) {
        let Some((mut at, mut offset)) = self.seek(index) else { return };
        let (mut left, nodes) = (count, self.node_count());
        while left > 0 && at < nodes {
            let node = self.node(at);
            let here = self.node_len(at) - offset;
            if here <= left {
                node.iter_from(offset).for_each(&mut each);
            } else {
                node.iter_from(offset).take(left).for_each(&mut each);
            }
            left -= here.min(left);
            (at, offset) = (at + 1, 0);
        }
    }

    /// All elements, first to last.
    pub fn iter(&self) -> Walk<'_> {
        self.walk(End::Front, 0)
    }

    /// Puts `value` at `index`; false when there is no such element. O(nodes to the nearer end).
    pub fn set(&mut self, index: usize, value: &[u8], limits: &Limits) -> bool {
        let Some((at, offset)) = self.seek(index) else { return false };
        let alone = self.node_len(at) == 1;
        let replaced = self.edit(at, |node| {
            if alone {
                *node = Node::of(value);
                return true;
            }
            let Node::Packed(pack) = node else { return false };
            let pos = pack.seek(offset).expect("the offset was found by counting");
            if !node::may_replace(pack, pos, value.len(), limits) {
                return false;
            }
            pack.replace(pos, value);
            true
        });
        if !replaced {
            // As in the reference, an element that its node has no room for goes beside it.
            self.insert_at(at, offset, true, value, limits);
            self.remove_range(index, 1);
        }
        true
    }

    /// Adds `value` before or behind the first element equal to `pivot`; false when there is none. O(elements).
    pub fn insert_near(&mut self, pivot: &[u8], behind: bool, value: &[u8], limits: &Limits) -> bool {
        let needle = Needle::new(pivot);
        let found = self
            .nodes()
            .enumerate()
            .find_map(|(at, node)| node.iter().position(|elem| needle.is(&elem)).map(|offset| (at, offset)));
        if let Some((at, offset)) = found {
            self.insert_at(at, offset, behind, value, limits);
        }
        found.is_some()
    }

    /// Removes up to `count` elements equal to `value`, searching from one end; returns how many. O(elements).
    pub fn remove_equal(&mut self, value: &[u8], count: usize, from: End) -> usize {
        let needle = Needle::new(value);
        let nodes = self.node_count();
        let mut left = count;
        for i in 0..nodes {
            if left == 0 {
                break;
            }
            let at = if from == End::Front { i } else { nodes - 1 - i };
            left -= self.edit(at, |node| node.remove_equal(&needle, left, from == End::Back));
        }
        self.drop_empty_nodes();
        count - left
    }

    /// Removes up to `count` elements from `index` on; returns how many. O(nodes).
    pub fn remove_range(&mut self, index: usize, count: usize) -> usize {
        let Some((mut at, offset)) = self.seek(index) else { return 0 };
        let mut left = count;
        if offset > 0 {
            let take = left.min(self.node_len(at) - offset);
            self.edit(at, |node| node.remove_range(offset, take));
            left -= take;
            at += 1;
        }
        let (nodes, mut whole) = (self.node_count(), 0);
        while at + whole < nodes && self.node_len(at + whole) <= left {
            left -= self.node_len(at + whole);
            whole += 1;
        }
        self.remove_nodes(at, whole);
        if left > 0 && at < self.node_count() && !self.is_empty() {
            self.edit(at, |node| node.remove_range(0, left));
            left = 0;
        }
        count - left
    }

    /// Shows `visit` the indexes of elements equal to `value`, searching from one end, until it answers false.
    ///
    /// At most `compare_max` elements are compared. Indexes count from the front whichever end the search starts at.
    pub fn positions(&self, value: &[u8], from: End, compare_max: usize, mut visit: impl FnMut(usize) -> bool) {
        let needle = Needle::new(value);
        let last = self.len().saturating_sub(1);
        let start = if from == End::Front { 0 } else { last };
        for (i, elem) in self.walk(from, start).enumerate().take(compare_max) {
            let index = if from == End::Front { i } else { last - i };
            if needle.is(&elem) && !visit(index) {
                return;
            }
        }
    }

    /// Node and offset of `index`.
    fn seek(&self, index: usize) -> Option<(usize, usize)> {
        let head_len = self.head.len();
        if index < head_len {
            return Some((0, index));
        }
        let rest = self.rest.as_ref()?;
        let mut left = index - head_len;
        if left >= rest.len {
            return None;
        }
        if left < rest.len / 2 {
            for (i, counted) in rest.nodes.iter().enumerate() {
                let len = counted.len as usize;
                if left < len {
                    return Some((i + 1, left));
                }
                left -= len;
            }
        } else {
            // Elements from `index` to the last one.
            let mut behind = rest.len - left;
            for (i, counted) in rest.nodes.iter().enumerate().rev() {
                let len = counted.len as usize;
                if behind <= len {
                    return Some((i + 1, len - behind));
                }
                behind -= len;
            }
        }
        None
    }

    fn node(&self, at: usize) -> &Node {
        match (&self.rest, at) {
            (Some(rest), 1..) => &rest.nodes[at - 1].node,
            _ => &self.head,
        }
    }

    fn node_len(&self, at: usize) -> usize {
        match (&self.rest, at) {
            (Some(rest), 1..) => rest.nodes[at - 1].len as usize,
            _ => self.head.len(),
        }
    }

    /// Changes a node, keeping the lengths true. Whoever empties one removes it.
    fn edit<R>(&mut self, at: usize, change: impl FnOnce(&mut Node) -> R) -> R {
        match (&mut self.rest, at) {
            (Some(rest), 1..) => {
                let counted_node = &mut rest.nodes[at - 1];
                let out = change(&mut counted_node.node);
                rest.len -= counted_node.len as usize;
                counted_node.len = counted(counted_node.node.len());
                rest.len += counted_node.len as usize;
                out
            }
            _ => change(&mut self.head),
        }
    }

    fn push_into(&mut self, at: usize, end: End, value: &[u8], limits: &Limits) -> bool {
        self.edit(at, |node| {
            let Some(pack) = node.room_for(value.len(), limits) else { return false };
            match end {
                End::Front => pack.push_front(value),
                End::Back => pack.push_back(value),
            };
            true
        })
    }

    fn insert_node(&mut self, at: usize, node: Node) {
        if self.is_empty() {
            self.head = node;
            return;
        }
        let rest = self.rest.get_or_insert_default();
        let (at, node) = if at == 0 { (0, std::mem::replace(&mut self.head, node)) } else { (at - 1, node) };
        let counted = Counted::new(node);
        rest.len += counted.len as usize;
        rest.nodes.insert(at, counted);
    }

    fn remove_nodes(&mut self, at: usize, count: usize) {
        if count == 0 {
            return;
        }
        if let Some(rest) = &mut self.rest {
            // Of the nodes to go, the head is not among `rest`.
            let start = at.saturating_sub(1);
            let end = at + count - 1;
            rest.len -= rest.nodes.drain(start..end).map(|counted| counted.len as usize).sum::<usize>();
        }
        if at == 0 {
            let next = self.rest.as_mut().and_then(|rest| {
                let next = rest.nodes.pop_front()?;
                rest.len -= next.len as usize;
                Some(next.node)
            });
            self.head = next.unwrap_or(Node::Packed(Listpack::new()));
        }
        self.trim_rest();
    }

    fn drop_empty_nodes(&mut self) {
        if let Some(rest) = &mut self.rest {
            rest.nodes.retain(|counted| counted.len > 0);
        }
        if self.is_empty() {
            self.remove_nodes(0, 1);
        }
        self.trim_rest();
    }

    /// Gives back a queue that is not needed, or is mostly unused.
    fn trim_rest(&mut self) {
        let Some(rest) = &mut self.rest else { return };
        if rest.nodes.is_empty() {
            self.rest = None;
        } else if rest.nodes.capacity() >= 16 && rest.nodes.len() <= rest.nodes.capacity() / 4 {
            rest.nodes.shrink_to(rest.nodes.len() * 2);
        }
    }

    /// Adds `value` before or behind the element at `offset` of a node, splitting the node if it has no room.
    fn insert_at(&mut self, at: usize, offset: usize, behind: bool, value: &[u8], limits: &Limits) {
        let slot = offset + usize::from(behind);
        let inserted = self.edit(at, |node| {
            let Some(pack) = node.room_for(value.len(), limits) else { return false };
            match pack.seek(slot) {
                Some(pos) => pack.insert_before(pos, value),
                None => pack.push_back(value),
            };
            true
        });
        if inserted {
            return;
        }
        let len = self.node_len(at);
        if slot > 0 && slot < len {
            let tail = self.edit(at, |node| match node {
                Node::Packed(pack) => pack.seek(slot).map(|pos| pack.split_off(pos)),
                Node::Plain(_) => None,
            });
            self.insert_node(at + 1, Node::Packed(tail.expect("a node of several elements is packed")));
        }
        // Now the new element belongs between two nodes, of which either may be missing.
        let next = if slot == 0 { at } else { at + 1 };
        let joined = (next > 0 && self.push_into(next - 1, End::Back, value, limits))
            || (next < self.node_count() && self.push_into(next, End::Front, value, limits));
        if !joined {
            self.insert_node(next, Node::of(value));
        }
        // A split leaves halves; what surrounds it may take them in, so that nodes stay well filled.
        for first in (next.saturating_sub(2)..=next + 1).rev() {
            self.merge_with_next(first, limits);
        }
    }

    fn merge_with_next(&mut self, at: usize, limits: &Limits) {
        if at + 1 >= self.node_count() || !self.node(at).may_absorb(self.node(at + 1), limits) {
            return;
        }
        let moved = self.edit(at + 1, |node| std::mem::replace(node, Node::Packed(Listpack::new())));
        self.edit(at, |node| {
            if let (Node::Packed(pack), Node::Packed(moved)) = (node, &moved) {
                pack.append_listpack(moved);
            }
        });
        self.remove_nodes(at + 1, 1);
    }
}

/// Elements of a [`List`] in one direction.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    list: &'a List,
    at: usize,
    // Nodes not yet entered.
    left: usize,
    inner: NodeIter<'a>,
    from: End,
}

impl<'a> Iterator for Walk<'a> {
    type Item = Elem<'a>;

    fn next(&mut self) -> Option<Elem<'a>> {
        loop {
            let elem = match self.from {
                End::Front => self.inner.next(),
                End::Back => self.inner.next_back(),
            };
            if elem.is_some() || self.left == 0 {
                return elem;
            }
            self.left -= 1;
            self.at = if self.from == End::Front { self.at + 1 } else { self.at - 1 };
            self.inner = self.list.node(self.at).iter();
        }
    }
}

#[cfg(test)]
mod tests;
