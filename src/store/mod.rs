//! The keyspace: what keys hold, where they stand, when they expire.

pub mod value;
