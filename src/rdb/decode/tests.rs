//! Every encoding that is only read, made by hand; and what must not be read.

use super::*;
use crate::rdb::payload::{Payload, seal};
use crate::rdb::ziplist::tests::ziplist;
use crate::rdb::{Writer, encode, payload};
use crate::store::value::hash::Hash;
use crate::store::value::sorted_set::SortedSet;
use crate::store::value::stream::{Group, Id, NewId, Pending, Stream};

const STRING_BYTES_MAX: usize = 1 << 20;

/// A payload of these parts behind a number.
fn sealed(number: u8, version: u16, write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = vec![number];
    write(&mut Writer::new(&mut out, false));
    seal(&mut out, version);
    out
}

fn restored(payload: &[u8]) -> Option<Value<'_>> {
    Payload::open(payload)?.decode(&Limits::default(), STRING_BYTES_MAX).ok()
}

/// What is in it as text: elements in order, sets sorted, `field=value@time` of hashes.
fn shown(payload: &[u8]) -> Option<String> {
    let text = |elem: Elem<'_>| String::from_utf8_lossy(&elem.to_vec()).into_owned();
    let mut parts: Vec<String> = match restored(payload)? {
        Value::String(bytes) => vec![String::from_utf8_lossy(&bytes).into_owned()],
        Value::Object(Object::List(list)) => list.iter().map(text).collect(),
        Value::Object(Object::Set(set)) => set.iter().map(text).collect(),
        Value::Object(Object::SortedSet(set)) => {
            set.iter().map(|(member, score)| format!("{}={score}", text(member))).collect()
        }
        Value::Object(Object::Stream(stream)) => return Some(shown_stream(&stream)),
        Value::Object(Object::Hash(hash)) => hash
            .iter()
            .map(|(field, value)| {
                let at_ms = hash.expiry(&field.to_vec()).map_or(String::new(), |at_ms| format!("@{at_ms}"));
                format!("{}={}{at_ms}", text(field), text(value))
            })
            .collect(),
    };
    if matches!(restored(payload)?, Value::Object(Object::Set(_) | Object::Hash(_))) {
        parts.sort();
    }
    Some(parts.join(" "))
}

/// Ids of the entries, and what else is kept of a stream.
fn shown_stream(stream: &Stream) -> String {
    let mut out: Vec<String> = stream.range(Id::MIN, Id::MAX).map(|entry| entry.id.to_string()).collect();
    out.push(format!("last {} deleted {} added {}", stream.last_id(), stream.max_deleted_id(), stream.added()));
    for group in stream.groups() {
        out.push(format!("group {} {:?}", group.last_id, group.entries_read));
        for consumer in group.consumers() {
            out.push(format!("consumer {} {:?}", consumer.seen_ms, consumer.active_ms));
            for (id, ()) in consumer.pending().iter() {
                let pending = group.get(id).expect("it is pending in its group too");
                out.push(format!("pending {id} {} {}", pending.delivered_ms, pending.deliveries));
            }
        }
    }
    out.join(" ")
}

/// A stream of three entries, of which the first was deleted and the second is pending.
fn stream() -> Stream {
    let mut stream = Stream::default();
    for ms in [5, 6, 7] {
        let id = NewId::Exactly(Id::new(ms, 1));
        stream.append(id, 0, [&b"f"[..], b"v"].into_iter(), &Limits::default()).expect("ids ascend");
    }
    stream.delete(Id::new(5, 1));
    let mut group = Group::new(b"g", Id::new(6, 1), Some(2));
    let consumer = group.create(b"c", 1000).expect("it is new");
    group.assign(Id::new(6, 1), Pending { consumer, deliveries: 3, delivered_ms: 2000 });
    stream.create_group(group);
    stream
}

/// The same stream in an older or newer encoding.
fn stream_as(number: u8) -> Vec<u8> {
    let stream = stream();
    sealed(number, 11, |writer| {
        writer.count(1);
        let (first, pack) = stream.packed_nodes().next().expect("there is a node");
        strings(writer, &[&first.to_bytes(), pack.as_bytes()]);
        let ids = |writer: &mut Writer<'_>, ids: &[u64]| ids.iter().for_each(|part| writer.length(*part));
        ids(writer, &[2, 7, 1]);
        if number > 15 {
            ids(writer, &[6, 1, 5, 1, 3]);
        }
        writer.count(1);
        writer.string(b"g");
        ids(writer, &[6, 1]);
        if number > 15 {
            writer.length(2);
        }
        writer.count(1);
        writer.bytes(&Id::new(6, 1).to_bytes());
        writer.time_ms(2000);
        writer.length(3);
        writer.count(1);
        writer.string(b"c");
        writer.time_ms(1000);
        if number == 21 {
            writer.time_ms(1500);
        }
        writer.count(1);
        writer.bytes(&Id::new(6, 1).to_bytes());
    })
}

