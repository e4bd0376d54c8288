//! Servers for tests: starts the built binary (or the reference's server) on free loopback ports, waits until it
//! says that it is ready, and stops it by its own process handle when the test is over.
//!
//! Not a client: stories bring their own, or use [`Wire`] when the bytes themselves are the point.

#![allow(dead_code, reason = "each story uses the part that it needs")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Longest wait for a server to get ready, for a condition to come true, or for one reply.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Ports are handed out of `PORT_FIRST..PORT_FIRST + PORT_COUNT`: below the range that the kernel picks outgoing
/// ports from, so that a client's socket never takes a server's port between the probe and the bind.
const PORT_FIRST: u16 = 22_000;
const PORT_COUNT: u16 = 1_000;

/// Returns the first of `count` neighbouring ports on which nothing listens.
///
/// Test processes run side by side (one process per test under nextest): each starts its search at another place,
/// and a range is handed out at most once per process. A server that loses a race for a port all the same says so
/// when it starts, and [`Server`] then tries again elsewhere.
pub fn free_ports(count: u16) -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = std::process::id().wrapping_mul(37) as u16;
    for _ in 0..PORT_COUNT {
        let offset = start.wrapping_add(NEXT.fetch_add(count, Ordering::Relaxed)) % (PORT_COUNT - count);
        let first = PORT_FIRST + offset;
        if (first..first + count).all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()) {
            return first;
        }
    }
    panic!("no {count} neighbouring free ports in {PORT_FIRST}..{}", PORT_FIRST + PORT_COUNT);
}

