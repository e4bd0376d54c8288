//! Single bits and searches for them.

use super::{BitRange, bit_offset};
use crate::command::number::{int, parse_int};
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::string::range::raw;
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::{Event, Str};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "setbit",
        arity: 4,
        flags: "write denyoom",
        acl: "@write @bitmap @slow",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Sets or clears the bit at offset in the string value stored at key",
        since: "2.2.0",
        group: "bitmap",
        complexity: "O(1)",
        args: "key@0 offset:int value:int",
        run: Run::Data(setbit),
        ..Spec::BLANK
    },
    Spec {
        name: "getbit",
        arity: 3,
        flags: "readonly fast",
        acl: "@read @bitmap @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Returns the bit value at offset in the string value stored at key",
        since: "2.2.0",
        group: "bitmap",
        complexity: "O(1)",
        args: "key@0 offset:int",
        run: Run::Data(getbit),
        ..Spec::BLANK
    },
    Spec {
        name: "bitcount",
        arity: -2,
        flags: "readonly",
        acl: "@read @bitmap @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Count set bits in a string",
        since: "2.6.0",
        group: "bitmap",
        complexity: "O(N)",
        history: &[("7.0.0", "Added the `BYTE|BIT` option.")],
        args: "key@0 index{start:int end:int index_unit(BYTE | BIT)>7.0.0?}?",
        run: Run::Data(bitcount),
        ..Spec::BLANK
    },
    Spec {
        name: "bitpos",
        arity: -3,
        flags: "readonly",
        acl: "@read @bitmap @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Find first bit set or clear in a string",
        since: "2.8.7",
        group: "bitmap",
        complexity: "O(N)",
        history: &[("7.0.0", "Added the `BYTE|BIT` option.")],
        args: "key@0 bit:int index{start:int end_index{end:int index_unit(BYTE | BIT)>7.0.0?}?}?",
        run: Run::Data(bitpos),
        ..Spec::BLANK
    },
];

/// SETBIT key offset value.
fn setbit(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    let offset = bit_offset(args.at(2), None, ctx.config.proto_max_bulk_bytes)?;
    let on = match parse_int(args.at(3)) {
        Some(0) => false,
        Some(1) => true,
        _ => return Err(Error::Static("ERR bit is not an integer or out of range")),
    };
    let bytes = raw(ctx, key)?;
    let (byte, mask) = (offset as usize / 8, 0x80u8 >> (offset % 8));
    let grown = bytes.len() <= byte;
    if grown {
        bytes.resize(byte + 1, 0);
    }
    let was_on = bytes[byte] & mask != 0;
    if on {
        bytes[byte] |= mask;
    } else {
        bytes[byte] &= !mask;
    }
    if grown || on != was_on {
        ctx.tx.notify(Event::String, "setbit", key);
    }
    ctx.reply.int(i64::from(was_on));
    Ok(())
}

/// GETBIT key offset.
fn getbit(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let offset = bit_offset(args.at(2), None, ctx.config.proto_max_bulk_bytes)?;
    let mut digits = itoa::Buffer::new();
    let value = ctx.tx.string(args.key(1))?.unwrap_or(Str::Bytes(b""));
    let byte = value.as_bytes(&mut digits).get(offset as usize / 8).copied().unwrap_or(0);
    ctx.reply.int(i64::from(byte >> (7 - offset % 8) & 1));
    Ok(())
}

/// BITCOUNT key [start end [BYTE | BIT]].
fn bitcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let Some(value) = ctx.tx.string(args.key(1))? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let mut digits = itoa::Buffer::new();
    let bytes = value.as_bytes(&mut digits);
    let range = match args.len() {
        2 => BitRange::all(bytes.len()),
        4 | 5 => {
            let (start, end) = (int(args.at(2))?, int(args.at(3))?);
            // The reference answers before it looks at the unit.
            if start < 0 && end < 0 && start > end {
                ctx.reply.int(0);
                return Ok(());
            }
            BitRange::clip(start, end, unit_is_bit(args.get(4))?, bytes.len())
        }
        _ => return Err(Error::Syntax),
    };
    ctx.reply.int(range.map_or(0, |range| range.count_ones(bytes)));
    Ok(())
}

/// BITPOS key bit [start [end [BYTE | BIT]]].
fn bitpos(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let wanted = match int(args.at(2))? {
        0 => false,
        1 => true,
        _ => return Err(Error::Static("ERR The bit argument must be 1 or 0.")),
    };
    let Some(value) = ctx.tx.string(args.key(1))? else {
        // An endless row of zeros.
        ctx.reply.int(if wanted { -1 } else { 0 });
        return Ok(());
    };
    let mut digits = itoa::Buffer::new();
    let bytes = value.as_bytes(&mut digits);
    let range = match args.len() {
        3 => BitRange::all(bytes.len()),
        4..=6 => {
            let start = int(args.at(3))?;
            let by_bit = unit_is_bit(args.get(5))?;
            let end = args.get(4).map(int).transpose()?.unwrap_or(-1);
            BitRange::clip(start, end, by_bit, bytes.len())
        }
        _ => return Err(Error::Syntax),
    };
    let found = range.and_then(|range| range.position(bytes, wanted));
    ctx.reply.int(match (found, range) {
        (Some(position), _) => position as i64,
        // Zeros go on behind the end of a string unless an end was asked for.
        (None, Some(_)) if !wanted && args.len() < 5 => bytes.len() as i64 * 8,
        _ => -1,
    });
    Ok(())
}

