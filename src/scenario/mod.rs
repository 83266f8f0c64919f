//! Scenario files: read, checked, compiled; what they need of a target; whether their expectations hold.

pub mod format;
mod types;

pub use types::{
    Address, Count, Equals, EqualsOrder, Expectation, Expr, Format, KeyOrder, Offsets, OnError,
    Param, ParamKind, Pipeline, Read, Replay, Scenario, Sink, Source, SourceKind, Speed, Step,
    Stream, TimeExpr,
};

fn redact(uri: &ssectl_adapter::StreamUri) -> String {
    crate::document::redact_uri(&uri.to_string())
}
