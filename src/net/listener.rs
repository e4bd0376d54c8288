//! Listening sockets.

use socket2::{Domain, Protocol, Socket, Type};
use std::net::{SocketAddr, TcpListener};

/// Why no socket could be had; says which address.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {}", reason(.source))]
pub struct ListenError {
    /// The address asked for.
    pub address: SocketAddr,
    /// What the system said.
    pub source: std::io::Error,
}

impl ListenError {
    /// True when this machine has no such address (IPv6 switched off, an interface that is not there).
    pub fn is_missing_address(&self) -> bool {
        use std::io::ErrorKind::*;
        // What socket() says without IPv6 has no kind of its own: EAFNOSUPPORT on Linux.
        matches!(self.source.kind(), AddrNotAvailable | Unsupported) || self.source.raw_os_error() == Some(97)
    }
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => "another program listens there already".to_owned(),
        std::io::ErrorKind::PermissionDenied => "this user may not (ports below 1024 need root)".to_owned(),
        _ => error.to_string(),
    }
}

/// A non-blocking listening socket. A port of 0 takes a free one.
pub fn listen(address: SocketAddr, backlog: u32) -> Result<TcpListener, ListenError> {
    bind(address, backlog).map_err(|source| ListenError { address, source })
}

fn bind(address: SocketAddr, backlog: u32) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restarted server must not wait for the old one's connections to leave TIME_WAIT.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(backlog.min(i32::MAX as u32) as i32)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_in_the_error() {
        let first = listen("127.0.0.1:0".parse().unwrap(), 16).unwrap();
        let address = first.local_addr().unwrap();
        let error = listen(address, 16).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot listen on {address}: another program listens there already"));
    }
}
