//! Removing what has expired before anybody asks for it, a few keys at a time.
//!
//! A [`Sweep`] passes over the slots of a database. Every database and every slot knows a time before which nothing in
//! it expires: passing a slot in which nothing is due costs one load. A slot with something due is walked
//! place by place, and its lock is let go of after every [`PLACES`]: with hash tags one slot may hold millions of
//! keys.

use super::counters::Counter;
use super::entry::Entry;
use super::key::Key;
use super::keyspace::Keyspace;
use super::slot_table::{Guard, Slots};
use super::table;
use crate::slot::Slot;
use std::sync::atomic::Ordering::Relaxed;

/// Places looked at under one lock.
const PLACES: usize = 128;
/// Tables up to this many places are walked whenever something in them is due.
const SMALL_PLACES: usize = 64;

/// A pass over one database.
pub struct Sweep {
    /// Of the database.
    place: usize,
    slot: usize,
    /// In the slot, when it is being walked.
    walk: Option<Walk>,
    /// Walks of bigger tables that are this close behind each other are not worth it, ms.
    spacing_ms: i64,
    key: Vec<u8>,
    /// Places looked at so far.
    pub looked_at: usize,
    /// Keys removed so far.
    pub removed: usize,
}

struct Walk {
    place: usize,
    /// The table's count when places were last in order.
    rehashes: u32,
    /// When the first of those that stay expires, unix ms.
    next_ms: i64,
}

impl Sweep {
    /// Which database it sweeps: its place, see [`Keyspace::number_of`].
    pub fn place(&self) -> usize {
        self.place
    }
}

impl Keyspace {
    /// Begins a sweep over a database; `None` when nothing in it is due. A slot of more than a few keys is walked
    /// again after `spacing_ms` at the soonest. A sweep must be driven to its end by
    /// [`sweep_on`](Self::sweep_on). O(1).
    pub fn begin_sweep(&self, database: usize, now_ms: i64, spacing_ms: i64) -> Option<Sweep> {
        let place = self.place(database);
        let slots = self.made_at(place)?;
        if slots.next_expiry_ms.load(Relaxed) > now_ms {
            return None;
        }
        // Expiries noted from here on lower it again; what the slots hold is added at the end.
        slots.next_expiry_ms.store(i64::MAX, Relaxed);
        Some(Sweep { place, slot: 0, walk: None, spacing_ms, key: Vec::new(), looked_at: 0, removed: 0 })
    }

    /// Goes on with a sweep: up to the next slot with something due, and there over [`PLACES`] under its lock. What
    /// was removed goes to `dead`, to be dropped by the caller. False when the sweep is over.
    pub fn sweep_on(&self, sweep: &mut Sweep, now_ms: i64, dead: &mut Vec<Entry>) -> bool {
        let Some(slots) = self.made_at(sweep.place) else { return false };
        let due = |number: &usize| slots.meta(slot_at(*number)).next_expiry_ms.load(Relaxed) <= now_ms;
        let next = if sweep.walk.is_some() { Some(sweep.slot) } else { (sweep.slot..Slot::COUNT).find(due) };
        let Some(next) = next else {
            end(slots);
            return false;
        };
        sweep.slot = next;
        let slot = slot_at(next);
        let mut guard = slots.lock(slot);
        let walk = sweep.walk.get_or_insert_with(|| {
            // Expiries noted while the walk goes on lower it again.
            slots.meta(slot).next_expiry_ms.store(i64::MAX, Relaxed);
            Walk { place: 0, rehashes: guard.rehashes(), next_ms: i64::MAX }
        });
        let before = dead.len();
        let over = walk_on(slots, slot, &mut guard, walk, now_ms, &mut sweep.key, dead);
        if over {
            let small = table::places(&guard) <= SMALL_PLACES;
            let soonest_ms = if small { 0 } else { now_ms.saturating_add(sweep.spacing_ms) };
            if walk.next_ms < i64::MAX {
                slots.note_expiry(slot, walk.next_ms.max(soonest_ms));
            }
            sweep.walk = None;
            sweep.slot += 1;
        }
        drop(guard);
        let removed = dead.len() - before;
        sweep.looked_at += PLACES;
        sweep.removed += removed;
        self.counters.add(Counter::ExpiredKeys, removed as u64);
        true
    }
}

fn slot_at(number: usize) -> Slot {
    Slot::from_low_bits(number as u64)
}

/// Lets the database know again when the first of its slots has something due. O(slots).
fn end(slots: &Slots) {
    let next_ms = Slot::all().map(|slot| slots.meta(slot).next_expiry_ms.load(Relaxed)).min();
    slots.next_expiry_ms.fetch_min(next_ms.unwrap_or(i64::MAX), Relaxed);
}

/// Looks at the next places of a slot; true when it was the last of them.
fn walk_on(
    slots: &Slots,
    slot: Slot,
    table: &mut Guard<'_>,
    walk: &mut Walk,
    now_ms: i64,
    key: &mut Vec<u8>,
    dead: &mut Vec<Entry>,
) -> bool {
    for _ in 0..PLACES {
        if walk.rehashes != table.rehashes() {
            walk.rehashes = table.rehashes();
            walk.place = 0;
        }
        if walk.place >= table::places(table) {
            return true;
        }
        let Some(entry) = table::at(table, walk.place) else {
            walk.place += 1;
            continue;
        };
        let expiry_ms = entry.expiry_ms();
        let mut gone = expiry_ms.is_some_and(|at| at <= now_ms);
        let mut field_ms = entry.next_field_expiry_ms();
        if !gone
            && field_ms.is_some_and(|at| at <= now_ms)
            && let Some(object) = table::at_mut(table, walk.place).as_object_mut()
        {
            field_ms = object.expire_fields(now_ms);
            gone = object.is_empty();
        }
        if !gone {
            walk.next_ms = walk.next_ms.min(expiry_ms.unwrap_or(i64::MAX)).min(field_ms.unwrap_or(i64::MAX));
            walk.place += 1;
            continue;
        }
        // The place is looked at again: another entry may have come to stand there.
        key.clear();
        key.extend_from_slice(table::at(table, walk.place).map_or(&[], Entry::key));
        if let Some(entry) = table::remove(table, Key::new(key)) {
            slots.count_volatile(slot, expiry_ms.is_some(), false);
            dead.push(entry);
        } else {
            walk.place += 1;
        }
    }
    walk.place >= table::places(table) && walk.rehashes == table.rehashes()
}

