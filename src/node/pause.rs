//! CLIENT PAUSE: commands are held until a time, all of them or only those that write.
//!
//! Whether there is a pause costs each batch one load of a value that hardly ever changes. A held connection
//! waits for [`Pause::changes`] or the end, and then runs the request it stopped at.

use crate::command::Command;
use crate::command::words::Flags;
use std::sync::atomic::{AtomicBool, Ordering::*};
use tokio::sync::watch;

/// Commands that may write, though their flags do not say so.
const MAY_WRITE: [&str; 6] = ["eval", "evalsha", "fcall", "pfcount", "publish", "spublish"];

/// Which commands are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// Those that write.
    Writes,
    /// All.
    All,
}

/// A pause that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Which commands it holds.
    pub held: Held,
    /// When it ends, unix ms.
    pub until_ms: i64,
}

/// The pause of a node, if there is one.
pub struct Pause {
    /// There is a pause, perhaps over already: look closer.
    set: AtomicBool,
    running: watch::Sender<Option<Running>>,
}

impl Default for Pause {
    fn default() -> Pause {
        Pause { set: AtomicBool::new(false), running: watch::Sender::new(None) }
    }
}

impl Pause {
    /// Pauses. A pause that runs already is never made weaker or shorter by another.
    pub fn begin(&self, held: Held, until_ms: i64, now_ms: i64) {
        self.running.send_modify(|running| {
            let before = running.filter(|before| before.until_ms > now_ms);
            *running = Some(Running {
                held: before.map_or(held, |before| before.held.max(held)),
                until_ms: before.map_or(until_ms, |before| before.until_ms.max(until_ms)),
            });
        });
        self.set.store(true, Release);
    }

    /// Ends the pause.
    pub fn end(&self) {
        self.set.store(false, Release);
        self.running.send_replace(None);
    }

    /// The pause that runs now.
    #[inline]
    pub fn running(&self, now_ms: i64) -> Option<Running> {
        if !self.set.load(Relaxed) {
            return None;
        }
        self.look(now_ms)
    }

    #[cold]
    fn look(&self, now_ms: i64) -> Option<Running> {
        self.running.borrow().filter(|running| running.until_ms > now_ms)
    }

    /// Tells when the pause changes.
    pub fn changes(&self) -> watch::Receiver<Option<Running>> {
        self.running.subscribe()
    }
}

impl Running {
    /// Whether it holds a command.
    pub fn holds(self, command: Option<&Command>) -> bool {
        let writes = |command: &Command| command.flags.has(Flags::WRITE) || MAY_WRITE.contains(&&*command.name);
        self.held == Held::All || command.is_some_and(writes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Table;

    #[test]
    fn a_pause_is_only_made_longer_and_stronger_until_it_ends() {
        let pause = Pause::default();
        assert_eq!(pause.running(0), None);
        pause.begin(Held::Writes, 100, 0);
        pause.begin(Held::All, 50, 0);
        pause.begin(Held::Writes, 60, 0);
        assert_eq!(pause.running(0), Some(Running { held: Held::All, until_ms: 100 }));
        assert_eq!(pause.running(100), None);
        pause.begin(Held::Writes, 300, 200);
        assert_eq!(pause.running(200), Some(Running { held: Held::Writes, until_ms: 300 }));
        pause.end();
        assert_eq!(pause.running(200), None);
    }

    #[test]
    fn writes_are_told_by_their_flags() {
        let running = Running { held: Held::Writes, until_ms: 0 };
        let command = |name: &str| Table::get().command(name.as_bytes());
        assert!(running.holds(command("set")) && running.holds(command("eval")));
        assert!(!running.holds(command("get")) && !running.holds(None));
        assert!(Running { held: Held::All, ..running }.holds(None));
    }
}
