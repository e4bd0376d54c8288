//! The command table, asked by clients.

use crate::command::spec::{Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[Spec {
    name: "command",
    arity: -1,
    flags: "loading stale",
    acl: "@slow @connection",
    tips: &["nondeterministic_output_order"],
    summary: "Get array of Redis command details",
    since: "2.8.13",
    group: "server",
    complexity: "O(N) where N is the total number of Redis commands",
    subcommands: SUBCOMMANDS,
    run: Run::Session,
    ..Spec::BLANK
}];

/// Rows of the subcommands of COMMAND.
const SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "count",
        arity: 2,
        flags: "loading stale",
        acl: "@slow @connection",
        summary: "Get total number of Redis commands",
        since: "2.8.13",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "docs",
        arity: -2,
        flags: "loading stale",
        acl: "@slow @connection",
        tips: &["nondeterministic_output_order"],
        summary: "Get array of specific Redis command documentation",
        since: "7.0.0",
        group: "server",
        complexity: "O(N) where N is the number of commands to look up",
        args: "command-name?*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "getkeys",
        arity: -4,
        flags: "loading stale",
        acl: "@slow @connection",
        summary: "Extract keys given a full Redis command",
        since: "2.8.13",
        group: "server",
        complexity: "O(N) where N is the number of arguments to the command",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "getkeysandflags",
        arity: -4,
        flags: "loading stale",
        acl: "@slow @connection",
        summary: "Extract keys and access flags given a full Redis command",
        since: "7.0.0",
        group: "server",
        complexity: "O(N) where N is the number of arguments to the command",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "help",
        arity: 2,
        flags: "loading stale",
        acl: "@slow @connection",
        summary: "Show helpful text about the different subcommands",
        since: "5.0.0",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "info",
        arity: -2,
        flags: "loading stale",
        acl: "@slow @connection",
        tips: &["nondeterministic_output_order"],
        summary: "Get array of specific Redis command details, or all when no argument is given.",
        since: "2.8.13",
        group: "server",
        complexity: "O(N) where N is the number of commands to look up",
        history: &[("7.0.0", "Allowed to be called with no argument to get info on all commands.")],
        args: "command-name?*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "list",
        arity: -2,
        flags: "loading stale",
        acl: "@slow @connection",
        tips: &["nondeterministic_output_order"],
        summary: "Get an array of Redis command names",
        since: "7.0.0",
        group: "server",
        complexity: "O(N) where N is the total number of Redis commands",
        args: "filterby=FILTERBY(module-name:string=MODULE | category:string=ACLCAT | pattern:pattern=PATTERN)?",
        run: Run::Session,
        ..Spec::BLANK
    },
];
