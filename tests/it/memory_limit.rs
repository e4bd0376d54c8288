//! `maxmemory`: the limit holds while clients write, whatever the policy; what cannot be kept is refused as the
//! reference refuses it; a lower limit takes effect without anybody asking for anything.

use std::thread;

use crate::support::{Server, Wire, encode, eventually};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
/// What may come on top of the limit: one request of each client, and buffers that grew since the last look.
const SLACK: u64 = 256 * KIB;

/// The value of a field of INFO.
fn info(wire: &mut Wire, field: &str) -> u64 {
    let text = String::from_utf8_lossy(&wire.ask(&[b"INFO", b"everything"])).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':').map(str::to_owned));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or_else(|| panic!("INFO tells {field} as a number"))
}

fn configure(wire: &mut Wire, name: &str, value: impl ToString) {
    let value = value.to_string();
    let reply = wire.ask(&[b"CONFIG", b"SET", name.as_bytes(), value.as_bytes()]);
    assert_eq!(reply, b"+OK\r\n", "CONFIG SET {name} {value}");
}

/// Writes `count` fresh keys of 1 KiB in pipelines; with an expiry, an hour. Answers how many were refused.
fn write(wire: &mut Wire, prefix: &str, count: usize, volatile: bool) -> usize {
    const PIPELINE: usize = 16;
    let mut refused = 0;
    for first in (0..count).step_by(PIPELINE) {
        let mut bytes = Vec::new();
        for number in first..first + PIPELINE {
            let key = format!("{prefix}:{number}");
            let value = vec![b'x'; 1000];
            let mut request: Vec<&[u8]> = vec![b"SET", key.as_bytes(), &value];
            if volatile {
                request.extend([&b"EX"[..], b"3600"]);
            }
            bytes.extend(encode(&request));
        }
        wire.send(&bytes);
        for _ in 0..PIPELINE {
            let reply = wire.reply();
            if reply != b"+OK\r\n" {
                assert_eq!(reply, b"-OOM command not allowed when used memory > 'maxmemory'.\r\n");
                refused += 1;
            }
        }
    }
    refused
}

#[test]
fn every_policy_keeps_the_limit_while_two_threads_write() {
    for policy in [
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
    ] {
        let server = Server::node(&["--threads", "2", "--maxmemory-policy", policy]);
        let mut wire = server.connect();
        let limit = info(&mut wire, "used_memory") + 4 * MIB;
        configure(&mut wire, "maxmemory", limit);
        let port = server.port;
        let volatile = policy.starts_with("volatile");
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                thread::spawn(move || write(&mut Wire::connect(port), &format!("w{writer}"), 8_000, volatile))
            })
            .collect();
        let mut most = 0;
        while !writers.iter().all(thread::JoinHandle::is_finished) {
            most = most.max(info(&mut wire, "used_memory"));
        }
        let refused: usize = writers.into_iter().map(|writer| writer.join().expect("the writer ends well")).sum();
        most = most.max(info(&mut wire, "used_memory"));
        assert_eq!(refused, 0, "{policy}");
        assert!(most <= limit + SLACK, "{policy}: {most} for a limit of {limit}");
        assert!(most > limit - MIB, "{policy}: the memory there is was used: {most} of {limit}");
        assert!(info(&mut wire, "evicted_keys") > 8_000, "{policy}");
    }
}

