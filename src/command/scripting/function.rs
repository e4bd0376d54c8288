//! Libraries of functions.

use crate::command::spec::{KeySpec, Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "fcall",
        arity: -3,
        flags: "noscript stale skip_monitor no_mandatory_keys movablekeys",
        acl: "@slow @scripting",
        keys: &[KeySpec::counted("RW access update", 2)
            .noted("We cannot tell how the keys will be used so we assume the worst, RW and UPDATE")],
        summary: "Invoke a function",
        since: "7.0.0",
        group: "scripting",
        complexity: "Depends on the function that is executed.",
        args: "function numkeys:int key@0?* arg?*",
        ..Spec::BLANK
    },
    Spec {
        name: "fcall_ro",
        arity: -3,
        flags: "readonly noscript stale skip_monitor no_mandatory_keys movablekeys",
        acl: "@slow @scripting",
        keys: &[KeySpec::counted("RO access", 2)
            .noted("We cannot tell how the keys will be used so we assume the worst, RO and ACCESS")],
        summary: "Invoke a read-only function",
        since: "7.0.0",
        group: "scripting",
        complexity: "Depends on the function that is executed.",
        args: "function numkeys:int key@0?* arg?*",
        ..Spec::BLANK
    },
    Spec {
        name: "function",
        arity: -2,
        acl: "@slow",
        summary: "A container for function commands",
        since: "7.0.0",
        group: "scripting",
        complexity: "Depends on subcommand.",
        subcommands: SUBCOMMANDS,
        ..Spec::BLANK
    },
];

/// Rows of the subcommands of FUNCTION.
const SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "delete",
        arity: 3,
        flags: "write noscript",
        acl: "@write @slow @scripting",
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        summary: "Delete a function by name",
        since: "7.0.0",
        group: "scripting",
        complexity: "O(1)",
        args: "library-name",
        ..Spec::BLANK
    },
    Spec {
        name: "dump",
        arity: 2,
        flags: "noscript",
        acl: "@slow @scripting",
        summary: "Dump all functions into a serialized binary payload",
        since: "7.0.0",
        group: "scripting",
        complexity: "O(N) where N is the number of functions",
        ..Spec::BLANK
    },
    Spec {
        name: "flush",
        arity: -2,
        flags: "write noscript",
        acl: "@write @slow @scripting",
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        summary: "Deleting all functions",
        since: "7.0.0",
        group: "scripting",
        complexity: "O(N) where N is the number of functions deleted",
        args: "async(ASYNC | SYNC)?",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "help",
        arity: 2,
        flags: "loading stale",
        acl: "@slow @scripting",
        summary: "Show helpful text about the different subcommands",
        since: "7.0.0",
        group: "scripting",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "kill",
        arity: 2,
        flags: "noscript allow_busy",
        acl: "@slow @scripting",
        tips: &["request_policy:all_shards", "response_policy:one_succeeded"],
        summary: "Kill the function currently in execution.",
        since: "7.0.0",
        group: "scripting",
        complexity: "O(1)",
        ..Spec::BLANK
    },
    Spec {
        name: "list",
        arity: -2,
        flags: "noscript",
        acl: "@slow @scripting",
        tips: &["nondeterministic_output_order"],
        summary: "List information about all the functions",
        since: "7.0.0",
        group: "scripting",
        complexity: "O(N) where N is the number of functions",
        args: "library-name-pattern:string=LIBRARYNAME? WITHCODE?",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "load",
        arity: -3,
        flags: "write denyoom noscript",
        acl: "@write @slow @scripting",
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        summary: "Create a function with the given arguments (name, code, description)",
        since: "7.0.0",
        group: "scripting",
        complexity: "O(1) (considering compilation time is redundant)",
        args: "REPLACE? function-code",
        ..Spec::BLANK
    },
    Spec {
        name: "restore",
        arity: -3,
        flags: "write denyoom noscript",
        acl: "@write @slow @scripting",
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        summary: "Restore all the functions on the given payload",
        since: "7.0.0",
        group: "scripting",
        complexity: "O(N) where N is the number of functions on the payload",
        args: "serialized-value policy(FLUSH | APPEND | REPLACE)?",
        ..Spec::BLANK
    },
    Spec {
        name: "stats",
        arity: 2,
        flags: "noscript allow_busy",
        acl: "@slow @scripting",
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        summary: "Return information about the function currently running (name, description, duration)",
        since: "7.0.0",
        group: "scripting",
        complexity: "O(1)",
        ..Spec::BLANK
    },
];
