//! Starts what the command line asked for, and stops it on SIGINT and SIGTERM.

use super::{Proxy, Up, share_of_cores};
use crate::cluster::{ClusterView, Member, NodeId, ViewCell};
use crate::net::listen;
use crate::node::{self, Config, Node};
use crate::proxy::{self, NodeAddr, ProxyConfig};
use std::error::Error;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

type Outcome = Result<(), Box<dyn Error>>;

/// Distance of a node's bus port from its client port.
const BUS_PORT_OFFSET: u16 = 10_000;
/// Connections waiting to be accepted by a proxy.
const PROXY_BACKLOG: u32 = 1024;

/// `slotwise node`.
pub(super) fn node(arguments: &[String]) -> Outcome {
    if let [flag] = arguments
        && (flag == "-v" || flag == "--version")
    {
        say(format_args!("slotwise server v=7.2.4 slotwise={}", env!("CARGO_PKG_VERSION")));
        return Ok(());
    }
    log_to(std::io::stderr);
    let (config, warnings) = Config::from_args(arguments)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    // On standard output too: tools that start a redis-server wait for this line there.
    let listeners = node::bind(&config)
        .inspect_err(|error| say(format_args!("Failed listening on port {}: aborting.", error.address.port())))?;
    let addresses = local_addresses(&listeners)?;
    let (stop, _) = watch::channel(false);
    let node = Arc::new(Node::alone(config, addresses.clone(), stop.clone()));
    say(format_args!("slotwise {}, PID: {}", env!("CARGO_PKG_VERSION"), std::process::id()));
    say(format_args!("Server initialized"));
    for address in addresses {
        say(format_args!("Ready to accept connections on {address}"));
    }
    serve(vec![Part { stop, thread: start_node(node, listeners)? }])
}

/// `slotwise proxy`.
pub(super) fn proxy(arguments: Proxy) -> Outcome {
    log_to(std::io::stderr);
    let config = ProxyConfig {
        seeds: arguments.nodes,
        threads: arguments.threads.map_or_else(|| share_of_cores(1), usize::from),
        require_pass: arguments.requirepass,
        node_user: arguments.node_user,
        node_password: arguments.node_password,
        request_timeout_ms: arguments.request_timeout_ms,
        clients_max: arguments.maxclients,
        ..ProxyConfig::default()
    };
    let listener = listen(SocketAddr::new(arguments.bind, arguments.port), PROXY_BACKLOG)?;
    say(format_args!("slotwise {} proxy, PID: {}", env!("CARGO_PKG_VERSION"), std::process::id()));
    say(format_args!("Ready to accept connections on {}", listener.local_addr()?));
    let (stop, _) = watch::channel(false);
    let thread = start_proxy(config, listener, stop.subscribe())?;
    serve(vec![Part { stop, thread }])
}

/// `slotwise up`.
pub(super) fn up(arguments: &Up) -> Outcome {
    log_to(std::io::stderr);
    let count = usize::from(arguments.nodes);
    let threads = arguments.threads.map_or_else(|| share_of_cores(count), usize::from);
    // Every port is taken before anything runs: a port in use is an error and leaves nothing behind.
    let proxy_listener = listen(SocketAddr::new(arguments.bind, arguments.port), PROXY_BACKLOG)?;
    let mut members = Vec::new();
    let mut nodes = Vec::new();
    for index in 0..arguments.nodes {
        let port = arguments.node_port.checked_add(index).ok_or("the nodes' ports would pass 65535")?;
        let settings = [
            ("--bind", arguments.bind.to_string()),
            ("--port", port.to_string()),
            ("--threads", threads.to_string()),
            ("--cluster-enabled", "yes".to_owned()),
            ("--save", String::new()),
            // Who binds to an address that others reach wants to be reached; the proxy beside it is open too.
            ("--protected-mode", "no".to_owned()),
        ];
        let settings: Vec<String> = settings.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
        let (config, _) = Config::from_args(&settings)?;
        let listeners = node::bind(&config)?;
        let host = if arguments.bind.is_unspecified() { String::new() } else { arguments.bind.to_string() };
        let bus_port = port.checked_add(BUS_PORT_OFFSET).unwrap_or(0);
        let (id, shard_id) = (NodeId::random(), NodeId::random());
        members.push(Member { id, shard_id, host, port, bus_port, hostname: String::new() });
        nodes.push((id, config, listeners));
    }
    let view = ViewCell::new(ClusterView::evenly(members));
    // The nodes outlive the proxy: it drains while they still answer.
    let (stop, _) = watch::channel(false);
    let (stop_proxy, _) = watch::channel(false);
    let mut running = Vec::new();
    let mut seeds = Vec::new();
    for (id, config, listeners) in nodes {
        let addresses = local_addresses(&listeners)?;
        seeds.extend(addresses.first().map(|address| NodeAddr::new(&reachable(*address), address.port())));
        let node = Arc::new(Node::member_of(view.clone(), id, config, addresses, stop.clone()));
        running.push(start_node(node, listeners)?);
    }
    introduce(&view.load(), proxy_listener.local_addr()?);
    let proxy_threads = arguments.proxy_threads.map_or_else(|| share_of_cores(1), usize::from);
    let config = ProxyConfig { seeds, threads: proxy_threads, ..ProxyConfig::default() };
    let proxy = Part { stop: stop_proxy.clone(), thread: start_proxy(config, proxy_listener, stop_proxy.subscribe())? };
    let nodes = running.into_iter().map(|thread| Part { stop: stop.clone(), thread });
    serve(std::iter::once(proxy).chain(nodes).collect())
}

