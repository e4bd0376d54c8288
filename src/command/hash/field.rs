//! Setting, getting and removing fields.

use super::{Change, if_any, read, update, upsert};
use crate::command::elem::bulk;
use crate::command::spec::{KeySpec, Spec};
use crate::command::{Args, Ctx, Error, Outcome, Run};
use crate::store::value::hash::Hash;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "hset",
        arity: -4,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the string value of a hash field",
        since: "2.0.0",
        group: "hash",
        complexity: "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is \
            called with multiple field/value pairs.",
        history: &[("4.0.0", "Accepts multiple `field` and `value` arguments.")],
        args: "key@0 field_value{field value}*",
        first_member: 2,
        run: Run::Data(hset),
        ..Spec::BLANK
    },
    Spec {
        name: "hsetnx",
        arity: 4,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Set the value of a hash field, only if the field does not exist",
        since: "2.0.0",
        group: "hash",
        complexity: "O(1)",
        args: "key@0 field value",
        first_member: 2,
        run: Run::Data(hsetnx),
        ..Spec::BLANK
    },
    Spec {
        name: "hmset",
        arity: -4,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set multiple hash fields to multiple values",
        since: "2.0.0",
        group: "hash",
        complexity: "O(N) where N is the number of fields being set.",
        deprecated: Some(("deprecated", "4.0.0", "`HSET` with multiple field-value pairs")),
        args: "key@0 field_value{field value}*",
        first_member: 2,
        run: Run::Data(hmset),
        ..Spec::BLANK
    },
    Spec {
        name: "hget",
        arity: 3,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the value of a hash field",
        since: "2.0.0",
        group: "hash",
        complexity: "O(1)",
        args: "key@0 field",
        first_member: 2,
        run: Run::Data(hget),
        ..Spec::BLANK
    },
    Spec {
        name: "hmget",
        arity: -3,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the values of all the given hash fields",
        since: "2.0.0",
        group: "hash",
        complexity: "O(N) where N is the number of fields being requested.",
        args: "key@0 field*",
        first_member: 2,
        run: Run::Data(hmget),
        ..Spec::BLANK
    },
    Spec {
        name: "hdel",
        arity: -3,
        flags: "write fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Delete one or more hash fields",
        since: "2.0.0",
        group: "hash",
        complexity: "O(N) where N is the number of fields to be removed.",
        history: &[("2.4.0", "Accepts multiple `field` arguments.")],
        args: "key@0 field*",
        first_member: 2,
        run: Run::Data(hdel),
        ..Spec::BLANK
    },
    Spec {
        name: "hexists",
        arity: 3,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Determine if a hash field exists",
        since: "2.0.0",
        group: "hash",
        complexity: "O(1)",
        args: "key@0 field",
        first_member: 2,
        run: Run::Data(hexists),
        ..Spec::BLANK
    },
    Spec {
        name: "hstrlen",
        arity: 3,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Get the length of the value of a hash field",
        since: "3.2.0",
        group: "hash",
        complexity: "O(1)",
        args: "key@0 field",
        first_member: 2,
        run: Run::Data(hstrlen),
        ..Spec::BLANK
    },
];

fn hset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let created = set_all(ctx, args, "hset")?;
    ctx.reply.int(created as i64);
    Ok(())
}

fn hmset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_all(ctx, args, "hmset")?;
    ctx.reply.ok();
    Ok(())
}

/// Sets all pairs; returns how many fields are new.
fn set_all(ctx: &mut Ctx<'_>, args: Args<'_>, command: &str) -> Result<usize, Error> {
    if !args.len().is_multiple_of(2) {
        return Err(Error::WrongArity(command.to_owned()));
    }
    let limits = &ctx.config.limits;
    upsert(&mut ctx.tx, args.key(1), |hash: &mut Hash| {
        let pairs = (2..args.len()).step_by(2);
        let created = pairs.filter(|&index| hash.set(args.at(index), args.at(index + 1), limits)).count();
        Change { result: created, events: &["hset"] }
    })
}

fn hsetnx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let limits = &ctx.config.limits;
    let set = upsert(&mut ctx.tx, args.key(1), |hash: &mut Hash| {
        let set = hash.set_if_absent(args.at(2), args.at(3), limits);
        Change { result: set, events: if_any(set, &["hset"]) }
    })?;
    ctx.reply.int(set.into());
    Ok(())
}

