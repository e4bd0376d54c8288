//! Finding keys to evict: random samples, the best of which wait in a small pool.
//!
//! A slot is drawn with a probability that follows its number of keys (of volatile keys, where only those may go),
//! and a few entries are looked at from a random place of its table on, under its lock; where slots hold less than
//! that, more slots are drawn. The better ones go into the pool; the best of the pool is removed if it still
//! deserves it: its lock was released in between. So an eviction costs a few short locks, however many keys there
//! are, and one slot with a million keys is drawn as often as its keys would be one by one.
//!
//! The weights are counts of keys taken a while ago; some are taken again with every few draws, all of them when
//! draws find nothing or another database comes into use.

use super::access::{self, Lfu};
use super::counters::Counter;
use super::entry::Entry;
use super::key::Key;
use super::keyspace::Keyspace;
use super::slot_table::Slots;
use super::table;
use crate::slot::Slot;

/// Candidates kept, as many as in the reference.
const POOL_MAX: usize = 16;
/// Places of a table looked at under one lock, at most.
const PLACES_MAX: usize = 1024;
/// Slots whose weights are summed up together.
const GROUP: usize = 64;
/// Draws after which the next group of slots is counted again.
const DRAWS_PER_GROUP: u32 = 32;
/// Rounds of draws in vain after which all slots are counted again, and after which the search ends.
const TRIES_BLIND: u32 = 16;
const TRIES: u32 = 4096;
/// Longest buffer that a pooled key keeps for the next one, in bytes.
const KEY_KEPT_BYTES: usize = 256;

/// Which keys may be evicted, and which of them first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eviction {
    /// Only keys with an expiry.
    pub volatile: bool,
    /// Which first.
    pub order: Order,
}

/// Which of several keys is evicted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The one not accessed for longest.
    LeastRecent,
    /// The one with the lowest counter of accesses.
    LeastFrequent(Lfu),
    /// Any.
    Random,
    /// The one that expires first.
    NearestExpiry,
}

impl Eviction {
    /// Where an entry stands in the order, the lowest to be evicted first; `None` when it must not be. Ranks stay
    /// comparable as time goes by. An expired key goes first of all.
    fn rank(self, entry: &Entry, now_ms: i64) -> Option<i64> {
        let expiry_ms = entry.expiry_ms();
        if self.volatile && expiry_ms.is_none() {
            return None;
        }
        if expiry_ms.is_some_and(|at| at <= now_ms) {
            return Some(i64::MIN);
        }
        Some(match self.order {
            Order::LeastRecent => now_ms / 1000 - i64::from(access::idle_seconds(entry.access(), now_ms)),
            Order::LeastFrequent(lfu) => lfu.counter(entry.access(), now_ms).into(),
            Order::Random => 0,
            Order::NearestExpiry => expiry_ms.unwrap_or(i64::MAX),
        })
    }
}

/// A key that may be the next to go.
#[derive(Default)]
struct Candidate {
    /// Of its database.
    place: usize,
    rank: i64,
    key: Vec<u8>,
}

/// Number of keys by slot, to draw slots by.
#[derive(Default)]
struct Weights {
    /// Place of the database.
    place: usize,
    slots: Vec<u32>,
    /// Sums up to and including each group of slots.
    groups: Vec<u64>,
    /// The group to be counted again next.
    next: usize,
}

impl Weights {
    fn total(&self) -> u64 {
        self.groups.last().copied().unwrap_or(0)
    }

    /// Counts all slots. O(slots).
    fn count(&mut self, place: usize, database: &Slots, volatile: bool) {
        self.place = place;
        self.slots.clear();
        self.slots.extend(Slot::all().map(|slot| database.count(slot, volatile)));
        let mut sum = 0;
        self.groups.clear();
        self.groups.extend(self.slots.chunks(GROUP).map(|group| {
            sum += group.iter().copied().map(u64::from).sum::<u64>();
            sum
        }));
    }

    /// Counts one group of slots anew, each in its turn.
    fn recount(&mut self, database: &Slots, volatile: bool) {
        let group = self.next;
        self.next = (group + 1) % self.groups.len();
        let (mut before, mut after) = (0, 0);
        for index in group * GROUP..(group + 1) * GROUP {
            let count = database.count(Slot::from_low_bits(index as u64), volatile);
            before += u64::from(self.slots[index]);
            after += u64::from(count);
            self.slots[index] = count;
        }
        for sum in &mut self.groups[group..] {
            *sum = *sum - before + after;
        }
    }

