//! Asking when a key expires.

use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Outcome};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "ttl",
        arity: 2,
        flags: "readonly fast",
        acl: "@keyspace @read @fast",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the time to live for a key in seconds",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("2.8.0", "Added the -2 reply.")],
        args: "key@0",
        run: Run::Data(ttl),
        ..Spec::BLANK
    },
    Spec {
        name: "pttl",
        arity: 2,
        flags: "readonly fast",
        acl: "@keyspace @read @fast",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the time to live for a key in milliseconds",
        since: "2.6.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("2.8.0", "Added the -2 reply.")],
        args: "key@0",
        run: Run::Data(pttl),
        ..Spec::BLANK
    },
    Spec {
        name: "expiretime",
        arity: 2,
        flags: "readonly fast",
        acl: "@keyspace @read @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the expiration Unix timestamp for a key",
        since: "7.0.0",
        group: "generic",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(expiretime),
        ..Spec::BLANK
    },
    Spec {
        name: "pexpiretime",
        arity: 2,
        flags: "readonly fast",
        acl: "@keyspace @read @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the expiration Unix timestamp for a key in milliseconds",
        since: "7.0.0",
        group: "generic",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(pexpiretime),
        ..Spec::BLANK
    },
];

/// TTL key.
fn ttl(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now_ms = ctx.tx.now_ms();
    reply_expiry(ctx, args, |at_ms| rounded_seconds(at_ms - now_ms))
}

/// PTTL key.
fn pttl(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now_ms = ctx.tx.now_ms();
    reply_expiry(ctx, args, |at_ms| at_ms - now_ms)
}

/// EXPIRETIME key.
fn expiretime(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_expiry(ctx, args, rounded_seconds)
}

/// PEXPIRETIME key.
fn pexpiretime(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_expiry(ctx, args, |at_ms| at_ms)
}

fn reply_expiry(ctx: &mut Ctx<'_>, args: Args<'_>, show: impl FnOnce(i64) -> i64) -> Outcome {
    ctx.reply.int(match ctx.tx.expiry(args.key(1)) {
        None => -2,
        Some(None) => -1,
        Some(Some(at_ms)) => show(at_ms),
    });
    Ok(())
}

fn rounded_seconds(ms: i64) -> i64 {
    ms.saturating_add(500) / 1000
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn what_is_left_is_rounded_to_seconds() {
        let mut session = Session::default();
        for command in ["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"] {
            session.run("DEL k");
            assert_eq!(session.run(&format!("{command} k")), ":-2");
            session.run("SET k v");
            assert_eq!(session.run(&format!("{command} k")), ":-1");
        }
        session.run("SET k v PX 1500");
        assert_eq!(session.run("TTL k"), ":2");
        assert_eq!(session.run("PTTL k"), ":1500");
        assert_eq!(session.run("EXPIRETIME k"), ":1700000002");
        assert_eq!(session.run("PEXPIRETIME k"), ":1700000001500");
        session.now_ms += 1001;
        assert_eq!(session.run("TTL k"), ":0");
        session.run("SET k v PXAT 9223372036854775807");
        assert_eq!(session.run("EXPIRETIME k"), ":9223372036854775");
    }
}
