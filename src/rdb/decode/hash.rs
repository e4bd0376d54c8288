//! Reads hashes, with and without fields that expire.

use super::super::zipmap;
use super::{Corrupt, Reader, Seen, are_distinct, count, listpack, push_all, within};
use crate::store::value::Limits;
use crate::store::value::hash::Hash;
use crate::store::value::listpack::{Elem, Listpack};
use std::borrow::Cow;

/// Last time at which a field can expire, unix ms: the reference keeps 48 bits.
const EXPIRY_MS_MAX: u64 = (1 << 48) - 1;

/// A field, its value, and when it expires.
type Field<'b> = (Cow<'b, [u8]>, Cow<'b, [u8]>, Option<i64>);

/// Fields and values one by one.
pub(super) fn strings(reader: &mut Reader<'_>, limits: &Limits) -> Result<Hash, Corrupt> {
    let count = count(reader)?;
    fields(reader, count, limits, |reader| Ok((reader.string()?, reader.string()?, None)))
}

/// Fields and values in the oldest packed form.
pub(super) fn zipmap(reader: &mut Reader<'_>, limits: &Limits) -> Result<Hash, Corrupt> {
    let pack = zipmap::to_listpack(&reader.string()?)?;
    let long = pack.iter().any(|elem| elem.len() > limits.hash_value_bytes_max);
    let limits = if long { &unpacked(limits) } else { limits };
    packed(pack, limits)
}

/// Fields and values in turn. Those of any length stay packed, as the reference has it.
pub(super) fn packed(pack: Listpack, limits: &Limits) -> Result<Hash, Corrupt> {
    if !are_distinct(&pack, 2) {
        return Err(Corrupt);
    }
    if pack.len() / 2 <= limits.hash_entries_max {
        return Ok(Hash::from_packed(pack));
    }
    Ok(table(&pack, &unpacked(limits)))
}

/// Time, field and value one by one; times are counted from 1 on, from the first of all.
pub(super) fn expiring(reader: &mut Reader<'_>, limits: &Limits) -> Result<Hash, Corrupt> {
    let first_ms = u64::try_from(reader.time_ms()?).map_err(|_| Corrupt)?;
    let count = count(reader)?;
    fields(reader, count, limits, |reader| {
        let at_ms = match reader.length()? {
            0 => None,
            after => Some(first_ms.checked_add(after - 1).ok_or(Corrupt).and_then(expiry)?),
        };
        Ok((reader.string()?, reader.string()?, at_ms))
    })
}

/// Field, value and time in turn; a time of 0 is none. The first of all times stands in front and is not needed.
pub(super) fn packed_expiring(reader: &mut Reader<'_>, limits: &Limits) -> Result<Hash, Corrupt> {
    reader.time_ms()?;
    let triples = listpack(reader)?;
    if !are_distinct(&triples, 3) {
        return Err(Corrupt);
    }
    let (mut pairs, mut times) = (Listpack::new(), Vec::new());
    let mut elems = triples.iter();
    while let (Some(field), Some(value), Some(at_ms)) = (elems.next(), elems.next(), elems.next()) {
        let Elem::Int(at_ms) = at_ms else { return Err(Corrupt) };
        match u64::try_from(at_ms).map_err(|_| Corrupt)? {
            0 => {}
            at_ms => times.push((field, expiry(at_ms)?)),
        }
        pairs.push_back_elem(field);
        pairs.push_back_elem(value);
    }
    let mut hash = packed(pairs, limits)?;
    for (field, at_ms) in times {
        hash.set_expiry(field.as_bytes(&mut [0; 20]), at_ms);
    }
    Ok(hash)
}

/// Field, value and time one by one; a time of -1 is none.
pub(super) fn valkey(reader: &mut Reader<'_>, limits: &Limits) -> Result<Hash, Corrupt> {
    let count = count(reader)?;
    fields(reader, count, limits, |reader| {
        let (field, value) = (reader.string()?, reader.string()?);
        let at_ms = match reader.time_ms()? {
            -1 => None,
            at_ms => Some(u64::try_from(at_ms).map_err(|_| Corrupt).and_then(expiry)?),
        };
        Ok((field, value, at_ms))
    })
}

fn expiry(at_ms: u64) -> Result<i64, Corrupt> {
    if at_ms <= EXPIRY_MS_MAX { i64::try_from(at_ms).map_err(|_| Corrupt) } else { Err(Corrupt) }
}

fn unpacked(limits: &Limits) -> Limits {
    Limits { hash_entries_max: 0, ..limits.clone() }
}

/// `count` fields that `next` reads.
fn fields<'b>(
    reader: &mut Reader<'b>,
    count: u64,
    limits: &Limits,
    next: impl Fn(&mut Reader<'b>) -> Result<Field<'b>, Corrupt>,
) -> Result<Hash, Corrupt> {
    let unpacked = unpacked(limits);
    let (mut pack, mut seen, mut times) = (Listpack::new(), Seen::default(), Vec::new());
    let mut hash = None;
    for _ in 0..count {
        let (field, value, at_ms) = next(reader)?;
        let short = field.len().max(value.len()) <= limits.hash_value_bytes_max;
        if hash.is_none() && short && within(count, limits.hash_entries_max) {
            if !seen.note(field.clone()) {
                return Err(Corrupt);
            }
            push_all(&mut pack, &[&field, &value])?;
            times.extend(at_ms.map(|at_ms| (field, at_ms)));
            continue;
        }
        // Too many or too long: what was packed goes into a table, with all that follows.
        let hash = match &mut hash {
            Some(hash) => hash,
            none => none.insert(table(&pack, &unpacked)),
        };
        if !hash.set(&field, &value, &unpacked) {
            return Err(Corrupt);
        }
        times.extend(at_ms.map(|at_ms| (field, at_ms)));
    }
    let mut hash = hash.unwrap_or_else(|| Hash::from_packed(pack));
    for (field, at_ms) in times {
        hash.set_expiry(&field, at_ms);
    }
    Ok(hash)
}

/// The fields of a listpack in a table, unless it has none.
fn table(pack: &Listpack, unpacked: &Limits) -> Hash {
    let mut hash = Hash::new();
    let mut elems = pack.iter();
    while let (Some(field), Some(value)) = (elems.next(), elems.next()) {
        hash.set(field.as_bytes(&mut [0; 20]), value.as_bytes(&mut [0; 20]), unpacked);
    }
    hash
}
