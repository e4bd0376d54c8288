//! What one worker thread has: its slot map, its links, its clients, and the flush that ends every turn of the loop.
//!
//! All of it is local to the thread: `Rc`, `Cell` and `RefCell`, no atomics on the data path. Clients and links mark
//! themselves dirty when they have something to write; the flush task runs when all tasks that were ready have run,
//! and writes each dirty link and each dirty client once.

use super::backend::{Backend, Link, Ticket, To};
use super::client::Client;
use super::config::ProxyConfig;
use super::discovery::Refresh;
use super::map::SlotMap;
use super::outbox::Spare;
use super::plan::Router;
use super::retry::{self, Attempts, Refusal, Target, Verdict};
use super::topology::{NodeAddr, View};
use crate::slot::Slot;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Length of a tick: how precisely request time-outs are kept.
const TICK: Duration = Duration::from_millis(100);
/// Size of the read buffers that idle clients share.
const BUFFER_BYTES: usize = 32 * 1024;
/// Most read buffers kept for reuse.
const BUFFERS_MAX: usize = 64;
/// ASKING as a request.
const ASKING: &[u8] = b"*1\r\n$6\r\nASKING\r\n";

/// What the threads of a proxy share: counters for INFO, client ids.
#[derive(Debug)]
pub struct Shared {
    /// Start of the proxy.
    pub started: Instant,
    /// The port it listens on.
    pub port: u16,
    /// The next client's id.
    pub next_id: AtomicU64,
    /// Clients connected now.
    pub clients: AtomicUsize,
    /// Clients accepted since the start.
    pub accepted: AtomicU64,
    /// Clients refused because there were too many.
    pub rejected: AtomicU64,
    /// Requests taken in; the threads add theirs at every tick.
    pub commands: AtomicU64,
    /// Forty hex digits that tell this process from others.
    pub run_id: String,
}

impl Shared {
    /// Counters of a proxy that listens on `port`.
    pub fn new(port: u16) -> Shared {
        Shared {
            started: Instant::now(),
            port,
            next_id: AtomicU64::new(1),
            clients: AtomicUsize::new(0),
            accepted: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            commands: AtomicU64::new(0),
            run_id: (0..40).map(|_| char::from_digit(fastrand::u32(..16), 16).unwrap_or('0')).collect(),
        }
    }
}

/// See the module.
pub struct Worker {
    /// As given at the start.
    pub config: Arc<ProxyConfig>,
    /// Shared with the other threads.
    pub shared: Arc<Shared>,
    /// Where commands go.
    pub router: Router,
    /// Asks for a fresh topology.
    pub refresh: Refresh,
    /// Which backend gets a slot's requests.
    pub map: RefCell<SlotMap>,
    /// Buffers of overtaking replies.
    pub spare: RefCell<Spare>,
    /// Requests taken in since the last tick.
    pub commands: Cell<u64>,
    /// Time in [`TICK`]s.
    tick: Cell<u32>,
    /// Read buffers not in use.
    buffers: RefCell<Vec<Vec<u8>>>,
    clients: RefCell<HashMap<u64, Rc<Client>>>,
    /// Backends that left the view and may still have requests under way.
    retired: RefCell<Vec<Rc<Backend>>>,
    stopping: Cell<bool>,
    dirty_links: RefCell<Vec<Rc<Link>>>,
    dirty_clients: RefCell<Vec<Rc<Client>>>,
    flush_waker: RefCell<Option<Waker>>,
    flush_due: Cell<bool>,
}

