//! A node as the proxy sees it: one pipelined connection per protocol and worker thread, shared by all clients.
//!
//! A request is appended to the link's bytes and a [`Ticket`] to its queue; the worker's flush writes once per turn
//! of the loop what all clients brought. The node answers in order, so the ticket at the front owns the next reply. Request
//! bytes stay until their reply came: a redirect or a lost link can send them again without a copy per
//! request on the way.
//!
//! Bounds: requests and bytes under way ([`Link::is_full`]; clients then wait), the time a node may take for the
//! oldest request (then the link is given up), and the pause between attempts to connect. While a node cannot
//! be reached its requests are answered with an error at once; the link keeps trying in the background.

use super::client::Client;
use super::merge::{Merge, merge};
use super::reply_scan::ReplyScan;
use super::retry::{self, Attempts, Sent};
use super::topology::NodeAddr;
use super::worker::Worker;
use crate::resp::Protocol;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::time::timeout;

/// Free room for a read; the buffer grows by [`READ_BYTES`] when less is left.
const READ_BYTES_MIN: usize = 16 * 1024;
/// Usual size of the read buffer.
const READ_BYTES: usize = 64 * 1024;
/// Bytes of answered requests that may stay in front of the unanswered ones.
const ANSWERED_BYTES_MAX: usize = 64 * 1024;
/// First pause after a failed attempt to connect; doubles up to [`BACKOFF_MAX`].
const BACKOFF_MIN: Duration = Duration::from_millis(50);
/// Longest pause between attempts to connect.
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// A node.
pub struct Backend {
    /// Where it listens.
    pub addr: NodeAddr,
    links: [OnceCell<Rc<Link>>; 2],
}

impl Backend {
    /// A node that nothing has been sent to yet.
    pub fn new(addr: NodeAddr) -> Backend {
        Backend { addr, links: [const { OnceCell::new() }; 2] }
    }

    /// The link that speaks `protocol`; its task is started with the first use.
    #[inline]
    pub fn link(&self, protocol: Protocol, worker: &Rc<Worker>) -> &Rc<Link> {
        self.links[usize::from(protocol == Protocol::Resp3)].get_or_init(|| {
            let link = Rc::new(Link::new(self.addr.clone(), protocol));
            tokio::task::spawn_local(link.clone().run(worker.clone()));
            link
        })
    }

    /// The links in use.
    pub fn links(&self) -> impl Iterator<Item = &Rc<Link>> {
        self.links.iter().filter_map(OnceCell::get)
    }
}

/// Who gets a reply.
pub enum To {
    /// The request with this number of this client.
    Client(Rc<Client>, u32),
    /// This part of a split request.
    Part(Rc<Split>, u32),
    /// Nobody (ASKING).
    Nobody,
}

/// A request under way.
pub struct Ticket {
    /// Who gets the reply.
    pub to: To,
    /// Bytes of the request.
    pub bytes: u32,
    /// Time of sending, in ticks of the worker.
    pub tick: u32,
    /// Slot it was sent for; `None`: it belongs to the node and follows no redirect.
    pub slot: Option<crate::slot::Slot>,
    /// How often it was sent again.
    pub attempts: Attempts,
    /// It changes nothing, so it may be executed twice.
    pub read_only: bool,
    /// The protocol its client speaks.
    pub protocol: Protocol,
}

/// A request that was sent in parts, or to all shards.
pub struct Split {
    client: Rc<Client>,
    number: u32,
    policy: Merge,
    parts: RefCell<Vec<Vec<u8>>>,
    missing: Cell<u32>,
}

impl Split {
    /// A request of `client` in so many parts.
    pub fn new(client: Rc<Client>, number: u32, policy: Merge, parts: usize) -> Split {
        Split { client, number, policy, parts: RefCell::new(vec![Vec::new(); parts]), missing: Cell::new(parts as u32) }
    }

