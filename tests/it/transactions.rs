//! Transactions whose databases change under them.

use crate::support::*;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

#[test]
fn databases_that_are_swapped_meanwhile_harm_no_transaction() {
    let server = Server::node(&[]);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = server.connect();
            while !over.load(SeqCst) {
                assert_eq!(client.ask(&[b"SWAPDB", b"0", b"1"]), b"+OK\r\n");
            }
        });
        let mut client = server.connect();
        for _ in 0..2_000 {
            for (request, reply) in [
                (&[&b"MULTI"[..]][..], &b"+OK\r\n"[..]),
                (&[b"INCR", b"a"], b"+QUEUED\r\n"),
                (&[b"SELECT", b"1"], b"+QUEUED\r\n"),
                (&[b"MSET", b"a", b"1", b"b", b"2"], b"+QUEUED\r\n"),
                (&[b"SELECT", b"0"], b"+QUEUED\r\n"),
            ] {
                assert_eq!(client.ask(request), reply);
            }
            let reply = client.ask(&[b"EXEC"]);
            assert!(reply.starts_with(b"*4\r\n:"), "{}", String::from_utf8_lossy(&reply));
        }
        over.store(true, SeqCst);
    });
}

#[test]
fn a_cluster_has_one_database_also_in_transactions() {
    let server = Server::cluster_node(&[]);
    let mut client = server.connect();
    for request in [&[&b"MULTI"[..]][..], &[b"SELECT", b"1"], &[b"SET", b"k", b"v"], &[b"GET", b"k"]] {
        client.ask(request);
    }
    let reply = client.ask(&[b"EXEC"]);
    assert_eq!(reply, b"*3\r\n-ERR SELECT is not allowed in cluster mode\r\n+OK\r\n$1\r\nv\r\n");
}
