//! The client side of RESP for the differential test: requests out, replies in, kept exactly as they came.
//!
//! Not a general client: a reply keeps the bytes of numbers and doubles as sent, so that equal trees mean equal bytes.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One request: the command's name and its arguments.
pub type Request = Vec<Vec<u8>>;

/// No reply within this many seconds counts as a difference, not as slowness.
const READ_TIMEOUT_S: u64 = 20;
/// Replies nest a handful of levels at most (COMMAND INFO: 4); deeper is a broken stream.
const DEPTH_MAX: usize = 16;

/// A reply as it came over the wire, in either protocol.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reply {
    /// A line: its type byte (`+ - : , # ( _`) and the rest.
    Line(u8, Vec<u8>),
    /// A counted string: its type byte (`$ = !`) and the bytes.
    Bulk(u8, Vec<u8>),
    /// An aggregate: its type byte (`* ~ > %`) and its elements (a map's keys and values alternate).
    Many(u8, Vec<Reply>),
    /// RESP2's `$-1` or `*-1`.
    Nil(u8),
}

impl Reply {
    /// The text of an error reply.
    pub fn error(&self) -> Option<&[u8]> {
        match self {
            Reply::Line(b'-', text) => Some(text),
            _ => None,
        }
    }

    /// The elements of an aggregate, empty for anything else.
    pub fn items(&self) -> &[Reply] {
        match self {
            Reply::Many(_, items) => items,
            _ => &[],
        }
    }

    /// The bytes of a string or line, empty for anything else.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Reply::Line(_, bytes) | Reply::Bulk(_, bytes) => bytes,
            _ => &[],
        }
    }

    /// The value of an integer reply.
    pub fn int(&self) -> Option<i64> {
        match self {
            Reply::Line(b':', text) => std::str::from_utf8(text).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// The reply's type byte; both null forms keep the byte of what is missing.
    pub fn tag(&self) -> u8 {
        match self {
            Reply::Line(tag, _) | Reply::Bulk(tag, _) | Reply::Many(tag, _) | Reply::Nil(tag) => *tag,
        }
    }

    /// One line a person can read; long strings are cut.
    pub fn show(&self) -> String {
        match self {
            Reply::Line(tag, text) => format!("{}{}", *tag as char, text.escape_ascii()),
            Reply::Bulk(tag, bytes) => {
                let head = if *tag == b'$' { String::new() } else { (*tag as char).to_string() };
                head + &quote(bytes, 300)
            }
            Reply::Nil(tag) => format!("{}-1", *tag as char),
            Reply::Many(tag, items) => {
                let shown: Vec<String> = items.iter().take(60).map(Reply::show).collect();
                let more = if items.len() > 60 { format!(" …{} in all", items.len()) } else { String::new() };
                format!("{}{}[{}{more}]", *tag as char, items.len(), shown.join(" "))
            }
        }
    }
}

/// Bytes as redis-cli takes them: bare when plain, otherwise quoted with escapes. Cut after `max` bytes.
pub fn quote(bytes: &[u8], max: usize) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_+.:*[](){}@,".contains(b);
    if !bytes.is_empty() && bytes.len() <= max && bytes.iter().all(plain) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut out = String::from("\"");
    for &b in bytes.iter().take(max) {
        match b {
            b'"' | b'\\' => out.extend(['\\', b as char]),
            b' '..=b'~' => out.push(b as char),
            _ => out.push_str(&format!("\\x{b:02x}")),
        }
    }
    out.push('"');
    if bytes.len() > max {
        out.push_str(&format!("…{}B", bytes.len()));
    }
    out
}

/// A request on one line, in full: `unquote` reads it back.
pub fn show_request(request: &Request) -> String {
    request.iter().map(|arg| quote(arg, usize::MAX)).collect::<Vec<_>>().join(" ")
}

/// Reads a line written by [`show_request`]; `None` for a broken one.
pub fn unquote(line: &str) -> Option<Request> {
    let mut bytes = line.bytes().peekable();
    let mut request = Request::new();
    loop {
        while bytes.next_if_eq(&b' ').is_some() {}
        let Some(&first) = bytes.peek() else { return Some(request) };
        let mut arg = Vec::new();
        if first == b'"' {
            bytes.next();
            loop {
                match bytes.next()? {
                    b'"' => break,
                    b'\\' => match bytes.next()? {
                        b'x' => {
                            let hex = [bytes.next()?, bytes.next()?];
                            arg.push(u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?);
                        }
                        other => arg.push(other),
                    },
                    other => arg.push(other),
                }
            }
        } else {
            while let Some(b) = bytes.next_if(|b| *b != b' ') {
                arg.push(b);
            }
        }
        request.push(arg);
    }
}

