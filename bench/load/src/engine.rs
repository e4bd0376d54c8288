//! The event loop: one thread, some connections, requests at a fixed rate or as fast as replies come.
//!
//! *Open* connections send by the clock, whether or not earlier requests were answered, and a reply's latency counts
//! from the moment the request was due: a server that stands still for 10 ms is charged for every request that came
//! due meanwhile. *Closed* connections send the next batch when the last one is answered.
//! Everything under way is bounded: a server that falls [`UNDER_WAY_MAX`] behind ends the run with an error.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::wire::{self, Reply};

/// Requests of the open connections that may wait for their replies.
const UNDER_WAY_MAX: usize = 1_000_000;
/// Room for what one read brings.
const READ_BYTES: usize = 256 << 10;
/// A run ends with an error when nothing was answered for so long.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// How often the number of keys is asked for.
const WATCH_EVERY: Duration = Duration::from_millis(50);
const LATENCY_NS_MAX: u64 = 60_000_000_000;

/// What was asked, by the number of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The value of a key.
    Get(u64),
    /// To store the value of a key.
    Set(u64),
    /// Something that answers with a number or a status.
    Other,
    /// DBSIZE.
    Size,
}

/// A source of requests, which also judges the replies.
pub trait Work {
    /// Appends the next request; `None` when there is nothing to ask now, and nothing more ever once `finished`.
    fn next(&mut self, out: &mut Vec<u8>) -> Option<Ask>;

    /// Takes a reply, or says what is wrong with it.
    fn answered(&mut self, ask: Ask, reply: Reply<'_>) -> Result<(), String>;

    /// Whether no request will come any more, whatever the replies under way say.
    fn finished(&self) -> bool;
}

/// Requests by the clock.
pub struct Open<'a> {
    /// What to send.
    pub work: &'a mut dyn Work,
    /// They send in turns.
    pub connections: usize,
    /// Requests per second over all connections.
    pub per_s: f64,
    /// The longest time that it sends.
    pub time_max: Duration,
}

/// Requests in batches, each sent when the last is answered.
pub struct Closed<'a> {
    /// What to send.
    pub work: &'a mut dyn Work,
    /// Each has its own batch under way.
    pub connections: usize,
    /// Requests of one batch.
    pub depth: usize,
    /// The most requests per second over all connections.
    pub per_s: Option<f64>,
}

/// What one run measured.
pub struct Outcome {
    /// From the first request to the last reply.
    pub elapsed: Duration,
    /// Replies by [`Ask`]: gets and sets, of the open connections if there are any. Latencies in ns.
    pub get_ns: Histogram<u64>,
    /// See `get_ns`.
    pub set_ns: Histogram<u64>,
    /// How late requests of the open connections were sent, in ns: what this program adds itself.
    pub late_ns: Histogram<u64>,
    /// Replies to the closed connections.
    pub closed_replies: u64,
    /// Whether the watched number of keys was reached.
    pub reached: bool,
}

struct Connection {
    socket: TcpStream,
    out: Vec<u8>,
    written: usize,
    input: Vec<u8>,
    // Replies to come: what was asked, and when it was due.
    asked: VecDeque<(Ask, Instant)>,
}

impl Connection {
    fn open(port: u16) -> Result<Connection, String> {
        let socket = TcpStream::connect(("127.0.0.1", port)).map_err(|error| format!("connecting: {error}"))?;
        socket.set_nodelay(true).and_then(|()| socket.set_nonblocking(true)).map_err(|error| error.to_string())?;
        Ok(Connection { socket, out: Vec::new(), written: 0, input: Vec::new(), asked: VecDeque::new() })
    }

