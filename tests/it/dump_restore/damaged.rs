//! Payloads with wrong bytes under a right checksum: refused, or a sound value all the same, and nothing else.

use super::{Side, bulk, old, random, rounds, values};
use std::collections::BTreeMap;

/// What uses a value of any type in every way that could fall over it. Errors of type are expected.
const USES: [&str; 30] = [
    "GET k",
    "APPEND k x",
    "STRLEN k",
    "LRANGE k 0 -1",
    "LPUSH k a",
    "RPUSH k b",
    "LINSERT k BEFORE a c",
    "LPOP k 3",
    "RPOP k 3",
    "SMEMBERS k",
    "SADD k 7 m",
    "SREM k 7",
    "SRANDMEMBER k -5",
    "HGETALL k",
    "HSET k f v 7 8",
    "HRANDFIELD k -3",
    "HDEL k f",
    "ZRANGE k 0 -1 WITHSCORES",
    "ZADD k 3 m 4 n",
    "ZRANGEBYSCORE k -inf 3",
    "ZPOPMIN k",
    "ZPOPMAX k 2",
    "XRANGE k - +",
    "XREVRANGE k + - COUNT 3",
    "XADD k * f v",
    "XREADGROUP GROUP g1 c1 STREAMS k >",
    "XINFO STREAM k FULL",
    "XTRIM k MAXLEN 2",
    "XAUTOCLAIM k g1 c2 0 0",
    "XPENDING k g1",
];

/// The largest number of an encoding that the reference reads.
const ENCODING_MAX: u8 = 19;

/// A value as we dump it, behind its number.
fn new_value(random: &mut fastrand::Rng, ours: &mut Side) -> Vec<u8> {
    ours.run("FLUSHALL");
    ours.run(&format!("CONFIG SET rdbcompression {}", random.choice(["yes", "no"]).unwrap_or_default()));
    let made = values::any(random, "k");
    ours.make(&made);
    let mut payload = ours.dump(b"k");
    payload.truncate(payload.len() - 10);
    payload
}

/// Changes bytes of a value, its number included.
fn damage(random: &mut fastrand::Rng, value: &mut Vec<u8>) {
    for _ in 0..random.usize(1..4) {
        if value.is_empty() {
            return;
        }
        let reach = if random.bool() { 40 } else { usize::MAX };
        let at = random.usize(..value.len().min(reach));
        match random.u8(0..8) {
            0 => value.truncate(at),
            1 => value.insert(at, random.u8(..)),
            2 => _ = value.remove(at),
            3 => value[at] = random.choice([0, 0x7F, 0x80, 0x81, 0xC3, 0xFE, 0xFF]).unwrap_or_default(),
            4 => value[at] = value[at].wrapping_add(1),
            5 => value[at] = random.u8(..),
            _ => value[at] ^= 1 << random.u8(0..8),
        }
    }
}

#[test]
fn damaged_payloads_are_refused_or_sound() {
    let mut random = random();
    let (mut ours, mut reference) = (Side::ours(), Side::reference());
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for round in 0..rounds() {
        let sound = match random.u8(0..3) {
            0 => old::value(&mut random),
            _ => new_value(&mut random, &mut ours),
        };
        for _ in 0..20 {
            let mut payload = sound.clone();
            damage(&mut random, &mut payload);
            slotwise::rdb::payload::seal(&mut payload, 10);
            ours.run("FLUSHALL");
            let shown = || format!("round {round}: {}", payload.escape_ascii());
            let reply = ours.ask(&[b"RESTORE", b"k", b"0", &payload]);
            if reply == b"-ERR Bad data format\r\n" {
                assert_eq!(ours.run("DBSIZE"), ":0\r\n", "{}", shown());
                *counts.entry("refused").or_default() += 1;
                continue;
            }
            assert_eq!(reply, b"+OK\r\n", "{}", shown());
            // What we take, the reference takes for the same value: unless it falls over it, or does not know it yet.
            let known = payload[0] <= ENCODING_MAX;
            match known.then(|| restored_by(&mut reference, &payload)) {
                None => {}
                Some(Some(digest)) => assert_eq!(ours.run("DEBUG DIGEST-VALUE k"), digest, "{}", shown()),
                Some(None) => {
                    reference = Side::reference();
                    *counts.entry("too much for the reference").or_default() += 1;
                }
            }
            let again = bulk(&ours.ask(&[b"DUMP", b"k"])).expect("the key is there");
            assert_eq!(ours.ask(&[b"RESTORE", b"l", b"0", &again]), b"+OK\r\n", "{}", shown());
            for line in USES {
                ours.run(line);
            }
            *counts.entry("taken").or_default() += 1;
        }
    }
    println!("{counts:?}");
    assert!(["refused", "taken"].iter().all(|kind| counts.get(kind).is_some_and(|count| *count > rounds() / 4)));
}

/// The signature of the value that the reference makes of a payload; `None` when it crashed.
fn restored_by(reference: &mut Side, payload: &[u8]) -> Option<String> {
    reference.wire.send(&crate::support::encode(&[b"RESTORE", b"k", b"0", payload, b"REPLACE"]));
    let reply = reference.wire.try_reply().ok()?;
    assert_eq!(reply, b"+OK\r\n", "taken by us, refused by the reference: {}", payload.escape_ascii());
    reference.wire.send(b"DEBUG DIGEST-VALUE k\r\n");
    reference.wire.try_reply().ok().map(|digest| String::from_utf8_lossy(&digest).into_owned())
}
