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
            ("8.2.0", "Added the `KEEPREF`, `DELREF` and `ACKED` options."),
        ],
        args: "key@0 NOMKSTREAM>6.2.0? condition(KEEPREF | DELREF | ACKED)>8.2.0? trim{strategy(MAXLEN | MINID>6.2.0) \
            operator(equal='=' | approximately='~')? threshold count:int=LIMIT>6.2.0?}? id_or_auto(auto_id='*' | id) \
            field_value{field value}*",
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

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    #[test]
    fn ids_are_given_counted_up_or_made_of_the_time() {
        let mut session = Session::default();
        for (line, reply) in [
            ("XADD k 5-5 f v", "$3 5-5"),
            ("XADD k 5-* f v", "$3 5-6"),
            ("XADD k 6 f v", "$3 6-0"),
            ("XADD k 0-* f v", "-ERR The ID specified in XADD is equal or smaller than the target stream top item"),
            ("XADD k 6-0 f v", "-ERR The ID specified in XADD is equal or smaller than the target stream top item"),
            ("XADD k * f v", "$15 1700000000000-0"),
            ("XADD k * f v", "$15 1700000000000-1"),
            ("XADD k 1700000000005-7 f v", "$15 1700000000005-7"),
            ("XADD k * f v", "$15 1700000000005-8"),
            ("XADD k 18446744073709551615-18446744073709551615 f v", "$41 18446744073709551615-18446744073709551615"),
            ("XADD k * f v", "-ERR The stream has exhausted the last possible ID, unable to add more items"),
            ("XADD new 0-0 f v", "-ERR The ID specified in XADD must be greater than 0-0"),
            ("XADD new 0-* f v", "$3 0-1"),
            ("XLEN k", ":8"),
        ] {
            assert_eq!(session.run(line), reply, "{line}");
        }
    }

    #[test]
    fn options_that_do_not_fit_are_told_apart_and_make_no_stream() {
        let mut session = Session::default();
        let both = "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible";
        for (line, reply) in [
            ("XADD k MAXLEN 1 MINID 1 * f v", both),
            ("XADD k MAXLEN 1 MAXLEN 1 * f v", both),
            ("XADD k MAXLEN -1 * f v", "-ERR The MAXLEN argument must be >= 0."),
            ("XADD k MAXLEN x * f v", "-ERR value is not an integer or out of range"),
            ("XADD k MINID x * f v", "-ERR Invalid stream ID specified as stream command argument"),
            ("XADD k LIMIT 1 * f v", "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"),
            ("XADD k MAXLEN 1 LIMIT 1 * f v", "-ERR syntax error, LIMIT cannot be used without the special ~ option"),
            ("XADD k MAXLEN ~ 1 LIMIT -1 * f v", "-ERR The LIMIT argument must be >= 0."),
            ("XADD k KEEPREF DELREF * f v", "-ERR Invalid stream ID specified as stream command argument"),
            ("XADD k * f v f", "-ERR wrong number of arguments for 'xadd' command"),
            ("XADD k MAXLEN 1 NOMKSTREAM", "-ERR wrong number of arguments for 'xadd' command"),
            ("XADD k NOMKSTREAM * f v", "$-1"),
            ("EXISTS k", ":0"),
        ] {
            assert_eq!(session.run(line), reply, "{line}");
        }
    }

    #[test]
    fn adding_may_trim_and_leaves_an_empty_stream_there() {
        let mut session = Session::default();
        session.run("XADD k MAXLEN 0 1-1 f v");
        assert_eq!(session.run("XLEN k"), ":0");
        assert_eq!(session.run("TYPE k"), "+stream");
        (2..9).for_each(|ms| assert_eq!(session.run(&format!("XADD k MAXLEN = 3 {ms} f v")), format!("$3 {ms}-0")));
        assert_eq!(session.run("XLEN k"), ":3");
        session.run("XADD k MINID 8 9 f v");
        assert_eq!(session.run("XRANGE k - +"), "*2 *2 $3 8-0 *2 $1 f $1 v *2 $3 9-0 *2 $1 f $1 v");
    }

    #[test]
    fn a_stream_takes_ids_that_fit_its_entries() {
        let mut session = Session::default();
        assert_eq!(session.run("XSETID k 1-1"), "-ERR no such key");
        session.run("XADD k 5-0 f v");
        for (line, reply) in [
            ("XSETID k 4-9", "-ERR The ID specified in XSETID is smaller than the target stream top item"),
            (
                "XSETID k 6 ENTRIESADDED 0",
                "-ERR The entries_added specified in XSETID is smaller than the target stream length",
            ),
            ("XSETID k 6 ENTRIESADDED -1", "-ERR entries_added must be positive"),
            ("XSETID k 6 ENTRIESADDED", "-ERR syntax error"),
            (
                "XSETID k 6 MAXDELETEDID 7",
                "-ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
            ),
            ("XSETID k 6 ENTRIESADDED 9 MAXDELETEDID 2-2", "+OK"),
            ("XADD k 6-* f v", "$3 6-1"),
        ] {
            assert_eq!(session.run(line), reply, "{line}");
        }
        assert!(session.run("XINFO STREAM k").contains("$13 entries-added :10 "));
    }

    #[test]
    fn another_type_is_refused() {
        let mut session = Session::default();
        session.run("SET k v");
        for line in ["XADD k * f v", "XADD k NOMKSTREAM * f v", "XLEN k", "XSETID k 1", "XDEL k x", "XACK k g x"] {
            assert!(session.run(line).starts_with("-WRONGTYPE"), "{line}");
        }
    }
}
