//! Reads streams with their consumer groups.
//!
//! Ids and names come in order, as every server writes them: so none comes twice, and none costs more to add than a
//! look at the end.

use super::{Corrupt, Encoding, Reader, listpack};
use crate::store::value::stream::{Group, Id, Pending, Stream};
use std::borrow::Cow;

/// Bytes of an id in the order in which ids sort.
const ID_BYTES: usize = 16;

/// An entry that was given to somebody and not acknowledged: its id, when, how often, and whether it is known to whom.
struct Given {
    id: Id,
    delivered_ms: i64,
    deliveries: u32,
    owned: bool,
}

/// Nodes, counters, groups. Older encodings lack some of the counters.
pub(super) fn stream(reader: &mut Reader<'_>, encoding: Encoding) -> Result<Stream, Corrupt> {
    let mut stream = Stream::default();
    for _ in 0..reader.length()? {
        let first = id_of(&reader.string()?)?;
        stream.push_packed(first, listpack(reader)?).map_err(|_| Corrupt)?;
    }
    if reader.length()? != stream.len() as u64 {
        return Err(Corrupt);
    }
    let last_id = id(reader)?;
    let (max_deleted_id, added) = match encoding {
        Encoding::Stream => (Id::MIN, stream.len() as u64),
        _ => {
            // The first one's id is known from the nodes.
            id(reader)?;
            (id(reader)?, reader.length()?)
        }
    };
    let mut stream = stream.restored(last_id, added as i64, max_deleted_id).map_err(|_| Corrupt)?;
    let mut before: Option<Cow<'_, [u8]>> = None;
    for _ in 0..reader.length()? {
        let name = ascending(&mut before, reader.string()?)?;
        let group = group(reader, encoding, &stream, name)?;
        stream.create_group(group);
    }
    Ok(stream)
}

/// An id as two lengths.
fn id(reader: &mut Reader<'_>) -> Result<Id, Corrupt> {
    Ok(Id::new(reader.length()?, reader.length()?))
}

/// An id as its bytes.
fn id_of(bytes: &[u8]) -> Result<Id, Corrupt> {
    let bytes: [u8; ID_BYTES] = bytes.try_into().map_err(|_| Corrupt)?;
    let parts = u128::from_be_bytes(bytes);
    Ok(Id::new((parts >> 64) as u64, parts as u64))
}

/// What comes behind `before`, which it then is.
fn ascending<T: PartialOrd>(before: &mut Option<T>, next: T) -> Result<&T, Corrupt> {
    if before.as_ref().is_some_and(|before| *before >= next) {
        return Err(Corrupt);
    }
    Ok(before.insert(next))
}

fn group(reader: &mut Reader<'_>, encoding: Encoding, stream: &Stream, name: &[u8]) -> Result<Group, Corrupt> {
    let last_id = id(reader)?;
    let entries_read = match encoding {
        // As if it had read all that is there up to its last one.
        Encoding::Stream if stream.added() == 0 => Some(0),
        Encoding::Stream => stream.entries_read_at(None, last_id),
        _ => Some(reader.length()? as i64).filter(|read| *read != -1),
    };
    let mut group = Group::new(name, last_id, entries_read);
    let mut given = given(reader)?;
    let mut before: Option<Cow<'_, [u8]>> = None;
    for _ in 0..reader.length()? {
        let name = ascending(&mut before, reader.string()?)?;
        let seen_ms = reader.time_ms()?;
        let consumer = group.create(name, seen_ms).ok_or(Corrupt)?;
        if encoding == Encoding::Stream3 {
            let active_ms = reader.time_ms()?;
            group.consumer_mut(consumer).active_ms = (active_ms != -1).then_some(active_ms);
        }
        for _ in 0..reader.length()? {
            let id = id_of(reader.bytes(ID_BYTES)?)?;
            let place = given.binary_search_by_key(&id, |given| given.id).map_err(|_| Corrupt)?;
            let given = &mut given[place];
            if std::mem::replace(&mut given.owned, true) {
                return Err(Corrupt);
            }
            let Given { delivered_ms, deliveries, .. } = *given;
            group.assign(id, Pending { consumer, deliveries, delivered_ms });
        }
    }
    if given.iter().all(|given| given.owned) { Ok(group) } else { Err(Corrupt) }
}

/// What the group has given to its consumers, in the order of the ids.
fn given(reader: &mut Reader<'_>) -> Result<Vec<Given>, Corrupt> {
    let (mut all, mut before) = (Vec::new(), None);
    for _ in 0..reader.length()? {
        let id = *ascending(&mut before, id_of(reader.bytes(ID_BYTES)?)?)?;
        let (delivered_ms, deliveries) = (reader.time_ms()?, reader.length()?);
        let deliveries = u32::try_from(deliveries).unwrap_or(u32::MAX);
        all.push(Given { id, delivered_ms, deliveries, owned: false });
    }
    Ok(all)
}
