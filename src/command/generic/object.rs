//! Looking inside a value.

use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::value::stream::Stream;
use crate::store::{AccessPolicy, Entry, Object, Str};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[Spec {
    name: "object",
    arity: -2,
    acl: "@slow",
    summary: "A container for object introspection commands",
    since: "2.2.3",
    group: "generic",
    complexity: "Depends on subcommand.",
    subcommands: SUBCOMMANDS,
    ..Spec::BLANK
}];

/// Rows of the subcommands of OBJECT.
const SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "encoding",
        arity: 3,
        flags: "readonly",
        acl: "@keyspace @read @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO", 2, 0, 1)],
        summary: "Inspect the internal encoding of a Redis object",
        since: "2.2.3",
        group: "generic",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(encoding),
        ..Spec::BLANK
    },
    Spec {
        name: "freq",
        arity: 3,
        flags: "readonly",
        acl: "@keyspace @read @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO", 2, 0, 1)],
        summary: "Get the logarithmic access frequency counter of a Redis object",
        since: "4.0.0",
        group: "generic",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(freq),
        ..Spec::BLANK
    },
    Spec {
        name: "help",
        arity: 2,
        flags: "loading stale",
        acl: "@keyspace @slow",
        summary: "Show helpful text about the different subcommands",
        since: "6.2.0",
        group: "generic",
        complexity: "O(1)",
        run: Run::Data(help),
        ..Spec::BLANK
    },
    Spec {
        name: "idletime",
        arity: 3,
        flags: "readonly",
        acl: "@keyspace @read @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO", 2, 0, 1)],
        summary: "Get the time since a Redis object was last accessed",
        since: "2.2.3",
        group: "generic",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(idletime),
        ..Spec::BLANK
    },
    Spec {
        name: "refcount",
        arity: 3,
        flags: "readonly",
        acl: "@keyspace @read @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO", 2, 0, 1)],
        summary: "Get the number of references to the value of the key",
        since: "2.2.3",
        group: "generic",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(refcount),
        ..Spec::BLANK
    },
];

/// Longest string of encoding `embstr`, in bytes.
const EMBSTR_BYTES_MAX: usize = 44;
/// Integers below this are shared objects in the reference.
const SHARED_INTEGERS: i64 = 10_000;

/// OBJECT ENCODING key.
fn encoding(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    match ctx.tx.inspect(args.key(2)) {
        Some(entry) => ctx.reply.bulk(encoding_of(entry).as_bytes()),
        None => ctx.reply.null(),
    }
    Ok(())
}

/// How the reference would keep a value.
pub fn encoding_of(entry: &Entry) -> &'static str {
    match (entry.as_object().as_deref(), entry.as_str()) {
        (Some(Object::List(_)), _) => "quicklist",
        (Some(Object::Set(set)), _) => set.encoding(),
        (Some(Object::Hash(hash)), _) => hash.encoding(),
        (Some(Object::SortedSet(sorted_set)), _) => sorted_set.encoding(),
        (Some(Object::Stream(_)), _) => Stream::ENCODING,
        (None, Some(Str::Int(_))) => "int",
        (None, Some(Str::Bytes(bytes))) if !entry.is_raw() && bytes.len() <= EMBSTR_BYTES_MAX => "embstr",
        (None, _) => "raw",
    }
}

/// OBJECT REFCOUNT key: values are never shared here, but the reference shares small integers and says so.
fn refcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    match ctx.tx.inspect(args.key(2)).map(Entry::as_str) {
        Some(Some(Str::Int(0..SHARED_INTEGERS))) if ctx.config.shared_integers => ctx.reply.int(i32::MAX.into()),
        Some(_) => ctx.reply.int(1),
        None => ctx.reply.null(),
    }
    Ok(())
}

/// OBJECT IDLETIME key.
fn idletime(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    match ctx.tx.idle_seconds(args.key(2)) {
        None => ctx.reply.null(),
        Some(_) if ctx.config.access != AccessPolicy::Recency => {
            return Err(Error::Static(
                "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching \
                 between policies at runtime LRU and LFU data will take some time to adjust.",
            ));
        }
        Some(seconds) => ctx.reply.int(seconds.into()),
    }
    Ok(())
}

/// OBJECT FREQ key.
fn freq(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    match ctx.tx.frequency(args.key(2)) {
        None => ctx.reply.null(),
        Some(None) => {
            return Err(Error::Static(
                "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when \
                 switching between policies at runtime LRU and LFU data will take some time to adjust.",
            ));
        }
        Some(Some(counter)) => ctx.reply.int(counter.into()),
    }
    Ok(())
}

const HELP: [&str; 15] = [
    "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "ENCODING <key>",
    "    Return the kind of internal representation used in order to store the value",
    "    associated with a <key>.",
    "FREQ <key>",
    "    Return the access frequency index of the <key>. The returned integer is",
    "    proportional to the logarithm of the recent access frequency of the key.",
    "IDLETIME <key>",
    "    Return the idle time of the <key>, that is the approximated number of",
    "    seconds elapsed since the last access to the key.",
    "REFCOUNT <key>",
    "    Return the number of references of the value associated with the specified",
    "    <key>.",
    "HELP",
    "    Prints this help.",
];

