//! Scans and random fields.

use super::read;
use crate::command::elem::bulk;
use crate::command::scan_options::{ScanOptions, Scanned, parse_cursor};
use crate::command::set::random::random_count;
use crate::command::spec::{KeySpec, Spec};
use crate::command::{Args, Ctx, Error, Outcome, Run};
use crate::resp::Reply;
use crate::store::value::hash::Hash;
use crate::store::value::listpack::Elem;
use crate::store::value::sample::REPEATS_MAX;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "hscan",
        arity: -3,
        flags: "readonly",
        acl: "@read @hash @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Incrementally iterate hash fields and associated values",
        since: "2.8.0",
        group: "hash",
        complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the \
            cursor to return back to 0. N is the number of elements inside the collection..",
        history: &[("7.4.0", "Added the `NOVALUES` option.")],
        args: "key@0 cursor:int pattern:pattern=MATCH? count:int=COUNT? NOVALUES>7.4.0?",
        run: Run::Data(hscan),
        ..Spec::BLANK
    },
    Spec {
        name: "hrandfield",
        arity: -2,
        flags: "readonly",
        acl: "@read @hash @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get one or multiple random fields from a hash",
        since: "6.2.0",
        group: "hash",
        complexity: "O(N) where N is the number of fields returned",
        args: "key@0 options{count:int WITHVALUES?}?",
        run: Run::Data(hrandfield),
        ..Spec::BLANK
    },
];

fn hscan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let cursor = parse_cursor(args.at(2))?;
    read(ctx, args.key(1), |hash, reply| {
        reply.array(2);
        let Some(hash) = hash else {
            reply.bulk(b"0");
            reply.array(0);
            return Ok(());
        };
        let options = ScanOptions::parse(Scanned::Fields, args.skip(3))?;
        reply.bulk_int(hash.next_cursor(cursor, options.count) as i64);
        let (mark, mut shown) = (reply.mark(), 0);
        hash.scan(cursor, options.count, |field, value| {
            if !options.shows(field.as_bytes(&mut [0; 20])) {
                return;
            }
            bulk(reply, field);
            shown += 1;
            if !options.no_values {
                bulk(reply, value);
                shown += 1;
            }
        });
        reply.array_at(mark, shown);
        Ok(())
    })
}

fn hrandfield(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let Some(count) = args.get(2) else {
        return read(ctx, args.key(1), |hash, reply| {
            match hash.and_then(Hash::random) {
                Some((field, _)) => bulk(reply, field),
                None => reply.null(),
            }
            Ok(())
        });
    };
    let count = random_count(count)?;
    let with_values = args.len() == 4 && args.is(3, "withvalues");
    if args.len() > 3 && !with_values {
        return Err(Error::Syntax);
    }
    if with_values && count.unsigned_abs() > i64::MAX.unsigned_abs() / 2 {
        return Err(Error::OutOfRange);
    }
    read(ctx, args.key(1), |hash, reply| match hash {
        Some(hash) => random_fields(hash, reply, count, with_values),
        None => {
            reply.array(0);
            Ok(())
        }
    })
}

/// Answers `count` fields, possibly repeated ones if it is negative. Pairs are flat in RESP2, nested in RESP3.
fn random_fields(hash: &Hash, reply: &mut Reply<'_>, count: i64, with_values: bool) -> Outcome {
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let size = if count < 0 { wanted } else { wanted.min(hash.len()) };
    if count < 0 && size > REPEATS_MAX {
        return Err(Error::OutOfRange);
    }
    let nested = with_values && reply.is_resp3();
    reply.array(if with_values && !nested { size * 2 } else { size });
    let each = |field: Elem<'_>, value: Elem<'_>| {
        if nested {
            reply.array(2);
        }
        bulk(reply, field);
        if with_values {
            bulk(reply, value);
        }
    };
    if count < 0 {
        hash.random_repeating(size, each);
    } else {
        hash.random_distinct(size, each);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;
    use std::collections::BTreeMap;

    #[test]
    fn random_fields_come_alone_or_with_values() {
        let mut s = Session::default();
        assert_eq!(s.run("HRANDFIELD k"), "$-1");
        assert_eq!(s.run("HRANDFIELD k 5"), "*0");
        s.run("HSET k a 1 b 2");
        assert_eq!(s.run("HRANDFIELD k 5"), "*2 $1 a $1 b");
        assert_eq!(s.run("HRANDFIELD k 5 WITHVALUES"), "*4 $1 a $1 1 $1 b $1 2");
        assert_eq!(s.run("HRANDFIELD k 0"), "*0");
        assert!(s.run("HRANDFIELD k -3").starts_with("*3 $1 "));
        assert!(s.run("HRANDFIELD k -3 withvalues").starts_with("*6 $1 "));
        s.protocol = Protocol::Resp3;
        assert_eq!(s.run("HRANDFIELD k 2 WITHVALUES"), "*2 *2 $1 a $1 1 *2 $1 b $1 2");
        assert_eq!(s.run("HRANDFIELD missing"), "_");
    }

    #[test]
    fn wrong_counts_are_the_references_errors() {
        let mut s = Session::default();
        s.run("HSET k a 1");
        for (line, error) in [
            ("HRANDFIELD k x", "-ERR value is not an integer or out of range"),
            ("HRANDFIELD k 1 x", "-ERR syntax error"),
            ("HRANDFIELD k 1 WITHVALUES x", "-ERR syntax error"),
            ("HRANDFIELD k -9223372036854775807 WITHVALUES", "-ERR value is out of range"),
            (
                "HRANDFIELD k -9223372036854775808",
                "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
            ),
        ] {
            assert_eq!(s.run(line), error, "{line}");
        }
    }

    #[test]
    fn a_scan_shows_every_field_once() {
        let mut s = Session::default();
        assert_eq!(s.run("HSCAN k 0 BOGUS"), "*2 $1 0 *0");
        assert_eq!(s.run("HSCAN k -"), "-ERR invalid cursor");
        s.run("HSET small a 1 b 2 ab 3");
        assert_eq!(s.run("HSCAN small 0 MATCH a*"), "*2 $1 0 *4 $1 a $1 1 $2 ab $1 3");
        assert_eq!(s.run("HSCAN small 0 NOVALUES MATCH a*"), "*2 $1 0 *2 $1 a $2 ab");
        assert_eq!(s.run("HSCAN small 0 COUNT 0"), "-ERR syntax error");
        let pairs: Vec<String> = (0..300).map(|number| format!("f{number} v{number}")).collect();
        s.run(&format!("HSET k {}", pairs.join(" ")));
        let (mut cursor, mut seen) = ("0".to_owned(), BTreeMap::new());
        loop {
            let reply = s.run(&format!("HSCAN k {cursor} COUNT 11"));
            let words: Vec<&str> = reply.split(' ').collect();
            cursor = words[2].to_owned();
            for pair in words[4..].chunks(4) {
                assert_eq!(seen.insert(pair[1].to_owned(), pair[3].to_owned()), None);
            }
            if cursor == "0" {
                break;
            }
        }
        assert_eq!(seen.len(), 300);
        assert!(seen.iter().all(|(field, value)| field[1..] == value[1..]));
    }
}
