//! Compares the command table with what a `redis-server` 7.0.15 answers: COMMAND, COMMAND DOCS, and COMMAND
//! GETKEYSANDFLAGS for tricky and for random command lines.
//!
//! The server is the one in `SLOTWISE_REFERENCE`, else `redis-server` of the path; it listens on a socket file
//! only. Without one the tests say so on stderr, or fail when `SLOTWISE_REQUIRE_REFERENCE=1`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command as Process, Stdio};
use std::time::{Duration, Instant};

use super::server::command::answer;
use super::table::{Command, Table};
use super::{Args, docs, keys};
use crate::resp::{Protocol, Reply, RequestLimits, RequestParser};

const VERSION: &str = "7.0.15";

/// Fields in which a row differs from the reference's, with the reason. All others must be equal.
const CHANGED: &[(&str, &str, &str)] = &[
    ("geosearch", "arguments", "Valkey 9 added BYPOLYGON"),
    ("geosearch", "history", "Valkey 9 added BYPOLYGON"),
    ("geosearchstore", "arguments", "Valkey 9 added BYPOLYGON"),
    ("geosearchstore", "history", "Valkey 9 added BYPOLYGON"),
    ("zrank", "arity", "7.2 added WITHSCORE"),
    ("zrank", "arguments", "7.2 added WITHSCORE"),
    ("zrank", "history", "7.2 added WITHSCORE"),
    ("zrevrank", "arity", "7.2 added WITHSCORE"),
    ("zrevrank", "arguments", "7.2 added WITHSCORE"),
    ("zrevrank", "history", "7.2 added WITHSCORE"),
    ("hscan", "arguments", "7.4 added NOVALUES"),
    ("hscan", "history", "7.4 added NOVALUES"),
    ("xadd", "arguments", "8.2 added KEEPREF, DELREF and ACKED"),
    ("xadd", "history", "8.2 added KEEPREF, DELREF and ACKED"),
    ("xtrim", "arguments", "8.2 added KEEPREF, DELREF and ACKED"),
    ("xtrim", "history", "8.2 added KEEPREF, DELREF and ACKED"),
    ("xinfo|stream", "history", "7.2 added active-time"),
    ("xinfo|consumers", "history", "7.2 added inactive"),
    ("bitop", "arguments", "8.2 added operations; 7.0 does not list them"),
    ("bitop", "history", "8.2 added operations"),
    ("set", "arguments", "8.4 added IFEQ, IFNE, IFDEQ and IFDNE"),
    ("set", "history", "8.4 added IFEQ, IFNE, IFDEQ and IFDNE"),
];

/// A reply, comparable: sets in order of their text, maps by key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Null,
    Int(i64),
    Simple(String),
    Error(String),
    Bulk(String),
    Array(Vec<Value>),
    Set(BTreeSet<Value>),
    Map(BTreeMap<Value, Value>),
}

impl Value {
    fn read(from: &mut impl BufRead) -> Value {
        let mut line = String::new();
        from.read_line(&mut line).expect("a reply can be read");
        let (kind, rest) = line.trim_end().split_at(1);
        let number = || rest.parse::<i64>().expect("a number");
        match kind {
            "_" => Value::Null,
            ":" => Value::Int(number()),
            "+" => Value::Simple(rest.to_owned()),
            "-" => Value::Error(rest.to_owned()),
            "$" => {
                let mut bytes = vec![0; number() as usize + 2];
                from.read_exact(&mut bytes).expect("a bulk string can be read");
                bytes.truncate(bytes.len() - 2);
                Value::Bulk(String::from_utf8_lossy(&bytes).into_owned())
            }
            "*" => Value::Array((0..number()).map(|_| Value::read(from)).collect()),
            "~" => Value::Set((0..number()).map(|_| Value::read(from)).collect()),
            "%" => Value::Map((0..number()).map(|_| (Value::read(from), Value::read(from))).collect()),
            _ => panic!("{line:?} is no reply"),
        }
    }