/// OBJECT HELP.
fn help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.reply.array(HELP.len());
    HELP.iter().for_each(|line| ctx.reply.simple(line));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::store::{AccessPolicy, Lfu};

    #[test]
    fn strings_name_the_encoding_the_reference_would_use() {
        let mut session = Session::default();
        let (short, long) = ("x".repeat(44), "x".repeat(45));
        for (line, encoding) in [
            ("SET k 12", "int"),
            ("SET k -9223372036854775808", "int"),
            ("SET k 12345678901234567890", "embstr"),
            ("SET k 012", "embstr"),
            (&format!("SET k {short}"), "embstr"),
            (&format!("SET k {long}"), "raw"),
            ("SETRANGE k 0 1", "raw"),
            ("SET k 1", "int"),
            ("SETBIT k 0 0", "raw"),
        ] {
            session.run(line);
            let reply = session.run("OBJECT ENCODING k");
            assert_eq!(reply, format!("${} {encoding}", encoding.len()), "{line}");
        }
    }

    #[test]
    fn collections_name_theirs() {
        let mut session = Session::default();
        for (line, encoding) in [
            ("RPUSH k a", "quicklist"),
            ("SADD k 1", "intset"),
            ("SADD k 1 a", "hashtable"),
            ("HSET k f v", "listpack"),
            ("ZADD k 1 a", "listpack"),
        ] {
            session.run("DEL k");
            session.run(line);
            let reply = session.run("OBJECT ENCODING k");
            assert_eq!(reply, format!("${} {encoding}", encoding.len()), "{line}");
        }
    }

    #[test]
    fn looking_at_a_key_is_no_access() {
        let mut session = Session::default();
        session.run("SET k v");
        session.now_ms += 5000;
        assert_eq!(session.run("OBJECT IDLETIME k"), ":5");
        assert_eq!(session.run("OBJECT ENCODING k"), "$6 embstr");
        assert_eq!(session.run("OBJECT IDLETIME k"), ":5");
        session.run("GET k");
        assert_eq!(session.run("OBJECT IDLETIME k"), ":0");
        assert!(session.run("OBJECT FREQ k").starts_with("-ERR An LFU maxmemory policy is not selected"));
        session.config.access = AccessPolicy::Frequency(Lfu { log_factor: 0, decay_minutes: 1 });
        assert!(session.run("OBJECT IDLETIME k").starts_with("-ERR An LFU maxmemory policy is selected"));
    }

    #[test]
    fn accesses_are_counted_once_for_each_command() {
        let mut session = Session::default();
        session.config.access = AccessPolicy::Frequency(Lfu { log_factor: 0, decay_minutes: 1 });
        session.run("SET k 1");
        assert_eq!(session.run("OBJECT FREQ k"), ":5");
        for (line, counter) in [
            ("GET k", 6),
            ("SET k 2", 7),
            ("INCR k", 8),
            ("APPEND k x", 9),
            ("TTL k", 9),
            ("TYPE k", 9),
            ("EXISTS k", 9),
            ("TOUCH k", 10),
            ("OBJECT ENCODING k", 10),
            ("RENAME k l", 11),
        ] {
            session.run(line);
            let key = if line.starts_with("RENAME") { "l" } else { "k" };
            assert_eq!(session.run(&format!("OBJECT FREQ {key}")), format!(":{counter}"), "{line}");
        }
        session.now_ms += 3 * 60_000;
        assert_eq!(session.run("OBJECT FREQ l"), ":8");
        session.run("DEL l");
        for line in ["HSET l f v", "HGET l f", "HGETALL l"] {
            session.run(line);
        }
        assert_eq!(session.run("OBJECT FREQ l"), ":7");
    }

    #[test]
    fn reading_a_collection_is_an_access() {
        let mut session = Session::default();
        for (make, read) in [("RPUSH k a", "LRANGE k 0 -1"), ("SADD k a", "SMEMBERS k"), ("ZADD k 1 a", "ZSCORE k a")] {
            session.run("DEL k");
            session.run(make);
            session.now_ms += 5000;
            assert_eq!(session.run("OBJECT IDLETIME k"), ":5");
            session.run(read);
            assert_eq!(session.run("OBJECT IDLETIME k"), ":0", "{read}");
        }
    }

    #[test]
    fn a_missing_key_is_null_whatever_is_asked() {
        let mut session = Session::default();
        for subcommand in ["ENCODING", "REFCOUNT", "IDLETIME", "FREQ"] {
            assert_eq!(session.run(&format!("OBJECT {subcommand} none")), "$-1");
        }
        session.run("MSET a 9999 b 10000 c x");
        assert_eq!(session.run("OBJECT REFCOUNT a"), ":2147483647");
        assert_eq!(session.run("OBJECT REFCOUNT b"), ":1");
        assert_eq!(session.run("OBJECT REFCOUNT c"), ":1");
        assert!(session.run("OBJECT HELP").starts_with("*15 +OBJECT <subcommand> "));
    }
}
