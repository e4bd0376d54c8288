//! DUMP and RESTORE beside the reference's: the same bytes, values that travel both ways, and damaged payloads.
//!
//! Environment: `DUMP_ROUNDS` random values or payloads per test (default 250), `DUMP_SEED`.

mod damaged;
mod errors;
mod old;
mod payloads;
mod values;

use crate::support::{Server, Wire};

/// A server with a connection to it.
struct Side {
    wire: Wire,
    /// Runs as long as this.
    _server: Server,
}

impl Side {
    fn new(server: Server) -> Side {
        let wire = server.connect();
        Side { wire, _server: server }
    }

    /// The program under test.
    fn ours() -> Side {
        Side::new(Server::node(&["--enable-debug-command", "yes"]))
    }

    /// The reference, which checks payloads as thoroughly as it can.
    fn reference() -> Side {
        Side::new(Server::reference(&["--enable-debug-command", "yes", "--sanitize-dump-payload", "yes"]))
    }

    fn ask(&mut self, request: &[&[u8]]) -> Vec<u8> {
        self.wire.ask(request)
    }

    /// Runs a line without quotes in it.
    fn run(&mut self, line: &str) -> String {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        String::from_utf8_lossy(&self.wire.ask(&words)).into_owned()
    }

    /// Makes a value.
    fn make(&mut self, made: &values::Made) {
        for request in &made.requests {
            let words: Vec<&[u8]> = request.iter().map(Vec::as_slice).collect();
            let reply = self.ask(&words);
            assert_ne!(reply[0], b'-', "{}", reply.escape_ascii());
        }
    }

    fn dump(&mut self, key: &[u8]) -> Vec<u8> {
        bulk(&self.ask(&[b"DUMP", key])).expect("the key is there")
    }

    /// The signature of a value, its encoding, and what only streams have besides.
    fn look(&mut self, key: &str) -> [String; 5] {
        ["DEBUG DIGEST-VALUE KEY", "OBJECT ENCODING KEY", "XINFO GROUPS KEY", "XPENDING KEY g0", "XPENDING KEY g1"]
            .map(|line| self.run(&line.replace("KEY", key)))
            // Of errors their kind: the text names the key.
            .map(|reply| if reply.starts_with('-') { reply.split(' ').take(1).collect() } else { reply })
    }
}

/// What is in a bulk reply; `None` for a null.
fn bulk(reply: &[u8]) -> Option<Vec<u8>> {
    let line = reply.windows(2).position(|pair| pair == b"\r\n").expect("a reply has a line");
    assert_eq!(reply[0], b'$', "{}", reply.escape_ascii());
    (line + 2 < reply.len()).then(|| reply[line + 2..reply.len() - 2].to_vec())
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn rounds() -> u64 {
    setting("DUMP_ROUNDS", 250)
}

/// Numbers to draw from, whose seed is shown when the test fails.
fn random() -> fastrand::Rng {
    let seed = setting("DUMP_SEED", fastrand::u64(..));
    println!("DUMP_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}
