//! StartMessageMoveTask, CancelMessageMoveTask, ListMessageMoveTasks.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::aws::AwsError;
use crate::sqs::call::Call;
use crate::sqs::dead_letters::{RedrivePolicy, bad_arn, parse_arn};
use crate::sqs::error::{invalid, invalid_value, missing, sqs};
use crate::sqs::move_tasks::{MoveTask, Status, source_of};
use crate::sqs::queue::Queue;

/// The parameters of StartMessageMoveTask.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Start {
    source_arn: Option<String>,
    destination_arn: Option<String>,
    max_number_of_messages_per_second: Option<i64>,
}

/// The handle of a task.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Started {
    task_handle: String,
}

/// StartMessageMoveTask.
pub(in crate::sqs) fn start(call: &Call<'_>, input: Start) -> Result<Started, AwsError> {
    let source = source(call, input.source_arn.as_deref())?;
    let source_arn = source.arn();
    let is_target = |queue: &Arc<Queue>| {
        RedrivePolicy::of(&queue.attributes()).is_some_and(|policy| policy.target_arn == source_arn)
    };
    if !call.sqs.queues(call.region).iter().any(is_target) {
        return Err(invalid(
            "Source queue must be configured as a Dead Letter Queue.",
        ));
    }
    let destination = match input.destination_arn.as_deref() {
        None => None,
        Some(arn) if arn == source_arn => {
            return Err(invalid(
                "Source queue arn and destination queue arn cannot be the same.",
            ));
        }
        Some(arn) => Some(find(call, arn, "DestinationArn")?),
    };
    if destination
        .as_ref()
        .is_some_and(|queue| queue.is_fifo() != source.is_fifo())
    {
        return Err(invalid(
            "Source queue and destination queue have to be of the same type.",
        ));
    }
    let rate = input.max_number_of_messages_per_second;
    if let Some(rate) = rate.filter(|rate| !(1..=500).contains(rate)) {
        return Err(invalid_value(
            rate,
            "MaxNumberOfMessagesPerSecond",
            "Must be between 1 and 500, if provided.",
        ));
    }
    let task = call
        .sqs
        .move_tasks
        .start(call.sqs, source, destination, rate);
    let task = task.ok_or_else(|| {
        invalid("There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
    })?;
    Ok(Started {
        task_handle: task.handle.clone(),
    })
}

fn source(call: &Call<'_>, arn: Option<&str>) -> Result<Arc<Queue>, AwsError> {
    find(call, arn.ok_or_else(|| missing("SourceArn"))?, "SourceArn")
}

fn find(call: &Call<'_>, arn: &str, parameter: &str) -> Result<Arc<Queue>, AwsError> {
    let is_foreign = || arn.starts_with("arn:aws:sqs:") && arn.split(':').count() == 6;
    if parse_arn(arn).is_none() && !is_foreign() {
        return Err(bad_arn(parameter));
    }
    call.sqs.queue_of_arn(arn).ok_or_else(|| {
        let message =
            format!("The resource that you specified for the {parameter} parameter doesn't exist.");
        AwsError {
            status: 404,
            ..sqs("ResourceNotFoundException", message)
        }
    })
}

/// The parameters of CancelMessageMoveTask.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Cancel {
    task_handle: Option<String>,
}

/// What a cancelled task had done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Cancelled {
    approximate_number_of_messages_moved: i64,
}

/// CancelMessageMoveTask.
pub(in crate::sqs) fn cancel(call: &Call<'_>, input: Cancel) -> Result<Cancelled, AwsError> {
    let handle = input.task_handle.ok_or_else(|| missing("TaskHandle"))?;
    let source =
        source_of(&handle).ok_or_else(|| invalid("Value for parameter TaskHandle is invalid."))?;
    find(call, &source, "SourceArn")?;
    let task = call.sqs.move_tasks.find(&handle).ok_or_else(|| AwsError {
        status: 404,
        ..sqs("ResourceNotFoundException", "Task does not exist.")
    })?;
    if task.status() != Status::Running {
        return Err(invalid("Only active tasks can be cancelled."));
    }
    task.cancel();
    Ok(Cancelled {
        approximate_number_of_messages_moved: task.moved(),
    })
}

/// The parameters of ListMessageMoveTasks.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct List {
    source_arn: Option<String>,
    max_results: Option<i64>,
}

/// The latest tasks of a queue.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Listed {
    results: Vec<Entry>,
}

/// One task.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    /// Of a task that runs; others have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_handle: Option<String>,
    status: Status,
    source_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_number_of_messages_per_second: Option<i64>,
    approximate_number_of_messages_moved: i64,
    approximate_number_of_messages_to_move: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<String>,
    started_timestamp: i64,
}

impl From<&MoveTask> for Entry {
    fn from(task: &MoveTask) -> Self {
        let status = task.status();
        Self {
            task_handle: (status == Status::Running).then(|| task.handle.clone()),
            status,
            source_arn: task.source_arn.clone(),
            destination_arn: task.destination_arn.clone(),
            max_number_of_messages_per_second: task.per_second,
            approximate_number_of_messages_moved: task.moved(),
            approximate_number_of_messages_to_move: task.to_move,
            failure_reason: task.failure(),
            started_timestamp: task.started_ms,
        }
    }
}

/// ListMessageMoveTasks.
pub(in crate::sqs) fn list(call: &Call<'_>, input: List) -> Result<Listed, AwsError> {
    let source = source(call, input.source_arn.as_deref())?;
    let limit = input.max_results.unwrap_or(1);
    if !(1..=10).contains(&limit) {
        return Err(invalid_value(
            limit,
            "MaxResults",
            "Must be between 1 and 10, if provided.",
        ));
    }
    let tasks = call.sqs.move_tasks.of(&source.arn());
    let latest = tasks.iter().take(limit.unsigned_abs() as usize);
    Ok(Listed {
        results: latest.map(|task| Entry::from(&**task)).collect(),
    })
}
