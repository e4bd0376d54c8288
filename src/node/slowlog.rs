//! SLOWLOG: the last commands that took long.

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

/// A command that took long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlowCommand {
    /// Ascending from 0.
    pub id: i64,
    /// When it ran, unix seconds.
    pub at_s: i64,
    /// How long it took, µs.
    pub took_us: i64,
    /// Its arguments, shortened and without secrets.
    pub args: Vec<Vec<u8>>,
    /// Address of its client.
    pub peer: String,
    /// Name of its client.
    pub client: Vec<u8>,
}

/// The log: newest first, as long as `slowlog-max-len` allows.
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
            SlowCommand { id: 0, at_s: 1, took_us: 2, args: Vec::new(), peer: String::new(), client: Vec::new() };
        for _ in 0..5 {
            log.push(entry.clone(), 3);
        }
        assert_eq!(log.newest(10).iter().map(|entry| entry.id).collect::<Vec<_>>(), [4, 3, 2]);
        log.reset();
        log.push(entry, 3);
        assert_eq!(log.newest(1)[0].id, 5);
    }
}
