//! What takes long to free is freed in the background, and what takes long to expire expires in steps; others are
//! served meanwhile. Nothing here asserts a time: what is looked at is who did the work.

use crate::support::{Server, Wire, encode, eventually};

const MEMBERS: usize = 100_000;

fn info(wire: &mut Wire, field: &str) -> u64 {
    let text = String::from_utf8_lossy(&wire.ask(&[b"INFO", b"everything"])).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':').map(str::to_owned));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or_else(|| panic!("INFO tells {field} as a number"))
}

fn fill(wire: &mut Wire, key: &[u8], members: usize) {
    for first in (0..members).step_by(1000) {
        let names: Vec<String> =
            (first..(first + 1000).min(members)).map(|number| format!("member:{number}")).collect();
        let mut request: Vec<&[u8]> = vec![b"SADD", key];
        request.extend(names.iter().map(String::as_bytes));
        assert_eq!(wire.ask(&request), format!(":{}\r\n", names.len()).as_bytes());
    }
}

/// Removes a set of `members` with these requests, and answers how many values the background freed.
fn freed_in_background(server: &Server, members: usize, removal: &[&[u8]]) -> u64 {
    let mut wire = server.connect();
    fill(&mut wire, b"{big}1", members);
    let before = info(&mut wire, "lazyfreed_objects");
    let reply = wire.ask(removal);
    assert!(!reply.starts_with(b"-"), "{}", reply.escape_ascii());
    eventually("the background is done", || info(&mut wire, "lazyfree_pending_objects") == 0);
    info(&mut wire, "lazyfreed_objects") - before
}

#[test]
fn who_frees_a_big_value_is_as_configured_unless_it_is_huge() {
    const BIG: usize = 1000;
    let server = Server::node(&["--threads", "1"]);
    let mut wire = server.connect();
    let removals: [(&[&[u8]], &str); 3] = [
        (&[b"UNLINK", b"{big}1"], ""),
        (&[b"DEL", b"{big}1"], "lazyfree-lazy-user-del"),
        (&[b"SET", b"{big}1", b"small"], "lazyfree-lazy-server-del"),
    ];
    for (removal, directive) in removals {
        let what = String::from_utf8_lossy(removal[0]).into_owned();
        let freed = |members| {
            let freed = freed_in_background(&server, members, removal);
            server.connect().ask(&[b"DEL", b"{big}1"]);
            freed
        };
        assert_eq!(freed(10), 0, "{what} of a small value");
        if !directive.is_empty() {
            assert_eq!(freed(BIG), 0, "{what} of a big value");
            assert_eq!(wire.ask(&[b"CONFIG", b"SET", directive.as_bytes(), b"yes"]), b"+OK\r\n");
        }
        assert_eq!(freed(BIG), 1, "{what} of a big value, lazily");
        if !directive.is_empty() {
            assert_eq!(wire.ask(&[b"CONFIG", b"SET", directive.as_bytes(), b"no"]), b"+OK\r\n");
        }
        assert_eq!(freed(MEMBERS), 1, "{what} of a huge value");
    }
    assert_eq!(freed_in_background(&server, 10, &[b"FLUSHALL"]), 0);
    assert_eq!(freed_in_background(&server, 10, &[b"FLUSHALL", b"ASYNC"]), 1);
    assert_eq!(freed_in_background(&server, MEMBERS, &[b"FLUSHALL", b"SYNC"]), 1, "a huge value");
}

#[test]
fn memory_of_what_was_removed_comes_back() {
    let server = Server::node(&["--threads", "1"]);
    let mut wire = server.connect();
    let before = info(&mut wire, "used_memory");
    for removal in [&[&b"UNLINK"[..], b"{big}1"][..], &[b"DEL", b"{big}1"], &[b"FLUSHALL", b"ASYNC"], &[b"FLUSHALL"]] {
        fill(&mut wire, b"{big}1", MEMBERS);
        assert!(info(&mut wire, "used_memory") > before + 1_000_000);
        wire.ask(removal);
        eventually("memory is back", || info(&mut wire, "used_memory") < before + 1_000_000);
    }
}

#[test]
fn a_crowded_slot_expires_while_it_is_written_to() {
    const KEYS: usize = 50_000;
    let server = Server::node(&["--threads", "1"]);
    let mut wire = server.connect();
    let mut bytes = Vec::new();
    for number in 0..KEYS {
        bytes.extend(encode(&[b"SET", format!("{{t}}{number}").as_bytes(), b"v", b"PX", b"300"]));
    }
    wire.send(&bytes);
    (0..KEYS).for_each(|_| assert_eq!(wire.reply(), b"+OK\r\n"));
    let mut lasting = 0;
    eventually("all that had a time is gone", || {
        lasting += 1;
        assert_eq!(wire.ask(&[b"SET", format!("{{t}}lasting {lasting}").as_bytes(), b"v"]), b"+OK\r\n");
        wire.ask(&[b"DBSIZE"]) == format!(":{lasting}\r\n").as_bytes()
    });
    assert_eq!(info(&mut wire, "expired_keys"), KEYS as u64);
}
