//! Reading new entries of several streams, with and without a group.
//!
//! What a request asks for is read and resolved once ([`Reading`]): `$` and `+` become ids of that moment. It can then
//! be [served](Reading::serve) at once, or again whenever a stream has news, until there is something to reply.

use super::{INVALID_ID, no_group, reply_entries, reply_entry, reply_id, strict_id};
use crate::command::number::{int, parse_int};
use crate::command::spec::{KeySpec, OwnKeys, Run, Spec};
use crate::command::{Args, Ctx, Error, Nothing, Outcome, OwnedArgs, Wait, quotable};
use crate::resp::Reply;
use crate::store::value::stream::{Id, Pending, Stream};
use crate::store::{Event, Key, Kind};
use smallvec::SmallVec;

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
        run: Run::Data(xread),
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
        run: Run::Data(xreadgroup),
        ..Spec::BLANK
    },
];

/// Where a stream is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Entries behind this id; with a group: of those that the consumer was given before.
    Behind(Id),
    /// Entries that the group was not given yet.
    New,
}

/// The consumer that reads for a group.
#[derive(Clone, Copy, Debug)]
struct Member<'a> {
    group: &'a [u8],
    consumer: &'a [u8],
    /// What it is given is not kept as pending.
    no_ack: bool,
}

/// What XREAD or XREADGROUP asks for.
pub struct Reading<'a> {
    args: Args<'a>,
    /// The argument with the first key; the ids stand behind the keys.
    keys_at: usize,
    /// One for each key.
    places: SmallVec<[Place; 4]>,
    /// Entries of each stream; 0: all.
    count: usize,
    member: Option<Member<'a>>,
    /// BLOCK: how long to wait for entries; 0: without end. `None`: not at all.
    pub block_ms: Option<u64>,
}

fn xread(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    read(ctx, args, false)
}

fn xreadgroup(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    read(ctx, args, true)
}

fn read(ctx: &mut Ctx<'_>, args: Args<'_>, grouped: bool) -> Outcome {
    let mut reading = Reading::parse(args, grouped, ctx.tx.now_ms())?;
    reading.resolve(ctx)?;
    if reading.serve(ctx)? { Ok(()) } else { nothing_there(ctx, &reading) }
}

/// Nothing is there to reply with: with BLOCK the request waits, with its ids resolved, since what `$` and `+` mean
/// changes.
fn nothing_there(ctx: &mut Ctx<'_>, reading: &Reading<'_>) -> Outcome {
    let Some(block_ms) = reading.block_ms else {
        ctx.reply.null_array();
        return Ok(());
    };
    let (keys_at, ids_at) = (reading.keys_at, reading.keys_at + reading.len());
    let ids: Vec<Vec<u8>> = reading.places.iter().map(|place| place.text()).collect();
    let args = reading.args.iter().take(ids_at).chain(ids.iter().map(Vec::as_slice));
    ctx.wait(Wait {
        keys: (keys_at..ids_at).collect(),
        kind: Kind::Stream,
        timeout_ms: Some(block_ms).filter(|ms| *ms > 0),
        nothing: Nothing::NullArray,
        args: Some(OwnedArgs::of(args)),
    })
}

impl Place {
    /// As a request names it.
    fn text(self) -> Vec<u8> {
        match self {
            Place::Behind(id) => id.to_string().into_bytes(),
            Place::New => b">".to_vec(),
        }
    }
}

