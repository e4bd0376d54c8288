//! Snapshots, logs and the end of the process.

use crate::command::spec::{Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "save",
        arity: 1,
        flags: "admin noscript no_async_loading no_multi",
        acl: "@admin @slow @dangerous",
        summary: "Synchronously save the dataset to disk",
        since: "1.0.0",
        group: "server",
        complexity: "O(N) where N is the total number of keys in all databases",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "bgsave",
        arity: -1,
        flags: "admin noscript no_async_loading",
        acl: "@admin @slow @dangerous",
        summary: "Asynchronously save the dataset to disk",
        since: "1.0.0",
        group: "server",
        complexity: "O(1)",
        history: &[("3.2.2", "Added the `SCHEDULE` option.")],
        args: "SCHEDULE>3.2.2?",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "bgrewriteaof",
        arity: 1,
        flags: "admin noscript no_async_loading",
        acl: "@admin @slow @dangerous",
        summary: "Asynchronously rewrite the append-only file",
        since: "1.0.0",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "lastsave",
        arity: 1,
        flags: "loading stale fast",
        acl: "@admin @fast @dangerous",
        tips: &["nondeterministic_output"],
        summary: "Get the UNIX time stamp of the last successful save to disk",
        since: "1.0.0",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "shutdown",
        arity: -1,
        flags: "admin noscript loading stale no_multi allow_busy",
        acl: "@admin @slow @dangerous",
        summary: "Synchronously save the dataset to disk and then shut down the server",
        since: "1.0.0",
        group: "server",
        complexity: "O(N) when saving, where N is the total number of keys in all databases when saving data, \
            otherwise O(1)",
        history: &[("7.0.0", "Added the `NOW`, `FORCE` and `ABORT` modifiers.")],
        args: "nosave_save(NOSAVE | SAVE)? NOW>7.0.0? FORCE>7.0.0? ABORT>7.0.0?",
        run: Run::Session,
        ..Spec::BLANK
    },
];
