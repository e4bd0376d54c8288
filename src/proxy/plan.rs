//! Where a request goes: a function of its row in the command table and its arguments. No sockets, no topology.
//!
//! A [`Router`] works out once per command what its row means to a proxy ([`Route`]); [`Router::plan`] applies that
//! to one request. What a proxy that shares its connections cannot do is refused by name: transactions,
//! subscriptions, blocking commands, MONITOR, and the operator's verbs, which belong to a node. A keyless command
//! that is not known to be safe on any node is refused too: better no answer than a wrong one.

use super::merge::{Merge, push_bulk, push_header};
use super::scan;
use crate::command::Args;
use crate::command::keys::routed_of;
use crate::command::table::{Command, Table};
use crate::command::words::{Flags, RequestPolicy, ResponsePolicy};
use crate::resp::{ArgRange, RequestSpan};
use crate::slot::Slot;
use std::borrow::Cow;

/// Keys of different slots in a command that cannot be split.
pub const CROSS_SLOT: &str = "CROSSSLOT Keys in request don't hash to the same slot";

/// One request of a client.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Its arguments, the name first.
    pub args: Args<'a>,
    span: RequestSpan,
}

impl<'a> Request<'a> {
    /// The request that `span` and `args` describe in `buffer`.
    #[inline]
    pub fn new(buffer: &'a [u8], args: &'a [ArgRange], span: RequestSpan) -> Request<'a> {
        Request { args: Args::new(buffer, args), span }
    }

    /// The request as a RESP array: its own bytes, unless it came as an inline command.
    #[inline]
    pub fn raw(&self) -> Cow<'a, [u8]> {
        if self.span.inline {
            return self.encoded();
        }
        Cow::Borrowed(&self.args.buffer()[self.span.start as usize..self.span.end as usize])
    }

    #[cold]
    fn encoded(&self) -> Cow<'a, [u8]> {
        let mut out = Vec::new();
        push_header(&mut out, b'*', self.args.len() as u64);
        self.args.iter().for_each(|arg| push_bulk(&mut out, arg));
        Cow::Owned(out)
    }
}

/// What a row of the command table means to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// To the slot of the one key, at this argument.
    Key(u8),
    /// To the slot that all keys share; without keys to any node.
    Keys,
    /// As `Keys`, unless the option BLOCK is given (XREAD).
    KeysUnlessBlocking,
    /// By slot: one part per slot.
    Split {
        /// Arguments from one key to the next (MSET: 2).
        step: u8,
        /// Policy of the parts' replies.
        response: Split,
    },
    /// To every primary.
    AllShards(Shards),
    /// SCAN.
    Scan,
    /// To one node, whichever.
    AnyNode,
    /// Answered by the proxy.
    Local,
    /// Not served by a proxy.
    Refused,
}

/// How the parts of a split request are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// [`Merge::InKeyOrder`].
    InKeyOrder,
    /// [`Merge::AllSucceeded`].
    AllSucceeded,
    /// [`Merge::Sum`].
    Sum,
}

/// How the replies of all shards are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shards {
    /// By this response policy.
    Policy(ResponsePolicy),
    /// [`Merge::Concat`].
    Concat,
    /// [`Merge::AnyOf`].
    AnyOf,
}

/// A part of a split request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it goes.
    pub slot: Slot,
    /// The request for it, complete.
    pub request: Vec<u8>,
}

/// What becomes of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Its bytes go to the owner of this slot.
    Forward(Slot),
    /// The parts go to the owners of their slots.
    Split(Vec<Part>, Merge),
    /// Its bytes go to every primary.
    AllShards(Merge),
    /// One step of a SCAN: the shard's place among all, the cursor of its node.
    Scan(usize, u64),
    /// Its bytes go to one node, whichever.
    AnyNode,
    /// The proxy answers.
    Local,
    /// The client gets this error line.
    Refuse(String),
}

/// The routes of all commands.
pub struct Router(Box<[Route]>);

