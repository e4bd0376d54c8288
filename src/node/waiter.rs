//! A client that waits for a key to hold something.

use super::clients::Client;
use crate::command::{Command, Nothing, OwnedArgs};
use crate::resp::{Protocol, Reply};
use crate::store::{KeyHash, Kind};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use tokio::time::Instant;

/// How far a wait is.
enum State {
    Waiting,
    /// Somebody runs its command, or ends it.
    Claimed,
    /// Its reply is there: none, when the client is gone.
    Over(Option<Vec<u8>>),
}

/// See the module. Whoever [claims](Waiter::claim) it may answer it: nobody else does at the same time.
pub struct Waiter {
    /// Who waits.
    pub client: Arc<Client>,
    /// What is run when a key is ready.
    pub command: &'static Command,
    /// Its arguments.
    pub args: OwnedArgs,
    /// Number of the database.
    pub database: usize,
    /// The keys, and their hashes.
    pub keys: Vec<(Box<[u8]>, KeyHash)>,
    /// What must be there.
    pub kind: Kind,
    /// Version in which it is answered.
    pub protocol: Protocol,
    /// Answer when the time is over.
    pub nothing: Nothing,
    /// When the time is over.
    pub deadline: Option<Instant>,
    /// Its accesses do not count.
    pub no_touch: bool,
    /// Who came first has the lower one.
    pub number: u64,
    /// Its time is over.
    pub expired: AtomicBool,
    /// How far it is.
    pub progress: Progress,
}

/// See [`Waiter`].
pub struct Progress(Mutex<State>);

impl Default for Progress {
    fn default() -> Progress {
        Progress(Mutex::new(State::Waiting))
    }
}

impl Waiter {
    /// Takes the right to answer. False: it is answered, or somebody else is about to.
    pub fn claim(&self) -> bool {
        let mut state = self.progress.0.lock();
        let waiting = matches!(*state, State::Waiting);
        if waiting {
            *state = State::Claimed;
        }
        waiting
    }

    /// Gives the right back: there was nothing after all. If its time passed meanwhile, it is answered that there was
    /// nothing.
    pub fn give_back(&self) {
        *self.progress.0.lock() = State::Waiting;
        if self.expired.load(SeqCst) && self.claim() {
            self.answer_nothing();
        }
    }

    /// Its time is over: whoever has it claimed answers that, if nothing else.
    pub fn expire(&self) {
        self.expired.store(true, SeqCst);
        // Given back in between, nobody else would.
        if self.claim() {
            self.answer_nothing();
        }
    }

    /// Answers; only who claimed it may.
    pub fn answer(&self, reply: Vec<u8>) {
        *self.progress.0.lock() = State::Over(Some(reply));
        self.client.waker.wake();
    }

    /// Answers that its time is over; only who claimed it may.
    pub fn answer_nothing(&self) {
        let mut reply = Vec::new();
        self.nothing.write(&mut Reply::new(&mut reply, self.protocol));
        self.answer(reply);
    }

    /// The reply, once.
    pub fn take_reply(&self) -> Option<Vec<u8>> {
        match &mut *self.progress.0.lock() {
            State::Over(reply) => reply.take(),
            State::Waiting | State::Claimed => None,
        }
    }
}
