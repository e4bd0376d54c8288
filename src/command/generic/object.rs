//! Looking inside a value.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[Spec {
    name: "object",
    arity: -2,
    acl: "@slow",
    summary: "A container for object introspection commands",
    since: "2.2.3",
    group: "generic",
    complexity: "Depends on subcommand.",
    subcommands: SUBCOMMANDS,
    ..Spec::BLANK
}];

/// Rows of the subcommands of OBJECT.
const SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "encoding",
        arity: 3,
        flags: "readonly",
        acl: "@keyspace @read @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO", 2, 0, 1)],
        summary: "Inspect the internal encoding of a Redis object",
        since: "2.2.3",
        group: "generic",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "freq",
        arity: 3,
        flags: "readonly",
        acl: "@keyspace @read @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO", 2, 0, 1)],
        summary: "Get the logarithmic access frequency counter of a Redis object",
        since: "4.0.0",
        group: "generic",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "help",
        arity: 2,
        flags: "loading stale",
        acl: "@keyspace @slow",
        summary: "Show helpful text about the different subcommands",
        since: "6.2.0",
        group: "generic",
        complexity: "O(1)",
        ..Spec::BLANK
    },
    Spec {
        name: "idletime",
        arity: 3,
        flags: "readonly",
        acl: "@keyspace @read @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO", 2, 0, 1)],
        summary: "Get the time since a Redis object was last accessed",
        since: "2.2.3",
        group: "generic",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "refcount",
        arity: 3,
        flags: "readonly",
        acl: "@keyspace @read @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO", 2, 0, 1)],
        summary: "Get the number of references to the value of the key",
        since: "2.2.3",
        group: "generic",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
];