impl Worker {
    /// Starts a worker on the current thread: its flush, its clock, and its watch on topology and `stop`.
    pub fn start(
        config: Arc<ProxyConfig>,
        shared: Arc<Shared>,
        views: watch::Receiver<Arc<View>>,
        refresh: Refresh,
        stop: watch::Receiver<bool>,
    ) -> Rc<Worker> {
        let worker = Rc::new(Worker {
            config,
            shared,
            router: Router::default(),
            refresh,
            map: RefCell::default(),
            spare: RefCell::default(),
            commands: Cell::new(0),
            tick: Cell::new(0),
            buffers: RefCell::default(),
            clients: RefCell::default(),
            retired: RefCell::default(),
            stopping: Cell::new(false),
            dirty_links: RefCell::default(),
            dirty_clients: RefCell::default(),
            flush_waker: RefCell::default(),
            flush_due: Cell::new(false),
        });
        tokio::task::spawn_local(worker.clone().flush());
        tokio::task::spawn_local(worker.clone().keep_time());
        tokio::task::spawn_local(worker.clone().follow(views));
        tokio::task::spawn_local(worker.clone().await_stop(stop));
        worker
    }

    /// Time of now for a ticket.
    #[inline]
    pub fn tick(&self) -> u32 {
        self.tick.get()
    }

    /// The proxy is being stopped: clients finish what they have sent.
    pub fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    /// An empty read buffer.
    pub fn take_buffer(&self) -> Vec<u8> {
        self.buffers.borrow_mut().pop().unwrap_or_else(|| Vec::with_capacity(BUFFER_BYTES))
    }

    /// Gives a read buffer back.
    pub fn give_buffer(&self, mut buffer: Vec<u8>) {
        let mut buffers = self.buffers.borrow_mut();
        if buffer.capacity() >= BUFFER_BYTES && buffer.capacity() <= 4 * BUFFER_BYTES && buffers.len() < BUFFERS_MAX {
            buffer.clear();
            buffers.push(buffer);
        }
    }

    /// Enters a client; it is told when the proxy stops.
    pub fn enter(&self, client: &Rc<Client>) {
        self.clients.borrow_mut().insert(client.id, client.clone());
    }

    /// Takes a client out.
    pub fn leave(&self, client: &Client) {
        self.clients.borrow_mut().remove(&client.id);
    }

    /// Has the link written at the end of the turn.
    #[inline]
    pub fn flush_link(&self, link: &Rc<Link>) {
        self.dirty_links.borrow_mut().push(link.clone());
        self.wake_flush();
    }

    /// Has the client written at the end of the turn.
    #[inline]
    pub fn flush_client(&self, client: &Rc<Client>) {
        self.dirty_clients.borrow_mut().push(client.clone());
        self.wake_flush();
    }

    #[inline]
    fn wake_flush(&self) {
        if !self.flush_due.replace(true)
            && let Some(waker) = &*self.flush_waker.borrow()
        {
            // Woken last, it runs behind every task that is ready now.
            waker.wake_by_ref();
        }
    }

    async fn flush(self: Rc<Worker>) {
        let (mut links, mut clients) = (Vec::new(), Vec::new());
        std::future::poll_fn(|cx| {
            if self.flush_waker.borrow().is_none() {
                *self.flush_waker.borrow_mut() = Some(cx.waker().clone());
            }
            self.flush_due.set(false);
            std::mem::swap(&mut links, &mut *self.dirty_links.borrow_mut());
            std::mem::swap(&mut clients, &mut *self.dirty_clients.borrow_mut());
            links.drain(..).for_each(|link: Rc<Link>| link.flush());
            clients.drain(..).for_each(|client: Rc<Client>| client.flush());
            Poll::<()>::Pending
        })
        .await;
    }

