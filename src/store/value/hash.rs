//! Hashes: a few short fields and values in a [`Listpack`] (field, value, field, value …), more in a table;
//! single fields may expire.
//!
//! Expiry is only recorded here: reads show a field until [`Hash::remove_expired`] has taken it away, which
//! whoever holds the clock calls first when [`Hash::next_expiry_ms`] is due.

use std::sync::Arc;

use super::Limits;
use super::field_expiry::FieldExpiry;
use super::listpack::{self, Elem, Listpack, Pos};
use super::members::{self, Members, Place, hash_of};
use pair::Pair;

mod pair;

/// Most that a packed field and value take on top of their bytes.
const PAIR_BYTES_MAX: usize = 20;

/// Fields and their values, without an order.
#[derive(Clone, Debug)]
pub struct Hash {
    repr: Repr,
    // None unless some field expires: most hashes pay eight bytes for the possibility.
    expiry: Option<Box<FieldExpiry>>,
}

type Table = Members<Pair>;

#[derive(Clone, Debug)]
enum Repr {
    Packed(Listpack),
    Table(Box<Table>),
}

impl Hash {
    /// An empty hash.
    pub const fn new() -> Hash {
        Hash { repr: Repr::Packed(Listpack::new()), expiry: None }
    }

    /// A hash whose fields and values `list` holds in turn.
    #[inline]
    pub const fn from_packed(list: Listpack) -> Hash {
        Hash { repr: Repr::Packed(list), expiry: None }
    }

    /// The listpack of fields and values, unless it is another encoding or a field expires.
    #[inline]
    pub fn into_packed(self) -> Option<Listpack> {
        match self {
            Hash { repr: Repr::Packed(list), expiry: None } => Some(list),
            _ => None,
        }
    }

    /// Gives back what a listpack of fields and values has spare.
    pub fn shrink_to_fit(&mut self) {
        if let Repr::Packed(list) = &mut self.repr {
            list.shrink_to_fit();
        }
    }

    /// Whether some field expires.
    #[inline]
    pub fn has_expiry(&self) -> bool {
        self.expiry.is_some()
    }

    /// Number of fields. O(1).
    pub fn len(&self) -> usize {
        match &self.repr {
            Repr::Packed(list) => list.len() / 2,
            Repr::Table(table) => table.len(),
        }
    }

    /// Whether there is no field.
    #[inline]
    pub fn is_empty(&self) -> bool {
        match &self.repr {
            Repr::Packed(list) => list.is_empty(),
            Repr::Table(table) => table.is_empty(),
        }
    }

