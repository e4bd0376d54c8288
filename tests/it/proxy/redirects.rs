//! Redirects and refusals of the nodes: the client notices nothing, and nothing goes round for ever.

use super::scripted::{Act, ScriptedNode, with_slots};
use super::{Proxy, ask};
use slotwise::slot::Slot;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `b` is in slot 3300, at the first node; `a` is in slot 15495, at the second.
const OF_FIRST: &str = "b";
const OF_SECOND: &str = "a";

fn two() -> (ScriptedNode, ScriptedNode) {
    assert!(Slot::of(OF_FIRST.as_bytes()).number() < 8192 && Slot::of(OF_SECOND.as_bytes()).number() >= 8192);
    (ScriptedNode::start(), ScriptedNode::start())
}

fn moved(port: u16) -> Act {
    Act::Reply(format!("-MOVED 3300 127.0.0.1:{port}\r\n").into_bytes())
}

#[test]
fn moved_is_followed_and_remembered() {
    let (first, second) = two();
    let (a, b) = (first.port, second.port);
    first.act(with_slots(a, b, move |_| moved(b)));
    second.act(with_slots(a, b, |_| Act::text("$1\r\nv\r\n")));
    // The topology is looked at again after a redirect; here it keeps saying the old thing, so no more than once.
    let proxy = Proxy::start(&[a], |config| config.refresh_period_ms = 60_000);
    let mut wire = proxy.connect();
    assert_eq!(ask(&mut wire, "GET b"), r"$1\r\nv\r\n");
    assert_eq!(ask(&mut wire, "SET b v"), r"$1\r\nv\r\n");
    assert_eq!(first.heard()[0], "GET b");
    assert_eq!(second.heard(), ["GET b", "SET b v"]);
}

#[test]
fn redirects_in_a_circle_end_with_an_error() {
    let (first, second) = two();
    let (a, b) = (first.port, second.port);
    first.act(with_slots(a, b, move |_| moved(b)));
    second.act(with_slots(a, b, move |_| moved(a)));
    let proxy = Proxy::start(&[a, b], |_| {});
    let mut wire = proxy.connect();
    assert!(ask(&mut wire, "SET b v").starts_with("-CLUSTERDOWN the slot changed its owner too often"));
    assert_eq!(first.heard().len() + second.heard().len(), 14, "five redirects, then eight with pauses");
    assert_eq!(ask(&mut wire, "PING"), r"+PONG\r\n");
}

#[test]
fn ask_sends_asking_and_does_not_change_the_map() {
    let (first, second) = two();
    let (a, b) = (first.port, second.port);
    first.act(with_slots(a, b, move |_| Act::Reply(format!("-ASK 3300 127.0.0.1:{b}\r\n").into_bytes())));
    second.act(with_slots(a, b, |request| Act::text(if request == "ASKING" { "+OK\r\n" } else { ":7\r\n" })));
    let proxy = Proxy::start(&[a], |_| {});
    let mut wire = proxy.connect();
    assert_eq!(ask(&mut wire, "INCR b"), r":7\r\n");
    assert_eq!(ask(&mut wire, "INCR b"), r":7\r\n");
    assert_eq!(first.heard(), ["INCR b", "INCR b"]);
    assert_eq!(second.heard(), ["ASKING", "INCR b", "ASKING", "INCR b"]);
}

#[test]
fn tryagain_and_clusterdown_are_tried_again_for_a_while() {
    let (first, second) = two();
    let (a, b) = (first.port, second.port);
    let refusals = Arc::new(AtomicUsize::new(0));
    let count = refusals.clone();
    first.act(with_slots(a, b, move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => Act::text("-TRYAGAIN Multiple keys request during rehashing of slot\r\n"),
        1 => Act::text("-CLUSTERDOWN The cluster is down\r\n"),
        _ => Act::text("+OK\r\n"),
    }));
    second.act(with_slots(a, b, |_| Act::text("-CLUSTERDOWN Hash slot not served\r\n")));
    let proxy = Proxy::start(&[a], |_| {});
    let mut wire = proxy.connect();
    assert_eq!(ask(&mut wire, "MSET b 1 {b}2 2"), r"+OK\r\n");
    assert_eq!(refusals.load(Ordering::Relaxed), 3);
    assert_eq!(ask(&mut wire, "GET a"), r"-CLUSTERDOWN Hash slot not served\r\n");
    assert_eq!(second.heard().len(), 9, "the first time and eight more");
}

#[test]
fn requests_of_one_client_stay_in_order_when_a_slot_moves() {
    let (first, second) = two();
    let (a, b) = (first.port, second.port);
    first.act(with_slots(a, b, move |_| moved(b)));
    second.act(with_slots(a, b, |_| Act::text("+OK\r\n")));
    let proxy = Proxy::start(&[a], |config| config.refresh_period_ms = 60_000);
    let mut wire = proxy.connect();
    for number in 0..500 {
        wire.send(format!("SET b {number}\r\n").as_bytes());
    }
    for _ in 0..500 {
        assert_eq!(wire.reply(), b"+OK\r\n");
    }
    let expected: Vec<String> = (0..500).map(|number| format!("SET b {number}")).collect();
    assert_eq!(second.heard(), expected);
}

#[test]
fn a_part_of_a_split_request_is_redirected_alone() {
    let (first, second) = two();
    let (a, b) = (first.port, second.port);
    first.act(with_slots(a, b, move |_| moved(b)));
    second.act(with_slots(a, b, |request| match request {
        "MGET a" => Act::text("*1\r\n$1\r\nA\r\n"),
        "MGET b b" => Act::text("*2\r\n$1\r\nB\r\n$1\r\nB\r\n"),
        _ => Act::text("-ERR unexpected\r\n"),
    }));
    let proxy = Proxy::start(&[a], |_| {});
    let mut wire = proxy.connect();
    assert_eq!(ask(&mut wire, "MGET b a b"), r"*3\r\n$1\r\nB\r\n$1\r\nA\r\n$1\r\nB\r\n");
}
