//! Setting, getting and removing fields.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "hset",
        arity: -4,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the string value of a hash field",
        since: "2.0.0",
        group: "hash",
        complexity: "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is \
            called with multiple field/value pairs.",
        history: &[("4.0.0", "Accepts multiple `field` and `value` arguments.")],
        args: "key@0 field_value{field value}*",
        ..Spec::BLANK
    },
    Spec {
        name: "hsetnx",
        arity: 4,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Set the value of a hash field, only if the field does not exist",
        since: "2.0.0",
        group: "hash",
        complexity: "O(1)",
        args: "key@0 field value",
        ..Spec::BLANK
    },
    Spec {
        name: "hmset",
        arity: -4,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set multiple hash fields to multiple values",
        since: "2.0.0",
        group: "hash",
        complexity: "O(N) where N is the number of fields being set.",
        deprecated: Some(("deprecated", "4.0.0", "`HSET` with multiple field-value pairs")),
        args: "key@0 field_value{field value}*",
        ..Spec::BLANK
    },
    Spec {
        name: "hget",
        arity: 3,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the value of a hash field",
        since: "2.0.0",
        group: "hash",
        complexity: "O(1)",
        args: "key@0 field",
        ..Spec::BLANK
    },
    Spec {
        name: "hmget",
        arity: -3,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the values of all the given hash fields",
        since: "2.0.0",
        group: "hash",
        complexity: "O(N) where N is the number of fields being requested.",
        args: "key@0 field*",
        ..Spec::BLANK
    },
    Spec {
        name: "hdel",
        arity: -3,
        flags: "write fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Delete one or more hash fields",
        since: "2.0.0",
        group: "hash",
        complexity: "O(N) where N is the number of fields to be removed.",
        history: &[("2.4.0", "Accepts multiple `field` arguments.")],
        args: "key@0 field*",
        ..Spec::BLANK
    },
    Spec {
        name: "hexists",
        arity: 3,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Determine if a hash field exists",
        since: "2.0.0",
        group: "hash",
        complexity: "O(1)",
        args: "key@0 field",
        ..Spec::BLANK
    },
    Spec {
        name: "hstrlen",
        arity: 3,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Get the length of the value of a hash field",
        since: "3.2.0",
        group: "hash",
        complexity: "O(1)",
        args: "key@0 field",
        ..Spec::BLANK
    },
];
