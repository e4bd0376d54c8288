//! What a proxy is told at start. Immutable afterwards, shared by its threads.

use super::merge::{push_bulk, push_header};
use super::topology::NodeAddr;
use crate::resp::Protocol;
use std::time::Duration;

/// How a proxy finds its cluster and bounds its work. Start from `ProxyConfig::default()` and set `seeds`.
#[derive(Clone, Debug)]
pub struct ProxyConfig {
    /// Nodes asked for the topology; any one that is reachable will do.
    pub seeds: Vec<NodeAddr>,
    /// Worker threads, at least 1. Each has its own connections to the nodes.
    pub threads: usize,
    /// Password that clients must give with AUTH or HELLO; `None`: none.
    pub require_pass: Option<String>,
    /// User at the nodes; `None`: `default`.
    pub node_user: Option<String>,
    /// Password at the nodes; `None`: no AUTH.
    pub node_password: Option<String>,
    /// Time for connecting to a node and its first reply, in milliseconds.
    pub connect_timeout_ms: u64,
    /// Time in which a node must answer a request, in milliseconds; then its connection is given up.
    pub request_timeout_ms: u64,
    /// Time between two looks at the topology when nothing gives cause, in milliseconds.
    pub refresh_period_ms: u64,
    /// Most clients at once; further ones get an error and are closed.
    pub clients_max: usize,
    /// Requests of one client under way; beyond it the client is not read.
    pub client_pending_max: usize,
    /// Bytes of replies kept for one client beyond which it is not read.
    pub client_output_soft_bytes: usize,
    /// Bytes of replies kept for one client beyond which it is closed. A single reply may be longer.
    pub client_output_hard_bytes: usize,
    /// Bytes of one client's request that is not complete yet, beyond which it is closed; below 4 GiB.
    pub client_query_bytes: usize,
    /// Longest argument of a request, in bytes.
    pub bulk_bytes_max: u64,
    /// Requests under way on one connection to a node; beyond it clients that need it wait.
    pub link_pending_max: usize,
    /// Bytes of requests under way on one connection to a node; beyond it clients that need it wait.
    pub link_bytes_max: usize,
    /// Time that clients' open requests are given at shutdown, in milliseconds.
    pub drain_ms: u64,
}

impl Default for ProxyConfig {
    fn default() -> ProxyConfig {
        ProxyConfig {
            seeds: Vec::new(),
            threads: 1,
            require_pass: None,
            node_user: None,
            node_password: None,
            connect_timeout_ms: 1_000,
            request_timeout_ms: 5_000,
            refresh_period_ms: 10_000,
            clients_max: 10_000,
            client_pending_max: 1_024,
            client_output_soft_bytes: 16 << 20,
            client_output_hard_bytes: 256 << 20,
            client_query_bytes: 1 << 30,
            bulk_bytes_max: 512 << 20,
            link_pending_max: 16_384,
            link_bytes_max: 32 << 20,
            drain_ms: 2_000,
        }
    }
}

/// The name the proxy's connections bear in a node's CLIENT LIST.
const LINK_NAME: &[u8] = b"slotwise-proxy";

impl ProxyConfig {
    /// [`Self::connect_timeout_ms`] as a duration.
    pub fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms.max(1))
    }

    /// [`Self::refresh_period_ms`] as a duration.
    pub fn refresh_period(&self) -> Duration {
        Duration::from_millis(self.refresh_period_ms.max(100))
    }

    /// The AUTH request for the nodes, if they want one.
    pub fn node_auth_request(&self) -> Option<Vec<u8>> {
        let password = self.node_password.as_ref()?;
        let mut request = Vec::new();
        push_header(&mut request, b'*', if self.node_user.is_some() { 3 } else { 2 });
        push_bulk(&mut request, b"AUTH");
        self.node_user.iter().for_each(|user| push_bulk(&mut request, user.as_bytes()));
        push_bulk(&mut request, password.as_bytes());
        Some(request)
    }

    /// The first request on a link: HELLO in its protocol, with AUTH and SETNAME. Its reply shows that the node lives.
    pub fn greeting(&self, protocol: Protocol) -> Vec<u8> {
        let mut request = Vec::new();
        push_header(&mut request, b'*', if self.node_password.is_some() { 7 } else { 4 });
        push_bulk(&mut request, b"HELLO");
        push_bulk(&mut request, if protocol == Protocol::Resp3 { b"3" } else { b"2" });
        if let Some(password) = &self.node_password {
            push_bulk(&mut request, b"AUTH");
            push_bulk(&mut request, self.node_user.as_deref().unwrap_or("default").as_bytes());
            push_bulk(&mut request, password.as_bytes());
        }
        push_bulk(&mut request, b"SETNAME");
        push_bulk(&mut request, LINK_NAME);
        request
    }
}
