//! Setting, getting and replacing one whole value.

use super::options::{Condition, Expiry, Grammar, Options, Unit, unix_ms};
use crate::command::spec::{KeySpec, OwnKeys, Run, Spec};
use crate::command::{Args, Ctx, Outcome};
use crate::store::{Event, Key, SHARED_BYTES_MIN, Str, Ttl, WrongType};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "set",
        arity: -3,
        flags: "write denyoom",
        acl: "@write @string @slow",
        keys: &[KeySpec::range("RW access update variable_flags", 1, 0, 1)
            .noted("RW and ACCESS due to the optional `GET` argument")],
        own_keys: Some(OwnKeys::Set),
        summary: "Set the string value of a key",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        history: &[
            ("2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."),
            ("6.0.0", "Added the `KEEPTTL` option."),
            ("6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."),
            ("7.0.0", "Allowed the `NX` and `GET` options to be used together."),
            ("8.4.0", "Added the `IFEQ`, `IFNE`, `IFDEQ` and `IFDNE` options."),
        ],
        args: "key@0 value condition(NX>2.6.12 | XX>2.6.12 | ifeq-value:string=IFEQ>8.4.0 | \
            ifne-value:string=IFNE>8.4.0 | ifdeq-digest:string=IFDEQ>8.4.0 | ifdne-digest:string=IFDNE>8.4.0)? \
            GET>6.2.0? expiration(seconds:int=EX>2.6.12 | milliseconds:int=PX>2.6.12 | \
            unix-time-seconds:time=EXAT>6.2.0 | unix-time-milliseconds:time=PXAT>6.2.0 | KEEPTTL>6.0.0)?",
        run: Run::Data(set),
        ..Spec::BLANK
    },
    Spec {
        name: "get",
        arity: 2,
        flags: "readonly fast",
        acl: "@read @string @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the value of a key",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(get),
        ..Spec::BLANK
    },
    Spec {
        name: "setnx",
        arity: 3,
        flags: "write denyoom fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("OW insert", 1, 0, 1)],
        summary: "Set the value of a key, only if the key does not exist",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0 value",
        run: Run::Data(setnx),
        ..Spec::BLANK
    },
    Spec {
        name: "setex",
        arity: 4,
        flags: "write denyoom",
        acl: "@write @string @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1)],
        summary: "Set the value and expiration of a key",
        since: "2.0.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0 seconds:int value",
        run: Run::Data(setex),
        ..Spec::BLANK
    },
    Spec {
        name: "psetex",
        arity: 4,
        flags: "write denyoom",
        acl: "@write @string @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1)],
        summary: "Set the value and expiration in milliseconds of a key",
        since: "2.6.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0 milliseconds:int value",
        run: Run::Data(psetex),
        ..Spec::BLANK
    },
    Spec {
        name: "getset",
        arity: 3,
        flags: "write denyoom fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Set the string value of a key and return its old value",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        deprecated: Some(("deprecated", "6.2.0", "`SET` with the `!GET` argument")),
        args: "key@0 value",
        run: Run::Data(getset),
        ..Spec::BLANK
    },
    Spec {
        name: "getdel",
        arity: 2,
        flags: "write fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Get the value of a key and delete the key",
        since: "6.2.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(getdel),
        ..Spec::BLANK
    },
    Spec {
        name: "getex",
        arity: -2,
        flags: "write fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1).noted("RW and UPDATE because it changes the TTL")],
        summary: "Get the value of a key and optionally set its expiration",
        since: "6.2.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0 expiration(seconds:int=EX | milliseconds:int=PX | unix-time-seconds:time=EXAT | \
            unix-time-milliseconds:time=PXAT | PERSIST)?",
        run: Run::Data(getex),
        ..Spec::BLANK
    },
];

/// GET key.
fn get(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    answer(ctx, args.key(1))?;
    Ok(())
}

/// Answers with the string at a key, or null. A long one is held until it is sent, not copied.
#[inline(always)]
pub(super) fn answer(ctx: &mut Ctx<'_>, key: Key<'_>) -> Result<(), WrongType> {
    let Ctx { tx, reply, .. } = ctx;
    let long = tx.read_string(key, |value| {
        match value {
            Some(Str::Bytes(value)) if value.len() >= SHARED_BYTES_MIN => return true,
            Some(value) => reply.bulk(value.as_bytes(&mut itoa::Buffer::new())),
            None => reply.null(),
        }
        false
    })?;
    if long {
        answer_long(ctx, key);
    }
    Ok(())
}

#[cold]
fn answer_long(ctx: &mut Ctx<'_>, key: Key<'_>) {
    if let Some(value) = ctx.tx.shared(key) {
        ctx.reply.bulk_shared(&value);
    }
}

