//! The cluster in the forms that clients and tools read: CLUSTER NODES, SLOTS, SHARDS, INFO.
//!
//! Pure functions of a view and of who asks. All members print the same slots; only `myself` differs.
//! Source: the pages of these commands, and what `redis-cli --cluster` and client libraries parse.

use super::view::{ClusterView, Member, NodeId};
use crate::resp::Reply;
use crate::slot::SlotRange;
use std::fmt::Write;

/// Who answers, and to whom.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The answering node.
    pub me: NodeId,
    /// The address at which the client reached it: what it announces while it knows no other.
    pub reached_at: &'a str,
    /// Unix ms.
    pub now_ms: i64,
}

impl<'a> Asked<'a> {
    /// The IP address to tell for a member; never empty.
    fn host<'m>(&self, member: &'m Member) -> &'m str
    where
        'a: 'm,
    {
        if member.host.is_empty() { self.reached_at } else { &member.host }
    }
}

/// The text of CLUSTER NODES: a line for each member.
pub fn nodes(view: &ClusterView, asked: Asked<'_>) -> String {
    let mut text = String::new();
    for (index, member) in view.members().iter().enumerate() {
        node_line(&mut text, view, member, index, asked);
    }
    text
}

fn node_line(text: &mut String, view: &ClusterView, member: &Member, index: usize, asked: Asked<'_>) {
    let myself = member.id == asked.me;
    let ranges = view.ranges_of(member.id);
    let _ = write!(text, "{} {}:{}@{}", member.id, asked.host(member), member.port, member.bus_port);
    if !member.hostname.is_empty() {
        let _ = write!(text, ",{}", member.hostname);
    }
    let flags = if myself { "myself,master" } else { "master" };
    let pong_ms = if myself { 0 } else { asked.now_ms };
    let epoch = if ranges.is_empty() { 0 } else { index + 1 };
    let _ = write!(text, " {flags} - 0 {pong_ms} {epoch} connected");
    for SlotRange { first, last } in ranges {
        let _ = if first == last { write!(text, " {first}") } else { write!(text, " {first}-{last}") };
    }
    text.push('\n');
}

/// The reply of CLUSTER SLOTS: each run of slots with its owner.
pub fn slots(view: &ClusterView, asked: Asked<'_>, reply: &mut Reply<'_>) {
    let mut runs: Vec<(SlotRange, &Member)> = view
        .members()
        .iter()
        .flat_map(|member| view.ranges_of(member.id).into_iter().map(move |range| (range, member)))
        .collect();
    runs.sort_by_key(|(range, _)| range.first);
    reply.array(runs.len());
    for (range, member) in runs {
        reply.array(3);
        reply.int(range.first.number().into());
        reply.int(range.last.number().into());
        reply.array(4);
        reply.bulk(asked.host(member).as_bytes());
        reply.int(member.port.into());
        reply.bulk(member.id.to_string().as_bytes());
        if member.hostname.is_empty() {
            reply.map(0);
        } else {
            reply.map(1);
            reply.bulk(b"hostname");
            reply.bulk(member.hostname.as_bytes());
        }
    }
}

/// The reply of CLUSTER SHARDS: each shard with its slots and nodes.
pub fn shards(view: &ClusterView, asked: Asked<'_>, reply: &mut Reply<'_>) {
    reply.array(view.members().len());
    for member in view.members() {
        let ranges = view.ranges_of(member.id);
        reply.map(2);
        reply.bulk(b"slots");
        reply.array(ranges.len() * 2);
        for range in ranges {
            reply.int(range.first.number().into());
            reply.int(range.last.number().into());
        }
        reply.bulk(b"nodes");
        reply.array(1);
        shard_node(member, asked, reply);
    }
}

