//! A worker thread's slot map: which backend gets a slot's requests.
//!
//! It follows the published [`View`] and is corrected at once by every MOVED. Whenever a slot changes hands the
//! map's epoch grows, so that a client with requests under way can wait for them before its next one takes another
//! connection: that keeps one client's requests in order while slots move.

use super::backend::Backend;
use super::topology::{NodeAddr, View};
use crate::slot::Slot;
use std::rc::Rc;

/// No backend.
const NONE: u16 = u16::MAX;

/// Most backends a thread knows; redirects to further ones only ask for a fresh view.
const BACKENDS_MAX: usize = 4_096;

/// See the module.
pub struct SlotMap {
    /// Index into `backends`, or [`NONE`], by slot.
    owners: Box<[u16]>,
    backends: Vec<Rc<Backend>>,
    /// Owners of slots with their lowest slot, ascending.
    shards: Vec<(Slot, Rc<Backend>)>,
    epoch: u64,
}

impl Default for SlotMap {
    fn default() -> SlotMap {
        SlotMap { owners: vec![NONE; Slot::COUNT].into(), backends: Vec::new(), shards: Vec::new(), epoch: 0 }
    }
}

impl SlotMap {
    /// The backend that owns a slot.
    #[inline]
    pub fn owner(&self, slot: Slot) -> Option<&Rc<Backend>> {
        self.backends.get(usize::from(self.owners[slot.index()]))
    }

    /// All backends that own slots, each with its lowest one, in that order.
    pub fn shards(&self) -> &[(Slot, Rc<Backend>)] {
        &self.shards
    }

    /// All backends.
    pub fn backends(&self) -> &[Rc<Backend>] {
        &self.backends
    }

    /// Grows whenever a slot changes hands.
    #[inline]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The backend at this address, made if it is new; `None` when there are too many.
    pub fn backend(&mut self, addr: &NodeAddr) -> Option<Rc<Backend>> {
        if let Some(known) = self.backends.iter().find(|backend| backend.addr == *addr) {
            return Some(known.clone());
        }
        if self.backends.len() >= BACKENDS_MAX {
            return None;
        }
        let new = Rc::new(Backend::new(addr.clone()));
        self.backends.push(new.clone());
        Some(new)
    }

    /// Enters what a MOVED said. False when there are too many backends.
    pub fn moved(&mut self, slot: Slot, addr: &NodeAddr) -> bool {
        if self.backend(addr).is_none() {
            return false;
        }
        let index = self.backends.iter().position(|backend| backend.addr == *addr).map_or(NONE, |index| index as u16);
        if self.owners[slot.index()] != index {
            self.owners[slot.index()] = index;
            self.epoch += 1;
            self.find_shards();
        }
        true
    }

    /// Takes over a view. Returns the backends that are in it no more.
    pub fn apply(&mut self, view: &View) -> Vec<Rc<Backend>> {
        let before: Vec<Option<NodeAddr>> = Slot::all().map(|slot| Some(self.owner(slot)?.addr.clone())).collect();
        let mut old = std::mem::take(&mut self.backends);
        self.owners.fill(NONE);
        for (addr, ranges) in view.primaries.iter().take(BACKENDS_MAX) {
            let index = self.backends.len() as u16;
            self.backends.push(match old.iter().position(|backend| backend.addr == *addr) {
                Some(known) => old.swap_remove(known),
                None => Rc::new(Backend::new(addr.clone())),
            });
            ranges.iter().for_each(|range| self.owners[range.first.index()..=range.last.index()].fill(index));
        }
        let changed = Slot::all().zip(&before).any(|(slot, before)| {
            // A slot that gets its first owner has no requests under way.
            before.is_some() && self.owner(slot).map(|backend| &backend.addr) != before.as_ref()
        });
        if changed {
            self.epoch += 1;
        }
        self.find_shards();
        old
    }

    fn find_shards(&mut self) {
        let mut found = vec![false; self.backends.len()];
        self.shards.clear();
        for slot in Slot::all() {
            let index = usize::from(self.owners[slot.index()]);
            if let Some(found) = found.get_mut(index)
                && !std::mem::replace(found, true)
            {
                self.shards.push((slot, self.backends[index].clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slot::SlotRange;

    fn view(primaries: &[(u16, u64, u64)]) -> View {
        let range = |first, last| SlotRange::new(Slot::new(first).unwrap(), Slot::new(last).unwrap()).unwrap();
        let primaries =
            primaries.iter().map(|&(port, first, last)| (NodeAddr::new("h", port), vec![range(first, last)]));
        View { primaries: primaries.collect() }
    }

    fn owner(map: &SlotMap, slot: u64) -> u16 {
        map.owner(Slot::new(slot).unwrap()).map_or(0, |backend| backend.addr.port())
    }

    #[test]
    fn a_redirect_is_entered_and_counted_once() {
        let mut map = SlotMap::default();
        map.apply(&view(&[(1, 0, 9), (2, 10, 16_383)]));
        assert_eq!((owner(&map, 9), owner(&map, 10), map.epoch()), (1, 2, 0));
        assert!(map.moved(Slot::new(5).unwrap(), &NodeAddr::new("h", 3)));
        assert!(map.moved(Slot::new(5).unwrap(), &NodeAddr::new("h", 3)));
        assert_eq!((owner(&map, 5), map.epoch()), (3, 1));
        let shards: Vec<(u16, u16)> = map.shards().iter().map(|(slot, b)| (slot.number(), b.addr.port())).collect();
        assert_eq!(shards, [(0, 1), (5, 3), (10, 2)]);
    }

    #[test]
    fn a_view_keeps_known_backends_and_names_those_that_left() {
        let mut map = SlotMap::default();
        map.apply(&view(&[(1, 0, 9), (2, 10, 16_383)]));
        let kept = map.backends()[1].clone();
        let left = map.apply(&view(&[(2, 0, 100)]));
        assert_eq!(left.iter().map(|backend| backend.addr.port()).collect::<Vec<_>>(), [1]);
        assert!(Rc::ptr_eq(&kept, map.owner(Slot::new(0).unwrap()).unwrap()));
        assert_eq!((owner(&map, 101), map.epoch()), (0, 1));
        assert!(map.apply(&view(&[(2, 0, 100)])).is_empty());
        assert_eq!(map.epoch(), 1);
    }
}
