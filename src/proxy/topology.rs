//! What the proxy knows of the cluster: which node owns which slot, read from CLUSTER SHARDS or CLUSTER SLOTS.
//!
//! Pure: replies in, a [`View`] out; [`super::discovery`] asks the nodes.

use super::reply_scan::{aggregate, integer, string, values};
use crate::slot::{Slot, SlotRange};
use std::fmt;
use std::sync::Arc;

/// A node's address: host name or IP, and client port.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct NodeAddr {
    host: Arc<str>,
    port: u16,
}

impl NodeAddr {
    /// The address of `host` at `port`.
    pub fn new(host: &str, port: u16) -> NodeAddr {
        NodeAddr { host: host.into(), port }
    }

    /// Reads `HOST:PORT`; an IPv6 host may stand in brackets. `None` without a host or a port.
    pub fn parse(text: &str) -> Option<NodeAddr> {
        let (host, port) = text.rsplit_once(':')?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() { None } else { Some(NodeAddr::new(host, port.parse().ok()?)) }
    }

    /// Host name or IP.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Client port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for NodeAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Which primary serves which slots. Immutable once published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Primaries that own slots, each with its ranges in ascending order; ordered by lowest slot.
    pub primaries: Vec<(NodeAddr, Vec<SlotRange>)>,
}

impl View {
    /// Number of slots that have an owner.
    pub fn covered_slots(&self) -> usize {
        self.primaries.iter().flat_map(|(_, ranges)| ranges).map(|range| range.count()).sum()
    }

    fn add(&mut self, addr: NodeAddr, range: SlotRange) {
        match self.primaries.iter_mut().find(|(known, _)| *known == addr) {
            Some((_, ranges)) => ranges.push(range),
            None => self.primaries.push((addr, vec![range])),
        }
    }

    /// Puts everything in order; `None` when no slot has an owner.
    fn finish(mut self) -> Option<View> {
        for (_, ranges) in &mut self.primaries {
            ranges.sort();
        }
        self.primaries.sort_by_key(|(_, ranges)| ranges[0]);
        (!self.primaries.is_empty()).then_some(self)
    }
}

/// Most nodes of one shard that are looked at.
const SHARD_NODES_MAX: usize = 64;

/// The view in a CLUSTER SHARDS reply (RESP2 or RESP3) that came from `answering`; `None` when it is no such
/// reply or names no owner of any slot.
pub fn from_shards(reply: &[u8], answering: &NodeAddr) -> Option<View> {
    let mut view = View::default();
    for shard in array(reply)? {
        let mut slots = None;
        let mut nodes = None;
        for (name, value) in pairs(shard)? {
            match name {
                b"slots" => slots = Some(value),
                b"nodes" => nodes = Some(value),
                _ => {}
            }
        }
        let numbers: Vec<i64> = array(slots?)?.map(integer).collect::<Option<_>>()?;
        if numbers.is_empty() {
            continue;
        }
        let primaries: Vec<ShardNode> =
            array(nodes?)?.take(SHARD_NODES_MAX).filter_map(shard_node).filter(|node| node.primary).collect();
        // After a failover the failed primary may still be listed beside the new one.
        let Some(primary) = primaries.iter().find(|node| node.online).or(primaries.first()) else { continue };
        let addr = NodeAddr::new(primary.host.as_deref().unwrap_or(answering.host()), primary.port);
        for ends in numbers.chunks_exact(2) {
            view.add(addr.clone(), range(ends[0], ends[1])?);
        }
    }
    view.finish()
}

struct ShardNode {
    host: Option<String>,
    port: u16,
    primary: bool,
    online: bool,
}

fn shard_node(node: &[u8]) -> Option<ShardNode> {
    let (mut endpoint, mut ip, mut port, mut primary, mut online) = (None, None, None, false, false);
    for (name, value) in pairs(node)? {
        match name {
            b"endpoint" => endpoint = host(value),
            b"ip" => ip = host(value),
            b"port" => port = integer(value).and_then(|port| u16::try_from(port).ok()),
            b"role" => primary = string(value) == Some(b"master"),
            b"health" => online = string(value) == Some(b"online"),
            _ => {}
        }
    }
    Some(ShardNode { host: endpoint.or(ip), port: port?, primary, online })
}

