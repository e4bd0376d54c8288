//! Scores, ranks and counts.

use std::ops::Range;

use super::bounds;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::value::sorted_set::SortedSet;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "zscore",
        arity: 3,
        flags: "readonly fast",
        acl: "@read @sortedset @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the score associated with the given member in a sorted set",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(1)",
        args: "key@0 member",
        first_member: 2,
        run: Run::Data(zscore),
        ..Spec::BLANK
    },
    Spec {
        name: "zmscore",
        arity: -3,
        flags: "readonly fast",
        acl: "@read @sortedset @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the score associated with the given members in a sorted set",
        since: "6.2.0",
        group: "sorted-set",
        complexity: "O(N) where N is the number of members being requested.",
        args: "key@0 member*",
        first_member: 2,
        run: Run::Data(zmscore),
        ..Spec::BLANK
    },
    Spec {
        name: "zrank",
        arity: -3,
        flags: "readonly fast",
        acl: "@read @sortedset @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Determine the index of a member in a sorted set",
        since: "2.0.0",
        group: "sorted-set",
        complexity: "O(log(N))",
        history: &[("7.2.0", "Added the optional `WITHSCORE` argument.")],
        args: "key@0 member WITHSCORE>7.2.0?",
        first_member: 2,
        run: Run::Data(zrank),
        ..Spec::BLANK
    },
    Spec {
        name: "zrevrank",
        arity: -3,
        flags: "readonly fast",
        acl: "@read @sortedset @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Determine the index of a member in a sorted set, with scores ordered from high to low",
        since: "2.0.0",
        group: "sorted-set",
        complexity: "O(log(N))",
        history: &[("7.2.0", "Added the optional `WITHSCORE` argument.")],
        args: "key@0 member WITHSCORE>7.2.0?",
        first_member: 2,
        run: Run::Data(zrevrank),
        ..Spec::BLANK
    },
    Spec {
        name: "zcard",
        arity: 2,
        flags: "readonly fast",
        acl: "@read @sortedset @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Get the number of members in a sorted set",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(zcard),
        ..Spec::BLANK
    },
    Spec {
        name: "zcount",
        arity: 4,
        flags: "readonly fast",
        acl: "@read @sortedset @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Count the members in a sorted set with scores within the given values",
        since: "2.0.0",
        group: "sorted-set",
        complexity: "O(log(N)) with N being the number of elements in the sorted set.",
        args: "key@0 min:double max:double",
        run: Run::Data(zcount),
        ..Spec::BLANK
    },
    Spec {
        name: "zlexcount",
        arity: 4,
        flags: "readonly fast",
        acl: "@read @sortedset @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Count the number of members in a sorted set between a given lexicographical range",
        since: "2.8.9",
        group: "sorted-set",
        complexity: "O(log(N)) with N being the number of elements in the sorted set.",
        args: "key@0 min max",
        run: Run::Data(zlexcount),
        ..Spec::BLANK
    },
];

fn zscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let set = ctx.tx.read::<SortedSet>(args.key(1))?;
    match set.and_then(|set| set.score(args.at(2))) {
        Some(score) => ctx.reply.double(score),
        None => ctx.reply.null(),
    }
    Ok(())
}

fn zmscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let set = ctx.tx.read::<SortedSet>(args.key(1))?;
    ctx.reply.array(args.len() - 2);
    for member in args.skip(2) {
        match set.as_ref().and_then(|set| set.score(member)) {
            Some(score) => ctx.reply.double(score),
            None => ctx.reply.null(),
        }
    }
    Ok(())
}

fn zrank(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    rank(ctx, args, "zrank", |rank, _| rank)
}

fn zrevrank(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    rank(ctx, args, "zrevrank", |rank, len| len - 1 - rank)
}

