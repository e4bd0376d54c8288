//! Sorted sets: members ordered by (score, member bytes), found by member, rank, score and lexical range.
//!
//! Packed while within the limits ([`packed`]), then indexed ([`indexed`]: slab, hash table and order-statistic
//! tree), never back. Scores are any double but NaN, which callers refuse; the two zeros are equal, and
//! -0 keeps its sign in the indexed form only.

mod indexed;
mod iter;
mod order_tree;
mod packed;
mod range;

use std::fmt;
use std::ops::Range;

use super::Limits;
use super::listpack::{BYTES_MAX, Elem, Listpack};
use indexed::Indexed;
pub use iter::Iter;
pub use range::{LexBound, LexRange, ScoreRange};

/// What a packed pair takes beyond its member's bytes, at most: the score's text and two elements' overhead.
const PAIR_OVERHEAD_BYTES: usize = 64;

/// Members with scores. Packed operations cost O(members), which are few; costs named below are the indexed ones.
#[derive(Clone)]
pub struct SortedSet {
    repr: Repr,
}

#[derive(Clone)]
enum Repr {
    Packed(Listpack),
    Indexed(Box<Indexed>),
}

impl Default for SortedSet {
    fn default() -> SortedSet {
        SortedSet::new()
    }
}

impl fmt::Debug for SortedSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl SortedSet {
    /// An empty sorted set; allocates nothing.
    pub const fn new() -> SortedSet {
        SortedSet { repr: Repr::Packed(Listpack::new()) }
    }

    /// A sorted set whose members and scores `pack` holds in turn, in order.
    #[inline]
    pub const fn from_packed(pack: Listpack) -> SortedSet {
        SortedSet { repr: Repr::Packed(pack) }
    }

    /// The listpack of member, score pairs, while packed.
    #[inline]
    pub fn into_packed(self) -> Option<Listpack> {
        match self.repr {
            Repr::Packed(pack) => Some(pack),
            Repr::Indexed(_) => None,
        }
    }

    /// Gives back what a packed set's listpack has spare.
    pub fn shrink_to_fit(&mut self) {
        if let Repr::Packed(pack) = &mut self.repr {
            pack.shrink_to_fit();
        }
    }

    /// A sorted set of `members` distinct members that come in order. O(members).
    pub fn from_sorted<'e>(
        members: usize,
        sorted: impl Iterator<Item = (Elem<'e>, f64)> + Clone,
        limits: &Limits,
    ) -> SortedSet {
        let packed_bytes = (members <= limits.sorted_set_entries_max)
            .then(|| {
                sorted.clone().map(|(member, _)| member.len()).try_fold(0usize, |sum, bytes| {
                    (bytes <= limits.sorted_set_value_bytes_max).then_some(sum + bytes + PAIR_OVERHEAD_BYTES)
                })
            })
            .flatten();
        if packed_bytes.is_some_and(|bytes| bytes < BYTES_MAX) {
            let mut pack = Listpack::new();
            sorted.for_each(|(member, score)| packed::push_last(&mut pack, member.as_bytes(&mut [0; 20]), score));
            SortedSet { repr: Repr::Packed(pack) }
        } else {
            let mut indexed = Indexed::with_capacity(members);
            sorted.for_each(|(member, score)| indexed.push_last(member.as_bytes(&mut [0; 20]), score));
            SortedSet { repr: Repr::Indexed(Box::new(indexed)) }
        }
    }

    /// Members. O(1).
    pub fn len(&self) -> usize {
        match &self.repr {
            Repr::Packed(pack) => pack.len() / 2,
            Repr::Indexed(indexed) => indexed.len(),
        }
    }

    /// Whether there is no member.
    #[inline]
    pub fn is_empty(&self) -> bool {
        match &self.repr {
            Repr::Packed(pack) => pack.is_empty(),
            Repr::Indexed(indexed) => indexed.len() == 0,
        }
    }

