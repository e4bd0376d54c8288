//! A transaction over locked slots: the only way to touch keys.
//!
//! All slots a command works on are locked before it starts, in ascending order of (database, slot), so that no
//! two commands wait for each other; they are released when the [`Tx`] is dropped. Expired keys are invisible
//! in it, and removed. What changes is told to [`Tx::notify`] once.

pub use changes::Aftermath;

use super::access::AccessPolicy;
use super::counters::{Counter, Tally};
use super::entry::Entry;
use super::garbage::{Cause, Garbage};
use super::held::{HeldSlots, Many, Tables};
use super::key::{Key, KeyHash};
use super::keyspace::{Keyspace, SlotLock};
use super::slot_table::{Guard, Slots};
use super::table::{self, Table};
use crate::slot::Slot;
use std::cell::{Cell, RefCell};

/// Which slots a command needs.
#[derive(Clone, Copy, Debug)]
pub enum Locks<'l> {
    /// None: it names no keys, or walks the keyspace slot by slot.
    Nothing,
    /// One slot of the selected database.
    Slot(Slot),
    /// These slots of the selected database, ascending, each once.
    Ascending(&'l [Slot]),
    /// These `(database, slot)` pairs, of the selected database and at most one other, in any order, repeated or
    /// not.
    Slots(&'l [(usize, Slot)]),
    /// All slots of the selected database: keys are found out while it runs.
    Database,
}

/// What becomes of a key's expiry when its value is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// It has none afterwards.
    Clear,
    /// It keeps what it has.
    Keep,
    /// It expires at this unix time in ms.
    At(i64),
}

/// The key holds another type than the command works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongType;

/// A sum is not within 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

/// Class of a change, as keyspace notifications group them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Commands of no type: DEL, EXPIRE, RENAME …
    Generic,
    /// String commands.
    String,
    /// List commands.
    List,
    /// Set commands.
    Set,
    /// Hash commands.
    Hash,
    /// Sorted set commands.
    SortedSet,
    /// Stream commands.
    Stream,
    /// Its time had passed.
    Expired,
    /// The memory limit removed it.
    Evicted,
    /// A key was looked up that is not there.
    Miss,
    /// A key was made.
    New,
}

enum Held<'a> {
    Nothing,
    One(Slot, Guard<'a>),
    /// Locked by whoever began the transaction, and for longer than it.
    Lent(Slot, &'a mut Table),
    // Boxed: a transaction is moved about, and nearly all hold one slot.
    Many(Box<Many<'a>>),
    /// Several that are held for longer than it.
    LentMany(&'a mut (dyn Tables + 'a)),
}

/// What a transaction puts aside.
#[derive(Default)]
struct Leftover {
    /// Keys met expired by a look-up that could not remove them.
    stale: Vec<Stale>,
    after: Aftermath,
}

/// A key met expired: its database's place, its hash and bytes.
type Stale = (usize, KeyHash, Box<[u8]>);

/// See the module's documentation.
pub struct Tx<'a> {
    keyspace: &'a Keyspace,
    /// Place of the selected database.
    place: usize,
    database: usize,
    /// Number and place of the one other database whose slots are locked too. Places are looked up once, when
    /// the transaction begins: SWAPDB may exchange them while it runs.
    other: Option<(usize, usize)>,
    now_ms: i64,
    held: Held<'a>,
    /// What is left to do when the transaction ends; seldom anything. Behind `held`: garbage that nobody took is dropped
    /// when the locks are gone.
    leftover: RefCell<Option<Box<Leftover>>>,
    tally: Tally<'a>,
    modifications: u32,
    touch: bool,
    access: AccessPolicy,
    /// Hash of the key marked last: a command that looks a key up twice accesses it once.
    marked: Cell<u64>,
}

/// Marks entries as accessed by one command.
#[derive(Clone, Copy)]
struct Marker {
    access: AccessPolicy,
    now_ms: i64,
    on: bool,
}

