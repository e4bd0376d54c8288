//! Whole keys: existence, kind, removal, renaming, copying.

use crate::command::number::{int32, parse_int};
use crate::command::spec::{KeySpec, Reach, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::{Event, Key, Tx};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "del",
        arity: -2,
        flags: "write",
        acl: "@keyspace @write @slow",
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        keys: &[KeySpec::range("RM delete", 1, -1, 1)],
        summary: "Delete a key",
        since: "1.0.0",
        group: "generic",
        complexity: "O(N) where N is the number of keys that will be removed. When a key to remove holds a value \
            other than a string, the individual complexity for this key is O(M) where M is the number of elements in \
            the list, set, sorted set or hash. Removing a single key that holds a string value is O(1).",
        args: "key@0*",
        run: Run::Data(del),
        ..Spec::BLANK
    },
    Spec {
        name: "unlink",
        arity: -2,
        flags: "write fast",
        acl: "@keyspace @write @fast",
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        keys: &[KeySpec::range("RM delete", 1, -1, 1)],
        summary: "Delete a key asynchronously in another thread. Otherwise it is just as DEL, but non blocking.",
        since: "4.0.0",
        group: "generic",
        complexity: "O(1) for each key removed regardless of its size. Then the command does O(N) work in a different \
            thread in order to reclaim memory, where N is the number of allocations the deleted objects where \
            composed of.",
        args: "key@0*",
        run: Run::Data(unlink),
        ..Spec::BLANK
    },
    Spec {
        name: "exists",
        arity: -2,
        flags: "readonly fast",
        acl: "@keyspace @read @fast",
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        keys: &[KeySpec::range("RO", 1, -1, 1)],
        summary: "Determine if a key exists",
        since: "1.0.0",
        group: "generic",
        complexity: "O(N) where N is the number of keys to check.",
        history: &[("3.0.3", "Accepts multiple `key` arguments.")],
        args: "key@0*",
        run: Run::Data(exists),
        ..Spec::BLANK
    },
    Spec {
        name: "touch",
        arity: -2,
        flags: "readonly fast",
        acl: "@keyspace @read @fast",
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        keys: &[KeySpec::range("RO", 1, -1, 1)],
        summary: "Alters the last access time of a key(s). Returns the number of existing keys specified.",
        since: "3.2.1",
        group: "generic",
        complexity: "O(N) where N is the number of keys that will be touched.",
        args: "key@0*",
        run: Run::Data(touch),
        ..Spec::BLANK
    },
    Spec {
        name: "type",
        arity: 2,
        flags: "readonly fast",
        acl: "@keyspace @read @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Determine the type stored at key",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(type_of),
        ..Spec::BLANK
    },
    Spec {
        name: "rename",
        arity: 3,
        flags: "write",
        acl: "@keyspace @write @slow",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("OW update", 2, 0, 1)],
        summary: "Rename a key",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        args: "key@0 newkey@1",
        run: Run::Data(rename),
        ..Spec::BLANK
    },
    Spec {
        name: "renamenx",
        arity: 3,
        flags: "write fast",
        acl: "@keyspace @write @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("OW insert", 2, 0, 1)],
        summary: "Rename a key, only if the new key does not exist",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("3.2.0", "The command no longer returns an error when source and destination names are the same.")],
        args: "key@0 newkey@1",
        run: Run::Data(renamenx),
        ..Spec::BLANK
    },
    Spec {
        name: "copy",
        arity: -3,
        flags: "write denyoom",
        acl: "@keyspace @write @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1), KeySpec::range("OW update", 2, 0, 1)],
        summary: "Copy a key",
        since: "6.2.0",
        group: "generic",
        complexity: "O(N) worst case for collections, where N is the number of nested items. O(1) for string values.",
        args: "source@0 destination@1 destination-db:int=DB? REPLACE?",
        reach: Reach::KeysInDatabases(copy_database),
        run: Run::Data(copy),
        ..Spec::BLANK
    },
    Spec {
        name: "move",
        arity: 3,
        flags: "write fast",
        acl: "@keyspace @write @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Move a key to another database",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        args: "key@0 db:int",
        reach: Reach::KeysInDatabases(move_database),
        run: Run::Data(move_key),
        ..Spec::BLANK
    },
];

/// DEL key [key …].
fn del(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    remove_all(ctx, args, |tx, key| tx.remove(key))
}

/// UNLINK key [key …].
fn unlink(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    remove_all(ctx, args, |tx, key| tx.unlink(key))
}

