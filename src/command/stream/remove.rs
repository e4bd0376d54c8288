//! Taking entries out: by id, from the front, and together with what groups know of them.

use super::strict_id;
use super::trimming::{Options, references_of};
use crate::command::number::int;
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
        history: &[("6.2.0", "Added the `MINID` trimming strategy and the `LIMIT` option.")],
        args: "key@0 trim{strategy(MAXLEN | MINID>6.2.0) operator(equal='=' | approximately='~')? threshold \
            count:int=LIMIT>6.2.0?}",
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
    let (mut references, mut chosen) = (References::Keep, None);
    while at < args.len() {
        if let Some(other) = references_of(args, at) {
            references = other;
            at += 1;
        } else if args.is(at, "ids") && at + 1 < args.len() {
            let count = int(args.at(at + 1))?;
            let count = usize::try_from(count).ok().filter(|count| *count > 0);
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
    Ok((references, chosen.ok_or(Error::Syntax)?))
}

fn delete_as(stream: &mut Stream, id: Id, references: References) -> i64 {
    if references == References::OnlyAcknowledged && stream.is_referenced(id) {
        return STILL_REFERENCED;
    }
    if references == References::Delete {
        stream.acknowledge_everywhere(id);
    }
    stream.delete(id);
    DELETED
}

fn xdelex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (references, ids) = references_and_ids(args, 2)?;
    remove_each(
        ctx,
        args.key(1),
        &ids,
        |stream, id| {
            if stream.has(id) { delete_as(stream, id, references) } else { NO_SUCH_ENTRY }
        },
    )
}

fn xackdel(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (references, ids) = references_and_ids(args, 3)?;
    remove_each(ctx, args.key(1), &ids, |stream, id| {
        let acknowledged = stream.group_mut(args.at(2)).is_some_and(|group| group.acknowledge(id));
        if acknowledged { delete_as(stream, id, references) } else { NO_SUCH_ENTRY }
    })
}

/// Answers what `remove` does for each id; a missing stream has none of them.
fn remove_each(ctx: &mut Ctx<'_>, key: Key<'_>, ids: &[Id], mut remove: impl FnMut(&mut Stream, Id) -> i64) -> Outcome {
    let results = ctx.tx.update(key, |stream: &mut Stream| {
        let before = stream.len();
        let results: Vec<i64> = ids.iter().map(|id| remove(stream, *id)).collect();
        (results, before - stream.len())
    })?;
    let (results, deleted) = results.unwrap_or_else(|| (vec![NO_SUCH_ENTRY; ids.len()], 0));
    if deleted > 0 {
        ctx.tx.notify(Event::Stream, "xdel", key);
    } else if results.iter().any(|result| *result != NO_SUCH_ENTRY) {
        ctx.tx.changed(key);
    }
    ctx.reply.array(results.len());
    results.into_iter().for_each(|result| ctx.reply.int(result));
    Ok(())
}
