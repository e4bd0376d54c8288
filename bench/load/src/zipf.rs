//! Numbers whose popularity falls with their rank: the generator of Gray and others (SIGMOD 1994), as YCSB uses it.

/// Ranks from 0 (the most popular) to `count` - 1, rank r with probability ∝ 1 / (r + 1)^theta.
pub struct Zipf {
    count: f64,
    theta: f64,
    alpha: f64,
    zeta: f64,
    eta: f64,
}

impl Zipf {
    /// Sums `count` terms once; `theta` lies between 0 and 1, both excluded.
    pub fn new(count: u64, theta: f64) -> Zipf {
        let zeta: f64 = (1..=count).map(|rank| (rank as f64).powf(-theta)).sum();
        let first_two = 1.0 + 0.5f64.powf(theta);
        let eta = (1.0 - (2.0 / count as f64).powf(1.0 - theta)) / (1.0 - first_two / zeta);
        Zipf { count: count as f64, theta, alpha: 1.0 / (1.0 - theta), zeta, eta }
    }

    /// The rank of a number that is uniform in [0, 1).
    pub fn rank(&self, uniform: f64) -> u64 {
        let scaled = uniform * self.zeta;
        if scaled < 1.0 {
            return 0;
        }
        if scaled < 1.0 + 0.5f64.powf(self.theta) {
            return 1;
        }
        let rank = self.count * (self.eta * uniform - self.eta + 1.0).powf(self.alpha);
        (rank as u64).min(self.count as u64 - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_come_as_often_as_the_law_says() {
        const COUNT: u64 = 1_000;
        const DRAWS: u64 = 1_000_000;
        let (zipf, mut random) = (Zipf::new(COUNT, 0.99), fastrand::Rng::with_seed(7));
        let mut seen = vec![0u64; COUNT as usize];
        for _ in 0..DRAWS {
            seen[zipf.rank(random.f64()) as usize] += 1;
        }
        let total: f64 = (1..=COUNT).map(|rank| (rank as f64).powf(-0.99)).sum();
        // The first two ranks are exact, the top tenth together is close.
        for (rank, seen) in seen.iter().enumerate().take(2) {
            let want = ((rank + 1) as f64).powf(-0.99) / total;
            let got = *seen as f64 / DRAWS as f64;
            assert!((got / want - 1.0).abs() < 0.02, "rank {rank}: {got} instead of {want}");
        }
        let want: f64 = (1..=100).map(|rank| (rank as f64).powf(-0.99)).sum::<f64>() / total;
        let got = seen[..100].iter().sum::<u64>() as f64 / DRAWS as f64;
        assert!((got - want).abs() < 0.02, "{got} instead of {want}");
        assert!(seen[COUNT as usize - 1] > 0);
    }
}
