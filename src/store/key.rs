//! A key with its hash: computed once per request, used by every look-up.

use crate::slot::Slot;
use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;

/// Seeded per process, so that nobody outside can aim keys at one bucket.
static SEED: LazyLock<ahash::RandomState> = LazyLock::new(ahash::RandomState::new);

/// Bits of a [`KeyHash`] below the slot.
const BUCKET_BITS: u32 = 43;

/// A key's place: `[7 bits for the table's tag | 14 bits slot | 43 bits bucket]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyHash(u64);

impl KeyHash {
    /// Hashes a key. O(its length).
    #[inline]
    pub fn of(key: &[u8]) -> KeyHash {
        let bucket = KeyHash::bucket_bits_of(key);
        let slot = u64::from(Slot::of(key).number());
        let tag_and_bucket = bucket & !((Slot::COUNT as u64 - 1) << BUCKET_BITS);
        KeyHash(tag_and_bucket | slot << BUCKET_BITS)
    }

    /// What the low [`BUCKET_BITS`] of a key's hash are, without finding its slot. Higher bits are of no use.
    #[inline]
    pub(super) fn bucket_bits_of(key: &[u8]) -> u64 {
        let mut hasher = SEED.build_hasher();
        hasher.write(key);
        hasher.finish()
    }

    /// Its slot.
    #[inline]
    pub fn slot(self) -> Slot {
        Slot::from_low_bits(self.0 >> BUCKET_BITS)
    }

    /// All 64 bits.
    #[inline]
    pub fn bits(self) -> u64 {
        self.0
    }
}

/// A key's bytes and their [`KeyHash`].
#[derive(Clone, Copy, Debug)]
pub struct Key<'k> {
    bytes: &'k [u8],
    hash: KeyHash,
}

impl<'k> Key<'k> {
    /// Hashes `bytes`. O(their length).
    #[inline]
    pub fn new(bytes: &'k [u8]) -> Key<'k> {
        Key { bytes, hash: KeyHash::of(bytes) }
    }

    /// A key whose hash is known: `hash` must be `KeyHash::of(bytes)`.
    #[inline]
    pub fn with_hash(bytes: &'k [u8], hash: KeyHash) -> Key<'k> {
        debug_assert_eq!(hash, KeyHash::of(bytes));
        Key { bytes, hash }
    }

    /// Its bytes.
    #[inline]
    pub fn bytes(self) -> &'k [u8] {
        self.bytes
    }

    /// Its hash.
    #[inline]
    pub fn hash(self) -> KeyHash {
        self.hash
    }

    /// Its slot.
    #[inline]
    pub fn slot(self) -> Slot {
        self.hash.slot()
    }
}

impl<'k> From<&'k [u8]> for Key<'k> {
    fn from(bytes: &'k [u8]) -> Key<'k> {
        Key::new(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_carries_the_slot_of_its_key() {
        for number in 0..1000u32 {
            let key = format!("key:{{{number}}}:x");
            assert_eq!(KeyHash::of(key.as_bytes()).slot(), Slot::of(key.as_bytes()));
        }
    }

    #[test]
    fn keys_of_one_slot_spread_over_buckets() {
        let buckets: std::collections::HashSet<u64> =
            (0..1000u32).map(|n| KeyHash::of(format!("{{tag}}{n}").as_bytes()).bits() & 0xFFFF).collect();
        assert!(buckets.len() > 900);
    }
}
