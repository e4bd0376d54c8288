//! The proxy in front of clusters: the reference's own, and scripted nodes that misbehave on purpose.

mod against_reference;
mod bad_clients;
mod bad_nodes;
mod redirects;
mod scripted;
mod session;

use crate::support::{Wire, eventually};
use slotwise::proxy::{self, NodeAddr, ProxyConfig};
use std::net::{Ipv4Addr, TcpListener};
use std::thread::JoinHandle;
use tokio::sync::watch;

/// A proxy on a thread of this process; stopped and joined when dropped.
pub struct Proxy {
    pub port: u16,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// A proxy in front of the cluster that these nodes of the loopback interface know; `config` is changed by `tune`.
    pub fn start(seeds: &[u16], tune: impl FnOnce(&mut ProxyConfig)) -> Proxy {
        let seeds = seeds.iter().map(|port| NodeAddr::new("127.0.0.1", *port)).collect();
        let mut config = ProxyConfig { seeds, drain_ms: 200, ..ProxyConfig::default() };
        tune(&mut config);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let (stop, stopped) = watch::channel(false);
        let thread = std::thread::spawn(move || proxy::run(config, listener, stopped).expect("the proxy runs"));
        Proxy { port, stop, thread: Some(thread) }
    }

    /// A client's connection, once the proxy knows the topology.
    pub fn connect(&self) -> Wire {
        let mut wire = Wire::connect(self.port);
        eventually("the proxy knows the topology", || {
            let info = wire.ask(&[b"INFO", b"proxy"]);
            info.windows(7).any(|part| part == b"shard0:")
        });
        wire
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the proxy panicked");
        }
    }
}

/// A reply as text, for comparing.
pub fn text(reply: &[u8]) -> String {
    reply.escape_ascii().to_string()
}

/// Sends a line of words as a request and returns its reply as text.
pub fn ask(wire: &mut Wire, line: &str) -> String {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    text(&wire.ask(&words))
}
