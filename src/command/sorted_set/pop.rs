//! Popping the lowest or highest members.

use super::remove;
use super::shape::Shape;
use crate::command::number;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::resp::Protocol;
use crate::store::Key;
use crate::store::value::sorted_set::SortedSet;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "zpopmin",
        arity: -2,
        flags: "write fast",
        acl: "@write @sortedset @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Remove and return members with the lowest scores in a sorted set",
        since: "5.0.0",
        group: "sorted-set",
        complexity: "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of \
            elements popped.",
        args: "key@0 count:int?",
        run: Run::Data(zpopmin),
        ..Spec::BLANK
    },
    Spec {
        name: "zpopmax",
        arity: -2,
        flags: "write fast",
        acl: "@write @sortedset @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Remove and return members with the highest scores in a sorted set",
        since: "5.0.0",
        group: "sorted-set",
        complexity: "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of \
            elements popped.",
        args: "key@0 count:int?",
        run: Run::Data(zpopmax),
        ..Spec::BLANK
    },
    Spec {
        name: "zmpop",
        arity: -4,
        flags: "write movablekeys",
        acl: "@write @sortedset @slow",
        keys: &[KeySpec::counted("RW access delete", 1)],
        summary: "Remove and return members with scores in a sorted set",
        since: "7.0.0",
        group: "sorted-set",
        complexity: "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the \
            sorted set, and M being the number of elements popped.",
        args: "numkeys:int key@0* where(MIN | MAX) count:int=COUNT?",
        run: Run::Data(zmpop),
        ..Spec::BLANK
    },
];

/// Which end members are popped from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Lowest score first.
    Min,
    /// Highest score first.
    Max,
}

/// How popped members are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PopReply {
    /// ZPOPMIN: the members alone, in this shape.
    Members(Shape),
    /// BZPOPMIN: key, member, score.
    KeyMemberScore,
    /// ZMPOP: the key and an array of pairs.
    KeyAndPairs,
}

fn zpopmin(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop(ctx, args, End::Min)
}

fn zpopmax(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop(ctx, args, End::Max)
}

fn pop(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    if args.len() > 3 {
        return Err(Error::Syntax);
    }
    let (shape, count) = match args.get(2) {
        None => (Shape::Flat, 1),
        Some(count) => {
            let count = number::parse_int(count).and_then(|count| usize::try_from(count).ok());
            let nested = ctx.reply.protocol() == Protocol::Resp3;
            (if nested { Shape::Pairs } else { Shape::Flat }, count.ok_or(Error::NotPositive)?)
        }
    };
    if !pop_from(ctx, args.key(1), end, count, PopReply::Members(shape))? || count == 0 {
        ctx.reply.array(0);
    }
    Ok(())
}

/// Pops up to `count` members of a sorted set and replies them; false when there is no such key, and nothing
/// was replied. With a `count` of 0 nothing is replied either.
///
/// # Errors
///
/// [`Error::WrongType`].
pub fn pop_from(ctx: &mut Ctx<'_>, key: Key<'_>, end: End, count: usize, form: PopReply) -> Result<bool, Error> {
    if count == 0 {
        return Ok(ctx.tx.read::<SortedSet>(key)?.is_some());
    }
    let reply = &mut ctx.reply;
    let emptied = ctx.tx.update(key, |set: &mut SortedSet| {
        let count = count.min(set.len());
        let shape = match form {
            PopReply::Members(shape) => shape,
            PopReply::KeyMemberScore => {
                reply.array(1 + 2 * count);
                reply.bulk(key.bytes());
                Shape::Flat
            }
            PopReply::KeyAndPairs => {
                reply.array(2);
                reply.bulk(key.bytes());
                Shape::Pairs
            }
        };
        if form != PopReply::KeyMemberScore {
            shape.header(reply, count);
        }
        match end {
            End::Min => set.remove_ranks(0..count, |member, score| shape.item(reply, member, score)),
            End::Max => {
                let ranks = set.len() - count..set.len();
                set.range(ranks.clone()).rev().for_each(|(member, score)| shape.item(reply, member, score));
                set.remove_ranks(ranks, |_, _| {});
            }
        }
        set.is_empty()
    })?;
    let Some(emptied) = emptied else { return Ok(false) };
    let event = match end {
        End::Min => "zpopmin",
        End::Max => "zpopmax",
    };
    remove::notify(ctx, event, key, emptied);
    Ok(true)
}

/// The arguments of ZMPOP and, behind its timeout, BZMPOP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManyPop {
    /// Argument of the first key.
    pub first_key: usize,
    /// Number of keys.
    pub keys: usize,
    /// Which end.
    pub end: End,
    /// Members at most.
    pub count: usize,
}

