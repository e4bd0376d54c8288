//! Ranges by rank, score or order.

use std::ops::Range;

use super::bounds;
use super::shape::Shape;
use crate::command::elem::bulk;
use crate::command::number;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::value::sorted_set::{LexRange, ScoreRange, SortedSet};
use crate::store::{Event, Object, Ttl};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "zrange",
        arity: -4,
        flags: "readonly",
        acl: "@read @sortedset @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return a range of members in a sorted set",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements \
            returned.",
        history: &[("6.2.0", "Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options.")],
        args: "key@0 start stop sortby(BYSCORE | BYLEX)>6.2.0? REV>6.2.0? offset_count=LIMIT{offset:int \
            count:int}>6.2.0? WITHSCORES?",
        run: Run::Data(zrange),
        ..Spec::BLANK
    },
    Spec {
        name: "zrangestore",
        arity: -5,
        flags: "write denyoom",
        acl: "@write @sortedset @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1), KeySpec::range("RO access", 2, 0, 1)],
        summary: "Store a range of members from sorted set into another key",
        since: "6.2.0",
        group: "sorted-set",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements \
            stored into the destination key.",
        args: "dst@0 src@1 min max sortby(BYSCORE | BYLEX)? REV? offset_count=LIMIT{offset:int count:int}?",
        run: Run::Data(zrangestore),
        ..Spec::BLANK
    },
    Spec {
        name: "zrevrange",
        arity: -4,
        flags: "readonly",
        acl: "@read @sortedset @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return a range of members in a sorted set, by index, with scores ordered from high to low",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements \
            returned.",
        deprecated: Some(("deprecated", "6.2.0", "`ZRANGE` with the `REV` argument")),
        args: "key@0 start:int stop:int WITHSCORES?",
        run: Run::Data(zrevrange),
        ..Spec::BLANK
    },
];

/// What the ends of a range are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Ranks.
    Rank,
    /// Scores.
    Score,
    /// Members.
    Lex,
}

fn zrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_range(ctx, args, None, None)
}

fn zrevrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_range(ctx, args, Some(By::Rank), Some(true))
}

/// The range commands that reply. What the command's name says, its arguments cannot.
pub(super) fn reply_range(ctx: &mut Ctx<'_>, args: Args<'_>, by: Option<By>, reverse: Option<bool>) -> Outcome {
    let query = Query::read(args, 2, by, reverse, false)?;
    let Some(set) = ctx.tx.read::<SortedSet>(args.key(1))? else {
        ctx.reply.array(0);
        return Ok(());
    };
    let shape = Shape::new(&ctx.reply, query.with_scores);
    let items = set.range(query.ranks(&set));
    match (query.reverse, shape) {
        (true, _) => shape.list(&mut ctx.reply, items.rev()),
        (false, Shape::Members) => {
            shape.header(&mut ctx.reply, items.len());
            items.for_each_member(|member| bulk(&mut ctx.reply, member));
        }
        (false, _) => shape.list(&mut ctx.reply, items),
    }
    Ok(())
}

fn zrangestore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let query = Query::read(args, 3, None, None, true)?;
    let stored = ctx.tx.read::<SortedSet>(args.key(2))?.map(|set| {
        let ranks = query.ranks(&set);
        SortedSet::from_sorted(ranks.len(), set.range(ranks), &ctx.config.limits)
    });
    store(ctx, args, "zrangestore", stored.unwrap_or_default())
}

/// Makes the key that is argument 1 hold a result, or removes it when the result is empty; replies the size.
pub(super) fn store(ctx: &mut Ctx<'_>, args: Args<'_>, event: &'static str, result: SortedSet) -> Outcome {
    let (key, len) = (args.key(1), result.len());
    if len > 0 {
        ctx.tx.put(key, Object::SortedSet(result), Ttl::Clear);
        ctx.tx.notify(Event::SortedSet, event, key);
    } else if ctx.tx.remove(key) {
        ctx.tx.notify(Event::Generic, "del", key);
    }
    ctx.reply.int(len as i64);
    Ok(())
}

/// A range as asked for.
struct Query<'a> {
    ends: Ends<'a>,
    reverse: bool,
    with_scores: bool,
    offset: i64,
    /// Negative: no limit.
    limit: i64,
}

enum Ends<'a> {
    Rank(i64, i64),
    Score(ScoreRange),
    Lex(LexRange<'a>),
}

