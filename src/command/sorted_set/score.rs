//! Scores, ranks and counts.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "zscore",
        arity: 3,
        flags: "readonly fast",
        acl: "@read @sortedset @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the score associated with the given member in a sorted set",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(1)",
        args: "key@0 member",
        ..Spec::BLANK
    },
    Spec {
        name: "zmscore",
        arity: -3,
        flags: "readonly fast",
        acl: "@read @sortedset @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the score associated with the given members in a sorted set",
        since: "6.2.0",
        group: "sorted-set",
        complexity: "O(N) where N is the number of members being requested.",
        args: "key@0 member*",
        ..Spec::BLANK
    },
    Spec {
        name: "zrank",
        arity: -3,
        flags: "readonly fast",
        acl: "@read @sortedset @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Determine the index of a member in a sorted set",
        since: "2.0.0",
        group: "sorted-set",
        complexity: "O(log(N))",
        history: &[("7.2.0", "Added the optional `WITHSCORE` argument.")],
        args: "key@0 member WITHSCORE>7.2.0?",
        ..Spec::BLANK
    },
    Spec {
        name: "zrevrank",
        arity: -3,
        flags: "readonly fast",
        acl: "@read @sortedset @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Determine the index of a member in a sorted set, with scores ordered from high to low",
        since: "2.0.0",
        group: "sorted-set",
        complexity: "O(log(N))",
        history: &[("7.2.0", "Added the optional `WITHSCORE` argument.")],
        args: "key@0 member WITHSCORE>7.2.0?",
        ..Spec::BLANK
    },
    Spec {
        name: "zcard",
        arity: 2,
        flags: "readonly fast",
        acl: "@read @sortedset @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Get the number of members in a sorted set",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "zcount",
        arity: 4,
        flags: "readonly fast",
        acl: "@read @sortedset @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Count the members in a sorted set with scores within the given values",
        since: "2.0.0",
        group: "sorted-set",
        complexity: "O(log(N)) with N being the number of elements in the sorted set.",
        args: "key@0 min:double max:double",
        ..Spec::BLANK
    },
    Spec {
        name: "zlexcount",
        arity: 4,
        flags: "readonly fast",
        acl: "@read @sortedset @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Count the number of members in a sorted set between a given lexicographical range",
        since: "2.8.9",
        group: "sorted-set",
        complexity: "O(log(N)) with N being the number of elements in the sorted set.",
        args: "key@0 min max",
        ..Spec::BLANK
    },
];
