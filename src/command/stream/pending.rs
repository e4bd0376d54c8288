//! Entries delivered and not yet acknowledged.

use super::{interval_end, interval_start, no_group, reply_id};
use crate::command::number::int;
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome};
use crate::resp::Reply;
use crate::store::value::stream::{Group, Id, Pending, Stream};

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[Spec {
    name: "xpending",
    arity: -3,
    flags: "readonly",
    acl: "@read @stream @slow",
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::range("RO access", 1, 0, 1)],
    summary: "Return information and entries from a stream consumer group pending entries list, that are messages \
            fetched but never acknowledged.",
    since: "5.0.0",
    group: "stream",
    complexity: "O(N) with N being the number of elements returned, so asking for a small fixed number of entries \
            per call is O(1). O(M), where M is the total number of entries scanned when used with the IDLE filter. \
            When the command returns just the summary and the list of consumers is small, it runs in O(1) time; \
            otherwise, an additional O(N) time for iterating every consumer.",
    history: &[("6.2.0", "Added the `IDLE` option and exclusive range intervals.")],
    args: "key@0 group filters{min-idle-time:int=IDLE>6.2.0? start end count:int consumer?}?",
    run: Run::Data(xpending),
    ..Spec::BLANK
}];

/// Which pending entries are asked for.
struct Filter<'a> {
    start: Id,
    end: Id,
    count: usize,
    idle_ms_min: i64,
    consumer: Option<&'a [u8]>,
}

impl<'a> Filter<'a> {
    /// Reads `[IDLE min-idle-time] start end count [consumer]` from argument 3 on.
    fn read(args: Args<'a>) -> Result<Filter<'a>, Error> {
        let (mut at, mut idle_ms_min) = (3, 0);
        if args.is(3, "idle") {
            idle_ms_min = int(args.at(4))?;
            if args.len() < 8 {
                return Err(Error::Syntax);
            }
            at = 5;
        }
        let count = usize::try_from(int(args.at(at + 2))?).unwrap_or(0);
        let start = interval_start(args.at(at))?;
        let end = interval_end(args.at(at + 1))?;
        Ok(Filter { start, end, count, idle_ms_min, consumer: args.get(at + 3) })
    }
}

fn xpending(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let filter = match args.len() {
        3 => None,
        6..=9 => Some(Filter::read(args)?),
        _ => return Err(Error::Syntax),
    };
    let stream = ctx.tx.read::<Stream>(args.key(1))?;
    let group = stream.as_ref().and_then(|stream| stream.group(args.at(2)));
    let group = group.ok_or_else(|| no_group(args.at(1), args.at(2), b""))?;
    match filter {
        None => summary(&mut ctx.reply, group),
        Some(filter) => details(&mut ctx.reply, group, &filter, ctx.tx.now_ms()),
    }
    Ok(())
}

fn summary(reply: &mut Reply<'_>, group: &Group) {
    let pending = group.pending();
    reply.array(4);
    reply.int(pending.len() as i64);
    let (Some(first), Some(last)) = (pending.first(), pending.last()) else {
        reply.null();
        reply.null();
        return reply.null_array();
    };
    reply_id(reply, first);
    reply_id(reply, last);
    let busy = || group.consumers().filter(|consumer| !consumer.pending().is_empty());
    reply.array(busy().count());
    for consumer in busy() {
        reply.array(2);
        reply.bulk(consumer.name());
        reply.bulk_int(consumer.pending().len() as i64);
    }
}

fn details(reply: &mut Reply<'_>, group: &Group, filter: &Filter<'_>, now_ms: i64) {
    let mark = reply.mark();
    let mut left = filter.count;
    let mut write = |id: Id, pending: &Pending| {
        let idle_ms = now_ms.saturating_sub(pending.delivered_ms);
        if filter.idle_ms_min == 0 || idle_ms >= filter.idle_ms_min {
            left -= 1;
            reply.array(4);
            reply_id(reply, id);
            reply.bulk(group.consumer(pending.consumer).name());
            reply.int(idle_ms.max(0));
            reply.int(pending.deliveries.into());
        }
        left > 0
    };
    if filter.count > 0 {
        match filter.consumer {
            None => {
                let pending = group.pending().range_from(filter.start).take_while(|(id, _)| *id <= filter.end);
                let _ = { pending }.all(|(id, pending)| write(id, pending));
            }
            Some(name) => {
                let own = group.find(name).map(|consumer| group.consumer(consumer).pending());
                let ids = own.into_iter().flat_map(|own| own.range_from(filter.start).map(|(id, ())| id));
                let pending = ids.take_while(|id| *id <= filter.end).filter_map(|id| Some((id, group.get(id)?)));
                let _ = { pending }.all(|(id, pending)| write(id, pending));
            }
        }
    }
    let written = filter.count - left;
    reply.array_at(mark, written);
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    fn session() -> Session {
        let mut session = Session::default();
        (1..=4).for_each(|ms| drop(session.run(&format!("XADD k {ms} f v"))));
        session.run("XGROUP CREATE k g 0");
        session.run("XREADGROUP GROUP g b COUNT 1 STREAMS k >");
        session.now_ms += 100;
        session.run("XREADGROUP GROUP g a COUNT 2 STREAMS k >");
        session.now_ms += 5;
        session
    }

    #[test]
    fn pending_entries_are_summed_up_by_consumer_or_shown_with_their_age() {
        let mut session = session();
        for (line, reply) in [
            ("XPENDING k g", "*4 :3 $3 1-0 $3 3-0 *2 *2 $1 a $1 2 *2 $1 b $1 1"),
            ("XPENDING k g - + 2", "*2 *4 $3 1-0 $1 b :105 :1 *4 $3 2-0 $1 a :5 :1"),
            ("XPENDING k g (2-0 + 9 a", "*1 *4 $3 3-0 $1 a :5 :1"),
            ("XPENDING k g IDLE 50 - + 9", "*1 *4 $3 1-0 $1 b :105 :1"),
            ("XPENDING k g IDLE 50 - + 9 a", "*0"),
            ("XPENDING k g - + 9 none", "*0"),
            ("XPENDING k g - + 0", "*0"),
            ("XPENDING k g - + -1", "*0"),
        ] {
            assert_eq!(session.run(line), reply, "{line}");
        }
    }

    #[test]
    fn forms_that_do_not_fit_come_before_a_group_that_is_not_there() {
        let mut session = session();
        for (line, reply) in [
            ("XPENDING k g -", "-ERR syntax error"),
            ("XPENDING k g IDLE 5 - +", "-ERR syntax error"),
            ("XPENDING k g IDLE x - + 9", "-ERR value is not an integer or out of range"),
            ("XPENDING k none - + x", "-ERR value is not an integer or out of range"),
            ("XPENDING k none - x 1", "-ERR Invalid stream ID specified as stream command argument"),
            ("XPENDING k none - (0-0 1", "-ERR invalid end ID for the interval"),
            ("XPENDING k none", "-NOGROUP No such key 'k' or consumer group 'none'"),
            ("XPENDING none g - + 1", "-NOGROUP No such key 'none' or consumer group 'g'"),
        ] {
            assert_eq!(session.run(line), reply, "{line}");
        }
    }
}
