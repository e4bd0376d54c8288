//! Drawing several distinct indices of a collection, for SRANDMEMBER, HRANDFIELD, ZRANDMEMBER.

use std::collections::HashSet;

use super::table::TableHasher;

/// Below this share of the collection (one in so many) indices are drawn; above, the collection is walked.
const SPARSE_RATIO: usize = 3;

/// Most elements that a client gets when it may get the same one again: a handful of bytes must not ask for
/// terabytes.
pub const REPEATS_MAX: usize = 1 << 24;

/// `k` distinct indices below `n`, ascending, every choice of `k` equally likely. All of them if `k >= n`.
///
/// O(k log k) when `k` is less than a third of `n` (Floyd's sampling), else O(n) with no memory (Knuth's
/// selection sampling). Ascending, so that packed collections are walked once.
pub fn distinct(n: usize, k: usize) -> Distinct {
    if k < n / SPARSE_RATIO {
        let mut chosen = HashSet::with_capacity_and_hasher(k, TableHasher);
        for last in n - k..n {
            if !chosen.insert(fastrand::usize(..=last)) {
                chosen.insert(last);
            }
        }
        let mut chosen: Vec<usize> = chosen.into_iter().collect();
        chosen.sort_unstable();
        Distinct::Drawn(chosen.into_iter())
    } else {
        Distinct::Walk { next: 0, n, missing: k.min(n) }
    }
}

/// Iterator of [`distinct`].
#[derive(Clone, Debug)]
pub enum Distinct {
    /// Drawn in advance.
    Drawn(std::vec::IntoIter<usize>),
    /// Decides at each index whether it belongs to the sample.
    Walk {
        /// Index to decide on.
        next: usize,
        /// Size of the collection.
        n: usize,
        /// Indices still to yield.
        missing: usize,
    },
}

impl Iterator for Distinct {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        match self {
            Distinct::Drawn(indices) => indices.next(),
            Distinct::Walk { next, n, missing } => {
                if *missing == 0 {
                    return None;
                }
                loop {
                    let index = *next;
                    *next += 1;
                    // Ends at the latest where as many are left as are missing: then each is taken.
                    if fastrand::usize(..*n - index) < *missing {
                        *missing -= 1;
                        return Some(index);
                    }
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = match self {
            Distinct::Drawn(indices) => indices.len(),
            Distinct::Walk { missing, .. } => *missing,
        };
        (len, Some(len))
    }
}

impl ExactSizeIterator for Distinct {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_distinct_ascending_and_of_the_asked_size() {
        for n in 0..40 {
            for k in 0..45 {
                let sample: Vec<usize> = distinct(n, k).collect();
                assert_eq!(sample.len(), k.min(n), "{k} of {n}");
                assert_eq!(distinct(n, k).len(), k.min(n));
                assert!(sample.is_sorted_by(|a, b| a < b) && sample.iter().all(|&index| index < n));
            }
        }
    }

    #[test]
    fn every_index_is_equally_likely() {
        for k in [2, 9] {
            let rounds = 20_000;
            let mut hits = [0u32; 12];
            for _ in 0..rounds {
                for index in distinct(12, k) {
                    hits[index] += 1;
                }
            }
            let expected = f64::from(rounds) * k as f64 / 12.0;
            // Seven standard deviations of a binomial count: a fair sampler fails once in 10^11 runs.
            let bound = 7.0 * (expected * (1.0 - k as f64 / 12.0)).sqrt();
            for count in hits {
                assert!((f64::from(count) - expected).abs() < bound, "{k} of 12: {hits:?}");
            }
        }
    }
}
