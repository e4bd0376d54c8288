//! Sorting the elements of a collection.

use super::sorting::{reaches_other_keys, sort, sort_ro};
use crate::command::spec::{KeySpec, OwnKeys, Reach, Run, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "sort",
        arity: -2,
        flags: "write denyoom movablekeys",
        acl: "@write @set @sortedset @list @slow @dangerous",
        keys: &[
            KeySpec::range("RO access", 1, 0, 1),
            KeySpec::unknown("RO access").noted(
                "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive \
                from the content of the key we sort",
            ),
            KeySpec::unknown("OW update").noted(
                "For the optional STORE keyword. It is marked 'unknown' because the keyword can \
                appear anywhere in the argument array",
            ),
        ],
        own_keys: Some(OwnKeys::Sort),
        summary: "Sort the elements in a list, set or sorted set",
        since: "1.0.0",
        group: "generic",
        complexity: "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of \
            returned elements. When the elements are not sorted, complexity is O(N).",
        args: "key@0 pattern:pattern@1=BY? offset_count=LIMIT{offset:int count:int}? pattern:pattern@1=GET?** \
            order(ASC | DESC)? sorting=ALPHA? destination@2=STORE?",
        reach: Reach::Undeclared(reaches_other_keys),
        run: Run::Data(sort),
        ..Spec::BLANK
    },
    Spec {
        name: "sort_ro",
        arity: -2,
        flags: "readonly movablekeys",
        acl: "@read @set @sortedset @list @slow @dangerous",
        keys: &[
            KeySpec::range("RO access", 1, 0, 1),
            KeySpec::unknown("RO access").noted(
                "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive \
                from the content of the key we sort",
            ),
        ],
        own_keys: Some(OwnKeys::SortRo),
        summary: "Sort the elements in a list, set or sorted set. Read-only variant of SORT.",
        since: "7.0.0",
        group: "generic",
        complexity: "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of \
            returned elements. When the elements are not sorted, complexity is O(N).",
        args: "key@0 pattern:pattern@1=BY? offset_count=LIMIT{offset:int count:int}? pattern:pattern@1=GET?** \
            order(ASC | DESC)? sorting=ALPHA?",
        reach: Reach::Undeclared(reaches_other_keys),
        run: Run::Data(sort_ro),
        ..Spec::BLANK
    },
];