impl<'a> Reading<'a> {
    /// Reads options, keys and ids but for what depends on the streams; see [`resolve`](Self::resolve).
    pub fn parse(args: Args<'a>, grouped: bool, now_ms: i64) -> Result<Reading<'a>, Error> {
        let mut reading = Reading { args, keys_at: 0, places: SmallVec::new(), count: 0, member: None, block_ms: None };
        let (mut names, mut no_ack) = (None, false);
        let mut at = 1;
        while at < args.len() && reading.keys_at == 0 {
            let more = args.len() - 1 - at;
            if more > 0 && args.is(at, "block") {
                at += 1;
                reading.block_ms = Some(timeout_ms(args.at(at), now_ms)?);
            } else if more > 0 && args.is(at, "count") {
                at += 1;
                reading.count = usize::try_from(int(args.at(at))?).unwrap_or(0);
            } else if more > 0 && args.is(at, "streams") {
                reading.keys_at = at + 1;
            } else if more > 1 && args.is(at, "group") {
                if !grouped {
                    return Err(Error::Static(
                        "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.",
                    ));
                }
                names = Some((args.at(at + 1), args.at(at + 2)));
                at += 2;
            } else if args.is(at, "noack") {
                if !grouped {
                    return Err(Error::Static(
                        "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.",
                    ));
                }
                no_ack = true;
            } else {
                return Err(Error::Syntax);
            }
            at += 1;
        }
        if reading.keys_at == 0 {
            return Err(Error::Syntax);
        }
        if !(args.len() - reading.keys_at).is_multiple_of(2) {
            return Err(Error::Static(
                "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
            ));
        }
        if grouped {
            let missing = Error::Static("ERR Missing GROUP option for XREADGROUP");
            let (group, consumer) = names.ok_or(missing)?;
            reading.member = Some(Member { group, consumer, no_ack });
        }
        Ok(reading)
    }

    fn len(&self) -> usize {
        (self.args.len() - self.keys_at) / 2
    }

    /// Looks up where each stream is to be read from, and whether it and the group are there.
    pub fn resolve(&mut self, ctx: &Ctx<'_>) -> Result<(), Error> {
        for number in 0..self.len() {
            let key_at = self.keys_at + number;
            if !ctx.takes_from(self.args.key(key_at)) {
                // Not looked at: the ids of a request that waited are no others than these.
                self.places.push(self.place(self.args.at(key_at + self.len()), None)?);
                continue;
            }
            let stream = ctx.tx.read::<Stream>(self.args.key(key_at))?;
            self.check_group(self.args.at(key_at), stream.as_deref())?;
            let text = quotable(self.args.at(key_at + self.len()), usize::MAX);
            self.places.push(self.place(text, stream.as_deref())?);
        }
        Ok(())
    }

    fn check_group(&self, key: &[u8], stream: Option<&Stream>) -> Result<(), Error> {
        match self.member {
            Some(member) if stream.is_none_or(|stream| stream.group(member.group).is_none()) => {
                Err(no_group(key, member.group, b" in XREADGROUP with GROUP option"))
            }
            _ => Ok(()),
        }
    }

    fn place(&self, text: &[u8], stream: Option<&Stream>) -> Result<Place, Error> {
        match (text, self.member) {
            (b"$", None) => Ok(Place::Behind(stream.map_or(Id::MIN, Stream::last_id))),
            (b"$", Some(_)) => Err(Error::Static(
                "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this \
                 consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return \
                 an empty result set.",
            )),
            // Of 7.4: the last entry that is there.
            (b"+", None) => Ok(Place::Behind(
                stream.map_or(Id::MIN, |stream| stream.last_live_id().previous().unwrap_or(stream.last_id())),
            )),
            (b"+", Some(_)) => Err(INVALID_ID),
            (b">", None) => Err(Error::Static(
                "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
            )),
            (b">", Some(_)) => Ok(Place::New),
            (text, member) => match strict_id(text)? {
                // The reference has no other sign for new entries.
                Id::MAX if member.is_some() => Ok(Place::New),
                id => Ok(Place::Behind(id)),
            },
        }
    }

    /// Replies with what there is; false, and nothing written, when there is nothing. Needs a resolved reading, and may
    /// be called again when that was long ago: a key that holds another type by now, or lost the group, is an error.
    pub fn serve(&self, ctx: &mut Ctx<'_>) -> Result<bool, Error> {
        let mark = ctx.reply.mark();
        let mut served = 0;
        for (number, place) in self.places.iter().enumerate() {
            let key = self.args.key(self.keys_at + number);
            if !ctx.takes_from(key) {
                continue;
            }
            let there = match (self.member, place) {
                (None, Place::Behind(id)) => self.serve_plain(ctx, key, *id)?,
                (Some(member), place) => self.serve_member(ctx, key, member, *place)?,
                (None, Place::New) => false,
            };
            served += usize::from(there);
        }
        if served == 0 {
            return Ok(false);
        }
        if ctx.reply.is_resp3() {
            ctx.reply.map_at(mark, served);
        } else {
            ctx.reply.array_at(mark, served);
        }
        Ok(true)
    }

    fn serve_plain(&self, ctx: &mut Ctx<'_>, key: Key<'_>, behind: Id) -> Result<bool, Error> {
        let Some(stream) = ctx.tx.read::<Stream>(key)? else { return Ok(false) };
        let Some(start) = behind.next() else { return Ok(false) };
        let mut entries = stream.range(start, Id::MAX).peekable();
        if entries.peek().is_none() {
            return Ok(false);
        }
        begin_stream(&mut ctx.reply, key);
        reply_entries(&mut ctx.reply, entries, self.count);
        Ok(true)
    }

    fn serve_member(&self, ctx: &mut Ctx<'_>, key: Key<'_>, member: Member<'_>, place: Place) -> Result<bool, Error> {
        let now_ms = ctx.tx.now_ms();
        let reply = &mut ctx.reply;
        let served = ctx.tx.update(key, |stream: &mut Stream| {
            self.check_group(key.bytes(), Some(stream))?;
            let group = stream.group(member.group).expect("it was looked up");
            let last_id = group.last_id;
            if place == Place::New && (stream.is_empty() || stream.last_live_id() <= last_id) {
                return Ok::<_, Error>(None);
            }
            begin_stream(reply, key);
            let group = stream.group_mut(member.group).expect("it was looked up");
            let found = group.find(member.consumer);
            let created = found.is_none();
            if let Some(consumer) = found {
                group.consumer_mut(consumer).seen_ms = now_ms;
            } else {
                group.create(member.consumer, now_ms);
            }
            match place {
                Place::New => deliver(stream, member, last_id, self.count, now_ms, reply),
                Place::Behind(id) => recall(stream, member, id, self.count, now_ms, reply),
            }
            Ok(Some(created))
        })?;
        let Some(served) = served else {
            // A key that is gone has no group.
            return self.check_group(key.bytes(), None).map(|()| false);
        };
        let served = served?;
        match served {
            Some(true) => ctx.tx.notify(Event::Stream, "xgroup-createconsumer", key),
            Some(false) => ctx.tx.changed(key),
            None => {}
        }
        Ok(served.is_some())
    }
}

/// Milliseconds to wait, as the reference reads them.
fn timeout_ms(text: &[u8], now_ms: i64) -> Result<u64, Error> {
    let timeout_ms = parse_int(text).ok_or(Error::Static("ERR timeout is not an integer or out of range"))?;
    let timeout_ms = u64::try_from(timeout_ms).map_err(|_| Error::Static("ERR timeout is negative"))?;
    if timeout_ms > i64::MAX.abs_diff(now_ms) {
        return Err(Error::Static("ERR timeout is out of range"));
    }
    Ok(timeout_ms)
}

/// Key and entries: a pair of a map, or an array of two.
fn begin_stream(reply: &mut Reply<'_>, key: Key<'_>) {
    if !reply.is_resp3() {
        reply.array(2);
    }
    reply.bulk(key.bytes());
}

/// Gives a consumer the entries behind `last_id`, the last one that the group was given.
fn deliver(stream: &mut Stream, member: Member<'_>, last_id: Id, count: usize, now_ms: i64, reply: &mut Reply<'_>) {
    let Some(start) = last_id.next() else { return reply.array(0) };
    let mark = reply.mark();
    let mut ids: SmallVec<[Id; 16]> = SmallVec::new();
    let mut entries_read = stream.group(member.group).and_then(|group| group.entries_read);
    for entry in stream.range(start, Id::MAX).take(if count == 0 { usize::MAX } else { count }) {
        entries_read = stream.entries_read_at(entries_read, entry.id);
        reply_entry(reply, &entry);
        ids.push(entry.id);
    }
    reply.array_at(mark, ids.len());
    let Some(group) = stream.group_mut(member.group) else { return };
    let Some(consumer) = group.find(member.consumer) else { return };
    group.entries_read = entries_read;
    group.last_id = ids.last().copied().unwrap_or(last_id);
    group.consumer_mut(consumer).active_ms = Some(now_ms);
    if !member.no_ack {
        let pending = Pending { consumer, deliveries: 1, delivered_ms: now_ms };
        ids.into_iter().for_each(|id| group.assign(id, pending));
    }
}

/// Gives a consumer again what it was given behind an id. Of entries that are gone it gets the id.
fn recall(stream: &mut Stream, member: Member<'_>, behind: Id, count: usize, now_ms: i64, reply: &mut Reply<'_>) {
    let mark = reply.mark();
    let mut ids: SmallVec<[Id; 16]> = SmallVec::new();
    let mut written = 0;
    if let Some(group) = stream.group(member.group)
        && let (Some(consumer), Some(start)) = (group.find(member.consumer), behind.next())
    {
        let pending = group.consumer(consumer).pending().range_from(start);
        for (id, ()) in pending.take(if count == 0 { usize::MAX } else { count }) {
            written += 1;
            if let Some(entry) = stream.range(id, id).next() {
                reply_entry(reply, &entry);
                ids.push(id);
            } else {
                reply.array(2);
                reply_id(reply, id);
                reply.null_array();
            }
        }
    }
    reply.array_at(mark, written);
    let Some(group) = stream.group_mut(member.group) else { return };
    if let Some(consumer) = group.find(member.consumer).filter(|_| written > 0) {
        group.consumer_mut(consumer).active_ms = Some(now_ms);
    }
    ids.into_iter().for_each(|id| group.redeliver(id, now_ms));
}

#[cfg(test)]
mod tests {
    use crate::command::testing::Session;
    use crate::resp::Protocol;

