//! Fields read as numbers.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "hincrby",
        arity: 4,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Increment the integer value of a hash field by the given number",
        since: "2.0.0",
        group: "hash",
        complexity: "O(1)",
        args: "key@0 field increment:int",
        ..Spec::BLANK
    },
    Spec {
        name: "hincrbyfloat",
        arity: 4,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Increment the float value of a hash field by the given amount",
        since: "2.6.0",
        group: "hash",
        complexity: "O(1)",
        args: "key@0 field increment:double",
        ..Spec::BLANK
    },
];
