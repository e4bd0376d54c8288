//! Stream: entries of fields and values by ids that only grow, and consumer groups that read them.
//!
//! Entries are packed in nodes of at most `stream-node-max-entries` and `stream-node-max-bytes`, in the bytes of the
//! reference's own nodes; nodes stand in a queue in the order of their first ids. So adding works on the last node,
//! trimming on the first ones, and an id is found by a binary search and a walk through one node.
//!
//! A stream stays when its last entry goes: its last id and its groups are part of it.

use std::collections::VecDeque;

use crate::store::value::Limits;

mod count;
mod group;
mod id;
mod id_map;
mod node;
mod packed;
mod radix;
mod range;
mod trim;

pub use group::{Consumer, ConsumerRef, Group, Pending};
pub use id::{Id, Text};
pub use id_map::IdMap;
pub use node::Entry;
use node::Node;
pub use range::{Range, RangeBack};
pub use trim::{References, Threshold, Trim};

/// No node may be larger, and no entry: the reference's bound.
const NODE_BYTES_MAX: usize = 1 << 30;

/// Entries by id, and who reads them.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    nodes: VecDeque<Node>,
    len: usize,
    last_id: Id,
    max_deleted_id: Id,
    added: i64,
    /// In the order of their names.
    groups: Vec<Group>,
    /// Something was added to it, if only a group: it is there even when it is empty.
    exists: bool,
}

/// Why an entry was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The stream has an entry of the largest id.
    Exhausted,
    /// The id is not larger than that of the last entry.
    NotLarger,
    /// Fields and values are too long together.
    TooLarge,
}

/// Which id a new entry is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewId {
    /// The time, or what follows the last id.
    Auto,
    /// The first free number of this ms.
    AutoSeq(u64),
    /// This one.
    Exactly(Id),
}

impl Stream {
    /// The name in `OBJECT ENCODING`.
    pub const ENCODING: &'static str = "stream";

    /// Entries. O(1).
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry. Its key stays all the same.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether anything ever came into it: else its key must not be.
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// The id of the last entry ever added, or set since.
    pub fn last_id(&self) -> Id {
        self.last_id
    }

    /// The largest id that XDEL deleted.
    pub fn max_deleted_id(&self) -> Id {
        self.max_deleted_id
    }

    /// How many entries were ever added.
    pub fn added(&self) -> i64 {
        self.added
    }

    /// The id of the first entry; `0-0` when there is none.
    pub fn first_id(&self) -> Id {
        self.range(Id::MIN, Id::MAX).next().map_or(Id::MIN, |entry| entry.id)
    }

    /// The id of the last entry that is there; `0-0` when there is none.
    pub fn last_live_id(&self) -> Id {
        self.range_back(Id::MIN, Id::MAX).next().map_or(Id::MIN, |entry| entry.id)
    }

    /// Sets what the reference keeps of a stream besides its entries (XSETID).
    pub fn set_ids(&mut self, last_id: Id, added: Option<i64>, max_deleted_id: Option<Id>) {
        self.last_id = last_id;
        self.added = added.unwrap_or(self.added);
        self.max_deleted_id = max_deleted_id.unwrap_or(self.max_deleted_id);
    }

    /// The id that a new entry would have, when one may have it.
    pub fn new_id(&self, id: NewId, now_ms: i64) -> Result<Id, Refused> {
        if self.last_id == Id::MAX {
            return Err(Refused::Exhausted);
        }
        let id = match id {
            NewId::Auto => self.last_id.following(u64::try_from(now_ms).unwrap_or(0)),
            NewId::AutoSeq(ms) if ms == self.last_id.ms => self.last_id.seq.checked_add(1).map(|seq| Id::new(ms, seq)),
            NewId::AutoSeq(ms) => Some(Id::new(ms, 0)),
            NewId::Exactly(id) => Some(id),
        };
        id.filter(|id| *id > self.last_id).ok_or(Refused::NotLarger)
    }

