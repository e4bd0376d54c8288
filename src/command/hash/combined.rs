//! Fields together with their expiry: get and expire, get and delete, set and expire.

use super::{BAD_FIELD_COUNT, Change, TimeFormat, fields, if_any, update, upsert};
use crate::command::elem::bulk;
use crate::command::number::parse_int;
use crate::command::spec::{KeySpec, Spec};
use crate::command::{Args, Ctx, Error, Outcome, Run};
use crate::store::value::hash::Hash;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "hgetex",
        arity: -5,
        flags: "write fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Get the values of hash fields and optionally set their expiration",
        since: "8.0.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 expiration(seconds:int=EX | milliseconds:int=PX | unix-time-seconds:time=EXAT | \
            unix-time-milliseconds:time=PXAT | PERSIST)? fields=FIELDS{numfields:int field*}",
        run: Run::Data(hgetex),
        ..Spec::BLANK
    },
    Spec {
        name: "hgetdel",
        arity: -5,
        flags: "write fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Get the values of hash fields and delete the fields",
        since: "8.0.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 fields=FIELDS{numfields:int field*}",
        run: Run::Data(hgetdel),
        ..Spec::BLANK
    },
    Spec {
        name: "hsetex",
        arity: -6,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the values of hash fields and optionally their expiration",
        since: "8.0.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 condition(FNX | FXX)? expiration(seconds:int=EX | milliseconds:int=PX | \
            unix-time-seconds:time=EXAT | unix-time-milliseconds:time=PXAT | KEEPTTL)? fields=FIELDS{numfields:int \
            field_value{field value}*}",
        run: Run::Data(hsetex),
        ..Spec::BLANK
    },
];

/// What becomes of a field's expiry.
#[derive(Clone, Copy)]
enum Expiry {
    /// What the command does without an option.
    Default,
    /// PERSIST of HGETEX, KEEPTTL of HSETEX.
    Option,
    /// EX, PX, EXAT or PXAT: unix ms.
    At(i64),
}

fn hgetdel(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    ctx.tx.read::<Hash>(key)?;
    let fields = fields(args, 2, BAD_FIELD_COUNT)?;
    let Ctx { tx, reply, .. } = ctx;
    reply.array(fields.len());
    let found = update(tx, key, |hash| {
        let mut removed = false;
        for field in fields.clone() {
            match hash.get(field) {
                Some(value) => {
                    bulk(reply, value);
                    hash.remove(field);
                    removed = true;
                }
                None => reply.null(),
            }
        }
        Change { result: (), events: if_any(removed, &["hdel"]) }
    })?;
    if found.is_none() {
        fields.for_each(|_| reply.null());
    }
    Ok(())
}

fn hgetex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    let now_ms = ctx.tx.now_ms();
    ctx.tx.read::<Hash>(key)?;
    let (expiry, fields_at) = match TimeFormat::of_option(args.at(2)) {
        Some(format) => (Expiry::At(format.read(args.at(3), now_ms, "hgetex")?), 4),
        None if args.is(2, "persist") => (Expiry::Option, 3),
        None => (Expiry::Default, 2),
    };
    let fields = fields(args, fields_at, BAD_FIELD_COUNT)?;
    let Ctx { tx, reply, .. } = ctx;
    reply.array(fields.len());
    let found = update(tx, key, |hash| {
        let mut events: &[&str] = &[];
        for field in fields.clone() {
            let Some(value) = hash.get(field) else {
                reply.null();
                continue;
            };
            bulk(reply, value);
            match expiry {
                Expiry::Default => {}
                Expiry::Option => {
                    if hash.clear_expiry(field).is_some() {
                        events = &["hpersist"];
                    }
                }
                Expiry::At(at_ms) => events = expire(hash, field, at_ms, now_ms),
            }
        }
        Change { result: (), events }
    })?;
    if found.is_none() {
        fields.for_each(|_| reply.null());
    }
    Ok(())
}

/// Lets a field expire, now if the time has passed; returns what happened.
fn expire(hash: &mut Hash, field: &[u8], at_ms: i64, now_ms: i64) -> &'static [&'static str] {
    if at_ms <= now_ms {
        hash.remove(field);
        &["hdel"]
    } else {
        hash.set_expiry(field, at_ms);
        &["hexpire"]
    }
}