impl Default for Router {
    fn default() -> Router {
        Router(Table::get().all().map(route).collect())
    }
}

impl Router {
    /// Where this request of `command` goes; its arity has been checked. O(arguments) for commands with several
    /// keys, O(length of the key) otherwise.
    #[inline]
    pub fn plan(&self, command: &Command, request: Args<'_>) -> Plan {
        match self.0[usize::from(command.id)] {
            Route::Key(index) => Plan::Forward(Slot::of(request.at(usize::from(index)))),
            Route::Keys => same_slot(command, request),
            Route::KeysUnlessBlocking => {
                if blocks(request) {
                    refuse(command)
                } else {
                    same_slot(command, request)
                }
            }
            Route::Split { step, response } => split(command, request, usize::from(step), response),
            Route::AllShards(shards) => Plan::AllShards(merge_of(shards)),
            Route::Scan => match scan::parse_cursor(request.at(1)) {
                Some((shard, node_cursor)) => Plan::Scan(shard, node_cursor),
                None => Plan::Refuse("ERR invalid cursor".into()),
            },
            Route::AnyNode => Plan::AnyNode,
            Route::Local => Plan::Local,
            Route::Refused => refuse(command),
        }
    }
}

/// The error for a command that a proxy does not serve.
pub fn not_supported(name: &str) -> String {
    let name = name.replace('|', " ").to_uppercase();
    format!("ERR {name} is not supported by the slotwise proxy yet")
}

#[cold]
fn refuse(command: &Command) -> Plan {
    Plan::Refuse(not_supported(&command.name))
}

/// What the row means; see the module for the reasons.
fn route(command: &Command) -> Route {
    let name = &*command.name;
    let container = name.split('|').next().unwrap_or(name);
    match container {
        "ping" | "echo" | "hello" | "auth" | "select" | "reset" | "quit" | "client" | "command" | "config" | "info"
        | "cluster" | "readonly" | "readwrite" | "asking" => return Route::Local,
        "watch" | "migrate" | "wait" | "waitaof" | "pubsub" | "subscribe" | "psubscribe" | "ssubscribe"
        | "unsubscribe" | "punsubscribe" | "sunsubscribe" => return Route::Refused,
        "time" | "lolwut" | "publish" => return Route::AnyNode,
        "scan" => return Route::Scan,
        "randomkey" => return Route::AllShards(Shards::AnyOf),
        "xread" | "xreadgroup" => return Route::KeysUnlessBlocking,
        _ if command.flags.has(Flags::BLOCKING) => return Route::Refused,
        _ if name.ends_with("|help") => return Route::AnyNode,
        _ => {}
    }
    // Channels (SPUBLISH) decide the slot as keys do.
    if command.has_keys() || !command.keys.is_empty() {
        return keyed(command);
    }
    let kept_by_all =
        matches!(command.spec.group, "generic" | "scripting") || matches!(name, "dbsize" | "flushall" | "flushdb");
    match (command.request_policy, command.response_policy) {
        (_, Some(ResponsePolicy::Special)) => Route::Refused,
        (Some(RequestPolicy::AllShards | RequestPolicy::AllNodes), response) if kept_by_all => {
            Route::AllShards(response.map_or(Shards::Concat, Shards::Policy))
        }
        _ => Route::Refused,
    }
}

fn keyed(command: &Command) -> Route {
    let (first, last, step) = command.legacy_range;
    let step = u8::try_from(step).unwrap_or(1);
    if command.request_policy == Some(RequestPolicy::MultiShard) && first == 1 && last == -1 && step > 0 {
        match command.response_policy {
            None => return Route::Split { step, response: Split::InKeyOrder },
            Some(ResponsePolicy::AllSucceeded) => return Route::Split { step, response: Split::AllSucceeded },
            Some(ResponsePolicy::AggSum) => return Route::Split { step, response: Split::Sum },
            // MSETNX is all or nothing, which parts on several shards are not.
            Some(_) => {}
        }
    }
    match command.simple_first_key {
        Some(index) if first == last => Route::Key(index),
        _ => Route::Keys,
    }
}

