//! Placeholder until the type lands.

/// Placeholder.
#[derive(Clone, Debug, Default)]
pub struct Set;

impl Set {
    /// True when nothing is in it.
    pub fn is_empty(&self) -> bool {
        true
    }
}