    /// The slot in which the `number`-th key falls; `number` is below the total.
    fn slot(&self, number: u64) -> Slot {
        let group = self.groups.partition_point(|sum| *sum <= number);
        let mut left = number - group.checked_sub(1).map_or(0, |before| self.groups[before]);
        let first = group * GROUP;
        let within =
            self.slots[first..first + GROUP].iter().position(|count| match left.checked_sub((*count).into()) {
                Some(rest) => {
                    left = rest;
                    false
                }
                None => true,
            });
        Slot::from_low_bits((first + within.unwrap_or(0)) as u64)
    }
}

/// Draws and removes keys for one thread. Its memory is bounded: the pool, and 65 KiB for each database in use.
#[derive(Default)]
pub struct Sampler {
    eviction: Option<Eviction>,
    weights: Vec<Weights>,
    draws: u32,
    /// By rank, the best last.
    pool: Vec<Candidate>,
    /// Candidates out of use, for their buffers.
    spare: Vec<Candidate>,
    /// Database of the key that was evicted last.
    place: usize,
}

impl Sampler {
    /// Which database the last evicted key was of: its place, see [`Keyspace::number_of`].
    pub fn place(&self) -> usize {
        self.place
    }

    /// Takes the next key out of the keyspace: the best of `samples` more ones and of those seen before. `None`
    /// when none may be evicted. The caller drops the entry; no lock is held then. O(samples), now and then
    /// O(slots).
    pub fn evict(&mut self, keyspace: &Keyspace, eviction: Eviction, samples: usize, now_ms: i64) -> Option<Entry> {
        if self.eviction != Some(eviction) {
            // Ranks and weights of another policy mean nothing in this one.
            self.spare.append(&mut self.pool);
            self.weights.clear();
            self.eviction = Some(eviction);
        }
        for attempt in 1..TRIES {
            if attempt.is_multiple_of(TRIES_BLIND) {
                self.weights.clear();
            }
            if attempt > 1 && !in_use(keyspace, eviction.volatile).any(|_| true) {
                return None;
            }
            if eviction.order == Order::Random {
                let (place, slot) = self.draw(keyspace, eviction.volatile)?;
                if let Some(entry) = keyspace.evict_any(place, slot, eviction, now_ms) {
                    self.place = place;
                    return Some(entry);
                }
                continue;
            }
            // Where slots hold one key each, every sample is of another one.
            let mut seen = 0;
            for _ in 0..samples {
                let (place, slot) = self.draw(keyspace, eviction.volatile)?;
                seen += self.look_at(keyspace, place, slot, eviction, samples - seen, now_ms);
                if seen >= samples {
                    break;
                }
            }
            while let Some(candidate) = self.pool.pop() {
                let key = Key::new(&candidate.key);
                let evicted = keyspace.evict_if(candidate.place, key, |entry| {
                    eviction.rank(entry, now_ms).is_some_and(|rank| rank <= candidate.rank)
                });
                self.place = candidate.place;
                self.spare.push(candidate);
                if evicted.is_some() {
                    return evicted;
                }
            }
        }
        None
    }

    /// Draws a slot by its weight. `None` when there are no keys.
    fn draw(&mut self, keyspace: &Keyspace, volatile: bool) -> Option<(usize, Slot)> {
        self.draws = self.draws.wrapping_add(1);
        if self.draws.is_multiple_of(DRAWS_PER_GROUP) {
            let counted = self.weights.iter().map(|weights| weights.place);
            if !counted.eq(in_use(keyspace, volatile).map(|(place, _)| place)) {
                self.weights.clear();
            }
            for weights in &mut self.weights {
                if let Some(database) = keyspace.made_at(weights.place) {
                    weights.recount(database, volatile);
                }
            }
        }
        if self.total() == 0 {
            self.count(keyspace, volatile);
        }
        let total = self.total();
        if total == 0 {
            return None;
        }
        let mut number = fastrand::u64(..total);
        for weights in &self.weights {
            match number.checked_sub(weights.total()) {
                Some(rest) => number = rest,
                None => return Some((weights.place, weights.slot(number))),
            }
        }
        None
    }

    fn total(&self) -> u64 {
        self.weights.iter().map(Weights::total).sum()
    }

    /// Counts all databases that hold something to evict. O(slots) for each.
    fn count(&mut self, keyspace: &Keyspace, volatile: bool) {
        self.weights.clear();
        self.weights.extend(in_use(keyspace, volatile).map(|(place, database)| {
            let mut weights = Weights::default();
            weights.count(place, database, volatile);
            weights
        }));
    }

