//! Fields read as numbers.

use super::{Change, if_any, upsert};
use crate::command::number::{Extended, int, parse_int};
use crate::command::spec::{KeySpec, Spec};
use crate::command::{Args, Ctx, Error, Outcome, Run};
use crate::store::value::hash::Hash;
use crate::store::value::listpack::Elem;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "hincrby",
        arity: 4,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Increment the integer value of a hash field by the given number",
        since: "2.0.0",
        group: "hash",
        complexity: "O(1)",
        args: "key@0 field increment:int",
        first_member: 2,
        run: Run::Data(hincrby),
        ..Spec::BLANK
    },
    Spec {
        name: "hincrbyfloat",
        arity: 4,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Increment the float value of a hash field by the given amount",
        since: "2.6.0",
        group: "hash",
        complexity: "O(1)",
        args: "key@0 field increment:double",
        first_member: 2,
        run: Run::Data(hincrbyfloat),
        ..Spec::BLANK
    },
];

fn hincrby(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let increment = int(args.at(3))?;
    let field = args.at(2);
    let limits = &ctx.config.limits;
    let sum = upsert(&mut ctx.tx, args.key(1), |hash: &mut Hash| {
        let value = match hash.get(field) {
            None => Some(0),
            Some(Elem::Int(value)) => Some(value),
            Some(Elem::Bytes(text)) => parse_int(text),
        };
        let sum = value
            .ok_or(Error::Static("ERR hash value is not an integer"))
            .and_then(|value| value.checked_add(increment).ok_or(Error::Overflow));
        if let Ok(sum) = sum {
            hash.set_keeping_expiry(field, itoa::Buffer::new().format(sum).as_bytes(), limits);
        }
        Change { events: if_any(sum.is_ok(), &["hincrby"]), result: sum }
    })??;
    ctx.reply.int(sum);
    Ok(())
}

fn hincrbyfloat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let increment = Extended::parse(args.at(3)).ok_or(Error::NotFloat)?;
    if !increment.is_finite() {
        return Err(Error::Static("ERR value is NaN or Infinity"));
    }
    let field = args.at(2);
    let limits = &ctx.config.limits;
    let sum = upsert(&mut ctx.tx, args.key(1), |hash: &mut Hash| {
        let value = hash.get(field).unwrap_or(Elem::Int(0));
        let sum = Extended::parse(value.as_bytes(&mut [0; 20]))
            .ok_or(Error::Static("ERR hash value is not a float"))
            .and_then(|value| {
                value.checked_add(increment).ok_or(Error::Static("ERR increment would produce NaN or Infinity"))
            })
            .map(|sum| {
                let mut text = Vec::with_capacity(32);
                sum.push_human(&mut text);
                hash.set_keeping_expiry(field, &text, limits);
                text
            });
        Change { events: if_any(sum.is_ok(), &["hincrbyfloat"]), result: sum }
    })??;
    ctx.reply.bulk(&sum);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn integers_are_added_to() {
        let mut s = Session::default();
        assert_eq!(s.run("HINCRBY k a 5"), ":5");
        assert_eq!(s.run("HINCRBY k a -7"), ":-2");
        s.run("HSET k text x max 9223372036854775807");
        assert_eq!(s.run("HINCRBY k text 1"), "-ERR hash value is not an integer");
        assert_eq!(s.run("HINCRBY k max 1"), "-ERR increment or decrement would overflow");
        assert_eq!(s.run("HINCRBY k a 1.5"), "-ERR value is not an integer or out of range");
        assert_eq!(s.run("HGET k max"), "$19 9223372036854775807");
    }

    #[test]
    fn floats_are_added_to() {
        let mut s = Session::default();
        assert_eq!(s.run("HINCRBYFLOAT k a 0.1"), "$3 0.1");
        assert_eq!(s.run("HINCRBYFLOAT k a 0.2"), "$3 0.3");
        assert_eq!(s.run("HINCRBYFLOAT k a 1e3"), "$22 1000.29999999999999999");
        s.run("HSET k text x int 5");
        assert_eq!(s.run("HINCRBYFLOAT k int 1"), "$1 6");
        assert_eq!(s.run("HINCRBYFLOAT k text 1"), "-ERR hash value is not a float");
        assert_eq!(s.run("HINCRBYFLOAT k a x"), "-ERR value is not a valid float");
        assert_eq!(s.run("HINCRBYFLOAT k a inf"), "-ERR value is NaN or Infinity");
    }

    #[test]
    fn an_increment_keeps_the_time_to_live() {
        let mut s = Session::default();
        s.run("HSET k a 1 b 1");
        s.run("HPEXPIRE k 50 FIELDS 2 a b");
        s.run("HINCRBY k a 1");
        s.run("HINCRBYFLOAT k b 1");
        assert_eq!(s.run("HPTTL k FIELDS 2 a b"), "*2 :50 :50");
        s.now_ms += 50;
        assert_eq!(s.run("HINCRBY k a 1"), ":1");
        assert_eq!(s.run("HPTTL k FIELDS 2 a b"), "*2 :-1 :-2");
    }

    #[test]
    fn a_failed_increment_leaves_no_key_behind() {
        let mut s = Session::default();
        s.run("HSET k text x");
        s.run("HINCRBY k text 1");
        assert_eq!(s.run("HGETALL k"), "*2 $4 text $1 x");
        s.run("SADD set 1");
        assert!(s.run("HINCRBY set a 1").starts_with("-WRONGTYPE "));
        assert!(s.run("HINCRBYFLOAT set a 1").starts_with("-WRONGTYPE "));
    }
}
