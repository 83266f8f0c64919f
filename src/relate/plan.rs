//! A step that relates records, checked and compiled.

use std::fmt;
use std::sync::Arc;

use ssectl_window::relate::{
    AsOf, AsOfSpec, Dedupe, DedupeSpec, IntervalJoin, IntervalSpec, Timing,
};

use super::operator;
use crate::engine::Open;
use crate::expr::Program;
use crate::window::Programs;

/// A step that can run.
pub struct Plan {
    /// What says key and time of the records.
    pub programs: Programs,
    /// The other source of a join.
    pub partner: Option<Partner>,
    /// How far records may be out of order.
    pub timing: Timing,
    /// What is done.
    pub kind: Kind,
}

/// The right source of a join.
#[derive(Clone)]
pub struct Partner {
    /// What says key and time of its records.
    pub programs: Programs,
    /// What of them is taken.
    pub value: Program,
    /// The member of the left record that it becomes.
    pub member: String,
}

/// What is done with related records.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// What comes again is left out.
    Dedupe(DedupeSpec),
    /// Pairs within an interval.
    Interval(IntervalSpec),
    /// With the last one that was not later.
    AsOf(AsOfSpec),
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl Plan {
    /// What makes the operator. The first `lefts` sources of the pipeline are its own, the one behind them is the right
    /// one of a join.
    pub fn open(self: &Arc<Self>, lefts: usize) -> Open {
        let plan = Arc::clone(self);
        Box::new(move |space| match plan.kind {
            Kind::Dedupe(spec) => operator::open(plan, lefts, Dedupe::open(spec, space)?, space),
            Kind::Interval(spec) => {
                operator::open(plan, lefts, IntervalJoin::open(spec, space)?, space)
            }
            Kind::AsOf(spec) => operator::open(plan, lefts, AsOf::open(spec, space)?, space),
        })
    }
}
