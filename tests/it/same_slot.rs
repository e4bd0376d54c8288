//! Requests of one pipeline that follow one another in the same slot share its lock: nothing else may wait for it
//! for ever, and what comes between them must see their effects.

use crate::support::{Server, encode};
use std::thread;

/// Requests on one slot, and between them all that locks slots in other ways.
fn pipeline(number: usize) -> (Vec<u8>, usize) {
    let own = format!("{{slot}}:{number}");
    let own = own.as_bytes();
    let requests: [&[&[u8]]; 22] = [
        &[b"SADD", own, b"a"],
        &[b"SADD", own, b"b"],
        &[b"SCARD", own],
        &[b"KEYS", b"none*"],
        &[b"LPUSH", b"{slot}:list", b"x"],
        &[b"RPOPLPUSH", b"{slot}:list", b"elsewhere"],
        &[b"LPUSH", b"{slot}:list", b"x"],
        &[b"LPOP", b"{slot}:list"],
        &[b"DBSIZE"],
        &[b"MSET", b"{slot}:a", b"1", b"elsewhere2", b"2"],
        &[b"INCR", b"{slot}:a"],
        &[b"INCR", b"{slot}:a"],
        &[b"SWAPDB", b"0", b"1"],
        &[b"INCR", b"{slot}:a"],
        &[b"SELECT", b"1"],
        &[b"INCR", b"{slot}:a"],
        &[b"FLUSHALL"],
        &[b"INCR", b"{slot}:a"],
        &[b"MOVE", b"{slot}:a", b"0"],
        &[b"SELECT", b"0"],
        &[b"GET", b"{slot}:a"],
        &[b"SCAN", b"0"],
    ];
    (requests.iter().flat_map(|request| encode(request)).collect(), requests.len())
}

#[test]
fn pipelines_that_meet_in_a_slot_all_end() {
    let server = Server::node(&["--threads", "2"]);
    thread::scope(|scope| {
        for number in 0..4 {
            let server = &server;
            scope.spawn(move || {
                let mut wire = server.connect();
                for _ in 0..100 {
                    let (bytes, count) = pipeline(number);
                    wire.send(&bytes);
                    (0..count).for_each(|_| drop(wire.reply()));
                }
            });
        }
    });
}

#[test]
fn a_request_sees_what_the_one_before_did_to_its_slot() {
    let server = Server::node(&[]);
    let mut wire = server.connect();
    let requests: [(&[&[u8]], &str); 12] = [
        (&[b"INCR", b"{s}n"], ":1"),
        (&[b"INCR", b"{s}n"], ":2"),
        (&[b"MSET", b"{s}n", b"10", b"other", b"1"], "+OK"),
        (&[b"INCR", b"{s}n"], ":11"),
        (&[b"SWAPDB", b"0", b"1"], "+OK"),
        (&[b"INCR", b"{s}n"], ":1"),
        (&[b"INCR", b"{s}n"], ":2"),
        (&[b"SELECT", b"1"], "+OK"),
        (&[b"INCR", b"{s}n"], ":12"),
        (&[b"PEXPIREAT", b"{s}n", b"1"], ":1"),
        (&[b"EXISTS", b"{s}n"], ":0"),
        (&[b"INCR", b"{s}n"], ":1"),
    ];
    wire.send(&requests.iter().flat_map(|(request, _)| encode(request)).collect::<Vec<u8>>());
    for (request, want) in requests {
        assert_eq!(String::from_utf8_lossy(&wire.reply()).trim_end(), want, "{request:?}");
    }
}
