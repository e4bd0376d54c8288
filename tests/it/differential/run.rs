//! Sends one sequence to two servers and finds the first step on which they disagree, in replies or in what is stored.

use std::io;
use std::net::SocketAddr;

use super::compare;
use super::families::Step;
use super::wire::{self, Link, Reply, Request};
use crate::support::Server;

/// A batch is sent at once before its replies are read. Small beside the socket buffers, so that no side blocks.
const BATCH_BYTES_MAX: usize = 24 << 10;
const BATCH_REQUESTS_MAX: usize = 100;
/// The databases that sequences use, on a server that is no cluster node.
const DATABASES: [usize; 4] = [0, 1, 2, 15];
/// Rounds of a full SCAN with COUNT 10: far more than any state here needs.
const SCAN_ROUNDS_MAX: usize = 20_000;

/// One of the two servers.
pub struct Side {
    /// Where it listens.
    pub address: SocketAddr,
    /// The process, when this test started it.
    pub server: Option<Server>,
    /// Changes replies as they arrive: how the checker itself is checked.
    pub tamper: Option<fn(&Request, &mut Reply)>,
}

impl Side {
    /// A server that this test started.
    pub fn started(server: Server) -> Side {
        Side { address: server.address(), server: Some(server), tamper: None }
    }

    /// A server that runs elsewhere.
    pub fn external(address: SocketAddr) -> Side {
        Side { address, server: None, tamper: None }
    }
}

/// The two servers and how sequences begin on them.
pub struct Pair {
    /// The server under test.
    pub left: Side,
    /// The reference.
    pub right: Side,
    /// 2 or 3.
    pub protocol: u8,
    /// Whether both are cluster nodes that own all slots.
    pub cluster: bool,
}

/// Where two servers disagreed.
#[derive(Debug)]
pub struct Difference {
    /// The number of the step; the sequence's length when it is the state after it that differs.
    pub step: usize,
    /// The step's requests, each with both replies.
    pub transcript: String,
    /// What kind of difference: the command and the kinds of replies. Equal ones are reported once.
    pub signature: String,
}

impl Pair {
    /// Runs a sequence on both servers, from an empty keyspace. Err: a server cannot be reached at all.
    pub fn run(&self, settings: &[Request], steps: &[Step]) -> io::Result<Option<Difference>> {
        let mut left = Link::open(self.left.address)?;
        let mut right = Link::open(self.right.address)?;
        for link in [&mut left, &mut right] {
            link.call(&vec![b"FLUSHALL".to_vec()])?;
            for request in settings {
                link.call(request)?;
            }
            if self.protocol == 3 {
                link.call(&vec![b"HELLO".to_vec(), b"3".to_vec()])?;
            }
        }
        if let Some(difference) = self.steps(&mut left, &mut right, steps) {
            return Ok(Some(difference));
        }
        Ok(self.state(&mut left, &mut right).map(|mut difference| {
            difference.step = steps.len();
            difference.signature.insert_str(0, "state: ");
            difference
        }))
    }

    fn steps(&self, left: &mut Link, right: &mut Link, steps: &[Step]) -> Option<Difference> {
        let mut first = 0;
        while first < steps.len() {
            let (mut bytes, mut end, mut requests) = (Vec::new(), first, 0);
            while end < steps.len() && (end == first || bytes.len() < BATCH_BYTES_MAX && requests < BATCH_REQUESTS_MAX)
            {
                steps[end].iter().for_each(|request| wire::encode(request, &mut bytes));
                requests += steps[end].len();
                end += 1;
            }
            // A failed write shows as a failed read: the replies before it still count.
            let _ = left.send(&bytes);
            let _ = right.send(&bytes);
            for (number, step) in steps.iter().enumerate().take(end).skip(first) {
                let replies = |link: &mut Link, side: &Side| -> Vec<io::Result<Reply>> {
                    let mut failed = false;
                    step.iter()
                        .map(|request| {
                            if failed {
                                return Err(io::ErrorKind::NotConnected.into());
                            }
                            let mut reply = link.reply();
                            failed = reply.is_err();
                            if let (Ok(reply), Some(tamper)) = (&mut reply, side.tamper) {
                                tamper(request, reply);
                            }
                            reply
                        })
                        .collect()
                };
                let (l, r) = (replies(left, &self.left), replies(right, &self.right));
                if let Some(difference) = judge(step, l, r) {
                    return Some(Difference { step: number, ..difference });
                }
            }
            first = end;
        }
        None
    }

