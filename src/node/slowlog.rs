//! SLOWLOG and COMMANDLOG: the last commands that took long, and those whose request or reply was large.

use super::session::Session;
use super::{Config, Node, now_ms};
use crate::command::words::Flags;
use crate::command::{Args, Command};
use crate::node::config::table;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard};

/// Arguments kept of a command.
const ARGS_MAX: usize = 32;
/// Bytes kept of an argument.
const ARG_BYTES_MAX: usize = 128;
/// What stands for a secret.
const REDACTED: &[u8] = b"(redacted)";

/// A command that took long or was large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlowCommand {
    /// Ascending from 0.
    pub id: i64,
    /// When it ran, unix seconds.
    pub at_s: i64,
    /// How long it took, µs, or how large it was, bytes.
    pub measured: i64,
    /// Its arguments, shortened and without secrets.
    pub args: Vec<Vec<u8>>,
    /// Address of its client.
    pub peer: String,
    /// Name of its client.
    pub client: Vec<u8>,
}

/// One log: newest first, as long as its setting allows.
#[derive(Default)]
pub struct SlowLog {
    entries: Mutex<VecDeque<SlowCommand>>,
    next_id: AtomicI64,
}

impl SlowLog {
    /// Adds a command; `entry.id` is set here.
    pub fn push(&self, mut entry: SlowCommand, len_max: usize) {
        let mut entries = self.lock();
        entry.id = self.next_id.fetch_add(1, Relaxed);
        entries.push_front(entry);
        entries.truncate(len_max);
    }

