//! The older range commands, one per order.

use super::range::{By, reply_range};
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Outcome};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "zrangebyscore",
        arity: -4,
        flags: "readonly",
        acl: "@read @sortedset @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return a range of members in a sorted set, by score",
        since: "1.0.5",
        group: "sorted-set",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements \
            being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can \
            consider it O(log(N)).",
        history: &[("2.0.0", "Added the `WITHSCORES` modifier.")],
        deprecated: Some(("deprecated", "6.2.0", "`ZRANGE` with the `BYSCORE` argument")),
        args: "key@0 min:double max:double WITHSCORES>2.0.0? offset_count=LIMIT{offset:int count:int}?",
        run: Run::Data(zrangebyscore),
        ..Spec::BLANK
    },
    Spec {
        name: "zrevrangebyscore",
        arity: -4,
        flags: "readonly",
        acl: "@read @sortedset @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return a range of members in a sorted set, by score, with scores ordered from high to low",
        since: "2.2.0",
        group: "sorted-set",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements \
            being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can \
            consider it O(log(N)).",
        history: &[("2.1.6", "`min` and `max` can be exclusive.")],
        deprecated: Some(("deprecated", "6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments")),
        args: "key@0 max:double min:double WITHSCORES? offset_count=LIMIT{offset:int count:int}?",
        run: Run::Data(zrevrangebyscore),
        ..Spec::BLANK
    },
    Spec {
        name: "zrangebylex",
        arity: -4,
        flags: "readonly",
        acl: "@read @sortedset @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return a range of members in a sorted set, by lexicographical range",
        since: "2.8.9",
        group: "sorted-set",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements \
            being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can \
            consider it O(log(N)).",
        deprecated: Some(("deprecated", "6.2.0", "`ZRANGE` with the `BYLEX` argument")),
        args: "key@0 min max offset_count=LIMIT{offset:int count:int}?",
        run: Run::Data(zrangebylex),
        ..Spec::BLANK
    },
    Spec {
        name: "zrevrangebylex",
        arity: -4,
        flags: "readonly",
        acl: "@read @sortedset @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return a range of members in a sorted set, by lexicographical range, ordered from higher to lower \
            strings.",
        since: "2.8.9",
        group: "sorted-set",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements \
            being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can \
            consider it O(log(N)).",
        deprecated: Some(("deprecated", "6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments")),
        args: "key@0 max min offset_count=LIMIT{offset:int count:int}?",
        run: Run::Data(zrevrangebylex),
        ..Spec::BLANK
    },
];

fn zrangebyscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_range(ctx, args, Some(By::Score), Some(false))
}

fn zrevrangebyscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_range(ctx, args, Some(By::Score), Some(true))
}

fn zrangebylex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_range(ctx, args, Some(By::Lex), Some(false))
}

fn zrevrangebylex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_range(ctx, args, Some(By::Lex), Some(true))
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn the_older_commands_fix_order_and_direction() {
        let mut s = Session::default();
        s.run("ZADD z 1 a 2 b 3 c");
        s.run("ZADD l 0 a 0 b 0 c");
        for (line, reply) in [
            ("ZRANGEBYSCORE z (1 +inf WITHSCORES LIMIT 0 1", "*2 $1 b $1 2"),
            ("ZREVRANGEBYSCORE z 2 -inf", "*2 $1 b $1 a"),
            ("ZRANGEBYLEX l (a +", "*2 $1 b $1 c"),
            ("ZREVRANGEBYLEX l (c - LIMIT 0 5", "*2 $1 b $1 a"),
            ("ZRANGEBYSCORE z 0 1 BYLEX", "-ERR syntax error"),
            ("ZRANGEBYLEX z - + REV", "-ERR syntax error"),
            ("ZRANGEBYLEX l - + WITHSCORES", "-ERR syntax error, WITHSCORES not supported in combination with BYLEX"),
        ] {
            assert_eq!(s.run(line), reply, "{line}");
        }
    }
}
