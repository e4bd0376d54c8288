//! Intersection, union and difference.

use crate::command::elem::bulk;
use crate::command::number::parse_int;
use crate::command::spec::{KeySpec, Spec};
use crate::command::{Args, Ctx, Error, Outcome, Run};
use crate::store::value::Limits;
use crate::store::value::listpack::Elem;
use crate::store::value::set::Set;
use crate::store::value::set_algebra::{difference, intersection, union};
use crate::store::{Event, Key, Object, Ref, Ttl, Tx};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "sinter",
        arity: -2,
        flags: "readonly",
        acl: "@read @set @slow",
        tips: &["nondeterministic_output_order"],
        keys: &[KeySpec::range("RO access", 1, -1, 1)],
        summary: "Intersect multiple sets",
        since: "1.0.0",
        group: "set",
        complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
        args: "key@0*",
        run: Run::Data(sinter),
        ..Spec::BLANK
    },
    Spec {
        name: "sinterstore",
        arity: -3,
        flags: "write denyoom",
        acl: "@write @set @slow",
        keys: &[KeySpec::range("RW update", 1, 0, 1), KeySpec::range("RO access", 2, -1, 1)],
        summary: "Intersect multiple sets and store the resulting set in a key",
        since: "1.0.0",
        group: "set",
        complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
        args: "destination@0 key@1*",
        run: Run::Data(sinterstore),
        ..Spec::BLANK
    },
    Spec {
        name: "sintercard",
        arity: -3,
        flags: "readonly movablekeys",
        acl: "@read @set @slow",
        keys: &[KeySpec::counted("RO access", 1)],
        summary: "Intersect multiple sets and return the cardinality of the result",
        since: "7.0.0",
        group: "set",
        complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
        args: "numkeys:int key@0* limit:int=LIMIT?",
        run: Run::Data(sintercard),
        ..Spec::BLANK
    },
    Spec {
        name: "sunion",
        arity: -2,
        flags: "readonly",
        acl: "@read @set @slow",
        tips: &["nondeterministic_output_order"],
        keys: &[KeySpec::range("RO access", 1, -1, 1)],
        summary: "Add multiple sets",
        since: "1.0.0",
        group: "set",
        complexity: "O(N) where N is the total number of elements in all given sets.",
        args: "key@0*",
        run: Run::Data(sunion),
        ..Spec::BLANK
    },
    Spec {
        name: "sunionstore",
        arity: -3,
        flags: "write denyoom",
        acl: "@write @set @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1), KeySpec::range("RO access", 2, -1, 1)],
        summary: "Add multiple sets and store the resulting set in a key",
        since: "1.0.0",
        group: "set",
        complexity: "O(N) where N is the total number of elements in all given sets.",
        args: "destination@0 key@1*",
        run: Run::Data(sunionstore),
        ..Spec::BLANK
    },
    Spec {
        name: "sdiff",
        arity: -2,
        flags: "readonly",
        acl: "@read @set @slow",
        tips: &["nondeterministic_output_order"],
        keys: &[KeySpec::range("RO access", 1, -1, 1)],
        summary: "Subtract multiple sets",
        since: "1.0.0",
        group: "set",
        complexity: "O(N) where N is the total number of elements in all given sets.",
        args: "key@0*",
        run: Run::Data(sdiff),
        ..Spec::BLANK
    },
    Spec {
        name: "sdiffstore",
        arity: -3,
        flags: "write denyoom",
        acl: "@write @set @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1), KeySpec::range("RO access", 2, -1, 1)],
        summary: "Subtract multiple sets and store the resulting set in a key",
        since: "1.0.0",
        group: "set",
        complexity: "O(N) where N is the total number of elements in all given sets.",
        args: "destination@0 key@1*",
        run: Run::Data(sdiffstore),
        ..Spec::BLANK
    },
];

#[derive(Clone, Copy)]
enum Operation {
    Intersection,
    Union,
    Difference,
}