/// Where a local client reaches a listener.
fn reachable(address: SocketAddr) -> String {
    match address.ip() {
        ip if !ip.is_unspecified() => ip.to_string(),
        ip if ip.is_ipv6() => "::1".to_owned(),
        _ => "127.0.0.1".to_owned(),
    }
}

/// Prints a line on standard output; goes on without when nobody reads it.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Tells the addresses and one line to try.
fn introduce(view: &ClusterView, proxy: SocketAddr) {
    let nodes = view.members();
    say(format_args!(
        "slotwise {}: {} nodes and a proxy, PID: {}",
        env!("CARGO_PKG_VERSION"),
        nodes.len(),
        std::process::id()
    ));
    say(format_args!("  proxy   {proxy:<21}  any Redis client"));
    for (index, member) in nodes.iter().enumerate() {
        let host = if member.host.is_empty() { proxy.ip().to_string() } else { member.host.clone() };
        let address = match host.contains(':') {
            true => format!("[{host}]:{}", member.port),
            false => format!("{host}:{}", member.port),
        };
        let slots: Vec<String> =
            view.ranges_of(member.id).iter().map(|range| format!("{}-{}", range.first, range.last)).collect();
        say(format_args!("  node {:<2} {address:<21}  cluster clients; slots {}", index + 1, slots.join(" ")));
    }
    say(format_args!("Try:   redis-cli -p {} set greeting hello", proxy.port()));
    say(format_args!("Ready to accept connections. Ctrl-C stops it."));
}

fn start_node(node: Arc<Node>, listeners: Vec<TcpListener>) -> std::io::Result<JoinHandle<std::io::Result<()>>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("node-control".into()).spawn(move || runtime.block_on(node::run(node, listeners)))
}

fn start_proxy(
    config: ProxyConfig,
    listener: TcpListener,
    stop: watch::Receiver<bool>,
) -> std::io::Result<JoinHandle<std::io::Result<()>>> {
    std::thread::Builder::new().name("proxy-control".into()).spawn(move || proxy::run(config, listener, stop))
}

/// Something that runs until its `stop` is told.
struct Part {
    stop: watch::Sender<bool>,
    thread: JoinHandle<std::io::Result<()>>,
}

/// Waits for a signal, or for a part to be told to stop (SHUTDOWN); then stops and drains the parts one after
/// another, in their order. A second signal ends the process at once.
fn serve(parts: Vec<Part>) -> Outcome {
    let stops = parts.iter().map(|part| part.stop.subscribe()).collect();
    let woken = watch_for_the_end(stops)?;
    // An error means that the watching thread is gone, which cannot go on either.
    let _ = woken.recv();
    let mut failure = None;
    for Part { stop, thread } in parts {
        stop.send_replace(true);
        match thread.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => failure = failure.or(Some(error.to_string())),
            Err(_) => failure = failure.or(Some("a control thread panicked".to_owned())),
        }
    }
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}

/// A receiver that hears of the first SIGINT or SIGTERM, or of the first of `stops` to turn true. A signal
/// after that ends the process.
fn watch_for_the_end(stops: Vec<watch::Receiver<bool>>) -> std::io::Result<std::sync::mpsc::Receiver<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _in_runtime = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let (wake, woken) = std::sync::mpsc::sync_channel(1);
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async move {
            let mut told = tokio::task::JoinSet::new();
            for mut stop in stops {
                told.spawn(async move { stop.wait_for(|stop| *stop).await.is_ok() });
            }
            tokio::select! {
                _ = interrupt.recv() => tracing::info!("stopping"),
                _ = terminate.recv() => tracing::info!("stopping"),
                _ = told.join_next() => {}
            }
            let _ = wake.try_send(());
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            std::process::exit(130);
        });
    })?;
    Ok(woken)
}

fn local_addresses(listeners: &[TcpListener]) -> Result<Vec<SocketAddr>, std::io::Error> {
    listeners.iter().map(TcpListener::local_addr).collect()
}

/// Logs warnings and errors, and goes on without when nobody reads them (a closed pipe must not end a thread); `RUST_LOG` may ask for another level (`error`, `info`, `debug`, `trace`).
fn log_to<W: Write + 'static>(writer: fn() -> W) {
    let level = std::env::var("RUST_LOG").ok().and_then(|level| level.parse().ok()).unwrap_or(tracing::Level::WARN);
    // A second start in one process (tests) keeps the first logger.
    let _ = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(writer)
        .with_target(false)
        .log_internal_errors(false)
        .try_init();
}
