//! Consumer groups.

use super::{id_or, no_group_in, strict_id, subcommand_syntax};
use crate::command::number::int;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome, quotable};
use crate::store::Event;
use crate::store::value::stream::{Group, Id, Stream};
use smallvec::SmallVec;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "xgroup",
        arity: -2,
        acl: "@slow",
        summary: "A container for consumer groups commands",
        since: "5.0.0",
        group: "stream",
        complexity: "Depends on subcommand.",
        subcommands: SUBCOMMANDS,
        ..Spec::BLANK
    },
    Spec {
        name: "xack",
        arity: -4,
        flags: "write fast",
        acl: "@write @stream @fast",
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Marks a pending message as correctly processed, effectively removing it from the pending entries \
            list of the consumer group. Return value of the command is the number of messages successfully \
            acknowledged, that is, the IDs we were actually able to resolve in the PEL.",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1) for each message ID processed.",
        args: "key@0 group id*",
        run: Run::Data(xack),
        ..Spec::BLANK
    },
];

/// Rows of the subcommands of XGROUP.
const SUBCOMMANDS: &[Spec] = &[
    Spec {
        name: "create",
        arity: -5,
        flags: "write denyoom",
        acl: "@write @stream @slow",
        keys: &[KeySpec::range("RW insert", 2, 0, 1)],
        summary: "Create a consumer group.",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        history: &[("7.0.0", "Added the `entries_read` named argument.")],
        args: "key@0 groupname id(id | new_id='$') MKSTREAM? entries_read:int=ENTRIESREAD?",
        run: Run::Data(create),
        ..Spec::BLANK
    },
    Spec {
        name: "createconsumer",
        arity: 5,
        flags: "write denyoom",
        acl: "@write @stream @slow",
        keys: &[KeySpec::range("RW insert", 2, 0, 1)],
        summary: "Create a consumer in a consumer group.",
        since: "6.2.0",
        group: "stream",
        complexity: "O(1)",
        args: "key@0 groupname consumername",
        run: Run::Data(create_consumer),
        ..Spec::BLANK
    },
    Spec {
        name: "delconsumer",
        arity: 5,
        flags: "write",
        acl: "@write @stream @slow",
        keys: &[KeySpec::range("RW delete", 2, 0, 1)],
        summary: "Delete a consumer from a consumer group.",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        args: "key@0 groupname consumername",
        run: Run::Data(delete_consumer),
        ..Spec::BLANK
    },
    Spec {
        name: "destroy",
        arity: 4,
        flags: "write",
        acl: "@write @stream @slow",
        keys: &[KeySpec::range("RW delete", 2, 0, 1)],
        summary: "Destroy a consumer group.",
        since: "5.0.0",
        group: "stream",
        complexity: "O(N) where N is the number of entries in the group's pending entries list (PEL).",
        args: "key@0 groupname",
        run: Run::Data(destroy),
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
        name: "setid",
        arity: -5,
        flags: "write",
        acl: "@write @stream @slow",
        keys: &[KeySpec::range("RW update", 2, 0, 1)],
        summary: "Set a consumer group to an arbitrary last delivered ID value.",
        since: "5.0.0",
        group: "stream",
        complexity: "O(1)",
        history: &[("7.0.0", "Added the optional `entries_read` argument.")],
        args: "key@0 groupname id(id | new_id='$') entries_read:int=ENTRIESREAD?",
        run: Run::Data(set_id),
        ..Spec::BLANK
    },
];

/// The options of CREATE and SETID.
#[derive(Default)]
struct Options {
    mkstream: bool,
    /// `None` in the reply, -1 in requests: unknown.
    entries_read: Option<i64>,
}

impl Options {
    fn read(args: Args<'_>, creates: bool) -> Result<Options, Error> {
        let mut options = Options::default();
        let mut at = 5;
        while at < args.len() {
            if creates && args.is(at, "mkstream") {
                options.mkstream = true;
                at += 1;
            } else if args.is(at, "entriesread") && at + 1 < args.len() {
                options.entries_read = match int(args.at(at + 1))? {
                    -1 => None,
                    ..0 => return Err(Error::Static("ERR value for ENTRIESREAD must be positive or -1")),
                    read => Some(read),
                };
                at += 2;
            } else {
                return Err(wrong_arguments(args));
            }
        }
        Ok(options)
    }
}