    /// The encoding's name: `listpack` or `skiplist` (which names the role, not the structure).
    pub fn encoding(&self) -> &'static str {
        match &self.repr {
            Repr::Packed(_) => "listpack",
            Repr::Indexed(_) => "skiplist",
        }
    }

    /// The listpack of member, score pairs while packed, as a dump holds it.
    #[inline]
    pub fn packed(&self) -> Option<&Listpack> {
        match &self.repr {
            Repr::Packed(pack) => Some(pack),
            Repr::Indexed(_) => None,
        }
    }

    /// Bytes of memory beyond the struct itself; large sets are estimated. O(tree nodes).
    pub fn heap_bytes(&self) -> usize {
        match &self.repr {
            Repr::Packed(pack) => pack.capacity_bytes(),
            Repr::Indexed(indexed) => indexed.heap_bytes(),
        }
    }

    /// See [`Object::prefetch`](crate::store::Object::prefetch).
    pub fn prefetch(&self, hashes: &[u32]) {
        if let Repr::Indexed(indexed) = &self.repr {
            indexed.prefetch(hashes);
        }
    }

    /// The score of `member`. O(1).
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.repr {
            Repr::Packed(pack) => packed::find(pack, member).map(|(_, score)| score),
            Repr::Indexed(indexed) => indexed.find(member).map(|id| indexed.score(id)),
        }
    }

    /// Adds `member` or changes its score: `decide` gets the old score (None: new member) and says the new one
    /// (None: leave things as they are). Returns the old score. `decide` must not answer NaN. O(log n).
    pub fn upsert(
        &mut self,
        member: &[u8],
        limits: &Limits,
        decide: impl FnOnce(Option<f64>) -> Option<f64>,
    ) -> Option<f64> {
        match &mut self.repr {
            Repr::Packed(pack) => {
                if let Some((pos, old)) = packed::find(pack, member) {
                    if let Some(score) = decide(Some(old)).filter(|score| *score != old) {
                        packed::set_score(pack, pos, member, score);
                    }
                    return Some(old);
                }
                let score = decide(None)?;
                debug_assert!(!score.is_nan());
                if packed_takes(pack, member, limits) {
                    packed::insert_new(pack, member, score);
                } else {
                    self.make_indexed().insert_new(member, score);
                }
                None
            }
            Repr::Indexed(indexed) => {
                let Some(id) = indexed.find(member) else {
                    indexed.insert_new(member, decide(None)?);
                    return None;
                };
                let old = indexed.score(id);
                if let Some(score) = decide(Some(old)).filter(|score| *score != old) {
                    indexed.set_score(id, score);
                }
                Some(old)
            }
        }
    }

    /// Adds `member` or sets its score; returns the old score. O(log n).
    pub fn insert(&mut self, member: &[u8], score: f64, limits: &Limits) -> Option<f64> {
        self.upsert(member, limits, |_| Some(score))
    }

    /// Takes `member` out; returns its score. O(log n).
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match &mut self.repr {
            Repr::Packed(pack) => {
                let (pos, score) = packed::find(pack, member)?;
                pack.remove_many(pos, 2);
                Some(score)
            }
            Repr::Indexed(indexed) => {
                let id = indexed.find(member)?;
                let score = indexed.score(id);
                indexed.remove(id);
                Some(score)
            }
        }
    }

    /// Takes the members at these ranks out, telling `removed` each one in ascending order. O(log n) each.
    pub fn remove_ranks(&mut self, ranks: Range<usize>, mut removed: impl FnMut(Elem<'_>, f64)) {
        match &mut self.repr {
            Repr::Packed(pack) => {
                let Some(pos) = pack.seek(ranks.start.saturating_mul(2)) else { return };
                let mut elems = pack.iter_from(pos);
                for _ in ranks.clone() {
                    let (Some(member), Some(score)) = (elems.next(), elems.next()) else { break };
                    removed(member, packed::score_of(score));
                }
                pack.remove_many(pos, ranks.len().saturating_mul(2));
            }
            Repr::Indexed(indexed) => indexed.remove_ranks(ranks, |member, score| removed(Elem::Bytes(member), score)),
        }
    }

    /// Rank from the lowest and score of `member`. O(log n).
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        match &self.repr {
            Repr::Packed(pack) => packed::pairs(pack)
                .enumerate()
                .find(|(_, (_, other, _))| other.eq_bytes(member))
                .map(|(rank, (_, _, score))| (rank, score)),
            Repr::Indexed(indexed) => {
                let score = indexed.score(indexed.find(member)?);
                Some((indexed.rank(score, member), score))
            }
        }
    }

    /// The member at `rank` and its score. O(log n).
    pub fn get(&self, rank: usize) -> Option<(Elem<'_>, f64)> {
        self.range(rank..rank.saturating_add(1)).next()
    }

    /// Ranks of the members in a range of scores. O(log n).
    pub fn ranks_by_score(&self, range: &ScoreRange) -> Range<usize> {
        let rank = |before: &dyn Fn(f64) -> bool| match &self.repr {
            Repr::Packed(pack) => packed::rank_where(pack, |_, score| before(score)),
            Repr::Indexed(indexed) => indexed.rank_by_score(before),
        };
        let start = rank(&|score| range.is_below(score));
        start..rank(&|score| range.is_not_above(score)).max(start)
    }

    /// Ranks of the members in a lexical range. O(log n).
    pub fn ranks_by_lex(&self, range: &LexRange<'_>) -> Range<usize> {
        let rank = |before: &dyn Fn(&[u8]) -> bool| match &self.repr {
            Repr::Packed(pack) => packed::rank_where(pack, |member, _| before(member.as_bytes(&mut [0; 20]))),
            Repr::Indexed(indexed) => indexed.rank_by_member(before),
        };
        let start = rank(&|member| range.is_below(member));
        start..rank(&|member| range.is_not_above(member)).max(start)
    }

    /// Members and scores at these ranks, from either end. Starts in O(log n), then O(1) each.
    pub fn range(&self, ranks: Range<usize>) -> Iter<'_> {
        Iter::new(&self.repr, ranks.start..ranks.end.min(self.len()))
    }

    /// All members and scores in order.
    pub fn iter(&self) -> Iter<'_> {
        self.range(0..self.len())
    }

    /// The integer a member's score is shown as by a scan: a packed set keeps whole scores as integers, which have
    /// more digits than a double is printed with.
    pub fn stored_integer(&self, score: f64) -> Option<i64> {
        self.packed().and_then(|_| packed::whole(score))
    }

    /// Shows about `count` members from `cursor` on (0 starts) and returns the next cursor, 0 at the end. A member
    /// that stays in the set over a whole scan is shown at least once. A packed set is shown at once.
    pub fn scan(&self, cursor: u64, count: usize, mut show: impl FnMut(Elem<'_>, f64)) -> u64 {
        match &self.repr {
            Repr::Packed(pack) => {
                packed::pairs(pack).for_each(|(_, member, score)| show(member, score));
                0
            }
            Repr::Indexed(indexed) => indexed.scan(cursor, count, |member, score| show(Elem::Bytes(member), score)),
        }
    }

    /// The cursor that [`scan`](Self::scan) with the same arguments returns, for replies that begin with it.
    pub fn next_cursor(&self, cursor: u64, count: usize) -> u64 {
        match &self.repr {
            Repr::Packed(_) => 0,
            Repr::Indexed(indexed) => indexed.scan(cursor, count, |_, _| {}),
        }
    }

    fn make_indexed(&mut self) -> &mut Indexed {
        if let Repr::Packed(pack) = &self.repr {
            let mut indexed = Indexed::with_capacity(pack.len() / 2 + 1);
            for (_, member, score) in packed::pairs(pack) {
                indexed.push_last(member.as_bytes(&mut [0; 20]), score);
            }
            self.repr = Repr::Indexed(Box::new(indexed));
        }
        match &mut self.repr {
            Repr::Indexed(indexed) => indexed,
            Repr::Packed(_) => unreachable!("the packed form was replaced above"),
        }
    }
}

/// Whether a packed set may take one more member without being converted.
fn packed_takes(pack: &Listpack, member: &[u8], limits: &Limits) -> bool {
    pack.len() / 2 < limits.sorted_set_entries_max
        && member.len() <= limits.sorted_set_value_bytes_max
        && pack.fits(member.len() + PAIR_OVERHEAD_BYTES)
}

#[cfg(test)]
mod tests;
