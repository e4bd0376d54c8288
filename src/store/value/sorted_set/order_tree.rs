//! A sequence of member ids that knows ranks: a B+tree with the number of ids below each child.
//!
//! The tree keeps ids in the order they are put in and never compares members itself: callers find a
//! position with [`OrderTree::partition_point`] and insert or remove by position. Inner nodes repeat the score
//! of each child's first id, so that most comparisons on the way down touch neither slab nor member.
//!
//! About 6 bytes per id: 4 in the leaf, the rest free room and inner nodes.

use std::mem;

/// Ids in a leaf at most: 256 bytes, a size class of the allocator.
const LEAF_MAX: usize = 64;
/// Children of an inner node at most.
const INNER_MAX: usize = 32;

/// Ids in an order their owner defines; all positions are ranks from 0.
#[derive(Clone)]
pub(super) struct OrderTree {
    root: Node,
    len: usize,
}

#[derive(Clone)]
enum Node {
    Leaf(Vec<u32>),
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

    /// Number of ids.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The leaf that holds `rank`, and the place of `rank` in it. None past the end. O(log n).
    pub(super) fn leaf_at(&self, rank: usize) -> Option<(&[u32], usize)> {
        if rank >= self.len {
            return None;
        }
        let (mut node, mut at) = (&self.root, rank);
        loop {
            match node {
                Node::Leaf(ids) => return Some((ids, at)),
                Node::Inner(children) => {
                    let (index, rest) = child_at(children, at);
                    (node, at) = (&children[index].node, rest);
                }
            }
        }
    }

    /// The number of ids for which `before` holds, where it holds for a prefix of the sequence.
    ///
    /// `before` gets an id and its score; `score_of` looks scores up for ids in leaves. O(log n) calls.
    pub(super) fn partition_point(
        &self,
        score_of: impl Fn(u32) -> f64,
        mut before: impl FnMut(f64, u32) -> bool,
    ) -> usize {
        let (mut node, mut rank) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(ids) => return rank + ids.partition_point(|&id| before(score_of(id), id)),
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
    pub(super) fn insert_at(&mut self, rank: usize, id: u32, score_of: impl Fn(u32) -> f64 + Copy) {
        debug_assert!(rank <= self.len);
        if let Some(sibling) = self.root.insert(rank, id, true, score_of) {
            let node = mem::replace(&mut self.root, Node::Inner(Vec::with_capacity(INNER_MAX)));
            let first = node.into_child(score_of);
            if let Node::Inner(children) = &mut self.root {
                children.extend([first, sibling]);
            }
        }
        self.len += 1;
    }

    /// Takes the id at `rank` out. The score of every id in the tree must still be known. O(log n).
    pub(super) fn remove_at(&mut self, rank: usize, score_of: impl Fn(u32) -> f64 + Copy) -> Option<u32> {
        if rank >= self.len {
            return None;
        }
        let id = self.root.remove(rank, score_of);
        self.len -= 1;
        if let Node::Inner(children) = &mut self.root
            && children.len() == 1
            && let Some(only) = children.pop()
        {
            self.root = only.node;
        }
        Some(id)
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
            Node::Leaf(ids) => ids.len(),
            Node::Inner(children) => children.iter().map(|child| child.count as usize).sum(),
        }
    }

    fn into_child(self, score_of: impl Fn(u32) -> f64) -> Child {
        let count = self.count() as u32;
        let (first_score, first_id) = self.first(score_of);
        Child { first_score, first_id, count, node: self }
    }

    /// Score and id of the first id below. Only the root's leaf is ever empty, and it is nobody's child.
    fn first(&self, score_of: impl Fn(u32) -> f64) -> (f64, u32) {
        match self {
            Node::Leaf(ids) => (score_of(ids[0]), ids[0]),
            Node::Inner(children) => (children[0].first_score, children[0].first_id),
        }
    }

