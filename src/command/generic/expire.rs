//! Setting when a key expires.

use crate::command::number::int;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome, quotable};
use crate::store::Event;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "expire",
        arity: -3,
        flags: "write fast",
        acl: "@keyspace @write @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set a key's time to live in seconds",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")],
        args: "key@0 seconds:int condition(NX | XX | GT | LT)>7.0.0?",
        run: Run::Data(expire),
        ..Spec::BLANK
    },
    Spec {
        name: "pexpire",
        arity: -3,
        flags: "write fast",
        acl: "@keyspace @write @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set a key's time to live in milliseconds",
        since: "2.6.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")],
        args: "key@0 milliseconds:int condition(NX | XX | GT | LT)>7.0.0?",
        run: Run::Data(pexpire),
        ..Spec::BLANK
    },
    Spec {
        name: "expireat",
        arity: -3,
        flags: "write fast",
        acl: "@keyspace @write @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the expiration for a key as a UNIX timestamp",
        since: "1.2.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")],
        args: "key@0 unix-time-seconds:time condition(NX | XX | GT | LT)>7.0.0?",
        run: Run::Data(expireat),
        ..Spec::BLANK
    },
    Spec {
        name: "pexpireat",
        arity: -3,
        flags: "write fast",
        acl: "@keyspace @write @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the expiration for a key as a UNIX timestamp specified in milliseconds",
        since: "2.6.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")],
        args: "key@0 unix-time-milliseconds:time condition(NX | XX | GT | LT)>7.0.0?",
        run: Run::Data(pexpireat),
        ..Spec::BLANK
    },
    Spec {
        name: "persist",
        arity: 2,
        flags: "write fast",
        acl: "@keyspace @write @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Remove the expiration from a key",
        since: "2.2.0",
        group: "generic",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(persist),
        ..Spec::BLANK
    },
];

/// Which changes of an expiry are wanted.
#[derive(Clone, Copy, Default)]
struct Conditions {
    /// NX: there is none yet.
    missing: bool,
    /// XX: there is one.
    present: bool,
    /// GT: it becomes later; none at all is the latest.
    later: bool,
    /// LT: it becomes earlier.
    earlier: bool,
}

impl Conditions {
    fn parse<'a>(words: impl Iterator<Item = &'a [u8]>) -> Result<Conditions, Error> {
        let mut conditions = Conditions::default();
        for word in words {
            if word.eq_ignore_ascii_case(b"nx") {
                conditions.missing = true;
            } else if word.eq_ignore_ascii_case(b"xx") {
                conditions.present = true;
            } else if word.eq_ignore_ascii_case(b"gt") {
                conditions.later = true;
            } else if word.eq_ignore_ascii_case(b"lt") {
                conditions.earlier = true;
            } else {
                return Err(Error::Bytes([b"ERR Unsupported option ", quotable(word, usize::MAX)].concat()));
            }
        }
        if conditions.missing && (conditions.present || conditions.later || conditions.earlier) {
            return Err(Error::Static("ERR NX and XX, GT or LT options at the same time are not compatible"));
        }
        if conditions.later && conditions.earlier {
            return Err(Error::Static("ERR GT and LT options at the same time are not compatible"));
        }
        Ok(conditions)
    }

    fn allow(self, old_ms: Option<i64>, new_ms: i64) -> bool {
        match old_ms {
            Some(_) if self.missing => false,
            None if self.present || self.later => false,
            Some(old_ms) if self.later => new_ms > old_ms,
            Some(old_ms) if self.earlier => new_ms < old_ms,
            _ => true,
        }
    }
}

/// EXPIRE key seconds [conditions].
fn expire(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let start_ms = ctx.tx.now_ms();
    expire_at(ctx, args, "expire", 1000, start_ms)
}

/// PEXPIRE key milliseconds [conditions].
fn pexpire(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let start_ms = ctx.tx.now_ms();
    expire_at(ctx, args, "pexpire", 1, start_ms)
}

/// EXPIREAT key unix-seconds [conditions].
fn expireat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    expire_at(ctx, args, "expireat", 1000, 0)
}

/// PEXPIREAT key unix-milliseconds [conditions].
fn pexpireat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    expire_at(ctx, args, "pexpireat", 1, 0)
}

