//! The encoding of small sorted sets: a listpack of member, score, member, score … in order.
//!
//! Scores are stored as the reference stores them, whole numbers as integers and others as `%.17g` text, so
//! that the listpack's bytes are what a dump holds. All operations walk: O(members).

use std::cmp::Ordering;

use crate::resp::reply::Double;
use crate::store::value::listpack::{Elem, Listpack, Pos};

/// The number a stored score stands for. What no sorted set writes reads as 0.
pub(super) fn score_of(elem: Elem<'_>) -> f64 {
    match elem {
        Elem::Int(number) => number as f64,
        Elem::Bytes(text) => {
            let number = str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok());
            number.filter(|number| !number.is_nan()).unwrap_or(0.0)
        }
    }
}

/// The integer that a score is stored as, if it is one: -0 becomes 0, and numbers beyond 2^62 stay text.
pub(super) fn whole(score: f64) -> Option<i64> {
    const SAFE: f64 = (i64::MAX / 2) as f64;
    let number = score as i64;
    ((-SAFE..=SAFE).contains(&score) && number as f64 == score).then_some(number)
}

/// Hands the text a score is stored as to `use_text`.
fn with_text<R>(score: f64, use_text: impl FnOnce(&[u8]) -> R) -> R {
    match whole(score) {
        Some(number) => use_text(itoa::Buffer::new().format(number).as_bytes()),
        None => use_text(Double::format(score).as_bytes()),
    }
}

/// How `elem` stands to `member`.
fn compare(elem: Elem<'_>, member: &[u8]) -> Ordering {
    elem.as_bytes(&mut [0; 20]).cmp(member)
}

/// Member, score and the position of each pair, in order.
pub(super) fn pairs(pack: &Listpack) -> impl Iterator<Item = (Pos, Elem<'_>, f64)> {
    let mut elems = pack.iter();
    std::iter::from_fn(move || {
        let pos = elems.pos()?;
        let (member, score) = (elems.next()?, elems.next()?);
        Some((pos, member, score_of(score)))
    })
}

/// Where a member is, and its score.
pub(super) fn find(pack: &Listpack, member: &[u8]) -> Option<(Pos, f64)> {
    let pos = pack.find(member, pack.first()?, 2)?;
    let score = pack.next(pos)?;
    Some((pos, score_of(pack.at(score))))
}

/// Puts a member that is not there in its place.
pub(super) fn insert_new(pack: &mut Listpack, member: &[u8], score: f64) {
    let behind = pairs(pack).find(|(_, other, other_score)| {
        *other_score > score || (*other_score == score && compare(*other, member) == Ordering::Greater)
    });
    match behind {
        Some((pos, ..)) => {
            let pos = pack.insert_before(pos, member);
            with_text(score, |text| pack.insert_after(pos, text));
        }
        None => push_last(pack, member, score),
    }
}

/// Puts a member that comes after all others behind them.
pub(super) fn push_last(pack: &mut Listpack, member: &[u8], score: f64) {
    pack.push_back(member);
    with_text(score, |text| pack.push_back(text));
}

/// Gives the member at `pos` another score.
pub(super) fn set_score(pack: &mut Listpack, pos: Pos, member: &[u8], score: f64) {
    pack.remove_many(pos, 2);
    insert_new(pack, member, score);
}

/// Length of the prefix of pairs that satisfy `before`.
pub(super) fn rank_where(pack: &Listpack, mut before: impl FnMut(Elem<'_>, f64) -> bool) -> usize {
    pairs(pack).take_while(|(_, member, score)| before(*member, *score)).count()
}