/// Appends a request in RESP.
pub fn encode(request: &Request, out: &mut Vec<u8>) {
    let _ = write!(out, "*{}\r\n", request.len());
    for arg in request {
        let _ = write!(out, "${}\r\n", arg.len());
        out.extend_from_slice(arg);
        out.extend_from_slice(b"\r\n");
    }
}

/// One connection. Writes are meant to be small beside the socket's buffers, so that a batch never blocks on its replies.
pub struct Link {
    stream: TcpStream,
    buffer: Vec<u8>,
    at: usize,
}

impl Link {
    /// Connects within five seconds.
    pub fn open(address: SocketAddr) -> io::Result<Link> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(READ_TIMEOUT_S)))?;
        stream.set_write_timeout(Some(Duration::from_secs(READ_TIMEOUT_S)))?;
        Ok(Link { stream, buffer: Vec::new(), at: 0 })
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// One request, one reply.
    pub fn call(&mut self, request: &Request) -> io::Result<Reply> {
        let mut out = Vec::new();
        encode(request, &mut out);
        self.send(&out)?;
        self.reply()
    }

    /// The next reply.
    pub fn reply(&mut self) -> io::Result<Reply> {
        self.nested(0)
    }

    fn nested(&mut self, depth: usize) -> io::Result<Reply> {
        if depth > DEPTH_MAX {
            return Err(broken("replies nested too deep"));
        }
        let line = self.line()?;
        let Some((&tag, rest)) = line.split_first() else { return Err(broken("empty line")) };
        let count = |rest: &[u8]| -> io::Result<i64> {
            let text = std::str::from_utf8(rest).map_err(|_| broken("length is no number"))?;
            text.parse().map_err(|_| broken("length is no number"))
        };
        match tag {
            b'+' | b'-' | b':' | b',' | b'#' | b'(' | b'_' => Ok(Reply::Line(tag, rest.to_vec())),
            b'$' | b'=' | b'!' => match count(rest)? {
                -1 => Ok(Reply::Nil(tag)),
                len if (0..=1 << 30).contains(&len) => {
                    let len = len as usize;
                    self.fill(len + 2)?;
                    let bytes = self.buffer[self.at..self.at + len].to_vec();
                    if &self.buffer[self.at + len..self.at + len + 2] != b"\r\n" {
                        return Err(broken("string does not end in CRLF"));
                    }
                    self.at += len + 2;
                    Ok(Reply::Bulk(tag, bytes))
                }
                _ => Err(broken("length out of range")),
            },
            b'*' | b'~' | b'>' | b'%' => match count(rest)? {
                -1 => Ok(Reply::Nil(tag)),
                len if (0..=1 << 24).contains(&len) => {
                    let len = len as usize * if tag == b'%' { 2 } else { 1 };
                    let items = (0..len).map(|_| self.nested(depth + 1)).collect::<io::Result<_>>()?;
                    Ok(Reply::Many(tag, items))
                }
                _ => Err(broken("length out of range")),
            },
            _ => Err(broken(&format!("no reply type: {}", line.escape_ascii()))),
        }
    }

    fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut seen = 0;
        loop {
            if let Some(end) = self.buffer[self.at + seen..].windows(2).position(|w| w == b"\r\n") {
                let end = self.at + seen + end;
                let line = self.buffer[self.at..end].to_vec();
                self.at = end + 2;
                return Ok(line);
            }
            seen = (self.buffer.len() - self.at).saturating_sub(1);
            self.read_more()?;
        }
    }

    fn fill(&mut self, len: usize) -> io::Result<()> {
        while self.buffer.len() - self.at < len {
            self.read_more()?;
        }
        Ok(())
    }

    fn read_more(&mut self) -> io::Result<()> {
        if self.at > 1 << 16 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        let mut chunk = [0; 1 << 16];
        let read = self.stream.read(&mut chunk)?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection"));
        }
        self.buffer.extend_from_slice(&chunk[..read]);
        Ok(())
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[test]
fn a_request_survives_being_shown_and_read_back() {
    let request: Request = vec![b"SET".to_vec(), b"a \"b\\\x00\xff\r\n".to_vec(), Vec::new(), b"{t}k".to_vec()];
    assert_eq!(unquote(&show_request(&request)), Some(request));
}
