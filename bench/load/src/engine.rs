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
pub fn run(
    port: u16,
    mut open: Option<Open<'_>>,
    mut closed: Option<Closed<'_>>,
    until_keys: Option<u64>,
) -> Result<Outcome, String> {
    let opens = open.as_ref().map_or(0, |open| open.connections);
    let closes = closed.as_ref().map_or(0, |closed| closed.connections);
    let watch = opens + closes;
    let count = watch + usize::from(until_keys.is_some());
    let mut connections = (0..count).map(|_| Connection::open(port)).collect::<Result<Vec<_>, _>>()?;
    let poll = Epoll::new(EpollCreateFlags::empty()).map_err(|error| error.to_string())?;
    for (index, connection) in connections.iter().enumerate() {
        let event = EpollEvent::new(EpollFlags::EPOLLIN, index as u64);
        poll.add(&connection.socket, event).map_err(|error| error.to_string())?;
    }
    let started = Instant::now();
    let mut outcome = Outcome {
        elapsed: Duration::ZERO,
        get_ns: histogram(),
        set_ns: histogram(),
        late_ns: histogram(),
        closed_replies: 0,
        reached: false,
    };
    let mut buffer = vec![0; READ_BYTES];
    let mut events = vec![EpollEvent::empty(); count];
    // Connections with bytes to write, and closed connections whose batch is answered.
    let mut dirty: Vec<usize> = Vec::new();
    let mut idle: VecDeque<usize> = (opens..watch).collect();
    let (mut sent_open, mut sent_closed, mut under_way) = (0u64, 0u64, 0usize);
    let (mut watched, mut last_reply, mut sending) = (started, started, true);
    loop {
        let now = Instant::now();
        if let Some(open) = open.as_mut().filter(|_| sending) {
            loop {
                let due = started + Duration::from_secs_f64(sent_open as f64 / open.per_s);
                if due > now {
                    break;
                }
                let index = sent_open as usize % opens;
                let connection = &mut connections[index];
                let Some(ask) = open.work.next(&mut connection.out) else { break };
                connection.asked.push_back((ask, due));
                record(&mut outcome.late_ns, now - due);
                dirty.push(index);
                (sent_open, under_way) = (sent_open + 1, under_way + 1);
            }
            sending = now - started < open.time_max;
            if under_way > UNDER_WAY_MAX {
                return Err(format!("the server is {under_way} requests behind"));
            }
        }
        if let Some(closed) = closed.as_mut() {
            let allowed = closed.per_s.map_or(u64::MAX, |per_s| ((now - started).as_secs_f64() * per_s) as u64 + 1);
            for _ in 0..idle.len() {
                if sent_closed >= allowed {
                    break;
                }
                let Some(index) = idle.pop_front() else { break };
                let connection = &mut connections[index];
                while connection.asked.len() < closed.depth {
                    let Some(ask) = closed.work.next(&mut connection.out) else { break };
                    connection.asked.push_back((ask, now));
                    sent_closed += 1;
                }
                if connection.asked.is_empty() {
                    idle.push_back(index);
                } else {
                    dirty.push(index);
                }
            }
            // What is idle has nothing under way.
            if closed.work.finished() && idle.len() == closes {
                if open.is_none() {
                    break;
                }
                sending = false;
            }
        }
        if until_keys.is_some() && sending && now - watched > WATCH_EVERY && connections[watch].asked.is_empty() {
            wire::request(&mut connections[watch].out, &[b"DBSIZE"]);
            connections[watch].asked.push_back((Ask::Size, now));
            dirty.push(watch);
            watched = now;
        }
        let mut blocked = Vec::new();
        for index in dirty.drain(..) {
            if !connections[index].flush()? {
                blocked.push(index);
            }
        }
        dirty = blocked;
        if !sending && under_way == 0 && connections[opens..].iter().all(|connection| connection.asked.is_empty()) {
            break;
        }
        // What goes by the clock cannot sleep: the poll's clock is too coarse.
        let by_clock = sending && open.is_some() || closed.as_ref().is_some_and(|closed| closed.per_s.is_some());
        let timeout = if by_clock || !dirty.is_empty() { EpollTimeout::ZERO } else { EpollTimeout::from(100u8) };
        let ready = match poll.wait(&mut events, timeout) {
            Ok(ready) => ready,
            Err(nix::errno::Errno::EINTR) => 0,
            Err(error) => return Err(format!("polling: {error}")),
        };
        for event in &events[..ready] {
            let index = event.data() as usize;
            if !connections[index].fill(&mut buffer)? {
                continue;
            }
            let now = Instant::now();
            last_reply = now;
            let Connection { input, asked, .. } = &mut connections[index];
            let mut taken = 0;
            while let Some((reply, length)) = parse_from(input, taken)? {
                let (ask, due) = asked.pop_front().ok_or("a reply that nobody asked for")?;
                taken += length;
                if index == watch {
                    let target = until_keys.unwrap_or(0);
                    outcome.reached = matches!(reply, Reply::Integer(keys) if keys >= 0 && keys as u64 <= target);
                    sending &= !outcome.reached;
                    continue;
                }
                let work: &mut dyn Work = match (&mut open, &mut closed) {
                    (Some(open), _) if index < opens => open.work,
                    (_, Some(closed)) => closed.work,
                    _ => return Err("a reply on a connection of nobody's".to_owned()),
                };
                work.answered(ask, reply)?;
                if index < opens {
                    under_way -= 1;
                } else {
                    outcome.closed_replies += 1;
                }
                if index < opens || opens == 0 {
                    match ask {
                        Ask::Get(_) => record(&mut outcome.get_ns, now - due),
                        Ask::Set(_) => record(&mut outcome.set_ns, now - due),
                        Ask::Other | Ask::Size => {}
                    }
                }
            }
            input.drain(..taken);
            if (opens..watch).contains(&index) && asked.is_empty() {
                idle.push_back(index);
            }
        }
        if last_reply.elapsed() > SILENCE_MAX {
            return Err(format!("no reply for {} s", SILENCE_MAX.as_secs()));
        }
    }
    outcome.elapsed = started.elapsed();
    Ok(outcome)
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
