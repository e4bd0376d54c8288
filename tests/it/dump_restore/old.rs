//! Values in the encodings of older versions, which nobody writes any more.

use super::{Side, random, rounds, values};
use fastrand::Rng;
use slotwise::rdb::Writer;
use slotwise::store::value::Limits;
use slotwise::store::value::stream::{Id, NewId, Stream};

/// A random value in one of the older encodings, behind its number. Nothing in it comes twice, except in lists.
pub fn value(random: &mut Rng) -> Vec<u8> {
    let kind = random.choice([1, 2, 3, 4, 9, 10, 12, 13, 14, 15]).unwrap_or_default();
    let count = if random.bool() { random.usize(1..10) } else { random.usize(1..300) };
    let bytes_max = if random.bool() { 60 } else { 1000 };
    // Behind numbers of one length, so that none comes twice and numbers stay numbers.
    let name =
        |n: usize, random: &mut Rng| [(1000 + n).to_string().into_bytes(), values::text(random, bytes_max)].concat();
    let names: Vec<Vec<u8>> = (0..count).map(|n| name(n, random)).collect();
    let mut out = vec![kind];
    let mut writer = Writer::new(&mut out, random.bool());
    match kind {
        15 => stream(random, &mut writer, count),
        1 | 2 => {
            writer.count(count);
            names.iter().for_each(|name| writer.string(name));
        }
        3 => {
            writer.count(count);
            for name in &names {
                writer.string(name);
                match random.u8(0..8) {
                    0 => writer.byte(254),
                    1 => writer.byte(255),
                    _ => {
                        let score = format!("{}", (random.f64() - 0.5) * 1e6);
                        writer.byte(score.len() as u8);
                        writer.bytes(score.as_bytes());
                    }
                }
            }
        }
        4 => {
            writer.count(count);
            for name in &names {
                writer.string(name);
                writer.string(&values::text(random, bytes_max));
            }
        }
        9 => {
            let mut zipmap = vec![count.min(254) as u8];
            for name in &names {
                zipmap_length(&mut zipmap, name.len());
                zipmap.extend(name);
                let value = values::text(random, bytes_max);
                zipmap_length(&mut zipmap, value.len());
                let spare = random.usize(0..5);
                zipmap.push(spare as u8);
                zipmap.extend(&value);
                zipmap.resize(zipmap.len() + spare, 0);
            }
            zipmap.push(255);
            writer.string(&zipmap);
        }
        12 | 13 => {
            let second = |n: usize, random: &mut Rng| match kind {
                12 => (n as f64 / 4.0).to_string().into_bytes(),
                _ => values::text(random, bytes_max),
            };
            let pairs: Vec<Vec<u8>> =
                names.iter().enumerate().flat_map(|(n, name)| [name.clone(), second(n, random)]).collect();
            writer.string(&ziplist(random, &pairs));
        }
        10 => writer.string(&ziplist(random, &names)),
        _ => {
            let nodes: Vec<&[Vec<u8>]> = names.chunks(random.usize(1..50)).collect();
            writer.count(nodes.len());
            nodes.iter().for_each(|node| writer.string(&ziplist(random, node)));
        }
    }
    out
}

/// A stream without what later versions count, with groups that have read some of it.
fn stream(random: &mut Rng, writer: &mut Writer<'_>, count: usize) {
    let mut stream = Stream::default();
    let mut ids = vec![Id::MIN];
    for _ in 0..count {
        let id = Id::new(stream.last_id().ms + random.u64(1..100), random.u64(..9));
        let fields = [&b"f"[..], b"v", b"g", b"12"];
        stream.append(NewId::Exactly(id), 0, fields.into_iter(), &Limits::default()).expect("ids ascend");
        ids.push(id);
    }
    for _ in 0..random.usize(..=count / 2) {
        stream.delete(*random.choice(&ids).expect("there is one"));
    }
    let write_id = |writer: &mut Writer<'_>, id: Id| {
        writer.length(id.ms);
        writer.length(id.seq);
    };
    writer.count(stream.node_count());
    for (first, pack) in stream.packed_nodes() {
        writer.string(&first.to_bytes());
        writer.string(pack.as_bytes());
    }
    writer.count(stream.len());
    write_id(writer, stream.last_id());
    writer.count(2);
    for name in [b"g0", b"g1"] {
        writer.string(name);
        write_id(writer, *random.choice(&ids).expect("there is one"));
        let mut given = random.choose_multiple(&ids, 3);
        given.sort();
        writer.count(given.len());
        for id in &given {
            writer.bytes(&id.to_bytes());
            writer.time_ms(random.i64(..1_000_000));
            writer.length(random.u64(..70));
        }
        writer.count(1);
        writer.string(b"consumer");
        writer.time_ms(1000);
        writer.count(given.len());
        given.iter().for_each(|id| writer.bytes(&id.to_bytes()));
    }
}

