//! Amazon SQS: standard and FIFO queues over [`crate::queue`], in the JSON and in the query protocol.
//!
//! Rules, limits and messages of errors are those of the Amazon SQS API reference (version 2012-11-05) and of its
//! developer guide. What differs is listed by [`crate::aws::coverage`].

mod api;
mod attributes;
mod call;
mod dead_letters;
mod entries;
mod error;
mod exchange;
mod message_attributes;
mod messages;
mod move_tasks;
mod names;
mod operations;
mod queue;
mod receipts;
mod service;
mod text;

use crate::store::LogSettings;

pub(crate) use call::{Call, Output};
pub(crate) use exchange::records_of;
pub(crate) use names::NAMES;
pub(crate) use operations::{answer, operations};
pub(crate) use service::Sqs;

/// What `X-Amz-Target` begins with.
pub(crate) const TARGET: &str = "AmazonSQS";

/// Small segments, so that what was deleted is freed soon.
pub(crate) const LOG_SETTINGS: LogSettings = LogSettings {
    segment_bytes: 1 << 20,
    segment_ms: i64::MAX,
    retention_ms: None,
    retention_bytes: None,
};

/// The greatest message, attributes included, and the greatest batch, in bytes.
const MESSAGE_BYTES: usize = 1 << 20;
