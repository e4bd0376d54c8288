//! Intersection, union and difference.

use super::range;
use super::shape::Shape;
use super::sources::{self, Aggregate, Operation, Source};
use crate::command::number;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::value::sorted_set::SortedSet;
use crate::store::{Object, Ref, Tx};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "zunion",
        arity: -3,
        flags: "readonly movablekeys",
        acl: "@read @sortedset @slow",
        keys: &[KeySpec::counted("RO access", 1)],
        summary: "Add multiple sorted sets",
        since: "6.2.0",
        group: "sorted-set",
        complexity: "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the \
            number of elements in the resulting sorted set.",
        args: "numkeys:int key@0* weight:int=WEIGHTS?* aggregate=AGGREGATE(SUM | MIN | MAX)? WITHSCORES?",
        run: Run::Data(zunion),
        ..Spec::BLANK
    },
    Spec {
        name: "zunionstore",
        arity: -4,
        flags: "write denyoom movablekeys",
        acl: "@write @sortedset @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1), KeySpec::counted("RO access", 2)],
        summary: "Add multiple sorted sets and store the resulting sorted set in a new key",
        since: "2.0.0",
        group: "sorted-set",
        complexity: "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the \
            number of elements in the resulting sorted set.",
        args: "destination@0 numkeys:int key@1* weight:int=WEIGHTS?* aggregate=AGGREGATE(SUM | MIN | MAX)?",
        run: Run::Data(zunionstore),
        ..Spec::BLANK
    },
    Spec {
        name: "zinter",
        arity: -3,
        flags: "readonly movablekeys",
        acl: "@read @sortedset @slow",
        keys: &[KeySpec::counted("RO access", 1)],
        summary: "Intersect multiple sorted sets",
        since: "6.2.0",
        group: "sorted-set",
        complexity: "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of \
            input sorted sets and M being the number of elements in the resulting sorted set.",
        args: "numkeys:int key@0* weight:int=WEIGHTS?* aggregate=AGGREGATE(SUM | MIN | MAX)? WITHSCORES?",
        run: Run::Data(zinter),
        ..Spec::BLANK
    },
    Spec {
        name: "zinterstore",
        arity: -4,
        flags: "write denyoom movablekeys",
        acl: "@write @sortedset @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1), KeySpec::counted("RO access", 2)],
        summary: "Intersect multiple sorted sets and store the resulting sorted set in a new key",
        since: "2.0.0",
        group: "sorted-set",
        complexity: "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of \
            input sorted sets and M being the number of elements in the resulting sorted set.",
        args: "destination@0 numkeys:int key@1* weight:int=WEIGHTS?* aggregate=AGGREGATE(SUM | MIN | MAX)?",
        run: Run::Data(zinterstore),
        ..Spec::BLANK
    },
    Spec {
        name: "zintercard",
        arity: -3,
        flags: "readonly movablekeys",
        acl: "@read @sortedset @slow",
        keys: &[KeySpec::counted("RO access", 1)],
        summary: "Intersect multiple sorted sets and return the cardinality of the result",
        since: "7.0.0",
        group: "sorted-set",
        complexity: "O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted \
            sets.",
        args: "numkeys:int key@0* limit:int=LIMIT?",
        run: Run::Data(zintercard),
        ..Spec::BLANK
    },
    Spec {
        name: "zdiff",
        arity: -3,
        flags: "readonly movablekeys",
        acl: "@read @sortedset @slow",
        keys: &[KeySpec::counted("RO access", 1)],
        summary: "Subtract multiple sorted sets",
        since: "6.2.0",
        group: "sorted-set",
        complexity: "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the \
            size of the first set, and K is the size of the result set.",
        args: "numkeys:int key@0* WITHSCORES?",
        run: Run::Data(zdiff),
        ..Spec::BLANK
    },
    Spec {
        name: "zdiffstore",
        arity: -4,
        flags: "write denyoom movablekeys",
        acl: "@write @sortedset @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1), KeySpec::counted("RO access", 2)],
        summary: "Subtract multiple sorted sets and store the resulting sorted set in a new key",
        since: "6.2.0",
        group: "sorted-set",
        complexity: "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the \
            size of the first set, and K is the size of the result set.",
        args: "destination@0 numkeys:int key@1*",
        run: Run::Data(zdiffstore),
        ..Spec::BLANK
    },
];

fn zunion(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, Operation::Union, "zunion")
}

fn zinter(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, Operation::Intersection, "zinter")
}

fn zdiff(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, Operation::Difference, "zdiff")
}

fn zunionstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    store(ctx, args, Operation::Union, "zunionstore")
}

