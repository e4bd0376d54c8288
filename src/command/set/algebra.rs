//! Intersection, union and difference.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "sinter",
        arity: -2,
        flags: "readonly",
        acl: "@read @set @slow",
        tips: &["nondeterministic_output_order"],
        keys: &[KeySpec::range("RO access", 1, -1, 1)],
        summary: "Intersect multiple sets",
        since: "1.0.0",
        group: "set",
        complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
        args: "key@0*",
        ..Spec::BLANK
    },
    Spec {
        name: "sinterstore",
        arity: -3,
        flags: "write denyoom",
        acl: "@write @set @slow",
        keys: &[KeySpec::range("RW update", 1, 0, 1), KeySpec::range("RO access", 2, -1, 1)],
        summary: "Intersect multiple sets and store the resulting set in a key",
        since: "1.0.0",
        group: "set",
        complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
        args: "destination@0 key@1*",
        ..Spec::BLANK
    },
    Spec {
        name: "sintercard",
        arity: -3,
        flags: "readonly movablekeys",
        acl: "@read @set @slow",
        keys: &[KeySpec::counted("RO access", 1)],
        summary: "Intersect multiple sets and return the cardinality of the result",
        since: "7.0.0",
        group: "set",
        complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
        args: "numkeys:int key@0* limit:int=LIMIT?",
        ..Spec::BLANK
    },
    Spec {
        name: "sunion",
        arity: -2,
        flags: "readonly",
        acl: "@read @set @slow",
        tips: &["nondeterministic_output_order"],
        keys: &[KeySpec::range("RO access", 1, -1, 1)],
        summary: "Add multiple sets",
        since: "1.0.0",
        group: "set",
        complexity: "O(N) where N is the total number of elements in all given sets.",
        args: "key@0*",
        ..Spec::BLANK
    },
    Spec {
        name: "sunionstore",
        arity: -3,
        flags: "write denyoom",
        acl: "@write @set @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1), KeySpec::range("RO access", 2, -1, 1)],
        summary: "Add multiple sets and store the resulting set in a key",
        since: "1.0.0",
        group: "set",
        complexity: "O(N) where N is the total number of elements in all given sets.",
        args: "destination@0 key@1*",
        ..Spec::BLANK
    },
    Spec {
        name: "sdiff",
        arity: -2,
        flags: "readonly",
        acl: "@read @set @slow",
        tips: &["nondeterministic_output_order"],
        keys: &[KeySpec::range("RO access", 1, -1, 1)],
        summary: "Subtract multiple sets",
        since: "1.0.0",
        group: "set",
        complexity: "O(N) where N is the total number of elements in all given sets.",
        args: "key@0*",
        ..Spec::BLANK
    },
    Spec {
        name: "sdiffstore",
        arity: -3,
        flags: "write denyoom",
        acl: "@write @set @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1), KeySpec::range("RO access", 2, -1, 1)],
        summary: "Subtract multiple sets and store the resulting set in a key",
        since: "1.0.0",
        group: "set",
        complexity: "O(N) where N is the total number of elements in all given sets.",
        args: "destination@0 key@1*",
        ..Spec::BLANK
    },
];
