//! Commands that were slow or large, and latency events.

use crate::command::spec::{Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "commandlog",
        arity: -2,
        acl: "@slow",
        summary: "A container for commands on logs of slow and large commands",
        since: "8.1.0",
        group: "server",
        complexity: "Depends on subcommand.",
        subcommands: COMMANDLOG_SUBCOMMANDS,
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "latency",
        arity: -2,
        acl: "@slow",
        summary: "A container for latency diagnostics commands",
        since: "2.8.13",
        group: "server",
        complexity: "Depends on subcommand.",
        subcommands: LATENCY_SUBCOMMANDS,
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "slowlog",
        arity: -2,
        acl: "@slow",
        summary: "A container for slow log commands",
        since: "2.2.12",
        group: "server",
        complexity: "Depends on subcommand.",
        subcommands: SLOWLOG_SUBCOMMANDS,
        run: Run::Session,
        ..Spec::BLANK
    },
];

/// Rows of the subcommands of COMMANDLOG.
const COMMANDLOG_SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "get",
        arity: 4,
        flags: "admin loading stale",
        acl: "@admin @slow @dangerous",
        tips: &["request_policy:all_nodes", "nondeterministic_output"],
        summary: "Returns the newest entries of a log of commands.",
        since: "8.1.0",
        group: "server",
        complexity: "O(N) where N is the number of entries returned",
        args: "count:int type",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "help",
        arity: 2,
        flags: "loading stale",
        acl: "@slow",
        summary: "Tells of the subcommands.",
        since: "8.1.0",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "len",
        arity: 3,
        flags: "admin loading stale",
        acl: "@admin @slow @dangerous",
        tips: &["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
        summary: "Returns the number of entries of a log of commands.",
        since: "8.1.0",
        group: "server",
        complexity: "O(1)",
        args: "type",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "reset",
        arity: 3,
        flags: "admin loading stale",
        acl: "@admin @slow @dangerous",
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        summary: "Removes all entries of a log of commands.",
        since: "8.1.0",
        group: "server",
        complexity: "O(N) where N is the number of entries in the log",
        args: "type",
        run: Run::Session,
        ..Spec::BLANK
    },
];

/// Rows of the subcommands of LATENCY.
const LATENCY_SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "doctor",
        arity: 2,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        summary: "Return a human readable latency analysis report.",
        since: "2.8.13",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "graph",
        arity: 3,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        summary: "Return a latency graph for the event.",
        since: "2.8.13",
        group: "server",
        complexity: "O(1)",
        args: "event",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "help",
        arity: 2,
        flags: "loading stale",
        acl: "@slow",
        summary: "Show helpful text about the different subcommands.",
        since: "2.8.13",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "histogram",
        arity: -2,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        summary: "Return the cumulative distribution of latencies of a subset of commands or all.",
        since: "7.0.0",
        group: "server",
        complexity: "O(N) where N is the number of commands with latency information being retrieved.",
        args: "command?*",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "history",
        arity: 3,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        summary: "Return timestamp-latency samples for the event.",
        since: "2.8.13",
        group: "server",
        complexity: "O(1)",
        args: "event",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "latest",
        arity: 2,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        summary: "Return the latest latency samples for all events.",
        since: "2.8.13",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "reset",
        arity: -2,
        flags: "admin noscript loading stale",
        acl: "@admin @slow @dangerous",
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        summary: "Reset latency data for one or more events.",
        since: "2.8.13",
        group: "server",
        complexity: "O(1)",
        args: "event?*",
        run: Run::Session,
        ..Spec::BLANK
    },
];

/// Rows of the subcommands of SLOWLOG.
const SLOWLOG_SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "get",
        arity: -2,
        flags: "admin loading stale",
        acl: "@admin @slow @dangerous",
        tips: &["request_policy:all_nodes", "nondeterministic_output"],
        summary: "Get the slow log's entries",
        since: "2.2.12",
        group: "server",
        complexity: "O(N) where N is the number of entries returned",
        history: &[("4.0.0", "Added client IP address, port and name to the reply.")],
        args: "count:int?",
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
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "len",
        arity: 2,
        flags: "admin loading stale",
        acl: "@admin @slow @dangerous",
        tips: &["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
        summary: "Get the slow log's length",
        since: "2.2.12",
        group: "server",
        complexity: "O(1)",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "reset",
        arity: 2,
        flags: "admin loading stale",
        acl: "@admin @slow @dangerous",
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        summary: "Clear all entries from the slow log",
        since: "2.2.12",
        group: "server",
        complexity: "O(N) where N is the number of entries in the slowlog",
        run: Run::Session,
        ..Spec::BLANK
    },
];