fn merge_of(shards: Shards) -> Merge {
    match shards {
        Shards::Concat => Merge::Concat,
        Shards::AnyOf => Merge::AnyOf(fastrand::u32(..)),
        Shards::Policy(ResponsePolicy::OneSucceeded) => Merge::OneSucceeded,
        Shards::Policy(ResponsePolicy::AllSucceeded | ResponsePolicy::Special) => Merge::AllSucceeded,
        Shards::Policy(ResponsePolicy::AggSum) => Merge::Sum,
        Shards::Policy(ResponsePolicy::AggMin) => Merge::Min,
        Shards::Policy(ResponsePolicy::AggMax) => Merge::Max,
        Shards::Policy(ResponsePolicy::AggLogicalAnd) => Merge::And,
        Shards::Policy(ResponsePolicy::AggLogicalOr) => Merge::Or,
    }
}

fn same_slot(command: &Command, request: Args<'_>) -> Plan {
    let keys = routed_of(command, request.len(), |index| request.at(index));
    let mut slots = keys.iter().map(|(index, _)| Slot::of(request.at(index)));
    // Without keys the arguments are wrong (any node says so) or the script uses none.
    let Some(slot) = slots.next() else { return Plan::AnyNode };
    if slots.all(|other| other == slot) { Plan::Forward(slot) } else { Plan::Refuse(CROSS_SLOT.into()) }
}

/// XREAD and XREADGROUP with BLOCK among the options in front of STREAMS.
fn blocks(args: Args<'_>) -> bool {
    args.skip(1).take_while(|arg| !arg.eq_ignore_ascii_case(b"streams")).any(|arg| arg.eq_ignore_ascii_case(b"block"))
}

/// One part per slot: nodes refuse keys of several slots in one request, though they own them all.
fn split(command: &Command, request: Args<'_>, step: usize, response: Split) -> Plan {
    if !(request.len() - 1).is_multiple_of(step) {
        return Plan::Refuse(wrong_arity(&command.name));
    }
    let first = Slot::of(request.at(1));
    if (1..request.len()).step_by(step).all(|index| Slot::of(request.at(index)) == first) {
        return Plan::Forward(first);
    }
    // (slot, argument), by slot and then in the order of the request.
    let mut keys: Vec<(Slot, u32)> =
        (1..request.len()).step_by(step).map(|index| (Slot::of(request.at(index)), index as u32)).collect();
    keys.sort_unstable();
    let mut parts = Vec::new();
    let mut order = if response == Split::InKeyOrder { vec![0; keys.len()] } else { Vec::new() };
    for group in keys.chunk_by(|a, b| a.0 == b.0) {
        let mut part = Vec::new();
        push_header(&mut part, b'*', (1 + group.len() * step) as u64);
        push_bulk(&mut part, request.at(0));
        for &(_, index) in group {
            (0..step).for_each(|offset| push_bulk(&mut part, request.at(index as usize + offset)));
            if let Some(place) = order.get_mut((index as usize - 1) / step) {
                *place = parts.len() as u32;
            }
        }
        parts.push(Part { slot: group[0].0, request: part });
    }
    let merge = match response {
        Split::InKeyOrder => Merge::InKeyOrder(order),
        Split::AllSucceeded => Merge::AllSucceeded,
        Split::Sum => Merge::Sum,
    };
    Plan::Split(parts, merge)
}