    /// Takes in a part's reply; the last one completes the request.
    fn deliver(&self, part: u32, reply: &[u8]) {
        if let Some(place) = self.parts.borrow_mut().get_mut(part as usize) {
            place.extend_from_slice(reply);
        }
        self.missing.set(self.missing.get() - 1);
        if self.missing.get() == 0 {
            let mut merged = Vec::new();
            merge(&self.policy, &self.parts.borrow(), &mut merged);
            self.client.deliver(self.number, &merged);
        }
    }
}

impl To {
    /// Hands over the reply.
    #[inline]
    pub fn deliver(&self, reply: &[u8]) {
        match self {
            To::Client(client, number) => client.deliver(*number, reply),
            To::Part(split, part) => split.deliver(*part, reply),
            To::Nobody => {}
        }
    }

    /// Hands over an error of the proxy; `line` is without the leading `-`.
    #[cold]
    pub fn fail(&self, line: &str) {
        self.deliver(format!("-{line}\r\n").as_bytes());
    }
}

/// How a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Not connected, nobody needs it.
    Idle,
    /// Being connected; requests wait in the queue.
    Connecting,
    /// Requests are written.
    Up,
    /// The last attempt failed; requests are answered with an error.
    Down,
}

/// Why a link ended.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("closed the connection")]
    Closed,
    #[error("connection lost: {0}")]
    Broken(#[from] io::Error),
    #[error("{0}")]
    NoReply(#[from] super::reply_scan::BrokenReply),
    #[error("sent a reply that nothing asked for")]
    Unasked,
    #[error("did not answer in {0} ms")]
    TimedOut(u64),
    #[error("left the cluster")]
    Retired,
}

#[derive(Default)]
struct Queue {
    /// Requests: answered ones, written ones, ones still to be written.
    bytes: Vec<u8>,
    /// Offset of the oldest unanswered request.
    answered: usize,
    /// Offset behind what was written.
    written: usize,
    /// One per unanswered request.
    tickets: VecDeque<Ticket>,
}

/// One connection to a node.
pub struct Link {
    addr: NodeAddr,
    protocol: Protocol,
    queue: RefCell<Queue>,
    phase: Cell<Phase>,
    writer: RefCell<Option<OwnedWriteHalf>>,
    /// Of the link's task; the flush writes in its name, so it is woken when a full socket drains.
    waker: RefCell<Option<Waker>>,
    /// It is in the worker's list of links to flush.
    dirty: Cell<bool>,
    /// Clients that wait for room.
    waiting: RefCell<Vec<Waker>>,
    /// Set from outside to end the connection.
    doom: Cell<Option<Doom>>,
    /// Something for the task to look at while it does not read: a first request, doom.
    changed: Notify,
    /// Why the node cannot be reached.
    trouble: RefCell<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Doom {
    TimedOut,
    Retired,
}

impl Link {
    fn new(addr: NodeAddr, protocol: Protocol) -> Link {
        Link {
            addr,
            protocol,
            queue: RefCell::default(),
            phase: Cell::new(Phase::Idle),
            writer: RefCell::default(),
            waker: RefCell::default(),
            dirty: Cell::new(false),
            waiting: RefCell::default(),
            doom: Cell::new(None),
            changed: Notify::new(),
            trouble: RefCell::default(),
        }
    }

    /// Too much under way: a client with a request for it should wait, see [`wait_for_room`](Self::wait_for_room).
    #[inline]
    pub fn is_full(&self, worker: &Worker) -> bool {
        let queue = self.queue.borrow();
        queue.tickets.len() >= worker.config.link_pending_max
            || queue.bytes.len() - queue.answered >= worker.config.link_bytes_max
    }

    /// Has `waker` woken when there is room again, or the link is lost.
    pub fn wait_for_room(&self, waker: &Waker) {
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.iter().any(|known| known.will_wake(waker)) {
            waiting.push(waker.clone());
        }
    }

    /// Sends a request, or answers it with an error when the node cannot be reached.
    #[inline]
    pub fn send(self: &Rc<Link>, request: &[u8], ticket: Ticket, worker: &Worker) {
        match self.phase.get() {
            Phase::Up | Phase::Connecting => {}
            Phase::Idle => self.changed.notify_one(),
            Phase::Down => {
                ticket.to.fail(&format!("CLUSTERDOWN node {} cannot be reached: {}", self.addr, self.trouble.borrow()));
                return;
            }
        }
        let mut queue = self.queue.borrow_mut();
        queue.bytes.extend_from_slice(request);
        queue.tickets.push_back(ticket);
        if !self.dirty.replace(true) {
            worker.flush_link(self);
        }
    }

    /// Writes what is unwritten, as far as the socket takes it.
    pub fn flush(&self) {
        self.dirty.set(false);
        if self.phase.get() != Phase::Up {
            return;
        }
        let waker = self.waker.borrow();
        let Some(waker) = &*waker else { return };
        if self.poll_write(&mut Context::from_waker(waker)).is_err() {
            // The task finds the broken connection when it reads.
            waker.wake_by_ref();
        }
    }

    fn poll_write(&self, cx: &mut Context<'_>) -> io::Result<()> {
        let mut queue = self.queue.borrow_mut();
        let mut writer = self.writer.borrow_mut();
        let Some(writer) = &mut *writer else { return Ok(()) };
        while queue.written < queue.bytes.len() {
            match Pin::new(&mut *writer).poll_write(cx, &queue.bytes[queue.written..]) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(bytes)) => queue.written += bytes,
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(()),
            }
        }
        Ok(())
    }

    /// Gives the link up when its oldest request is older than `ticks_max`. Called at every tick.
    pub fn check_time(&self, tick: u32, ticks_max: u32) {
        let late = self.queue.borrow().tickets.front().is_some_and(|ticket| tick.wrapping_sub(ticket.tick) > ticks_max);
        if late && self.phase.get() == Phase::Up {
            self.end(Doom::TimedOut);
        }
    }

    /// Ends the link once its requests are answered: the node is no longer in the view.
    pub fn retire(&self) {
        self.end(Doom::Retired);
    }

    fn end(&self, doom: Doom) {
        self.doom.set(Some(doom));
        self.changed.notify_one();
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// Requests under way, for INFO.
    pub fn pending(&self) -> usize {
        self.queue.borrow().tickets.len()
    }

    /// Connects, serves, and connects again, until retired.
    async fn run(self: Rc<Link>, worker: Rc<Worker>) {
        let mut failures = 0u32;
        loop {
            if failures == 0 && self.queue.borrow().tickets.is_empty() {
                self.phase.set(Phase::Idle);
                self.changed.notified().await;
            }
            if self.is_over() {
                return;
            }
            if failures == 0 {
                self.phase.set(Phase::Connecting);
            }
            match timeout(worker.config.connect_timeout(), self.connect(&worker)).await {
                Ok(Ok(stream)) => {
                    failures = 0;
                    let lost = self.serve(stream, &worker).await;
                    self.settle(&lost, &worker);
                }
                Ok(Err(error)) => {
                    failures += 1;
                    self.give_up(&error.to_string(), &worker);
                }
                Err(_) => {
                    failures += 1;
                    self.give_up("timed out", &worker);
                }
            }
            if failures > 0 {
                let pause = BACKOFF_MIN.saturating_mul(1 << failures.min(6)).min(BACKOFF_MAX);
                let _ = timeout(pause, self.changed.notified()).await;
            }
        }
    }

    /// Retired, and nobody waits for an answer.
    fn is_over(&self) -> bool {
        self.doom.get() == Some(Doom::Retired) && self.queue.borrow().tickets.is_empty()
    }

    /// Connects and greets; the node's answer shows that it lives.
    async fn connect(&self, worker: &Worker) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect((self.addr.host(), self.addr.port())).await?;
        stream.set_nodelay(true)?;
        stream.write_all(&worker.config.greeting(self.protocol)).await?;
        let (mut scan, mut reply) = (ReplyScan::default(), Vec::new());
        loop {
            if stream.read_buf(&mut reply).await? == 0 {
                return Err(io::Error::other("closed the connection"));
            }
            if let Some(length) = scan.next(&reply).map_err(io::Error::other)? {
                if reply[0] == b'-' {
                    return Err(io::Error::other(String::from_utf8_lossy(&reply[1..length]).trim_end().to_owned()));
                }
                return Ok(stream);
            }
        }
    }

    /// Serves a connection until it is lost.
    async fn serve(self: &Rc<Link>, stream: TcpStream, worker: &Rc<Worker>) -> Lost {
        let (mut reader, writer) = stream.into_split();
        *self.writer.borrow_mut() = Some(writer);
        if self.doom.get() == Some(Doom::TimedOut) {
            // It was meant for the connection before this one.
            self.doom.set(None);
        }
        self.phase.set(Phase::Up);
        let mut inflow = Inflow { buffer: Vec::with_capacity(READ_BYTES), scan: ReplyScan::default() };
        let lost = std::future::poll_fn(|cx| {
            if self.waker.borrow().as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
                *self.waker.borrow_mut() = Some(cx.waker().clone());
            }
            Poll::Ready(match ready!(self.poll_serve(&mut reader, &mut inflow, worker, cx)) {
                Ok(never) => match never {},
                Err(lost) => lost,
            })
        })
        .await;
        if let Some(writer) = self.writer.borrow_mut().take() {
            // Both halves are dropped: closing says as much as a shutdown.
            writer.forget();
        }
        lost
    }

    fn poll_serve(
        self: &Rc<Link>,
        reader: &mut OwnedReadHalf,
        inflow: &mut Inflow,
        worker: &Rc<Worker>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<std::convert::Infallible, Lost>> {
        if !self.dirty.get() {
            self.poll_write(cx)?;
        }
        loop {
            match self.doom.get() {
                Some(Doom::TimedOut) => {
                    self.doom.set(None);
                    return Poll::Ready(Err(Lost::TimedOut(worker.config.request_timeout_ms)));
                }
                Some(Doom::Retired) if self.queue.borrow().tickets.is_empty() => {
                    return Poll::Ready(Err(Lost::Retired));
                }
                _ => {}
            }
            let buffer = &mut inflow.buffer;
            if buffer.capacity() - buffer.len() < READ_BYTES_MIN {
                buffer.reserve(READ_BYTES.max(buffer.len() / 2));
            }
            if ready!(pin!(reader.read_buf(buffer)).poll(cx))? == 0 {
                return Poll::Ready(Err(Lost::Closed));
            }
            self.take_replies(inflow, worker)?;
        }
    }

    /// Splits what was read and hands every reply to the ticket at the front.
    fn take_replies(self: &Rc<Link>, inflow: &mut Inflow, worker: &Rc<Worker>) -> Result<(), Lost> {
        let mut at = 0;
        while let Some(length) = inflow.scan.next(&inflow.buffer[at..])? {
            let reply = &inflow.buffer[at..at + length];
            at += length;
            // No push is asked for on these connections; one that comes is nobody's reply.
            if reply[0] == b'>' {
                continue;
            }
            self.take_reply(reply, worker)?;
        }
        if at == inflow.buffer.len() {
            inflow.buffer.clear();
            if inflow.buffer.capacity() > 4 * READ_BYTES {
                inflow.buffer = Vec::with_capacity(READ_BYTES);
            }
        } else if at > 0 {
            inflow.buffer.drain(..at);
        }
        self.tidy(worker);
        Ok(())
    }

    #[inline]
    fn take_reply(self: &Rc<Link>, reply: &[u8], worker: &Rc<Worker>) -> Result<(), Lost> {
        let (ticket, request) = {
            let mut queue = self.queue.borrow_mut();
            let Some(ticket) = queue.tickets.pop_front() else { return Err(Lost::Unasked) };
            let start = queue.answered;
            queue.answered += ticket.bytes as usize;
            if queue.answered > queue.written {
                // The answer to a request that was not sent: whose was it? The ticket goes back for the settling.
                queue.answered = start;
                queue.tickets.push_front(ticket);
                return Err(Lost::Unasked);
            }
            (ticket, start..queue.answered)
        };
        match retry::refusal(reply) {
            None => ticket.to.deliver(reply),
            Some(refusal) => {
                let request = self.queue.borrow().bytes[request].to_vec();
                worker.refused(refusal, reply, &self.addr, request, ticket);
            }
        }
        Ok(())
    }

    /// Drops the bytes of answered requests and lets waiting clients in.
    fn tidy(&self, worker: &Worker) {
        {
            let mut queue = self.queue.borrow_mut();
            let queue = &mut *queue;
            if queue.answered == queue.bytes.len() {
                queue.bytes.clear();
                if queue.bytes.capacity() > 16 * ANSWERED_BYTES_MAX {
                    queue.bytes = Vec::new();
                }
                (queue.answered, queue.written) = (0, 0);
            } else if queue.answered > ANSWERED_BYTES_MAX && queue.answered > queue.bytes.len() / 2 {
                queue.bytes.drain(..queue.answered);
                queue.written -= queue.answered;
                queue.answered = 0;
            }
        }
        if !self.waiting.borrow().is_empty() && !self.is_full(worker) {
            self.wake_waiting();
        }
    }

    fn wake_waiting(&self) {
        for waker in self.waiting.borrow_mut().drain(..) {
            waker.wake();
        }
    }

    /// Takes the queue apart: every request under way with its bytes and whether any of them was written.
    fn take_queue(&self) -> Vec<(Ticket, Vec<u8>, Sent)> {
        let queue = std::mem::take(&mut *self.queue.borrow_mut());
        let mut at = queue.answered;
        let requests = queue.tickets.into_iter().map(|ticket| {
            let request = queue.bytes[at..at + ticket.bytes as usize].to_vec();
            let sent = if at < queue.written { Sent::Maybe } else { Sent::No };
            at += request.len();
            (ticket, request, sent)
        });
        requests.collect()
    }

    /// After a connection was lost: sends again what may be, answers the rest with an error.
    fn settle(self: &Rc<Link>, lost: &Lost, worker: &Rc<Worker>) {
        self.phase.set(Phase::Connecting);
        if !matches!(lost, Lost::Retired) {
            tracing::warn!("node {}: {lost}", self.addr);
            worker.refresh.request();
        }
        for (mut ticket, request, sent) in self.take_queue() {
            let hopeless = matches!(lost, Lost::TimedOut(_)) || matches!(ticket.to, To::Nobody);
            match retry::after_loss(sent, ticket.read_only, &mut ticket.attempts) {
                retry::Verdict::Resend if !hopeless => worker.resend(self, request, ticket),
                _ if sent == Sent::No => ticket.to.fail(&format!("ERR node {} {lost}", self.addr)),
                _ => ticket.to.fail(&format!("ERR node {} {lost}; the command may have been executed", self.addr)),
            }
        }
        self.wake_waiting();
    }

    /// After a failed attempt to connect: answers everything with an error.
    fn give_up(&self, trouble: &str, worker: &Worker) {
        if self.phase.replace(Phase::Down) != Phase::Down {
            tracing::warn!("node {} cannot be reached: {trouble}", self.addr);
        }
        *self.trouble.borrow_mut() = trouble.to_owned();
        worker.refresh.request();
        for (ticket, ..) in self.take_queue() {
            ticket.to.fail(&format!("CLUSTERDOWN node {} cannot be reached: {trouble}", self.addr));
        }
        self.wake_waiting();
    }
}

struct Inflow {
    buffer: Vec<u8>,
    scan: ReplyScan,
}
