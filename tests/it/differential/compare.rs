//! When two servers' replies to the same step agree: byte for byte, except where the reference itself leaves them open.
//!
//! Left open are the order of hash tables, random picks (judged against what could be picked), the clock, and the server's
//! own identity. What slotwise does differently on purpose stands in `exceptions`, not here.

use super::exceptions;
use super::families::Step;
use super::wire::{Reply, Request};

/// Two servers are asked one after the other: their clocks may lie this far apart.
const CLOCK_TOLERANCE_MS: i64 = 10_000;

/// How a reply is judged.
#[derive(Clone, Copy, PartialEq)]
enum Rule {
    /// The same bytes.
    Exact,
    /// The same elements in any order.
    AnyOrder,
    /// The same pairs in any order.
    AnyPairOrder,
    /// A cursor and its page: `AnyOrder` or `AnyPairOrder` on the page when it is the whole, only its form otherwise
    /// (which elements a page has is each server's own).
    Scan { pairs: bool, whole: bool },
    /// The same type of reply (an error: the same text).
    Form,
    /// The same nesting, lengths and types.
    Shape,
    /// An aggregate of the same length.
    Count,
    /// Milliseconds per unit: negative replies exactly, others within the tolerance.
    Clock { unit_ms: i64 },
    /// What is told of streams, their groups and consumers: the same but for times, and for what 7.2 tells besides.
    Stream,
    /// DUMP: the same bytes where no table's order, no list's nodes and no times show in them.
    Dump,
    /// HELLO: the fields that are not the server's identity.
    Hello,
}

/// The number of the first request of a step whose replies disagree.
pub fn disagreement(step: &Step, left: &[Reply], right: &[Reply]) -> Option<usize> {
    let packed = |replies: &[Reply]| replies.first().is_some_and(|r| matches!(r.bytes(), b"listpack" | b"intset"));
    let ordered = step.len() > 1
        && is(&step[0], "OBJECT")
        && if step[1][0].to_ascii_uppercase().starts_with(b"SORT") {
            sorts_in_order(&step[1], &right[0])
        } else {
            packed(right)
        };
    (0..step.len()).find(|&i| {
        let rule = match rule(&step[i]) {
            Rule::AnyOrder | Rule::AnyPairOrder | Rule::Count if ordered => Rule::Exact,
            // What is left after a random pick.
            Rule::AnyOrder if i > 0 && is(&step[i - 1], "SPOP") => Rule::Shape,
            rule => rule,
        };
        let agree = agree(rule, &left[i], &right[i])
            && !(i > 0 && bad_pick(step, left, i))
            && !(i > 0 && bad_pick(step, right, i));
        !agree && !exceptions::covers(&step[i], &left[i], &right[i])
    })
}

/// Whether a SORT's order is certain, by the encoding of what it sorts.
fn sorts_in_order(request: &Request, encoding: &Reply) -> bool {
    match encoding.bytes() {
        b"quicklist" | b"intset" => true,
        b"listpack" | b"skiplist" => SortOptions::of(request).unsorted,
        _ => false,
    }
}

fn is(request: &Request, name: &str) -> bool {
    request.first().is_some_and(|arg| arg.eq_ignore_ascii_case(name.as_bytes()))
}

fn rule(request: &Request) -> Rule {
    let upper: Vec<String> = request.iter().map(|arg| String::from_utf8_lossy(arg).to_ascii_uppercase()).collect();
    let sub = upper.get(1).map_or("", String::as_str);
    match upper[0].as_str() {
        "SMEMBERS" | "SINTER" | "SUNION" | "SDIFF" | "HKEYS" | "HVALS" | "KEYS" => Rule::AnyOrder,
        "HGETALL" => Rule::AnyPairOrder,
        "SCAN" | "SSCAN" | "HSCAN" | "ZSCAN" => {
            let pairs = matches!(upper[0].as_str(), "HSCAN" | "ZSCAN");
            let cursor = upper.get(if upper[0] == "SCAN" { 1 } else { 2 });
            let count =
                upper.iter().rposition(|arg| arg == "COUNT").and_then(|at| upper.get(at + 1)?.parse::<i64>().ok());
            Rule::Scan { pairs, whole: cursor.is_some_and(|c| c == "0") && count.is_some_and(|count| count >= 100_000) }
        }
        "SPOP" | "SRANDMEMBER" | "HRANDFIELD" | "ZRANDMEMBER" | "RANDOMKEY" => Rule::Shape,
        "TTL" | "EXPIRETIME" => Rule::Clock { unit_ms: 1000 },
        "PTTL" | "PEXPIRETIME" => Rule::Clock { unit_ms: 1 },
        "TIME" | "LASTSAVE" | "LOLWUT" | "INFO" => Rule::Form,
        "OBJECT" if matches!(sub, "IDLETIME" | "REFCOUNT") => Rule::Form,
        "OBJECT" | "CONFIG" | "MEMORY" | "CLIENT" | "COMMAND" | "CLUSTER" if sub == "HELP" => Rule::Form,
        "MEMORY" if sub == "USAGE" => Rule::Form,
        "COMMAND" if sub == "INFO" && request.len() == 2 => Rule::Form,
        "COMMAND" if matches!(sub, "" | "LIST" | "DOCS" | "COUNT") => Rule::Form,
        "CLIENT" if matches!(sub, "ID" | "INFO" | "LIST") => Rule::Form,
        "CLUSTER" if matches!(sub, "INFO" | "MYID" | "SLOTS" | "NODES" | "SHARDS") => Rule::Form,
        "CLUSTER" if sub == "GETKEYSINSLOT" => Rule::AnyOrder,
        // All settings: ports and sizes are each server's own.
        "CONFIG"
            if sub == "GET" && upper[2..].iter().any(|pattern| pattern.contains('*') && !pattern.contains("MAX")) =>
        {
            Rule::Form
        }
        "CONFIG" if sub == "GET" => Rule::AnyPairOrder,
        "DUMP" => Rule::Dump,
        "HELLO" => Rule::Hello,
        "XPENDING" => Rule::Stream,
        "XINFO" if sub != "HELP" => Rule::Stream,
        // Sorting without, or by equal, weights: the order is the container's or the algorithm's.
        "SORT" | "SORT_RO" => match SortOptions::of(request) {
            options if options.stored || !options.any_order() => Rule::Exact,
            SortOptions { cut: true, .. } => Rule::Count,
            _ => Rule::AnyOrder,
        },
        _ => Rule::Exact,
    }
}

