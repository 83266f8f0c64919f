//! Whether a target has what a scenario needs, before the first record moves.

use std::fmt;

use ssectl_adapter::{Capabilities, Order};

use super::{Feature, Need, Needs};

/// Something a scenario needs and a target lacks.
#[derive(Debug, Clone)]
pub struct Mismatch {
    /// What the scenario needs, and where.
    pub need: Need,
    /// What the target lacks, as in "does not keep keys".
    pub lacks: String,
    /// What to change.
    pub change: String,
}

/// `scenario.yaml:9:3: step 2 of `shout` sets keys of `shouted`, but the target does not keep keys`,
/// and a hint.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            need,
            lacks,
            change,
        } = self;
        let Need { why, place, .. } = need;
        write!(
            f,
            "{place}: {why}, but the target {lacks}\n  hint: {change}"
        )
    }
}

/// Which needs a target with these capabilities does not meet.
pub fn check(needs: &Needs, capabilities: &Capabilities) -> Vec<Mismatch> {
    let unmet = needs.list.iter().filter_map(|need| {
        let (lacks, change) = need.feature.lack(capabilities)?;
        Some(Mismatch {
            need: need.clone(),
            lacks,
            change: change.to_owned(),
        })
    });
    unmet.collect()
}

impl Feature {
    /// What a target lacks of it and what to change, if it does.
    fn lack(self, target: &Capabilities) -> Option<(String, &'static str)> {
        const OTHER: &str = "choose another target";
        let (met, lacks, change) = match self {
            Self::Create => (
                target.admin,
                "cannot make streams",
                "choose another target, or name streams that exist by their addresses",
            ),
            Self::Write => (target.write, "cannot be written to", OTHER),
            Self::Read => (target.read, "cannot be read from", OTHER),
            Self::Keys => (
                target.keys,
                "does not keep keys",
                "put the key into the value, or choose another target",
            ),
            Self::Headers => (
                target.headers,
                "does not keep headers",
                "put what they say into the value, or choose another target",
            ),
            Self::Times => (
                target.timestamps,
                "does not keep the times of records",
                "put the time into the value, or choose another target",
            ),
            Self::Binary => (
                target.binary,
                "takes text only",
                "leave out what is no text, or choose another target",
            ),
            Self::OrderPerKey => (
                target.order >= Order::PerKey,
                "does not keep the order of records",
                "leave out what is expected of the order, or choose another target",
            ),
            Self::OrderPerPartition => (
                target.order >= Order::PerPartition,
                "does not keep the order within partitions",
                "write `order: any`, or choose another target",
            ),
            Self::Seek => (
                target.seek,
                "cannot read from a position",
                "read from `start`, or choose another target",
            ),
            Self::SeekTime => (
                target.seek_time,
                "cannot read from a time",
                "read from `start` and filter by time, or choose another target",
            ),
            Self::Groups => (
                target.resume,
                "has no groups of readers",
                "leave out `group` and `stored`, or choose another target",
            ),
            // Where streams can be made, each reader gets a copy.
            Self::FanOut => (
                target.fan_out || target.admin,
                "gives each record to one reader",
                "let one pipeline write a copy for each reader, or choose another target",
            ),
            Self::RecordSize(bytes) => {
                let limit = target.max_record_bytes.filter(|limit| *limit < bytes)?;
                let lacks = format!("takes at most {limit} bytes");
                return Some((lacks, "make the records smaller, or choose another target"));
            }
        };
        (!met).then(|| (lacks.to_owned(), change))
    }
}