    /// `rightmost`: nothing of the tree stands to the right of this node. Returns a new right sibling when
    /// the node was full.
    fn insert(&mut self, at: usize, id: u32, rightmost: bool, score_of: impl Fn(u32) -> f64 + Copy) -> Option<Child> {
        match self {
            Node::Leaf(ids) => {
                if ids.len() < LEAF_MAX {
                    ids.insert(at, id);
                    return None;
                }
                let mut right = split_off(ids, at, rightmost, LEAF_MAX);
                match at.checked_sub(ids.len()) {
                    Some(at) if at > 0 || right.is_empty() => right.insert(at, id),
                    _ => ids.insert(at, id),
                }
                Some(Node::Leaf(right).into_child(score_of))
            }
            Node::Inner(children) => {
                let (index, rest) = child_at(children, at);
                let rightmost = rightmost && index + 1 == children.len();
                let sibling = children[index].node.insert(rest, id, rightmost, score_of);
                let child = &mut children[index];
                child.count += 1;
                if rest == 0 {
                    (child.first_score, child.first_id) = child.node.first(score_of);
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
                Some(Node::Inner(right).into_child(score_of))
            }
        }
    }

    fn remove(&mut self, at: usize, score_of: impl Fn(u32) -> f64 + Copy) -> u32 {
        match self {
            Node::Leaf(ids) => ids.remove(at),
            Node::Inner(children) => {
                let (index, rest) = child_at(children, at);
                let alone = children.len() == 1;
                let child = &mut children[index];
                let id = child.node.remove(rest, score_of);
                child.count -= 1;
                if child.node.is_sparse() && !alone {
                    fill(children, index, score_of);
                } else if child.count == 0 {
                    // Only a chain of single children gets here, and the root of one is dissolved at once.
                    children.remove(index);
                } else if rest == 0 {
                    (child.first_score, child.first_id) = child.node.first(score_of);
                }
                id
            }
        }
    }

    fn is_sparse(&self) -> bool {
        match self {
            Node::Leaf(ids) => ids.len() < LEAF_MAX / 4,
            Node::Inner(children) => children.len() < INNER_MAX / 4,
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Node::Leaf(ids) => ids.capacity() * size_of::<u32>(),
            Node::Inner(children) => {
                children.capacity() * size_of::<Child>()
                    + children.iter().map(|child| child.node.heap_bytes()).sum::<usize>()
            }
        }
    }
}

/// Merges or levels the sparse child at `index` with a neighbour.
fn fill(children: &mut Vec<Child>, index: usize, score_of: impl Fn(u32) -> f64 + Copy) {
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
        (child.first_score, child.first_id) = child.node.first(score_of);
    }
    if merged {
        children.remove(left + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts, first ids and fill of every node; returns the depth below `node`.
    fn check(node: &Node, rightmost: bool, root: bool, score_of: impl Fn(u32) -> f64 + Copy) -> usize {
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
                    assert_eq!((child.first_score, child.first_id), child.node.first(score_of));
                    depths.push(check(&child.node, rightmost && index + 1 == children.len(), false, score_of));
                }
                assert!(depths.iter().all(|depth| *depth == depths[0]));
                depths[0] + 1
            }
        }
    }

    fn ids(tree: &OrderTree) -> Vec<u32> {
        let mut out = Vec::new();
        while let Some((leaf, at)) = tree.leaf_at(out.len()) {
            out.extend_from_slice(&leaf[at..]);
        }
        out
    }

    #[test]
    fn random_inserts_and_removals_match_a_vector() {
        for round in 0..20 {
            let seed = fastrand::u64(..);
            println!("seed {seed}, round {round}");
            let mut rng = fastrand::Rng::with_seed(seed);
            let score_of = |id: u32| id as f64 / 7.0;
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
                    tree.insert_at(at, id, score_of);
                    model.insert(at, id);
                } else if !model.is_empty() {
                    let at = if round % 3 == 0 { 0 } else { rng.usize(..model.len()) };
                    assert_eq!(tree.remove_at(at, score_of), Some(model.remove(at)));
                }
                if step % 500 == 0 {
                    check(&tree.root, true, true, score_of);
                    assert_eq!(ids(&tree), model);
                }
            }
            while !model.is_empty() {
                let at = rng.usize(..model.len());
                assert_eq!(tree.remove_at(at, score_of), Some(model.remove(at)));
            }
            assert_eq!(tree.len(), 0);
            assert_eq!(tree.remove_at(0, score_of), None);
        }
    }

    #[test]
    fn partition_point_finds_every_position() {
        let score_of = |id: u32| (id / 5) as f64;
        let mut tree = OrderTree::new();
        for id in 0..10_000 {
            tree.insert_at(id as usize, id, score_of);
        }
        for id in 0..10_000 {
            assert_eq!(tree.partition_point(score_of, |_, other| other < id), id as usize);
            assert_eq!(tree.leaf_at(id as usize).map(|(leaf, at)| leaf[at]), Some(id));
        }
        assert_eq!(tree.partition_point(score_of, |score, _| score < 100.0), 500);
        assert_eq!(tree.partition_point(score_of, |_, _| true), 10_000);
    }

    #[test]
    fn ascending_input_fills_its_leaves() {
        let score_of = |id: u32| id as f64;
        let mut tree = OrderTree::new();
        for id in 0..64_000 {
            tree.insert_at(id as usize, id, score_of);
        }
        assert!(tree.heap_bytes() < 64_000 * 6, "{} bytes", tree.heap_bytes());
    }
}