impl ManyPop {
    /// Reads from the number of keys, which is argument `index`, to the end.
    ///
    /// # Errors
    ///
    /// The reference's lines for numbers below 1, and [`Error::Syntax`].
    pub fn read(args: Args<'_>, index: usize) -> Result<ManyPop, Error> {
        let positive = |text: &[u8], error: &'static str| {
            let number = number::parse_int(text).and_then(|number| usize::try_from(number).ok());
            number.filter(|number| *number > 0).ok_or(Error::Static(error))
        };
        let keys = positive(args.at(index), "ERR numkeys should be greater than 0")?;
        let at = keys.saturating_add(index + 1);
        let end = match args.get(at).ok_or(Error::Syntax)? {
            word if word.eq_ignore_ascii_case(b"min") => End::Min,
            word if word.eq_ignore_ascii_case(b"max") => End::Max,
            _ => return Err(Error::Syntax),
        };
        let count = match args.len() - at {
            1 => 1,
            len if len > 2 && args.is(at + 1, "count") => {
                let count = positive(args.at(at + 2), "ERR count should be greater than 0")?;
                if len > 3 {
                    return Err(Error::Syntax);
                }
                count
            }
            _ => return Err(Error::Syntax),
        };
        Ok(ManyPop { first_key: index + 1, keys, end, count })
    }
}

fn zmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let pop = ManyPop::read(args, 1)?;
    for index in pop.first_key..pop.first_key + pop.keys {
        if pop_from(ctx, args.key(index), pop.end, pop.count, PopReply::KeyAndPairs)? {
            return Ok(());
        }
    }
    ctx.reply.null_array();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;

    #[test]
    fn pops_take_from_either_end_and_end_the_key() {
        let mut s = Session::default();
        s.run("ZADD z 1 a 2 b 3 c 4 d");
        assert_eq!(s.run("ZPOPMIN z"), "*2 $1 a $1 1");
        assert_eq!(s.run("ZPOPMAX z 2"), "*4 $1 d $1 4 $1 c $1 3");
        assert_eq!(s.run("ZPOPMIN z 0"), "*0");
        assert_eq!(s.run("ZPOPMIN z 9"), "*2 $1 b $1 2");
        assert_eq!(s.run("ZPOPMIN z"), "*0");
        assert_eq!(s.run("SADD z now-a-set"), ":1");
        assert_eq!(s.run("ZPOPMIN z"), "-WRONGTYPE Operation against a key holding the wrong kind of value");
        assert_eq!(s.run("ZPOPMIN z 0"), "-WRONGTYPE Operation against a key holding the wrong kind of value");
        assert_eq!(s.run("ZPOPMIN z 1 2"), "-ERR syntax error");
        assert_eq!(s.run("ZPOPMIN z -1"), "-ERR value is out of range, must be positive");
        assert_eq!(s.run("ZPOPMIN z x"), "-ERR value is out of range, must be positive");
    }

    #[test]
    fn pairs_are_nested_in_resp3_when_a_count_was_given() {
        let mut s = Session { protocol: Protocol::Resp3, ..Session::default() };
        s.run("ZADD z 1 a 2 b 3 c");
        assert_eq!(s.run("ZPOPMIN z"), "*2 $1 a ,1");
        assert_eq!(s.run("ZPOPMIN z 5"), "*2 *2 $1 b ,2 *2 $1 c ,3");
    }

    #[test]
    fn zmpop_serves_the_first_key_that_has_members() {
        let mut s = Session::default();
        s.run("ZADD {t}z 1 a 2 b 3 c");
        assert_eq!(s.run("ZMPOP 2 {t}none {t}z MIN"), "*2 $4 {t}z *1 *2 $1 a $1 1");
        assert_eq!(s.run("ZMPOP 1 {t}z max COUNT 5"), "*2 $4 {t}z *2 *2 $1 c $1 3 *2 $1 b $1 2");
        assert_eq!(s.run("ZMPOP 1 {t}z MAX"), "*-1");
        for (line, error) in [
            ("ZMPOP 0 z MIN", "-ERR numkeys should be greater than 0"),
            ("ZMPOP a z MIN", "-ERR numkeys should be greater than 0"),
            ("ZMPOP 1 z MID", "-ERR syntax error"),
            ("ZMPOP 2 z MIN", "-ERR syntax error"),
            ("ZMPOP 1 z MIN COUNT", "-ERR syntax error"),
            ("ZMPOP 1 z MIN COUNT 0", "-ERR count should be greater than 0"),
            ("ZMPOP 1 z MIN COUNT 1 COUNT 2", "-ERR syntax error"),
        ] {
            assert_eq!(s.run(line), error, "{line}");
        }
    }
}
