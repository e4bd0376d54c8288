//! Bitwise operations between values.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[Spec {
    name: "bitop",
    arity: -4,
    flags: "write denyoom",
    acl: "@write @bitmap @slow",
    keys: &[KeySpec::range("OW update", 2, 0, 1), KeySpec::range("RO access", 3, -1, 1)],
    summary: "Perform bitwise operations between strings",
    since: "2.6.0",
    group: "bitmap",
    complexity: "O(N)",
    history: &[("8.2.0", "Added the `DIFF`, `DIFF1`, `ANDOR` and `ONE` operations.")],
    args: "operation(AND | OR | XOR | NOT | DIFF>8.2.0 | DIFF1>8.2.0 | ANDOR>8.2.0 | ONE>8.2.0) destkey@0 key@1*",
    ..Spec::BLANK
}];
