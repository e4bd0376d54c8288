//! Channels: publishing, subscribing, introspection.

use crate::command::spec::{KeySpec, Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "publish",
        arity: 3,
        flags: "pubsub loading stale fast",
        acl: "@pubsub @fast",
        summary: "Post a message to a channel",
        since: "2.0.0",
        group: "pubsub",
        complexity: "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total \
            number of subscribed patterns (by any client).",
        args: "channel message",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "spublish",
        arity: 3,
        flags: "pubsub loading stale fast",
        acl: "@pubsub @fast",
        keys: &[KeySpec::range("not_key", 1, 0, 1)],
        summary: "Post a message to a shard channel",
        since: "7.0.0",
        group: "pubsub",
        complexity: "O(N) where N is the number of clients subscribed to the receiving shard channel.",
        args: "shardchannel message",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "subscribe",
        arity: -2,
        flags: "pubsub noscript loading stale",
        acl: "@pubsub @slow",
        summary: "Listen for messages published to the given channels",
        since: "2.0.0",
        group: "pubsub",
        complexity: "O(N) where N is the number of channels to subscribe to.",
        args: "channel*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "unsubscribe",
        arity: -1,
        flags: "pubsub noscript loading stale",
        acl: "@pubsub @slow",
        summary: "Stop listening for messages posted to the given channels",
        since: "2.0.0",
        group: "pubsub",
        complexity: "O(N) where N is the number of clients already subscribed to a channel.",
        args: "channel?*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "psubscribe",
        arity: -2,
        flags: "pubsub noscript loading stale",
        acl: "@pubsub @slow",
        summary: "Listen for messages published to channels matching the given patterns",
        since: "2.0.0",
        group: "pubsub",
        complexity: "O(N) where N is the number of patterns the client is already subscribed to.",
        args: "pattern{pattern:pattern}*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "punsubscribe",
        arity: -1,
        flags: "pubsub noscript loading stale",
        acl: "@pubsub @slow",
        summary: "Stop listening for messages posted to channels matching the given patterns",
        since: "2.0.0",
        group: "pubsub",
        complexity: "O(N+M) where N is the number of patterns the client is already subscribed and M is the number of \
            total patterns subscribed in the system (by any client).",
        args: "pattern:pattern?*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "ssubscribe",
        arity: -2,
        flags: "pubsub noscript loading stale",
        acl: "@pubsub @slow",
        keys: &[KeySpec::range("not_key", 1, -1, 1)],
        summary: "Listen for messages published to the given shard channels",
        since: "7.0.0",
        group: "pubsub",
        complexity: "O(N) where N is the number of shard channels to subscribe to.",
        args: "shardchannel*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "sunsubscribe",
        arity: -1,
        flags: "pubsub noscript loading stale",
        acl: "@pubsub @slow",
        keys: &[KeySpec::range("not_key", 1, -1, 1)],
        summary: "Stop listening for messages posted to the given shard channels",
        since: "7.0.0",
        group: "pubsub",
        complexity: "O(N) where N is the number of clients already subscribed to a shard channel.",
        args: "shardchannel?*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "pubsub",
        arity: -2,
        acl: "@slow",
        summary: "A container for Pub/Sub commands",
        since: "2.8.0",
        group: "pubsub",
        complexity: "Depends on subcommand.",
        subcommands: SUBCOMMANDS,
        run: Run::Session,
        ..Spec::BLANK
    },
];

/// Rows of the subcommands of PUBSUB.
const SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "channels",
        arity: -2,
        flags: "pubsub loading stale",
        acl: "@pubsub @slow",
        summary: "List active channels",
        since: "2.8.0",
        group: "pubsub",
        complexity: "O(N) where N is the number of active channels, and assuming constant time pattern matching \
            (relatively short channels and patterns)",
        args: "pattern:pattern?",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "help",
        arity: 2,
        flags: "loading stale",
        acl: "@slow",
        summary: "Show helpful text about the different subcommands",
        since: "6.2.0",
        group: "pubsub",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "numpat",
        arity: 2,
        flags: "pubsub loading stale",
        acl: "@pubsub @slow",
        summary: "Get the count of unique patterns pattern subscriptions",
        since: "2.8.0",
        group: "pubsub",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "numsub",
        arity: -2,
        flags: "pubsub loading stale",
        acl: "@pubsub @slow",
        summary: "Get the count of subscribers for channels",
        since: "2.8.0",
        group: "pubsub",
        complexity: "O(N) for the NUMSUB subcommand, where N is the number of requested channels",
        args: "channel?*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "shardchannels",
        arity: -2,
        flags: "pubsub loading stale",
        acl: "@pubsub @slow",
        summary: "List active shard channels",
        since: "7.0.0",
        group: "pubsub",
        complexity: "O(N) where N is the number of active shard channels, and assuming constant time pattern matching \
            (relatively short shard channels).",
        args: "pattern:pattern?",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "shardnumsub",
        arity: -2,
        flags: "pubsub loading stale",
        acl: "@pubsub @slow",
        summary: "Get the count of subscribers for shard channels",
        since: "7.0.0",
        group: "pubsub",
        complexity: "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels",
        args: "shardchannel?*",
        run: Run::Session,
        ..Spec::BLANK
    },
];
