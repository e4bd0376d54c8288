//! Taking entries out: by id, from the front, and together with what groups know of them.

use super::strict_id;
use super::trimming::{Options, references_of};
use crate::command::number::parse_int;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::value::stream::{Id, References, Stream};
use crate::store::{Event, Key};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
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
        run: Run::Data(xdel),
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
        history: &[
            ("6.2.0", "Added the `MINID` trimming strategy and the `LIMIT` option."),
            ("8.2.0", "Added the `KEEPREF`, `DELREF` and `ACKED` options."),
        ],
        args: "key@0 trim{strategy(MAXLEN | MINID>6.2.0) operator(equal='=' | approximately='~')? threshold \
            count:int=LIMIT>6.2.0? condition(KEEPREF | DELREF | ACKED)>8.2.0?}",
        run: Run::Data(xtrim),
        ..Spec::BLANK
    },
    Spec {
        name: "xdelex",
        arity: -5,
        flags: "write fast",
        acl: "@write @stream @fast",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Deletes one or more entries from the stream, and says what becomes of references to them",
        since: "8.2.0",
        group: "stream",
        complexity: "O(1) for each single item to delete in the stream, regardless of the stream size.",
        args: "key@0 condition(KEEPREF | DELREF | ACKED)? ids=IDS{numids:int id*}",
        run: Run::Data(xdelex),
        ..Spec::BLANK
    },
    Spec {
        name: "xackdel",
        arity: -6,
        flags: "write fast",
        acl: "@write @stream @fast",
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Acknowledges and deletes one or more entries of a stream consumer group",
        since: "8.2.0",
        group: "stream",
        complexity: "O(1) for each message ID processed.",
        args: "key@0 group condition(KEEPREF | DELREF | ACKED)? ids=IDS{numids:int id*}",
        run: Run::Data(xackdel),
        ..Spec::BLANK
    },
];

/// Replies of XDELEX and XACKDEL for an entry.
const NO_SUCH_ENTRY: i64 = -1;
const DELETED: i64 = 1;
const STILL_REFERENCED: i64 = 2;

fn xdel(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    let deleted = ctx.tx.update(key, |stream: &mut Stream| {
        let ids = ids(args, 2, args.len())?;
        Ok::<_, Error>(ids.into_iter().filter(|id| stream.delete(*id)).count())
    })?;
    let deleted = deleted.transpose()?.unwrap_or(0);
    if deleted > 0 {
        ctx.tx.notify(Event::Stream, "xdel", key);
    }
    ctx.reply.int(deleted as i64);
    Ok(())
}

fn xtrim(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = Options::read(args, false, &ctx.config.limits)?;
    let key = args.key(1);
    let removed = ctx.tx.update(key, |stream: &mut Stream| options.trim.map_or(0, |trim| stream.trim(&trim)))?;
    let removed = removed.unwrap_or(0);
    if removed > 0 {
        ctx.tx.notify(Event::Stream, "xtrim", key);
    }
    ctx.reply.int(removed as i64);
    Ok(())
}

fn ids(args: Args<'_>, first: usize, end: usize) -> Result<Vec<Id>, Error> {
    (first..end).map(|at| strict_id(args.at(at))).collect()
}

/// Reads `[KEEPREF|DELREF|ACKED] IDS numids id …` from argument `at` on.
fn references_and_ids(args: Args<'_>, mut at: usize) -> Result<(References, Vec<Id>), Error> {
    let (mut references, mut chosen) = (None, None);
    while at < args.len() {
        if references.is_none() && references_of(args, at).is_some() {
            references = references_of(args, at);
            at += 1;
        } else if args.is(at, "ids") && at + 1 < args.len() {
            let count = parse_int(args.at(at + 1)).and_then(|count| usize::try_from(count).ok());
            let count = count.filter(|count| *count > 0);
            let count = count.ok_or(Error::Static("ERR Number of IDs must be a positive integer"))?;
            let end = (at + 2).saturating_add(count);
            if end > args.len() {
                return Err(Error::Static("ERR The `numids` parameter must match the number of arguments"));
            }
            chosen = Some(ids(args, at + 2, end)?);
            at = end;
        } else {
            return Err(Error::Syntax);
        }
    }
    let chosen = chosen.ok_or(Error::Static("ERR IDS option is required"))?;
    Ok((references.unwrap_or_default(), chosen))
}

/// Deletes an entry unless it has to stay; what is told of one that is not there is up to the caller.
fn delete_as(stream: &mut Stream, id: Id, references: References) -> i64 {
    if references == References::OnlyAcknowledged && stream.is_referenced(id) {
        return STILL_REFERENCED;
    }
    stream.delete(id);
    DELETED
}

fn xdelex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (references, ids) = references_and_ids(args, 2)?;
    remove_each(ctx, args.key(1), &ids, |stream, id| {
        // Also of an entry that is gone, when it is pending still.
        let forgotten = references == References::Delete && stream.acknowledge_everywhere(id);
        let result = if stream.has(id) { delete_as(stream, id, references) } else { NO_SUCH_ENTRY };
        (result, forgotten)
    })
}

fn xackdel(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (references, ids) = references_and_ids(args, 3)?;
    remove_each(ctx, args.key(1), &ids, |stream, id| {
        let acknowledged = stream.group_mut(args.at(2)).is_some_and(|group| group.acknowledge(id));
        if !acknowledged {
            return (NO_SUCH_ENTRY, false);
        }
        if references == References::Delete {
            stream.acknowledge_everywhere(id);
        }
        (delete_as(stream, id, references), true)
    })
}

