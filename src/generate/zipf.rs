//! How often each of `n` things turns up: evenly, or few often and many seldom (Zipf).

use super::rng::Draws;

/// Ranks 0 to n-1, rank r with a probability proportional to (r+1)^-s.
///
/// Sampling is by rejection-inversion (Hörmann and Derflinger 1996): constant time and no table,
/// whatever `n` is. The mathematical functions are those of `libm`, so that every platform draws
/// the same ranks.
#[derive(Debug, Clone)]
pub(super) struct Zipf {
    n: u64,
    exponent: f64,
    /// The area left of rank 1 and right of rank n, between which a draw falls.
    low: f64,
    high: f64,
    /// Draws this close to their rank are accepted at once.
    sure: f64,
}

impl Zipf {
    /// `n` at least 1; `exponent` finite and at least 0, where 0 means evenly.
    pub(super) fn new(n: u64, exponent: f64) -> Self {
        let mut zipf = Self {
            n,
            exponent,
            low: 0.0,
            high: 0.0,
            sure: 0.0,
        };
        if exponent > 0.0 {
            zipf.low = zipf.area(1.5) - 1.0;
            zipf.high = zipf.area(n as f64 + 0.5);
            zipf.sure = 2.0 - zipf.at_area(zipf.area(2.5) - zipf.weight(2.0));
        }
        zipf
    }

    /// A rank from 0 to n-1.
    #[inline]
    pub(super) fn draw(&self, draws: &mut Draws) -> u64 {
        if self.exponent == 0.0 {
            return draws.below(self.n);
        }
        loop {
            let area = self.high + draws.unit() * (self.low - self.high);
            let x = self.at_area(area);
            let rank = libm::floor(x + 0.5).clamp(1.0, self.n as f64);
            if rank - x <= self.sure || area >= self.area(rank + 0.5) - self.weight(rank) {
                return (rank as u64 - 1).min(self.n - 1);
            }
        }
    }

    fn weight(&self, x: f64) -> f64 {
        libm::exp(-self.exponent * libm::log(x))
    }

    /// The integral of `weight`, up to a constant.
    fn area(&self, x: f64) -> f64 {
        let log = libm::log(x);
        let power = (1.0 - self.exponent) * log;
        log * expm1_over(power)
    }

    /// The inverse of `area`.
    fn at_area(&self, area: f64) -> f64 {
        let power = (area * (1.0 - self.exponent)).max(-1.0);
        libm::exp(area * log1p_over(power))
    }
}

/// (e^x - 1) / x, which is 1 at 0: this is what makes the exponent 1 no special case.
fn expm1_over(x: f64) -> f64 {
    if x.abs() < 1e-8 {
        1.0 + x / 2.0
    } else {
        libm::expm1(x) / x
    }
}

/// ln(1 + x) / x, which is 1 at 0.
fn log1p_over(x: f64) -> f64 {
    if x.abs() < 1e-8 {
        1.0 - x / 2.0
    } else {
        libm::log1p(x) / x
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::rng::{Purpose, Seed};

    fn counts(n: u64, exponent: f64, draws: u64) -> Vec<u64> {
        let zipf = Zipf::new(n, exponent);
        let mut counts = vec![0; n as usize];
        for index in 0..draws {
            counts[zipf.draw(&mut Seed(11).draws(Purpose::Key, index)) as usize] += 1;
        }
        counts
    }

    /// Pearson's chi-square against the exact probabilities; the bound is p = 0.001 for 19 degrees
    /// of freedom.
    #[test]
    fn frequencies_follow_the_exponent() {
        for exponent in [0.0, 0.5, 0.99, 1.0, 1.2, 2.0, 3.5] {
            let total: f64 = (1..=20).map(|r| f64::from(r).powf(-exponent)).sum();
            let chi: f64 = counts(20, exponent, 200_000)
                .iter()
                .zip(1..)
                .map(|(&seen, rank)| {
                    let expected = 200_000.0 * f64::from(rank).powf(-exponent) / total;
                    (seen as f64 - expected).powi(2) / expected
                })
                .sum();
            assert!(chi < 43.8, "exponent {exponent}: chi-square {chi}");
        }
    }

    #[test]
    fn extremes_stay_in_range() {
        for (n, exponent) in [
            (1, 0.0),
            (1, 1.0),
            (2, 40.0),
            (u64::MAX, 0.3),
            (u64::MAX, 1.0),
            (1 << 40, 2.0),
        ] {
            let zipf = Zipf::new(n, exponent);
            let mut draws = Seed(3).draws(Purpose::Key, n);
            assert!(
                (0..1_000).all(|_| zipf.draw(&mut draws) < n),
                "{n} {exponent}"
            );
        }
    }
}
