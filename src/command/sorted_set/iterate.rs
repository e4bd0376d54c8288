//! Random members and scans.

use super::shape::Shape;
use crate::command::elem::bulk;
use crate::command::number;
use crate::command::scan_options::{self, ScanOptions, Scanned};
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::resp::reply::Double;
use crate::store::value::listpack::Elem;
use crate::store::value::sample;
use crate::store::value::sorted_set::SortedSet;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "zrandmember",
        arity: -2,
        flags: "readonly",
        acl: "@read @sortedset @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get one or multiple random elements from a sorted set",
        since: "6.2.0",
        group: "sorted-set",
        complexity: "O(N) where N is the number of elements returned",
        args: "key@0 options{count:int WITHSCORES?}?",
        run: Run::Data(zrandmember),
        ..Spec::BLANK
    },
    Spec {
        name: "zscan",
        arity: -3,
        flags: "readonly",
        acl: "@read @sortedset @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Incrementally iterate sorted sets elements and associated scores",
        since: "2.8.0",
        group: "sorted-set",
        complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the \
            cursor to return back to 0. N is the number of elements inside the collection..",
        args: "key@0 cursor:int pattern:pattern=MATCH? count:int=COUNT?",
        run: Run::Data(zscan),
        ..Spec::BLANK
    },
];

fn zrandmember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if args.len() == 2 {
        match ctx.tx.read::<SortedSet>(args.key(1))?.as_deref().and_then(random) {
            Some((member, _)) => bulk(&mut ctx.reply, member),
            None => ctx.reply.null(),
        }
        return Ok(());
    }
    let count = number::int(args.at(2))?;
    if count == i64::MIN {
        return Err(Error::Static(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        ));
    }
    if args.len() > 4 || (args.len() == 4 && !args.is(3, "withscores")) {
        return Err(Error::Syntax);
    }
    let with_scores = args.len() == 4;
    if with_scores && !(-i64::MAX / 2..=i64::MAX / 2).contains(&count) {
        return Err(Error::OutOfRange);
    }
    let shape = Shape::new(&ctx.reply, with_scores);
    let Some(set) = ctx.tx.read::<SortedSet>(args.key(1))? else {
        ctx.reply.array(0);
        return Ok(());
    };
    if count < 0 {
        // The same member may come again and again; the reply is as long as asked for.
        let count = usize::try_from(count.unsigned_abs()).ok().filter(|count| *count <= REPEATS_MAX);
        let count = count.ok_or(Error::OutOfRange)?;
        shape.header(&mut ctx.reply, count);
        for (member, score) in (0..count).filter_map(|_| random(&set)) {
            shape.item(&mut ctx.reply, member, score);
        }
        return Ok(());
    }
    let ranks = sample::distinct(set.len(), usize::try_from(count).unwrap_or(usize::MAX));
    shape.header(&mut ctx.reply, ranks.len());
    // Ascending, so one walk serves a dense sample; a sparse one looks each rank up.
    if ranks.len() > set.len() / 4 {
        let (mut items, mut next) = (set.iter(), 0);
        for rank in ranks {
            if let Some((member, score)) = items.nth(rank - next) {
                shape.item(&mut ctx.reply, member, score);
            }
            next = rank + 1;
        }
    } else {
        for (member, score) in ranks.filter_map(|rank| set.get(rank)) {
            shape.item(&mut ctx.reply, member, score);
        }
    }
    Ok(())
}

/// Members a ZRANDMEMBER with a negative count replies at most; the reference writes until memory ends.
const REPEATS_MAX: usize = 1 << 24;

fn random(set: &SortedSet) -> Option<(Elem<'_>, f64)> {
    if set.is_empty() { None } else { set.get(fastrand::usize(..set.len())) }
}