/// Answers what `remove` does for each id, which is told with whether a group changed; a missing stream has none.
fn remove_each(
    ctx: &mut Ctx<'_>,
    key: Key<'_>,
    ids: &[Id],
    mut remove: impl FnMut(&mut Stream, Id) -> (i64, bool),
) -> Outcome {
    let mut changed = false;
    let results = ctx.tx.update(key, |stream: &mut Stream| {
        let before = stream.len();
        let each = ids.iter().map(|id| {
            let (result, group_changed) = remove(stream, *id);
            changed |= group_changed;
            result
        });
        (each.collect(), before - stream.len())
    })?;
    let (results, deleted) = results.unwrap_or_else(|| (vec![NO_SUCH_ENTRY; ids.len()], 0));
    if deleted > 0 {
        ctx.tx.notify(Event::Stream, "xdel", key);
    } else if changed {
        ctx.tx.changed(key);
    }
    ctx.reply.array(results.len());
    results.into_iter().for_each(|result| ctx.reply.int(result));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    /// Six entries that two groups have read, the second up to the fourth.
    fn session() -> Session {
        let mut session = Session::default();
        (1..=6).for_each(|ms| drop(session.run(&format!("XADD k {ms} f v"))));
        session.run("XGROUP CREATE k g 0");
        session.run("XGROUP CREATE k h 0");
        session.run("XREADGROUP GROUP g c STREAMS k >");
        session.run("XREADGROUP GROUP h c COUNT 4 STREAMS k >");
        session
    }

    #[test]
    fn deleting_counts_what_was_there() {
        let mut session = session();
        assert_eq!(session.run("XDEL k 2 9 2-0 3"), ":2");
        assert_eq!(session.run("XDEL none x"), ":0");
        assert_eq!(session.run("XDEL k 1 x"), "-ERR Invalid stream ID specified as stream command argument");
        assert_eq!(session.run("XLEN k"), ":4");
        assert_eq!(session.run("XPENDING k g").split(' ').nth(1), Some(":6"));
    }

    #[test]
    fn trimming_goes_by_length_or_id_or_whole_nodes() {
        let mut session = session();
        assert_eq!(session.run("XTRIM k MAXLEN 5"), ":1");
        assert_eq!(session.run("XTRIM k MINID = 4-0"), ":2");
        assert_eq!(session.run("XTRIM k MAXLEN ~ 1"), ":0");
        assert_eq!(session.run("XTRIM none MAXLEN 1"), ":0");
        assert_eq!(session.run("XTRIM k LIMIT 0"), "-ERR syntax error, XTRIM must be called with trimming strategy");
        assert_eq!(session.run("XTRIM k MAXLEN 1 x"), "-ERR syntax error");
        session.config.limits.stream_node_entries_max = 2;
        (7..=10).for_each(|ms| drop(session.run(&format!("XADD k {ms} f v"))));
        assert_eq!(session.run("XTRIM k MAXLEN ~ 3"), ":3");
        assert_eq!(session.run("XLEN k"), ":4");
    }

    #[test]
    fn entries_that_groups_need_may_stay_or_be_forgotten() {
        let mut session = session();
        session.run("XACK k g 1 2 3 4 5 6");
        session.run("XACK k h 2 3");
        assert_eq!(session.run("XDELEX k ACKED IDS 4 1 2 5 9"), "*4 :2 :1 :2 :-1");
        assert_eq!(session.run("XTRIM k MAXLEN 0 ACKED"), ":1");
        assert_eq!(session.run("XDELEX k DELREF IDS 1 1"), "*1 :1");
        assert_eq!(session.run("XPENDING k h"), "*4 :1 $3 4-0 $3 4-0 *1 *2 $1 c $1 1");
        session.run("XDEL k 4");
        assert_eq!(session.run("XDELEX k DELREF IDS 1 4"), "*1 :-1");
        assert_eq!(session.run("XPENDING k h").split(' ').nth(1), Some(":0"));
        assert_eq!(session.run("XLEN k"), ":2");
    }

    #[test]
    fn acknowledging_can_delete() {
        let mut session = session();
        assert_eq!(session.run("XACKDEL k g IDS 2 1 9"), "*2 :1 :-1");
        assert_eq!(session.run("XACKDEL k g ACKED IDS 1 2"), "*1 :2");
        assert_eq!(session.run("XACKDEL k h ACKED IDS 1 2"), "*1 :1");
        assert_eq!(session.run("XACKDEL k g DELREF IDS 1 3"), "*1 :1");
        assert_eq!(session.run("XPENDING k h - + 9"), "*2 *4 $3 1-0 $1 c :0 :1 *4 $3 4-0 $1 c :0 :1");
        assert_eq!(session.run("XACKDEL k none IDS 1 4"), "*1 :-1");
        assert_eq!(session.run("XACKDEL none g IDS 2 4 5"), "*2 :-1 :-1");
    }

    #[test]
    fn ids_are_counted_and_behind_their_word() {
        let mut session = Session::default();
        for (line, reply) in [
            ("XDELEX k IDS 0 1", "-ERR Number of IDs must be a positive integer"),
            ("XDELEX k IDS x 1", "-ERR Number of IDs must be a positive integer"),
            ("XDELEX k IDS 2 1", "-ERR The `numids` parameter must match the number of arguments"),
            ("XDELEX k IDS 1 1 2", "-ERR syntax error"),
            ("XDELEX k KEEPREF DELREF IDS 1 1", "-ERR syntax error"),
            ("XACKDEL k g IDS 1 x", "-ERR Invalid stream ID specified as stream command argument"),
            ("XDELEX k IDS 1 1 ACKED", "*1 :-1"),
        ] {
            assert_eq!(session.run(line), reply, "{line}");
        }
    }
}
