//! The wire protocol, RESP2 and RESP3: requests in, replies out.
//!
//! Requests from clients go through [`request`], a bounded incremental parser that allocates nothing per
//! request; replies are written by [`reply`] straight into a connection's buffer, or held in [`replies`].

pub mod apart;
pub mod replies;
pub mod reply;
pub mod request;

pub use apart::Apart;
pub use replies::Replies;
pub use reply::{Protocol, Reply};
pub use request::{ArgRange, ProtocolError, RequestLimits, RequestParser, RequestSpan};
