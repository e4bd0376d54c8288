//! One connection: bytes in, requests run in batches, bytes out.
//!
//! All requests that one read brought are run before one write. While output waits for a slow reader, requests
//! go on being run (a client may send a long pipeline before it reads the first reply), until
//! [`OUTPUT_BYTES_MAX`] wait: then nothing more is read from it. So a client that never reads costs that much
//! and no more, and others notice nothing.
//!
//! A turn of a connection is one read: whoever sends without end waits behind all others of its thread after each
//! 32 KiB of requests, or 1 MiB inside a long argument. Buffers are lent by the thread for the turn (see [`Spare`]);
//! long arguments are read straight into the memory that becomes the value, and long values sent from where the
//! keyspace keeps them.

use super::clients::Client;
use super::dispatch::{Dispatcher, OUTPUT_BYTES_MAX};
use super::session::{After, ReplyMode, Session};
use super::spare::{READ_BYTES, Spare, Work};
use super::transaction::unwatch;
use super::waiter::Waiter;
use super::{Node, now_ms};
use crate::net::output::{poll_send, send_now};
use crate::net::workers::LocalFuture;
use crate::resp::{ProtocolError, RequestLimits};
use socket2::{SockRef, TcpKeepalive};
use std::future::poll_fn;
use std::os::fd::AsRawFd;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// Requests taken together: enough that the cache misses of their keys overlap, few enough to stay in the cache.
const BATCH: usize = 32;
/// Longest input that is looked at ahead of running it, in bytes: a long batch prefetches enough by itself.
const AHEAD_BYTES_MAX: usize = 4096;
/// Reply bytes after which a long batch is sent before the rest of it runs.
const OUTPUT_BYTES_EAGER: usize = 256 << 10;
/// Bytes read in one turn inside a long argument, at most; nothing but a copy is done with them.
const TURN_APART_BYTES_MAX: usize = 1 << 20;

/// What a client from elsewhere is told while `protected-mode` is on and no password is set.
const PROTECTED: &[u8] =
    b"-DENIED Redis is running in protected mode because protected mode is enabled and no password \
is set for the default user. In this mode connections are only accepted from the loopback interface. Connect from \
the same host and send 'CONFIG SET protected-mode no', set a password with 'CONFIG SET requirepass', or start the \
server with '--protected-mode no'.\r\n";

/// What the connections of one thread share.
struct Thread {
    node: Arc<Node>,
    dispatcher: Dispatcher,
    spare: Spare,
}

/// What serves connections on one thread.
pub(super) fn server(node: Arc<Node>) -> impl Fn(TcpStream) -> LocalFuture + 'static {
    let thread = Rc::new(Thread { dispatcher: Dispatcher::new(node.clone()), spare: Spare::default(), node });
    move |stream| {
        let thread = thread.clone();
        Box::pin(async move {
            if let Err(error) = accept(&thread, stream).await {
                tracing::debug!("a connection ended: {error}");
            }
        })
    }
}

async fn accept(thread: &Thread, mut stream: TcpStream) -> std::io::Result<()> {
    let node = &*thread.node;
    stream.set_nodelay(true)?;
    let (peer, local) = (stream.peer_addr()?, stream.local_addr()?);
    let config = node.config.load();
    if config.tcp_keepalive_s > 0 {
        let time = Duration::from_secs(config.tcp_keepalive_s);
        let keepalive = TcpKeepalive::new().with_time(time).with_interval(time / 3).with_retries(3);
        SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    }
    if config.protected_mode && config.password.is_empty() && !peer.ip().to_canonical().is_loopback() {
        node.stats.rejected_connections.fetch_add(1, Relaxed);
        return stream.write_all(PROTECTED).await;
    }
    let Some(client) = node.clients.register(peer, local, stream.as_raw_fd(), now_ms(), config.clients_max) else {
        node.stats.rejected_connections.fetch_add(1, Relaxed);
        return stream.write_all(b"-ERR max number of clients reached\r\n").await;
    };
    let session = Session::new(client.clone(), config.password.is_empty());
    drop(config);
    let _registered = Registered { node, client: client.clone() };
    Connection {
        stream,
        thread,
        client,
        session,
        work: None,
        parsed: None,
        ran: 0,
        waiting: None,
        closing: false,
        more: false,
        turn_bytes: 0,
        drained: true,
    }
    .serve()
    .await
}

/// Forgets a client however its task ends: also by a panic in a handler, or dropped when the drain is over.
struct Registered<'a> {
    node: &'a Node,
    client: Arc<Client>,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.node.clients.unregister(self.client.id);
        end_wait(self.node, &self.client);
        unwatch(self.node, &self.client);
        self.node.hub.forget(&self.client);
    }
}

