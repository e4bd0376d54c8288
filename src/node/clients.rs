//! The clients of a node: who is connected, and how another connection reaches one.

use super::interest::Watch;
use super::mailbox::Mailbox;
use super::pubsub::Subscriptions;
use super::waiter::Waiter;
use crate::resp::Protocol;
use atomic_waker::AtomicWaker;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU16, AtomicU64, AtomicUsize, Ordering::*};
use std::sync::{Arc, Mutex, MutexGuard};

/// What everybody may know of a connection. Its own thread keeps the numbers current, once a batch.
pub struct Client {
    /// Unique in the life of the node, ascending.
    pub id: u64,
    /// The other end.
    pub peer: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
    /// Number of its socket.
    pub descriptor: i32,
    /// Unix ms.
    pub created_ms: i64,
    /// Unix ms of the last request.
    pub active_ms: AtomicI64,
    /// Selected database.
    pub database: AtomicU8,
    /// 3 for RESP3.
    pub protocol: AtomicU8,
    /// Id of the last command in the table, or `u16::MAX`.
    pub last_command: AtomicU16,
    /// Bytes of the read buffer in use.
    pub input_bytes: AtomicUsize,
    /// Allocated bytes of the read buffer.
    pub input_capacity: AtomicUsize,
    /// Unsent reply bytes.
    pub output_bytes: AtomicUsize,
    /// Bytes of arguments that wait for the rest of their request.
    pub argument_bytes: AtomicUsize,
    /// CLIENT NO-EVICT, CLIENT NO-TOUCH and the like; see [`ClientFlag`].
    pub flags: AtomicU64,
    texts: Mutex<Texts>,
    killed: AtomicBool,
    held: AtomicBool,
    /// What it waits for, while it does.
    waiter: Mutex<Option<Arc<Waiter>>>,
    watches: Mutex<Vec<Arc<Watch>>>,
    /// A key that it watches has changed.
    pub changed: Arc<AtomicBool>,
    /// It has subscribed to something.
    pub subscribed: AtomicBool,
    /// What it has subscribed to.
    pub subscriptions: parking_lot::Mutex<Subscriptions>,
    /// What others have to say to it.
    pub mail: Mailbox,
    /// Wakes the connection's task; it registers before it waits.
    pub waker: AtomicWaker,
}

/// A property of a connection that others can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum ClientFlag {
    /// CLIENT NO-EVICT ON.
    NoEvict = 1,
    /// CLIENT NO-TOUCH ON.
    NoTouch = 2,
    /// READONLY.
    ReadOnly = 4,
    /// Closes once its reply is sent.
    Closing = 8,
}

/// Names a client gave itself.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// CLIENT SETNAME.
    pub name: Vec<u8>,
    /// CLIENT SETINFO LIB-NAME.
    pub library: Vec<u8>,
    /// CLIENT SETINFO LIB-VER.
    pub library_version: Vec<u8>,
}

impl Client {
    /// The names, to read or change.
    pub fn texts(&self) -> MutexGuard<'_, Texts> {
        self.texts.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Makes the connection close as soon as its task runs.
    pub fn kill(&self) {
        self.killed.store(true, Release);
        self.waker.wake();
    }

    /// True once somebody killed it.
    #[inline]
    pub fn is_killed(&self) -> bool {
        self.killed.load(Relaxed)
    }

    /// Marks that its next request waits, for a pause to end or for what it blocks on.
    pub fn set_held(&self, held: bool) {
        self.held.store(held, Relaxed);
    }

    /// Does its next request wait?
    pub fn is_held(&self) -> bool {
        self.held.load(Relaxed)
    }

    /// Has it subscribed to something?
    #[inline]
    pub fn is_subscribed(&self) -> bool {
        self.subscribed.load(Relaxed)
    }

    /// What it waits for.
    pub fn waiter(&self) -> Option<Arc<Waiter>> {
        self.lock_waiter().clone()
    }

    /// Notes what it waits for from now on, and takes what was there.
    pub fn set_waiter(&self, waiter: Option<Arc<Waiter>>) -> Option<Arc<Waiter>> {
        self.set_held(waiter.is_some());
        std::mem::replace(&mut *self.lock_waiter(), waiter)
    }

