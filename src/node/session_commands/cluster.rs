//! CLUSTER: what the node knows of slots and members, and setting its own slots by hand.

use super::{Call, Handlers};
use crate::cluster::render::{self, Asked};
use crate::cluster::{ClusterView, NodeId};
use crate::command::number::parse_int;
use crate::command::{Args, Error, Outcome};
use crate::slot::Slot;
use std::collections::BTreeSet;

pub(super) const HANDLERS: Handlers = &[
    ("cluster|addslots", addslots),
    ("cluster|addslotsrange", addslotsrange),
    ("cluster|count-failure-reports", count_failure_reports),
    ("cluster|countkeysinslot", countkeysinslot),
    ("cluster|delslots", delslots),
    ("cluster|delslotsrange", delslotsrange),
    ("cluster|flushslots", flushslots),
    ("cluster|getkeysinslot", getkeysinslot),
    ("cluster|help", help),
    ("cluster|info", info),
    ("cluster|keyslot", keyslot),
    ("cluster|links", links),
    ("cluster|myid", myid),
    ("cluster|myshardid", myshardid),
    ("cluster|nodes", nodes),
    ("cluster|replicas", replicas),
    ("cluster|slaves", replicas),
    ("cluster|shards", shards),
    ("cluster|slots", slots),
];

/// Every CLUSTER command begins with this.
pub(super) fn in_cluster(call: &Call<'_>) -> Outcome {
    if call.node.config.load().cluster_enabled {
        return Ok(());
    }
    Err(Error::Static("ERR This instance has cluster support disabled"))
}

/// Runs `render` with who asks.
fn asked<R>(call: &Call<'_>, render: impl FnOnce(&ClusterView, Asked<'_>) -> R) -> R {
    let reached_at = call.session.client.local.ip().to_string();
    let view = call.node.view.load();
    render(&view, Asked { me: call.node.id, reached_at: &reached_at, now_ms: call.now_ms })
}

