//! Consumer groups.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "xgroup",
        arity: -2,
        acl: "@slow",
        summary: "A container for consumer groups commands",
        since: "5.0.0",
        group: "stream",
        complexity: "Depends on subcommand.",
        subcommands: SUBCOMMANDS,
        ..Spec::BLANK
    },
    Spec {
        name: "xack",
        arity: -4,
        flags: "write fast",
        acl: "@write @stream @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Marks a pending message as correctly processed, effectively removing it from the pending entries \
            list of the consumer group. Return value of the command is the number of messages successfully \
            acknowledged, that is, the IDs we were actually able to resolve in the PEL.",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1) for each message ID processed.",
        args: "key@0 group id*",
        ..Spec::BLANK
    },
];

/// Rows of the subcommands of XGROUP.
const SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "create",
        arity: -5,
        flags: "write denyoom",
        acl: "@write @stream @slow",
        keys: &[KeySpec::range("RW insert", 2, 0, 1)],
        summary: "Create a consumer group.",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        history: &[("7.0.0", "Added the `entries_read` named argument.")],
        args: "key@0 groupname id(id | new_id='$') MKSTREAM? entries_read:int=ENTRIESREAD?",
        ..Spec::BLANK
    },
    Spec {
        name: "createconsumer",
        arity: 5,
        flags: "write denyoom",
        acl: "@write @stream @slow",
        keys: &[KeySpec::range("RW insert", 2, 0, 1)],
        summary: "Create a consumer in a consumer group.",
        since: "6.2.0",
        group: "stream",
        complexity: "O(1)",
        args: "key@0 groupname consumername",
        ..Spec::BLANK
    },
    Spec {
        name: "delconsumer",
        arity: 5,
        flags: "write",
        acl: "@write @stream @slow",
        keys: &[KeySpec::range("RW delete", 2, 0, 1)],
        summary: "Delete a consumer from a consumer group.",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        args: "key@0 groupname consumername",
        ..Spec::BLANK
    },
    Spec {
        name: "destroy",
        arity: 4,
        flags: "write",
        acl: "@write @stream @slow",
        keys: &[KeySpec::range("RW delete", 2, 0, 1)],
        summary: "Destroy a consumer group.",
        since: "5.0.0",
        group: "stream",
        complexity: "O(N) where N is the number of entries in the group's pending entries list (PEL).",
        args: "key@0 groupname",
        ..Spec::BLANK
    },
    Spec {
        name: "help",
        arity: 2,
        flags: "loading stale",
        acl: "@stream @slow",
        summary: "Show helpful text about the different subcommands",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        ..Spec::BLANK
    },
    Spec {
        name: "setid",
        arity: -5,
        flags: "write",
        acl: "@write @stream @slow",
        keys: &[KeySpec::range("RW update", 2, 0, 1)],
        summary: "Set a consumer group to an arbitrary last delivered ID value.",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        history: &[("7.0.0", "Added the optional `entries_read` argument.")],
        args: "key@0 groupname id(id | new_id='$') entries_read:int=ENTRIESREAD?",
        ..Spec::BLANK
    },
];
