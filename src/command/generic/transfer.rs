//! Serialized values and their transfer between servers.

use crate::command::number::int;
use crate::command::spec::{KeySpec, OwnKeys, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::rdb::encode::{Source, with_value};
use crate::rdb::payload::{self, Payload};
use crate::rdb::{Corrupt, Value};
use crate::store::{Event, Object, Ttl};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "dump",
        arity: 2,
        flags: "readonly",
        acl: "@keyspace @read @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return a serialized version of the value stored at the specified key.",
        since: "2.6.0",
        group: "generic",
        complexity: "O(1) to access the key and additional O(N*M) to serialize it, where N is the number of Redis \
            objects composing the value and M their average size. For small string values the time complexity is thus \
            O(1)+O(1*M) where M is small, so simply O(1).",
        args: "key@0",
        run: Run::Data(dump),
        ..Spec::BLANK
    },
    Spec {
        name: "restore",
        arity: -4,
        flags: "write denyoom",
        acl: "@keyspace @write @slow @dangerous",
        keys: &[KeySpec::range("OW update", 1, 0, 1)],
        summary: "Create a key using the provided serialized value, previously obtained using DUMP.",
        since: "2.6.0",
        group: "generic",
        complexity: "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is \
            the number of Redis objects composing the value and M their average size. For small string values the \
            time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the \
            complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).",
        history: &[
            ("3.0.0", "Added the `REPLACE` modifier."),
            ("5.0.0", "Added the `ABSTTL` modifier."),
            ("5.0.0", "Added the `IDLETIME` and `FREQ` options."),
        ],
        args: "key@0 ttl:int serialized-value REPLACE>3.0.0? ABSTTL>5.0.0? seconds:int=IDLETIME>5.0.0? \
            frequency:int=FREQ>5.0.0?",
        run: Run::Data(restore),
        ..Spec::BLANK
    },
    Spec {
        name: "restore-asking",
        arity: -4,
        flags: "write denyoom asking",
        acl: "@keyspace @write @slow @dangerous",
        keys: &[KeySpec::range("OW update", 1, 0, 1)],
        summary: "An internal command for migrating keys in a cluster",
        since: "3.0.0",
        group: "server",
        complexity: "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is \
            the number of Redis objects composing the value and M their average size. For small string values the \
            time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the \
            complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).",
        history: &[
            ("3.0.0", "Added the `REPLACE` modifier."),
            ("5.0.0", "Added the `ABSTTL` modifier."),
            ("5.0.0", "Added the `IDLETIME` and `FREQ` options."),
        ],
        deprecated: Some(("syscmd", "", "")),
        args: "key@0 ttl:int serialized-value REPLACE>3.0.0? ABSTTL>5.0.0? seconds:int=IDLETIME>5.0.0? \
            frequency:int=FREQ>5.0.0?",
        run: Run::Data(restore),
        ..Spec::BLANK
    },
    Spec {
        name: "migrate",
        arity: -6,
        flags: "write movablekeys",
        acl: "@keyspace @write @slow @dangerous",
        tips: &["nondeterministic_output"],
        keys: &[
            KeySpec::range("RW access delete", 3, 0, 1),
            KeySpec::behind("RW access delete incomplete", "KEYS", -2, -1, 0),
        ],
        own_keys: Some(OwnKeys::Migrate),
        summary: "Atomically transfer a key from a Redis instance to another one.",
        since: "2.6.0",
        group: "generic",
        complexity: "This command actually executes a DUMP+DEL in the source instance, and a RESTORE in the target \
            instance. See the pages of these commands for time complexity. Also an O(N) data transfer between the two \
            instances is performed.",
        history: &[
            ("3.0.0", "Added the `COPY` and `REPLACE` options."),
            ("3.0.6", "Added the `KEYS` option."),
            ("4.0.7", "Added the `AUTH` option."),
            ("6.0.0", "Added the `AUTH2` option."),
        ],
        args: "host port:int key_or_empty_string(key@0 | empty_string='') destination-db:int timeout:int COPY>3.0.0? \
            REPLACE>3.0.0? authentication(password:string=AUTH>4.0.7? | username_password=AUTH2{username \
            password}>6.0.0?)? key@1=KEYS>3.0.6?*",
        ..Spec::BLANK
    },
];

