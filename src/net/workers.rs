//! Worker threads: each runs one current-thread runtime and serves the connections handed to it.
//!
//! Three shapes were compared, with two threads: this one; one multi-thread runtime; and a listener with SO_REUSEPORT
//! for each thread. Each served GETs of 64 B with a fixed reply, so that nothing but the shape differs, to 50
//! connections of a load program on the same two cores. CPU µs per request by the scheduler's own clock (schedstat),
//! median and range; other programs kept the machine busy, which is why the ranges are wide:
//!
//! | | P=1, 9 turns | P=16, 6 turns | 4 connections on two threads, 12 tries |
//! |---|---|---|---|
//! | this one | 3.5 (3.0 to 4.9) | 0.25 (0.20 to 0.35) | 2 + 2 always |
//! | multi-thread | 3.2 (2.1 to 5.7) | 0.18 (0.15 to 0.39) | whoever is free |
//! | SO_REUSEPORT | 3.4 (3.0 to 4.6) | 0.23 (0.17 to 0.34) | 2 + 2 five times, 3 + 1 five times, 4 + 0 twice |
//!
//! So the price of a request does not choose: the ranges overlap everywhere, and the medians speak for the multi-thread
//! runtime, if anything, by less than a tenth of a microsecond at P=16. What chooses: here a connection never moves
//! between threads, so what it works with (buffers, counters, the dispatcher) is its thread's alone and needs no
//! atomics; a thread that has nothing to do sleeps; and one acceptor hands connections out in turn, which spreads them
//! evenly whatever their number, and keeps the port exclusively ours, so that a second server on it is told so. What it
//! gives up: a thread whose commands are slow keeps its connections waiting while another is idle.

use std::cell::Cell;
use std::future::Future;
use std::net::TcpStream;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::LocalSet;

/// Connections accepted but not yet taken by their thread, at most.
const HANDOVER_MAX: usize = 1024;
/// Pause after the system refused a connection (no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long connections may take to finish what they do when the server stops.
const DRAIN: Duration = Duration::from_secs(5);

/// A future of one thread.
pub type LocalFuture = Pin<Box<dyn Future<Output = ()>>>;

/// Threads that serve connections.
pub struct Workers {
    inboxes: Vec<mpsc::Sender<TcpStream>>,
    next: AtomicUsize,
    threads: Vec<std::thread::JoinHandle<bool>>,
}

impl Workers {
    /// Starts `count` threads. On each, `start` makes the function that serves a connection there; it runs in
    /// the thread's runtime. When `stop` turns true the threads take no more connections, wait up to five
    /// seconds for the ones they have, and end.
    pub fn start<S>(
        name: &str,
        count: usize,
        stop: watch::Receiver<bool>,
        start: impl Fn(usize) -> S + Clone + Send + 'static,
    ) -> std::io::Result<Workers>
    where
        S: Fn(tokio::net::TcpStream) -> LocalFuture + 'static,
    {
        let mut inboxes = Vec::with_capacity(count);
        let mut threads = Vec::with_capacity(count);
        for index in 0..count {
            let (sender, inbox) = mpsc::channel(HANDOVER_MAX);
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                // A thread that sleeps must not leave others with an old figure of its memory.
                .on_thread_park(|| {
                    crate::memory::publish();
                })
                .build()?;
            let (start, stop) = (start.clone(), stop.clone());
            let thread = std::thread::Builder::new().name(format!("{name}-{index}")).spawn(move || {
                let serving = serve_thread(inbox, stop, move || start(index));
                // What is waited for here is looked at whenever anything wakes the thread, so it is a task that ends
                // once, and not the three things that it waits for.
                LocalSet::new().block_on(&runtime, async { tokio::task::spawn_local(serving).await }).is_err()
            })?;
            inboxes.push(sender);
            threads.push(thread);
        }
        Ok(Workers { inboxes, next: AtomicUsize::new(0), threads })
    }

    /// Hands a connection to the next thread in turn.
    pub async fn hand_over(&self, stream: TcpStream) {
        let turn = self.next.fetch_add(1, Relaxed) % self.inboxes.len();
        // A thread that ended takes its connections with it: dropping the stream closes it.
        let _ = self.inboxes[turn].send(stream).await;
    }

    /// Number of threads.
    pub fn count(&self) -> usize {
        self.inboxes.len()
    }

    /// Waits for the threads to end; they do after `stop` was told.
    pub fn join(self) {
        drop(self.inboxes);
        for thread in self.threads {
            if thread.join().unwrap_or(true) {
                tracing::error!("a worker thread panicked");
            }
        }
    }
}

/// Connections of a thread that have not ended.
#[derive(Default)]
struct Open {
    count: Cell<usize>,
    none: Notify,
}

/// Counts one connection, however it ends.
struct Counted(Rc<Open>);

impl Counted {
    fn new(open: &Rc<Open>) -> Counted {
        open.count.set(open.count.get() + 1);
        Counted(open.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let count = self.0.count.get() - 1;
        self.0.count.set(count);
        if count == 0 {
            self.0.none.notify_one();
        }
    }
}

async fn serve_thread<S>(
    mut inbox: mpsc::Receiver<TcpStream>,
    mut stop: watch::Receiver<bool>,
    start: impl FnOnce() -> S,
) where
    S: Fn(tokio::net::TcpStream) -> LocalFuture + 'static,
{
    let serve = start();
    let open = Rc::new(Open::default());
    loop {
        let received = tokio::select! {
            received = inbox.recv() => received,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Some(stream) = received else { break };
        match tokio::net::TcpStream::from_std(stream) {
            Ok(stream) => {
                let (counted, served) = (Counted::new(&open), serve(stream));
                tokio::task::spawn_local(async move {
                    let _counted = counted;
                    served.await;
                });
            }
            Err(error) => tracing::warn!("a connection was lost before it was served: {error}"),
        }
    }
    let drained = async {
        while open.count.get() > 0 {
            open.none.notified().await;
        }
    };
    let _ = tokio::time::timeout(DRAIN, drained).await;
}

/// Accepts connections until `stop` and hands each to `take`, which may refuse it by dropping it.
pub async fn accept_into<F>(
    listener: std::net::TcpListener,
    mut stop: watch::Receiver<bool>,
    take: impl Fn(TcpStream) -> F,
) -> std::io::Result<()>
where
    F: Future<Output = ()>,
{
    let listener = TcpListener::from_std(listener)?;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        match accepted.and_then(|(stream, _)| stream.into_std()) {
            Ok(stream) => take(stream).await,
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
