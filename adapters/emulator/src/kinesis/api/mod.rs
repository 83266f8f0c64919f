//! The operations, one file for each or for a few that belong together: parameters, rules, results.

pub(super) mod accounts;
pub(super) mod consumers;
pub(super) mod describe;
pub(super) mod encryption;
pub(super) mod get;
pub(super) mod iterators;
pub(super) mod lists;
pub(super) mod modes;
pub(super) mod monitoring;
pub(super) mod policies;
pub(super) mod put;
pub(super) mod reshard;
pub(super) mod retention;
pub(super) mod scaling;
pub(super) mod shards;
pub(super) mod streams;
pub(super) mod subscribe;
pub(super) mod tags;
mod tokens;
mod views;

use serde::Deserialize;

/// The parameters of an operation that takes nothing but a stream.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfStream {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
}

/// The parameters of an operation that takes none.
#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}
