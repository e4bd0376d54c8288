//! Whole databases.

use crate::command::spec::{Run, Spec};
use crate::command::{Args, Ctx, Outcome};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "dbsize",
        arity: 1,
        flags: "readonly fast",
        acl: "@keyspace @read @fast",
        tips: &["request_policy:all_shards", "response_policy:agg_sum"],
        summary: "Return the number of keys in the selected database",
        since: "1.0.0",
        group: "server",
        complexity: "O(1)",
        run: Run::Data(dbsize),
        ..Spec::BLANK
    },
    Spec {
        name: "flushall",
        arity: -1,
        flags: "write",
        acl: "@keyspace @write @slow @dangerous",
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        summary: "Remove all keys from all databases",
        since: "1.0.0",
        group: "server",
        complexity: "O(N) where N is the total number of keys in all databases",
        history: &[
            ("4.0.0", "Added the `ASYNC` flushing mode modifier."),
            ("6.2.0", "Added the `SYNC` flushing mode modifier."),
        ],
        args: "async(ASYNC>4.0.0 | SYNC>6.2.0)?",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "flushdb",
        arity: -1,
        flags: "write",
        acl: "@keyspace @write @slow @dangerous",
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        summary: "Remove all keys from the current database",
        since: "1.0.0",
        group: "server",
        complexity: "O(N) where N is the number of keys in the selected database",
        history: &[
            ("4.0.0", "Added the `ASYNC` flushing mode modifier."),
            ("6.2.0", "Added the `SYNC` flushing mode modifier."),
        ],
        args: "async(ASYNC>4.0.0 | SYNC>6.2.0)?",
        run: Run::Session,
        ..Spec::BLANK
    },
    Spec {
        name: "swapdb",
        arity: 3,
        flags: "write fast",
        acl: "@keyspace @write @fast @dangerous",
        summary: "Swaps two Redis databases",
        since: "4.0.0",
        group: "server",
        complexity: "O(N) where N is the count of clients watching or blocking on keys from both databases.",
        args: "index1:int index2:int",
        run: Run::Session,
        ..Spec::BLANK
    },
];

/// DBSIZE: expired keys that are still there count too. O(slots).
fn dbsize(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    let size = ctx.tx.keyspace().size(ctx.tx.database());
    ctx.reply.int(size.keys as i64);
    Ok(())
}
