//! Runs requests: looks commands up, checks what must be checked before they run, locks slots, counts.
//!
//! One [`Dispatcher`] per thread. A batch runs in two steps: first every command is looked up, its key hashed
//! and the lines it will touch prefetched; then the commands run one after another, each under the locks of
//! its own slots.

use super::batch_clock::BatchClock;
use super::evict::{Evictor, Gate};
use super::prefetch;
use super::session::{After, ReplyMode, Session};
use super::session_commands::Call;
use super::slowlog::{self, SlowCommand};
use super::stats::{ThreadStats, bump};
use super::{Config, Node, now_ms};
use crate::cluster::ClusterView;
use crate::command::words::Flags;
use crate::command::{
    Args, Command, Ctx, Error, Handler, KeyRun, Outcome, Run, Table, is_http, locks, unknown_command,
};
use crate::resp::{ProtocolError, Replies, Reply, RequestParser};
use crate::slot::Slot;
use crate::store::{KeyHash, SlotLock, Tx};
use arc_swap::{ArcSwap, Cache};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// Unsent reply bytes at which a connection's requests wait.
pub(super) const OUTPUT_BYTES_MAX: usize = 32 << 20;
/// A batch of at least this many commands is prefetched; a lone command would only wait for it.
const PREFETCH_MIN: usize = 3;
/// Batches that wait for others' keys at most: each holds a read buffer meanwhile.
pub(super) const WAITING_MAX: usize = 32;
/// Batches that run at once after some waited in vain: so that a lone client hardly pays for it.
const SKIPPED: u32 = 4;
/// Where replies have more bytes than this for each key, values are prefetched as a whole.
const LONG_REPLY_BYTES: usize = 192;
/// Keys of one request that are hashed and prefetched ahead: more would push each other out of the cache.
const HASHED_MAX: u32 = 64;

/// Runs the requests of one thread's connections.
pub(super) struct Dispatcher {
    node: Arc<Node>,
    stats: Arc<ThreadStats>,
    planned: RefCell<Vec<Planned>>,
    /// Hashes of the keys of a batch, request by request.
    hashes: RefCell<Vec<KeyHash>>,
    view: RefCell<Cache<Arc<ArcSwap<ClusterView>>, Arc<ClusterView>>>,
    evictor: RefCell<Evictor>,
    ahead: RefCell<Ahead>,
    /// The keys of the last batch were answered at length: their values take more lines than are prefetched else.
    long_replies: Cell<bool>,
}

/// Keys of short batches that wait until those of other connections are known, too: a lone request would wait for
/// the lines of its slot, bucket and entry one after another, but those of many clients can be asked for together.
/// Measured with 50 clients that send one request at a time, a million keys: such misses were 18 % of a GET's CPU.
#[derive(Default)]
struct Ahead {
    hashes: Vec<KeyHash>,
    database: usize,
    /// Batches that wait.
    waiting: usize,
    /// Batches that shall not wait, because those before waited for nobody.
    skip: u32,
}

/// A request with its command looked up.
#[derive(Clone, Copy)]
pub(super) struct Planned {
    pub(super) command: Option<&'static Command>,
    /// Its keys, as far as they can be told ahead.
    pub(super) keys: KeyRun,
    /// Where the hashes of the first [`HASHED_MAX`] of these keys begin.
    hashed_from: u32,
}

/// What the requests of a batch share while they run.
struct Turn<'n> {
    config: arc_swap::Guard<Arc<Config>>,
    gate: Gate,
    now_ms: i64,
    /// The slot of the request before, still locked when the next one needs it too.
    lock: Option<SlotLock<'n>>,
}

impl Planned {
    /// May the slot stay locked from this request to the next? Only between quick ones: others wait for it.
    #[inline]
    fn shares_slot(self, next: &Planned, hashes: &[KeyHash]) -> bool {
        let quick = |planned: &Planned| planned.command.is_some_and(|command| command.quick);
        match (self.hashes(hashes), next.hashes(hashes)) {
            ([own], [other]) => own.slot() == other.slot() && quick(&self) && quick(next),
            _ => false,
        }
    }

    /// Those of its keys' hashes that are known.
    #[inline]
    pub(super) fn hashes(self, all: &[KeyHash]) -> &[KeyHash] {
        let from = self.hashed_from as usize;
        &all[from..from + self.keys.count.min(HASHED_MAX) as usize]
    }
}

