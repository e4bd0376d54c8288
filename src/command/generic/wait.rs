//! Waiting for replicas and for the disk.

use crate::command::spec::{Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "wait",
        arity: 3,
        flags: "noscript",
        acl: "@slow @connection",
        tips: &["request_policy:all_shards", "response_policy:agg_min"],
        summary: "Wait for the synchronous replication of all the write commands sent in the context of the current \
            connection",
        since: "3.0.0",
        group: "generic",
        complexity: "O(1)",
        args: "numreplicas:int timeout:int",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "waitaof",
        arity: 4,
        flags: "noscript blocking",
        acl: "@slow @blocking @connection",
        tips: &["request_policy:all_shards", "response_policy:agg_min"],
        summary: "Wait until the preceding writes of the connection are on disk here and on replicas",
        since: "7.2.0",
        group: "generic",
        complexity: "O(1)",
        args: "numlocal:int numreplicas:int timeout:int",
        ..Spec::BLANK
    },
];
