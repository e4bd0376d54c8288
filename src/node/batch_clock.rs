//! What time it is, and how long the commands of a batch took, without asking the clock for each.

use super::stats::ThreadStats;
use super::{Config, histogram};
use crate::command::Command;
use smallvec::SmallVec;
use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time after which the wall clock is asked again, which may have been set.
const WALL_CLOCK_KEPT: Duration = Duration::from_millis(20);

/// Tells both clocks for the price of one: the wall clock is asked now and then, and goes on with the other between.
#[derive(Default)]
pub(super) struct Clock {
    /// When the wall clock was asked, and what it said, unix µs.
    asked: Cell<Option<(Instant, i64)>>,
}

impl Clock {
    /// Now, and the same as unix ms.
    #[inline]
    pub(super) fn now(&self) -> (Instant, i64) {
        let now = Instant::now();
        let since = self.asked.get().map(|(asked, wall_us)| (now.saturating_duration_since(asked), wall_us));
        if let Some((since, wall_us)) = since
            && since < WALL_CLOCK_KEPT
        {
            return (now, (wall_us + i64::from(since.subsec_micros())) / 1000);
        }
        let wall_us = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64);
        self.asked.set(Some((now, wall_us)));
        (now, wall_us / 1000)
    }
}

/// Spreads the time of a batch over its commands: quick commands share evenly what they took together, every
/// other is timed by itself. When even quick commands can be slow enough to be logged, each is timed.
pub(super) struct BatchClock {
    since: Instant,
    /// Quick commands run since `since`.
    quick: u64,
    /// Time of quick commands so far, ns, and their number.
    quick_ns: u64,
    quick_count: u64,
    /// Quick commands in the order in which they ran, and how often each ran before the next.
    runs: SmallVec<[(&'static Command, u64); RUNS_INLINE]>,
    /// Time from which a command is noted as slow, ns.
    pub(super) slow_ns: u64,
    /// Every command is timed by itself.
    each: bool,
    /// Latencies are tracked.
    tracking: bool,
}

/// Runs of one command that need no memory of their own: few batches are of more.
const RUNS_INLINE: usize = 4;
/// Usual share of a quick command in what it and a slow one took, ns.
const QUICK_NS: u64 = 100;
/// Below this, a time from which commands are noted as slow has each command timed, ns.
const TIME_EACH_NS: u64 = 1_000_000;

impl BatchClock {
    pub(super) fn start(config: &Config, since: Instant) -> BatchClock {
        let slow_ns = config.slow_ns();
        BatchClock {
            since,
            quick: 0,
            quick_ns: 0,
            quick_count: 0,
            runs: SmallVec::new(),
            slow_ns,
            each: slow_ns < TIME_EACH_NS || config.latency_threshold_ms > 0,
            tracking: config.latency_tracking,
        }
    }

    /// Counts a command that ran, `None` for one that was refused. Answers how long it took if it was timed by
    /// itself, ns.
    #[inline]
    pub(super) fn ran(&mut self, command: Option<&'static Command>, stats: &ThreadStats) -> u64 {
        match command {
            Some(command) if self.each || !command.quick => {
                let now = Instant::now();
                let elapsed = (now - self.since).as_nanos() as u64;
                // Quick commands just before it cannot be told apart from it; they get their usual share.
                let others = (self.quick * QUICK_NS).min(elapsed);
                self.quick_ns += others;
                self.quick_count += self.quick;
                self.quick = 0;
                self.since = now;
                let own = elapsed - others;
                stats.commands[usize::from(command.id)].ran(1, own, self.tracking.then(|| histogram::bucket(own)));
                own
            }
            Some(command) => {
                self.quick += 1;
                match self.runs.last_mut() {
                    Some((last, count)) if std::ptr::eq(*last, command) => *count += 1,
                    _ => self.runs.push((command, 1)),
                }
                0
            }
            None => 0,
        }
    }

    /// Counts the quick commands. Answers how long the last one took if it was timed by itself only now, ns.
    #[inline]
    pub(super) fn finish(mut self, stats: &ThreadStats) -> Option<u64> {
        let alone = self.quick == 1;
        let mut last_ns = 0;
        if self.quick > 0 {
            last_ns = self.since.elapsed().as_nanos() as u64;
            self.quick_ns += last_ns;
            self.quick_count += self.quick;
        }
        if self.quick_count == 0 || self.each {
            return None;
        }
        let share = self.quick_ns / self.quick_count;
        let bucket = self.tracking.then(|| histogram::bucket(share));
        for (command, count) in &self.runs {
            stats.commands[usize::from(command.id)].ran(*count, share, bucket);
        }
        alone.then_some(last_ns)
    }
}
