//! Asks the nodes for the topology and publishes it to the workers, on a thread of its own.
//!
//! CLUSTER SHARDS first, CLUSTER SLOTS from nodes that do not know it; the nodes of the last view first, then the
//! seeds. It asks once at the start, whenever a worker [asks for it](Refresh::request), and periodically. The
//! thread uses blocking sockets with timeouts: it has one question at a time and shares nothing with the data path.

use super::config::ProxyConfig;
use super::reply_scan::{REPLY_BYTES_MAX, ReplyScan};
use super::topology::{NodeAddr, View, from_shards, from_slots};
use crate::slot::Slot;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Shortest time between two rounds of questions: redirects come in bursts.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// Pause after a round in which nobody answered.
const PAUSE_FAILED: Duration = Duration::from_millis(500);

/// Asks for a fresh view soon. Cheap, never blocks; many requests make one round.
#[derive(Clone, Debug)]
pub struct Refresh(SyncSender<()>);

impl Refresh {
    /// Asks for a fresh view.
    pub fn request(&self) {
        // A full channel means that a round is due anyway.
        let _ = self.0.try_send(());
    }
}

/// Starts the thread. It ends when all receivers of the view and all [`Refresh`] handles are gone.
pub fn start(config: Arc<ProxyConfig>) -> io::Result<(watch::Receiver<Arc<View>>, Refresh)> {
    let (publish, views) = watch::channel(Arc::new(View::default()));
    let (wanted, requests) = sync_channel(1);
    std::thread::Builder::new()
        .name("proxy-topology".into())
        .spawn(move || Discovery { config, publish, requests, nodes: Vec::new(), warned: false }.run())?;
    Ok((views, Refresh(wanted)))
}

struct Discovery {
    config: Arc<ProxyConfig>,
    publish: watch::Sender<Arc<View>>,
    requests: Receiver<()>,
    /// Primaries of the last view.
    nodes: Vec<NodeAddr>,
    /// The last round failed and that has been said.
    warned: bool,
}

impl Discovery {
    fn run(mut self) {
        loop {
            let started = Instant::now();
            let found = self.round();
            let pause = if found { PAUSE_MIN } else { PAUSE_FAILED };
            std::thread::sleep(pause.saturating_sub(started.elapsed()));
            let period = if found { self.config.refresh_period() } else { Duration::ZERO };
            match self.requests.recv_timeout(period) {
                Ok(()) | Err(RecvTimeoutError::Timeout) if !self.publish.is_closed() => {}
                _ => return,
            }
        }
    }

    /// Asks one node after the other until one knows the topology.
    fn round(&mut self) -> bool {
        let mut last_error = None;
        for node in self.nodes.iter().chain(&self.config.seeds) {
            if self.publish.is_closed() {
                return false;
            }
            match ask(node, &self.config) {
                Ok(view) => {
                    self.nodes = view.primaries.iter().map(|(addr, _)| addr.clone()).collect();
                    self.announce(view);
                    return true;
                }
                Err(error) => last_error = Some((node.clone(), error)),
            }
        }
        if let Some((node, error)) = last_error
            && !self.warned
        {
            tracing::warn!("no node tells the cluster's topology; {node}: {error}");
            self.warned = true;
        }
        false
    }

    fn announce(&mut self, view: View) {
        self.warned = false;
        self.publish.send_if_modified(|current| {
            if **current == view {
                return false;
            }
            tracing::info!(
                "topology: {} primaries, {} of {} slots",
                view.primaries.len(),
                view.covered_slots(),
                Slot::COUNT
            );
            *current = Arc::new(view);
            true
        });
    }
}

/// One node's view.
fn ask(node: &NodeAddr, config: &ProxyConfig) -> io::Result<View> {
    let mut link = connect(node, config.connect_timeout())?;
    link.set_read_timeout(Some(config.connect_timeout()))?;
    link.set_write_timeout(Some(config.connect_timeout()))?;
    let mut buffer = Vec::new();
    if let Some(auth) = config.node_auth_request() {
        let reply = exchange(&mut link, &auth, &mut buffer)?;
        if reply.first() == Some(&b'-') {
            return Err(io::Error::other(String::from_utf8_lossy(&reply).trim_end().to_owned()));
        }
    }
    let shards = exchange(&mut link, b"*2\r\n$7\r\nCLUSTER\r\n$6\r\nSHARDS\r\n", &mut buffer)?;
    if let Some(view) = from_shards(&shards, node) {
        return Ok(view);
    }
    let slots = exchange(&mut link, b"*2\r\n$7\r\nCLUSTER\r\n$5\r\nSLOTS\r\n", &mut buffer)?;
    from_slots(&slots, node).ok_or_else(|| {
        let text = if slots.first() == Some(&b'-') {
            String::from_utf8_lossy(&slots[1..])
        } else {
            "no slot has an owner".into()
        };
        io::Error::other(text.trim_end().to_owned())
    })
}

fn connect(node: &NodeAddr, timeout: Duration) -> io::Result<TcpStream> {
    let mut last_error = io::Error::other("the name has no address");
    for addr in (node.host(), node.port()).to_socket_addrs()? {
        match TcpStream::connect_timeout(&addr, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

/// Sends a request and reads one reply; `buffer` holds what was read beyond it.
fn exchange(link: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    link.write_all(request)?;
    let mut scan = ReplyScan::default();
    let mut chunk = [0; 16 * 1024];
    loop {
        if let Some(length) = scan.next(buffer).map_err(io::Error::other)? {
            return Ok(buffer.drain(..length).collect());
        }
        let read = link.read(&mut chunk)?;
        if read == 0 || buffer.len() > REPLY_BYTES_MAX {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer.extend_from_slice(&chunk[..read]);
    }
}
