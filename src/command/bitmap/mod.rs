//! Commands on strings seen as arrays of bits.

use crate::command::Error;
use crate::command::number::parse_int;
use crate::command::spec::Spec;

pub mod bits;
pub mod field;
pub mod operation;

/// Rows of this family, file by file.
pub const FAMILY: &[&[Spec]] = &[bits::COMMANDS, operation::COMMANDS, field::COMMANDS];

/// A bit's number as SETBIT, GETBIT and BITFIELD take it: below 8 × `bytes_max`. With `width`, `#n` stands for
/// the n-th integer of that many bits.
fn bit_offset(text: &[u8], width: Option<u32>, bytes_max: u64) -> Result<u64, Error> {
    let (scale, digits) = match (width, text) {
        (Some(width), [b'#', digits @ ..]) => (i64::from(width), digits),
        _ => (1, text),
    };
    parse_int(digits)
        .and_then(|offset| u64::try_from(offset.checked_mul(scale)?).ok())
        .filter(|offset| offset >> 3 < bytes_max)
        .ok_or(Error::Static("ERR bit offset is not an integer or out of range"))
}

/// Bits of a string that is not empty, `first` to `last`, both included and inside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct BitRange {
    first: usize,
    last: usize,
}

impl BitRange {
    /// All bits of a string of `bytes`; `None` for none.
    fn all(bytes: usize) -> Option<BitRange> {
        (bytes > 0).then(|| BitRange { first: 0, last: bytes * 8 - 1 })
    }

    /// The bits from `start` to `end` in bytes or bits, negative ones counted from the end; `None` for none.
    fn clip(start: i64, end: i64, by_bit: bool, bytes: usize) -> Option<BitRange> {
        let scale = if by_bit { 1 } else { 8 };
        let total = (bytes * 8 / scale) as i64;
        let from_end = |index: i64| if index < 0 { index.saturating_add(total).max(0) } else { index };
        let (start, end) = (from_end(start), from_end(end).min(total - 1));
        (start <= end).then(|| BitRange { first: start as usize * scale, last: (end as usize + 1) * scale - 1 })
    }

    /// The first and last byte it touches, and the bits of them that belong to it.
    fn edges(self) -> (usize, u8, usize, u8) {
        (self.first / 8, 0xFF >> (self.first % 8), self.last / 8, !(0x7F >> (self.last % 8)))
    }

    /// Number of ones. O(bytes), eight at a time.
    fn count_ones(self, bytes: &[u8]) -> i64 {
        let (first, first_mask, last, last_mask) = self.edges();
        if first == last {
            return (bytes[first] & first_mask & last_mask).count_ones().into();
        }
        let edges = (bytes[first] & first_mask).count_ones() + (bytes[last] & last_mask).count_ones();
        let (words, rest) = bytes[first + 1..last].as_chunks::<8>();
        let middle: u64 = words.iter().map(|word| u64::from(u64::from_ne_bytes(*word).count_ones())).sum();
        let rest: u32 = rest.iter().map(|byte| byte.count_ones()).sum();
        i64::from(edges + rest) + middle as i64
    }

    /// Number of the first bit that is `wanted`. O(bytes).
    fn position(self, bytes: &[u8], wanted: bool) -> Option<usize> {
        let (first, first_mask, last, last_mask) = self.edges();
        let flip = if wanted { 0 } else { 0xFF };
        let at = |byte: usize| {
            let mut value = bytes[byte] ^ flip;
            if byte == first {
                value &= first_mask;
            }
            if byte == last {
                value &= last_mask;
            }
            (value != 0).then(|| byte * 8 + value.leading_zeros() as usize)
        };
        at(first).or_else(|| {
            // Whole bytes without a wanted bit are skipped; what is found may still lie behind the last bit.
            let skipped = bytes[first + 1..(last + 1).max(first + 1)].iter().position(|byte| byte ^ flip != 0)?;
            at(first + 1 + skipped)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_positions_agree_with_bit_by_bit_ones() {
        let seed = fastrand::u64(..);
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..3000 {
            let mut bytes: Vec<u8> = (0..random.usize(1..40)).map(|_| random.u8(..)).collect();
            if random.bool() {
                let (fill, skip) = (if random.bool() { 0 } else { 0xFF }, random.usize(..bytes.len()));
                bytes[skip..].fill(fill);
            }
            let last = random.usize(..bytes.len() * 8);
            let range = BitRange { first: random.usize(..=last), last };
            let bit = |index: usize| bytes[index / 8] >> (7 - index % 8) & 1 == 1;
            let ones = (range.first..=range.last).filter(|index| bit(*index)).count();
            assert_eq!(range.count_ones(&bytes), ones as i64, "seed {seed}");
            for wanted in [false, true] {
                let position = (range.first..=range.last).find(|index| bit(*index) == wanted);
                assert_eq!(range.position(&bytes, wanted), position, "seed {seed}");
            }
        }
    }
}
