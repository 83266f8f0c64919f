//! Which faults, how often.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::Fault;

/// How late an answer is at most when a plan does not say.
const LATEST: Duration = Duration::from_millis(100);

/// How often something happens, from 0 (never) to 1 (always).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Default)]
pub struct Rate(f64);

impl Rate {
    /// Never.
    pub const NEVER: Self = Self(0.0);

    /// A rate; `None` outside of 0 to 1.
    pub fn new(rate: f64) -> Option<Self> {
        (0.0..=1.0).contains(&rate).then_some(Self(rate))
    }

    /// Whether it happens, given 64 random bits.
    pub(super) fn holds(self, bits: u64) -> bool {
        // 53 bits, as many as a float holds exactly.
        ((bits >> 11) as f64) < self.0 * (1_u64 << 53) as f64
    }
}

/// Which faults strike, how often, and by which seed.
///
/// Reads from text such as `throttle=0.05,latency=0.2,latest=80ms,drop=0.01,seed=7`; what is not named never strikes.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultPlan {
    /// What the random numbers come from.
    pub seed: u64,
    /// How late an answer is at most when it is late.
    pub latest: Duration,
    rates: [Rate; Fault::ALL.len()],
}

/// Why a text is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A part without `=`, or with a name that nobody has.
    #[error(
        "`{0}` is no fault: use `throttle`, `latency`, `drop`, `duplicate`, `reorder`, `stale-lease` with a rate from 0 to 1 \
         (`throttle=0.05`), `latest` with a duration (`latest=80ms`), `seed` with a number"
    )]
    Unknown(String),
    /// A value that its name cannot have.
    #[error("`{value}` cannot be `{name}`: {expected}")]
    Value {
        /// The name.
        name: String,
        /// The value.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl Default for FaultPlan {
    fn default() -> Self {
        Self {
            seed: 0,
            latest: LATEST,
            rates: Default::default(),
        }
    }
}

impl FaultPlan {
    /// How often a fault strikes.
    pub fn rate(&self, fault: Fault) -> Rate {
        self.rates[fault as usize]
    }

    /// Sets how often a fault strikes.
    pub fn set(&mut self, fault: Fault, rate: Rate) {
        self.rates[fault as usize] = rate;
    }

    /// Sets one part of a plan.
    fn read(&mut self, name: &str, value: &str) -> Result<(), PlanError> {
        let wrong = |expected| PlanError::Value {
            name: name.to_owned(),
            value: value.to_owned(),
            expected,
        };
        match name {
            "seed" => self.seed = value.parse().map_err(|_| wrong("use a whole number"))?,
            "latest" => self.latest = duration(value).ok_or_else(|| wrong("use `80ms` or `2s`"))?,
            _ => {
                let fault = Fault::ALL.into_iter().find(|fault| fault.name() == name);
                let fault = fault.ok_or_else(|| PlanError::Unknown(name.to_owned()))?;
                let rate = value.parse().ok().and_then(Rate::new);
                self.set(
                    fault,
                    rate.ok_or_else(|| wrong("use a number from 0 to 1"))?,
                );
            }
        }
        Ok(())
    }
}

impl FromStr for FaultPlan {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        let mut plan = Self::default();
        for part in text.split(',').map(str::trim) {
            let pair = part.split_once('=');
            let (name, value) = pair.ok_or_else(|| PlanError::Unknown(part.to_owned()))?;
            plan.read(name.trim(), value.trim())?;
        }
        Ok(plan)
    }
}

impl fmt::Display for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in Fault::ALL {
            let rate = self.rate(fault);
            if rate != Rate::NEVER {
                write!(f, "{}={},", fault.name(), rate.0)?;
            }
        }
        write!(f, "latest={}ms,seed={}", self.latest.as_millis(), self.seed)
    }
}

/// A whole number with `ms` or `s`.
fn duration(text: &str) -> Option<Duration> {
    match text.strip_suffix("ms") {
        Some(number) => number.parse().ok().map(Duration::from_millis),
        None => text
            .strip_suffix('s')?
            .parse()
            .ok()
            .map(Duration::from_secs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reads_and_prints() {
        let text = "throttle=0.05,stale-lease=1,latest=80ms,seed=7";
        let plan: FaultPlan = text.parse().unwrap();
        assert_eq!(plan.rate(Fault::Throttle), Rate(0.05));
        assert_eq!(plan.rate(Fault::Drop), Rate::NEVER);
        assert_eq!(plan.to_string(), text);
    }

    #[test]
    fn faulty_plans_say_what_is_wrong() {
        for (text, says) in [
            ("", "`` is no fault"),
            ("trottle=1", "`trottle` is no fault"),
            ("throttle", "`throttle` is no fault"),
            (
                "throttle=2",
                "`2` cannot be `throttle`: use a number from 0 to 1",
            ),
            ("throttle=NaN", "use a number from 0 to 1"),
            ("latest=5", "`5` cannot be `latest`"),
            ("seed=-1", "`-1` cannot be `seed`"),
        ] {
            let error = text.parse::<FaultPlan>().unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
