//! The cursor and options of SCAN, SSCAN, HSCAN and ZSCAN, read in one place.
//!
//! The reference looks at the key between the two: a missing key answers an empty scan whatever its options.

use super::Error;
use super::glob::Pattern;
use super::number::int;

/// What is scanned, as the options depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// Keys: TYPE is known.
    Keys,
    /// A hash: NOVALUES is known.
    Fields,
    /// A set or sorted set.
    Members,
}

/// The options behind the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanOptions<'a> {
    /// How much to look at, at least 1.
    pub count: usize,
    /// What to show; a pattern that lets everything through is `None`.
    pub pattern: Option<Pattern<'a>>,
    /// Type of the keys to show, as the client wrote it.
    pub type_name: Option<&'a [u8]>,
    /// Fields without their values.
    pub no_values: bool,
}

/// COUNT when it is not said.
const COUNT_DEFAULT: usize = 10;

impl<'a> ScanOptions<'a> {
    /// Reads everything behind the cursor.
    ///
    /// # Errors
    ///
    /// [`Error::Syntax`] for what is unknown, incomplete or a COUNT below 1, [`Error::NotInteger`] for a COUNT
    /// that is no number, and the reference's line for NOVALUES elsewhere than in HSCAN.
    pub fn parse(scanned: Scanned, arguments: impl Iterator<Item = &'a [u8]>) -> Result<ScanOptions<'a>, Error> {
        let mut options = ScanOptions { count: COUNT_DEFAULT, pattern: None, type_name: None, no_values: false };
        let mut arguments = arguments;
        while let Some(option) = arguments.next() {
            if option.eq_ignore_ascii_case(b"count") {
                let count = int(arguments.next().ok_or(Error::Syntax)?)?;
                options.count = usize::try_from(count).ok().filter(|count| *count >= 1).ok_or(Error::Syntax)?;
            } else if option.eq_ignore_ascii_case(b"match") {
                let pattern = Pattern::new(arguments.next().ok_or(Error::Syntax)?);
                options.pattern = (!pattern.is_any()).then_some(pattern);
            } else if option.eq_ignore_ascii_case(b"type") && scanned == Scanned::Keys {
                options.type_name = Some(arguments.next().ok_or(Error::Syntax)?);
            } else if option.eq_ignore_ascii_case(b"novalues") {
                if scanned != Scanned::Fields {
                    return Err(Error::Static("ERR NOVALUES option can only be used in HSCAN"));
                }
                options.no_values = true;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }

    /// Whether `text` passes MATCH.
    #[inline]
    pub fn shows(&self, text: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| pattern.matches(text))
    }
}

/// A cursor as C's `strtoul` reads it: digits with an optional sign (a negative one wraps around), nothing in
/// front or behind; the empty text is 0.
///
/// # Errors
///
/// `ERR invalid cursor`.
pub fn parse_cursor(text: &[u8]) -> Result<u64, Error> {
    const INVALID: Error = Error::Static("ERR invalid cursor");
    // A C string ends at its first zero byte.
    let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
    let (negative, digits) = match text {
        [] => return Ok(0),
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(INVALID);
    }
    let magnitude =
        digits.iter().try_fold(0u64, |value, digit| value.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
    let magnitude = magnitude.ok_or(INVALID)?;
    Ok(if negative { magnitude.wrapping_neg() } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(scanned: Scanned, line: &str) -> Result<ScanOptions<'_>, String> {
        ScanOptions::parse(scanned, line.split_ascii_whitespace().map(str::as_bytes)).map_err(|error| error.to_string())
    }

    #[test]
    fn cursors_are_read_as_strtoul_does() {
        for (text, cursor) in [
            ("0", 0),
            ("", 0),
            ("007", 7),
            ("+5", 5),
            ("-1", u64::MAX),
            ("18446744073709551615", u64::MAX),
            ("3\0x", 3),
        ] {
            assert_eq!(parse_cursor(text.as_bytes()).ok(), Some(cursor), "{text:?}");
        }
        for text in [" 1", "1 ", "a", "-", "+", "1a", "0x10", "--1", "18446744073709551616"] {
            let error = parse_cursor(text.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), "ERR invalid cursor", "{text:?}");
        }
    }

    #[test]
    fn options_come_in_any_order_and_the_last_counts() {
        let options = parse(Scanned::Keys, "match a* COUNT 5 type hash count 7").unwrap();
        assert_eq!((options.count, options.type_name), (7, Some(&b"hash"[..])));
        assert!(options.shows(b"ab") && !options.shows(b"b"));
        let options = parse(Scanned::Members, "match a match *").unwrap();
        assert_eq!((options.count, options.pattern), (10, None));
        assert!(parse(Scanned::Fields, "NOVALUES").unwrap().no_values);
    }

    #[test]
    fn wrong_options_are_the_references_errors() {
        for (scanned, line, error) in [
            (Scanned::Keys, "count", "ERR syntax error"),
            (Scanned::Keys, "count 0", "ERR syntax error"),
            (Scanned::Keys, "count -1", "ERR syntax error"),
            (Scanned::Keys, "count a", "ERR value is not an integer or out of range"),
            (Scanned::Keys, "match", "ERR syntax error"),
            (Scanned::Keys, "bogus", "ERR syntax error"),
            (Scanned::Fields, "type hash", "ERR syntax error"),
            (Scanned::Members, "novalues", "ERR NOVALUES option can only be used in HSCAN"),
        ] {
            assert_eq!(parse(scanned, line).unwrap_err(), error, "{line}");
        }
    }
}
