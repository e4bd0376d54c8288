//! Adding entries, and what a stream as a whole tells: its length, its last id.

use super::trimming::Options;
use super::{refusal, reply_id, strict_id};
use crate::command::number::int;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::store::Event;
use crate::store::value::stream::{Id, NewId, Stream};

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
        run: Run::Data(xadd),
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
        run: Run::Data(xlen),
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
        run: Run::Data(xsetid),
        ..Spec::BLANK
    },
];

fn xadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let limits = &ctx.config.limits;
    let options = Options::read(args, true, limits)?;
    let wrong_arity = || Error::WrongArity("xadd".to_owned());
    let (id, id_at) = options.id.ok_or_else(wrong_arity)?;
    let first = id_at + 1;
    if args.len() < first + 2 || (args.len() - first) % 2 == 1 {
        return Err(wrong_arity());
    }
    if id == NewId::Exactly(Id::MIN) {
        return Err(Error::Static("ERR The ID specified in XADD must be greater than 0-0"));
    }
    let key = args.key(1);
    if options.no_mkstream && ctx.tx.read::<Stream>(key)?.is_none() {
        ctx.reply.null();
        return Ok(());
    }
    let now_ms = ctx.tx.now_ms();
    let (id, trimmed) = ctx.tx.upsert(key, |stream: &mut Stream| {
        let id = stream.append(id, now_ms, args.skip(first), limits).map_err(refusal)?;
        Ok::<_, Error>((id, options.trim.map_or(0, |trim| stream.trim(&trim))))
    })??;
    reply_id(&mut ctx.reply, id);
    ctx.tx.notify(Event::Stream, "xadd", key);
    if trimmed > 0 {
        ctx.tx.notify(Event::Stream, "xtrim", key);
    }
    Ok(())
}

fn xlen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let len = ctx.tx.read::<Stream>(args.key(1))?.map_or(0, |stream| stream.len());
    ctx.reply.int(len as i64);
    Ok(())
}

fn xsetid(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let id = strict_id(args.at(2))?;
    let (mut added, mut max_deleted_id) = (None, None);
    for at in (3..args.len()).step_by(2) {
        let value = args.get(at + 1).ok_or(Error::Syntax)?;
        if args.is(at, "entriesadded") {
            added = Some(int(value)?);
            if added < Some(0) {
                return Err(Error::Static("ERR entries_added must be positive"));
            }
        } else if args.is(at, "maxdeletedid") {
            let largest = strict_id(value)?;
            max_deleted_id = Some(largest).filter(|id| *id != Id::MIN);
            if id < largest {
                return Err(Error::Static(
                    "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
                ));
            }
        } else {
            return Err(Error::Syntax);
        }
    }
    let key = args.key(1);
    let set = ctx.tx.update(key, |stream: &mut Stream| {
        if id < stream.last_live_id() {
            return Err("ERR The ID specified in XSETID is smaller than the target stream top item");
        }
        if added.is_some_and(|added| added < stream.len() as i64) {
            return Err("ERR The entries_added specified in XSETID is smaller than the target stream length");
        }
        stream.set_ids(id, added, max_deleted_id);
        Ok(())
    })?;
    set.ok_or(Error::NoSuchKey)?.map_err(Error::Static)?;
    ctx.tx.notify(Event::Stream, "xsetid", key);
    ctx.reply.ok();
    Ok(())
}
