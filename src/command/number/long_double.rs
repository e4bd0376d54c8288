//! The 80-bit `long double` of x86-64, as far as INCRBYFLOAT and HINCRBYFLOAT need it: read, add, print.
//!
//! The reference computes them in that format, and its results are visible: `0.1` + `0.2` is `0.3` there, while
//! doubles say `0.30000000000000004`. Reading is exact (big integers, rounded once), half to even throughout.

use num_bigint::BigUint;

use super::hex_float::{self, Binary};

/// Bits of a mantissa.
const MANTISSA_BITS: u32 = 64;
/// Exponent of the smallest denormal's only bit.
const EXPONENT_MIN: i64 = -16_445;
/// Every finite number is below two to this power.
const TOP_MAX: i64 = 16_384;
/// Longest text that is read: the reference copies it into 5 KiB with a final 0.
const TEXT_BYTES_MAX: usize = 5 * 1024 - 1;
/// Finite numbers lie below ten to this power, and above ten to its negative.
const DECIMAL_EXPONENT_MAX: i64 = 5_000;
/// `%.17Lf`.
const FRACTION_DIGITS: usize = 17;
/// 10^[`FRACTION_DIGITS`].
const FRACTION_SCALE: u128 = 100_000_000_000_000_000;

/// A number with a 64-bit mantissa and a 15-bit exponent; not a NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extended {
    negative: bool,
    magnitude: Magnitude,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Magnitude {
    /// `mantissa × 2^exponent`, exponent at least [`EXPONENT_MIN`], the product below 2^[`TOP_MAX`].
    Finite {
        mantissa: u64,
        exponent: i64,
    },
    Infinite,
}

impl Extended {
    /// The number that C's `strtold` reads from the whole text, with the same refusals as
    /// [`super::parse_float`] at this format's own limits; also refused: 5,120 bytes and more.
    pub fn parse(text: &[u8]) -> Option<Extended> {
        if text.is_empty() || text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let negative = text[0] == b'-';
        let magnitude = match super::unsigned(text) {
            [b'0', b'x' | b'X', hex @ ..] => finite(hex_float::parse(hex)?)?,
            [b'i' | b'I', ..] => {
                let name = super::unsigned(text);
                if !name.eq_ignore_ascii_case(b"inf") && !name.eq_ignore_ascii_case(b"infinity") {
                    return None;
                }
                Magnitude::Infinite
            }
            decimal => parse_decimal(decimal)?,
        };
        Some(Extended { negative, magnitude })
    }

    /// Whether it is neither infinity.
    pub fn is_finite(self) -> bool {
        self.magnitude != Magnitude::Infinite
    }

    /// The sum, rounded half to even; `None` when it would be infinite or not a number.
    pub fn checked_add(self, other: Extended) -> Option<Extended> {
        let (Magnitude::Finite { mantissa: a, exponent: i }, Magnitude::Finite { mantissa: b, exponent: j }) =
            (self.magnitude, other.magnitude)
        else {
            return None;
        };
        if a == 0 || b == 0 {
            let negative = if a == 0 && b == 0 { self.negative && other.negative } else { false };
            return Some(match (a, b) {
                (0, 0) => Extended { negative, ..self },
                (0, _) => other,
                _ => self,
            });
        }
        // Both with their top bit set, the larger exponent first; 62 bits of room below the larger one. What
        // falls out below that is far under half a unit of the sum, so one sticky bit stands for it.
        let mut high = (self.negative, a << a.leading_zeros(), i - i64::from(a.leading_zeros()));
        let mut low = (other.negative, b << b.leading_zeros(), j - i64::from(b.leading_zeros()));
        if high.2 < low.2 {
            std::mem::swap(&mut high, &mut low);
        }
        let large = u128::from(high.1) << 62;
        let wide = u128::from(low.1) << 62;
        let distance = high.2 - low.2;
        let (small, sticky) = match distance {
            0..=127 => (wide >> distance, wide & ((1 << distance) - 1) != 0),
            _ => (0, true),
        };
        let (negative, mantissa) = if high.0 == low.0 {
            (high.0, large + small)
        } else if large >= small {
            // The cut-off part is taken away too: round as one unit less and a bit.
            (high.0, large - small - u128::from(sticky))
        } else {
            (low.0, small - large)
        };
        if mantissa == 0 {
            return Some(Extended { negative: false, magnitude: Magnitude::Finite { mantissa: 0, exponent: 0 } });
        }
        let magnitude = in_range(Binary { mantissa, exponent: high.2 - 62, sticky })?;
        Some(Extended { negative, magnitude })
    }