    fn session() -> Session {
        let mut session = Session::default();
        (1..=3).for_each(|ms| drop(session.run(&format!("XADD k {ms} f {ms}"))));
        session.run("XGROUP CREATE k g 0");
        session
    }

    #[test]
    fn streams_with_news_are_replied_with_their_keys() {
        let mut session = session();
        session.run("XADD l 7 f v");
        assert_eq!(session.run("XREAD COUNT 1 STREAMS k none 1 0"), "*1 *2 $1 k *1 *2 $3 2-0 *2 $1 f $1 2");
        assert_eq!(
            session.run("XREAD STREAMS k l 2 0"),
            "*2 *2 $1 k *1 *2 $3 3-0 *2 $1 f $1 3 *2 $1 l *1 *2 $3 7-0 *2 $1 f $1 v"
        );
        session.protocol = Protocol::Resp3;
        assert_eq!(
            session.run("XREAD STREAMS k l 2 0"),
            "%2 $1 k *1 *2 $3 3-0 *2 $1 f $1 3 $1 l *1 *2 $3 7-0 *2 $1 f $1 v"
        );
        assert_eq!(session.run("XREAD STREAMS k l $ $"), "_");
    }

    #[test]
    fn plus_is_the_last_entry_that_is_there() {
        let mut session = session();
        session.run("XDEL k 3");
        assert_eq!(session.run("XREAD STREAMS k +"), "*1 *2 $1 k *1 *2 $3 2-0 *2 $1 f $1 2");
        session.run("XTRIM k MAXLEN 0");
        assert_eq!(session.run("XREAD STREAMS k none + +"), "*-1");
    }

