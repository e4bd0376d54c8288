//! Commands that wait for a key: they are run again for the client when the key has changed.
//!
//! Whoever changes such a key runs the commands of those who wait for it, the longest first, right after its own
//! command and with no slot locked, and sends each its reply. So what is pushed goes to those who waited before
//! anything that comes later can take it, and a client that went away takes nothing.

use super::Config;
use super::dispatch::Dispatcher;
use super::session::{After, Session};
use super::waiter::Waiter;
use crate::command::{Args, Command, Ctx, Error, OwnedArgs, Run, Wait, WaitMode, Waiting, locks};
use crate::resp::Reply;
use crate::store::{Kind, Locks, Told, Tx};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::time::Instant;

/// The answer to a consumer whose stream went or became something else.
const GONE: &str = "UNBLOCKED the stream key no longer exists";

/// What came of running a waiting command.
enum Woken {
    /// It is answered.
    Answered,
    /// There was nothing for it.
    InVain,
    /// What is there is nothing it could take.
    OtherKind,
}

impl Dispatcher {
    /// Has a client wait. Its command's slots must be locked: a change that comes later finds it.
    pub(super) fn block(&self, session: &mut Session, command: &'static Command, args: Args<'_>, wait: Wait) {
        let hashed = |at: &usize| {
            let key = args.key(*at);
            (key.bytes().into(), key.hash())
        };
        let interests = &self.node.interests;
        let waiter = Arc::new(Waiter {
            client: session.client.clone(),
            command,
            keys: wait.keys.iter().map(hashed).collect(),
            args: wait.args.unwrap_or_else(|| OwnedArgs::of(args.iter())),
            database: session.database,
            kind: wait.kind,
            protocol: session.protocol,
            nothing: wait.nothing,
            deadline: wait.timeout_ms.and_then(|ms| Instant::now().checked_add(Duration::from_millis(ms))),
            no_touch: session.no_touch,
            number: interests.next_number(),
            expired: Default::default(),
            progress: Default::default(),
        });
        interests.wait(&self.node.keyspace.hooks, &waiter);
        session.client.set_waiter(Some(waiter));
        self.node.stats.blocked_clients.fetch_add(1, Relaxed);
        session.after = After::Blocked;
    }

    /// Follows up changes; no slot may be locked. O(clients that are answered).
    #[cold]
    pub(super) fn follow_up(&self, config: &Config, now_ms: i64, changes: Vec<Told>) {
        let mut left = VecDeque::from(changes);
        while let Some(told) = left.pop_front() {
            config.notifications.publish(&self.node, config, &told);
            self.serve(config, now_ms, &told, &mut left);
        }
    }

    /// Answers those who wait for a key, as far as it goes.
    fn serve(&self, config: &Config, now_ms: i64, told: &Told, left: &mut VecDeque<Told>) {
        let interests = &self.node.interests;
        let mut after = None;
        while let Some(waiter) = interests.next_waiter(told.database, &told.key, told.hash.slot(), after) {
            after = Some(waiter.number);
            if !waiter.claim() {
                continue;
            }
            match self.wake(config, now_ms, &waiter, told, left) {
                Woken::Answered => interests.end_wait(&self.node.keyspace.hooks, &waiter),
                Woken::OtherKind => waiter.give_back(),
                Woken::InVain => {
                    waiter.give_back();
                    // Streams are read, not emptied: others may find what this one did not look for.
                    if waiter.kind != Kind::Stream {
                        break;
                    }
                }
            }
        }
    }

    fn wake(&self, config: &Config, now_ms: i64, waiter: &Waiter, told: &Told, left: &mut VecDeque<Told>) -> Woken {
        let (keyspace, args) = (&self.node.keyspace, waiter.args.args());
        let mut bytes = Vec::new();
        let planned = locks::plan(waiter.command, args, waiter.database, keyspace.databases(), config.cluster_enabled);
        let (mut kind, mut asked) = (None, false);
        let outcome = planned.and_then(|plan| {
            let mut tx = Tx::new(keyspace, waiter.database, now_ms, plan.locks());
            tx.set_touch(!waiter.no_touch);
            tx.set_access_policy(config.data.access);
            if let Locks::Slot(slot) = plan.locks() {
                self.check_slot(waiter.client.local, config, slot)?;
            }
            kind = tx.kind_quietly(crate::store::Key::with_hash(&told.key, told.hash));
            if kind != Some(waiter.kind) {
                // A group is gone with its stream; whoever waits for a list or an entry may still get one.
                let grouped = waiter.command.name.as_ref() == "xreadgroup";
                return if grouped { Err(Error::Static(GONE)) } else { Ok(()) };
            }
            let Run::Data(handler) = waiter.command.run() else { return Ok(()) };
            let mut ctx = Ctx::new(tx, Reply::new(&mut bytes, waiter.protocol), &config.data);
            ctx.waiting = Some(Box::new(Waiting { mode: WaitMode::Woken(told.key.clone()), asked: None }));
            let outcome = handler(&mut ctx, args);
            asked = ctx.waiting.take().is_some_and(|waiting| waiting.asked.is_some());
            if ctx.tx.has_aftermath() {
                let aftermath = ctx.tx.take_aftermath();
                drop(ctx);
                left.extend(aftermath.changes);
                self.node.lazyfree.free(aftermath.garbage, &config.lazyfree, &self.node.meters);
            }
            outcome
        });
        match outcome {
            Err(error) => {
                let line = error.line();
                self.node.stats.count_error(Error::code(&String::from_utf8_lossy(&line)));
                self.count_failure(waiter.command);
                bytes.clear();
                Reply::new(&mut bytes, waiter.protocol).error_line(&line);
            }
            Ok(()) if asked => return Woken::InVain,
            Ok(()) if bytes.is_empty() => return Woken::OtherKind,
            Ok(()) => {}
        }
        waiter.answer(bytes);
        Woken::Answered
    }
}
