//! A map ordered by id: what is pending, of a group and of each of its consumers.
//!
//! Ids are delivered in ascending order and acknowledged from about the front, so the map is a queue of sorted runs:
//! nearly all of their room is used, where a tree that grows at its end keeps half of it empty. A look-up is two
//! binary searches, a change moves at most a run, and the handles of the runs (24 bytes for up to [`RUN_MAX`] ids) when
//! a run in the middle comes or goes.

use super::id::Id;
use std::collections::VecDeque;

/// Ids in a run at most: what a change may have to move.
const RUN_MAX: usize = 128;
/// Runs that together have no more ids than this become one.
const MERGED_MAX: usize = RUN_MAX / 2;
/// Room for handles of runs that stays when there are fewer: most maps are empty again and again.
const ROOM_KEPT: usize = 16;

/// Values by id, in the order of the ids.
#[derive(Clone, Debug)]
pub struct IdMap<V> {
    // None is empty; every id of one is smaller than those of the next.
    runs: VecDeque<Vec<(Id, V)>>,
    len: usize,
}

impl<V> Default for IdMap<V> {
    fn default() -> IdMap<V> {
        IdMap { runs: VecDeque::new(), len: 0 }
    }
}

impl<V> IdMap<V> {
    /// Ids in it. O(1).
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Allocations it is made of.
    pub fn run_count(&self) -> usize {
        self.runs.len()
    }

    /// Bytes of memory it holds outside of itself. O(runs).
    pub fn heap_bytes(&self) -> usize {
        let runs: usize = self.runs.iter().map(Vec::capacity).sum();
        runs * size_of::<(Id, V)>() + self.runs.capacity() * size_of::<Vec<(Id, V)>>()
    }

    /// The run that has an id if any has.
    fn run_of(&self, id: Id) -> usize {
        // The last one that does not begin behind it.
        self.runs.partition_point(|run| run[0].0 <= id).saturating_sub(1)
    }

    fn find(&self, id: Id) -> Result<(usize, usize), (usize, usize)> {
        let run = self.run_of(id);
        let Some(entries) = self.runs.get(run) else { return Err((run, 0)) };
        match entries.binary_search_by_key(&id, |(id, _)| *id) {
            Ok(at) => Ok((run, at)),
            Err(at) => Err((run, at)),
        }
    }

    /// The value of an id.
    pub fn get(&self, id: Id) -> Option<&V> {
        let (run, at) = self.find(id).ok()?;
        Some(&self.runs[run][at].1)
    }

    /// The same to change.
    pub fn get_mut(&mut self, id: Id) -> Option<&mut V> {
        let (run, at) = self.find(id).ok()?;
        Some(&mut self.runs[run][at].1)
    }

    /// Sets the value of an id; answers the one it had.
    pub fn insert(&mut self, id: Id, value: V) -> Option<V> {
        let (run, at) = match self.find(id) {
            Ok((run, at)) => return Some(std::mem::replace(&mut self.runs[run][at].1, value)),
            Err(place) => place,
        };
        self.len += 1;
        match self.runs.get_mut(run) {
            None => {
                // Most maps stay small, and the first run would make room for four.
                self.runs.reserve_exact(1);
                self.runs.push_back(vec![(id, value)]);
            }
            Some(entries) if entries.len() < RUN_MAX => entries.insert(at, (id, value)),
            // What comes at the end opens a run and leaves the one before it full.
            Some(_) if at == RUN_MAX => self.runs.insert(run + 1, vec![(id, value)]),
            Some(entries) => {
                let mut behind = entries.split_off(RUN_MAX / 2);
                let into = if at <= entries.len() { &mut *entries } else { &mut behind };
                let at = if at <= RUN_MAX / 2 { at } else { at - RUN_MAX / 2 };
                into.insert(at, (id, value));
                self.runs.insert(run + 1, behind);
            }
        }
        None
    }

    /// Takes an id out.
    pub fn remove(&mut self, id: Id) -> Option<V> {
        let (run, at) = self.find(id).ok()?;
        let entries = &mut self.runs[run];
        let (_, value) = entries.remove(at);
        self.len -= 1;
        if entries.is_empty() {
            self.runs.remove(run);
            if self.runs.len() * 4 <= self.runs.capacity() && self.runs.capacity() > ROOM_KEPT {
                self.runs.shrink_to(self.runs.len() * 2);
            }
            return Some(value);
        }
        let left = entries.len();
        if left * 4 <= entries.capacity() {
            entries.shrink_to(left * 2);
        }
        if !self.merge(run) && run > 0 {
            self.merge(run - 1);
        }
        Some(value)
    }

