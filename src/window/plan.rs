//! A window, checked and compiled.

use std::fmt;
use std::sync::Arc;

use ssectl_window::aggregate::Aggregate;
use ssectl_window::{SettingError, Settings, Spec, Type};

use super::aggregates::Aggregates;
use super::operator;
use super::results::nanoseconds;
use crate::engine::Open;
use crate::expr::Program;
use crate::expr::time::{EventTime, Unit};

/// The programs that say where a record belongs.
#[derive(Clone)]
pub struct Programs {
    /// What records are grouped by; without it all are one group.
    pub by: Option<Program>,
    /// When they happened; without it the time that a record has in its stream.
    pub time: Option<EventTime>,
    /// What watermarks are kept by, instead of the partitions of the stream.
    pub partition: Option<Program>,
    /// The watermark that a record brings.
    pub punctuation: Option<EventTime>,
    /// What times count, in the programs above and in results.
    pub unit: Unit,
}

/// A window that can run.
pub struct Plan {
    pub(super) programs: Programs,
    pub(super) aggregates: Aggregates,
    pub(super) spec: Spec,
    /// The unit of results, in ns.
    pub(super) unit: ssectl_window::Time,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spec.fmt(f)
    }
}

impl Plan {
    /// Puts a window together.
    ///
    /// # Errors
    /// All settings that are wrong, by their names in a scenario.
    pub fn new(
        programs: Programs,
        aggregates: Aggregates,
        settings: Settings,
    ) -> Result<Self, Vec<SettingError>> {
        let unit = nanoseconds(programs.unit);
        let sessions = settings.kind == Type::Session;
        let spec = Settings {
            unit: Some(unit),
            ..settings
        }
        .spec()?;
        if sessions && !aggregates.plan().can_merge() {
            return Err(vec![SettingError {
                setting: "agg",
                message: "an event may join two sessions, and `reduce` does not say how".to_owned(),
                hint: "give it a third program, of which `.` and `$value` are the states: `reduce(INIT; UPDATE; MERGE)`".to_owned(),
            }]);
        }
        Ok(Self {
            programs,
            aggregates,
            spec,
            unit,
        })
    }

    /// Which windows there are, and when they close.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// What times count in its programs and results.
    pub fn unit(&self) -> Unit {
        self.programs.unit
    }

    /// What is calculated.
    pub fn aggregates(&self) -> &[Aggregate] {
        self.aggregates.parsed()
    }

    /// What makes the operator. Records that come too late go to the side stream `late`, if there is one.
    /// A `traced` one keeps which records a result is made of.
    pub fn open(self: &Arc<Self>, late: Option<String>, traced: bool) -> Open {
        let plan = Arc::clone(self);
        Box::new(move |space| operator::open(plan, late, traced, space))
    }
}
