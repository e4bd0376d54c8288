//! Walks over the entries between two ids, from either side.

use super::Stream;
use super::id::Id;
use super::node::{Ascending, Descending, Entry, Node};
use std::collections::vec_deque::Iter;
use std::iter::Rev;

impl Stream {
    /// The entries from `start` to `end`, both included. To the first: a binary search and a walk through one node.
    pub fn range(&self, start: Id, end: Id) -> Range<'_> {
        let place = self.node_of(start).unwrap_or(0);
        Range { nodes: self.nodes.range(place..), entries: None, start, end }
    }

    /// The same from `end` to `start`.
    pub fn range_back(&self, start: Id, end: Id) -> RangeBack<'_> {
        let count = self.node_of(end).map_or(0, |place| place + 1);
        RangeBack { nodes: self.nodes.range(..count).rev(), entries: None, start, end }
    }
}

/// See [`Stream::range`].
#[derive(Clone)]
pub struct Range<'s> {
    nodes: Iter<'s, Node>,
    entries: Option<Ascending<'s>>,
    start: Id,
    end: Id,
}

impl<'s> Iterator for Range<'s> {
    type Item = Entry<'s>;

    fn next(&mut self) -> Option<Entry<'s>> {
        loop {
            let Some(entry) = self.entries.as_mut().and_then(Ascending::next) else {
                self.entries = Some(self.nodes.next()?.ascending());
                continue;
            };
            if entry.id > self.end {
                return None;
            }
            if entry.id >= self.start {
                return Some(entry);
            }
        }
    }
}

/// See [`Stream::range_back`].
#[derive(Clone)]
pub struct RangeBack<'s> {
    nodes: Rev<Iter<'s, Node>>,
    entries: Option<Descending<'s>>,
    start: Id,
    end: Id,
}

impl<'s> Iterator for RangeBack<'s> {
    type Item = Entry<'s>;

    fn next(&mut self) -> Option<Entry<'s>> {
        loop {
            let Some(entry) = self.entries.as_mut().and_then(Descending::next) else {
                self.entries = Some(self.nodes.next()?.descending());
                continue;
            };
            if entry.id < self.start {
                return None;
            }
            if entry.id <= self.end {
                return Some(entry);
            }
        }
    }
}
