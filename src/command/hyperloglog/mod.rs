//! Commands on HyperLogLogs: strings that tell how many distinct elements were added to them, give or take 0.81 %.

use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::string::range::raw;
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::{Event, Key, Str, Ttl, Tx};
use sketch::{Corrupt, Encoding, REGISTERS};

mod debug;
mod estimate;
mod sketch;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "pfadd",
        arity: -2,
        flags: "write denyoom fast",
        acl: "@write @hyperloglog @fast",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Adds the specified elements to the specified HyperLogLog.",
        since: "2.8.9",
        group: "hyperloglog",
        complexity: "O(1) to add every element.",
        args: "key@0 element?*",
        run: Run::Data(pfadd),
        ..Spec::BLANK
    },
    Spec {
        name: "pfcount",
        arity: -2,
        flags: "readonly",
        acl: "@read @hyperloglog @slow",
        keys: &[KeySpec::range("RW access", 1, -1, 1).noted(
            "RW because it may change the internal representation of the key, and propagate to \
                replicas",
        )],
        summary: "Return the approximated cardinality of the set(s) observed by the HyperLogLog at key(s).",
        since: "2.8.9",
        group: "hyperloglog",
        complexity: "O(1) with a very small average constant time when called with a single key. O(N) with N being \
            the number of keys, and much bigger constant times, when called with multiple keys.",
        args: "key@0*",
        run: Run::Data(pfcount),
        ..Spec::BLANK
    },
    Spec {
        name: "pfmerge",
        arity: -2,
        flags: "write denyoom",
        acl: "@write @hyperloglog @slow",
        keys: &[KeySpec::range("RW access insert", 1, 0, 1), KeySpec::range("RO access", 2, -1, 1)],
        summary: "Merge N different HyperLogLogs into a single one.",
        since: "2.8.9",
        group: "hyperloglog",
        complexity: "O(N) to merge N HyperLogLogs, but with high constant times.",
        args: "destkey@0 sourcekey@1*",
        run: Run::Data(pfmerge),
        ..Spec::BLANK
    },
    Spec {
        name: "pfdebug",
        arity: 3,
        flags: "write denyoom admin",
        acl: "@write @hyperloglog @admin @slow @dangerous",
        keys: &[KeySpec::range("RW access", 2, 0, 1)],
        summary: "Internal commands for debugging HyperLogLog values",
        since: "2.8.9",
        group: "hyperloglog",
        complexity: "N/A",
        deprecated: Some(("syscmd", "", "")),
        args: "subcommand key@0",
        run: Run::Data(debug::pfdebug),
        ..Spec::BLANK
    },
    Spec {
        name: "pfselftest",
        arity: 1,
        flags: "admin",
        acl: "@hyperloglog @admin @slow @dangerous",
        summary: "An internal command for testing HyperLogLog values",
        since: "2.8.9",
        group: "hyperloglog",
        complexity: "N/A",
        deprecated: Some(("syscmd", "", "")),
        run: Run::Data(debug::pfselftest),
        ..Spec::BLANK
    },
];

impl From<Corrupt> for Error {
    fn from(_: Corrupt) -> Error {
        Error::Static("INVALIDOBJ Corrupted HLL object detected")
    }
}

/// The bytes of the HyperLogLog at a key; `None` when there is no key.
fn read<'t>(tx: &'t Tx<'_>, key: Key<'_>) -> Result<Option<&'t [u8]>, Error> {
    match tx.string(key)? {
        None => Ok(None),
        Some(Str::Bytes(bytes)) if sketch::encoding(bytes).is_some() => Ok(Some(bytes)),
        Some(_) => Err(Error::Static("WRONGTYPE Key is not a valid HyperLogLog string value.")),
    }
}

/// PFADD key [element …].
fn pfadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, sparse_bytes_max) = (args.key(1), ctx.config.hll_sparse_bytes_max);
    let mut changed = read(&ctx.tx, key)?.is_none();
    if changed {
        ctx.tx.set_bytes(key, sketch::EMPTY, Ttl::Clear);
    }
    let bytes = raw(ctx, key)?;
    for element in args.skip(2) {
        changed |= sketch::add(bytes, element, sparse_bytes_max)?;
    }
    if changed {
        sketch::forget_count(bytes);
        ctx.tx.notify(Event::String, "pfadd", key);
    }
    ctx.reply.int(i64::from(changed));
    Ok(())
}

/// PFCOUNT key [key …].
fn pfcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let count = if args.len() == 2 { count_one(ctx, args.key(1))? } else { count_union(&ctx.tx, args)? };
    ctx.reply.int(count as i64);
    Ok(())
}

/// The count of one HyperLogLog, which is kept in it. O(1) when it was kept before.
fn count_one(ctx: &mut Ctx<'_>, key: Key<'_>) -> Result<u64, Error> {
    if read(&ctx.tx, key)?.is_none() {
        return Ok(0);
    }
    let bytes = raw(ctx, key)?;
    if let Some(count) = sketch::cached_count(bytes) {
        return Ok(count);
    }
    let count = estimate::count(&sketch::histogram(bytes)?);
    sketch::cache_count(bytes, count);
    ctx.tx.changed(key);
    Ok(count)
}

/// The count of what several have together. O(registers) each.
fn count_union(tx: &Tx<'_>, args: Args<'_>) -> Result<u64, Error> {
    let mut registers = [0; REGISTERS];
    for index in 1..args.len() {
        if let Some(bytes) = read(tx, args.key(index))? {
            sketch::merge(&mut registers, bytes)?;
        }
    }
    Ok(estimate::count(&sketch::histogram_of(&registers)))
}

