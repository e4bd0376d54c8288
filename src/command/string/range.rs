//! Parts of a value: appending, ranges, length, longest common subsequence.

use crate::command::spec::{KeySpec, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "append",
        arity: 3,
        flags: "write denyoom fast",
        acl: "@write @string @fast",
        keys: &[KeySpec::range("RW insert", 1, 0, 1)],
        summary: "Append a value to a key",
        since: "2.0.0",
        group: "string",
        complexity: "O(1). The amortized time complexity is O(1) assuming the appended value is small and the already \
            present value is of any size, since the dynamic string library used by Redis will double the free space \
            available on every reallocation.",
        args: "key@0 value",
        ..Spec::BLANK
    },
    Spec {
        name: "strlen",
        arity: 2,
        flags: "readonly fast",
        acl: "@read @string @fast",
        keys: &[KeySpec::range("RO", 1, 0, 1)],
        summary: "Get the length of the value stored in a key",
        since: "2.2.0",
        group: "string",
        complexity: "O(1)",
        args: "key@0",
        ..Spec::BLANK
    },
    Spec {
        name: "getrange",
        arity: 4,
        flags: "readonly",
        acl: "@read @string @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get a substring of the string stored at a key",
        since: "2.4.0",
        group: "string",
        complexity: "O(N) where N is the length of the returned string. The complexity is ultimately determined by \
            the returned length, but because creating a substring from an existing string is very cheap, it can be \
            considered O(1) for small strings.",
        args: "key@0 start:int end:int",
        ..Spec::BLANK
    },
    Spec {
        name: "substr",
        arity: 4,
        flags: "readonly",
        acl: "@read @string @slow",
        keys: &[KeySpec::range("RO access", 1, 0, 1)],
        summary: "Get a substring of the string stored at a key",
        since: "1.0.0",
        group: "string",
        complexity: "O(N) where N is the length of the returned string. The complexity is ultimately determined by \
            the returned length, but because creating a substring from an existing string is very cheap, it can be \
            considered O(1) for small strings.",
        deprecated: Some(("deprecated", "2.0.0", "`GETRANGE`")),
        args: "key@0 start:int end:int",
        ..Spec::BLANK
    },
    Spec {
        name: "setrange",
        arity: 4,
        flags: "write denyoom",
        acl: "@write @string @slow",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Overwrite part of a string at key starting at the specified offset",
        since: "2.2.0",
        group: "string",
        complexity: "O(1), not counting the time taken to copy the new string in place. Usually, this string is very \
            small so the amortized complexity is O(1). Otherwise, complexity is O(M) with M being the length of the \
            value argument.",
        args: "key@0 offset:int value",
        ..Spec::BLANK
    },
    Spec {
        name: "lcs",
        arity: -3,
        flags: "readonly",
        acl: "@read @string @slow",
        keys: &[KeySpec::range("RO access", 1, 1, 1)],
        summary: "Find longest common substring",
        since: "7.0.0",
        group: "string",
        complexity: "O(N*M) where N and M are the lengths of s1 and s2, respectively",
        args: "key1@0 key2@0 LEN? IDX? len:int=MINMATCHLEN? WITHMATCHLEN?",
        ..Spec::BLANK
    },
];
