//! The size that the reference's radix tree of nodes would have: XINFO STREAM tells it.

use super::Stream;

const KEY_BYTES: usize = 16;

impl Stream {
    /// Nodes of a radix tree, with chains taken together, whose keys are the first ids of this stream's nodes. O(nodes).
    pub fn radix_node_count(&self) -> usize {
        let keys: Vec<[u8; KEY_BYTES]> = self.nodes.iter().map(|node| node.first().to_bytes()).collect();
        if keys.is_empty() { 1 } else { count(&keys, 0) }
    }
}

/// Nodes below a branch: of keys that agree in their first `depth` bytes, and are several or one. Goes as deep as a key
/// is long at most.
fn count(keys: &[[u8; KEY_BYTES]], depth: usize) -> usize {
    let (first, last) = (keys[0], keys[keys.len() - 1]);
    let common = (depth..KEY_BYTES).find(|at| first[*at] != last[*at]).unwrap_or(KEY_BYTES);
    let chain = usize::from(common > depth);
    if common == KEY_BYTES {
        return chain + 1;
    }
    let children = keys.chunk_by(|a, b| a[common] == b[common]);
    chain + 1 + children.map(|keys| count(keys, common + 1)).sum::<usize>()
}
