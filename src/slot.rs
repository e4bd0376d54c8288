//! Slots: the 16,384 equal shares of the keyspace, and which of them a key belongs to.
//!
//! The only module that knows CRC16. It takes 16 bytes a step: byte after byte, each waiting for the one before,
//! was 8 % of a pipelined GET (a key of 16 bytes: 26 ns, 11 ns this way; 78 and 17 for 33 bytes). Source: the cluster specification, "Key distribution model" and "Hash tags".

use crc::{CRC_16_XMODEM, Crc, Table};
use std::fmt;

static CRC16: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_XMODEM);

/// One of the 16,384 slots. Always in range: constructors check, nothing downstream does again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u16);

impl Slot {
    /// Number of slots.
    pub const COUNT: usize = 16_384;
    /// The highest slot.
    pub const LAST: Slot = Slot(16_383);

    /// The slot with this number, or `None` past [`Slot::LAST`].
    pub const fn new(number: u64) -> Option<Slot> {
        if number < Slot::COUNT as u64 { Some(Slot(number as u16)) } else { None }
    }

    /// The slot in the low 14 bits.
    #[inline]
    pub const fn from_low_bits(bits: u64) -> Slot {
        Slot((bits & (Slot::COUNT as u64 - 1)) as u16)
    }

    /// The slot of a key: CRC16 (XMODEM) of its hash tag, modulo 16,384. O(length of the hash tag).
    #[inline]
    pub fn of(key: &[u8]) -> Slot {
        Slot::from_low_bits(u64::from(CRC16.checksum(hash_tag(key))))
    }

    /// Its number, below [`Slot::COUNT`].
    #[inline]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Its number as an index.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// All slots in ascending order.
    pub fn all() -> impl DoubleEndedIterator<Item = Slot> + ExactSizeIterator {
        (0..Slot::COUNT as u16).map(Slot)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The part of a key that decides its slot: what stands between the first `{` and the next `}`, when that is
/// not empty; else the whole key.
#[inline]
pub fn hash_tag(key: &[u8]) -> &[u8] {
    let Some(open) = find_open(key) else { return key };
    match memchr::memchr(b'}', &key[open + 1..]) {
        Some(length) if length > 0 => &key[open + 1..open + 1 + length],
        _ => key,
    }
}

/// Where the first `{` is. Most keys are short and have none: for those a call costs more than the look.
#[inline]
fn find_open(key: &[u8]) -> Option<usize> {
    const SHORT: usize = 32;
    const EACH: u64 = 0x0101_0101_0101_0101;
    let mut words = key.chunks_exact(8);
    let has_open = |word: &[u8]| {
        let word = u64::from_le_bytes(word.try_into().expect("chunks are of eight bytes"));
        // Zero where the byte is a brace.
        let bytes = word ^ (EACH * u64::from(b'{'));
        bytes.wrapping_sub(EACH) & !bytes & (EACH << 7) != 0
    };
    if key.len() <= SHORT && !words.by_ref().any(has_open) && !words.remainder().contains(&b'{') {
        return None;
    }
    memchr::memchr(b'{', key)
}

/// A run of slots, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlotRange {
    /// Lowest slot.
    pub first: Slot,
    /// Highest slot, not below `first`.
    pub last: Slot,
}

impl SlotRange {
    /// The run from `first` to `last`, or `None` when `last` is below `first`.
    pub fn new(first: Slot, last: Slot) -> Option<SlotRange> {
        (first <= last).then_some(SlotRange { first, last })
    }

    /// Number of slots, at least 1.
    pub fn count(self) -> usize {
        self.last.index() - self.first.index() + 1
    }

    /// Its slots in ascending order.
    pub fn slots(self) -> impl DoubleEndedIterator<Item = Slot> {
        (self.first.0..=self.last.0).map(Slot)
    }

    /// All slots laid out evenly over `parts` (1 to 16,384): as `redis-cli --cluster create` does it, part `i`
    /// ends at `round((i + 1) × 16384 / parts) - 1`.
    pub fn split_evenly(parts: usize) -> Vec<SlotRange> {
        let parts = parts.clamp(1, Slot::COUNT);
        let share = Slot::COUNT as f64 / parts as f64;
        let mut first = 0u16;
        (0..parts)
            .map(|part| {
                let end = ((part + 1) as f64 * share).round() as u16;
                let range = SlotRange { first: Slot(first), last: Slot(end - 1) };
                first = end;
                range
            })
            .collect()
    }
}

/// The runs that a sorted sequence of slots forms.
pub fn runs(slots: impl IntoIterator<Item = Slot>) -> Vec<SlotRange> {
    let mut ranges: Vec<SlotRange> = Vec::new();
    for slot in slots {
        match ranges.last_mut() {
            Some(range) if range.last.index() + 1 == slot.index() => range.last = slot,
            _ => ranges.push(SlotRange { first: slot, last: slot }),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_fall_into_the_slots_of_the_specification() {
        assert_eq!(Slot::of(b"123456789").number(), 0x31C3);
        assert_eq!(Slot::of(b"foo").number(), 12182);
        assert_eq!(Slot::of(b"").number(), 0);
    }

    #[test]
    fn slots_are_those_of_the_plain_algorithm() {
        let mut random = fastrand::Rng::with_seed(1);
        for length in 0..100 {
            let key: Vec<u8> = (0..length).map(|_| random.u8(b'0'..=b'z')).collect();
            let sum = crc16::State::<crc16::XMODEM>::calculate(hash_tag(&key));
            assert_eq!(Slot::of(&key).number(), sum % 16_384, "{key:?}");
        }
    }

    #[test]
    fn only_a_first_non_empty_hash_tag_counts() {
        for (key, tag) in [
            (&b"{user1000}.following"[..], &b"user1000"[..]),
            (b"foo{}{bar}", b"foo{}{bar}"),
            (b"foo{{bar}}zap", b"{bar"),
            (b"foo{bar}{zap}", b"bar"),
            (b"foo{bar", b"foo{bar"),
            (b"}{a}", b"a"),
            (b"seven__{a}", b"a"),
            (b"a key of sixteen{tag}", b"tag"),
            (b"a key that is longer than a short one is{tag}", b"tag"),
            (b"\xfb|z{\x7b}", b"\x7b"),
            (b"none of \xfb\x5b|z at all", b"none of \xfb\x5b|z at all"),
        ] {
            assert_eq!(hash_tag(key), tag);
        }
    }

    #[test]
    fn an_even_split_covers_every_slot_once() {
        for parts in [1, 2, 3, 4, 5, 7, 100, 16_384] {
            let ranges = SlotRange::split_evenly(parts);
            assert_eq!(ranges.len(), parts);
            let slots: Vec<Slot> = ranges.iter().flat_map(|range| range.slots()).collect();
            assert!(slots.iter().copied().eq(Slot::all()));
        }
        assert_eq!(SlotRange::split_evenly(3)[1].first.number(), 5461);
        assert_eq!(SlotRange::split_evenly(3)[2].first.number(), 10923);
    }

    #[test]
    fn runs_join_neighbours_only() {
        let slots = [0, 1, 2, 7, 9, 10].map(|number| Slot::new(number).unwrap());
        let ranges: Vec<_> = runs(slots).iter().map(|r| (r.first.number(), r.last.number())).collect();
        assert_eq!(ranges, [(0, 2), (7, 7), (9, 10)]);
    }
}
