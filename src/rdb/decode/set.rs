//! Reads sets.

use super::{Corrupt, Reader, Seen, are_distinct, count, push_all, within};
use crate::store::value::Limits;
use crate::store::value::intset::IntSet;
use crate::store::value::listpack::{Listpack, integer};
use crate::store::value::set::Set;
use std::borrow::Cow;

/// Members one by one.
pub(super) fn strings(reader: &mut Reader<'_>, limits: &Limits) -> Result<Set, Corrupt> {
    let count = count(reader)?;
    let small_max = limits.intset_entries_max.max(limits.set_entries_max);
    if !within(count, small_max) {
        return table((0..count).map(|_| reader.string()), limits);
    }
    // Few enough to look at all of them before choosing; each is noted as soon as it is read.
    let (mut members, mut seen) = (Vec::new(), Seen::default());
    for _ in 0..count {
        let member = reader.string()?;
        if !seen.note(member.clone()) {
            return Err(Corrupt);
        }
        members.push(member);
    }
    let ints: Option<Vec<i64>> = members.iter().map(|member| integer(member)).collect();
    if let Some(mut ints) = ints.filter(|_| within(count, limits.intset_entries_max)) {
        ints.sort_unstable();
        let mut set = IntSet::new();
        ints.into_iter().for_each(|value| _ = set.insert(value));
        return Ok(Set::from_ints(set, limits));
    }
    let short = members.iter().all(|member| member.len() <= limits.set_value_bytes_max);
    if short && within(count, limits.set_entries_max) {
        let mut pack = Listpack::new();
        members.iter().try_for_each(|member| push_all(&mut pack, &[member]))?;
        return Ok(Set::from_packed(pack));
    }
    table(members.into_iter().map(Ok), limits)
}

/// Integers in one string.
pub(super) fn integers(reader: &mut Reader<'_>, limits: &Limits) -> Result<Set, Corrupt> {
    let ints = IntSet::from_bytes(&reader.string()?).ok_or(Corrupt)?;
    Ok(Set::from_ints(ints, limits))
}

/// Members in one listpack.
pub(super) fn listpack(reader: &mut Reader<'_>, limits: &Limits) -> Result<Set, Corrupt> {
    let pack = super::listpack(reader)?;
    if !are_distinct(&pack, 1) {
        return Err(Corrupt);
    }
    if pack.len() <= limits.set_entries_max {
        return Ok(Set::from_packed(pack));
    }
    table(pack.iter().map(|member| Ok(member.to_vec().into())), limits)
}

/// A set that is not packed.
fn table<'b>(members: impl Iterator<Item = Result<Cow<'b, [u8]>, Corrupt>>, limits: &Limits) -> Result<Set, Corrupt> {
    let unpacked = Limits { intset_entries_max: 0, set_entries_max: 0, ..limits.clone() };
    let mut set = Set::new();
    for member in members {
        if !set.add(&member?, &unpacked) {
            return Err(Corrupt);
        }
    }
    Ok(set)
}
