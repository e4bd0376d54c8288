//! intset.
