//! The step that groups records by key and time.

use std::sync::Arc;

use super::{Address, Expr, TimeExpr};
use crate::document::Place;
use crate::window::Plan;

/// Windows over records.
#[derive(Clone, Debug)]
pub struct Window {
    /// What runs.
    pub plan: Arc<Plan>,
    /// What records are grouped by.
    pub by: Option<Expr>,
    /// The event time; the record's own without it.
    pub time: Option<TimeExpr>,
    /// What watermarks are kept by instead of the stream's partitions.
    pub partition: Option<Expr>,
    /// The watermark that a record brings.
    pub punctuation: Option<TimeExpr>,
    /// Where records go that come too late, if they are kept.
    pub late: Option<Address>,
    /// The aggregates as they are written.
    pub aggregates: Vec<String>,
    /// Where it is written.
    pub place: Place,
}

impl Window {
    /// The texts that have programs in them, and where they are written.
    pub fn programs(&self) -> Vec<(&str, &Place)> {
        let exprs = self.by.iter().chain(&self.partition).map(Expr::text);
        let times = self.time.iter().chain(&self.punctuation);
        let times = times.map(|time| (time.source.as_str(), &time.place));
        let aggregates = self
            .aggregates
            .iter()
            .map(|text| (text.as_str(), &self.place));
        exprs.chain(times).chain(aggregates).collect()
    }
}