    /// Appends it for humans: `%.17Lf` without the zeros at its end, `0` for `-0`, `inf`. At most 4,952 bytes.
    pub fn push_human(self, out: &mut Vec<u8>) {
        let (mantissa, exponent) = match self.magnitude {
            Magnitude::Infinite => {
                out.extend_from_slice(if self.negative { b"-inf" } else { b"inf" });
                return;
            }
            Magnitude::Finite { mantissa, exponent } => (mantissa, exponent),
        };
        let start = out.len();
        if self.negative {
            out.push(b'-');
        }
        if exponent >= 0 {
            push_whole(out, mantissa, exponent);
        } else {
            // 64 bits of mantissa and the 57 of the scale stay below 128.
            let scaled = u128::from(mantissa) * FRACTION_SCALE;
            let (units, _) = Binary { mantissa: scaled, exponent, sticky: false }.round(127, 0);
            push_fixed(out, units);
        }
        if &out[start..] == b"-0" {
            out.remove(start);
        }
    }

    /// [`Extended::push_human`] as bytes of its own.
    pub fn to_human(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(40);
        self.push_human(&mut out);
        out
    }
}

impl From<i64> for Extended {
    fn from(value: i64) -> Extended {
        let magnitude = Magnitude::Finite { mantissa: value.unsigned_abs(), exponent: 0 };
        Extended { negative: value < 0, magnitude }
    }
}

impl From<f64> for Extended {
    /// Exact. A NaN, which no command lets in, becomes infinite.
    fn from(value: f64) -> Extended {
        let bits = value.to_bits();
        let (raw, fraction) = ((bits >> 52 & 0x7ff) as i64, bits & ((1 << 52) - 1));
        let magnitude = match raw {
            0x7ff => Magnitude::Infinite,
            0 => Magnitude::Finite { mantissa: fraction, exponent: -1074 },
            _ => Magnitude::Finite { mantissa: fraction | 1 << 52, exponent: raw - 1075 },
        };
        Extended { negative: value.is_sign_negative(), magnitude }
    }
}

/// Rounded to the format; `None` when too large, or when something that is not 0 becomes 0.
fn finite(number: Binary) -> Option<Magnitude> {
    match in_range(number)? {
        Magnitude::Finite { mantissa: 0, .. } if number.mantissa != 0 => None,
        magnitude => Some(magnitude),
    }
}

/// Rounded to the format; `None` when too large.
fn in_range(number: Binary) -> Option<Magnitude> {
    let (mantissa, exponent) = number.round(MANTISSA_BITS, EXPONENT_MIN);
    let mantissa = mantissa as u64;
    if mantissa == 0 {
        return Some(Magnitude::Finite { mantissa: 0, exponent: 0 });
    }
    let top = exponent.saturating_add(i64::from(64 - mantissa.leading_zeros()));
    (top <= TOP_MAX).then_some(Magnitude::Finite { mantissa, exponent })
}

