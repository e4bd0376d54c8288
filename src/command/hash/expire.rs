//! Setting when fields expire.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "hexpire",
        arity: -6,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the time to live of hash fields in seconds",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 seconds:int condition(NX | XX | GT | LT)? fields=FIELDS{numfields:int field*}",
        ..Spec::BLANK
    },
    Spec {
        name: "hpexpire",
        arity: -6,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the time to live of hash fields in milliseconds",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 milliseconds:int condition(NX | XX | GT | LT)? fields=FIELDS{numfields:int field*}",
        ..Spec::BLANK
    },
    Spec {
        name: "hexpireat",
        arity: -6,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the expiration of hash fields as a Unix timestamp in seconds",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 unix-time-seconds:time condition(NX | XX | GT | LT)? fields=FIELDS{numfields:int field*}",
        ..Spec::BLANK
    },
    Spec {
        name: "hpexpireat",
        arity: -6,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the expiration of hash fields as a Unix timestamp in milliseconds",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 unix-time-milliseconds:time condition(NX | XX | GT | LT)? fields=FIELDS{numfields:int field*}",
        ..Spec::BLANK
    },
    Spec {
        name: "hpersist",
        arity: -5,
        flags: "write fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Remove the expiration of hash fields",
        since: "7.4.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 fields=FIELDS{numfields:int field*}",
        ..Spec::BLANK
    },
];
