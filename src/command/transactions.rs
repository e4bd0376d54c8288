//! Transactions of a connection.

use crate::command::spec::{KeySpec, Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "multi",
        arity: 1,
        flags: "noscript loading stale fast allow_busy",
        acl: "@fast @transaction",
        summary: "Mark the start of a transaction block",
        since: "1.2.0",
        group: "transactions",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "exec",
        arity: 1,
        flags: "noscript loading stale skip_slowlog",
        acl: "@slow @transaction",
        summary: "Execute all commands issued after MULTI",
        since: "1.2.0",
        group: "transactions",
        complexity: "Depends on commands in the transaction",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "discard",
        arity: 1,
        flags: "noscript loading stale fast allow_busy",
        acl: "@fast @transaction",
        summary: "Discard all commands issued after MULTI",
        since: "2.0.0",
        group: "transactions",
        complexity: "O(N), when N is the number of queued commands",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "watch",
        arity: -2,
        flags: "noscript loading stale fast allow_busy",
        acl: "@fast @transaction",
        keys: &[KeySpec::range("RO", 1, -1, 1)],
        summary: "Watch the given keys to determine execution of the MULTI/EXEC block",
        since: "2.2.0",
        group: "transactions",
        complexity: "O(1) for every key.",
        args: "key@0*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "unwatch",
        arity: 1,
        flags: "noscript loading stale fast allow_busy",
        acl: "@fast @transaction",
        summary: "Forget about all watched keys",
        since: "2.2.0",
        group: "transactions",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
];
