//! The step `route`, as it is written.

use schemars::JsonSchema;

use crate::scenario::format::{Jq, StreamAddress};

/// Records go different ways: the first case whose condition holds takes a record.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RouteStep {
    /// The ways, in the order in which they are tried.
    pub route: Vec<RouteCase>,
    /// What becomes of a record that no case takes: `next` (the default) goes on to the next step, `filter` leaves it
    /// out, `fail` makes it a bad record, `{to: STREAM}` sends it there.
    #[schemars(rename = "else")]
    pub otherwise: Option<RouteElse>,
}

/// A way, and who takes it.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RouteCase {
    /// It takes a record for which this program is true, such as `.amount > 100`.
    pub when: Jq,
    /// The stream it goes to, past all later steps; without it the record goes on to the next step.
    pub to: Option<StreamAddress>,
}

/// What becomes of a record that no case takes.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum RouteElse {
    /// `next`, `filter` or `fail`.
    Plain(RouteElseWord),
    /// It goes to another stream.
    To(RouteTo),
}

/// What becomes of a record that no case takes.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum RouteElseWord {
    /// It goes on to the next step.
    Next,
    /// It is left out.
    Filter,
    /// It is a bad record, see `on-error`.
    Fail,
}

/// The record goes to another stream.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RouteTo {
    /// The stream, by name or address.
    pub to: StreamAddress,
}
