//! A sequence of member ids that knows ranks: a B+tree with the number of ids below each child.
//!
//! The tree keeps items in the order they are put in and never compares members itself: callers find a
//! position with [`OrderTree::partition_point`] and insert or remove by position. Each id stands beside its score, and
//! inner nodes repeat what each child begins with, so that comparisons on the way down touch neither slab nor member
//! unless scores are equal: every such touch is a cache miss in a large set.
//!
//! About 19 bytes per id: 12 in the leaf, the rest free room and inner nodes.

use std::mem;

/// Ids in a leaf at most: 504 bytes, for which the allocator gives 512.
const LEAF_MAX: usize = 42;
/// Children of an inner node at most.
const INNER_MAX: usize = 32;

/// Ids in an order their owner defines; all positions are ranks from 0.
#[derive(Clone)]
pub(super) struct OrderTree {
    root: Node,
    len: usize,
}

/// An id and its score. Packed: with the four bytes that would align it, a leaf is a third larger.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
pub(super) struct Item {
    pub(super) score: f64,
    pub(super) id: u32,
}

#[derive(Clone)]
enum Node {
    Leaf(Vec<Item>),
    Inner(Vec<Child>),
}

/// A subtree as its parent sees it.
#[derive(Clone)]
struct Child {
    first_score: f64,
    first_id: u32,
    count: u32,
    node: Node,
}

impl OrderTree {
    /// An empty tree.
    pub(super) fn new() -> OrderTree {
        OrderTree { root: Node::Leaf(Vec::with_capacity(LEAF_MAX)), len: 0 }
    }

    /// Number of items.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The leaf that holds `rank`, and the place of `rank` in it. None past the end. O(log n).
    pub(super) fn leaf_at(&self, rank: usize) -> Option<(&[Item], usize)> {
        if rank >= self.len {
            return None;
        }
        let (mut node, mut at) = (&self.root, rank);
        loop {
            match node {
                Node::Leaf(items) => return Some((items, at)),
                Node::Inner(children) => {
                    let (index, rest) = child_at(children, at);
                    (node, at) = (&children[index].node, rest);
                }
            }
        }
    }

    /// The number of items for which `before` holds, where it holds for a prefix of the sequence.
    ///
    /// `before` gets an id and its score. O(log n) calls.
    pub(super) fn partition_point(&self, mut before: impl FnMut(f64, u32) -> bool) -> usize {
        let (mut node, mut rank) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(items) => return rank + items.partition_point(|item| before(item.score, item.id)),
                Node::Inner(children) => {
                    let after = children.partition_point(|child| before(child.first_score, child.first_id));
                    let Some(index) = after.checked_sub(1) else { return rank };
                    rank += children[..index].iter().map(|child| child.count as usize).sum::<usize>();
                    node = &children[index].node;
                }
            }
        }
    }

    /// Puts `id` at `rank`, which is at most the length. O(log n).
    pub(super) fn insert_at(&mut self, rank: usize, item: Item) {
        debug_assert!(rank <= self.len);
        if let Some(sibling) = self.root.insert(rank, item, true) {
            let node = mem::replace(&mut self.root, Node::Inner(Vec::with_capacity(INNER_MAX)));
            let first = node.into_child();
            if let Node::Inner(children) = &mut self.root {
                children.extend([first, sibling]);
            }
        }
        self.len += 1;
    }

    /// Takes the id at `rank` out. O(log n).
    pub(super) fn remove_at(&mut self, rank: usize) -> Option<Item> {
        if rank >= self.len {
            return None;
        }
        let item = self.root.remove(rank);
        self.len -= 1;
        if let Node::Inner(children) = &mut self.root
            && children.len() == 1
            && let Some(only) = children.pop()
        {
            self.root = only.node;
        }
        Some(item)
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.root.heap_bytes()
    }
}

/// The child that holds position `at` of a node, and the position within that child. A position one past the
/// last is in the last child.
fn child_at(children: &[Child], mut at: usize) -> (usize, usize) {
    let last = children.len() - 1;
    for (index, child) in children[..last].iter().enumerate() {
        if at < child.count as usize {
            return (index, at);
        }
        at -= child.count as usize;
    }
    (last, at)
}

