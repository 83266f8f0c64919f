//! What happens to the records of a pipeline.

use super::{Expr, TimeExpr};
use crate::document::Place;

/// A step: what happens to one record.
#[derive(Clone, Debug)]
pub enum Step {
    /// Each result of the program is a record of its own.
    Map(Expr),
    /// Records stay if the program's first result is neither `false` nor `null`.
    Filter(Expr),
    /// The program's first result becomes the key; `null` removes it.
    Key(Expr),
    /// The program's first result becomes the record's time.
    Time(TimeExpr),
}

impl Step {
    /// Its name in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Map(_) => "map",
            Self::Filter(_) => "filter",
            Self::Key(_) => "key",
            Self::Time(_) => "time",
        }
    }

    /// The program's text.
    pub fn source(&self) -> &str {
        match self {
            Self::Map(expr) | Self::Filter(expr) | Self::Key(expr) => &expr.source,
            Self::Time(expr) => &expr.source,
        }
    }

    /// Where the program is written.
    pub fn place(&self) -> &Place {
        match self {
            Self::Map(expr) | Self::Filter(expr) | Self::Key(expr) => &expr.place,
            Self::Time(expr) => &expr.place,
        }
    }
}
