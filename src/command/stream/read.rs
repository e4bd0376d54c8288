//! Reading new entries of several streams, with and without a group.

use crate::command::spec::{KeySpec, OwnKeys, Spec};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "xread",
        arity: -4,
        flags: "readonly blocking movablekeys",
        acl: "@read @stream @slow @blocking",
        keys: &[KeySpec::behind("RO access", "STREAMS", 1, -1, 2)],
        own_keys: Some(OwnKeys::Streams),
        summary: "Return never seen elements in multiple streams, with IDs greater than the ones reported by the \
            caller for each stream. Can block.",
        since: "5.0.0",
        group: "stream",
        complexity: "For each stream mentioned: O(N) with N being the number of elements being returned, it means \
            that XREAD-ing with a fixed COUNT is O(1). Note that when the BLOCK option is used, XADD will pay O(M) \
            time in order to serve the M clients blocked on the stream getting new data.",
        args: "count:int=COUNT? milliseconds:int=BLOCK? streams=STREAMS{key@0* id*}",
        ..Spec::BLANK
    },
    Spec {
        name: "xreadgroup",
        arity: -7,
        flags: "write blocking movablekeys",
        acl: "@write @stream @slow @blocking",
        keys: &[KeySpec::behind("RO access", "STREAMS", 4, -1, 2)],
        own_keys: Some(OwnKeys::Streams),
        summary: "Return new entries from a stream using a consumer group, or access the history of the pending \
            entries for a given consumer. Can block.",
        since: "5.0.0",
        group: "stream",
        complexity: "For each stream mentioned: O(M) with M being the number of elements returned. If M is constant \
            (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1). On the other side \
            when XREADGROUP blocks, XADD will pay the O(N) time in order to serve the N clients blocked on the stream \
            getting new data.",
        args: "group_consumer=GROUP{group consumer} count:int=COUNT? milliseconds:int=BLOCK? NOACK? \
            streams=STREAMS{key@0* id*}",
        ..Spec::BLANK
    },
];
