//! Adding members and changing their scores.

use crate::command::number;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::value::sorted_set::SortedSet;
use crate::store::{Event, Key};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "zadd",
        arity: -4,
        flags: "write denyoom fast",
        acl: "@write @sortedset @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Add one or more members to a sorted set, or update its score if it already exists",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
        history: &[
            ("2.4.0", "Accepts multiple elements."),
            ("3.0.2", "Added the `XX`, `NX`, `CH` and `INCR` options."),
            ("6.2.0", "Added the `GT` and `LT` options."),
        ],
        args: "key@0 condition(NX | XX)>3.0.2? comparison(GT | LT)>6.2.0? change=CH>3.0.2? increment=INCR>3.0.2? \
            score_member{score:double member}*",
        first_member: 3,
        run: Run::Data(zadd),
        ..Spec::BLANK
    },
    Spec {
        name: "zincrby",
        arity: 4,
        flags: "write denyoom fast",
        acl: "@write @sortedset @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Increment the score of a member in a sorted set",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(log(N)) where N is the number of elements in the sorted set.",
        args: "key@0 increment:int member",
        first_member: 3,
        run: Run::Data(zincrby),
        ..Spec::BLANK
    },
];

/// The options in front of the scores.
#[derive(Clone, Copy, Default)]
pub(in crate::command) struct Options {
    /// New members only.
    pub nx: bool,
    /// Members that are there only.
    pub xx: bool,
    gt: bool,
    lt: bool,
    /// The reply counts members with another score too.
    pub changed: bool,
    increment: bool,
}

fn zadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    add(ctx, args, Options::default())
}

fn zincrby(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    // Reads its arguments as ZADD does, options included, as the reference does.
    add(ctx, args, Options { increment: true, ..Options::default() })
}

impl Options {
    /// Reads options from argument 2 on; returns where the first score is.
    fn read(&mut self, args: Args<'_>) -> usize {
        let mut index = 2;
        for arg in args.skip(2) {
            let option = match arg.len() {
                2 if arg.eq_ignore_ascii_case(b"nx") => &mut self.nx,
                2 if arg.eq_ignore_ascii_case(b"xx") => &mut self.xx,
                2 if arg.eq_ignore_ascii_case(b"gt") => &mut self.gt,
                2 if arg.eq_ignore_ascii_case(b"lt") => &mut self.lt,
                2 if arg.eq_ignore_ascii_case(b"ch") => &mut self.changed,
                4 if arg.eq_ignore_ascii_case(b"incr") => &mut self.increment,
                _ => break,
            };
            *option = true;
            index += 1;
        }
        index
    }

    /// What becomes of a member's score: `Ok(None)` leaves the member as it is, or away.
    #[inline]
    fn decide(self, old: Option<f64>, score: f64) -> Result<Option<f64>, Error> {
        let Some(old) = old else { return Ok((!self.xx).then_some(score)) };
        if self.nx {
            return Ok(None);
        }
        let score = if self.increment { score + old } else { score };
        if score.is_nan() {
            return Err(Error::Static("ERR resulting score is not a number (NaN)"));
        }
        let refused = (self.lt && score >= old) || (self.gt && score <= old);
        Ok((!refused).then_some(score))
    }
}

fn add(ctx: &mut Ctx<'_>, args: Args<'_>, mut options: Options) -> Outcome {
    let first = options.read(args);
    let count = args.len() - first;
    if count == 0 || !count.is_multiple_of(2) {
        return Err(Error::Syntax);
    }
    if options.nx && options.xx {
        return Err(Error::Static("ERR XX and NX options at the same time are not compatible"));
    }
    if (options.nx && (options.gt || options.lt)) || (options.gt && options.lt) {
        return Err(Error::Static("ERR GT, LT, and/or NX options at the same time are not compatible"));
    }
    if options.increment && count > 2 {
        return Err(Error::Static("ERR INCR option supports a single increment-element pair"));
    }
    // All scores are read before anything changes; a lone pair, the common case, needs no memory for it.
    let first_score = number::float(args.at(first))?;
    let more_scores = (first + 2..args.len()).step_by(2).map(|index| number::float(args.at(index)));
    let more_scores = more_scores.collect::<Result<Vec<f64>, Error>>()?;
    let scores = std::iter::once(first_score).chain(more_scores).enumerate();
    upsert(ctx, args.key(1), options, scores.map(|(pair, score)| (args.at(first + pair * 2 + 1), score)))
}