fn zipmap_length(out: &mut Vec<u8>, length: usize) {
    match length {
        ..254 => out.push(length as u8),
        _ => {
            out.push(254);
            out.extend((length as u32).to_le_bytes());
        }
    }
}

/// A ziplist of these texts; numbers take any of the encodings that have room for them.
fn ziplist(random: &mut Rng, texts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = vec![0; 10];
    let (mut before, mut tail) = (0usize, 10);
    for text in texts {
        tail = out.len();
        match before {
            ..254 => out.push(before as u8),
            _ => {
                out.push(254);
                out.extend((before as u32).to_le_bytes());
            }
        }
        let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
        match number.filter(|number| number.to_string().as_bytes() == &text[..]) {
            Some(number @ 0..=12) if random.bool() => out.push(0xF1 + number as u8),
            Some(number @ -128..=127) if random.bool() => out.extend([0xFE, number as u8]),
            Some(number @ -32768..=32767) if random.bool() => {
                out.push(0xC0);
                out.extend((number as i16).to_le_bytes());
            }
            Some(number @ -8_388_608..=8_388_607) if random.bool() => {
                out.push(0xF0);
                out.extend(&(number as i32).to_le_bytes()[..3]);
            }
            Some(number @ -2_147_483_648..=2_147_483_647) if random.bool() => {
                out.push(0xD0);
                out.extend((number as i32).to_le_bytes());
            }
            Some(number) => {
                out.push(0xE0);
                out.extend(number.to_le_bytes());
            }
            None => {
                match text.len() {
                    ..64 => out.push(text.len() as u8),
                    64..16384 => out.extend((text.len() as u16 | 0x4000).to_be_bytes()),
                    _ => {
                        out.push(0x80);
                        out.extend((text.len() as u32).to_be_bytes());
                    }
                }
                out.extend(text);
            }
        }
        before = out.len() - tail;
    }
    out.push(255);
    let total = (out.len() as u32).to_le_bytes();
    out[..4].copy_from_slice(&total);
    out[4..8].copy_from_slice(&(tail as u32).to_le_bytes());
    out[8..10].copy_from_slice(&(texts.len() as u16).to_le_bytes());
    out
}

#[test]
fn values_of_older_versions_become_what_they_become_in_the_reference() {
    let mut random = random();
    let (mut ours, mut reference) = (Side::ours(), Side::reference());
    for round in 0..rounds() {
        let mut payload = value(&mut random);
        slotwise::rdb::payload::seal(&mut payload, random.u16(1..=10));
        let mut looks = Vec::new();
        for side in [&mut ours, &mut reference] {
            let reply = side.ask(&[b"RESTORE", b"k", b"0", &payload, b"REPLACE"]);
            assert_eq!(reply, b"+OK\r\n", "round {round}: {}", payload.escape_ascii());
            looks.push(side.look("k"));
        }
        assert_eq!(looks[0], looks[1], "round {round}: {}", payload.escape_ascii());
        let again = ours.dump(b"k");
        assert_eq!(reference.ask(&[b"RESTORE", b"l", b"0", &again, b"REPLACE"]), b"+OK\r\n");
        assert_eq!(reference.look("l"), looks[1], "round {round}");
    }
}
