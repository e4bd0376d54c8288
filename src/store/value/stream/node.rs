//! One node of a stream: entries packed in a listpack, laid out as the reference keeps and dumps them.
//!
//! ```text
//! header   live  deleted  fields  field …  0
//! entry    flags  ms  seq  value …  elements               with SAME_FIELDS: the header's fields, in its order
//!          flags  ms  seq  fields  field  value …  elements
//! ```
//!
//! `ms` and `seq` are distances from the node's first id, `elements` is the number of elements of the entry before
//! it, so that entries can be read from behind. An entry that is deleted is marked, and its bytes go with the node:
//! streams are read and trimmed from the front, so that nodes do not stay full of holes for long.

use super::id::Id;
use crate::store::value::listpack::{Elem, Iter, Listpack, Pos};
use smallvec::SmallVec;

pub(super) const DELETED: i64 = 1;
pub(super) const SAME_FIELDS: i64 = 2;
/// Elements in front of an entry's fields and values: flags, ms, seq.
pub(super) const ENTRY_HEAD: usize = 3;
/// Elements of the header in front of its fields.
const HEADER_HEAD: usize = 3;

/// Entries in one buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    first: Id,
    pack: Listpack,
}

/// What stands in front of a node's entries.
#[derive(Clone, Copy)]
struct Header {
    live: i64,
    deleted: i64,
    fields: usize,
    /// Where the first entry is; `None` in a node under construction.
    entries: Option<Pos>,
}

/// An entry as it stands in a node.
#[derive(Clone)]
pub struct Entry<'n> {
    /// Its id.
    pub id: Id,
    /// Number of its fields.
    pub fields: usize,
    deleted: bool,
    at: Pos,
    /// The header's fields, when the entry has those.
    names: Option<Iter<'n>>,
    rest: Iter<'n>,
}

impl<'n> Entry<'n> {
    /// Its fields with their values, in the order in which they were added.
    pub fn pairs(&self) -> impl Iterator<Item = (Elem<'n>, Elem<'n>)> + use<'n> {
        let (mut names, mut rest) = (self.names.clone(), self.rest.clone());
        (0..self.fields).map_while(move |_| {
            let name = match &mut names {
                Some(names) => names.next()?,
                None => rest.next()?,
            };
            Some((name, rest.next()?))
        })
    }
}

fn number(elem: Elem<'_>) -> i64 {
    match elem {
        Elem::Int(value) => value,
        // Not in a node that was made here or checked on its way in.
        Elem::Bytes(_) => 0,
    }
}

