//! Moving an element between two lists.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "lmove",
        arity: 5,
        flags: "write denyoom",
        acl: "@write @list @slow",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("RW insert", 2, 0, 1)],
        summary: "Pop an element from a list, push it to another list and return it",
        since: "6.2.0",
        group: "list",
        complexity: "O(1)",
        args: "source@0 destination@1 wherefrom(LEFT | RIGHT) whereto(LEFT | RIGHT)",
        ..Spec::BLANK
    },
    Spec {
        name: "rpoplpush",
        arity: 3,
        flags: "write denyoom",
        acl: "@write @list @slow",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("RW insert", 2, 0, 1)],
        summary: "Remove the last element in a list, prepend it to another list and return it",
        since: "1.2.0",
        group: "list",
        complexity: "O(1)",
        deprecated: Some(("deprecated", "6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments")),
        args: "source@0 destination@1",
        ..Spec::BLANK
    },
];
