//! Popping from either end.

use super::{End, List, end_named, notify_taken, pop_event};
use crate::command::elem::bulk;
use crate::command::number::parse_int;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::Key;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "lpop",
        arity: -2,
        flags: "write fast",
        acl: "@write @list @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Remove and get the first elements in a list",
        since: "1.0.0",
        group: "list",
        complexity: "O(N) where N is the number of elements returned",
        history: &[("6.2.0", "Added the `count` argument.")],
        args: "key@0 count:int>6.2.0?",
        run: Run::Data(lpop),
        ..Spec::BLANK
    },
    Spec {
        name: "rpop",
        arity: -2,
        flags: "write fast",
        acl: "@write @list @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Remove and get the last elements in a list",
        since: "1.0.0",
        group: "list",
        complexity: "O(N) where N is the number of elements returned",
        history: &[("6.2.0", "Added the `count` argument.")],
        args: "key@0 count:int>6.2.0?",
        run: Run::Data(rpop),
        ..Spec::BLANK
    },
    Spec {
        name: "lmpop",
        arity: -4,
        flags: "write movablekeys",
        acl: "@write @list @slow",
        keys: &[KeySpec::counted("RW access delete", 1)],
        summary: "Pop elements from a list",
        since: "7.0.0",
        group: "list",
        complexity: "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
        args: "numkeys:int key@0* where(LEFT | RIGHT) count:int=COUNT?",
        run: Run::Data(lmpop),
        ..Spec::BLANK
    },
];

/// What follows the key in the reply of a command that pops from the first list of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The element: BLPOP, BRPOP.
    Element,
    /// An array of up to this many elements: LMPOP, BLMPOP.
    Elements(usize),
}

/// Pops from the first of `keys` that holds a list and replies with the key and what was popped.
///
/// False, and nothing written, when none of them exists: the caller replies or waits. Stops at the first key of
/// another type with [`Error::WrongType`], as the reference does, even if a list follows.
pub fn pop_first<'k>(
    ctx: &mut Ctx<'_>,
    keys: impl Iterator<Item = Key<'k>>,
    end: End,
    shape: Shape,
) -> Result<bool, Error> {
    for key in keys {
        let reply = &mut ctx.reply;
        let emptied = ctx.tx.update(key, |list: &mut List| {
            reply.array(2);
            reply.bulk(key.bytes());
            let count = match shape {
                Shape::Element => 1,
                Shape::Elements(count) => {
                    reply.array(count.min(list.len()));
                    count
                }
            };
            list.pop(end, count, |elem| bulk(reply, elem));
            list.is_empty()
        })?;
        if let Some(emptied) = emptied {
            notify_taken(ctx, pop_event(end), key, emptied);
            return Ok(true);
        }
    }
    Ok(false)
}

/// What stands behind the number of keys in LMPOP and BLMPOP.
pub struct MultiPop {
    /// Keys, the first at the argument behind their number.
    pub keys: usize,
    /// Which end.
    pub end: End,
    /// Most elements to pop.
    pub count: usize,
}

impl MultiPop {
    /// Reads `numkeys key [key …] LEFT|RIGHT [COUNT count]` from argument `at` on.
    pub fn parse(args: Args<'_>, at: usize) -> Result<MultiPop, Error> {
        let too_few = Error::Static("ERR numkeys should be greater than 0");
        let keys = positive(args.get(at)).ok_or(too_few)?;
        let end_at = keys.checked_add(at + 1).ok_or(Error::Syntax)?;
        let end = end_named(args.get(end_at).ok_or(Error::Syntax)?)?;
        let count = match args.len() - end_at - 1 {
            0 => 1,
            1 => return Err(Error::Syntax),
            more => {
                if !args.is(end_at + 1, "count") {
                    return Err(Error::Syntax);
                }
                let none = Error::Static("ERR count should be greater than 0");
                let count = positive(args.get(end_at + 2)).ok_or(none)?;
                if more > 2 {
                    return Err(Error::Syntax);
                }
                count
            }
        };
        Ok(MultiPop { keys, end, count })
    }
}

fn positive(arg: Option<&[u8]>) -> Option<usize> {
    let number = parse_int(arg?)?;
    usize::try_from(number).ok().filter(|number| *number > 0)
}

fn lpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop(ctx, args, End::Front)
}

