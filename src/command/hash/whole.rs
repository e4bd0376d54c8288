//! A whole hash: its length, fields and values.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "hlen",
        arity: 2,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Get the number of fields in a hash",
        since: "2.0.0",
        group: "hash",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "hkeys",
        arity: 2,
        flags: "readonly",
        acl: "@read @hash @slow",
        tips: &["nondeterministic_output_order"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get all the fields in a hash",
        since: "2.0.0",
        group: "hash",
        complexity: "O(N) where N is the size of the hash.",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "hvals",
        arity: 2,
        flags: "readonly",
        acl: "@read @hash @slow",
        tips: &["nondeterministic_output_order"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get all the values in a hash",
        since: "2.0.0",
        group: "hash",
        complexity: "O(N) where N is the size of the hash.",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "hgetall",
        arity: 2,
        flags: "readonly",
        acl: "@read @hash @slow",
        tips: &["nondeterministic_output_order"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get all the fields and values in a hash",
        since: "2.0.0",
        group: "hash",
        complexity: "O(N) where N is the size of the hash.",
        args: "key@0",
        ..Spec::BLANK
    },
];