    async fn keep_time(self: Rc<Worker>) {
        let ticks_max =
            (self.config.request_timeout_ms / TICK.as_millis() as u64).clamp(1, u64::from(u32::MAX / 2)) as u32;
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let now = self.tick.get().wrapping_add(1);
            self.tick.set(now);
            self.shared.commands.fetch_add(self.commands.take(), Relaxed);
            let check = |backend: &Rc<Backend>| backend.links().for_each(|link| link.check_time(now, ticks_max));
            self.map.borrow().backends().iter().for_each(check);
            let mut retired = self.retired.borrow_mut();
            retired.retain(|backend| backend.links().any(|link| link.pending() > 0));
            retired.iter().for_each(check);
        }
    }

    async fn follow(self: Rc<Worker>, mut views: watch::Receiver<Arc<View>>) {
        loop {
            let view = views.borrow_and_update().clone();
            let left = self.map.borrow_mut().apply(&view);
            left.iter().flat_map(|backend| backend.links()).for_each(|link| link.retire());
            self.retired.borrow_mut().extend(left);
            if views.changed().await.is_err() {
                return;
            }
        }
    }

    async fn await_stop(self: Rc<Worker>, mut stop: watch::Receiver<bool>) {
        let _ = stop.wait_for(|stop| *stop).await;
        self.stopping.set(true);
        self.clients.borrow().values().for_each(|client| client.wake());
        tokio::time::sleep(Duration::from_millis(self.config.drain_ms)).await;
        self.clients.borrow().values().for_each(|client| client.abandon());
    }

    /// Sends a request to the owner of its slot.
    #[inline]
    pub fn send(self: &Rc<Worker>, slot: Slot, request: &[u8], ticket: Ticket) {
        if let Some(backend) = self.map.borrow().owner(slot) {
            backend.link(ticket.protocol, self).send(request, ticket, self);
            return;
        }
        let nobody = NodeAddr::new("", 0);
        self.refused(Refusal::ClusterDown, b"-CLUSTERDOWN Hash slot not served\r\n", &nobody, request.to_vec(), ticket);
    }

    /// Sends a request again after its link was lost.
    pub fn resend(self: &Rc<Worker>, link: &Rc<Link>, request: Vec<u8>, mut ticket: Ticket) {
        ticket.tick = self.tick();
        match ticket.slot {
            Some(slot) => self.send(slot, &request, ticket),
            None => link.send(&request, ticket, self),
        }
    }

    /// Follows what a node said instead of executing a request: `reply` to `request` from the node `from`.
    #[cold]
    pub fn refused(
        self: &Rc<Worker>,
        refusal: Refusal,
        reply: &[u8],
        from: &NodeAddr,
        request: Vec<u8>,
        mut ticket: Ticket,
    ) {
        match &refusal {
            Refusal::Moved { slot, owner } => {
                self.map.borrow_mut().moved(*slot, &owner.clone().resolve(from));
                self.refresh.request();
            }
            Refusal::ClusterDown => self.refresh.request(),
            Refusal::Ask(_) | Refusal::TryAgain => {}
        }
        let verdict = retry::after_refusal(&refusal, ticket.slot.is_some(), &mut ticket.attempts);
        ticket.tick = self.tick();
        match (verdict, ticket.slot) {
            (Verdict::Resend, Some(slot)) => self.send(slot, &request, ticket),
            (Verdict::Ask(target), Some(_)) => self.ask(target, from, &request, ticket),
            (Verdict::Later(pause), Some(slot)) => {
                let worker = self.clone();
                tokio::task::spawn_local(async move {
                    tokio::time::sleep(pause).await;
                    ticket.tick = worker.tick();
                    worker.send(slot, &request, ticket);
                });
            }
            // A redirect means nothing to a client that knows one address.
            _ if matches!(refusal, Refusal::Moved { .. } | Refusal::Ask(_)) => {
                ticket.to.fail("CLUSTERDOWN the slot changed its owner too often while the command was under way");
            }
            _ => ticket.to.deliver(reply),
        }
    }

    fn ask(self: &Rc<Worker>, target: Target, from: &NodeAddr, request: &[u8], ticket: Ticket) {
        let Some(backend) = self.map.borrow_mut().backend(&target.resolve(from)) else {
            ticket.to.fail("CLUSTERDOWN too many nodes");
            return;
        };
        let asking = Ticket {
            to: To::Nobody,
            bytes: ASKING.len() as u32,
            tick: ticket.tick,
            slot: None,
            attempts: Attempts::default(),
            read_only: false,
            protocol: ticket.protocol,
        };
        let link = backend.link(asking.protocol, self);
        link.send(ASKING, asking, self);
        link.send(request, ticket, self);
    }
}