impl Node {
    /// A node of one entry: an id, and fields and values in turn.
    pub fn of<'v>(id: Id, arguments: impl Iterator<Item = &'v [u8]> + Clone) -> Node {
        let mut pack = Listpack::new();
        let fields = arguments.clone().count() / 2;
        for value in [1, 0, fields as i64] {
            pack.push_back_elem(Elem::Int(value));
        }
        pack.append(arguments.clone().step_by(2));
        pack.push_back_elem(Elem::Int(0));
        let mut node = Node { first: id, pack };
        node.push(id, fields, true, arguments);
        node
    }

    /// A node whose entries are packed already, as was checked.
    pub(super) fn over(first: Id, pack: Listpack) -> Node {
        Node { first, pack }
    }

    /// The packed entries, as they are dumped.
    pub(super) fn pack(&self) -> &Listpack {
        &self.pack
    }

    /// The id of the first entry it had.
    pub fn first(&self) -> Id {
        self.first
    }

    /// Bytes of the packed entries.
    pub fn bytes(&self) -> usize {
        self.pack.byte_len()
    }

    /// Bytes of memory it holds outside of itself.
    pub fn heap_bytes(&self) -> usize {
        self.pack.capacity_bytes()
    }

    /// Entries that are not deleted.
    pub fn live(&self) -> usize {
        self.pack.first().map_or(0, |pos| number(self.pack.at(pos)) as usize)
    }

    /// Entries, with those deleted.
    pub fn added(&self) -> usize {
        self.pack.iter().take(2).map(number).sum::<i64>() as usize
    }

    /// Gives back room for more entries: there will be none.
    pub fn close(&mut self) {
        self.pack.shrink_to_fit();
    }

    /// Adds an entry behind the last: fields and values in turn. The caller saw that its id is larger and that it
    /// fits. O(bytes of the entry and of the header's fields).
    pub fn append<'v>(&mut self, id: Id, arguments: impl Iterator<Item = &'v [u8]> + Clone) {
        let header = self.header();
        let fields = arguments.clone().count() / 2;
        let same = fields == header.fields
            && self.names().zip(arguments.clone().step_by(2)).all(|(name, field)| name == Elem::from_bytes(field));
        self.set_counts(header.live + 1, header.deleted);
        self.push(id, fields, same, arguments);
    }

    fn push<'v>(&mut self, id: Id, fields: usize, same: bool, arguments: impl Iterator<Item = &'v [u8]>) {
        let flags = if same { SAME_FIELDS } else { 0 };
        // The reference's arithmetic: unsigned distances, stored as signed ones.
        for value in [flags, id.ms.wrapping_sub(self.first.ms) as i64, id.seq.wrapping_sub(self.first.seq) as i64] {
            self.pack.push_back_elem(Elem::Int(value));
        }
        let elements = if same {
            self.pack.append(arguments.skip(1).step_by(2));
            ENTRY_HEAD + fields
        } else {
            self.pack.push_back_elem(Elem::Int(fields as i64));
            self.pack.append(arguments);
            ENTRY_HEAD + 1 + 2 * fields
        };
        self.pack.push_back_elem(Elem::Int(elements as i64));
    }

    fn header(&self) -> Header {
        let mut elements = self.pack.iter();
        let mut next = || elements.next().map_or(0, number);
        let (live, deleted, fields) = (next(), next(), next() as usize);
        for _ in 0..=fields {
            elements.pass();
        }
        Header { live, deleted, fields, entries: elements.pos() }
    }

    fn names(&self) -> Iter<'_> {
        let mut elements = self.pack.iter();
        (0..HEADER_HEAD).for_each(|_| elements.pass());
        elements
    }

    fn set_counts(&mut self, live: i64, deleted: i64) {
        let Some(first) = self.pack.first() else { return };
        self.replace(first, live);
        if let Some(second) = self.pack.next(first) {
            self.replace(second, deleted);
        }
    }

    fn replace(&mut self, pos: Pos, value: i64) {
        if self.pack.at(pos) != Elem::Int(value) {
            self.pack.replace(pos, itoa::Buffer::new().format(value).as_bytes());
        }
    }

    /// The entries from the first on, without those deleted.
    pub fn ascending(&self) -> Ascending<'_> {
        let header = self.header();
        Ascending { entries: Entries { node: self, fields: header.fields }, next: header.entries }
    }

    /// The entries from the last on, without those deleted.
    pub fn descending(&self) -> Descending<'_> {
        let header = self.header();
        let entries = Entries { node: self, fields: header.fields };
        Descending { entries, first: header.entries, last: self.pack.last() }
    }

    /// The id of the last entry, deleted or not.
    pub fn last(&self) -> Id {
        let mut all = self.descending();
        all.raw().map_or(self.first, |entry| entry.id)
    }

    /// All that is packed in it, as it is dumped.
    #[cfg(test)]
    pub fn elements(&self) -> Iter<'_> {
        self.pack.iter()
    }

    /// Marks the entry of this id as deleted; false when there is none. O(entries before it).
    pub fn delete(&mut self, id: Id) -> bool {
        let Some(at) = self.find(id) else { return false };
        self.delete_at(&[at]);
        true
    }

    /// Whether it has an entry of this id that is not deleted.
    pub fn has(&self, id: Id) -> bool {
        self.find(id).is_some()
    }

    fn find(&self, id: Id) -> Option<Pos> {
        self.ascending().find(|entry| entry.id >= id).filter(|entry| entry.id == id).map(|entry| entry.at)
    }

    /// Marks the entries that `chosen` says true of as deleted, from the first on until it answers `None`. Their ids,
    /// in order, are given to `gone`; answers their number.
    pub fn delete_while(&mut self, mut chosen: impl FnMut(Id) -> Option<bool>, mut gone: impl FnMut(Id)) -> usize {
        let mut places: SmallVec<[Pos; 64]> = SmallVec::new();
        for entry in self.ascending() {
            match chosen(entry.id) {
                None => break,
                Some(false) => {}
                Some(true) => {
                    places.push(entry.at);
                    gone(entry.id);
                }
            }
        }
        self.delete_at(&places);
        places.len()
    }

    /// Marks entries that are not deleted.
    fn delete_at(&mut self, places: &[Pos]) {
        for place in places {
            let flags = number(self.pack.at(*place));
            // Flags stay within one byte: what is behind does not move.
            self.replace(*place, flags | DELETED);
        }
        let header = self.header();
        let count = places.len() as i64;
        self.set_counts(header.live - count, header.deleted + count);
    }
}