fn unit_is_bit(word: Option<&[u8]>) -> Result<bool, Error> {
    match word {
        None => Ok(false),
        Some(word) if word.eq_ignore_ascii_case(b"byte") => Ok(false),
        Some(word) if word.eq_ignore_ascii_case(b"bit") => Ok(true),
        Some(_) => Err(Error::Syntax),
    }
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn bits_are_numbered_from_the_left() {
        let mut session = Session::default();
        assert_eq!(session.run("SETBIT k 1 1"), ":0");
        assert_eq!(session.run("GET k"), "$1 @");
        assert_eq!(session.run("SETBIT k 1 1"), ":1");
        assert_eq!(session.run("SETBIT k 1 0"), ":1");
        assert_eq!(session.run("SETBIT k 100 0"), ":0");
        assert_eq!(session.run("STRLEN k"), ":13");
        session.run("SET n 1");
        assert_eq!(session.run("GETBIT n 2"), ":1");
        assert_eq!(session.run("GETBIT n 200"), ":0");
        assert_eq!(session.run("SETBIT n 6 1"), ":0");
        assert_eq!(session.run("GET n"), "$1 3");
    }

    #[test]
    fn offsets_and_bits_out_of_range_are_refused() {
        let mut session = Session::default();
        for offset in ["-1", "4294967296", "a", "1.5", "#1", "9223372036854775808"] {
            let error = "-ERR bit offset is not an integer or out of range";
            assert_eq!(session.run(&format!("SETBIT k {offset} 1")), error, "{offset}");
            assert_eq!(session.run(&format!("GETBIT k {offset}")), error, "{offset}");
        }
        for bit in ["2", "-1", "a"] {
            let error = "-ERR bit is not an integer or out of range";
            assert_eq!(session.run(&format!("SETBIT k 0 {bit}")), error, "{bit}");
        }
        session.run("SADD l a");
        for line in ["SETBIT l 0 1", "GETBIT l 0", "BITCOUNT l", "BITPOS l 1"] {
            assert!(session.run(line).starts_with("-WRONGTYPE"), "{line}");
        }
    }

    #[test]
    fn bitcount_counts_in_bytes_or_bits() {
        let mut session = Session::default();
        session.run("SET k foobar");
        for (range, count) in [
            ("", 26),
            ("0 0", 4),
            ("1 1", 6),
            ("1 1 BYTE", 6),
            ("5 30 BIT", 17),
            ("0 -1 bit", 26),
            ("-1 -2", 0),
            ("-1 -2 foo", 0),
            ("3 1", 0),
            ("-100 100", 26),
            ("100 200", 0),
        ] {
            assert_eq!(session.run(&format!("BITCOUNT k {range}")), format!(":{count}"), "{range}");
        }
        assert_eq!(session.run("BITCOUNT none 0 a"), ":0");
        assert_eq!(session.run("BITCOUNT k 0"), "-ERR syntax error");
        assert_eq!(session.run("BITCOUNT k 0 1 foo"), "-ERR syntax error");
        assert_eq!(session.run("BITCOUNT k 0 a"), "-ERR value is not an integer or out of range");
    }

    #[test]
    fn bitpos_finds_the_first_bit_in_the_range() {
        let mut session = Session::default();
        session.run("SET k \"\\xff\\xf0\\x00\"");
        session.run("SET ones \"\\xff\\xff\"");
        session.run("SET zeros \"\\x00\\x00\"");
        session.run("SET empty \"\"");
        for (line, position) in [
            ("k 0", 12),
            ("k 1", 0),
            ("k 1 2", -1),
            ("k 0 2", 16),
            ("k 1 1 2", 8),
            ("k 0 0 10 BIT", -1),
            ("k 0 7 15 BIT", 12),
            ("k 1 -20 -1 bit", 4),
            ("ones 0", 16),
            ("ones 0 0", 16),
            ("ones 0 0 -1", -1),
            ("ones 0 0 -1 BIT", -1),
            ("ones 0 5", -1),
            ("zeros 1", -1),
            ("empty 0", -1),
            ("none 0", 0),
            ("none 1", -1),
        ] {
            assert_eq!(session.run(&format!("BITPOS {line}")), format!(":{position}"), "{line}");
        }
        assert_eq!(session.run("BITPOS k 2"), "-ERR The bit argument must be 1 or 0.");
        assert_eq!(session.run("BITPOS k a"), "-ERR value is not an integer or out of range");
        assert_eq!(session.run("BITPOS k 1 0 1 foo"), "-ERR syntax error");
    }
}
