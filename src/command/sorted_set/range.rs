//! Ranges by rank, score or order.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "zrange",
        arity: -4,
        flags: "readonly",
        acl: "@read @sortedset @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return a range of members in a sorted set",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements \
            returned.",
        history: &[("6.2.0", "Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options.")],
        args: "key@0 start stop sortby(BYSCORE | BYLEX)>6.2.0? REV>6.2.0? offset_count=LIMIT{offset:int \
            count:int}>6.2.0? WITHSCORES?",
        ..Spec::BLANK
    },
    Spec {
        name: "zrangestore",
        arity: -5,
        flags: "write denyoom",
        acl: "@write @sortedset @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1), KeySpec::range("RO access", 2, 0, 1)],
        summary: "Store a range of members from sorted set into another key",
        since: "6.2.0",
        group: "sorted-set",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements \
            stored into the destination key.",
        args: "dst@0 src@1 min max sortby(BYSCORE | BYLEX)? REV? offset_count=LIMIT{offset:int count:int}?",
        ..Spec::BLANK
    },
    Spec {
        name: "zrevrange",
        arity: -4,
        flags: "readonly",
        acl: "@read @sortedset @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return a range of members in a sorted set, by index, with scores ordered from high to low",
        since: "1.2.0",
        group: "sorted-set",
        complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements \
            returned.",
        deprecated: Some(("deprecated", "6.2.0", "`ZRANGE` with the `REV` argument")),
        args: "key@0 start:int stop:int WITHSCORES?",
        ..Spec::BLANK
    },
];
