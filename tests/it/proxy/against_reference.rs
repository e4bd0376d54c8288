//! The proxy in front of a real cluster of the reference's servers, and side by side with one plain server of it.

use super::{Proxy, ask, text};
use crate::support::{Server, Wire, encode, eventually};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Three reference servers that know each other and share the slots evenly.
struct Cluster {
    nodes: Vec<Server>,
}

impl Cluster {
    fn start() -> Cluster {
        let state = std::env::temp_dir().join(format!("proxy-cluster-{}-{}", std::process::id(), fastrand::u64(..)));
        let node = |number: usize| {
            let file = format!("{}-{number}.conf", state.display());
            let server = Server::reference(&[
                "--cluster-enabled",
                "yes",
                "--cluster-config-file",
                &file,
                "--cluster-node-timeout",
                "2000",
                "--cluster-require-full-coverage",
                "no",
            ]);
            let _ = std::fs::remove_file(file);
            server
        };
        let cluster = Cluster { nodes: (0..3).map(node).collect() };
        let mut wires: Vec<Wire> = cluster.nodes.iter().map(Server::connect).collect();
        for (wire, (first, last)) in wires.iter_mut().zip([("0", "5460"), ("5461", "10922"), ("10923", "16383")]) {
            assert_eq!(ask(wire, &format!("CLUSTER ADDSLOTSRANGE {first} {last}")), r"+OK\r\n");
        }
        for node in &cluster.nodes[1..] {
            assert_eq!(ask(&mut wires[0], &format!("CLUSTER MEET 127.0.0.1 {}", node.port)), r"+OK\r\n");
        }
        for wire in &mut wires {
            eventually("the nodes agree", || {
                let info = ask(wire, "CLUSTER INFO");
                info.contains("cluster_slots_ok:16384") && info.contains("cluster_state:ok")
            });
        }
        cluster
    }

    fn proxy(&self) -> Proxy {
        Proxy::start(&[self.nodes[0].port], |config| {
            config.request_timeout_ms = 500;
            config.connect_timeout_ms = 500;
        })
    }

    /// The place of the node that owns a key.
    fn owner(&self, key: &str) -> usize {
        match slotwise::slot::Slot::of(key.as_bytes()).number() {
            0..=5460 => 0,
            5461..=10922 => 1,
            _ => 2,
        }
    }
}

/// A random request over a few keys of all slots; some of it is wrong.
fn request(random: &mut fastrand::Rng) -> Vec<Vec<u8>> {
    let key = |random: &mut fastrand::Rng| match random.u8(..8) {
        0 => vec![b'\r', b'\n', 0, 0xff, random.u8(..4)],
        1 => format!("{{tag}}{}", random.u8(..5)).into_bytes(),
        _ => format!("key:{}", random.u8(..40)).into_bytes(),
    };
    let value = |random: &mut fastrand::Rng| -> Vec<u8> {
        let length = if random.u8(..50) == 0 { 100_000 } else { 60 };
        (0..random.usize(..length)).map(|_| random.u8(..)).collect()
    };
    let word = |text: &str| text.as_bytes().to_vec();
    let many = |random: &mut fastrand::Rng, name: &str| {
        let count = random.usize(0..12);
        [vec![word(name)], (0..count).map(|_| key(random)).collect()].concat()
    };
    match random.u8(..26) {
        0..=2 => vec![word("SET"), key(random), value(random)],
        3..=5 => vec![word("get"), key(random)],
        6 => many(random, "DEL"),
        7 => many(random, "exists"),
        8 => many(random, "UNLINK"),
        9 => many(random, "touch"),
        10..=12 => many(random, "MGET"),
        13 | 14 => {
            let count = random.usize(0..8);
            let mut all = vec![word("MSET")];
            (0..count).for_each(|_| all.extend([key(random), value(random)]));
            if random.u8(..10) == 0 {
                all.push(key(random));
            }
            all
        }
        15 => vec![word("INCR"), key(random)],
        16 => vec![word("HSET"), key(random), word("f"), value(random)],
        17 => vec![word("HGETALL"), key(random)],
        18 => vec![word("RPUSH"), key(random), value(random), word("x")],
        19 => vec![word("LRANGE"), key(random), word("0"), word("-1")],
        20 => vec![word("ZADD"), key(random), word("1.5"), word("m")],
        21 => vec![word("ZRANGE"), key(random), word("0"), word("-1"), word("WITHSCORES")],
        22 => vec![word("DBSIZE")],
        23 => vec![word("ECHO"), value(random)],
        24 => vec![word("strlen"), key(random), word("too"), word("many")],
        _ => vec![word("nonsense"), word("a"), word("b")],
    }
}

