//! Runs requests: looks commands up, checks what must be checked before they run, locks slots, counts.
//!
//! One [`Dispatcher`] per thread. A batch runs in two steps: first every command is looked up, its key hashed
//! and the lines it will touch prefetched; then the commands run one after another, each under the locks of
//! its own slots. A command that works on one key, and that nothing stands in the way of, takes the short way
//! through [`Dispatcher::run_in_slot`]; all others, [`Dispatcher::run`].

use super::ahead::{Ahead, PREFETCH_MIN};
use super::batch_clock::{BatchClock, Clock};
use super::checks::is_direct;
use super::evict::{Evictor, Gate};
use super::plan::Plan;
use super::prefetch;
use super::session::{After, ReplyMode, Session};
use super::session_commands::Call;
use super::slowlog;
use super::stats::{ThreadStats, bump};
use super::{Config, Node, now_ms};
use crate::cluster::ClusterView;
use crate::command::words::Flags;
use crate::command::{Args, Command, Ctx, Error, Handler, Outcome, Run, Table, is_http, locks};
use crate::resp::{ProtocolError, Replies, Reply, RequestParser};
use crate::slot::Slot;
use crate::store::{Aftermath, KeyHash, SlotLock, Tally, Tx};
use arc_swap::{ArcSwap, Cache};
use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// Unsent reply bytes at which a connection's requests wait.
pub(super) const OUTPUT_BYTES_MAX: usize = 32 << 20;
/// Where replies have more bytes than this for each key, values are prefetched as a whole.
const LONG_REPLY_BYTES: usize = 192;
/// Runs the requests of one thread's connections.
pub(super) struct Dispatcher {
    pub(super) node: Arc<Node>,
    stats: Arc<ThreadStats>,
    exec_command: &'static Command,
    settings: RefCell<Cache<Settings, Arc<Config>>>,
    clock: Clock,
    pub(super) view: RefCell<Cache<Arc<ArcSwap<ClusterView>>, Arc<ClusterView>>>,
    evictor: RefCell<Evictor>,
    ahead: RefCell<Ahead>,
    /// The keys of the last batch were answered at length: their values take more lines than are prefetched else.
    long_replies: Cell<bool>,
}

/// A node's settings, as a cache of them wants them.
struct Settings(Arc<Node>);

impl Deref for Settings {
    type Target = ArcSwap<Config>;

    fn deref(&self) -> &ArcSwap<Config> {
        &self.0.config
    }
}

/// What the requests of a batch share while they run.
pub(super) struct Turn<'n> {
    pub(super) config: &'n Config,
    gate: Gate,
    pub(super) now_ms: i64,
    /// The slot of the request before, still locked when the next one needs it too.
    pub(super) lock: Option<SlotLock<'n>>,
    tally: Tally<'n>,
    /// Nothing but its slot concerns a request on one key.
    direct: bool,
}

impl Dispatcher {
    pub(super) fn new(node: Arc<Node>) -> Dispatcher {
        let stats = node.stats.thread();
        let view = RefCell::new(node.view.reader());
        Dispatcher {
            exec_command: Table::get().command(b"exec").expect("the table has EXEC"),
            settings: RefCell::new(Cache::new(Settings(node.clone()))),
            clock: Clock::default(),
            node,
            stats,
            view,
            evictor: RefCell::default(),
            ahead: RefCell::default(),
            long_replies: Cell::default(),
        }
    }

    /// Plans a batch that was read, and notes its keys if it is short, so that they are prefetched with others'. False: it
    /// shall run at once. Else the connection lets others have a turn, calls [`prefetch_ahead`](Self::prefetch_ahead), and
    /// runs it then.
    pub(super) fn note_ahead(&self, session: &Session, parser: &RequestParser, input: &[u8], plan: &mut Plan) -> bool {
        let ahead = &mut *self.ahead.borrow_mut();
        if parser.requests().is_empty() || parser.requests().len() >= PREFETCH_MIN || !ahead.wants(session.database) {
            return false;
        }
        plan.of(parser, input);
        ahead.note(&self.node.keyspace, session.database, plan)
    }

    /// Prefetches what was noted and not prefetched yet.
    pub(super) fn prefetch_ahead(&self) {
        self.ahead.borrow_mut().prefetch(|database, hashes| self.prefetch_entries(database, hashes));
    }

