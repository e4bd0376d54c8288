//! One cache node: connections, their sessions, and the commands that concern the process.
//!
//! [`Node`] is what all its threads share. [`run`] serves it until told to stop.

mod ahead;
mod batch_clock;
mod blocking;
mod checks;
pub mod clients;
pub mod config;
mod connection;
mod dispatch;
pub mod evict;
mod expire;
pub mod histogram;
mod housekeeping;
pub mod interest;
pub mod latency;
pub mod lazyfree;
pub mod mailbox;
pub mod memory;
pub mod meters;
pub mod notifications;
pub mod pause;
mod plan;
mod prefetch;
pub mod pubsub;
pub mod session;
pub mod session_commands;
pub mod slot_usage;
pub mod slowlog;
mod spare;
pub mod stats;
pub mod transaction;
pub mod waiter;

pub use config::Config;

use crate::cluster::{ClusterView, Member, NodeId, ViewCell};
use crate::net::{ListenError, Workers, accept_into, listen};
use crate::slot::Slot;
use crate::store::Keyspace;
use arc_swap::ArcSwap;
use clients::Clients;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, watch};

/// What all threads of a node share.
pub struct Node {
    /// Settings; replaced as a whole.
    pub config: ArcSwap<Config>,
    /// All keys.
    pub keyspace: Keyspace,
    /// The cluster as last published.
    pub view: ViewCell,
    /// Its name in the cluster.
    pub id: NodeId,
    /// Its connections.
    pub clients: Clients,
    /// Its counters.
    pub stats: stats::Stats,
    /// What serving each slot cost, where that is counted.
    pub slot_usage: slot_usage::SlotUsage,
    /// When it started.
    pub started: Instant,
    /// The same as unix ms.
    pub started_ms: i64,
    /// Random name of this run, 40 hexadecimal digits.
    pub run_id: String,
    /// Random name of its data's history, 40 hexadecimal digits (DEBUG CHANGE-REPL-ID).
    pub replication_id: ArcSwap<String>,
    /// Where it listens, the first address first.
    pub addresses: Vec<SocketAddr>,
    /// Turns true when the node shall stop (SHUTDOWN).
    pub stop: watch::Sender<bool>,
    /// CLIENT PAUSE.
    pub pause: pause::Pause,
    /// SLOWLOG and COMMANDLOG.
    pub logs: slowlog::CommandLogs,
    /// LATENCY.
    pub latency: latency::Latency,
    /// What housekeeping measured.
    pub meters: Arc<meters::Meters>,
    /// Where the memory limit stands.
    pub pressure: evict::Pressure,
    /// Frees in the background.
    pub(crate) lazyfree: lazyfree::LazyFree,
    /// Held while settings change: one CONFIG SET at a time.
    pub config_change: Mutex<()>,
    listening: Listening,
    /// Handlers of session commands by command id.
    pub(crate) session_handlers: Box<[Option<session_commands::SessionHandler>]>,
    /// Who has subscribed to which channels.
    pub hub: pubsub::Hub,
    /// Who waits for or watches which keys.
    pub interests: Arc<interest::Interests>,
    /// Whether expired keys are removed in the background (DEBUG SET-ACTIVE-EXPIRE).
    pub active_expire: std::sync::atomic::AtomicBool,
}

impl Node {
    /// A node with these settings that is the only member of its cluster and owns no slot.
    pub fn alone(config: Config, addresses: Vec<SocketAddr>, stop: watch::Sender<bool>) -> Node {
        let id = NodeId::random();
        let port = addresses.first().map_or(config.port, SocketAddr::port);
        let bus_port = port.checked_add(10_000).unwrap_or(0);
        // An unspecified address names no host: clients are told the one at which they reached the node.
        let host = addresses.first().filter(|address| !address.ip().is_unspecified());
        let host = host.map(|address| address.ip().to_string()).unwrap_or_default();
        let member = Member { id, shard_id: NodeId::random(), host, port, bus_port, hostname: String::new() };
        Node::member_of(ViewCell::new(ClusterView::new(vec![member])), id, config, addresses, stop)
    }

    /// A node that is member `id` of a cluster.
    pub fn member_of(
        view: ViewCell,
        id: NodeId,
        config: Config,
        addresses: Vec<SocketAddr>,
        stop: watch::Sender<bool>,
    ) -> Node {
        let (keyspace, interests) = (Keyspace::new(config.databases), Arc::new(interest::Interests::default()));
        keyspace.hooks.observe(interests.clone());
        let node = Node {
            keyspace,
            interests,
            hub: pubsub::Hub::default(),
            config: ArcSwap::from_pointee(config),
            view,
            id,
            clients: Clients::default(),
            stats: stats::Stats::default(),
            slot_usage: slot_usage::SlotUsage::default(),
            started: Instant::now(),
            started_ms: now_ms(),
            run_id: NodeId::random().to_string(),
            replication_id: ArcSwap::from_pointee(NodeId::random().to_string()),
            addresses,
            stop,
            pause: pause::Pause::default(),
            logs: slowlog::CommandLogs::default(),
            latency: latency::Latency::default(),
            meters: Arc::default(),
            pressure: evict::Pressure::default(),
            lazyfree: lazyfree::LazyFree::default(),
            config_change: Mutex::default(),
            listening: Listening::default(),
            session_handlers: session_commands::handlers(),
            active_expire: std::sync::atomic::AtomicBool::new(true),
        };
        node.follow_changes(&node.config.load());
        node
    }

