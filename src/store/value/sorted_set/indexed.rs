//! The encoding of large sorted sets: members once in a slab, a hash table from member to slab index, and an
//! [`OrderTree`] of slab indices by (score, member).
//!
//! Slab indices never change while a member is there: they are what ZSCAN's cursor counts. Per member: 24 bytes
//! of slab, the member's own bytes, about 12 bytes of table and 19 of tree. Slab and table grow in pages: no pause
//! that grows with the set.

use std::ops::Range;

use super::order_tree::{Item, OrderTree};
use crate::store::table::prefetch;
use crate::store::value::members::{Members, hash_of};

/// Places of the slab that are allocated together, once it has so many.
const PAGE_PLACES: usize = 1024;
/// How many pops ahead a slab place, the member in it and its place in the hash table are asked for: each is known
/// from the one before.
const AHEAD: [usize; 3] = [9, 6, 3];

/// A slab place; free when its score is NaN, which no member has.
#[derive(Clone)]
struct Place {
    score: f64,
    member: Box<[u8]>,
}

/// Places by number, in pages, so that growing copies nothing.
#[derive(Clone, Default)]
struct Slab {
    pages: Vec<Vec<Place>>,
}

impl Slab {
    fn len(&self) -> usize {
        self.pages.last().map_or(0, |last| (self.pages.len() - 1) * PAGE_PLACES + last.len())
    }

    #[inline]
    fn at(&self, id: u32) -> &Place {
        &self.pages[id as usize / PAGE_PLACES][id as usize % PAGE_PLACES]
    }

    #[inline]
    fn at_mut(&mut self, id: u32) -> &mut Place {
        &mut self.pages[id as usize / PAGE_PLACES][id as usize % PAGE_PLACES]
    }

    fn push(&mut self, place: Place) {
        match self.pages.last_mut() {
            Some(page) if page.len() < PAGE_PLACES => page.push(place),
            // The first page grows with the set; later ones are there at once.
            None => self.pages.push(vec![place]),
            _ => {
                let mut page = Vec::with_capacity(PAGE_PLACES);
                page.push(place);
                self.pages.push(page);
            }
        }
    }

