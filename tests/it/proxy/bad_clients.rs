//! Clients that send nonsense, stop half-way or never read: the proxy's memory stays bounded and others are served.

use super::scripted::{Act, ScriptedNode, with_slots};
use super::{Proxy, ask, text};
use crate::support::{Wire, encode, eventually};
use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A node that owns everything and answers with `reply`, and its proxy.
fn one(reply: Vec<u8>) -> (ScriptedNode, Proxy) {
    let node = ScriptedNode::start();
    node.act(with_slots(node.port, node.port, move |_| Act::Reply(reply.clone())));
    let proxy = Proxy::start(&[node.port], |config| {
        config.client_output_soft_bytes = 1 << 20;
        config.client_pending_max = 64;
    });
    (node, proxy)
}

#[test]
fn a_client_that_never_reads_is_not_read_either() {
    let value = vec![b'v'; 64 * 1024];
    let reply = [format!("${}\r\n", value.len()).as_bytes(), &value, b"\r\n"].concat();
    let node = ScriptedNode::start();
    let answered = Arc::new(AtomicUsize::new(0));
    let count = answered.clone();
    node.act(with_slots(node.port, node.port, move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Act::Reply(reply.clone())
    }));
    let proxy = Proxy::start(&[node.port], |config| {
        config.client_output_soft_bytes = 1 << 20;
        config.client_pending_max = 64;
    });
    let mut other = proxy.connect();

    let mut greedy = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).unwrap();
    greedy.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let requests = encode(&[b"GET", b"b"]).repeat(1_000);
    let stuck = loop {
        if let Err(error) = greedy.write_all(&requests) {
            break error;
        }
    };
    assert!(matches!(stuck.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{stuck}");
    // What the sockets hold (a few MiB at most), the soft bound, and the requests that were under way.
    let held = answered.load(Ordering::Relaxed) * 64 * 1024;
    assert!(held < 32 << 20, "{held} bytes were fetched for a client that does not read");
    for _ in 0..100 {
        assert_eq!(ask(&mut other, "PING"), r"+PONG\r\n");
        assert_eq!(other.ask(&[b"GET", b"b"]).len(), 64 * 1024 + 10);
    }
}

#[test]
fn a_client_over_the_hard_bound_is_closed() {
    let (node, proxy) = one([b"$100000\r\n".as_slice(), &[b'v'; 100_000], b"\r\n"].concat());
    drop(proxy);
    let proxy = Proxy::start(&[node.port], |config| {
        config.client_output_soft_bytes = 64 << 20;
        config.client_output_hard_bytes = 1 << 20;
        config.client_pending_max = 10_000;
    });
    let mut other = proxy.connect();
    let mut greedy = Wire::connect(proxy.port);
    greedy.send(&encode(&[b"GET", b"b"]).repeat(5_000));
    eventually("it is closed", || {
        let info = text(&other.ask(&[b"INFO", b"clients"]));
        info.contains("connected_clients:1\\r")
    });
    assert!(greedy.rest().len() < 500_000_000);
}

#[test]
fn a_slow_reader_gets_everything_in_the_end() {
    let (_node, proxy) = one([b"$20000\r\n".as_slice(), &[b'v'; 20_000], b"\r\n"].concat());
    let mut wire = proxy.connect();
    // 40 MB of replies, far beyond the soft bound of 1 MiB.
    let requests = encode(&[b"GET", b"b"]).repeat(2_000);
    wire.send(&requests);
    for _ in 0..2_000 {
        assert_eq!(wire.reply().len(), 20_010);
    }
    assert_eq!(ask(&mut wire, "PING"), r"+PONG\r\n");
}

#[test]
fn a_request_that_is_never_finished_harms_nobody() {
    let (node, proxy) = one(b"+OK\r\n".to_vec());
    let mut wire = proxy.connect();
    let request = encode(&[b"SET", b"b", b"value"]);
    for cut in 1..request.len() {
        let mut half = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).unwrap();
        half.write_all(&request[..cut]).unwrap();
        drop(half);
    }
    assert_eq!(ask(&mut wire, "SET b value"), r"+OK\r\n");
    assert_eq!(node.heard(), ["SET b value"]);
    eventually("they are gone", || text(&wire.ask(&[b"INFO", b"clients"])).contains("connected_clients:1\\r"));
}

#[test]
fn a_request_may_be_split_at_any_byte() {
    let (node, proxy) = one(b"+OK\r\n".to_vec());
    let mut wire = proxy.connect();
    let request = encode(&[b"SET", b"b", b"a\r\nb"]);
    for cut in 1..request.len() {
        wire.send(&request[..cut]);
        wire.send(&request[cut..]);
        assert_eq!(wire.reply(), b"+OK\r\n");
    }
    assert_eq!(node.heard().len(), request.len() - 1);
    assert!(node.heard().iter().all(|heard| heard == "SET b a\r\nb"));
}

#[test]
fn nonsense_gets_the_reference_s_error_and_a_close() {
    let (_node, proxy) = one(b"+OK\r\n".to_vec());
    proxy.connect();
    for (bytes, expected) in [
        (&b"*x\r\n"[..], "-ERR Protocol error: invalid multibulk length\r\n"),
        (b"*1\r\nabc\r\n", "-ERR Protocol error: expected '$', got 'a'\r\n"),
        (b"PING\r\n*1\r\n$-5\r\n", "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n"),
        (b"SET b 1\r\nget \"a\r\n", "+OK\r\n-ERR Protocol error: unbalanced quotes in request\r\n"),
    ] {
        let mut wire = Wire::connect(proxy.port);
        wire.send(bytes);
        assert_eq!(text(&wire.rest()), text(expected.as_bytes()));
    }
}

#[test]
fn a_client_that_half_closes_gets_its_replies() {
    let (_node, proxy) = one(b"+OK\r\n".to_vec());
    proxy.connect();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).unwrap();
    stream.write_all(b"SET b 1\r\nPING\r\nSET b 2\r\n").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut replies = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut replies).unwrap();
    assert_eq!(text(&replies), r"+OK\r\n+PONG\r\n+OK\r\n");
}

#[test]
fn too_many_clients_are_told_so() {
    let (node, proxy) = one(b"+OK\r\n".to_vec());
    drop(proxy);
    let proxy = Proxy::start(&[node.port], |config| config.clients_max = 2);
    let (mut a, _b) = (proxy.connect(), proxy.connect());
    assert_eq!(text(&Wire::connect(proxy.port).rest()), r"-ERR max number of clients reached\r\n");
    assert_eq!(ask(&mut a, "PING"), r"+PONG\r\n");
}
