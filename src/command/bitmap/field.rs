//! Integers of any width within a value.

use crate::command::spec::{KeySpec, OwnKeys, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "bitfield",
        arity: -2,
        flags: "write denyoom",
        acl: "@write @bitmap @slow",
        keys: &[KeySpec::range("RW access update variable_flags", 1, 0, 1)
            .noted("This command allows both access and modification of the key")],
        own_keys: Some(OwnKeys::Bitfield),
        summary: "Perform arbitrary bitfield integer operations on strings",
        since: "3.2.0",
        group: "bitmap",
        complexity: "O(1) for each subcommand specified",
        args: "key@0 operation(encoding_offset=GET{encoding offset:int} | write{wrap_sat_fail=OVERFLOW(WRAP | SAT | \
            FAIL)? write_operation(encoding_offset_value=SET{encoding offset:int value:int} | \
            encoding_offset_increment=INCRBY{encoding offset:int increment:int})})?*",
        ..Spec::BLANK
    },
    Spec {
        name: "bitfield_ro",
        arity: -2,
        flags: "readonly fast",
        acl: "@read @bitmap @fast",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Perform arbitrary bitfield integer operations on strings. Read-only variant of BITFIELD",
        since: "6.0.0",
        group: "bitmap",
        complexity: "O(1) for each subcommand specified",
        args: "key@0 encoding_offset=GET{encoding offset:int}?**",
        ..Spec::BLANK
    },
];
