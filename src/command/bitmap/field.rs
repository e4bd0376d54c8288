//! Integers of any width within a value.

use super::bit_offset;
use crate::command::number::{int, parse_int};
use crate::command::spec::{KeySpec, OwnKeys, Run, Spec};
use crate::command::string::range::raw;
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::{Event, Str};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "bitfield",
        arity: -2,
        flags: "write denyoom",
        acl: "@write @bitmap @slow",
        keys: &[KeySpec::range("RW access update variable_flags", 1, 0, 1)
            .noted("This command allows both access and modification of the key")],
        own_keys: Some(OwnKeys::Bitfield),
        summary: "Perform arbitrary bitfield integer operations on strings",
        since: "3.2.0",
        group: "bitmap",
        complexity: "O(1) for each subcommand specified",
        args: "key@0 operation(encoding_offset=GET{encoding offset:int} | write{wrap_sat_fail=OVERFLOW(WRAP | SAT | \
            FAIL)? write_operation(encoding_offset_value=SET{encoding offset:int value:int} | \
            encoding_offset_increment=INCRBY{encoding offset:int increment:int})})?*",
        run: Run::Data(bitfield),
        ..Spec::BLANK
    },
    Spec {
        name: "bitfield_ro",
        arity: -2,
        flags: "readonly fast",
        acl: "@read @bitmap @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Perform arbitrary bitfield integer operations on strings. Read-only variant of BITFIELD",
        since: "6.0.0",
        group: "bitmap",
        complexity: "O(1) for each subcommand specified",
        args: "key@0 encoding_offset=GET{encoding offset:int}?**",
        run: Run::Data(bitfield_ro),
        ..Spec::BLANK
    },
];

/// An integer of up to 64 bits inside a string.
#[derive(Clone, Copy)]
struct Field {
    signed: bool,
    /// 1 to 64 if signed, to 63 if not.
    bits: u32,
    /// First bit.
    offset: u64,
}

#[derive(Clone, Copy)]
enum Action {
    Get,
    Set(i64),
    IncrBy(i64),
}

/// What happens when a value does not fit into its field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Overflow {
    Wrap,
    Saturate,
    Fail,
}

struct Operation {
    field: Field,
    action: Action,
    overflow: Overflow,
}

/// BITFIELD key [operations].
fn bitfield(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, false)
}

/// BITFIELD_RO key [GET type offset …].
fn bitfield_ro(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, true)
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, read_only: bool) -> Outcome {
    let key = args.key(1);
    let operations = parse(args, ctx.config.proto_max_bulk_bytes)?;
    let writes = operations.iter().filter(|operation| !matches!(operation.action, Action::Get));
    let Some(end) = writes.map(|operation| operation.field.end()).max() else {
        let mut digits = itoa::Buffer::new();
        let bytes = ctx.tx.string(key)?.unwrap_or(Str::Bytes(b"")).as_bytes(&mut digits);
        ctx.reply.array(operations.len());
        for operation in &operations {
            ctx.reply.int(operation.field.get(bytes) as i64);
        }
        return Ok(());
    };
    if read_only {
        return Err(Error::Static("ERR BITFIELD_RO only supports the GET subcommand"));
    }
    let mut replies = Vec::with_capacity(operations.len());
    let bytes = raw(ctx, key)?;
    let needed = end.div_ceil(8) as usize;
    let mut changed = bytes.len() < needed;
    if changed {
        bytes.resize(needed, 0);
    }
    for operation in &operations {
        let old = operation.field.get(bytes);
        let (wanted, reply_new) = match operation.action {
            Action::Get => {
                replies.push(Some(old));
                continue;
            }
            Action::Set(value) => (operation.field.widen(value, operation.overflow), false),
            Action::IncrBy(amount) => (old + i128::from(amount), true),
        };
        replies.push(operation.field.fit(wanted, operation.overflow).map(|new| {
            changed |= new != old;
            operation.field.set(bytes, new);
            if reply_new { new } else { old }
        }));
    }
    if changed {
        ctx.tx.notify(Event::String, "setbit", key);
    }
    ctx.reply.array(replies.len());
    for reply in replies {
        match reply {
            Some(value) => ctx.reply.int(value as i64),
            None => ctx.reply.null(),
        }
    }
    Ok(())
}

