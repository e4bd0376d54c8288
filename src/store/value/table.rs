//! The hasher of all tables inside of values.

use std::hash::BuildHasher;
use std::sync::LazyLock;

static HASH_KEYS: LazyLock<ahash::RandomState> = LazyLock::new(ahash::RandomState::new);

/// Hashes with keys drawn once per process: a table pays no bytes for them, and nobody outside can
/// predict collisions.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableHasher;

impl BuildHasher for TableHasher {
    type Hasher = ahash::AHasher;

    #[inline]
    fn build_hasher(&self) -> ahash::AHasher {
        HASH_KEYS.build_hasher()
    }
}