/// Waits until `condition` holds, or panics with `what` after [`PATIENCE`].
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain until {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// The program under test: the one that cargo built with the tests, or another one that `SLOTWISE` names.
fn program() -> String {
    std::env::var("SLOTWISE").unwrap_or_else(|_| env!("CARGO_BIN_EXE_slotwise").to_owned())
}

/// A running server process; stopped when dropped.
pub struct Server {
    child: Child,
    /// Where clients connect: the node, or the proxy of `up`.
    pub port: u16,
    /// The ports of the nodes behind it; for a single node its own port.
    pub node_ports: Vec<u16>,
}

impl Server {
    /// One node with cluster support off, and `directives` such as `["--maxmemory", "1mb"]`.
    pub fn node(directives: &[&str]) -> Server {
        Server::start(&program(), &["node"], directives, 1, Layout::node)
    }

    /// One cluster node that owns every slot.
    pub fn cluster_node(directives: &[&str]) -> Server {
        let directives = [&["--cluster-enabled", "yes"], directives].concat();
        let server = Server::node(&directives);
        server.own_all_slots();
        server
    }

    /// `slotwise up` with `nodes` nodes and a proxy in front.
    pub fn up(nodes: u16, options: &[&str]) -> Server {
        Server::start(&program(), &["up"], options, nodes + 1, |first| Layout {
            port: first,
            node_ports: (first + 1..=first + nodes).collect(),
            arguments: vec![
                "--nodes".into(),
                nodes.to_string(),
                "--port".into(),
                first.to_string(),
                "--node-port".into(),
                (first + 1).to_string(),
            ],
        })
    }

    /// The reference's server (`redis-server` of the `PATH`), without persistence.
    pub fn reference(directives: &[&str]) -> Server {
        let directives = [&["--save", "", "--appendonly", "no"], directives].concat();
        Server::start("redis-server", &[], &directives, 1, Layout::node)
    }

    /// The reference's server in cluster mode, owning every slot. Its state file goes to a fresh directory under the
    /// system's temporary one.
    pub fn reference_cluster_node(directives: &[&str]) -> Server {
        let name = format!("nodes-{}-{}.conf", std::process::id(), free_ports(1));
        let path = std::env::temp_dir().join(name);
        let path = path.to_str().expect("a temporary directory has a printable name");
        let directives = [&["--cluster-enabled", "yes", "--cluster-config-file", path], directives].concat();
        let server = Server::reference(&directives);
        server.own_all_slots();
        let _ = std::fs::remove_file(path);
        server
    }

    /// The address that clients connect to.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// A raw connection to [`Server::address`].
    pub fn connect(&self) -> Wire {
        Wire::connect(self.port)
    }

    /// The process id, for looking at the process's memory.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn own_all_slots(&self) {
        let mut wire = self.connect();
        assert_eq!(wire.ask(&[b"CLUSTER", b"ADDSLOTSRANGE", b"0", b"16383"]), b"+OK\r\n");
        eventually("the cluster's state is ok", || {
            let info = wire.ask(&[b"CLUSTER", b"INFO"]);
            info.windows(16).any(|part| part == b"cluster_state:ok")
        });
    }

    fn start(program: &str, verb: &[&str], options: &[&str], ports: u16, layout: impl Fn(u16) -> Layout) -> Server {
        const TRIES: usize = 5;
        let mut last = String::new();
        for _ in 0..TRIES {
            let layout = layout(free_ports(ports));
            let mut command = Command::new(program);
            command.args(verb).args(&layout.arguments).args(options);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
            let child = command.spawn().unwrap_or_else(|error| panic!("{program} does not start: {error}"));
            let mut server = Server { child, port: layout.port, node_ports: layout.node_ports };
            match server.wait_until_ready() {
                Ok(()) => return server,
                Err(output) => last = output,
            }
        }
        panic!("{program} {verb:?} {options:?} did not get ready in {TRIES} tries; the last one said:\n{last}");
    }

    /// Reads the server's output until its ready line, then goes on reading it on a thread, so that a server that
    /// logs never blocks on a full pipe. Err: everything it said, when it ended or stayed silent instead.
    fn wait_until_ready(&mut self) -> Result<(), String> {
        let output = self.child.stdout.take().expect("stdout was piped");
        let (sender, lines) = mpsc::sync_channel(1_024);
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // After the ready line nobody receives any more; the loop only drains.
                let _ = sender.try_send(line);
            }
        });
        let mut said = String::new();
        loop {
            match lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains("Ready to accept connections") => return Ok(()),
                Ok(line) => {
                    said.push_str(&line);
                    said.push('\n');
                }
                Err(_) => return Err(said),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How one start of a server uses its range of ports.
struct Layout {
    port: u16,
    node_ports: Vec<u16>,
    arguments: Vec<String>,
}

impl Layout {
    fn node(port: u16) -> Layout {
        Layout { port, node_ports: vec![port], arguments: vec!["--port".into(), port.to_string()] }
    }
}

/// A connection on which a story sends bytes of its own and reads whole replies back, undecoded.
pub struct Wire {
    stream: TcpStream,
    /// Received and not yet handed out.
    unread: Vec<u8>,
}

impl Wire {
    /// Connects to a loopback port. Reads give up after [`PATIENCE`].
    pub fn connect(port: u16) -> Wire {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server accepts connections");
        stream.set_nodelay(true).expect("a connected socket takes options");
        stream.set_read_timeout(Some(PATIENCE)).expect("a connected socket takes options");
        Wire { stream, unread: Vec::new() }
    }

    /// Sends `bytes` as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// Sends one request as an array of bulk strings and returns its reply.
    pub fn ask(&mut self, request: &[&[u8]]) -> Vec<u8> {
        self.send(&encode(request));
        self.reply()
    }

    /// Reads one whole reply of RESP2 or RESP3 and returns its bytes. Panics when the server closes or stays silent.
    pub fn reply(&mut self) -> Vec<u8> {
        self.try_reply().unwrap_or_else(|error| panic!("no reply: {error}; unread: {:?}", self.unread.escape_ascii()))
    }

    /// As [`Wire::reply`]; Err when the server closed the connection or stayed silent for [`PATIENCE`].
    pub fn try_reply(&mut self) -> std::io::Result<Vec<u8>> {
        loop {
            if let Some(length) = reply_length(&self.unread) {
                return Ok(self.unread.drain(..length).collect());
            }
            let mut chunk = [0; 65_536];
            match self.stream.read(&mut chunk)? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                count => self.unread.extend_from_slice(&chunk[..count]),
            }
        }
    }

    /// Reads until the server closes the connection and returns everything that it still sent.
    pub fn rest(mut self) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.unread);
        // A reset counts as a close: the server may have had unread bytes of ours.
        let _ = self.stream.read_to_end(&mut rest);
        rest
    }
}

