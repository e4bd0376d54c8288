//! The proxy: one address for any plain client, a cluster behind it.
//!
//! It is stateless and works in front of every cluster that speaks the standard commands. A client's bytes go through
//! the same parser and command table as a node's; [`plan`] says where a request goes; requests of one slot are
//! forwarded as the bytes they are, over connections that all clients of a thread share; replies come back in the
//! order of the requests ([`outbox`]). Everything on that way is local to a worker thread. What may be sent
//! again after a redirect or a lost link is decided in [`retry`] alone.
//!
//! What it does not do: keep connection state at a node (transactions, subscriptions, blocking commands), read from
//! replicas, or speak to clients as a cluster.
//!
//! | module | what it is |
//! |---|---|
//! | [`config`] | what it is told at start |
//! | [`plan`], [`merge`], [`scan`], [`retry`], [`topology`], [`reply_scan`], [`outbox`] | pure decisions and data |
//! | [`map`], [`worker`], [`backend`], [`client`], [`session`], [`session_commands`] | one worker thread |
//! | [`discovery`] | asks the nodes for the topology, on a thread of its own |

pub mod backend;
pub mod client;
pub mod config;
pub mod discovery;
pub mod map;
pub mod merge;
pub mod outbox;
pub mod plan;
pub mod reply_scan;
pub mod retry;
pub mod scan;
pub mod session;
pub mod session_commands;
pub mod topology;
pub mod worker;

pub use config::ProxyConfig;
pub use topology::NodeAddr;

use crate::net::{Workers, accept_into};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use worker::{Shared, Worker};

/// How long clients are kept waiting for the topology when the proxy starts.
const TOPOLOGY_WAIT: Duration = Duration::from_secs(1);

/// Serves clients on `listener` until `stop` turns true; then gives them [`ProxyConfig::drain_ms`] to finish.
///
/// Before the first client is let in it waits up to a second for the topology. Blocks the calling thread; starts [`ProxyConfig::threads`] workers and one thread for the topology. It serves
/// even while no node can be reached: requests are then answered with an error, and the nodes are asked again.
pub fn run(config: ProxyConfig, listener: TcpListener, stop: watch::Receiver<bool>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let shared = Arc::new(Shared::new(listener.local_addr()?.port()));
    let config = Arc::new(config);
    let (views, refresh) = discovery::start(config.clone())?;
    let mut first_view = views.clone();
    let threads = config.threads.max(1);
    let workers = {
        let stop = stop.clone();
        Workers::start("proxy", threads, stop.clone(), move |_| {
            let worker = Worker::start(config.clone(), shared.clone(), views.clone(), refresh.clone(), stop.clone());
            move |stream| Box::pin(session::serve(worker.clone(), stream))
        })?
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let _ = timeout(TOPOLOGY_WAIT, first_view.wait_for(|view| !view.primaries.is_empty())).await;
        accept_into(listener, stop, |stream| workers.hand_over(stream)).await
    });
    workers.join();
    outcome
}
