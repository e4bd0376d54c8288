//! Setting, getting and replacing one whole value.

use crate::command::spec::{KeySpec, OwnKeys, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "set",
        arity: -3,
        flags: "write denyoom",
        acl: "@write @string @slow",
        keys: &[KeySpec::range("RW access update variable_flags", 1, 0, 1)
            .noted("RW and ACCESS due to the optional `GET` argument")],
        own_keys: Some(OwnKeys::Set),
        summary: "Set the string value of a key",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        history: &[
            ("2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."),
            ("6.0.0", "Added the `KEEPTTL` option."),
            ("6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."),
            ("7.0.0", "Allowed the `NX` and `GET` options to be used together."),
            ("8.4.0", "Added the `IFEQ`, `IFNE`, `IFDEQ` and `IFDNE` options."),
        ],
        args: "key@0 value condition(NX>2.6.12 | XX>2.6.12 | ifeq-value:string=IFEQ>8.4.0 | \
            ifne-value:string=IFNE>8.4.0 | ifdeq-digest:string=IFDEQ>8.4.0 | ifdne-digest:string=IFDNE>8.4.0)? \
            GET>6.2.0? expiration(seconds:int=EX>2.6.12 | milliseconds:int=PX>2.6.12 | \
            unix-time-seconds:time=EXAT>6.2.0 | unix-time-milliseconds:time=PXAT>6.2.0 | KEEPTTL>6.0.0)?",
        ..Spec::BLANK
    },
    Spec {
        name: "get",
        arity: 2,
        flags: "readonly fast",
        acl: "@read @string @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the value of a key",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "setnx",
        arity: 3,
        flags: "write denyoom fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("OW insert", 1, 0, 1)],
        summary: "Set the value of a key, only if the key does not exist",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0 value",
        ..Spec::BLANK
    },
    Spec {
        name: "setex",
        arity: 4,
        flags: "write denyoom",
        acl: "@write @string @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1)],
        summary: "Set the value and expiration of a key",
        since: "2.0.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0 seconds:int value",
        ..Spec::BLANK
    },
    Spec {
        name: "psetex",
        arity: 4,
        flags: "write denyoom",
        acl: "@write @string @slow",
        keys: &[KeySpec::range("OW update", 1, 0, 1)],
        summary: "Set the value and expiration in milliseconds of a key",
        since: "2.6.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0 milliseconds:int value",
        ..Spec::BLANK
    },
    Spec {
        name: "getset",
        arity: 3,
        flags: "write denyoom fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Set the string value of a key and return its old value",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        deprecated: Some(("deprecated", "6.2.0", "`SET` with the `!GET` argument")),
        args: "key@0 value",
        ..Spec::BLANK
    },
    Spec {
        name: "getdel",
        arity: 2,
        flags: "write fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Get the value of a key and delete the key",
        since: "6.2.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "getex",
        arity: -2,
        flags: "write fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1).noted("RW and UPDATE because it changes the TTL")],
        summary: "Get the value of a key and optionally set its expiration",
        since: "6.2.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0 expiration(seconds:int=EX | milliseconds:int=PX | unix-time-seconds:time=EXAT | \
            unix-time-milliseconds:time=PXAT | PERSIST)?",
        ..Spec::BLANK
    },
];