    #[test]
    fn a_group_gives_each_entry_once_and_a_consumer_its_own_again() {
        let mut session = session();
        assert_eq!(
            session.run("XREADGROUP GROUP g a COUNT 2 STREAMS k >"),
            "*1 *2 $1 k *2 *2 $3 1-0 *2 $1 f $1 1 *2 $3 2-0 *2 $1 f $1 2"
        );
        assert_eq!(session.run("XREADGROUP GROUP g b STREAMS k >"), "*1 *2 $1 k *1 *2 $3 3-0 *2 $1 f $1 3");
        assert_eq!(session.run("XREADGROUP GROUP g b STREAMS k >"), "*-1");
        session.run("XDEL k 1");
        assert_eq!(
            session.run("XREADGROUP GROUP g a STREAMS k 0"),
            "*1 *2 $1 k *2 *2 $3 1-0 *-1 *2 $3 2-0 *2 $1 f $1 2"
        );
        assert_eq!(session.run("XREADGROUP GROUP g a STREAMS k 2"), "*1 *2 $1 k *0");
        assert_eq!(session.run("XPENDING k g - + 9 a"), "*2 *4 $3 1-0 $1 a :0 :1 *4 $3 2-0 $1 a :0 :2");
    }

    #[test]
    fn what_is_read_without_acknowledgement_is_not_pending() {
        let mut session = session();
        session.run("XREADGROUP GROUP g a NOACK COUNT 2 STREAMS k >");
        assert_eq!(session.run("XPENDING k g"), "*4 :0 $-1 $-1 *-1");
        assert!(session.run("XINFO GROUPS k").contains("$17 last-delivered-id $3 2-0 $12 entries-read :2 $3 lag :1"));
    }