/// Reads entries at positions.
#[derive(Clone, Copy)]
struct Entries<'n> {
    node: &'n Node,
    fields: usize,
}

impl<'n> Entries<'n> {
    fn read(self, at: Pos) -> Option<Entry<'n>> {
        let mut rest = self.node.pack.iter_from(at);
        let flags = number(rest.next()?);
        let ms = number(rest.next()?) as u64;
        let seq = number(rest.next()?) as u64;
        let id = Id::new(self.node.first.ms.wrapping_add(ms), self.node.first.seq.wrapping_add(seq));
        let same = flags & SAME_FIELDS != 0;
        let fields = if same { self.fields } else { number(rest.next()?) as usize };
        let names = same.then(|| self.node.names());
        Some(Entry { id, fields, deleted: flags & DELETED != 0, at, names, rest })
    }

    /// Where the entry behind this one is.
    fn behind(self, entry: &Entry<'n>) -> Option<Pos> {
        let mut rest = entry.rest.clone();
        let elements = if entry.names.is_some() { entry.fields } else { entry.fields * 2 };
        // And the number of elements.
        for _ in 0..=elements {
            rest.pass();
        }
        rest.pos()
    }
}

/// See [`Node::ascending`].
#[derive(Clone)]
pub struct Ascending<'n> {
    entries: Entries<'n>,
    next: Option<Pos>,
}

impl<'n> Iterator for Ascending<'n> {
    type Item = Entry<'n>;

    fn next(&mut self) -> Option<Entry<'n>> {
        loop {
            let entry = self.entries.read(self.next?)?;
            self.next = self.entries.behind(&entry);
            if !entry.deleted {
                return Some(entry);
            }
        }
    }
}

/// See [`Node::descending`].
#[derive(Clone)]
pub struct Descending<'n> {
    entries: Entries<'n>,
    first: Option<Pos>,
    /// Where the number of elements of the next one is.
    last: Option<Pos>,
}

impl<'n> Descending<'n> {
    /// The next one, deleted or not.
    fn raw(&mut self) -> Option<Entry<'n>> {
        let pack = &self.entries.node.pack;
        let mut at = self.last?;
        for _ in 0..number(pack.at(at)) {
            at = pack.prev(at)?;
        }
        self.last = if Some(at) == self.first { None } else { pack.prev(at) };
        self.entries.read(at)
    }
}

impl<'n> Iterator for Descending<'n> {
    type Item = Entry<'n>;

    fn next(&mut self) -> Option<Entry<'n>> {
        loop {
            let entry = self.raw()?;
            if !entry.deleted {
                return Some(entry);
            }
        }
    }
}
