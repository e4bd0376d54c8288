//! Removing members by name, rank, score or order.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "zrem",
        arity: -3,
        flags: "write fast",
        acl: "@write @sortedset @fast",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Remove one or more members from a sorted set",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements \
            to be removed.",
        history: &[("2.4.0", "Accepts multiple elements.")],
        args: "key@0 member*",
        ..Spec::BLANK
    },
    Spec {
        name: "zremrangebyrank",
        arity: 4,
        flags: "write",
        acl: "@write @sortedset @slow",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Remove all members in a sorted set within the given indexes",
        since: "2.0.0",
        group: "sorted-set",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements \
            removed by the operation.",
        args: "key@0 start:int stop:int",
        ..Spec::BLANK
    },
    Spec {
        name: "zremrangebyscore",
        arity: 4,
        flags: "write",
        acl: "@write @sortedset @slow",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Remove all members in a sorted set within the given scores",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements \
            removed by the operation.",
        args: "key@0 min:double max:double",
        ..Spec::BLANK
    },
    Spec {
        name: "zremrangebylex",
        arity: 4,
        flags: "write",
        acl: "@write @sortedset @slow",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Remove all members in a sorted set between the given lexicographical range",
        since: "2.8.9",
        group: "sorted-set",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements \
            removed by the operation.",
        args: "key@0 min max",
        ..Spec::BLANK
    },
];
