//! What RESTORE answers to requests that are wrong in more than one way.

use super::{Side, random};

/// Words of which random requests are made, right and wrong.
const TTLS: [&str; 8] = ["0", "1000000", "-1", "x", "", "9223372036854775807", "9223372036854775808", "100000"];
const OPTIONS: [&str; 14] = [
    "REPLACE", "replace", "ABSTTL", "IDLETIME", "IDLETIME", "FREQ", "freq", "10", "0", "-1", "256", "255", "x",
    "SYNTAX",
];

#[test]
fn errors_come_in_the_reference_s_order() {
    let mut random = random();
    let (mut ours, mut reference) = (Side::ours(), Side::reference());
    reference.run("SET k bar");
    let good = reference.dump(b"k");
    let mut damaged = good.clone();
    damaged[1] ^= 1;
    let mut newer = good.clone();
    let footer = newer.len() - 10;
    newer[footer] = 255;
    let unknown = sealed(b"\x08\x00");
    let module = sealed(b"\x07\x81\x01\x02\x03\x04\x05\x06\x07\x08\x00");
    let payloads: [&[u8]; 8] = [&good, &damaged, &newer, &unknown, &module, b"", b"...", &good[1..]];
    let mut kinds = std::collections::BTreeSet::new();
    for round in 0..3000 {
        let key = random.choice([&b"old"[..], b"new"]).unwrap_or_default();
        let ttl = random.choice(TTLS).unwrap_or_default();
        // Most are sound, else one that is wrong everywhere hides the others.
        let payload = random.choice(payloads).filter(|_| random.bool()).unwrap_or(&good);
        let mut request: Vec<&[u8]> = vec![b"RESTORE", key, ttl.as_bytes(), payload];
        for _ in 0..random.usize(0..4) {
            request.push(random.choice(OPTIONS).unwrap_or_default().as_bytes());
        }
        request.truncate(if random.u8(0..20) == 0 { random.usize(1..=request.len()) } else { request.len() });
        let mut replies = Vec::new();
        for side in [&mut ours, &mut reference] {
            side.run("FLUSHALL");
            side.run("SET old 1");
            let reply = side.ask(&request);
            replies.push((reply, side.run("DBSIZE"), side.run("GET old"), side.run("GET new")));
        }
        let shown: Vec<String> = request.iter().map(|word| word.escape_ascii().to_string()).collect();
        assert_eq!(replies[0], replies[1], "round {round}: {shown:?}");
        kinds.insert(replies.swap_remove(0).0);
    }
    assert!(kinds.len() >= 9, "{kinds:?}");
}

#[test]
fn times_and_accesses_are_those_asked_for() {
    let (mut ours, mut reference) = (Side::ours(), Side::reference());
    reference.run("SET k bar");
    let payload = reference.dump(b"k");
    for policy in ["allkeys-lru", "allkeys-lfu"] {
        for options in ["IDLETIME 1000", "IDLETIME 100000", "FREQ 0", "FREQ 77", "FREQ 255", "REPLACE"] {
            let mut replies = Vec::new();
            for side in [&mut ours, &mut reference] {
                side.run(&format!("CONFIG SET maxmemory-policy {policy}"));
                let words = options.split(' ').map(str::as_bytes);
                let request: Vec<&[u8]> =
                    [&b"RESTORE"[..], b"k", b"0", &payload, b"REPLACE"].into_iter().chain(words).collect();
                assert_eq!(side.ask(&request), b"+OK\r\n");
                replies.push((side.run("OBJECT IDLETIME k"), side.run("OBJECT FREQ k"), side.run("TTL k")));
            }
            assert_eq!(replies[0], replies[1], "{policy} {options}");
        }
    }
    for (ttl, options) in [("100000", &[][..]), ("4000000000000", &[&b"ABSTTL"[..]])] {
        let request = [&[&b"RESTORE"[..], b"k", ttl.as_bytes(), &payload, b"REPLACE"], options].concat();
        for side in [&mut ours, &mut reference] {
            assert_eq!(side.ask(&request), b"+OK\r\n");
            let (at_ms, in_s) = (side.run("PEXPIRETIME k"), side.run("TTL k"));
            let expected = if options.is_empty() {
                in_s.starts_with(":9") || in_s == ":100\r\n"
            } else {
                at_ms == ":4000000000000\r\n"
            };
            assert!(expected, "{at_ms} {in_s}");
        }
    }
}

/// A payload of version 10 around a number and a value.
fn sealed(value: &[u8]) -> Vec<u8> {
    let mut payload = value.to_vec();
    slotwise::rdb::payload::seal(&mut payload, 10);
    payload
}