/// Ends a client's wait, if it waits: nobody answers it from now on.
fn end_wait(node: &Node, client: &Client) {
    if let Some(waiter) = client.set_waiter(None) {
        // Whoever has claimed it answers nobody.
        let _ = waiter.claim();
        node.interests.end_wait(&node.keyspace.hooks, &waiter);
        node.stats.blocked_clients.fetch_sub(1, Relaxed);
    }
}

struct Connection<'t> {
    thread: &'t Thread,
    stream: TcpStream,
    client: Arc<Client>,
    session: Session,
    /// Lent by the thread while there is something to do.
    work: Option<Box<Work>>,
    /// What was read is parsed already.
    parsed: Option<Parsed>,
    /// Requests of it that have run.
    ran: usize,
    /// What its last request waits for, and until when.
    waiting: Option<Waiting>,
    /// No more requests; what is left of the replies is sent, then the connection closes.
    closing: bool,
    /// The last read filled its buffer: there is more most likely.
    more: bool,
    /// Bytes read since others had a chance.
    turn_bytes: usize,
    /// The last read took all there was: the socket is asked before a buffer is lent.
    drained: bool,
}

/// What a connection waits for, and when its time is over.
type Waiting = (Arc<Waiter>, Option<Pin<Box<Sleep>>>);

/// What a connection's task woke up for.
enum Wake {
    /// Bytes arrived; 0: the client closed.
    Read(usize),
    /// Output was sent.
    Sent,
    /// Others sent it something.
    Mail,
    /// What it waited for has come, or its time is over.
    Answered(Vec<u8>),
    /// Another connection killed it, or the node stops.
    Killed,
}

/// What parsing came to, and how many requests were asked for.
type Parsed = (Result<(), ProtocolError>, usize);

fn parse(session: &Session, dispatcher: &Dispatcher, work: &mut Work) -> Parsed {
    let limits = dispatcher.with_config(|config| RequestLimits {
        bulk_bytes_max: config.data.proto_max_bulk_bytes,
        unauthenticated: !session.authenticated && !config.password.is_empty(),
    });
    // Until AUTH each request is judged by the limits that hold once the one before it has run.
    let batch = if limits.unauthenticated { 1 } else { BATCH };
    (work.parser.parse(&mut work.input, limits, batch), batch)
}

/// Has more come than a request may have?
fn passes_limit(dispatcher: &Dispatcher, work: &Work) -> bool {
    work.input_bytes() > dispatcher.with_config(|config| config.query_buffer_bytes_max)
}

