//! State of the process and its memory.

use crate::command::spec::{KeySpec, Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "info",
        arity: -1,
        flags: "loading stale",
        acl: "@slow @dangerous",
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        summary: "Get information and statistics about the server",
        since: "1.0.0",
        group: "server",
        complexity: "O(1)",
        history: &[("7.0.0", "Added support for taking multiple section arguments.")],
        args: "section?*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "memory",
        arity: -2,
        acl: "@slow",
        summary: "A container for memory diagnostics commands",
        since: "4.0.0",
        group: "server",
        complexity: "Depends on subcommand.",
        subcommands: SUBCOMMANDS,
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "monitor",
        arity: 1,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        summary: "Listen for all requests received by the server in real time",
        since: "1.0.0",
        group: "server",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "role",
        arity: 1,
        flags: "noscript loading stale fast",
        acl: "@admin @fast @dangerous",
        summary: "Return the role of the instance in the context of replication",
        since: "2.8.12",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "time",
        arity: 1,
        flags: "loading stale fast",
        acl: "@fast",
        tips: &["nondeterministic_output"],
        summary: "Return the current server time",
        since: "2.6.0",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
];

/// Rows of the subcommands of MEMORY.
const SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "doctor",
        arity: 2,
        acl: "@slow",
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        summary: "Outputs memory problems report",
        since: "4.0.0",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "help",
        arity: 2,
        flags: "loading stale",
        acl: "@slow",
        summary: "Show helpful text about the different subcommands",
        since: "4.0.0",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "malloc-stats",
        arity: 2,
        acl: "@slow",
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        summary: "Show allocator internal stats",
        since: "4.0.0",
        group: "server",
        complexity: "Depends on how much memory is allocated, could be slow",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "purge",
        arity: 2,
        acl: "@slow",
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        summary: "Ask the allocator to release memory",
        since: "4.0.0",
        group: "server",
        complexity: "Depends on how much memory is allocated, could be slow",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "stats",
        arity: 2,
        acl: "@slow",
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        summary: "Show memory usage details",
        since: "4.0.0",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "usage",
        arity: -3,
        flags: "readonly",
        acl: "@read @slow",
        keys: &[KeySpec::range("RO", 2, 0, 1)],
        summary: "Estimate the memory usage of a key",
        since: "4.0.0",
        group: "server",
        complexity: "O(N) where N is the number of samples.",
        args: "key@0 count:int=SAMPLES?",
        run: Run::Session,
        ..Spec::BLANK
    },
];
