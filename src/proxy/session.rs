//! A client's connection: reads its requests, sends them where they belong, answers what is the proxy's own.
//!
//! One task per client. It stops reading while one of its bounds is reached: requests under way, bytes of
//! replies that the client has not read, a link that is full. It also holds back requests while older ones are
//! under way across a change of the slot map, so that one client's requests stay in order.
//!
//! Idle clients hold no read buffer: they borrow one from the worker while bytes are there.

use super::backend::{Link, Split, Ticket, To};
use super::client::Client;
use super::merge::Merge;
use super::plan::{Part, Plan, Request, wrong_arity};
use super::retry::Attempts;
use super::scan::{self, Position};
use super::session_commands::{self, After, Identity};
use super::worker::Worker;
use crate::command::table::{Command, Table};
use crate::command::words::Flags;
use crate::command::{Args, is_http, unknown_command};
use crate::resp::{Protocol, ProtocolError, Reply, RequestLimits, RequestParser};
use crate::slot::Slot;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;

/// Requests parsed at once.
const BATCH_MAX: usize = 512;
/// Free room for a read; the buffer grows when less is left.
const READ_BYTES_MIN: usize = 8 * 1024;
/// The parser's offsets are 32-bit: no buffer may reach 4 GiB, its growth included.
const QUERY_BYTES_MAX: usize = 2 << 30;
/// Most by which a read buffer grows at once for an argument that is under way.
const READ_GROWTH_MAX: usize = 4 << 20;

/// Serves a client until it leaves.
pub async fn serve(worker: Rc<Worker>, mut stream: TcpStream) {
    let shared = worker.shared.clone();
    shared.accepted.fetch_add(1, Relaxed);
    let _ = stream.set_nodelay(true);
    if shared.clients.fetch_add(1, Relaxed) >= worker.config.clients_max {
        shared.rejected.fetch_add(1, Relaxed);
        // A fresh socket takes a line without waiting.
        let _ = stream.write_all(b"-ERR max number of clients reached\r\n").await;
    } else {
        let peer = stream.peer_addr().map(|addr| addr.to_string()).unwrap_or_default();
        let local = stream.local_addr().map(|addr| addr.to_string()).unwrap_or_default();
        let (reader, writer) = stream.into_split();
        let id = shared.next_id.fetch_add(1, Relaxed);
        let client = Rc::new(Client::new(id, worker.clone(), writer));
        worker.enter(&client);
        let epoch = worker.map.borrow().epoch();
        let identity = Identity::new(peer, local, worker.config.require_pass.is_none());
        let mut session = Session {
            reader,
            buffer: Vec::new(),
            parser: RequestParser::default(),
            next: 0,
            error: None,
            closing: false,
            duty: Duty { client, worker: worker.clone(), identity, epoch },
        };
        std::future::poll_fn(|cx| session.poll(cx)).await;
        session.duty.client.close();
        worker.leave(&session.duty.client);
    }
    shared.clients.fetch_sub(1, Relaxed);
}

struct Session {
    reader: OwnedReadHalf,
    buffer: Vec<u8>,
    parser: RequestParser,
    /// The first request of the parser's batch that has not been sent.
    next: usize,
    /// Why no more requests can be parsed.
    error: Option<ProtocolError>,
    /// No more requests are taken; it ends when all are answered.
    closing: bool,
    duty: Duty,
}

/// The part of a session that does not read.
struct Duty {
    client: Rc<Client>,
    worker: Rc<Worker>,
    identity: Identity,
    /// Epoch of the slot map under which the requests under way were sent.
    epoch: u64,
}

/// What a session does after a request.
#[derive(PartialEq, Eq)]
enum Flow {
    /// The next one.
    Next,
    /// Nothing until it is woken; then this request again.
    Wait,
    /// It ends when all are answered.
    Close,
}

