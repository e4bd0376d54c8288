//! The commands a proxy answers itself: what concerns the client's connection, and what it says of itself.
//!
//! To its clients a proxy is one plain server without cluster support, as a client library for a single
//! server expects it. Two decisions worth knowing: `SELECT` of another database than 0 is refused as a cluster's node
//! refuses it; `CONFIG SET`, `REWRITE` and `RESETSTAT` are refused, because a setting belongs to nodes (replicas
//! too, which the proxy does not talk to) and half of a cluster changed is worse than an error.

use super::client::Client;
use super::plan::{not_supported, wrong_arity};
use super::worker::Worker;
use crate::command::glob::matches_ignoring_case;
use crate::command::number::parse_int;
use crate::command::server::command;
use crate::command::{Args, Command};
use crate::resp::{Protocol, Reply};
use std::fmt::Write;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The level of compatibility that is announced.
const REDIS_VERSION: &str = "7.2.4";

const SYNTAX: &str = "ERR syntax error";
const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";
const CLUSTER_DISABLED: &str = "ERR This instance has cluster support disabled";
const WRONG_PASS: &str = "WRONGPASS invalid username-password pair or user is disabled.";
const BAD_NAME: &str = "ERR Client names cannot contain spaces, newlines or special characters.";

/// Who a client is, and how it wants its replies.
pub struct Identity {
    /// The protocol it chose with HELLO.
    pub protocol: Protocol,
    /// It has given the password, or none is asked for.
    pub authenticated: bool,
    peer: String,
    local: String,
    name: Vec<u8>,
    lib_name: Vec<u8>,
    lib_version: Vec<u8>,
    connected: Instant,
    replies: Replies,
}

/// CLIENT REPLY.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Replies {
    On,
    Off,
    SkipNext,
}

/// What the session does after a local command, besides sending the reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    /// Nothing special.
    Next,
    /// There is no reply after all.
    Silent,
    /// The reply is sent even if replies were off.
    Loud,
    /// The connection is closed.
    Close,
}

impl Identity {
    /// A client at `peer` that connected to `local`.
    pub fn new(peer: String, local: String, authenticated: bool) -> Identity {
        Identity {
            protocol: Protocol::Resp2,
            authenticated,
            peer,
            local,
            name: Vec::new(),
            lib_name: Vec::new(),
            lib_version: Vec::new(),
            connected: Instant::now(),
            replies: Replies::On,
        }
    }

    /// Does the client want no reply to the next request? Counts as that request.
    #[inline]
    pub fn take_muted(&mut self) -> bool {
        match self.replies {
            Replies::On => false,
            Replies::Off => true,
            Replies::SkipNext => {
                self.replies = Replies::On;
                true
            }
        }
    }
}

/// An error line, or what happens next.
type Outcome = Result<After, String>;

/// Runs a command of route `Local` and appends its one reply to `out`.
pub fn run(
    command: &Command,
    args: Args<'_>,
    identity: &mut Identity,
    client: &Rc<Client>,
    worker: &Worker,
    out: &mut Vec<u8>,
) -> After {
    let mut local = Local { args, identity, client, worker, reply: Reply::new(out, Protocol::Resp2) };
    local.reply.set_protocol(local.identity.protocol);
    match local.run(command) {
        Ok(after) => after,
        Err(line) => {
            local.reply.error(&line);
            After::Next
        }
    }
}

struct Local<'a, 'o> {
    args: Args<'a>,
    identity: &'a mut Identity,
    client: &'a Rc<Client>,
    worker: &'a Worker,
    reply: Reply<'o>,
}

