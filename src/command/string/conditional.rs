//! Commands that depend on what a value is: delete if equal, digest of a value.

use super::options::{Condition, digest};
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::{Event, Key};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "delex",
        arity: -2,
        flags: "write fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Delete a key if its value, or the digest of its value, compares as asked",
        since: "8.4.0",
        group: "string",
        complexity: "O(1) for `IFEQ` and `IFNE` and without a condition, O(N) for `IFDEQ` and `IFDNE`, N being the \
            length of the value.",
        args: "key@0 condition(ifeq-value:string=IFEQ | ifne-value:string=IFNE | ifdeq-digest:string=IFDEQ | \
            ifdne-digest:string=IFDNE)?",
        run: Run::Data(delex),
        ..Spec::BLANK
    },
    Spec {
        name: "delifeq",
        arity: 3,
        flags: "write fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Delete a key if its value equals the given one",
        since: "9.0.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0 value",
        run: Run::Data(delifeq),
        ..Spec::BLANK
    },
    Spec {
        name: "digest",
        arity: 2,
        flags: "readonly fast",
        acl: "@read @string @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the XXH3 digest of a string value",
        since: "8.4.0",
        group: "string",
        complexity: "O(N) where N is the length of the value.",
        args: "key@0",
        run: Run::Data(digest_of),
        ..Spec::BLANK
    },
];

/// DELEX key [condition operand].
fn delex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if args.len() == 2 {
        remove(ctx, args.key(1));
        return Ok(());
    }
    if args.len() != 4 {
        return Err(Error::WrongArity("delex".to_owned()));
    }
    let key = args.key(1);
    let Some(value) = ctx
        .tx
        .string(key)
        .map_err(|_| Error::Static("ERR Key should be of string type if conditions are specified"))?
    else {
        ctx.reply.int(0);
        return Ok(());
    };
    const UNKNOWN: Error = Error::Static("ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE");
    if Condition::comparing(args.at(2), args.at(3))?.ok_or(UNKNOWN)?.holds_of(value) {
        remove(ctx, key);
    } else {
        ctx.reply.int(0);
    }
    Ok(())
}

/// DELIFEQ key value.
fn delifeq(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    if Condition::Equal(args.at(2)).holds(ctx, key)? {
        remove(ctx, key);
    } else {
        ctx.reply.int(0);
    }
    Ok(())
}

/// DIGEST key.
fn digest_of(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    match ctx.tx.string(args.key(1))? {
        Some(value) => ctx.reply.bulk(&digest(value.as_bytes(&mut itoa::Buffer::new()))),
        None => ctx.reply.null(),
    }
    Ok(())
}

/// Removes a key and answers whether it was there.
fn remove(ctx: &mut Ctx<'_>, key: Key<'_>) {
    let removed = ctx.tx.remove(key);
    if removed {
        ctx.tx.notify(Event::Generic, "del", key);
    }
    ctx.reply.int(i64::from(removed));
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn delex_removes_what_compares_as_asked() {
        let mut session = Session::default();
        session.run("SET k hello");
        for condition in ["IFEQ other", "IFNE hello", "IFDEQ 0000000000000000", "IFDNE 9555e8555c62dcfd"] {
            assert_eq!(session.run(&format!("DELEX k {condition}")), ":0", "{condition}");
        }
        for condition in ["ifeq hello", "IFNE other", "IFDEQ 9555E8555C62DCFD", "IFDNE zzzzzzzzzzzzzzzz", ""] {
            session.run("SET k hello");
            assert_eq!(session.run(&format!("DELEX k {condition}")), ":1", "{condition}");
            assert_eq!(session.run("EXISTS k"), ":0", "{condition}");
        }
        assert_eq!(session.run("DELEX k FOO bar"), ":0");
        session.run("SET n 12");
        assert_eq!(session.run("DELEX n IFEQ 12"), ":1");
    }

    #[test]
    fn delex_refuses_what_it_cannot_compare() {
        let mut session = Session::default();
        session.run("SADD l a");
        session.run("SET k hello");
        let reply = session.run("DELEX l IFEQ a");
        assert_eq!(reply, "-ERR Key should be of string type if conditions are specified");
        assert_eq!(session.run("DELEX l"), ":1");
        assert_eq!(session.run("DELEX k IFEQ"), "-ERR wrong number of arguments for 'delex' command");
        assert_eq!(session.run("DELEX k FOO a"), "-ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE");
        assert_eq!(session.run("DELEX k IFDEQ a"), "-ERR must be exactly 16 hexadecimal characters");
    }

    #[test]
    fn delifeq_and_digest_look_at_strings_only() {
        let mut session = Session::default();
        assert_eq!(session.run("DELIFEQ k v"), ":0");
        assert_eq!(session.run("DIGEST k"), "$-1");
        session.run("SET k hello");
        assert_eq!(session.run("DIGEST k"), "$16 9555e8555c62dcfd");
        assert_eq!(session.run("DELIFEQ k v"), ":0");
        assert_eq!(session.run("DELIFEQ k hello"), ":1");
        session.run("SADD l a");
        assert!(session.run("DELIFEQ l a").starts_with("-WRONGTYPE"));
        assert!(session.run("DIGEST l").starts_with("-WRONGTYPE"));
    }
}
