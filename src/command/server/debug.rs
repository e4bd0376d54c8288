//! Commands for the developers of servers, and the version banner.

use crate::command::spec::{Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "debug",
        arity: -2,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        summary: "A container for debugging commands",
        since: "1.0.0",
        group: "server",
        complexity: "Depends on subcommand.",
        deprecated: Some(("syscmd", "", "")),
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "lolwut",
        arity: -1,
        flags: "readonly fast",
        acl: "@read @fast",
        summary: "Display some computer art and the Redis version",
        since: "5.0.0",
        group: "server",
        args: "version:int=VERSION?",
        run: Run::Session,
        ..Spec::BLANK
    },
];
