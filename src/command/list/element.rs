//! Elements by position or value.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "llen",
        arity: 2,
        flags: "readonly fast",
        acl: "@read @list @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Get the length of a list",
        since: "1.0.0",
        group: "list",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "lindex",
        arity: 3,
        flags: "readonly",
        acl: "@read @list @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get an element from a list by its index",
        since: "1.0.0",
        group: "list",
        complexity: "O(N) where N is the number of elements to traverse to get to the element at index. This makes \
            asking for the first or the last element of the list O(1).",
        args: "key@0 index:int",
        ..Spec::BLANK
    },
    Spec {
        name: "lset",
        arity: 4,
        flags: "write denyoom",
        acl: "@write @list @slow",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Set the value of an element in a list by its index",
        since: "1.0.0",
        group: "list",
        complexity: "O(N) where N is the length of the list. Setting either the first or the last element of the list \
            is O(1).",
        args: "key@0 index:int element",
        ..Spec::BLANK
    },
    Spec {
        name: "linsert",
        arity: 5,
        flags: "write denyoom",
        acl: "@write @list @slow",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Insert an element before or after another element in a list",
        since: "2.2.0",
        group: "list",
        complexity: "O(N) where N is the number of elements to traverse before seeing the value pivot. This means \
            that inserting somewhere on the left end on the list (head) can be considered O(1) and inserting \
            somewhere on the right end (tail) is O(N).",
        args: "key@0 where(BEFORE | AFTER) pivot element",
        ..Spec::BLANK
    },
    Spec {
        name: "lrem",
        arity: 4,
        flags: "write",
        acl: "@write @list @slow",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Remove elements from a list",
        since: "1.0.0",
        group: "list",
        complexity: "O(N+M) where N is the length of the list and M is the number of elements removed.",
        args: "key@0 count:int element",
        ..Spec::BLANK
    },
    Spec {
        name: "ltrim",
        arity: 4,
        flags: "write",
        acl: "@write @list @slow",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Trim a list to the specified range",
        since: "1.0.0",
        group: "list",
        complexity: "O(N) where N is the number of elements to be removed by the operation.",
        args: "key@0 start:int stop:int",
        ..Spec::BLANK
    },
    Spec {
        name: "lrange",
        arity: 4,
        flags: "readonly",
        acl: "@read @list @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get a range of elements from a list",
        since: "1.0.0",
        group: "list",
        complexity: "O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end (HEAD \
            or TAIL) for large lists; and N is the number of elements in the specified range.",
        args: "key@0 start:int stop:int",
        ..Spec::BLANK
    },
    Spec {
        name: "lpos",
        arity: -3,
        flags: "readonly",
        acl: "@read @list @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Return the index of matching elements on a list",
        since: "6.0.6",
        group: "list",
        complexity: "O(N) where N is the number of elements in the list, for the average case. When searching for \
            elements near the head or the tail of the list, or when the MAXLEN option is provided, the command may \
            run in constant time.",
        args: "key@0 element rank:int=RANK? num-matches:int=COUNT? len:int=MAXLEN?",
        ..Spec::BLANK
    },
];
