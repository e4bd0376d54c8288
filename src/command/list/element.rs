//! Elements by position or value.

use super::{End, List, index_of, index_range, notify_taken, reply_len};
use crate::command::elem::bulk;
use crate::command::number::{int, parse_int};
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::Event;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "llen",
        arity: 2,
        flags: "readonly fast",
        acl: "@read @list @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Get the length of a list",
        since: "1.0.0",
        group: "list",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(llen),
        ..Spec::BLANK
    },
    Spec {
        name: "lindex",
        arity: 3,
        flags: "readonly",
        acl: "@read @list @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get an element from a list by its index",
        since: "1.0.0",
        group: "list",
        complexity: "O(N) where N is the number of elements to traverse to get to the element at index. This makes \
            asking for the first or the last element of the list O(1).",
        args: "key@0 index:int",
        run: Run::Data(lindex),
        ..Spec::BLANK
    },
    Spec {
        name: "lset",
        arity: 4,
        flags: "write denyoom",
        acl: "@write @list @slow",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the value of an element in a list by its index",
        since: "1.0.0",
        group: "list",
        complexity: "O(N) where N is the length of the list. Setting either the first or the last element of the list \
            is O(1).",
        args: "key@0 index:int element",
        run: Run::Data(lset),
        ..Spec::BLANK
    },
    Spec {
        name: "linsert",
        arity: 5,
        flags: "write denyoom",
        acl: "@write @list @slow",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Insert an element before or after another element in a list",
        since: "2.2.0",
        group: "list",
        complexity: "O(N) where N is the number of elements to traverse before seeing the value pivot. This means \
            that inserting somewhere on the left end on the list (head) can be considered O(1) and inserting \
            somewhere on the right end (tail) is O(N).",
        args: "key@0 where(BEFORE | AFTER) pivot element",
        run: Run::Data(linsert),
        ..Spec::BLANK
    },
    Spec {
        name: "lrem",
        arity: 4,
        flags: "write",
        acl: "@write @list @slow",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Remove elements from a list",
        since: "1.0.0",
        group: "list",
        complexity: "O(N+M) where N is the length of the list and M is the number of elements removed.",
        args: "key@0 count:int element",
        run: Run::Data(lrem),
        ..Spec::BLANK
    },
    Spec {
        name: "ltrim",
        arity: 4,
        flags: "write",
        acl: "@write @list @slow",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Trim a list to the specified range",
        since: "1.0.0",
        group: "list",
        complexity: "O(N) where N is the number of elements to be removed by the operation.",
        args: "key@0 start:int stop:int",
        run: Run::Data(ltrim),
        ..Spec::BLANK
    },
    Spec {
        name: "lrange",
        arity: 4,
        flags: "readonly",
        acl: "@read @list @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get a range of elements from a list",
        since: "1.0.0",
        group: "list",
        complexity: "O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end (HEAD \
            or TAIL) for large lists; and N is the number of elements in the specified range.",
        args: "key@0 start:int stop:int",
        run: Run::Data(lrange),
        ..Spec::BLANK
    },
    Spec {
        name: "lpos",
        arity: -3,
        flags: "readonly",
        acl: "@read @list @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return the index of matching elements on a list",
        since: "6.0.6",
        group: "list",
        complexity: "O(N) where N is the number of elements in the list, for the average case. When searching for \
            elements near the head or the tail of the list, or when the MAXLEN option is provided, the command may \
            run in constant time.",
        args: "key@0 element rank:int=RANK? num-matches:int=COUNT? len:int=MAXLEN?",
        run: Run::Data(lpos),
        ..Spec::BLANK
    },
];

fn llen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let len = ctx.tx.read::<List>(args.key(1))?.map_or(0, |list| list.len());
    reply_len(&mut ctx.reply, len);
    Ok(())
}