#[test]
fn a_full_node_refuses_what_the_reference_refuses() {
    let directives = ["--maxmemory", "1", "--maxmemory-policy", "noeviction"];
    let (server, reference) = (Server::node(&directives), Server::reference(&directives));
    let (mut ours, mut theirs) = (server.connect(), reference.connect());
    let requests: &[&[&[u8]]] = &[
        &[b"SET", b"a", b"1"],
        &[b"SET", b"a"],
        &[b"GET", b"a"],
        &[b"DEL", b"a"],
        &[b"LPUSH", b"l", b"1"],
        &[b"HSET", b"h", b"f", b"v"],
        &[b"SADD", b"s", b"1"],
        &[b"ZADD", b"z", b"1", b"a"],
        &[b"ZADD", b"z", b"1"],
        &[b"LPOP", b"l"],
        &[b"EXPIRE", b"a", b"1"],
        &[b"RENAME", b"a", b"b"],
        &[b"COPY", b"a", b"b"],
        &[b"GETEX", b"a", b"EX", b"10"],
        &[b"SPOP", b"s"],
        &[b"SINTERSTORE", b"d", b"s"],
        &[b"APPEND", b"a", b"x"],
        &[b"INCR", b"a"],
        &[b"SETRANGE", b"a", b"0", b""],
        &[b"BITFIELD", b"a", b"GET", b"u8", b"0"],
        &[b"SORT", b"l"],
        &[b"FLUSHALL"],
        &[b"PING"],
        &[b"NONE"],
    ];
    for request in requests {
        let (got, expected) = (ours.ask(request), theirs.ask(request));
        assert_eq!(
            got.escape_ascii().to_string(),
            expected.escape_ascii().to_string(),
            "{}",
            request.concat().escape_ascii()
        );
    }
    for field in ["evicted_keys", "errorstat_OOM"] {
        let count = |wire: &mut Wire| {
            let text = wire.ask(&[b"INFO", b"everything"]);
            let text = String::from_utf8_lossy(&text).into_owned();
            text.lines().find(|line| line.starts_with(field)).map(str::to_owned)
        };
        assert_eq!(count(&mut ours), count(&mut theirs), "{field}");
    }
    configure(&mut ours, "maxmemory", 0);
    assert_eq!(ours.ask(&[b"SET", b"a", b"1"]), b"+OK\r\n");
}

#[test]
fn keys_without_an_expiry_outlive_a_volatile_policy() {
    for policy in ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"] {
        let server = Server::node(&["--threads", "1", "--maxmemory-policy", policy]);
        let mut wire = server.connect();
        assert_eq!(write(&mut wire, "lasting", 1_600, false), 0);
        let limit = info(&mut wire, "used_memory") + MIB;
        configure(&mut wire, "maxmemory", limit);
        assert_eq!(write(&mut wire, "volatile", 4_800, true), 0, "{policy}");
        assert!(write(&mut wire, "more", 3_200, false) > 1_600, "{policy}: without volatile keys nothing is evicted");
        for number in 0..1_600 {
            let key = format!("lasting:{number}");
            assert_eq!(wire.ask(&[b"EXISTS", key.as_bytes()]), b":1\r\n", "{policy}: {key}");
        }
        assert!(info(&mut wire, "used_memory") <= limit + SLACK, "{policy}");
        // Reads and deletions go on, and make room again.
        assert_eq!(wire.ask(&[b"STRLEN", b"lasting:0"]), b":1000\r\n");
        for number in 0..64 {
            wire.ask(&[b"DEL", format!("lasting:{number}").as_bytes()]);
        }
        assert_eq!(wire.ask(&[b"SET", b"fits", b"again"]), b"+OK\r\n", "{policy}");
    }
}

#[test]
fn a_lower_limit_takes_effect_by_itself() {
    let server = Server::node(&["--threads", "1", "--maxmemory-policy", "allkeys-random"]);
    let mut wire = server.connect();
    let empty = info(&mut wire, "used_memory");
    write(&mut wire, "k", 32_000, false);
    configure(&mut wire, "maxmemory", empty + 8 * MIB);
    // Only asking for INFO: it is no command that evicts by itself.
    eventually("memory is below the limit", || info(&mut wire, "used_memory") <= empty + 8 * MIB + SLACK);
    assert!(info(&mut wire, "evicted_keys") > 16_000);
    eventually("the limit counts as kept", || info(&mut wire, "current_eviction_exceeded_time") == 0);
    configure(&mut wire, "maxmemory-policy", "noeviction");
    configure(&mut wire, "maxmemory", empty);
    assert_eq!(write(&mut wire, "more", 16, false), 16);
    eventually("time above the limit is counted", || info(&mut wire, "current_eviction_exceeded_time") > 0);
}
