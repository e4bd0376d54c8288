//! MULTI and EXEC: queued commands run under all their slots' locks, so that others see all of it or nothing.

use super::Config;
use super::Node;
use super::clients::Client;
use super::dispatch::{Dispatcher, Turn};
use super::session::Session;
use crate::command::words::Flags;
use crate::command::{Args, Command, Ctx, Error, Outcome, OwnedArgs, Run, locks, number};
use crate::resp::{Replies, Reply};
use crate::slot::Slot;
use crate::store::{Aftermath, HeldSlots, Key, Tx};
use std::sync::atomic::Ordering::SeqCst;

/// Commands that run at once though a transaction is open.
const AT_ONCE: [&str; 6] = ["exec", "discard", "multi", "watch", "quit", "reset"];

/// Commands that lock slots themselves, one after another: a transaction lets its own go for them, and takes them again
/// for what follows.
const LOCK_THEMSELVES: [&str; 10] =
    ["keys", "scan", "randomkey", "flushdb", "flushall", "swapdb", "debug", "memory", "cluster", "wait"];

/// A transaction that is open.
#[derive(Default)]
pub struct Multi {
    queue: Vec<Queued>,
    bytes: usize,
    /// A command was refused: EXEC will be, too.
    pub failed: bool,
}

struct Queued {
    command: &'static Command,
    args: OwnedArgs,
}

/// Ends all watches of a client.
pub fn unwatch(node: &Node, client: &Client) {
    let watches = client.take_watches();
    if !watches.is_empty() {
        watches.iter().for_each(|watch| node.interests.unwatch(&node.keyspace.hooks, watch));
        node.interests.watching_clients.fetch_sub(1, SeqCst);
    }
    client.changed.store(false, SeqCst);
}

impl Dispatcher {
    /// Queues a command when a transaction is open and it is not one that runs at once. False: it runs now.
    pub(super) fn queue(
        &self,
        session: &mut Session,
        config: &Config,
        command: &'static Command,
        args: Args<'_>,
        out: &mut Replies,
    ) -> Result<bool, Error> {
        let Some(multi) = &mut session.multi else { return Ok(false) };
        if AT_ONCE.contains(&command.name.as_ref()) {
            return Ok(false);
        }
        if command.flags.has(Flags::NO_MULTI) {
            return Err(Error::Static("ERR Command not allowed inside a transaction"));
        }
        let databases = self.node.keyspace.databases();
        let plan = locks::plan(command, args, session.database, databases, config.cluster_enabled)?;
        if let locks::Plan::Slot(slot) = plan {
            self.check_slot(session.client.local, config, slot)?;
        }
        let args = OwnedArgs::of(args.iter());
        multi.bytes += args.bytes();
        if multi.bytes > config.query_buffer_bytes_max {
            return Err(Error::Static("ERR transaction is longer than client-query-buffer-limit"));
        }
        multi.queue.push(Queued { command, args });
        Reply::holding(out, session.protocol).simple("QUEUED");
        Ok(true)
    }