impl Session {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.duty.client.awake(cx.waker());
        loop {
            if self.duty.client.is_blocked() {
                self.duty.client.flush();
            }
            if self.duty.client.is_broken() {
                return Poll::Ready(());
            }
            if !self.closing {
                match self.run_requests() {
                    Flow::Next if self.duty.worker.is_stopping() => self.closing = true,
                    Flow::Next => {}
                    Flow::Wait => return Poll::Pending,
                    Flow::Close => self.closing = true,
                }
            }
            if self.closing {
                return self.poll_settled();
            }
            if ready!(self.poll_read(cx)).is_none() {
                self.closing = true;
            }
        }
    }

    /// Ready when every request is answered and every answer written.
    fn poll_settled(&self) -> Poll<()> {
        let client = &self.duty.client;
        if client.pending() > 0 {
            client.wake_below(1);
            return Poll::Pending;
        }
        client.flush();
        if client.is_settled() || client.is_broken() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Reads once; `None` when the client sends no more.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        if self.buffer.capacity() == 0 {
            self.buffer = self.duty.worker.take_buffer();
        }
        if self.buffer.len() > self.duty.worker.config.client_query_bytes.min(QUERY_BYTES_MAX) {
            return Poll::Ready(None);
        }
        let room = self.buffer.capacity() - self.buffer.len();
        if room < READ_BYTES_MIN {
            let missing = self.parser.bytes_missing(self.buffer.len());
            self.buffer.reserve(missing.clamp(READ_BYTES_MIN, READ_GROWTH_MAX).max(self.buffer.len() / 2));
        }
        let outcome = pin!(self.reader.read_buf(&mut self.buffer)).poll(cx);
        if outcome.is_pending() && self.buffer.is_empty() {
            self.duty.worker.give_buffer(std::mem::take(&mut self.buffer));
        }
        outcome.map(|outcome| outcome.ok().filter(|bytes| *bytes > 0).map(|_| ()))
    }

    /// Runs the requests that are there.
    fn run_requests(&mut self) -> Flow {
        loop {
            while let Some(span) = self.parser.requests().get(self.next) {
                let request = Request::new(&self.buffer, self.parser.args_of(span), *span);
                match self.duty.run(request) {
                    Flow::Next => self.next += 1,
                    other => return other,
                }
            }
            self.next = 0;
            let consumed = self.parser.release();
            if consumed == self.buffer.len() {
                self.buffer.clear();
            } else if consumed > 0 {
                self.buffer.drain(..consumed);
            }
            if let Some(error) = self.error.take() {
                self.duty.client.answer(false, |out| Reply::new(out, Protocol::Resp2).error_line(&error.line()));
                return Flow::Close;
            }
            if self.buffer.is_empty() {
                self.parser.shrink();
                return Flow::Next;
            }
            let limits = RequestLimits {
                bulk_bytes_max: self.duty.worker.config.bulk_bytes_max,
                unauthenticated: !self.duty.identity.authenticated,
            };
            // Before AUTH the tight bounds hold: what stands behind it in the same bytes is parsed after it has run.
            let batch = if limits.unauthenticated { 1 } else { BATCH_MAX };
            self.error = self.parser.parse(&mut self.buffer, limits, batch).err();
            if self.parser.requests().is_empty() && self.error.is_none() {
                return Flow::Next;
            }
        }
    }
}

/// May this request of a blocking command wait? Streams are read without waiting unless BLOCK is among the options.
fn waits(command: &Command, args: Args<'_>) -> bool {
    let options = args.iter().take_while(|arg| !arg.eq_ignore_ascii_case(b"streams"));
    !matches!(command.name.as_ref(), "xread" | "xreadgroup")
        || options.into_iter().any(|arg| arg.eq_ignore_ascii_case(b"block"))
}

