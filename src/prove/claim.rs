//! What is claimed for a stream, and whether what was found there agrees.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::engine::Delivery;
use crate::scenario::Scenario;
use crate::verify::Tally;

/// What is claimed for the records of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// None is lost.
    AtLeastOnce,
    /// None is lost, and an id tells those that came again.
    EffectivelyOnce,
    /// Each is there once.
    ExactlyOnce,
}

impl Claim {
    const ALL: [Self; 3] = [Self::AtLeastOnce, Self::EffectivelyOnce, Self::ExactlyOnce];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtLeastOnce => "at-least-once",
            Self::EffectivelyOnce => "effectively-once",
            Self::ExactlyOnce => "exactly-once",
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Claim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|claim| claim.as_str() == text);
        found.ok_or_else(|| "use at-least-once, effectively-once or exactly-once".to_owned())
    }
}

/// What a scenario claims for a stream that it writes: exactly-once if all who write it are, else
/// effectively-once if it has an `id` or its writers give its records ids.
pub fn claimed(scenario: &Scenario, stream: &str) -> Claim {
    let mut writers = scenario
        .pipelines
        .iter()
        .filter(|pipeline| pipeline.sink.to.declared() == Some(stream));
    if writers.all(|writer| writer.delivery == Delivery::ExactlyOnce) {
        return Claim::ExactlyOnce;
    }
    let id = scenario.stream(stream).is_some_and(|s| s.id.is_some());
    if id || scenario.identifies(stream) {
        Claim::EffectivelyOnce
    } else {
        Claim::AtLeastOnce
    }
}

/// What was found in a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The stream.
    pub stream: String,
    /// What is claimed for it.
    pub claim: Claim,
    /// How many records there should be.
    pub expected: u64,
    /// Records that are missing.
    pub lost: u64,
    /// Records that came again.
    pub repeated: u64,
    /// Those of them that no id tells.
    pub untold: u64,
    /// Records that an undisturbed run does not give.
    pub foreign: u64,
}

impl Finding {
    /// `told` came again and were left out by their ids before the rest was counted.
    pub fn new(stream: &str, claim: Claim, expected: u64, told: u64, tally: Tally) -> Self {
        Self {
            stream: stream.to_owned(),
            claim,
            expected,
            lost: tally.lost,
            repeated: told + tally.repeated,
            untold: tally.repeated,
            foreign: tally.foreign,
        }
    }

    /// Whether the claim holds.
    pub fn holds(&self) -> bool {
        let again = match self.claim {
            Claim::AtLeastOnce => 0,
            Claim::EffectivelyOnce => self.untold,
            Claim::ExactlyOnce => self.repeated,
        };
        self.lost + self.foreign + again == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(claim: Claim, told: u64, tally: Tally) -> bool {
        Finding::new("s", claim, 9, told, tally).holds()
    }

    #[test]
    fn a_claim_forbids_what_it_says() {
        let [least, effectively, exactly] = Claim::ALL;
        let (none, repeated, lost, foreign) = (
            Tally::default(),
            Tally {
                repeated: 1,
                ..Tally::default()
            },
            Tally {
                lost: 1,
                ..Tally::default()
            },
            Tally {
                foreign: 1,
                ..Tally::default()
            },
        );
        for claim in Claim::ALL {
            assert!(holds(claim, 0, none) && !holds(claim, 0, lost) && !holds(claim, 0, foreign));
        }
        assert!(holds(least, 1, repeated));
        assert!(holds(effectively, 1, none) && !holds(effectively, 0, repeated));
        assert!(!holds(exactly, 1, none) && !holds(exactly, 0, repeated));
    }
}
