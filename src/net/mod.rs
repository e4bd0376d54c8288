//! Sockets and threads: what node and proxy share of being a server.

pub mod listener;
pub mod output;
pub mod workers;

pub use listener::{ListenError, listen};
pub use workers::{Workers, accept_into};