impl<'a> Query<'a> {
    /// `first`: where the first end is. `by` and `reverse` are given when the arguments may not choose them;
    /// `store`: nor WITHSCORES.
    fn read(
        args: Args<'a>,
        first: usize,
        mut by: Option<By>,
        mut reverse: Option<bool>,
        store: bool,
    ) -> Result<Query<'a>, Error> {
        let (mut with_scores, mut offset, mut limit) = (false, 0, -1);
        let mut index = first + 2;
        while index < args.len() {
            if !store && args.is(index, "withscores") {
                with_scores = true;
            } else if args.is(index, "limit") && index + 2 < args.len() {
                (offset, limit) = (number::int(args.at(index + 1))?, number::int(args.at(index + 2))?);
                index += 2;
            } else if reverse.is_none() && args.is(index, "rev") {
                reverse = Some(true);
            } else if by.is_none() && args.is(index, "bylex") {
                by = Some(By::Lex);
            } else if by.is_none() && args.is(index, "byscore") {
                by = Some(By::Score);
            } else {
                return Err(Error::Syntax);
            }
            index += 1;
        }
        let (by, reverse) = (by.unwrap_or(By::Rank), reverse.unwrap_or(false));
        if limit != -1 && by == By::Rank {
            return Err(Error::Static(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ));
        }
        if with_scores && by == By::Lex {
            return Err(Error::Static("ERR syntax error, WITHSCORES not supported in combination with BYLEX"));
        }
        let (start, stop) = (args.at(first), args.at(first + 1));
        // The higher end comes first in a reversed range, but ranks count from the end they start at.
        let (min, max) = if reverse { (stop, start) } else { (start, stop) };
        let ends = match by {
            By::Rank => Ends::Rank(number::int(start)?, number::int(stop)?),
            By::Score => Ends::Score(bounds::score_range(min, max)?),
            By::Lex => Ends::Lex(bounds::lex_range(min, max)?),
        };
        Ok(Query { ends, reverse, with_scores, offset, limit })
    }

    /// The ranks it comes to in `set`, ascending whatever the direction.
    fn ranks(&self, set: &SortedSet) -> Range<usize> {
        let ranks = match &self.ends {
            Ends::Rank(start, stop) => {
                let ranks = bounds::rank_range(*start, *stop, set.len());
                if !self.reverse {
                    return ranks;
                }
                return set.len() - ranks.end..set.len() - ranks.start;
            }
            Ends::Score(range) => set.ranks_by_score(range),
            Ends::Lex(range) => set.ranks_by_lex(range),
        };
        // A negative offset skips everything.
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX).min(ranks.len());
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX).min(ranks.len() - offset);
        if self.reverse {
            let end = ranks.end - offset;
            end - limit..end
        } else {
            let start = ranks.start + offset;
            start..start + limit
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;

    #[test]
    fn zrange_by_rank_score_and_member_in_both_directions() {
        let mut s = Session::default();
        s.run("ZADD z 1 a 2 b 3 c 4 d");
        s.run("ZADD l 0 a 0 b 0 c 0 d");
        for (line, reply) in [
            ("ZRANGE z 1 2", "*2 $1 b $1 c"),
            ("ZRANGE z -2 100", "*2 $1 c $1 d"),
            ("ZRANGE z 3 1", "*0"),
            ("ZRANGE none 0 -1", "*0"),
            ("ZRANGE z 0 1 REV WITHSCORES", "*4 $1 d $1 4 $1 c $1 3"),
            ("ZREVRANGE z 0 0", "*1 $1 d"),
            ("ZRANGE z (1 3 BYSCORE", "*2 $1 b $1 c"),
            ("ZRANGE z +inf 2 BYSCORE REV LIMIT 1 2", "*2 $1 c $1 b"),
            ("ZRANGE z -inf +inf BYSCORE LIMIT 1 -1", "*3 $1 b $1 c $1 d"),
            ("ZRANGE z -inf +inf BYSCORE LIMIT -1 2", "*0"),
            ("ZRANGE z -inf +inf BYSCORE LIMIT 0 0", "*0"),
            ("ZRANGE l [b (d BYLEX", "*2 $1 b $1 c"),
            ("ZRANGE l + (b BYLEX REV LIMIT 0 1", "*1 $1 d"),
        ] {
            assert_eq!(s.run(line), reply, "{line}");
        }
        s.protocol = Protocol::Resp3;
        assert_eq!(s.run("ZRANGE z 0 1 WITHSCORES"), "*2 *2 $1 a ,1 *2 $1 b ,2");
    }

    #[test]
    fn zrange_refuses_options_that_contradict() {
        let mut s = Session::default();
        s.run("ZADD z 1 a");
        let limit = "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
        for (line, error) in [
            ("ZRANGE z 0 1 BYSCORE BYLEX", "-ERR syntax error"),
            ("ZRANGE z 0 1 REV REV", "-ERR syntax error"),
            ("ZREVRANGE z 0 1 REV", "-ERR syntax error"),
            ("ZRANGE z 0 1 LIMIT 1", "-ERR syntax error"),
            ("ZRANGE z 0 1 LIMIT 0 1", limit),
            ("ZRANGE z 0 1 BYSCORE LIMIT a 1", "-ERR value is not an integer or out of range"),
            ("ZRANGE z - + BYLEX WITHSCORES", "-ERR syntax error, WITHSCORES not supported in combination with BYLEX"),
            ("ZRANGE z a 1", "-ERR value is not an integer or out of range"),
            ("ZRANGE z a 1 BYSCORE", "-ERR min or max is not a float"),
            ("ZRANGE z a 1 BYLEX", "-ERR min or max not valid string range item"),
            ("ZRANGESTORE d z 0 1 WITHSCORES", "-ERR syntax error"),
        ] {
            assert_eq!(s.run(line), error, "{line}");
        }
    }

    #[test]
    fn zrangestore_replaces_or_removes_its_target() {
        let mut s = Session::default();
        s.run("ZADD {t}z 1 a 2 b 3 c");
        s.run("SADD {t}d whatever");
        assert_eq!(s.run("ZRANGESTORE {t}d {t}z 0 1 REV"), ":2");
        assert_eq!(s.run("ZRANGE {t}d 0 -1 WITHSCORES"), "*4 $1 b $1 2 $1 c $1 3");
        assert_eq!(s.run("ZRANGESTORE {t}d {t}z 5 6"), ":0");
        assert_eq!(s.run("ZCARD {t}d"), ":0");
        assert_eq!(s.run("ZRANGESTORE {t}z {t}z 0 0"), ":1");
        assert_eq!(s.run("ZRANGESTORE {t}z {t}none 0 0"), ":0");
        assert_eq!(s.run("ZCARD {t}z"), ":0");
    }
}
