//! Randomness as a function: what is drawn depends on (seed, purpose, index) and on nothing else.
//!
//! A sequential generator would have to be wound forward to reach event 1,000,000. Here every
//! event, and within it every purpose, has a short sequence of its own, so that events can be
//! written in any order and on any number of threads.
//!
//! # The algorithm, which is part of the file format
//!
//! Recorded exercises and golden files depend on these values, so a change here is a breaking
//! change:
//!
//! ```text
//! G = 0x9e3779b97f4a7c15, all sums modulo 2^64, mix = the finalizer of SplitMix64 (Steele, Lea, Flood 2014)
//! key(purpose)          = mix(seed + G * purpose)
//! state(purpose, index) = mix(key(purpose) + G * index)
//! draw k (from 1)       = mix(state + G * k)
//! ```

/// What a draw decides. The numbers enter the algorithm: never renumber them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum Purpose {
    /// The fields of an event, by event.
    Body = 1,
    /// Which key an event belongs to, by event.
    Key = 2,
    /// The jitter of an event's time, by event.
    Time = 3,
    /// The order of arrival, by cell or by stripe.
    Order = 4,
    /// Whether and how an event is bad, by event.
    Bad = 5,
    /// What never changes about an entity (a device, a player), by entity.
    Entity = 6,
    /// What holds for an entity during a stretch of time, by entity and stretch.
    Episode = 7,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The seed of a stream of events.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seed(pub(super) u64);

impl Seed {
    /// The sequence of draws that belongs to `index` for `purpose`.
    #[inline]
    pub(super) fn draws(self, purpose: Purpose, index: u64) -> Draws {
        let key = mix(self.0.wrapping_add(GOLDEN.wrapping_mul(purpose as u64)));
        Draws {
            state: mix(key.wrapping_add(GOLDEN.wrapping_mul(index))),
        }
    }

    /// The sequence of draws that belongs to a pair, such as an entity and the hour.
    #[inline]
    pub(super) fn pair(self, purpose: Purpose, first: u64, second: u64) -> Draws {
        self.draws(purpose, mix(first).wrapping_add(second))
    }
}

/// A short sequence of random values.
#[derive(Debug, Clone)]
pub(super) struct Draws {
    state: u64,
}

impl Draws {
    /// 64 random bits.
    #[inline]
    pub(super) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// A number from 0 up to but not including `n`; 0 if `n` is 0.
    ///
    /// The bias of the multiply-shift method is below n / 2^64.
    #[inline]
    pub(super) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    #[inline]
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.abs_diff(low);
        let step = if width == u64::MAX {
            self.bits()
        } else {
            self.below(width + 1)
        };
        low.wrapping_add_unsigned(step)
    }

    /// A number in [0, 1), in steps of 2^-53.
    #[inline]
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Whether something of probability `p` happens.
    #[inline]
    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// One of `items`, which must not be empty.
    #[inline]
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }

    /// A number near 0 with variance 1: bell-shaped, never beyond 3.47.
    ///
    /// The sum of four uniform numbers (Irwin-Hall); needs no function that differs between
    /// platforms.
    #[inline]
    pub(super) fn bell(&mut self) -> f64 {
        let bits = self.bits();
        let sum = (0..4)
            .map(|part| (bits >> (16 * part)) & 0xffff)
            .sum::<u64>();
        (sum as f64 / 65_536.0 - 2.0) * 1.732_050_807_568_877_2
    }
}

#[inline]
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SplitMix64 from state 1234567, the sequence its authors publish with the reference code.
    #[test]
    fn draws_are_splitmix64() {
        let mut draws = Draws { state: 1_234_567 };
        let first: Vec<u64> = (0..3).map(|_| draws.bits()).collect();
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    /// Computed from the module's description by another program; changing them breaks every
    /// recorded exercise.
    #[test]
    fn values_are_pinned() {
        let bits = |purpose, index| Seed(7).draws(purpose, index).bits();
        assert_eq!(bits(Purpose::Body, 0), 17_527_383_841_289_775_211);
        assert_eq!(bits(Purpose::Body, 1), 11_241_344_834_629_033_336);
        assert_eq!(bits(Purpose::Key, 0), 13_058_667_701_806_299_239);
        assert_eq!(
            Seed(7).pair(Purpose::Episode, 1, 2).bits(),
            17_839_410_376_284_378_262
        );
    }

    #[test]
    fn streams_do_not_repeat_one_another() {
        let mut seen = std::collections::HashSet::new();
        for seed in 0..20 {
            for purpose in [
                Purpose::Body,
                Purpose::Key,
                Purpose::Time,
                Purpose::Order,
                Purpose::Bad,
            ] {
                for index in 0..50 {
                    let mut draws = Seed(seed).draws(purpose, index);
                    assert!(
                        (0..4).all(|_| seen.insert(draws.bits())),
                        "{seed} {purpose:?} {index}"
                    );
                }
            }
        }
    }

    #[test]
    fn ranges_hold_and_are_even() {
        let mut draws = Seed(1).draws(Purpose::Body, 0);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[draws.below(7) as usize] += 1;
            assert!((-3..=3).contains(&draws.between(-3, 3)));
            assert!((0.0..1.0).contains(&draws.unit()));
            assert!(draws.bell().abs() < 3.47);
        }
        let chi: f64 = counts
            .iter()
            .map(|&n| (f64::from(n) - 10_000.0).powi(2) / 10_000.0)
            .sum();
        assert!(
            chi < 22.5,
            "chi-square {chi} with 6 degrees of freedom: p < 0.001"
        );
        assert_eq!(draws.below(0), 0);
        assert_eq!(draws.between(5, 5), 5);
        draws.between(i64::MIN, i64::MAX);
    }

    #[test]
    fn the_bell_has_mean_0_and_variance_1() {
        let mut draws = Seed(2).draws(Purpose::Body, 0);
        let sample: Vec<f64> = (0..100_000).map(|_| draws.bell()).collect();
        let mean = sample.iter().sum::<f64>() / 1e5;
        let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1e5;
        assert!(
            mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02,
            "{mean} {variance}"
        );
    }
}
