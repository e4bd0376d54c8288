//! Placeholder until the type lands.

/// Placeholder.
#[derive(Clone, Debug, Default)]
pub struct Hash;

impl Hash {
    /// True when nothing is in it.
    pub fn is_empty(&self) -> bool {
        true
    }
}

impl Hash {
    /// When the first field expires, unix ms.
    pub fn next_expiry_ms(&self) -> Option<i64> {
        None
    }

    /// Removes expired fields.
    pub fn remove_expired(&mut self, _now_ms: i64) {}
}