fn remove_all(ctx: &mut Ctx<'_>, args: Args<'_>, remove: impl Fn(&mut Tx<'_>, Key<'_>) -> bool) -> Outcome {
    let mut removed = 0;
    for index in 1..args.len() {
        let key = args.key(index);
        if remove(&mut ctx.tx, key) {
            ctx.tx.notify(Event::Generic, "del", key);
            removed += 1;
        }
    }
    ctx.reply.int(removed);
    Ok(())
}

/// EXISTS key [key …]: a key named twice counts twice.
fn exists(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let count = (1..args.len()).filter(|index| ctx.tx.exists(args.key(*index))).count();
    ctx.reply.int(count as i64);
    Ok(())
}

/// TOUCH key [key …].
fn touch(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let count = (1..args.len()).filter(|index| ctx.tx.touch(args.key(*index))).count();
    ctx.reply.int(count as i64);
    Ok(())
}

/// TYPE key.
fn type_of(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    ctx.reply.simple(ctx.tx.kind(args.key(1)).map_or("none", |kind| kind.name()));
    Ok(())
}

/// RENAME key newkey.
fn rename(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    rename_unless(ctx, args, false)?;
    ctx.reply.ok();
    Ok(())
}

/// RENAMENX key newkey.
fn renamenx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let renamed = rename_unless(ctx, args, true)?;
    ctx.reply.int(i64::from(renamed));
    Ok(())
}

/// Renames, unless `keep` and the new key exists already.
fn rename_unless(ctx: &mut Ctx<'_>, args: Args<'_>, keep: bool) -> Result<bool, Error> {
    let (from, to) = (args.key(1), args.key(2));
    if !ctx.tx.exists(from) {
        return Err(Error::NoSuchKey);
    }
    if from.bytes() == to.bytes() {
        return Ok(false);
    }
    if keep && ctx.tx.exists(to) {
        return Ok(false);
    }
    ctx.tx.rename(from, to);
    ctx.tx.notify(Event::Generic, "rename_from", from);
    ctx.tx.notify(Event::Generic, "rename_to", to);
    Ok(true)
}

/// COPY source destination [DB number] [REPLACE].
fn copy(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (from, to) = (args.key(1), args.key(2));
    let selected = ctx.tx.database();
    let mut database = selected;
    let mut replace = false;
    let mut words = args.skip(3);
    while let Some(word) = words.next() {
        if word.eq_ignore_ascii_case(b"replace") {
            replace = true;
        } else if word.eq_ignore_ascii_case(b"db") {
            database = parse_database(ctx, words.next().ok_or(Error::Syntax)?)?;
        } else {
            return Err(Error::Syntax);
        }
    }
    if ctx.config.cluster_enabled && (database != 0 || selected != 0) {
        return Err(Error::Static("ERR Copying to another database is not allowed in cluster mode"));
    }
    if database == selected && from.bytes() == to.bytes() {
        return Err(SAME_OBJECT);
    }
    let copied = ctx.tx.exists(from)
        && (replace || !ctx.tx.in_database(database, |tx| tx.exists(to)))
        && ctx.tx.copy(from, database, to);
    if copied {
        ctx.tx.in_database(database, |tx| tx.notify(Event::Generic, "copy_to", to));
    }
    ctx.reply.int(i64::from(copied));
    Ok(())
}

/// The database that COPY writes to, when it names one.
fn copy_database(args: Args<'_>) -> Option<usize> {
    let options: Vec<&[u8]> = args.skip(3).collect();
    let named = options.windows(2).rev().find(|pair| pair[0].eq_ignore_ascii_case(b"db"))?;
    usize::try_from(parse_int(named[1])?).ok()
}

/// The database that MOVE writes to.
fn move_database(args: Args<'_>) -> Option<usize> {
    usize::try_from(parse_int(args.get(2)?)?).ok()
}

/// MOVE key db.
fn move_key(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if ctx.config.cluster_enabled {
        return Err(Error::Static("ERR MOVE is not allowed in cluster mode"));
    }
    let key = args.key(1);
    let database = parse_database(ctx, args.at(2))?;
    if database == ctx.tx.database() {
        return Err(SAME_OBJECT);
    }
    let moved =
        ctx.tx.exists(key) && !ctx.tx.in_database(database, |tx| tx.exists(key)) && ctx.tx.copy(key, database, key);
    if moved {
        ctx.tx.remove(key);
        ctx.tx.notify(Event::Generic, "move_from", key);
        ctx.tx.in_database(database, |tx| tx.notify(Event::Generic, "move_to", key));
    }
    ctx.reply.int(i64::from(moved));
    Ok(())
}

