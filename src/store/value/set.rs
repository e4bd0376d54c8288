//! Sets: integers in an [`IntSet`], a few short members in a [`Listpack`], anything bigger in a table.
//!
//! A set only ever moves to a bigger encoding, so a SCAN cursor (which only a table hands out) stays good.
//! The reference of this level knows no packed set: [`Set::encoding`] calls ours `hashtable`.
//! Operations over several sets are in [`super::set_algebra`].

use super::Limits;
use super::block::Block;
use super::intset::{self, IntSet};
use super::listpack::{self, Elem, Listpack, integer};
use super::members::{self, Members, Place, hash_of};

/// Most that a packed member takes on top of its bytes.
const ENTRY_BYTES_MAX: usize = 10;

/// Distinct byte strings without an order.
#[derive(Clone, Debug)]
pub struct Set {
    repr: Repr,
}

type Table = Members<Box<[u8]>>;

#[derive(Clone, Debug)]
enum Repr {
    Ints(IntSet),
    Packed(Listpack),
    // Boxed: a table's head is many times as long as the others, and most sets are small.
    Table(Box<Table>),
}

impl Set {
    /// An empty set.
    pub fn new() -> Set {
        Set { repr: Repr::Ints(IntSet::new()) }
    }

    /// Takes over integers, past the limit as a table.
    pub fn from_ints(ints: IntSet, limits: &Limits) -> Set {
        let mut set = Set { repr: Repr::Ints(ints) };
        set.convert_if_too_long(limits);
        set
    }

    /// A set whose members `list` holds.
    #[inline]
    pub const fn from_packed(list: Listpack) -> Set {
        Set { repr: Repr::Packed(list) }
    }

    /// Takes over integers, however many.
    #[inline]
    pub const fn from_int_block(ints: IntSet) -> Set {
        Set { repr: Repr::Ints(ints) }
    }

    /// The listpack of members, while it is the encoding.
    #[inline]
    pub fn as_packed(&self) -> Option<&Listpack> {
        match &self.repr {
            Repr::Packed(list) => Some(list),
            _ => None,
        }
    }

    /// The bytes of a listpack or of integers.
    #[inline]
    pub fn into_block(self) -> Option<Block> {
        match self.repr {
            Repr::Ints(ints) => Some(ints.into_block()),
            Repr::Packed(list) => Some(list.into_block()),
            Repr::Table(_) => None,
        }
    }

    /// Gives back what the small encodings have spare.
    pub fn shrink_to_fit(&mut self) {
        match &mut self.repr {
            Repr::Ints(ints) => ints.shrink_to_fit(),
            Repr::Packed(list) => list.shrink_to_fit(),
            Repr::Table(_) => {}
        }
    }

    /// The integers, while they are the encoding.
    pub fn as_ints(&self) -> Option<&IntSet> {
        match &self.repr {
            Repr::Ints(ints) => Some(ints),
            _ => None,
        }
    }

    /// Number of members. O(1).
    pub fn len(&self) -> usize {
        match &self.repr {
            Repr::Ints(ints) => ints.len(),
            Repr::Packed(list) => list.len(),
            Repr::Table(table) => table.len(),
        }
    }

    /// Whether there is no member.
    #[inline]
    pub fn is_empty(&self) -> bool {
        match &self.repr {
            Repr::Ints(ints) => ints.is_empty(),
            Repr::Packed(list) => list.is_empty(),
            Repr::Table(table) => table.is_empty(),
        }
    }