fn shard_node(member: &Member, asked: Asked<'_>, reply: &mut Reply<'_>) {
    let id = member.id.to_string();
    let host = asked.host(member);
    reply.map(7 + usize::from(!member.hostname.is_empty()));
    reply.bulk(b"id");
    reply.bulk(id.as_bytes());
    reply.bulk(b"port");
    reply.int(member.port.into());
    let mut texts = vec![("ip", host), ("endpoint", host)];
    if !member.hostname.is_empty() {
        texts.push(("hostname", &member.hostname));
    }
    texts.push(("role", "master"));
    for (name, value) in texts {
        reply.bulk(name.as_bytes());
        reply.bulk(value.as_bytes());
    }
    reply.bulk(b"replication-offset");
    reply.int(0);
    reply.bulk(b"health");
    reply.bulk(b"online");
}

/// The text of CLUSTER INFO.
pub fn info(view: &ClusterView, me: NodeId, serving: bool) -> String {
    let assigned = view.assigned();
    let owners = view.members().iter().filter(|member| !view.ranges_of(member.id).is_empty()).count();
    let my_epoch = match view.members().iter().position(|member| member.id == me) {
        Some(index) if !view.ranges_of(me).is_empty() => index + 1,
        _ => 0,
    };
    let fields = [
        ("cluster_slots_assigned", assigned),
        ("cluster_slots_ok", assigned),
        ("cluster_slots_pfail", 0),
        ("cluster_slots_fail", 0),
        ("cluster_known_nodes", view.members().len()),
        ("cluster_size", owners),
        ("cluster_current_epoch", view.epoch as usize),
        ("cluster_my_epoch", my_epoch),
        ("cluster_stats_messages_sent", 0),
        ("cluster_stats_messages_received", 0),
        ("total_cluster_links_buffer_limit_exceeded", 0),
    ];
    let mut text = format!("cluster_state:{}\r\n", if serving { "ok" } else { "fail" });
    for (name, value) in fields {
        let _ = write!(text, "{name}:{value}\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::Protocol;
    use crate::slot::Slot;

    fn member(number: u8) -> Member {
        let id = NodeId::parse(format!("{number:040x}").as_bytes()).unwrap();
        Member { id, shard_id: id, host: "10.0.0.1".into(), port: 7000, bus_port: 17000, hostname: String::new() }
    }

    fn asked(number: u8) -> Asked<'static> {
        Asked { me: member(number).id, reached_at: "127.0.0.1", now_ms: 99 }
    }

    #[test]
    fn nodes_print_minimal_runs_and_mark_themselves() {
        let mut view = ClusterView::new(vec![member(1), Member { host: String::new(), ..member(2) }]);
        for slot in [0, 1, 2, 9] {
            assert!(view.assign(Slot::new(slot).unwrap(), Some(member(1).id)));
        }
        let (one, two) = (format!("{:040x}", 1), format!("{:040x}", 2));
        assert_eq!(
            nodes(&view, asked(2)),
            format!(
                "{one} 10.0.0.1:7000@17000 master - 0 99 1 connected 0-2 9\n\
                 {two} 127.0.0.1:7000@17000 myself,master - 0 0 0 connected\n"
            )
        );
    }

    #[test]
    fn slots_are_listed_in_order_with_their_owner() {
        let view = ClusterView::evenly(vec![member(1), member(2)]);
        let mut out = Vec::new();
        slots(&view, asked(1), &mut Reply::new(&mut out, Protocol::Resp2));
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("*2\r\n*3\r\n:0\r\n:8191\r\n*4\r\n$8\r\n10.0.0.1\r\n:7000\r\n$40\r\n"), "{text}");
        assert!(text.contains("*3\r\n:8192\r\n:16383\r\n"));
    }

    #[test]
    fn info_tells_the_state_and_the_slots() {
        let text = info(&ClusterView::evenly(vec![member(1), member(2)]), member(2).id, true);
        assert!(text.starts_with("cluster_state:ok\r\ncluster_slots_assigned:16384\r\n"));
        assert!(text.contains("cluster_known_nodes:2\r\ncluster_size:2\r\n") && text.contains("cluster_my_epoch:2"));
    }
}
