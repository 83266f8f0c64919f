//! How often a record may count in the results.

use std::fmt;
use std::str::FromStr;

/// How often a record of the source may count in the results, whatever crashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// Once or more: positions are committed after the results are safe, so after a crash some
    /// results are written again.
    #[default]
    AtLeastOnce,
    /// Once for readers that go by ids: what is written again has the id that it had.
    EffectivelyOnce,
    /// Once: results and positions are committed in one transaction.
    ExactlyOnce,
}

impl Delivery {
    /// Its name in files and flags.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtLeastOnce => "at-least-once",
            Self::EffectivelyOnce => "effectively-once",
            Self::ExactlyOnce => "exactly-once",
        }
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Delivery {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::AtLeastOnce, Self::EffectivelyOnce, Self::ExactlyOnce]
            .into_iter()
            .find(|delivery| delivery.as_str() == text)
            .ok_or_else(|| "use at-least-once, effectively-once or exactly-once".to_owned())
    }
}