#[cfg(test)]
mod tests {
    use super::super::{DatabaseSize, Locks, Ttl, Tx};
    use super::*;

    fn set(keyspace: &Keyspace, key: &str, ttl: Ttl) {
        let key = Key::new(key.as_bytes());
        Tx::new(keyspace, 0, 1000, Locks::Slot(key.slot())).set_string(key, b"v", ttl);
    }

    /// Sweeps once; the keys removed and the number of steps, or `None` when nothing was due.
    fn sweep(keyspace: &Keyspace, now_ms: i64, spacing_ms: i64) -> Option<(usize, usize)> {
        let mut sweep = keyspace.begin_sweep(0, now_ms, spacing_ms)?;
        let (mut dead, mut steps) = (Vec::new(), 0);
        while keyspace.sweep_on(&mut sweep, now_ms, &mut dead) {
            steps += 1;
            assert!(steps < 1_000_000, "a sweep ends");
        }
        assert_eq!(dead.len(), sweep.removed);
        Some((dead.len(), steps))
    }

    #[test]
    fn expiry_removes_only_what_is_due() {
        let keyspace = Keyspace::new(1);
        set(&keyspace, "{t}1", Ttl::At(2000));
        set(&keyspace, "{t}2", Ttl::At(3000));
        set(&keyspace, "{t}3", Ttl::Clear);
        set(&keyspace, "u", Ttl::At(2500));
        assert_eq!(sweep(&keyspace, 1999, 0), None);
        assert_eq!(sweep(&keyspace, 2000, 0), Some((1, 1)));
        assert_eq!(sweep(&keyspace, 2499, 0), None);
        assert_eq!(sweep(&keyspace, 3000, 0), Some((2, 2)));
        assert_eq!(keyspace.size(0), DatabaseSize { keys: 1, volatile: 0 });
        assert_eq!(sweep(&keyspace, 1 << 60, 0), None);
    }

    #[test]
    fn a_crowded_slot_is_walked_in_steps_and_nothing_in_it_is_missed() {
        let keyspace = Keyspace::new(1);
        for number in 0..20_000 {
            let ttl = match number % 4 {
                0 => Ttl::Clear,
                1 => Ttl::At(5000),
                _ => Ttl::At(2000),
            };
            set(&keyspace, &format!("{{t}}{number}"), ttl);
        }
        let mut sweep_state = keyspace.begin_sweep(0, 2000, 0).unwrap();
        let (mut dead, mut steps) = (Vec::new(), 0);
        while keyspace.sweep_on(&mut sweep_state, 2000, &mut dead) {
            steps += 1;
            // Keys come meanwhile, and the table grows and shrinks under the walk.
            if steps < 100 {
                (0..50).for_each(|number| set(&keyspace, &format!("{{t}}new {steps} {number}"), Ttl::At(4000)));
            }
        }
        assert!(steps > 20_000 / PLACES);
        assert_eq!(dead.len(), 10_000);
        assert_eq!(keyspace.size(0), DatabaseSize { keys: 10_000 + 99 * 50, volatile: 5_000 + 99 * 50 });
        assert_eq!(sweep(&keyspace, 3999, 0), None, "the next expiry is known");
        assert_eq!(sweep(&keyspace, 4000, 0).unwrap().0, 99 * 50);
        assert_eq!(sweep(&keyspace, 5000, 0).unwrap().0, 5_000);
        assert_eq!(keyspace.size(0), DatabaseSize { keys: 5_000, volatile: 0 });
    }

    #[test]
    fn walks_of_big_slots_keep_their_distance() {
        let keyspace = Keyspace::new(1);
        for number in 0..1000 {
            set(&keyspace, &format!("{{t}}{number}"), Ttl::At(2000 + number));
        }
        assert_eq!(sweep(&keyspace, 2000, 500).unwrap().0, 1);
        assert_eq!(sweep(&keyspace, 2499, 500), None);
        assert_eq!(sweep(&keyspace, 2500, 500).unwrap().0, 500);
    }

    #[test]
    fn a_flush_ends_the_walk_of_a_slot() {
        let keyspace = Keyspace::new(1);
        (0..5000).for_each(|number| set(&keyspace, &format!("{{t}}{number}"), Ttl::At(2000)));
        let mut state = keyspace.begin_sweep(0, 2000, 0).unwrap();
        let mut dead = Vec::new();
        assert!(keyspace.sweep_on(&mut state, 2000, &mut dead));
        let flushed = keyspace.flush(0).keys();
        assert_eq!(flushed + dead.len(), 5000);
        while keyspace.sweep_on(&mut state, 2000, &mut dead) {}
        assert_eq!(keyspace.size(0), DatabaseSize::default());
        set(&keyspace, "{t}again", Ttl::At(2000));
        assert_eq!(sweep(&keyspace, 2000, 0).unwrap().0, 1);
    }
}
