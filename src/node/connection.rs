//! One connection: bytes in, requests run in batches, bytes out.
//!
//! All requests that one read brought are run before one write. While output waits for a slow reader, requests
//! go on being run (a client may send a long pipeline before it reads the first reply), until
//! [`OUTPUT_BYTES_MAX`] wait: then nothing more is read from it. So a client that never reads costs that much
//! and no more, and others notice nothing.

use super::clients::Client;
use super::dispatch::Dispatcher;
use super::session::{After, Session};
use super::{Node, now_ms};
use crate::net::Output;
use crate::net::workers::LocalFuture;
use crate::resp::{RequestLimits, RequestParser};
use socket2::{SockRef, TcpKeepalive};
use std::future::poll_fn;
use std::os::fd::AsRawFd;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Requests taken together: enough that the cache misses of their keys overlap, few enough to stay in the cache.
const BATCH: usize = 32;
/// Unsent reply bytes at which a connection's requests wait.
const OUTPUT_BYTES_MAX: usize = 32 << 20;
/// Reply bytes after which a long batch is sent before the rest of it runs.
const OUTPUT_BYTES_EAGER: usize = 256 << 10;
/// Free space offered to a read, at least.
const READ_BYTES: usize = 16 << 10;
/// Most free space reserved ahead for a long argument: it is filled before more is reserved, so that a client
/// cannot make the node reserve what it only announces.
const READ_AHEAD_BYTES_MAX: usize = 1 << 20;
/// Read buffer an idle connection keeps.
const READ_KEPT_BYTES: usize = 64 << 10;

/// What a client from elsewhere is told while `protected-mode` is on and no password is set.
const PROTECTED: &[u8] =
    b"-DENIED Redis is running in protected mode because protected mode is enabled and no password \
is set for the default user. In this mode connections are only accepted from the loopback interface. Connect from \
the same host and send 'CONFIG SET protected-mode no', set a password with 'CONFIG SET requirepass', or start the \
server with '--protected-mode no'.\r\n";

/// What serves connections on one thread.
pub(super) fn server(node: Arc<Node>) -> impl Fn(TcpStream) -> LocalFuture + 'static {
    let dispatcher = Rc::new(Dispatcher::new(node.clone()));
    move |stream| {
        let (node, dispatcher) = (node.clone(), dispatcher.clone());
        Box::pin(async move {
            if let Err(error) = accept(&node, &dispatcher, stream).await {
                tracing::debug!("a connection ended: {error}");
            }
        })
    }
}

async fn accept(node: &Node, dispatcher: &Dispatcher, mut stream: TcpStream) -> std::io::Result<()> {
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
    let _registered = Registered { node, id: client.id };
    Connection {
        stream,
        client,
        session,
        parser: RequestParser::default(),
        input: Vec::new(),
        output: Output::default(),
        closing: false,
    }
    .serve(dispatcher)
    .await
}

/// Forgets a client however its task ends: also by a panic in a handler, or dropped when the drain is over.
struct Registered<'a> {
    node: &'a Node,
    id: u64,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.node.clients.unregister(self.id);
    }
}

struct Connection {
    stream: TcpStream,
    client: Arc<Client>,
    session: Session,
    parser: RequestParser,
    input: Vec<u8>,
    output: Output,
    /// No more requests; what is in `output` is sent, then the connection closes.
    closing: bool,
}

/// What a connection's task woke up for.
enum Wake {
    /// Bytes arrived; 0: the client closed.
    Read(usize),
    /// Output was sent.
    Sent,
    /// Another connection killed it, or the node stops.
    Killed,
}

impl Connection {
    async fn serve(mut self, dispatcher: &Dispatcher) -> std::io::Result<()> {
        loop {
            match self.wait().await? {
                Wake::Read(0) => break,
                Wake::Read(count) => {
                    dispatcher.count_input(count);
                    self.run_requests(dispatcher).await?;
                }
                // With room again, requests that waited for it go on.
                Wake::Sent if !self.closing => self.run_requests(dispatcher).await?,
                Wake::Sent => {}
                Wake::Killed => {
                    self.output.send_now(&self.stream)?;
                    break;
                }
            }
            if self.closing && self.output.is_empty() {
                break;
            }
        }
        // A polite end: the client reads what was sent instead of a reset.
        let _ = self.stream.shutdown().await;
        Ok(())
    }