    /// Writes what the socket takes; whether all of it.
    fn flush(&mut self) -> Result<bool, String> {
        while self.written < self.out.len() {
            match self.socket.write(&self.out[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(format!("writing: {error}")),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(true)
    }

    /// Reads once; false when there was nothing.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<bool, String> {
        match self.socket.read(buffer) {
            Ok(0) => Err("the server closed the connection".to_owned()),
            Ok(count) => {
                self.input.extend_from_slice(&buffer[..count]);
                Ok(true)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(false),
            Err(error) => Err(format!("reading: {error}")),
        }
    }
}

/// Runs until the closed work is finished, or the keys are down to `until_keys`, or the open work's time is over.
pub fn run<'a>(
    port: u16,
    open: Option<Open<'a>>,
    closed: Option<Closed<'a>>,
    until_keys: Option<u64>,
) -> Result<Outcome, String> {
    let mut run = Run::new(port, open, closed, until_keys)?;
    let poll = Epoll::new(EpollCreateFlags::empty()).map_err(|error| error.to_string())?;
    for (index, connection) in run.connections.iter().enumerate() {
        let event = EpollEvent::new(EpollFlags::EPOLLIN, index as u64);
        poll.add(&connection.socket, event).map_err(|error| error.to_string())?;
    }
    let mut buffer = vec![0; READ_BYTES];
    let mut events = vec![EpollEvent::empty(); run.connections.len()];
    loop {
        let now = Instant::now();
        run.send_what_is_due(now)?;
        run.send_batches(now);
        run.ask_for_size(now);
        run.flush()?;
        if run.is_over() {
            break;
        }
        let ready = match poll.wait(&mut events, run.timeout()) {
            Ok(ready) => ready,
            Err(nix::errno::Errno::EINTR) => 0,
            Err(error) => return Err(format!("polling: {error}")),
        };
        for event in &events[..ready] {
            run.read(event.data() as usize, &mut buffer)?;
        }
        if run.last_reply.elapsed() > SILENCE_MAX {
            return Err(format!("no reply for {} s", SILENCE_MAX.as_secs()));
        }
    }
    run.outcome.elapsed = run.started.elapsed();
    Ok(run.outcome)
}

/// A run under way. Its connections: first the open ones, then the closed ones, then the one that watches.
struct Run<'a> {
    open: Option<Open<'a>>,
    closed: Option<Closed<'a>>,
    until_keys: Option<u64>,
    connections: Vec<Connection>,
    // Number of open connections, and index of the one that watches.
    opens: usize,
    watch: usize,
    // Connections with bytes to write, and closed connections whose batch is answered.
    dirty: Vec<usize>,
    idle: VecDeque<usize>,
    sent_open: u64,
    sent_closed: u64,
    // Requests of the open connections without a reply.
    under_way: usize,
    // False once only replies are waited for.
    sending: bool,
    started: Instant,
    watched: Instant,
    last_reply: Instant,
    outcome: Outcome,
}

impl<'a> Run<'a> {
    fn new(
        port: u16,
        open: Option<Open<'a>>,
        closed: Option<Closed<'a>>,
        until_keys: Option<u64>,
    ) -> Result<Run<'a>, String> {
        let opens = open.as_ref().map_or(0, |open| open.connections);
        let watch = opens + closed.as_ref().map_or(0, |closed| closed.connections);
        let count = watch + usize::from(until_keys.is_some());
        let connections = (0..count).map(|_| Connection::open(port)).collect::<Result<Vec<_>, _>>()?;
        let started = Instant::now();
        Ok(Run {
            open,
            closed,
            until_keys,
            connections,
            opens,
            watch,
            dirty: Vec::new(),
            idle: (opens..watch).collect(),
            sent_open: 0,
            sent_closed: 0,
            under_way: 0,
            sending: true,
            started,
            watched: started,
            last_reply: started,
            outcome: Outcome {
                elapsed: Duration::ZERO,
                get_ns: histogram(),
                set_ns: histogram(),
                late_ns: histogram(),
                closed_replies: 0,
                reached: false,
            },
        })
    }

    fn send_what_is_due(&mut self, now: Instant) -> Result<(), String> {
        let Some(open) = self.open.as_mut().filter(|_| self.sending) else { return Ok(()) };
        loop {
            let due = self.started + Duration::from_secs_f64(self.sent_open as f64 / open.per_s);
            if due > now {
                break;
            }
            let index = self.sent_open as usize % self.opens;
            let connection = &mut self.connections[index];
            let Some(ask) = open.work.next(&mut connection.out) else { break };
            connection.asked.push_back((ask, due));
            record(&mut self.outcome.late_ns, now - due);
            self.dirty.push(index);
            (self.sent_open, self.under_way) = (self.sent_open + 1, self.under_way + 1);
        }
        self.sending = now - self.started < open.time_max;
        if self.under_way > UNDER_WAY_MAX {
            return Err(format!("the server is {} requests behind", self.under_way));
        }
        Ok(())
    }