fn zscan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let cursor = scan_options::parse_cursor(args.at(2))?;
    let Some(set) = ctx.tx.read::<SortedSet>(args.key(1))? else {
        ctx.reply.array(2);
        ctx.reply.bulk(b"0");
        ctx.reply.array(0);
        return Ok(());
    };
    let options = ScanOptions::parse(Scanned::Members, args.skip(3))?;
    let reply = &mut ctx.reply;
    reply.array(2);
    reply.bulk_int(set.next_cursor(cursor, options.count) as i64);
    let (mark, mut shown) = (reply.mark(), 0);
    set.scan(cursor, options.count, |member, score| {
        if options.shows(member.as_bytes(&mut [0; 20])) {
            shown += 2;
            bulk(reply, member);
            // A bulk string in RESP3 too.
            match set.stored_integer(score) {
                Some(number) => reply.bulk_int(number),
                None => reply.bulk(Double::format(score).as_bytes()),
            }
        }
    });
    reply.array_at(mark, shown);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;
    use std::collections::BTreeSet;

    fn filled(members: usize) -> Session {
        let mut s = Session::default();
        for n in 0..members {
            s.run(&format!("ZADD z {n} m{n}"));
        }
        s
    }

    #[test]
    fn zrandmember_draws_distinct_members_or_repeats() {
        for members in [5, 300] {
            let mut s = filled(members);
            assert!(s.run("ZRANDMEMBER z").starts_with('$'));
            for count in [1, 3, members, members + 7] {
                let reply = s.run(&format!("ZRANDMEMBER z {count} WITHSCORES"));
                let words: Vec<&str> = reply.split(' ').collect();
                let names: BTreeSet<&str> = words.iter().filter(|word| word.starts_with('m')).copied().collect();
                let count = count.min(members);
                assert_eq!((words[0], names.len()), (format!("*{}", 2 * count).as_str(), count));
                let scored = words[1..].chunks(4).all(|pair| pair[1].strip_prefix('m') == Some(pair[3]));
                assert!(scored, "{reply}");
            }
            assert!(s.run("ZRANDMEMBER z -700").starts_with("*700 "));
            assert_eq!(s.run("ZRANDMEMBER z 0"), "*0");
            s.protocol = Protocol::Resp3;
            assert!(s.run("ZRANDMEMBER z -2 WITHSCORES").starts_with("*2 *2 $"));
        }
    }

    #[test]
    fn zrandmember_of_nothing_and_with_wrong_arguments() {
        let mut s = Session::default();
        let between = "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
        for (line, reply) in [
            ("ZRANDMEMBER none", "$-1"),
            ("ZRANDMEMBER none 5", "*0"),
            ("ZRANDMEMBER none a", "-ERR value is not an integer or out of range"),
            ("ZRANDMEMBER none -9223372036854775808", between),
            ("ZRANDMEMBER none 1 scores", "-ERR syntax error"),
            ("ZRANDMEMBER none 1 WITHSCORES x", "-ERR syntax error"),
            ("ZRANDMEMBER none 9223372036854775807 WITHSCORES", "-ERR value is out of range"),
        ] {
            assert_eq!(s.run(line), reply, "{line}");
        }
    }

    #[test]
    fn zscan_shows_members_and_scores_until_the_cursor_is_0() {
        let mut s = filled(2);
        s.protocol = Protocol::Resp3;
        assert_eq!(s.run("ZSCAN z 0"), "*2 $1 0 *4 $2 m0 $1 0 $2 m1 $1 1");
        assert_eq!(s.run("ZSCAN z 0 MATCH *1 COUNT 1"), "*2 $1 0 *2 $2 m1 $1 1");
        assert_eq!(s.run("ZSCAN none 0 BOGUS"), "*2 $1 0 *0");
        assert_eq!(s.run("ZSCAN z 0 BOGUS"), "-ERR syntax error");
        assert_eq!(s.run("ZSCAN z x"), "-ERR invalid cursor");

        let mut s = filled(1_000);
        let (mut cursor, mut names) = ("0".to_owned(), BTreeSet::new());
        loop {
            let reply = s.run(&format!("ZSCAN z {cursor} COUNT 50"));
            let words: Vec<&str> = reply.split(' ').collect();
            assert_eq!(words[3], "*100");
            names.extend(words.iter().filter(|word| word.starts_with('m')).map(|word| word.to_string()));
            cursor = words[2].to_owned();
            if cursor == "0" {
                break;
            }
        }
        assert_eq!(names.len(), 1_000);
    }
}
