//! Removing members by name, rank, score or order.

use std::ops::Range;

use super::bounds;
use crate::command::number;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Outcome};
use crate::store::value::sorted_set::SortedSet;
use crate::store::{Event, Key};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "zrem",
        arity: -3,
        flags: "write fast",
        acl: "@write @sortedset @fast",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Remove one or more members from a sorted set",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements \
            to be removed.",
        history: &[("2.4.0", "Accepts multiple elements.")],
        args: "key@0 member*",
        first_member: 2,
        run: Run::Data(zrem),
        ..Spec::BLANK
    },
    Spec {
        name: "zremrangebyrank",
        arity: 4,
        flags: "write",
        acl: "@write @sortedset @slow",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Remove all members in a sorted set within the given indexes",
        since: "2.0.0",
        group: "sorted-set",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements \
            removed by the operation.",
        args: "key@0 start:int stop:int",
        run: Run::Data(zremrangebyrank),
        ..Spec::BLANK
    },
    Spec {
        name: "zremrangebyscore",
        arity: 4,
        flags: "write",
        acl: "@write @sortedset @slow",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Remove all members in a sorted set within the given scores",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements \
            removed by the operation.",
        args: "key@0 min:double max:double",
        run: Run::Data(zremrangebyscore),
        ..Spec::BLANK
    },
    Spec {
        name: "zremrangebylex",
        arity: 4,
        flags: "write",
        acl: "@write @sortedset @slow",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Remove all members in a sorted set between the given lexicographical range",
        since: "2.8.9",
        group: "sorted-set",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements \
            removed by the operation.",
        args: "key@0 min max",
        run: Run::Data(zremrangebylex),
        ..Spec::BLANK
    },
];

fn zrem(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    remove(ctx, args, "zrem", |set| args.skip(2).filter(|member| set.remove(member).is_some()).count())
}

fn zremrangebyrank(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (start, stop) = (number::int(args.at(2))?, number::int(args.at(3))?);
    remove_ranks(ctx, args, "zremrangebyrank", |set| bounds::rank_range(start, stop, set.len()))
}

fn zremrangebyscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let range = bounds::score_range(args.at(2), args.at(3))?;
    remove_ranks(ctx, args, "zremrangebyscore", |set| set.ranks_by_score(&range))
}

fn zremrangebylex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let range = bounds::lex_range(args.at(2), args.at(3))?;
    remove_ranks(ctx, args, "zremrangebylex", |set| set.ranks_by_lex(&range))
}

fn remove_ranks(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    event: &'static str,
    ranks: impl Fn(&SortedSet) -> Range<usize>,
) -> Outcome {
    remove(ctx, args, event, |set| {
        let ranks = ranks(set);
        set.remove_ranks(ranks.clone(), |_, _| {});
        ranks.len()
    })
}

/// `change` returns how many members it removed, which is the reply.
fn remove(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    event: &'static str,
    change: impl FnOnce(&mut SortedSet) -> usize,
) -> Outcome {
    let key = args.key(1);
    let removed = ctx.tx.update(key, |set: &mut SortedSet| (change(set), set.is_empty()))?;
    let (removed, emptied) = removed.unwrap_or((0, false));
    if removed > 0 {
        notify(ctx, event, key, emptied);
    }
    ctx.reply.int(removed as i64);
    Ok(())
}

/// Tells of a removal, and of the key's end when nothing is left.
pub(super) fn notify(ctx: &mut Ctx<'_>, event: &'static str, key: Key<'_>, emptied: bool) {
    ctx.tx.notify(Event::SortedSet, event, key);
    if emptied {
        ctx.tx.notify(Event::Generic, "del", key);
    }
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn removals_count_members_and_end_empty_keys() {
        let mut s = Session::default();
        s.run("ZADD z 1 a 2 b 3 c 4 d 5 e 6 f");
        assert_eq!(s.run("ZREM z a x a"), ":1");
        assert_eq!(s.run("ZREMRANGEBYRANK z -1 -1"), ":1");
        assert_eq!(s.run("ZREMRANGEBYRANK z 5 9"), ":0");
        assert_eq!(s.run("ZREMRANGEBYSCORE z (2 3"), ":1");
        assert_eq!(s.run("ZRANGE z 0 -1"), "*3 $1 b $1 d $1 e");
        assert_eq!(s.run("ZREMRANGEBYSCORE z -inf inf"), ":3");
        assert_eq!(s.run("SADD z now-a-set"), ":1");
        s.run("ZADD l 0 a 0 b 0 c");
        assert_eq!(s.run("ZREMRANGEBYLEX l [b +"), ":2");
        assert_eq!(s.run("ZREM none a"), ":0");
        assert_eq!(s.run("ZREMRANGEBYRANK none 0 1"), ":0");
    }

    #[test]
    fn ranges_are_read_before_the_key_is_looked_at() {
        let mut s = Session::default();
        s.run("SADD s a");
        for (line, error) in [
            ("ZREMRANGEBYRANK s a 1", "-ERR value is not an integer or out of range"),
            ("ZREMRANGEBYSCORE s a 1", "-ERR min or max is not a float"),
            ("ZREMRANGEBYLEX s a b", "-ERR min or max not valid string range item"),
            ("ZREMRANGEBYRANK s 0 1", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
            ("ZREM s a", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
        ] {
            assert_eq!(s.run(line), error, "{line}");
        }
    }
}
