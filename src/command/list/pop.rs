//! Popping from either end.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "lpop",
        arity: -2,
        flags: "write fast",
        acl: "@write @list @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Remove and get the first elements in a list",
        since: "1.0.0",
        group: "list",
        complexity: "O(N) where N is the number of elements returned",
        history: &[("6.2.0", "Added the `count` argument.")],
        args: "key@0 count:int>6.2.0?",
        ..Spec::BLANK
    },
    Spec {
        name: "rpop",
        arity: -2,
        flags: "write fast",
        acl: "@write @list @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Remove and get the last elements in a list",
        since: "1.0.0",
        group: "list",
        complexity: "O(N) where N is the number of elements returned",
        history: &[("6.2.0", "Added the `count` argument.")],
        args: "key@0 count:int>6.2.0?",
        ..Spec::BLANK
    },
    Spec {
        name: "lmpop",
        arity: -4,
        flags: "write movablekeys",
        acl: "@write @list @slow",
        keys: &[KeySpec::counted("RW access delete", 1)],
        summary: "Pop elements from a list",
        since: "7.0.0",
        group: "list",
        complexity: "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
        args: "numkeys:int key@0* where(LEFT | RIGHT) count:int=COUNT?",
        ..Spec::BLANK
    },
];
