//! The slots that one transaction holds locked when they are several, and how each is found again.

use super::keyspace::Keyspace;
use super::slot_table::Guard;
use super::table::Table;
use crate::slot::Slot;
use smallvec::SmallVec;

/// Locked slots that need no memory besides the one allocation: more than most requests name keys.
const INLINE: usize = 12;
/// Slots whose index is remembered by their last bits.
const REMEMBERED: usize = 64;

/// Locked slots.
pub(super) struct Many<'a> {
    /// Place of the database, slot, and its lock; ascending.
    held: SmallVec<[(usize, Slot, Guard<'a>); INLINE]>,
    /// By the last bits of a slot: its index, if no other's is there. A command asks several times for each key, and
    /// in the keys' order: a search every time would be a third of an MGET.
    indices: [u8; REMEMBERED],
}

/// Tables of locked slots, whoever holds the locks.
pub(super) trait Tables {
    /// A locked slot's table.
    fn table(&self, place: usize, slot: Slot) -> &Table;
    /// The same to change.
    fn table_mut(&mut self, place: usize, slot: Slot) -> &mut Table;
}

impl Tables for Many<'_> {
    fn table(&self, place: usize, slot: Slot) -> &Table {
        Many::table(self, place, slot)
    }

    fn table_mut(&mut self, place: usize, slot: Slot) -> &mut Table {
        Many::table_mut(self, place, slot)
    }
}

/// Slots that stay locked over several commands.
pub struct HeldSlots<'a> {
    many: Box<Many<'a>>,
    /// Databases, and their places when the slots were locked: SWAPDB may exchange them meanwhile.
    places: SmallVec<[(usize, usize); 2]>,
}

impl<'a> HeldSlots<'a> {
    /// Locks slots, `(database, slot)` in any order, repeated or not. Databases must be below
    /// [`Keyspace::databases`].
    pub fn lock(keyspace: &'a Keyspace, slots: &[(usize, Slot)]) -> HeldSlots<'a> {
        let mut places: SmallVec<[(usize, usize); 2]> = SmallVec::new();
        let mut wanted: Vec<(usize, Slot)> = Vec::with_capacity(slots.len());
        for (number, slot) in slots {
            let known = places.iter().find(|(known, _)| known == number).map(|(_, place)| *place);
            let place = known.unwrap_or_else(|| {
                places.push((*number, keyspace.place(*number)));
                places[places.len() - 1].1
            });
            wanted.push((place, *slot));
        }
        wanted.sort_unstable();
        wanted.dedup();
        let guards = wanted.into_iter().map(|(place, slot)| (place, slot, keyspace.at_place(place).lock(slot)));
        HeldSlots { many: Many::new(guards), places }
    }

    /// None.
    pub fn nothing() -> HeldSlots<'a> {
        HeldSlots { many: Many::new(std::iter::empty()), places: SmallVec::new() }
    }

    /// The place of a database when its slots were locked.
    pub(super) fn place(&self, keyspace: &Keyspace, database: usize) -> usize {
        let known = self.places.iter().find(|(known, _)| *known == database);
        known.map_or_else(|| keyspace.place(database), |(_, place)| *place)
    }

    pub(super) fn tables<'t>(&'t mut self) -> &'t mut (dyn Tables + 't)
    where
        'a: 't,
    {
        &mut *self.many
    }
}

impl<'a> Many<'a> {
    /// Takes locks, which must come in ascending order of (place, slot), each once.
    pub(super) fn new(locks: impl Iterator<Item = (usize, Slot, Guard<'a>)>) -> Box<Many<'a>> {
        let mut many = Box::new(Many { held: SmallVec::new(), indices: [0; REMEMBERED] });
        many.held.extend(locks);
        for (index, (_, slot, _)) in (0..=u8::MAX).zip(&many.held) {
            many.indices[slot.index() % REMEMBERED] = index;
        }
        many
    }

    /// A locked slot's table.
    #[inline]
    pub(super) fn table(&self, place: usize, slot: Slot) -> &Table {
        &self.held[self.index(place, slot)].2
    }

    /// The same to change.
    #[inline]
    pub(super) fn table_mut(&mut self, place: usize, slot: Slot) -> &mut Table {
        let index = self.index(place, slot);
        &mut self.held[index].2
    }

    #[inline]
    fn index(&self, place: usize, slot: Slot) -> usize {
        let remembered = usize::from(self.indices[slot.index() % REMEMBERED]);
        match self.held.get(remembered) {
            Some((own_place, own, _)) if *own == slot && *own_place == place => remembered,
            _ => self.search(place, slot),
        }
    }

    #[inline(never)]
    fn search(&self, place: usize, slot: Slot) -> usize {
        self.held
            .binary_search_by_key(&(place, slot), |(place, slot, _)| (*place, *slot))
            .expect("a command locks the slots of all keys it touches")
    }
}
