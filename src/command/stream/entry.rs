//! Entries: adding, deleting, trimming, ranges.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "xadd",
        arity: -5,
        flags: "write denyoom fast",
        acl: "@write @stream @fast",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RW update", 1, 0, 1)
            .noted("UPDATE instead of INSERT because of the optional trimming feature")],
        summary: "Appends a new entry to a stream",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted.",
        history: &[
            ("6.2.0", "Added the `NOMKSTREAM` option, `MINID` trimming strategy and the `LIMIT` option."),
            ("7.0.0", "Added support for the `<ms>-*` explicit ID form."),
        ],
        args: "key@0 NOMKSTREAM>6.2.0? trim{strategy(MAXLEN | MINID>6.2.0) operator(equal='=' | approximately='~')? \
            threshold count:int=LIMIT>6.2.0?}? id_or_auto(auto_id='*' | id) field_value{field value}*",
        ..Spec::BLANK
    },
    Spec {
        name: "xlen",
        arity: 2,
        flags: "readonly fast",
        acl: "@read @stream @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Return the number of entries in a stream",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "xrange",
        arity: -4,
        flags: "readonly",
        acl: "@read @stream @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return a range of elements in a stream, with IDs matching the specified IDs interval",
        since: "5.0.0",
        group: "stream",
        complexity: "O(N) with N being the number of elements being returned. If N is constant (e.g. always asking \
            for the first 10 elements with COUNT), you can consider it O(1).",
        history: &[("6.2.0", "Added exclusive ranges.")],
        args: "key@0 start end count:int=COUNT?",
        ..Spec::BLANK
    },
    Spec {
        name: "xrevrange",
        arity: -4,
        flags: "readonly",
        acl: "@read @stream @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return a range of elements in a stream, with IDs matching the specified IDs interval, in reverse \
            order (from greater to smaller IDs) compared to XRANGE",
        since: "5.0.0",
        group: "stream",
        complexity: "O(N) with N being the number of elements returned. If N is constant (e.g. always asking for the \
            first 10 elements with COUNT), you can consider it O(1).",
        history: &[("6.2.0", "Added exclusive ranges.")],
        args: "key@0 end start count:int=COUNT?",
        ..Spec::BLANK
    },
    Spec {
        name: "xdel",
        arity: -3,
        flags: "write fast",
        acl: "@write @stream @fast",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Removes the specified entries from the stream. Returns the number of items actually deleted, that \
            may be different from the number of IDs passed in case certain IDs do not exist.",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1) for each single item to delete in the stream, regardless of the stream size.",
        args: "key@0 id*",
        ..Spec::BLANK
    },
    Spec {
        name: "xtrim",
        arity: -4,
        flags: "write",
        acl: "@write @stream @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Trims the stream to (approximately if '~' is passed) a certain size",
        since: "5.0.0",
        group: "stream",
        complexity: "O(N), with N being the number of evicted entries. Constant times are very small however, since \
            entries are organized in macro nodes containing multiple entries that can be released with a single \
            deallocation.",
        history: &[("6.2.0", "Added the `MINID` trimming strategy and the `LIMIT` option.")],
        args: "key@0 trim{strategy(MAXLEN | MINID>6.2.0) operator(equal='=' | approximately='~')? threshold \
            count:int=LIMIT>6.2.0?}",
        ..Spec::BLANK
    },
    Spec {
        name: "xsetid",
        arity: -3,
        flags: "write denyoom fast",
        acl: "@write @stream @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "An internal command for replicating stream values",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        history: &[("7.0.0", "Added the `entries_added` and `max_deleted_entry_id` arguments.")],
        args: "key@0 last-id entries_added:int=ENTRIESADDED>7.0.0? max_deleted_entry_id:string=MAXDELETEDID>7.0.0?",
        ..Spec::BLANK
    },
];
