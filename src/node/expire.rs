//! Removes expired keys in the background, a few at a time.
//!
//! A sweep costs one load where nothing is due. Where something is, `active-expire-effort` bounds its share of one
//! core, in slices short enough that a thread which waits for the core does not wait long; between two slices
//! everybody else runs. When walks find little, they are made less often: a slot's keys are then looked at
//! again only after a while, so that keys which expire one by one do not keep the sweep walking over all others.

use super::{Node, now_ms};
use crate::store::{Cause, Event, Garbage};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Time between sweeps.
const PERIOD: Duration = Duration::from_millis(100);
/// Time a sweep may take before it pauses.
const SLICE: Duration = Duration::from_millis(1);
/// Places looked at for each key removed above which walks are spaced out, and below which they are not.
const PLACES_PER_KEY: (usize, usize) = (200, 50);
/// Longest time between two walks of a slot, ms.
const SPACING_MS_MAX: i64 = 8192;

/// Sweeps until `stop` turns true.
pub(super) async fn run(node: Arc<Node>, mut stop: watch::Receiver<bool>) {
    let sweeps = async {
        let mut spacing_ms = vec![0; node.keyspace.databases()];
        loop {
            tokio::time::sleep(PERIOD).await;
            for (database, spacing_ms) in spacing_ms.iter_mut().enumerate() {
                // While writes are paused nothing is removed either.
                if node.active_expire.load(Relaxed) && node.pause.running(now_ms()).is_none() {
                    sweep(&node, database, spacing_ms).await;
                }
            }
        }
    };
    tokio::select! {
        () = sweeps => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

/// The pause after a slice, by `active-expire-effort`: a quarter of a core at 1, 43 % at 10, as in the reference.
fn pause(effort: u32) -> Duration {
    let share = 25 + 2 * effort.clamp(1, 10).saturating_sub(1);
    SLICE * (100 - share) / share
}

/// How far apart walks of one slot shall be after a sweep that looked at so many places and removed so many keys.
fn next_spacing_ms(spacing_ms: i64, looked_at: usize, removed: usize) -> i64 {
    if looked_at > PLACES_PER_KEY.0 * removed.max(1) {
        (spacing_ms * 2).clamp(64, SPACING_MS_MAX)
    } else if looked_at < PLACES_PER_KEY.1 * removed {
        spacing_ms / 2
    } else {
        spacing_ms
    }
}

async fn sweep(node: &Node, database: usize, spacing_ms: &mut i64) {
    let now_ms = now_ms();
    let Some(mut sweep) = node.keyspace.begin_sweep(database, now_ms, *spacing_ms) else { return };
    let config = node.config.load_full();
    let threshold_ms = config.latency_threshold_ms;
    let mut since = Instant::now();
    let mut dead = Vec::new();
    loop {
        let more = node.keyspace.sweep_on(&mut sweep, now_ms, &mut dead);
        if node.keyspace.hooks.concern_any() {
            let number = node.keyspace.number_of(sweep.place());
            dead.iter().for_each(|entry| node.tell_removed(&config, number, Event::Expired, "expired", entry.key()));
        }
        let costly = dead.extract_if(.., |entry| entry.is_costly());
        let costly: Vec<Garbage> = costly.map(|entry| Garbage { cause: Cause::Expire, entry }).collect();
        dead.clear();
        node.lazyfree.free(costly, &config.lazyfree, &node.meters);
        let took = since.elapsed();
        if more && took < SLICE {
            continue;
        }
        node.meters.expire_us.fetch_add(took.as_micros() as u64, Relaxed);
        if threshold_ms > 0 && took.as_millis() as u64 >= threshold_ms {
            node.latency.add("expire-cycle", now_ms / 1000, took.as_millis() as u64);
        }
        crate::memory::publish();
        if !more {
            break;
        }
        tokio::time::sleep(pause(config.expire_effort)).await;
        since = Instant::now();
    }
    *spacing_ms = next_spacing_ms(*spacing_ms, sweep.looked_at, sweep.removed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effort_is_a_share_of_a_core() {
        assert_eq!(pause(1), Duration::from_millis(3));
        assert!(pause(10) < pause(5) && pause(10) > SLICE);
    }

    #[test]
    fn walks_are_spaced_out_while_they_find_little() {
        let mut spacing_ms = 0;
        for _ in 0..20 {
            spacing_ms = next_spacing_ms(spacing_ms, 1000, 1);
        }
        assert_eq!(spacing_ms, SPACING_MS_MAX);
        assert_eq!(next_spacing_ms(spacing_ms, 1000, 10), spacing_ms);
        for _ in 0..20 {
            spacing_ms = next_spacing_ms(spacing_ms, 1000, 100);
        }
        assert_eq!(spacing_ms, 0);
    }
}
