//! Commands that need the connection or the process: one file per topic, each with its list of handlers.
//!
//! Their rows stand in the command table like all others; here a handler is bound to a row by its full name.

mod acl;
mod client;
mod client_list;
mod cluster;
mod config;
mod connection;
mod databases;
mod debug;
mod hello;
mod help;
mod info;
mod memory;
mod process;
mod pubsub;
mod slot_stats;
mod slow;
mod table;
mod transactions;

use super::Node;
use super::session::Session;
use crate::command::{Args, Command, Error, Outcome, Table, quotable};
use crate::resp::Reply;
use crate::store::Told;

/// One call of a session command.
pub struct Call<'a> {
    /// The node.
    pub node: &'a Node,
    /// The connection's state.
    pub session: &'a mut Session,
    /// The row.
    pub command: &'static Command,
    /// The arguments; the arity was checked.
    pub args: Args<'a>,
    /// Where the reply goes.
    pub reply: Reply<'a>,
    /// Unix ms, one value for the whole batch.
    pub now_ms: i64,
    /// Changes it made to whole databases, to be followed up.
    pub changes: Vec<Told>,
}

/// Runs a session command; an error is the reply.
pub type SessionHandler = fn(&mut Call<'_>) -> Outcome;

/// Handlers by the full names of their commands (`"client|list"`).
type Handlers = &'static [(&'static str, SessionHandler)];

const ALL: &[Handlers] = &[
    hello::HANDLERS,
    connection::HANDLERS,
    client::HANDLERS,
    client_list::HANDLERS,
    config::HANDLERS,
    info::HANDLERS,
    databases::HANDLERS,
    debug::HANDLERS,
    memory::HANDLERS,
    slow::HANDLERS,
    acl::HANDLERS,
    process::HANDLERS,
    table::HANDLERS,
    cluster::HANDLERS,
    slot_stats::HANDLERS,
    transactions::HANDLERS,
    pubsub::HANDLERS,
];

/// The error of a container command that does not know this form of a subcommand.
fn syntax_error(call: &Call<'_>) -> Error {
    let container = call.args.at(0).to_ascii_uppercase();
    let word = quotable(call.args.get(1).unwrap_or_default(), 128);
    let middle = b"'. Try ";
    Error::Bytes(
        [b"ERR unknown subcommand or wrong number of arguments for '", word, middle, &container, b" HELP."].concat(),
    )
}

/// The handlers by command id.
pub(crate) fn handlers() -> Box<[Option<SessionHandler>]> {
    let mut by_id: Box<[Option<SessionHandler>]> = (0..Table::get().len()).map(|_| None).collect();
    for (name, handler) in ALL.iter().copied().flatten() {
        let command = Table::get().by_full_name(name.as_bytes()).expect("a handler's command is in the table");
        by_id[usize::from(command.id)] = Some(*handler);
    }
    by_id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_handler_has_a_row() {
        assert!(handlers().iter().flatten().count() > 0);
    }
}
