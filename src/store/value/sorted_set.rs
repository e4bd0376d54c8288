//! sorted_set.