    /// The keys it watches.
    pub fn watches(&self) -> Vec<Arc<Watch>> {
        self.lock_watches().clone()
    }

    /// Notes one more.
    pub fn add_watch(&self, watch: Arc<Watch>) {
        self.lock_watches().push(watch);
    }

    /// Forgets and hands out all.
    pub fn take_watches(&self) -> Vec<Arc<Watch>> {
        std::mem::take(&mut *self.lock_watches())
    }

    fn lock_watches(&self) -> MutexGuard<'_, Vec<Arc<Watch>>> {
        self.watches.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn lock_waiter(&self) -> MutexGuard<'_, Option<Arc<Waiter>>> {
        self.waiter.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Sends bytes that are no reply to a request of its own. A client that leaves too many unread is closed.
    pub fn send(&self, bytes: &[u8], unread_bytes_max: usize) {
        if self.mail.put(bytes, unread_bytes_max.saturating_sub(self.output_bytes.load(Relaxed))) {
            self.waker.wake();
        } else {
            tracing::warn!("client {} closed: it does not read what is sent to it", self.id);
            self.kill();
        }
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: ClientFlag) -> bool {
        self.flags.load(Relaxed) & flag as u64 != 0
    }

    /// Sets or clears a flag.
    pub fn set(&self, flag: ClientFlag, on: bool) {
        if on {
            self.flags.fetch_or(flag as u64, Relaxed);
        } else {
            self.flags.fetch_and(!(flag as u64), Relaxed);
        }
    }

    /// Forgets what RESET forgets: database, protocol, name and flags.
    pub fn set_fresh(&self) {
        self.database.store(0, Relaxed);
        self.protocol.store(2, Relaxed);
        self.flags.store(0, Relaxed);
        self.texts().name.clear();
    }

    /// The protocol version it speaks.
    pub fn protocol(&self) -> Protocol {
        if self.protocol.load(Relaxed) == 3 { Protocol::Resp3 } else { Protocol::Resp2 }
    }
}

/// All clients of a node.
#[derive(Default)]
pub struct Clients {
    all: Mutex<BTreeMap<u64, Arc<Client>>>,
    last_id: AtomicU64,
    count: AtomicUsize,
}

impl Clients {
    /// Registers a connection, unless there are `max` already.
    pub fn register(
        &self,
        peer: SocketAddr,
        local: SocketAddr,
        descriptor: i32,
        now_ms: i64,
        max: usize,
    ) -> Option<Arc<Client>> {
        let mut all = self.lock();
        if all.len() >= max {
            return None;
        }
        let client = Arc::new(Client {
            id: self.last_id.fetch_add(1, Relaxed) + 1,
            peer,
            local,
            descriptor,
            created_ms: now_ms,
            active_ms: AtomicI64::new(now_ms),
            database: AtomicU8::new(0),
            protocol: AtomicU8::new(2),
            last_command: AtomicU16::new(u16::MAX),
            input_bytes: AtomicUsize::new(0),
            input_capacity: AtomicUsize::new(0),
            output_bytes: AtomicUsize::new(0),
            argument_bytes: AtomicUsize::new(0),
            flags: AtomicU64::new(0),
            texts: Mutex::default(),
            killed: AtomicBool::new(false),
            held: AtomicBool::new(false),
            waiter: Mutex::default(),
            watches: Mutex::default(),
            subscribed: AtomicBool::new(false),
            subscriptions: Default::default(),
            changed: Arc::default(),
            mail: Mailbox::default(),
            waker: AtomicWaker::new(),
        });
        all.insert(client.id, client.clone());
        self.count.store(all.len(), Relaxed);
        Some(client)
    }

    /// Forgets a connection that closed.
    pub fn unregister(&self, id: u64) {
        let mut all = self.lock();
        all.remove(&id);
        self.count.store(all.len(), Relaxed);
    }

    /// Kills a connection, which counts no longer from now on.
    pub fn kill(&self, client: &Client) {
        self.unregister(client.id);
        client.kill();
    }

    /// Number of connections.
    pub fn count(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// A connection by id.
    pub fn get(&self, id: u64) -> Option<Arc<Client>> {
        self.lock().get(&id).cloned()
    }

    /// All connections by ascending id. O(their number).
    pub fn list(&self) -> Vec<Arc<Client>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Client>>> {
        self.all.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
