//! Nodes that die, hang or talk nonsense: an error where there must be one, no write executed twice, and nobody
//! else delayed.

use super::scripted::{Act, ScriptedNode, with_slots};
use super::{Proxy, ask};
use crate::support::{Wire, eventually};
use std::net::{Ipv4Addr, TcpListener};

/// Two nodes, the second of which answers `:2` to everything, and a proxy with short time-outs.
fn two(first: impl FnMut(&str) -> Act + Send + 'static) -> (ScriptedNode, ScriptedNode, Proxy) {
    let (a, b) = (ScriptedNode::start(), ScriptedNode::start());
    a.act(with_slots(a.port, b.port, first));
    b.act(with_slots(a.port, b.port, |_| Act::text(":2\r\n")));
    let proxy = Proxy::start(&[b.port], |config| {
        config.request_timeout_ms = 300;
        config.connect_timeout_ms = 300;
    });
    (a, b, proxy)
}

#[test]
fn a_write_whose_link_is_lost_is_an_error_and_not_repeated() {
    let (node, _other, proxy) = two(|_| Act::Hang);
    let mut wire = proxy.connect();
    let reply = ask(&mut wire, "SET b 1");
    assert!(
        reply.starts_with("-ERR node 127.0.0.1:") && reply.contains("the command may have been executed"),
        "{reply}"
    );
    assert_eq!(node.heard(), ["SET b 1"]);
}

#[test]
fn a_read_whose_link_is_lost_is_repeated_once() {
    let mut hung = false;
    let (node, _other, proxy) =
        two(move |_| if std::mem::replace(&mut hung, true) { Act::text("$1\r\nv\r\n") } else { Act::Hang });
    let mut wire = proxy.connect();
    assert_eq!(ask(&mut wire, "GET b"), r"$1\r\nv\r\n");
    assert_eq!(node.heard(), ["GET b", "GET b"]);

    let (node, _other, proxy) = two(|_| Act::Hang);
    let mut wire = proxy.connect();
    assert!(ask(&mut wire, "GET b").starts_with("-ERR node 127.0.0.1:"));
    assert_eq!(node.heard().len(), 2);
}

#[test]
fn a_node_that_does_not_answer_delays_only_its_own_requests() {
    let (_node, _other, proxy) = two(|_| Act::Nothing);
    let mut waiting = proxy.connect();
    waiting.send(b"INCR b\r\nINCR a\r\n");
    let mut served = Wire::connect(proxy.port);
    for _ in 0..100 {
        assert_eq!(ask(&mut served, "GET a"), r":2\r\n");
    }
    // In order: the error for the first, then what the other node answered long ago.
    let reply = super::text(&waiting.reply());
    assert!(reply.contains("did not answer in 300 ms; the command may have been executed"), "{reply}");
    assert_eq!(waiting.reply(), b":2\r\n");
}

#[test]
fn a_node_that_talks_nonsense_is_given_up() {
    for nonsense in ["no reply\r\n", "$5\r\nabc\r\n$$$$$$", ":1\r\n:2\r\n:3\r\n"] {
        let mut first = true;
        let (_node, _other, proxy) =
            two(move |_| Act::text(if std::mem::replace(&mut first, false) { nonsense } else { ":1\r\n" }));
        let mut wire = proxy.connect();
        // Three replies to one request: the first one is taken, the rest ends the link.
        let reply = ask(&mut wire, "INCR b");
        assert!(reply.starts_with("-ERR node") || (nonsense.starts_with(':') && reply == r":1\r\n"), "{reply}");
        eventually("the link works again", || ask(&mut wire, "INCR b") == r":1\r\n");
    }
}

#[test]
fn a_reply_in_pieces_arrives_whole() {
    let (node, _other, proxy) = two(|_| Act::Nothing);
    let mut step = 0;
    // A request brings the next byte: pipelined requests make the reply of the first one arrive byte by byte.
    let reply = b"*2\r\n$3\r\na\r\n\r\n:-5\r\n".to_vec();
    let bytes = reply.clone();
    node.act(with_slots(node.port, node.port, move |_| {
        step += 1;
        match bytes.get(step - 1) {
            Some(byte) => Act::Reply(vec![*byte]),
            None => Act::Nothing,
        }
    }));
    let mut wire = proxy.connect();
    (0..reply.len()).for_each(|_| wire.send(b"LRANGE b 0 1\r\n"));
    assert_eq!(wire.reply(), reply);
}

#[test]
fn a_node_that_cannot_be_reached_is_an_error_at_once_and_found_when_it_is_back() {
    let reserved = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = reserved.local_addr().unwrap().port();
    drop(reserved);
    let other = ScriptedNode::start();
    other.act(with_slots(port, other.port, |_| Act::text(":2\r\n")));
    let proxy = Proxy::start(&[other.port], |_| {});
    let mut wire = proxy.connect();
    let reply = ask(&mut wire, "SET b 1");
    assert!(reply.starts_with("-CLUSTERDOWN node 127.0.0.1:") && reply.contains("cannot be reached"), "{reply}");
    assert_eq!(ask(&mut wire, "GET a"), r":2\r\n");
    let reply = ask(&mut wire, "MGET a b");
    assert!(reply.starts_with("-CLUSTERDOWN"), "no part is made up: {reply}");

    let back = ScriptedNode::listen(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap());
    back.act(with_slots(port, other.port, |_| Act::text("+OK\r\n")));
    eventually("the node is found again", || ask(&mut wire, "SET b 1") == r"+OK\r\n");
}

#[test]
fn without_any_node_the_proxy_answers_with_an_error() {
    let reserved = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = reserved.local_addr().unwrap().port();
    drop(reserved);
    let proxy = Proxy::start(&[port], |_| {});
    let mut wire = Wire::connect(proxy.port);
    assert_eq!(ask(&mut wire, "PING"), r"+PONG\r\n");
    assert!(ask(&mut wire, "GET a").starts_with("-CLUSTERDOWN"));
    assert!(ask(&mut wire, "DBSIZE").starts_with("-CLUSTERDOWN no node has told"));

    let node = ScriptedNode::listen(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap());
    node.act(with_slots(port, port, |_| Act::text(":1\r\n")));
    eventually("the topology is found", || ask(&mut wire, "DBSIZE") == r":1\r\n");
}

#[test]
fn a_stalled_node_s_queue_is_bounded() {
    let (node, _other, proxy) = two(|_| Act::Nothing);
    drop(proxy);
    let proxy = Proxy::start(&[node.port], |config| {
        config.link_pending_max = 10;
        config.request_timeout_ms = 1_000;
    });
    let mut wire = proxy.connect();
    for number in 0..100 {
        wire.send(format!("SET b {number}\r\n").as_bytes());
    }
    eventually("the node heard as many as may be under way", || node.heard().len() >= 10);
    let reply = super::text(&wire.reply());
    assert!(reply.contains("did not answer"), "{reply}");
    // The next ten may be on their way by now: the first made room when they were given up.
    assert!(node.heard().len() <= 20, "{} requests under way", node.heard().len());
}