/// Reads an unsigned decimal: digits with at most one point, an optional exponent.
fn parse_decimal(text: &[u8]) -> Option<Magnitude> {
    let end = text.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(text.len());
    let mut exponent = if end < text.len() { hex_float::parse_exponent(&text[end + 1..])? } else { 0 };
    let (whole, fraction) = match text[..end].iter().position(|&byte| byte == b'.') {
        Some(point) => (&text[..point], &text[point + 1..end]),
        None => (&text[..end], &[][..]),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut digits = Vec::with_capacity(whole.len() + fraction.len());
    for &byte in whole.iter().chain(fraction) {
        if !byte.is_ascii_digit() {
            return None;
        }
        if byte != b'0' || !digits.is_empty() {
            digits.push(byte);
        }
    }
    exponent -= fraction.len() as i64;
    while digits.last() == Some(&b'0') {
        digits.pop();
        exponent += 1;
    }
    if digits.is_empty() {
        return Some(Magnitude::Finite { mantissa: 0, exponent: 0 });
    }
    if (exponent + digits.len() as i64).abs() > DECIMAL_EXPONENT_MAX {
        return None;
    }
    let value = BigUint::parse_bytes(&digits, 10)?;
    let power = BigUint::from(10u8).pow(exponent.unsigned_abs() as u32);
    finite(if exponent >= 0 {
        top_bits(&(value * power), 0, false)
    } else {
        // Shifted so that the quotient has 66 bits at least: 64, one to round by, and the remainder below them.
        let shift = (power.bits() + 66).saturating_sub(value.bits());
        let value = value << shift;
        let quotient = &value / &power;
        let sticky = &quotient * &power != value;
        top_bits(&quotient, -(shift as i64), sticky)
    })
}

/// `value × 2^exponent` cut to 128 bits.
fn top_bits(value: &BigUint, exponent: i64, sticky: bool) -> Binary {
    let shift = value.bits().saturating_sub(128);
    let cut = value.trailing_zeros().is_some_and(|zeros| zeros < shift);
    let mantissa = u128::try_from(value >> shift).expect("shifted to 128 bits");
    Binary { mantissa, exponent: exponent + shift as i64, sticky: sticky || cut }
}

/// Appends `mantissa × 2^exponent`, a whole number.
fn push_whole(out: &mut Vec<u8>, mantissa: u64, exponent: i64) {
    if exponent == 0 || mantissa == 0 {
        out.extend_from_slice(itoa::Buffer::new().format(mantissa).as_bytes());
    } else {
        out.extend_from_slice((BigUint::from(mantissa) << exponent as u64).to_string().as_bytes());
    }
}

/// Appends `units × 10^-17` without zeros at the end of its fraction.
fn push_fixed(out: &mut Vec<u8>, units: u128) {
    let mut buffer = itoa::Buffer::new();
    out.extend_from_slice(buffer.format((units / FRACTION_SCALE) as u64).as_bytes());
    let fraction = (units % FRACTION_SCALE) as u64;
    if fraction == 0 {
        return;
    }
    let digits = buffer.format(fraction).as_bytes();
    out.push(b'.');
    out.extend(std::iter::repeat_n(b'0', FRACTION_DIGITS - digits.len()));
    out.extend_from_slice(digits);
    while out.last() == Some(&b'0') {
        out.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(a: &str, b: &str) -> Option<String> {
        let sum = Extended::parse(a.as_bytes())?.checked_add(Extended::parse(b.as_bytes())?)?;
        Some(String::from_utf8(sum.to_human()).unwrap())
    }

    #[test]
    fn sums_are_those_of_the_reference() {
        // Right-hand sides are replies of redis-server 7.0.15 to INCRBYFLOAT.
        for (a, b, expected) in [
            ("0.1", "0.2", "0.3"),
            ("10.5", "0.1", "10.6"),
            ("3", "-3", "0"),
            ("-1", "1", "0"),
            ("5e3", "2.0e2", "5200"),
            ("1", "-1.1", "-0.1"),
            ("-0.5", "-0.5", "-1"),
            ("9223372036854775807", "1", "9223372036854775808"),
            ("18446744073709551615", "0.5", "18446744073709551616"),
            ("1e-17", "0", "0.00000000000000001"),
            ("4e-18", "0", "0"),
            ("-4e-18", "0", "0"),
            ("0x1p4", "0x.8", "16.5"),
        ] {
            assert_eq!(sum(a, b).as_deref(), Some(expected), "{a} + {b}");
        }
    }

    #[test]
    fn what_is_not_finite_has_no_sum() {
        for (a, b) in [("inf", "1"), ("1", "-Infinity"), ("inf", "-inf"), ("1e4932", "1e4932"), ("-1e4932", "-1e4932")]
        {
            assert!(Extended::parse(a.as_bytes()).is_some() && Extended::parse(b.as_bytes()).is_some());
            assert_eq!(sum(a, b), None, "{a} + {b}");
        }
    }

    #[test]
    fn texts_that_strtold_does_not_read_are_refused() {
        for text in [
            "",
            " 1",
            "1 ",
            "nan",
            "-nan",
            "1e",
            "1e+",
            ".",
            "+",
            "e5",
            "0x",
            "0x1p",
            "1e4933",
            "1e-4951",
            "1.2.3",
            "infin",
            "1\0",
            "--1",
            "1e5000000000000",
            "1e-5000000000000",
            "0x1p16384",
            "0x1p-16446",
        ] {
            assert_eq!(Extended::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Extended::parse(&[b'1'; TEXT_BYTES_MAX + 1]), None);
        assert!(Extended::parse(&[b'0'; TEXT_BYTES_MAX]).is_some());
        assert!(Extended::parse(b"1e-4950").is_some());
        assert!(Extended::parse(b"0x1p-16445").is_some());
        assert!(Extended::parse(b"0e99999999999").is_some());
    }

    #[test]
    fn doubles_convert_exactly() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (2.5, "2.5"),
            (0.1, "0.10000000000000001"),
            (-1e20, "-100000000000000000000"),
            (13.361389338970184, "13.36138933897018433"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(Extended::from(value).to_human(), text.as_bytes());
        }
    }

    #[test]
    fn integers_keep_all_their_digits() {
        for value in [0, 1, -1, i64::MAX, i64::MIN, 1 << 53 | 1] {
            assert_eq!(Extended::from(value).to_human(), value.to_string().into_bytes());
        }
    }
}
