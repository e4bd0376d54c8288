//! Setting when fields expire.

use super::{BAD_FIELD_COUNT, Change, TimeFormat, fields, if_any, update};
use crate::command::spec::{KeySpec, Spec};
use crate::command::{Args, Ctx, Outcome, Run};
use crate::store::value::hash::Hash;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "hexpire",
        arity: -6,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the time to live of hash fields in seconds",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 seconds:int condition(NX | XX | GT | LT)? fields=FIELDS{numfields:int field*}",
        run: Run::Data(hexpire),
        ..Spec::BLANK
    },
    Spec {
        name: "hpexpire",
        arity: -6,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the time to live of hash fields in milliseconds",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 milliseconds:int condition(NX | XX | GT | LT)? fields=FIELDS{numfields:int field*}",
        run: Run::Data(hpexpire),
        ..Spec::BLANK
    },
    Spec {
        name: "hexpireat",
        arity: -6,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the expiration of hash fields as a Unix timestamp in seconds",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 unix-time-seconds:time condition(NX | XX | GT | LT)? fields=FIELDS{numfields:int field*}",
        run: Run::Data(hexpireat),
        ..Spec::BLANK
    },
    Spec {
        name: "hpexpireat",
        arity: -6,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the expiration of hash fields as a Unix timestamp in milliseconds",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 unix-time-milliseconds:time condition(NX | XX | GT | LT)? fields=FIELDS{numfields:int field*}",
        run: Run::Data(hpexpireat),
        ..Spec::BLANK
    },
    Spec {
        name: "hpersist",
        arity: -5,
        flags: "write fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Remove the expiration of hash fields",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 fields=FIELDS{numfields:int field*}",
        run: Run::Data(hpersist),
        ..Spec::BLANK
    },
];

/// What must be true of a field's expiry before it is changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    None,
    Nx,
    Xx,
    Gt,
    Lt,
}

impl Condition {
    fn of_option(option: &[u8]) -> Condition {
        let conditions: [(&[u8], Condition); 4] =
            [(b"nx", Condition::Nx), (b"xx", Condition::Xx), (b"gt", Condition::Gt), (b"lt", Condition::Lt)];
        let found = conditions.into_iter().find(|(name, _)| option.eq_ignore_ascii_case(name));
        found.map_or(Condition::None, |(_, condition)| condition)
    }

    /// A field that lives forever expires later than any other.
    fn allows(self, before_ms: Option<i64>, after_ms: i64) -> bool {
        match self {
            Condition::None => true,
            Condition::Nx => before_ms.is_none(),
            Condition::Xx => before_ms.is_some(),
            Condition::Gt => before_ms.is_some_and(|before_ms| after_ms > before_ms),
            Condition::Lt => before_ms.is_none_or(|before_ms| after_ms < before_ms),
        }
    }
}

const NO_FIELD: i64 = -2;
const NO_EXPIRY: i64 = -1;
const CONDITION_NOT_MET: i64 = 0;
const DONE: i64 = 1;
const REMOVED: i64 = 2;

/// Lets `field` expire at `at_ms`, or removes it when that is not in the future; the code HEXPIRE answers.
fn expire_field(hash: &mut Hash, field: &[u8], at_ms: i64, condition: Condition, now_ms: i64) -> i64 {
    if !hash.contains(field) {
        NO_FIELD
    } else if !condition.allows(hash.expiry(field), at_ms) {
        CONDITION_NOT_MET
    } else if at_ms <= now_ms {
        hash.remove(field);
        REMOVED
    } else {
        hash.set_expiry(field, at_ms);
        DONE
    }
}

fn expire(ctx: &mut Ctx<'_>, args: Args<'_>, format: TimeFormat, command: &'static str) -> Outcome {
    let key = args.key(1);
    let now_ms = ctx.tx.now_ms();
    // The reference looks at the key's type before it reads the options.
    ctx.tx.read::<Hash>(key)?;
    let at_ms = format.read(args.at(2), now_ms, command)?;
    let condition = Condition::of_option(args.at(3));
    let fields_at = if condition == Condition::None { 3 } else { 4 };
    let fields = fields(args, fields_at, "ERR Parameter `numFields` should be greater than 0")?;
    let Ctx { tx, reply, .. } = ctx;
    reply.array(fields.len());
    let found = update(tx, key, |hash| {
        let (mut updated, mut removed) = (false, false);
        for field in fields.clone() {
            let code = expire_field(hash, field, at_ms, condition, now_ms);
            updated |= code == DONE;
            removed |= code == REMOVED;
            reply.int(code);
        }
        let events = if removed { &["hdel"] } else { if_any(updated, &["hexpire"]) };
        Change { result: (), events }
    })?;
    if found.is_none() {
        fields.for_each(|_| reply.int(NO_FIELD));
    }
    Ok(())
}

fn hexpire(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    expire(ctx, args, TimeFormat::EX, "hexpire")
}

fn hpexpire(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    expire(ctx, args, TimeFormat::PX, "hpexpire")
}

fn hexpireat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    expire(ctx, args, TimeFormat::EXAT, "hexpireat")
}

fn hpexpireat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    expire(ctx, args, TimeFormat::PXAT, "hpexpireat")
}

