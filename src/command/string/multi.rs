//! Many keys with one command.

use super::options::{Condition, Grammar, Options};
use super::value::{answer, write};
use crate::command::number::parse_int;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::Ttl;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "mget",
        arity: -2,
        flags: "readonly fast",
        acl: "@read @string @fast",
        tips: &["request_policy:multi_shard"],
        keys: &[KeySpec::range("RO access", 1, -1, 1)],
        summary: "Get the values of all the given keys",
        since: "1.0.0",
        group: "string",
        complexity: "O(N) where N is the number of keys to retrieve.",
        args: "key@0*",
        run: Run::Data(mget),
        ..Spec::BLANK
    },
    Spec {
        name: "mset",
        arity: -3,
        flags: "write denyoom",
        acl: "@write @string @slow",
        tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
        keys: &[KeySpec::range("OW update", 1, -1, 2)],
        summary: "Set multiple keys to multiple values",
        since: "1.0.1",
        group: "string",
        complexity: "O(N) where N is the number of keys to set.",
        args: "key_value{key@0 value}*",
        run: Run::Data(mset),
        ..Spec::BLANK
    },
    Spec {
        name: "msetnx",
        arity: -3,
        flags: "write denyoom",
        acl: "@write @string @slow",
        tips: &["request_policy:multi_shard", "response_policy:agg_min"],
        keys: &[KeySpec::range("OW insert", 1, -1, 2)],
        summary: "Set multiple keys to multiple values, only if none of the keys exist",
        since: "1.0.1",
        group: "string",
        complexity: "O(N) where N is the number of keys to set.",
        args: "key_value{key@0 value}*",
        run: Run::Data(msetnx),
        ..Spec::BLANK
    },
    Spec {
        name: "msetex",
        arity: -4,
        flags: "write denyoom movablekeys",
        acl: "@write @string @slow",
        keys: &[KeySpec::counted_from("OW update", 1, 2, 2)],
        summary: "Set multiple keys to multiple values with a shared expiration",
        since: "8.4.0",
        group: "string",
        complexity: "O(N) where N is the number of keys to set.",
        args: "numkeys:int key_value{key@0 value}* condition(NX | XX)? expiration(seconds:int=EX | \
            milliseconds:int=PX | unix-time-seconds:time=EXAT | unix-time-milliseconds:time=PXAT | KEEPTTL)?",
        run: Run::Data(msetex),
        ..Spec::BLANK
    },
];

/// MGET key [key …].
fn mget(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    ctx.reply.array(args.len() - 1);
    for index in 1..args.len() {
        // A value of another type is not an error here.
        if answer(ctx, args.key(index)).is_err() {
            ctx.reply.null();
        }
    }
    Ok(())
}

/// MSET key value [key value …].
fn mset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if args.len().is_multiple_of(2) {
        return Err(Error::WrongArity("mset".to_owned()));
    }
    write_pairs(ctx, args, 1, args.len(), Ttl::Clear);
    ctx.reply.ok();
    Ok(())
}

/// MSETNX key value [key value …].
fn msetnx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if args.len().is_multiple_of(2) {
        return Err(Error::WrongArity("msetnx".to_owned()));
    }
    let missing = hold_of_all(ctx, args, 1, args.len(), Condition::Missing)?;
    if missing {
        write_pairs(ctx, args, 1, args.len(), Ttl::Clear);
    }
    ctx.reply.int(i64::from(missing));
    Ok(())
}

/// MSETEX numkeys key value [key value …] [options].
fn msetex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let count = parse_int(args.at(1))
        .filter(|count| (1..=i64::from(i32::MAX)).contains(count))
        .ok_or(Error::Static("ERR invalid numkeys value"))?;
    let end = 2 + 2 * count as usize;
    if end > args.len() {
        return Err(Error::Static("ERR wrong number of key-value pairs"));
    }
    let options = Options::parse(args, end, Grammar::MSetEx)?;
    let ttl = options.expiry.ttl("msetex", ctx.tx.now_ms())?;
    let met = hold_of_all(ctx, args, 2, end, options.condition)?;
    if met {
        write_pairs(ctx, args, 2, end, ttl);
    }
    ctx.reply.int(i64::from(met));
    Ok(())
}