fn parse(args: Args<'_>, bytes_max: u64) -> Result<Vec<Operation>, Error> {
    let mut operations = Vec::new();
    let mut overflow = Overflow::Wrap;
    let mut at = 2;
    while let Some(word) = args.get(at) {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        let left = args.len() - at - 1;
        if is("overflow") && left >= 1 {
            overflow = Overflow::parse(args.at(at + 1))?;
            at += 2;
            continue;
        }
        let (get, set) = (is("get") && left >= 2, is("set") && left >= 3);
        if !get && !set && !(is("incrby") && left >= 3) {
            return Err(Error::Syntax);
        }
        let (signed, bits) = parse_type(args.at(at + 1))?;
        let field = Field { signed, bits, offset: bit_offset(args.at(at + 2), Some(bits), bytes_max)? };
        let action = match (get, set) {
            (true, _) => Action::Get,
            (_, true) => Action::Set(int(args.at(at + 3))?),
            _ => Action::IncrBy(int(args.at(at + 3))?),
        };
        operations.push(Operation { field, action, overflow });
        at += if get { 3 } else { 4 };
    }
    Ok(operations)
}

fn parse_type(text: &[u8]) -> Result<(bool, u32), Error> {
    let (signed, digits, bits_max) = match text {
        [b'i', digits @ ..] => (true, digits, 64),
        [b'u', digits @ ..] => (false, digits, 63),
        _ => (false, &[][..], 0),
    };
    let bits = parse_int(digits).filter(|bits| (1..=bits_max).contains(bits)).ok_or(Error::Static(
        "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
    ))?;
    Ok((signed, bits as u32))
}

impl Overflow {
    fn parse(word: &[u8]) -> Result<Overflow, Error> {
        if word.eq_ignore_ascii_case(b"wrap") {
            Ok(Overflow::Wrap)
        } else if word.eq_ignore_ascii_case(b"sat") {
            Ok(Overflow::Saturate)
        } else if word.eq_ignore_ascii_case(b"fail") {
            Ok(Overflow::Fail)
        } else {
            Err(Error::Static("ERR Invalid OVERFLOW type specified"))
        }
    }
}

impl Field {
    /// Number of bits up to its end.
    fn end(self) -> u64 {
        self.offset + u64::from(self.bits)
    }

    /// The at most nine bytes it lies in, as far as `length` goes, and the bits of them behind it.
    fn place(self, length: usize) -> (std::ops::Range<usize>, u32) {
        let first = (self.offset / 8) as usize;
        let end = self.end().div_ceil(8);
        let behind = (end * 8 - self.end()) as u32;
        (first.min(length)..(end as usize).min(length), behind)
    }

    /// Its value; what lies behind the end of the string is 0.
    fn get(self, bytes: &[u8]) -> i128 {
        let (range, behind) = self.place(bytes.len());
        let missing = (self.end().div_ceil(8) - self.offset / 8) as usize - range.len();
        let word = bytes[range].iter().fold(0u128, |word, byte| word << 8 | u128::from(*byte)) << (8 * missing);
        let value = word >> behind & self.mask();
        let negative = self.signed && value >> (self.bits - 1) & 1 == 1;
        if negative { value as i128 - (1 << self.bits) } else { value as i128 }
    }

    /// Stores a value that fits; the string reaches to the end of the field.
    fn set(self, bytes: &mut [u8], value: i128) {
        let (range, behind) = self.place(bytes.len());
        let place = &mut bytes[range];
        let old = place.iter().fold(0u128, |word, byte| word << 8 | u128::from(*byte));
        let new = old & !(self.mask() << behind) | (value as u128 & self.mask()) << behind;
        let length = place.len();
        place.copy_from_slice(&new.to_be_bytes()[16 - length..]);
    }

    fn mask(self) -> u128 {
        (1 << self.bits) - 1
    }

    /// A value that a client gave for this field; for an unsigned one its 64 bits count as they are.
    ///
    /// The reference counts how far below the highest value it is in 64 bits. Where that does not fit, a field that
    /// saturates takes it for too high.
    fn widen(self, value: i64, overflow: Overflow) -> i128 {
        if !self.signed {
            return (value as u64).into();
        }
        let max = (1i128 << (self.bits - 1)) - 1;
        let uncounted = self.bits < 64 && max - i128::from(value) > i64::MAX.into();
        if uncounted && matches!(overflow, Overflow::Saturate) { max } else { value.into() }
    }

