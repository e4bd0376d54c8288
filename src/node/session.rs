//! The state of one connection that only its own thread knows.

use super::clients::Client;
use super::transaction::Multi;
use crate::resp::Protocol;
use std::sync::Arc;

/// What CLIENT REPLY asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ReplyMode {
    /// Replies are sent.
    #[default]
    On,
    /// No replies until ON.
    Off,
    /// The reply of SKIP itself and of the next command are not sent.
    SkipNext,
    /// The command being run is the skipped one.
    Skipping,
}

/// What happens to the connection after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The next request.
    Continue,
    /// Send what there is to send, then close.
    Close,
    /// The request was not run: CLIENT PAUSE holds it. It runs when the pause is over.
    Held,
    /// The request waits for a key: the next one runs when it is answered.
    Blocked,
}

/// A connection's state.
pub struct Session {
    /// What others know of it.
    pub client: Arc<Client>,
    /// Selected database.
    pub database: usize,
    /// Protocol version of its replies.
    pub protocol: Protocol,
    /// AUTH succeeded, or none is needed.
    pub authenticated: bool,
    /// CLIENT REPLY.
    pub reply_mode: ReplyMode,
    /// What the command that runs now wants to happen next.
    pub after: After,
    /// CLIENT NO-TOUCH: its commands do not count as accesses.
    pub no_touch: bool,
    /// The transaction that is open.
    pub multi: Option<Multi>,
    /// A transaction runs.
    pub in_exec: bool,
}

impl Session {
    /// The state of a fresh connection.
    pub fn new(client: Arc<Client>, authenticated: bool) -> Session {
        Session {
            client,
            database: 0,
            protocol: Protocol::Resp2,
            authenticated,
            reply_mode: ReplyMode::On,
            after: After::Continue,
            no_touch: false,
            multi: None,
            in_exec: false,
        }
    }

    /// Back to the state of a fresh connection (RESET).
    pub fn reset(&mut self, authenticated: bool) {
        *self = Session::new(self.client.clone(), authenticated);
        self.client.set_fresh();
    }
}
