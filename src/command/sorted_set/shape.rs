//! How members and scores look in replies.
//!
//! Lists of members with scores are flat in RESP2 and arrays of pairs in RESP3. Maps are never used: they
//! would lose the order.

use crate::command::elem::bulk;
use crate::resp::{Protocol, Reply};
use crate::store::value::listpack::Elem;

/// How the members of one list are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Members only.
    Members,
    /// Member, score, member, score …
    Flat,
    /// An array of member and score for each.
    Pairs,
}

impl Shape {
    /// The shape of a list that was asked for with or without scores.
    pub fn new(reply: &Reply<'_>, with_scores: bool) -> Shape {
        match (with_scores, reply.protocol()) {
            (false, _) => Shape::Members,
            (true, Protocol::Resp2) => Shape::Flat,
            (true, Protocol::Resp3) => Shape::Pairs,
        }
    }

    /// Writes the header of a list of `count` members.
    pub fn header(self, reply: &mut Reply<'_>, count: usize) {
        reply.array(if self == Shape::Flat { count.saturating_mul(2) } else { count });
    }

    /// Writes one member, and its score if it is shown.
    #[inline]
    pub fn item(self, reply: &mut Reply<'_>, elem: Elem<'_>, score: f64) {
        if self == Shape::Pairs {
            reply.array(2);
        }
        bulk(reply, elem);
        if self != Shape::Members {
            reply.double(score);
        }
    }

    /// Writes a whole list.
    pub fn list<'e>(self, reply: &mut Reply<'_>, items: impl ExactSizeIterator<Item = (Elem<'e>, f64)>) {
        self.header(reply, items.len());
        items.for_each(|(elem, score)| self.item(reply, elem, score));
    }
}
