//! Faults on purpose: what a cloud does on a bad day, repeatably by a seed.
//!
//! A dialect asks at the places where its service may misbehave whether a fault [strikes](Faults::strikes). The n-th
//! question about a kind of fault has an answer that depends on the seed, the kind and n alone, so that a run that
//! asks the same questions meets the same faults. Each dialect does what its service does in such a case:
//!
//! | fault | what a client sees |
//! |---|---|
//! | throttle | the service's own throttling error, or its order to wait |
//! | latency | an answer that comes late |
//! | drop | a connection closed instead of an answer; the request may have taken effect or not |
//! | duplicate | a record or message that comes twice |
//! | reorder | messages out of the order they were sent in, where the service promises none |
//! | stale lease | a lease, receipt, iterator or membership that ends early |
//!
//! What a service never does is left out for it.

mod plan;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use plan::{FaultPlan, PlanError, Rate};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The service refuses for now, because of too many requests.
    Throttle,
    /// The answer comes late.
    Latency,
    /// The connection is closed instead of an answer.
    Drop,
    /// A record or message comes twice.
    Duplicate,
    /// Messages come out of order.
    Reorder,
    /// A lease, receipt, iterator or membership ends early.
    StaleLease,
}

impl Fault {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Throttle,
        Self::Latency,
        Self::Drop,
        Self::Duplicate,
        Self::Reorder,
        Self::StaleLease,
    ];

    /// The kind's name, as in a plan.
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::Latency => "latency",
            Self::Drop => "drop",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::StaleLease => "stale-lease",
        }
    }
}

/// When a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropAt {
    /// Before the request takes effect.
    Before,
    /// After it took effect; the client cannot know.
    After,
}

/// Decides when a fault strikes; the default is never. Clones share their counts.
#[derive(Clone, Default)]
pub struct Faults(Option<Arc<Inside>>);

struct Inside {
    plan: FaultPlan,
    /// Questions and strikes by kind of fault.
    asked: [AtomicU64; Fault::ALL.len()],
    struck: [AtomicU64; Fault::ALL.len()],
}

impl Faults {
    /// Faults as planned.
    pub fn new(plan: FaultPlan) -> Self {
        Self(Some(Arc::new(Inside {
            plan,
            asked: Default::default(),
            struck: Default::default(),
        })))
    }

    /// Whether this fault happens here and now.
    pub fn strikes(&self, fault: Fault) -> bool {
        self.draw(fault).is_some()
    }

    /// How late this answer is to come.
    pub fn delay(&self) -> Option<Duration> {
        let drawn = self.draw(Fault::Latency)?;
        let latest = self.0.as_ref()?.plan.latest;
        let share = (drawn >> 40) as f64 / (1_u64 << 24) as f64;
        Some(latest.mul_f64(share))
    }

    /// Whether this connection is to be closed instead of answered, and when.
    pub fn drops(&self) -> Option<DropAt> {
        let drawn = self.draw(Fault::Drop)?;
        Some(match drawn & 1 {
            0 => DropAt::Before,
            _ => DropAt::After,
        })
    }

    /// How often each kind of fault has struck, those that never did left out.
    pub fn counts(&self) -> Vec<(Fault, u64)> {
        let Some(inside) = &self.0 else {
            return Vec::new();
        };
        let count = |fault: Fault| inside.struck[fault as usize].load(Ordering::Relaxed);
        let counts = Fault::ALL.map(|fault| (fault, count(fault)));
        counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// The answer to the next question about a fault: fresh random bits if it strikes.
    fn draw(&self, fault: Fault) -> Option<u64> {
        let inside = self.0.as_ref()?;
        let rate = inside.plan.rate(fault);
        if rate == Rate::NEVER {
            return None;
        }
        let nth = inside.asked[fault as usize].fetch_add(1, Ordering::Relaxed);
        let first = mix(inside.plan.seed ^ mix(fault as u64 + 1) ^ mix(nth));
        if !rate.holds(first) {
            return None;
        }
        inside.struck[fault as usize].fetch_add(1, Ordering::Relaxed);
        Some(mix(first))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Faults")
            .field(&self.0.as_ref().map(|inside| &inside.plan))
            .finish()
    }
}

/// The output function of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(plan: &str) -> Faults {
        Faults::new(plan.parse().unwrap())
    }

    #[test]
    fn the_same_seed_gives_the_same_faults() {
        let run = |plan| {
            let faults = faults(plan);
            let strikes: Vec<_> = (0..1000).map(|_| faults.strikes(Fault::Throttle)).collect();
            let delays: Vec<_> = (0..1000).map(|_| faults.delay()).collect();
            (strikes, delays)
        };
        let plan = "throttle=0.2,latency=0.3,latest=50ms,seed=7";
        assert_eq!(run(plan), run(plan));
        assert_ne!(
            run(plan),
            run("throttle=0.2,latency=0.3,latest=50ms,seed=8")
        );
    }

    #[test]
    fn rates_are_kept_and_counted() {
        let faults = faults("throttle=0.2,drop=1,seed=1");
        let strikes = (0..10_000)
            .filter(|_| faults.strikes(Fault::Throttle))
            .count();
        assert!((1_800..2_200).contains(&strikes), "{strikes}");
        let befores = (0..1000).filter(|_| faults.drops() == Some(DropAt::Before));
        assert!((400..600).contains(&befores.count()));
        assert!(!faults.strikes(Fault::Duplicate));
        assert_eq!(
            faults.counts(),
            [(Fault::Throttle, strikes as u64), (Fault::Drop, 1000)]
        );
    }

    #[test]
    fn delays_are_spread_below_the_latest() {
        let faults = faults("latency=1,latest=80ms,seed=3");
        let delays: Vec<_> = (0..1000).filter_map(|_| faults.delay()).collect();
        assert_eq!(delays.len(), 1000);
        assert!(
            delays
                .iter()
                .all(|delay| *delay < Duration::from_millis(80))
        );
        assert!(
            delays
                .iter()
                .any(|delay| *delay > Duration::from_millis(60))
        );
        assert!(
            delays
                .iter()
                .any(|delay| *delay < Duration::from_millis(20))
        );
    }

    #[test]
    fn there_are_none_by_default() {
        let faults = Faults::default();
        assert!(Fault::ALL.iter().all(|fault| !faults.strikes(*fault)));
        assert!(faults.counts().is_empty());
    }
}