    #[test]
    fn an_entry_read_again_changes_hands() {
        let mut session = session();
        session.run("XREADGROUP GROUP g a STREAMS k >");
        session.run("XGROUP SETID k g 1");
        session.run("XREADGROUP GROUP g b COUNT 1 STREAMS k >");
        assert_eq!(session.run("XPENDING k g"), "*4 :3 $3 1-0 $3 3-0 *2 *2 $1 a $1 2 *2 $1 b $1 1");
    }

    #[test]
    fn a_stream_named_twice_is_read_on_where_it_was_left() {
        let mut session = session();
        assert_eq!(
            session.run("XREADGROUP GROUP g a COUNT 2 STREAMS k k > >"),
            "*2 *2 $1 k *2 *2 $3 1-0 *2 $1 f $1 1 *2 $3 2-0 *2 $1 f $1 2 *2 $1 k *1 *2 $3 3-0 *2 $1 f $1 3"
        );
    }

    #[test]
    fn waiting_ends_at_once_for_now() {
        let mut session = session();
        assert_eq!(session.run("XREAD BLOCK 0 STREAMS k $"), "*-1");
        assert_eq!(session.run("XREAD BLOCK -1 STREAMS k $"), "-ERR timeout is negative");
        assert_eq!(session.run("XREAD BLOCK 1.5 STREAMS k $"), "-ERR timeout is not an integer or out of range");
        assert_eq!(session.run("XREAD BLOCK 9223372036854775807 STREAMS k $"), "-ERR timeout is out of range");
    }

    #[test]
    fn errors_come_in_the_order_of_the_reference() {
        let mut session = session();
        session.run("SET s v");
        for (line, reply) in [
            ("XREAD COUNT x STREAMS k 0", "-ERR value is not an integer or out of range"),
            ("XREAD COUNT 1 k 0", "-ERR syntax error"),
            (
                "XREAD STREAMS k l 0",
                "-ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
            ),
            (
                "XREAD NOACK STREAMS k 0",
                "-ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.",
            ),
            (
                "XREAD STREAMS k >",
                "-ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
            ),
            ("XREAD STREAMS k x", "-ERR Invalid stream ID specified as stream command argument"),
            ("XREAD STREAMS k s x 0", "-ERR Invalid stream ID specified as stream command argument"),
            ("XREAD STREAMS k s 0 x", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
            ("XREADGROUP COUNT 1 NOACK STREAMS k >", "-ERR Missing GROUP option for XREADGROUP"),
            (
                "XREADGROUP GROUP x c STREAMS k x",
                "-NOGROUP No such key 'k' or consumer group 'x' in XREADGROUP with GROUP option",
            ),
        ] {
            assert_eq!(session.run(line), reply, "{line}");
        }
        assert!(session.run("XREADGROUP GROUP g c STREAMS k $").starts_with("-ERR The $ ID is meaningless"));
    }

    #[test]
    fn no_line_touches_a_key_that_is_not_locked() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let mut session = session();
        let words = ["STREAMS", "streams", "GROUP", "COUNT", "BLOCK", "NOACK", "g", "k", "a", "1", "0", ">", "$"];
        for key in words {
            session.run(&format!("XGROUP CREATE {key} g 0 MKSTREAM"));
            session.run(&format!("XGROUP CREATE {key} streams 0 MKSTREAM"));
        }
        let mut served = 0;
        for _ in 0..50_000 {
            let mut line =
                ["XREAD a", "XREADGROUP GROUP g", "XREADGROUP COUNT 1 GROUP streams"][random.usize(..3)].to_owned();
            for _ in 0..random.usize(3..9) {
                line += " ";
                line += words[random.usize(..words.len())];
            }
            // To run is enough: keys that are not locked cannot be touched.
            served += usize::from(!session.run(&line.replace("XREAD a", "XREAD")).starts_with('-'));
        }
        assert!(served > 100, "{served} lines were no errors");
    }
}
