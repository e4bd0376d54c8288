//! Whole keys: existence, kind, removal, renaming, copying.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "del",
        arity: -2,
        flags: "write",
        acl: "@keyspace @write @slow",
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        keys: &[KeySpec::range("RM delete", 1, -1, 1)],
        summary: "Delete a key",
        since: "1.0.0",
        group: "generic",
        complexity: "O(N) where N is the number of keys that will be removed. When a key to remove holds a value \
            other than a string, the individual complexity for this key is O(M) where M is the number of elements in \
            the list, set, sorted set or hash. Removing a single key that holds a string value is O(1).",
        args: "key@0*",
        ..Spec::BLANK
    },
    Spec {
        name: "unlink",
        arity: -2,
        flags: "write fast",
        acl: "@keyspace @write @fast",
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        keys: &[KeySpec::range("RM delete", 1, -1, 1)],
        summary: "Delete a key asynchronously in another thread. Otherwise it is just as DEL, but non blocking.",
        since: "4.0.0",
        group: "generic",
        complexity: "O(1) for each key removed regardless of its size. Then the command does O(N) work in a different \
            thread in order to reclaim memory, where N is the number of allocations the deleted objects where \
            composed of.",
        args: "key@0*",
        ..Spec::BLANK
    },
    Spec {
        name: "exists",
        arity: -2,
        flags: "readonly fast",
        acl: "@keyspace @read @fast",
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        keys: &[KeySpec::range("RO", 1, -1, 1)],
        summary: "Determine if a key exists",
        since: "1.0.0",
        group: "generic",
        complexity: "O(N) where N is the number of keys to check.",
        history: &[("3.0.3", "Accepts multiple `key` arguments.")],
        args: "key@0*",
        ..Spec::BLANK
    },
    Spec {
        name: "touch",
        arity: -2,
        flags: "readonly fast",
        acl: "@keyspace @read @fast",
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        keys: &[KeySpec::range("RO", 1, -1, 1)],
        summary: "Alters the last access time of a key(s). Returns the number of existing keys specified.",
        since: "3.2.1",
        group: "generic",
        complexity: "O(N) where N is the number of keys that will be touched.",
        args: "key@0*",
        ..Spec::BLANK
    },
    Spec {
        name: "type",
        arity: 2,
        flags: "readonly fast",
        acl: "@keyspace @read @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Determine the type stored at key",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "rename",
        arity: 3,
        flags: "write",
        acl: "@keyspace @write @slow",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("OW update", 2, 0, 1)],
        summary: "Rename a key",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        args: "key@0 newkey@1",
        ..Spec::BLANK
    },
    Spec {
        name: "renamenx",
        arity: 3,
        flags: "write fast",
        acl: "@keyspace @write @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("OW insert", 2, 0, 1)],
        summary: "Rename a key, only if the new key does not exist",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("3.2.0", "The command no longer returns an error when source and destination names are the same.")],
        args: "key@0 newkey@1",
        ..Spec::BLANK
    },
    Spec {
        name: "copy",
        arity: -3,
        flags: "write denyoom",
        acl: "@keyspace @write @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1), KeySpec::range("OW update", 2, 0, 1)],
        summary: "Copy a key",
        since: "6.2.0",
        group: "generic",
        complexity: "O(N) worst case for collections, where N is the number of nested items. O(1) for string values.",
        args: "source@0 destination@1 destination-db:int=DB? REPLACE?",
        ..Spec::BLANK
    },
    Spec {
        name: "move",
        arity: 3,
        flags: "write fast",
        acl: "@keyspace @write @fast",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Move a key to another database",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        args: "key@0 db:int",
        ..Spec::BLANK
    },
];
