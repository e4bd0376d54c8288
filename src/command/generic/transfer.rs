//! Serialized values and their transfer between servers.

use crate::command::spec::{KeySpec, OwnKeys, Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "dump",
        arity: 2,
        flags: "readonly",
        acl: "@keyspace @read @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return a serialized version of the value stored at the specified key.",
        since: "2.6.0",
        group: "generic",
        complexity: "O(1) to access the key and additional O(N*M) to serialize it, where N is the number of Redis \
            objects composing the value and M their average size. For small string values the time complexity is thus \
            O(1)+O(1*M) where M is small, so simply O(1).",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "restore",
        arity: -4,
        flags: "write denyoom",
        acl: "@keyspace @write @slow @dangerous",
        keys: &[KeySpec::range("OW update", 1, 0, 1)],
        summary: "Create a key using the provided serialized value, previously obtained using DUMP.",
        since: "2.6.0",
        group: "generic",
        complexity: "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is \
            the number of Redis objects composing the value and M their average size. For small string values the \
            time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the \
            complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).",
        history: &[
            ("3.0.0", "Added the `REPLACE` modifier."),
            ("5.0.0", "Added the `ABSTTL` modifier."),
            ("5.0.0", "Added the `IDLETIME` and `FREQ` options."),
        ],
        args: "key@0 ttl:int serialized-value REPLACE>3.0.0? ABSTTL>5.0.0? seconds:int=IDLETIME>5.0.0? \
            frequency:int=FREQ>5.0.0?",
        ..Spec::BLANK
    },
    Spec {
        name: "restore-asking",
        arity: -4,
        flags: "write denyoom asking",
        acl: "@keyspace @write @slow @dangerous",
        keys: &[KeySpec::range("OW update", 1, 0, 1)],
        summary: "An internal command for migrating keys in a cluster",
        since: "3.0.0",
        group: "server",
        complexity: "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is \
            the number of Redis objects composing the value and M their average size. For small string values the \
            time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the \
            complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).",
        history: &[
            ("3.0.0", "Added the `REPLACE` modifier."),
            ("5.0.0", "Added the `ABSTTL` modifier."),
            ("5.0.0", "Added the `IDLETIME` and `FREQ` options."),
        ],
        deprecated: Some(("syscmd", "", "")),
        args: "key@0 ttl:int serialized-value REPLACE>3.0.0? ABSTTL>5.0.0? seconds:int=IDLETIME>5.0.0? \
            frequency:int=FREQ>5.0.0?",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "migrate",
        arity: -6,
        flags: "write movablekeys",
        acl: "@keyspace @write @slow @dangerous",
        tips: &["nondeterministic_output"],
        keys: &[
            KeySpec::range("RW access delete", 3, 0, 1),
            KeySpec::behind("RW access delete incomplete", "KEYS", -2, -1, 0),
        ],
        own_keys: Some(OwnKeys::Migrate),
        summary: "Atomically transfer a key from a Redis instance to another one.",
        since: "2.6.0",
        group: "generic",
        complexity: "This command actually executes a DUMP+DEL in the source instance, and a RESTORE in the target \
            instance. See the pages of these commands for time complexity. Also an O(N) data transfer between the two \
            instances is performed.",
        history: &[
            ("3.0.0", "Added the `COPY` and `REPLACE` options."),
            ("3.0.6", "Added the `KEYS` option."),
            ("4.0.7", "Added the `AUTH` option."),
            ("6.0.0", "Added the `AUTH2` option."),
        ],
        args: "host port:int key_or_empty_string(key@0 | empty_string='') destination-db:int timeout:int COPY>3.0.0? \
            REPLACE>3.0.0? authentication(password:string=AUTH>4.0.7? | username_password=AUTH2{username \
            password}>6.0.0?)? key@1=KEYS>3.0.6?*",
        ..Spec::BLANK
    },
];
