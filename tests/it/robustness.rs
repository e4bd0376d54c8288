//! Hostile clients: what is no request gets the reference's error or a close, memory stays bounded, others are served.
//!
//! Error texts are compared with the reference's server, not written down here. Memory is the process's resident set.
//! Nothing here asserts a time; every loop ends.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::support::{PATIENCE, Server, encode, eventually};

pub const MIB: usize = 1 << 20;

/// What a client may talk to: a node, and the proxy in front of several.
pub const KINDS: [fn() -> Server; 2] = [|| Server::node(&[]), || Server::up(2, &[])];

/// What a server sends for `bytes`, until it closes; our side says first that nothing more will come.
pub fn answer(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut stream = open(server);
    // The server may close before it has read all of it.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    rest(stream)
}

/// Everything until the server closes; a reset counts as a close.
pub fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut out = Vec::new();
    let mut chunk = [0; 1 << 16];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return out,
            Ok(count) => out.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return out,
            Err(error) => panic!("neither a reply nor a close: {error}; so far {}", out.escape_ascii()),
        }
    }
}

pub fn open(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).expect("the server accepts connections");
    stream.set_nodelay(true).expect("a connected socket takes options");
    stream.set_read_timeout(Some(PATIENCE)).expect("a connected socket takes options");
    stream
}

pub fn assert_serves(server: &Server) {
    let mut wire = server.connect();
    assert_eq!(wire.ask(&[b"SET", b"served", b"yes"]), b"+OK\r\n");
    assert_eq!(wire.ask(&[b"GET", b"served"]), b"$3\r\nyes\r\n");
}

fn show(bytes: &[u8]) -> String {
    let head = bytes[..bytes.len().min(200)].escape_ascii().to_string();
    if bytes.len() > 200 { format!("{head}… ({} bytes)", bytes.len()) } else { head }
}

/// Asserts that both servers answer each of the byte strings alike, to the close.
fn assert_same_answers(server: &Server, reference: &Server, cases: &[Vec<u8>]) {
    for case in cases {
        let (got, expected) = (answer(server, case), answer(reference, case));
        assert_eq!(show(&got), show(&expected), "for {}", show(case));
        assert!(got == expected, "beyond the first bytes, for {}", show(case));
    }
    assert_serves(server);
}

fn resident_bytes(server: &Server) -> usize {
    status_bytes(server, "VmRSS")
}

/// What the system says of a server's memory, by the name of the line.
pub fn status_bytes(server: &Server, name: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("the process runs");
    let line = status.lines().find(|line| line.starts_with(name)).expect("a process has such a line");
    let kib: usize = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("it is a number");
    kib * 1024
}

fn open_files(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.pid())).expect("the process runs").count()
}

fn assert_grew_at_most(server: &Server, before: usize, limit: usize, what: &str) {
    let now = resident_bytes(server);
    assert!(now <= before + limit, "{what}: resident set grew from {} to {} MiB", before / MIB, now / MIB);
}

/// Requests that break the protocol, one way each, each followed by a request that must not be served after a close.
fn broken_requests() -> Vec<Vec<u8>> {
    let ping = b"*1\r\n$4\r\nPING\r\n";
    let heads: [&[u8]; 43] = [
        b"*\r\n",
        b"*-1\r\n",
        b"*0\r\n",
        b"*-2147483648\r\n",
        b"*2147483648\r\n",
        b"*99999999999999999999\r\n",
        b"*abc\r\n",
        b"* 1\r\n",
        b"*1 \r\n",
        b"*+1\r\n",
        b"*01\r\n",
        b"*1.0\r\n",
        b"*1\r\n$\r\n",
        b"*1\r\n$-1\r\n",
        b"*1\r\n$-9223372036854775808\r\n",
        b"*1\r\n$abc\r\n",
        b"*1\r\n$4x\r\nPING\r\n",
        b"*1\r\n$ 4\r\nPING\r\n",
        b"*1\r\n$04\r\nPING\r\n",
        b"*1\r\n$9999999999\r\n",
        b"*1\r\n$536870913\r\n",
        b"*1\r\n$99999999999999999999\r\n",
        b"*1\r\n:4\r\n",
        b"*1\r\n+PING\r\n",
        b"*1\r\n*1\r\n$4\r\nPING\r\n",
        b"*1\r\n\r\n",
        b"*1\r\nPING\r\n",
        b"*2\r\n$4\r\nECHO\r\n!1\r\nx\r\n",
        b"*1\r\n$0\r\n\r\n",
        b"*1\r\n$4\r\nPINGxx",
        b"*1\n$4\nPING\n",
        b"PING\n",
        b"\r\n\r\nPING\r\n",
        b"   PING   \r\n",
        b"PING \"unbalanced\r\n",
        b"PING 'unbalanced\r\n",
        b"ECHO \"a\"b\r\n",
        b"ECHO \"\\x41\\n\\\"\"\r\n",
        b"ECHO 'it\\'s'\r\n",
        b"$4\r\nPING\r\n",
        b"\xff\xfe\r\n",
        b"GET / HTTP/1.1\r\nAccept: all\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\n\r\n",
    ];
    heads.iter().map(|head| [*head, ping].concat()).collect()
}