impl Local<'_, '_> {
    fn run(&mut self, command: &Command) -> Outcome {
        match &*command.name {
            "ping" => return self.ping(),
            "echo" => self.reply.bulk(self.args.at(1)),
            "hello" => return self.hello(),
            "auth" => return self.auth(),
            "select" => return self.select(),
            "reset" => return self.reset(),
            "quit" => {
                self.reply.ok();
                return Ok(After::Close);
            }
            "client|id" => self.reply.int(self.client.id as i64),
            "client|getname" if self.identity.name.is_empty() => self.reply.null(),
            "client|getname" => self.reply.bulk(&self.identity.name),
            "client|setname" => return self.set_name(),
            "client|setinfo" => return self.set_info(),
            "client|info" => {
                let line = self.describe();
                self.reply.verbatim("txt", line.as_bytes());
            }
            "client|reply" => return self.reply_mode(),
            "client|no-evict" | "client|no-touch" => return self.on_off(),
            "client|getredir" => self.reply.int(-1),
            "config|get" => self.config_get(),
            "info" => {
                let text = self.info();
                self.reply.verbatim("txt", text.as_bytes());
            }
            "readonly" | "readwrite" | "asking" => return Err(CLUSTER_DISABLED.into()),
            name if name.starts_with("command") => {
                command::answer(command, self.args, &mut self.reply).map_err(|error| error.to_string())?;
            }
            name if name.starts_with("cluster") => return Err(CLUSTER_DISABLED.into()),
            name => return Err(not_supported(name)),
        }
        Ok(After::Next)
    }

    fn ping(&mut self) -> Outcome {
        match self.args.len() {
            1 => self.reply.simple("PONG"),
            2 => self.reply.bulk(self.args.at(1)),
            _ => return Err(wrong_arity("ping")),
        }
        Ok(After::Next)
    }

    fn select(&mut self) -> Outcome {
        match parse_int(self.args.at(1)) {
            Some(0) => self.reply.ok(),
            Some(_) => return Err("ERR SELECT is not allowed in cluster mode".into()),
            None => return Err(NOT_AN_INTEGER.into()),
        }
        Ok(After::Next)
    }

    fn auth(&mut self) -> Outcome {
        let (user, password) = match self.args.len() {
            2 => (None, self.args.at(1)),
            3 => (Some(self.args.at(1)), self.args.at(2)),
            _ => return Err(SYNTAX.into()),
        };
        if user.is_none() && self.worker.config.require_pass.is_none() {
            return Err("ERR AUTH <password> called without any password configured for the default user. \
                        Are you sure your configuration is correct?"
                .into());
        }
        self.authenticate(user.unwrap_or(b"default"), password)?;
        self.reply.ok();
        Ok(After::Next)
    }

    fn authenticate(&mut self, user: &[u8], password: &[u8]) -> Result<(), String> {
        let right = match &self.worker.config.require_pass {
            None => true,
            Some(expected) => same_secret(expected.as_bytes(), password),
        };
        if user != b"default" || !right {
            return Err(WRONG_PASS.into());
        }
        self.identity.authenticated = true;
        Ok(())
    }

    fn hello(&mut self) -> Outcome {
        let mut protocol = self.identity.protocol;
        if let Some(version) = self.args.get(1) {
            protocol = match parse_int(version) {
                Some(2) => Protocol::Resp2,
                Some(3) => Protocol::Resp3,
                Some(_) => return Err("NOPROTO unsupported protocol version".into()),
                None => return Err("ERR Protocol version is not an integer or out of range".into()),
            };
        }
        let (mut credentials, mut name) = (None, None);
        let mut at = 2;
        while let Some(option) = self.args.get(at) {
            let left = self.args.len() - at - 1;
            if option.eq_ignore_ascii_case(b"auth") && left >= 2 {
                credentials = Some((self.args.at(at + 1), self.args.at(at + 2)));
                at += 3;
            } else if option.eq_ignore_ascii_case(b"setname") && left >= 1 {
                name = Some(self.args.at(at + 1));
                at += 2;
            } else {
                return Err(format!("ERR Syntax error in HELLO option '{}'", String::from_utf8_lossy(option)));
            }
        }
        if let Some((user, password)) = credentials {
            self.authenticate(user, password)?;
        }
        if !self.identity.authenticated {
            return Err("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO \
                        <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP \
                        protocol version at the same time"
                .into());
        }
        if let Some(name) = name {
            self.identity.name = printable(name).ok_or(BAD_NAME)?;
        }
        self.identity.protocol = protocol;
        self.reply.set_protocol(protocol);
        self.reply.map(7);
        for (field, value) in [("server", "redis"), ("version", REDIS_VERSION)] {
            self.reply.bulk(field.as_bytes());
            self.reply.bulk(value.as_bytes());
        }
        self.reply.bulk(b"proto");
        self.reply.int(if protocol == Protocol::Resp3 { 3 } else { 2 });
        self.reply.bulk(b"id");
        self.reply.int(self.client.id as i64);
        for (field, value) in [("mode", "standalone"), ("role", "master")] {
            self.reply.bulk(field.as_bytes());
            self.reply.bulk(value.as_bytes());
        }
        self.reply.bulk(b"modules");
        self.reply.array(0);
        Ok(After::Next)
    }

