//! Asking when fields expire.

use super::{BAD_FIELD_COUNT, fields, read};
use crate::command::spec::{KeySpec, Spec};
use crate::command::{Args, Ctx, Outcome, Run};
use crate::store::value::hash::Hash;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "httl",
        arity: -5,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the time to live of hash fields in seconds",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 fields=FIELDS{numfields:int field*}",
        run: Run::Data(httl),
        ..Spec::BLANK
    },
    Spec {
        name: "hpttl",
        arity: -5,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the time to live of hash fields in milliseconds",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 fields=FIELDS{numfields:int field*}",
        run: Run::Data(hpttl),
        ..Spec::BLANK
    },
    Spec {
        name: "hexpiretime",
        arity: -5,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the expiration of hash fields as a Unix timestamp in seconds",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 fields=FIELDS{numfields:int field*}",
        run: Run::Data(hexpiretime),
        ..Spec::BLANK
    },
    Spec {
        name: "hpexpiretime",
        arity: -5,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the expiration of hash fields as a Unix timestamp in milliseconds",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 fields=FIELDS{numfields:int field*}",
        run: Run::Data(hpexpiretime),
        ..Spec::BLANK
    },
];

const NO_FIELD: i64 = -2;
const NO_EXPIRY: i64 = -1;

/// Answers for each field when it expires, as `show` says it.
fn lifetime(ctx: &mut Ctx<'_>, args: Args<'_>, show: impl Fn(i64) -> i64) -> Outcome {
    read(ctx, args.key(1), |hash, reply| {
        let fields = fields(args, 2, BAD_FIELD_COUNT)?;
        reply.array(fields.len());
        for field in fields {
            let known = hash.filter(|hash| hash.contains(field));
            let expiry_ms = known.map(|hash: &Hash| hash.expiry(field));
            reply.int(expiry_ms.map_or(NO_FIELD, |expiry_ms| expiry_ms.map_or(NO_EXPIRY, &show)));
        }
        Ok(())
    })
}

/// Started seconds count whole.
fn seconds(ms: i64) -> i64 {
    (ms + 999) / 1000
}

fn httl(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now_ms = ctx.tx.now_ms();
    lifetime(ctx, args, |at_ms| seconds(at_ms - now_ms))
}

fn hpttl(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now_ms = ctx.tx.now_ms();
    lifetime(ctx, args, |at_ms| at_ms - now_ms)
}

fn hexpiretime(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    lifetime(ctx, args, seconds)
}

fn hpexpiretime(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    lifetime(ctx, args, |at_ms| at_ms)
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn times_are_told_in_seconds_and_milliseconds() {
        let mut s = Session::default();
        s.run("HSET k a 1 b 2");
        s.run("HPEXPIREAT k 1700000001500 FIELDS 1 a");
        assert_eq!(s.run("HTTL k FIELDS 3 a b x"), "*3 :2 :-1 :-2");
        assert_eq!(s.run("HPTTL k FIELDS 3 a b x"), "*3 :1500 :-1 :-2");
        assert_eq!(s.run("HEXPIRETIME k FIELDS 1 a"), "*1 :1700000002");
        assert_eq!(s.run("HPEXPIRETIME k FIELDS 1 a"), "*1 :1700000001500");
        assert_eq!(s.run("HTTL missing FIELDS 2 a b"), "*2 :-2 :-2");
        s.now_ms += 1500;
        assert_eq!(s.run("HPTTL k FIELDS 2 a b"), "*2 :-2 :-1");
    }

    #[test]
    fn wrong_arguments_are_the_references_errors() {
        let mut s = Session::default();
        for (line, error) in [
            ("HTTL k FIELD 1 a", "-ERR Mandatory argument FIELDS is missing or not at the right position"),
            ("HPTTL k FIELDS 0 a", "-ERR Number of fields must be a positive integer"),
            ("HEXPIRETIME k FIELDS x a", "-ERR Number of fields must be a positive integer"),
            ("HPEXPIRETIME k FIELDS 2 a", "-ERR The `numfields` parameter must match the number of arguments"),
        ] {
            assert_eq!(s.run(line), error, "{line}");
        }
        s.run("SADD k 1");
        assert!(s.run("HTTL k FIELD 1 a").starts_with("-WRONGTYPE "));
    }
}
