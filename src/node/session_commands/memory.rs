//! MEMORY: what keys and the process take.

use super::info::client_bytes;
use super::{Call, Handlers, help};
use crate::command::{Error, Outcome, number};
use crate::node::memory as process_memory;
use crate::store::value::stream::Stream;
use crate::store::{Entry, Key, Locks, Object, Tx};
use std::sync::atomic::Ordering::Relaxed;

pub(super) const HANDLERS: Handlers = &[
    ("memory|usage", usage),
    ("memory|stats", stats),
    ("memory|doctor", doctor),
    ("memory|purge", purge),
    ("memory|malloc-stats", malloc_stats),
    ("memory|help", |call| help::answer(call, help::MEMORY)),
];

/// Elements looked at to estimate a collection, unless SAMPLES says otherwise.
const SAMPLES: i64 = 5;
/// A key's share of its slot's table: a pointer and a tag, at the usual fill.
const PLACE_BYTES: usize = 13;
/// What a shared string takes beside its bytes: two counts and the vector's head.
const SHARED_BYTES: usize = 2 * size_of::<usize>() + size_of::<Vec<u8>>();

fn usage(call: &mut Call<'_>) -> Outcome {
    let args = call.args;
    let mut samples = SAMPLES;
    let mut at = 3;
    while at < args.len() {
        if !args.is(at, "samples") || at + 1 >= args.len() {
            return Err(Error::Syntax);
        }
        samples = number::int(args.at(at + 1))?;
        if samples < 0 {
            return Err(Error::Syntax);
        }
        at += 2;
    }
    // None means all.
    let samples = if samples == 0 { usize::MAX } else { samples as usize };
    let key = args.key(2);
    let bytes = {
        let tx = transaction(call, key);
        tx.inspect(key).map(|entry| bytes_of(entry, samples))
    };
    match bytes {
        Some(bytes) => call.reply.int(bytes as i64),
        None => call.reply.null(),
    }
    Ok(())
}

fn transaction<'a>(call: &Call<'a>, key: Key<'_>) -> Tx<'a> {
    Tx::new(&call.node.keyspace, call.session.database, call.now_ms, Locks::Slot(key.slot()))
}

fn bytes_of(entry: &Entry, samples: usize) -> usize {
    let outside = match entry.as_object().as_deref() {
        _ if entry.is_packed() => 0,
        None => entry.as_shared().map_or(0, |string| string.capacity() + SHARED_BYTES),
        Some(Object::List(list)) => list.heap_bytes() + size_of::<Object>(),
        Some(Object::Set(set)) => set.allocated_bytes(samples) + size_of::<Object>(),
        Some(Object::Hash(hash)) => hash.allocated_bytes(samples) + size_of::<Object>(),
        Some(Object::SortedSet(set)) => set.heap_bytes() + size_of::<Object>(),
        Some(Object::Stream(stream)) => stream.heap_bytes(samples) + size_of::<Object>() + size_of::<Stream>(),
    };
    PLACE_BYTES + entry.allocated_bytes() + outside
}

/// A value of MEMORY STATS.
enum Value {
    Int(i64),
    Double(f64),
    Database { main: usize, expires: usize },
}

