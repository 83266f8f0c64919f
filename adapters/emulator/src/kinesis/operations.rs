//! The one table of what is served: it drives dispatch and [`crate::aws::coverage`].

use super::api::{describe, get, iterators, lists, put, shards, streams};
use super::call::{Call, Output};
use super::error::kinesis;
use crate::aws::AwsError;

/// One operation.
struct Operation {
    name: &'static str,
    run: fn(&Call<'_>, &[u8]) -> Result<Output, AwsError>,
    /// What is missing, or empty.
    missing: &'static str,
}

/// An [`Operation`] with a result.
macro_rules! operation {
    ($name:literal, $handler:path) => {
        operation!($name, $handler, "")
    };
    ($name:literal, $handler:path, $missing:expr) => {
        Operation {
            name: $name,
            run: |call, body| call.output(&$handler(call, call.parse(body)?)?),
            missing: $missing,
        }
    };
}

/// An [`Operation`] without one.
macro_rules! command {
    ($name:literal, $handler:path) => {
        command!($name, $handler, "")
    };
    ($name:literal, $handler:path, $missing:expr) => {
        Operation {
            name: $name,
            run: |call, body| {
                $handler(call, call.parse(body)?)?;
                Ok(Output::Document(Vec::new()))
            },
            missing: $missing,
        }
    };
}

/// Every operation of Kinesis, by name.
const OPERATIONS: &[Operation] = &[
    command!("CreateStream", streams::create),
    command!("DeleteStream", streams::delete),
    operation!("DescribeStream", describe::describe),
    operation!("DescribeStreamSummary", describe::summary),
    operation!("GetRecords", get::get),
    operation!("GetShardIterator", iterators::get),
    operation!("ListShards", shards::list),
    operation!("ListStreams", lists::list),
    operation!("PutRecord", put::put_record),
    operation!("PutRecords", put::put_records),
];

/// Runs an operation.
///
/// # Errors
/// As the operation has them, or there is none of that name.
pub(crate) fn answer(call: &Call<'_>, operation: &str, body: &[u8]) -> Result<Output, AwsError> {
    let found = OPERATIONS.iter().find(|known| known.name == operation);
    match found {
        Some(found) => (found.run)(call, body),
        None => Err(kinesis(
            "UnknownOperationException",
            format!("there is no operation `{operation}`"),
        )),
    }
}

/// The operations, and what is missing of each.
pub(crate) fn operations() -> impl Iterator<Item = (&'static str, &'static str)> {
    OPERATIONS
        .iter()
        .map(|operation| (operation.name, operation.missing))
}
