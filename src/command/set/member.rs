//! Members: adding, removing, asking, moving.

use crate::command::elem::bulk;
use crate::command::spec::{KeySpec, Spec};
use crate::command::{Args, Ctx, Outcome, Run};
use crate::store::Event;
use crate::store::value::set::Set;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "sadd",
        arity: -3,
        flags: "write denyoom fast",
        acl: "@write @set @fast",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Add one or more members to a set",
        since: "1.0.0",
        group: "set",
        complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple \
            arguments.",
        history: &[("2.4.0", "Accepts multiple `member` arguments.")],
        args: "key@0 member*",
        first_member: 2,
        run: Run::Data(sadd),
        ..Spec::BLANK
    },
    Spec {
        name: "srem",
        arity: -3,
        flags: "write fast",
        acl: "@write @set @fast",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Remove one or more members from a set",
        since: "1.0.0",
        group: "set",
        complexity: "O(N) where N is the number of members to be removed.",
        history: &[("2.4.0", "Accepts multiple `member` arguments.")],
        args: "key@0 member*",
        first_member: 2,
        run: Run::Data(srem),
        ..Spec::BLANK
    },
    Spec {
        name: "sismember",
        arity: 3,
        flags: "readonly fast",
        acl: "@read @set @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Determine if a given value is a member of a set",
        since: "1.0.0",
        group: "set",
        complexity: "O(1)",
        args: "key@0 member",
        first_member: 2,
        run: Run::Data(sismember),
        ..Spec::BLANK
    },
    Spec {
        name: "smismember",
        arity: -3,
        flags: "readonly fast",
        acl: "@read @set @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Returns the membership associated with the given elements for a set",
        since: "6.2.0",
        group: "set",
        complexity: "O(N) where N is the number of elements being checked for membership",
        args: "key@0 member*",
        first_member: 2,
        run: Run::Data(smismember),
        ..Spec::BLANK
    },
    Spec {
        name: "scard",
        arity: 2,
        flags: "readonly fast",
        acl: "@read @set @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Get the number of members in a set",
        since: "1.0.0",
        group: "set",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(scard),
        ..Spec::BLANK
    },
    Spec {
        name: "smembers",
        arity: 2,
        flags: "readonly",
        acl: "@read @set @slow",
        tips: &["nondeterministic_output_order"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get all the members in a set",
        since: "1.0.0",
        group: "set",
        complexity: "O(N) where N is the set cardinality.",
        args: "key@0",
        run: Run::Data(smembers),
        ..Spec::BLANK
    },
    Spec {
        name: "smove",
        arity: 4,
        flags: "write fast",
        acl: "@write @set @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("RW insert", 2, 0, 1)],
        summary: "Move a member from one set to another",
        since: "1.0.0",
        group: "set",
        complexity: "O(1)",
        args: "source@0 destination@1 member",
        run: Run::Data(smove),
        ..Spec::BLANK
    },
];

fn sadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    let limits = &ctx.config.limits;
    let added = ctx.tx.upsert(key, |set: &mut Set| args.skip(2).filter(|member| set.add(member, limits)).count())?;
    if added > 0 {
        ctx.tx.notify(Event::Set, "sadd", key);
    }
    ctx.reply.int(added as i64);
    Ok(())
}

fn srem(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    let removed = ctx.tx.update(key, |set: &mut Set| {
        let removed = args.skip(2).filter(|member| set.remove(member)).count();
        (removed, set.is_empty())
    })?;
    let (removed, emptied) = removed.unwrap_or_default();
    if removed > 0 {
        ctx.tx.notify(Event::Set, "srem", key);
        if emptied {
            ctx.tx.notify(Event::Generic, "del", key);
        }
    }
    ctx.reply.int(removed as i64);
    Ok(())
}

fn sismember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let set = ctx.tx.read::<Set>(args.key(1))?;
    ctx.reply.int(set.is_some_and(|set| set.contains(args.at(2))).into());
    Ok(())
}

fn smismember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let set = ctx.tx.read::<Set>(args.key(1))?;
    let members = args.skip(2);
    ctx.reply.array(members.len());
    for member in members {
        ctx.reply.int(set.as_ref().is_some_and(|set| set.contains(member)).into());
    }
    Ok(())
}

