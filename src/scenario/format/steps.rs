//! The steps of a pipeline, as they are written.

mod enrich;
mod flow;
mod relate;
mod route;

pub use enrich::{Cache, Enrich, EnrichStep, EnrichTable, Missing, Postgres, Table};
pub use flow::{FlatMapStep, KeyByStep, RateStep, SampleStep, WordCase, WordsStep};
pub use relate::{AsOf, AsOfStep, DedupeBy, DedupeStep, Join, JoinStep, JoinType};
pub use route::{RouteCase, RouteElse, RouteElseWord, RouteStep, RouteTo};