fn rank(ctx: &mut Ctx<'_>, args: Args<'_>, name: &str, count: impl Fn(usize, usize) -> usize) -> Outcome {
    let with_score = match args.len() {
        3 => false,
        4 if args.is(3, "withscore") => true,
        4 => return Err(Error::Syntax),
        _ => return Err(Error::WrongArity(name.to_owned())),
    };
    let set = ctx.tx.read::<SortedSet>(args.key(1))?;
    let found = set.and_then(|set| set.rank(args.at(2)).map(|(rank, score)| (count(rank, set.len()), score)));
    match found {
        Some((rank, score)) if with_score => {
            ctx.reply.array(2);
            ctx.reply.int(rank as i64);
            ctx.reply.double(score);
        }
        Some((rank, _)) => ctx.reply.int(rank as i64),
        None if with_score => ctx.reply.null_array(),
        None => ctx.reply.null(),
    }
    Ok(())
}

fn zcard(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    count(ctx, args, |set| 0..set.len())
}

fn zcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let range = bounds::score_range(args.at(2), args.at(3))?;
    count(ctx, args, |set| set.ranks_by_score(&range))
}

fn zlexcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let range = bounds::lex_range(args.at(2), args.at(3))?;
    count(ctx, args, |set| set.ranks_by_lex(&range))
}

fn count(ctx: &mut Ctx<'_>, args: Args<'_>, ranks: impl Fn(&SortedSet) -> Range<usize>) -> Outcome {
    let set = ctx.tx.read::<SortedSet>(args.key(1))?;
    ctx.reply.int(set.map_or(0, |set| ranks(&set).len()) as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;

    #[test]
    fn scores_and_ranks_of_members_and_of_none() {
        let mut s = Session::default();
        s.run("ZADD z -inf a 0.1 b 3 c");
        assert_eq!(s.run("ZSCORE z b"), "$19 0.10000000000000001");
        assert_eq!(s.run("ZSCORE z x"), "$-1");
        assert_eq!(s.run("ZSCORE none x"), "$-1");
        assert_eq!(s.run("ZMSCORE z a x c"), "*3 $4 -inf $-1 $1 3");
        assert_eq!(s.run("ZMSCORE none a b"), "*2 $-1 $-1");
        assert_eq!(s.run("ZRANK z c"), ":2");
        assert_eq!(s.run("ZREVRANK z c"), ":0");
        assert_eq!(s.run("ZRANK z x"), "$-1");
        assert_eq!(s.run("ZRANK z c WITHSCORE"), "*2 :2 $1 3");
        assert_eq!(s.run("ZREVRANK z x WITHSCORE"), "*-1");
        assert_eq!(s.run("ZRANK z c WITHSCORES"), "-ERR syntax error");
        assert_eq!(s.run("ZRANK z c WITHSCORE x"), "-ERR wrong number of arguments for 'zrank' command");
        s.protocol = Protocol::Resp3;
        assert_eq!(s.run("ZMSCORE z a x"), "*2 ,-inf _");
        assert_eq!(s.run("ZRANK none x"), "_");
    }

    #[test]
    fn counts_by_score_and_by_member() {
        let mut s = Session::default();
        s.run("ZADD z 1 a 2 b 2 c 3 d");
        for (line, reply) in [
            ("ZCARD z", ":4"),
            ("ZCOUNT z -inf +inf", ":4"),
            ("ZCOUNT z (1 2", ":2"),
            ("ZCOUNT z (2 (2", ":0"),
            ("ZCOUNT z 3 1", ":0"),
            ("ZCOUNT none 0 1", ":0"),
            ("ZCOUNT z a 1", "-ERR min or max is not a float"),
            ("ZCOUNT z (nan 1", "-ERR min or max is not a float"),
            ("ZLEXCOUNT z - +", ":4"),
            ("ZLEXCOUNT z + -", ":0"),
            ("ZLEXCOUNT z a b", "-ERR min or max not valid string range item"),
            ("ZLEXCOUNT z -x +", "-ERR min or max not valid string range item"),
        ] {
            assert_eq!(s.run(line), reply, "{line}");
        }
        s.run("ZADD l 0 a 0 b 0 c 0 d");
        assert_eq!(s.run("ZLEXCOUNT l [b (d"), ":2");
        assert_eq!(s.run("ZLEXCOUNT l (a [zz"), ":3");
    }
}