#[test]
fn streams_of_every_version_are_read() {
    let rest = |active: &str| format!("consumer 1000 {active} pending 6-1 2000 3");
    let dumped = payload::dump(encode::Source::Object(&Object::Stream(Box::new(stream()))), &Limits::default(), true);
    let second = format!("6-1 7-1 last 7-1 deleted 5-1 added 3 group 6-1 Some(2) {}", rest("None"));
    assert_eq!((dumped[0], shown(&dumped)), (19, Some(second.clone())));
    assert_eq!(shown(&stream_as(19)), Some(second));
    let third = format!("6-1 7-1 last 7-1 deleted 5-1 added 3 group 6-1 Some(2) {}", rest("Some(1500)"));
    assert_eq!(shown(&stream_as(21)), Some(third));
    // What the first did not count is taken from what is there.
    let first = format!("6-1 7-1 last 7-1 deleted 0-0 added 2 group 6-1 Some(1) {}", rest("None"));
    assert_eq!(shown(&stream_as(15)), Some(first));
}

/// Dumped by Redis 8.0.6 and Valkey 9.1.2.
#[test]
fn what_later_servers_dumped_is_read() {
    const TIME_MS: i64 = 1795351942444;
    let long = format!("f=v@4102444800123 k={}", "x".repeat(70));
    let short = "f=v@4102444800000 k=w n=7@4102444800000";
    let stream = format!(
        "5-1 6-1 last 6-1 deleted 0-0 added 2 group 5-1 Some(1) consumer {TIME_MS} Some({TIME_MS}) pending 5-1 {TIME_MS} 1"
    );
    let cases: [(&[u8], &str); 6] = [
        (
            b"\x19\0\xd8\xc3,\xbb\x03\0\0\xc3(.\x11.\0\0\0\t\0\x81n\x02\x07\x01\xf4\0\xd8\xc3,\xbb\x03 \x0f\x05\x81f\x02\
              \x81v\x02\xe0\x02\x0f\x07k\x02\x81w\x02\0\x01\xff\x0c\0\xe8@\xc1\xf3P\x02\xe9u",
            short,
        ),
        (
            b"\x18{\xd8\xc3,\xbb\x03\0\0\x02\0\x01k\xc3\t@F\x01xx\xe09\0\x01xx\x01\x01f\x01v\x0c\0\xbb\x9d\xe5)\x9e\xd75\x1e",
            &long,
        ),
        (b"\x14\x0f\x0f\0\0\0\x03\0\x81a\x02\x81b\x02\x05\x01\xff\x0c\0\xf4f\xcd\x9c\xfe\xa4ip", "5 a b"),
        (
            b"\x15\x01\x10\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x01((\0\0\0\x0f\0\x02\x01\0\x01\x01\x01\x81f\x02\0\x01\x02\
              \x01\0\x01\0\x01\x81v\x02\x04\x01\x02\x01\x01\x01\0\x01\x81w\x02\x04\x01\xff\x02\x06\x01\x05\x01\0\0\x02\x01\
              \x01g\x05\x01\x01\x01\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x01,\x95P\x03\xa2\x01\0\0\x01\x01\x01c,\x95P\x03\
              \xa2\x01\0\0,\x95P\x03\xa2\x01\0\0\x01\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x01\x0c\0\xa0\x01\xb5\xec\x1ed\
              \x1a\xf9",
            &stream,
        ),
        (
            b"\x16\x03\x01f\x01v\0\xd8\xc3,\xbb\x03\0\0\x01n\xc0\x07\0\xd8\xc3,\xbb\x03\0\0\x01k\x01w\xff\xff\xff\xff\xff\
              \xff\xff\xffP\0\xe7y{\xee>T\xb4\xeb",
            short,
        ),
        (
            b"\x16\x02\x01f\x01v{\xd8\xc3,\xbb\x03\0\0\x01k\xc3\t@F\x01xx\xe09\0\x01xx\xff\xff\xff\xff\xff\xff\xff\xffP\0\
              }g\x1ah\xd8vW\xe8",
            &long,
        ),
    ];
    for (payload, value) in cases {
        assert_eq!(shown(payload).as_deref(), Some(value));
    }
}

