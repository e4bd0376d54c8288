//! A stream's nodes as they are dumped, and their way back in: checked element by element, since whatever reads a node
//! later relies on what it says of itself.

use super::Stream;
use super::id::Id;
use super::node::{DELETED, ENTRY_HEAD, Node, SAME_FIELDS};
use crate::store::value::listpack::{Corrupt, Elem, Iter, Listpack};

impl Stream {
    /// The nodes in order: the id that distances are counted from, and the packed entries.
    pub fn packed_nodes(&self) -> impl ExactSizeIterator<Item = (Id, &Listpack)> {
        self.nodes.iter().map(|node| (node.first(), node.pack()))
    }

    /// Adds a node from elsewhere behind the others. Its entries must have larger ids. O(elements).
    pub fn push_packed(&mut self, first: Id, pack: Listpack) -> Result<(), Corrupt> {
        let behind = self.nodes.is_empty() || first > self.last_id;
        let checked = check(first, &pack).filter(|_| behind).ok_or(Corrupt)?;
        self.len += checked.live;
        self.last_id = checked.last;
        self.nodes.push_back(Node::over(first, pack));
        Ok(())
    }

    /// The stream of the nodes that were added, with what is kept besides them. The last id must not be smaller than
    /// that of an entry.
    pub fn restored(mut self, last_id: Id, added: i64, max_deleted_id: Id) -> Result<Stream, Corrupt> {
        if last_id < self.last_id {
            return Err(Corrupt);
        }
        self.set_ids(last_id, Some(added), Some(max_deleted_id));
        self.exists = true;
        Ok(self)
    }
}

/// What is known of a node that is sound.
struct Checked {
    live: usize,
    /// The id of the last entry that is not deleted.
    last: Id,
}

fn number(elems: &mut Iter<'_>) -> Option<i64> {
    match elems.next()? {
        Elem::Int(number) => Some(number),
        Elem::Bytes(_) => None,
    }
}

/// Passes over as many elements; `None` when there are fewer.
fn pass(elems: &mut Iter<'_>, count: i64) -> Option<()> {
    (0..count).try_for_each(|_| elems.next().map(|_| ()))
}

/// Whether a node is laid out as [`super::node`] says, its counts are true, at least one entry is not deleted, and the
/// ids of such entries ascend from the node's own.
fn check(first: Id, pack: &Listpack) -> Option<Checked> {
    let mut elems = pack.iter();
    let (live, deleted, names) = (number(&mut elems)?, number(&mut elems)?, number(&mut elems)?);
    pass(&mut elems, names)?;
    if number(&mut elems)? != 0 {
        return None;
    }
    let (mut seen_live, mut seen_deleted, mut last) = (0, 0, None);
    while elems.pos().is_some() {
        let (flags, ms, seq) = (number(&mut elems)?, number(&mut elems)?, number(&mut elems)?);
        let id = Id::new(first.ms.wrapping_add(ms as u64), first.seq.wrapping_add(seq as u64));
        let elements = match flags {
            0..SAME_FIELDS => {
                let fields = number(&mut elems).filter(|fields| *fields >= 0)?;
                fields.checked_mul(2)?
            }
            SAME_FIELDS..=3 => names,
            _ => return None,
        };
        pass(&mut elems, elements)?;
        let own_count = i64::from(flags & SAME_FIELDS == 0);
        if number(&mut elems)? != elements.checked_add(own_count + ENTRY_HEAD as i64)? {
            return None;
        }
        if flags & DELETED != 0 {
            seen_deleted += 1;
        } else if id >= first && last.is_none_or(|last| id > last) {
            seen_live += 1;
            last = Some(id);
        } else {
            return None;
        }
    }
    let sound = names >= 0 && (live, deleted) == (seen_live, seen_deleted);
    Some(Checked { live: usize::try_from(live).ok().filter(|_| sound)?, last: last? })
}
