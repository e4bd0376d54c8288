//! The command table and the data commands: one row and one function per command, one file per topic.
//!
//! Both node and proxy are driven by the rows ([`spec`]); the functions run on the node only. A data command
//! gets a [`Ctx`]: the locked slots of its keys as a [`Tx`], the [`Reply`] to write, and the settings that
//! concern data. No sockets, no clocks, no tokio in here.

mod args;
mod context;
mod error;
#[cfg(test)]
mod reference_tests;
mod unknown;

pub mod docs;
pub mod elem;
pub mod glob;
pub mod keys;
pub mod locks;
pub mod number;
pub mod partial_sort;
pub mod scan_options;
pub mod spec;
pub mod table;
#[cfg(test)]
pub mod testing;
pub mod timeout;
pub mod words;

pub mod bitmap;
pub mod cluster;
pub mod connection;
pub mod generic;
pub mod geo;
pub mod hash;
pub mod hyperloglog;
pub mod list;
pub mod pubsub;
pub mod scripting;
pub mod server;
pub mod set;
pub mod sorted_set;
pub mod stream;
pub mod string;
pub mod transactions;

pub use args::{Args, OwnedArgs};
pub use context::{Ctx, DataConfig, Nothing, Wait, WaitMode, Waiting};
pub use error::{Error, quotable};
pub use spec::{Handler, KeySpec, Reach, Run, Spec};
pub use table::{Command, KeyRun, Table};
pub use unknown::{is_http, unknown_command};

/// What a data command comes to: a reply was written, or the error is the reply.
pub type Outcome = Result<(), Error>;