const SAME_OBJECT: Error = Error::Static("ERR source and destination objects are the same");

/// A database's number.
fn parse_database(ctx: &Ctx<'_>, text: &[u8]) -> Result<usize, Error> {
    let number = int32(text)?;
    usize::try_from(number)
        .ok()
        .filter(|number| *number < ctx.tx.keyspace().databases())
        .ok_or(Error::Static("ERR DB index is out of range"))
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn keys_are_counted_as_often_as_named() {
        let mut session = Session::default();
        session.run("MSET a 1 b 2 c 3");
        assert_eq!(session.run("EXISTS a a none b"), ":3");
        assert_eq!(session.run("TOUCH a a none"), ":2");
        assert_eq!(session.run("DEL a a none"), ":1");
        assert_eq!(session.run("UNLINK b c b"), ":2");
        assert_eq!(session.run("DBSIZE"), ":0");
    }

    #[test]
    fn type_names_what_a_key_holds() {
        let mut session = Session::default();
        for (line, name) in [
            ("SET k 1", "string"),
            ("RPUSH k 1", "list"),
            ("SADD k 1", "set"),
            ("HSET k 1 1", "hash"),
            ("ZADD k 1 1", "zset"),
        ] {
            session.run("DEL k");
            session.run(line);
            assert_eq!(session.run("TYPE k"), format!("+{name}"));
        }
        assert_eq!(session.run("TYPE none"), "+none");
    }

    #[test]
    fn rename_takes_value_and_expiry_along() {
        let mut session = Session::default();
        session.run("SET a 1 EX 100");
        session.run("SET b 2 EX 50");
        assert_eq!(session.run("RENAMENX a b"), ":0");
        assert_eq!(session.run("RENAME a b"), "+OK");
        assert_eq!(session.run("MGET a b"), "*2 $-1 $1 1");
        assert_eq!(session.run("TTL b"), ":100");
        assert_eq!(session.run("RENAME b b"), "+OK");
        assert_eq!(session.run("RENAMENX b b"), ":0");
        assert_eq!(session.run("RENAMENX b c"), ":1");
        assert_eq!(session.run("RENAME none x"), "-ERR no such key");
        assert_eq!(session.run("RENAME none none"), "-ERR no such key");
    }

    #[test]
    fn copy_leaves_the_source_and_heeds_replace() {
        let mut session = Session::default();
        session.run("SET a 1 EX 100");
        assert_eq!(session.run("COPY a b"), ":1");
        assert_eq!(session.run("TTL b"), ":100");
        assert_eq!(session.run("COPY a b"), ":0");
        assert_eq!(session.run("COPY a b REPLACE"), ":1");
        assert_eq!(session.run("COPY none b REPLACE"), ":0");
        assert_eq!(session.run("COPY a a"), "-ERR source and destination objects are the same");
        assert_eq!(session.run("COPY a a DB 3"), ":1");
        assert_eq!(session.run("COPY a b DB 16"), "-ERR DB index is out of range");
        assert_eq!(session.run("COPY a b DB x"), "-ERR value is not an integer or out of range");
        let wide = "-ERR value is out of range, value must between -2147483648 and 2147483647";
        assert_eq!(session.run("COPY a b DB 9223372036854775807"), wide);
        assert_eq!(session.run("COPY a b DB"), "-ERR syntax error");
        session.database = 3;
        assert_eq!(session.run("GET a"), "$1 1");
        assert_eq!(session.run("TTL a"), ":100");
        session.config.cluster_enabled = true;
        let reply = session.run("COPY a {a}b DB 1");
        assert_eq!(reply, "-ERR Copying to another database is not allowed in cluster mode");
    }

    #[test]
    fn move_goes_to_an_empty_place_only() {
        let mut session = Session::default();
        session.run("SET a 1 EX 100");
        assert_eq!(session.run("MOVE a 1"), ":1");
        assert_eq!(session.run("MOVE a 1"), ":0");
        session.run("SET a 2");
        assert_eq!(session.run("MOVE a 1"), ":0");
        assert_eq!(session.run("MOVE a 0"), "-ERR source and destination objects are the same");
        assert_eq!(session.run("MOVE a 99"), "-ERR DB index is out of range");
        session.database = 1;
        assert_eq!(session.run("TTL a"), ":100");
        session.config.cluster_enabled = true;
        assert_eq!(session.run("MOVE a 0"), "-ERR MOVE is not allowed in cluster mode");
    }
}
