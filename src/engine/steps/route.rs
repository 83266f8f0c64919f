//! Records to one of several ways: the first case whose condition holds takes a record.

use std::sync::Arc;

use ssectl_adapter::Record;

use super::{Encoding, RecordError, eval};
use crate::engine::Tally;
use crate::expr::Program;

/// Sends each record one way.
#[derive(Clone)]
pub struct Route {
    /// In the order in which they are tried.
    pub cases: Arc<[Branch]>,
    /// Where a record goes that no case takes, and how many went there.
    pub otherwise: (Way, Tally),
    /// What the bytes are to be where records go aside.
    pub aside: Encoding,
}

/// One of the ways, and who takes it.
#[derive(Clone)]
pub struct Branch {
    /// It takes a record for which this is true.
    pub when: Program,
    /// Where it goes.
    pub way: Way,
    /// How many went there.
    pub taken: Tally,
}

/// Where a record goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// On to the next step.
    Next,
    /// To a side stream of the pipeline, by its index.
    Aside(usize),
    /// Nowhere: it is left out.
    Nowhere,
    /// It is a bad record.
    Bad,
}

impl Route {
    /// The number of the case that takes a record, or of all cases if none does, and where that leads.
    pub(super) fn choose(
        &self,
        record: &Record,
        encoding: Encoding,
    ) -> Result<(usize, Way), RecordError> {
        for (index, case) in self.cases.iter().enumerate() {
            if eval(record, encoding, |input| case.when.test(input))? {
                return Ok((index, case.way));
            }
        }
        match self.otherwise.0 {
            Way::Bad => Err(RecordError::Refused(
                "no case of `route` takes the record".to_owned(),
            )),
            way => Ok((self.cases.len(), way)),
        }
    }

    /// Counts a record that took this way.
    pub(super) fn count(&self, way: usize) {
        let case = self.cases.get(way).map(|case| &case.taken);
        case.unwrap_or(&self.otherwise.1).add(1);
    }
}