/// Moves the upper half of a full node's content to a new one. An append to the very end leaves the full
/// node as it is, so that ascending input fills every node.
fn split_off<T>(items: &mut Vec<T>, at: usize, rightmost: bool, max: usize) -> Vec<T> {
    let keep = if rightmost && at == items.len() { items.len() } else { items.len() / 2 };
    let mut right = Vec::with_capacity(max);
    right.extend(items.drain(keep..));
    right
}

/// Merges `right` into `left`, or levels them when together they would be nearly full again. True: merged.
fn level<T>(left: &mut Vec<T>, right: &mut Vec<T>, max: usize) -> bool {
    let total = left.len() + right.len();
    if total <= max * 3 / 4 {
        left.append(right);
        return true;
    }
    let half = total / 2;
    if left.len() > half {
        right.splice(..0, left.drain(half..));
    } else {
        left.extend(right.drain(..half - left.len()));
    }
    false
}

impl Node {
    fn count(&self) -> usize {
        match self {
            Node::Leaf(items) => items.len(),
            Node::Inner(children) => children.iter().map(|child| child.count as usize).sum(),
        }
    }

    fn into_child(self) -> Child {
        let count = self.count() as u32;
        let (first_score, first_id) = self.first();
        Child { first_score, first_id, count, node: self }
    }

    /// Score and id of the first id below. Only the root's leaf is ever empty, and it is nobody's child.
    fn first(&self) -> (f64, u32) {
        match self {
            Node::Leaf(items) => (items[0].score, items[0].id),
            Node::Inner(children) => (children[0].first_score, children[0].first_id),
        }
    }

    /// `rightmost`: nothing of the tree stands to the right of this node. Returns a new right sibling when
    /// the node was full.
    fn insert(&mut self, at: usize, item: Item, rightmost: bool) -> Option<Child> {
        match self {
            Node::Leaf(items) => {
                if items.len() < LEAF_MAX {
                    items.insert(at, item);
                    return None;
                }
                let mut right = split_off(items, at, rightmost, LEAF_MAX);
                match at.checked_sub(items.len()) {
                    Some(at) if at > 0 || right.is_empty() => right.insert(at, item),
                    _ => items.insert(at, item),
                }
                Some(Node::Leaf(right).into_child())
            }
            Node::Inner(children) => {
                let (index, rest) = child_at(children, at);
                let rightmost = rightmost && index + 1 == children.len();
                let sibling = children[index].node.insert(rest, item, rightmost);
                let child = &mut children[index];
                child.count += 1;
                if rest == 0 {
                    (child.first_score, child.first_id) = child.node.first();
                }
                let sibling = sibling?;
                child.count -= sibling.count;
                let at = index + 1;
                if children.len() < INNER_MAX {
                    children.insert(at, sibling);
                    return None;
                }
                let mut right = split_off(children, at, rightmost, INNER_MAX);
                match at.checked_sub(children.len()) {
                    Some(at) if at > 0 || right.is_empty() => right.insert(at, sibling),
                    _ => children.insert(at, sibling),
                }
                Some(Node::Inner(right).into_child())
            }
        }
    }

    fn remove(&mut self, at: usize) -> Item {
        match self {
            Node::Leaf(items) => items.remove(at),
            Node::Inner(children) => {
                let (index, rest) = child_at(children, at);
                let alone = children.len() == 1;
                let child = &mut children[index];
                let item = child.node.remove(rest);
                child.count -= 1;
                if child.node.is_sparse() && !alone {
                    fill(children, index);
                } else if child.count == 0 {
                    // Only a chain of single children gets here, and the root of one is dissolved at once.
                    children.remove(index);
                } else if rest == 0 {
                    (child.first_score, child.first_id) = child.node.first();
                }
                item
            }
        }
    }

    fn is_sparse(&self) -> bool {
        match self {
            Node::Leaf(items) => items.len() < LEAF_MAX / 4,
            Node::Inner(children) => children.len() < INNER_MAX / 4,
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Node::Leaf(items) => items.capacity() * size_of::<Item>(),
            Node::Inner(children) => {
                children.capacity() * size_of::<Child>()
                    + children.iter().map(|child| child.node.heap_bytes()).sum::<usize>()
            }
        }
    }
}

