//! Values from 16 KiB on: read into memory of their own, kept once, sent from where they are kept. However the bytes
//! are split and whatever happens to a key meanwhile, every client gets what was stored when its request ran.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

use crate::robustness::{KINDS, MIB, assert_serves, open, rest, status_bytes};
use crate::support::{Server, Wire, encode, eventually};

/// Bytes that differ from place to place, so that a hole or a swap shows.
fn value(length: usize, salt: usize) -> Vec<u8> {
    (0..length).map(|at| (at.wrapping_mul(31) ^ (at >> 8) ^ salt) as u8).collect()
}

fn bulk(bytes: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

#[test]
fn a_large_value_may_be_cut_anywhere() {
    for start in KINDS {
        let server = start();
        let (mut reader, mut other) = (server.connect(), server.connect());
        for length in [16_383, 16_384, 16_385, 32_768, 40_000, 100_000, 1_100_000] {
            let value = value(length, length);
            let set = encode(&[b"SET", b"large", &value]);
            let stream = [&set[..], &encode(&[b"GET", b"small"]), b"PING\r\n"].concat();
            let begin = set.len() - length - 2;
            let end = set.len() - 2;
            let cuts: [&[usize]; 10] = [
                &[],
                &[begin - 1],
                &[begin],
                &[begin + 1],
                &[begin + 1, end - 1],
                &[begin + length / 2, end, end + 1],
                &[end],
                &[end + 1],
                &[3, begin - 3, begin + 16_000, end + 2],
                &[end + 2, stream.len() - 1],
            ];
            for cuts in cuts {
                assert!(matches!(&reader.ask(&[b"DEL", b"large"])[..], b":0\r\n" | b":1\r\n"));
                let mut client = open(&server);
                let mut from = 0;
                for &cut in cuts {
                    client.write_all(&stream[from..cut]).expect("the server reads");
                    // A whole exchange on another connection: the part before has been read by then, or most of it.
                    assert_eq!(other.ask(&[b"PING"]), b"+PONG\r\n");
                    from = cut;
                }
                client.write_all(&stream[from..]).expect("the server reads");
                client.shutdown(Shutdown::Write).expect("the connection is open");
                assert_eq!(
                    rest(client).escape_ascii().to_string(),
                    "+OK\\r\\n$-1\\r\\n+PONG\\r\\n",
                    "{length} at {cuts:?}"
                );
                assert!(reader.ask(&[b"GET", b"large"]) == bulk(&value), "{length} bytes cut at {cuts:?}");
            }
        }
    }
}

#[test]
fn pipelines_of_small_and_large_requests_answer_as_the_references_do() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let (server, reference) = (Server::node(&[]), Server::reference(&[]));
    for round in 0..12 {
        let mut stream = encode(&[b"FLUSHALL"]);
        for index in 0..120 {
            let keys: Vec<Vec<u8>> = (0..3).map(|_| format!("{{k}}{}", random.u8(..6)).into_bytes()).collect();
            let length = match random.u8(..8) {
                0 => random.usize(16_000..17_000),
                1 => random.usize(17_000..200_000),
                2 => random.usize(200_000..700_000),
                _ => random.usize(..300),
            };
            let (long, short) = (value(length, index), value(random.usize(..40_000), round));
            let offset = random.usize(..20_000).to_string();
            let [a, b, c] = &keys[..] else { unreachable!("three keys were made") };
            let request: &[&[u8]] = match random.u8(..18) {
                0..3 => &[b"SET", a, &long],
                3 => &[b"SET", a, &long, b"GET"],
                4 => &[b"SETNX", a, &long],
                5 => &[b"GETSET", a, &long],
                6 => &[b"MSET", a, &long, b, &short, c, &long],
                7 => &[b"APPEND", a, &short],
                8 => &[b"SETRANGE", a, offset.as_bytes(), b"changed"],
                9 => &[b"MGET", a, b, a, c],
                10 => &[b"GETDEL", a],
                11 => &[b"STRLEN", a],
                12 => &[b"COPY", a, b, b"REPLACE"],
                13 => &[b"SETEX", a, b"1000", &long],
                14 => &[b"GETEX", a, b"PERSIST"],
                15 => &[b"SADD", b"other", &long],
                _ => &[b"GET", a],
            };
            stream.extend(encode(request));
        }
        // A client that only says that it will send no more is closed with its replies unsent, here and there.
        stream.extend(encode(&[b"QUIT"]));
        let got = answer_split(&server, &stream, &mut random);
        let expected = answer_split(&reference, &stream, &mut random);
        assert_eq!(got.len(), expected.len(), "seed {seed} round {round}");
        assert!(got == expected, "seed {seed} round {round}");
    }
    assert_serves(&server);
}