fn lindex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let Some(list) = ctx.tx.read::<List>(args.key(1))? else {
        ctx.reply.null();
        return Ok(());
    };
    match index_of(int(&args[2])?, list.len()).and_then(|index| list.get(index)) {
        Some(elem) => bulk(&mut ctx.reply, elem),
        None => ctx.reply.null(),
    }
    Ok(())
}

fn lset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    let limits = &ctx.config.limits;
    ctx.tx
        .update(key, |list: &mut List| {
            let index = index_of(int(&args[2])?, list.len()).ok_or(Error::IndexOutOfRange)?;
            list.set(index, &args[3], limits);
            Ok(())
        })?
        .unwrap_or(Err(Error::NoSuchKey))?;
    ctx.tx.notify(Event::List, "lset", key);
    ctx.reply.ok();
    Ok(())
}

fn linsert(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let behind = args.is(2, "after");
    if !behind && !args.is(2, "before") {
        return Err(Error::Syntax);
    }
    let key = args.key(1);
    let limits = &ctx.config.limits;
    let len = ctx
        .tx
        .update(key, |list: &mut List| list.insert_near(&args[3], behind, &args[4], limits).then(|| list.len()))?;
    match len {
        Some(Some(len)) => {
            ctx.tx.notify(Event::List, "linsert", key);
            reply_len(&mut ctx.reply, len);
        }
        Some(None) => ctx.reply.int(-1),
        None => ctx.reply.int(0),
    }
    Ok(())
}

fn lrem(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let count = int(&args[2])?;
    let from = if count < 0 { End::Back } else { End::Front };
    let count_max = if count == 0 { usize::MAX } else { usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX) };
    let key = args.key(1);
    let removed =
        ctx.tx.update(key, |list: &mut List| (list.remove_equal(&args[3], count_max, from), list.is_empty()))?;
    let (removed, emptied) = removed.unwrap_or_default();
    if removed > 0 {
        notify_taken(ctx, "lrem", key, emptied);
    }
    reply_len(&mut ctx.reply, removed);
    Ok(())
}

fn ltrim(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (start, stop) = (int(&args[2])?, int(&args[3])?);
    let key = args.key(1);
    let emptied = ctx.tx.update(key, |list: &mut List| {
        let (first, count) = index_range(start, stop, list.len()).unwrap_or((0, 0));
        list.remove_range(first + count, usize::MAX);
        list.remove_range(0, first);
        list.is_empty()
    })?;
    if let Some(emptied) = emptied {
        notify_taken(ctx, "ltrim", key, emptied);
    }
    ctx.reply.ok();
    Ok(())
}

fn lrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (start, stop) = (int(&args[2])?, int(&args[3])?);
    let list = ctx.tx.read::<List>(args.key(1))?;
    let Some((list, (first, count))) = list.and_then(|list| {
        let range = index_range(start, stop, list.len())?;
        Some((list, range))
    }) else {
        ctx.reply.array(0);
        return Ok(());
    };
    ctx.reply.array(count);
    list.visit(first, count, |elem| bulk(&mut ctx.reply, elem));
    Ok(())
}

/// Options of LPOS.
struct Search {
    from: End,
    /// Matches to pass over.
    skip: u64,
    /// Matches wanted, 0 for all; `None`: one, and not as an array.
    count: Option<usize>,
    compare_max: usize,
}

impl Search {
    fn parse(args: Args<'_>) -> Result<Search, Error> {
        let mut search = Search { from: End::Front, skip: 0, count: None, compare_max: usize::MAX };
        let mut at = 3;
        while at < args.len() {
            let value = args.get(at + 1).ok_or(Error::Syntax)?;
            if args.is(at, "rank") {
                let rank = int(value)?;
                search.from = if rank < 0 { End::Back } else { End::Front };
                search.skip = rank.unsigned_abs().checked_sub(1).ok_or(Error::Static(
                    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... \
                     or use negative to start from the end of the list",
                ))?;
            } else if args.is(at, "count") {
                search.count = Some(not_negative(value, "ERR COUNT can't be negative")?);
            } else if args.is(at, "maxlen") {
                let compare_max = not_negative(value, "ERR MAXLEN can't be negative")?;
                search.compare_max = if compare_max == 0 { usize::MAX } else { compare_max };
            } else {
                return Err(Error::Syntax);
            }
            at += 2;
        }
        Ok(search)
    }
}

