//! Adding members and changing their scores.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "zadd",
        arity: -4,
        flags: "write denyoom fast",
        acl: "@write @sortedset @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Add one or more members to a sorted set, or update its score if it already exists",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
        history: &[
            ("2.4.0", "Accepts multiple elements."),
            ("3.0.2", "Added the `XX`, `NX`, `CH` and `INCR` options."),
            ("6.2.0", "Added the `GT` and `LT` options."),
        ],
        args: "key@0 condition(NX | XX)>3.0.2? comparison(GT | LT)>6.2.0? change=CH>3.0.2? increment=INCR>3.0.2? \
            score_member{score:double member}*",
        ..Spec::BLANK
    },
    Spec {
        name: "zincrby",
        arity: 4,
        flags: "write denyoom fast",
        acl: "@write @sortedset @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Increment the score of a member in a sorted set",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(log(N)) where N is the number of elements in the sorted set.",
        args: "key@0 increment:int member",
        ..Spec::BLANK
    },
];