/// SET key value [options].
fn set(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    if args.len() == 3 {
        write(ctx, key, args, 2, Ttl::Clear);
        ctx.reply.ok();
        return Ok(());
    }
    let options = Options::parse(args, 3, Grammar::Set)?;
    let ttl = options.expiry.ttl("set", ctx.tx.now_ms())?;
    if options.get {
        get(ctx, args)?;
    }
    if options.condition.holds(ctx, key)? {
        write(ctx, key, args, 2, ttl);
        if !options.get {
            ctx.reply.ok();
        }
    } else if !options.get {
        ctx.reply.null();
    }
    Ok(())
}

/// Stores argument `index` as a value and tells of it, and of its expiry when it was given one. A long argument
/// becomes the value without a copy.
#[inline]
pub(super) fn write(ctx: &mut Ctx<'_>, key: Key<'_>, args: Args<'_>, index: usize, ttl: Ttl) {
    match args.shared(index) {
        None => ctx.tx.set_string(key, args.at(index), ttl),
        Some(value) => ctx.tx.set_shared(key, value, ttl),
    }
    ctx.tx.notify(Event::String, "set", key);
    if matches!(ttl, Ttl::At(_)) {
        ctx.tx.notify(Event::Generic, "expire", key);
    }
}

/// SETNX key value.
fn setnx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let missing = Condition::Missing.holds(ctx, args.key(1))?;
    if missing {
        write(ctx, args.key(1), args, 2, Ttl::Clear);
    }
    ctx.reply.int(i64::from(missing));
    Ok(())
}

/// SETEX key seconds value.
fn setex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_expiring(ctx, args, "setex", Unit::Seconds)
}

/// PSETEX key milliseconds value.
fn psetex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_expiring(ctx, args, "psetex", Unit::Millis)
}

fn set_expiring(ctx: &mut Ctx<'_>, args: Args<'_>, command: &'static str, unit: Unit) -> Outcome {
    let at_ms = unix_ms(command, unit, args.at(2), ctx.tx.now_ms())?;
    write(ctx, args.key(1), args, 3, Ttl::At(at_ms));
    ctx.reply.ok();
    Ok(())
}

/// GETSET key value.
fn getset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    get(ctx, args)?;
    write(ctx, args.key(1), args, 2, Ttl::Clear);
    Ok(())
}

/// GETDEL key.
fn getdel(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    get(ctx, args)?;
    if ctx.tx.remove(key) {
        ctx.tx.notify(Event::Generic, "del", key);
    }
    Ok(())
}