/// What a server sends until it closes, for bytes sent in random parts while the replies are read.
fn answer_split(server: &Server, bytes: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let stream = open(server);
    let mut writer = stream.try_clone().expect("a socket can be shared");
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut rest = bytes;
            while !rest.is_empty() {
                let (part, tail) = rest.split_at(random.usize(1..=rest.len().min(150_000)));
                writer.write_all(part).expect("the server reads");
                rest = tail;
            }
        });
        rest(stream)
    })
}

#[test]
fn a_value_that_changes_while_it_is_sent_is_sent_as_it_was() {
    for start in KINDS {
        let server = start();
        let old = value(24 * MIB, 1);
        let new = value(24 * MIB, 2);
        let changes: [&[&[u8]]; 6] = [
            &[b"SET", b"large", &new],
            &[b"APPEND", b"large", b"more"],
            &[b"SETRANGE", b"large", b"20000000", b"changed"],
            &[b"SETBIT", b"large", b"0", b"1"],
            &[b"DEL", b"large"],
            &[b"FLUSHALL"],
        ];
        for change in changes {
            let mut writer = server.connect();
            assert_eq!(writer.ask(&[b"SET", b"large", &old]), b"+OK\r\n");
            let mut reader = open(&server);
            reader.write_all(&encode(&[b"GET", b"large"])).expect("the server reads");
            let mut head = [0; 1_000];
            reader.read_exact(&mut head).expect("the reply has begun");
            let changed = writer.ask(change);
            assert!(!changed.starts_with(b"-"), "{}", changed.escape_ascii());
            let mut reply = vec![0; bulk(&old).len()];
            reply[..head.len()].copy_from_slice(&head);
            reader.read_exact(&mut reply[head.len()..]).expect("the reply goes on");
            assert!(reply == bulk(&old), "{} changed it under way", change[0].escape_ascii());
        }
    }
}

#[test]
fn a_client_killed_inside_a_large_value_leaves_nothing() {
    let server = Server::node(&[]);
    let mut wire = server.connect();
    let large = value(24 * MIB, 3);
    assert_eq!(wire.ask(&[b"SET", b"large", &large]), b"+OK\r\n");
    let before = status_bytes(&server, "VmRSS");
    for _ in 0..20 {
        // One inside its request, one inside its reply.
        let (mut sender, mut reader) = (open(&server), open(&server));
        sender.write_all(b"*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$25165824\r\n").expect("the server reads");
        sender.write_all(&large[..12 * MIB]).expect("the server reads");
        reader.write_all(&encode(&[b"GET", b"large"])).expect("the server reads");
        reader.read_exact(&mut [0; 1_000]).expect("the reply has begun");
        assert_eq!(wire.ask(&[b"CLIENT", b"KILL", b"TYPE", b"normal", b"SKIPME", b"yes"]), b":2\r\n");
        rest(sender);
        assert!(rest(reader).len() < large.len(), "the rest is not sent to a killed client");
    }
    assert_eq!(wire.ask(&[b"EXISTS", b"half"]), b":0\r\n");
    assert!(wire.ask(&[b"GET", b"large"]) == bulk(&large));
    let grew = status_bytes(&server, "VmRSS").saturating_sub(before);
    assert!(grew < 100 * MIB, "{} MiB stay of 20 times 12 MiB", grew / MIB);
}