    /// The encoding as the reference names it: `intset` or `hashtable`.
    pub fn encoding(&self) -> &'static str {
        match &self.repr {
            Repr::Ints(_) => "intset",
            Repr::Packed(_) | Repr::Table(_) => "hashtable",
        }
    }

    /// The encoding as it is here: `intset`, `listpack` or `hashtable`.
    pub fn inner_encoding(&self) -> &'static str {
        match &self.repr {
            Repr::Packed(_) => "listpack",
            _ => self.encoding(),
        }
    }

    /// Bytes allocated behind this value, estimated from the first `sample` members of a table.
    pub fn allocated_bytes(&self, sample: usize) -> usize {
        match &self.repr {
            Repr::Ints(ints) => ints.allocated_bytes(),
            Repr::Packed(list) => list.capacity_bytes(),
            Repr::Table(table) => {
                let sampled = table.len().min(sample.max(1));
                let bytes: usize = table.iter().take(sampled).map(|member| member.len()).sum();
                size_of::<Table>() + table.allocated_bytes() + bytes * table.len() / sampled.max(1)
            }
        }
    }

    /// Adds `member`; false if it was there.
    pub fn add(&mut self, member: &[u8], limits: &Limits) -> bool {
        match &mut self.repr {
            Repr::Ints(ints) => match integer(member) {
                Some(value) => {
                    let added = ints.insert(value);
                    if added {
                        self.convert_if_too_long(limits);
                    }
                    added
                }
                None => {
                    self.leave_ints(member.len(), limits);
                    self.add(member, limits)
                }
            },
            Repr::Packed(list) => {
                if find(list, member).is_some() {
                    return false;
                }
                if Set::packs(list.len() + 1, member.len(), limits) && list.fits(member.len() + ENTRY_BYTES_MAX) {
                    list.push_back(member);
                } else {
                    self.table_mut(1).insert(hash_of(member), member.into());
                }
                true
            }
            Repr::Table(table) => {
                let hash = hash_of(member);
                let added = find_in(table, hash, member).is_none();
                if added {
                    table.insert(hash, member.into());
                }
                added
            }
        }
    }

    /// Adds a member of another set; false if it was there.
    pub fn add_elem(&mut self, member: Elem<'_>, limits: &Limits) -> bool {
        if let (Repr::Ints(ints), Elem::Int(value)) = (&mut self.repr, member) {
            let added = ints.insert(value);
            if added {
                self.convert_if_too_long(limits);
            }
            return added;
        }
        self.add(member.as_bytes(&mut [0; 20]), limits)
    }

    /// Removes `member`; false if it was not there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.repr {
            Repr::Ints(ints) => integer(member).is_some_and(|value| ints.remove(value)),
            Repr::Packed(list) => match find(list, member) {
                Some(pos) => {
                    list.remove(pos);
                    true
                }
                None => false,
            },
            Repr::Table(table) => match find_in(table, hash_of(member), member) {
                Some(place) => {
                    table.remove(place);
                    true
                }
                None => false,
            },
        }
    }

    /// Whether `member` is there. O(1) in a table, O(log n) among integers, O(bytes) when packed.
    #[inline]
    pub fn contains(&self, member: &[u8]) -> bool {
        match &self.repr {
            Repr::Ints(ints) => integer(member).is_some_and(|value| ints.contains(value)),
            Repr::Packed(list) => find(list, member).is_some(),
            Repr::Table(table) => find_in(table, hash_of(member), member).is_some(),
        }
    }

    /// Whether a member of another set is there too.
    #[inline]
    pub fn contains_elem(&self, member: Elem<'_>) -> bool {
        match (&self.repr, member) {
            (Repr::Ints(ints), Elem::Int(value)) => ints.contains(value),
            _ => self.contains(member.as_bytes(&mut [0; 20])),
        }
    }

    /// A number of a member of another set, if it is there too: below [`numbers`](Self::numbers), and its own.
    pub(super) fn number_of(&self, member: Elem<'_>) -> Option<usize> {
        match (&self.repr, member) {
            (Repr::Ints(ints), Elem::Int(value)) => ints.search(value).ok(),
            (Repr::Ints(ints), Elem::Bytes(bytes)) => ints.search(integer(bytes)?).ok(),
            (Repr::Packed(list), _) => {
                let mut buf = [0; 20];
                let bytes = member.as_bytes(&mut buf);
                list.iter().position(|own| own.eq_bytes(bytes))
            }
            (Repr::Table(table), _) => {
                let mut buf = [0; 20];
                let bytes = member.as_bytes(&mut buf);
                find_in(table, hash_of(bytes), bytes).map(Place::number)
            }
        }
    }

    /// Whether the members are in a table.
    pub fn has_table(&self) -> bool {
        matches!(self.repr, Repr::Table(_))
    }

    /// See [`Object::prefetch`](crate::store::Object::prefetch).
    pub fn prefetch(&self, hashes: &[u32]) {
        if let Repr::Table(table) = &self.repr {
            table.prefetch(hashes, |member| member.as_ptr());
        }
    }

    /// What all members' numbers are below.
    pub(super) fn numbers(&self) -> usize {
        match &self.repr {
            Repr::Table(table) => table.places(),
            _ => self.len(),
        }
    }

    /// Hands every member and its number to `each`.
    pub(super) fn for_each_number(&self, mut each: impl FnMut(usize, Elem<'_>)) {
        match &self.repr {
            Repr::Table(table) => table.for_each_place(|number, member| each(number, Elem::Bytes(member))),
            _ => self.iter().enumerate().for_each(|(number, member)| each(number, member)),
        }
    }

    /// Any member, each equally likely; `None` if the set is empty.
    pub fn random(&self) -> Option<Elem<'_>> {
        let len = self.len();
        match &self.repr {
            _ if len == 0 => None,
            Repr::Ints(ints) => ints.get(fastrand::usize(..len)).map(Elem::Int),
            Repr::Packed(list) => list.get(fastrand::usize(..len)),
            Repr::Table(table) => table.random().map(|place| Elem::Bytes(table.at(place))),
        }
    }

    /// `count` random members, possibly the same one again and again, handed to `each`. None of an empty set.
    pub fn random_repeating(&self, count: usize, mut each: impl FnMut(Elem<'_>)) {
        let len = self.len();
        if len == 0 {
            return;
        }
        if let Repr::Packed(list) = &self.repr {
            // Walks the listpack once instead of `count` times.
            let members: Vec<Elem<'_>> = list.iter().collect();
            (0..count).for_each(|_| each(members[fastrand::usize(..len)]));
        } else {
            (0..count).filter_map(|_| self.random()).for_each(each);
        }
    }

    /// `count` distinct random members (all if there are fewer), handed to `each`.
    pub fn random_distinct(&self, count: usize, mut each: impl FnMut(Elem<'_>)) {
        match &self.repr {
            Repr::Table(table) => table.random_distinct(count, |member| each(Elem::Bytes(member))),
            Repr::Ints(ints) => {
                let values = super::sample::distinct(ints.len(), count).filter_map(|index| ints.get(index));
                values.for_each(|value| each(Elem::Int(value)));
            }
            Repr::Packed(list) => {
                let mut walk = list.iter();
                let mut passed = 0;
                for index in super::sample::distinct(list.len(), count) {
                    if let Some(member) = walk.nth(index - passed) {
                        each(member);
                    }
                    passed = index + 1;
                }
            }
        }
    }

    /// Removes a random member after handing it to `each`; false if the set is empty.
    pub fn pop_random(&mut self, each: impl FnOnce(Elem<'_>)) -> bool {
        let len = self.len();
        if len == 0 {
            return false;
        }
        match &mut self.repr {
            Repr::Ints(ints) => {
                if let Some(value) = ints.remove_at(fastrand::usize(..len)) {
                    each(Elem::Int(value));
                }
            }
            Repr::Packed(list) => {
                if let Some(pos) = list.seek(fastrand::usize(..len)) {
                    each(list.at(pos));
                    list.remove(pos);
                }
            }
            Repr::Table(table) => {
                if let Some(place) = table.random_ahead(|member| member.as_ptr()) {
                    each(Elem::Bytes(&table.remove(place)));
                }
            }
        }
        true
    }

    /// All members: integers ascending, the rest in no order worth relying on.
    pub fn iter(&self) -> Iter<'_> {
        match &self.repr {
            Repr::Ints(ints) => Iter::Ints(ints.iter()),
            Repr::Packed(list) => Iter::Packed(list.iter()),
            Repr::Table(table) => Iter::Table(table.iter()),
        }
    }

    /// The cursor that [`scan`](Self::scan) with the same arguments returns.
    pub fn next_cursor(&self, cursor: u64, count: usize) -> u64 {
        match &self.repr {
            Repr::Table(table) => table.scan(cursor, count, |_| {}),
            _ => 0,
        }
    }

    /// One SCAN step: hands up to about `count` members to `each` and returns the next cursor, 0 when done.
    ///
    /// All small encodings are shown in one step. See [`Members::scan`] for what is promised.
    pub fn scan(&self, cursor: u64, count: usize, mut each: impl FnMut(Elem<'_>)) -> u64 {
        match &self.repr {
            Repr::Table(table) => table.scan(cursor, count, |member| each(Elem::Bytes(member))),
            _ => {
                self.iter().for_each(each);
                0
            }
        }
    }

    /// Whether a set of `len` members, the longest of `bytes`, may be packed.
    fn packs(len: usize, bytes: usize, limits: &Limits) -> bool {
        len <= limits.set_entries_max && bytes <= limits.set_value_bytes_max
    }

    fn convert_if_too_long(&mut self, limits: &Limits) {
        if let Repr::Ints(ints) = &self.repr
            && ints.len() > limits.intset_entries_max
        {
            self.leave_ints(0, limits);
        }
    }

    /// From integers to packed or table, whichever has room for another member of `member_bytes`.
    fn leave_ints(&mut self, member_bytes: usize, limits: &Limits) {
        let Repr::Ints(ints) = &mut self.repr else { return };
        if ints.is_empty() && Set::packs(1, member_bytes, limits) {
            // The first member is no integer: their buffer serves.
            let ints = std::mem::replace(ints, IntSet::over(Block::new()));
            self.repr = Repr::Packed(Listpack::in_buffer(ints.into_block().into_vec()));
        } else if Set::packs(ints.len() + 1, member_bytes.max(20), limits) {
            let mut list = Listpack::new();
            for value in ints.iter() {
                list.push_back_elem(Elem::Int(value));
            }
            self.repr = Repr::Packed(list);
        } else {
            self.table_mut(1);
        }
    }

    /// The table, after converting to it with room for `additional` more members.
    fn table_mut(&mut self, additional: usize) -> &mut Table {
        if !matches!(self.repr, Repr::Table(_)) {
            let mut table = Table::with_capacity(self.len() + additional);
            for member in self.iter() {
                let mut buf = [0; 20];
                let member = member.as_bytes(&mut buf);
                table.insert(hash_of(member), member.into());
            }
            self.repr = Repr::Table(Box::new(table));
        }
        match &mut self.repr {
            Repr::Table(table) => table,
            _ => unreachable!("just converted"),
        }
    }
}

fn find_in(table: &Table, hash: u32, member: &[u8]) -> Option<Place> {
    table.find(hash, |own| **own == *member)
}

fn find(list: &Listpack, member: &[u8]) -> Option<listpack::Pos> {
    list.find(member, list.first()?, 1)
}

impl Default for Set {
    fn default() -> Set {
        Set::new()
    }
}

/// Iterator over the members of a [`Set`].
#[derive(Clone, Debug)]
pub enum Iter<'a> {
    /// Of integers.
    Ints(intset::Iter<'a>),
    /// Of a packed set.
    Packed(listpack::Iter<'a>),
    /// Of a table.
    Table(members::Iter<'a, Box<[u8]>>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Elem<'a>;

    #[inline]
    fn next(&mut self) -> Option<Elem<'a>> {
        match self {
            Iter::Ints(iter) => iter.next().map(Elem::Int),
            Iter::Packed(iter) => iter.next(),
            Iter::Table(iter) => iter.next().map(|member| Elem::Bytes(member)),
        }
    }

    /// What `for_each` runs on: asks once which encoding it is.
    #[inline]
    fn fold<B, F: FnMut(B, Elem<'a>) -> B>(self, init: B, mut each: F) -> B {
        match self {
            Iter::Ints(iter) => iter.fold(init, |result, value| each(result, Elem::Int(value))),
            Iter::Packed(iter) => iter.fold(init, each),
            Iter::Table(iter) => iter.fold(init, |result, member| each(result, Elem::Bytes(member))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn of(members: &[&str]) -> Set {
        let mut set = Set::new();
        for member in members {
            set.add(member.as_bytes(), &Limits::default());
        }
        set
    }

    #[test]
    fn encodings_change_past_the_limits() {
        let limits = Limits { intset_entries_max: 3, set_entries_max: 4, set_value_bytes_max: 30, ..Limits::default() };
        let mut set = Set::new();
        for member in ["1", "2", "3"] {
            assert!(set.add(member.as_bytes(), &limits));
        }
        assert_eq!(set.inner_encoding(), "intset");
        let mut packed = set.clone();
        assert!(packed.add(b"01", &limits));
        assert_eq!((packed.inner_encoding(), packed.encoding()), ("listpack", "hashtable"));
        assert!(!packed.add(b"3", &limits) && packed.add(b"x", &limits));
        assert_eq!((packed.inner_encoding(), packed.len()), ("hashtable", 5));
        let mut long = set.clone();
        assert!(long.add(&[b'x'; 31], &limits));
        assert_eq!((long.inner_encoding(), long.len()), ("hashtable", 4));
        assert!(set.add(b"4", &limits));
        assert_eq!((set.inner_encoding(), set.len()), ("hashtable", 4));
        assert!(set.contains(b"1") && set.contains(b"4") && !set.contains(b"5"));
    }

    #[test]
    fn a_table_is_not_left_again() {
        let mut set = of(&[]);
        for number in 0..600 {
            set.add(format!("m{number}").as_bytes(), &Limits::default());
        }
        while set.len() > 1 {
            set.pop_random(|_| {});
        }
        assert_eq!(set.inner_encoding(), "hashtable");
    }

    #[test]
    fn a_limit_that_was_lowered_matters_when_something_is_added() {
        let mut set = of(&["1", "2", "3"]);
        let limits = Limits { intset_entries_max: 2, ..Limits::default() };
        assert!(!set.add(b"3", &limits) && !set.add_elem(Elem::Int(3), &limits));
        assert_eq!(set.inner_encoding(), "intset");
        assert!(set.add(b"4", &limits));
        assert_ne!(set.inner_encoding(), "intset");
    }

    #[test]
    fn random_operations_agree_with_a_hash_set() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for round in 0..300 {
            let limits = Limits {
                intset_entries_max: random.usize(0..40),
                set_entries_max: random.usize(0..40),
                set_value_bytes_max: random.usize(0..30),
                ..Limits::default()
            };
            let words = round % 3;
            let (mut set, mut model) = (Set::new(), HashSet::new());
            for _ in 0..random.usize(1..200) {
                let member = match random.u8(0..9) {
                    0 if words > 0 => format!("word{}", random.u8(0..40)),
                    1 if words > 1 => "x".repeat(random.usize(0..40)),
                    _ => random.i16(-30..30).to_string(),
                }
                .into_bytes();
                match random.u8(0..6) {
                    0 => assert_eq!(set.remove(&member), model.remove(&member)),
                    1 => {
                        let popped = set.pop_random(|member| assert!(model.remove(&member.to_vec())));
                        assert!(popped || model.is_empty());
                    }
                    2 => {
                        let elem = Elem::from_bytes(&member);
                        assert_eq!(set.add_elem(elem, &limits), model.insert(member.clone()));
                    }
                    _ => assert_eq!(set.add(&member, &limits), model.insert(member.clone())),
                }
                assert_eq!(set.contains(&member), model.contains(&member));
                assert_eq!(set.contains_elem(Elem::from_bytes(&member)), model.contains(&member));
                let number = set.number_of(Elem::Bytes(&member));
                assert_eq!(number.is_some(), model.contains(&member));
                set.for_each_number(|own, at| assert_eq!(number == Some(own), at.eq_bytes(&member)));
                assert_eq!((set.len(), set.is_empty()), (model.len(), model.is_empty()));
            }
            let members: HashSet<Vec<u8>> = set.iter().map(|member| member.to_vec()).collect();
            assert_eq!(members, model);
            assert!(set.random().is_none_or(|member| model.contains(&member.to_vec())));
            let count = random.usize(0..60);
            let mut sample = Vec::new();
            set.random_distinct(count, |member| sample.push(member.to_vec()));
            assert_eq!(sample.len(), count.min(model.len()));
            assert_eq!(sample.iter().collect::<HashSet<_>>().len(), sample.len());
            assert!(sample.iter().all(|member| model.contains(member)));
            let mut repeated = 0;
            set.random_repeating(count, |member| {
                repeated += 1;
                assert!(model.contains(&member.to_vec()));
            });
            assert_eq!(repeated, if model.is_empty() { 0 } else { count });
            let (mut seen, mut cursor) = (HashSet::new(), 0);
            loop {
                cursor = set.scan(cursor, random.usize(0..9), |member| assert!(seen.insert(member.to_vec())));
                if cursor == 0 {
                    break;
                }
            }
            assert_eq!(seen, model);
        }
    }
}