/// DUMP key.
fn dump(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let Ctx { tx, reply, config, .. } = ctx;
    let now_ms = tx.now_ms();
    let write = |source: Source<'_>| Some(payload::dump(source, &config.limits, config.rdb_compression));
    let bytes = tx.whole(args.key(1)).and_then(|entry| with_value(entry, |source| living(source, now_ms, write)));
    match bytes.flatten() {
        Some(bytes) => reply.bulk(&bytes),
        None => reply.null(),
    }
    Ok(())
}

/// Hands a value to `work` without the fields that have expired; `None` when nothing is left.
fn living<R>(source: Source<'_>, now_ms: i64, work: impl FnOnce(Source<'_>) -> Option<R>) -> Option<R> {
    match source {
        Source::Object(Object::Hash(hash)) if hash.is_due(now_ms) => {
            let mut hash = hash.clone();
            hash.remove_expired(now_ms);
            if hash.is_empty() { None } else { work(Source::Object(&Object::Hash(hash))) }
        }
        _ => work(source),
    }
}

/// What RESTORE is asked for besides the value.
#[derive(Default)]
struct Options {
    replace: bool,
    absolute_ttl: bool,
    idle_seconds: Option<i64>,
    frequency: Option<u8>,
}

impl Options {
    /// Reads them from argument 4 on. IDLETIME and FREQ exclude each other.
    fn parse(args: Args<'_>) -> Result<Options, Error> {
        let mut options = Options::default();
        let mut words = args.skip(4);
        while let Some(word) = words.next() {
            let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
            if is("replace") {
                options.replace = true;
            } else if is("absttl") {
                options.absolute_ttl = true;
            } else if is("idletime") && options.frequency.is_none() {
                let seconds = int(words.next().ok_or(Error::Syntax)?)?;
                if seconds < 0 {
                    return Err(Error::Static("ERR Invalid IDLETIME value, must be >= 0"));
                }
                options.idle_seconds = Some(seconds);
            } else if is("freq") && options.idle_seconds.is_none() {
                let counter = u8::try_from(int(words.next().ok_or(Error::Syntax)?)?);
                const OUT_OF_RANGE: Error = Error::Static("ERR Invalid FREQ value, must be >= 0 and <= 255");
                options.frequency = Some(counter.map_err(|_| OUT_OF_RANGE)?);
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }
}

/// RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ counter], and RESTORE-ASKING.
fn restore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = Options::parse(args)?;
    let (key, config) = (args.key(1), ctx.config);
    if !options.replace && ctx.tx.inspect(key).is_some() {
        return Err(Error::Static("BUSYKEY Target key name already exists."));
    }
    let ttl = int(args.at(2))?;
    if ttl < 0 {
        return Err(Error::Static("ERR Invalid TTL value, must be >= 0"));
    }
    let payload = Payload::open(args.at(3)).ok_or(Error::Static("ERR DUMP payload version or checksum are wrong"))?;
    let string_bytes_max = usize::try_from(config.proto_max_bulk_bytes).unwrap_or(usize::MAX);
    let corrupt = |_: Corrupt| Error::Static("ERR Bad data format");
    let value = payload.decode(&config.limits, string_bytes_max).map_err(corrupt)?;

    let now_ms = ctx.tx.now_ms();
    let ttl = match ttl {
        0 => Ttl::Clear,
        // Beyond the largest time it is one that has passed, as in the reference.
        ttl => Ttl::At(if options.absolute_ttl { ttl } else { ttl.wrapping_add(now_ms) }),
    };
    let mut gone = matches!(ttl, Ttl::At(at_ms) if at_ms <= now_ms);
    let value = match value {
        Value::Object(mut object) => {
            object.expire_fields(now_ms);
            gone |= object.is_empty();
            Value::Object(object)
        }
        string => string,
    };
    if gone {
        if ctx.tx.remove(key) {
            ctx.tx.notify(Event::Generic, "del", key);
        }
        ctx.reply.ok();
        return Ok(());
    }
    match value {
        Value::String(bytes) => ctx.tx.set_string(key, &bytes, ttl),
        Value::Object(object) => ctx.tx.put(key, object, ttl),
    }
    if let Some(entry) = ctx.tx.inspect(key) {
        entry.set_access(config.access.restored(now_ms, options.idle_seconds, options.frequency));
    }
    ctx.tx.notify(Event::Generic, "restore", key);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::rdb::payload::seal;

    /// A request whose words may be any bytes.
    fn run(session: &mut Session, words: &[&[u8]]) -> String {
        let mut request = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            request.extend(format!("${}\r\n", word.len()).into_bytes());
            request.extend_from_slice(word);
            request.extend(b"\r\n");
        }
        String::from_utf8_lossy(&session.run_bytes(&request)).trim_end().to_owned()
    }

