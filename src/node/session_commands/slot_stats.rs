//! CLUSTER SLOT-STATS: keys of each slot, and what serving it cost where that is counted.

use super::cluster::{in_cluster, slot_argument};
use super::{Call, Handlers};
use crate::command::number::parse_int;
use crate::command::{Error, Outcome};
use crate::node::slot_usage::SlotUsage;
use crate::slot::{Slot, SlotRange};
use std::sync::atomic::Ordering::Relaxed;

pub(super) const HANDLERS: Handlers = &[("cluster|slot-stats", slot_stats)];

/// A statistic of a slot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Metric {
    KeyCount,
    CpuUsec,
    NetworkBytesIn,
    NetworkBytesOut,
}

impl Metric {
    const ALL: [Metric; 4] = [Metric::KeyCount, Metric::CpuUsec, Metric::NetworkBytesIn, Metric::NetworkBytesOut];

    fn name(self) -> &'static str {
        match self {
            Metric::KeyCount => "key-count",
            Metric::CpuUsec => "cpu-usec",
            Metric::NetworkBytesIn => "network-bytes-in",
            Metric::NetworkBytesOut => "network-bytes-out",
        }
    }

    fn of(self, call: &Call<'_>, slot: Slot) -> u64 {
        let usage: &SlotUsage = &call.node.slot_usage;
        match self {
            Metric::KeyCount => call.node.keyspace.slot_len(0, slot) as u64,
            Metric::CpuUsec => usage.of(slot).cpu_ns.load(Relaxed) / 1000,
            Metric::NetworkBytesIn => usage.of(slot).input_bytes.load(Relaxed),
            Metric::NetworkBytesOut => usage.of(slot).output_bytes.load(Relaxed),
        }
    }
}

/// The metrics that are counted: all with `cluster-slot-stats-enabled`, else only keys.
fn counted(call: &Call<'_>) -> &'static [Metric] {
    if call.node.config.load().slot_stats { &Metric::ALL } else { &Metric::ALL[..1] }
}

fn slot_stats(call: &mut Call<'_>) -> Outcome {
    in_cluster(call)?;
    let view = call.node.view.load();
    let mine: Vec<SlotRange> = view.ranges_of(call.node.id);
    let mine = mine.iter().flat_map(|range| range.slots());
    let slots: Vec<Slot> = if call.args.is(2, "SLOTSRANGE") && call.args.len() == 5 {
        let (first, last) = (slot_argument(call.args.at(3))?, slot_argument(call.args.at(4))?);
        if first > last {
            return Err(Error::Text(format!("ERR Start slot number {first} is greater than end slot number {last}")));
        }
        mine.filter(|slot| (first..=last).contains(slot)).collect()
    } else if call.args.is(2, "ORDERBY") {
        let order = order(call)?;
        let mut ranked: Vec<(u64, Slot)> = mine.map(|slot| (order.metric.of(call, slot), slot)).collect();
        // Equal values stand in slot order either way.
        ranked.sort_by(|one, other| {
            let by_value = if order.ascending { one.0.cmp(&other.0) } else { other.0.cmp(&one.0) };
            by_value.then(one.1.cmp(&other.1))
        });
        ranked.into_iter().take(order.limit).map(|(_, slot)| slot).collect()
    } else {
        return Err(Error::Syntax);
    };
    let metrics = counted(call);
    call.reply.array(slots.len());
    for slot in slots {
        call.reply.array(2);
        call.reply.int(slot.number().into());
        call.reply.map(metrics.len());
        for metric in metrics {
            let value = metric.of(call, slot);
            call.reply.bulk(metric.name().as_bytes());
            call.reply.int(value as i64);
        }
    }
    Ok(())
}

struct Order {
    metric: Metric,
    ascending: bool,
    limit: usize,
}

/// `ORDERBY metric [LIMIT count] [ASC|DESC]`, the options in any order, each once.
fn order(call: &Call<'_>) -> Result<Order, Error> {
    let args = call.args;
    let metric = args
        .get(3)
        .and_then(|word| counted(call).iter().find(|metric| word.eq_ignore_ascii_case(metric.name().as_bytes())))
        .ok_or(Error::Static("ERR Unrecognized sort metric for ORDERBY."))?;
    let mut order = Order { metric: *metric, ascending: false, limit: Slot::COUNT };
    let (mut limited, mut directed) = (false, false);
    let mut index = 4;
    while index < args.len() {
        if args.is(index, "LIMIT") && !limited && index + 1 < args.len() {
            limited = true;
            order.limit = parse_int(args.at(index + 1))
                .filter(|limit| (1..=Slot::COUNT as i64).contains(limit))
                .ok_or(Error::Static("ERR Limit has to lie in between 1 and 16384 (maximum number of slots)."))?
                as usize;
            index += 2;
        } else if (args.is(index, "ASC") || args.is(index, "DESC")) && !directed {
            directed = true;
            order.ascending = args.is(index, "ASC");
            index += 1;
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok(order)
}