fn lpos(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let search = Search::parse(args)?;
    let list = ctx.tx.read::<List>(args.key(1))?;
    let wanted = match search.count {
        None => 1,
        Some(0) => usize::MAX,
        Some(count) => count,
    };
    let (mut skip, mut found) = (search.skip, 0);
    let mark = ctx.reply.mark();
    if let Some(list) = list {
        list.positions(&args[2], search.from, search.compare_max, |index| {
            if skip > 0 {
                skip -= 1;
                return true;
            }
            reply_len(&mut ctx.reply, index);
            found += 1;
            found < wanted
        });
    }
    match search.count {
        Some(_) => ctx.reply.array_at(mark, found),
        None if found == 0 => ctx.reply.null(),
        None => {}
    }
    Ok(())
}

fn not_negative(arg: &[u8], line: &'static str) -> Result<usize, Error> {
    parse_int(arg).and_then(|number| usize::try_from(number).ok()).ok_or(Error::Static(line))
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;

    fn session_with(line: &str) -> Session {
        let mut session = Session::default();
        assert!(session.run(line).starts_with(':'));
        session
    }

    #[test]
    fn an_index_counts_from_either_end() {
        let mut session = session_with("RPUSH k a 1 c");
        assert_eq!(session.run("LINDEX k 0"), "$1 a");
        assert_eq!(session.run("LINDEX k -2"), "$1 1");
        assert_eq!(session.run("LINDEX k 3"), "$-1");
        assert_eq!(session.run("LINDEX k x"), "-ERR value is not an integer or out of range");
        assert_eq!(session.run("LINDEX none x"), "$-1");
        session.protocol = Protocol::Resp3;
        assert_eq!(session.run("LINDEX k -4"), "_");
    }

    #[test]
    fn lset_needs_the_key_and_the_index() {
        let mut session = session_with("RPUSH k a b");
        assert_eq!(session.run("LSET k -1 z"), "+OK");
        assert_eq!(session.run("LSET k 0 77"), "+OK");
        assert_eq!(session.run("LRANGE k 0 -1"), "*2 $2 77 $1 z");
        assert_eq!(session.run("LSET k 2 z"), "-ERR index out of range");
        assert_eq!(session.run("LSET k x z"), "-ERR value is not an integer or out of range");
        assert_eq!(session.run("LSET none x z"), "-ERR no such key");
    }

    #[test]
    fn linsert_goes_beside_the_first_pivot() {
        let mut session = session_with("RPUSH k a b a");
        assert_eq!(session.run("LINSERT k BEFORE a 1"), ":4");
        assert_eq!(session.run("linsert k after b 2"), ":5");
        assert_eq!(session.run("LRANGE k 0 -1"), "*5 $1 1 $1 a $1 b $1 2 $1 a");
        assert_eq!(session.run("LINSERT k AFTER nowhere 2"), ":-1");
        assert_eq!(session.run("LINSERT none AFTER a 2"), ":0");
        assert_eq!(session.run("LINSERT k BESIDE a 2"), "-ERR syntax error");
    }

    #[test]
    fn lrem_counts_from_the_end_that_the_sign_says() {
        let mut session = session_with("RPUSH k x 5 x x y x");
        assert_eq!(session.run("LREM k 1 x"), ":1");
        assert_eq!(session.run("LREM k -2 x"), ":2");
        assert_eq!(session.run("LRANGE k 0 -1"), "*3 $1 5 $1 x $1 y");
        assert_eq!(session.run("LREM k 0 5"), ":1");
        assert_eq!(session.run("LREM k 0 05"), ":0");
        session.run("LTRIM k 0 0");
        assert_eq!(session.run("LREM k 9 x"), ":1");
        assert_eq!(session.run("LLEN k"), ":0");
    }

    #[test]
    fn ltrim_keeps_the_range_and_removes_an_empty_list() {
        let mut session = session_with("RPUSH k a b c d e");
        assert_eq!(session.run("LTRIM k 1 -2"), "+OK");
        assert_eq!(session.run("LRANGE k 0 -1"), "*3 $1 b $1 c $1 d");
        assert_eq!(session.run("LTRIM k 5 9"), "+OK");
        assert_eq!(session.run("LPUSHX k a"), ":0");
        assert_eq!(session.run("LTRIM none x 9"), "-ERR value is not an integer or out of range");
    }

    #[test]
    fn lrange_is_empty_outside_of_the_list() {
        let mut session = session_with("RPUSH k a b c");
        assert_eq!(session.run("LRANGE k 1 1"), "*1 $1 b");
        assert_eq!(session.run("LRANGE k 2 1"), "*0");
        assert_eq!(session.run("LRANGE k 3 9"), "*0");
        assert_eq!(session.run("LRANGE none 0 -1"), "*0");
        assert_eq!(session.run("LRANGE none 0 x"), "-ERR value is not an integer or out of range");
    }

    #[test]
    fn lpos_replies_with_one_index_or_with_those_counted() {
        let mut session = session_with("RPUSH k a b c 1 2 3 c c");
        assert_eq!(session.run("LPOS k c"), ":2");
        assert_eq!(session.run("LPOS k c RANK 2"), ":6");
        assert_eq!(session.run("LPOS k c RANK -1"), ":7");
        assert_eq!(session.run("LPOS k c COUNT 2"), "*2 :2 :6");
        assert_eq!(session.run("LPOS k c RANK -1 COUNT 2"), "*2 :7 :6");
        assert_eq!(session.run("LPOS k c COUNT 0 MAXLEN 7"), "*2 :2 :6");
        assert_eq!(session.run("LPOS k c MAXLEN 2"), "$-1");
        assert_eq!(session.run("LPOS k x COUNT 0"), "*0");
        assert_eq!(session.run("LPOS none x COUNT 0"), "*0");
        assert_eq!(session.run("LPOS none x"), "$-1");
    }

    #[test]
    fn lpos_errors_are_told_apart() {
        let mut session = Session::default();
        for (line, reply) in [
            (
                "LPOS k a RANK 0",
                "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
            ),
            ("LPOS k a RANK x", "-ERR value is not an integer or out of range"),
            ("LPOS k a COUNT -1", "-ERR COUNT can't be negative"),
            ("LPOS k a MAXLEN x", "-ERR MAXLEN can't be negative"),
            ("LPOS k a COUNT", "-ERR syntax error"),
            ("LPOS k a FROM 1", "-ERR syntax error"),
        ] {
            assert_eq!(session.run(line), reply, "{line}");
        }
    }

    #[test]
    fn every_command_refuses_a_key_of_another_type() {
        let mut session = Session::default();
        session.run("SADD s v");
        for line in [
            "LPUSH s a",
            "RPUSHX s a",
            "LPOP s",
            "RPOP s 1",
            "LLEN s",
            "LINDEX s x",
            "LSET s x a",
            "LINSERT s BEFORE a b",
            "LRANGE s 0 1",
            "LREM s 0 a",
            "LTRIM s 0 1",
            "LPOS s a",
            "LMOVE s d LEFT LEFT",
            "RPOPLPUSH s d",
            "LMPOP 2 none s LEFT",
        ] {
            assert_eq!(
                session.run(line),
                "-WRONGTYPE Operation against a key holding the wrong kind of value",
                "{line}"
            );
        }
    }
}
