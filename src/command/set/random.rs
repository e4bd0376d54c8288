//! Random members and scans.

use crate::command::elem::bulk;
use crate::command::number::{int, parse_int};
use crate::command::scan_options::{ScanOptions, Scanned, parse_cursor};
use crate::command::spec::{KeySpec, Spec};
use crate::command::{Args, Ctx, Error, Outcome, Run};
use crate::store::Event;
use crate::store::value::sample::REPEATS_MAX;
use crate::store::value::set::Set;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "spop",
        arity: -2,
        flags: "write fast",
        acl: "@write @set @fast",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Remove and return one or multiple random members from a set",
        since: "1.0.0",
        group: "set",
        complexity: "Without the count argument O(1), otherwise O(N) where N is the value of the passed count.",
        history: &[("3.2.0", "Added the `count` argument.")],
        args: "key@0 count:int>3.2.0?",
        run: Run::Data(spop),
        ..Spec::BLANK
    },
    Spec {
        name: "srandmember",
        arity: -2,
        flags: "readonly",
        acl: "@read @set @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get one or multiple random members from a set",
        since: "1.0.0",
        group: "set",
        complexity: "Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed \
            count.",
        history: &[("2.6.0", "Added the optional `count` argument.")],
        args: "key@0 count:int>2.6.0?",
        run: Run::Data(srandmember),
        ..Spec::BLANK
    },
    Spec {
        name: "sscan",
        arity: -3,
        flags: "readonly",
        acl: "@read @set @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Incrementally iterate Set elements",
        since: "2.8.0",
        group: "set",
        complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the \
            cursor to return back to 0. N is the number of elements inside the collection..",
        args: "key@0 cursor:int pattern:pattern=MATCH? count:int=COUNT?",
        run: Run::Data(sscan),
        ..Spec::BLANK
    },
];

fn spop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    match args.len() {
        2 => spop_one(ctx, args),
        3 => spop_many(ctx, args),
        _ => Err(Error::Syntax),
    }
}

fn spop_one(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    let Ctx { tx, reply, .. } = ctx;
    let emptied = tx.update(key, |set: &mut Set| {
        set.pop_random(|member| bulk(reply, member));
        set.is_empty()
    })?;
    match emptied {
        None => ctx.reply.null(),
        Some(emptied) => {
            ctx.tx.notify(Event::Set, "spop", key);
            if emptied {
                ctx.tx.notify(Event::Generic, "del", key);
            }
        }
    }
    Ok(())
}

fn spop_many(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    let count = parse_int(args.at(2)).and_then(|count| usize::try_from(count).ok()).ok_or(Error::NotPositive)?;
    let Ctx { tx, reply, .. } = ctx;
    let popped = tx.update(key, |set: &mut Set| {
        let count = count.min(set.len());
        reply.set(count);
        if count == set.len() {
            set.iter().for_each(|member| bulk(reply, member));
            *set = Set::new();
        } else {
            (0..count).for_each(|_| _ = set.pop_random(|member| bulk(reply, member)));
        }
        (count, set.is_empty())
    })?;
    let Some((count, emptied)) = popped else {
        ctx.reply.set(0);
        return Ok(());
    };
    if count > 0 {
        ctx.tx.notify(Event::Set, "spop", key);
    }
    if emptied {
        ctx.tx.notify(Event::Generic, "del", key);
    }
    Ok(())
}

fn srandmember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if args.len() > 3 {
        return Err(Error::Syntax);
    }
    let count = args.get(2).map(random_count).transpose()?;
    let Ctx { tx, reply, .. } = ctx;
    let set = tx.read::<Set>(args.key(1))?;
    let set = set.as_deref();
    let Some(count) = count else {
        match set.and_then(Set::random) {
            Some(member) => bulk(reply, member),
            None => reply.null(),
        }
        return Ok(());
    };
    let Some(set) = set else {
        reply.array(0);
        return Ok(());
    };
    if count < 0 {
        let count = usize::try_from(-count).ok().filter(|count| *count <= REPEATS_MAX).ok_or(Error::OutOfRange)?;
        reply.array(count);
        set.random_repeating(count, |member| bulk(reply, member));
    } else {
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(set.len());
        reply.array(count);
        set.random_distinct(count, |member| bulk(reply, member));
    }
    Ok(())
}

/// How many random elements a client wants, the same ones again and again if negative; its absolute value
/// fits too.
pub(in crate::command) fn random_count(text: &[u8]) -> Result<i64, Error> {
    match int(text)? {
        i64::MIN => Err(Error::Static(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        )),
        count => Ok(count),
    }
}

