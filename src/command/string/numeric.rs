//! Strings read as numbers.

use crate::command::number::{Extended, int};
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::{Event, Overflow, Str, Ttl};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "incr",
        arity: 2,
        flags: "write denyoom fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Increment the integer value of a key by one",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(incr),
        ..Spec::BLANK
    },
    Spec {
        name: "decr",
        arity: 2,
        flags: "write denyoom fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Decrement the integer value of a key by one",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(decr),
        ..Spec::BLANK
    },
    Spec {
        name: "incrby",
        arity: 3,
        flags: "write denyoom fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Increment the integer value of a key by the given amount",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0 increment:int",
        run: Run::Data(incrby),
        ..Spec::BLANK
    },
    Spec {
        name: "decrby",
        arity: 3,
        flags: "write denyoom fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Decrement the integer value of a key by the given number",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0 decrement:int",
        run: Run::Data(decrby),
        ..Spec::BLANK
    },
    Spec {
        name: "incrbyfloat",
        arity: 3,
        flags: "write denyoom fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Increment the float value of a key by the given amount",
        since: "2.6.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0 increment:double",
        run: Run::Data(incrbyfloat),
        ..Spec::BLANK
    },
];

/// INCR key.
fn incr(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    add(ctx, args, 1)
}

/// DECR key.
fn decr(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    add(ctx, args, -1)
}

/// INCRBY key increment.
fn incrby(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    add(ctx, args, int(args.at(2))?)
}

/// DECRBY key decrement.
fn decrby(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let amount = int(args.at(2))?;
    add(ctx, args, amount.checked_neg().ok_or(Error::Static("ERR decrement would overflow"))?)
}

fn add(ctx: &mut Ctx<'_>, args: Args<'_>, amount: i64) -> Outcome {
    let key = args.key(1);
    // Nearly always it is kept as an integer.
    if let Some(sum) = ctx.tx.add_int(key, amount) {
        let sum = sum.map_err(|Overflow| Error::Overflow)?;
        ctx.tx.notify(Event::String, "incrby", key);
        ctx.reply.int(sum);
        return Ok(());
    }
    let value = match ctx.tx.string(key)? {
        None => 0,
        Some(Str::Int(value)) => value,
        Some(Str::Bytes(text)) => int(text)?,
    };
    let sum = value.checked_add(amount).ok_or(Error::Overflow)?;
    ctx.tx.set_int(key, sum, Ttl::Keep);
    ctx.tx.notify(Event::String, "incrby", key);
    ctx.reply.int(sum);
    Ok(())
}

/// INCRBYFLOAT key increment.
fn incrbyfloat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    let value = match ctx.tx.string(key)? {
        None => Extended::from(0),
        Some(Str::Int(value)) => Extended::from(value),
        Some(Str::Bytes(text)) => Extended::parse(text).ok_or(Error::NotFloat)?,
    };
    let amount = Extended::parse(args.at(2)).ok_or(Error::NotFloat)?;
    let sum = value.checked_add(amount).ok_or(Error::Static("ERR increment would produce NaN or Infinity"))?;
    let text = sum.to_human();
    ctx.tx.set_bytes(key, &text, Ttl::Keep);
    ctx.tx.notify(Event::String, "incrbyfloat", key);
    ctx.reply.bulk(&text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn counters_start_at_0_and_keep_their_expiry() {
        let mut session = Session::default();
        assert_eq!(session.run("INCR n"), ":1");
        assert_eq!(session.run("INCRBY n 10"), ":11");
        assert_eq!(session.run("DECR n"), ":10");
        assert_eq!(session.run("DECRBY n -5"), ":15");
        session.run("EXPIRE n 100");
        assert_eq!(session.run("INCR n"), ":16");
        assert_eq!(session.run("TTL n"), ":100");
        assert_eq!(session.run("GET n"), "$2 16");
    }

    #[test]
    fn sums_stay_within_64_bits() {
        let mut session = Session::default();
        session.run("SET n 9223372036854775807");
        assert_eq!(session.run("INCR n"), "-ERR increment or decrement would overflow");
        assert_eq!(session.run("INCRBY n -1"), ":9223372036854775806");
        session.run("SET n -9223372036854775808");
        assert_eq!(session.run("DECR n"), "-ERR increment or decrement would overflow");
        assert_eq!(session.run("DECRBY n -9223372036854775808"), "-ERR decrement would overflow");
        assert_eq!(session.run("INCRBY n 9223372036854775808"), "-ERR value is not an integer or out of range");
    }

    #[test]
    fn only_integers_are_counted_up() {
        let mut session = Session::default();
        for value in ["a", "\"\"", "1.0", "\" 1\"", "01", "+1"] {
            session.run(&format!("SET n {value}"));
            assert_eq!(session.run("INCR n"), "-ERR value is not an integer or out of range", "{value}");
        }
        session.run("SET n 1");
        session.run("APPEND n 2");
        assert_eq!(session.run("INCR n"), ":13");
        session.run("SADD l 1");
        assert!(session.run("INCR l").starts_with("-WRONGTYPE"));
        assert_eq!(session.run("INCRBY l x"), "-ERR value is not an integer or out of range");
    }

    #[test]
    fn floats_are_added_in_80_bits_and_print_for_humans() {
        let mut session = Session::default();
        assert_eq!(session.run("INCRBYFLOAT f 0.1"), "$3 0.1");
        assert_eq!(session.run("INCRBYFLOAT f 0.2"), "$3 0.3");
        session.run("EXPIRE f 100");
        assert_eq!(session.run("INCRBYFLOAT f 2.7"), "$1 3");
        assert_eq!(session.run("TTL f"), ":100");
        assert_eq!(session.run("OBJECT ENCODING f"), "$6 embstr");
        assert_eq!(session.run("INCR f"), ":4");
        assert_eq!(session.run("INCRBYFLOAT f 5e3"), "$4 5004");
        assert_eq!(session.run("INCRBYFLOAT f abc"), "-ERR value is not a valid float");
        assert_eq!(session.run("INCRBYFLOAT f inf"), "-ERR increment would produce NaN or Infinity");
        session.run("SADD l 1");
        assert!(session.run("INCRBYFLOAT l abc").starts_with("-WRONGTYPE"));
    }
}