impl Dispatcher {
    pub(super) fn new(node: Arc<Node>) -> Dispatcher {
        let stats = node.stats.thread();
        let view = RefCell::new(node.view.reader());
        Dispatcher {
            node,
            stats,
            planned: RefCell::default(),
            hashes: RefCell::default(),
            view,
            evictor: RefCell::default(),
            ahead: RefCell::default(),
            long_replies: Cell::default(),
        }
    }

    /// Notes the keys of a short batch, so that they are prefetched with others'. False: it shall run at once. Else the
    /// connection lets others have a turn, calls [`prefetch_ahead`](Self::prefetch_ahead), and runs it then.
    pub(super) fn note_ahead(&self, session: &Session, parser: &RequestParser, input: &[u8]) -> bool {
        let requests = parser.requests();
        let ahead = &mut *self.ahead.borrow_mut();
        if ahead.skip > 0 {
            ahead.skip -= 1;
            return false;
        }
        let other_database = ahead.waiting > 0 && ahead.database != session.database;
        if requests.len() >= PREFETCH_MIN || ahead.waiting >= WAITING_MAX || other_database {
            return false;
        }
        let before = ahead.hashes.len();
        for request in requests {
            plan(Args::with_apart(input, parser.args_of(request), parser.apart()), &mut None, &mut ahead.hashes);
        }
        let hashes = &ahead.hashes[before..];
        if hashes.is_empty() {
            return false;
        }
        self.node.keyspace.prefetch_slots(session.database, hashes.iter().copied());
        ahead.database = session.database;
        ahead.waiting += 1;
        true
    }

    /// Prefetches what was noted and not prefetched yet.
    pub(super) fn prefetch_ahead(&self) {
        let ahead = &mut *self.ahead.borrow_mut();
        if ahead.waiting == 0 {
            return;
        }
        if ahead.waiting == 1 {
            ahead.skip = SKIPPED;
        }
        self.prefetch_entries(ahead.database, &ahead.hashes);
        ahead.hashes.clear();
        ahead.waiting = 0;
    }

    #[inline]
    fn prefetch_entries(&self, database: usize, hashes: &[KeyHash]) {
        self.node.keyspace.prefetch_entries(database, hashes.iter().copied());
        if self.long_replies.get() {
            self.node.keyspace.prefetch_values(database, hashes.iter().copied());
        }
    }

