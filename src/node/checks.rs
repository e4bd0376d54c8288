//! What must hold before a command runs: that it is known and whole, that the client may run it, and that its slot is
//! served here.

use super::Config;
use super::dispatch::Dispatcher;
use super::session::{ReplyMode, Session};
use crate::command::words::Flags;
use crate::command::{Args, Command, Error, Outcome, locks, unknown_command};
use crate::resp::Protocol;
use crate::slot::Slot;
use std::net::SocketAddr;

impl Dispatcher {
    /// What must hold before any command runs.
    #[inline]
    pub(super) fn check(
        &self,
        session: &Session,
        config: &Config,
        command: Option<&'static Command>,
        args: Args<'_>,
    ) -> Result<&'static Command, Error> {
        let Some(command) = command else { return Err(unknown_command(args)) };
        if !command.takes(args.len()) {
            return Err(Error::WrongArity(command.name.to_string()));
        }
        if !session.authenticated && !command.flags.has(Flags::NO_AUTH) && !config.password.is_empty() {
            return Err(Error::Static("NOAUTH Authentication required."));
        }
        if session.protocol == Protocol::Resp2 && session.client.is_subscribed() && !allowed_while_subscribed(command) {
            let name = &command.name;
            let line = format!(
                "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in \
                 this context"
            );
            return Err(Error::Text(line));
        }
        Ok(command)
    }

    /// Where a command must go that this node has no memory for: a slot's owner is told before that.
    #[cold]
    pub(super) fn elsewhere(
        &self,
        session: &Session,
        config: &Config,
        command: &Command,
        args: Args<'_>,
    ) -> Option<Error> {
        let databases = self.node.keyspace.databases();
        match locks::plan(command, args, session.database, databases, config.cluster_enabled) {
            Ok(locks::Plan::Slot(slot)) => self.check_slot(session.client.local, config, slot).err(),
            Ok(_) => None,
            Err(error) => Some(error),
        }
    }

    /// Is the slot served here? Asked under its lock: whoever takes a slot away publishes a new view and then passes
    /// every lock once, so that no command that saw the old view is still running.
    #[inline(always)]
    pub(super) fn check_slot(&self, local: SocketAddr, config: &Config, slot: Slot) -> Outcome {
        if config.cluster_enabled { self.check_owner(local, config, slot) } else { Ok(()) }
    }

    #[inline]
    fn check_owner(&self, local: SocketAddr, config: &Config, slot: Slot) -> Outcome {
        let mut view = self.view.borrow_mut();
        let view = view.load();
        let down = config.require_full_coverage && !view.covers_all_slots();
        match view.owner(slot) {
            Some(owner) if owner.id == self.node.id && !down => Ok(()),
            None => Err(Error::Static("CLUSTERDOWN Hash slot not served")),
            Some(_) if down => Err(Error::Static("CLUSTERDOWN The cluster is down")),
            // A member that announces no address listens on all of this host's: also on the one that was reached.
            Some(owner) if owner.host.is_empty() => {
                Err(Error::Text(format!("MOVED {slot} {}:{}", local.ip(), owner.port)))
            }
            Some(owner) => Err(Error::Text(format!("MOVED {slot} {}:{}", owner.host, owner.port))),
        }
    }
}

/// Commands that a RESP2 client may send between subscribing and unsubscribing: it takes all else for a message.
fn allowed_while_subscribed(command: &Command) -> bool {
    const ALLOWED: [&str; 9] = [
        "ping",
        "subscribe",
        "ssubscribe",
        "unsubscribe",
        "sunsubscribe",
        "psubscribe",
        "punsubscribe",
        "quit",
        "reset",
    ];
    ALLOWED.contains(&command.name.as_ref())
}

/// True when nothing but its slot concerns a request on one key: every client is served this way nearly always.
pub(super) fn is_direct(session: &Session, config: &Config) -> bool {
    let open = session.authenticated || config.password.is_empty();
    open && session.reply_mode == ReplyMode::On
        && !config.slot_stats
        && session.multi.is_none()
        && !session.client.is_subscribed()
}
