//! Adding members and changing their scores.

use crate::command::number;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::Event;
use crate::store::value::sorted_set::SortedSet;

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
        run: Run::Data(zincrby),
        ..Spec::BLANK
    },
];

/// The options in front of the scores.
#[derive(Clone, Copy, Default)]
struct Options {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
    changed: bool,
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
    if (options.gt && options.nx) || (options.lt && options.nx) || (options.gt && options.lt) {
        return Err(Error::Static("ERR GT, LT, and/or NX options at the same time are not compatible"));
    }
    if options.increment && count > 2 {
        return Err(Error::Static("ERR INCR option supports a single increment-element pair"));
    }
    // All scores are read before anything changes; a lone pair, the common case, needs no memory for it.
    let first_score = number::float(args.at(first))?;
    let more_scores = (first + 2..args.len()).step_by(2).map(|index| number::float(args.at(index)));
    let more_scores = more_scores.collect::<Result<Vec<f64>, Error>>()?;

    let key = args.key(1);
    if options.xx && !ctx.tx.exists(key) {
        return reply(ctx, options, None, 0, 0);
    }
    let limits = &ctx.config.limits;
    let (mut added, mut updated) = (0, 0);
    let result = ctx.tx.upsert(key, |set: &mut SortedSet| {
        let mut result = None;
        for (pair, score) in std::iter::once(first_score).chain(more_scores).enumerate() {
            let mut decision = Ok(None);
            let old = set.upsert(args.at(first + pair * 2 + 1), limits, |old| {
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