#[test]
fn an_empty_stream_is_a_value() {
    let payload = sealed(19, 10, |writer| [0, 0, 7, 1, 0, 0, 5, 1, 3, 0].into_iter().for_each(|n| writer.length(n)));
    assert_eq!(shown(&payload).as_deref(), Some("last 7-1 deleted 5-1 added 3"));
}

#[test]
fn nodes_of_streams_are_what_they_say() {
    let with = |elems: &[i64], length: u64, last_ms: u64| {
        let mut pack = Listpack::new();
        elems.iter().for_each(|elem| _ = pack.push_back_elem(Elem::Int(*elem)));
        shown(&sealed(15, 10, |writer| {
            writer.count(1);
            strings(writer, &[&Id::new(5, 1).to_bytes(), pack.as_bytes()]);
            [length, last_ms, 9, 0].into_iter().for_each(|number| writer.length(number));
        }))
    };
    // Live, deleted, one field, its name, end; flags, ms, seq, value, elements.
    let good = [1, 0, 1, 77, 0, 2, 0, 0, 88, 4];
    assert_eq!(with(&good, 1, 5).as_deref(), Some("5-1 last 5-9 deleted 0-0 added 1"));
    assert_eq!(with(&good, 2, 5), None);
    assert_eq!(with(&good, 1, 4), None);
    for (at, wrong) in [(0, 2), (0, 0), (1, 1), (1, -1), (2, 2), (2, i64::MAX), (2, -1), (4, 1), (5, 3), (5, 0), (5, 4)]
    {
        let mut bad = good;
        bad[at] = wrong;
        assert_eq!(with(&bad, 1, 5), None, "{wrong} at {at}");
    }
    for (at, wrong) in [(6, -1), (9, 3), (9, 5)] {
        let mut bad = good;
        bad[at] = wrong;
        assert_eq!(with(&bad, 1, 5), None, "{wrong} at {at}");
    }
    let own_fields = [1, 0, 1, 77, 0, 0, 0, 0, 1, 66, 88, 6];
    assert!(with(&own_fields, 1, 5).is_some());
    let twice = [2, 0, 1, 77, 0, 2, 0, 0, 88, 4, 2, 0, 0, 88, 4];
    assert_eq!(with(&twice, 2, 5), None);
    let all_deleted = [0, 1, 1, 77, 0, 3, 0, 0, 88, 4];
    assert_eq!(with(&all_deleted, 0, 5), None);
}

fn strings(writer: &mut Writer<'_>, strings: &[&[u8]]) {
    strings.iter().for_each(|string| writer.string(string));
}

#[test]
fn elements_one_by_one_are_read() {
    let three = |writer: &mut Writer<'_>| {
        writer.count(3);
        strings(writer, &[b"b", b"5", b"a"]);
    };
    assert_eq!(shown(&sealed(1, 9, three)).as_deref(), Some("b 5 a"));
    assert_eq!(shown(&sealed(2, 9, three)).as_deref(), Some("5 a b"));
    let scores = sealed(3, 9, |writer| {
        writer.count(4);
        writer.string(b"b");
        writer.bytes(b"\x031.5");
        writer.string(b"a");
        writer.bytes(b"\x031.5");
        writer.string(b"i");
        writer.byte(254);
        writer.string(b"n");
        writer.byte(255);
    });
    assert_eq!(shown(&scores).as_deref(), Some("n=-inf a=1.5 b=1.5 i=inf"));
    let pairs = sealed(4, 9, |writer| {
        writer.count(2);
        strings(writer, &[b"f", b"1", b"g", b"x"]);
    });
    assert_eq!(shown(&pairs).as_deref(), Some("f=1 g=x"));
}

#[test]
fn ziplists_are_read() {
    let pairs = ziplist(&[b"\x01a", b"\xf2", b"\x01b", b"\x032.5"]);
    let blob = |writer: &mut Writer<'_>| writer.string(&pairs);
    assert_eq!(shown(&sealed(10, 9, blob)).as_deref(), Some("a 1 b 2.5"));
    assert_eq!(shown(&sealed(12, 9, blob)).as_deref(), Some("a=1 b=2.5"));
    assert_eq!(shown(&sealed(13, 9, blob)).as_deref(), Some("a=1 b=2.5"));
    let two = sealed(14, 9, |writer| {
        writer.count(3);
        strings(writer, &[&pairs, &ziplist(&[]), &pairs]);
    });
    assert_eq!(shown(&two).as_deref(), Some("a 1 b 2.5 a 1 b 2.5"));
    let none = sealed(14, 9, |writer| {
        writer.count(1);
        writer.string(&ziplist(&[]));
    });
    assert_eq!(shown(&none), None);
}

