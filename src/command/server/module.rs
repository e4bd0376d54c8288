//! Modules: there are none, but clients ask.

use crate::command::spec::{Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[Spec {
    name: "module",
    arity: -2,
    acl: "@slow",
    summary: "A container for module commands",
    since: "4.0.0",
    group: "server",
    complexity: "Depends on subcommand.",
    subcommands: SUBCOMMANDS,
    run: Run::Session,
    ..Spec::BLANK
}];

/// Rows of the subcommands of MODULE.
const SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "help",
        arity: 2,
        flags: "loading stale",
        acl: "@slow",
        summary: "Show helpful text about the different subcommands",
        since: "5.0.0",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "list",
        arity: 2,
        flags: "admin noscript",
        acl: "@admin @slow @dangerous",
        tips: &["nondeterministic_output_order"],
        summary: "List all modules loaded by the server",
        since: "4.0.0",
        group: "server",
        complexity: "O(N) where N is the number of loaded modules.",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "load",
        arity: -3,
        flags: "admin noscript no_async_loading",
        acl: "@admin @slow @dangerous",
        summary: "Load a module",
        since: "4.0.0",
        group: "server",
        complexity: "O(1)",
        args: "path arg?*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "loadex",
        arity: -3,
        flags: "admin noscript no_async_loading",
        acl: "@admin @slow @dangerous",
        summary: "Load a module with extended parameters",
        since: "7.0.0",
        group: "server",
        complexity: "O(1)",
        args: "path configs=CONFIG{name value}?** args=ARGS{arg}?*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "unload",
        arity: 3,
        flags: "admin noscript no_async_loading",
        acl: "@admin @slow @dangerous",
        summary: "Unload a module",
        since: "4.0.0",
        group: "server",
        complexity: "O(1)",
        args: "name",
        run: Run::Session,
        ..Spec::BLANK
    },
];