impl Operation {
    /// Hands each member of the result to `each`; a missing key is an empty set.
    fn run(self, sets: &[Option<&Set>], limits: &Limits, each: impl FnMut(Elem<'_>)) {
        let mut found: Vec<&Set> = sets.iter().flatten().copied().collect();
        match self {
            Operation::Intersection if found.len() < sets.len() => {}
            Operation::Intersection => _ = intersection(&mut found, usize::MAX, each),
            Operation::Union => union(&found, limits, each),
            Operation::Difference => {
                if let Some(Some(first)) = sets.first() {
                    difference(first, &found[1..], each);
                }
            }
        }
    }
}

/// The sets at `keys`, to be lent to an operation by [`lend`]; all of them are looked at before one of another type is an error.
fn read<'t>(tx: &'t Tx<'_>, keys: impl Iterator<Item = &'t [u8]>) -> Result<Vec<Option<Ref<'t, Set>>>, Error> {
    keys.map(|key| tx.read::<Set>(Key::new(key)).map_err(Error::from)).collect()
}

fn lend<'s>(sets: &'s [Option<Ref<'_, Set>>]) -> Vec<Option<&'s Set>> {
    sets.iter().map(Option::as_deref).collect()
}

fn answer(ctx: &mut Ctx<'_>, args: Args<'_>, operation: Operation) -> Outcome {
    let Ctx { tx, reply, config, .. } = ctx;
    let sets = read(tx, args.skip(1))?;
    let (mark, mut count) = (reply.mark(), 0);
    operation.run(&lend(&sets), &config.limits, |member| {
        bulk(reply, member);
        count += 1;
    });
    reply.set_at(mark, count);
    Ok(())
}

fn store(ctx: &mut Ctx<'_>, args: Args<'_>, operation: Operation, event: &'static str) -> Outcome {
    let target = args.key(1);
    let limits = &ctx.config.limits;
    let mut result = Set::new();
    let sets = read(&ctx.tx, args.skip(2))?;
    operation.run(&lend(&sets), limits, |member| _ = result.add_elem(member, limits));
    let count = result.len();
    if count > 0 {
        ctx.tx.put(target, Object::Set(result), Ttl::Clear);
        ctx.tx.notify(Event::Set, event, target);
    } else if ctx.tx.remove(target) {
        ctx.tx.notify(Event::Generic, "del", target);
    }
    ctx.reply.int(count as i64);
    Ok(())
}

fn sinter(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    answer(ctx, args, Operation::Intersection)
}

fn sunion(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    answer(ctx, args, Operation::Union)
}

fn sdiff(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    answer(ctx, args, Operation::Difference)
}

fn sinterstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    store(ctx, args, Operation::Intersection, "sinterstore")
}

fn sunionstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    store(ctx, args, Operation::Union, "sunionstore")
}

fn sdiffstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    store(ctx, args, Operation::Difference, "sdiffstore")
}

