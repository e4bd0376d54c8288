//! Asking when fields expire.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "httl",
        arity: -5,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the time to live of hash fields in seconds",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 fields=FIELDS{numfields:int field*}",
        ..Spec::BLANK
    },
    Spec {
        name: "hpttl",
        arity: -5,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the time to live of hash fields in milliseconds",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 fields=FIELDS{numfields:int field*}",
        ..Spec::BLANK
    },
    Spec {
        name: "hexpiretime",
        arity: -5,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the expiration of hash fields as a Unix timestamp in seconds",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 fields=FIELDS{numfields:int field*}",
        ..Spec::BLANK
    },
    Spec {
        name: "hpexpiretime",
        arity: -5,
        flags: "readonly fast",
        acl: "@read @hash @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the expiration of hash fields as a Unix timestamp in milliseconds",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 fields=FIELDS{numfields:int field*}",
        ..Spec::BLANK
    },
];