/// Gives members their scores, and answers as ZADD does. With `increment` there is one member.
pub(in crate::command) fn upsert<'m>(
    ctx: &mut Ctx<'_>,
    key: Key<'_>,
    options: Options,
    scored: impl Iterator<Item = (&'m [u8], f64)>,
) -> Outcome {
    if options.xx && !ctx.tx.exists(key) {
        return reply(ctx, options, None, 0, 0);
    }
    let limits = &ctx.config.limits;
    let (mut added, mut updated) = (0, 0);
    let result = ctx.tx.upsert(key, |set: &mut SortedSet| {
        let mut result = None;
        for (member, score) in scored {
            let mut decision = Ok(None);
            let old = set.upsert(member, limits, |old| {
                decision = options.decide(old, score);
                decision.as_ref().ok().copied().flatten()
            });
            let Some(score) = decision? else { continue };
            result = Some(score);
            match old {
                None => added += 1,
                Some(old) => updated += usize::from(old != score),
            }
        }
        Ok::<_, Error>(result)
    })??;
    if added + updated > 0 {
        ctx.tx.notify(Event::SortedSet, if options.increment { "zincr" } else { "zadd" }, key);
    }
    reply(ctx, options, result, added, updated)
}

/// `result`: the last score that was set, also to what it had been.
fn reply(ctx: &mut Ctx<'_>, options: Options, result: Option<f64>, added: usize, updated: usize) -> Outcome {
    match result {
        _ if !options.increment => ctx.reply.int((added + if options.changed { updated } else { 0 }) as i64),
        Some(score) => ctx.reply.double(score),
        None => ctx.reply.null(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;

    #[test]
    fn zadd_counts_what_it_added_or_with_ch_changed() {
        let mut s = Session::default();
        assert_eq!(s.run("ZADD z 1 a 2 b 3 a"), ":2");
        assert_eq!(s.run("ZADD z CH 3 a 4 b 5 c"), ":2");
        assert_eq!(s.run("ZADD z CH 3 a"), ":0");
        assert_eq!(s.run("ZRANGE z 0 -1 WITHSCORES"), "*6 $1 a $1 3 $1 b $1 4 $1 c $1 5");
    }

    #[test]
    fn zadd_conditions_keep_members_as_they_are() {
        let mut s = Session::default();
        assert_eq!(s.run("ZADD none XX 1 a"), ":0");
        assert_eq!(s.run("ZCARD none"), ":0");
        s.run("ZADD z 5 a");
        assert_eq!(s.run("ZADD z NX 9 a 1 b"), ":1");
        assert_eq!(s.run("ZADD z XX CH 6 a 1 c"), ":1");
        assert_eq!(s.run("ZADD z GT CH 5 a 7 b"), ":1");
        assert_eq!(s.run("ZADD z lt ch 5 a 8 b 3 new"), ":2");
        assert_eq!(s.run("ZRANGE z 0 -1 WITHSCORES"), "*6 $3 new $1 3 $1 a $1 5 $1 b $1 7");
    }

    #[test]
    fn incr_answers_the_new_score_or_nil_when_a_condition_forbids_it() {
        let mut s = Session::default();
        assert_eq!(s.run("ZADD z INCR 1.5 a"), "$3 1.5");
        assert_eq!(s.run("ZINCRBY z 0.1 a"), "$18 1.6000000000000001");
        assert_eq!(s.run("ZADD z NX INCR 1 a"), "$-1");
        assert_eq!(s.run("ZADD z XX INCR 1 b"), "$-1");
        assert_eq!(s.run("ZADD none XX INCR 1 b"), "$-1");
        assert_eq!(s.run("ZADD z LT INCR 1 a"), "$-1");
        assert_eq!(s.run("ZADD z GT INCR 1 a"), "$18 2.6000000000000001");
        s.protocol = Protocol::Resp3;
        assert_eq!(s.run("ZINCRBY z inf a"), ",inf");
        assert_eq!(s.run("ZADD z NX INCR 1 a"), "_");
        assert_eq!(s.run("ZINCRBY z -inf a"), "-ERR resulting score is not a number (NaN)");
        assert_eq!(s.run("ZSCORE z a"), ",inf");
    }

    #[test]
    fn zadd_refuses_what_does_not_fit_together() {
        let mut s = Session::default();
        for (line, error) in [
            ("ZADD z 1 a 2", "-ERR syntax error"),
            ("ZADD z NX CH", "-ERR syntax error"),
            ("ZINCRBY z NX a", "-ERR syntax error"),
            ("ZADD z NX XX 1 a", "-ERR XX and NX options at the same time are not compatible"),
            ("ZADD z NX GT 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible"),
            ("ZADD z LT GT 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible"),
            ("ZADD z INCR 1 a 2 b", "-ERR INCR option supports a single increment-element pair"),
            ("ZADD z 1 a nan b", "-ERR value is not a valid float"),
            ("ZADD z 1 a 1x b", "-ERR value is not a valid float"),
        ] {
            assert_eq!(s.run(line), error, "{line}");
        }
        assert_eq!(s.run("ZCARD z"), ":0");
        s.run("SADD s a");
        assert_eq!(s.run("ZADD s 1 a"), "-WRONGTYPE Operation against a key holding the wrong kind of value");
    }
}
