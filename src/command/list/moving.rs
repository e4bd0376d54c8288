//! Moving an element between two lists.

use super::{End, List, end_named, notify_taken, pop_event, push_event};
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::{Event, Key};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "lmove",
        arity: 5,
        flags: "write denyoom",
        acl: "@write @list @slow",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("RW insert", 2, 0, 1)],
        summary: "Pop an element from a list, push it to another list and return it",
        since: "6.2.0",
        group: "list",
        complexity: "O(1)",
        args: "source@0 destination@1 wherefrom(LEFT | RIGHT) whereto(LEFT | RIGHT)",
        run: Run::Data(lmove),
        ..Spec::BLANK
    },
    Spec {
        name: "rpoplpush",
        arity: 3,
        flags: "write denyoom",
        acl: "@write @list @slow",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("RW insert", 2, 0, 1)],
        summary: "Remove the last element in a list, prepend it to another list and return it",
        since: "1.2.0",
        group: "list",
        complexity: "O(1)",
        deprecated: Some(("deprecated", "6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments")),
        args: "source@0 destination@1",
        run: Run::Data(rpoplpush),
        ..Spec::BLANK
    },
];

/// The two ends an element is moved between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Popped from this end of the source.
    pub from: End,
    /// Pushed at this end of the destination.
    pub to: End,
}

impl Ends {
    /// Those of RPOPLPUSH and BRPOPLPUSH.
    pub const RPOPLPUSH: Ends = Ends { from: End::Back, to: End::Front };

    /// Reads two of `LEFT` and `RIGHT` from argument `at` on (LMOVE, BLMOVE).
    pub fn parse(args: Args<'_>, at: usize) -> Result<Ends, Error> {
        let end = |at| end_named(args.get(at).ok_or(Error::Syntax)?);
        Ok(Ends { from: end(at)?, to: end(at + 1)? })
    }
}

/// Moves an element and replies with it. False, and nothing written, when `source` does not exist.
///
/// A destination of another type is an error only if there is something to move.
pub fn move_element(ctx: &mut Ctx<'_>, source: Key<'_>, destination: Key<'_>, ends: Ends) -> Result<bool, Error> {
    let limits = &ctx.config.limits;
    if ctx.tx.read::<List>(source)?.is_none() {
        return Ok(false);
    }
    // Before anything is popped.
    ctx.tx.read::<List>(destination)?;
    let mut value = Vec::new();
    if source.bytes() == destination.bytes() {
        // In one change: between the two the list may be empty, and must not be removed with its expiry.
        ctx.tx.update(source, |list: &mut List| {
            list.pop(ends.from, 1, |elem| elem.write_to(&mut value));
            list.push(ends.to, &value, limits);
        })?;
        ctx.tx.notify(Event::List, push_event(ends.to), destination);
        notify_taken(ctx, pop_event(ends.from), source, false);
    } else {
        let emptied = ctx.tx.update(source, |list: &mut List| {
            list.pop(ends.from, 1, |elem| elem.write_to(&mut value));
            list.is_empty()
        })?;
        ctx.tx.upsert(destination, |list: &mut List| list.push(ends.to, &value, limits))?;
        ctx.tx.notify(Event::List, push_event(ends.to), destination);
        notify_taken(ctx, pop_event(ends.from), source, emptied.unwrap_or(false));
    }
    ctx.reply.bulk(&value);
    Ok(true)
}

fn lmove(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let ends = Ends::parse(args, 3)?;
    move_or_null(ctx, args, ends)
}

fn rpoplpush(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    move_or_null(ctx, args, Ends::RPOPLPUSH)
}

fn move_or_null(ctx: &mut Ctx<'_>, args: Args<'_>, ends: Ends) -> Outcome {
    if !move_element(ctx, args.key(1), args.key(2), ends)? {
        ctx.reply.null();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;

    #[test]
    fn lmove_goes_between_any_two_ends() {
        let mut session = Session::default();
        session.run("RPUSH s a b c 4");
        assert_eq!(session.run("LMOVE s d LEFT RIGHT"), "$1 a");
        assert_eq!(session.run("LMOVE s d right left"), "$1 4");
        assert_eq!(session.run("RPOPLPUSH s d"), "$1 c");
        assert_eq!(session.run("LRANGE s 0 -1"), "*1 $1 b");
        assert_eq!(session.run("LRANGE d 0 -1"), "*3 $1 c $1 4 $1 a");
        assert_eq!(session.run("LMOVE s d LEFT LEFT"), "$1 b");
        assert_eq!(session.run("LMOVE s d LEFT LEFT"), "$-1");
        assert_eq!(session.run("LMOVE s d UP LEFT"), "-ERR syntax error");
        session.protocol = Protocol::Resp3;
        assert_eq!(session.run("RPOPLPUSH s d"), "_");
    }

    #[test]
    fn moving_within_a_list_rotates_it() {
        let mut session = Session::default();
        session.run("RPUSH k a b c");
        assert_eq!(session.run("RPOPLPUSH k k"), "$1 c");
        assert_eq!(session.run("LMOVE k k RIGHT RIGHT"), "$1 b");
        assert_eq!(session.run("LRANGE k 0 -1"), "*3 $1 c $1 a $1 b");
        session.run("LTRIM k 0 0");
        assert_eq!(session.run("LMOVE k k LEFT RIGHT"), "$1 c");
        assert_eq!(session.run("LLEN k"), ":1");
    }

    #[test]
    fn destination_of_another_type_matters_only_when_something_moves() {
        let mut session = Session::default();
        session.run("SADD s v");
        assert_eq!(session.run("RPOPLPUSH none s"), "$-1");
        session.run("RPUSH k a");
        let reply = session.run("RPOPLPUSH k s");
        assert_eq!(reply, "-WRONGTYPE Operation against a key holding the wrong kind of value");
        assert_eq!(session.run("LLEN k"), ":1");
    }
}