    fn dump(session: &mut Session, key: &str) -> Vec<u8> {
        let reply = session.run_bytes(format!("DUMP {key}").as_bytes());
        let start = reply.iter().position(|byte| *byte == b'\n').expect("a reply has a line") + 1;
        reply[start..reply.len() - 2].to_vec()
    }

    #[test]
    fn a_value_is_restored_as_it_was_dumped() {
        let mut session = Session::default();
        for (make, look) in [
            ("SET k 12345", "GET k"),
            ("RPUSH k a 1 b", "LRANGE k 0 -1"),
            ("SADD k 3 1 2", "SMEMBERS k"),
            ("HSET k f v g 1", "HGETALL k"),
            ("ZADD k 1 a 1.5 b", "ZRANGE k 0 -1 WITHSCORES"),
        ] {
            session.run("DEL k");
            session.run(make);
            let (before, payload) = (session.run(look), dump(&mut session, "k"));
            assert_eq!(
                run(&mut session, &[b"RESTORE", b"k", b"0", &payload]),
                "-BUSYKEY Target key name already exists."
            );
            assert_eq!(run(&mut session, &[b"RESTORE", b"k", b"5000", &payload, b"REPLACE"]), "+OK");
            assert_eq!((session.run(look), session.run("PTTL k")), (before, ":5000".into()));
        }
        assert_eq!(session.run("DUMP none"), "$-1");
    }

    #[test]
    fn a_value_that_has_expired_only_removes_what_was_there() {
        let mut session = Session::default();
        session.run("SET k 1");
        let payload = dump(&mut session, "k");
        assert_eq!(run(&mut session, &[b"RESTORE", b"new", b"1", &payload, b"ABSTTL"]), "+OK");
        assert_eq!(session.run("EXISTS new k"), ":1");
        assert_eq!(run(&mut session, &[b"RESTORE", b"k", b"9223372036854775807", &payload, b"REPLACE"]), "+OK");
        assert_eq!(session.run("EXISTS k"), ":0");
    }

    #[test]
    fn fields_that_have_expired_are_neither_dumped_nor_restored() {
        let mut session = Session::default();
        session.run("HSET h a 1 b 2 c 3");
        session.run("HPEXPIRE h 100 FIELDS 1 a");
        session.run("HPEXPIRE h 200 FIELDS 1 b");
        let payload = dump(&mut session, "h");
        session.now_ms += 100;
        let later = dump(&mut session, "h");
        for payload in [&payload, &later] {
            assert_eq!(run(&mut session, &[b"RESTORE", b"r", b"0", payload, b"REPLACE"]), "+OK");
            assert_eq!(session.run("HPTTL r FIELDS 3 a b c"), "*3 :-2 :100 :-1");
        }
        session.run("HDEL h c");
        session.now_ms += 100;
        assert_eq!(session.run("DUMP h"), "$-1");
    }

    #[test]
    fn a_payload_that_is_refused_changes_nothing() {
        let mut session = Session::default();
        session.run("SET k 1");
        let good = dump(&mut session, "k");
        let wrong = "-ERR DUMP payload version or checksum are wrong";
        let mut damaged = good.clone();
        damaged[1] ^= 1;
        let mut newer = good[..good.len() - 10].to_vec();
        seal(&mut newer, 13);
        let mut shorter = good[..good.len() - 11].to_vec();
        seal(&mut shorter, 10);
        for (payload, error) in [(&damaged, wrong), (&newer, wrong), (&shorter, "-ERR Bad data format")] {
            assert_eq!(run(&mut session, &[b"RESTORE", b"k", b"0", payload, b"REPLACE"]), error);
            assert_eq!(run(&mut session, &[b"RESTORE", b"l", b"0", payload]), error);
        }
        assert_eq!((session.run("GET k"), session.run("EXISTS l")), ("$1 1".into(), ":0".into()));
    }
}