fn stats(call: &mut Call<'_>) -> Outcome {
    let node = call.node;
    let allocator = process_memory::allocator();
    let resident = process_memory::resident_bytes();
    let used = allocator.used();
    let peak = node.meters.note_memory(used);
    let startup = node.meters.startup_bytes.load(Relaxed);
    let clients = client_bytes(node);
    let int = |value: u64| Value::Int(value as i64);
    let ratio = |part: u64, whole: u64| Value::Double(if whole == 0 { 0.0 } else { part as f64 / whole as f64 });
    let difference = |left: u64, right: u64| Value::Int(left as i64 - right as i64);
    let mut rows: Vec<(String, Value)> = Vec::new();
    let mut add = |name: &str, value: Value| rows.push((name.to_owned(), value));
    add("peak.allocated", int(peak));
    add("total.allocated", int(used));
    add("startup.allocated", int(startup));
    add("replication.backlog", Value::Int(0));
    add("clients.slaves", Value::Int(0));
    add("clients.normal", int(clients));
    add("cluster.links", Value::Int(0));
    add("aof.buffer", Value::Int(0));
    add("lua.caches", Value::Int(0));
    add("functions.caches", Value::Int(0));
    let (mut keys, mut tables) = (0, 0);
    for database in 0..node.keyspace.databases() {
        let size = node.keyspace.size(database);
        if size.keys > 0 {
            let main = size.keys * PLACE_BYTES;
            add(&format!("db.{database}"), Value::Database { main, expires: 0 });
            keys += size.keys as u64;
            tables += main as u64;
        }
    }
    let overhead = (startup + clients + tables).min(used);
    let (dataset, net) = (used - overhead, used.saturating_sub(startup));
    add("overhead.total", int(overhead));
    add("keys.count", int(keys));
    add("keys.bytes-per-key", int(net.checked_div(keys).unwrap_or(0)));
    add("dataset.bytes", int(dataset));
    add("dataset.percentage", percentage(dataset, net));
    add("peak.percentage", percentage(used, peak));
    add("allocator.allocated", int(allocator.allocated));
    add("allocator.active", int(allocator.active));
    add("allocator.resident", int(allocator.resident));
    add("allocator-fragmentation.ratio", ratio(allocator.active, allocator.allocated));
    add("allocator-fragmentation.bytes", difference(allocator.active, allocator.allocated));
    add("allocator-rss.ratio", ratio(allocator.resident, allocator.active));
    add("allocator-rss.bytes", difference(allocator.resident, allocator.active));
    add("rss-overhead.ratio", ratio(resident, allocator.resident));
    add("rss-overhead.bytes", difference(resident, allocator.resident));
    add("fragmentation", ratio(resident, used));
    add("fragmentation.bytes", difference(resident, used));
    call.reply.map(rows.len());
    for (name, value) in rows {
        call.reply.bulk(name.as_bytes());
        match value {
            Value::Int(value) => call.reply.int(value),
            Value::Double(value) => call.reply.double(value),
            Value::Database { main, expires } => {
                call.reply.map(3);
                for (name, bytes) in [("main", main), ("expires", expires), ("slot-to-keys", 0)] {
                    call.reply.bulk(format!("overhead.hashtable.{name}").as_bytes());
                    call.reply.int(bytes as i64);
                }
            }
        }
    }
    Ok(())
}

fn percentage(part: u64, whole: u64) -> Value {
    Value::Double(if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 })
}

fn doctor(call: &mut Call<'_>) -> Outcome {
    const SMALL_BYTES: u64 = 5 << 20;
    let allocator = process_memory::allocator();
    let resident = process_memory::resident_bytes();
    let peak = call.node.meters.note_memory(allocator.allocated);
    let mut advice = Vec::new();
    if peak as f64 > allocator.allocated as f64 * 1.5 {
        advice.push("Peak memory was more than half above what is in use now: some of it may be kept for later.");
    }
    if resident as f64 > allocator.allocated as f64 * 1.4 {
        advice.push("The process holds over 1.4 times the memory in use: fragmentation, or pages not yet given back.");
    }
    let text = if allocator.allocated < SMALL_BYTES {
        "This node is empty or holds very little: there is nothing to diagnose yet.".to_owned()
    } else if advice.is_empty() {
        "No memory problem was found on this node.".to_owned()
    } else {
        advice.join("\n")
    };
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// The allocator gives unused pages back by itself within seconds; there is nothing to hurry.
fn purge(call: &mut Call<'_>) -> Outcome {
    call.reply.ok();
    Ok(())
}

fn malloc_stats(call: &mut Call<'_>) -> Outcome {
    let allocator = process_memory::allocator();
    let text = format!(
        "jemalloc\nallocated: {}\nactive: {}\nresident: {}\n",
        allocator.allocated, allocator.active, allocator.resident
    );
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}
