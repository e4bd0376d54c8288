//! Entries delivered and not yet acknowledged.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "xpending",
        arity: -3,
        flags: "readonly",
        acl: "@read @stream @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return information and entries from a stream consumer group pending entries list, that are messages \
            fetched but never acknowledged.",
        since: "5.0.0",
        group: "stream",
        complexity: "O(N) with N being the number of elements returned, so asking for a small fixed number of entries \
            per call is O(1). O(M), where M is the total number of entries scanned when used with the IDLE filter. \
            When the command returns just the summary and the list of consumers is small, it runs in O(1) time; \
            otherwise, an additional O(N) time for iterating every consumer.",
        history: &[("6.2.0", "Added the `IDLE` option and exclusive range intervals.")],
        args: "key@0 group filters{min-idle-time:int=IDLE>6.2.0? start end count:int consumer?}?",
        ..Spec::BLANK
    },
    Spec {
        name: "xclaim",
        arity: -6,
        flags: "write fast",
        acl: "@write @stream @fast",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Changes (or acquires) ownership of a message in a consumer group, as if the message was delivered \
            to the specified consumer.",
        since: "5.0.0",
        group: "stream",
        complexity: "O(log N) with N being the number of messages in the PEL of the consumer group.",
        args: "key@0 group consumer min-idle-time id* ms:int=IDLE? unix-time-milliseconds:time=TIME? \
            count:int=RETRYCOUNT? FORCE? JUSTID? id:string=LASTID?",
        ..Spec::BLANK
    },
    Spec {
        name: "xautoclaim",
        arity: -6,
        flags: "write fast",
        acl: "@write @stream @fast",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Changes (or acquires) ownership of messages in a consumer group, as if the messages were delivered \
            to the specified consumer.",
        since: "6.2.0",
        group: "stream",
        complexity: "O(1) if COUNT is small.",
        history: &[(
            "7.0.0",
            "Added an element to the reply array, containing deleted entries the command cleared from the \
                PEL",
        )],
        args: "key@0 group consumer min-idle-time start count:int=COUNT? JUSTID?",
        ..Spec::BLANK
    },
];
