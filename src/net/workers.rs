//! Worker threads: each runs one current-thread runtime and serves the connections handed to it.
//!
//! Why not one multi-thread runtime: a connection then never moves between threads, so everything about it is
//! local to one thread (no atomics, no wake-ups across threads), and a thread that has nothing to do sleeps.
//! One acceptor hands connections out in turn, which spreads them evenly whatever their number (listeners
//! with SO_REUSEPORT spread by hash: with few connections some threads get none), and the port stays
//! exclusively ours, so a second server on it is told so.

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