fn wrong_arguments(args: Args<'_>) -> Error {
    subcommand_syntax("XGROUP", args.at(1))
}

const NO_KEY: Error = Error::Static(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option \
     to create an empty stream automatically.",
);

/// Changes the group that arguments 2 and 3 name, which must be there.
fn with_group<R>(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    change: impl FnOnce(&mut Group, Id) -> Result<R, Error>,
) -> Result<R, Error> {
    let result = ctx.tx.update(args.key(2), |stream: &mut Stream| {
        let last_id = stream.last_id();
        let group = stream.group_mut(args.at(3)).ok_or_else(|| no_group_in(args.at(2), args.at(3)))?;
        change(group, last_id)
    })?;
    result.ok_or(NO_KEY)?
}

/// The id behind which a group is to read: `$` is the stream's last.
fn start_id(text: &[u8], last_id: Id, parse: impl FnOnce(&[u8]) -> Result<Id, Error>) -> Result<Id, Error> {
    if quotable(text, usize::MAX) == b"$" { Ok(last_id) } else { parse(text) }
}

fn create(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = Options::read(args, true)?;
    let key = args.key(2);
    if ctx.tx.read::<Stream>(key)?.is_none() && !options.mkstream {
        return Err(NO_KEY);
    }
    if args.len() > 8 {
        return Err(wrong_arguments(args));
    }
    let created = ctx.tx.upsert(key, |stream: &mut Stream| {
        let id = start_id(args.at(4), stream.last_id(), strict_id)?;
        Ok::<_, Error>(stream.create_group(Group::new(args.at(3), id, options.entries_read)))
    })??;
    if !created {
        return Err(Error::Static("BUSYGROUP Consumer Group name already exists"));
    }
    ctx.tx.notify(Event::Stream, "xgroup-create", key);
    ctx.reply.ok();
    Ok(())
}

fn set_id(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = Options::read(args, false)?;
    with_group(ctx, args, |group, last_id| {
        if args.len() > 7 {
            return Err(wrong_arguments(args));
        }
        group.last_id = start_id(args.at(4), last_id, |text| id_or(text, 0))?;
        group.entries_read = options.entries_read;
        Ok(())
    })?;
    ctx.tx.notify(Event::Stream, "xgroup-setid", args.key(2));
    ctx.reply.ok();
    Ok(())
}

fn destroy(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(2);
    let removed = ctx.tx.update(key, |stream: &mut Stream| stream.remove_group(args.at(3)))?.ok_or(NO_KEY)?;
    if removed.is_some() {
        ctx.tx.notify(Event::Stream, "xgroup-destroy", key);
    }
    ctx.reply.int(i64::from(removed.is_some()));
    Ok(())
}

fn create_consumer(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let now_ms = ctx.tx.now_ms();
    let created = with_group(ctx, args, |group, _| Ok(group.create(args.at(4), now_ms).is_some()))?;
    if created {
        ctx.tx.notify(Event::Stream, "xgroup-createconsumer", args.key(2));
    }
    ctx.reply.int(i64::from(created));
    Ok(())
}

fn delete_consumer(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let pending = with_group(ctx, args, |group, _| Ok(group.remove(args.at(4))))?;
    if pending.is_some() {
        ctx.tx.notify(Event::Stream, "xgroup-delconsumer", args.key(2));
    }
    ctx.reply.int(pending.unwrap_or(0) as i64);
    Ok(())
}

fn xack(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    let acknowledged = ctx.tx.update(key, |stream: &mut Stream| {
        let Some(group) = stream.group_mut(args.at(2)) else { return Ok::<_, Error>(0) };
        let ids = args.skip(3).map(strict_id).collect::<Result<SmallVec<[Id; 8]>, Error>>()?;
        Ok(ids.into_iter().filter(|id| group.acknowledge(*id)).count())
    })?;
    let acknowledged = acknowledged.unwrap_or(Ok(0))?;
    if acknowledged > 0 {
        ctx.tx.changed(key);
    }
    ctx.reply.int(acknowledged as i64);
    Ok(())
}

