//! The operations, one file for each or for a few that belong together: parameters, rules, results.

pub(super) mod attributes;
pub(super) mod dead_letters;
pub(super) mod delete;
pub(super) mod move_tasks;
pub(super) mod pages;
pub(super) mod permissions;
pub(super) mod purge;
pub(super) mod queues;
pub(super) mod receive;
pub(super) mod send;
pub(super) mod tags;
pub(super) mod visibility;

use serde::{Deserialize, Serialize};

/// The parameters of an operation that takes nothing but a queue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfQueue {
    queue_url: Option<String>,
}

/// The result of an operation that has none.
#[derive(Debug, Serialize)]
pub(super) struct Nothing {}