fn hget(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    read(ctx, args.key(1), |hash, reply| {
        match hash.and_then(|hash| hash.get(args.at(2))) {
            Some(value) => bulk(reply, value),
            None => reply.null(),
        }
        Ok(())
    })
}

fn hmget(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    read(ctx, args.key(1), |hash, reply| {
        let fields = args.skip(2);
        reply.array(fields.len());
        for field in fields {
            match hash.and_then(|hash| hash.get(field)) {
                Some(value) => bulk(reply, value),
                None => reply.null(),
            }
        }
        Ok(())
    })
}

fn hdel(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let removed = update(&mut ctx.tx, args.key(1), |hash: &mut Hash| {
        let removed = args.skip(2).filter(|field| hash.remove(field)).count();
        Change { result: removed, events: if_any(removed > 0, &["hdel"]) }
    })?;
    ctx.reply.int(removed.unwrap_or(0) as i64);
    Ok(())
}

fn hexists(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    read(ctx, args.key(1), |hash, reply| {
        reply.int(hash.is_some_and(|hash| hash.contains(args.at(2))).into());
        Ok(())
    })
}

fn hstrlen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    read(ctx, args.key(1), |hash, reply| {
        let value = hash.and_then(|hash| hash.get(args.at(2)));
        reply.int(value.map_or(0, |value| value.len()) as i64);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn fields_are_set_read_and_removed() {
        let mut s = Session::default();
        assert_eq!(s.run("HSET k a 1 b two a 3"), ":2");
        assert_eq!(s.run("HSET k a 4"), ":0");
        assert_eq!(s.run("HMSET k c 5"), "+OK");
        assert_eq!(s.run("HGET k a"), "$1 4");
        assert_eq!(s.run("HGET k x"), "$-1");
        assert_eq!(s.run("HGET missing x"), "$-1");
        assert_eq!(s.run("HMGET k b x c"), "*3 $3 two $-1 $1 5");
        assert_eq!(s.run("HMGET missing b x"), "*2 $-1 $-1");
        assert_eq!(s.run("HEXISTS k b"), ":1");
        assert_eq!(s.run("HEXISTS k x"), ":0");
        assert_eq!(s.run("HSTRLEN k b"), ":3");
        assert_eq!(s.run("HSTRLEN k x"), ":0");
        assert_eq!(s.run("HSETNX k a 9"), ":0");
        assert_eq!(s.run("HSETNX k d 9"), ":1");
        assert_eq!(s.run("HDEL k a x b c"), ":3");
        assert_eq!(s.run("HDEL k d"), ":1");
        assert_eq!(s.run("HDEL k d"), ":0");
        assert_eq!(s.run("HLEN k"), ":0");
    }

    #[test]
    fn a_field_without_value_is_an_arity_error() {
        let mut s = Session::default();
        assert_eq!(s.run("HSET k a 1 b"), "-ERR wrong number of arguments for 'hset' command");
        assert_eq!(s.run("HMSET k a 1 b"), "-ERR wrong number of arguments for 'hmset' command");
        assert_eq!(s.run("HLEN k"), ":0");
    }

    #[test]
    fn other_types_are_refused() {
        let mut s = Session::default();
        s.run("SADD k v");
        for line in [
            "HSET k a 1",
            "HMSET k a 1",
            "HSETNX k a 1",
            "HGET k a",
            "HMGET k a",
            "HDEL k a",
            "HEXISTS k a",
            "HSTRLEN k a",
        ] {
            assert!(s.run(line).starts_with("-WRONGTYPE "), "{line}");
        }
    }

    #[test]
    fn setting_a_field_again_lets_it_live_forever() {
        let mut s = Session::default();
        s.run("HSET k a 1 b 2");
        s.run("HPEXPIRE k 100 FIELDS 2 a b");
        s.run("HSET k a 1");
        s.now_ms += 100;
        assert_eq!(s.run("HMGET k a b"), "*2 $1 1 $-1");
        assert_eq!(s.run("HSETNX k b 3"), ":1");
        assert_eq!(s.run("HTTL k FIELDS 2 a b"), "*2 :-1 :-1");
    }
}
