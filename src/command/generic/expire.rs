//! Setting when a key expires.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "expire",
        arity: -3,
        flags: "write fast",
        acl: "@keyspace @write @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set a key's time to live in seconds",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")],
        args: "key@0 seconds:int condition(NX | XX | GT | LT)>7.0.0?",
        ..Spec::BLANK
    },
    Spec {
        name: "pexpire",
        arity: -3,
        flags: "write fast",
        acl: "@keyspace @write @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set a key's time to live in milliseconds",
        since: "2.6.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")],
        args: "key@0 milliseconds:int condition(NX | XX | GT | LT)>7.0.0?",
        ..Spec::BLANK
    },
    Spec {
        name: "expireat",
        arity: -3,
        flags: "write fast",
        acl: "@keyspace @write @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the expiration for a key as a UNIX timestamp",
        since: "1.2.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")],
        args: "key@0 unix-time-seconds:time condition(NX | XX | GT | LT)>7.0.0?",
        ..Spec::BLANK
    },
    Spec {
        name: "pexpireat",
        arity: -3,
        flags: "write fast",
        acl: "@keyspace @write @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the expiration for a key as a UNIX timestamp specified in milliseconds",
        since: "2.6.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")],
        args: "key@0 unix-time-milliseconds:time condition(NX | XX | GT | LT)>7.0.0?",
        ..Spec::BLANK
    },
    Spec {
        name: "persist",
        arity: 2,
        flags: "write fast",
        acl: "@keyspace @write @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Remove the expiration from a key",
        since: "2.2.0",
        group: "generic",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
];