fn scard(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let set = ctx.tx.read::<Set>(args.key(1))?;
    ctx.reply.int(set.map_or(0, |set| set.len()) as i64);
    Ok(())
}

fn smembers(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let set = ctx.tx.read::<Set>(args.key(1))?;
    let set = set.as_deref();
    ctx.reply.set(set.map_or(0, Set::len));
    if let Some(set) = set {
        set.iter().for_each(|member| bulk(&mut ctx.reply, member));
    }
    Ok(())
}

fn smove(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (source, target, member) = (args.key(1), args.key(2), args.at(3));
    let Some(set) = ctx.tx.read::<Set>(source)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let there = set.contains(member);
    // Nothing may change when the target is of another type.
    ctx.tx.read::<Set>(target)?;
    if !there || source.bytes() == target.bytes() {
        ctx.reply.int(there.into());
        return Ok(());
    }
    let emptied = ctx.tx.update(source, |set: &mut Set| {
        set.remove(member);
        set.is_empty()
    })?;
    ctx.tx.notify(Event::Set, "srem", source);
    if emptied == Some(true) {
        ctx.tx.notify(Event::Generic, "del", source);
    }
    let limits = &ctx.config.limits;
    if ctx.tx.upsert(target, |set: &mut Set| set.add(member, limits))? {
        ctx.tx.notify(Event::Set, "sadd", target);
    }
    ctx.reply.int(1);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;

    #[test]
    fn members_are_added_counted_and_removed() {
        let mut s = Session::default();
        assert_eq!(s.run("SADD k 3 1 2 1"), ":3");
        assert_eq!(s.run("SADD k 1"), ":0");
        assert_eq!(s.run("SCARD k"), ":3");
        assert_eq!(s.run("SISMEMBER k 1"), ":1");
        assert_eq!(s.run("SISMEMBER k 01"), ":0");
        assert_eq!(s.run("SMISMEMBER k 1 x 2"), "*3 :1 :0 :1");
        assert_eq!(s.run("SMEMBERS k"), "*3 $1 1 $1 2 $1 3");
        assert_eq!(s.run("SREM k 1 x 2"), ":2");
        assert_eq!(s.run("SREM k 3"), ":1");
        assert_eq!(s.run("SCARD k"), ":0");
        assert_eq!(s.run("SMEMBERS k"), "*0");
        assert_eq!(s.run("SMISMEMBER k a b"), "*2 :0 :0");
        assert_eq!(s.run("SREM k 3"), ":0");
    }

    #[test]
    fn members_are_a_set_in_resp3() {
        let mut s = Session::default();
        s.run("SADD k 2 1");
        s.protocol = Protocol::Resp3;
        assert_eq!(s.run("SMEMBERS missing"), "~0");
        assert_eq!(s.run("SMEMBERS k"), "~2 $1 1 $1 2");
    }

    #[test]
    fn moving_a_member_touches_both_sets_or_none() {
        let mut s = Session::default();
        s.run("SADD a 1 2");
        s.run("HSET other f v");
        assert_eq!(s.run("SMOVE a b 9"), ":0");
        assert_eq!(s.run("SMOVE a b 1"), ":1");
        assert_eq!(s.run("SMOVE a a 2"), ":1");
        assert_eq!(s.run("SMOVE a a 1"), ":0");
        assert_eq!(s.run("SMOVE missing b 1"), ":0");
        assert_eq!(s.run("SMOVE missing other 1"), ":0");
        let wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value";
        assert_eq!(s.run("SMOVE a other 2"), wrong);
        assert_eq!(s.run("SMOVE other a 2"), wrong);
        assert_eq!(s.run("SMEMBERS a"), "*1 $1 2");
        assert_eq!(s.run("SMEMBERS b"), "*1 $1 1");
        s.run("SMOVE a b 2");
        assert_eq!(s.run("SCARD a"), ":0");
        assert_eq!(s.run("SMEMBERS b"), "*2 $1 1 $1 2");
    }

    #[test]
    fn other_types_are_refused() {
        let mut s = Session::default();
        s.run("HSET k f v");
        for line in ["SADD k a", "SREM k a", "SISMEMBER k a", "SMISMEMBER k a", "SCARD k", "SMEMBERS k"] {
            assert!(s.run(line).starts_with("-WRONGTYPE "), "{line}");
        }
    }
}
