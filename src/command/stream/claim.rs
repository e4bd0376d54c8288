//! Taking pending entries over from other consumers.

use super::{interval_start, no_group, reply_entry, reply_id, strict_id};
use crate::command::number::{int, parse_int};
use crate::command::spec::{KeySpec, Run, Spec};
use crate::command::{Args, Ctx, Error, Outcome, quotable};
use crate::resp::Reply;
use crate::store::value::stream::{ConsumerRef, Group, Id, Pending, Stream};
use crate::store::{Event, Key};
use smallvec::SmallVec;

/// Rows of these commands.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "xclaim",
        arity: -6,
        flags: "write fast",
        acl: "@write @stream @fast",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RW update", 1, 0, 1)],
        summary: "Changes (or acquires) ownership of a message in a consumer group, as if the message was delivered \
            to the specified consumer.",
        since: "5.0.0",
        group: "stream",
        complexity: "O(log N) with N being the number of messages in the PEL of the consumer group.",
        args: "key@0 group consumer min-idle-time id* ms:int=IDLE? unix-time-milliseconds:time=TIME? \
            count:int=RETRYCOUNT? FORCE? JUSTID? id:string=LASTID?",
        run: Run::Data(xclaim),
        ..Spec::BLANK
    },
    Spec {
        name: "xautoclaim",
        arity: -6,
        flags: "write fast",
        acl: "@write @stream @fast",
        tips: &["nondeterministic_output"],
        keys: &[KeySpec::range("RW delete", 1, 0, 1)],
        summary: "Changes (or acquires) ownership of messages in a consumer group, as if the messages were delivered \
            to the specified consumer.",
        since: "6.2.0",
        group: "stream",
        complexity: "O(1) if COUNT is small.",
        history: &[(
            "7.0.0",
            "Added an element to the reply array, containing deleted entries the command cleared from the \
                PEL",
        )],
        args: "key@0 group consumer min-idle-time start count:int=COUNT? JUSTID?",
        run: Run::Data(xautoclaim),
        ..Spec::BLANK
    },
];

/// Entries that XAUTOCLAIM looks at for each that it may claim.
const ATTEMPTS_PER_ENTRY: usize = 10;
/// Largest COUNT of XAUTOCLAIM: as many ids as 63 bits of memory hold.
const COUNT_MAX: usize = i64::MAX as usize / 16;

/// Who claims, and what becomes of what is claimed.
struct Claim<'a> {
    group: &'a [u8],
    name: &'a [u8],
    /// Once known: it is made for the first entry that is claimed.
    consumer: Option<ConsumerRef>,
    idle_ms_min: i64,
    delivered_ms: i64,
    deliveries: Option<u32>,
    just_id: bool,
    now_ms: i64,
    /// The consumer was made.
    created: bool,
    /// Anything changed.
    changed: bool,
}