    #[inline]
    fn prefetch_entries(&self, database: usize, hashes: &[KeyHash]) {
        self.node.keyspace.prefetch_entries(database, hashes.iter().copied());
        if self.long_replies.get() {
            self.node.keyspace.prefetch_values(database, hashes.iter().copied());
        }
    }

    /// The settings as of now.
    pub(super) fn with_config<R>(&self, read: impl FnOnce(&Config) -> R) -> R {
        read(self.settings.borrow_mut().load())
    }

    /// Is there room for commands that may need memory? Evicts; no slot may be locked.
    pub(super) fn make_room(&self, turn: &mut Turn<'_>) -> Outcome {
        if turn.gate.is_set() {
            self.evictor.borrow_mut().before_command(&self.node, turn.config, &mut turn.gate)?;
        }
        Ok(())
    }

    /// Counts a command that ran inside another.
    pub(super) fn count_call(&self, command: &Command) {
        self.stats.commands[usize::from(command.id)].ran(1, 0, None);
    }

    /// Counts a command that failed after it waited.
    pub(super) fn count_failure(&self, command: &Command) {
        bump(&self.stats.commands[usize::from(command.id)].failed, 1);
    }

    /// Counts bytes read from a client.
    pub(super) fn count_input(&self, count: usize) {
        bump(&self.stats.input_bytes, count as u64);
        bump(&self.stats.reads, 1);
    }

    /// Answers what is no request.
    pub(super) fn refuse(&self, error: &ProtocolError, out: &mut Replies) {
        self.node.stats.count_error("ERR");
        Reply::holding(out, Default::default()).error_line(&error.line());
    }