#[test]
fn zipmaps_are_read() {
    let zipmap = sealed(9, 9, |writer| writer.string(b"\x02\x01g\x01\x00v\x01f\x03\x02abcxx\xff"));
    assert_eq!(shown(&zipmap).as_deref(), Some("f=abc g=v"));
    let twice = sealed(9, 9, |writer| writer.string(b"\x02\x01f\x01\x00v\x01f\x01\x00w\xff"));
    assert_eq!(shown(&twice), None);
}

#[test]
fn sets_in_a_listpack_are_read() {
    let mut pack = Listpack::new();
    pack.append([&b"a"[..], b"7", b"b"]);
    assert_eq!(shown(&sealed(20, 11, |writer| writer.string(pack.as_bytes()))).as_deref(), Some("7 a b"));
    // The same number as text.
    pack.push_back_elem(Elem::Bytes(b"7"));
    assert_eq!(shown(&sealed(20, 11, |writer| writer.string(pack.as_bytes()))), None);
}

#[test]
fn fields_that_expire_are_read_from_both_servers() {
    let table = sealed(24, 12, |writer| {
        writer.time_ms(1000);
        writer.count(3);
        for (after, field) in [(0, b"a"), (1, b"b"), (501, b"c")] {
            writer.length(after);
            strings(writer, &[field, b"v"]);
        }
    });
    assert_eq!(shown(&table).as_deref(), Some("a=v b=v@1000 c=v@1500"));
    let mut pack = Listpack::new();
    pack.append([&b"b"[..], b"v", b"1000", b"c", b"v", b"1500", b"a", b"v", b"0"]);
    let packed = sealed(25, 12, |writer| {
        writer.time_ms(1000);
        writer.string(pack.as_bytes());
    });
    assert_eq!(shown(&packed).as_deref(), Some("a=v b=v@1000 c=v@1500"));
    let valkey = |version| {
        sealed(22, version, |writer| {
            writer.count(2);
            for (at_ms, field) in [(-1, b"a"), (1500, b"c")] {
                strings(writer, &[field, b"v"]);
                writer.time_ms(at_ms);
            }
        })
    };
    assert_eq!(shown(&valkey(80)).as_deref(), Some("a=v c=v@1500"));
    // The same number is something else in the reference, and was never released.
    assert_eq!(shown(&valkey(12)), None);
}

#[test]
fn times_of_fields_are_within_what_is_kept() {
    for (first_ms, after) in [(-1, 1), (1 << 48, 1), (1000, 1 << 48), (1000, u64::MAX)] {
        let payload = sealed(24, 12, |writer| {
            writer.time_ms(first_ms);
            writer.count(1);
            writer.length(after);
            strings(writer, &[b"f", b"v"]);
        });
        assert_eq!(shown(&payload), None);
    }
    for at in [&b"x"[..], b"-1", b"281474976710656"] {
        let mut pack = Listpack::new();
        pack.append([&b"f"[..], b"v", at]);
        let payload = sealed(25, 12, |writer| {
            writer.time_ms(1000);
            writer.string(pack.as_bytes());
        });
        assert_eq!(shown(&payload), None);
    }
}

#[test]
fn what_comes_twice_is_refused() {
    for number in [2, 4] {
        for fields in [3, 300] {
            let payload = sealed(number, 10, |writer| {
                let names = (0..fields).map(|name| if name == fields - 1 { 1 } else { name });
                writer.count(fields);
                for name in names {
                    writer.string(format!("name {name}").as_bytes());
                    if number == 4 {
                        writer.string(b"v");
                    }
                }
            });
            assert_eq!(shown(&payload), None);
        }
    }
    for members in [3, 300] {
        let payload = sealed(5, 10, |writer| {
            writer.count(members);
            for member in 0..members {
                writer.string(if member > 1 { b"a" } else { b"b" });
                writer.double(member as f64);
            }
        });
        assert_eq!(shown(&payload), None);
    }
    let mut pack = Listpack::new();
    pack.append([&b"a"[..], b"1", b"a", b"2"]);
    for number in [16, 17] {
        assert_eq!(shown(&sealed(number, 10, |writer| writer.string(pack.as_bytes()))), None);
    }
}

