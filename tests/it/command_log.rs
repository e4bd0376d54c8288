//! COMMANDLOG: commands whose request or reply was large, wherever in a batch they stood.

use crate::support::{Server, Wire, encode};

fn words(wire: &mut Wire, line: &str) -> String {
    let request: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    String::from_utf8_lossy(&wire.ask(&request)).replace("\r\n", " ")
}

/// What a log says of its entries, newest first: how large each was, and its command's name.
fn log(wire: &mut Wire, name: &str) -> Vec<(usize, String)> {
    let reply = words(wire, &format!("COMMANDLOG GET -1 {name}"));
    // Entries begin with their header; behind id and time comes the measure, behind the arguments' header the name.
    reply
        .split("*6 ")
        .skip(1)
        .map(|entry| {
            let words: Vec<&str> = entry.split(' ').collect();
            (words[2][1..].parse().expect("a number of bytes"), words[5].to_owned())
        })
        .collect()
}

#[test]
fn large_requests_and_replies_are_logged_and_small_ones_are_not() {
    let server = Server::node(&[]);
    let mut wire = server.connect();
    let value = vec![b'v'; 1_100_000];
    let set = encode(&[b"SET", b"large", &value]);
    // One batch: what is small before and behind is not blamed.
    let batch = [&encode(&[b"SET", b"small", b"v"])[..], &set, &encode(&[b"GET", b"small"])].concat();
    wire.send(&batch);
    (0..3).for_each(|_| drop(wire.reply()));
    assert_eq!(log(&mut wire, "large-request"), [(set.len(), "SET".to_owned())]);
    assert_eq!(log(&mut wire, "large-reply"), []);
    wire.send(&[encode(&[b"GET", b"small"]), encode(&[b"GET", b"large"]), encode(&[b"GET", b"small"])].concat());
    let replies: Vec<usize> = (0..3).map(|_| wire.reply().len()).collect();
    assert_eq!(log(&mut wire, "large-reply"), [(replies[1], "GET".to_owned())]);
    assert_eq!(words(&mut wire, "COMMANDLOG LEN large-request"), ":1 ");
    assert_eq!(words(&mut wire, "COMMANDLOG RESET Large-Request"), "+OK ");
    assert_eq!(words(&mut wire, "COMMANDLOG LEN large-request"), ":0 ");
    assert_eq!(words(&mut wire, "COMMANDLOG LEN large-reply"), ":1 ");
}

#[test]
fn limits_are_settings() {
    let server = Server::node(&[]);
    let mut wire = server.connect();
    words(&mut wire, "CONFIG SET commandlog-reply-larger-than 100 commandlog-request-larger-than -1");
    words(&mut wire, "CONFIG SET commandlog-large-reply-max-len 2");
    let value = vec![b'v'; 200];
    for key in [b"a", b"b", b"c"] {
        wire.ask(&[b"SET", key, &value]);
        wire.ask(&[b"GET", key]);
    }
    assert_eq!(log(&mut wire, "large-request"), []);
    // What COMMANDLOG answers is large itself, and behind what it shows.
    let sizes: Vec<usize> = log(&mut wire, "large-reply").into_iter().map(|(bytes, _)| bytes).collect();
    assert_eq!(sizes, [208, 208]);
}

#[test]
fn slow_commands_are_in_both_logs_of_them() {
    let server = Server::node(&["--slowlog-log-slower-than", "0"]);
    let mut wire = server.connect();
    words(&mut wire, "SLOWLOG RESET");
    words(&mut wire, "GET k");
    words(&mut wire, "CONFIG SET commandlog-execution-slower-than -1");
    assert_eq!(words(&mut wire, "SLOWLOG LEN"), words(&mut wire, "COMMANDLOG LEN slow"));
    let entries = words(&mut wire, "SLOWLOG GET -1");
    assert!(entries.contains("$3 GET $1 k "), "{entries}");
    assert_eq!(words(&mut wire, "COMMANDLOG GET -1 slow"), entries);
}

#[test]
fn requests_that_do_not_fit_are_refused() {
    let server = Server::node(&[]);
    let mut wire = server.connect();
    let unknown = "-ERR type should be one of the following: slow, large-request, large-reply ";
    for (line, reply) in [
        ("COMMANDLOG LEN x", unknown),
        ("COMMANDLOG RESET x", unknown),
        ("COMMANDLOG GET 1 x", unknown),
        ("COMMANDLOG GET -2 slow", "-ERR count should be greater than or equal to -1 "),
        ("COMMANDLOG GET x slow", "-ERR count should be greater than or equal to -1 "),
        ("COMMANDLOG LEN", "-ERR wrong number of arguments for 'commandlog|len' command "),
        ("COMMANDLOG NOSUCH", "-ERR unknown subcommand 'NOSUCH'. Try COMMANDLOG HELP. "),
    ] {
        assert_eq!(words(&mut wire, line), reply, "{line}");
    }
}
