//! Many keys with one command.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "mget",
        arity: -2,
        flags: "readonly fast",
        acl: "@read @string @fast",
        tips: &["request_policy:multi_shard"],
        keys: &[KeySpec::range("RO access", 1, -1, 1)],
        summary: "Get the values of all the given keys",
        since: "1.0.0",
        group: "string",
        complexity: "O(N) where N is the number of keys to retrieve.",
        args: "key@0*",
        ..Spec::BLANK
    },
    Spec {
        name: "mset",
        arity: -3,
        flags: "write denyoom",
        acl: "@write @string @slow",
        tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
        keys: &[KeySpec::range("OW update", 1, -1, 2)],
        summary: "Set multiple keys to multiple values",
        since: "1.0.1",
        group: "string",
        complexity: "O(N) where N is the number of keys to set.",
        args: "key_value{key@0 value}*",
        ..Spec::BLANK
    },
    Spec {
        name: "msetnx",
        arity: -3,
        flags: "write denyoom",
        acl: "@write @string @slow",
        tips: &["request_policy:multi_shard", "response_policy:agg_min"],
        keys: &[KeySpec::range("OW insert", 1, -1, 2)],
        summary: "Set multiple keys to multiple values, only if none of the keys exist",
        since: "1.0.1",
        group: "string",
        complexity: "O(N) where N is the number of keys to set.",
        args: "key_value{key@0 value}*",
        ..Spec::BLANK
    },
    Spec {
        name: "msetex",
        arity: -4,
        flags: "write denyoom movablekeys",
        acl: "@write @string @slow",
        keys: &[KeySpec::counted_from("OW update", 1, 2, 2)],
        summary: "Set multiple keys to multiple values with a shared expiration",
        since: "8.4.0",
        group: "string",
        complexity: "O(N) where N is the number of keys to set.",
        args: "numkeys:int key_value{key@0 value}* condition(NX | XX)? expiration(seconds:int=EX | \
            milliseconds:int=PX | unix-time-seconds:time=EXAT | unix-time-milliseconds:time=PXAT | KEEPTTL)?",
        ..Spec::BLANK
    },
];