    /// The settings as of now.
    pub(super) fn config(&self) -> arc_swap::Guard<Arc<Config>> {
        self.node.config.load()
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
    /// [`OUTPUT_BYTES_MAX`] wait there. Answers what comes next, and the index of the first request that was not run.
    pub(super) fn run_batch(
        &self,
        session: &mut Session,
        parser: &RequestParser,
        first: usize,
        input: &[u8],
        out: &mut Replies,
    ) -> (After, usize) {
        let requests = &parser.requests()[first..];
        if requests.is_empty() {
            return (After::Continue, first);
        }
        let mut planned = self.planned.borrow_mut();
        planned.clear();
        let mut hashes = self.hashes.borrow_mut();
        hashes.clear();
        let mut last = None;
        planned.extend(requests.iter().map(|request| {
            plan(Args::with_apart(input, parser.args_of(request), parser.apart()), &mut last, &mut hashes)
        }));
        if hashes.len() >= PREFETCH_MIN {
            self.node.keyspace.prefetch_slots(session.database, hashes.iter().copied());
            self.prefetch_entries(session.database, &hashes);
        }
        let config = self.node.config.load();
        let mut turn = Turn { gate: Gate::new(&config), config, now_ms: now_ms(), lock: None };
        prefetch::members(&self.node.keyspace, session.database, turn.now_ms, &planned, &hashes, |request| {
            Args::with_apart(input, parser.args_of(&requests[request]), parser.apart())
        });
        let pause = self.node.pause.running(turn.now_ms);
        let written = out.len();
        let mut clock = BatchClock::start(&turn.config);
        let mut ran = 0;
        session.after = After::Continue;
        if turn.gate.is_set() && pause.is_none() {
            self.evictor.borrow_mut().before_batch(&self.node, &turn.config, &mut turn.gate);
        }
        for (index, request) in requests.iter().enumerate() {
            let (planned, next) = match &mut planned[index..] {
                [planned, next, ..] => (planned, Some(&*next)),
                [planned] => (planned, None),
                [] => break,
            };
            let args = Args::with_apart(input, parser.args_of(request), parser.apart())
                .with_hashes(planned.keys, planned.hashes(&hashes));
            // What is refused is refused at once, paused or not.
            if pause.is_some_and(|pause| pause.holds(planned.command))
                && self.check(session, &turn.config, planned.command, args).is_ok()
            {
                session.after = After::Held;
                break;
            }
            if !self.run(session, &mut turn, planned.command, args, out) {
                planned.command = None;
            }
            if turn.lock.is_some() && !next.is_some_and(|next| planned.shares_slot(next, &hashes)) {
                turn.lock = None;
            }
            ran += 1;
            if planned.command.is_some_and(may_change_settings) {
                // CONFIG SET and DEBUG SLEEP hold for the commands right behind them.
                turn.config = self.node.config.load();
                turn.gate = Gate::new(&turn.config);
                turn.now_ms = now_ms();
            }
            let took_ns = clock.ran(planned.command, &self.stats);
            if took_ns >= clock.slow_ns {
                self.note_slow(session, &turn.config, planned.command, args, took_ns);
            }
            if session.after != After::Continue || out.len() >= OUTPUT_BYTES_MAX {
                break;
            }
        }
        turn.lock = None;
        let planned = &planned[..ran];
        if let Some(took_ns) = clock.finish(planned, &self.stats)
            && took_ns >= turn.config.slow_ns()
            && let (Some(last), Some(request)) = (planned.last(), requests.get(ran.wrapping_sub(1)))
        {
            let args = Args::with_apart(input, parser.args_of(request), parser.apart());
            self.note_slow(session, &turn.config, last.command, args, took_ns);
        }
        bump(&self.stats.requests, ran as u64);
        let output_bytes = out.len() - written;
        self.long_replies.set(output_bytes > hashes.len().max(ran) * LONG_REPLY_BYTES);
        bump(&self.stats.output_bytes, output_bytes as u64);
        bump(&self.stats.writes, 1);
        let client = &session.client;
        client.active_ms.store(turn.now_ms, Relaxed);
        if let Some(command) = planned.last().and_then(|planned| planned.command) {
            client.last_command.store(command.id, Relaxed);
        }
        (session.after, first + ran)
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
            let entry = SlowCommand {
                id: 0,
                at_s: now_s,
                took_us,
                args: slowlog::shown(command, args),
                peer: session.client.peer.to_string(),
                client: session.client.texts().name.clone(),
            };
            self.node.slowlog.push(entry, config.slowlog_len_max);
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
        let mut checked = self.check(session, &turn.config, command, args);
        if let Ok(command) = checked
            && turn.gate.is_set()
            && command.flags.has(Flags::DENYOOM)
        {
            // Evicting locks slots.
            turn.lock = None;
            if let Err(error) = self.evictor.borrow_mut().before_command(&self.node, &turn.config, &mut turn.gate) {
                checked = Err(self.elsewhere(session, &turn.config, command, args).unwrap_or(error));
            }
        }
        let refused = checked.is_err();
        let outcome = checked.and_then(|command| self.run_checked(session, turn, command, args, out));
        if let Err(error) = outcome {
            out.truncate(start);
            self.answer_error(session, command, &error, refused, out);
        }
        match session.reply_mode {
            ReplyMode::On => {}
            ReplyMode::Off | ReplyMode::SkipNext => out.truncate(start),
            ReplyMode::Skipping => {
                out.truncate(start);
                session.reply_mode = ReplyMode::On;
            }
        }
        !refused
    }

    #[cold]
    fn answer_error(
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

    /// What must hold before any command runs.
    #[inline]
    fn check(
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
        Ok(command)
    }

    #[inline]
    fn run_checked<'n>(
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
                    handler(&mut Call { node: &self.node, session, command, args, reply, now_ms: turn.now_ms })
                }
                None => Err(unserved(command)),
            },
            Run::Unserved => Err(unserved(command)),
        }
    }

    #[inline]
    fn run_data<'n>(
        &'n self,
        session: &Session,
        turn: &mut Turn<'n>,
        command: &Command,
        handler: Handler,
        args: Args<'_>,
        out: &mut Replies,
    ) -> Outcome {
        let Turn { config, lock, now_ms, .. } = turn;
        let (keyspace, database) = (&self.node.keyspace, session.database);
        let cluster = config.cluster_enabled;
        let plan = locks::plan(command, args, database, keyspace.databases(), cluster)?;
        if let Some(held) = lock
            && !matches!(plan, locks::Plan::Slot(slot) if held.is_of(keyspace, database, slot))
        {
            *lock = None;
        }
        let mut tx = match plan {
            locks::Plan::Slot(slot) => {
                let lock = lock.get_or_insert_with(|| keyspace.lock_slot(database, slot));
                Tx::in_slot(keyspace, database, *now_ms, lock)
            }
            _ => Tx::new(keyspace, database, *now_ms, plan.locks()),
        };
        tx.set_touch(!session.no_touch);
        tx.set_access_policy(config.data.access);
        // Read under the slot's lock: whoever takes a slot away publishes a new view and then passes every
        // lock once, so that no command that saw the old view is still running.
        if cluster && let locks::Plan::Slot(slot) = plan {
            self.check_owner(session, config, slot)?;
        }
        let reply = Reply::holding(out, session.protocol);
        let mut ctx = Ctx { tx, reply, config: &config.data };
        let outcome = match plan {
            locks::Plan::Slot(slot) if config.slot_stats => self.run_counted(slot, handler, &mut ctx, args),
            _ => handler(&mut ctx, args),
        };
        if ctx.tx.has_garbage() {
            let garbage = ctx.tx.take_garbage();
            // Nobody waits for it to be freed.
            drop(ctx);
            *lock = None;
            self.node.lazyfree.free(garbage, &config.lazyfree, &self.node.meters);
        }
        outcome
    }

    /// Where a command must go that this node has no memory for: a slot's owner is told before that.
    #[cold]
    fn elsewhere(&self, session: &Session, config: &Config, command: &Command, args: Args<'_>) -> Option<Error> {
        let databases = self.node.keyspace.databases();
        match locks::plan(command, args, session.database, databases, config.cluster_enabled) {
            Ok(locks::Plan::Slot(slot)) if config.cluster_enabled => self.check_owner(session, config, slot).err(),
            Ok(_) => None,
            Err(error) => Some(error),
        }
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

    #[inline]
    fn check_owner(&self, session: &Session, config: &Config, slot: Slot) -> Outcome {
        let mut view = self.view.borrow_mut();
        let view = view.load();
        let down = config.require_full_coverage && !view.covers_all_slots();
        match view.owner(slot) {
            Some(owner) if owner.id == self.node.id && !down => Ok(()),
            None => Err(Error::Static("CLUSTERDOWN Hash slot not served")),
            Some(_) if down => Err(Error::Static("CLUSTERDOWN The cluster is down")),
            // A member that announces no address listens on all of this host's: also on the one that was reached.
            Some(owner) if owner.host.is_empty() => {
                Err(Error::Text(format!("MOVED {slot} {}:{}", session.client.local.ip(), owner.port)))
            }
            Some(owner) => Err(Error::Text(format!("MOVED {slot} {}:{}", owner.host, owner.port))),
        }
    }
}