    /// Looks at up to `samples` entries of a slot and puts the good ones into the pool. Answers how many it saw.
    fn look_at(
        &mut self,
        keyspace: &Keyspace,
        place: usize,
        slot: Slot,
        eviction: Eviction,
        samples: usize,
        now_ms: i64,
    ) -> usize {
        let Some(database) = keyspace.made_at(place) else { return 0 };
        let table = database.lock(slot);
        let mut seen = 0;
        for at in places_from_anywhere(table::places(&table)) {
            let Some(entry) = table::at(&table, at) else { continue };
            let Some(rank) = eviction.rank(entry, now_ms) else { continue };
            self.consider(place, rank, entry.key());
            seen += 1;
            if seen == samples {
                break;
            }
        }
        seen
    }

    fn consider(&mut self, place: usize, rank: i64, key: &[u8]) {
        let worst = self.pool.first().map(|candidate| candidate.rank);
        let mut candidate = if self.pool.len() < POOL_MAX {
            self.spare.pop().unwrap_or_default()
        } else if worst.is_some_and(|worst| rank < worst) {
            self.pool.remove(0)
        } else {
            return;
        };
        if candidate.key.capacity() > KEY_KEPT_BYTES {
            candidate.key = Vec::new();
        }
        candidate.place = place;
        candidate.rank = rank;
        candidate.key.clear();
        candidate.key.extend_from_slice(key);
        let at = self.pool.partition_point(|other| other.rank > rank);
        self.pool.insert(at, candidate);
    }
}

/// The databases that hold something to evict.
fn in_use(keyspace: &Keyspace, volatile: bool) -> impl Iterator<Item = (usize, &Slots)> {
    (0..keyspace.databases())
        .filter_map(|place| Some((place, keyspace.made_at(place)?)))
        .filter(move |(_, database)| (if volatile { database.volatile() } else { database.keys() }) > 0)
}

/// All places of a table from a random one on, [`PLACES_MAX`] at most.
fn places_from_anywhere(places: usize) -> impl Iterator<Item = usize> {
    let first = if places == 0 { 0 } else { fastrand::usize(..places) };
    (first..places).chain(0..first).take(PLACES_MAX)
}

impl Keyspace {
    /// Removes a key if `still` says so of its entry.
    fn evict_if(&self, place: usize, key: Key<'_>, still: impl FnOnce(&Entry) -> bool) -> Option<Entry> {
        let database = self.made_at(place)?;
        let mut table = database.lock(key.slot());
        if !table::find(&table, key).is_some_and(still) {
            return None;
        }
        let entry = table::remove(&mut table, key)?;
        database.count_volatile(key.slot(), entry.expiry_ms().is_some(), false);
        self.counters.add(Counter::EvictedKeys, 1);
        Some(entry)
    }

