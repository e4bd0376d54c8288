//! Commands on HyperLogLogs.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "pfadd",
        arity: -2,
        flags: "write denyoom fast",
        acl: "@write @hyperloglog @fast",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Adds the specified elements to the specified HyperLogLog.",
        since: "2.8.9",
        group: "hyperloglog",
        complexity: "O(1) to add every element.",
        args: "key@0 element?*",
        ..Spec::BLANK
    },
    Spec {
        name: "pfcount",
        arity: -2,
        flags: "readonly",
        acl: "@read @hyperloglog @slow",
        keys: &[KeySpec::range("RW access", 1, -1, 1).noted(
            "RW because it may change the internal representation of the key, and propagate to \
                replicas",
        )],
        summary: "Return the approximated cardinality of the set(s) observed by the HyperLogLog at key(s).",
        since: "2.8.9",
        group: "hyperloglog",
        complexity: "O(1) with a very small average constant time when called with a single key. O(N) with N being \
            the number of keys, and much bigger constant times, when called with multiple keys.",
        args: "key@0*",
        ..Spec::BLANK
    },
    Spec {
        name: "pfmerge",
        arity: -2,
        flags: "write denyoom",
        acl: "@write @hyperloglog @slow",
        keys: &[KeySpec::range("RW access insert", 1, 0, 1), KeySpec::range("RO access", 2, -1, 1)],
        summary: "Merge N different HyperLogLogs into a single one.",
        since: "2.8.9",
        group: "hyperloglog",
        complexity: "O(N) to merge N HyperLogLogs, but with high constant times.",
        args: "destkey@0 sourcekey@1*",
        ..Spec::BLANK
    },
    Spec {
        name: "pfdebug",
        arity: 3,
        flags: "write denyoom admin",
        acl: "@write @hyperloglog @admin @slow @dangerous",
        keys: &[KeySpec::range("RW access", 2, 0, 1)],
        summary: "Internal commands for debugging HyperLogLog values",
        since: "2.8.9",
        group: "hyperloglog",
        complexity: "N/A",
        deprecated: Some(("syscmd", "", "")),
        args: "subcommand key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "pfselftest",
        arity: 1,
        flags: "admin",
        acl: "@hyperloglog @admin @slow @dangerous",
        summary: "An internal command for testing HyperLogLog values",
        since: "2.8.9",
        group: "hyperloglog",
        complexity: "N/A",
        deprecated: Some(("syscmd", "", "")),
        ..Spec::BLANK
    },
];
