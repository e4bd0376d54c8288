//! Replication between a primary and its replicas.

use crate::command::spec::{Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "replicaof",
        arity: 3,
        flags: "admin noscript stale no_async_loading",
        acl: "@admin @slow @dangerous",
        summary: "Make the server a replica of another instance, or promote it as master.",
        since: "5.0.0",
        group: "server",
        complexity: "O(1)",
        args: "args(host-port{host port:int} | no-one{NO ONE})",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "slaveof",
        arity: 3,
        flags: "admin noscript stale no_async_loading",
        acl: "@admin @slow @dangerous",
        summary: "Make the server a replica of another instance, or promote it as master.",
        since: "1.0.0",
        group: "server",
        complexity: "O(1)",
        deprecated: Some(("deprecated", "5.0.0", "`REPLICAOF`")),
        args: "args(host-port{host port:int} | no-one{NO ONE})",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "psync",
        arity: -3,
        flags: "admin noscript no_async_loading no_multi",
        acl: "@admin @slow @dangerous",
        summary: "Internal command used for replication",
        since: "2.8.0",
        group: "server",
        args: "replicationid offset:int",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "sync",
        arity: 1,
        flags: "admin noscript no_async_loading no_multi",
        acl: "@admin @slow @dangerous",
        summary: "Internal command used for replication",
        since: "1.0.0",
        group: "server",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "replconf",
        arity: -1,
        flags: "admin noscript loading stale allow_busy",
        acl: "@admin @slow @dangerous",
        summary: "An internal command for configuring the replication stream",
        since: "3.0.0",
        group: "server",
        complexity: "O(1)",
        deprecated: Some(("syscmd", "", "")),
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "failover",
        arity: -1,
        flags: "admin noscript stale",
        acl: "@admin @slow @dangerous",
        summary: "Start a coordinated failover between this server and one of its replicas.",
        since: "6.2.0",
        group: "server",
        complexity: "O(1)",
        args: "target=TO{host port:int FORCE?}? ABORT? milliseconds:int=TIMEOUT?",
        run: Run::Session,
        ..Spec::BLANK
    },
];