    /// The encoding as the reference names it: `listpack` (`listpackex` while fields expire) or `hashtable`.
    pub fn encoding(&self) -> &'static str {
        match (&self.repr, &self.expiry) {
            (Repr::Packed(_), None) => "listpack",
            (Repr::Packed(_), Some(_)) => "listpackex",
            (Repr::Table(_), _) => "hashtable",
        }
    }

    /// The listpack of fields and values, while it is the encoding.
    #[inline]
    pub fn as_packed(&self) -> Option<&Listpack> {
        match &self.repr {
            Repr::Packed(list) => Some(list),
            Repr::Table(_) => None,
        }
    }

    /// Bytes allocated behind this value, estimated from the first `sample` fields of a table.
    pub fn allocated_bytes(&self, sample: usize) -> usize {
        let fields = match &self.repr {
            Repr::Packed(list) => list.capacity_bytes(),
            Repr::Table(table) => {
                let sampled = table.len().min(sample.max(1));
                let bytes: usize = table.iter().take(sampled).map(Pair::allocated_bytes).sum();
                size_of::<Table>() + table.allocated_bytes() + bytes * table.len() / sampled.max(1)
            }
        };
        fields + self.expiry.as_ref().map_or(0, |expiry| expiry.allocated_bytes())
    }

    /// The value of `field`. O(1) in a table, O(bytes) when packed.
    #[inline]
    pub fn get(&self, field: &[u8]) -> Option<Elem<'_>> {
        match &self.repr {
            Repr::Packed(list) => find(list, field).and_then(|pos| list.next(pos)).map(|pos| list.at(pos)),
            Repr::Table(table) => {
                find_in(table, hash_of(field), field).map(|place| Elem::Bytes(table.at(place).value()))
            }
        }
    }

    /// See [`Object::prefetch`](crate::store::Object::prefetch).
    pub fn prefetch(&self, hashes: &[u32]) {
        if let Repr::Table(table) = &self.repr {
            table.prefetch(hashes, Pair::address);
        }
    }

    /// Whether `field` is there.
    pub fn contains(&self, field: &[u8]) -> bool {
        match &self.repr {
            Repr::Packed(list) => find(list, field).is_some(),
            Repr::Table(table) => find_in(table, hash_of(field), field).is_some(),
        }
    }

    /// Sets `field` and lets it live forever; true if it is new.
    pub fn set(&mut self, field: &[u8], value: &[u8], limits: &Limits) -> bool {
        self.clear_expiry(field);
        self.set_keeping_expiry(field, value, limits)
    }

    /// Sets `field` without touching its expiry; true if it is new.
    pub fn set_keeping_expiry(&mut self, field: &[u8], value: &[u8], limits: &Limits) -> bool {
        match &mut self.repr {
            Repr::Packed(list) => {
                let longest = field.len().max(value.len());
                if longest > limits.hash_value_bytes_max || !list.fits(field.len() + value.len() + PAIR_BYTES_MAX) {
                    return set_in_table(self.table_mut(1), field, value);
                }
                if let Some(pos) = find(list, field).and_then(|pos| list.next(pos)) {
                    list.replace(pos, value);
                    // The limit may have been lowered since the fields came.
                    if list.len() / 2 > limits.hash_entries_max {
                        self.table_mut(0);
                    }
                    return false;
                }
                if list.len() / 2 >= limits.hash_entries_max {
                    return set_in_table(self.table_mut(1), field, value);
                }
                list.push_back(field);
                list.push_back(value);
                true
            }
            Repr::Table(table) => set_in_table(table, field, value),
        }
    }

    /// Sets `field` unless it is there; true if it was set.
    pub fn set_if_absent(&mut self, field: &[u8], value: &[u8], limits: &Limits) -> bool {
        !self.contains(field) && self.set_keeping_expiry(field, value, limits)
    }

    /// Removes `field` and its expiry; false if it was not there.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        self.clear_expiry(field);
        match &mut self.repr {
            Repr::Packed(list) => match find(list, field) {
                Some(pos) => {
                    list.remove_many(pos, 2);
                    true
                }
                None => false,
            },
            Repr::Table(table) => match find_in(table, hash_of(field), field) {
                Some(place) => {
                    table.remove(place);
                    true
                }
                None => false,
            },
        }
    }

    /// All fields with their values, in no order worth relying on.
    pub fn iter(&self) -> Iter<'_> {
        match &self.repr {
            Repr::Packed(list) => Iter::Packed(list.iter()),
            Repr::Table(table) => Iter::Table(table.iter()),
        }
    }

    /// The cursor that [`scan`](Self::scan) with the same arguments returns.
    pub fn next_cursor(&self, cursor: u64, count: usize) -> u64 {
        match &self.repr {
            Repr::Table(table) => table.scan(cursor, count, |_| {}),
            Repr::Packed(_) => 0,
        }
    }

    /// One SCAN step: hands up to about `count` fields to `each` and returns the next cursor, 0 when done.
    ///
    /// A packed hash is shown in one step. See [`Members::scan`] for what is promised.
    pub fn scan(&self, cursor: u64, count: usize, mut each: impl FnMut(Elem<'_>, Elem<'_>)) -> u64 {
        match &self.repr {
            Repr::Table(table) => {
                table.scan(cursor, count, |pair| each(Elem::Bytes(pair.field()), Elem::Bytes(pair.value())))
            }
            Repr::Packed(_) => {
                self.iter().for_each(|(field, value)| each(field, value));
                0
            }
        }
    }

    /// Any field with its value, each equally likely; `None` if the hash is empty.
    pub fn random(&self) -> Option<(Elem<'_>, Elem<'_>)> {
        let len = self.len();
        match &self.repr {
            Repr::Packed(_) if len == 0 => None,
            Repr::Packed(list) => {
                let field = list.seek(fastrand::usize(..len) * 2)?;
                Some((list.at(field), list.at(list.next(field)?)))
            }
            Repr::Table(table) => table.random().map(|place| table.at(place).elems()),
        }
    }

    /// `count` random fields, possibly the same one again and again, handed to `each`. None of an empty hash.
    pub fn random_repeating(&self, count: usize, mut each: impl FnMut(Elem<'_>, Elem<'_>)) {
        let len = self.len();
        if len == 0 {
            return;
        }
        if self.as_packed().is_none() {
            (0..count).filter_map(|_| self.random()).for_each(|(field, value)| each(field, value));
            return;
        }
        // Walked once instead of `count` times.
        let packed: Vec<_> = self.iter().collect();
        for _ in 0..count {
            let (field, value) = packed[fastrand::usize(..len)];
            each(field, value);
        }
    }

    /// `count` distinct random fields (all if there are fewer), handed to `each`.
    pub fn random_distinct(&self, count: usize, mut each: impl FnMut(Elem<'_>, Elem<'_>)) {
        if let Repr::Table(table) = &self.repr {
            table.random_distinct(count, |pair| each(Elem::Bytes(pair.field()), Elem::Bytes(pair.value())));
            return;
        }
        let mut walk = self.iter();
        let mut passed = 0;
        for index in super::sample::distinct(self.len(), count) {
            if let Some((field, value)) = walk.nth(index - passed) {
                each(field, value);
            }
            passed = index + 1;
        }
    }

    /// When `field` expires, unix ms; `None` also if there is no such field.
    pub fn expiry(&self, field: &[u8]) -> Option<i64> {
        self.expiry.as_ref()?.get(field)
    }

    /// Lets `field` expire at `at_ms` (unix ms); false if there is no such field.
    pub fn set_expiry(&mut self, field: &[u8], at_ms: i64) -> bool {
        let found = self.contains(field);
        if found {
            self.expiry.get_or_insert_default().set(field, at_ms);
        }
        found
    }

    /// Lets `field` live forever; returns when it would have expired.
    #[inline]
    pub fn clear_expiry(&mut self, field: &[u8]) -> Option<i64> {
        let expiry = self.expiry.as_mut()?;
        let before = expiry.clear(field);
        if expiry.is_empty() {
            self.expiry = None;
        }
        before
    }

    /// When the next field expires, unix ms. O(log n) of the fields that do.
    #[inline]
    pub fn next_expiry_ms(&self) -> Option<i64> {
        self.expiry.as_ref()?.next()
    }

    /// Whether [`remove_expired`](Self::remove_expired) would remove something.
    #[inline]
    pub fn is_due(&self, now_ms: i64) -> bool {
        self.next_expiry_ms().is_some_and(|at_ms| at_ms <= now_ms)
    }

    /// Fields that expire.
    pub fn expiring_len(&self) -> usize {
        self.expiry.as_ref().map_or(0, |expiry| expiry.len())
    }

    /// Removes all fields whose time is not after `now_ms`; returns how many.
    pub fn remove_expired(&mut self, now_ms: i64) -> usize {
        let mut removed = 0;
        while let Some(field) = self.pop_expired(now_ms) {
            self.remove(&field);
            removed += 1;
        }
        removed
    }

    fn pop_expired(&mut self, now_ms: i64) -> Option<Arc<[u8]>> {
        let expiry = self.expiry.as_mut()?;
        let field = expiry.pop_expired(now_ms);
        if expiry.is_empty() {
            self.expiry = None;
        }
        field
    }

    /// The table, after converting to it with room for `additional` more fields.
    fn table_mut(&mut self, additional: usize) -> &mut Table {
        if !matches!(self.repr, Repr::Table(_)) {
            let mut table = Table::with_capacity(self.len() + additional);
            for (field, value) in self.iter() {
                let mut buf = [0; 20];
                let field = field.as_bytes(&mut buf);
                table.insert(hash_of(field), Pair::new(field, value.as_bytes(&mut [0; 20])));
            }
            self.repr = Repr::Table(Box::new(table));
        }
        match &mut self.repr {
            Repr::Table(table) => table,
            Repr::Packed(_) => unreachable!("just converted"),
        }
    }
}

