//! Single bits and searches for them.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "setbit",
        arity: 4,
        flags: "write denyoom",
        acl: "@write @bitmap @slow",
        keys: &[KeySpec::range("RW access update", 1, 0, 1)],
        summary: "Sets or clears the bit at offset in the string value stored at key",
        since: "2.2.0",
        group: "bitmap",
        complexity: "O(1)",
        args: "key@0 offset:int value:int",
        ..Spec::BLANK
    },
    Spec {
        name: "getbit",
        arity: 3,
        flags: "readonly fast",
        acl: "@read @bitmap @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Returns the bit value at offset in the string value stored at key",
        since: "2.2.0",
        group: "bitmap",
        complexity: "O(1)",
        args: "key@0 offset:int",
        ..Spec::BLANK
    },
    Spec {
        name: "bitcount",
        arity: -2,
        flags: "readonly",
        acl: "@read @bitmap @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Count set bits in a string",
        since: "2.6.0",
        group: "bitmap",
        complexity: "O(N)",
        history: &[("7.0.0", "Added the `BYTE|BIT` option.")],
        args: "key@0 index{start:int end:int index_unit(BYTE | BIT)>7.0.0?}?",
        ..Spec::BLANK
    },
    Spec {
        name: "bitpos",
        arity: -3,
        flags: "readonly",
        acl: "@read @bitmap @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Find first bit set or clear in a string",
        since: "2.8.7",
        group: "bitmap",
        complexity: "O(N)",
        history: &[("7.0.0", "Added the `BYTE|BIT` option.")],
        args: "key@0 bit:int index{start:int end_index{end:int index_unit(BYTE | BIT)>7.0.0?}?}?",
        ..Spec::BLANK
    },
];
