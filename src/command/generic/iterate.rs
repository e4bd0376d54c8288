//! Walking over the keyspace.

use std::ops::ControlFlow;

use crate::command::glob::Pattern;
use crate::command::scan_options::{ScanOptions, Scanned, parse_cursor};
use crate::command::spec::{Run, Spec};
use crate::command::{Args, Ctx, Outcome};
use crate::resp::Reply;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "keys",
        arity: 2,
        flags: "readonly",
        acl: "@keyspace @read @slow @dangerous",
        tips: &["request_policy:all_shards", "nondeterministic_output_order"],
        summary: "Find all keys matching the given pattern",
        since: "1.0.0",
        group: "generic",
        complexity: "O(N) with N being the number of keys in the database, under the assumption that the key names in \
            the database and the given pattern have limited length.",
        args: "pattern:pattern",
        run: Run::Data(keys),
        ..Spec::BLANK
    },
    Spec {
        name: "scan",
        arity: -2,
        flags: "readonly",
        acl: "@keyspace @read @slow",
        tips: &["nondeterministic_output", "request_policy:special"],
        summary: "Incrementally iterate the keys space",
        since: "2.8.0",
        group: "generic",
        complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the \
            cursor to return back to 0. N is the number of elements inside the collection.",
        history: &[("6.0.0", "Added the `TYPE` subcommand.")],
        args: "cursor:int pattern:pattern=MATCH? count:int=COUNT? type:string=TYPE>6.0.0?",
        run: Run::Data(scan),
        ..Spec::BLANK
    },
    Spec {
        name: "randomkey",
        arity: 1,
        flags: "readonly",
        acl: "@keyspace @read @slow",
        tips: &["request_policy:all_shards", "nondeterministic_output"],
        summary: "Return a random key from the keyspace",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        run: Run::Data(randomkey),
        ..Spec::BLANK
    },
];

/// KEYS pattern. O(keys); each slot is locked only while it is looked at.
fn keys(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let pattern = Pattern::new(args.at(1));
    let mark = ctx.reply.mark();
    let mut count = 0;
    ctx.tx.keyspace().walk(ctx.tx.database(), ctx.tx.now_ms(), |entry| {
        if pattern.matches(entry.key()) {
            ctx.reply.bulk(entry.key());
            count += 1;
        }
        ControlFlow::Continue(())
    });
    ctx.reply.array_at(mark, count);
    Ok(())
}

/// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type].
fn scan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let cursor = parse_cursor(args.at(1))?;
    let options = ScanOptions::parse(Scanned::Keys, args.skip(2))?;
    // The cursor stands in front of the keys and is known after them.
    let mut found = Vec::new();
    let mut keys = Reply::new(&mut found, ctx.reply.protocol());
    let mut count = 0;
    let next = ctx.tx.keyspace().scan(ctx.tx.database(), cursor, options.count, ctx.tx.now_ms(), |entry| {
        let typed = options.type_name.is_none_or(|name| name.eq_ignore_ascii_case(entry.kind().name().as_bytes()));
        if typed && options.shows(entry.key()) {
            keys.bulk(entry.key());
            count += 1;
        }
    });
    ctx.reply.array(2);
    ctx.reply.bulk(itoa::Buffer::new().format(next).as_bytes());
    ctx.reply.array(count);
    ctx.reply.raw(&found);
    Ok(())
}

/// RANDOMKEY.
fn randomkey(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    match ctx.tx.keyspace().random_key(ctx.tx.database(), ctx.tx.now_ms()) {
        Some(key) => ctx.reply.bulk(&key),
        None => ctx.reply.null(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use std::collections::HashSet;

    fn scan_all(session: &mut Session, options: &str) -> HashSet<String> {
        let mut seen = HashSet::new();
        let mut cursor = "0".to_owned();
        for _ in 0..100_000 {
            let reply = session.run(&format!("SCAN {cursor} {options}"));
            let words: Vec<&str> = reply.split(' ').collect();
            assert_eq!((words[0], words[3].starts_with('*')), ("*2", true), "{reply}");
            seen.extend(words[4..].iter().skip(1).step_by(2).map(|key| (*key).to_owned()));
            cursor = words[2].to_owned();
            if cursor == "0" {
                return seen;
            }
        }
        panic!("the scan ends");
    }

    #[test]
    fn keys_are_those_that_match_and_live() {
        let mut session = Session::default();
        assert_eq!(session.run("KEYS *"), "*0");
        session.run("MSET foo 1 fox 2 bar 3");
        session.run("SET fog 4 PX 10");
        session.now_ms += 10;
        assert_eq!(session.run("KEYS b?r"), "*1 $3 bar");
        assert!(session.run("KEYS fo*").starts_with("*2 "));
        assert!(session.run("KEYS *").starts_with("*3 "));
    }

    #[test]
    fn a_scan_sees_every_key_that_passes() {
        let mut session = Session::default();
        for number in 0..500 {
            session.run(&format!("SET key:{number} v"));
            session.run(&format!("SET {{t}}{number} v"));
        }
        session.run("SADD set a");
        assert_eq!(scan_all(&mut session, "COUNT 7").len(), 1001);
        assert_eq!(scan_all(&mut session, "MATCH {t}*").len(), 500);
        assert_eq!(scan_all(&mut session, "TYPE SET COUNT 1000").len(), 1);
        assert_eq!(scan_all(&mut session, "TYPE nothing").len(), 0);
    }

    #[test]
    fn wrong_scan_options_are_refused() {
        let mut session = Session::default();
        assert_eq!(session.run("SCAN x"), "-ERR invalid cursor");
        for options in ["COUNT 0", "COUNT", "MATCH", "TYPE", "foo bar"] {
            assert_eq!(session.run(&format!("SCAN 0 {options}")), "-ERR syntax error", "{options}");
        }
        assert_eq!(session.run("SCAN 0 COUNT x"), "-ERR value is not an integer or out of range");
        assert_eq!(session.run("SCAN 0"), "*2 $1 0 *0");
    }

    #[test]
    fn a_random_key_is_one_of_those_that_live() {
        let mut session = Session::default();
        assert_eq!(session.run("RANDOMKEY"), "$-1");
        session.run("SET a 1");
        session.run("SET b 1 PX 1");
        session.now_ms += 1;
        assert_eq!(session.run("RANDOMKEY"), "$1 a");
    }
}