/// PFMERGE destination [source …]: the destination is a source too.
fn pfmerge(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let mut registers = [0; REGISTERS];
    let mut any_dense = false;
    for index in 1..args.len() {
        if let Some(bytes) = read(&ctx.tx, args.key(index))? {
            any_dense |= sketch::encoding(bytes) == Some(Encoding::Dense);
            sketch::merge(&mut registers, bytes)?;
        }
    }
    let (key, sparse_bytes_max) = (args.key(1), ctx.config.hll_sparse_bytes_max);
    if !ctx.tx.exists(key) {
        ctx.tx.set_bytes(key, sketch::EMPTY, Ttl::Clear);
    }
    let bytes = raw(ctx, key)?;
    if any_dense {
        sketch::make_dense(bytes)?;
    }
    for (register, rank) in registers.iter().enumerate().filter(|(_, rank)| **rank > 0) {
        // It was merged into the registers without trouble: it is not corrupt.
        let _ = sketch::raise(bytes, register, *rank, sparse_bytes_max);
    }
    sketch::forget_count(bytes);
    ctx.tx.notify(Event::String, "pfadd", key);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn pfadd_tells_whether_anything_changed() {
        let mut session = Session::default();
        assert_eq!(session.run("PFADD h"), ":1");
        assert_eq!(session.run("PFADD h"), ":0");
        assert_eq!(session.run("PFCOUNT h"), ":0");
        assert_eq!(session.run("PFADD h a b c"), ":1");
        assert_eq!(session.run("PFADD h a b c"), ":0");
        assert_eq!(session.run("PFCOUNT h"), ":3");
        assert_eq!(session.run("PFADD h d"), ":1");
        assert_eq!(session.run("PFCOUNT h"), ":4");
        assert_eq!(session.run("PFCOUNT none"), ":0");
        assert_eq!(session.run("TYPE h"), "+string");
        assert_eq!(session.run("OBJECT ENCODING h"), "$3 raw");
    }

    #[test]
    fn strings_are_the_references_byte_for_byte() {
        let mut session = Session::default();
        session.run("PFADD h a b c");
        assert_eq!(session.run("PFDEBUG DECODE h"), "$44 Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603");
        let stored = session.run_bytes(b"GET h");
        assert_eq!(stored[5..], *b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80`\xf3\x80P\xb1\x84K\xfb\x80BZ\r\n");
        session.run("PFCOUNT h");
        assert_eq!(session.run_bytes(b"GETRANGE h 8 15"), b"$8\r\n\x03\0\0\0\0\0\0\0\r\n");
    }

    #[test]
    fn unions_are_counted_and_merged() {
        let mut session = Session::default();
        session.run("PFADD {t}a 1 2 3");
        session.run("PFADD {t}b 3 4");
        assert_eq!(session.run("PFCOUNT {t}a {t}none {t}b"), ":4");
        assert_eq!(session.run("PFMERGE {t}d {t}a {t}b"), "+OK");
        assert_eq!(session.run("PFCOUNT {t}d"), ":4");
        assert_eq!(session.run("PFDEBUG ENCODING {t}d"), "+sparse");
        session.run("PFDEBUG TODENSE {t}b");
        session.run("PFADD {t}a 9");
        assert_eq!(session.run("PFMERGE {t}d {t}a {t}b"), "+OK");
        assert_eq!(session.run("PFDEBUG ENCODING {t}d"), "+dense");
        assert_eq!(session.run("PFCOUNT {t}d"), ":5");
        assert_eq!(session.run("PFMERGE {t}new"), "+OK");
        assert_eq!(session.run("PFCOUNT {t}new"), ":0");
    }

    #[test]
    fn sparse_strings_become_dense_past_their_limit() {
        let mut session = Session::default();
        session.config.hll_sparse_bytes_max = 30;
        session.run("PFADD h a b c");
        assert_eq!(session.run("PFDEBUG ENCODING h"), "+sparse");
        session.run("PFADD h d e f");
        assert_eq!(session.run("PFDEBUG ENCODING h"), "+dense");
        assert_eq!(session.run("STRLEN h"), ":12304");
        assert_eq!(session.run("PFCOUNT h"), ":6");
    }

    #[test]
    fn strings_that_are_no_hyperloglogs_are_refused() {
        let mut session = Session::default();
        let invalid = "-WRONGTYPE Key is not a valid HyperLogLog string value.";
        for value in ["foo", "12", "HYLL", "HYLL\\x02\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0"] {
            session.run(&format!("SET k \"{value}\""));
            for line in ["PFADD k a", "PFCOUNT k", "PFMERGE k", "PFCOUNT k k", "PFDEBUG DECODE k"] {
                assert_eq!(session.run(line), invalid, "{line} {value}");
            }
        }
        session.run("SADD l a");
        assert_eq!(session.run("PFADD l a"), "-WRONGTYPE Operation against a key holding the wrong kind of value");
        session.run("PFADD h a b c");
        session.run("APPEND h hello");
        let corrupt = "-INVALIDOBJ Corrupted HLL object detected";
        for line in ["PFCOUNT h", "PFCOUNT h h", "PFMERGE h", "PFDEBUG TODENSE h"] {
            assert_eq!(session.run(line), corrupt, "{line}");
        }
    }
}
