//! What a stream, its groups and its consumers look like.

use super::{no_group_in, reply_entries, reply_entry, reply_id, subcommand_syntax};
use crate::command::number::int;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::resp::Reply;
use crate::store::value::stream::{Consumer, Group, Id, Stream};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[Spec {
    name: "xinfo",
    arity: -2,
    acl: "@slow",
    summary: "A container for stream introspection commands",
    since: "5.0.0",
    group: "stream",
    complexity: "Depends on subcommand.",
    subcommands: SUBCOMMANDS,
    ..Spec::BLANK
}];

/// Rows of the subcommands of XINFO.
const SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "consumers",
        arity: 4,
        flags: "readonly",
        acl: "@read @stream @slow",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RO access", 2, 0, 1)],
        summary: "List the consumers in a consumer group",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        history: &[("7.2.0", "Added the `inactive` field.")],
        args: "key@0 groupname",
        run: Run::Data(consumers),
        ..Spec::BLANK
    },
    Spec {
        name: "groups",
        arity: 3,
        flags: "readonly",
        acl: "@read @stream @slow",
        keys: &[KeySpec::range("RO access", 2, 0, 1)],
        summary: "List the consumer groups of a stream",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        history: &[("7.0.0", "Added the `entries-read` and `lag` fields")],
        args: "key@0",
        run: Run::Data(groups),
        ..Spec::BLANK
    },
    Spec {
        name: "help",
        arity: 2,
        flags: "loading stale",
        acl: "@stream @slow",
        summary: "Show helpful text about the different subcommands",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        run: Run::Data(help),
        ..Spec::BLANK
    },
    Spec {
        name: "stream",
        arity: -3,
        flags: "readonly",
        acl: "@read @stream @slow",
        keys: &[KeySpec::range("RO access", 2, 0, 1)],
        summary: "Get information about a stream",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        history: &[
            ("6.0.0", "Added the `FULL` modifier."),
            (
                "7.0.0",
                "Added the `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` \
                and `lag` fields",
            ),
            ("7.2.0", "Added the `active-time` field."),
        ],
        args: "key@0 full=FULL{count:int=COUNT?}?",
        run: Run::Data(stream),
        ..Spec::BLANK
    },
];

/// Entries, and pending ones of each group and consumer, that FULL shows unless told otherwise.
const FULL_COUNT: usize = 10;

fn stream(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(2);
    let stream = ctx.tx.read::<Stream>(key)?.ok_or(Error::NoSuchKey)?;
    let full = match args.len() {
        3 => None,
        4 if args.is(3, "full") => Some(FULL_COUNT),
        6 if args.is(3, "full") && args.is(4, "count") => Some(usize::try_from(int(args.at(5))?).unwrap_or(FULL_COUNT)),
        _ => return Err(wrong_arguments(args)),
    };
    let reply = &mut ctx.reply;
    reply.map(if full.is_some() { 9 } else { 10 });
    head(reply, &stream);
    match full {
        None => {
            field(reply, "groups").int(stream.groups().len() as i64);
            edge(field(reply, "first-entry"), &stream, false);
            edge(field(reply, "last-entry"), &stream, true);
        }
        Some(count) => {
            reply_entries(field(reply, "entries"), stream.range(Id::MIN, Id::MAX), count);
            field(reply, "groups").array(stream.groups().len());
            stream.groups().for_each(|group| full_group(reply, &stream, group, count));
        }
    }
    Ok(())
}

fn wrong_arguments(args: Args<'_>) -> Error {
    subcommand_syntax("XINFO", args.at(1))
}

/// Writes the name of a field; its value must follow.
fn field<'r, 'b>(reply: &'r mut Reply<'b>, name: &str) -> &'r mut Reply<'b> {
    reply.bulk(name.as_bytes());
    reply
}

fn known_or_null(reply: &mut Reply<'_>, number: Option<i64>) {
    match number {
        Some(number) => reply.int(number),
        None => reply.null(),
    }
}

