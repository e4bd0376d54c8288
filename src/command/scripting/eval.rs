//! Scripts sent by clients.

use crate::command::spec::{KeySpec, Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "eval",
        arity: -3,
        flags: "noscript stale skip_monitor no_mandatory_keys movablekeys",
        acl: "@slow @scripting",
        keys: &[KeySpec::counted("RW access update", 2)
            .noted("We cannot tell how the keys will be used so we assume the worst, RW and UPDATE")],
        summary: "Execute a Lua script server side",
        since: "2.6.0",
        group: "scripting",
        complexity: "Depends on the script that is executed.",
        args: "script numkeys:int key@0?* arg?*",
        ..Spec::BLANK
    },
    Spec {
        name: "evalsha",
        arity: -3,
        flags: "noscript stale skip_monitor no_mandatory_keys movablekeys",
        acl: "@slow @scripting",
        keys: &[KeySpec::counted("RW access update", 2)],
        summary: "Execute a Lua script server side",
        since: "2.6.0",
        group: "scripting",
        complexity: "Depends on the script that is executed.",
        args: "sha1 numkeys:int key@0?* arg?*",
        ..Spec::BLANK
    },
    Spec {
        name: "eval_ro",
        arity: -3,
        flags: "readonly noscript stale skip_monitor no_mandatory_keys movablekeys",
        acl: "@slow @scripting",
        keys: &[KeySpec::counted("RO access", 2)
            .noted("We cannot tell how the keys will be used so we assume the worst, RO and ACCESS")],
        summary: "Execute a read-only Lua script server side",
        since: "7.0.0",
        group: "scripting",
        complexity: "Depends on the script that is executed.",
        args: "script numkeys:int key@0?* arg?*",
        ..Spec::BLANK
    },
    Spec {
        name: "evalsha_ro",
        arity: -3,
        flags: "readonly noscript stale skip_monitor no_mandatory_keys movablekeys",
        acl: "@slow @scripting",
        keys: &[KeySpec::counted("RO access", 2)],
        summary: "Execute a read-only Lua script server side",
        since: "7.0.0",
        group: "scripting",
        complexity: "Depends on the script that is executed.",
        args: "sha1 numkeys:int key@0?* arg?*",
        ..Spec::BLANK
    },
    Spec {
        name: "script",
        arity: -2,
        acl: "@slow",
        summary: "A container for Lua scripts management commands",
        since: "2.6.0",
        group: "scripting",
        complexity: "Depends on subcommand.",
        subcommands: SUBCOMMANDS,
        ..Spec::BLANK
    },
];

/// Rows of the subcommands of SCRIPT.
const SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "debug",
        arity: 3,
        flags: "noscript",
        acl: "@slow @scripting",
        summary: "Set the debug mode for executed scripts.",
        since: "3.2.0",
        group: "scripting",
        complexity: "O(1)",
        args: "mode(YES | SYNC | NO)",
        ..Spec::BLANK
    },
    Spec {
        name: "exists",
        arity: -3,
        flags: "noscript",
        acl: "@slow @scripting",
        tips: &["request_policy:all_shards", "response_policy:agg_logical_and"],
        summary: "Check existence of scripts in the script cache.",
        since: "2.6.0",
        group: "scripting",
        complexity: "O(N) with N being the number of scripts to check (so checking a single script is an O(1) \
            operation).",
        args: "sha1*",
        ..Spec::BLANK
    },
    Spec {
        name: "flush",
        arity: -2,
        flags: "noscript",
        acl: "@slow @scripting",
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        summary: "Remove all the scripts from the script cache.",
        since: "2.6.0",
        group: "scripting",
        complexity: "O(N) with N being the number of scripts in cache",
        history: &[("6.2.0", "Added the `ASYNC` and `SYNC` flushing mode modifiers.")],
        args: "async(ASYNC | SYNC)>6.2.0?",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "help",
        arity: 2,
        flags: "loading stale",
        acl: "@slow @scripting",
        summary: "Show helpful text about the different subcommands",
        since: "5.0.0",
        group: "scripting",
        complexity: "O(1)",
        ..Spec::BLANK
    },
    Spec {
        name: "kill",
        arity: 2,
        flags: "noscript allow_busy",
        acl: "@slow @scripting",
        tips: &["request_policy:all_shards", "response_policy:one_succeeded"],
        summary: "Kill the script currently in execution.",
        since: "2.6.0",
        group: "scripting",
        complexity: "O(1)",
        ..Spec::BLANK
    },
    Spec {
        name: "load",
        arity: 3,
        flags: "noscript stale",
        acl: "@slow @scripting",
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        summary: "Load the specified Lua script into the script cache.",
        since: "2.6.0",
        group: "scripting",
        complexity: "O(N) with N being the length in bytes of the script body.",
        args: "script",
        ..Spec::BLANK
    },
];
