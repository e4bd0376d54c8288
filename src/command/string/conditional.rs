//! Commands that depend on what a value is: delete if equal, digest of a value.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "delex",
        arity: -2,
        flags: "write fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Delete a key if its value, or the digest of its value, compares as asked",
        since: "8.4.0",
        group: "string",
        complexity: "O(1) for `IFEQ` and `IFNE` and without a condition, O(N) for `IFDEQ` and `IFDNE`, N being the \
            length of the value.",
        args: "key@0 condition(ifeq-value:string=IFEQ | ifne-value:string=IFNE | ifdeq-digest:string=IFDEQ | \
            ifdne-digest:string=IFDNE)?",
        ..Spec::BLANK
    },
    Spec {
        name: "delifeq",
        arity: 3,
        flags: "write fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW access delete", 1, 0, 1)],
        summary: "Delete a key if its value equals the given one",
        since: "9.0.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0 value",
        ..Spec::BLANK
    },
    Spec {
        name: "digest",
        arity: 2,
        flags: "readonly fast",
        acl: "@read @string @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get the XXH3 digest of a string value",
        since: "8.4.0",
        group: "string",
        complexity: "O(N) where N is the length of the value.",
        args: "key@0",
        ..Spec::BLANK
    },
];
