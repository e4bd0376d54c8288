//! Greeting, authentication, small talk.

use crate::command::spec::{Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "auth",
        arity: -2,
        flags: "noscript loading stale fast no_auth allow_busy",
        acl: "@fast @connection",
        summary: "Authenticate to the server",
        since: "1.0.0",
        group: "connection",
        complexity: "O(N) where N is the number of passwords defined for the user",
        history: &[("6.0.0", "Added ACL style (username and password).")],
        args: "username>6.0.0? password",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "hello",
        arity: -1,
        flags: "noscript loading stale fast no_auth allow_busy",
        acl: "@fast @connection",
        summary: "Handshake with Redis",
        since: "6.0.0",
        group: "connection",
        complexity: "O(1)",
        history: &[(
            "6.2.0",
            "`protover` made optional; when called without arguments the command reports the current \
                connection's context.",
        )],
        args: "arguments{protover:int username_password=AUTH{username password}? clientname:string=SETNAME?}?",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "ping",
        arity: -1,
        flags: "fast",
        acl: "@fast @connection",
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        summary: "Ping the server",
        since: "1.0.0",
        group: "connection",
        complexity: "O(1)",
        args: "message?",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "echo",
        arity: 2,
        flags: "loading stale fast",
        acl: "@fast @connection",
        summary: "Echo the given string",
        since: "1.0.0",
        group: "connection",
        complexity: "O(1)",
        args: "message",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "select",
        arity: 2,
        flags: "loading stale fast",
        acl: "@fast @connection",
        summary: "Change the selected database for the current connection",
        since: "1.0.0",
        group: "connection",
        complexity: "O(1)",
        args: "index:int",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "quit",
        arity: -1,
        flags: "noscript loading stale fast no_auth allow_busy",
        acl: "@fast @connection",
        summary: "Close the connection",
        since: "1.0.0",
        group: "connection",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "reset",
        arity: 1,
        flags: "noscript loading stale fast no_auth allow_busy",
        acl: "@fast @connection",
        summary: "Reset the connection",
        since: "6.2.0",
        group: "connection",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
];