/// The view in a CLUSTER SLOTS reply that came from `answering`; `None` as in [`from_shards`].
pub fn from_slots(reply: &[u8], answering: &NodeAddr) -> Option<View> {
    let mut view = View::default();
    for entry in array(reply)? {
        let mut fields = array(entry)?;
        let range = range(integer(fields.next()?)?, integer(fields.next()?)?)?;
        let mut primary = array(fields.next()?)?;
        let named = primary.next().and_then(host);
        let port = u16::try_from(integer(primary.next()?)?).ok()?;
        view.add(NodeAddr::new(named.as_deref().unwrap_or(answering.host()), port), range);
    }
    view.finish()
}

fn range(first: i64, last: i64) -> Option<SlotRange> {
    SlotRange::new(Slot::new(u64::try_from(first).ok()?)?, Slot::new(u64::try_from(last).ok()?)?)
}

/// A host that is named: neither null nor empty nor `?`.
fn host(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(string(value)?).ok()?;
    (!text.is_empty() && text != "?").then(|| text.to_owned())
}

fn array(reply: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let (_, _, body) = aggregate(reply)?;
    Some(values(body))
}

/// The entries of a map, or of the flat array that stands for one in RESP2; entries with unreadable names are left out.
fn pairs(reply: &[u8]) -> Option<impl Iterator<Item = (&[u8], &[u8])>> {
    let mut values = array(reply)?;
    Some(
        std::iter::from_fn(move || Some((values.next()?, values.next()?)))
            .filter_map(|(name, value)| Some((string(name)?, value))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        for word in text.split_whitespace() {
            match word.as_bytes()[0] {
                b'*' | b'%' | b':' | b'_' => out.extend(word.bytes().chain(*b"\r\n")),
                _ if word == "nil" => out.extend(b"$-1\r\n"),
                _ if word == "empty" => out.extend(b"$0\r\n\r\n"),
                _ => out.extend(format!("${}\r\n{word}\r\n", word.len()).bytes()),
            }
        }
        out
    }

    fn shown(view: Option<View>) -> Vec<String> {
        let primaries = view.map_or_else(Vec::new, |view| view.primaries);
        let ends = |range: &SlotRange| format!(" {}-{}", range.first, range.last);
        primaries
            .iter()
            .map(|(addr, ranges)| format!("{addr}{}", ranges.iter().map(ends).collect::<String>()))
            .collect()
    }

    const ASKED: &str = "10.0.0.9";

    #[test]
    fn shards_name_their_primaries_in_both_protocols() {
        let resp2 = "*2 \
            *4 slots *4 :8000 :16383 :10 :20 nodes *2 \
                *8 port :7002 ip 10.0.0.2 role master health fail \
                *10 port :7004 ip 10.0.0.4 endpoint b.example role master health online \
            *4 slots *2 :0 :9 nodes *2 \
                *8 port :7003 ip 10.0.0.3 role replica health online \
                *8 port :7001 ip empty role master health online";
        let resp3 = resp2.replace("*4 slots", "%2 slots").replace("*8 port", "%4 port").replace("*10 port", "%5 port");
        for text in [resp2, &resp3] {
            let view = from_shards(&wire(text), &NodeAddr::new(ASKED, 1));
            assert_eq!(view.as_ref().map(View::covered_slots), Some(8405));
            assert_eq!(shown(view), ["10.0.0.9:7001 0-9", "b.example:7004 10-20 8000-16383"]);
        }
    }

    #[test]
    fn slots_with_a_null_host_are_on_the_host_that_was_asked() {
        let text = "*2 *4 :5 :9 *3 fe80 :7002 id2 *3 10.0.0.5 :7005 id5 *3 :0 :4 *3 nil :7001 id1";
        assert_eq!(shown(from_slots(&wire(text), &NodeAddr::new(ASKED, 1))), ["10.0.0.9:7001 0-4", "fe80:7002 5-9"]);
    }

    #[test]
    fn what_is_no_topology_is_none() {
        let asked = NodeAddr::new(ASKED, 1);
        for reply in
            [&b"-ERR unknown\r\n"[..], b"*0\r\n", b"+OK\r\n", b"*1\r\n:1\r\n", b"*1\r\n*3\r\n:9\r\n:5\r\n*0\r\n"]
        {
            assert_eq!(from_shards(reply, &asked), None);
            assert_eq!(from_slots(reply, &asked), None);
        }
    }

    #[test]
    fn addresses_are_read_and_shown() {
        assert_eq!(NodeAddr::parse("[::1]:7").unwrap().to_string(), "[::1]:7");
        assert_eq!(NodeAddr::parse("localhost:7001").unwrap().to_string(), "localhost:7001");
        assert_eq!((NodeAddr::parse("7001"), NodeAddr::parse(":1"), NodeAddr::parse("a:b")), (None, None, None));
    }
}
