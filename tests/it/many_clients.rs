//! Many clients with one request each under way: they wait for one another's cache lines on the thread that serves
//! them, and each must still get its own replies, in its own database and under its own rules.

use crate::support::{Server, Wire, encode};
use std::thread;

const CLIENTS: usize = 40;
const ROUNDS: usize = 150;

fn expect(wire: &mut Wire, request: &[&[u8]], want: &str) {
    let reply = wire.ask(request);
    assert_eq!(String::from_utf8_lossy(&reply), want, "{request:?}");
}

#[test]
fn every_client_gets_its_own_replies() {
    let server = Server::node(&["--threads", "1"]);
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let server = &server;
            scope.spawn(move || {
                let mut wire = server.connect();
                let database = (client % 3).to_string();
                expect(&mut wire, &[b"SELECT", database.as_bytes()], "+OK\r\n");
                let key = format!("key:{client}");
                for round in 0..ROUNDS {
                    let value = format!("{client}-{round}");
                    expect(&mut wire, &[b"SET", key.as_bytes(), value.as_bytes()], "+OK\r\n");
                    let want = format!("${}\r\n{value}\r\n", value.len());
                    expect(&mut wire, &[b"GET", key.as_bytes()], &want);
                    // Half a request, which somebody else's turn comes in between.
                    let bytes = encode(&[b"GETDEL", key.as_bytes()]);
                    let cut = 1 + round % (bytes.len() - 1);
                    wire.send(&bytes[..cut]);
                    wire.send(&bytes[cut..]);
                    assert_eq!(String::from_utf8_lossy(&wire.reply()), want);
                    expect(&mut wire, &[b"GET", key.as_bytes()], "$-1\r\n");
                }
            });
        }
    });
}

#[test]
fn clients_that_must_authenticate_are_held_to_it_beside_others() {
    let server = Server::node(&["--threads", "1", "--requirepass", "secret"]);
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let server = &server;
            scope.spawn(move || {
                for _ in 0..ROUNDS / 10 {
                    let mut wire = server.connect();
                    let key = format!("key:{client}");
                    expect(&mut wire, &[b"GET", key.as_bytes()], "-NOAUTH Authentication required.\r\n");
                    // The request behind AUTH is judged once it has run.
                    let long = vec![b'x'; 20_000];
                    let both = [encode(&[b"AUTH", b"secret"]), encode(&[b"SET", key.as_bytes(), &long])].concat();
                    wire.send(&both);
                    assert_eq!(wire.reply(), b"+OK\r\n");
                    assert_eq!(wire.reply(), b"+OK\r\n");
                    expect(&mut wire, &[b"STRLEN", key.as_bytes()], ":20000\r\n");
                    wire.send(b"*1\r\n:nonsense\r\n");
                    let error = wire.rest();
                    assert!(error.starts_with(b"-ERR Protocol error: expected '$'"), "{error:?}");
                }
            });
        }
    });
}