    async fn wait(&mut self) -> std::io::Result<Wake> {
        let reading = !self.closing && self.output.len() < OUTPUT_BYTES_MAX;
        if reading {
            self.make_room();
        }
        poll_fn(|context| {
            self.client.waker.register(context.waker());
            if self.client.is_killed() {
                return Poll::Ready(Ok(Wake::Killed));
            }
            if !self.output.is_empty()
                && let Poll::Ready(sent) = self.output.poll_send(&mut self.stream, context)
            {
                return Poll::Ready(sent.map(|()| Wake::Sent));
            }
            if reading {
                let read = pin!(self.stream.read_buf(&mut self.input));
                if let Poll::Ready(read) = Future::poll(read, context) {
                    return Poll::Ready(read.map(Wake::Read));
                }
            }
            Poll::Pending
        })
        .await
    }

    fn make_room(&mut self) {
        if self.input.is_empty() && self.input.capacity() > READ_KEPT_BYTES {
            self.input = Vec::new();
            self.parser.shrink();
        }
        let missing = self.parser.bytes_missing(self.input.len()).min(READ_AHEAD_BYTES_MAX);
        if self.input.capacity() - self.input.len() < missing.max(READ_BYTES / 4) {
            self.input.reserve(missing.max(READ_BYTES));
        }
    }

    /// Runs what is complete in the read buffer, and sends the replies.
    async fn run_requests(&mut self, dispatcher: &Dispatcher) -> std::io::Result<()> {
        loop {
            if self.closing || self.output.len() >= OUTPUT_BYTES_MAX {
                break;
            }
            let limits = {
                let config = dispatcher.config();
                RequestLimits {
                    bulk_bytes_max: config.data.proto_max_bulk_bytes,
                    unauthenticated: !self.session.authenticated && !config.password.is_empty(),
                }
            };
            // Until AUTH each request is judged by the limits that hold once the one before it has run.
            let batch = if limits.unauthenticated { 1 } else { BATCH };
            let parsed = self.parser.parse(&mut self.input, limits, batch);
            let mut next = 0;
            loop {
                let (session, out) = (&mut self.session, &mut self.output.buffer);
                let (after, ran) = dispatcher.run_batch(session, &self.parser, next, &self.input, out);
                next = ran;
                self.closing |= after == After::Close;
                if after != After::Held {
                    break;
                }
                self.output.send_now(&self.stream)?;
                self.publish();
                if !self.wait_out_pause(dispatcher).await {
                    self.closing = true;
                    return Ok(());
                }
            }
            if let (false, Err(error)) = (self.closing, parsed) {
                dispatcher.refuse(&error, &mut self.output.buffer);
                self.closing = true;
            }
            // Fewer than asked for: the rest of the buffer is no whole request.
            let done = self.parser.requests().len() < batch;
            self.parser.next_batch();
            if done {
                break;
            }
            if self.output.len() > OUTPUT_BYTES_EAGER {
                self.output.send_now(&self.stream)?;
            }
        }
        let consumed = self.parser.release();
        self.consume(consumed);
        if !self.input.is_empty() && self.input.len() > dispatcher.config().query_buffer_bytes_max {
            // As the reference: closed without a word.
            tracing::warn!("client {} closed: its request passed client-query-buffer-limit", self.client.id);
            self.closing = true;
        }
        self.output.send_now(&self.stream)?;
        self.publish();
        Ok(())
    }

    /// Waits until CLIENT PAUSE ends or changes. False when the connection was killed meanwhile.
    async fn wait_out_pause(&mut self, dispatcher: &Dispatcher) -> bool {
        let node = dispatcher.node();
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

    /// Drops consumed bytes from the front of the read buffer.
    fn consume(&mut self, count: usize) {
        if count == self.input.len() {
            self.input.clear();
        } else if count > 0 {
            self.input.drain(..count);
        }
    }

    /// Makes this connection's numbers visible to CLIENT LIST.
    fn publish(&self) {
        self.client.input_bytes.store(self.input.len(), Relaxed);
        self.client.input_capacity.store(self.input.capacity(), Relaxed);
        self.client.output_bytes.store(self.output.len(), Relaxed);
    }
}