    /// Removes any one key of a slot that may be evicted.
    fn evict_any(&self, place: usize, slot: Slot, eviction: Eviction, now_ms: i64) -> Option<Entry> {
        let database = self.made_at(place)?;
        let key: Vec<u8> = {
            let table = database.lock(slot);
            places_from_anywhere(table::places(&table))
                .filter_map(|at| table::at(&table, at))
                .find(|entry| eviction.rank(entry, now_ms).is_some())?
                .key()
                .to_vec()
        };
        self.evict_if(place, Key::new(&key), |entry| eviction.rank(entry, now_ms).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AccessPolicy, Locks, Ttl, Tx};
    use super::*;
    use std::collections::HashSet;

    const NOW_MS: i64 = 1_700_000_000_000;

    fn set(keyspace: &Keyspace, database: usize, key: &str, ttl: Ttl, at_ms: i64) {
        let key = Key::new(key.as_bytes());
        Tx::new(keyspace, database, at_ms, Locks::Slot(key.slot())).set_string(key, b"v", ttl);
    }

    fn evict_all(keyspace: &Keyspace, eviction: Eviction) -> Vec<String> {
        let mut sampler = Sampler::default();
        std::iter::from_fn(|| sampler.evict(keyspace, eviction, 5, NOW_MS))
            .map(|entry| String::from_utf8(entry.key().to_vec()).unwrap())
            .collect()
    }

    #[test]
    fn every_order_evicts_all_it_may_and_nothing_else() {
        let lfu = Lfu { log_factor: 10, decay_minutes: 1 };
        for order in [Order::LeastRecent, Order::LeastFrequent(lfu), Order::Random, Order::NearestExpiry] {
            for volatile in [false, true] {
                let keyspace = Keyspace::new(4);
                for number in 0..200 {
                    let ttl = if number % 2 == 0 { Ttl::Clear } else { Ttl::At(NOW_MS + 1000 + number) };
                    set(&keyspace, (number % 3) as usize, &format!("{{{}}}{number}", number % 20), ttl, NOW_MS);
                }
                let evicted = evict_all(&keyspace, Eviction { volatile, order });
                let distinct: HashSet<&String> = evicted.iter().collect();
                let expected = if volatile { 100 } else { 200 };
                assert_eq!((evicted.len(), distinct.len()), (expected, expected), "{order:?} {volatile}");
                let left: usize = (0..4).map(|database| keyspace.size(database).keys).sum();
                let left_volatile: usize = (0..4).map(|database| keyspace.size(database).volatile).sum();
                assert_eq!((left, left_volatile), (200 - expected, 0), "{order:?} {volatile}");
                assert_eq!(keyspace.counters.get(Counter::EvictedKeys), expected as u64);
            }
        }
    }

    /// Mean number of keys, `0` first, that an eviction of a quarter of 400 keys took, in order.
    fn mean_of_first_quarter(order: Order, make: impl Fn(&Keyspace, i64)) -> f64 {
        let keyspace = Keyspace::new(1);
        (0..400).for_each(|number| make(&keyspace, number));
        let mut sampler = Sampler::default();
        let eviction = Eviction { volatile: false, order };
        let evicted = (0..100).map(|_| sampler.evict(&keyspace, eviction, 5, NOW_MS).unwrap());
        let sum: f64 =
            evicted.map(|entry| String::from_utf8(entry.key().to_vec()).unwrap().parse::<f64>().unwrap()).sum();
        sum / 100.0
    }

    #[test]
    fn what_is_least_worth_keeping_goes_first() {
        // 50 is the best possible, 200 what chance would do.
        let nearest = mean_of_first_quarter(Order::NearestExpiry, |keyspace, number| {
            set(keyspace, 0, &number.to_string(), Ttl::At(NOW_MS + 1000 + number), NOW_MS);
        });
        assert!(nearest < 90.0, "nearest expiry: {nearest}");
        let oldest = mean_of_first_quarter(Order::LeastRecent, |keyspace, number| {
            set(keyspace, 0, &number.to_string(), Ttl::Clear, NOW_MS - (400 - number) * 1000);
        });
        assert!(oldest < 90.0, "least recent: {oldest}");
        let lfu = Lfu { log_factor: 0, decay_minutes: 0 };
        let rarest = mean_of_first_quarter(Order::LeastFrequent(lfu), |keyspace, number| {
            let name = number.to_string();
            let key = Key::new(name.as_bytes());
            let mut tx = Tx::new(keyspace, 0, NOW_MS, Locks::Slot(key.slot()));
            tx.set_access_policy(AccessPolicy::Frequency(lfu));
            tx.set_string(key, b"v", Ttl::Clear);
            (0..number / 2).for_each(|_| _ = tx.touch(key));
        });
        assert!(rarest < 90.0, "least frequent: {rarest}");
        let any = mean_of_first_quarter(Order::Random, |keyspace, number| {
            set(keyspace, 0, &number.to_string(), Ttl::Clear, NOW_MS);
        });
        assert!((140.0..260.0).contains(&any), "random: {any}");
    }

    #[test]
    fn an_access_since_the_sample_saves_a_key() {
        let keyspace = Keyspace::new(1);
        set(&keyspace, 0, "{t}old", Ttl::Clear, NOW_MS - 90_000);
        set(&keyspace, 0, "{t}older", Ttl::Clear, NOW_MS - 100_000);
        let eviction = Eviction { volatile: false, order: Order::LeastRecent };
        let mut sampler = Sampler::default();
        sampler.look_at(&keyspace, 0, Slot::of(b"t"), eviction, 5, NOW_MS);
        set(&keyspace, 0, "{t}older", Ttl::Clear, NOW_MS);
        let evicted = sampler.evict(&keyspace, eviction, 5, NOW_MS).unwrap();
        assert_eq!(evicted.key(), b"{t}old");
    }

    #[test]
    fn slots_are_drawn_by_their_number_of_keys() {
        let keyspace = Keyspace::new(2);
        for number in 0..300 {
            set(&keyspace, 0, &format!("{{a}}{number}"), Ttl::Clear, NOW_MS);
        }
        for number in 0..100 {
            set(&keyspace, 1, &format!("{{b}}{number}"), Ttl::Clear, NOW_MS);
        }
        let mut sampler = Sampler::default();
        let drawn = (0..4000).filter(|_| sampler.draw(&keyspace, false) == Some((0, Slot::of(b"a")))).count();
        assert!((2700..3300).contains(&drawn), "{drawn}");
    }
}
