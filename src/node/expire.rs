//! Removes expired keys in the background, a few slots at a time.
//!
//! Every database and every slot knows a time before which nothing in it expires, so a sweep costs one load where
//! nothing is due. Databases that were never used are passed over as a whole: looking at the slots of all 16 took 2 % of
//! a core on an idle node. A slot with something due is walked whole under its lock: its share of the keys, never
//! all.

use super::{Node, now_ms};
use crate::slot::Slot;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Time between sweeps.
const PERIOD: Duration = Duration::from_millis(100);
/// Time one sweep may take before it pauses, and the pause: at most a quarter of one core.
const BUDGET: Duration = Duration::from_millis(5);
const PAUSE: Duration = Duration::from_millis(15);

/// Sweeps until `stop` turns true.
pub(super) async fn run(node: Arc<Node>, mut stop: watch::Receiver<bool>) {
    let sweeps = async {
        loop {
            tokio::time::sleep(PERIOD).await;
            // While writes are paused nothing is removed either.
            if node.active_expire.load(Relaxed) && node.pause.running(now_ms()).is_none() {
                sweep(&node).await;
            }
        }
    };
    tokio::select! {
        () = sweeps => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

async fn sweep(node: &Node) {
    let mut since = Instant::now();
    let mut work = Duration::ZERO;
    for database in 0..node.keyspace.databases() {
        let now_ms = now_ms();
        if !node.keyspace.begin_sweep(database, now_ms) {
            continue;
        }
        for slot in Slot::all() {
            if node.keyspace.expire_slot(database, slot, now_ms) > 0 && since.elapsed() > BUDGET {
                work += since.elapsed();
                tokio::time::sleep(PAUSE).await;
                since = Instant::now();
            }
        }
        node.keyspace.end_sweep(database);
    }
    let last = since.elapsed();
    let threshold_ms = u128::from(node.config.load().latency_threshold_ms);
    if threshold_ms > 0 && last.as_millis() >= threshold_ms {
        node.latency.add("expire-cycle", now_ms() / 1000, last.as_millis() as u64);
    }
    work += last;
    node.meters.expire_us.fetch_add(work.as_micros() as u64, Relaxed);
}