    /// The newest `count`.
    pub fn newest(&self, count: usize) -> Vec<SlowCommand> {
        self.lock().iter().take(count).cloned().collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets them. Ids go on.
    pub fn reset(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<SlowCommand>> {
        self.entries.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The three logs.
#[derive(Default)]
pub struct CommandLogs {
    /// Commands that took long: SLOWLOG.
    pub slow: SlowLog,
    /// Commands whose request was large.
    pub large_requests: SlowLog,
    /// Commands whose reply was large.
    pub large_replies: SlowLog,
}

impl CommandLogs {
    /// The log that COMMANDLOG calls so, in any case.
    pub fn named(&self, name: &[u8]) -> Option<&SlowLog> {
        let known: [(&[u8], &SlowLog); 3] =
            [(b"slow", &self.slow), (b"large-request", &self.large_requests), (b"large-reply", &self.large_replies)];
        known.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, log)| log)
    }
}

/// The entry of a command that ran just now.
pub fn entry(session: &Session, command: &Command, args: Args<'_>, measured: i64) -> SlowCommand {
    SlowCommand {
        id: 0,
        at_s: now_ms() / 1000,
        measured,
        args: shown(command, args),
        peer: session.client.peer.to_string(),
        client: session.client.texts().name.clone(),
    }
}

/// Logs a command whose reply is of so many bytes, if that is large.
#[cold]
pub fn note_large_reply(
    node: &Node,
    session: &Session,
    config: &Config,
    command: Option<&Command>,
    args: Args<'_>,
    bytes: usize,
) {
    if let Some(command) = command.filter(|command| !command.flags.has(Flags::SKIP_SLOWLOG))
        && bytes > config.logged_reply_bytes
    {
        node.logs.large_replies.push(entry(session, command, args, bytes as i64), config.large_replies_len_max);
    }
}

/// Logs those commands of a batch whose requests, of so many bytes each, are large.
#[cold]
pub fn note_large_requests<'a>(
    node: &Node,
    session: &Session,
    config: &Config,
    measured: impl Iterator<Item = (usize, Option<&'static Command>, Args<'a>)>,
) {
    for (bytes, command, args) in measured.filter(|(bytes, _, _)| *bytes > config.logged_request_bytes) {
        if let Some(command) = command.filter(|command| !command.flags.has(Flags::SKIP_SLOWLOG)) {
            node.logs.large_requests.push(entry(session, command, args, bytes as i64), config.large_requests_len_max);
        }
    }
}

/// Arguments as the log shows them: at most 32 of at most 128 bytes, and no secrets.
pub fn shown(command: &Command, args: Args<'_>) -> Vec<Vec<u8>> {
    let kept = if args.len() > ARGS_MAX { ARGS_MAX - 1 } else { args.len() };
    let mut shown: Vec<Vec<u8>> = args.iter().take(kept).map(shorten).collect();
    for (index, arg) in shown.iter_mut().enumerate() {
        if is_secret(command, args, index) {
            *arg = REDACTED.to_vec();
        }
    }
    if kept < args.len() {
        shown.push(format!("... ({} more arguments)", args.len() - kept).into_bytes());
    }
    shown
}

fn shorten(arg: &[u8]) -> Vec<u8> {
    if arg.len() <= ARG_BYTES_MAX {
        return arg.to_vec();
    }
    let more = format!("... ({} more bytes)", arg.len() - ARG_BYTES_MAX);
    [&arg[..ARG_BYTES_MAX], more.as_bytes()].concat()
}

/// Whether an argument must never be shown.
pub fn is_secret(command: &Command, args: Args<'_>, index: usize) -> bool {
    match &*command.name {
        "auth" => index >= 1,
        "hello" => (1..=2).any(|back| index > back && args.is(index - back, "auth")),
        "acl|setuser" => index >= 2,
        "acl|deluser" => index >= 2,
        "config|set" => {
            let name = (index >= 3 && index % 2 == 1).then(|| table::find(args.at(index - 1))).flatten();
            name.is_some_and(|found| table::DIRECTIVES[found].secret)
        }
        "migrate" => index >= 5 && (args.is(index - 1, "auth") || (1..=2).any(|back| args.is(index - back, "auth2"))),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Table;
    use crate::resp::{RequestLimits, RequestParser};

    fn shown_of(line: &str) -> Vec<String> {
        let mut buffer = format!("{line}\r\n").into_bytes();
        let mut parser = RequestParser::default();
        parser.parse(&mut buffer, RequestLimits { bulk_bytes_max: 1 << 20, unauthenticated: false }, 1).unwrap();
        let args = Args::new(&buffer, parser.args_of(&parser.requests()[0]));
        let command = Table::get().lookup(args.at(0), args.get(1)).unwrap();
        shown(command, args).into_iter().map(|arg| String::from_utf8(arg).unwrap()).collect()
    }

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(shown_of("auth pass").join(" "), "auth (redacted)");
        assert_eq!(shown_of("AUTH user pass").join(" "), "AUTH (redacted) (redacted)");
        assert_eq!(
            shown_of("hello 3 auth user pass setname me").join(" "),
            "hello 3 auth (redacted) (redacted) setname me"
        );
        assert_eq!(
            shown_of("config set timeout 0 masterauth x requirepass y").join(" "),
            "config set timeout 0 masterauth (redacted) requirepass (redacted)"
        );
        assert_eq!(shown_of("set auth pass").join(" "), "set auth pass");
    }

    #[test]
    fn long_commands_are_shortened() {
        let line = format!("sadd k{}", " 1".repeat(40));
        let shown = shown_of(&line);
        assert_eq!((shown.len(), shown[31].as_str()), (32, "... (11 more arguments)"));
        let shown = shown_of(&format!("get {}", "x".repeat(200)));
        assert!(shown[1].ends_with("x... (72 more bytes)"));
    }

    #[test]
    fn the_log_is_bounded_and_counts_on() {
        let log = SlowLog::default();
        let entry =
            SlowCommand { id: 0, at_s: 1, measured: 2, args: Vec::new(), peer: String::new(), client: Vec::new() };
        for _ in 0..5 {
            log.push(entry.clone(), 3);
        }
        assert_eq!(log.newest(10).iter().map(|entry| entry.id).collect::<Vec<_>>(), [4, 3, 2]);
        log.reset();
        log.push(entry, 3);
        assert_eq!(log.newest(1)[0].id, 5);
    }
}
