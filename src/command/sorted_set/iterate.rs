//! Random members and scans.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "zrandmember",
        arity: -2,
        flags: "readonly",
        acl: "@read @sortedset @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get one or multiple random elements from a sorted set",
        since: "6.2.0",
        group: "sorted-set",
        complexity: "O(N) where N is the number of elements returned",
        args: "key@0 options{count:int WITHSCORES?}?",
        ..Spec::BLANK
    },
    Spec {
        name: "zscan",
        arity: -3,
        flags: "readonly",
        acl: "@read @sortedset @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Incrementally iterate sorted sets elements and associated scores",
        since: "2.8.0",
        group: "sorted-set",
        complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the \
            cursor to return back to 0. N is the number of elements inside the collection..",
        args: "key@0 cursor:int pattern:pattern=MATCH? count:int=COUNT?",
        ..Spec::BLANK
    },
];
