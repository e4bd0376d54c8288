//! Members: adding, removing, asking, moving.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "sadd",
        arity: -3,
        flags: "write denyoom fast",
        acl: "@write @set @fast",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Add one or more members to a set",
        since: "1.0.0",
        group: "set",
        complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple \
            arguments.",
        history: &[("2.4.0", "Accepts multiple `member` arguments.")],
        args: "key@0 member*",
        ..Spec::BLANK
    },
    Spec {
        name: "srem",
        arity: -3,
        flags: "write fast",
        acl: "@write @set @fast",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Remove one or more members from a set",
        since: "1.0.0",
        group: "set",
        complexity: "O(N) where N is the number of members to be removed.",
        history: &[("2.4.0", "Accepts multiple `member` arguments.")],
        args: "key@0 member*",
        ..Spec::BLANK
    },
    Spec {
        name: "sismember",
        arity: 3,
        flags: "readonly fast",
        acl: "@read @set @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Determine if a given value is a member of a set",
        since: "1.0.0",
        group: "set",
        complexity: "O(1)",
        args: "key@0 member",
        ..Spec::BLANK
    },
    Spec {
        name: "smismember",
        arity: -3,
        flags: "readonly fast",
        acl: "@read @set @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Returns the membership associated with the given elements for a set",
        since: "6.2.0",
        group: "set",
        complexity: "O(N) where N is the number of elements being checked for membership",
        args: "key@0 member*",
        ..Spec::BLANK
    },
    Spec {
        name: "scard",
        arity: 2,
        flags: "readonly fast",
        acl: "@read @set @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Get the number of members in a set",
        since: "1.0.0",
        group: "set",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "smembers",
        arity: 2,
        flags: "readonly",
        acl: "@read @set @slow",
        tips: &["nondeterministic_output_order"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get all the members in a set",
        since: "1.0.0",
        group: "set",
        complexity: "O(N) where N is the set cardinality.",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "smove",
        arity: 4,
        flags: "write fast",
        acl: "@write @set @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("RW insert", 2, 0, 1)],
        summary: "Move a member from one set to another",
        since: "1.0.0",
        group: "set",
        complexity: "O(1)",
        args: "source@0 destination@1 member",
        ..Spec::BLANK
    },
];