/// Merges or levels the sparse child at `index` with a neighbour.
fn fill(children: &mut Vec<Child>, index: usize) {
    let left = index.saturating_sub(1);
    let (head, tail) = children.split_at_mut(left + 1);
    let (a, b) = (&mut head[left], &mut tail[0]);
    let merged = match (&mut a.node, &mut b.node) {
        (Node::Leaf(x), Node::Leaf(y)) => level(x, y, LEAF_MAX),
        (Node::Inner(x), Node::Inner(y)) => level(x, y, INNER_MAX),
        // All leaves are at the same depth, so neighbours are of one kind.
        _ => return,
    };
    for child in [a, b].into_iter().take(if merged { 1 } else { 2 }) {
        child.count = child.node.count() as u32;
        (child.first_score, child.first_id) = child.node.first();
    }
    if merged {
        children.remove(left + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts, first ids and fill of every node; returns the depth below `node`.
    fn check(node: &Node, rightmost: bool, root: bool) -> usize {
        match node {
            Node::Leaf(ids) => {
                assert!(ids.len() <= LEAF_MAX);
                assert!(root || !ids.is_empty());
                assert!(rightmost || root || ids.len() >= LEAF_MAX / 4, "sparse leaf of {}", ids.len());
                0
            }
            Node::Inner(children) => {
                assert!(children.len() <= INNER_MAX && !children.is_empty());
                assert!(!root || children.len() > 1);
                let mut depths = Vec::new();
                for (index, child) in children.iter().enumerate() {
                    assert_eq!(child.count as usize, child.node.count());
                    assert_eq!((child.first_score, child.first_id), child.node.first());
                    depths.push(check(&child.node, rightmost && index + 1 == children.len(), false));
                }
                assert!(depths.iter().all(|depth| *depth == depths[0]));
                depths[0] + 1
            }
        }
    }

    fn ids(tree: &OrderTree) -> Vec<u32> {
        let mut out = Vec::new();
        while let Some((leaf, at)) = tree.leaf_at(out.len()) {
            out.extend(leaf[at..].iter().map(|item| item.id));
        }
        out
    }

    #[test]
    fn random_inserts_and_removals_match_a_vector() {
        for round in 0..20 {
            let seed = fastrand::u64(..);
            println!("seed {seed}, round {round}");
            let mut rng = fastrand::Rng::with_seed(seed);
            let item = |id: u32| Item { score: id as f64 / 7.0, id };
            let (mut tree, mut model) = (OrderTree::new(), Vec::<u32>::new());
            for step in 0..12_000u32 {
                let growing = (step / 3_000) % 2 == 0;
                if rng.u8(..10) < if growing { 8 } else { 2 } {
                    let id = rng.u32(..);
                    let at = match round % 4 {
                        0 => model.len(),
                        1 => 0,
                        _ => rng.usize(..=model.len()),
                    };
                    tree.insert_at(at, item(id));
                    model.insert(at, id);
                } else if !model.is_empty() {
                    let at = if round % 3 == 0 { 0 } else { rng.usize(..model.len()) };
                    assert_eq!(tree.remove_at(at).map(|item| item.id), Some(model.remove(at)));
                }
                if step % 500 == 0 {
                    check(&tree.root, true, true);
                    assert_eq!(ids(&tree), model);
                }
            }
            while !model.is_empty() {
                let at = rng.usize(..model.len());
                assert_eq!(tree.remove_at(at).map(|item| item.id), Some(model.remove(at)));
            }
            assert_eq!(tree.len(), 0);
            assert!(tree.remove_at(0).is_none());
        }
    }

    #[test]
    fn partition_point_finds_every_position() {
        let item = |id: u32| Item { score: (id / 5) as f64, id };
        let mut tree = OrderTree::new();
        for id in 0..10_000 {
            tree.insert_at(id as usize, item(id));
        }
        for id in 0..10_000 {
            assert_eq!(tree.partition_point(|_, other| other < id), id as usize);
            assert_eq!(tree.leaf_at(id as usize).map(|(leaf, at)| leaf[at].id), Some(id));
        }
        assert_eq!(tree.partition_point(|score, _| score < 100.0), 500);
        assert_eq!(tree.partition_point(|_, _| true), 10_000);
    }

    #[test]
    fn ascending_input_fills_its_leaves() {
        let item = |id: u32| Item { score: id as f64, id };
        let mut tree = OrderTree::new();
        for id in 0..64_000 {
            tree.insert_at(id as usize, item(id));
        }
        assert!(tree.heap_bytes() < 64_000 * 14, "{} bytes", tree.heap_bytes());
    }
}
