//! Writes values: in the encodings of the reference's 7.0, its bytes for the same value where they do not depend on
//! the order in a table.

use super::{Encoding, Writer};
use crate::store::value::Limits;
use crate::store::value::hash::Hash;
use crate::store::value::list::{List, Node};
use crate::store::value::listpack::{Elem, Listpack};
use crate::store::value::set::Set;
use crate::store::value::sorted_set::SortedSet;
use crate::store::value::stream::{Group, Id, Stream};
use crate::store::{Entry, Object, Str};

/// A node of a list is one element that is too large for a listpack.
pub(super) const NODE_PLAIN: u64 = 1;
/// A node of a list is a listpack.
pub(super) const NODE_PACKED: u64 = 2;

/// Most fields that are packed once more, together with when they expire.
const TRIPLES_MAX: usize = 1 << 16;

/// What is written.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// A string.
    String(Str<'a>),
    /// A collection.
    Object(&'a Object),
}

/// Hands the value of an entry to `work`.
pub fn with_value<R>(entry: &Entry, work: impl FnOnce(Source<'_>) -> R) -> Option<R> {
    match entry.as_str() {
        Some(string) => Some(work(Source::String(string))),
        None => entry.as_object().map(|object| work(Source::Object(&object))),
    }
}

/// How [`write`] writes a value.
pub fn encoding_of(source: Source<'_>) -> Encoding {
    let Source::Object(object) = source else { return Encoding::String };
    match object {
        Object::List(_) => Encoding::ListQuicklist2,
        Object::Set(set) if set.as_ints().is_some() => Encoding::SetIntset,
        Object::Set(_) => Encoding::Set,
        Object::Hash(hash) => match (hash.as_packed().is_some(), hash.has_expiry()) {
            (true, false) => Encoding::HashListpack,
            (true, true) if hash.len() <= TRIPLES_MAX => Encoding::HashListpackExpiring,
            (false, false) => Encoding::Hash,
            (_, true) => Encoding::HashExpiring,
        },
        Object::SortedSet(set) if set.packed().is_some() => Encoding::SortedSetListpack,
        Object::SortedSet(_) => Encoding::SortedSet,
        Object::Stream(_) => Encoding::Stream2,
    }
}

/// Writes a value, without the number of its encoding. `limits` are those it is kept by. O(its bytes).
pub fn write(writer: &mut Writer<'_>, source: Source<'_>, limits: &Limits) {
    let encoding = encoding_of(source);
    match source {
        Source::String(Str::Int(number)) => writer.integer(number),
        Source::String(Str::Bytes(bytes)) => writer.string(bytes),
        Source::Object(Object::List(list)) => write_list(writer, list, limits),
        Source::Object(Object::Set(set)) => write_set(writer, set),
        Source::Object(Object::Hash(hash)) => write_hash(writer, hash, encoding),
        Source::Object(Object::SortedSet(set)) => write_sorted_set(writer, set),
        Source::Object(Object::Stream(stream)) => write_stream(writer, stream),
    }
}

fn write_list(writer: &mut Writer<'_>, list: &List, limits: &Limits) {
    // What the first two nodes would become with the next element is what the reference has all the time.
    let joined = list.first_two_joined(limits);
    writer.count(list.node_count() - usize::from(joined.is_some()));
    let skipped = joined.as_ref().map_or(0, |_| 2);
    if let Some(pack) = joined {
        write_packed_node(writer, &pack);
    }
    for node in list.nodes().skip(skipped) {
        match node {
            Node::Packed(pack) => write_packed_node(writer, pack),
            Node::Plain(element) => {
                writer.length(NODE_PLAIN);
                writer.string(element);
            }
        }
    }
}

fn write_packed_node(writer: &mut Writer<'_>, pack: &Listpack) {
    writer.length(NODE_PACKED);
    writer.string(pack.as_bytes());
}

fn write_set(writer: &mut Writer<'_>, set: &Set) {
    match set.as_ints() {
        Some(ints) => writer.string(ints.as_bytes()),
        None => {
            writer.count(set.len());
            set.iter().for_each(|member| writer.elem(member));
        }
    }
}

fn write_hash(writer: &mut Writer<'_>, hash: &Hash, encoding: Encoding) {
    let next_expiry_ms = hash.next_expiry_ms();
    if let Some(at_ms) = next_expiry_ms {
        writer.time_ms(at_ms);
    }
    if encoding == Encoding::HashListpackExpiring {
        return writer.string(triples(hash).as_bytes());
    }
    if let Some(pack) = hash.as_packed().filter(|_| encoding == Encoding::HashListpack) {
        return writer.string(pack.as_bytes());
    }
    writer.count(hash.len());
    hash.iter().for_each(|(field, value)| {
        if let Some(first_ms) = next_expiry_ms {
            // Counted from the first one, from 1 on: 0 says that it does not expire.
            let at_ms = hash.expiry(field.as_bytes(&mut [0; 20]));
            writer.length(at_ms.map_or(0, |at_ms| at_ms.abs_diff(first_ms).saturating_add(1)));
        }
        writer.elem(field);
        writer.elem(value);
    });
}

/// Field, value and time (0: none) in turn, the first to expire first.
fn triples(hash: &Hash) -> Listpack {
    let mut fields: Vec<(Option<i64>, Elem<'_>, Elem<'_>)> =
        hash.iter().map(|(field, value)| (hash.expiry(field.as_bytes(&mut [0; 20])), field, value)).collect();
    fields.sort_by_key(|(at_ms, ..)| at_ms.unwrap_or(i64::MAX));
    let mut pack = Listpack::new();
    for (at_ms, field, value) in fields {
        pack.push_back_elem(field);
        pack.push_back_elem(value);
        pack.push_back_elem(Elem::Int(at_ms.unwrap_or(0)));
    }
    pack
}

fn write_sorted_set(writer: &mut Writer<'_>, set: &SortedSet) {
    if let Some(pack) = set.packed() {
        return writer.string(pack.as_bytes());
    }
    writer.count(set.len());
    // The highest first: whoever reads them one by one inserts each at the front.
    set.iter().rev().for_each(|(member, score)| {
        writer.elem(member);
        writer.double(score);
    });
}

fn write_id(writer: &mut Writer<'_>, id: Id) {
    writer.length(id.ms);
    writer.length(id.seq);
}

fn write_stream(writer: &mut Writer<'_>, stream: &Stream) {
    let nodes = stream.packed_nodes();
    writer.count(nodes.len());
    for (first, pack) in nodes {
        writer.string(&first.to_bytes());
        writer.string(pack.as_bytes());
    }
    writer.count(stream.len());
    write_id(writer, stream.last_id());
    write_id(writer, stream.first_id());
    write_id(writer, stream.max_deleted_id());
    writer.length(stream.added() as u64);
    writer.count(stream.groups().len());
    stream.groups().for_each(|group| write_group(writer, group));
}

fn write_group(writer: &mut Writer<'_>, group: &Group) {
    writer.string(group.name());
    write_id(writer, group.last_id);
    // Unknown is -1.
    writer.length(group.entries_read.unwrap_or(-1) as u64);
    writer.count(group.pending().len());
    for (id, pending) in group.pending().iter() {
        writer.bytes(&id.to_bytes());
        writer.time_ms(pending.delivered_ms);
        writer.length(pending.deliveries.into());
    }
    writer.count(group.consumer_count());
    for consumer in group.consumers() {
        writer.string(consumer.name());
        writer.time_ms(consumer.seen_ms);
        writer.count(consumer.pending().len());
        consumer.pending().iter().for_each(|(id, ())| writer.bytes(&id.to_bytes()));
    }
}
