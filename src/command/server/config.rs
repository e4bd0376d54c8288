//! Configuration at run time.

use crate::command::spec::{Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[Spec {
    name: "config",
    arity: -2,
    acl: "@slow",
    summary: "A container for server configuration commands",
    since: "2.0.0",
    group: "server",
    complexity: "Depends on subcommand.",
    subcommands: SUBCOMMANDS,
    run: Run::Session,
    ..Spec::BLANK
}];

/// Rows of the subcommands of CONFIG.
const SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "get",
        arity: -3,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        summary: "Get the values of configuration parameters",
        since: "2.0.0",
        group: "server",
        complexity: "O(N) when N is the number of configuration parameters provided",
        history: &[("7.0.0", "Added the ability to pass multiple pattern parameters in one call")],
        args: "parameter{parameter}*",
        run: Run::Session,
        ..Spec::BLANK
    },
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
        name: "resetstat",
        arity: 2,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        summary: "Reset the stats returned by INFO",
        since: "2.0.0",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "rewrite",
        arity: 2,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        summary: "Rewrite the configuration file with the in memory configuration",
        since: "2.8.0",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "set",
        arity: -4,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        summary: "Set configuration parameters to the given values",
        since: "2.0.0",
        group: "server",
        complexity: "O(N) when N is the number of configuration parameters provided",
        history: &[("7.0.0", "Added the ability to set multiple parameters in one call.")],
        args: "parameter_value{parameter value}*",
        run: Run::Session,
        ..Spec::BLANK
    },
];