    /// EXEC.
    pub(super) fn exec<'n>(&'n self, session: &mut Session, turn: &mut Turn<'n>, out: &mut Replies) -> Outcome {
        let Some(multi) = session.multi.take() else { return Err(Error::Static("ERR EXEC without MULTI")) };
        turn.lock = None;
        let outcome = if multi.failed {
            Err(Error::Static("EXECABORT Transaction discarded because of previous errors."))
        } else {
            session.in_exec = true;
            let outcome = self.run_queue(session, turn, &multi.queue, out);
            session.in_exec = false;
            outcome
        };
        unwatch(&self.node, &session.client);
        outcome
    }

    fn run_queue<'n>(
        &'n self,
        session: &mut Session,
        turn: &mut Turn<'n>,
        queue: &[Queued],
        out: &mut Replies,
    ) -> Outcome {
        let (keyspace, config, now_ms) = (&self.node.keyspace, turn.config, turn.now_ms);
        if queue.iter().any(|queued| queued.command.flags.has(Flags::DENYOOM)) {
            self.make_room(turn).map_err(|error| {
                Error::Text(format!("EXECABORT Transaction discarded because of: {error}").replace("of: -", "of: "))
            })?;
        }
        let mut slots = self.slots_of(session, config, queue)?;
        let watches = session.client.watches();
        slots.extend(watches.iter().map(|watch| (watch.database, watch.hash.slot())));
        let mut held = Some(HeldSlots::lock(keyspace, &slots));
        let expired = watches.iter().any(|watch| {
            let Some(held) = &mut held else { return false };
            let tx = Tx::in_slots(keyspace, watch.database, now_ms, held, None);
            !watch.was_expired.load(SeqCst) && tx.is_stale(Key::with_hash(&watch.key, watch.hash))
        });
        if expired || session.client.changed.load(SeqCst) {
            drop(held);
            Reply::holding(out, session.protocol).null_array();
            return Ok(());
        }
        let mut after = Aftermath::default();
        Reply::holding(out, session.protocol).array(queue.len());
        for Queued { command, args } in queue {
            let args = args.args();
            let name = command.name.split('|').next().unwrap_or_default();
            if LOCK_THEMSELVES.contains(&name) {
                held = None;
            }
            let start = out.place();
            let outcome = match command.run() {
                Run::Data(handler) => {
                    let database = session.database;
                    let plan = locks::plan(command, args, database, keyspace.databases(), config.cluster_enabled);
                    plan.and_then(|plan| {
                        let other = plan.other_database(database);
                        let held = match held {
                            None if matches!(plan, locks::Plan::Nothing) => &mut HeldSlots::nothing(),
                            None => held.insert(HeldSlots::lock(keyspace, &slots)),
                            Some(ref mut held) => held,
                        };
                        let mut tx = Tx::in_slots(keyspace, database, now_ms, held, other);
                        tx.set_touch(!session.no_touch);
                        tx.set_access_policy(config.data.access);
                        let mut ctx = Ctx::new(tx, Reply::holding(out, session.protocol), &config.data);
                        let outcome = handler(&mut ctx, args);
                        if ctx.tx.has_aftermath() {
                            after.add(ctx.tx.take_aftermath());
                        }
                        outcome
                    })
                }
                Run::Session | Run::Unserved => self.run_checked(session, turn, command, args, out),
            };
            if let Err(error) = outcome {
                out.truncate(start);
                self.answer_error(session, Some(command), &error, false, out);
            }
            self.count_call(command);
        }
        drop(held);
        self.end(config, now_ms, after);
        Ok(())
    }

    /// All slots that the queue needs, with their databases.
    fn slots_of(&self, session: &Session, config: &Config, queue: &[Queued]) -> Result<Vec<(usize, Slot)>, Error> {
        let databases = self.node.keyspace.databases();
        let (mut database, mut slots) = (session.database, Vec::new());
        for Queued { command, args } in queue {
            let args = args.args();
            // In a cluster there is one database, and SELECT is refused.
            if command.name.as_ref() == "select" && !config.cluster_enabled {
                let chosen = number::parse_int(args.at(1)).and_then(|number| usize::try_from(number).ok());
                database = chosen.filter(|chosen| *chosen < databases).unwrap_or(database);
            }
            match locks::plan(command, args, database, databases, config.cluster_enabled) {
                Ok(locks::Plan::Nothing) | Err(_) => {}
                Ok(locks::Plan::Slot(slot)) => slots.push((database, slot)),
                Ok(locks::Plan::Ascending(several)) => slots.extend(several.iter().map(|slot| (database, *slot))),
                Ok(locks::Plan::Slots(pairs)) => slots.extend(pairs),
                Ok(locks::Plan::Database) => slots.extend(Slot::all().map(|slot| (database, slot))),
            }
        }
        if config.cluster_enabled
            && let Some((_, first)) = slots.first()
        {
            if slots.iter().any(|(_, slot)| slot != first) {
                return Err(Error::CrossSlot);
            }
            self.check_slot(session.client.local, config, *first)?;
        }
        Ok(slots)
    }
}
