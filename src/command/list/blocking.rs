//! Variants that wait for an element.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "blpop",
        arity: -3,
        flags: "write noscript blocking",
        acl: "@write @list @slow @blocking",
        keys: &[KeySpec::range("RW access delete", 1, -2, 1)],
        summary: "Remove and get the first element in a list, or block until one is available",
        since: "2.0.0",
        group: "list",
        complexity: "O(N) where N is the number of provided keys.",
        history: &[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")],
        args: "key@0* timeout:double",
        ..Spec::BLANK
    },
    Spec {
        name: "brpop",
        arity: -3,
        flags: "write noscript blocking",
        acl: "@write @list @slow @blocking",
        keys: &[KeySpec::range("RW access delete", 1, -2, 1)],
        summary: "Remove and get the last element in a list, or block until one is available",
        since: "2.0.0",
        group: "list",
        complexity: "O(N) where N is the number of provided keys.",
        history: &[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")],
        args: "key@0* timeout:double",
        ..Spec::BLANK
    },
    Spec {
        name: "blmove",
        arity: 6,
        flags: "write denyoom noscript blocking",
        acl: "@write @list @slow @blocking",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("RW insert", 2, 0, 1)],
        summary: "Pop an element from a list, push it to another list and return it; or block until one is available",
        since: "6.2.0",
        group: "list",
        complexity: "O(1)",
        args: "source@0 destination@1 wherefrom(LEFT | RIGHT) whereto(LEFT | RIGHT) timeout:double",
        ..Spec::BLANK
    },
    Spec {
        name: "brpoplpush",
        arity: 4,
        flags: "write denyoom noscript blocking",
        acl: "@write @list @slow @blocking",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("RW insert", 2, 0, 1)],
        summary: "Pop an element from a list, push it to another list and return it; or block until one is available",
        since: "2.2.0",
        group: "list",
        complexity: "O(1)",
        history: &[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")],
        deprecated: Some(("deprecated", "6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments")),
        args: "source@0 destination@1 timeout:double",
        ..Spec::BLANK
    },
    Spec {
        name: "blmpop",
        arity: -5,
        flags: "write blocking movablekeys",
        acl: "@write @list @slow @blocking",
        keys: &[KeySpec::counted("RW access delete", 2)],
        summary: "Pop elements from a list, or block until one is available",
        since: "7.0.0",
        group: "list",
        complexity: "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
        args: "timeout:double numkeys:int key@0* where(LEFT | RIGHT) count:int=COUNT?",
        ..Spec::BLANK
    },
];