    /// Compares all keys of all databases: their types, encodings, values and expiry times.
    fn state(&self, left: &mut Link, right: &mut Link) -> Option<Difference> {
        let databases = if self.cluster { &DATABASES[..1] } else { &DATABASES[..] };
        for &db in databases {
            let select = request(&[b"SELECT", db.to_string().as_bytes()]);
            if let Some(difference) =
                self.steps(left, right, &[vec![select], vec![request(&[b"DBSIZE"])], vec![request(&[b"KEYS", b"*"])]])
            {
                return Some(difference);
            }
            let keys = right.call(&request(&[b"KEYS", b"*"])).ok()?;
            let mut steps = Vec::new();
            for key in keys.items() {
                let key = key.bytes();
                let kind = right.call(&request(&[b"TYPE", key])).ok()?;
                steps.push(vec![request(&[b"TYPE", key])]);
                steps.push(vec![request(&[b"PEXPIRETIME", key])]);
                let encoding = request(&[b"OBJECT", b"ENCODING", key]);
                steps.push(match kind.bytes() {
                    b"string" => vec![encoding, request(&[b"GET", key])],
                    b"list" => vec![encoding, request(&[b"LRANGE", key, b"0", b"-1"])],
                    b"set" => vec![encoding, request(&[b"SMEMBERS", key])],
                    b"hash" => vec![encoding, request(&[b"HGETALL", key])],
                    b"stream" => vec![encoding, request(&[b"XINFO", b"STREAM", key, b"FULL", b"COUNT", b"0"])],
                    _ => vec![encoding, request(&[b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"])],
                });
            }
            if let Some(difference) = self.steps(left, right, &steps) {
                return Some(difference);
            }
            if db == 0 {
                let (l, r) = (scan_all(left), scan_all(right));
                if l != r {
                    let transcript = format!("  SCAN to the end, COUNT 10\n    left:  {l:?}\n    right: {r:?}\n");
                    return Some(Difference { step: 0, transcript, signature: "SCAN loop".into() });
                }
            }
        }
        None
    }
}

/// All keys by SCAN with a small COUNT, sorted, each once. Err when it does not end.
fn scan_all(link: &mut Link) -> Result<Vec<String>, String> {
    let mut cursor = b"0".to_vec();
    let mut keys = Vec::new();
    for _ in 0..SCAN_ROUNDS_MAX {
        let reply = link.call(&request(&[b"SCAN", &cursor, b"COUNT", b"10"])).map_err(|error| error.to_string())?;
        let [next, page] = reply.items() else { return Err(reply.show()) };
        keys.extend(page.items().iter().map(Reply::show));
        cursor = next.bytes().to_vec();
        if cursor == b"0" {
            keys.sort();
            keys.dedup();
            return Ok(keys);
        }
    }
    Err("the cursor never returned to 0".into())
}

fn request(args: &[&[u8]]) -> Request {
    args.iter().map(|arg| arg.to_vec()).collect()
}

fn judge(step: &Step, left: Vec<io::Result<Reply>>, right: Vec<io::Result<Reply>>) -> Option<Difference> {
    let whole = |replies: &[io::Result<Reply>]| -> Option<Vec<Reply>> {
        replies.iter().map(|reply| reply.as_ref().ok().cloned()).collect()
    };
    let at = match (whole(&left), whole(&right)) {
        (Some(left), Some(right)) => compare::disagreement(step, &left, &right)?,
        (l, r) => {
            let lost = |replies: &[io::Result<Reply>], whole: bool| {
                if whole { usize::MAX } else { replies.iter().position(Result::is_err).unwrap_or(0) }
            };
            lost(&left, l.is_some()).min(lost(&right, r.is_some()))
        }
    };
    let show = |reply: &io::Result<Reply>| match reply {
        Ok(reply) => reply.show(),
        Err(error) => format!("no reply: {error}"),
    };
    let mut transcript = String::new();
    for (i, request) in step.iter().enumerate() {
        let (l, r) = (show(&left[i]), show(&right[i]));
        let shown = wire::show_request(request);
        transcript += &if l == r && i != at {
            format!("  {shown}\n    both:  {l}\n")
        } else {
            format!("  {shown}\n    left:  {l}\n    right: {r}\n")
        };
    }
    let name = |at: usize| {
        step[at].first().map(|name| name.to_ascii_uppercase().escape_ascii().to_string()).unwrap_or_default()
    };
    let signature = format!("{} {} | {}", name(at), kind(&left[at]), kind(&right[at]));
    Some(Difference { step: 0, transcript, signature })
}

/// An error's text without what varies in it, or the type of the reply.
fn kind(reply: &io::Result<Reply>) -> String {
    match reply {
        Ok(reply) => match reply.error() {
            Some(text) => {
                let text = String::from_utf8_lossy(text);
                text.split('\'').next().unwrap_or_default().chars().filter(|c| !c.is_ascii_digit()).take(60).collect()
            }
            None => (reply.tag() as char).to_string(),
        },
        Err(error) => error.kind().to_string(),
    }
}
