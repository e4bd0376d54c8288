//! Parts of a value: appending, ranges, length, longest common subsequence.

use super::lcs::lcs;
use crate::command::number::int;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::{Event, Key, Ttl};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "append",
        arity: 3,
        flags: "write denyoom fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Append a value to a key",
        since: "2.0.0",
        group: "string",
        complexity: "O(1). The amortized time complexity is O(1) assuming the appended value is small and the already \
            present value is of any size, since the dynamic string library used by Redis will double the free space \
            available on every reallocation.",
        args: "key@0 value",
        run: Run::Data(append),
        ..Spec::BLANK
    },
    Spec {
        name: "strlen",
        arity: 2,
        flags: "readonly fast",
        acl: "@read @string @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Get the length of the value stored in a key",
        since: "2.2.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0",
        run: Run::Data(strlen),
        ..Spec::BLANK
    },
    Spec {
        name: "getrange",
        arity: 4,
        flags: "readonly",
        acl: "@read @string @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get a substring of the string stored at a key",
        since: "2.4.0",
        group: "string",
        complexity: "O(N) where N is the length of the returned string. The complexity is ultimately determined by \
            the returned length, but because creating a substring from an existing string is very cheap, it can be \
            considered O(1) for small strings.",
        args: "key@0 start:int end:int",
        run: Run::Data(getrange),
        ..Spec::BLANK
    },
    Spec {
        name: "substr",
        arity: 4,
        flags: "readonly",
        acl: "@read @string @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get a substring of the string stored at a key",
        since: "1.0.0",
        group: "string",
        complexity: "O(N) where N is the length of the returned string. The complexity is ultimately determined by \
            the returned length, but because creating a substring from an existing string is very cheap, it can be \
            considered O(1) for small strings.",
        deprecated: Some(("deprecated", "2.0.0", "`GETRANGE`")),
        args: "key@0 start:int end:int",
        run: Run::Data(getrange),
        ..Spec::BLANK
    },
    Spec {
        name: "setrange",
        arity: 4,
        flags: "write denyoom",
        acl: "@write @string @slow",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Overwrite part of a string at key starting at the specified offset",
        since: "2.2.0",
        group: "string",
        complexity: "O(1), not counting the time taken to copy the new string in place. Usually, this string is very \
            small so the amortized complexity is O(1). Otherwise, complexity is O(M) with M being the length of the \
            value argument.",
        args: "key@0 offset:int value",
        run: Run::Data(setrange),
        ..Spec::BLANK
    },
    Spec {
        name: "lcs",
        arity: -3,
        flags: "readonly",
        acl: "@read @string @slow",
        keys: &[KeySpec::range("RO access", 1, 1, 1)],
        summary: "Find longest common substring",
        since: "7.0.0",
        group: "string",
        complexity: "O(N*M) where N and M are the lengths of s1 and s2, respectively",
        args: "key1@0 key2@0 LEN? IDX? len:int=MINMATCHLEN? WITHMATCHLEN?",
        run: Run::Data(lcs),
        ..Spec::BLANK
    },
];

/// APPEND key value.
fn append(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, tail) = (args.key(1), args.at(2));
    let Some(length) = ctx.tx.string(key)?.map(|value| value.len()) else {
        ctx.tx.set_string(key, tail, Ttl::Clear);
        ctx.tx.notify(Event::String, "append", key);
        ctx.reply.int(tail.len() as i64);
        return Ok(());
    };
    check_length(ctx, length as u64, tail.len() as u64)?;
    raw(ctx, key)?.extend_from_slice(tail);
    ctx.tx.notify(Event::String, "append", key);
    ctx.reply.int((length + tail.len()) as i64);
    Ok(())
}

/// STRLEN key.
fn strlen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let length = ctx.tx.string(args.key(1))?.map_or(0, |value| value.len());
    ctx.reply.int(length as i64);
    Ok(())
}

/// SETRANGE key offset value.
fn setrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, value) = (args.key(1), args.at(3));
    let offset = u64::try_from(int(args.at(2))?).map_err(|_| Error::Static("ERR offset is out of range"))?;
    let length = ctx.tx.string(key)?.map_or(0, |value| value.len());
    if value.is_empty() {
        ctx.reply.int(length as i64);
        return Ok(());
    }
    check_length(ctx, offset, value.len() as u64)?;
    let (start, end) = (offset as usize, offset as usize + value.len());
    let bytes = raw(ctx, key)?;
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[start..end].copy_from_slice(value);
    let length = bytes.len();
    ctx.tx.notify(Event::String, "setrange", key);
    ctx.reply.int(length as i64);
    Ok(())
}

/// GETRANGE key start end; SUBSTR is its older name.
fn getrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (start, end) = (int(args.at(2))?, int(args.at(3))?);
    let Some(value) = ctx.tx.string(args.key(1))? else {
        ctx.reply.bulk(b"");
        return Ok(());
    };
    let mut digits = itoa::Buffer::new();
    let bytes = value.as_bytes(&mut digits);
    ctx.reply.bulk(slice(bytes, start, end));
    Ok(())
}