    fn written(write: impl FnOnce(&mut Reply<'_>)) -> Value {
        let mut buffer = Vec::new();
        write(&mut Reply::new(&mut buffer, Protocol::Resp3));
        Value::read(&mut &buffer[..])
    }

    fn items(self) -> Vec<Value> {
        match self {
            Value::Array(items) => items,
            Value::Set(items) => items.into_iter().collect(),
            other => panic!("{other:?} is no list"),
        }
    }

    fn text(&self) -> String {
        match self {
            Value::Bulk(text) | Value::Simple(text) => text.clone(),
            other => panic!("{other:?} is no text"),
        }
    }

    fn fields(self) -> BTreeMap<String, Value> {
        match self {
            Value::Map(fields) => fields.into_iter().map(|(name, value)| (name.text(), value)).collect(),
            other => panic!("{other:?} is no map"),
        }
    }
}

/// A running reference server, stopped when dropped.
struct Reference {
    child: Child,
    directory: PathBuf,
    stream: BufReader<UnixStream>,
}

impl Reference {
    fn start() -> Option<Reference> {
        let program = std::env::var("SLOTWISE_REFERENCE").unwrap_or_else(|_| "redis-server".to_owned());
        let version = Process::new(&program).arg("--version").output();
        let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        if !version.contains(&format!("v={VERSION} ")) {
            let missing = format!("NOT RUN: no redis-server {VERSION} to compare with ({program}: {version:?})");
            assert!(std::env::var_os("SLOTWISE_REQUIRE_REFERENCE").is_none_or(|v| v != "1"), "{missing}");
            // Straight to stderr: what the macros print is kept back when a test passes.
            let _ = writeln!(std::io::stderr(), "\n{missing}");
            return None;
        }
        let directory = std::env::temp_dir().join(format!("slotwise-reference-{:016x}", fastrand::u64(..)));
        std::fs::create_dir(&directory).expect("a directory of our own");
        let socket = directory.join("s");
        let mut child = Process::new(&program)
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(&socket)
            .current_dir(&directory)
            .stdout(Stdio::null())
            .spawn()
            .expect("the reference starts");
        let deadline = Instant::now() + Duration::from_secs(20);
        let stream = loop {
            match UnixStream::connect(&socket) {
                Ok(stream) => break stream,
                Err(error) => {
                    let ended = child.try_wait().expect("its state can be asked");
                    assert!(ended.is_none() && Instant::now() < deadline, "the reference does not listen: {error}");
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        };
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout can be set");
        let mut reference = Reference { child, directory, stream: BufReader::new(stream) };
        reference.ask(&["HELLO", "3"]);
        Some(reference)
    }

    fn ask(&mut self, argv: &[&str]) -> Value {
        let mut request = format!("*{}\r\n", argv.len());
        for arg in argv {
            request += &format!("${}\r\n{arg}\r\n", arg.len());
        }
        self.stream.get_mut().write_all(request.as_bytes()).expect("a request can be sent");
        Value::read(&mut self.stream)
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn is_changed(name: &str, field: &str) -> bool {
    CHANGED.iter().any(|(changed, what, _)| *changed == name && *what == field)
}

/// Compares a command field by field; differences that are not in [`CHANGED`] are returned as text, those
/// that are go into `seen`.
fn compare(
    name: &str,
    ours: BTreeMap<String, Value>,
    theirs: BTreeMap<String, Value>,
    seen: &mut BTreeSet<(String, String)>,
) -> Vec<String> {
    let fields: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let mut differences = Vec::new();
    for field in fields {
        let (ours, theirs) = (ours.get(field), theirs.get(field));
        if ours == theirs {
            continue;
        }
        if is_changed(name, field) {
            seen.insert((name.to_owned(), field.clone()));
        } else {
            differences.push(format!("{name} {field}\n  ours   {ours:?}\n  theirs {theirs:?}"));
        }
    }
    differences
}

const INFO_FIELDS: [&str; 9] =
    ["name", "arity", "flags", "first", "last", "step", "categories", "tips", "key specifications"];

/// An entry of COMMAND as fields, and the entries of its subcommands.
fn info_fields(entry: Value) -> (BTreeMap<String, Value>, Vec<Value>) {
    let mut items = entry.items();
    assert_eq!(items.len(), 10, "an entry has 10 fields");
    let subcommands = items.pop().expect("10 items").items();
    (INFO_FIELDS.iter().map(|field| (*field).to_owned()).zip(items).collect(), subcommands)
}

fn ours(name: &str) -> &'static Command {
    Table::get().by_full_name(name.as_bytes()).unwrap_or_else(|| panic!("{name} is not in the table"))
}

/// Every field that [`CHANGED`] lists among `fields` must differ: an exception nobody needs is a mistake.
fn assert_exceptions_needed(seen: &BTreeSet<(String, String)>, among: impl Fn(&str) -> bool) {
    for (name, field, _) in CHANGED.iter().filter(|(_, field, _)| among(field)) {
        assert!(seen.contains(&((*name).to_owned(), (*field).to_owned())), "{name} {field} does not differ");
    }
}

#[test]
fn command_info_is_the_references() {
    let Some(mut reference) = Reference::start() else { return };
    let mut entries = reference.ask(&["COMMAND"]).items();
    assert_eq!(entries.len(), 240);
    let (mut seen, mut differences, mut count) = (BTreeSet::new(), Vec::new(), 0);
    while let Some(entry) = entries.pop() {
        let (fields, subcommands) = info_fields(entry);
        entries.extend(subcommands);
        let name = fields["name"].text();
        let (rendered, _) = info_fields(Value::written(|reply| docs::write_info(ours(&name), reply)));
        differences.extend(compare(&name, rendered, fields, &mut seen));
        count += 1;
    }
    assert_eq!(count, 366);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_exceptions_needed(&seen, |field| INFO_FIELDS.contains(&field));
}

#[test]
fn command_docs_is_the_references() {
    let Some(mut reference) = Reference::start() else { return };
    let mut entries: Vec<_> = reference.ask(&["COMMAND", "DOCS"]).fields().into_iter().collect();
    let (mut seen, mut differences, mut count) = (BTreeSet::new(), Vec::new(), 0);
    while let Some((name, entry)) = entries.pop() {
        let mut theirs = entry.fields();
        if let Some(subcommands) = theirs.remove("subcommands") {
            entries.extend(subcommands.fields());
        }
        let rendered = Value::written(|reply| {
            reply.map(1);
            docs::write_docs(ours(&name), reply);
        });
        let mut rendered = rendered.fields().remove(&name).expect("an entry is under its name").fields();
        rendered.remove("subcommands");
        differences.extend(compare(&name, rendered, theirs, &mut seen));
        count += 1;
    }
    assert_eq!(count, 366);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_exceptions_needed(&seen, |field| !INFO_FIELDS.contains(&field));
}

/// What COMMAND answers to this line, by our own function.
fn command_answer(line: &str) -> Value {
    let mut buffer = format!("{line}\r\n").into_bytes();
    let mut parser = RequestParser::default();
    let limits = RequestLimits { bulk_bytes_max: 1024, unauthenticated: false };
    parser.parse(&mut buffer, limits, 1).expect("a line can be parsed");
    let args = Args::new(&buffer, parser.args_of(&parser.requests()[0]));
    let command = Table::get().lookup(args.at(0), args.get(1)).expect("COMMAND is in the table");
    Value::written(|reply| {
        let start = reply.mark();
        if let Err(error) = answer(command, args, reply) {
            reply.rewind(start);
            reply.error(&error.to_string());
        }
    })
}

#[test]
fn answers_of_command_are_the_references() {
    let Some(mut reference) = Reference::start() else { return };
    let lines = [
        "command help",
        "command info nope",
        "command info GET nope CLIENT|list",
        "command docs nope GET nope CLIENT|list",
        "command list filterby pattern z*STORE",
        "command list FILTERBY Pattern xinfo|*",
        "command list filterby aclcat PubSub",
        "command list filterby aclcat @pubsub",
        "command list filterby aclcat nope",
        "command list filterby module m",
        "command list filterby nope x",
        "command list filterby pattern",
        "command list nope",
        "command list filterby pattern a b",
        "command getkeys mget a b",
        "command getkeys eval s 0",
        "command getkeys ping x",
        "command getkeysandflags sort k store d",
    ];
    for line in lines {
        let theirs = reference.ask(&line.split(' ').collect::<Vec<_>>());
        let (ours, theirs) = match (command_answer(line), theirs) {
            // The order of a list is each server's own.
            (Value::Array(mut ours), Value::Array(mut theirs)) if line.contains("list") => {
                ours.sort();
                theirs.sort();
                (Value::Array(ours), Value::Array(theirs))
            }
            answers => answers,
        };
        assert_eq!(ours, theirs, "{line}");
    }
}

#[test]
fn what_the_reference_does_not_know_came_later() {
    let Some(mut reference) = Reference::start() else { return };
    let known: BTreeSet<String> = reference.ask(&["COMMAND", "LIST"]).items().iter().map(Value::text).collect();
    for command in Table::get().all().filter(|command| !command.name.contains('|')) {
        let since: Vec<u32> = command.spec.since.split('.').map(|part| part.parse().unwrap()).collect();
        assert_eq!(known.contains(&*command.name), since < vec![7, 0, 15], "{}", command.name);
    }
}

/// What the reference and what we say about the keys of a line; `''` is an empty argument.
fn both_answers(reference: &mut Reference, argv: &[&str]) -> (String, String) {
    let show = |value: Value| match value {
        Value::Error(line) => line,
        keys => {
            let one = |key: Value| {
                let [name, flags] = &key.items()[..] else { panic!("a key and its flags") };
                format!("{}{:?}", name.text(), flags.clone().items().iter().map(Value::text).collect::<Vec<_>>())
            };
            keys.items().into_iter().map(one).collect::<Vec<_>>().join(" ")
        }
    };
    let theirs = show(reference.ask(&[&["COMMAND", "GETKEYSANDFLAGS"], argv].concat()));
    let ours = Value::written(|reply| match keys::ask(argv.len(), |at| argv[at].as_bytes()) {
        Err(error) => reply.error(&error.to_string()),
        Ok(keys) => {
            reply.array(keys.len());
            for (at, flags) in keys.iter() {
                reply.array(2);
                reply.bulk(argv[at].as_bytes());
                docs::write_key_flags(reply, flags);
            }
        }
    });
    (show(ours), theirs)
}

#[test]
fn keys_of_tricky_lines_are_the_references() {
    let Some(mut reference) = Reference::start() else { return };
    let lines = "get k|get a b|nothing x|ping x|client list|client nothing|object encoding k|\
        object help|memory usage k samples 5|memory doctor|set k v|set k v get|set k v EX 10 GeT|set k v getx|\
        set get get|setex k 1 v|mset a 1 b 2|mset a 1 b|msetnx a 1 b 2 c 3|mget a b c|del a a a|\
        bitfield k|bitfield k get u8 0|bitfield k get u8 0 get u8 1|bitfield k get u8|bitfield k overflow sat get u8 0|\
        bitfield k set u8 0 1|bitfield k get u8 0 incrby u8 0 1|bitfield k overflow|bitfield k nonsense|\
        bitfield_ro k get u8 0|bitop and d a|bitop not d a b c|sort k|sort k store d|sort k store|\
        sort k by store store d|sort k get store store d|sort k limit store store d|sort k limit 0 store d|\
        sort k store a store b|sort k desc alpha store d|sort_ro k by w_*|eval s 0|eval s 0 a b|eval s 2 a b c|\
        eval s 3 a b|eval s -1 a|eval s x a|eval s 2x a b|eval s +2 a b|eval s 02 a b|eval s 4294967297 a b|\
        eval s 99999999999999999999 a|evalsha s 1 k|eval_ro s 1 k|fcall f 1 k a|fcall f 0|fcall_ro f 2 a b|\
        zunionstore d 2 a b|zunionstore d 3 a b|zunionstore d 0 a|zunionstore d 1x a|zunionstore d -1 a|\
        zunionstore d 2 a b weights 1 2|zinterstore d 1 a|zdiffstore d 1 a b|zunion 2 a b withscores|zinter 1 a|\
        zintercard 2 a b limit 1|sintercard 1 a|sintercard x a|lmpop 2 a b left|lmpop 3 a b left|\
        blmpop 0 2 a b left|bzmpop 1.5 1 a min|zmpop 1 a max count 2|zrangestore d s 0 -1|\
        xread streams a 0|xread streams a b 0 0|xread count 2 block 0 streams a b 0 0|xread streams a b 0|\
        xread streams|xread streams streams 0|xread block streams streams a 0|xread nothing streams a 0|\
        xreadgroup group g c streams a >|xreadgroup group g c count 1 noack streams a b > >|\
        xreadgroup group streams c streams a >|xreadgroup group g streams streams a >|\
        xreadgroup group streams streams count 1 noack streams a b > >|xreadgroup group g c noack streams a b >|\
        xgroup create k g $|xgroup help|xinfo stream k full|xadd k * f v|xautoclaim k g c 0 0|\
        georadius k 1 1 1 m|georadius k 1 1 1 m store d|georadius k 1 1 1 m storedist d|georadius k 1 1 1 m store|\
        georadius k 1 1 1 m store a storedist b|georadius k 1 1 1 m storedist b store a|\
        georadius k 1 1 1 m store a store b|georadius k 1 1 1 store d e|georadius k 1 1 store d e f|\
        georadiusbymember k m 1 m store d|georadiusbymember k m 1 m store a storedist b|georadius_ro k 1 1 1 m|\
        georadiusbymember k m 1 store d|geosearchstore d s frommember m byradius 1 m|\
        migrate h 1 k 0 9|migrate h 1 k 0 9 copy|migrate h 1 '' 0 9 keys a b|migrate h 1 k 0 9 keys a b|\
        migrate h 1 '' 0 9 keys|migrate h 1 '' 0 9 auth keys keys a|migrate h 1 '' 0 9 auth2 keys keys keys a|\
        migrate h 1 '' 0 9 copy replace auth p keys a keys b|migrate h 1 '' 0 9|migrate h 1 '' 0 9 auth|\
        blpop a b 0|blpop a|bzpopmin a b 0|brpoplpush a b 0|blmove a b left right 0|rename a b|copy a b|lcs a b|\
        pfcount a b|pfmerge d a|pfmerge d|pfdebug encoding k|restore k 0 v|restore-asking k 0 v|dump k|\
        spublish c m|ssubscribe c|publish c m|watch a b|touch a b|exists a|swapdb 0 1|\
        smove a b m|rpoplpush a b|sdiffstore d a b|sinterstore d a|sunionstore d|lmove a b left left|\
        config get x|script load x|function load x|acl setuser x|cluster keyslot k|debug object k";
    let mut differences = Vec::new();
    for line in lines.split('|') {
        let argv: Vec<&str> = line.split(' ').map(|word| if word == "''" { "" } else { word }).collect();
        let (ours, theirs) = both_answers(&mut reference, &argv);
        if ours != theirs {
            differences.push(format!("{line}\n  ours   {ours}\n  theirs {theirs}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn keys_of_random_lines_are_the_references() {
    let Some(mut reference) = Reference::start() else { return };
    let seed = std::env::var("SLOTWISE_SEED").ok().map_or_else(|| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("replay with SLOTWISE_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let words = [
        "",
        "a",
        "b",
        "0",
        "1",
        "1",
        "2",
        "2",
        "3",
        "-1",
        "+2",
        "2x",
        " 1",
        "00",
        "keys",
        "streams",
        "STORE",
        "storedist",
        "group",
        "get",
        "set",
        "incrby",
        "overflow",
        "limit",
        "by",
        "block",
        "count",
        "noack",
        "auth",
        "auth2",
        "copy",
    ];
    let known: BTreeSet<String> = reference.ask(&["COMMAND", "LIST"]).items().iter().map(Value::text).collect();
    let mut differences = Vec::new();
    // Lines whose arity or options are of later versions cannot be compared.
    let comparable = |name: &str| known.contains(name) && !is_changed(name, "arity");
    for command in Table::get().all().filter(|command| command.has_keys() && comparable(&command.name)) {
        let name: Vec<&str> = command.name.split('|').collect();
        let plain = command.keys.len() == 1 && command.simple_first_key.is_some();
        for _ in 0..if plain { 10 } else { 400 } {
            // GETKEYS itself wants more than a name.
            let count = random.usize(usize::from(name.len() == 1)..12);
            let argv: Vec<&str> =
                name.iter().copied().chain((0..count).map(|_| words[random.usize(..words.len())])).collect();
            let (ours, theirs) = both_answers(&mut reference, &argv);
            if ours != theirs {
                differences.push(format!("{argv:?}\n  ours   {ours}\n  theirs {theirs}"));
            }
        }
    }
    assert!(differences.is_empty(), "replay with SLOTWISE_SEED={seed}\n{}", differences.join("\n"));
}
