//! Intersection, union and difference.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "zunion",
        arity: -3,
        flags: "readonly movablekeys",
        acl: "@read @sortedset @slow",
        keys: &[KeySpec::counted("RO access", 1)],
        summary: "Add multiple sorted sets",
        since: "6.2.0",
        group: "sorted-set",
        complexity: "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the \
            number of elements in the resulting sorted set.",
        args: "numkeys:int key@0* weight:int=WEIGHTS?* aggregate=AGGREGATE(SUM | MIN | MAX)? WITHSCORES?",
        ..Spec::BLANK
    },
    Spec {
        name: "zunionstore",
        arity: -4,
        flags: "write denyoom movablekeys",
        acl: "@write @sortedset @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1), KeySpec::counted("RO access", 2)],
        summary: "Add multiple sorted sets and store the resulting sorted set in a new key",
        since: "2.0.0",
        group: "sorted-set",
        complexity: "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the \
            number of elements in the resulting sorted set.",
        args: "destination@0 numkeys:int key@1* weight:int=WEIGHTS?* aggregate=AGGREGATE(SUM | MIN | MAX)?",
        ..Spec::BLANK
    },
    Spec {
        name: "zinter",
        arity: -3,
        flags: "readonly movablekeys",
        acl: "@read @sortedset @slow",
        keys: &[KeySpec::counted("RO access", 1)],
        summary: "Intersect multiple sorted sets",
        since: "6.2.0",
        group: "sorted-set",
        complexity: "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of \
            input sorted sets and M being the number of elements in the resulting sorted set.",
        args: "numkeys:int key@0* weight:int=WEIGHTS?* aggregate=AGGREGATE(SUM | MIN | MAX)? WITHSCORES?",
        ..Spec::BLANK
    },
    Spec {
        name: "zinterstore",
        arity: -4,
        flags: "write denyoom movablekeys",
        acl: "@write @sortedset @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1), KeySpec::counted("RO access", 2)],
        summary: "Intersect multiple sorted sets and store the resulting sorted set in a new key",
        since: "2.0.0",
        group: "sorted-set",
        complexity: "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of \
            input sorted sets and M being the number of elements in the resulting sorted set.",
        args: "destination@0 numkeys:int key@1* weight:int=WEIGHTS?* aggregate=AGGREGATE(SUM | MIN | MAX)?",
        ..Spec::BLANK
    },
    Spec {
        name: "zintercard",
        arity: -3,
        flags: "readonly movablekeys",
        acl: "@read @sortedset @slow",
        keys: &[KeySpec::counted("RO access", 1)],
        summary: "Intersect multiple sorted sets and return the cardinality of the result",
        since: "7.0.0",
        group: "sorted-set",
        complexity: "O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted \
            sets.",
        args: "numkeys:int key@0* limit:int=LIMIT?",
        ..Spec::BLANK
    },
    Spec {
        name: "zdiff",
        arity: -3,
        flags: "readonly movablekeys",
        acl: "@read @sortedset @slow",
        keys: &[KeySpec::counted("RO access", 1)],
        summary: "Subtract multiple sorted sets",
        since: "6.2.0",
        group: "sorted-set",
        complexity: "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the \
            size of the first set, and K is the size of the result set.",
        args: "numkeys:int key@0* WITHSCORES?",
        ..Spec::BLANK
    },
    Spec {
        name: "zdiffstore",
        arity: -4,
        flags: "write denyoom movablekeys",
        acl: "@write @sortedset @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1), KeySpec::counted("RO access", 2)],
        summary: "Subtract multiple sorted sets and store the resulting sorted set in a new key",
        since: "6.2.0",
        group: "sorted-set",
        complexity: "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the \
            size of the first set, and K is the size of the result set.",
        args: "destination@0 numkeys:int key@1*",
        ..Spec::BLANK
    },
];
