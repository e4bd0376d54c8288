//! Pops that wait for a member.

use super::pop::{End, ManyPop, PopReply, pop_from};
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::timeout::seconds;
use crate::command::{Args, Ctx, Nothing, Outcome, Wait};
use crate::store::Kind;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "bzpopmin",
        arity: -3,
        flags: "write noscript blocking fast",
        acl: "@write @sortedset @fast @blocking",
        keys: &[KeySpec::range("RW access delete", 1, -2, 1)],
        summary: "Remove and return the member with the lowest score from one or more sorted sets, or block until one \
            is available",
        since: "5.0.0",
        group: "sorted-set",
        complexity: "O(log(N)) with N being the number of elements in the sorted set.",
        history: &[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")],
        args: "key@0* timeout:double",
        run: Run::Data(bzpopmin),
        ..Spec::BLANK
    },
    Spec {
        name: "bzpopmax",
        arity: -3,
        flags: "write noscript blocking fast",
        acl: "@write @sortedset @fast @blocking",
        keys: &[KeySpec::range("RW access delete", 1, -2, 1)],
        summary: "Remove and return the member with the highest score from one or more sorted sets, or block until \
            one is available",
        since: "5.0.0",
        group: "sorted-set",
        complexity: "O(log(N)) with N being the number of elements in the sorted set.",
        history: &[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")],
        args: "key@0* timeout:double",
        run: Run::Data(bzpopmax),
        ..Spec::BLANK
    },
    Spec {
        name: "bzmpop",
        arity: -5,
        flags: "write blocking movablekeys",
        acl: "@write @sortedset @slow @blocking",
        keys: &[KeySpec::counted("RW access delete", 2)],
        summary: "Remove and return members with scores in a sorted set or block until one is available",
        since: "7.0.0",
        group: "sorted-set",
        complexity: "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the \
            sorted set, and M being the number of elements popped.",
        args: "timeout:double numkeys:int key@0* where(MIN | MAX) count:int=COUNT?",
        run: Run::Data(bzmpop),
        ..Spec::BLANK
    },
];

/// BZPOPMIN key [key …] timeout.
fn bzpopmin(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop(ctx, args, End::Min)
}

/// BZPOPMAX key [key …] timeout.
fn bzpopmax(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop(ctx, args, End::Max)
}

fn pop(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let last = args.len() - 1;
    let timeout_ms = seconds(args.at(last))?;
    take(ctx, args, 1..last, end, 1, PopReply::KeyMemberScore, timeout_ms)
}

/// BZMPOP timeout numkeys key [key …] MIN|MAX [COUNT count].
fn bzmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let timeout_ms = seconds(args.at(1))?;
    let wanted = ManyPop::read(args, 2)?;
    let keys = wanted.first_key..wanted.first_key + wanted.keys;
    take(ctx, args, keys, wanted.end, wanted.count, PopReply::KeyAndPairs, timeout_ms)
}

fn take(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    keys: std::ops::Range<usize>,
    end: End,
    count: usize,
    form: PopReply,
    timeout_ms: Option<u64>,
) -> Outcome {
    for index in keys.clone() {
        if ctx.takes_from(args.key(index)) && pop_from(ctx, args.key(index), end, count, form)? {
            return Ok(());
        }
    }
    ctx.wait(Wait { keys: keys.collect(), kind: Kind::SortedSet, timeout_ms, nothing: Nothing::NullArray, args: None })
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn what_is_there_is_taken_at_once_and_nothing_is_not_waited_for_here() {
        let mut session = Session::default();
        session.run("ZADD z 1 a 2 b 3 c 4 d");
        assert_eq!(session.run("BZPOPMIN none z 0"), "*3 $1 z $1 a $1 1");
        assert_eq!(session.run("BZPOPMAX none z 0"), "*3 $1 z $1 d $1 4");
        assert_eq!(session.run("BZMPOP 1 2 none z MAX COUNT 9"), "*2 $1 z *2 *2 $1 c $1 3 *2 $1 b $1 2");
        assert_eq!(session.run("BZPOPMIN z 0"), "*-1");
        assert_eq!(session.run("BZMPOP 0 1 z MIN"), "*-1");
        assert_eq!(session.run("BZPOPMIN z -0.1"), "-ERR timeout is negative");
    }
}
