//! The `slotwise` binary.

fn main() {}