/// Whether a condition holds of every key; keys are every second argument from `first` to `end`.
fn hold_of_all(
    ctx: &Ctx<'_>,
    args: Args<'_>,
    first: usize,
    end: usize,
    condition: Condition<'_>,
) -> Result<bool, Error> {
    for index in (first..end).step_by(2) {
        if !condition.holds(ctx, args.key(index))? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn write_pairs(ctx: &mut Ctx<'_>, args: Args<'_>, first: usize, end: usize, ttl: Ttl) {
    for index in (first..end).step_by(2) {
        write(ctx, args.key(index), args, index + 1, ttl);
    }
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn mget_answers_null_for_what_is_no_string() {
        let mut session = Session::default();
        session.run("SADD l a");
        assert_eq!(session.run("MSET a 1 b two"), "+OK");
        assert_eq!(session.run("MGET a l none b a"), "*5 $1 1 $-1 $-1 $3 two $1 1");
    }

    #[test]
    fn the_last_of_several_values_for_a_key_stays() {
        let mut session = Session::default();
        assert_eq!(session.run("MSET a 1 a 2"), "+OK");
        assert_eq!(session.run("GET a"), "$1 2");
        assert_eq!(session.run("MSETNX n 1 n 2"), ":1");
        assert_eq!(session.run("GET n"), "$1 2");
    }

    #[test]
    fn msetnx_sets_all_or_nothing() {
        let mut session = Session::default();
        assert_eq!(session.run("MSETNX a 1 b 2"), ":1");
        assert_eq!(session.run("MSETNX c 1 b 3"), ":0");
        assert_eq!(session.run("MGET a b c"), "*3 $1 1 $1 2 $-1");
    }

    #[test]
    fn values_without_a_key_are_refused() {
        let mut session = Session::default();
        assert_eq!(session.run("MSET a 1 b"), "-ERR wrong number of arguments for 'mset' command");
        assert_eq!(session.run("MSETNX a 1 b"), "-ERR wrong number of arguments for 'msetnx' command");
    }

    #[test]
    fn msetex_gives_all_keys_one_expiry() {
        let mut session = Session::default();
        assert_eq!(session.run("MSETEX 2 a 1 b 2 EX 10"), ":1");
        assert_eq!(session.run("TTL b"), ":10");
        assert_eq!(session.run("MSETEX 2 a 3 b 4 KEEPTTL XX"), ":1");
        assert_eq!(session.run("TTL a"), ":10");
        assert_eq!(session.run("MSETEX 2 a 5 c 6 XX"), ":0");
        assert_eq!(session.run("MSETEX 2 c 5 b 6 NX"), ":0");
        assert_eq!(session.run("MGET a b c"), "*3 $1 3 $1 4 $-1");
        assert_eq!(session.run("MSETEX 1 a 1"), ":1");
        assert_eq!(session.run("TTL a"), ":-1");
    }

    #[test]
    fn msetex_refuses_counts_that_do_not_fit() {
        let mut session = Session::default();
        for count in ["0", "-1", "x", "2147483648"] {
            assert_eq!(session.run(&format!("MSETEX {count} a 1")), "-ERR invalid numkeys value", "{count}");
        }
        assert_eq!(session.run("MSETEX 2 a 1 b"), "-ERR wrong number of key-value pairs");
        assert_eq!(session.run("MSETEX 1 a 1 NX XX"), "-ERR syntax error");
        assert_eq!(session.run("MSETEX 1 a 1 PERSIST"), "-ERR syntax error");
        assert_eq!(session.run("MSETEX 1 a 1 EX 0"), "-ERR invalid expire time in 'msetex' command");
    }
}