#[test]
fn pipelined_replies_are_those_of_one_plain_server_in_order() {
    let (cluster, single) = (Cluster::start(), Server::reference(&[]));
    let proxy = cluster.proxy();
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for hello in ["HELLO 2", "HELLO 3"] {
        let (mut through, mut direct) = (proxy.connect(), single.connect());
        for wire in [&mut through, &mut direct] {
            ask(wire, hello);
            assert_eq!(ask(wire, "FLUSHALL"), r"+OK\r\n");
        }
        for _ in 0..60 {
            let requests: Vec<Vec<Vec<u8>>> = (0..random.usize(1..150)).map(|_| request(&mut random)).collect();
            let mut bytes = Vec::new();
            for request in &requests {
                let words: Vec<&[u8]> = request.iter().map(Vec::as_slice).collect();
                bytes.extend(encode(&words));
            }
            direct.send(&bytes);
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (piece, tail) = rest.split_at(random.usize(1..=rest.len().min(5_000)));
                through.send(piece);
                rest = tail;
            }
            for request in &requests {
                let shown: Vec<String> = request.iter().map(|word| text(&word[..word.len().min(20)])).collect();
                assert_eq!(text(&through.reply()), text(&direct.reply()), "{hello} {shown:?}");
            }
        }
    }
}

#[test]
fn a_pipeline_of_ten_thousand_is_answered_whole() {
    let cluster = Cluster::start();
    let proxy = cluster.proxy();
    let mut wire = proxy.connect();
    let mut bytes = Vec::new();
    for number in 0..10_000 {
        let key = format!("key:{number}");
        bytes.extend(encode(&[b"SET", key.as_bytes(), &[b'v'; 512]]));
        bytes.extend(encode(&[b"GET", key.as_bytes()]));
    }
    // Written before anything is read, as client libraries do.
    wire.send(&bytes);
    for _ in 0..10_000 {
        assert_eq!(wire.reply(), b"+OK\r\n");
        assert_eq!(wire.reply().len(), 6 + 512 + 2);
    }
    assert_eq!(ask(&mut wire, "DBSIZE"), r":10000\r\n");
}