impl<'a> Claim<'a> {
    fn new(args: Args<'a>, idle_ms_min: i64, now_ms: i64) -> Claim<'a> {
        Claim {
            group: args.at(2),
            name: args.at(3),
            consumer: None,
            idle_ms_min: idle_ms_min.max(0),
            delivered_ms: now_ms,
            deliveries: None,
            just_id: false,
            now_ms,
            created: false,
            changed: false,
        }
    }

    fn consumer(&mut self, group: &mut Group) -> ConsumerRef {
        if let Some(consumer) = self.consumer {
            return consumer;
        }
        let found = group.find(self.name);
        let consumer = match found {
            Some(consumer) => consumer,
            None => {
                self.created = true;
                group.create(self.name, self.now_ms).expect("there is none of this name")
            }
        };
        let member = group.consumer_mut(consumer);
        member.seen_ms = self.now_ms;
        member.active_ms = Some(self.now_ms);
        self.consumer = Some(consumer);
        consumer
    }

    /// Claims an entry that is in the stream, unless somebody had it a short while ago. False: it was not claimed.
    fn take(&mut self, group: &mut Group, id: Id, before: Option<Pending>) -> bool {
        let idle_ms = before.map(|before| self.now_ms.saturating_sub(before.delivered_ms));
        if self.idle_ms_min > 0 && idle_ms.is_some_and(|idle_ms| idle_ms < self.idle_ms_min) {
            return false;
        }
        let consumer = self.consumer(group);
        // What FORCE makes begins with one delivery.
        let deliveries = before.map_or(1, |before| before.deliveries);
        let deliveries = self.deliveries.unwrap_or(deliveries.saturating_add(u32::from(!self.just_id)));
        group.assign(id, Pending { consumer, deliveries, delivered_ms: self.delivered_ms });
        self.changed = true;
        true
    }

    fn write(&self, reply: &mut Reply<'_>, stream: &Stream, id: Id) {
        if self.just_id {
            reply_id(reply, id);
        } else if let Some(entry) = stream.range(id, id).next() {
            reply_entry(reply, &entry);
        }
    }

    fn tell(&self, ctx: &mut Ctx<'_>, key: Key<'_>) {
        if self.created {
            ctx.tx.notify(Event::Stream, "xgroup-createconsumer", key);
        } else if self.changed {
            ctx.tx.changed(key);
        }
    }
}

/// The options of XCLAIM behind its ids.
struct Options {
    force: bool,
    last_id: Id,
}

/// Reads ids up to the first argument that is none, and options behind them.
fn read_claim(args: Args<'_>, claim: &mut Claim<'_>) -> Result<(SmallVec<[Id; 8]>, Options), Error> {
    let ids: SmallVec<[Id; 8]> = args.skip(5).map_while(|id| strict_id(id).ok()).collect();
    let mut options = Options { force: false, last_id: Id::MIN };
    let number = |at: usize, error: &'static str| parse_int(args.at(at)).ok_or(Error::Static(error));
    let (mut delivered_ms, mut deliveries) = (-1, -1);
    let mut at = 5 + ids.len();
    while at < args.len() {
        let more = at + 1 < args.len();
        if args.is(at, "force") {
            options.force = true;
        } else if args.is(at, "justid") {
            claim.just_id = true;
        } else if more && args.is(at, "idle") {
            at += 1;
            let idle_ms = number(at, "ERR Invalid IDLE option argument for XCLAIM")?;
            delivered_ms = claim.now_ms.wrapping_sub(idle_ms);
        } else if more && args.is(at, "time") {
            at += 1;
            delivered_ms = number(at, "ERR Invalid TIME option argument for XCLAIM")?;
        } else if more && args.is(at, "retrycount") {
            at += 1;
            deliveries = number(at, "ERR Invalid RETRYCOUNT option argument for XCLAIM")?;
        } else if more && args.is(at, "lastid") {
            at += 1;
            options.last_id = strict_id(args.at(at))?;
        } else {
            let word = quotable(args.at(at), usize::MAX);
            return Err(Error::Bytes([b"ERR Unrecognized XCLAIM option '", word, b"'"].concat()));
        }
        at += 1;
    }
    // A time that cannot be is now: clients' clocks may differ from ours.
    if (0..=claim.now_ms).contains(&delivered_ms) {
        claim.delivered_ms = delivered_ms;
    }
    claim.deliveries = (deliveries >= 0).then(|| u32::try_from(deliveries).unwrap_or(u32::MAX));
    Ok((ids, options))
}

fn xclaim(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.key(1);
    let mut claim = Claim::new(args, 0, ctx.tx.now_ms());
    let reply = &mut ctx.reply;
    let claimed = ctx.tx.update(key, |stream: &mut Stream| {
        stream.group(claim.group).ok_or_else(|| no_group(args.at(1), args.at(2), b""))?;
        let idle_ms = parse_int(args.at(4));
        let invalid = Error::Static("ERR Invalid min-idle-time argument for XCLAIM");
        claim.idle_ms_min = idle_ms.ok_or(invalid)?.max(0);
        let (ids, options) = read_claim(args, &mut claim)?;
        claim_each(stream, &mut claim, &ids, &options, reply);
        Ok::<_, Error>(())
    })?;
    claimed.ok_or_else(|| no_group(args.at(1), args.at(2), b""))??;
    claim.tell(ctx, key);
    Ok(())
}

fn claim_each(stream: &mut Stream, claim: &mut Claim<'_>, ids: &[Id], options: &Options, reply: &mut Reply<'_>) {
    let mark = reply.mark();
    let mut written = 0;
    if let Some(group) = stream.group_mut(claim.group)
        && options.last_id > group.last_id
    {
        group.last_id = options.last_id;
        claim.changed = true;
    }
    for id in ids {
        let there = stream.has(*id);
        let Some(group) = stream.group_mut(claim.group) else { break };
        if !there {
            claim.changed |= group.acknowledge(*id);
            continue;
        }
        let before = group.get(*id).copied();
        if (before.is_some() || options.force) && claim.take(group, *id, before) {
            claim.write(reply, stream, *id);
            written += 1;
        }
    }
    reply.array_at(mark, written);
}

fn xautoclaim(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let invalid = Error::Static("ERR Invalid min-idle-time argument for XAUTOCLAIM");
    let mut claim = Claim::new(args, parse_int(args.at(4)).ok_or(invalid)?, ctx.tx.now_ms());
    let start = interval_start(args.at(5))?;
    let mut count = 100;
    let mut at = 6;
    while at < args.len() {
        if args.is(at, "count") && at + 1 < args.len() {
            let number = int(args.at(at + 1)).ok().and_then(|count| usize::try_from(count).ok());
            let number = number.filter(|count| (1..=COUNT_MAX).contains(count));
            count = number.ok_or(Error::Static("ERR COUNT must be > 0"))?;
            at += 2;
        } else if args.is(at, "justid") {
            claim.just_id = true;
            at += 1;
        } else {
            return Err(Error::Syntax);
        }
    }
    let key = args.key(1);
    let reply = &mut ctx.reply;
    let claimed = ctx.tx.update(key, |stream: &mut Stream| {
        stream.group(claim.group)?;
        claim_from(stream, &mut claim, start, count, reply);
        Some(())
    })?;
    claimed.flatten().ok_or_else(|| no_group(args.at(1), args.at(2), b""))?;
    claim.tell(ctx, key);
    Ok(())
}

/// Claims up to `count` entries from `start` on, those that are gone from the stream included. Looks at a bounded
/// number of entries for that.
fn claim_from(stream: &mut Stream, claim: &mut Claim<'_>, start: Id, count: usize, reply: &mut Reply<'_>) {
    let (mut left, mut attempts) = (count, count.saturating_mul(ATTEMPTS_PER_ENTRY));
    let (mut claimed, mut gone): (Vec<Id>, Vec<Id>) = (Vec::new(), Vec::new());
    let mut next = stream.group(claim.group).and_then(|group| group.pending().first_from(start));
    while let Some(id) = next.filter(|_| left > 0 && attempts > 0) {
        attempts -= 1;
        let there = stream.has(id);
        let Some(group) = stream.group_mut(claim.group) else { break };
        if !there {
            group.acknowledge(id);
            gone.push(id);
            left -= 1;
        } else {
            let before = group.get(id).copied();
            if claim.take(group, id, before) {
                claimed.push(id);
                left -= 1;
            }
        }
        next = id.next().and_then(|id| group.pending().first_from(id));
    }
    claim.changed |= !gone.is_empty();
    reply.array(3);
    reply_id(reply, next.unwrap_or(Id::MIN));
    reply.array(claimed.len());
    claimed.into_iter().for_each(|id| claim.write(reply, stream, id));
    reply.array(gone.len());
    gone.into_iter().for_each(|id| reply_id(reply, id));
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;

    /// Five entries; the first four are with `a`, for a second.
    fn session() -> Session {
        let mut session = Session::default();
        (1..=5).for_each(|ms| drop(session.run(&format!("XADD k {ms} f {ms}"))));
        session.run("XGROUP CREATE k g 0");
        session.run("XREADGROUP GROUP g a COUNT 4 STREAMS k >");
        session.now_ms += 1000;
        session
    }

    #[test]
    fn entries_change_hands_when_they_were_left_for_long_enough() {
        let mut session = session();
        assert_eq!(session.run("XCLAIM k g b 2000 1 2"), "*0");
        assert!(!session.run("XINFO CONSUMERS k g").contains("$1 b "));
        assert_eq!(session.run("XCLAIM k g b 1000 1 9"), "*1 *2 $3 1-0 *2 $1 f $1 1");
        assert_eq!(session.run("XCLAIM k g b 0 2 JUSTID"), "*1 $3 2-0");
        assert_eq!(session.run("XPENDING k g - + 2"), "*2 *4 $3 1-0 $1 b :0 :2 *4 $3 2-0 $1 b :0 :1");
        assert_eq!(session.run("XCLAIM k g b 0 3 IDLE 300 RETRYCOUNT 7"), "*1 *2 $3 3-0 *2 $1 f $1 3");
        assert_eq!(session.run("XPENDING k g 3 3 1"), "*1 *4 $3 3-0 $1 b :300 :7");
        assert_eq!(session.run("XCLAIM k g b 0 3 TIME 1699999999000 JUSTID"), "*1 $3 3-0");
        assert_eq!(session.run("XPENDING k g 3 3 1"), "*1 *4 $3 3-0 $1 b :2000 :7");
        assert_eq!(session.run("XCLAIM k g b 0 3 TIME 9999999999999 JUSTID"), "*1 $3 3-0");
        assert_eq!(session.run("XPENDING k g 3 3 1"), "*1 *4 $3 3-0 $1 b :0 :7");
    }

    #[test]
    fn what_is_gone_is_no_longer_pending_and_what_never_was_can_be_forced() {
        let mut session = session();
        session.run("XDEL k 2");
        assert_eq!(session.run("XCLAIM k g b 0 2"), "*0");
        assert_eq!(session.run("XCLAIM k g b 0 5"), "*0");
        assert_eq!(session.run("XCLAIM k g b 5000 5 FORCE JUSTID LASTID 5-0"), "*1 $3 5-0");
        assert_eq!(session.run("XPENDING k g"), "*4 :4 $3 1-0 $3 5-0 *2 *2 $1 a $1 3 *2 $1 b $1 1");
        assert_eq!(session.run("XREADGROUP GROUP g a STREAMS k >"), "*-1");
    }

    #[test]
    fn claiming_goes_through_what_is_pending_step_by_step() {
        let mut session = session();
        session.run("XDEL k 2");
        assert_eq!(session.run("XAUTOCLAIM k g b 500 - COUNT 2"), "*3 $3 3-0 *1 *2 $3 1-0 *2 $1 f $1 1 *1 $3 2-0");
        assert_eq!(session.run("XAUTOCLAIM k g b 500 3-0 JUSTID"), "*3 $3 0-0 *2 $3 3-0 $3 4-0 *0");
        assert_eq!(session.run("XAUTOCLAIM k g c 500 - JUSTID"), "*3 $3 0-0 *0 *0");
        assert_eq!(session.run("XPENDING k g"), "*4 :3 $3 1-0 $3 4-0 *1 *2 $1 b $1 3");
    }

    #[test]
    fn few_entries_are_looked_at_for_each_that_may_be_claimed() {
        let mut session = session();
        (6..=40).for_each(|ms| drop(session.run(&format!("XADD k {ms} f {ms}"))));
        session.run("XREADGROUP GROUP g a STREAMS k >");
        assert_eq!(session.run("XAUTOCLAIM k g b 1 (4 COUNT 1"), "*3 $4 15-0 *0 *0");
    }

    #[test]
    fn errors_come_in_the_order_of_the_reference() {
        let mut session = session();
        for (line, reply) in [
            ("XCLAIM k none b x 1", "-NOGROUP No such key 'k' or consumer group 'none'"),
            ("XCLAIM k g b x 1", "-ERR Invalid min-idle-time argument for XCLAIM"),
            ("XCLAIM k g b 0 x", "-ERR Unrecognized XCLAIM option 'x'"),
            ("XCLAIM k g b 0 1 IDLE", "-ERR Unrecognized XCLAIM option 'IDLE'"),
            ("XCLAIM k g b 0 1 IDLE x", "-ERR Invalid IDLE option argument for XCLAIM"),
            ("XCLAIM k g b 0 1 LASTID x", "-ERR Invalid stream ID specified as stream command argument"),
            ("XAUTOCLAIM k none b x -", "-ERR Invalid min-idle-time argument for XAUTOCLAIM"),
            ("XAUTOCLAIM k none b 0 - COUNT 0", "-ERR COUNT must be > 0"),
            ("XAUTOCLAIM k none b 0 - COUNT 8070450532247928833", "-ERR COUNT must be > 0"),
            ("XAUTOCLAIM k none b 0 - JUST", "-ERR syntax error"),
            ("XAUTOCLAIM k none b 0 -", "-NOGROUP No such key 'k' or consumer group 'none'"),
        ] {
            assert_eq!(session.run(line), reply, "{line}");
        }
        assert_eq!(session.run("XPENDING k g").split(' ').nth(1), Some(":4"));
    }
}
