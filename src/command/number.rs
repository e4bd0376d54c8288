//! Numbers as clients write and read them: the reference's rules for what is an integer or a float, and its
//! texts for doubles. Byte for byte, because both are visible to every client.
//!
//! [`Extended`] is the 80-bit arithmetic behind INCRBYFLOAT. Scores and other replies are plain `f64`.

mod hex_float;
mod long_double;

/// What the store keeps as a number is what commands take for one: one rule, in one place.
pub use crate::store::value::listpack::integer as parse_int;
pub use long_double::Extended;

use super::Error;
use crate::resp::reply::Double;

/// [`parse_int`], with the reference's error.
#[inline]
pub fn int(text: &[u8]) -> Result<i64, Error> {
    parse_int(text).ok_or(Error::NotInteger)
}

/// As [`int`], for numbers that the reference keeps in 32 bits.
pub fn int32(text: &[u8]) -> Result<i32, Error> {
    const OUT_OF_RANGE: Error =
        Error::Static("ERR value is out of range, value must between -2147483648 and 2147483647");
    i32::try_from(int(text)?).map_err(|_| OUT_OF_RANGE)
}

/// The double that C's `strtod` reads from the whole text: decimal or hexadecimal with an exponent, `inf` and
/// `infinity` in any case, a sign. Refused: spaces, anything behind the number, NaN, and numbers that are too
/// large for a double or so small that they become 0 (those that only lose precision are fine). O(length).
pub fn parse_float(text: &[u8]) -> Option<f64> {
    let digits = unsigned(text);
    match digits {
        [b'0', b'x' | b'X', hex @ ..] => {
            let magnitude = hex_float::parse(hex)?.to_f64()?;
            return Some(if text[0] == b'-' { -magnitude } else { magnitude });
        }
        // Rust's parser also knows NaN, and strtod reads nothing from an empty text.
        [b'n' | b'N', ..] | [] => return None,
        _ => {}
    }
    let value: f64 = str::from_utf8(text).ok()?.parse().ok()?;
    let named = digits[0].eq_ignore_ascii_case(&b'i');
    if (value.is_infinite() && !named) || (value == 0.0 && !is_decimal_zero(digits)) {
        return None;
    }
    Some(value)
}

/// [`parse_float`], with the reference's error.
#[inline]
pub fn float(text: &[u8]) -> Result<f64, Error> {
    parse_float(text).ok_or(Error::NotFloat)
}

/// The text behind one sign.
fn unsigned(text: &[u8]) -> &[u8] {
    match text {
        [b'+' | b'-', rest @ ..] => rest,
        rest => rest,
    }
}

/// Whether a well-formed decimal number has no digit but 0 in front of its exponent.
fn is_decimal_zero(digits: &[u8]) -> bool {
    digits.iter().take_while(|byte| !matches!(byte, b'e' | b'E')).all(|byte| matches!(byte, b'0' | b'.'))
}

/// Appends a double as C's `%.17g` writes it: `3`, `0.10000000000000001`, `1e+20`, `inf`, `-nan`.
pub fn push_double_17g(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(Double::format(value).as_bytes());
}

/// [`push_double_17g`] as a text of its own.
pub fn format_double_17g(value: f64) -> String {
    String::from_utf8_lossy(Double::format(value).as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_integers_are_integers() {
        for (text, value) in [
            ("0", 0),
            ("7", 7),
            ("-1", -1),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("1000000000000000000", 1_000_000_000_000_000_000),
        ] {
            assert_eq!(parse_int(text.as_bytes()), Some(value), "{text}");
        }
        for text in [
            "",
            "-",
            "+1",
            "-0",
            "00",
            "01",
            "-01",
            " 1",
            "1 ",
            "1.0",
            "1e3",
            "0x10",
            "a",
            "1a",
            "--1",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "99999999999999999999",
            "1\0",
            "/",
            ":",
        ] {
            assert_eq!(parse_int(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats_are_what_strtod_reads_to_the_end() {
        for (text, value) in [
            ("3", 3.0),
            ("+3", 3.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("-1e3", -1000.0),
            ("1E+3", 1000.0),
            ("inf", f64::INFINITY),
            ("+INF", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("0x1p3", 8.0),
            ("-0X.8", -0.5),
            ("0x1.8", 1.5),
            ("0xap-1", 5.0),
            ("5e-324", 5e-324),
            ("0e99999999999999999999", 0.0),
            ("0x0p99999999999999999999", 0.0),
            ("1.7976931348623157e308", f64::MAX),
            ("0x1.fffffffffffff7p1023", f64::MAX),
            ("0x1p-1074", 5e-324),
        ] {
            assert_eq!(parse_float(text.as_bytes()), Some(value), "{text}");
        }
        assert!(parse_float(b"-0").unwrap().is_sign_negative());
        for text in [
            "",
            " 1",
            "1 ",
            "\t1",
            "1\0",
            "nan",
            "NaN",
            "-nan",
            "nan(1)",
            "e1",
            "1e",
            "1e+",
            ".",
            "+",
            "-",
            "++1",
            "0x",
            "0x.",
            "0xg",
            "0x1p",
            "0x1p+",
            "0x1.2.3",
            "infi",
            "infinityy",
            "in",
            "1e400",
            "-1e400",
            "1e-400",
            "0x1p1024",
            "0x1p-1075",
            "0x1.fffffffffffff8p1023",
            "1_000",
            "1f",
            "+-1",
            "1d",
            "abc",
        ] {
            assert_eq!(parse_float(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse_float(b"\xff"), None);
    }

    #[test]
    fn doubles_print_as_c_prints_17_significant_digits() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (-12.5, "-12.5"),
            (0.1, "0.10000000000000001"),
            (1.0 / 3.0, "0.33333333333333331"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (1e20, "1e+20"),
            (1.5e300, "1.5000000000000001e+300"),
            (1e-4, "0.0001"),
            (1e-5, "1.0000000000000001e-05"),
            (123456.789e3, "123456789"),
            (99999999999999999.0, "1e+17"),
            (1_125_899_906_842_624.0 + 0.25, "1125899906842624.2"),
            (1_125_899_906_842_624.0 + 0.75, "1125899906842624.8"),
            (9007199254740993.0, "9007199254740992"),
            (5e-324, "4.9406564584124654e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(format_double_17g(value), text);
        }
        assert_eq!(format_double_17g(f64::NAN.copysign(1.0)), "nan");
        assert_eq!(format_double_17g(f64::NAN.copysign(-1.0)), "-nan");
    }
}