fn nodes(call: &mut Call<'_>) -> Outcome {
    in_cluster(call)?;
    let text = asked(call, render::nodes);
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

fn slots(call: &mut Call<'_>) -> Outcome {
    in_cluster(call)?;
    let reached_at = call.session.client.local.ip().to_string();
    let asked = Asked { me: call.node.id, reached_at: &reached_at, now_ms: call.now_ms };
    render::slots(&call.node.view.load(), asked, &mut call.reply);
    Ok(())
}

fn shards(call: &mut Call<'_>) -> Outcome {
    in_cluster(call)?;
    let reached_at = call.session.client.local.ip().to_string();
    let asked = Asked { me: call.node.id, reached_at: &reached_at, now_ms: call.now_ms };
    render::shards(&call.node.view.load(), asked, &mut call.reply);
    Ok(())
}

fn info(call: &mut Call<'_>) -> Outcome {
    in_cluster(call)?;
    let view = call.node.view.load();
    let serving = view.covers_all_slots() || !call.node.config.load().require_full_coverage;
    call.reply.verbatim("txt", render::info(&view, call.node.id, serving).as_bytes());
    Ok(())
}

fn myid(call: &mut Call<'_>) -> Outcome {
    in_cluster(call)?;
    call.reply.bulk(call.node.id.to_string().as_bytes());
    Ok(())
}

fn myshardid(call: &mut Call<'_>) -> Outcome {
    in_cluster(call)?;
    let view = call.node.view.load();
    let shard_id = view.member(call.node.id).map_or(call.node.id, |member| member.shard_id);
    call.reply.bulk(shard_id.to_string().as_bytes());
    Ok(())
}

/// No bus yet: no links.
fn links(call: &mut Call<'_>) -> Outcome {
    in_cluster(call)?;
    call.reply.array(0);
    Ok(())
}

fn known_node(call: &Call<'_>) -> Outcome {
    in_cluster(call)?;
    let name = call.args.at(2);
    match NodeId::parse(name).and_then(|id| call.node.view.load().member(id).map(|member| member.id)) {
        Some(_) => Ok(()),
        None => Err(Error::Text(format!("ERR Unknown node {}", String::from_utf8_lossy(name)))),
    }
}

/// No replicas yet.
fn replicas(call: &mut Call<'_>) -> Outcome {
    known_node(call)?;
    call.reply.array(0);
    Ok(())
}

fn count_failure_reports(call: &mut Call<'_>) -> Outcome {
    known_node(call)?;
    call.reply.int(0);
    Ok(())
}

fn keyslot(call: &mut Call<'_>) -> Outcome {
    in_cluster(call)?;
    call.reply.int(Slot::of(call.args.at(2)).number().into());
    Ok(())
}

fn countkeysinslot(call: &mut Call<'_>) -> Outcome {
    in_cluster(call)?;
    let number = parse_int(call.args.at(2)).ok_or(Error::NotInteger)?;
    let slot = u64::try_from(number).ok().and_then(Slot::new).ok_or(Error::Static("ERR Invalid slot"))?;
    call.reply.int(call.node.keyspace.slot_len(0, slot) as i64);
    Ok(())
}

fn getkeysinslot(call: &mut Call<'_>) -> Outcome {
    in_cluster(call)?;
    let number = parse_int(call.args.at(2)).ok_or(Error::NotInteger)?;
    let count = parse_int(call.args.at(3)).ok_or(Error::NotInteger)?;
    let slot = u64::try_from(number).ok().and_then(Slot::new);
    let (Some(slot), Ok(count)) = (slot, usize::try_from(count)) else {
        return Err(Error::Static("ERR Invalid slot or number of keys"));
    };
    let keys = call.node.keyspace.slot_keys(0, slot, count);
    call.reply.array(keys.len());
    for key in keys {
        call.reply.bulk(&key);
    }
    Ok(())
}

/// A slot's number, or the reference's error.
pub(super) fn slot_argument(argument: &[u8]) -> Result<Slot, Error> {
    parse_int(argument)
        .and_then(|number| u64::try_from(number).ok())
        .and_then(Slot::new)
        .ok_or(Error::Static("ERR Invalid or out of range slot"))
}

/// The slots of `ADDSLOTS slot …`, or of `ADDSLOTSRANGE first last …` when `ranges`: there with the error of the first
/// broken pair, which counts only if the slots before it are sound.
fn slot_arguments(args: Args<'_>, ranges: bool) -> Result<(Vec<Slot>, Outcome), Error> {
    let mut named: Vec<Slot> = Vec::new();
    if !ranges {
        for argument in args.skip(2) {
            named.push(slot_argument(argument)?);
        }
        return Ok((named, Ok(())));
    }
    if !args.len().is_multiple_of(2) {
        return Err(Error::WrongArity(format!("cluster|{}", String::from_utf8_lossy(args.at(1)).to_lowercase())));
    }
    for index in (2..args.len()).step_by(2) {
        let (first, last) = match slot_pair(args.at(index), args.at(index + 1)) {
            Ok(pair) => pair,
            Err(error) => return Ok((named, Err(error))),
        };
        // At most one repetition of a slot is kept: it is an error anyway, and the memory stays bounded.
        named.extend((first.number()..=last.number()).filter_map(|number| Slot::new(number.into())));
        if named.len() > 2 * Slot::COUNT {
            break;
        }
    }
    Ok((named, Ok(())))
}

fn slot_pair(first: &[u8], last: &[u8]) -> Result<(Slot, Slot), Error> {
    let (first, last) = (slot_argument(first)?, slot_argument(last)?);
    if first > last {
        return Err(Error::Text(format!("ERR start slot number {first} is greater than end slot number {last}")));
    }
    Ok((first, last))
}

/// Takes slots that nobody owns, or gives up ones that somebody does: all of them or none.
fn change_slots(call: &mut Call<'_>, ranges: bool, take: bool) -> Outcome {
    in_cluster(call)?;
    let (named, parsed) = slot_arguments(call.args, ranges)?;
    let me = call.node.id;
    call.node.view.update(|view| {
        let mut seen = BTreeSet::new();
        for slot in &named {
            match (take, view.owner(*slot)) {
                (true, Some(_)) if !seen.contains(slot) => {
                    return Err(Error::Text(format!("ERR Slot {slot} is already busy")));
                }
                (false, None) if !seen.contains(slot) => {
                    return Err(Error::Text(format!("ERR Slot {slot} is already unassigned")));
                }
                _ => {}
            }
            if !seen.insert(*slot) {
                return Err(Error::Text(format!("ERR Slot {slot} specified multiple times")));
            }
        }
        parsed.clone()?;
        for slot in seen {
            view.assign(slot, take.then_some(me));
        }
        Ok(())
    })?;
    if !take {
        call.node.wait_for_running_commands(&named);
    }
    call.reply.ok();
    Ok(())
}

fn addslots(call: &mut Call<'_>) -> Outcome {
    change_slots(call, false, true)
}

fn addslotsrange(call: &mut Call<'_>) -> Outcome {
    change_slots(call, true, true)
}

fn delslots(call: &mut Call<'_>) -> Outcome {
    change_slots(call, false, false)
}

fn delslotsrange(call: &mut Call<'_>) -> Outcome {
    change_slots(call, true, false)
}

fn flushslots(call: &mut Call<'_>) -> Outcome {
    in_cluster(call)?;
    if call.node.keyspace.size(0).keys > 0 {
        return Err(Error::Static("ERR DB must be empty to perform CLUSTER FLUSHSLOTS."));
    }
    let me = call.node.id;
    call.node.view.update(|view| {
        for range in view.ranges_of(me) {
            for slot in range.slots() {
                view.assign(slot, None);
            }
        }
        Ok::<(), Error>(())
    })?;
    call.node.wait_for_running_commands(&Slot::all().collect::<Vec<_>>());
    call.reply.ok();
    Ok(())
}

fn help(call: &mut Call<'_>) -> Outcome {
    in_cluster(call)?;
    let lines = [
        "CLUSTER <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "ADDSLOTS <slot> [<slot> ...]",
        "    Assign slots to current node.",
        "ADDSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]",
        "    Assign slots which are between <start-slot> and <end-slot> to current node.",
        "COUNT-FAILURE-REPORTS <node-id>",
        "    Return number of failure reports for <node-id>.",
        "COUNTKEYSINSLOT <slot>",
        "    Return the number of keys in <slot>.",
        "DELSLOTS <slot> [<slot> ...]",
        "    Delete slots information from current node.",
        "DELSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]",
        "    Delete slots information which are between <start-slot> and <end-slot> from current node.",
        "FLUSHSLOTS",
        "    Delete current node own slots information.",
        "GETKEYSINSLOT <slot> <count>",
        "    Return key names stored by current node in a slot.",
        "INFO",
        "    Return information about the cluster.",
        "KEYSLOT <key>",
        "    Return the hash slot for <key>.",
        "LINKS",
        "    Return information about all network links between this node and its peers.",
        "MYID",
        "    Return the node id.",
        "MYSHARDID",
        "    Return the node's shard id.",
        "NODES",
        "    Return cluster configuration seen by node. Output format:",
        "    <id> <ip:port@bus-port[,hostname]> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ...",
        "REPLICAS <node-id>",
        "    Return <node-id> replicas.",
        "SHARDS",
        "    Return information about slot range mappings and the nodes associated with them.",
        "SLOTS",
        "    Return information about slots range mappings. Each range is made of:",
        "    start, end, master and replicas IP addresses, ports and ids",
        "SLOT-STATS SLOTSRANGE <start slot> <end slot> | ORDERBY <metric> [LIMIT <count>] [ASC|DESC]",
        "    Return usage of the slots of this node.",
        "HELP",
        "    Print this help.",
    ];
    call.reply.array(lines.len());
    for line in lines {
        call.reply.simple(line);
    }
    Ok(())
}
