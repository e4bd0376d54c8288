//! How many distinct elements made registers what they are: Ertl's improved estimate from the registers' histogram
//! ("New cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284).

use super::sketch::{Histogram, RANK_MAX, REGISTERS};

/// 1 / (2 ln 2).
const ALPHA: f64 = 0.721_347_520_444_481_7;

/// The estimate. What no elements can have made may come out as anything.
pub fn count(histogram: &Histogram) -> u64 {
    let registers = REGISTERS as f64;
    let share = |ranked: usize| ranked as f64 / registers;
    let mut sum = registers * tau((registers - histogram[RANK_MAX] as f64) / registers);
    for ranked in histogram[1..RANK_MAX].iter().rev() {
        sum = (sum + *ranked as f64) * 0.5;
    }
    sum += registers * sigma(share(histogram[0]));
    let estimate = ALPHA * registers * registers / sum;
    // Only registers beyond all ranks make it infinite; the reference's conversion makes this of it.
    if estimate.is_finite() { estimate.round() as u64 } else { 1 << 63 }
}

/// The sum of x^(2^k) 2^(k-1) for all k from 1, and x.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut sum, mut factor) = (x, 1.0);
    // x is squared each time: at most some 70 times until nothing is added.
    loop {
        let before = sum;
        x *= x;
        sum += x * factor;
        factor += factor;
        if sum == before {
            return sum;
        }
    }
}

/// A third of 1 - x - the sum of (1 - x^(2^-k))^2 2^-k for all k from 1.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut sum, mut factor) = (1.0 - x, 1.0);
    loop {
        let before = sum;
        x = x.sqrt();
        factor *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * factor;
        if sum == before {
            return sum / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sketch;
    use super::*;

    #[test]
    fn estimates_are_near() {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut bytes = sketch::EMPTY.to_vec();
        assert_eq!(count(&sketch::histogram(&bytes).unwrap()), 0);
        for number in 1..=100_000u64 {
            sketch::add(&mut bytes, &(number ^ seed).to_le_bytes(), 3000).unwrap();
            if [1, 10, 100, 1000, 10_000, 100_000].contains(&number) {
                let counted = count(&sketch::histogram(&bytes).unwrap());
                // Six times the standard error.
                let bound = (1.04 / 128.0 * 6.0 * number as f64).ceil().max(2.0) as u64;
                assert!(counted.abs_diff(number) <= bound, "{counted} for {number}, seed {seed}");
            }
        }
    }

    #[test]
    fn registers_beyond_all_ranks_are_counted_without_trouble() {
        let mut histogram = [0; 64];
        histogram[63] = REGISTERS;
        assert_eq!(count(&histogram), 1 << 63);
        histogram = [0; 64];
        histogram[RANK_MAX] = REGISTERS;
        assert_eq!(count(&histogram), 1 << 63);
    }
}