/// What a SORT's options say about the order of its reply.
#[derive(Default)]
pub struct SortOptions {
    unsorted: bool,
    by_weight: bool,
    alpha: bool,
    /// STORE: the order becomes part of the state.
    pub stored: bool,
    /// LIMIT or GET: elements are left out, or others stand for them.
    cut: bool,
}

impl SortOptions {
    /// Reads the options; those after a broken one do not matter.
    pub fn of(request: &Request) -> SortOptions {
        let mut options = SortOptions::default();
        let mut rest = request.iter().skip(2);
        while let Some(option) = rest.next() {
            match option.to_ascii_uppercase().as_slice() {
                b"ALPHA" => options.alpha = true,
                b"BY" => match rest.next() {
                    Some(pattern) if pattern.contains(&b'*') => options.by_weight = true,
                    _ => options.unsorted = true,
                },
                b"LIMIT" => {
                    options.cut = true;
                    rest.nth(1);
                }
                b"GET" => {
                    options.cut = true;
                    rest.next();
                }
                b"STORE" => {
                    options.stored = true;
                    rest.next();
                }
                _ => {}
            }
        }
        options
    }

    /// Whether the order is the container's, or the sorting algorithm's among equal weights.
    pub fn any_order(&self) -> bool {
        self.unsorted || self.by_weight && self.alpha
    }

    /// Whether a stored order would be the algorithm's (without weights, the reference sorts what it stores).
    pub fn stores_any_order(&self) -> bool {
        self.stored && self.by_weight && self.alpha
    }
}

fn agree(rule: Rule, left: &Reply, right: &Reply) -> bool {
    if left == right {
        return true;
    }
    if left.error().is_some() || right.error().is_some() {
        return false;
    }
    let tagged = |reply: &Reply| reply.tag();
    match rule {
        Rule::Exact => false,
        Rule::AnyOrder => tagged(left) == tagged(right) && sorted(left.items()) == sorted(right.items()),
        Rule::AnyPairOrder => {
            tagged(left) == tagged(right) && sorted_pairs(left.items()) == sorted_pairs(right.items())
        }
        Rule::Scan { pairs, whole } => match (left.items(), right.items()) {
            ([lc, l], [rc, r]) if lc.tag() == rc.tag() && l.tag() == r.tag() => match (whole, pairs) {
                (true, true) => lc == rc && sorted_pairs(l.items()) == sorted_pairs(r.items()),
                (true, false) => lc == rc && sorted(l.items()) == sorted(r.items()),
                (false, _) => true,
            },
            _ => false,
        },
        Rule::Form => tagged(left) == tagged(right),
        Rule::Shape => tagged(left) == tagged(right) && same_shape(left, right),
        Rule::Count => tagged(left) == tagged(right) && left.items().len() == right.items().len(),
        Rule::Clock { unit_ms } => match (left.int(), right.int()) {
            (Some(l), Some(r)) if l >= 0 && r >= 0 => {
                l.abs_diff(r).saturating_mul(unit_ms as u64) <= CLOCK_TOLERANCE_MS as u64
            }
            _ => false,
        },
        Rule::Stream => timeless(left) == timeless(right),
        Rule::Dump => match (left.bytes(), right.bytes()) {
            // Lists, and sets and hashes in tables: the encoding is still the same.
            ([l @ (18 | 2 | 4), ..], [r, ..]) => l == r,
            // Streams: times of fixed length are in it.
            (l @ [19, ..], r @ [19, ..]) => l.len() == r.len(),
            _ => false,
        },
        Rule::Hello => tagged(left) == tagged(right) && hello_fields(left) == hello_fields(right),
    }
}