fn sintercard(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    const NOT_POSITIVE: Error = Error::Static("ERR numkeys should be greater than 0");
    let key_count = parse_int(args.at(1)).filter(|count| *count > 0).ok_or(NOT_POSITIVE)?;
    let key_count = usize::try_from(key_count)
        .ok()
        .filter(|count| *count <= args.len() - 2)
        .ok_or(Error::Static("ERR Number of keys can't be greater than number of args"))?;
    let mut limit = 0;
    let mut options = args.skip(2 + key_count);
    while let Some(option) = options.next() {
        if !option.eq_ignore_ascii_case(b"limit") {
            return Err(Error::Syntax);
        }
        limit = parse_int(options.next().ok_or(Error::Syntax)?)
            .and_then(|limit| usize::try_from(limit).ok())
            .ok_or(Error::Static("ERR LIMIT can't be negative"))?;
    }
    let limit = if limit == 0 { usize::MAX } else { limit };
    let sets = read(&ctx.tx, args.skip(2).take(key_count))?;
    let found: Option<Vec<&Set>> = lend(&sets).into_iter().collect();
    let count = found.map_or(0, |mut sets| intersection(&mut sets, limit, |_| {}));
    ctx.reply.int(count as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;

    fn session() -> Session {
        let mut s = Session::default();
        s.run("SADD a 1 2 3 4");
        s.run("SADD b 3 4 5");
        s.run("SADD words 4 x");
        s.run("HSET other f v");
        s
    }

    #[test]
    fn intersections_unions_and_differences() {
        let mut s = session();
        assert_eq!(s.run("SINTER a b"), "*2 $1 3 $1 4");
        assert_eq!(s.run("SINTER a b words"), "*1 $1 4");
        assert_eq!(s.run("SINTER a missing"), "*0");
        assert_eq!(s.run("SUNION b a"), "*5 $1 1 $1 2 $1 3 $1 4 $1 5");
        assert_eq!(s.run("SUNION missing words b missing").split(' ').next(), Some("*4"));
        assert_eq!(s.run("SUNION missing"), "*0");
        assert_eq!(s.run("SDIFF a b"), "*2 $1 1 $1 2");
        assert_eq!(s.run("SDIFF a missing b words"), "*2 $1 1 $1 2");
        assert_eq!(s.run("SDIFF missing a"), "*0");
        assert_eq!(s.run("SDIFF a a"), "*0");
        assert_eq!(s.run("SINTER a a"), "*4 $1 1 $1 2 $1 3 $1 4");
    }

    #[test]
    fn any_other_type_is_refused_wherever_it_stands() {
        let mut s = session();
        for line in ["SINTER missing other", "SUNION a other", "SDIFF missing other", "SINTERCARD 2 missing other"] {
            assert!(s.run(line).starts_with("-WRONGTYPE "), "{line}");
        }
        assert!(s.run("SINTERSTORE target missing other").starts_with("-WRONGTYPE "));
        assert_eq!(s.run("SUNIONSTORE other a"), ":4");
        assert_eq!(s.run("SCARD other"), ":4");
    }

    #[test]
    fn results_are_stored_in_place_of_the_target() {
        let mut s = session();
        assert_eq!(s.run("SINTERSTORE a a b"), ":2");
        assert_eq!(s.run("SMEMBERS a"), "*2 $1 3 $1 4");
        assert_eq!(s.run("SUNIONSTORE t a b"), ":3");
        assert_eq!(s.run("SMEMBERS t"), "*3 $1 3 $1 4 $1 5");
        assert_eq!(s.run("SDIFFSTORE t b a"), ":1");
        assert_eq!(s.run("SMEMBERS t"), "*1 $1 5");
        assert_eq!(s.run("SINTERSTORE t a missing"), ":0");
        assert_eq!(s.run("SCARD t"), ":0");
    }

    #[test]
    fn cardinality_stops_at_its_limit() {
        let mut s = session();
        assert_eq!(s.run("SINTERCARD 2 a b"), ":2");
        assert_eq!(s.run("SINTERCARD 2 a b LIMIT 1"), ":1");
        assert_eq!(s.run("SINTERCARD 2 a b limit 0"), ":2");
        assert_eq!(s.run("SINTERCARD 2 a missing"), ":0");
        for (line, error) in [
            ("SINTERCARD 0 a", "-ERR numkeys should be greater than 0"),
            ("SINTERCARD x a", "-ERR numkeys should be greater than 0"),
            ("SINTERCARD 3 a b", "-ERR Number of keys can't be greater than number of args"),
            ("SINTERCARD 1 a b", "-ERR syntax error"),
            ("SINTERCARD 1 a LIMIT", "-ERR syntax error"),
            ("SINTERCARD 1 a LIMIT -1", "-ERR LIMIT can't be negative"),
            ("SINTERCARD 1 a LIMIT x", "-ERR LIMIT can't be negative"),
        ] {
            assert_eq!(s.run(line), error, "{line}");
        }
    }

    #[test]
    fn results_are_sets_in_resp3() {
        let mut s = session();
        s.protocol = Protocol::Resp3;
        assert_eq!(s.run("SINTER a b"), "~2 $1 3 $1 4");
        assert_eq!(s.run("SDIFF missing"), "~0");
    }
}