    /// Gives back the free places at the end.
    fn trim(&mut self) {
        while let Some(page) = self.pages.last_mut() {
            while page.last().is_some_and(|place| place.score.is_nan()) {
                page.pop();
            }
            if !page.is_empty() {
                break;
            }
            self.pages.pop();
        }
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = &Place> {
        self.pages.iter().flatten()
    }
}

/// Members and scores, found by member, by rank and by order.
#[derive(Clone)]
pub(super) struct Indexed {
    slab: Slab,
    free: Vec<u32>,
    ids: Members<u32>,
    order: OrderTree,
    /// Most members since memory was given back.
    peak: usize,
}

impl Indexed {
    pub(super) fn with_capacity(members: usize) -> Indexed {
        Indexed {
            slab: Slab::default(),
            free: Vec::new(),
            ids: Members::with_capacity(members),
            order: OrderTree::new(),
            peak: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// The id of `member`. O(1).
    pub(super) fn find(&self, member: &[u8]) -> Option<u32> {
        let place = self.ids.find(hash_of(member), |&id| *self.slab.at(id).member == *member)?;
        Some(*self.ids.at(place))
    }

    pub(super) fn score(&self, id: u32) -> f64 {
        self.slab.at(id).score
    }

    #[inline]
    pub(super) fn member(&self, id: u32) -> &[u8] {
        &self.slab.at(id).member
    }

    /// Members before `(score, member)` in order. O(log n).
    pub(super) fn rank(&self, score: f64, member: &[u8]) -> usize {
        self.order.partition_point(|other, id| other < score || (other == score && self.member(id) < member))
    }

    /// Length of the prefix whose scores satisfy `before`.
    pub(super) fn rank_by_score(&self, before: impl Fn(f64) -> bool) -> usize {
        self.order.partition_point(|score, _| before(score))
    }

    /// Length of the prefix whose members satisfy `before`.
    pub(super) fn rank_by_member(&self, before: impl Fn(&[u8]) -> bool) -> usize {
        self.order.partition_point(|_, id| before(self.member(id)))
    }

    /// Adds a member that is not there. O(log n).
    pub(super) fn insert_new(&mut self, member: &[u8], score: f64) {
        self.insert_at(self.rank(score, member), member, score);
    }

    fn insert_at(&mut self, rank: usize, member: &[u8], score: f64) {
        let place = Place { score, member: member.into() };
        let id = match self.free.pop() {
            Some(id) => {
                *self.slab.at_mut(id) = place;
                id
            }
            None => {
                // 2^32 places are 100 GB of slab alone.
                let id = u32::try_from(self.slab.len()).expect("memory ends before 2^32 members");
                self.slab.push(place);
                id
            }
        };
        self.ids.insert(hash_of(member), id);
        self.order.insert_at(rank, Item { score, id });
        self.peak = self.peak.max(self.len());
    }

    /// Adds a member that is not there and comes after all others. O(log n), without a comparison.
    pub(super) fn push_last(&mut self, member: &[u8], score: f64) {
        self.insert_at(self.len(), member, score);
    }

    /// Gives a member another score. O(log n).
    pub(super) fn set_score(&mut self, id: u32, score: f64) {
        let place = self.slab.at(id);
        let old_rank = self.rank(place.score, &place.member);
        let new_rank = self.rank(score, &place.member);
        // Its own place counts among those before the new one when it moves up.
        let new_rank = if new_rank > old_rank { new_rank - 1 } else { new_rank };
        self.order.remove_at(old_rank);
        self.order.insert_at(new_rank, Item { score, id });
        self.slab.at_mut(id).score = score;
    }

    /// Takes a member out; `rank` is where it stands.
    fn remove_at(&mut self, rank: usize) -> Option<(Box<[u8]>, f64)> {
        let Item { score, id } = self.order.remove_at(rank)?;
        let place = self.slab.at_mut(id);
        let member = std::mem::take(&mut place.member);
        place.score = f64::NAN;
        if let Some(place) = self.ids.find(hash_of(&member), |&other| other == id) {
            self.ids.remove(place);
        }
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
            self.prefetch_removals(ranks.start);
            removed(&member, score);
        }
        self.shrink();
    }

    /// After the removal of the member at `rank`: asks for the lines that the removals of those behind it (before it,
    /// at the end) will touch, be it in this command or in the next ones.
    #[inline]
    fn prefetch_removals(&self, rank: usize) {
        let last = self.len().saturating_sub(1);
        let id_at = |ahead: usize| {
            let rank = if rank > last { last.checked_sub(ahead)? } else { rank + ahead };
            self.order.leaf_at(rank).map(|(items, at)| items[at].id)
        };
        if let Some(id) = id_at(AHEAD[0]) {
            prefetch(std::ptr::from_ref(self.slab.at(id)).cast());
        }
        if let Some(id) = id_at(AHEAD[1]) {
            prefetch(self.member(id).as_ptr());
        }
        if let Some(id) = id_at(AHEAD[2]) {
            self.ids.prefetch_segment(hash_of(self.member(id)));
        }
    }

    /// Asks for the members of a run of items.
    #[inline]
    pub(super) fn prefetch_members(&self, items: &[Item]) {
        items.iter().for_each(|item| prefetch(std::ptr::from_ref(self.slab.at(item.id)).cast()));
        items.iter().for_each(|item| prefetch(self.member(item.id).as_ptr()));
    }

    /// Asks for the lines that looking up members of these hashes will touch.
    pub(super) fn prefetch(&self, hashes: &[u32]) {
        self.ids.prefetch(hashes, |&id| std::ptr::from_ref(self.slab.at(id)).cast());
        for place in hashes.iter().filter_map(|hash| self.ids.find(*hash, |_| true)) {
            prefetch(self.member(*self.ids.at(place)).as_ptr());
        }
    }

    /// Gives memory back after most members left. Ids stay, so only free places at the end of the slab go. O(places),
    /// after seven times as many removals as members are left.
    fn shrink(&mut self) {
        if self.peak > 256 && self.len() < self.peak / 8 {
            self.peak = self.len();
            self.slab.trim();
            // New members go to the front, so that the end can become free.
            let free = (0u32..).zip(self.slab.iter()).filter(|(_, place)| place.score.is_nan());
            let mut free: Vec<u32> = free.map(|(id, _)| id).collect();
            free.reverse();
            self.free = free;
        }
    }

    /// The leaf at `rank`, and the place of `rank` in it.
    #[inline]
    pub(super) fn leaf_at(&self, rank: usize) -> Option<(&[Item], usize)> {
        self.order.leaf_at(rank)
    }

    /// Shows up to `count` slab places from `cursor` on; returns the next cursor, 0 at the end.
    pub(super) fn scan(&self, cursor: u64, count: usize, mut show: impl FnMut(&[u8], f64)) -> u64 {
        let Ok(start) = u32::try_from(cursor) else { return 0 };
        // Free places are passed without counting, but not without end: a call looks at 10 places per asked one.
        let (mut shown, mut looked) = (0, 0);
        let places = self.slab.len();
        for id in start.. {
            if id as usize >= places {
                break;
            }
            if shown >= count || looked >= count.saturating_mul(10) {
                return id.into();
            }
            looked += 1;
            let place = self.slab.at(id);
            if !place.score.is_nan() {
                shown += 1;
                show(&place.member, place.score);
            }
        }
        0
    }

    /// Bytes on the heap, this struct's own included; the members' share is estimated from the first 64 places.
    pub(super) fn heap_bytes(&self) -> usize {
        let sampled = self.slab.len().min(64);
        let sample_bytes: usize = self.slab.iter().take(sampled).map(|place| place.member.len()).sum();
        size_of::<Indexed>()
            + self.slab.pages.iter().map(|page| page.capacity() * size_of::<Place>()).sum::<usize>()
            + self.free.capacity() * size_of::<u32>()
            + self.ids.allocated_bytes()
            + self.order.heap_bytes()
            + sample_bytes * self.slab.len() / sampled.max(1)
    }
}
