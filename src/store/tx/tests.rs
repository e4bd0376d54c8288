//! Collections through a transaction against plain models: in the entry, outside of it, and on the way between.

use super::*;
use crate::store::object::Collection;
use crate::store::value::Limits;
use crate::store::value::{hash::Hash, list::End, list::List, set::Set, sorted_set::SortedSet};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const NOW_MS: i64 = 1_700_000_000_000;

/// A keyspace, and what its keys should hold.
struct Bench<M> {
    keyspace: Keyspace,
    random: Rng,
    seed: u64,
    model: BTreeMap<Vec<u8>, (M, Option<i64>)>,
    /// Changes met with the collection in its entry, and outside of it.
    seen: (usize, usize),
}

impl<M: Clone + Default + PartialEq + std::fmt::Debug> Bench<M> {
    fn new() -> Bench<M> {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let random = Rng::with_seed(seed);
        Bench { keyspace: Keyspace::new(1), random, seed, model: BTreeMap::new(), seen: (0, 0) }
    }

    /// Runs `steps` random steps: `change` does the same to a collection and to its model, `show` reads one.
    fn run<T: Collection + Clone>(
        &mut self,
        steps: usize,
        mut change: impl FnMut(&mut Rng, &mut T, &mut M),
        is_empty: impl Fn(&M) -> bool,
        show: impl Fn(&T) -> M,
    ) {
        for step in 0..steps {
            // Lengths that put values at every offset; 70,000 is a length that does not stand in the header.
            let name = vec![b'k'; [1, 5, 16, 17, 70_000][self.random.usize(..5)]];
            self.step(step as i64, &name, &mut change);
            self.model.retain(|_, (model, _)| !is_empty(model));
            self.check::<T>(&name, &show);
        }
        let (packed, boxed) = self.seen;
        assert!(packed > steps / 10 && boxed > steps / 10, "{packed} packed and {boxed} boxed, seed {}", self.seed);
    }

    fn step<T: Collection + Clone>(
        &mut self,
        step: i64,
        name: &[u8],
        change: &mut impl FnMut(&mut Rng, &mut T, &mut M),
    ) {
        let Bench { keyspace, random, model, .. } = self;
        let (key, other) = (Key::new(name), Key::new(b"kkkkk"));
        let mut tx = Tx::new(keyspace, 0, NOW_MS, Locks::Slots(&[(0, key.slot()), (0, other.slot())]));
        let there = model.contains_key(name);
        match random.u8(..20) {
            0 => {
                let at_ms = random.bool().then_some(NOW_MS + 1000 + step);
                assert_eq!(tx.set_expiry(key, at_ms), there);
                model.entry(name.to_vec()).or_default().1 = at_ms;
            }
            1 => {
                assert_eq!(tx.copy(key, 0, other), there);
                if let Some(value) = model.get(name).cloned() {
                    model.insert(other.bytes().to_vec(), value);
                }
            }
            2 => {
                assert_eq!(tx.rename(key, other), there);
                if let Some(value) = model.remove(name) {
                    model.insert(other.bytes().to_vec(), value);
                }
            }
            3 => {
                let copy = tx.read::<T>(key).unwrap().map(|value| (*value).clone());
                if let Some(copy) = copy {
                    tx.put(key, copy.into_object(), Ttl::Keep);
                }
            }
            4..7 => {
                let (model, _) = model.entry(name.to_vec()).or_default();
                let done = tx.update(key, |value: &mut T| change(random, value, model)).unwrap();
                assert_eq!(done.is_some(), there);
            }
            _ => {
                let (model, _) = model.entry(name.to_vec()).or_default();
                tx.upsert(key, |value: &mut T| change(random, value, model)).unwrap();
            }
        }
    }

    fn check<T: Collection>(&mut self, name: &[u8], show: &impl Fn(&T) -> M) {
        let key = Key::new(name);
        let tx = Tx::new(&self.keyspace, 0, NOW_MS, Locks::Slot(key.slot()));
        let wanted = self.model.get(name);
        let value = tx.read::<T>(key).unwrap();
        assert_eq!(value.as_deref().map(show).as_ref(), wanted.map(|(model, _)| model), "seed {}", self.seed);
        assert_eq!(tx.expiry(key), wanted.map(|(_, expiry_ms)| *expiry_ms), "seed {}", self.seed);
        assert_eq!(tx.kind(key), wanted.map(|_| T::KIND));
        let Some(entry) = tx.inspect(key) else { return };
        let object = tx.object(key).unwrap().unwrap();
        assert_eq!(T::of(&object).map(show).as_ref(), wanted.map(|(model, _)| model), "seed {}", self.seed);
        assert!(tx.string(key).is_err());
        *(if entry.is_packed() { &mut self.seen.0 } else { &mut self.seen.1 }) += 1;
        if let Some((_, bytes)) = T::of(&object).and_then(T::packed) {
            let bound = if entry.is_packed() { 0..=512 } else { 257..=usize::MAX };
            assert!(bound.contains(&bytes.len()), "{} bytes, seed {}", bytes.len(), self.seed);
        }
    }
}

fn word(random: &mut Rng) -> Vec<u8> {
    match random.u8(..4) {
        0 => random.i64(-70_000..70_000).to_string().into_bytes(),
        1 => random.u8(..).to_string().into_bytes(),
        _ => vec![random.u8(b'a'..b'e'); random.usize(..70)],
    }
}

