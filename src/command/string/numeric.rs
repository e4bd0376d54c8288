//! Strings read as numbers.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "incr",
        arity: 2,
        flags: "write denyoom fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Increment the integer value of a key by one",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "decr",
        arity: 2,
        flags: "write denyoom fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Decrement the integer value of a key by one",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "incrby",
        arity: 3,
        flags: "write denyoom fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Increment the integer value of a key by the given amount",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0 increment:int",
        ..Spec::BLANK
    },
    Spec {
        name: "decrby",
        arity: 3,
        flags: "write denyoom fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Decrement the integer value of a key by the given number",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0 decrement:int",
        ..Spec::BLANK
    },
    Spec {
        name: "incrbyfloat",
        arity: 3,
        flags: "write denyoom fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Increment the float value of a key by the given amount",
        since: "2.6.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0 increment:double",
        ..Spec::BLANK
    },
];