impl Marker {
    #[inline]
    fn mark(self, entry: &Entry) {
        if self.on {
            let (before, after) = (entry.access(), self.access.touched(entry.access(), self.now_ms));
            if before != after {
                entry.set_access(after);
            }
        }
    }
}

impl<'a> Tx<'a> {
    /// Locks and begins. `database` must be below [`Keyspace::databases`]; `now_ms` is unix time.
    #[inline]
    pub fn new(keyspace: &'a Keyspace, database: usize, now_ms: i64, locks: Locks<'_>) -> Tx<'a> {
        let place = keyspace.place(database);
        let mut other = None;
        let held = match locks {
            Locks::Nothing => Held::Nothing,
            Locks::Slot(slot) => Held::One(slot, keyspace.at_place(place).lock(slot)),
            Locks::Ascending(slots) => {
                assert!(slots.is_sorted_by(|a, b| a < b), "locks are taken in ascending order");
                let all = keyspace.at_place(place);
                Held::Many(Many::new(slots.iter().map(|slot| (place, *slot, all.lock(*slot)))))
            }
            Locks::Slots(slots) => {
                let number = slots.iter().map(|(number, _)| *number).find(|number| *number != database);
                other = number.map(|number| (number, keyspace.place(number)));
                let other_place = other.map_or(place, |(_, place)| place);
                Tx::hold(keyspace, slots, |number| if number == database { place } else { other_place })
            }
            Locks::Database => {
                let all = keyspace.at_place(place);
                Held::Many(Many::new(Slot::all().map(|slot| (place, slot, all.lock(slot)))))
            }
        };
        let mut tx = Tx::over(keyspace, database, place, now_ms, held, keyspace.counters.tally());
        tx.other = other;
        tx
    }

    /// Begins in a slot that is locked already, of the database that `database` means. `tally` is the keyspace's.
    #[inline(always)]
    pub fn in_slot(
        keyspace: &'a Keyspace,
        database: usize,
        now_ms: i64,
        lock: &'a mut SlotLock<'_>,
        tally: Tally<'a>,
    ) -> Tx<'a> {
        let (place, slot, table) = lock.parts();
        Tx::over(keyspace, database, place, now_ms, Held::Lent(slot, table), tally)
    }

    /// Begins in slots that are locked already; `other` is the one other database whose slots it may use.
    pub fn in_slots(
        keyspace: &'a Keyspace,
        database: usize,
        now_ms: i64,
        held: &'a mut HeldSlots<'_>,
        other: Option<usize>,
    ) -> Tx<'a> {
        let place = held.place(keyspace, database);
        let other = other.map(|number| (number, held.place(keyspace, number)));
        let tally = keyspace.counters.tally();
        let mut tx = Tx::over(keyspace, database, place, now_ms, Held::LentMany(held.tables()), tally);
        tx.other = other;
        tx
    }

    #[inline(always)]
    fn over(
        keyspace: &'a Keyspace,
        database: usize,
        place: usize,
        now_ms: i64,
        held: Held<'a>,
        tally: Tally<'a>,
    ) -> Tx<'a> {
        Tx {
            keyspace,
            place,
            database,
            other: None,
            now_ms,
            held,
            leftover: RefCell::new(None),
            tally,
            modifications: 0,
            touch: true,
            access: AccessPolicy::default(),
            marked: Cell::new(0),
        }
    }

    fn hold(keyspace: &'a Keyspace, slots: &[(usize, Slot)], place_of: impl Fn(usize) -> usize) -> Held<'a> {
        let mut wanted: Vec<(usize, Slot)> = slots.iter().map(|(number, slot)| (place_of(*number), *slot)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let guards = wanted.into_iter().map(|(place, slot)| (place, slot, keyspace.at_place(place).lock(slot)));
        Held::Many(Many::new(guards))
    }

    /// The keyspace, for what concerns more than the locked slots. Locks of this transaction are still held.
    pub fn keyspace(&self) -> &'a Keyspace {
        self.keyspace
    }

    /// The selected database's number.
    pub fn database(&self) -> usize {
        self.database
    }

    /// The time at which the command runs, unix ms; it stands still during a command.
    #[inline]
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// Look-ups no longer count as accesses (CLIENT NO-TOUCH, OBJECT …).
    pub fn set_touch(&mut self, touch: bool) {
        self.touch = touch;
    }

    /// How accesses are remembered; by time unless told otherwise.
    #[inline]
    pub fn set_access_policy(&mut self, access: AccessPolicy) {
        self.access = access;
    }

    #[inline]
    fn marker(&self, key: Key<'_>) -> Marker {
        let mut on = self.touch;
        if self.access != AccessPolicy::Recency {
            on &= self.marked.replace(key.hash().bits()) != key.hash().bits();
        }
        Marker { access: self.access, now_ms: self.now_ms, on }
    }

    /// Runs `work` with another database selected, whose slots must be among the locked ones.
    pub fn in_database<R>(&mut self, database: usize, work: impl FnOnce(&mut Tx<'a>) -> R) -> R {
        let before = (self.place, self.database);
        let place = match self.other {
            Some((number, place)) if number == database => place,
            _ => self.place,
        };
        (self.place, self.database) = (place, database);
        let result = work(self);
        (self.place, self.database) = before;
        result
    }

    #[inline]
    fn table(&self, slot: Slot) -> &Table {
        match &self.held {
            Held::One(held, guard) if *held == slot => guard,
            Held::Lent(held, table) if *held == slot => table,
            Held::Many(many) => many.table(self.place, slot),
            Held::LentMany(tables) => tables.table(self.place, slot),
            _ => unreachable!("a command locks the slots of all keys it touches"),
        }
    }

    #[inline]
    fn table_mut(&mut self, slot: Slot) -> &mut Table {
        match &mut self.held {
            Held::One(held, guard) if *held == slot => guard,
            Held::Lent(held, table) if *held == slot => table,
            Held::Many(many) => many.table_mut(self.place, slot),
            Held::LentMany(tables) => tables.table_mut(self.place, slot),
            _ => unreachable!("a command locks the slots of all keys it touches"),
        }
    }

    #[inline]
    fn slots(&self) -> &'a Slots {
        self.keyspace.at_place(self.place)
    }

    #[inline]
    fn note_expiry(&self, slot: Slot, at_ms: i64) {
        self.slots().note_expiry(slot, at_ms);
    }

    /// The live entry of a key, to read; counted as a hit or miss, and marked as accessed.
    #[inline]
    fn entry(&self, key: Key<'_>) -> Option<&Entry> {
        let entry = self.glance(key)?;
        self.marker(key).mark(entry);
        Some(entry)
    }

    /// The live entry of a key, to learn what does not depend on its value; counted as a hit or miss.
    #[inline]
    fn glance(&self, key: Key<'_>) -> Option<&Entry> {
        let entry = self.peek(key);
        self.tally.add(if entry.is_some() { Counter::Hits } else { Counter::Misses }, 1);
        entry
    }

    #[inline]
    fn peek(&self, key: Key<'_>) -> Option<&Entry> {
        let entry = table::find(self.table(key.slot()), key)?;
        if entry.expiry_ms().is_some_and(|at| at <= self.now_ms) {
            let stale = (self.place, key.hash(), key.bytes().into());
            self.leftover.borrow_mut().get_or_insert_default().stale.push(stale);
            return None;
        }
        Some(entry)
    }

    /// Looks a key's entry up to change it, and hands it to `work` if it is live; an expired one is removed. One look-up,
    /// and one search for the slot: what is done with the entry is done in `work`, because nothing borrowed can leave a
    /// function that may also remove the entry.
    #[inline(always)]
    fn with_live<R>(&mut self, key: Key<'_>, work: impl FnOnce(Option<&mut Entry>) -> R) -> R {
        let now_ms = self.now_ms;
        let table = self.table_mut(key.slot());
        if let Some(place) = table::place_of(table, key) {
            let entry = table::at_mut(table, place);
            if entry.expiry_ms().is_none_or(|at| at > now_ms) {
                return work(Some(entry));
            }
            self.expire(key);
        }
        work(None)
    }

    /// Where the live entry of a key stands; an expired one is removed.
    #[inline]
    fn locate(&mut self, key: Key<'_>) -> Option<usize> {
        let table = self.table(key.slot());
        let place = table::place_of(table, key)?;
        let expiry_ms = table::at(table, place).and_then(Entry::expiry_ms);
        if expiry_ms.is_some_and(|at| at <= self.now_ms) {
            self.expire(key);
            return None;
        }
        Some(place)
    }

    #[cold]
    fn expire(&mut self, key: Key<'_>) {
        self.remove_as(key, Cause::Expire);
        self.tally.add(Counter::ExpiredKeys, 1);
        if self.keyspace.hooks.concern(key.slot()) {
            self.tell(Event::Expired, "expired", key);
        }
    }

    /// The live entry of a key, to change; an expired one is removed.
    #[inline]
    fn entry_mut(&mut self, key: Key<'_>) -> Option<&mut Entry> {
        let place = self.locate(key)?;
        let marker = self.marker(key);
        let entry = table::at_mut(self.table_mut(key.slot()), place);
        marker.mark(entry);
        Some(entry)
    }

    fn remove_as(&mut self, key: Key<'_>, cause: Cause) {
        if let Some(entry) = self.remove_entry(key) {
            self.discard(entry, cause);
        }
    }

    /// Frees an entry that was taken out, or puts it aside when that takes long.
    #[inline]
    fn discard(&mut self, entry: Entry, cause: Cause) {
        if entry.is_costly() {
            self.leftover.get_mut().get_or_insert_default().after.garbage.push(Garbage { cause, entry });
        }
    }

    fn remove_stale(&mut self) {
        let Some(leftover) = self.leftover.get_mut() else { return };
        let stale = std::mem::take(&mut leftover.stale);
        let selected = self.place;
        for (place, hash, key) in stale {
            self.place = place;
            let key = Key::with_hash(&key, hash);
            let due = table::find(self.table(key.slot()), key)
                .is_some_and(|entry| entry.expiry_ms().is_some_and(|at| at <= self.now_ms));
            if due {
                self.expire(key);
            }
        }
        self.place = selected;
    }

    fn remove_entry(&mut self, key: Key<'_>) -> Option<Entry> {
        let removed = table::remove(self.table_mut(key.slot()), key)?;
        if removed.expiry_ms().is_some() {
            self.slots().count_volatile(key.slot(), true, false);
        }
        Some(removed)
    }

    /// Adds an entry whose key is new.
    fn insert_entry(&mut self, key: Key<'_>, entry: Entry) {
        entry.set_access(self.access.fresh(self.now_ms));
        self.place_entry(key, entry);
        if self.keyspace.hooks.concern(key.slot()) {
            self.tell(Event::New, "new", key);
        }
    }

    /// Adds an entry with the access bits it has.
    fn place_entry(&mut self, key: Key<'_>, entry: Entry) {
        if let Some(at_ms) = entry.expiry_ms() {
            self.slots().count_volatile(key.slot(), false, true);
            self.note_expiry(key.slot(), at_ms);
        }
        if let Some(at_ms) = entry.next_field_expiry_ms() {
            self.note_expiry(key.slot(), at_ms);
        }
        table::insert(self.table_mut(key.slot()), key.hash(), entry);
    }
}

impl Drop for Tx<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.leftover.get_mut().is_some() {
            self.remove_stale();
        }
    }
}

mod changes;
mod collections;
mod keys;
mod strings;
#[cfg(test)]
mod tests;