/// The reference's arity error for a command of this whole name.
#[cold]
pub fn wrong_arity(name: &str) -> String {
    format!("ERR wrong number of arguments for '{name}' command")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::{RequestLimits, RequestParser};

    /// The plan for a line as redis-cli takes it.
    fn plan(line: &str) -> Plan {
        let mut buffer = [line.as_bytes(), b"\r\n"].concat();
        let mut parser = RequestParser::default();
        let limits = RequestLimits { bulk_bytes_max: 1 << 20, unauthenticated: false };
        parser.parse(&mut buffer, limits, 1).unwrap();
        let span = parser.requests()[0];
        let args = Request::new(&buffer, parser.args_of(&span), span).args;
        match Table::get().lookup(args.at(0), args.get(1)) {
            None => Plan::Refuse(crate::command::unknown_command(args).to_string()),
            Some(command) if !command.takes(args.len()) => Plan::Refuse(wrong_arity(&command.name)),
            Some(command) => Router::default().plan(command, args),
        }
    }

    fn forward(key: &str) -> Plan {
        Plan::Forward(Slot::of(key.as_bytes()))
    }

    fn refusal(line: &str) -> String {
        match plan(line) {
            Plan::Refuse(text) => text,
            other => panic!("{line}: {other:?}"),
        }
    }

    /// The split parts of a request as lines.
    fn parts(line: &str) -> (Vec<String>, Merge) {
        match plan(line) {
            Plan::Split(parts, merge) => {
                let words = |part: &Part| {
                    let (_, _, body) = super::super::reply_scan::aggregate(&part.request).unwrap();
                    let words: Vec<String> = super::super::reply_scan::values(body)
                        .map(|word| String::from_utf8_lossy(super::super::reply_scan::string(word).unwrap()).into())
                        .collect();
                    assert!(words[1..].iter().any(|word| Slot::of(word.as_bytes()) == part.slot));
                    words.join(" ")
                };
                (parts.iter().map(words).collect(), merge)
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_request_of_one_slot_goes_there_as_it_is() {
        for (line, key) in [
            ("get a", "a"),
            ("SET {t}a 1 EX 5", "t"),
            ("mget {t}a {t}b", "t"),
            ("mset {t}a 1 {t}b 2", "t"),
            ("msetnx {t}a 1 {t}b 2", "t"),
            ("bitop and {t}d {t}a", "t"),
            ("object encoding k", "k"),
            ("memory usage k", "k"),
            ("xread COUNT 2 STREAMS {t}a {t}b 0 0", "t"),
            ("xadd s * a 1", "s"),
            ("zunionstore {t}d 2 {t}a {t}b", "t"),
            ("sort k LIMIT 0 1 STORE k", "k"),
            ("georadius k 1 2 3 m STORE k", "k"),
            ("eval 'return 1' 1 k", "k"),
            ("spublish ch m", "ch"),
            ("rename {t}a {t}b", "t"),
        ] {
            assert_eq!(plan(line), forward(key), "{line}");
        }
    }

    #[test]
    fn splittable_commands_are_split_by_slot() {
        // Slots: a 15495, b 3300, c 7365.
        let (lines, merge) = parts("mget a b a c");
        assert_eq!(lines, ["mget b", "mget c", "mget a a"]);
        assert_eq!(merge, Merge::InKeyOrder(vec![2, 0, 2, 1]));
        assert_eq!(parts("MSET a 1 b 2 a 3"), (vec!["MSET b 2".into(), "MSET a 1 a 3".into()], Merge::AllSucceeded));
        for name in ["del", "unlink", "exists", "touch"] {
            let expected = (vec![format!("{name} b"), format!("{name} a")], Merge::Sum);
            assert_eq!(parts(&format!("{name} a b")), expected);
        }
    }

    #[test]
    fn what_cannot_be_split_is_refused_across_slots() {
        for line in ["msetnx a 1 b 2", "rename a b", "sinter a b", "zunionstore d 1 a", "bitop and d a", "pfcount a b"]
        {
            assert_eq!(refusal(line), CROSS_SLOT, "{line}");
        }
    }

    #[test]
    fn keyspace_wide_commands_go_to_all_shards() {
        assert_eq!(plan("dbsize"), Plan::AllShards(Merge::Sum));
        assert_eq!(plan("flushall async"), Plan::AllShards(Merge::AllSucceeded));
        assert_eq!(plan("flushdb"), Plan::AllShards(Merge::AllSucceeded));
        assert_eq!(plan("keys *"), Plan::AllShards(Merge::Concat));
        assert_eq!(plan("script exists a"), Plan::AllShards(Merge::And));
        assert_eq!(plan("script flush"), Plan::AllShards(Merge::AllSucceeded));
        assert_eq!(plan("function flush"), Plan::AllShards(Merge::AllSucceeded));
        assert!(matches!(plan("randomkey"), Plan::AllShards(Merge::AnyOf(_))));
        assert_eq!(plan("scan 0 count 5"), Plan::Scan(0, 0));
        assert_eq!(refusal("scan x"), "ERR invalid cursor");
        assert_eq!((plan("time"), plan("publish c m")), (Plan::AnyNode, Plan::AnyNode));
    }

    #[test]
    fn what_a_shared_connection_cannot_do_is_refused_by_name() {
        let text = "ERR MULTI is not supported by the slotwise proxy yet";
        assert_eq!(refusal("multi"), text);
        for line in [
            "exec",
            "discard",
            "watch a",
            "unwatch",
            "subscribe a",
            "ssubscribe a",
            "psubscribe a",
            "unsubscribe",
            "blpop a 0",
            "brpop a 0",
            "blmove a a left left 0",
            "brpoplpush a a 0",
            "bzpopmin a 0",
            "blmpop 0 1 a left",
            "bzmpop 0 1 a min",
            "xread block 0 streams a 0",
            "monitor",
            "wait 1 0",
            "debug sleep 1",
            "shutdown",
            "sync",
            "psync a 1",
            "replicaof a 1",
            "migrate h 1 a 0 1",
            "swapdb 0 1",
            "acl list",
            "latency latest",
            "save",
            "bgsave",
            "slowlog get",
            "memory stats",
            "failover",
            "role",
            "pubsub channels",
            "module list",
        ] {
            assert!(refusal(line).ends_with("by the slotwise proxy yet"), "{line}: {}", refusal(line));
        }
        for line in ["ping", "echo a", "hello", "client id", "config get save", "cluster info", "info", "command count"]
        {
            assert_eq!(plan(line), Plan::Local);
        }
    }

    #[test]
    fn no_command_with_connection_state_is_ever_forwarded() {
        let router = Router::default();
        for command in Table::get().all() {
            let forwarded = !matches!(router.0[usize::from(command.id)], Route::Local | Route::Refused);
            let stateful = matches!(command.spec.group, "connection" | "transactions" | "cluster");
            assert!(!(forwarded && stateful), "{}", command.name);
        }
    }

    #[test]
    fn the_arity_guarantees_every_argument_a_route_looks_at() {
        let router = Router::default();
        for command in Table::get().all() {
            let least = usize::from(command.spec.arity.unsigned_abs());
            match router.0[usize::from(command.id)] {
                Route::Key(index) => assert!(usize::from(index) < least, "{}", command.name),
                Route::Split { .. } | Route::Scan => assert!(least >= 2, "{}", command.name),
                _ => {}
            }
        }
    }

    #[test]
    fn errors_of_arity_and_name_are_the_reference_s() {
        assert_eq!(refusal("get"), "ERR wrong number of arguments for 'get' command");
        assert_eq!(refusal("mset a 1 b"), "ERR wrong number of arguments for 'mset' command");
        assert_eq!(refusal("client"), "ERR wrong number of arguments for 'client' command");
        assert_eq!(refusal("object encoding"), "ERR wrong number of arguments for 'object|encoding' command");
        assert_eq!(refusal("client foo"), "ERR unknown subcommand 'foo'. Try CLIENT HELP.");
        assert_eq!(refusal("foo"), "ERR unknown command 'foo', with args beginning with: ");
        assert_eq!(refusal("foo a b"), "ERR unknown command 'foo', with args beginning with: 'a' 'b' ");
        let long = "x".repeat(200);
        let shown = "x".repeat(128);
        assert_eq!(
            refusal(&format!("foo {long} b")),
            format!("ERR unknown command 'foo', with args beginning with: '{shown}' ")
        );
    }
}