    /// Runs the parser's batch from its request `first` on and appends the replies to `out`, until
    /// [`OUTPUT_BYTES_MAX`] wait there or settings may have changed. `plan` is the batch's, or empty. Answers what comes
    /// next, and the index of the first request that was not run.
    pub(super) fn run_batch(
        &self,
        session: &mut Session,
        parser: &RequestParser,
        first: usize,
        input: &[u8],
        plan: &mut Plan,
        out: &mut Replies,
    ) -> (After, usize) {
        let requests = parser.requests();
        if first >= requests.len() {
            return (After::Continue, first);
        }
        if plan.is_empty() {
            plan.of(parser, input);
        }
        let keyspace = &self.node.keyspace;
        if plan.hashes().len() >= PREFETCH_MIN && !plan.prefetched {
            plan.prefetched = true;
            keyspace.prefetch_slots(session.database, plan.hashes().iter().copied());
            self.prefetch_entries(session.database, plan.hashes());
        }
        let plan = &*plan;
        let mut settings = self.settings.borrow_mut();
        let config = &**settings.load();
        let (since, now_ms) = self.clock.now();
        let pause = self.node.pause.running(now_ms);
        let mut turn = Turn {
            gate: Gate::new(config),
            direct: pause.is_none() && is_direct(session, config),
            config,
            now_ms,
            lock: None,
            tally: keyspace.counters.tally(),
        };
        if first == 0 && plan.looks_members_up() {
            prefetch::members(keyspace, session.database, now_ms, plan, |request| {
                Args::with_apart(input, parser.args_of(&requests[request]), parser.apart())
            });
        }
        let written = out.len();
        let mut clock = BatchClock::start(config, since);
        // A reply that is to be logged reaches this far, wherever it begins.
        let mut large_from = written.saturating_add(config.logged_reply_bytes);
        let mut next = first;
        session.after = After::Continue;
        if turn.gate.is_set() && pause.is_none() {
            self.evictor.borrow_mut().before_batch(&self.node, turn.config, &mut turn.gate);
        }
        for (request, planned) in requests.iter().zip(plan.requests()).skip(first) {
            let before = out.len();
            let mut args = Args::with_apart(input, parser.args_of(request), parser.apart());
            let mut command = planned.command;
            let mut changed = false;
            if let (Some(handler), Some(command)) = (planned.in_slot, command)
                && turn.direct
                && !(turn.gate.is_set() && command.flags.has(Flags::DENYOOM))
            {
                let hash = plan.hash_of(planned);
                args = args.with_hashes(planned.keys, std::slice::from_ref(hash));
                self.run_in_slot(session, &mut turn, command, handler, hash.slot(), args, out);
            } else {
                args = args.with_hashes(planned.keys, plan.hashes_of(planned));
                // What is refused is refused at once, paused or not.
                if pause.is_some_and(|pause| pause.holds(command))
                    && self.check(session, turn.config, command, args).is_ok()
                {
                    session.after = After::Held;
                    break;
                }
                if !self.run(session, &mut turn, command, args, out) {
                    command = None;
                }
                // CONFIG SET and DEBUG SLEEP hold for the commands right behind them.
                changed = command.is_some_and(may_change_settings);
                // MULTI and SUBSCRIBE, too.
                turn.direct = pause.is_none() && is_direct(session, config);
            }
            next += 1;
            let shares = |next| plan.share_slot(planned, next);
            if turn.lock.is_some() && !plan.requests().get(next).is_some_and(shares) {
                turn.lock = None;
            }
            let took_ns = clock.ran(command, &self.stats);
            if took_ns >= clock.slow_ns {
                self.note_slow(session, turn.config, command, args, took_ns);
            }
            if out.len() > large_from {
                slowlog::note_large_reply(&self.node, session, turn.config, command, args, out.len() - before);
                large_from = out.len().saturating_add(turn.config.logged_reply_bytes);
            }
            if session.after != After::Continue || changed || out.len() >= OUTPUT_BYTES_MAX {
                break;
            }
        }
        turn.lock = None;
        let ran = first..next;
        let last = ran.clone().last();
        if let Some(took_ns) = clock.finish(&self.stats)
            && took_ns >= config.slow_ns()
            && let Some(last) = last
        {
            let args = Args::with_apart(input, parser.args_of(&requests[last]), parser.apart());
            self.note_slow(session, turn.config, plan.requests()[last].command, args, took_ns);
        }
        if input.len() > config.logged_request_bytes || !parser.apart().is_empty() {
            let ran = requests.iter().zip(plan.requests()).take(next).skip(first);
            let measured = ran.map(|(request, planned)| {
                let args = Args::with_apart(input, parser.args_of(request), parser.apart());
                ((request.end - request.start) as usize + args.apart_bytes(), planned.command, args)
            });
            slowlog::note_large_requests(&self.node, session, config, measured);
        }
        bump(&self.stats.requests, ran.len() as u64);
        let output_bytes = out.len() - written;
        self.long_replies.set(output_bytes > plan.hashes().len().max(ran.len()) * LONG_REPLY_BYTES);
        bump(&self.stats.output_bytes, output_bytes as u64);
        bump(&self.stats.writes, 1);
        let client = &session.client;
        client.active_ms.store(turn.now_ms, Relaxed);
        if let Some(command) = last.and_then(|last| plan.requests()[last].command) {
            client.last_command.store(command.id, Relaxed);
        }
        (session.after, next)
    }