fn zinterstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    store(ctx, args, Operation::Intersection, "zinterstore")
}

fn zdiffstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    store(ctx, args, Operation::Difference, "zdiffstore")
}

fn reply(ctx: &mut Ctx<'_>, args: Args<'_>, operation: Operation, name: &str) -> Outcome {
    let inputs = inputs(&ctx.tx, args, 1, name)?;
    let mut query = Query::new(&inputs, 2)?;
    query.options(args, Offered { weights: operation != Operation::Difference, scores: true, limit: false })?;
    let shape = Shape::new(&ctx.reply, query.with_scores);
    let result = sources::combine(operation, query.sources, query.aggregate);
    shape.list(&mut ctx.reply, result.into_iter());
    Ok(())
}

fn store(ctx: &mut Ctx<'_>, args: Args<'_>, operation: Operation, name: &'static str) -> Outcome {
    let inputs = inputs(&ctx.tx, args, 2, name)?;
    let mut query = Query::new(&inputs, 3)?;
    query.options(args, Offered { weights: operation != Operation::Difference, scores: false, limit: false })?;
    let result = sources::combine(operation, query.sources, query.aggregate);
    let result = SortedSet::from_sorted(result.len(), result.into_iter(), &ctx.config.limits);
    range::store(ctx, args, name, result)
}

fn zintercard(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let inputs = inputs(&ctx.tx, args, 1, "zintercard")?;
    let mut query = Query::new(&inputs, 2)?;
    query.options(args, Offered { weights: false, scores: false, limit: true })?;
    let limit = if query.limit == 0 { usize::MAX } else { query.limit };
    let count = sources::intersection(&sources::by_size(query.sources), query.aggregate).take(limit).count();
    ctx.reply.int(count as i64);
    Ok(())
}

/// Input keys and options of one of these commands.
struct Query<'t> {
    sources: Vec<Source<'t>>,
    /// Argument behind the last key.
    options_at: usize,
    aggregate: Aggregate,
    with_scores: bool,
    /// 0: none.
    limit: usize,
}

/// Which options a command has.
struct Offered {
    weights: bool,
    scores: bool,
    limit: bool,
}

/// Reads the number of keys, which is argument `index`, and looks the keys up.
fn inputs<'t>(tx: &'t Tx<'_>, args: Args<'_>, index: usize, name: &str) -> Result<Vec<Option<Ref<'t, Object>>>, Error> {
    let count = number::int(args.at(index))?;
    if count < 1 {
        return Err(Error::Text(format!("ERR at least 1 input key is needed for '{name}' command")));
    }
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if count > args.len() - index - 1 {
        return Err(Error::Syntax);
    }
    (index + 1..index + 1 + count).map(|index| Ok(tx.object(args.key(index))?)).collect()
}

