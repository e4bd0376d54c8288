//! What a [`Tx`] tells of its changes, and what is left to do when it is over.

use super::super::counters::Counter;
use super::super::garbage::Garbage;
use super::super::hooks::{Change, Told};
use super::super::key::Key;
use super::{Event, Tx};

/// What is to be done when a transaction is over and its locks are gone.
#[derive(Default)]
pub struct Aftermath {
    /// Costly values that were removed, to be freed. What is not taken is freed by the thread that ends the transaction.
    pub garbage: Vec<Garbage>,
    /// Changes that somebody wants to follow up, in their order.
    pub changes: Vec<Told>,
}

impl Aftermath {
    /// Adds what is to be done after another.
    pub fn add(&mut self, more: Aftermath) {
        self.garbage.extend(more.garbage);
        self.changes.extend(more.changes);
    }
}

impl Tx<'_> {
    /// Number of changes told so far.
    pub fn modifications(&self) -> u32 {
        self.modifications
    }

    /// Tells of one change to `key`: class and name as keyspace notifications have them. Once for each key that
    /// a command changed.
    #[inline]
    pub fn notify(&mut self, class: Event, name: &'static str, key: Key<'_>) {
        self.modifications += 1;
        self.tally.add(Counter::Modifications, 1);
        if self.keyspace.hooks.concern(key.slot()) {
            self.tell(class, name, key);
        }
    }

    /// Tells of what changes no value, or not by a command.
    #[cold]
    pub fn tell(&mut self, class: Event, name: &'static str, key: Key<'_>) {
        let database = self.database;
        if self.keyspace.hooks.tell(Change { database, class, name, key }) {
            let told = Told { database, class, name, key: key.bytes().into(), hash: key.hash() };
            self.leftover.get_mut().get_or_insert_default().after.changes.push(told);
        }
    }

    /// As [`notify`](Self::notify), of a change that no notification tells of: XACK, XCLAIM, and PFCOUNT, which keeps in
    /// the key what it counted.
    pub fn changed(&mut self, key: Key<'_>) {
        self.notify(Event::Generic, "", key);
    }

    /// Is there something to be done when the transaction is over?
    #[inline]
    pub fn has_aftermath(&self) -> bool {
        self.leftover.borrow().is_some()
    }

    /// What is to be done when the transaction is over.
    pub fn take_aftermath(&mut self) -> Aftermath {
        self.remove_stale();
        self.leftover.get_mut().take().map(|leftover| leftover.after).unwrap_or_default()
    }
}