    /// Runs a request on one key in its slot, when nothing else has to be asked.
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    fn run_in_slot<'n>(
        &'n self,
        session: &Session,
        turn: &mut Turn<'n>,
        command: &'static Command,
        handler: Handler,
        slot: Slot,
        args: Args<'_>,
        out: &mut Replies,
    ) {
        let start = out.place();
        let Turn { config, lock, now_ms, tally, .. } = turn;
        let (keyspace, database) = (&self.node.keyspace, session.database);
        debug_assert!(lock.as_ref().is_none_or(|lock| lock.slot() == slot), "a lock is kept for its slot only");
        let held = match lock {
            Some(held) => held,
            None => lock.insert(keyspace.lock_slot(database, slot)),
        };
        let tx = Tx::in_slot(keyspace, database, *now_ms, held, *tally);
        let mut ctx = Ctx::new(tx, Reply::holding(out, session.protocol), &config.data);
        ctx.tx.set_touch(!session.no_touch);
        ctx.tx.set_access_policy(config.data.access);
        let outcome = match self.check_slot(session.client.local, config, slot) {
            Ok(()) => handler(&mut ctx, args),
            refused => refused,
        };
        let aftermath = if ctx.tx.has_aftermath() { Some(ctx.tx.take_aftermath()) } else { None };
        drop(ctx);
        if let Some(aftermath) = aftermath {
            *lock = None;
            self.end(config, *now_ms, aftermath);
        }
        if let Err(error) = outcome {
            out.truncate(start);
            self.answer_error(session, Some(command), &error, false, out);
        }
    }

    /// Writes a command that took long into SLOWLOG and LATENCY.
    #[cold]
    fn note_slow(
        &self,
        session: &Session,
        config: &Config,
        command: Option<&'static Command>,
        args: Args<'_>,
        took_ns: u64,
    ) {
        let Some(command) = command else { return };
        let (took_us, now_s) = ((took_ns / 1000) as i64, now_ms() / 1000);
        let took_ms = took_ns / 1_000_000;
        if config.latency_threshold_ms > 0 && took_ms >= config.latency_threshold_ms {
            let event = if command.flags.has(Flags::FAST) { "fast-command" } else { "command" };
            self.node.latency.add(event, now_s, took_ms);
        }
        let logged = config.slowlog_slower_than_us >= 0 && took_us >= config.slowlog_slower_than_us;
        if logged && !command.flags.has(Flags::SKIP_SLOWLOG) {
            let entry = slowlog::entry(session, command, args, took_us);
            self.node.logs.slow.push(entry, config.slowlog_len_max);
        }
    }

    /// Runs one request. False when it was refused before it ran.
    fn run<'n>(
        &'n self,
        session: &mut Session,
        turn: &mut Turn<'n>,
        command: Option<&'static Command>,
        args: Args<'_>,
        out: &mut Replies,
    ) -> bool {
        let start = out.place();
        let skipping = session.reply_mode == ReplyMode::SkipNext;
        if skipping {
            session.reply_mode = ReplyMode::Skipping;
        }
        if command.is_none() && is_http(args) {
            session.after = After::Close;
            return false;
        }
        let mut checked = self.check(session, turn.config, command, args);
        if let Ok(command) = checked
            && turn.gate.is_set()
            && command.flags.has(Flags::DENYOOM)
        {
            // Evicting locks slots.
            turn.lock = None;
            if let Err(error) = self.evictor.borrow_mut().before_command(&self.node, turn.config, &mut turn.gate) {
                checked = Err(self.elsewhere(session, turn.config, command, args).unwrap_or(error));
            }
        }
        let mut refused = checked.is_err();
        let outcome = checked.and_then(|command| {
            if session.multi.is_some() {
                match self.queue(session, turn.config, command, args, out) {
                    Ok(false) => {}
                    Ok(true) => return Ok(()),
                    Err(error) => {
                        refused = true;
                        return Err(error);
                    }
                }
            }
            if std::ptr::eq(command, self.exec_command) {
                return self.exec(session, turn, out);
            }
            self.run_checked(session, turn, command, args, out)
        });
        if refused && let Some(multi) = &mut session.multi {
            multi.failed = true;
        }
        if let Err(error) = outcome {
            out.truncate(start);
            self.answer_error(session, command, &error, refused, out);
        }
        match session.reply_mode {
            ReplyMode::On => {}
            // Answers to subscribing are messages.
            _ if command.is_some_and(is_subscribing) => {}
            ReplyMode::Off | ReplyMode::SkipNext => out.truncate(start),
            ReplyMode::Skipping => {
                out.truncate(start);
                session.reply_mode = ReplyMode::On;
            }
        }
        !refused
    }

    #[cold]
    pub(super) fn answer_error(
        &self,
        session: &Session,
        command: Option<&'static Command>,
        error: &Error,
        refused: bool,
        out: &mut Replies,
    ) {
        let line = error.line();
        self.node.stats.count_error(Error::code(&String::from_utf8_lossy(&line)));
        Reply::holding(out, session.protocol).error_line(&line);
        if let Some(command) = command {
            let stats = &self.stats.commands[usize::from(command.id)];
            bump(if refused { &stats.rejected } else { &stats.failed }, 1);
        }
    }

    // Inlined also where transactions run: a call here is a tenth of a PING.
    #[inline(always)]
    pub(super) fn run_checked<'n>(
        &'n self,
        session: &mut Session,
        turn: &mut Turn<'n>,
        command: &'static Command,
        args: Args<'_>,
        out: &mut Replies,
    ) -> Outcome {
        match command.run() {
            Run::Data(handler) => self.run_data(session, turn, command, handler, args, out),
            Run::Session => match self.node.session_handlers[usize::from(command.id)] {
                Some(handler) => {
                    turn.lock = None;
                    let reply = Reply::holding(out, session.protocol);
                    let (now_ms, changes) = (turn.now_ms, Vec::new());
                    let mut call = Call { node: &self.node, session, command, args, reply, now_ms, changes };
                    let outcome = handler(&mut call);
                    let changes = call.changes;
                    if !changes.is_empty() {
                        self.follow_up(turn.config, now_ms, changes);
                    }
                    outcome
                }
                None => Err(unserved(command)),
            },
            Run::Unserved => Err(unserved(command)),
        }
    }

    #[inline]
    fn run_data<'n>(
        &'n self,
        session: &mut Session,
        turn: &mut Turn<'n>,
        command: &'static Command,
        handler: Handler,
        args: Args<'_>,
        out: &mut Replies,
    ) -> Outcome {
        let Turn { config, lock, now_ms, tally, .. } = turn;
        let (keyspace, database) = (&self.node.keyspace, session.database);
        let plan = locks::plan(command, args, database, keyspace.databases(), config.cluster_enabled)?;
        if let Some(held) = lock
            && !matches!(plan, locks::Plan::Slot(slot) if held.is_of(keyspace, database, slot))
        {
            *lock = None;
        }
        let mut tx = match plan {
            locks::Plan::Slot(slot) => {
                let lock = lock.get_or_insert_with(|| keyspace.lock_slot(database, slot));
                Tx::in_slot(keyspace, database, *now_ms, lock, *tally)
            }
            _ => Tx::new(keyspace, database, *now_ms, plan.locks()),
        };
        tx.set_touch(!session.no_touch);
        tx.set_access_policy(config.data.access);
        if let locks::Plan::Slot(slot) = plan {
            self.check_slot(session.client.local, config, slot)?;
        }
        let reply = Reply::holding(out, session.protocol);
        let mut ctx = Ctx::new(tx, reply, &config.data);
        if command.flags.has(Flags::BLOCKING) {
            ctx.waiting = Some(Box::default());
        }
        let outcome = match plan {
            locks::Plan::Slot(slot) if config.slot_stats => self.run_counted(slot, handler, &mut ctx, args),
            _ => handler(&mut ctx, args),
        };
        if let Some(wait) = ctx.waiting.take().and_then(|waiting| waiting.asked) {
            self.block(session, command, args, wait);
        }
        if ctx.tx.has_aftermath() {
            let aftermath = ctx.tx.take_aftermath();
            drop(ctx);
            *lock = None;
            self.end(config, *now_ms, aftermath);
        }
        outcome
    }

    /// What is done when a transaction is over and its locks are gone.
    #[cold]
    pub(super) fn end(&self, config: &Config, now_ms: i64, aftermath: Aftermath) {
        // Nobody waits for it to be freed.
        self.node.lazyfree.free(aftermath.garbage, &config.lazyfree, &self.node.meters);
        self.follow_up(config, now_ms, aftermath.changes);
    }

    /// Runs a command and adds what it cost to its slot's usage.
    #[cold]
    fn run_counted(&self, slot: Slot, handler: Handler, ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
        let start = ctx.reply.mark();
        let since = Instant::now();
        let outcome = handler(ctx, args);
        let input_bytes: usize = args.iter().map(|arg| arg.len() + 5).sum();
        let output_bytes = ctx.reply.written_since(start);
        let cpu_ns = since.elapsed().as_nanos() as u64;
        self.node.slot_usage.of(slot).add(cpu_ns, input_bytes as u64, output_bytes as u64);
        outcome
    }
}

fn is_subscribing(command: &Command) -> bool {
    command.name.ends_with("subscribe")
}

/// Session commands but those as quick as PING.
#[inline]
fn may_change_settings(command: &Command) -> bool {
    matches!(command.run(), Run::Session) && !command.flags.has(Flags::FAST)
}

fn unserved(command: &Command) -> Error {
    Error::Text(format!("ERR {} is not supported by slotwise yet", command.name.to_ascii_uppercase().replace('|', " ")))
}