    /// Returns once no command runs that began under an older view of these slots: every slot's lock is passed
    /// once, and commands read the view under it.
    pub fn wait_for_running_commands(&self, slots: &[Slot]) {
        for slot in slots {
            self.keyspace.pass_lock(0, *slot);
        }
    }
}

/// The listeners of a node, exchanged by CONFIG SET port and bind.
#[derive(Default)]
struct Listening {
    /// Those that accept; none before the node runs.
    current: Mutex<Vec<TcpListener>>,
    changed: Notify,
}

impl Listening {
    fn set(&self, listeners: Vec<TcpListener>) {
        *self.current.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = listeners;
        self.changed.notify_one();
    }

    /// The current ones once more: they share their sockets.
    fn share(&self) -> std::io::Result<Vec<TcpListener>> {
        let current = self.current.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        current.iter().map(TcpListener::try_clone).collect()
    }
}

impl Node {
    /// Listens where these settings say, from now on. Where it listens already it goes on doing so; an error
    /// changes nothing.
    pub fn listen_as(&self, config: &Config) -> std::io::Result<()> {
        let mut current = self.listening.share()?;
        let port = if config.port == 0 { self.port() } else { config.port };
        let mut next = Vec::new();
        for bind in &config.bind {
            let address = SocketAddr::new(bind.ip, port);
            let kept = current.iter().position(|listener| listener.local_addr().is_ok_and(|at| at == address));
            match kept.map(|index| current.swap_remove(index)) {
                Some(listener) => next.push(listener),
                None => match listen(address, config.tcp_backlog) {
                    Ok(listener) => next.push(listener),
                    Err(error) if bind.optional && error.is_missing_address() => {}
                    Err(error) => return Err(error.source),
                },
            }
        }
        self.listening.set(next);
        Ok(())
    }

    /// The port clients connect to.
    pub fn port(&self) -> u16 {
        match self.config.load().port {
            0 => self.addresses.first().map_or(0, SocketAddr::port),
            port => port,
        }
    }
}

/// Opens the listening sockets of a node: one for each `bind` address, all on one port.
pub fn bind(config: &Config) -> Result<Vec<TcpListener>, ListenError> {
    let mut port = config.port;
    let mut listeners = Vec::new();
    for bind in &config.bind {
        let address = SocketAddr::new(bind.ip, port);
        let listener = match listen(address, config.tcp_backlog) {
            Ok(listener) => listener,
            Err(error) if bind.optional && error.is_missing_address() => continue,
            Err(error) => return Err(error),
        };
        // With port 0 the first address chooses for all.
        port = listener.local_addr().map_err(|source| ListenError { address, source })?.port();
        listeners.push(listener);
    }
    Ok(listeners)
}

/// Serves a node on its listeners until its `stop` turns true, then drains. Must run in a tokio runtime of its
/// own thread: accepting and housekeeping never share a thread with connections.
pub async fn run(node: Arc<Node>, listeners: Vec<TcpListener>) -> std::io::Result<()> {
    let stop = node.stop.subscribe();
    let threads = node.config.load().threads.max(1);
    let workers = {
        let node = node.clone();
        Arc::new(Workers::start("node", threads, stop.clone(), move |_| connection::server(node.clone()))?)
    };
    let background = [
        tokio::spawn(evict::run(node.clone(), stop.clone())),
        tokio::spawn(expire::run(node.clone(), stop.clone())),
        tokio::spawn(housekeeping::run(node.clone(), stop.clone())),
    ];
    node.listening.set(listeners);
    accept_until(stop, &node, &workers).await;
    background.iter().for_each(tokio::task::JoinHandle::abort);
    // What was being run is finished and its replies are sent; then the connections close.
    for client in node.clients.list() {
        client.kill();
    }
    if let Some(workers) = Arc::into_inner(workers) {
        tokio::task::spawn_blocking(move || workers.join()).await?;
    }
    Ok(())
}

/// Hands connections to the workers until `stop`; CONFIG SET may exchange the listeners meanwhile.
async fn accept_until(mut stop: watch::Receiver<bool>, node: &Arc<Node>, workers: &Arc<Workers>) {
    let mut acceptors = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            () = node.listening.changed.notified() => {}
            Some(Ok(Err(error))) = acceptors.join_next() => {
                tracing::error!("accepting connections ended: {error}");
                continue;
            }
        }
        acceptors.shutdown().await;
        let listeners = match node.listening.share() {
            Ok(listeners) => listeners,
            Err(error) => {
                tracing::error!("accepting connections ended: {error}");
                continue;
            }
        };
        for listener in listeners {
            let (workers, node) = (workers.clone(), node.clone());
            acceptors.spawn(accept_into(listener, stop.clone(), move |stream| {
                let (workers, node) = (workers.clone(), node.clone());
                async move {
                    node.stats.connections.fetch_add(1, Relaxed);
                    workers.hand_over(stream).await;
                }
            }));
        }
    }
    // The acceptors hold a share of the workers until they end.
    acceptors.shutdown().await;
    node.listening.set(Vec::new());
}

/// Unix time in ms.
pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