    fn send_batches(&mut self, now: Instant) {
        let Some(closed) = self.closed.as_mut() else { return };
        let passed_s = (now - self.started).as_secs_f64();
        let allowed = closed.per_s.map_or(u64::MAX, |per_s| (passed_s * per_s) as u64 + 1);
        for _ in 0..self.idle.len() {
            if self.sent_closed >= allowed {
                break;
            }
            let Some(index) = self.idle.pop_front() else { break };
            let connection = &mut self.connections[index];
            while connection.asked.len() < closed.depth {
                let Some(ask) = closed.work.next(&mut connection.out) else { break };
                connection.asked.push_back((ask, now));
                self.sent_closed += 1;
            }
            if connection.asked.is_empty() {
                self.idle.push_back(index);
            } else {
                self.dirty.push(index);
            }
        }
        // What is idle has nothing under way.
        if closed.work.finished() && self.idle.len() == closed.connections {
            self.sending = false;
        }
    }

    fn ask_for_size(&mut self, now: Instant) {
        if self.until_keys.is_none() || !self.sending || now - self.watched < WATCH_EVERY {
            return;
        }
        let connection = &mut self.connections[self.watch];
        if connection.asked.is_empty() {
            wire::request(&mut connection.out, &[b"DBSIZE"]);
            connection.asked.push_back((Ask::Size, now));
            self.dirty.push(self.watch);
            self.watched = now;
        }
    }

    fn flush(&mut self) -> Result<(), String> {
        let mut blocked = Vec::new();
        for index in self.dirty.drain(..) {
            if !self.connections[index].flush()? {
                blocked.push(index);
            }
        }
        self.dirty = blocked;
        Ok(())
    }

    fn is_over(&self) -> bool {
        !self.sending && self.connections.iter().all(|connection| connection.asked.is_empty())
    }

    /// What goes by the clock cannot sleep: the poll's clock is too coarse.
    fn timeout(&self) -> EpollTimeout {
        let by_clock = self.sending && self.open.is_some();
        let paced = self.closed.as_ref().is_some_and(|closed| closed.per_s.is_some());
        if by_clock || paced || !self.dirty.is_empty() { EpollTimeout::ZERO } else { EpollTimeout::from(100u8) }
    }

    fn read(&mut self, index: usize, buffer: &mut [u8]) -> Result<(), String> {
        if !self.connections[index].fill(buffer)? {
            return Ok(());
        }
        let now = Instant::now();
        self.last_reply = now;
        let Connection { input, asked, .. } = &mut self.connections[index];
        let (is_open, mut taken) = (index < self.opens, 0);
        while let Some((reply, length)) = parse_from(input, taken)? {
            let (ask, due) = asked.pop_front().ok_or("a reply that nobody asked for")?;
            taken += length;
            if index == self.watch {
                let target = self.until_keys.unwrap_or(0);
                self.outcome.reached = matches!(reply, Reply::Integer(keys) if keys >= 0 && keys as u64 <= target);
                self.sending &= !self.outcome.reached;
                continue;
            }
            match (&mut self.open, &mut self.closed) {
                (Some(open), _) if is_open => {
                    open.work.answered(ask, reply)?;
                    self.under_way -= 1;
                }
                (_, Some(closed)) => {
                    closed.work.answered(ask, reply)?;
                    self.outcome.closed_replies += 1;
                }
                _ => return Err("a reply on a connection of nobody's".to_owned()),
            }
            if is_open || self.opens == 0 {
                match ask {
                    Ask::Get(_) => record(&mut self.outcome.get_ns, now - due),
                    Ask::Set(_) => record(&mut self.outcome.set_ns, now - due),
                    Ask::Other | Ask::Size => {}
                }
            }
        }
        input.drain(..taken);
        if (self.opens..self.watch).contains(&index) && asked.is_empty() {
            self.idle.push_back(index);
        }
        Ok(())
    }
}

fn parse_from(input: &[u8], from: usize) -> Result<Option<(Reply<'_>, usize)>, String> {
    if from == input.len() { Ok(None) } else { wire::parse(&input[from..]) }
}

fn histogram() -> Histogram<u64> {
    // Three digits: the histogram adds at most 0.1 %.
    Histogram::new_with_bounds(1, LATENCY_NS_MAX, 3).expect("the bounds are in order")
}

fn record(histogram: &mut Histogram<u64>, time: Duration) {
    histogram.saturating_record(time.as_nanos() as u64);
}
