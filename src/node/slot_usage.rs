//! What serving each slot cost: counted only with `cluster-slot-stats-enabled`, since it reads the clock for
//! every command.

use crate::slot::Slot;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Totals of one slot.
#[derive(Default)]
pub struct Usage {
    /// Time in its commands, ns.
    pub cpu_ns: AtomicU64,
    /// Bytes of requests.
    pub input_bytes: AtomicU64,
    /// Bytes of replies.
    pub output_bytes: AtomicU64,
}

impl Usage {
    /// Adds one command.
    pub fn add(&self, cpu_ns: u64, input_bytes: u64, output_bytes: u64) {
        self.cpu_ns.fetch_add(cpu_ns, Relaxed);
        self.input_bytes.fetch_add(input_bytes, Relaxed);
        self.output_bytes.fetch_add(output_bytes, Relaxed);
    }
}

/// Totals of all slots.
pub struct SlotUsage(Box<[Usage]>);

impl Default for SlotUsage {
    fn default() -> SlotUsage {
        SlotUsage((0..Slot::COUNT).map(|_| Usage::default()).collect())
    }
}

impl SlotUsage {
    /// The totals of one slot.
    #[inline]
    pub fn of(&self, slot: Slot) -> &Usage {
        &self.0[slot.index()]
    }

    /// Sets all totals to zero.
    pub fn reset(&self) {
        for usage in &self.0 {
            for counter in [&usage.cpu_ns, &usage.input_bytes, &usage.output_bytes] {
                counter.store(0, Relaxed);
            }
        }
    }
}