/// A name as it was written, and the command it stands for whatever the arguments are.
type Named<'a> = (&'a [u8], &'static Command);

fn plan<'a>(args: Args<'a>, last: &mut Option<Named<'a>>, hashes: &mut Vec<KeyHash>) -> Planned {
    let name = args.at(0);
    // Most requests of a batch have the name of the one before.
    let command = match *last {
        Some((written, command)) if written == name => Some(command),
        _ => {
            let command = Table::get().lookup(name, args.get(1));
            // What a container's name stands for depends on the next argument.
            let alone = |command: &&Command| !command.is_container() && command.name.len() == name.len();
            *last = command.filter(alone).map(|command| (name, command));
            command
        }
    };
    let keys = command.map_or_else(KeyRun::default, |command| command.keys_ahead(args.len()));
    let hashed_from = hashes.len() as u32;
    match keys.count {
        0 => {}
        1 => hashes.push(KeyHash::of(args.at(keys.first as usize))),
        _ => hashes.extend(keys.positions().take(HASHED_MAX as usize).map(|index| KeyHash::of(args.at(index)))),
    }
    Planned { command, keys, hashed_from }
}

/// Session commands but those as quick as PING.
#[inline]
fn may_change_settings(command: &Command) -> bool {
    matches!(command.run(), Run::Session) && !command.flags.has(Flags::FAST)
}

fn unserved(command: &Command) -> Error {
    Error::Text(format!("ERR {} is not supported by slotwise yet", command.name.to_ascii_uppercase().replace('|', " ")))
}
