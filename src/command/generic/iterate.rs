//! Walking over the keyspace.

use crate::command::spec::Spec;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "keys",
        arity: 2,
        flags: "readonly",
        acl: "@keyspace @read @slow @dangerous",
        tips: &["request_policy:all_shards", "nondeterministic_output_order"],
        summary: "Find all keys matching the given pattern",
        since: "1.0.0",
        group: "generic",
        complexity: "O(N) with N being the number of keys in the database, under the assumption that the key names in \
            the database and the given pattern have limited length.",
        args: "pattern:pattern",
        ..Spec::BLANK
    },
    Spec {
        name: "scan",
        arity: -2,
        flags: "readonly",
        acl: "@keyspace @read @slow",
        tips: &["nondeterministic_output", "request_policy:special"],
        summary: "Incrementally iterate the keys space",
        since: "2.8.0",
        group: "generic",
        complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the \
            cursor to return back to 0. N is the number of elements inside the collection.",
        history: &[("6.0.0", "Added the `TYPE` subcommand.")],
        args: "cursor:int pattern:pattern=MATCH? count:int=COUNT? type:string=TYPE>6.0.0?",
        ..Spec::BLANK
    },
    Spec {
        name: "randomkey",
        arity: 1,
        flags: "readonly",
        acl: "@keyspace @read @slow",
        tips: &["request_policy:all_shards", "nondeterministic_output"],
        summary: "Return a random key from the keyspace",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        ..Spec::BLANK
    },
];