/// HSETEX's options, and where its first field stands.
struct SetOptions {
    /// FXX: all fields must be there (true); FNX: none may (false).
    condition: Option<bool>,
    expiry: Expiry,
    fields_at: usize,
}

impl SetOptions {
    fn parse(args: Args<'_>, now_ms: i64) -> Result<SetOptions, Error> {
        let mut options = SetOptions { condition: None, expiry: Expiry::Default, fields_at: 0 };
        let mut at = 2;
        while let Some(option) = args.get(at) {
            let format = TimeFormat::of_option(option);
            let keep = option.eq_ignore_ascii_case(b"keepttl");
            let all = option.eq_ignore_ascii_case(b"fxx");
            if option.eq_ignore_ascii_case(b"fields") {
                options.fields_at = at + 2;
                check_pairs(args, at)?;
                return Ok(options);
            } else if format.is_some() || keep {
                if !matches!(options.expiry, Expiry::Default) {
                    return Err(Error::Static(
                        "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified",
                    ));
                }
                options.expiry = match format {
                    None => Expiry::Option,
                    Some(format) => {
                        at += 1;
                        let time = args.get(at).ok_or(Error::Static("ERR missing expire time"))?;
                        Expiry::At(format.read(time, now_ms, "hsetex")?)
                    }
                };
            } else if all || option.eq_ignore_ascii_case(b"fnx") {
                if options.condition.is_some() {
                    return Err(Error::Static("ERR Only one of FXX or FNX arguments can be specified"));
                }
                options.condition = Some(all);
            } else {
                return Err(Error::Text(format!("ERR unknown argument: {}", String::from_utf8_lossy(option))));
            }
            at += 1;
        }
        Err(Error::WrongArity("hsetex".to_owned()))
    }
}

/// Checks `FIELDS numfields field value …` from argument `at` on.
fn check_pairs(args: Args<'_>, at: usize) -> Result<(), Error> {
    const COUNT_MAX: i64 = i32::MAX as i64;
    let arity = || Error::WrongArity("hsetex".to_owned());
    if at + 3 >= args.len() {
        return Err(arity());
    }
    let count = parse_int(args.at(at + 1)).filter(|count| (1..=COUNT_MAX).contains(count));
    let count = count.ok_or(Error::Static("ERR invalid number of fields"))?;
    let rest = args.len() - at - 2;
    if !rest.is_multiple_of(2) || usize::try_from(count) != Ok(rest / 2) {
        return Err(arity());
    }
    Ok(())
}

