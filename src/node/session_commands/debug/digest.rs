//! DEBUG DIGEST: a signature of the contents, the same as the reference's for the same contents.
//!
//! Two ways to mix SHA-1 hashes: one minds the order (elements of a list, fields against values), the other
//! does not (members of a set, keys of a database).

use crate::node::Node;
use crate::store::value::listpack::Elem;
use crate::store::value::stream::Id;
use crate::store::{Entry, Kind, Object};
use sha1::{Digest as _, Sha1};
use std::ops::ControlFlow;

/// A signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest([u8; 20]);

impl Digest {
    /// Adds bytes, whatever the order.
    fn add(&mut self, bytes: &[u8]) {
        let hash = Sha1::digest(bytes);
        self.0.iter_mut().zip(hash).for_each(|(mine, other)| *mine ^= other);
    }

    /// Adds bytes behind what was mixed before.
    fn mix(&mut self, bytes: &[u8]) {
        self.add(bytes);
        self.0 = Sha1::digest(self.0).into();
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The signature of all databases. O(bytes of all keys and values).
pub(super) fn of_all(node: &Node, now_ms: i64) -> Digest {
    let mut all = Digest::default();
    for database in 0..node.keyspace.databases() {
        if node.keyspace.size(database).keys == 0 {
            continue;
        }
        all.mix(&(database as u32).to_be_bytes());
        node.keyspace.walk(database, now_ms, |entry| {
            let mut digest = Digest::default();
            digest.mix(entry.key());
            mix_value(&mut digest, entry);
            all.add(&digest.0);
            ControlFlow::Continue(())
        });
    }
    all
}

/// The signature of one value.
pub(super) fn of_value(entry: &Entry) -> Digest {
    let mut digest = Digest::default();
    mix_value(&mut digest, entry);
    digest
}

fn mix_value(digest: &mut Digest, entry: &Entry) {
    let kind: u32 = match entry.kind() {
        Kind::String => 0,
        Kind::List => 1,
        Kind::Set => 2,
        Kind::SortedSet => 3,
        Kind::Hash => 4,
        Kind::Stream => 6,
    };
    digest.mix(&kind.to_be_bytes());
    if let Some(string) = entry.as_str() {
        digest.mix(string.as_bytes(&mut itoa::Buffer::new()));
    }
    match entry.as_object().as_deref() {
        Some(Object::List(list)) => list.iter().for_each(|element| with_bytes(element, |bytes| digest.mix(bytes))),
        Some(Object::Set(set)) => set.iter().for_each(|member| with_bytes(member, |bytes| digest.add(bytes))),
        Some(Object::SortedSet(set)) => set.iter().for_each(|(member, score)| {
            let mut own = Digest::default();
            with_bytes(member, |bytes| own.mix(bytes));
            own.mix(crate::command::number::format_double_17g(score).as_bytes());
            digest.add(&own.0);
        }),
        Some(Object::Hash(hash)) => hash.iter().for_each(|(field, value)| {
            let mut own = Digest::default();
            with_bytes(field, |bytes| own.mix(bytes));
            with_bytes(value, |bytes| own.mix(bytes));
            digest.add(&own.0);
        }),
        Some(Object::Stream(stream)) => stream.range(Id::MIN, Id::MAX).for_each(|entry| {
            digest.mix(format!("{}.{}", entry.id.ms, entry.id.seq).as_bytes());
            for (field, value) in entry.pairs() {
                with_bytes(field, |bytes| digest.mix(bytes));
                with_bytes(value, |bytes| digest.mix(bytes));
            }
        }),
        None => {}
    }
    if entry.expiry_ms().is_some() {
        digest.add(b"!!expire!!");
    }
}

fn with_bytes(element: Elem<'_>, work: impl FnOnce(&[u8])) {
    work(element.as_bytes(&mut [0; 20]));
}
