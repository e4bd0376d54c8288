//! Reads sorted sets.

use super::super::reader::parse_double;
use super::{Corrupt, Reader, Seen, are_distinct, count, within};
use crate::store::value::Limits;
use crate::store::value::listpack::{Elem, Listpack};
use crate::store::value::sorted_set::SortedSet;
use std::cmp::Ordering;

/// Members and scores one by one, in any order.
pub(super) fn strings<'b>(
    reader: &mut Reader<'b>,
    score: impl Fn(&mut Reader<'b>) -> Result<f64, Corrupt>,
    limits: &Limits,
) -> Result<SortedSet, Corrupt> {
    let count = count(reader)?;
    let mut pair = || {
        let (member, score) = (reader.string()?, score(reader)?);
        if score.is_nan() { Err(Corrupt) } else { Ok((member, score)) }
    };
    if !within(count, limits.sorted_set_entries_max) {
        let unpacked = Limits { sorted_set_entries_max: 0, ..limits.clone() };
        let mut set = SortedSet::new();
        for _ in 0..count {
            let (member, score) = pair()?;
            if set.insert(&member, score, &unpacked).is_some() {
                return Err(Corrupt);
            }
        }
        return Ok(set);
    }
    let (mut pairs, mut seen) = (Vec::new(), Seen::default());
    for _ in 0..count {
        let (member, score) = pair()?;
        if !seen.note(member.clone()) {
            return Err(Corrupt);
        }
        pairs.push((member, score));
    }
    // The two zeros are equal, and no score is NaN.
    pairs.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap_or(Ordering::Equal).then_with(|| a.0.cmp(&b.0)));
    let sorted = pairs.iter().map(|(member, score)| (Elem::Bytes(member), *score));
    Ok(SortedSet::from_sorted(pairs.len(), sorted, limits))
}

/// Members and scores in turn, in order.
pub(super) fn packed(pack: Listpack, limits: &Limits) -> Result<SortedSet, Corrupt> {
    if !are_distinct(&pack, 2) || !is_ordered(&pack) {
        return Err(Corrupt);
    }
    if pack.len() / 2 <= limits.sorted_set_entries_max {
        return Ok(SortedSet::from_packed(pack));
    }
    let packed = SortedSet::from_packed(pack);
    Ok(SortedSet::from_sorted(packed.len(), packed.iter(), limits))
}

/// Whether all scores are numbers, and members come by score and then by their bytes.
fn is_ordered(pack: &Listpack) -> bool {
    let mut elems = pack.iter();
    let mut before: Option<(f64, Elem<'_>)> = None;
    while let (Some(member), Some(score)) = (elems.next(), elems.next()) {
        let score = match score {
            Elem::Int(number) => number as f64,
            Elem::Bytes(text) => match parse_double(text) {
                Some(score) if !score.is_nan() => score,
                _ => return false,
            },
        };
        if let Some((before_score, before_member)) = before
            && (before_score > score
                || before_score == score && before_member.as_bytes(&mut [0; 20]) >= member.as_bytes(&mut [0; 20]))
        {
            return false;
        }
        before = Some((score, member));
    }
    true
}