    /// The value as the field can hold it; `None` when it cannot and overflow is to fail.
    fn fit(self, value: i128, overflow: Overflow) -> Option<i128> {
        let (min, max) = if self.signed {
            (-(1i128 << (self.bits - 1)), (1i128 << (self.bits - 1)) - 1)
        } else {
            (0, (1i128 << self.bits) - 1)
        };
        if (min..=max).contains(&value) {
            return Some(value);
        }
        match overflow {
            Overflow::Fail => None,
            Overflow::Saturate => Some(value.clamp(min, max)),
            Overflow::Wrap => {
                let low = (value as u128 & self.mask()) as i128;
                Some(if low > max { low - (1 << self.bits) } else { low })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn fields_are_read_and_written_anywhere() {
        let mut session = Session::default();
        assert_eq!(session.run("BITFIELD k SET u8 0 255 GET u8 0 GET i8 0 GET u4 2"), "*4 :0 :255 :-1 :15");
        assert_eq!(session.run("BITFIELD k SET i64 5 -2 GET i64 5 GET u3 0"), "*3 :-2305843009213693952 :-2 :7");
        let max = "*2 :9223372036854775807 :9223372036854775807";
        assert_eq!(session.run("BITFIELD m INCRBY u63 #1 9223372036854775807 GET u63 63"), max);
        assert_eq!(session.run("BITFIELD none GET u8 1000"), "*1 :0");
        assert_eq!(session.run("EXISTS none"), ":0");
        assert_eq!(session.run("BITFIELD k"), "*0");
        session.run("SET n 12");
        assert_eq!(session.run("BITFIELD_RO n GET u8 0 GET u16 4"), "*2 :49 :4896");
        assert_eq!(session.run("OBJECT ENCODING n"), "$3 int");
    }

    #[test]
    fn a_number_far_below_saturates_a_field_as_the_reference_does() {
        let mut session = Session::default();
        let far = "BITFIELD k OVERFLOW SAT SET i8 0 -9223372036854775808 GET i8 0";
        assert_eq!(session.run(far), "*2 :0 :127");
        assert_eq!(session.run("BITFIELD k OVERFLOW SAT SET i8 0 -9223372036854775000 GET i8 0"), "*2 :127 :-128");
        assert_eq!(session.run("BITFIELD k OVERFLOW SAT INCRBY i8 0 -9223372036854775808"), "*1 :-128");
    }

    #[test]
    fn overflow_wraps_saturates_or_fails() {
        let mut session = Session::default();
        session.run("BITFIELD k SET u8 0 250 SET i8 8 -120");
        assert_eq!(session.run("BITFIELD k INCRBY u8 0 10 INCRBY i8 8 -10"), "*2 :4 :126");
        assert_eq!(session.run("BITFIELD k OVERFLOW SAT INCRBY u8 0 -10 INCRBY i8 8 10"), "*2 :0 :127");
        assert_eq!(session.run("BITFIELD k OVERFLOW FAIL INCRBY u8 0 -1 SET i8 8 128 GET i8 8"), "*3 $-1 $-1 :127");
        assert_eq!(session.run("BITFIELD k OVERFLOW SAT SET u8 0 -1 GET u8 0"), "*2 :0 :255");
        assert_eq!(session.run("BITFIELD k SET u8 0 -2 GET u8 0"), "*2 :255 :254");
        session.run("BITFIELD w SET i64 0 9223372036854775807");
        assert_eq!(session.run("BITFIELD w INCRBY i64 0 1"), "*1 :-9223372036854775808");
    }

    #[test]
    fn operations_that_do_not_parse_change_nothing() {
        let mut session = Session::default();
        let bad_type =
            "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";
        for kind in ["u64", "i65", "u0", "x8", "i", "i08", "8"] {
            assert_eq!(session.run(&format!("BITFIELD k SET {kind} 0 1")), bad_type, "{kind}");
        }
        let offset = "-ERR bit offset is not an integer or out of range";
        assert_eq!(session.run("BITFIELD k SET u8 -1 1"), offset);
        assert_eq!(session.run("BITFIELD k SET u8 #536870912 1"), offset);
        assert_eq!(session.run("BITFIELD k SET u8 0"), "-ERR syntax error");
        assert_eq!(session.run("BITFIELD k OVERFLOW"), "-ERR syntax error");
        assert_eq!(session.run("BITFIELD k OVERFLOW foo"), "-ERR Invalid OVERFLOW type specified");
        assert_eq!(session.run("BITFIELD k SET u8 0 x"), "-ERR value is not an integer or out of range");
        let read_only = "-ERR BITFIELD_RO only supports the GET subcommand";
        assert_eq!(session.run("BITFIELD_RO k SET u8 0 1"), read_only);
        assert_eq!(session.run("EXISTS k"), ":0");
        session.run("SADD l a");
        assert!(session.run("BITFIELD l GET u8 0").starts_with("-WRONGTYPE"));
    }
}
