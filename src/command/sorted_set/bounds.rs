//! The ends of ranges as clients write them: ranks, scores (`(1.5`, `-inf`) and members (`[a`, `(b`, `-`, `+`).

use std::ops::Range;

use crate::command::Error;
use crate::command::number;
use crate::store::value::sorted_set::{LexBound, LexRange, ScoreRange};

/// Both ends of a range by score.
///
/// # Errors
///
/// `ERR min or max is not a float`.
pub fn score_range(min: &[u8], max: &[u8]) -> Result<ScoreRange, Error> {
    let ends = score_bound(min).zip(score_bound(max));
    let ((min, min_exclusive), (max, max_exclusive)) = ends.ok_or(Error::Static("ERR min or max is not a float"))?;
    Ok(ScoreRange { min, max, min_exclusive, max_exclusive })
}

/// A score and whether it is excluded itself. This is C's `strtod` without a check for its errors: an empty
/// text is 0, spaces may lead, and what overflows is infinite.
fn score_bound(text: &[u8]) -> Option<(f64, bool)> {
    let (text, exclusive) = match text {
        [b'(', rest @ ..] => (rest, true),
        rest => (rest, false),
    };
    // A C string ends at its first zero byte.
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    if text.is_empty() {
        return Some((0.0, exclusive));
    }
    let text = text.trim_ascii_start();
    if let Some(score) = number::parse_float(text) {
        return Some((score, exclusive));
    }
    let unsigned = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    if !unsigned.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.') {
        return None;
    }
    // Only what leaves the range of a double in one direction or the other gets here and is a number.
    let score = str::from_utf8(text).ok()?.parse::<f64>().ok()?;
    Some((score, exclusive))
}

/// Both ends of a range by member.
///
/// # Errors
///
/// `ERR min or max not valid string range item`.
pub fn lex_range<'a>(min: &'a [u8], max: &'a [u8]) -> Result<LexRange<'a>, Error> {
    let ends = lex_bound(min).zip(lex_bound(max));
    let (min, max) = ends.ok_or(Error::Static("ERR min or max not valid string range item"))?;
    Ok(LexRange { min, max })
}

fn lex_bound(text: &[u8]) -> Option<LexBound<'_>> {
    match text {
        b"-" => Some(LexBound::Lowest),
        b"+" => Some(LexBound::Highest),
        [b'[', member @ ..] => Some(LexBound::Inclusive(member)),
        [b'(', member @ ..] => Some(LexBound::Exclusive(member)),
        _ => None,
    }
}

/// Ranks from `start` to `stop` (both inside; negative ones count from the end) of `len` members.
pub fn rank_range(start: i64, stop: i64, len: usize) -> Range<usize> {
    let count = i64::try_from(len).unwrap_or(i64::MAX);
    let from_end = |rank: i64| if rank < 0 { rank.saturating_add(count) } else { rank };
    let (start, stop) = (from_end(start).max(0), from_end(stop).min(count - 1));
    if start > stop { 0..0 } else { start as usize..stop as usize + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn score_bounds_are_read_as_strtod_does() {
        for (text, score, exclusive) in [
            ("1.5", 1.5, false),
            ("(1.5", 1.5, true),
            ("-inf", f64::NEG_INFINITY, false),
            ("(+Inf", f64::INFINITY, true),
            ("", 0.0, false),
            ("(", 0.0, true),
            (" 3", 3.0, false),
            ("( \t3", 3.0, true),
            ("0x10", 16.0, false),
            ("1e400", f64::INFINITY, false),
            ("-1e400", f64::NEG_INFINITY, false),
            ("1e-400", 0.0, false),
        ] {
            assert_eq!(score_bound(text.as_bytes()), Some((score, exclusive)), "{text:?}");
        }
        for text in ["nan", "(nan", "a", "1a", "1 ", "((1", "[1", "--1", "+", "-", " ", "e5"] {
            assert_eq!(score_bound(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn negative_ranks_count_from_the_end() {
        for (start, stop, len, ranks) in [
            (0, -1, 3, 0..3),
            (1, 1, 3, 1..2),
            (-2, -1, 3, 1..3),
            (-100, 100, 3, 0..3),
            (2, 1, 3, 0..0),
            (3, 5, 3, 0..0),
            (0, -4, 3, 0..0),
            (0, -1, 0, 0..0),
            (i64::MIN, i64::MAX, 3, 0..3),
            (i64::MAX, i64::MIN, 3, 0..0),
        ] {
            assert_eq!(rank_range(start, stop, len), ranks, "{start} {stop} of {len}");
        }
    }
}
