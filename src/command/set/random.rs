//! Random members and scans.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "spop",
        arity: -2,
        flags: "write fast",
        acl: "@write @set @fast",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Remove and return one or multiple random members from a set",
        since: "1.0.0",
        group: "set",
        complexity: "Without the count argument O(1), otherwise O(N) where N is the value of the passed count.",
        history: &[("3.2.0", "Added the `count` argument.")],
        args: "key@0 count:int>3.2.0?",
        ..Spec::BLANK
    },
    Spec {
        name: "srandmember",
        arity: -2,
        flags: "readonly",
        acl: "@read @set @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get one or multiple random members from a set",
        since: "1.0.0",
        group: "set",
        complexity: "Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed \
            count.",
        history: &[("2.6.0", "Added the optional `count` argument.")],
        args: "key@0 count:int>2.6.0?",
        ..Spec::BLANK
    },
    Spec {
        name: "sscan",
        arity: -3,
        flags: "readonly",
        acl: "@read @set @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Incrementally iterate Set elements",
        since: "2.8.0",
        group: "set",
        complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the \
            cursor to return back to 0. N is the number of elements inside the collection..",
        args: "key@0 cursor:int pattern:pattern=MATCH? count:int=COUNT?",
        ..Spec::BLANK
    },
];