#[test]
fn packed_sorted_sets_are_in_order_and_have_numbers_for_scores() {
    let packed = |elems: &[&[u8]]| {
        let mut pack = Listpack::new();
        pack.append(elems.iter().copied());
        shown(&sealed(17, 10, |writer| writer.string(pack.as_bytes())))
    };
    assert_eq!(packed(&[b"a", b"1", b"b", b"1", b"c", b"1.5"]).as_deref(), Some("a=1 b=1 c=1.5"));
    assert_eq!(packed(&[b"b", b"1", b"a", b"1"]), None);
    assert_eq!(packed(&[b"a", b"2", b"b", b"1"]), None);
    assert_eq!(packed(&[b"a", b"nan"]), None);
    assert_eq!(packed(&[b"a", b"one"]), None);
    assert_eq!(packed(&[b"a", b"1", b"b"]), None);
    let nan = sealed(5, 10, |writer| {
        writer.count(1);
        writer.string(b"a");
        writer.double(f64::NAN);
    });
    assert_eq!(shown(&nan), None);
}

#[test]
fn nothing_may_be_missing_or_left_over() {
    let good = sealed(4, 10, |writer| {
        writer.count(2);
        strings(writer, &[b"f", b"1", b"g", b"x"]);
    });
    assert!(shown(&good).is_some());
    let body = &good[..good.len() - 10];
    for cut in 0..body.len() {
        let mut payload = body[..cut].to_vec();
        seal(&mut payload, 10);
        assert_eq!(shown(&payload), None, "cut at {cut}");
    }
    let mut longer = body.to_vec();
    longer.push(0);
    seal(&mut longer, 10);
    assert_eq!(shown(&longer), None);
    for number in [1, 2, 3, 4, 5, 14, 18] {
        assert_eq!(shown(&sealed(number, 10, |writer| writer.count(0))), None);
    }
    for number in [9, 10, 11, 12, 13, 16, 17, 20] {
        assert_eq!(shown(&sealed(number, 10, |writer| writer.string(b""))), None);
        assert_eq!(shown(&sealed(number, 10, |writer| writer.string(Listpack::new().as_bytes()))), None);
    }
}

#[test]
fn versions_and_checksums_are_compared() {
    let with = |version| sealed(0, version, |writer| writer.string(b"x"));
    assert_eq!(shown(&with(9)).as_deref(), Some("x"));
    assert!(Payload::open(&with(13)).is_none() && Payload::open(&with(81)).is_none());
    let good = with(10);
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        assert!(Payload::open(&bad).is_none());
    }
    assert!((0..good.len()).all(|cut| Payload::open(&good[..cut]).is_none()));
}

#[test]
fn hashes_with_times_are_dumped_for_those_who_know_them() {
    let limits = Limits::default();
    for fields in [3, 2000] {
        let mut hash = Hash::new();
        (0..fields).for_each(|name: i32| _ = hash.set(name.to_string().as_bytes(), b"v", &limits));
        hash.set_expiry(b"1", 5000);
        hash.set_expiry(b"2", 4000);
        let payload = payload::dump(encode::Source::Object(&Object::Hash(hash)), &limits, true);
        assert_eq!(payload[payload.len() - 10..payload.len() - 8], [12, 0]);
        let Some(Value::Object(Object::Hash(again))) = restored(&payload) else { panic!("it is a hash") };
        assert_eq!((again.len(), again.expiring_len()), (fields as usize, 2));
        assert_eq!((again.expiry(b"1"), again.expiry(b"2")), (Some(5000), Some(4000)));
        assert_eq!(again.encoding(), if fields == 3 { "listpackex" } else { "hashtable" });
    }
}

#[test]
fn large_sorted_sets_are_dumped_from_the_highest_score_on() {
    let limits = Limits { sorted_set_entries_max: 0, ..Limits::default() };
    let mut set = SortedSet::new();
    (0..3).for_each(|member: i32| _ = set.insert(format!("m{member}").as_bytes(), member.into(), &limits));
    let payload = payload::dump(encode::Source::Object(&Object::SortedSet(set)), &limits, true);
    assert_eq!(&payload[..5], b"\x05\x03\x02m2");
    assert_eq!(shown(&payload).as_deref(), Some("m0=0 m1=1 m2=2"));
}
