//! The encoding of large sorted sets: members once in a slab, a hash table from member to slab index, and an
//! [`OrderTree`] of slab indices by (score, member).
//!
//! Slab indices never change while a member is there: they are what ZSCAN's cursor counts. Per member: 24 bytes
//! of slab, the member's own bytes, about 8 bytes of table and 6 of tree.

use std::hash::BuildHasher;
use std::ops::Range;

use hashbrown::HashTable;

use super::order_tree::OrderTree;
use crate::store::value::table::TableHasher;

/// A slab place; free when its score is NaN, which no member has.
#[derive(Clone)]
struct Place {
    score: f64,
    member: Box<[u8]>,
}

/// Members and scores, found by member, by rank and by order.
#[derive(Clone)]
pub(super) struct Indexed {
    places: Vec<Place>,
    free: Vec<u32>,
    ids: HashTable<u32>,
    order: OrderTree,
}

fn hash(member: &[u8]) -> u64 {
    TableHasher.hash_one(member)
}

impl Indexed {
    pub(super) fn with_capacity(members: usize) -> Indexed {
        Indexed {
            places: Vec::with_capacity(members),
            free: Vec::new(),
            ids: HashTable::with_capacity(members),
            order: OrderTree::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// The id of `member`. O(1).
    pub(super) fn find(&self, member: &[u8]) -> Option<u32> {
        self.ids.find(hash(member), |&id| *self.places[id as usize].member == *member).copied()
    }

    pub(super) fn score(&self, id: u32) -> f64 {
        self.places[id as usize].score
    }

    pub(super) fn member(&self, id: u32) -> &[u8] {
        &self.places[id as usize].member
    }

    /// Members before `(score, member)` in order. O(log n).
    pub(super) fn rank(&self, score: f64, member: &[u8]) -> usize {
        let places = &self.places;
        self.order.partition_point(
            |id| places[id as usize].score,
            |other, id| other < score || (other == score && *places[id as usize].member < *member),
        )
    }

    /// Length of the prefix whose scores satisfy `before`.
    pub(super) fn rank_by_score(&self, before: impl Fn(f64) -> bool) -> usize {
        self.order.partition_point(|id| self.score(id), |score, _| before(score))
    }

    /// Length of the prefix whose members satisfy `before`.
    pub(super) fn rank_by_member(&self, before: impl Fn(&[u8]) -> bool) -> usize {
        self.order.partition_point(|id| self.score(id), |_, id| before(self.member(id)))
    }

    /// Adds a member that is not there. O(log n).
    pub(super) fn insert_new(&mut self, member: &[u8], score: f64) {
        self.insert_at(self.rank(score, member), member, score);
    }

    fn insert_at(&mut self, rank: usize, member: &[u8], score: f64) {
        let place = Place { score, member: member.into() };
        let id = match self.free.pop() {
            Some(id) => {
                self.places[id as usize] = place;
                id
            }
            None => {
                // 2^32 places are 100 GB of slab alone.
                let id = u32::try_from(self.places.len()).expect("memory ends before 2^32 members");
                self.places.push(place);
                id
            }
        };
        let places = &self.places;
        self.ids.insert_unique(hash(member), id, |&id| hash(&places[id as usize].member));
        self.order.insert_at(rank, id, |id| places[id as usize].score);
    }

    /// Adds a member that is not there and comes after all others. O(log n), without a comparison.
    pub(super) fn push_last(&mut self, member: &[u8], score: f64) {
        self.insert_at(self.len(), member, score);
    }

    /// Gives a member another score. O(log n).
    pub(super) fn set_score(&mut self, id: u32, score: f64) {
        let place = &self.places[id as usize];
        let old_rank = self.rank(place.score, &place.member);
        let new_rank = self.rank(score, &place.member);
        // Its own place counts among those before the new one when it moves up.
        let new_rank = if new_rank > old_rank { new_rank - 1 } else { new_rank };
        let places = &self.places;
        self.order.remove_at(old_rank, |id| places[id as usize].score);
        self.places[id as usize].score = score;
        let places = &self.places;
        self.order.insert_at(new_rank, id, |id| places[id as usize].score);
    }

    /// Takes a member out; `rank` is where it stands.
    fn remove_at(&mut self, rank: usize) -> Option<(Box<[u8]>, f64)> {
        let places = &self.places;
        let id = self.order.remove_at(rank, |id| places[id as usize].score)?;
        if let Ok(entry) = self.ids.find_entry(hash(&self.places[id as usize].member), |&other| other == id) {
            entry.remove();
        }
        let place = &mut self.places[id as usize];
        let (member, score) = (std::mem::take(&mut place.member), place.score);
        place.score = f64::NAN;
        self.free.push(id);
        Some((member, score))
    }

    /// Takes a member out. O(log n).
    pub(super) fn remove(&mut self, id: u32) {
        let rank = self.rank(self.score(id), self.member(id));
        self.remove_at(rank);
        self.shrink();
    }

    /// Takes a run of ranks out, telling `removed` each member. O(log n) each.
    pub(super) fn remove_ranks(&mut self, ranks: Range<usize>, mut removed: impl FnMut(&[u8], f64)) {
        for _ in ranks.clone() {
            let Some((member, score)) = self.remove_at(ranks.start) else { break };
            removed(&member, score);
        }
        self.shrink();
    }

    /// Gives memory back after most members left. Ids stay, so only free places at the end of the slab go.
    fn shrink(&mut self) {
        if self.ids.capacity() > 256 && self.ids.len() < self.ids.capacity() / 8 {
            let places = &self.places;
            self.ids.shrink_to(self.ids.len() * 2, |&id| hash(&places[id as usize].member));
            while self.places.last().is_some_and(|place| place.score.is_nan()) {
                self.places.pop();
            }
            let places = self.places.len();
            self.free.retain(|&id| (id as usize) < places);
            // New members go to the front, so that the end can become free.
            self.free.sort_unstable_by(|a, b| b.cmp(a));
            self.free.shrink_to(self.free.len() * 2);
            self.places.shrink_to(places * 2);
        }
    }

    /// The ids of the leaf at `rank`, and the place of `rank` among them.
    pub(super) fn leaf_at(&self, rank: usize) -> Option<(&[u32], usize)> {
        self.order.leaf_at(rank)
    }

    /// Shows up to `count` slab places from `cursor` on; returns the next cursor, 0 at the end.
    pub(super) fn scan(&self, cursor: u64, count: usize, mut show: impl FnMut(&[u8], f64)) -> u64 {
        let Ok(start) = usize::try_from(cursor) else { return 0 };
        let Some(rest) = self.places.get(start..) else { return 0 };
        // Free places are passed without counting, but not without end: a call looks at 10 places per asked one.
        let (mut shown, mut looked) = (0, 0);
        for place in rest {
            if shown >= count || looked >= count.saturating_mul(10) {
                return (start + looked) as u64;
            }
            looked += 1;
            if !place.score.is_nan() {
                shown += 1;
                show(&place.member, place.score);
            }
        }
        0
    }

    /// Bytes on the heap, this struct's own included; the members' share is estimated from the first 64 places.
    pub(super) fn heap_bytes(&self) -> usize {
        let sample = &self.places[..self.places.len().min(64)];
        let sample_bytes: usize = sample.iter().map(|place| place.member.len()).sum();
        size_of::<Indexed>()
            + self.places.capacity() * size_of::<Place>()
            + self.free.capacity() * size_of::<u32>()
            + self.ids.capacity() * (size_of::<u32>() + 1)
            + self.order.heap_bytes()
            + sample_bytes * self.places.len() / sample.len().max(1)
    }
}
