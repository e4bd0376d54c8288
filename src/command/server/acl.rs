//! Users and their rights.

use crate::command::spec::{Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[Spec {
    name: "acl",
    arity: -2,
    acl: "@slow",
    summary: "A container for Access List Control commands ",
    since: "6.0.0",
    group: "server",
    complexity: "Depends on subcommand.",
    subcommands: SUBCOMMANDS,
    run: Run::Session,
    ..Spec::BLANK
}];

/// Rows of the subcommands of ACL.
const SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "cat",
        arity: -2,
        flags: "noscript loading stale",
        acl: "@slow",
        summary: "List the ACL categories or the commands inside a category",
        since: "6.0.0",
        group: "server",
        complexity: "O(1) since the categories and commands are a fixed set.",
        args: "categoryname?",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "deluser",
        arity: -3,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        summary: "Remove the specified ACL users and the associated rules",
        since: "6.0.0",
        group: "server",
        complexity: "O(1) amortized time considering the typical user.",
        args: "username*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "dryrun",
        arity: -4,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        summary: "Returns whether the user can execute the given command without executing the command.",
        since: "7.0.0",
        group: "server",
        complexity: "O(1).",
        args: "username command arg?*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "genpass",
        arity: -2,
        flags: "noscript loading stale",
        acl: "@slow",
        summary: "Generate a pseudorandom secure password to use for ACL users",
        since: "6.0.0",
        group: "server",
        complexity: "O(1)",
        args: "bits:int?",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "getuser",
        arity: 3,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        summary: "Get the rules for a specific ACL user",
        since: "6.0.0",
        group: "server",
        complexity: "O(N). Where N is the number of password, command and pattern rules that the user has.",
        history: &[
            ("6.2.0", "Added Pub/Sub channel patterns."),
            (
                "7.0.0",
                "Added selectors and changed the format of key and channel patterns from a list to their rule \
                representation.",
            ),
        ],
        args: "username",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "help",
        arity: 2,
        flags: "loading stale",
        acl: "@slow",
        summary: "Show helpful text about the different subcommands",
        since: "6.0.0",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "list",
        arity: 2,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        summary: "List the current ACL rules in ACL config file format",
        since: "6.0.0",
        group: "server",
        complexity: "O(N). Where N is the number of configured users.",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "load",
        arity: 2,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        summary: "Reload the ACLs from the configured ACL file",
        since: "6.0.0",
        group: "server",
        complexity: "O(N). Where N is the number of configured users.",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "log",
        arity: -2,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        summary: "List latest events denied because of ACLs in place",
        since: "6.0.0",
        group: "server",
        complexity: "O(N) with N being the number of entries shown.",
        args: "operation(count:int | RESET)?",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "save",
        arity: 2,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        summary: "Save the current ACL rules in the configured ACL file",
        since: "6.0.0",
        group: "server",
        complexity: "O(N). Where N is the number of configured users.",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "setuser",
        arity: -3,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        summary: "Modify or create the rules for a specific ACL user",
        since: "6.0.0",
        group: "server",
        complexity: "O(N). Where N is the number of rules provided.",
        history: &[
            ("6.2.0", "Added Pub/Sub channel patterns."),
            ("7.0.0", "Added selectors and key based permissions."),
        ],
        args: "username rule?*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "users",
        arity: 2,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        summary: "List the username of all the configured ACL rules",
        since: "6.0.0",
        group: "server",
        complexity: "O(N). Where N is the number of configured users.",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "whoami",
        arity: 2,
        flags: "noscript loading stale",
        acl: "@slow",
        summary: "Return the name of the user associated to the current connection",
        since: "6.0.0",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
];
