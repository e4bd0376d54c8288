//! What a stream, its groups and its consumers look like.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[Spec {
    name: "xinfo",
    arity: -2,
    acl: "@slow",
    summary: "A container for stream introspection commands",
    since: "5.0.0",
    group: "stream",
    complexity: "Depends on subcommand.",
    subcommands: SUBCOMMANDS,
    ..Spec::BLANK
}];

/// Rows of the subcommands of XINFO.
const SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "consumers",
        arity: 4,
        flags: "readonly",
        acl: "@read @stream @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 2, 0, 1)],
        summary: "List the consumers in a consumer group",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        args: "key@0 groupname",
        ..Spec::BLANK
    },
    Spec {
        name: "groups",
        arity: 3,
        flags: "readonly",
        acl: "@read @stream @slow",
        keys: &[KeySpec::range("RO access", 2, 0, 1)],
        summary: "List the consumer groups of a stream",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        history: &[("7.0.0", "Added the `entries-read` and `lag` fields")],
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "help",
        arity: 2,
        flags: "loading stale",
        acl: "@stream @slow",
        summary: "Show helpful text about the different subcommands",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        ..Spec::BLANK
    },
    Spec {
        name: "stream",
        arity: -3,
        flags: "readonly",
        acl: "@read @stream @slow",
        keys: &[KeySpec::range("RO access", 2, 0, 1)],
        summary: "Get information about a stream",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        history: &[
            ("6.0.0", "Added the `FULL` modifier."),
            (
                "7.0.0",
                "Added the `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` \
                and `lag` fields",
            ),
        ],
        args: "key@0 full=FULL{count:int=COUNT?}?",
        ..Spec::BLANK
    },
];