impl<'t> Query<'t> {
    /// A query of the `inputs` whose first key is argument `first`.
    fn new(inputs: &'t [Option<Ref<'_, Object>>], first: usize) -> Result<Query<'t>, Error> {
        let options_at = first + inputs.len();
        let sources = inputs.iter().map(|input| Source::new(input.as_deref())).collect::<Result<Vec<_>, Error>>()?;
        Ok(Query { sources, options_at, aggregate: Aggregate::Sum, with_scores: false, limit: 0 })
    }

    fn options(&mut self, args: Args<'_>, offered: Offered) -> Result<(), Error> {
        let mut index = self.options_at;
        while index < args.len() {
            let behind = args.len() - index - 1;
            if offered.weights && behind >= self.sources.len() && args.is(index, "weights") {
                for (source, text) in self.sources.iter_mut().zip(args.skip(index + 1)) {
                    let weight = number::parse_float(text);
                    source.weight = weight.ok_or(Error::Static("ERR weight value is not a float"))?;
                }
                index += self.sources.len();
            } else if offered.weights && behind >= 1 && args.is(index, "aggregate") {
                index += 1;
                self.aggregate = Aggregate::named(args.at(index)).ok_or(Error::Syntax)?;
            } else if offered.scores && args.is(index, "withscores") {
                self.with_scores = true;
            } else if offered.limit && behind >= 1 && args.is(index, "limit") {
                index += 1;
                let limit = number::parse_int(args.at(index)).and_then(|limit| usize::try_from(limit).ok());
                self.limit = limit.ok_or(Error::Static("ERR LIMIT can't be negative"))?;
            } else {
                return Err(Error::Syntax);
            }
            index += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;

    fn session() -> Session {
        let mut s = Session::default();
        s.run("ZADD {t}a 1 x 2 y 3 z");
        s.run("ZADD {t}b 10 y 20 z 30 5");
        s.run("SADD {t}s z 5");
        s
    }

    #[test]
    fn unions_intersections_and_differences_come_in_order() {
        let mut s = session();
        for (line, reply) in [
            ("ZUNION 2 {t}a {t}b WITHSCORES", "*8 $1 x $1 1 $1 y $2 12 $1 z $2 23 $1 5 $2 30"),
            ("ZUNION 2 {t}a {t}none", "*3 $1 x $1 y $1 z"),
            ("ZUNION 2 {t}s {t}b WITHSCORES", "*6 $1 y $2 10 $1 z $2 21 $1 5 $2 31"),
            ("ZINTER 2 {t}a {t}b WITHSCORES", "*4 $1 y $2 12 $1 z $2 23"),
            ("ZINTER 3 {t}a {t}b {t}s WITHSCORES", "*2 $1 z $2 24"),
            ("ZINTER 2 {t}a {t}none", "*0"),
            ("ZINTER 2 {t}a {t}a WITHSCORES AGGREGATE MIN", "*6 $1 x $1 1 $1 y $1 2 $1 z $1 3"),
            ("ZINTER 2 {t}a {t}b WEIGHTS 2 -1 AGGREGATE max WITHSCORES", "*4 $1 y $1 4 $1 z $1 6"),
            ("ZDIFF 2 {t}a {t}b WITHSCORES", "*2 $1 x $1 1"),
            ("ZDIFF 2 {t}s {t}a", "*1 $1 5"),
            ("ZDIFF 1 {t}none", "*0"),
            ("ZINTERCARD 2 {t}a {t}b", ":2"),
            ("ZINTERCARD 2 {t}a {t}b LIMIT 1", ":1"),
            ("ZINTERCARD 2 {t}a {t}b LIMIT 0", ":2"),
        ] {
            assert_eq!(s.run(line), reply, "{line}");
        }
        s.protocol = Protocol::Resp3;
        assert_eq!(s.run("ZDIFF 2 {t}a {t}b WITHSCORES"), "*1 *2 $1 x ,1");
    }

    #[test]
    fn infinities_that_cancel_are_0() {
        let mut s = Session::default();
        s.run("ZADD {t}a inf m");
        s.run("ZADD {t}b -inf m");
        assert_eq!(s.run("ZUNION 2 {t}a {t}b WITHSCORES"), "*2 $1 m $1 0");
        assert_eq!(s.run("ZINTER 1 {t}a WEIGHTS 0 WITHSCORES"), "*2 $1 m $1 0");
    }

    #[test]
    fn stores_replace_or_remove_their_target() {
        let mut s = session();
        assert_eq!(s.run("ZUNIONSTORE {t}s 2 {t}a {t}s AGGREGATE MIN"), ":4");
        assert_eq!(s.run("ZRANGE {t}s 0 -1 WITHSCORES"), "*8 $1 5 $1 1 $1 x $1 1 $1 z $1 1 $1 y $1 2");
        assert_eq!(s.run("ZDIFFSTORE {t}s 2 {t}s {t}a"), ":1");
        assert_eq!(s.run("ZINTERSTORE {t}s 2 {t}s {t}a"), ":0");
        assert_eq!(s.run("ZCARD {t}s"), ":0");
    }

    #[test]
    fn wrong_arguments_are_told_in_the_references_order() {
        let mut s = session();
        for (line, error) in [
            ("ZUNION 0 {t}a", "-ERR at least 1 input key is needed for 'zunion' command"),
            ("ZINTERSTORE {t}d 0 {t}a", "-ERR at least 1 input key is needed for 'zinterstore' command"),
            ("ZUNION a {t}a", "-ERR value is not an integer or out of range"),
            ("ZUNION 2 {t}a", "-ERR syntax error"),
            ("ZUNION 1 {t}a WEIGHTS", "-ERR syntax error"),
            ("ZUNION 1 {t}a WEIGHTS x", "-ERR weight value is not a float"),
            ("ZUNION 1 {t}a AGGREGATE avg", "-ERR syntax error"),
            ("ZUNIONSTORE {t}d 1 {t}a WITHSCORES", "-ERR syntax error"),
            ("ZDIFF 1 {t}a WEIGHTS 1", "-ERR syntax error"),
            ("ZINTERCARD 1 {t}a LIMIT -1", "-ERR LIMIT can't be negative"),
            ("ZINTERCARD 1 {t}a LIMIT a", "-ERR LIMIT can't be negative"),
            ("ZINTERCARD 1 {t}a WEIGHTS 1", "-ERR syntax error"),
        ] {
            assert_eq!(s.run(line), error, "{line}");
        }
    }
}