fn sscan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let cursor = parse_cursor(args.at(2))?;
    let Ctx { tx, reply, .. } = ctx;
    let set = tx.read::<Set>(args.key(1))?;
    let set = set.as_deref();
    reply.array(2);
    let Some(set) = set else {
        reply.bulk(b"0");
        reply.array(0);
        return Ok(());
    };
    let options = ScanOptions::parse(Scanned::Members, args.skip(3))?;
    reply.bulk_int(set.next_cursor(cursor, options.count) as i64);
    let (mark, mut shown) = (reply.mark(), 0);
    set.scan(cursor, options.count, |member| {
        if options.shows(member.as_bytes(&mut [0; 20])) {
            bulk(reply, member);
            shown += 1;
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

    /// Bulk strings of a flat reply.
    fn bulks(reply: &str) -> BTreeSet<String> {
        let words: Vec<&str> = reply.split(' ').collect();
        words.windows(2).filter(|pair| pair[0].starts_with('$')).map(|pair| pair[1].to_owned()).collect()
    }

    #[test]
    fn popping_removes_what_it_answers() {
        let mut s = Session::default();
        assert_eq!(s.run("SPOP k"), "$-1");
        assert_eq!(s.run("SPOP k 3"), "*0");
        s.run("SADD k a b c d");
        assert_eq!(s.run("SPOP k 0"), "*0");
        let one = s.run("SPOP k");
        assert_eq!(s.run(&format!("SISMEMBER k {}", &one[3..])), ":0");
        let two = s.run("SPOP k 2");
        assert_eq!(bulks(&two).len(), 2);
        assert_eq!(s.run("SCARD k"), ":1");
        let last = s.run("SPOP k 100");
        assert!(last.starts_with("*1 $1 "));
        assert_eq!(s.run("SCARD k"), ":0");
        assert_eq!(s.run("SPOP k"), "$-1");
    }

    #[test]
    fn a_big_set_is_popped_to_the_last_member() {
        let mut s = Session::default();
        let members: Vec<String> = (0..700).map(|number| format!("m{number}")).collect();
        s.run(&format!("SADD k {}", members.join(" ")));
        let mut seen = BTreeSet::new();
        while seen.len() < 700 {
            let before = seen.len();
            let reply = s.run("SPOP k 33");
            seen.extend(bulks(&reply));
            assert_eq!(seen.len(), (before + 33).min(700));
        }
        assert_eq!(s.run("SPOP k 33"), "*0");
    }

    #[test]
    fn random_members_are_distinct_or_repeated_as_asked() {
        let mut s = Session::default();
        assert_eq!(s.run("SRANDMEMBER k"), "$-1");
        assert_eq!(s.run("SRANDMEMBER k 3"), "*0");
        s.run("SADD k 1 2 3");
        assert_eq!(s.run("SRANDMEMBER k 0"), "*0");
        assert_eq!(s.run("SRANDMEMBER k 9"), "*3 $1 1 $1 2 $1 3");
        assert_eq!(bulks(&s.run("SRANDMEMBER k 2")).len(), 2);
        assert!(s.run("SRANDMEMBER k -9").starts_with("*9 $1 "));
        assert!(s.run("SRANDMEMBER k").starts_with("$1 "));
    }

    #[test]
    fn wrong_counts_are_the_references_errors() {
        let mut s = Session::default();
        s.run("SADD k 1");
        let not_positive = "-ERR value is out of range, must be positive";
        for (line, error) in [
            ("SPOP k -1", not_positive),
            ("SPOP k x", not_positive),
            ("SPOP k 1 2", "-ERR syntax error"),
            ("SRANDMEMBER k x", "-ERR value is not an integer or out of range"),
            ("SRANDMEMBER k 1 2", "-ERR syntax error"),
            (
                "SRANDMEMBER k -9223372036854775808",
                "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
            ),
        ] {
            assert_eq!(s.run(line), error, "{line}");
        }
    }

    #[test]
    fn a_scan_shows_every_member_once() {
        let mut s = Session::default();
        assert_eq!(s.run("SSCAN k 0 BOGUS"), "*2 $1 0 *0");
        assert_eq!(s.run("SSCAN k x"), "-ERR invalid cursor");
        let members: Vec<String> = (0..300).map(|number| format!("m{number}")).collect();
        s.run(&format!("SADD k {}", members.join(" ")));
        assert_eq!(s.run("SSCAN k 0 BOGUS"), "-ERR syntax error");
        let (mut cursor, mut seen) = ("0".to_owned(), Vec::new());
        loop {
            let reply = s.run(&format!("SSCAN k {cursor} COUNT 7 MATCH m*"));
            let words: Vec<&str> = reply.split(' ').collect();
            cursor = words[2].to_owned();
            seen.extend(words[4..].iter().filter(|word| word.starts_with('m')).map(|word| word.to_string()));
            if cursor == "0" {
                break;
            }
        }
        assert_eq!(seen.len(), 300);
        assert_eq!(BTreeSet::from_iter(seen), BTreeSet::from_iter(members));
        s.run("SADD ints 1 2 30");
        assert_eq!(s.run("SSCAN ints 0 MATCH [13]*"), "*2 $1 0 *2 $1 1 $2 30");
    }

    #[test]
    fn resp3_pops_a_set_and_samples_an_array() {
        let mut s = Session::default();
        s.run("SADD k 1");
        s.protocol = Protocol::Resp3;
        assert_eq!(s.run("SRANDMEMBER missing"), "_");
        assert_eq!(s.run("SRANDMEMBER k 1"), "*1 $1 1");
        assert_eq!(s.run("SPOP k 1"), "~1 $1 1");
        assert_eq!(s.run("SPOP k 1"), "~0");
    }
}
