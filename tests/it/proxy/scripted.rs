//! A node whose every answer is scripted: a thread per connection, a closure for the replies.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a scripted node does with a request.
pub enum Act {
    /// Sends these bytes.
    Reply(Vec<u8>),
    /// Sends nothing, and goes on reading.
    Nothing,
    /// Closes the connection.
    Hang,
}

impl Act {
    pub fn text(text: &str) -> Act {
        Act::Reply(text.as_bytes().to_vec())
    }
}

/// Answers a request: its arguments as text, joined by spaces.
pub type Script = Box<dyn FnMut(&str) -> Act + Send>;

/// A running scripted node; its listener ends when dropped.
pub struct ScriptedNode {
    pub port: u16,
    script: Arc<Mutex<Option<Script>>>,
    heard: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
}

impl ScriptedNode {
    /// A node that greets, and knows nothing else until [`act`](Self::act).
    pub fn start() -> ScriptedNode {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        ScriptedNode::listen(listener)
    }

    /// The same on a listener of the caller's.
    pub fn listen(listener: TcpListener) -> ScriptedNode {
        let port = listener.local_addr().expect("a bound socket has an address").port();
        listener.set_nonblocking(true).expect("a listener takes options");
        let node = ScriptedNode { port, script: Arc::default(), heard: Arc::default(), stop: Arc::default() };
        let (script, heard, stop) = (node.script.clone(), node.heard.clone(), node.stop.clone());
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        let (script, heard, stop) = (script.clone(), heard.clone(), stop.clone());
                        std::thread::spawn(move || converse(stream, &script, &heard, &stop));
                    }
                    Err(_) => std::thread::sleep(Duration::from_millis(2)),
                }
            }
        });
        node
    }

    /// Sets the script. HELLO is answered without asking it.
    pub fn act(&self, script: impl FnMut(&str) -> Act + Send + 'static) {
        *self.script.lock().unwrap() = Some(Box::new(script));
    }

    /// The requests so far that satisfy `which`, HELLO and CLUSTER left out.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for ScriptedNode {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn converse(mut stream: TcpStream, script: &Mutex<Option<Script>>, heard: &Mutex<Vec<String>>, stop: &AtomicBool) {
    stream.set_nonblocking(false).expect("a connection takes options");
    stream.set_read_timeout(Some(Duration::from_millis(20))).expect("a connection takes options");
    let mut unread = VecDeque::new();
    let mut chunk = [0; 16 * 1024];
    while !stop.load(Ordering::Relaxed) {
        match stream.read(&mut chunk) {
            Ok(0) => return,
            Ok(count) => unread.extend(&chunk[..count]),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
        while let Some(request) = take_request(&mut unread) {
            let act = if request.starts_with("HELLO") {
                Act::text("+HELLO\r\n")
            } else {
                if !request.starts_with("CLUSTER") {
                    heard.lock().unwrap().push(request.clone());
                }
                match &mut *script.lock().unwrap() {
                    Some(script) => script(&request),
                    None => Act::text("-ERR not scripted\r\n"),
                }
            };
            match act {
                Act::Reply(reply) if stream.write_all(&reply).is_ok() => {}
                Act::Nothing => {}
                Act::Reply(_) | Act::Hang => return,
            }
        }
    }
}

/// Takes a whole request (an array of bulk strings) off the front.
fn take_request(unread: &mut VecDeque<u8>) -> Option<String> {
    let bytes = unread.make_contiguous();
    let (count, mut at) = header(bytes, 0)?;
    let mut words = Vec::new();
    for _ in 0..count {
        let (length, body) = header(bytes, at)?;
        words.push(String::from_utf8_lossy(bytes.get(body..body + length)?).into_owned());
        at = body + length + 2;
    }
    if at > bytes.len() {
        return None;
    }
    unread.drain(..at);
    Some(words.join(" "))
}

fn header(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let end = at + bytes.get(at..)?.iter().position(|byte| *byte == b'\n')?;
    let digits = std::str::from_utf8(&bytes[at + 1..end - 1]).ok()?;
    Some((digits.parse().expect("a length"), end + 1))
}

/// A CLUSTER SLOTS reply: slots 0-8191 at the first port, the rest at the second.
pub fn slots(first: u16, second: u16) -> Act {
    let entry = |from: u16, to: u16, port: u16| {
        format!("*3\r\n:{from}\r\n:{to}\r\n*3\r\n$9\r\n127.0.0.1\r\n:{port}\r\n$2\r\nid\r\n")
    };
    Act::Reply(format!("*2\r\n{}{}", entry(0, 8191, first), entry(8192, 16383, second)).into_bytes())
}

/// The usual beginning of a script: the topology by CLUSTER SLOTS (CLUSTER SHARDS is unknown), then `rest`.
pub fn with_slots(
    first: u16,
    second: u16,
    mut rest: impl FnMut(&str) -> Act + Send + 'static,
) -> impl FnMut(&str) -> Act + Send + 'static {
    move |request| match request {
        "CLUSTER SLOTS" => slots(first, second),
        "CLUSTER SHARDS" => Act::text("-ERR unknown subcommand 'SHARDS'. Try CLUSTER HELP.\r\n"),
        other => rest(other),
    }
}
