//! What an entry's 24 access bits say: when its key was last accessed, or how often of late.
//!
//! ```text
//! Recency     24 bits: unix seconds of the last access, modulo 2^24
//! Frequency   16 bits: unix minutes of the last access, modulo 2^16 | 8 bits: logarithmic counter
//! ```
//!
//! The counter is the reference's, so that its tunables mean here what they mean there: it is 5 for a new key, an
//! access raises it with a probability that falls as it grows, and it loses one for every `lfu-decay-time`
//! minutes without an access. When the policy changes at run time the bits are read the other way from then on,
//! and settle as keys are accessed.

/// Counter of a new key: it must not be the first to go before it had a chance.
const COUNTER_START: u8 = 5;
const CLOCK_MASK: u32 = 0xFF_FFFF;

/// How accesses are remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessPolicy {
    /// By time.
    #[default]
    Recency,
    /// By a counter that decays.
    Frequency(Lfu),
}

/// Tunables of the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lfu {
    /// `lfu-log-factor`: how much harder each step is than the one before; 0: every access counts.
    pub log_factor: u32,
    /// `lfu-decay-time`: minutes after which the counter loses one; 0: never.
    pub decay_minutes: u32,
}

impl AccessPolicy {
    /// The bits of a key made now.
    #[inline]
    pub fn fresh(self, now_ms: i64) -> u32 {
        match self {
            AccessPolicy::Recency => seconds(now_ms),
            AccessPolicy::Frequency(_) => minutes(now_ms) << 8 | u32::from(COUNTER_START),
        }
    }

    /// The bits of a key made now that was last accessed `idle_seconds` ago, or whose counter is known. What the
    /// policy does not keep is ignored.
    pub fn restored(self, now_ms: i64, idle_seconds: Option<i64>, counter: Option<u8>) -> u32 {
        match (self, idle_seconds, counter) {
            (AccessPolicy::Recency, Some(idle), _) => seconds(now_ms).wrapping_sub(idle as u32) & CLOCK_MASK,
            (AccessPolicy::Frequency(_), _, Some(counter)) => minutes(now_ms) << 8 | u32::from(counter),
            _ => self.fresh(now_ms),
        }
    }

    /// What the bits of a key become when it is accessed now.
    #[inline]
    pub fn touched(self, bits: u32, now_ms: i64) -> u32 {
        match self {
            AccessPolicy::Recency => seconds(now_ms),
            AccessPolicy::Frequency(lfu) => lfu.touched(bits, now_ms),
        }
    }
}

impl Lfu {
    /// The counter as of now.
    pub fn counter(self, bits: u32, now_ms: i64) -> u8 {
        let counter = bits as u8;
        if self.decay_minutes == 0 {
            return counter;
        }
        let (now, last) = (minutes(now_ms), bits >> 8 & 0xFFFF);
        // A clock that wrapped once is told by running backwards; the reference's modulus is one short too.
        let idle = if now >= last { now - last } else { 0xFFFF - last + now };
        counter.saturating_sub(u8::try_from(idle / self.decay_minutes).unwrap_or(u8::MAX))
    }

    #[cold]
    fn touched(self, bits: u32, now_ms: i64) -> u32 {
        let counter = self.counter(bits, now_ms);
        let raised = counter.saturating_add(u8::from(fastrand::f64() < self.chance(counter)));
        minutes(now_ms) << 8 | u32::from(raised)
    }

    /// Probability that an access raises a counter.
    fn chance(self, counter: u8) -> f64 {
        1.0 / (f64::from(counter.saturating_sub(COUNTER_START)) * f64::from(self.log_factor) + 1.0)
    }
}

/// Seconds since the access that the bits tell, as of now.
pub fn idle_seconds(bits: u32, now_ms: i64) -> u32 {
    seconds(now_ms).wrapping_sub(bits) & CLOCK_MASK
}

#[inline]
fn seconds(now_ms: i64) -> u32 {
    (now_ms / 1000) as u32 & CLOCK_MASK
}

fn minutes(now_ms: i64) -> u32 {
    (now_ms / 60_000) as u32 & 0xFFFF
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;
    const LFU: Lfu = Lfu { log_factor: 10, decay_minutes: 1 };

    #[test]
    fn a_counter_loses_one_for_each_period_without_access() {
        let bits = |counter: u32| 100 << 8 | counter;
        assert_eq!(LFU.counter(bits(7), 100 * MINUTE_MS), 7);
        assert_eq!(LFU.counter(bits(7), 101 * MINUTE_MS - 1), 7);
        assert_eq!(LFU.counter(bits(7), 103 * MINUTE_MS), 4);
        assert_eq!(LFU.counter(bits(7), 1000 * MINUTE_MS), 0);
        assert_eq!(Lfu { decay_minutes: 10, ..LFU }.counter(bits(7), 125 * MINUTE_MS), 5);
        assert_eq!(Lfu { decay_minutes: 0, ..LFU }.counter(bits(7), 1000 * MINUTE_MS), 7);
        // The clock of minutes wrapped: 65,530 to 4 is 9 minutes in the reference's count.
        assert_eq!(LFU.counter(65_530 << 8 | 200, (0x1_0000 + 4) * MINUTE_MS), 191);
    }

    #[test]
    fn a_counter_grows_as_fast_as_the_reference_documents() {
        // Of the reference's table for lfu-log-factor: hits → counter.
        for (log_factor, hits, counter) in [(0, 100, 104), (1, 1000, 49), (10, 1000, 18), (10, 100_000, 142)] {
            let seed = fastrand::u64(..);
            fastrand::seed(seed);
            let lfu = Lfu { log_factor, decay_minutes: 1 };
            let runs = 40;
            let sum: u32 = (0..runs)
                .map(|_| (0..hits).fold(u32::from(COUNTER_START), |bits, _| lfu.touched(bits, 0)) & 0xFF)
                .sum();
            let mean = f64::from(sum) / f64::from(runs);
            let expected = f64::from(counter);
            assert!((mean - expected).abs() < expected * 0.1 + 1.0, "{mean} for {expected}, seed {seed}");
        }
    }

    #[test]
    fn a_counter_stops_at_its_largest_value() {
        let always = Lfu { log_factor: 0, decay_minutes: 0 };
        assert_eq!((0..1000).fold(0, |bits, _| always.touched(bits, 0)), 255);
    }

    #[test]
    fn idle_time_survives_the_clock_s_wrap() {
        let before = AccessPolicy::Recency.fresh(0xFF_FFFE * 1000);
        assert_eq!(idle_seconds(before, 0x100_0003 * 1000), 5);
    }
}
