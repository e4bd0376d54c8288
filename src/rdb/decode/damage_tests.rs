//! Wrong bytes of every encoding: reading ends, and what is taken can be used in every way.

use super::*;
use crate::rdb::encode::Source;
use crate::rdb::payload::{self, Payload, seal};
use crate::rdb::{VERSION_EXPIRING, Writer};
use crate::store::value::hash::Hash;
use crate::store::value::list::{End, List, Node};
use crate::store::value::set::Set;
use crate::store::value::sorted_set::SortedSet;
use crate::store::value::stream::{Group, Id, NewId, Pending, Stream};
use fastrand::Rng;

const VERSION_VALKEY: u16 = 80;

fn text(random: &mut Rng) -> Vec<u8> {
    match random.u8(0..4) {
        0 => random.i16(..).to_string().into_bytes(),
        1 => vec![b'r'; random.usize(0..90)],
        2 => (0..random.usize(0..30)).map(|_| random.u8(..)).collect(),
        _ => random.u8(0..100).to_string().into_bytes(),
    }
}

/// A value that was dumped, behind its number, and its version.
fn dumped(random: &mut Rng) -> (Vec<u8>, u16) {
    let limits = Limits { hash_entries_max: 8, sorted_set_entries_max: 8, list_node_max: -1, ..Limits::default() };
    let count = random.usize(1..20);
    let object = match random.u8(0..5) {
        4 => Object::Stream(Box::new(stream(random, count))),
        0 => {
            let mut list = List::new();
            (0..count).for_each(|_| list.push(End::Back, &text(random), &limits));
            if random.bool() {
                list.push_node(Node::Plain(b"plain".as_slice().into()));
            }
            Object::List(list)
        }
        1 => {
            let mut set = Set::new();
            (0..count).for_each(|_| _ = set.add(&text(random), &limits));
            Object::Set(set)
        }
        2 => {
            let mut hash = Hash::new();
            let fields: Vec<Vec<u8>> = (0..count).map(|_| text(random)).collect();
            fields.iter().for_each(|field| _ = hash.set(field, &text(random), &limits));
            let expiring = if random.bool() { random.usize(..count) } else { 0 };
            fields[..expiring].iter().for_each(|field| _ = hash.set_expiry(field, random.i64(1..5000)));
            Object::Hash(hash)
        }
        _ => {
            let mut set = SortedSet::new();
            (0..count).for_each(|_| _ = set.insert(&text(random), f64::from(random.i8(..)) / 4.0, &limits));
            Object::SortedSet(set)
        }
    };
    let mut payload = payload::dump(Source::Object(&object), &limits, random.bool());
    payload.truncate(payload.len() - 10);
    (payload, VERSION_EXPIRING)
}

fn stream(random: &mut Rng, count: usize) -> Stream {
    let limits = Limits { stream_node_entries_max: 5, ..Limits::default() };
    let mut stream = Stream::default();
    for _ in 0..count {
        let fields = if random.bool() { vec![b"f".to_vec(), text(random)] } else { vec![text(random); 4] };
        let id = NewId::AutoSeq(stream.last_id().ms + random.u64(0..2));
        let _ = stream.append(id, 0, fields.iter().map(Vec::as_slice), &limits);
    }
    let id = |random: &mut Rng| Id::new(random.u64(0..12), random.u64(0..4));
    (0..count / 3).for_each(|_| _ = stream.delete(id(random)));
    for name in [b"g", b"h"] {
        let mut group = Group::new(name, id(random), Some(3));
        let consumers: Vec<_> = [b"c", b"d"].iter().filter_map(|name| group.create(*name, 1000)).collect();
        for _ in 0..random.u8(0..5) {
            let consumer = random.choice(&consumers).copied().expect("there are two");
            group.assign(id(random), Pending { consumer, deliveries: 1, delivered_ms: 2000 });
        }
        stream.create_group(group);
    }
    stream
}

/// A value in an encoding that is only read.
fn foreign(random: &mut Rng) -> (Vec<u8>, u16) {
    let number = random.choice([20, 22]).unwrap_or_default();
    let mut out = vec![number];
    let mut writer = Writer::new(&mut out, random.bool());
    let count = random.usize(1..20);
    if number == 20 {
        let mut pack = Listpack::new();
        (0..count).for_each(|_| _ = pack.push_back(&text(random)));
        writer.string(pack.as_bytes());
    } else {
        writer.count(count);
        for _ in 0..count {
            writer.string(&text(random));
            writer.string(&text(random));
            writer.time_ms(random.i64(-1..5000));
        }
    }
    (out, VERSION_VALKEY)
}