/// Lines longer than the reference takes, on both sides of its bound.
fn long_lines() -> Vec<Vec<u8>> {
    let line = |head: &[u8], length: usize, end: &[u8]| [head, &vec![b'1'; length][..], end].concat();
    vec![
        line(b"ECHO ", 60_000, b"\r\nPING\r\n"),
        line(b"ECHO ", 65_537, b""),
        line(b"ECHO ", 200_000, b""),
        line(b"*", 70_000, b""),
        line(b"*1\r\n$", 70_000, b""),
    ]
}

/// Byte strings that are nearly requests: pieces of the protocol and noise, put together by `seed`. No zero bytes: the
/// reference waits for ever for the end of an inline request that has one, slotwise ends the request there.
fn noise(seed: u64, count: usize) -> Vec<Vec<u8>> {
    const PIECES: [&[u8]; 21] = [
        b"*1\r\n", b"*2\r\n", b"*3\r\n", b"$4\r\n", b"$3\r\n", b"$1\r\n", b"$0\r\n", b"PING", b"ECHO", b"GET", b"\r\n",
        b"\r\n", b"\n", b"a", b" ", b"\"", b"'", b"\xff", b"*", b"$", b"-1\r\n",
    ];
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut piece = || PIECES[rng.usize(..PIECES.len())];
    (0..count).map(|i| (0..1 + i % 24).flat_map(|_| piece().to_vec()).collect()).collect()
}

#[test]
fn broken_requests_get_the_references_answers_from_a_node() {
    let (server, reference) = (Server::node(&[]), Server::reference(&[]));
    assert_same_answers(&server, &reference, &broken_requests());
    assert_same_answers(&server, &reference, &long_lines());
}

#[test]
fn broken_requests_get_the_references_answers_from_a_proxy() {
    let (server, reference) = (Server::up(3, &[]), Server::reference(&[]));
    assert_same_answers(&server, &reference, &broken_requests());
    assert_same_answers(&server, &reference, &long_lines());
}

