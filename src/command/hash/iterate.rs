//! Scans and random fields.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "hscan",
        arity: -3,
        flags: "readonly",
        acl: "@read @hash @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Incrementally iterate hash fields and associated values",
        since: "2.8.0",
        group: "hash",
        complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the \
            cursor to return back to 0. N is the number of elements inside the collection..",
        history: &[("7.4.0", "Added the `NOVALUES` option.")],
        args: "key@0 cursor:int pattern:pattern=MATCH? count:int=COUNT? NOVALUES>7.4.0?",
        ..Spec::BLANK
    },
    Spec {
        name: "hrandfield",
        arity: -2,
        flags: "readonly",
        acl: "@read @hash @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get one or multiple random fields from a hash",
        since: "6.2.0",
        group: "hash",
        complexity: "O(N) where N is the number of fields returned",
        args: "key@0 options{count:int WITHVALUES?}?",
        ..Spec::BLANK
    },
];