/// The seven fields that both forms begin with.
fn head(reply: &mut Reply<'_>, stream: &Stream) {
    field(reply, "length").int(stream.len() as i64);
    field(reply, "radix-tree-keys").int(stream.node_count() as i64);
    field(reply, "radix-tree-nodes").int(stream.radix_node_count() as i64);
    reply_id(field(reply, "last-generated-id"), stream.last_id());
    reply_id(field(reply, "max-deleted-entry-id"), stream.max_deleted_id());
    field(reply, "entries-added").int(stream.added());
    reply_id(field(reply, "recorded-first-entry-id"), stream.first_id());
}

fn edge(reply: &mut Reply<'_>, stream: &Stream, last: bool) {
    let entry = if last { stream.range_back(Id::MIN, Id::MAX).next() } else { stream.range(Id::MIN, Id::MAX).next() };
    match entry {
        Some(entry) => reply_entry(reply, &entry),
        None => reply.null(),
    }
}

fn full_group(reply: &mut Reply<'_>, stream: &Stream, group: &Group, count: usize) {
    let shown = |len: usize| if count == 0 { len } else { len.min(count) };
    reply.map(7);
    field(reply, "name").bulk(group.name());
    reply_id(field(reply, "last-delivered-id"), group.last_id);
    known_or_null(field(reply, "entries-read"), group.entries_read);
    known_or_null(field(reply, "lag"), stream.lag(group));
    field(reply, "pel-count").int(group.pending().len() as i64);
    let shown_pending = shown(group.pending().len());
    field(reply, "pending").array(shown_pending);
    for (id, pending) in group.pending().iter().take(shown_pending) {
        reply.array(4);
        reply_id(reply, id);
        reply.bulk(group.consumer(pending.consumer).name());
        reply.int(pending.delivered_ms);
        reply.int(pending.deliveries.into());
    }
    field(reply, "consumers").array(group.consumer_count());
    for consumer in group.consumers() {
        full_consumer(reply, group, consumer, shown(consumer.pending().len()));
    }
}

/// `active-time` is of 7.2.
fn full_consumer(reply: &mut Reply<'_>, group: &Group, consumer: &Consumer, shown: usize) {
    reply.map(5);
    field(reply, "name").bulk(consumer.name());
    field(reply, "seen-time").int(consumer.seen_ms);
    field(reply, "active-time").int(consumer.active_ms.unwrap_or(-1));
    field(reply, "pel-count").int(consumer.pending().len() as i64);
    field(reply, "pending").array(shown);
    for (id, ()) in consumer.pending().iter().take(shown) {
        reply.array(3);
        reply_id(reply, id);
        let pending = group.get(id);
        reply.int(pending.map_or(0, |pending| pending.delivered_ms));
        reply.int(pending.map_or(0, |pending| pending.deliveries.into()));
    }
}

fn groups(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let stream = ctx.tx.read::<Stream>(args.key(2))?.ok_or(Error::NoSuchKey)?;
    let reply = &mut ctx.reply;
    reply.array(stream.groups().len());
    for group in stream.groups() {
        reply.map(6);
        field(reply, "name").bulk(group.name());
        field(reply, "consumers").int(group.consumer_count() as i64);
        field(reply, "pending").int(group.pending().len() as i64);
        reply_id(field(reply, "last-delivered-id"), group.last_id);
        known_or_null(field(reply, "entries-read"), group.entries_read);
        known_or_null(field(reply, "lag"), stream.lag(group));
    }
    Ok(())
}

/// `inactive` is of 7.2.
fn consumers(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now_ms = ctx.tx.now_ms();
    let stream = ctx.tx.read::<Stream>(args.key(2))?.ok_or(Error::NoSuchKey)?;
    let group = stream.group(args.at(3)).ok_or_else(|| no_group_in(args.at(2), args.at(3)))?;
    let reply = &mut ctx.reply;
    reply.array(group.consumer_count());
    for consumer in group.consumers() {
        reply.map(4);
        field(reply, "name").bulk(consumer.name());
        field(reply, "pending").int(consumer.pending().len() as i64);
        field(reply, "idle").int(now_ms.saturating_sub(consumer.seen_ms).max(0));
        let inactive_ms = consumer.active_ms.map_or(-1, |active_ms| now_ms.saturating_sub(active_ms).max(0));
        field(reply, "inactive").int(inactive_ms);
    }
    Ok(())
}

