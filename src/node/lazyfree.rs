//! Frees what FLUSHALL ASYNC took out of the keyspace, on a thread of its own.

use super::meters::Meters;
use crate::store::Flushed;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};

/// Flushed databases that wait; when more come they are freed at once.
const WAITING_MAX: usize = 64;

/// The thread, started when first needed. It ends with the node.
#[derive(Default)]
pub struct LazyFree(OnceLock<Option<SyncSender<Flushed>>>);

impl LazyFree {
    /// Frees in the background; the counts are in `meters`.
    pub fn free(&self, flushed: Flushed, meters: &Arc<Meters>) {
        let keys = flushed.keys() as u64;
        if keys == 0 {
            return;
        }
        meters.lazyfree_pending.fetch_add(keys, Relaxed);
        let sender = self.0.get_or_init(|| start(meters.clone()));
        let refused = match sender.as_ref().map(|sender| sender.try_send(flushed)) {
            Some(Ok(())) => return,
            Some(Err(TrySendError::Full(flushed) | TrySendError::Disconnected(flushed))) => Some(flushed),
            None => None,
        };
        drop(refused);
        note_freed(meters, keys);
    }
}

fn note_freed(meters: &Meters, keys: u64) {
    meters.lazyfree_pending.fetch_sub(keys, Relaxed);
    meters.lazyfreed.fetch_add(keys, Relaxed);
}

fn start(meters: Arc<Meters>) -> Option<SyncSender<Flushed>> {
    let (sender, receiver) = sync_channel::<Flushed>(WAITING_MAX);
    let work = move || {
        for flushed in receiver {
            let keys = flushed.keys() as u64;
            drop(flushed);
            note_freed(&meters, keys);
        }
    };
    // Without a thread to be had everything is freed at once.
    std::thread::Builder::new().name("lazyfree".into()).spawn(work).ok()?;
    Some(sender)
}