#[test]
fn the_whole_keyspace_is_seen_through_one_address() {
    let cluster = Cluster::start();
    let proxy = cluster.proxy();
    let mut wire = proxy.connect();
    let mut keys: Vec<String> = (0..1_000).map(|number| format!("key:{number}")).collect();
    for key in &keys {
        assert_eq!(ask(&mut wire, &format!("SET {key} 1")), r"+OK\r\n");
    }
    keys.sort();
    assert_eq!(ask(&mut wire, "DBSIZE"), r":1000\r\n");
    assert!(ask(&mut wire, "RANDOMKEY").contains(r"\r\nkey:"));
    assert_eq!(ask(&mut wire, "KEYS key:99?").matches("key:99").count(), 10);

    // Each call through another connection: nothing is kept between calls.
    let (mut cursor, mut seen, mut calls) = ("0".to_owned(), Vec::new(), 0);
    loop {
        let reply = ask(&mut proxy.connect(), &format!("SCAN {cursor} MATCH key:* COUNT 100"));
        let mut words = reply.split(r"\r\n").filter(|word| !word.starts_with(['$', '*']));
        cursor = words.next().unwrap().to_owned();
        seen.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
        calls += 1;
        assert!(calls < 1_000, "a SCAN that does not end");
        if cursor == "0" {
            break;
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen, keys);

    assert_eq!(ask(&mut wire, "FLUSHALL"), r"+OK\r\n");
    assert_eq!(ask(&mut wire, "DBSIZE"), r":0\r\n");
    assert_eq!(ask(&mut wire, "RANDOMKEY"), r"$-1\r\n");
    assert_eq!(ask(&mut wire, "SCAN 0"), r"*2\r\n$1\r\n1\r\n*0\r\n");
}

#[test]
fn a_slot_that_moves_under_load_is_not_noticed() {
    let cluster = Cluster::start();
    let proxy = cluster.proxy();
    let slot = slotwise::slot::Slot::of(b"t").to_string();
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (mut wire, stop) = (proxy.connect(), stop.clone());
        thread::spawn(move || {
            let mut count = 0u64;
            while !stop.load(Ordering::Relaxed) {
                for number in 0..20 {
                    wire.send(format!("INCR {{t}}{number}\r\n").as_bytes());
                }
                wire.send(b"MGET {t}0 {t}1\r\n");
                count += 1;
                for _ in 0..20 {
                    assert_eq!(text(&wire.reply()), format!(r":{count}\r\n"));
                }
                let length = count.to_string().len();
                let one = format!(r"${length}\r\n{count}\r\n");
                assert_eq!(text(&wire.reply()), format!(r"*2\r\n{one}{one}"));
            }
            count
        })
    };
    let mut wires: Vec<Wire> = cluster.nodes.iter().map(Server::connect).collect();
    let ids: Vec<String> = wires
        .iter_mut()
        .map(|wire| String::from_utf8(wire.ask(&[b"CLUSTER", b"MYID"])[5..45].to_vec()).unwrap())
        .collect();
    let mut source = cluster.owner("t");
    for _ in 0..6 {
        let target = (source + 1) % 3;
        let ok = |wire: &mut Wire, line: &str| assert_eq!(ask(wire, line), r"+OK\r\n", "{line}");
        ok(&mut wires[target], &format!("CLUSTER SETSLOT {slot} IMPORTING {}", ids[source]));
        ok(&mut wires[source], &format!("CLUSTER SETSLOT {slot} MIGRATING {}", ids[target]));
        loop {
            let keys = ask(&mut wires[source], &format!("CLUSTER GETKEYSINSLOT {slot} 3"));
            let keys: Vec<&str> = keys.split(r"\r\n").filter(|word| word.starts_with("{t}")).collect();
            if keys.is_empty() {
                break;
            }
            let port = cluster.nodes[target].port.to_string();
            let mut migrate: Vec<&[u8]> = vec![b"MIGRATE", b"127.0.0.1", port.as_bytes(), b"", b"0", b"5000", b"KEYS"];
            migrate.extend(keys.iter().map(|key| key.as_bytes()));
            let reply = text(&wires[source].ask(&migrate));
            assert!(reply == r"+OK\r\n" || reply == r"+NOKEY\r\n", "{reply}");
        }
        ok(&mut wires[target], &format!("CLUSTER SETSLOT {slot} NODE {}", ids[target]));
        ok(&mut wires[source], &format!("CLUSTER SETSLOT {slot} NODE {}", ids[target]));
        source = target;
    }
    stop.store(true, Ordering::Relaxed);
    let count = writer.join().expect("the writer sees neither an error nor a lost write");
    assert!(count > 0);
    assert_eq!(text(&proxy.connect().ask(&[b"GET", b"{t}7"])), format!(r"${}\r\n{count}\r\n", count.to_string().len()));
}

#[test]
fn a_killed_node_takes_only_its_own_keys_with_it() {
    let mut cluster = Cluster::start();
    let proxy = cluster.proxy();
    let mut wire = proxy.connect();
    assert_eq!(ask(&mut wire, "MSET a 1 b 2 c 3"), r"+OK\r\n");
    let dead = cluster.owner("b");
    drop(cluster.nodes.remove(dead));
    eventually("requests for it are answered with an error", || {
        ask(&mut wire, "GET b").starts_with("-CLUSTERDOWN node 127.0.0.1:")
    });
    for _ in 0..50 {
        assert_eq!(ask(&mut wire, "GET a"), r"$1\r\n1\r\n");
        assert_eq!(ask(&mut wire, "GET c"), r"$1\r\n3\r\n");
        assert!(ask(&mut wire, "MGET a b c").starts_with('-'));
    }
}

#[test]
fn a_stopped_node_delays_nobody_else_and_comes_back() {
    let cluster = Cluster::start();
    let proxy = cluster.proxy();
    let mut wire = proxy.connect();
    assert_eq!(ask(&mut wire, "MSET a 1 b 2 c 3"), r"+OK\r\n");
    let pid = cluster.nodes[cluster.owner("b")].pid().to_string();
    let signal = |name: &str| assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    signal("-STOP");
    let mut waiting = Wire::connect(proxy.port);
    waiting.send(b"SET b 4\r\n");
    for _ in 0..200 {
        assert_eq!(ask(&mut wire, "GET a"), r"$1\r\n1\r\n");
    }
    let reply = text(&waiting.reply());
    assert!(reply.contains("did not answer in 500 ms; the command may have been executed"), "{reply}");
    // Its kernel still accepts connections; the missing greeting shows that nobody is there.
    eventually("it counts as unreachable", || ask(&mut wire, "GET b").contains("cannot be reached"));
    signal("-CONT");
    eventually("it is found again", || ask(&mut wire, "GET b") == r"$1\r\n4\r\n");
}