fn rpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop(ctx, args, End::Back)
}

fn pop(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    if args.len() > 3 {
        return Err(Error::WrongArity(pop_event(end).to_owned()));
    }
    let count = match args.get(2) {
        Some(count) => Some(parse_int(count).and_then(|count| usize::try_from(count).ok()).ok_or(Error::NotPositive)?),
        None => None,
    };
    let key = args.key(1);
    let reply = &mut ctx.reply;
    let emptied = ctx.tx.update(key, |list: &mut List| {
        if let Some(count) = count {
            reply.array(count.min(list.len()));
        }
        list.pop(end, count.unwrap_or(1), |elem| bulk(reply, elem));
        list.is_empty()
    })?;
    match emptied {
        Some(_) if count == Some(0) => {}
        Some(emptied) => notify_taken(ctx, pop_event(end), key, emptied),
        None if count.is_some() => ctx.reply.null_array(),
        None => ctx.reply.null(),
    }
    Ok(())
}

fn lmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let wanted = MultiPop::parse(args, 1)?;
    let keys = (2..2 + wanted.keys).map(|at| args.key(at));
    if !pop_first(ctx, keys, wanted.end, Shape::Elements(wanted.count))? {
        ctx.reply.null_array();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;

    #[test]
    fn pop_without_count_replies_with_one_element() {
        let mut session = Session::default();
        session.run("RPUSH k a 2 c");
        assert_eq!(session.run("LPOP k"), "$1 a");
        assert_eq!(session.run("RPOP k"), "$1 c");
        assert_eq!(session.run("RPOP k"), "$1 2");
        assert_eq!(session.run("LPOP k"), "$-1");
        assert_eq!(session.run("LLEN k"), ":0");
    }

    #[test]
    fn pop_with_count_replies_with_an_array_from_the_end_inwards() {
        let mut session = Session::default();
        assert_eq!(session.run("LPOP k 1"), "*-1");
        session.run("RPUSH k a b c d");
        assert_eq!(session.run("LPOP k 0"), "*0");
        assert_eq!(session.run("RPOP k 2"), "*2 $1 d $1 c");
        assert_eq!(session.run("LPOP k 9"), "*2 $1 a $1 b");
        session.protocol = Protocol::Resp3;
        assert_eq!(session.run("LPOP k 9"), "_");
    }

    #[test]
    fn pop_refuses_a_count_that_is_none() {
        let mut session = Session::default();
        assert_eq!(session.run("LPOP k -1"), "-ERR value is out of range, must be positive");
        assert_eq!(session.run("LPOP k x"), "-ERR value is out of range, must be positive");
        assert_eq!(session.run("RPOP k 1 2"), "-ERR wrong number of arguments for 'rpop' command");
    }

    #[test]
    fn lmpop_pops_from_the_first_list_that_exists() {
        let mut session = Session::default();
        session.run("RPUSH b 1 2 3");
        session.run("RPUSH c x");
        assert_eq!(session.run("LMPOP 3 a b c LEFT"), "*2 $1 b *1 $1 1");
        assert_eq!(session.run("LMPOP 3 a b c right count 5"), "*2 $1 b *2 $1 3 $1 2");
        assert_eq!(session.run("LMPOP 3 a b c RIGHT COUNT 5"), "*2 $1 c *1 $1 x");
        assert_eq!(session.run("LMPOP 3 a b c RIGHT"), "*-1");
    }

    #[test]
    fn lmpop_errors_are_told_apart() {
        let mut session = Session::default();
        for (line, reply) in [
            ("LMPOP 0 a LEFT", "-ERR numkeys should be greater than 0"),
            ("LMPOP x a LEFT", "-ERR numkeys should be greater than 0"),
            ("LMPOP 2 a LEFT", "-ERR syntax error"),
            ("LMPOP 9223372036854775807 a LEFT", "-ERR syntax error"),
            ("LMPOP 1 a MIDDLE", "-ERR syntax error"),
            ("LMPOP 1 a LEFT COUNT", "-ERR syntax error"),
            ("LMPOP 1 a LEFT COUNT 0", "-ERR count should be greater than 0"),
            ("LMPOP 1 a LEFT COUNT 1 COUNT 1", "-ERR syntax error"),
        ] {
            assert_eq!(session.run(line), reply, "{line}");
        }
    }
}
