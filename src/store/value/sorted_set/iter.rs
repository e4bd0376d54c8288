//! Walks over a run of ranks of a sorted set, from either end.

use std::ops::Range;

use super::indexed::Indexed;
use super::order_tree::Item;
use super::{Repr, packed};
use crate::store::value::listpack::{self, Elem, Listpack, Pos};

/// Members and scores of a run of ranks, in order; `rev()` walks down. Nothing is looked up before it is asked for.
#[derive(Clone)]
pub struct Iter<'a> {
    /// Ranks not yet shown.
    ranks: Range<usize>,
    walk: Walk<'a>,
}

#[derive(Clone)]
enum Walk<'a> {
    Packed {
        pack: &'a Listpack,
        front: Option<listpack::Iter<'a>>,
        /// The score of the last pair that `next_back` showed was behind this member.
        back: Option<Pos>,
    },
    Indexed {
        indexed: &'a Indexed,
        /// What of the front's leaf is still to come, in order.
        front: &'a [Item],
        /// What of the back's leaf is still to come, the last one first.
        back: &'a [Item],
    },
}

impl<'a> Iter<'a> {
    /// `ranks` ends within the set.
    pub(super) fn new(repr: &'a Repr, ranks: Range<usize>) -> Iter<'a> {
        let walk = match repr {
            Repr::Packed(pack) => Walk::Packed { pack, front: None, back: None },
            Repr::Indexed(indexed) => Walk::Indexed { indexed, front: &[], back: &[] },
        };
        Iter { ranks, walk }
    }

    /// Hands every member left to `each`, lowest first. Scores are not even read.
    #[inline]
    pub fn for_each_member(self, mut each: impl FnMut(Elem<'a>)) {
        let Iter { mut ranks, walk } = self;
        match walk {
            Walk::Packed { pack, front, .. } => {
                let elems = front.or_else(|| Some(pack.iter_from(pack.seek(ranks.start * 2)?)));
                let Some(mut elems) = elems else { return };
                for _ in ranks {
                    let Some(member) = elems.next() else { return };
                    each(member);
                    elems.pass();
                }
            }
            Walk::Indexed { indexed, .. } => {
                while let Some((items, at)) = indexed.leaf_at(ranks.start).filter(|_| !ranks.is_empty()) {
                    let here = &items[at..items.len().min(at + ranks.len())];
                    indexed.prefetch_members(here);
                    here.iter().for_each(|item| each(Elem::Bytes(indexed.member(item.id))));
                    ranks.start += here.len();
                }
            }
        }
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = (Elem<'a>, f64);

    fn next(&mut self) -> Option<Self::Item> {
        let rank = self.ranks.next()?;
        match &mut self.walk {
            Walk::Packed { pack, front, .. } => {
                if front.is_none() {
                    *front = Some(pack.iter_from(pack.seek(rank * 2)?));
                }
                let elems = front.as_mut()?;
                Some((elems.next()?, packed::score_of(elems.next()?)))
            }
            Walk::Indexed { indexed, front, .. } => {
                if front.is_empty() {
                    let (items, at) = indexed.leaf_at(rank)?;
                    *front = &items[at..];
                }
                let (item, rest) = front.split_first()?;
                *front = rest;
                Some((Elem::Bytes(indexed.member(item.id)), item.score))
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ranks.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let rank = self.ranks.next_back()?;
        match &mut self.walk {
            Walk::Packed { pack, back, .. } => {
                let score = match *back {
                    Some(member) => pack.prev(member)?,
                    None => pack.seek(rank * 2 + 1)?,
                };
                let member = pack.prev(score)?;
                *back = Some(member);
                Some((pack.at(member), packed::score_of(pack.at(score))))
            }
            Walk::Indexed { indexed, back, .. } => {
                if back.is_empty() {
                    let (items, at) = indexed.leaf_at(rank)?;
                    *back = &items[..=at];
                }
                let (item, rest) = back.split_last()?;
                *back = rest;
                Some((Elem::Bytes(indexed.member(item.id)), item.score))
            }
        }
    }
}
