//! Delta debugging: the shortest sequence found that still ends in the same kind of difference.

use super::families::Step;
use super::run::{Difference, Pair};
use super::wire::Request;

/// Runs of shortened sequences; a run costs milliseconds unless a server hangs.
const TRIALS_MAX: usize = 400;

/// Shortens `steps`, on which `pair` differs as in `found`. Returns what is left and its difference.
pub fn minimise(pair: &Pair, settings: &[Request], steps: &[Step], found: Difference) -> (Vec<Step>, Difference) {
    let mut kept = steps[..(found.step + 1).min(steps.len())].to_vec();
    let mut found = found;
    let mut trials = 0;
    let mut parts = 2;
    while kept.len() > 1 && trials < TRIALS_MAX {
        let size = kept.len().div_ceil(parts);
        let shorter = (0..parts).filter(|part| part * size < kept.len()).find_map(|part| {
            if trials >= TRIALS_MAX {
                return None;
            }
            trials += 1;
            let rest: Vec<Step> = [&kept[..part * size], &kept[((part + 1) * size).min(kept.len())..]].concat();
            let difference = pair.run(settings, &rest).ok().flatten()?;
            (difference.signature == found.signature).then_some((rest, difference))
        });
        match shorter {
            Some((mut rest, difference)) => {
                rest.truncate(difference.step + 1);
                kept = rest;
                found = difference;
                parts = parts.saturating_sub(1).max(2);
            }
            None if parts >= kept.len() => break,
            None => parts = (parts * 2).min(kept.len()),
        }
    }
    (kept, found)
}
