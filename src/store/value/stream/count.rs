//! How far groups are: the reference's way to tell how many entries were added up to an id, without counting them.
//!
//! A stream knows how many entries were ever added, and the largest id that was deleted out of order. As long as
//! nothing was deleted behind an id, what follows it can be counted; else the answer is that nobody knows.

use super::Stream;
use super::group::Group;
use super::id::Id;

impl Stream {
    /// Whether an entry from `start` on was deleted, as far as is known. What lies before the first entry is no hole.
    fn has_holes_from(&self, start: Id) -> bool {
        self.len > 0 && start <= self.max_deleted_id && self.max_deleted_id >= self.first_id()
    }

    /// How many entries had been added when the one of this id was, when that can be told.
    fn distance_of(&self, id: Id) -> Option<i64> {
        if self.added == 0 {
            return Some(0);
        }
        if self.is_empty() && id <= self.last_id {
            return Some(self.added);
        }
        if id >= self.last_id {
            return (id == self.last_id).then_some(self.added);
        }
        let first_id = self.first_id();
        if self.max_deleted_id >= first_id {
            return None;
        }
        let before_first = self.added.wrapping_sub(self.len as i64);
        match id.cmp(&first_id) {
            std::cmp::Ordering::Less => Some(before_first),
            std::cmp::Ordering::Equal => Some(before_first.wrapping_add(1)),
            std::cmp::Ordering::Greater => None,
        }
    }

    /// The entries that a group has not read yet, when that can be told.
    pub fn lag(&self, group: &Group) -> Option<i64> {
        if self.added == 0 {
            return Some(0);
        }
        let read = match group.entries_read.filter(|_| !self.has_holes_from(group.last_id)) {
            Some(read) => read,
            None => self.distance_of(group.last_id)?,
        };
        Some(self.added.wrapping_sub(read))
    }

    /// How far a group is known to be once it has read the entry of this id, which lies behind what it has read.
    pub fn entries_read_at(&self, entries_read: Option<i64>, id: Id) -> Option<i64> {
        match entries_read.filter(|_| !self.has_holes_from(id)) {
            Some(read) => Some(read.wrapping_add(1)),
            None if self.added != 0 => self.distance_of(id),
            None => entries_read,
        }
    }
}