const HELP: [&str; 9] = [
    "XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CONSUMERS <key> <groupname>",
    "    Show consumers of <groupname>.",
    "GROUPS <key>",
    "    Show the stream consumer groups.",
    "STREAM <key> [FULL [COUNT <count>]",
    "    Show information about the stream.",
    "HELP",
    "    Prints this help.",
];

fn help(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    ctx.reply.array(HELP.len());
    HELP.iter().for_each(|line| ctx.reply.simple(line));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;

    fn session() -> Session {
        let mut session = Session::default();
        (1..=3).for_each(|ms| drop(session.run(&format!("XADD k {ms} f {ms}"))));
        session.run("XGROUP CREATE k g 0");
        session.run("XGROUP CREATECONSUMER k g b");
        session.now_ms += 10;
        session.run("XREADGROUP GROUP g a COUNT 1 STREAMS k >");
        session.now_ms += 10;
        session.run("XDEL k 2");
        session
    }

    #[test]
    fn a_stream_is_told_in_short() {
        let mut session = session();
        let head = "$6 length :2 $15 radix-tree-keys :1 $16 radix-tree-nodes :2 $17 last-generated-id $3 3-0 \
                    $20 max-deleted-entry-id $3 2-0 $13 entries-added :3 $23 recorded-first-entry-id $3 1-0";
        let edges = "$6 groups :1 $11 first-entry *2 $3 1-0 *2 $1 f $1 1 $10 last-entry *2 $3 3-0 *2 $1 f $1 3";
        assert_eq!(session.run("XINFO STREAM k"), format!("*20 {head} {edges}"));
        session.protocol = Protocol::Resp3;
        assert_eq!(session.run("XINFO STREAM k"), format!("%10 {head} {edges}"));
        session.run("XTRIM k MAXLEN 0");
        assert!(session.run("XINFO STREAM k").ends_with("$11 first-entry _ $10 last-entry _"));
        assert_eq!(session.run("XINFO STREAM none"), "-ERR no such key");
    }

    #[test]
    fn a_stream_is_told_in_full_with_groups_and_consumers() {
        let mut session = session();
        session.protocol = Protocol::Resp3;
        let entries = "$7 entries *2 *2 $3 1-0 *2 $1 f $1 1 *2 $3 3-0 *2 $1 f $1 3";
        let a = "%5 $4 name $1 a $9 seen-time :1700000000010 $11 active-time :1700000000010 $9 pel-count :1 \
                 $7 pending *1 *3 $3 1-0 :1700000000010 :1";
        let b = "%5 $4 name $1 b $9 seen-time :1700000000000 $11 active-time :-1 $9 pel-count :0 $7 pending *0";
        let group = format!(
            "$6 groups *1 %7 $4 name $1 g $17 last-delivered-id $3 1-0 $12 entries-read :1 $3 lag _ $9 pel-count :1 \
             $7 pending *1 *4 $3 1-0 $1 a :1700000000010 :1 $9 consumers *2 {a} {b}"
        );
        let reply = session.run("XINFO STREAM k FULL");
        assert!(reply.starts_with("%9 ") && reply.ends_with(&format!("{entries} {group}")), "{reply}");
        let one = session.run("XINFO STREAM k FULL COUNT 1");
        assert!(one.contains("$7 entries *1 *2 $3 1-0 *2 $1 f $1 1 $6 groups"), "{one}");
        let words = "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.";
        assert_eq!(session.run("XINFO STREAM k FULL COUNT"), words);
        assert_eq!(session.run("XINFO STREAM k SHORT"), words);
    }

    #[test]
    fn consumers_are_told_by_name_with_their_idle_times() {
        let mut session = session();
        assert_eq!(
            session.run("XINFO CONSUMERS k g"),
            "*2 *8 $4 name $1 a $7 pending :1 $4 idle :10 $8 inactive :10 \
             *8 $4 name $1 b $7 pending :0 $4 idle :20 $8 inactive :-1"
        );
        assert_eq!(session.run("XINFO CONSUMERS k h"), "-NOGROUP No such consumer group 'h' for key name 'k'");
        assert_eq!(session.run("XINFO GROUPS none"), "-ERR no such key");
    }
}