    /// Makes a run and the one behind it one when both are small.
    fn merge(&mut self, run: usize) -> bool {
        let len = |run: usize| self.runs.get(run).map_or(RUN_MAX, Vec::len);
        let merges = len(run) + len(run + 1) <= MERGED_MAX;
        if merges {
            let behind = self.runs.remove(run + 1).unwrap_or_default();
            self.runs[run].extend(behind);
        }
        merges
    }

    /// The first id.
    pub fn first(&self) -> Option<Id> {
        self.runs.front()?.first().map(|(id, _)| *id)
    }

    /// The last id.
    pub fn last(&self) -> Option<Id> {
        self.runs.back()?.last().map(|(id, _)| *id)
    }

    /// The first id that is not smaller than `id`.
    pub fn first_from(&self, id: Id) -> Option<Id> {
        self.range_from(id).next().map(|(id, _)| id)
    }

    /// The ids from `id` on with their values.
    pub fn range_from(&self, id: Id) -> impl Iterator<Item = (Id, &V)> {
        let (run, at) = self.find(id).unwrap_or_else(|place| place);
        let (head, tail) = (self.runs.get(run), self.runs.range((run + 1).min(self.runs.len())..));
        let head = head.map(|entries| &entries[at..]).unwrap_or_default();
        head.iter().chain(tail.flatten()).map(|(id, value)| (*id, value))
    }

    /// All ids with their values.
    pub fn iter(&self) -> impl Iterator<Item = (Id, &V)> {
        self.runs.iter().flatten().map(|(id, value)| (*id, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn check(map: &IdMap<u32>, model: &BTreeMap<Id, u32>) {
        assert_eq!(map.len(), model.len());
        assert!(map.runs.iter().all(|run| !run.is_empty() && run.len() <= RUN_MAX));
        assert!(map.iter().eq(model.iter().map(|(id, value)| (*id, value))));
        assert_eq!(map.first(), model.first_key_value().map(|(id, _)| *id));
        assert_eq!(map.last(), model.last_key_value().map(|(id, _)| *id));
    }

    #[test]
    fn it_is_a_map_under_random_changes() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for span in [10, 300, 5000] {
            let (mut map, mut model) = (IdMap::default(), BTreeMap::new());
            for step in 0..20_000u32 {
                let id = Id::new(random.u64(..span), random.u64(..2));
                // Grows for a while, then shrinks.
                let grows = (step / 4000) % 2 == 0;
                if random.u8(..10) < if grows { 7 } else { 2 } {
                    assert_eq!(map.insert(id, step), model.insert(id, step));
                } else {
                    assert_eq!(map.remove(id), model.remove(&id));
                }
                assert_eq!(map.get(id), model.get(&id));
                if let Some(value) = map.get_mut(id) {
                    *value += 1;
                    *model.get_mut(&id).unwrap() += 1;
                }
                let from = Id::new(random.u64(..span), 0);
                assert_eq!(map.first_from(from), model.range(from..).next().map(|(id, _)| *id));
                if step % 500 == 0 {
                    check(&map, &model);
                    assert!(map.range_from(from).eq(model.range(from..).map(|(id, value)| (*id, value))));
                }
            }
            check(&map, &model);
            for id in model.keys().copied().collect::<Vec<_>>() {
                assert!(map.remove(id).is_some());
            }
            assert_eq!((map.len(), map.run_count()), (0, 0));
        }
    }

    #[test]
    fn what_grows_at_its_end_uses_nearly_all_of_its_room() {
        let mut map = IdMap::default();
        for ms in 0..10_000 {
            map.insert(Id::new(ms, 0), ms);
        }
        let bytes = 10_000 * size_of::<(Id, u64)>();
        assert!(map.heap_bytes() < bytes + bytes / 10, "{}", map.heap_bytes());
        for ms in (0..10_000).filter(|ms| ms % 10 != 0) {
            map.remove(Id::new(ms, 0));
        }
        assert!(map.heap_bytes() < bytes / 4, "{}", map.heap_bytes());
    }
}