impl Duty {
    /// Runs one request.
    #[inline]
    fn run(&mut self, request: Request<'_>) -> Flow {
        if let Some(wait) = self.must_wait() {
            return wait;
        }
        let table = Table::get();
        let args = request.args;
        let Some(command) = table.lookup(args.at(0), args.get(1)) else {
            return if is_http(args) { Flow::Close } else { self.refuse_line(&unknown_command(args).line()) };
        };
        if !command.takes(args.len()) {
            return self.refuse(&wrong_arity(&command.name));
        }
        if !self.identity.authenticated && !command.flags.has(Flags::NO_AUTH) {
            return self.refuse("NOAUTH Authentication required.");
        }
        if command.flags.has(Flags::BLOCKING) && waits(command, args) {
            // A link to a node is shared: whoever waited on it would have all others wait.
            let name = command.name.to_ascii_uppercase();
            return self
                .refuse_line(format!("ERR {name} is not supported by the proxy yet, only by the nodes").as_bytes());
        }
        let plan = self.worker.router.plan(command, args);
        let flow = match plan {
            Plan::Forward(slot) => self.forward(slot, &request.raw(), command),
            Plan::Local => return self.local(command, args),
            Plan::Refuse(line) => return self.refuse(&line),
            Plan::Split(parts, merge) => self.split(parts, merge, command),
            Plan::AllShards(merge) => self.all_shards(&request.raw(), merge, command),
            Plan::Scan(shard, node_cursor) => self.scan(shard, node_cursor, args, command),
            Plan::AnyNode => self.any_node(&request.raw(), command),
        };
        if flow == Flow::Next {
            self.worker.commands.set(self.worker.commands.get() + 1);
        }
        flow
    }

    /// The bounds and orders that hold a request back.
    #[inline]
    fn must_wait(&mut self) -> Option<Flow> {
        let (pending, due) = (self.client.pending(), self.client.due_bytes());
        let config = &self.worker.config;
        if pending >= config.client_pending_max {
            self.client.wake_below(config.client_pending_max / 2 + 1);
            return Some(Flow::Wait);
        }
        // A long reply is waited for before more like it are asked for.
        if due >= config.client_output_soft_bytes && (pending > 0 || self.client.held_bytes() > 0) {
            self.client.wake_on_output();
            self.client.wake_below(pending);
            return Some(Flow::Wait);
        }
        let epoch = self.worker.map.borrow().epoch();
        if epoch != self.epoch {
            if pending > 0 {
                return Some(self.wait_for_all());
            }
            self.epoch = epoch;
        }
        None
    }

    fn wait_for_all(&self) -> Flow {
        self.client.wake_below(1);
        Flow::Wait
    }

    #[cold]
    fn refuse(&mut self, line: &str) -> Flow {
        self.refuse_line(line.as_bytes())
    }

    fn refuse_line(&mut self, line: &[u8]) -> Flow {
        let muted = self.identity.take_muted();
        self.worker.commands.set(self.worker.commands.get() + 1);
        self.client.answer(muted, |out| Reply::new(out, Protocol::Resp2).error_line(line));
        Flow::Next
    }

    fn ticket(&self, to: To, request: &[u8], slot: Option<Slot>, command: &Command) -> Ticket {
        Ticket {
            to,
            // A read buffer is smaller than 4 GiB, so is a request in it.
            bytes: request.len() as u32,
            tick: self.worker.tick(),
            slot,
            attempts: Attempts::default(),
            read_only: command.flags.has(Flags::READONLY),
            protocol: self.identity.protocol,
        }
    }

    #[inline]
    fn forward(&mut self, slot: Slot, request: &[u8], command: &Command) -> Flow {
        let worker = self.worker.clone();
        let map = worker.map.borrow();
        let link = map.owner(slot).map(|backend| backend.link(self.identity.protocol, &worker));
        if link.is_some_and(|link| self.has_no_room(link)) {
            return Flow::Wait;
        }
        let number = self.client.expect(self.identity.take_muted());
        let ticket = self.ticket(To::Client(self.client.clone(), number), request, Some(slot), command);
        match link {
            Some(link) => link.send(request, ticket, &worker),
            None => {
                drop(map);
                worker.send(slot, request, ticket);
            }
        }
        Flow::Next
    }

    /// As [`has_no_room`](Self::has_no_room) for the link of a slot.
    fn is_full(&self, slot: Slot) -> bool {
        let map = self.worker.map.borrow();
        let Some(backend) = map.owner(slot) else { return false };
        self.has_no_room(backend.link(self.identity.protocol, &self.worker))
    }

    /// True when a link has no room for a request; the session is then woken when there is.
    #[inline]
    fn has_no_room(&self, link: &Rc<Link>) -> bool {
        let full = link.is_full(&self.worker);
        if full && let Some(waker) = self.client.waker() {
            link.wait_for_room(&waker);
        }
        full
    }

