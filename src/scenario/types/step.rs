//! What happens to the records of a pipeline.

use super::{Address, Enrich, Expr, Read, Related, Route, Table, TimeExpr, Window};
use crate::document::Place;
use crate::engine::Case;
use crate::generate::Rate;

/// A step: what happens to the records.
#[derive(Clone, Debug)]
pub enum Step {
    /// Each result of the program is a record of its own.
    Map(Expr),
    /// Each element of the arrays that the program gives is a record of its own.
    FlatMap(Expr),
    /// Each word of the text that the program gives is a record of its own.
    Words(Words),
    /// Records stay if the program's first result is neither `false` nor `null`.
    Filter(Expr),
    /// A share of the records stays.
    Sample(Sample),
    /// The program's first result becomes the key; `null` removes it.
    Key(Expr),
    /// The program's first result becomes the key, and there must be one.
    KeyBy(Expr),
    /// The program's first result becomes the record's time.
    Time(TimeExpr),
    /// No more records than so many in a stretch of time; the first or the last step.
    Rate(Limit),
    /// Records go different ways.
    Route(Box<Route>),
    /// Each record gets the row of a table that belongs to it.
    Enrich(Box<Enrich>),
    /// Records meet others of the same key, or their like.
    Related(Box<Related>),
    /// Results per key and window take the place of the records.
    Window(Box<Window>),
}

/// The words of a text.
#[derive(Clone, Debug)]
pub struct Words {
    /// Gives the text.
    pub text: Expr,
    /// How words are written.
    pub case: Case,
}

/// A share of the records.
#[derive(Clone, Debug)]
pub struct Sample {
    /// From 0 to 1.
    pub share: f64,
    /// Another seed takes others.
    pub seed: u64,
    /// Records for which it gives the same go the same way.
    pub by: Option<Expr>,
    /// Where it is written.
    pub place: Place,
}

/// A limit of records in a stretch of time.
#[derive(Clone, Debug)]
pub struct Limit {
    /// How many.
    pub rate: Rate,
    /// Where it is written.
    pub place: Place,
}

impl Step {
    /// Its name in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Map(_) => "map",
            Self::FlatMap(_) => "flat-map",
            Self::Words(_) => "words",
            Self::Filter(_) => "filter",
            Self::Sample(_) => "sample",
            Self::Key(_) => "key",
            Self::KeyBy(_) => "key-by",
            Self::Time(_) => "time",
            Self::Rate(_) => "rate",
            Self::Route(_) => "route",
            Self::Enrich(_) => "enrich",
            Self::Related(related) => related.name,
            Self::Window(_) => "window",
        }
    }

    /// The text of each of its programs, and where it is written.
    pub fn programs(&self) -> Vec<(&str, &Place)> {
        match self {
            Self::Map(expr)
            | Self::FlatMap(expr)
            | Self::Filter(expr)
            | Self::Key(expr)
            | Self::KeyBy(expr) => vec![expr.text()],
            Self::Words(words) => vec![words.text.text()],
            Self::Sample(sample) => sample.by.iter().map(Expr::text).collect(),
            Self::Time(expr) => vec![(&expr.source, &expr.place)],
            Self::Rate(_) => Vec::new(),
            Self::Route(route) => route.cases.iter().map(|case| case.when.text()).collect(),
            Self::Enrich(enrich) => vec![enrich.by.text()],
            Self::Related(related) => {
                let programs = related.programs.iter();
                programs
                    .map(|(text, place)| (text.as_str(), place))
                    .collect()
            }
            Self::Window(window) => window.programs(),
        }
    }

    /// Whether it keeps state between records.
    pub fn remembers(&self) -> bool {
        matches!(self, Self::Window(_) | Self::Related(_))
    }

    /// The table or second source it reads, and where that is named.
    pub fn table(&self) -> Option<(&Read, &Place)> {
        match self {
            Self::Enrich(enrich) => match &enrich.with {
                Table::Read(read) => Some((read, &enrich.place)),
                Table::Postgres(_) => None,
            },
            Self::Related(related) => Some((related.with.as_ref()?, &related.place)),
            _ => None,
        }
    }

    /// The right source of a join, and where that is named.
    pub fn partner(&self) -> Option<(&Read, &Place)> {
        match self {
            Self::Related(_) => self.table(),
            _ => None,
        }
    }

    /// The text of each program over what it reads beside the source, and where it is written.
    pub fn table_programs(&self) -> Vec<(&str, &Place)> {
        match self {
            Self::Enrich(enrich) => vec![enrich.key.text(), enrich.value.text()],
            Self::Related(related) => {
                let programs = related.partner_programs.iter();
                programs
                    .map(|(text, place)| (text.as_str(), place))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// The streams it sends records to, past all later steps and the sink, and where they are named.
    pub fn sides(&self) -> Vec<(&Address, &Place)> {
        match self {
            Self::Window(window) => {
                let late = window.late.iter();
                late.map(|late| (late, &window.place)).collect()
            }
            Self::Route(route) => route.sides().collect(),
            _ => Vec::new(),
        }
    }

    /// Where what it is about is written.
    pub fn place(&self) -> &Place {
        match self {
            Self::Map(expr)
            | Self::FlatMap(expr)
            | Self::Filter(expr)
            | Self::Key(expr)
            | Self::KeyBy(expr) => &expr.place,
            Self::Words(words) => &words.text.place,
            Self::Sample(sample) => &sample.place,
            Self::Time(expr) => &expr.place,
            Self::Rate(limit) => &limit.place,
            Self::Route(route) => &route.place,
            Self::Enrich(enrich) => &enrich.by.place,
            Self::Related(related) => &related.place,
            Self::Window(window) => &window.place,
        }
    }
}
