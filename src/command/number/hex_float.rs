//! Hexadecimal floats (`0x1.8p3`), which the reference takes wherever it takes a float because `strtod` does.

/// A magnitude: `mantissa × 2^exponent`, or a little more (less than one unit of `mantissa`) when `sticky`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binary {
    /// All bits that were given, or the topmost of them (at least 120, then).
    pub mantissa: u128,
    /// The power of two; saturated far outside of every format's range.
    pub exponent: i64,
    /// Whether bits below the mantissa were cut off that were not all 0.
    pub sticky: bool,
}

/// Past any exponent that a mantissa of a protocol-sized argument could bring back into range.
const EXPONENT_MAX: i64 = 1 << 40;

/// Reads what stands behind `0x`: digits with at most one point, then an optional binary exponent.
pub fn parse(text: &[u8]) -> Option<Binary> {
    let mut number = Binary { mantissa: 0, exponent: 0, sticky: false };
    let mut point = false;
    let mut any = false;
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        match (*byte as char).to_digit(16) {
            Some(digit) => {
                any = true;
                if number.mantissa >> 120 == 0 {
                    number.mantissa = number.mantissa << 4 | u128::from(digit);
                    number.exponent -= if point { 4 } else { 0 };
                } else {
                    number.sticky |= digit != 0;
                    number.exponent += if point { 0 } else { 4 };
                }
            }
            None if *byte == b'.' && !point => point = true,
            None => break,
        }
        rest = tail;
    }
    if !any {
        return None;
    }
    number.exponent += match rest {
        [] => 0,
        [b'p' | b'P', exponent @ ..] => parse_exponent(exponent)?,
        _ => return None,
    };
    Some(number)
}

/// A decimal exponent with an optional sign and at least one digit, saturated at ±[`EXPONENT_MAX`].
pub fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0i64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = (value * 10 + i64::from(digit - b'0')).min(EXPONENT_MAX);
    }
    Some(if negative { -value } else { value })
}

impl Binary {
    /// Rounded (half to even) to a mantissa of at most `bits` bits and an exponent of at least `exponent_min`:
    /// `(mantissa, exponent)`. The exponent has no upper bound here.
    pub fn round(self, bits: u32, exponent_min: i64) -> (u128, i64) {
        if self.mantissa == 0 {
            return (0, exponent_min);
        }
        let length = 128 - self.mantissa.leading_zeros();
        let shift = i64::from(length.saturating_sub(bits)).max(exponent_min.saturating_sub(self.exponent));
        if shift <= 0 {
            return (self.mantissa, self.exponent);
        }
        if shift > i64::from(length) {
            // Less than half of the smallest unit.
            return (0, exponent_min);
        }
        let exponent = self.exponent + shift;
        let (kept, cut) = match shift {
            128 => (0, self.mantissa),
            _ => (self.mantissa >> shift, self.mantissa & ((1 << shift) - 1)),
        };
        let half = 1u128 << (shift - 1);
        let up = cut > half || (cut == half && (self.sticky || kept & 1 == 1));
        let rounded = kept + u128::from(up);
        if rounded >> bits != 0 { (rounded >> 1, exponent + 1) } else { (rounded, exponent) }
    }

    /// As a double; `None` when it is too large, or becomes 0 without being 0.
    pub fn to_f64(self) -> Option<f64> {
        if self.mantissa == 0 {
            return Some(0.0);
        }
        let (mantissa, exponent) = self.round(53, -1074);
        let top = exponent.saturating_add(i64::from(128 - mantissa.leading_zeros()));
        if mantissa == 0 || top > 1024 {
            return None;
        }
        // Two exact steps: the mantissa is whole, and either factor is a normal double.
        let exponent = exponent as i32;
        let first = exponent.max(-1000);
        Some(mantissa as f64 * 2f64.powi(first) * 2f64.powi(exponent - first))
    }
}