    fn split(&mut self, parts: Vec<Part>, merge: Merge, command: &Command) -> Flow {
        if parts.iter().any(|part| self.is_full(part.slot)) {
            return Flow::Wait;
        }
        let number = self.client.expect(self.identity.take_muted());
        let split = Rc::new(Split::new(self.client.clone(), number, merge, parts.len()));
        for (index, part) in parts.into_iter().enumerate() {
            let to = To::Part(split.clone(), index as u32);
            let ticket = self.ticket(to, &part.request, Some(part.slot), command);
            self.worker.send(part.slot, &part.request, ticket);
        }
        Flow::Next
    }

    fn all_shards(&mut self, request: &[u8], merge: Merge, command: &Command) -> Flow {
        let shards = self.worker.map.borrow().shards().to_vec();
        if shards.is_empty() {
            return self.no_topology();
        }
        if shards.iter().any(|(slot, _)| self.is_full(*slot)) {
            return Flow::Wait;
        }
        let number = self.client.expect(self.identity.take_muted());
        let split = Rc::new(Split::new(self.client.clone(), number, merge, shards.len()));
        for (index, (_, backend)) in shards.iter().enumerate() {
            let ticket = self.ticket(To::Part(split.clone(), index as u32), request, None, command);
            backend.link(ticket.protocol, &self.worker).send(request, ticket, &self.worker);
        }
        Flow::Next
    }

    fn scan(&mut self, shard: usize, node_cursor: u64, args: Args<'_>, command: &Command) -> Flow {
        let shards = self.worker.map.borrow().shards().to_vec();
        if shards.is_empty() {
            return self.no_topology();
        }
        if shards.len() > scan::SHARDS_MAX {
            return self.refuse("ERR SCAN through a proxy is limited to 1024 shards; connect to a node");
        }
        let Some((lowest, backend)) = shards.get(shard) else {
            // The cluster has shrunk since the cursor was given out.
            let muted = self.identity.take_muted();
            self.client.answer(muted, |out| out.extend_from_slice(scan::END));
            return Flow::Next;
        };
        if self.is_full(*lowest) {
            return Flow::Wait;
        }
        let position = Position { shard, node_cursor, last: shard + 1 == shards.len() };
        let rewritten = scan::rewrite_request(&position, args.iter());
        let number = self.client.expect(self.identity.take_muted());
        let split = Rc::new(Split::new(self.client.clone(), number, Merge::Scan(position), 1));
        let ticket = self.ticket(To::Part(split, 0), &rewritten, None, command);
        backend.link(ticket.protocol, &self.worker).send(&rewritten, ticket, &self.worker);
        Flow::Next
    }

    /// The owner of the lowest slot stands for any node: what scripts a client loads are then where it runs them.
    fn any_node(&mut self, request: &[u8], command: &Command) -> Flow {
        let first = self.worker.map.borrow().shards().first().map(|(slot, _)| *slot);
        match first {
            Some(slot) => self.forward(slot, request, command),
            None => self.no_topology(),
        }
    }

    #[cold]
    fn no_topology(&mut self) -> Flow {
        self.worker.refresh.request();
        self.refuse("CLUSTERDOWN no node has told the proxy the cluster's topology yet")
    }

    fn local(&mut self, command: &Command, args: Args<'_>) -> Flow {
        // These change how later replies look or go, so everything before them is answered first.
        if matches!(&*command.name, "hello" | "reset") && self.client.pending() > 0 {
            return self.wait_for_all();
        }
        self.worker.commands.set(self.worker.commands.get() + 1);
        let mut reply = Vec::new();
        let muted = self.identity.take_muted();
        let after = session_commands::run(command, args, &mut self.identity, &self.client, &self.worker, &mut reply);
        let muted = match after {
            After::Silent => true,
            After::Loud => false,
            After::Next | After::Close => muted,
        };
        self.client.answer(muted, |out| out.append(&mut reply));
        if after == After::Close { Flow::Close } else { Flow::Next }
    }
}
