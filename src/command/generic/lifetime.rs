//! Asking when a key expires.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "ttl",
        arity: 2,
        flags: "readonly fast",
        acl: "@keyspace @read @fast",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the time to live for a key in seconds",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("2.8.0", "Added the -2 reply.")],
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "pttl",
        arity: 2,
        flags: "readonly fast",
        acl: "@keyspace @read @fast",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the time to live for a key in milliseconds",
        since: "2.6.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("2.8.0", "Added the -2 reply.")],
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "expiretime",
        arity: 2,
        flags: "readonly fast",
        acl: "@keyspace @read @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the expiration Unix timestamp for a key",
        since: "7.0.0",
        group: "generic",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "pexpiretime",
        arity: 2,
        flags: "readonly fast",
        acl: "@keyspace @read @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the expiration Unix timestamp for a key in milliseconds",
        since: "7.0.0",
        group: "generic",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
];
