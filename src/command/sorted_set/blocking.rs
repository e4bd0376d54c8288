//! Pops that wait for a member.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "bzpopmin",
        arity: -3,
        flags: "write noscript blocking fast",
        acl: "@write @sortedset @fast @blocking",
        keys: &[KeySpec::range("RW access delete", 1, -2, 1)],
        summary: "Remove and return the member with the lowest score from one or more sorted sets, or block until one \
            is available",
        since: "5.0.0",
        group: "sorted-set",
        complexity: "O(log(N)) with N being the number of elements in the sorted set.",
        history: &[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")],
        args: "key@0* timeout:double",
        ..Spec::BLANK
    },
    Spec {
        name: "bzpopmax",
        arity: -3,
        flags: "write noscript blocking fast",
        acl: "@write @sortedset @fast @blocking",
        keys: &[KeySpec::range("RW access delete", 1, -2, 1)],
        summary: "Remove and return the member with the highest score from one or more sorted sets, or block until \
            one is available",
        since: "5.0.0",
        group: "sorted-set",
        complexity: "O(log(N)) with N being the number of elements in the sorted set.",
        history: &[("6.0.0", "`timeout` is interpreted as a double instead of an integer.")],
        args: "key@0* timeout:double",
        ..Spec::BLANK
    },
    Spec {
        name: "bzmpop",
        arity: -5,
        flags: "write blocking movablekeys",
        acl: "@write @sortedset @slow @blocking",
        keys: &[KeySpec::counted("RW access delete", 2)],
        summary: "Remove and return members with scores in a sorted set or block until one is available",
        since: "7.0.0",
        group: "sorted-set",
        complexity: "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the \
            sorted set, and M being the number of elements popped.",
        args: "timeout:double numkeys:int key@0* where(MIN | MAX) count:int=COUNT?",
        ..Spec::BLANK
    },
];