#[test]
fn hashes_agree_with_a_map_wherever_they_stand() {
    let limits = Limits::default();
    let change = |random: &mut Rng, hash: &mut Hash, model: &mut BTreeMap<Vec<u8>, Vec<u8>>| {
        for _ in 0..random.usize(..4) {
            let (field, value) = (word(random), word(random));
            assert_eq!(hash.set(&field, &value, &limits), model.insert(field, value).is_none());
        }
        let keep = random.usize(..40);
        for field in model.keys().skip(keep).cloned().collect::<Vec<_>>() {
            assert!(hash.remove(&field) && model.remove(&field).is_some());
        }
    };
    let show = |hash: &Hash| hash.iter().map(|(field, value)| (field.to_vec(), value.to_vec())).collect();
    Bench::new().run(2000, change, BTreeMap::is_empty, show);
}

#[test]
fn sets_agree_with_a_set_wherever_they_stand() {
    let limits = Limits::default();
    let change = |random: &mut Rng, set: &mut Set, model: &mut BTreeSet<Vec<u8>>| {
        let integers = random.bool();
        for _ in 0..random.usize(..5) {
            let member = if integers { random.i64(-400..70_000).to_string().into_bytes() } else { word(random) };
            assert_eq!(set.add(&member, &limits), model.insert(member));
        }
        let keep = random.usize(..60);
        for member in model.iter().skip(keep).cloned().collect::<Vec<_>>() {
            assert!(set.remove(&member) && model.remove(&member));
        }
    };
    Bench::new().run(2000, change, BTreeSet::is_empty, |set: &Set| set.iter().map(|member| member.to_vec()).collect());
}

#[test]
fn sorted_sets_agree_with_a_map_wherever_they_stand() {
    let limits = Limits::default();
    let change = |random: &mut Rng, set: &mut SortedSet, model: &mut BTreeMap<Vec<u8>, i64>| {
        for _ in 0..random.usize(..4) {
            let (member, score) = (word(random), random.i64(-1000..1000));
            assert_eq!(
                set.insert(&member, score as f64, &limits),
                model.insert(member, score).map(|score| score as f64)
            );
        }
        let keep = random.usize(..40);
        for member in model.keys().skip(keep).cloned().collect::<Vec<_>>() {
            assert_eq!(set.remove(&member), model.remove(&member).map(|score| score as f64));
        }
    };
    let show = |set: &SortedSet| set.iter().map(|(member, score)| (member.to_vec(), score as i64)).collect();
    Bench::new().run(2000, change, BTreeMap::is_empty, show);
}

#[test]
fn lists_agree_with_a_queue_wherever_they_stand() {
    let limits = Limits { list_node_max: -1, ..Limits::default() };
    let change = |random: &mut Rng, list: &mut List, model: &mut VecDeque<Vec<u8>>| {
        for _ in 0..random.usize(..6) {
            let value = word(random);
            if random.bool() {
                list.push(End::Front, &value, &limits);
                model.push_front(value);
            } else {
                list.push(End::Back, &value, &limits);
                model.push_back(value);
            }
        }
        let keep = random.usize(..200);
        let gone = model.len().saturating_sub(keep);
        assert_eq!(list.pop(End::Back, gone, |_| {}), gone);
        model.truncate(keep);
    };
    let show = |list: &List| list.iter().map(|element| element.to_vec()).collect();
    Bench::new().run(2000, change, VecDeque::is_empty, show);
}

#[test]
fn a_hash_stands_outside_of_its_entry_while_a_field_expires() {
    let (keyspace, limits) = (Keyspace::new(1), Limits::default());
    let key = Key::new(b"key");
    let mut tx = Tx::new(&keyspace, 0, NOW_MS, Locks::Slot(key.slot()));
    let packed = |tx: &Tx<'_>| tx.inspect(key).map(Entry::is_packed);
    tx.upsert(key, |hash: &mut Hash| hash.set(b"field", b"value", &limits)).unwrap();
    assert_eq!(packed(&tx), Some(true));
    tx.update(key, |hash: &mut Hash| hash.set_expiry(b"field", NOW_MS + 5)).unwrap();
    assert_eq!(packed(&tx), Some(false));
    tx.update(key, |hash: &mut Hash| hash.clear_expiry(b"field")).unwrap();
    assert_eq!(packed(&tx), Some(true));
    tx.update(key, |hash: &mut Hash| hash.set_expiry(b"field", NOW_MS + 5)).unwrap();
    drop(tx);
    let mut sweep = keyspace.begin_sweep(0, NOW_MS + 5, 0).unwrap();
    while keyspace.sweep_on(&mut sweep, NOW_MS + 5, &mut Vec::new()) {}
    assert_eq!(sweep.removed, 1);
}

#[test]
fn a_packed_collection_is_one_allocation_without_room_to_grow() {
    let (keyspace, limits) = (Keyspace::new(1), Limits::default());
    let key = Key::new(b"0123456789abcdef");
    let mut tx = Tx::new(&keyspace, 0, NOW_MS, Locks::Slot(key.slot()));
    for member in ["one", "two", "three", "four", "five"] {
        tx.upsert(key, |set: &mut SortedSet| set.insert(member.as_bytes(), 1.0, &limits)).unwrap();
    }
    // Header 8, key 16, listpack: 7 of its own, 19 of members, 2 for each of them, 2 for each score.
    assert_eq!(
        tx.inspect(key).map(Entry::allocated_bytes),
        Some((8 + 16 + 7 + 19 + 10 + 10_usize).next_multiple_of(16))
    );
    // Several may be read at once, the same one too.
    let (first, second) = (tx.read::<SortedSet>(key).unwrap().unwrap(), tx.read::<SortedSet>(key).unwrap().unwrap());
    assert_eq!(first.iter().count() + second.iter().count(), 10);
    assert!(tx.read::<Set>(key).is_err() && tx.read::<Hash>(key).is_err() && tx.read::<List>(key).is_err());
}
