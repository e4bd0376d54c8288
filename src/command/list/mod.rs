//! Commands on lists, and what they share: ends by name, ranges by index, elements in replies.
//!
//! What a blocking form does once it need not wait is a function that tells whether it could: [`pop::pop_first`]
//! (BLPOP, BRPOP, BLMPOP) and [`moving::move_element`] (BLMOVE, BRPOPLPUSH).

use super::{Ctx, Error, Spec};
use crate::resp::Reply;
use crate::store::value::list::{End, List};
use crate::store::{Event, Key};

pub mod blocking;
pub mod element;
pub mod moving;
pub mod pop;
pub mod push;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] =
    &[push::COMMANDS, pop::COMMANDS, element::COMMANDS, moving::COMMANDS, blocking::COMMANDS];

/// The end that `LEFT` or `RIGHT` names.
fn end_named(word: &[u8]) -> Result<End, Error> {
    if word.eq_ignore_ascii_case(b"left") {
        Ok(End::Front)
    } else if word.eq_ignore_ascii_case(b"right") {
        Ok(End::Back)
    } else {
        Err(Error::Syntax)
    }
}

/// First index and count of what is between `start` and `stop`, both included and negative from the end.
fn index_range(start: i64, stop: i64, len: usize) -> Option<(usize, usize)> {
    // A list's length fits: its elements take a byte of memory each at least.
    let len = i64::try_from(len).ok()?;
    let from_end = |index: i64| if index < 0 { index.saturating_add(len) } else { index };
    let start = from_end(start).max(0);
    let stop = from_end(stop).min(len - 1);
    let count = usize::try_from(stop.checked_sub(start)?.checked_add(1)?).ok()?;
    (count > 0).then_some((start as usize, count))
}

/// The index that `index` means in a list of `len` elements, negative from the end; `None` outside of it.
fn index_of(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(i64::try_from(len).ok()?)? } else { index };
    usize::try_from(index).ok().filter(|index| *index < len)
}

/// Tells of a change that took elements out: of the key's removal too when it held no others.
fn notify_taken(ctx: &mut Ctx<'_>, name: &'static str, key: Key<'_>, emptied: bool) {
    ctx.tx.notify(Event::List, name, key);
    if emptied {
        ctx.tx.notify(Event::Generic, "del", key);
    }
}

/// The event of popping at an end.
fn pop_event(end: End) -> &'static str {
    if end == End::Front { "lpop" } else { "rpop" }
}

/// The event of pushing at an end.
fn push_event(end: End) -> &'static str {
    if end == End::Front { "lpush" } else { "rpush" }
}

fn reply_len(reply: &mut Reply<'_>, len: usize) {
    reply.int(i64::try_from(len).unwrap_or(i64::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_the_list() {
        assert_eq!(index_range(0, -1, 5), Some((0, 5)));
        assert_eq!(index_range(-3, 2, 5), Some((2, 1)));
        assert_eq!(index_range(-100, 100, 5), Some((0, 5)));
        assert_eq!(index_range(3, 2, 5), None);
        assert_eq!(index_range(5, 9, 5), None);
        assert_eq!(index_range(i64::MIN, i64::MAX, 5), Some((0, 5)));
        assert_eq!(index_range(i64::MAX, i64::MIN, 5), None);
        assert_eq!((index_of(-5, 5), index_of(-6, 5), index_of(4, 5), index_of(5, 5)), (Some(0), None, Some(4), None));
        assert_eq!((index_of(i64::MIN, 5), index_of(i64::MAX, 5)), (None, None));
    }
}