    /// Adds an entry: fields and values in turn. Answers its id. O(bytes of it, and of the fields of its node's first
    /// entry).
    pub fn append<'v>(
        &mut self,
        id: NewId,
        now_ms: i64,
        arguments: impl Iterator<Item = &'v [u8]> + Clone,
        limits: &Limits,
    ) -> Result<Id, Refused> {
        let id = self.new_id(id, now_ms)?;
        let bytes = arguments.clone().map(<[u8]>::len).sum::<usize>();
        if bytes > NODE_BYTES_MAX {
            return Err(Refused::TooLarge);
        }
        match self.nodes.back_mut() {
            Some(node) if has_room(node, bytes, limits) => node.append(id, arguments),
            full => {
                if let Some(node) = full {
                    node.close();
                }
                if self.nodes.capacity() == 0 {
                    // Most streams are short.
                    self.nodes.reserve_exact(1);
                }
                self.nodes.push_back(Node::of(id, arguments));
            }
        }
        self.exists = true;
        self.len += 1;
        self.added = self.added.wrapping_add(1);
        self.last_id = id;
        Ok(id)
    }

    /// The node that has an id if any has.
    fn node_of(&self, id: Id) -> Option<usize> {
        self.nodes.partition_point(|node| node.first() <= id).checked_sub(1)
    }

    /// Whether there is an entry of this id.
    pub fn has(&self, id: Id) -> bool {
        self.node_of(id).is_some_and(|place| self.nodes[place].has(id))
    }

    /// Deletes an entry; false when there is none of this id. O(entries of a node), and of the handles of nodes when
    /// one in the middle goes.
    pub fn delete(&mut self, id: Id) -> bool {
        let deleted = self.node_of(id).is_some_and(|place| self.delete_in(place, id));
        if deleted {
            self.max_deleted_id = self.max_deleted_id.max(id);
        }
        deleted
    }

    fn delete_in(&mut self, place: usize, id: Id) -> bool {
        let node = &mut self.nodes[place];
        let deleted =
            if node.live() > 1 { node.delete(id) } else { node.has(id) && self.nodes.remove(place).is_some() };
        self.len -= usize::from(deleted);
        deleted
    }

    /// The groups in the order of their names.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = &Group> {
        self.groups.iter()
    }

    fn place_of(&self, name: &[u8]) -> Result<usize, usize> {
        self.groups.binary_search_by(|group| group.name().cmp(name))
    }

    /// The group of a name.
    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.place_of(name).ok().map(|place| &self.groups[place])
    }

    /// The same to change.
    pub fn group_mut(&mut self, name: &[u8]) -> Option<&mut Group> {
        self.place_of(name).ok().map(|place| &mut self.groups[place])
    }

    /// Adds a group; false when there is one of its name.
    pub fn create_group(&mut self, group: Group) -> bool {
        self.exists = true;
        match self.place_of(group.name()) {
            Ok(_) => false,
            Err(place) => {
                if self.groups.is_empty() {
                    // Most streams have one group, and the first would make room for four.
                    self.groups.reserve_exact(1);
                }
                self.groups.insert(place, group);
                true
            }
        }
    }

    /// Removes a group with all that is pending in it.
    pub fn remove_group(&mut self, name: &[u8]) -> Option<Group> {
        self.place_of(name).ok().map(|place| self.groups.remove(place))
    }

    /// Whether a group has not read an entry, or a consumer not acknowledged it. O(groups).
    pub fn is_referenced(&self, id: Id) -> bool {
        self.groups().any(|group| id > group.last_id || group.get(id).is_some())
    }

    /// Acknowledges an entry in every group; false when it was pending in none. O(groups).
    pub fn acknowledge_everywhere(&mut self, id: Id) -> bool {
        self.groups.iter_mut().filter_map(|group| group.acknowledge(id).then_some(())).count() > 0
    }

    /// Nodes that entries are packed in.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// Allocations it is made of, about: what freeing it costs. O(groups).
    pub fn allocations(&self) -> usize {
        self.nodes.len() + self.groups().map(Group::allocations).sum::<usize>()
    }

    /// Bytes of memory it holds outside of itself, by the sizes of up to `samples` nodes. O(samples, groups, consumers
    /// and runs of pending entries).
    pub fn heap_bytes(&self, samples: usize) -> usize {
        let nodes = self.nodes.len();
        let sampled = nodes.min(samples);
        let bytes: usize = self.nodes.iter().take(sampled).map(Node::heap_bytes).sum();
        // The first ones stand for all; the sum fits, being a share of what is allocated.
        let packed = bytes.checked_div(sampled).unwrap_or(0) * (nodes - sampled) + bytes;
        let groups: usize = self.groups().map(Group::heap_bytes).sum();
        packed + self.nodes.capacity() * size_of::<Node>() + self.groups.capacity() * size_of::<Group>() + groups
    }
}

/// Whether an entry of `bytes` may be added to a node. Entries that are deleted count, as in the reference.
fn has_room(node: &Node, bytes: usize, limits: &Limits) -> bool {
    let bytes_max = match limits.stream_node_bytes_max {
        0 => NODE_BYTES_MAX,
        bytes => bytes.min(NODE_BYTES_MAX),
    };
    let entries_max = limits.stream_node_entries_max;
    node.bytes() + bytes < bytes_max && (entries_max == 0 || node.added() < entries_max)
}

#[cfg(test)]
mod tests;