/// Puts the task behind all that are ready. Not the runtime's own way of yielding, which asks the system for events
/// first: that call would cost what waiting saves.
async fn requeue() {
    let mut queued = false;
    poll_fn(|context| {
        if std::mem::replace(&mut queued, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

impl Connection<'_> {
    async fn serve(mut self) -> std::io::Result<()> {
        loop {
            match self.wait().await? {
                Wake::Read(0) => break,
                Wake::Read(count) if self.waiting.is_some() => {
                    // It runs later; what is read tells that the client is still there.
                    self.thread.dispatcher.count_input(count);
                    if self.work.as_ref().is_some_and(|work| passes_limit(&self.thread.dispatcher, work)) {
                        break;
                    }
                }
                Wake::Read(count) => {
                    self.thread.dispatcher.count_input(count);
                    if self.look_ahead() {
                        // Others that are ready have their turn first.
                        requeue().await;
                        self.thread.dispatcher.prefetch_ahead();
                    }
                    self.run_requests().await?;
                }
                // With room again, requests that waited for it go on.
                Wake::Sent if !self.closing && self.waiting.is_none() => self.run_requests().await?,
                Wake::Sent => {}
                Wake::Mail => self.send_mail()?,
                Wake::Answered(reply) => {
                    end_wait(&self.thread.node, &self.client);
                    self.waiting = None;
                    if self.session.reply_mode == ReplyMode::On {
                        self.lent().output.append(&reply);
                    }
                    self.run_requests().await?;
                }
                Wake::Killed => {
                    if let Some(work) = &mut self.work {
                        send_now(&mut work.output, &self.stream)?;
                    }
                    break;
                }
            }
            self.thread.spare.settle(&mut self.work);
            self.publish();
            if self.closing && self.unsent() == 0 {
                break;
            }
            if !self.more {
                self.turn_bytes = 0;
            } else if self.turn_is_over() {
                (self.more, self.turn_bytes) = (false, 0);
                tokio::task::yield_now().await;
            }
        }
        // A polite end: the client reads what was sent instead of a reset.
        let _ = self.stream.shutdown().await;
        Ok(())
    }

    /// Parses what was read, and asks for what running it will touch. False when there is nothing to wait for.
    fn look_ahead(&mut self) -> bool {
        let Some(work) = &mut self.work else { return false };
        if work.input.len() > AHEAD_BYTES_MAX || !work.output.is_empty() || self.closing {
            return false;
        }
        let parsed = parse(&self.session, &self.thread.dispatcher, work);
        self.parsed = Some(parsed);
        let Work { input, parser, plan, .. } = &mut **work;
        self.thread.dispatcher.note_ahead(&self.session, parser, input, plan)
    }

    /// Others come first now, though there is more to read.
    fn turn_is_over(&mut self) -> bool {
        let inside_argument = self.work.as_mut().is_some_and(|work| work.parser.room().is_some());
        self.turn_bytes >= if inside_argument { TURN_APART_BYTES_MAX } else { READ_BYTES }
    }

    /// The answer to a request that waits, when it is there or its time is over.
    fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<Vec<u8>> {
        let Some((waiter, deadline)) = &mut self.waiting else { return Poll::Pending };
        if let Some(reply) = waiter.take_reply() {
            return Poll::Ready(reply);
        }
        if let Some(sleep) = deadline
            && sleep.as_mut().poll(context).is_ready()
        {
            *deadline = None;
            waiter.expire();
            return waiter.take_reply().map_or(Poll::Pending, Poll::Ready);
        }
        Poll::Pending
    }

    /// What the connection works with, lent if it has none.
    fn lent(&mut self) -> &mut Work {
        self.work.get_or_insert_with(|| self.thread.spare.lend())
    }

    /// Sends what others have to say.
    fn send_mail(&mut self) -> std::io::Result<()> {
        let mail = self.client.mail.take();
        let work = self.work.get_or_insert_with(|| self.thread.spare.lend());
        work.output.append(&mail);
        send_now(&mut work.output, &self.stream)
    }

    /// Bytes of replies that the socket did not take.
    fn unsent(&self) -> usize {
        self.work.as_ref().map_or(0, |work| work.output.len())
    }

    async fn wait(&mut self) -> std::io::Result<Wake> {
        poll_fn(|context| {
            if self.client.is_killed() {
                return Poll::Ready(Ok(Wake::Killed));
            }
            if let Some(work) = &mut self.work
                && !work.output.is_empty()
                && let Poll::Ready(sent) = poll_send(&mut work.output, &self.stream, context)
            {
                return Poll::Ready(sent.map(|()| Wake::Sent));
            }
            // Registered before looking: who comes after the look wakes the task.
            self.client.waker.register(context.waker());
            if let Poll::Ready(reply) = self.poll_answer(context) {
                return Poll::Ready(Ok(Wake::Answered(reply)));
            }
            if self.client.mail.is_filled() && self.unsent() == 0 {
                return Poll::Ready(Ok(Wake::Mail));
            }
            if !self.closing
                && self.unsent() < OUTPUT_BYTES_MAX
                && let Poll::Ready(read) = self.poll_read(context)
            {
                return Poll::Ready(read.map(Wake::Read));
            }
            if self.client.is_killed() { Poll::Ready(Ok(Wake::Killed)) } else { Poll::Pending }
        })
        .await
    }

    /// Reads what there is, up to a turn's share. The connection is lent a buffer only when there is something.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        if self.drained {
            let ready = self.stream.poll_read_ready(context)?;
            // Woken again, there is something most likely, and reading asks anyway.
            self.drained = false;
            ready!(ready);
        }
        let spare = &self.thread.spare;
        let Work { input, parser, output, .. } = &mut **self.work.get_or_insert_with(|| spare.lend());
        let (bytes, bytes_max) = match parser.room() {
            Some((argument, missing)) => (argument, missing.min(TURN_APART_BYTES_MAX)),
            None => {
                spare.make_room(input, output);
                (input, READ_BYTES)
            }
        };
        let offered = bytes_max.min(bytes.capacity() - bytes.len());
        let mut stream = (&mut self.stream).take(offered as u64);
        let Poll::Ready(read) = Future::poll(pin!(stream.read_buf(bytes)), context) else {
            spare.settle(&mut self.work);
            return Poll::Pending;
        };
        let count = read?;
        self.more = count == offered;
        self.turn_bytes += count;
        self.drained = !self.more;
        Poll::Ready(Ok(count))
    }

    /// Runs what is complete in the read buffer, and sends the replies.
    async fn run_requests(&mut self) -> std::io::Result<()> {
        let Thread { dispatcher, spare, .. } = self.thread;
        let mut work = self.work.take().unwrap_or_else(|| spare.lend());
        let outcome = self.run_with(dispatcher, &mut work).await;
        self.work = Some(work);
        outcome
    }

    async fn run_with(&mut self, dispatcher: &Dispatcher, work: &mut Work) -> std::io::Result<()> {
        loop {
            if self.closing || self.waiting.is_some() {
                break;
            }
            if work.output.len() >= OUTPUT_BYTES_MAX {
                // The rest of the batch runs when there is room again.
                return Ok(());
            }
            let (parsed, batch) = match self.parsed.take() {
                Some(parsed) => parsed,
                None => parse(&self.session, dispatcher, work),
            };
            loop {
                let Work { input, parser, plan, output } = work;
                let (after, ran) = dispatcher.run_batch(&mut self.session, parser, self.ran, input, plan, output);
                self.ran = ran;
                self.closing |= after == After::Close;
                if after == After::Blocked {
                    let waiter = self.client.waiter();
                    let sleep = |at| Box::pin(tokio::time::sleep_until(at));
                    self.waiting = waiter.map(|waiter| (waiter.clone(), waiter.deadline.map(sleep)));
                }
                if after != After::Held {
                    break;
                }
                send_now(&mut work.output, &self.stream)?;
                self.publish_of(Some(work));
                if !self.wait_out_pause().await {
                    self.closing = true;
                    return Ok(());
                }
            }
            if self.ran < work.parser.requests().len() && !self.closing {
                self.parsed = Some((parsed, batch));
                if self.waiting.is_some() {
                    return send_now(&mut work.output, &self.stream);
                }
                if work.output.len() > OUTPUT_BYTES_EAGER {
                    send_now(&mut work.output, &self.stream)?;
                }
                continue;
            }
            self.ran = 0;
            if let (false, Err(error)) = (self.closing, parsed) {
                dispatcher.refuse(&error, &mut work.output);
                self.closing = true;
            }
            // Fewer than asked for: the rest of the buffer is no whole request.
            let done = work.parser.requests().len() < batch;
            work.parser.next_batch();
            work.plan.clear();
            if done {
                break;
            }
            if work.output.len() > OUTPUT_BYTES_EAGER {
                send_now(&mut work.output, &self.stream)?;
            }
        }
        work.parser.release_from(&mut work.input);
        if self.client.mail.is_filled() {
            work.output.append(&self.client.mail.take());
        }
        if !work.input.is_empty() && passes_limit(dispatcher, work) {
            // As the reference: closed without a word.
            tracing::warn!("client {} closed: its request passed client-query-buffer-limit", self.client.id);
            self.closing = true;
        }
        send_now(&mut work.output, &self.stream)
    }

    /// Waits until CLIENT PAUSE ends or changes. False when the connection was killed meanwhile.
    async fn wait_out_pause(&mut self) -> bool {
        let node = &self.thread.node;
        let mut changes = node.pause.changes();
        let Some(pause) = node.pause.running(now_ms()) else { return true };
        let left_ms = u64::try_from(pause.until_ms - now_ms()).unwrap_or(0);
        self.client.set_held(true);
        node.stats.blocked_clients.fetch_add(1, Relaxed);
        let killed = poll_fn(|context| {
            self.client.waker.register(context.waker());
            if self.client.is_killed() { Poll::Ready(()) } else { Poll::Pending }
        });
        tokio::select! {
            () = killed => {}
            () = tokio::time::sleep(Duration::from_millis(left_ms)) => {}
            _ = changes.changed() => {}
        }
        node.stats.blocked_clients.fetch_sub(1, Relaxed);
        self.client.set_held(false);
        !self.client.is_killed()
    }

    /// Makes this connection's numbers visible to CLIENT LIST.
    fn publish(&self) {
        self.publish_of(self.work.as_deref());
    }

    fn publish_of(&self, work: Option<&Work>) {
        let (mut input, mut capacity, mut output) = (0, 0, 0);
        if let Some(work) = work {
            input = work.input_bytes();
            capacity = work.input.capacity() + input - work.input.len();
            output = work.output.len();
        }
        self.client.input_bytes.store(input, Relaxed);
        self.client.input_capacity.store(capacity, Relaxed);
        self.client.output_bytes.store(output, Relaxed);
    }
}