fn expire_at(ctx: &mut Ctx<'_>, args: Args<'_>, command: &'static str, scale: i64, start_ms: i64) -> Outcome {
    let key = args.key(1);
    let conditions = Conditions::parse(args.skip(3))?;
    let at_ms = int(args.at(2))?
        .checked_mul(scale)
        .and_then(|ms| ms.checked_add(start_ms))
        .ok_or(Error::InvalidExpire(command))?;
    let allowed = ctx.tx.expiry(key).is_some_and(|old_ms| conditions.allow(old_ms, at_ms));
    if allowed && at_ms <= ctx.tx.now_ms() {
        ctx.tx.remove(key);
        ctx.tx.notify(Event::Generic, "del", key);
    } else if allowed {
        ctx.tx.set_expiry(key, Some(at_ms));
        ctx.tx.notify(Event::Generic, "expire", key);
    }
    ctx.reply.int(i64::from(allowed));
    Ok(())
}

/// PERSIST key.
fn persist(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    let volatile = ctx.tx.expiry(key).flatten().is_some();
    if volatile {
        ctx.tx.set_expiry(key, None);
        ctx.tx.notify(Event::Generic, "persist", key);
    }
    ctx.reply.int(i64::from(volatile));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn an_expiry_is_set_removed_and_passes() {
        let mut session = Session::default();
        assert_eq!(session.run("EXPIRE k 10"), ":0");
        session.run("SET k v");
        assert_eq!(session.run("EXPIRE k 10"), ":1");
        assert_eq!(session.run("PTTL k"), ":10000");
        assert_eq!(session.run("PERSIST k"), ":1");
        assert_eq!(session.run("PERSIST k"), ":0");
        assert_eq!(session.run("PEXPIRE k 1500"), ":1");
        session.now_ms += 1499;
        assert_eq!(session.run("GET k"), "$1 v");
        session.now_ms += 1;
        assert_eq!(session.run("GET k"), "$-1");
        assert_eq!(session.run("TTL k"), ":-2");
    }

    #[test]
    fn a_time_that_has_passed_removes_the_key() {
        let mut session = Session::default();
        for line in ["EXPIRE k -1", "PEXPIRE k 0", "EXPIREAT k 1", "PEXPIREAT k -9223372036854775808"] {
            session.run("SET k v");
            assert_eq!(session.run(line), ":1", "{line}");
            assert_eq!(session.run("EXISTS k"), ":0", "{line}");
        }
    }

    #[test]
    fn conditions_compare_with_the_expiry_there_is() {
        let mut session = Session::default();
        session.run("SET k v");
        for (line, reply) in [
            ("EXPIRE k 10 XX", 0),
            ("EXPIRE k 10 GT", 0),
            ("EXPIRE k 10 LT", 1),
            ("EXPIRE k 20 NX", 0),
            ("EXPIRE k 20 LT", 0),
            ("EXPIRE k 20 gt", 1),
            ("EXPIRE k 20 GT", 0),
            ("EXPIRE k 20 XX LT", 0),
            ("EXPIRE k 10 XX LT", 1),
            ("PERSIST k", 1),
            ("EXPIRE k 10 XX LT", 0),
            ("EXPIRE k 10 NX", 1),
            ("EXPIRE none 10 NX", 0),
        ] {
            assert_eq!(session.run(line), format!(":{reply}"), "{line}");
        }
    }

    #[test]
    fn wrong_times_and_options_are_refused() {
        let mut session = Session::default();
        for (line, error) in [
            ("EXPIRE k x", "value is not an integer or out of range"),
            ("EXPIRE k x foo", "Unsupported option foo"),
            ("EXPIRE k 9223372036854775807", "invalid expire time in 'expire' command"),
            ("EXPIRE k -9223372036854775808", "invalid expire time in 'expire' command"),
            ("PEXPIRE k 9223372036854775807", "invalid expire time in 'pexpire' command"),
            ("EXPIREAT k 9223372036854776", "invalid expire time in 'expireat' command"),
            ("EXPIRE k 1 NX XX", "NX and XX, GT or LT options at the same time are not compatible"),
            ("EXPIRE k 1 LT GT", "GT and LT options at the same time are not compatible"),
        ] {
            assert_eq!(session.run(line), format!("-ERR {error}"), "{line}");
        }
    }
}