/// A request as an array of bulk strings.
pub fn encode(request: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", request.len()).into_bytes();
    for argument in request {
        bytes.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        bytes.extend_from_slice(argument);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// The length in bytes of the reply that `bytes` start with; None while it is not complete.
pub fn reply_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut open = 1_u64;
    while open > 0 {
        let line_end = at + bytes.get(at..)?.windows(2).position(|pair| pair == b"\r\n")?;
        let line = &bytes[at..line_end];
        at = line_end + 2;
        open -= 1;
        let count = || std::str::from_utf8(&line[1..]).ok().and_then(|digits| digits.parse::<i64>().ok());
        match line.first()? {
            b'$' | b'=' | b'!' => {
                let length = count().expect("a bulk reply gives its length");
                at += usize::try_from(length).map_or(0, |length| length + 2);
            }
            b'*' | b'~' | b'>' => open += count().expect("an aggregate gives its count").max(0) as u64,
            // An attribute comes before the reply that it belongs to.
            b'|' => open += 1 + 2 * count().expect("an attribute gives its count").max(0) as u64,
            b'%' => open += 2 * count().expect("a map gives its count").max(0) as u64,
            _ => {}
        }
    }
    (at <= bytes.len()).then_some(at)
}

#[test]
fn a_reply_is_complete_only_with_its_last_byte() {
    let cases: [&[u8]; 8] = [
        b"+OK\r\n",
        b":-1\r\n",
        b"$-1\r\n",
        b"$0\r\n\r\n",
        b"$4\r\n\r\n\r\n\r\n",
        b"*2\r\n$1\r\na\r\n*-1\r\n",
        b"%1\r\n+a\r\n~2\r\n:1\r\n_\r\n",
        b"|1\r\n+ttl\r\n:3\r\n*0\r\n",
    ];
    for case in cases {
        for length in 0..case.len() {
            assert_eq!(reply_length(&case[..length]), None, "{}", case[..length].escape_ascii());
        }
        let followed = [case, b"+NEXT\r\n"].concat();
        assert_eq!(reply_length(&followed), Some(case.len()), "{}", case.escape_ascii());
    }
}

#[test]
fn the_reference_answers_over_a_raw_connection() {
    let server = Server::reference(&[]);
    let mut wire = server.connect();
    assert_eq!(wire.ask(&[b"SET", b"a\r\n", b"1"]), b"+OK\r\n");
    wire.send(b"GET \"a\\r\\n\"\r\nNONE\r\n");
    assert_eq!(wire.reply(), b"$1\r\n1\r\n");
    assert!(wire.reply().starts_with(b"-ERR unknown command 'NONE'"));
    wire.send(b"QUIT\r\n");
    assert_eq!(wire.rest(), b"+OK\r\n");
}

#[test]
fn the_reference_as_a_cluster_node_owns_every_slot() {
    let server = Server::reference_cluster_node(&[]);
    let mut wire = server.connect();
    assert_eq!(wire.ask(&[b"SET", b"{b}a", b"1"]), b"+OK\r\n");
    assert_eq!(wire.ask(&[b"MGET", b"a", b"b"]), b"-CROSSSLOT Keys in request don't hash to the same slot\r\n");
}
