//! Popping the lowest or highest members.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "zpopmin",
        arity: -2,
        flags: "write fast",
        acl: "@write @sortedset @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Remove and return members with the lowest scores in a sorted set",
        since: "5.0.0",
        group: "sorted-set",
        complexity: "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of \
            elements popped.",
        args: "key@0 count:int?",
        ..Spec::BLANK
    },
    Spec {
        name: "zpopmax",
        arity: -2,
        flags: "write fast",
        acl: "@write @sortedset @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Remove and return members with the highest scores in a sorted set",
        since: "5.0.0",
        group: "sorted-set",
        complexity: "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of \
            elements popped.",
        args: "key@0 count:int?",
        ..Spec::BLANK
    },
    Spec {
        name: "zmpop",
        arity: -4,
        flags: "write movablekeys",
        acl: "@write @sortedset @slow",
        keys: &[KeySpec::counted("RW access delete", 1)],
        summary: "Remove and return members with scores in a sorted set",
        since: "7.0.0",
        group: "sorted-set",
        complexity: "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the \
            sorted set, and M being the number of elements popped.",
        args: "numkeys:int key@0* where(MIN | MAX) count:int=COUNT?",
        ..Spec::BLANK
    },
];
