//! listpack.
