//! The step that sends records different ways.

use super::{Address, Expr};
use crate::document::Place;

/// The first case whose condition holds takes a record.
#[derive(Clone, Debug)]
pub struct Route {
    /// In the order of the file; at least one.
    pub cases: Vec<Case>,
    /// What becomes of a record that no case takes.
    pub otherwise: Otherwise,
    /// Where it is written.
    pub place: Place,
}

/// A way that records take.
#[derive(Clone, Debug)]
pub struct Case {
    /// It takes a record for which the program is true.
    pub when: Expr,
    /// Where it goes and where that is written; without it on to the next step.
    pub to: Option<(Address, Place)>,
}

/// What becomes of a record that no case takes.
#[derive(Clone, Debug)]
pub enum Otherwise {
    /// It goes on to the next step.
    Next,
    /// It is left out.
    Filter,
    /// It is a bad record.
    Fail,
    /// It goes to this stream.
    To(Address, Place),
}

impl Route {
    /// The streams that records go to, past all later steps and the sink.
    pub fn sides(&self) -> impl Iterator<Item = (&Address, &Place)> {
        let cases = self.cases.iter().filter_map(|case| case.to.as_ref());
        let otherwise = match &self.otherwise {
            Otherwise::To(address, place) => Some((address, place)),
            Otherwise::Next | Otherwise::Filter | Otherwise::Fail => None,
        };
        cases
            .map(|(address, place)| (address, place))
            .chain(otherwise)
    }
}
