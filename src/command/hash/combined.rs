//! Fields together with their expiry: get and expire, get and delete, set and expire.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "hgetex",
        arity: -5,
        flags: "write fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Get the values of hash fields and optionally set their expiration",
        since: "8.0.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 expiration(seconds:int=EX | milliseconds:int=PX | unix-time-seconds:time=EXAT | \
            unix-time-milliseconds:time=PXAT | PERSIST)? fields=FIELDS{numfields:int field*}",
        ..Spec::BLANK
    },
    Spec {
        name: "hgetdel",
        arity: -5,
        flags: "write fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Get the values of hash fields and delete the fields",
        since: "8.0.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 fields=FIELDS{numfields:int field*}",
        ..Spec::BLANK
    },
    Spec {
        name: "hsetex",
        arity: -6,
        flags: "write denyoom fast",
        acl: "@write @hash @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the values of hash fields and optionally their expiration",
        since: "8.0.0",
        group: "hash",
        complexity: "O(N) where N is the number of specified fields.",
        args: "key@0 condition(FNX | FXX)? expiration(seconds:int=EX | milliseconds:int=PX | \
            unix-time-seconds:time=EXAT | unix-time-milliseconds:time=PXAT | KEEPTTL)? fields=FIELDS{numfields:int \
            field_value{field value}*}",
        ..Spec::BLANK
    },
];