fn hsetex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    let now_ms = ctx.tx.now_ms();
    let limits = &ctx.config.limits;
    let options = SetOptions::parse(args, now_ms)?;
    let set = upsert(&mut ctx.tx, key, |hash| {
        let pairs = (options.fields_at..args.len()).step_by(2);
        if let Some(all) = options.condition
            && !pairs.clone().all(|index| hash.contains(args.at(index)) == all)
        {
            return Change { result: false, events: &[] };
        }
        for index in pairs {
            let (field, value) = (args.at(index), args.at(index + 1));
            match options.expiry {
                Expiry::Default => _ = hash.set(field, value, limits),
                Expiry::Option => _ = hash.set_keeping_expiry(field, value, limits),
                Expiry::At(at_ms) => {
                    hash.set_keeping_expiry(field, value, limits);
                    expire(hash, field, at_ms, now_ms);
                }
            }
        }
        let events: &[&str] = match options.expiry {
            Expiry::At(at_ms) if at_ms <= now_ms => &["hset", "hdel"],
            Expiry::At(_) => &["hset", "hexpire"],
            _ => &["hset"],
        };
        Change { result: true, events }
    })?;
    ctx.reply.int(set.into());
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn hgetdel_answers_and_removes() {
        let mut s = Session::default();
        s.run("HSET k a 1 b 2 c 3");
        assert_eq!(s.run("HGETDEL k FIELDS 3 a x a"), "*3 $1 1 $-1 $-1");
        assert_eq!(s.run("HGETDEL k FIELDS 2 b c"), "*2 $1 2 $1 3");
        assert_eq!(s.run("HGETDEL k FIELDS 1 b"), "*1 $-1");
        assert_eq!(s.run("SADD k 1"), ":1");
        assert!(s.run("HGETDEL k FIELDS 1 b").starts_with("-WRONGTYPE "));
    }

    #[test]
    fn hgetex_answers_and_changes_the_expiry() {
        let mut s = Session::default();
        s.run("HSET k a 1 b 2");
        assert_eq!(s.run("HGETEX k FIELDS 2 a x"), "*2 $1 1 $-1");
        assert_eq!(s.run("HGETEX k EX 10 FIELDS 1 a"), "*1 $1 1");
        assert_eq!(s.run("HTTL k FIELDS 2 a b"), "*2 :10 :-1");
        assert_eq!(s.run("HGETEX k PERSIST FIELDS 2 a b"), "*2 $1 1 $1 2");
        assert_eq!(s.run("HTTL k FIELDS 2 a b"), "*2 :-1 :-1");
        assert_eq!(s.run("HGETEX k PXAT 1 FIELDS 2 a b"), "*2 $1 1 $1 2");
        assert_eq!(s.run("HLEN k"), ":0");
        assert_eq!(s.run("HGETEX k FIELDS 1 a"), "*1 $-1");
    }

    #[test]
    fn hsetex_sets_all_or_nothing() {
        let mut s = Session::default();
        assert_eq!(s.run("HSETEX k FXX FIELDS 1 a 1"), ":0");
        assert_eq!(s.run("HLEN k"), ":0");
        assert_eq!(s.run("HSETEX k FNX EX 10 FIELDS 2 a 1 b 2"), ":1");
        assert_eq!(s.run("HSETEX k FNX FIELDS 2 b 3 c 3"), ":0");
        assert_eq!(s.run("HSETEX k FXX FIELDS 2 b 3 c 3"), ":0");
        assert_eq!(s.run("HSETEX k KEEPTTL FIELDS 1 a 3"), ":1");
        assert_eq!(s.run("HSETEX k FIELDS 1 b 4"), ":1");
        assert_eq!(s.run("HTTL k FIELDS 3 a b c"), "*3 :10 :-1 :-2");
        assert_eq!(s.run("HMGET k a b"), "*2 $1 3 $1 4");
        assert_eq!(s.run("HSETEX k PXAT 1 FIELDS 2 a 1 b 1"), ":1");
        assert_eq!(s.run("HLEN k"), ":0");
    }

    #[test]
    fn wrong_arguments_are_the_references_errors() {
        let mut s = Session::default();
        let fields = "-ERR Mandatory argument FIELDS is missing or not at the right position";
        let mismatch = "-ERR The `numfields` parameter must match the number of arguments";
        let arity = "-ERR wrong number of arguments for 'hsetex' command";
        let one_time = "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
        for (line, error) in [
            ("HGETDEL k FIELD 1 a", fields),
            ("HGETDEL k FIELDS 0 a", "-ERR Number of fields must be a positive integer"),
            ("HGETDEL k FIELDS 2 a", mismatch),
            ("HGETEX k EX x FIELDS 1 a", "-ERR value is not an integer or out of range"),
            ("HGETEX k EX -1 FIELDS 1 a", "-ERR invalid expire time, must be >= 0"),
            ("HGETEX k EX 99999999999999 FIELDS 1 a", "-ERR invalid expire time in 'hgetex' command"),
            ("HGETEX k EX 1 FIELDS", "-ERR Number of fields must be a positive integer"),
            ("HGETEX k BOGUS FIELDS 1 a", fields),
            ("HGETEX k PERSIST FIELDS 2 a", mismatch),
            ("HSETEX k BOGUS FIELDS 1 a 1", "-ERR unknown argument: BOGUS"),
            ("HSETEX k FNX FXX FIELDS 1 a 1", "-ERR Only one of FXX or FNX arguments can be specified"),
            ("HSETEX k EX 1 KEEPTTL FIELDS 1 a 1", one_time),
            ("HSETEX k KEEPTTL PX 1 FIELDS 1 a 1", one_time),
            ("HSETEX k KEEPTTL FNX FIELDS 1", arity),
            ("HSETEX k FIELDS 0 a 1", "-ERR invalid number of fields"),
            ("HSETEX k FIELDS 2 a 1", arity),
            ("HSETEX k FIELDS 1 a 1 b", arity),
            ("HSETEX k EX 1 FNX EX", one_time),
            ("HSETEX k FNX FNX 1 EX", "-ERR Only one of FXX or FNX arguments can be specified"),
        ] {
            assert_eq!(s.run(line), error, "{line}");
        }
    }
}