#[test]
fn a_large_value_is_in_memory_once() {
    let server = Server::node(&[]);
    let mut wire = server.connect();
    assert_eq!(wire.ask(&[b"PING"]), b"+PONG\r\n");
    let before = status_bytes(&server, "VmHWM");
    let large = value(64 * MIB, 4);
    let request = encode(&[b"SET", b"large", &large]);
    wire.send(&request);
    assert_eq!(wire.reply(), b"+OK\r\n");
    for _ in 0..3 {
        assert!(wire.ask(&[b"GET", b"large"]) == bulk(&large));
    }
    let peak = status_bytes(&server, "VmHWM").saturating_sub(before);
    assert!(peak < 100 * MIB, "at its peak a value of 64 MiB took {} MiB", peak / MIB);
}

#[test]
fn an_idle_connection_keeps_no_buffer() {
    const COUNT: usize = 400;
    const PIPELINE: usize = 3_000;
    let server = Server::node(&["--threads", "1"]);
    let (requests, replies) = (b"*1\r\n$4\r\nPING\r\n".repeat(PIPELINE), b"+PONG\r\n".repeat(PIPELINE));
    let run = |stream: &mut std::net::TcpStream| {
        stream.write_all(&requests).expect("the server reads");
        let mut got = vec![0; replies.len()];
        stream.read_exact(&mut got).expect("the server answers");
        assert!(got == replies);
    };
    let mut first: Vec<_> = (0..20).map(|_| open(&server)).collect();
    first.iter_mut().for_each(run);
    let before = status_bytes(&server, "VmRSS");
    let mut idle: Vec<_> = (0..COUNT).map(|_| open(&server)).collect();
    idle.iter_mut().for_each(run);
    let grew = status_bytes(&server, "VmRSS").saturating_sub(before);
    // Each of them had 42 KB of requests and 21 KB of replies.
    assert!(grew < COUNT * 5 * 1024, "{COUNT} connections keep {} KiB", grew / 1024);
}

#[test]
fn a_client_that_sends_without_end_starves_nobody_on_its_thread() {
    let server = Server::node(&["--threads", "1"]);
    let large = value(20_000, 5);
    let batch: Vec<u8> = (0..200)
        .flat_map(|index| match index % 20 {
            0 => encode(&[b"SET", b"large", &large]),
            1 => encode(&[b"GET", b"large"]),
            _ if index % 2 == 0 => encode(&[b"SET", b"small", b"value"]),
            _ => encode(&[b"GET", b"small"]),
        })
        .collect();
    let (stop, read) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            let stream = open(&server);
            let mut writer = stream.try_clone().expect("a socket can be shared");
            let (batch, stop, read) = (&batch, &stop, &read);
            scope.spawn(move || {
                while !stop.load(Relaxed) {
                    writer.write_all(batch).expect("the server reads");
                }
                let _ = writer.shutdown(Shutdown::Write);
            });
            scope.spawn(move || {
                let (mut stream, mut chunk) = (stream, vec![0; 1 << 20]);
                while let Ok(count @ 1..) = stream.read(&mut chunk) {
                    read.fetch_add(count, Relaxed);
                }
            });
        }
        let mut patient = Wire::connect(server.port);
        for _ in 0..100 {
            let before = read.load(Relaxed);
            assert_eq!(patient.ask(&[b"PING"]), b"+PONG\r\n");
            // The others have gone on, too: they were sending all the while.
            eventually("the others get replies", || read.load(Relaxed) != before);
        }
        stop.store(true, Relaxed);
    });
    assert_serves(&server);
}
