//! Variants that wait for an element.

use super::moving::{Ends, move_element};
use super::pop::{MultiPop, Shape, pop_first};
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::timeout::seconds;
use crate::command::{Args, Ctx, Nothing, Outcome, Wait};
use crate::store::Kind;
use crate::store::value::list::End;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "blpop",
        arity: -3,
        flags: "write noscript blocking",
        acl: "@write @list @slow @blocking",
        keys: &[KeySpec::range("RW access delete", 1, -2, 1)],
        summary: "Remove and get the first element in a list, or block until one is available",
        since: "2.0.0",
        group: "list",
        complexity: "O(N) where N is the number of provided keys.",
        history: &[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")],
        args: "key@0* timeout:double",
        run: Run::Data(blpop),
        ..Spec::BLANK
    },
    Spec {
        name: "brpop",
        arity: -3,
        flags: "write noscript blocking",
        acl: "@write @list @slow @blocking",
        keys: &[KeySpec::range("RW access delete", 1, -2, 1)],
        summary: "Remove and get the last element in a list, or block until one is available",
        since: "2.0.0",
        group: "list",
        complexity: "O(N) where N is the number of provided keys.",
        history: &[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")],
        args: "key@0* timeout:double",
        run: Run::Data(brpop),
        ..Spec::BLANK
    },
    Spec {
        name: "blmove",
        arity: 6,
        flags: "write denyoom noscript blocking",
        acl: "@write @list @slow @blocking",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("RW insert", 2, 0, 1)],
        summary: "Pop an element from a list, push it to another list and return it; or block until one is available",
        since: "6.2.0",
        group: "list",
        complexity: "O(1)",
        args: "source@0 destination@1 wherefrom(LEFT | RIGHT) whereto(LEFT | RIGHT) timeout:double",
        run: Run::Data(blmove),
        ..Spec::BLANK
    },
    Spec {
        name: "brpoplpush",
        arity: 4,
        flags: "write denyoom noscript blocking",
        acl: "@write @list @slow @blocking",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("RW insert", 2, 0, 1)],
        summary: "Pop an element from a list, push it to another list and return it; or block until one is available",
        since: "2.2.0",
        group: "list",
        complexity: "O(1)",
        history: &[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")],
        deprecated: Some(("deprecated", "6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments")),
        args: "source@0 destination@1 timeout:double",
        run: Run::Data(brpoplpush),
        ..Spec::BLANK
    },
    Spec {
        name: "blmpop",
        arity: -5,
        flags: "write blocking movablekeys",
        acl: "@write @list @slow @blocking",
        keys: &[KeySpec::counted("RW access delete", 2)],
        summary: "Pop elements from a list, or block until one is available",
        since: "7.0.0",
        group: "list",
        complexity: "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
        args: "timeout:double numkeys:int key@0* where(LEFT | RIGHT) count:int=COUNT?",
        run: Run::Data(blmpop),
        ..Spec::BLANK
    },
];

/// BLPOP key [key …] timeout.
fn blpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop(ctx, args, End::Front)
}

/// BRPOP key [key …] timeout.
fn brpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop(ctx, args, End::Back)
}

fn pop(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let last = args.len() - 1;
    let timeout_ms = seconds(args.at(last))?;
    take(ctx, args, 1..last, end, Shape::Element, timeout_ms)
}

/// BLMPOP timeout numkeys key [key …] LEFT|RIGHT [COUNT count].
fn blmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let timeout_ms = seconds(args.at(1))?;
    let wanted = MultiPop::parse(args, 2)?;
    take(ctx, args, 3..3 + wanted.keys, wanted.end, Shape::Elements(wanted.count), timeout_ms)
}

fn take(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    keys: std::ops::Range<usize>,
    end: End,
    shape: Shape,
    timeout_ms: Option<u64>,
) -> Outcome {
    let ready: Vec<usize> = keys.clone().filter(|at| ctx.takes_from(args.key(*at))).collect();
    if pop_first(ctx, ready.iter().map(|at| args.key(*at)), end, shape)? {
        return Ok(());
    }
    ctx.wait(Wait { keys: keys.collect(), kind: Kind::List, timeout_ms, nothing: Nothing::NullArray, args: None })
}

/// BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout.
fn blmove(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let ends = Ends::parse(args, 3)?;
    let timeout_ms = seconds(args.at(5))?;
    shift(ctx, args, ends, timeout_ms)
}

/// BRPOPLPUSH source destination timeout.
fn brpoplpush(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let timeout_ms = seconds(args.at(3))?;
    shift(ctx, args, Ends::RPOPLPUSH, timeout_ms)
}

fn shift(ctx: &mut Ctx<'_>, args: Args<'_>, ends: Ends, timeout_ms: Option<u64>) -> Outcome {
    if move_element(ctx, args.key(1), args.key(2), ends)? {
        return Ok(());
    }
    ctx.wait(Wait { keys: vec![1], kind: Kind::List, timeout_ms, nothing: Nothing::Null, args: None })
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn what_is_there_is_taken_at_once() {
        let mut session = Session::default();
        session.run("RPUSH b 1 2 3 4");
        assert_eq!(session.run("BLPOP a b 0"), "*2 $1 b $1 1");
        assert_eq!(session.run("BRPOP a b 1.5"), "*2 $1 b $1 4");
        assert_eq!(session.run("BLMPOP 0 2 a b LEFT COUNT 1"), "*2 $1 b *1 $1 2");
        assert_eq!(session.run("BLMOVE b d LEFT RIGHT 0"), "$1 3");
        assert_eq!(session.run("BRPOPLPUSH d e 0"), "$1 3");
    }

    #[test]
    fn who_cannot_wait_is_told_that_there_is_nothing() {
        let mut session = Session::default();
        for (line, reply) in [
            ("BLPOP a 0", "*-1"),
            ("BLMPOP 0 1 a LEFT", "*-1"),
            ("BLMOVE a b LEFT LEFT 0", "$-1"),
            ("BRPOPLPUSH a b 0", "$-1"),
            ("BLPOP a x", "-ERR timeout is not a float or out of range"),
            ("BLPOP a -1", "-ERR timeout is negative"),
            ("BLPOP a 1e300", "-ERR timeout is out of range"),
            ("BLMOVE a b UP LEFT x", "-ERR syntax error"),
            ("BLMPOP x 0 a LEFT", "-ERR timeout is not a float or out of range"),
        ] {
            assert_eq!(session.run(line), reply, "{line}");
        }
    }
}
