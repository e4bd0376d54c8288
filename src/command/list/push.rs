//! Pushing at either end.

use super::{End, List, push_event, reply_len};
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Outcome};
use crate::store::Event;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "lpush",
        arity: -3,
        flags: "write denyoom fast",
        acl: "@write @list @fast",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Prepend one or multiple elements to a list",
        since: "1.0.0",
        group: "list",
        complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple \
            arguments.",
        history: &[("2.4.0", "Accepts multiple `element` arguments.")],
        args: "key@0 element*",
        run: Run::Data(lpush),
        ..Spec::BLANK
    },
    Spec {
        name: "rpush",
        arity: -3,
        flags: "write denyoom fast",
        acl: "@write @list @fast",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Append one or multiple elements to a list",
        since: "1.0.0",
        group: "list",
        complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple \
            arguments.",
        history: &[("2.4.0", "Accepts multiple `element` arguments.")],
        args: "key@0 element*",
        run: Run::Data(rpush),
        ..Spec::BLANK
    },
    Spec {
        name: "lpushx",
        arity: -3,
        flags: "write denyoom fast",
        acl: "@write @list @fast",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Prepend an element to a list, only if the list exists",
        since: "2.2.0",
        group: "list",
        complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple \
            arguments.",
        history: &[("4.0.0", "Accepts multiple `element` arguments.")],
        args: "key@0 element*",
        run: Run::Data(lpushx),
        ..Spec::BLANK
    },
    Spec {
        name: "rpushx",
        arity: -3,
        flags: "write denyoom fast",
        acl: "@write @list @fast",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Append an element to a list, only if the list exists",
        since: "2.2.0",
        group: "list",
        complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple \
            arguments.",
        history: &[("4.0.0", "Accepts multiple `element` arguments.")],
        args: "key@0 element*",
        run: Run::Data(rpushx),
        ..Spec::BLANK
    },
];

fn lpush(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    push(ctx, args, End::Front)
}

fn rpush(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    push(ctx, args, End::Back)
}

fn lpushx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    push_existing(ctx, args, End::Front)
}

fn rpushx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    push_existing(ctx, args, End::Back)
}

fn push(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let key = args.key(1);
    let limits = &ctx.config.limits;
    let len = ctx.tx.upsert(key, |list: &mut List| {
        args.skip(2).for_each(|value| list.push(end, value, limits));
        list.len()
    })?;
    ctx.tx.notify(Event::List, push_event(end), key);
    reply_len(&mut ctx.reply, len);
    Ok(())
}

fn push_existing(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let key = args.key(1);
    let limits = &ctx.config.limits;
    let len = ctx.tx.update(key, |list: &mut List| {
        args.skip(2).for_each(|value| list.push(end, value, limits));
        list.len()
    })?;
    if len.is_some() {
        ctx.tx.notify(Event::List, push_event(end), key);
    }
    reply_len(&mut ctx.reply, len.unwrap_or(0));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn pushes_add_in_turn_at_their_end() {
        let mut session = Session::default();
        assert_eq!(session.run("LPUSH k a b"), ":2");
        assert_eq!(session.run("RPUSH k c 12 -007"), ":5");
        assert_eq!(session.run("LRANGE k 0 -1"), "*5 $1 b $1 a $1 c $2 12 $4 -007");
    }

    #[test]
    fn pushx_needs_a_list_to_push_to() {
        let mut session = Session::default();
        assert_eq!(session.run("LPUSHX k a"), ":0");
        assert_eq!(session.run("RPUSHX k a"), ":0");
        assert_eq!(session.run("RPUSH k a"), ":1");
        assert_eq!(session.run("LPUSHX k x y"), ":3");
        assert_eq!(session.run("RPUSHX k z"), ":4");
        assert_eq!(session.run("LRANGE k 0 -1"), "*4 $1 y $1 x $1 a $1 z");
    }
}
