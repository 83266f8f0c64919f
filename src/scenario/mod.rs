//! Scenario files: read, checked, compiled; what they need of a target; whether their expectations hold.
//!
//! [`load()`] reports all faults of a file at once. [`Scenario::needs`] and [`check`] say before the
//! first record moves what a target lacks. A [`Checker`] per [`Expectation`] takes the records of a
//! stream after the run and gives a [`Verdict`].

mod addresses;
mod decode;
mod expect;
mod expectations;
mod fit;
pub mod format;
mod generated;
mod graph;
mod load;
mod needs;
mod params;
mod pipelines;
mod steps;
#[cfg(test)]
mod tests;
mod types;
mod window;

pub(crate) use expect::canonical;
pub use expect::{Checker, CheckerError, Line, Verdict};
pub use fit::{Mismatch, check};
pub use load::{Loaded, declared_params, load, schema};
pub use needs::{Feature, Need, Needs, Reader};
pub use params::Params;
pub use types::{
    Address, Count, Enrich, Equals, EqualsOrder, Expectation, Expr, Format, KeyOrder, Limit,
    Offsets, OnError, Otherwise, Param, ParamKind, Pipeline, Postgres, Read, Related, Replay,
    Route, RouteCase, Sample, Scenario, Sink, Source, SourceKind, Speed, Step, Stream, Table,
    TimeExpr, Window, Words,
};