const HELP: [&str; 17] = [
    "XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CREATE <key> <groupname> <id|$> [option]",
    "    Create a new consumer group. Options are:",
    "    * MKSTREAM",
    "      Create the empty stream if it does not exist.",
    "    * ENTRIESREAD entries_read",
    "      Set the group's entries_read counter (internal use).",
    "CREATECONSUMER <key> <groupname> <consumer>",
    "    Create a new consumer in the specified group.",
    "DELCONSUMER <key> <groupname> <consumer>",
    "    Remove the specified consumer.",
    "DESTROY <key> <groupname>",
    "    Remove the specified group.",
    "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
    "    Set the current group ID and entries_read counter.",
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

    const NO_KEY: &str = "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use \
                          the MKSTREAM option to create an empty stream automatically.";

    #[test]
    fn groups_and_consumers_come_and_go() {
        let mut session = Session::default();
        for (line, reply) in [
            ("XGROUP CREATE k g $", NO_KEY),
            ("XGROUP CREATE k g x MKSTREAM", "-ERR Invalid stream ID specified as stream command argument"),
            ("EXISTS k", ":0"),
            ("XGROUP CREATE k g $ MKSTREAM", "+OK"),
            ("XGROUP CREATE k g 0", "-BUSYGROUP Consumer Group name already exists"),
            ("XGROUP CREATECONSUMER k g a", ":1"),
            ("XGROUP CREATECONSUMER k g a", ":0"),
            ("XGROUP CREATECONSUMER k h a", "-NOGROUP No such consumer group 'h' for key name 'k'"),
            ("XGROUP DELCONSUMER none g a", NO_KEY),
            ("XADD k 1 f v", "$3 1-0"),
            ("XREADGROUP GROUP g a STREAMS k >", "*1 *2 $1 k *1 *2 $3 1-0 *2 $1 f $1 v"),
            ("XGROUP DELCONSUMER k g a", ":1"),
            ("XGROUP DELCONSUMER k g a", ":0"),
            ("XPENDING k g", "*4 :0 $-1 $-1 *-1"),
            ("XGROUP DESTROY k g", ":1"),
            ("XGROUP DESTROY k g", ":0"),
            ("XDEL k 1", ":1"),
            ("EXISTS k", ":1"),
        ] {
            assert_eq!(session.run(line), reply, "{line}");
        }
    }

    #[test]
    fn a_group_can_be_told_where_it_is() {
        let mut session = Session::default();
        (1..=3).for_each(|ms| drop(session.run(&format!("XADD k {ms} f v"))));
        session.run("XGROUP CREATE k g $ ENTRIESREAD 3");
        let mut place = |line: &str| {
            assert_eq!(session.run(line), "+OK", "{line}");
            session.run("XINFO GROUPS k").split_once("last-delivered-id ").map(|(_, place)| place.to_owned()).unwrap()
        };
        assert_eq!(place("XGROUP SETID k g 1"), "$3 1-0 $12 entries-read $-1 $3 lag :2");
        assert_eq!(place("XGROUP SETID k g - ENTRIESREAD 0"), "$3 0-0 $12 entries-read :0 $3 lag :3");
        assert_eq!(place("XGROUP SETID k g $"), "$3 3-0 $12 entries-read $-1 $3 lag :0");
        let words = "-ERR unknown subcommand or wrong number of arguments for 'SETID'. Try XGROUP HELP.";
        assert_eq!(session.run("XGROUP SETID k g 1 MKSTREAM"), words);
        assert_eq!(session.run("XGROUP SETID k g 1 ENTRIESREAD 1 ENTRIESREAD 2"), words);
        assert_eq!(
            session.run("XGROUP SETID k g 1 ENTRIESREAD -2"),
            "-ERR value for ENTRIESREAD must be positive or -1"
        );
    }

    #[test]
    fn acknowledging_is_all_or_nothing_where_ids_are_wrong() {
        let mut session = Session::default();
        (1..=3).for_each(|ms| drop(session.run(&format!("XADD k {ms} f v"))));
        session.run("XGROUP CREATE k g 0");
        session.run("XREADGROUP GROUP g a STREAMS k >");
        assert_eq!(session.run("XACK k g 1 x"), "-ERR Invalid stream ID specified as stream command argument");
        assert_eq!(session.run("XACK k g 1 2 2 9"), ":2");
        assert_eq!(session.run("XACK k none x"), ":0");
        assert_eq!(session.run("XACK none g x"), ":0");
        assert_eq!(session.run("XPENDING k g - + 9"), "*1 *4 $3 3-0 $1 a :0 :1");
    }
}
