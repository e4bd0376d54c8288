//! Who wants to know of changes to keys.
//!
//! A change asks one counter of its slot and one flag whether anybody cares, and goes on if not: what clients wait for
//! or watch costs changes in other slots nothing.

use super::key::{Key, KeyHash};
use super::tx::Event;
use crate::slot::Slot;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

/// One change to a key, told while its slot is locked.
#[derive(Clone, Copy, Debug)]
pub struct Change<'k> {
    /// Number of its database.
    pub database: usize,
    /// What kind of command made it.
    pub class: Event,
    /// Its name, as keyspace notifications have it.
    pub name: &'static str,
    /// The key.
    pub key: Key<'k>,
}

/// A change that is followed up when no slot is locked any more.
#[derive(Clone, Debug)]
pub struct Told {
    /// As in [`Change`].
    pub database: usize,
    /// As in [`Change`].
    pub class: Event,
    /// As in [`Change`].
    pub name: &'static str,
    /// The key's bytes.
    pub key: Box<[u8]>,
    /// The key's hash.
    pub hash: KeyHash,
}

/// Who is told of changes.
pub trait Observer: Send + Sync {
    /// Told of a change under its slot's lock: it must be short, and lock no slot. True when the change shall be
    /// followed up after the transaction.
    fn changed(&self, change: Change<'_>) -> bool;
}

/// See the module.
pub struct Hooks {
    /// Keys that somebody waits for or watches, of all databases, by slot; one more in each while all changes are told.
    interest: Box<[AtomicU32]>,
    /// All of them.
    interests: AtomicUsize,
    /// Every change is told.
    all: AtomicBool,
    observer: OnceLock<Arc<dyn Observer>>,
}

impl Default for Hooks {
    fn default() -> Hooks {
        Hooks {
            interest: (0..Slot::COUNT).map(|_| AtomicU32::new(0)).collect(),
            interests: AtomicUsize::new(0),
            all: AtomicBool::new(false),
            observer: OnceLock::new(),
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").field("all", &self.all).finish_non_exhaustive()
    }
}

impl Hooks {
    /// Sets who is told; once.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        let _ = self.observer.set(observer);
    }

    /// Has every change told, or only those in slots of [`add_interest`](Self::add_interest).
    pub fn tell_all(&self, all: bool) {
        if self.all.swap(all, Relaxed) == all {
            return;
        }
        for count in &self.interest {
            if all {
                count.fetch_add(1, Relaxed)
            } else {
                count.fetch_sub(1, Relaxed)
            };
        }
    }

    /// Counts one more key of a slot that somebody cares for. Whoever must not miss a change holds the slot's lock.
    pub fn add_interest(&self, slot: Slot) {
        self.interests.fetch_add(1, Relaxed);
        self.interest[slot.index()].fetch_add(1, Relaxed);
    }

    /// Takes one back.
    pub fn end_interest(&self, slot: Slot) {
        self.interests.fetch_sub(1, Relaxed);
        self.interest[slot.index()].fetch_sub(1, Relaxed);
    }

    /// Does anybody care for changes in a slot?
    #[inline]
    pub fn concern(&self, slot: Slot) -> bool {
        self.interest[slot.index()].load(Relaxed) != 0
    }

    /// Does anybody care for any change?
    #[inline]
    pub fn concern_any(&self) -> bool {
        self.interests.load(Relaxed) != 0 || self.all.load(Relaxed)
    }

    /// Tells of a change. True when it shall be followed up.
    #[cold]
    pub fn tell(&self, change: Change<'_>) -> bool {
        self.observer.get().is_some_and(|observer| observer.changed(change))
    }
}