/// A reply of XPENDING or XINFO without times, and without the fields that 7.2 added.
fn timeless(reply: &Reply) -> Reply {
    let Reply::Many(tag, items) = reply else { return reply.clone() };
    let untimed = || Reply::Line(b':', b"a time".to_vec());
    let mut out: Vec<Reply> = Vec::new();
    let mut rest = items.iter();
    while let Some(item) = rest.next() {
        match item.bytes() {
            b"active-time" | b"inactive" => drop(rest.next()),
            b"seen-time" | b"idle" => {
                out.push(item.clone());
                out.extend(rest.next().map(|_| untimed()));
            }
            _ => out.push(timeless(item)),
        }
    }
    // A pending entry: id, the consumer unless it is one's own, time of delivery or since, deliveries.
    if let [.., time, deliveries] = &mut out[..]
        && matches!(items.len(), 3 | 4)
        && time.int().is_some()
        && deliveries.int().is_some()
    {
        *time = untimed();
    }
    Reply::Many(*tag, out)
}

fn sorted(items: &[Reply]) -> Vec<&Reply> {
    let mut items: Vec<&Reply> = items.iter().collect();
    items.sort();
    items
}

fn sorted_pairs(items: &[Reply]) -> Vec<&[Reply]> {
    let mut pairs: Vec<&[Reply]> = items.chunks(2).collect();
    pairs.sort();
    pairs
}

/// The same nesting and types, whatever the strings.
fn same_shape(left: &Reply, right: &Reply) -> bool {
    left.tag() == right.tag()
        && matches!(left, Reply::Nil(_)) == matches!(right, Reply::Nil(_))
        && left.items().len() == right.items().len()
        && left.items().iter().zip(right.items()).all(|(l, r)| same_shape(l, r))
}

fn hello_fields(reply: &Reply) -> Vec<&[Reply]> {
    let identity: [&[u8]; 3] = [b"server", b"version", b"id"];
    reply.items().chunks(2).filter(|pair| !identity.contains(&pair[0].bytes())).collect()
}

/// Whether a random pick took what was not there (or left what it took), by the other replies of its step.
fn bad_pick(step: &Step, replies: &[Reply], i: usize) -> bool {
    let before = &replies[i - 1];
    let picked = &replies[i];
    if before.error().is_some() || picked.error().is_some() {
        return false;
    }
    let count = step[i].get(2).and_then(|arg| std::str::from_utf8(arg).ok()?.parse::<i64>().ok());
    let distinct_wanted = count.is_some_and(|count| count >= 0);
    let mut members: Vec<&[u8]> = Vec::new();
    if is(&step[i], "RANDOMKEY") || is(&step[i], "SRANDMEMBER") || is(&step[i], "SPOP") {
        flatten(picked, &mut members);
    } else if is(&step[i], "HRANDFIELD") || is(&step[i], "ZRANDMEMBER") {
        flatten(picked, &mut members);
        if step[i].len() == 4 {
            // Member and value must belong together.
            let known: Vec<Vec<&[u8]>> = flat(before).chunks(2).map(<[_]>::to_vec).collect();
            if members.chunks(2).any(|pair| !known.iter().any(|k| k == pair)) {
                return true;
            }
            members = members.chunks(2).map(|pair| pair[0]).collect();
        }
    } else {
        return false;
    }
    let known = flat(before);
    let keyed = is(&step[i], "HRANDFIELD") || is(&step[i], "ZRANDMEMBER");
    let known: Vec<&[u8]> = if keyed { known.chunks(2).map(|pair| pair[0]).collect() } else { known };
    let mut distinct = members.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.iter().any(|member| !known.contains(member)) || (distinct_wanted && distinct.len() != members.len()) {
        return true;
    }
    if is(&step[i], "SPOP") && step.len() > i + 1 {
        let mut rest = flat(&replies[i + 1]);
        rest.extend(members);
        rest.sort_unstable();
        let mut all = known;
        all.sort_unstable();
        return rest != all;
    }
    false
}

fn flat(reply: &Reply) -> Vec<&[u8]> {
    let mut out = Vec::new();
    flatten(reply, &mut out);
    out
}

fn flatten<'r>(reply: &'r Reply, out: &mut Vec<&'r [u8]>) {
    match reply {
        Reply::Many(_, items) => items.iter().for_each(|item| flatten(item, out)),
        Reply::Nil(_) | Reply::Line(b'_', _) => {}
        _ => out.push(reply.bytes()),
    }
}