    fn reset(&mut self) -> Outcome {
        self.identity.protocol = Protocol::Resp2;
        self.identity.authenticated = self.worker.config.require_pass.is_none();
        self.identity.name.clear();
        self.identity.replies = Replies::On;
        self.reply.simple("RESET");
        Ok(After::Loud)
    }

    fn set_name(&mut self) -> Outcome {
        self.identity.name = printable(self.args.at(2)).ok_or(BAD_NAME)?;
        self.reply.ok();
        Ok(After::Next)
    }

    fn set_info(&mut self) -> Outcome {
        let option = self.args.at(2);
        let (field, word) = if option.eq_ignore_ascii_case(b"lib-name") {
            (&mut self.identity.lib_name, "lib-name")
        } else if option.eq_ignore_ascii_case(b"lib-ver") {
            (&mut self.identity.lib_version, "lib-ver")
        } else {
            return Err(format!("ERR Unrecognized option '{}'", String::from_utf8_lossy(option)));
        };
        *field = printable(self.args.at(3))
            .ok_or_else(|| format!("ERR {word} cannot contain spaces, newlines or special characters."))?;
        self.reply.ok();
        Ok(After::Next)
    }

    fn reply_mode(&mut self) -> Outcome {
        let mode = self.args.at(2);
        if mode.eq_ignore_ascii_case(b"on") {
            self.identity.replies = Replies::On;
            self.reply.ok();
            Ok(After::Loud)
        } else if mode.eq_ignore_ascii_case(b"off") {
            self.identity.replies = Replies::Off;
            Ok(After::Silent)
        } else if mode.eq_ignore_ascii_case(b"skip") {
            if self.identity.replies == Replies::On {
                self.identity.replies = Replies::SkipNext;
            }
            Ok(After::Silent)
        } else {
            Err(SYNTAX.into())
        }
    }

    fn on_off(&mut self) -> Outcome {
        let mode = self.args.at(2);
        if !mode.eq_ignore_ascii_case(b"on") && !mode.eq_ignore_ascii_case(b"off") {
            return Err(SYNTAX.into());
        }
        self.reply.ok();
        Ok(After::Next)
    }

    /// The line of CLIENT INFO.
    fn describe(&self) -> String {
        let identity = &*self.identity;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        format!(
            "id={} addr={} laddr={} fd=-1 name={} age={} idle=0 flags=N db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=0 \
             qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 events=r cmd=client|info \
             user=default redir=-1 resp={} lib-name={} lib-ver={}\n",
            self.client.id,
            identity.peer,
            identity.local,
            text(&identity.name),
            identity.connected.elapsed().as_secs(),
            if identity.protocol == Protocol::Resp3 { 3 } else { 2 },
            text(&identity.lib_name),
            text(&identity.lib_version),
        )
    }

    fn config_get(&mut self) {
        let config = &self.worker.config;
        let settings = [
            ("appendonly", "no".to_owned()),
            ("cluster-enabled", "no".to_owned()),
            ("databases", "1".to_owned()),
            ("maxclients", config.clients_max.to_string()),
            ("maxmemory", "0".to_owned()),
            ("maxmemory-policy", "noeviction".to_owned()),
            ("port", self.worker.shared.port.to_string()),
            ("proto-max-bulk-len", config.bulk_bytes_max.to_string()),
            ("replica-read-only", "yes".to_owned()),
            ("save", String::new()),
            ("slave-read-only", "yes".to_owned()),
            ("timeout", "0".to_owned()),
        ];
        let asked =
            |name: &str| self.args.iter().skip(2).any(|pattern| matches_ignoring_case(pattern, name.as_bytes()));
        let found: Vec<_> = settings.iter().filter(|(name, _)| asked(name)).collect();
        self.reply.map(found.len());
        for (name, value) in found {
            self.reply.bulk(name.as_bytes());
            self.reply.bulk(value.as_bytes());
        }
    }

