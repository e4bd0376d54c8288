//! Placeholder until the type lands.

/// Placeholder.
#[derive(Clone, Debug, Default)]
pub struct List;

impl List {
    /// True when nothing is in it.
    pub fn is_empty(&self) -> bool {
        true
    }
}
