//! The options that SET, GETEX and MSETEX share: conditions on what is there, times to live, GET.

use crate::command::number::int;
use crate::command::{Args, Ctx, Error};
use crate::store::{Key, Str, Ttl};

/// Which options a command knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// Conditions, GET, all times but PERSIST.
    Set,
    /// All times but KEEPTTL.
    GetEx,
    /// NX and XX, all times but PERSIST.
    MSetEx,
}

/// What must hold of a key's value for it to be replaced or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition<'a> {
    /// Nothing.
    Always,
    /// NX: the key is not there.
    Missing,
    /// XX: the key is there.
    Present,
    /// IFEQ: the value is this.
    Equal(&'a [u8]),
    /// IFNE: it is not, or there is none.
    NotEqual(&'a [u8]),
    /// IFDEQ: the value has this digest.
    DigestEqual(&'a [u8]),
    /// IFDNE: it has not, or there is none.
    DigestNotEqual(&'a [u8]),
}

/// What becomes of the key's expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry<'a> {
    /// Nothing was said.
    Unsaid,
    /// KEEPTTL.
    Keep,
    /// PERSIST.
    Persist,
    /// A time, as the client wrote it.
    Time(Unit, &'a [u8]),
}

/// How a time is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// EX.
    Seconds,
    /// PX.
    Millis,
    /// EXAT.
    UnixSeconds,
    /// PXAT.
    UnixMillis,
}

/// The options of one request.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// NX, XX and their like; at most one.
    pub condition: Condition<'a>,
    /// EX and its like; at most one.
    pub expiry: Expiry<'a>,
    /// GET: answer the old value.
    pub get: bool,
}

/// Digits of a digest.
const DIGEST_DIGITS: usize = 16;

impl<'a> Options<'a> {
    /// Reads the arguments from `first` on.
    ///
    /// # Errors
    ///
    /// [`Error::Syntax`] for an unknown option and for two that exclude each other. Saying the same one again
    /// is fine: the last counts.
    pub fn parse(args: Args<'a>, first: usize, grammar: Grammar) -> Result<Options<'a>, Error> {
        let mut options = Options { condition: Condition::Always, expiry: Expiry::Unsaid, get: false };
        let mut words = args.skip(first);
        while let Some(word) = words.next() {
            let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
            if is("nx") && grammar != Grammar::GetEx {
                options.add_condition(Condition::Missing)?;
            } else if is("xx") && grammar != Grammar::GetEx {
                options.add_condition(Condition::Present)?;
            } else if is("get") && grammar == Grammar::Set {
                options.get = true;
            } else if is("keepttl") && grammar != Grammar::GetEx {
                options.add_expiry(Expiry::Keep)?;
            } else if is("persist") && grammar == Grammar::GetEx {
                options.add_expiry(Expiry::Persist)?;
            } else if let Some(unit) = unit(word) {
                options.add_expiry(Expiry::Time(unit, words.next().ok_or(Error::Syntax)?))?;
            } else if grammar == Grammar::Set && word.len() > 2 && word[..2].eq_ignore_ascii_case(b"if") {
                let operand = words.next().ok_or(Error::Syntax)?;
                options.add_condition(Condition::comparing(word, operand)?.ok_or(Error::Syntax)?)?;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }

    fn add_condition(&mut self, condition: Condition<'a>) -> Result<(), Error> {
        let same = std::mem::discriminant(&self.condition) == std::mem::discriminant(&condition);
        if self.condition != Condition::Always && !same {
            return Err(Error::Syntax);
        }
        self.condition = condition;
        Ok(())
    }

    fn add_expiry(&mut self, expiry: Expiry<'a>) -> Result<(), Error> {
        let fits = match (self.expiry, expiry) {
            (Expiry::Unsaid, _) | (Expiry::Keep, Expiry::Keep) | (Expiry::Persist, Expiry::Persist) => true,
            (Expiry::Time(old, _), Expiry::Time(new, _)) => old == new,
            _ => false,
        };
        if !fits {
            return Err(Error::Syntax);
        }
        self.expiry = expiry;
        Ok(())
    }
}

fn unit(word: &[u8]) -> Option<Unit> {
    Some(match word.len() {
        2 if word.eq_ignore_ascii_case(b"ex") => Unit::Seconds,
        2 if word.eq_ignore_ascii_case(b"px") => Unit::Millis,
        4 if word.eq_ignore_ascii_case(b"exat") => Unit::UnixSeconds,
        4 if word.eq_ignore_ascii_case(b"pxat") => Unit::UnixMillis,
        _ => return None,
    })
}

impl<'a> Condition<'a> {
    /// The condition of IFEQ, IFNE, IFDEQ or IFDNE and its operand; `None` for any other word.
    ///
    /// # Errors
    ///
    /// The reference's line for a digest that has not 16 digits; what the digits are is not looked at.
    pub fn comparing(word: &[u8], operand: &'a [u8]) -> Result<Option<Condition<'a>>, Error> {
        let condition = if word.eq_ignore_ascii_case(b"ifeq") {
            Condition::Equal(operand)
        } else if word.eq_ignore_ascii_case(b"ifne") {
            Condition::NotEqual(operand)
        } else if word.eq_ignore_ascii_case(b"ifdeq") {
            Condition::DigestEqual(operand)
        } else if word.eq_ignore_ascii_case(b"ifdne") {
            Condition::DigestNotEqual(operand)
        } else {
            return Ok(None);
        };
        if matches!(condition, Condition::DigestEqual(_) | Condition::DigestNotEqual(_))
            && operand.len() != DIGEST_DIGITS
        {
            return Err(Error::Static("ERR must be exactly 16 hexadecimal characters"));
        }
        Ok(Some(condition))
    }

    /// Whether it holds of what is at `key`.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] when a value is compared that is no string.
    pub fn holds(&self, ctx: &Ctx<'_>, key: Key<'_>) -> Result<bool, Error> {
        Ok(match self {
            Condition::Always => true,
            Condition::Missing => !ctx.tx.exists(key),
            Condition::Present => ctx.tx.exists(key),
            _ => match ctx.tx.string(key)? {
                Some(value) => self.holds_of(value),
                None => matches!(self, Condition::NotEqual(_) | Condition::DigestNotEqual(_)),
            },
        })
    }

    /// Whether it holds of a value that is there.
    pub fn holds_of(&self, value: Str<'_>) -> bool {
        let mut digits = itoa::Buffer::new();
        let bytes = value.as_bytes(&mut digits);
        match self {
            Condition::Always | Condition::Present => true,
            Condition::Missing => false,
            Condition::Equal(operand) => bytes == *operand,
            Condition::NotEqual(operand) => bytes != *operand,
            Condition::DigestEqual(operand) => digest(bytes).eq_ignore_ascii_case(operand),
            Condition::DigestNotEqual(operand) => !digest(bytes).eq_ignore_ascii_case(operand),
        }
    }
}

/// The digest of a value: its 64-bit XXH3 as 16 lower-case hexadecimal digits. O(length).
pub fn digest(value: &[u8]) -> [u8; DIGEST_DIGITS] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let hash = twox_hash::XxHash3_64::oneshot(value);
    std::array::from_fn(|digit| HEX[(hash >> (60 - 4 * digit) & 0xF) as usize])
}

impl Expiry<'_> {
    /// The [`Ttl`] for a value that is written; `command` is named in the error.
    ///
    /// # Errors
    ///
    /// [`Error::NotInteger`], or [`Error::InvalidExpire`] for a time that is not positive or overflows.
    pub fn ttl(self, command: &'static str, now_ms: i64) -> Result<Ttl, Error> {
        Ok(match self {
            Expiry::Unsaid | Expiry::Persist => Ttl::Clear,
            Expiry::Keep => Ttl::Keep,
            Expiry::Time(unit, amount) => Ttl::At(unix_ms(command, unit, amount, now_ms)?),
        })
    }
}

/// When a time that a client wrote is reached, unix ms; errors as in [`Expiry::ttl`].
pub fn unix_ms(command: &'static str, unit: Unit, amount: &[u8], now_ms: i64) -> Result<i64, Error> {
    let amount = int(amount)?;
    let scale = if matches!(unit, Unit::Seconds | Unit::UnixSeconds) { 1000 } else { 1 };
    let start_ms = if matches!(unit, Unit::Seconds | Unit::Millis) { now_ms } else { 0 };
    let at_ms = amount.checked_mul(scale).and_then(|ms| ms.checked_add(start_ms));
    at_ms.filter(|_| amount > 0).ok_or(Error::InvalidExpire(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_xxh3_in_16_digits() {
        for (value, expected) in [
            (&b""[..], b"2d06800538d394c2"),
            (b"hello", b"9555e8555c62dcfd"),
            (b"123", b"404a763b3f4c8c9a"),
            (b"v8", b"0cc76dbb41381419"),
        ] {
            assert_eq!(&digest(value), expected);
        }
    }

    #[test]
    fn times_are_positive_and_do_not_overflow() {
        let at = |unit, amount: &str| unix_ms("set", unit, amount.as_bytes(), 1000).map_err(|error| error.to_string());
        assert_eq!(at(Unit::Seconds, "2"), Ok(3000));
        assert_eq!(at(Unit::Millis, "2"), Ok(1002));
        assert_eq!(at(Unit::UnixSeconds, "2"), Ok(2000));
        assert_eq!(at(Unit::UnixMillis, "9223372036854775807"), Ok(i64::MAX));
        let invalid = Err("ERR invalid expire time in 'set' command".to_owned());
        for (unit, amount) in [
            (Unit::Seconds, "0"),
            (Unit::Millis, "-1"),
            (Unit::UnixMillis, "0"),
            (Unit::UnixSeconds, "9223372036854776"),
            (Unit::Millis, "9223372036854775807"),
        ] {
            assert_eq!(at(unit, amount), invalid, "{unit:?} {amount}");
        }
        assert_eq!(at(Unit::Seconds, "1.5"), Err("ERR value is not an integer or out of range".to_owned()));
    }
}