    fn info(&self) -> String {
        let wanted = |section: &str| {
            let all = [&b"all"[..], b"default", b"everything"];
            self.args.len() == 1
                || self.args.iter().skip(1).any(|name| {
                    name.eq_ignore_ascii_case(section.as_bytes())
                        || all.iter().any(|all| name.eq_ignore_ascii_case(all))
                })
        };
        let shared = &self.worker.shared;
        let mut text = String::new();
        let sections: [(&str, &dyn Fn() -> String); 8] = [
            ("Server", &|| {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let uptime = shared.started.elapsed().as_secs();
                format!(
                    "redis_version:{REDIS_VERSION}\r\nserver_name:slotwise\r\nslotwise_version:{}\r\n\
                     redis_mode:standalone\r\nos:{}\r\narch_bits:{}\r\nprocess_id:{}\r\nrun_id:{}\r\ntcp_port:{}\r\n\
                     server_time_usec:{}\r\nuptime_in_seconds:{uptime}\r\nuptime_in_days:{}\r\n",
                    env!("CARGO_PKG_VERSION"),
                    std::env::consts::OS,
                    usize::BITS,
                    std::process::id(),
                    shared.run_id,
                    shared.port,
                    now.as_micros(),
                    uptime / 86_400,
                )
            }),
            ("Clients", &|| {
                let clients = shared.clients.load(Relaxed);
                let most = self.worker.config.clients_max;
                format!("connected_clients:{clients}\r\nmaxclients:{most}\r\nblocked_clients:0\r\n")
            }),
            ("Persistence", &|| "loading:0\r\nasync_loading:0\r\n".to_owned()),
            ("Stats", &|| {
                format!(
                    "total_connections_received:{}\r\ntotal_commands_processed:{}\r\nrejected_connections:{}\r\n",
                    shared.accepted.load(Relaxed),
                    shared.commands.load(Relaxed) + self.worker.commands.get(),
                    shared.rejected.load(Relaxed),
                )
            }),
            ("Replication", &|| "role:master\r\nconnected_slaves:0\r\n".to_owned()),
            ("Cluster", &|| "cluster_enabled:0\r\n".to_owned()),
            ("Keyspace", &String::new),
            ("Proxy", &|| {
                let map = self.worker.map.borrow();
                let mut text = format!("proxy_threads:{}\r\n", self.worker.config.threads);
                for (index, (slot, backend)) in map.shards().iter().enumerate() {
                    let pending: usize = backend.links().map(|link| link.pending()).sum();
                    let _ = write!(
                        text,
                        "shard{index}:address={},lowest_slot={slot},pending_this_thread={pending}\r\n",
                        backend.addr
                    );
                }
                text
            }),
        ];
        for (name, body) in sections {
            if wanted(name) {
                if !text.is_empty() {
                    text += "\r\n";
                }
                let _ = write!(text, "# {name}\r\n{}", body());
            }
        }
        text
    }
}

/// A name without spaces, line breaks and special characters; the empty one is allowed.
fn printable(name: &[u8]) -> Option<Vec<u8>> {
    name.iter().all(|byte| (b'!'..=b'~').contains(byte)).then(|| name.to_vec())
}

/// Compares in a time that tells nothing of where two secrets of one length differ.
fn same_secret(expected: &[u8], given: &[u8]) -> bool {
    expected.len() == given.len() && expected.iter().zip(given).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_skipped_once_or_until_further_notice() {
        let mut identity = Identity::new(String::new(), String::new(), true);
        assert!(!identity.take_muted());
        identity.replies = Replies::SkipNext;
        assert!(identity.take_muted() && !identity.take_muted());
        identity.replies = Replies::Off;
        assert!(identity.take_muted() && identity.take_muted());
    }

    #[test]
    fn names_are_printable() {
        assert!(printable(b"worker-1").is_some() && printable(b"").is_some());
        assert!(printable(b"a b").is_none() && printable(b"a\n").is_none() && printable(b"\xff").is_none());
    }

    #[test]
    fn secrets_are_compared_whole() {
        assert!(same_secret(b"abc", b"abc") && !same_secret(b"abc", b"abd") && !same_secret(b"abc", b"ab"));
    }
}