fn damage(random: &mut Rng, value: &mut Vec<u8>) {
    let changes = random.usize(0..4);
    for _ in 0..changes.min(value.len()) {
        let at = random.usize(..value.len());
        match random.u8(0..6) {
            0 => value.insert(at, random.u8(..)),
            1 if value.len() > 1 => _ = value.remove(at),
            2 => value[at] = random.choice([0, 0x7F, 0x80, 0x81, 0xC3, 0xF0, 0xFE, 0xFF]).unwrap_or_default(),
            3 => value[at] = random.u8(..),
            _ => value[at] ^= 1 << random.u8(0..8),
        }
    }
}

/// Reads, changes and empties a collection.
fn exercise(random: &mut Rng, object: Object) {
    let limits = Limits::default();
    match object {
        Object::List(mut list) => {
            let elements: Vec<Vec<u8>> = list.iter().map(|elem| elem.to_vec()).collect();
            assert_eq!(elements.len(), list.len());
            list.set(random.usize(..list.len()), b"x", &limits);
            list.insert_near(b"x", true, b"y", &limits);
            list.push(End::Front, &text(random), &limits);
            assert_eq!(list.remove_equal(b"y", 1, End::Back), 1);
            list.pop(End::Back, usize::MAX, |_| {});
            assert!(list.is_empty());
        }
        Object::Set(mut set) => {
            let members: Vec<Vec<u8>> = set.iter().map(|member| member.to_vec()).collect();
            set.add(&text(random), &limits);
            set.add(b"not a number", &limits);
            assert!(members.iter().all(|member| set.contains(member) && set.remove(member)));
        }
        Object::Stream(mut stream) => {
            let ids: Vec<Id> = stream.range(Id::MIN, Id::MAX).map(|entry| entry.id).collect();
            let mut back: Vec<Id> = stream.range_back(Id::MIN, Id::MAX).map(|entry| entry.id).collect();
            back.reverse();
            assert_eq!((ids.len(), &ids), (stream.len(), &back));
            assert!(ids.is_sorted_by(|a, b| a < b));
            stream.range(Id::MIN, Id::MAX).for_each(|entry| assert_eq!(entry.pairs().count(), entry.fields));
            let added = stream.append(NewId::Auto, 5, [&b"f"[..], b"v"].into_iter(), &limits);
            let names: Vec<Vec<u8>> = stream.groups().map(|group| group.name().to_vec()).collect();
            for name in names {
                let group = stream.group_mut(&name).expect("it was there");
                let given: Vec<Id> = group.pending().iter().map(|(id, _)| id).collect();
                assert!(given.iter().all(|id| group.acknowledge(*id)));
                assert!(group.consumers().all(|consumer| consumer.pending().is_empty()));
            }
            assert!(ids.iter().all(|id| stream.has(*id) && stream.delete(*id)));
            assert_eq!(stream.len(), usize::from(added.is_ok()));
        }
        Object::Hash(mut hash) => {
            let fields: Vec<Vec<u8>> = hash.iter().map(|(field, _)| field.to_vec()).collect();
            assert_eq!(fields.len(), hash.len());
            hash.remove_expired(random.i64(0..5000));
            hash.set(&text(random), &text(random), &limits);
            fields.iter().for_each(|field| _ = hash.remove(field));
            assert!(hash.len() <= 1);
        }
        Object::SortedSet(mut set) => {
            let pairs: Vec<(Vec<u8>, f64)> = set.iter().map(|(member, score)| (member.to_vec(), score)).collect();
            assert!(pairs.is_sorted_by(|a, b| a.1 <= b.1));
            for (rank, (member, score)) in pairs.iter().enumerate() {
                assert_eq!(set.rank(member), Some((rank, *score)));
            }
            set.insert(&text(random), 3.0, &Limits { sorted_set_entries_max: random.usize(0..40), ..limits.clone() });
            assert!(pairs.iter().all(|(member, _)| set.remove(member).is_some()));
            assert!(set.len() <= 1);
        }
    }
}

#[test]
fn whatever_the_bytes_a_value_is_refused_or_sound() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = Rng::with_seed(seed);
    let limits = Limits { hash_entries_max: 10, sorted_set_entries_max: 10, ..Limits::default() };
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let (mut payload, version) = if random.bool() { dumped(&mut random) } else { foreign(&mut random) };
        damage(&mut random, &mut payload);
        seal(&mut payload, version);
        let payload = Payload::open(&payload).expect("the checksum is right");
        let Ok(Value::Object(object)) = payload.decode(&limits, 1 << 20) else {
            refused += 1;
            continue;
        };
        taken += 1;
        let again = payload::dump(Source::Object(&object), &limits, true);
        let again = Payload::open(&again).expect("it was just sealed").decode(&limits, 1 << 20);
        let Ok(Value::Object(again)) = again else { panic!("what was dumped is read again") };
        exercise(&mut random, object);
        exercise(&mut random, again);
    }
    assert!(taken > 2000 && refused > 2000, "{taken} {refused}");
}
