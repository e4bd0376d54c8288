//! Reads values in every encoding that is known, checks all of each, and makes of them what the limits ask for.
//!
//! What no client could have made is refused: elements that come twice, scores that are no numbers or out of order,
//! counts that are not true, and collections without elements.

mod hash;
mod list;
mod set;
mod sorted_set;
mod stream;

use super::{Corrupt, Encoding, Reader};
use crate::store::Object;
use crate::store::value::Limits;
use crate::store::value::listpack::{Elem, Listpack, integer};
use std::borrow::Cow;
use std::collections::HashSet;

/// Most that an element of a listpack takes on top of its bytes.
const ENTRY_BYTES_MAX: usize = 16;

/// A value that was read.
#[derive(Clone)]
pub enum Value<'b> {
    /// A string.
    String(Cow<'b, [u8]>),
    /// A collection, with at least one element.
    Object(Object),
}

/// Reads a value behind the number of its encoding. O(its bytes).
pub fn read<'b>(reader: &mut Reader<'b>, encoding: Encoding, limits: &Limits) -> Result<Value<'b>, Corrupt> {
    let object = match encoding {
        Encoding::String => return reader.string().map(Value::String),
        Encoding::List => Object::List(list::strings(reader, limits)?),
        Encoding::ListZiplist => Object::List(list::ziplist(reader, limits)?),
        Encoding::ListQuicklist => Object::List(list::ziplists(reader)?),
        Encoding::ListQuicklist2 => Object::List(list::nodes(reader)?),
        Encoding::Set => Object::Set(set::strings(reader, limits)?),
        Encoding::SetIntset => Object::Set(set::integers(reader, limits)?),
        Encoding::SetListpack => Object::Set(set::listpack(reader, limits)?),
        Encoding::SortedSetText => Object::SortedSet(sorted_set::strings(reader, Reader::double_text, limits)?),
        Encoding::SortedSet => Object::SortedSet(sorted_set::strings(reader, Reader::double, limits)?),
        Encoding::SortedSetZiplist => Object::SortedSet(sorted_set::packed(from_ziplist(reader)?, limits)?),
        Encoding::SortedSetListpack => Object::SortedSet(sorted_set::packed(listpack(reader)?, limits)?),
        Encoding::Hash => Object::Hash(hash::strings(reader, limits)?),
        Encoding::HashZipmap => Object::Hash(hash::zipmap(reader, limits)?),
        Encoding::HashZiplist => Object::Hash(hash::packed(from_ziplist(reader)?, limits)?),
        Encoding::HashListpack => Object::Hash(hash::packed(listpack(reader)?, limits)?),
        Encoding::HashExpiring => Object::Hash(hash::expiring(reader, limits)?),
        Encoding::HashListpackExpiring => Object::Hash(hash::packed_expiring(reader, limits)?),
        Encoding::HashValkey => Object::Hash(hash::valkey(reader, limits)?),
        Encoding::Stream | Encoding::Stream2 | Encoding::Stream3 => {
            Object::Stream(Box::new(stream::stream(reader, encoding)?))
        }
    };
    if object.is_empty() { Err(Corrupt) } else { Ok(Value::Object(object)) }
}

/// A listpack in a string.
fn listpack(reader: &mut Reader<'_>) -> Result<Listpack, Corrupt> {
    Listpack::from_bytes(reader.string()?.into_owned()).map_err(|_| Corrupt)
}

/// A ziplist in a string.
fn from_ziplist(reader: &mut Reader<'_>) -> Result<Listpack, Corrupt> {
    super::ziplist::to_listpack(&reader.string()?)
}

/// How many elements follow: at least one.
fn count(reader: &mut Reader<'_>) -> Result<u64, Corrupt> {
    match reader.length()? {
        0 => Err(Corrupt),
        count => Ok(count),
    }
}

/// Whether `count` is within a limit.
fn within(count: u64, max: usize) -> bool {
    usize::try_from(count).is_ok_and(|count| count <= max)
}

/// Notes texts, to find one that comes twice: by its number when it is how one prints, whichever way it is stored.
#[derive(Default)]
struct Seen<'e> {
    numbers: HashSet<i64, ahash::RandomState>,
    texts: HashSet<Cow<'e, [u8]>, ahash::RandomState>,
}

impl<'e> Seen<'e> {
    /// True when the text comes for the first time.
    fn note(&mut self, text: Cow<'e, [u8]>) -> bool {
        match integer(&text) {
            Some(number) => self.numbers.insert(number),
            None => self.texts.insert(text),
        }
    }

    /// As [`note`](Self::note).
    fn note_elem(&mut self, elem: Elem<'e>) -> bool {
        match elem {
            Elem::Int(number) => self.numbers.insert(number),
            Elem::Bytes(bytes) => self.note(Cow::Borrowed(bytes)),
        }
    }
}

/// Whether every `step`-th element of a listpack, from the first on, comes once, and the last `step` are complete.
fn are_distinct(pack: &Listpack, step: usize) -> bool {
    let mut seen = Seen::default();
    pack.len().is_multiple_of(step) && pack.iter().step_by(step).all(|elem| seen.note_elem(elem))
}

/// Adds elements to a listpack that is to stay below its largest size.
fn push_all(pack: &mut Listpack, elems: &[&[u8]]) -> Result<(), Corrupt> {
    let bytes: usize = elems.iter().map(|elem| elem.len() + ENTRY_BYTES_MAX).sum();
    if !pack.fits(bytes) {
        return Err(Corrupt);
    }
    pack.append(elems.iter().copied());
    Ok(())
}

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod tests;