fn find(list: &Listpack, field: &[u8]) -> Option<Pos> {
    list.find(field, list.first()?, 2)
}

fn find_in(table: &Table, hash: u32, field: &[u8]) -> Option<Place> {
    table.find(hash, |pair| pair.field() == field)
}

fn set_in_table(table: &mut Table, field: &[u8], value: &[u8]) -> bool {
    let hash = hash_of(field);
    match find_in(table, hash, field) {
        Some(place) => {
            table.at_mut(place).set_value(value);
            false
        }
        None => {
            table.insert(hash, Pair::new(field, value));
            true
        }
    }
}

impl Default for Hash {
    fn default() -> Hash {
        Hash::new()
    }
}

/// Iterator over the fields and values of a [`Hash`].
#[derive(Clone, Debug)]
pub enum Iter<'a> {
    /// Of a packed hash.
    Packed(listpack::Iter<'a>),
    /// Of a table.
    Table(members::Iter<'a, Pair>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (Elem<'a>, Elem<'a>);

    #[inline]
    fn next(&mut self) -> Option<(Elem<'a>, Elem<'a>)> {
        match self {
            Iter::Packed(iter) => Some((iter.next()?, iter.next()?)),
            Iter::Table(iter) => iter.next().map(Pair::elems),
        }
    }

    /// What `for_each` runs on: asks once which encoding it is.
    #[inline]
    fn fold<B, F: FnMut(B, Self::Item) -> B>(self, init: B, mut each: F) -> B {
        let mut result = init;
        match self {
            Iter::Packed(mut iter) => {
                while let (Some(field), Some(value)) = (iter.next(), iter.next()) {
                    result = each(result, (field, value));
                }
                result
            }
            Iter::Table(iter) => iter.fold(result, |result, pair| each(result, pair.elems())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_hash_is_converted_past_its_limits() {
        let limits = Limits { hash_entries_max: 2, hash_value_bytes_max: 5, ..Limits::default() };
        let mut hash = Hash::new();
        assert!(hash.set(b"a", b"1", &limits) && hash.set(b"b", b"12345", &limits));
        assert!(!hash.set(b"b", b"54321", &limits));
        assert_eq!(hash.encoding(), "listpack");
        let mut long = hash.clone();
        assert!(!long.set(b"a", b"123456", &limits));
        assert_eq!((long.encoding(), long.len()), ("hashtable", 2));
        assert!(hash.set(b"c", b"", &limits));
        assert_eq!((hash.encoding(), hash.len()), ("hashtable", 3));
        assert_eq!(hash.get(b"a"), Some(Elem::Bytes(b"1")));
    }

    #[test]
    fn setting_and_removing_a_field_ends_its_expiry() {
        let limits = Limits::default();
        let mut hash = Hash::new();
        assert!(!hash.set_expiry(b"a", 5));
        for field in [b"a", b"b", b"c"] {
            hash.set(field, b"v", &limits);
            assert!(hash.set_expiry(field, 5));
        }
        assert_eq!(hash.encoding(), "listpackex");
        hash.set_keeping_expiry(b"c", b"w", &limits);
        assert_eq!((hash.expiry(b"c"), hash.expiring_len()), (Some(5), 3));
        hash.set(b"a", b"w", &limits);
        hash.remove(b"b");
        assert_eq!((hash.expiry(b"a"), hash.expiry(b"b"), hash.expiring_len()), (None, None, 1));
        assert_eq!(hash.remove_expired(4), 0);
        assert_eq!(hash.remove_expired(5), 1);
        assert_eq!((hash.len(), hash.next_expiry_ms(), hash.encoding()), (1, None, "listpack"));
    }

    #[test]
    fn random_operations_agree_with_a_btree_map() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..300 {
            let limits = Limits {
                hash_entries_max: random.usize(0..60),
                hash_value_bytes_max: random.usize(0..30),
                ..Limits::default()
            };
            let mut hash = Hash::new();
            let mut model: BTreeMap<Vec<u8>, (Vec<u8>, Option<i64>)> = BTreeMap::new();
            for now_ms in 0..random.i64(1..300) {
                let field = random.u8(0..50).to_string().into_bytes();
                let value = vec![b'0' + random.u8(0..10); random.usize(0..32)];
                let at_ms = now_ms + random.i64(0..100);
                match random.u8(0..9) {
                    0 => assert_eq!(hash.remove(&field), model.remove(&field).is_some()),
                    1 | 2 => {
                        assert_eq!(hash.set_expiry(&field, at_ms), model.contains_key(&field));
                        model.entry(field.clone()).and_modify(|own| own.1 = Some(at_ms));
                    }
                    3 => {
                        let before = model.get_mut(&field).and_then(|own| own.1.take());
                        assert_eq!(hash.clear_expiry(&field), before);
                    }
                    4 => {
                        let before = model.len();
                        model.retain(|_, own| own.1.is_none_or(|at_ms| at_ms > now_ms));
                        assert_eq!(hash.remove_expired(now_ms), before - model.len());
                    }
                    5 => {
                        assert_eq!(hash.set_if_absent(&field, &value, &limits), !model.contains_key(&field));
                        model.entry(field.clone()).or_insert((value, None));
                    }
                    6 => {
                        let new = hash.set_keeping_expiry(&field, &value, &limits);
                        assert_eq!(new, !model.contains_key(&field));
                        model.entry(field.clone()).or_default().0 = value;
                    }
                    _ => {
                        assert_eq!(hash.set(&field, &value, &limits), !model.contains_key(&field));
                        model.insert(field.clone(), (value, None));
                    }
                }
                let own = model.get(&field);
                assert_eq!(hash.get(&field).map(|value| value.to_vec()), own.map(|own| own.0.clone()));
                assert_eq!(hash.contains(&field), own.is_some());
                assert_eq!(hash.expiry(&field), own.and_then(|own| own.1));
                assert_eq!((hash.len(), hash.is_empty()), (model.len(), model.is_empty()));
                assert_eq!(hash.next_expiry_ms(), model.values().filter_map(|own| own.1).min());
            }
            let check = |seen: &mut Vec<Vec<u8>>, field: Elem<'_>, value: Elem<'_>| {
                assert_eq!(model.get(&field.to_vec()).map(|own| &own.0), Some(&value.to_vec()));
                seen.push(field.to_vec());
            };
            let distinct = |mut seen: Vec<Vec<u8>>, len: usize| {
                assert_eq!(seen.len(), len);
                seen.sort();
                seen.dedup();
                assert_eq!(seen.len(), len);
            };
            let mut all = Vec::new();
            hash.iter().for_each(|(field, value)| check(&mut all, field, value));
            distinct(all, model.len());
            let (mut scanned, mut cursor) = (Vec::new(), 0);
            loop {
                cursor = hash.scan(cursor, random.usize(0..9), |field, value| check(&mut scanned, field, value));
                if cursor == 0 {
                    break;
                }
            }
            distinct(scanned, model.len());
            let count = random.usize(0..80);
            let mut sample = Vec::new();
            hash.random_distinct(count, |field, value| check(&mut sample, field, value));
            distinct(sample, count.min(model.len()));
            let mut repeated = Vec::new();
            hash.random_repeating(count, |field, value| check(&mut repeated, field, value));
            assert_eq!(repeated.len(), if model.is_empty() { 0 } else { count });
            if let Some((field, value)) = hash.random() {
                check(&mut repeated, field, value);
            }
        }
    }
}