#[test]
fn noise_gets_the_references_answers_from_a_node() {
    let seed = std::env::var("NOISE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    println!("NOISE_SEED={seed} replays this");
    assert_same_answers(&Server::node(&[]), &Server::reference(&[]), &noise(seed, 2_000));
}

#[test]
fn bytes_of_any_kind_leave_a_server_serving() {
    for start in KINDS {
        let server = start();
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..500 {
            let bytes: Vec<u8> = (0..rng.usize(1..300)).map(|_| rng.u8(..)).collect();
            answer(&server, &bytes);
            answer(&server, &[&b"*3\r\n"[..], &bytes].concat());
        }
        assert_serves(&server);
    }
}

#[test]
fn noise_gets_the_references_answers_from_a_proxy() {
    let seed = std::env::var("NOISE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    println!("NOISE_SEED={seed} replays this");
    assert_same_answers(&Server::up(2, &[]), &Server::reference(&[]), &noise(seed, 1_000));
}

#[test]
fn bounds_are_tight_before_auth_and_wide_after() {
    let directives = ["--requirepass", "secret"];
    let (server, reference) = (Server::node(&directives), Server::reference(&directives));
    let auth = encode(&[b"AUTH", b"secret"]);
    let ten = encode(&[&b"ECHO"[..]; 10]);
    let eleven = encode(&[&b"ECHO"[..]; 11]);
    let edge = encode(&[b"ECHO", &[b'x'; 16_384]]);
    let past = encode(&[b"ECHO", &[b'x'; 16_385]]);
    let cases: Vec<Vec<u8>> = [
        vec![&ten],
        vec![&eleven],
        vec![&edge],
        vec![&past],
        vec![&auth, &eleven],
        vec![&auth, &past],
        vec![&ten, &auth, &past],
    ]
    .iter()
    .map(|parts| parts.iter().flat_map(|part| part.iter().copied()).collect())
    .chain([b"*1\r\n$536870912\r\n".to_vec(), b"*1048576\r\n".to_vec(), b"PING\r\n".to_vec()])
    .collect();
    for case in &cases {
        assert_eq!(show(&answer(&server, case)), show(&answer(&reference, case)), "for {}", show(case));
    }
    let mut wire = server.connect();
    assert_eq!(wire.ask(&[b"AUTH", b"secret"]), b"+OK\r\n");
    assert_eq!(wire.ask(&[b"PING"]), b"+PONG\r\n");
}

#[test]
fn a_pipeline_may_be_cut_at_every_byte() {
    for start in KINDS {
        let server = start();
        let stream: Vec<u8> = [
            encode(&[b"SET", b"\0\r\n\xff", b"\r\n$3\r\n"]),
            b"PING\r\n".to_vec(),
            encode(&[b"GET", b"\0\r\n\xff"]),
            b"ECHO \"in line\"\r\n".to_vec(),
            encode(&[b"ECHO", b""]),
            b"*0\r\n\r\n".to_vec(),
            encode(&[b"ECHO", &[b'x'; 40]]),
        ]
        .concat();
        let expected = answer(&server, &stream);
        assert!(
            expected.starts_with(b"+OK\r\n+PONG\r\n$6\r\n\r\n$3\r\n\r\n$7\r\nin line\r\n$0\r\n"),
            "{}",
            show(&expected)
        );
        let mut other = server.connect();
        let mut check = |parts: &[&[u8]]| {
            let mut client = open(&server);
            for part in parts {
                client.write_all(part).expect("the server reads");
                // A whole exchange on another connection: the part before has been read by then.
                assert_eq!(other.ask(&[b"PING"]), b"+PONG\r\n");
            }
            client.shutdown(Shutdown::Write).expect("the connection is open");
            assert_eq!(
                show(&rest(client)),
                show(&expected),
                "cut into {:?}",
                parts.iter().map(|p| p.len()).collect::<Vec<_>>()
            );
        };
        for cut in 1..stream.len() {
            check(&[&stream[..cut], &stream[cut..]]);
        }
        check(&stream.chunks(1).collect::<Vec<_>>());
    }
}

#[test]
fn a_client_that_never_reads_costs_bounded_memory_and_nobody_else() {
    for start in KINDS {
        let server = start();
        let value = vec![b'v'; MIB];
        assert_eq!(server.connect().ask(&[b"SET", b"large", &value]), b"+OK\r\n");
        let before = resident_bytes(&server);
        let mut greedy = open(&server);
        greedy.set_write_timeout(Some(Duration::from_millis(200))).expect("a connected socket takes options");
        // Replies of four GiB in all, asked for in steps, with another client served in between.
        let request = encode(&[b"GET", b"large"]);
        for _ in 0..64 {
            // A write that no longer goes through is what a bounded server leads to.
            let stuck = greedy.write_all(&request.repeat(64)).is_err();
            assert_serves(&server);
            assert_grew_at_most(&server, before, 256 * MIB, "replies that nobody reads");
            if stuck {
                break;
            }
        }
        for _ in 0..200 {
            assert_serves(&server);
        }
        assert_grew_at_most(&server, before, 256 * MIB, "replies that nobody reads");
        drop(greedy);
        assert_serves(&server);
    }
}

#[test]
fn announced_lengths_reserve_nothing() {
    for start in KINDS {
        let server = start();
        assert_serves(&server);
        let before = resident_bytes(&server);
        let heads: [&[u8]; 3] = [
            b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nabc",
            b"*1048576\r\n$4\r\nMSET\r\n$1\r\nk\r\n",
            b"*2\r\n$536870912\r\n",
        ];
        let waiting: Vec<TcpStream> = (0..150)
            .map(|i| {
                let mut stream = open(&server);
                stream.write_all(heads[i % heads.len()]).expect("the server reads");
                stream
            })
            .collect();
        assert_serves(&server);
        assert_grew_at_most(&server, before, 128 * MIB, "150 announced lengths");
        // Going away in the middle of the request leaves nothing behind.
        let files = open_files(&server);
        drop(waiting);
        eventually("the abandoned connections are closed", || open_files(&server) + 140 <= files);
        assert_serves(&server);
    }
}

#[test]
fn a_client_that_goes_away_inside_a_large_value_gives_its_memory_back() {
    for start in KINDS {
        let server = start();
        assert_serves(&server);
        let before = resident_bytes(&server);
        let half = vec![b'x'; 20 * MIB];
        for _ in 0..30 {
            let mut stream = open(&server);
            stream.write_all(b"*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$41943040\r\n").expect("the server reads");
            stream.write_all(&half).expect("the server reads");
        }
        assert_serves(&server);
        assert_eq!(server.connect().ask(&[b"EXISTS", b"half"]), b":0\r\n");
        // Fifteen times this much went through.
        assert_grew_at_most(&server, before, 200 * MIB, "abandoned values");
    }
}

#[test]
fn a_request_of_the_most_arguments_is_served_and_one_more_refused() {
    let (server, reference) = (Server::node(&[]), Server::reference(&[]));
    assert_serves(&server);
    let before = resident_bytes(&server);
    let most: Vec<u8> = [b"*1048576\r\n$3\r\nDEL\r\n".to_vec(), b"$1\r\nk\r\n".repeat(1_048_575)].concat();
    for _ in 0..3 {
        assert_eq!(show(&answer(&server, &most)), ":0\\r\\n");
    }
    assert_grew_at_most(&server, before, 256 * MIB, "a million arguments");
    // The reference takes up to 2,147,483,647 and says this beyond.
    let text = answer(&reference, b"*2147483648\r\n");
    let more: Vec<u8> = [b"*1048577\r\n$3\r\nDEL\r\n".to_vec(), b"$1\r\nk\r\n".repeat(100)].concat();
    assert_eq!(show(&answer(&server, &more)), show(&text));
    assert_serves(&server);
}

#[test]
fn a_request_past_the_query_buffer_limit_closes_the_connection() {
    let directives = ["--client-query-buffer-limit", "1mb"];
    let (server, reference) = (Server::node(&directives), Server::reference(&directives));
    let large = encode(&[b"SET", b"k", &vec![b'x'; 3 * MIB]]);
    let small = encode(&[b"SET", b"k", &vec![b'x'; MIB / 2]]);
    assert_same_answers(&server, &reference, &[small, large]);
}

#[test]
fn connections_that_come_and_go_leave_nothing_behind() {
    for start in KINDS {
        let server = start();
        assert_serves(&server);
        let (before, files) = (resident_bytes(&server), open_files(&server));
        for i in 0..4_000 {
            let mut stream = open(&server);
            match i % 4 {
                0 => {}
                1 => stream.write_all(b"*2\r\n$4\r\nECH").expect("the server reads"),
                2 => stream.write_all(b"PING\r\nPING\r\n").expect("the server reads"),
                _ => {
                    stream.write_all(b"PING\r\n").expect("the server reads");
                    let mut reply = [0; 7];
                    stream.read_exact(&mut reply).expect("the server answers");
                    assert_eq!(&reply, b"+PONG\r\n");
                }
            }
        }
        eventually("the dropped connections are closed", || open_files(&server) <= files + 20);
        assert_grew_at_most(&server, before, 64 * MIB, "4,000 connections");
        assert_serves(&server);
    }
}

#[test]
fn a_client_past_maxclients_is_told_so_and_closed() {
    let directives = ["--maxclients", "10"];
    let (server, reference) = (Server::node(&directives), Server::reference(&directives));
    let mut words = Vec::new();
    for server in [&server, &reference] {
        let mut served: Vec<_> = (0..10).map(|_| server.connect()).collect();
        for wire in &mut served {
            assert_eq!(wire.ask(&[b"PING"]), b"+PONG\r\n");
        }
        words.push(rest(open(server)));
        for wire in &mut served {
            assert_eq!(wire.ask(&[b"PING"]), b"+PONG\r\n");
        }
        drop(served);
        eventually("a place is free again", || {
            let mut stream = open(server);
            let _ = stream.write_all(b"PING\r\n");
            let mut reply = [0; 7];
            stream.read_exact(&mut reply).is_ok() && &reply == b"+PONG\r\n"
        });
    }
    assert_eq!(show(&words[0]), show(&words[1]));
    assert_eq!(words[0], b"-ERR max number of clients reached\r\n");
}

#[test]
fn keys_and_values_are_any_bytes() {
    for start in KINDS {
        let server = start();
        let mut wire = server.connect();
        let all: Vec<u8> = (0..=255).collect();
        for byte in 0..=255_u8 {
            for key in [vec![byte], vec![byte, b'\r', b'\n'], vec![b'{', byte, b'}'], [&[byte][..], &all].concat()] {
                assert_eq!(wire.ask(&[b"SET", &key, &all]), b"+OK\r\n");
                let expected = [b"$256\r\n".to_vec(), all.clone(), b"\r\n".to_vec()].concat();
                assert_eq!(wire.ask(&[b"GET", &key]), expected, "key {}", key.escape_ascii());
                assert_eq!(wire.ask(&[b"DEL", &key]), b":1\r\n");
            }
        }
        assert_eq!(wire.ask(&[b"SET", b"", b""]), b"+OK\r\n");
        assert_eq!(wire.ask(&[b"GET", b""]), b"$0\r\n\r\n");
    }
}