/// GETEX key [options].
fn getex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    let options = Options::parse(args, 2, Grammar::GetEx)?;
    if ctx.tx.string(key)?.is_none() {
        ctx.reply.null();
        return Ok(());
    }
    let now_ms = ctx.tx.now_ms();
    match options.expiry {
        Expiry::Time(unit, amount) => {
            let at_ms = unix_ms("getex", unit, amount, now_ms)?;
            get(ctx, args)?;
            if at_ms <= now_ms {
                ctx.tx.remove(key);
                ctx.tx.notify(Event::Generic, "del", key);
            } else {
                ctx.tx.set_expiry(key, Some(at_ms));
                ctx.tx.notify(Event::Generic, "expire", key);
            }
        }
        Expiry::Persist if ctx.tx.expiry(key).flatten().is_some() => {
            get(ctx, args)?;
            ctx.tx.set_expiry(key, None);
            ctx.tx.notify(Event::Generic, "persist", key);
        }
        _ => get(ctx, args)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn set_and_get_keep_bytes_and_forget_the_expiry() {
        let mut session = Session::default();
        assert_eq!(session.run("GET k"), "$-1");
        assert_eq!(session.run("SET k \"a b\""), "+OK");
        assert_eq!(session.run("GET k"), "$3 a b");
        assert_eq!(session.run("SET k 0012 EX 10"), "+OK");
        assert_eq!(session.run("GET k"), "$4 0012");
        assert_eq!(session.run("TTL k"), ":10");
        assert_eq!(session.run("SET k v"), "+OK");
        assert_eq!(session.run("TTL k"), ":-1");
        session.run("SADD l a");
        assert_eq!(session.run("GET l"), "-WRONGTYPE Operation against a key holding the wrong kind of value");
        assert_eq!(session.run("SET l v"), "+OK");
    }

    #[test]
    fn set_heeds_its_conditions() {
        let mut session = Session::default();
        assert_eq!(session.run("SET k v XX"), "$-1");
        assert_eq!(session.run("SET k v NX"), "+OK");
        assert_eq!(session.run("SET k w nx"), "$-1");
        assert_eq!(session.run("SET k w NX GET"), "$1 v");
        assert_eq!(session.run("SET k w XX GET"), "$1 v");
        assert_eq!(session.run("SET new w GET"), "$-1");
        assert_eq!(session.run("SET k x IFEQ v"), "$-1");
        assert_eq!(session.run("SET k x IFEQ w"), "+OK");
        assert_eq!(session.run("SET k y IFNE x GET"), "$1 x");
        assert_eq!(session.run("GET k"), "$1 x");
        assert_eq!(session.run("SET none y IFEQ x"), "$-1");
        assert_eq!(session.run("SET none y IFNE x"), "+OK");
        assert_eq!(session.run("SET k hello"), "+OK");
        assert_eq!(session.run("SET k v IFDEQ 9555E8555c62dcfd"), "+OK");
        assert_eq!(session.run("SET k v IFDEQ 9555e8555c62dcfd"), "$-1");
        assert_eq!(session.run("SET k v IFDNE 9555e8555c62dcfd"), "+OK");
        assert_eq!(session.run("SET k v IFDNE 12"), "-ERR must be exactly 16 hexadecimal characters");
        session.run("SADD l a");
        for line in ["SET l v IFEQ a", "SET l v GET"] {
            assert!(session.run(line).starts_with("-WRONGTYPE"), "{line}");
        }
    }

    #[test]
    fn options_of_set_that_exclude_each_other_are_refused() {
        let mut session = Session::default();
        for options in [
            "NX XX",
            "XX NX",
            "NX IFEQ a",
            "IFEQ a XX",
            "IFEQ a IFNE a",
            "IFEQ",
            "EX 1 PX 1",
            "EX 1 KEEPTTL",
            "KEEPTTL EX 1",
            "EX",
            "PERSIST",
            "foo",
            "EXAT 1 EX 1",
        ] {
            assert_eq!(session.run(&format!("SET k v {options}")), "-ERR syntax error", "{options}");
        }
        for options in ["NX NX", "KEEPTTL KEEPTTL XX", "EX 1 EX 20 XX"] {
            assert_eq!(session.run(&format!("SET k v {options}")), "+OK", "{options}");
        }
        assert_eq!(session.run("TTL k"), ":20");
        for options in ["EX 0", "PX -1", "EX 9223372036854775807", "PX 9223372036854775807", "EXAT 0"] {
            let reply = session.run(&format!("SET k v {options}"));
            assert_eq!(reply, "-ERR invalid expire time in 'set' command", "{options}");
        }
        assert_eq!(session.run("SET k v EX x"), "-ERR value is not an integer or out of range");
    }

    #[test]
    fn a_time_in_the_past_leaves_nothing() {
        let mut session = Session::default();
        assert_eq!(session.run("SET k v PXAT 1"), "+OK");
        assert_eq!(session.run("GET k"), "$-1");
        session.run("SET k v");
        assert_eq!(session.run("GETEX k EXAT 1"), "$1 v");
        assert_eq!(session.run("EXISTS k"), ":0");
    }

    #[test]
    fn the_older_forms_of_set_answer_as_they_did() {
        let mut session = Session::default();
        assert_eq!(session.run("SETNX k v"), ":1");
        assert_eq!(session.run("SETNX k w"), ":0");
        assert_eq!(session.run("SETEX k 10 v"), "+OK");
        assert_eq!(session.run("PTTL k"), ":10000");
        assert_eq!(session.run("PSETEX k 10 v"), "+OK");
        assert_eq!(session.run("PTTL k"), ":10");
        assert_eq!(session.run("SETEX k 0 v"), "-ERR invalid expire time in 'setex' command");
        assert_eq!(session.run("PSETEX k -5 v"), "-ERR invalid expire time in 'psetex' command");
        assert_eq!(session.run("GETSET k w"), "$1 v");
        assert_eq!(session.run("TTL k"), ":-1");
        assert_eq!(session.run("GETDEL k"), "$1 w");
        assert_eq!(session.run("GETDEL k"), "$-1");
    }

    #[test]
    fn getex_changes_the_expiry_and_nothing_else() {
        let mut session = Session::default();
        assert_eq!(session.run("GETEX k EX 10"), "$-1");
        session.run("SET k v");
        assert_eq!(session.run("GETEX k"), "$1 v");
        assert_eq!(session.run("GETEX k EX 10"), "$1 v");
        assert_eq!(session.run("TTL k"), ":10");
        assert_eq!(session.run("GETEX k PERSIST"), "$1 v");
        assert_eq!(session.run("TTL k"), ":-1");
        for options in ["KEEPTTL", "NX", "EX 10 PERSIST", "PERSIST PX 1", "GET", "EX"] {
            assert_eq!(session.run(&format!("GETEX k {options}")), "-ERR syntax error", "{options}");
        }
        assert_eq!(session.run("GETEX k EX 0"), "-ERR invalid expire time in 'getex' command");
    }
}