/// The bytes from `start` to `end`, both included, negative ones counted from the end.
fn slice(bytes: &[u8], start: i64, end: i64) -> &[u8] {
    let length = bytes.len() as i64;
    if start < 0 && end < 0 && start > end {
        return b"";
    }
    let from_end = |index: i64| if index < 0 { index.saturating_add(length).max(0) } else { index };
    let (start, end) = (from_end(start), from_end(end).min(length - 1));
    if start > end { b"" } else { &bytes[start as usize..=end as usize] }
}

/// The string at `key` to change in place; made empty when there is none.
pub(crate) fn raw<'c>(ctx: &'c mut Ctx<'_>, key: Key<'_>) -> Result<&'c mut Vec<u8>, Error> {
    if ctx.tx.string_mut(key)?.is_none() {
        ctx.tx.set_string(key, b"", Ttl::Clear);
    }
    Ok(ctx.tx.string_mut(key)?.expect("the key holds a string, set a line above if need be"))
}

/// Whether a string of `offset` and `added` bytes may be: `proto-max-bulk-len` is the limit.
fn check_length(ctx: &Ctx<'_>, offset: u64, added: u64) -> Outcome {
    let fits = offset.checked_add(added).is_some_and(|length| length <= ctx.config.proto_max_bulk_bytes);
    if fits { Ok(()) } else { Err(Error::StringTooLong) }
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn append_grows_what_is_there() {
        let mut session = Session::default();
        assert_eq!(session.run("APPEND k 12"), ":2");
        assert_eq!(session.run("OBJECT ENCODING k"), "$3 int");
        assert_eq!(session.run("APPEND k 34"), ":4");
        assert_eq!(session.run("GET k"), "$4 1234");
        assert_eq!(session.run("OBJECT ENCODING k"), "$3 raw");
        session.run("EXPIRE k 100");
        assert_eq!(session.run("APPEND k \"\""), ":4");
        assert_eq!(session.run("TTL k"), ":100");
        assert_eq!(session.run("STRLEN k"), ":4");
        assert_eq!(session.run("STRLEN none"), ":0");
        session.run("SADD l a");
        for line in ["APPEND l a", "STRLEN l", "SETRANGE l 0 a", "GETRANGE l 0 1"] {
            assert!(session.run(line).starts_with("-WRONGTYPE"), "{line}");
        }
    }

    #[test]
    fn setrange_pads_with_zero_bytes() {
        let mut session = Session::default();
        assert_eq!(session.run("SETRANGE k 2 ab"), ":4");
        assert_eq!(session.run("GET k"), "$4 \0\0ab");
        assert_eq!(session.run("SETRANGE k 0 xyz"), ":4");
        assert_eq!(session.run("GET k"), "$4 xyzb");
        assert_eq!(session.run("SETRANGE k 9 \"\""), ":4");
        assert_eq!(session.run("SETRANGE none 9 \"\""), ":0");
        assert_eq!(session.run("EXISTS none"), ":0");
        assert_eq!(session.run("SETRANGE k -1 a"), "-ERR offset is out of range");
        assert_eq!(session.run("SETRANGE k a a"), "-ERR value is not an integer or out of range");
        session.run("SET n 1234");
        assert_eq!(session.run("SETRANGE n 1 x"), ":4");
        assert_eq!(session.run("GET n"), "$4 1x34");
    }

    #[test]
    fn strings_end_at_512_mb() {
        let mut session = Session::default();
        let too_long = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)";
        assert_eq!(session.run("SETRANGE k 536870912 a"), too_long);
        assert_eq!(session.run("SETRANGE k 9223372036854775807 a"), too_long);
        session.config.proto_max_bulk_bytes = 10;
        session.run("SET k 0123456789");
        assert_eq!(session.run("APPEND k a"), too_long);
        assert_eq!(session.run("SETRANGE k 9 ab"), too_long);
        assert_eq!(session.run("SETRANGE k 9 a"), ":10");
    }

    #[test]
    fn getrange_clips_at_both_ends() {
        let mut session = Session::default();
        session.run("SET k \"Hello World\"");
        for (range, part) in [
            ("0 4", "$5 Hello"),
            ("-5 -1", "$5 World"),
            ("0 -1", "$11 Hello World"),
            ("5 3", "$0"),
            ("-1 -5", "$0"),
            ("-100 2", "$3 Hel"),
            ("9 100", "$2 ld"),
            ("100 200", "$0"),
            ("-100 -50", "$1 H"),
            ("0 -9223372036854775808", "$1 H"),
            ("9223372036854775807 9223372036854775807", "$0"),
        ] {
            assert_eq!(session.run(&format!("GETRANGE k {range}")), part, "{range}");
            assert_eq!(session.run(&format!("SUBSTR k {range}")), part, "{range}");
        }
        assert_eq!(session.run("GETRANGE none 0 -1"), "$0");
        session.run("SET n 1234");
        assert_eq!(session.run("GETRANGE n 1 2"), "$2 23");
        session.run("SET e \"\"");
        assert_eq!(session.run("GETRANGE e 0 0"), "$0");
        assert_eq!(session.run("GETRANGE k a 0"), "-ERR value is not an integer or out of range");
    }
}