fn hpersist(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    ctx.tx.read::<Hash>(key)?;
    let fields = fields(args, 2, BAD_FIELD_COUNT)?;
    let Ctx { tx, reply, .. } = ctx;
    reply.array(fields.len());
    let found = update(tx, key, |hash| {
        let mut persisted = false;
        for field in fields.clone() {
            let code = match hash.clear_expiry(field) {
                Some(_) => DONE,
                None if hash.contains(field) => NO_EXPIRY,
                None => NO_FIELD,
            };
            persisted |= code == DONE;
            reply.int(code);
        }
        Change { result: (), events: if_any(persisted, &["hpersist"]) }
    })?;
    if found.is_none() {
        fields.for_each(|_| reply.int(NO_FIELD));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn fields_expire_one_by_one() {
        let mut s = Session::default();
        s.run("HSET k a 1 b 2 c 3");
        assert_eq!(s.run("HEXPIRE k 10 FIELDS 3 a x b"), "*3 :1 :-2 :1");
        assert_eq!(s.run("HTTL k FIELDS 3 a x c"), "*3 :10 :-2 :-1");
        assert_eq!(s.run("HPERSIST k FIELDS 3 b x c"), "*3 :1 :-2 :-1");
        s.now_ms += 10_000;
        assert_eq!(s.run("HMGET k a b c"), "*3 $-1 $1 2 $1 3");
        assert_eq!(s.run("HPERSIST k FIELDS 1 a"), "*1 :-2");
        assert_eq!(s.run("HEXPIRE missing 1 FIELDS 2 a b"), "*2 :-2 :-2");
        assert_eq!(s.run("HPERSIST missing FIELDS 1 a"), "*1 :-2");
    }

    #[test]
    fn conditions_compare_with_the_expiry_there_is() {
        let mut s = Session::default();
        s.run("HSET k a 1 b 2");
        assert_eq!(s.run("HEXPIRE k 10 XX FIELDS 1 a"), "*1 :0");
        assert_eq!(s.run("HEXPIRE k 10 GT FIELDS 1 a"), "*1 :0");
        assert_eq!(s.run("HEXPIRE k 10 LT FIELDS 1 b"), "*1 :1");
        assert_eq!(s.run("HEXPIRE k 10 nx FIELDS 2 a b"), "*2 :1 :0");
        assert_eq!(s.run("HEXPIRE k 10 GT FIELDS 1 a"), "*1 :0");
        assert_eq!(s.run("HEXPIRE k 11 GT FIELDS 1 a"), "*1 :1");
        assert_eq!(s.run("HEXPIRE k 12 LT FIELDS 1 a"), "*1 :0");
        assert_eq!(s.run("HEXPIRE k 12 XX FIELDS 1 a"), "*1 :1");
    }

    #[test]
    fn a_time_that_has_passed_removes_the_field() {
        let mut s = Session::default();
        s.run("HSET k a 1 b 2");
        assert_eq!(s.run("HPEXPIREAT k 1 FIELDS 2 a a"), "*2 :2 :-2");
        assert_eq!(s.run("HEXPIRE k 0 FIELDS 1 b"), "*1 :2");
        assert_eq!(s.run("HLEN k"), ":0");
        assert_eq!(s.run("SADD k 1"), ":1");
        assert!(s.run("HEXPIRE k 0 FIELDS 1 b").starts_with("-WRONGTYPE "));
        assert!(s.run("HPERSIST k FIELDS 1 b").starts_with("-WRONGTYPE "));
    }

    #[test]
    fn wrong_arguments_are_the_references_errors() {
        let mut s = Session::default();
        let fields = "-ERR Mandatory argument FIELDS is missing or not at the right position";
        let mismatch = "-ERR The `numfields` parameter must match the number of arguments";
        for (line, error) in [
            ("HEXPIRE k x FIELDS 1 a", "-ERR value is not an integer or out of range"),
            ("HEXPIRE k -1 FIELDS 1 a", "-ERR invalid expire time, must be >= 0"),
            ("HEXPIRE k 70368744178 FIELDS 1 a", "-ERR invalid expire time in 'hexpire' command"),
            ("HPEXPIRE k 9223372036854775807 FIELDS 1 a", "-ERR invalid expire time in 'hpexpire' command"),
            ("HPEXPIREAT k 70368744177664 FIELDS 1 a", "-ERR invalid expire time in 'hpexpireat' command"),
            ("HPEXPIREAT k 70368744177663 FIELDS 1 a", "*1 :-2"),
            ("HEXPIRE k 1 FIELD 1 a", fields),
            ("HEXPIRE k 1 NX XX FIELDS 1 a", fields),
            ("HEXPIRE k 1 FIELDS 0 a", "-ERR Parameter `numFields` should be greater than 0"),
            ("HEXPIRE k 1 FIELDS x a", "-ERR Parameter `numFields` should be greater than 0"),
            ("HEXPIRE k 1 FIELDS 2 a", mismatch),
            ("HEXPIRE k 1 NX FIELDS 1 a b", mismatch),
            ("HPERSIST k FIELD 1 a", fields),
            ("HPERSIST k FIELDS 0 a", "-ERR Number of fields must be a positive integer"),
            ("HPERSIST k FIELDS 1 a b", mismatch),
        ] {
            assert_eq!(s.run(line), error, "{line}");
        }
    }
}
