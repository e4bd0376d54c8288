//! Pushing at either end.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "lpush",
        arity: -3,
        flags: "write denyoom fast",
        acl: "@write @list @fast",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Prepend one or multiple elements to a list",
        since: "1.0.0",
        group: "list",
        complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple \
            arguments.",
        history: &[("2.4.0", "Accepts multiple `element` arguments.")],
        args: "key@0 element*",
        ..Spec::BLANK
    },
    Spec {
        name: "rpush",
        arity: -3,
        flags: "write denyoom fast",
        acl: "@write @list @fast",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Append one or multiple elements to a list",
        since: "1.0.0",
        group: "list",
        complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple \
            arguments.",
        history: &[("2.4.0", "Accepts multiple `element` arguments.")],
        args: "key@0 element*",
        ..Spec::BLANK
    },
    Spec {
        name: "lpushx",
        arity: -3,
        flags: "write denyoom fast",
        acl: "@write @list @fast",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Prepend an element to a list, only if the list exists",
        since: "2.2.0",
        group: "list",
        complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple \
            arguments.",
        history: &[("4.0.0", "Accepts multiple `element` arguments.")],
        args: "key@0 element*",
        ..Spec::BLANK
    },
    Spec {
        name: "rpushx",
        arity: -3,
        flags: "write denyoom fast",
        acl: "@write @list @fast",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Append an element to a list, only if the list exists",
        since: "2.2.0",
        group: "list",
        complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple \
            arguments.",
        history: &[("4.0.0", "Accepts multiple `element` arguments.")],
        args: "key@0 element*",
        ..Spec::BLANK
    },
];
