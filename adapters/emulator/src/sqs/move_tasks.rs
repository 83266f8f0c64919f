//! Message move tasks: dead letters go back to where they came from, or to another queue.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::sleep;
use uuid::Uuid;

use super::messages::Envelope;
use super::queue::Queue;
use super::service::Sqs;
use crate::aws::AwsError;
use crate::queue::{Leased, NewMessage, OnExpired};
use crate::store::LockExt;

/// Tasks of one queue that are remembered.
const REMEMBERED: usize = 10;

/// For how long a message is leased while it is moved.
const LEASE_MS: i64 = 30_000;

/// Messages moved at a time.
const BATCH: usize = 10;

/// All tasks, oldest first.
#[derive(Debug, Default)]
pub(super) struct MoveTasks(Mutex<Vec<Arc<MoveTask>>>);

/// One task.
#[derive(Debug)]
pub(super) struct MoveTask {
    pub(super) handle: String,
    pub(super) source_arn: String,
    pub(super) destination_arn: Option<String>,
    pub(super) per_second: Option<i64>,
    pub(super) to_move: i64,
    pub(super) started_ms: i64,
    moved: AtomicI64,
    is_cancelled: AtomicBool,
    outcome: Mutex<Option<Result<(), String>>>,
}

/// Where a task is, as ListMessageMoveTasks says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Status {
    /// It moves messages.
    Running,
    /// It was cancelled but has not ended.
    Cancelling,
    /// It was cancelled.
    Cancelled,
    /// It ended with an error.
    Failed,
    /// It moved everything.
    Completed,
}

impl MoveTask {
    /// Where it is.
    pub(super) fn status(&self) -> Status {
        let is_cancelled = self.is_cancelled.load(Ordering::Acquire);
        match (&*self.outcome.locked(), is_cancelled) {
            (None, false) => Status::Running,
            (None, true) => Status::Cancelling,
            (Some(Err(_)), _) => Status::Failed,
            (Some(Ok(())), true) => Status::Cancelled,
            (Some(Ok(())), false) => Status::Completed,
        }
    }

    /// How many messages it has moved.
    pub(super) fn moved(&self) -> i64 {
        self.moved.load(Ordering::Acquire)
    }

    /// Why it failed.
    pub(super) fn failure(&self) -> Option<String> {
        self.outcome.locked().clone()?.err()
    }

    /// Has it end; what was moved stays moved.
    pub(super) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Release);
    }
}

impl MoveTasks {
    /// The tasks of a queue, latest first.
    pub(super) fn of(&self, source_arn: &str) -> Vec<Arc<MoveTask>> {
        let tasks = self.0.locked();
        let own = tasks
            .iter()
            .rev()
            .filter(|task| task.source_arn == source_arn);
        own.cloned().collect()
    }

    /// The task with that handle.
    pub(super) fn find(&self, handle: &str) -> Option<Arc<MoveTask>> {
        let tasks = self.0.locked();
        tasks.iter().find(|task| task.handle == handle).cloned()
    }

    /// Ends and forgets all tasks.
    pub(super) fn reset(&self) {
        self.0.locked().drain(..).for_each(|task| task.cancel());
    }

    /// Starts a task, unless one runs for the same queue.
    pub(super) fn start(
        &self,
        sqs: &Arc<Sqs>,
        source: Arc<Queue>,
        destination: Option<Arc<Queue>>,
        per_second: Option<i64>,
    ) -> Option<Arc<MoveTask>> {
        let source_arn = source.arn();
        let mut tasks = self.0.locked();
        let own = || tasks.iter().filter(|task| task.source_arn == source_arn);
        if own().any(|task| matches!(task.status(), Status::Running | Status::Cancelling)) {
            return None;
        }
        if own().count() >= REMEMBERED
            && let Some(oldest) = tasks.iter().position(|task| task.source_arn == source_arn)
        {
            tasks.remove(oldest);
        }
        let task = Arc::new(MoveTask {
            handle: task_handle(&source_arn),
            destination_arn: destination.as_ref().map(|queue| queue.arn()),
            per_second,
            to_move: source.messages.counts().ready as i64,
            started_ms: sqs.now_ms(),
            moved: AtomicI64::new(0),
            is_cancelled: AtomicBool::new(false),
            outcome: Mutex::default(),
            source_arn,
        });
        tasks.push(Arc::clone(&task));
        tokio::spawn(run(Arc::clone(sqs), Arc::clone(&task), source, destination));
        Some(task)
    }
}

/// A new handle in AWS's form: the task's id and its source as JSON, in base64.
fn task_handle(source_arn: &str) -> String {
    let document = json!({"taskId": Uuid::new_v4().to_string(), "sourceArn": source_arn});
    STANDARD.encode(document.to_string())
}

/// The source that a handle names, whether or not there is such a task; `None` if it is no handle.
pub(super) fn source_of(handle: &str) -> Option<String> {
    let bytes = STANDARD.decode(handle).ok()?;
    let document: Value = serde_json::from_slice(&bytes).ok()?;
    Some(document["sourceArn"].as_str()?.to_owned())
}

/// Moves what is in the queue until nothing is left.
async fn run(
    sqs: Arc<Sqs>,
    task: Arc<MoveTask>,
    source: Arc<Queue>,
    destination: Option<Arc<Queue>>,
) {
    let limit = task
        .per_second
        .map_or(BATCH, |rate| BATCH.min(rate as usize));
    let pause = task
        .per_second
        .map(|rate| Duration::from_secs_f64(limit as f64 / rate as f64));
    let mut stopped = sqs.stopped();
    let outcome = loop {
        if task.is_cancelled.load(Ordering::Acquire) {
            break Ok(());
        }
        let leased = match source.messages.receive(limit, LEASE_MS, None) {
            Ok(received) => received.messages,
            Err(error) => break Err(error.to_string()),
        };
        if leased.is_empty() {
            break Ok(());
        }
        let moved = leased.iter().try_for_each(|leased| {
            move_one(&sqs, &source, destination.as_deref(), leased)?;
            task.moved.fetch_add(1, Ordering::AcqRel);
            Ok(())
        });
        if let Err(error) = moved {
            leased.iter().for_each(|leased| {
                // What was moved is gone, the others are to be seen again.
                source
                    .messages
                    .change_lease(leased.receipt, 0, i64::MAX / 2, OnExpired::Refuse)
                    .ok();
            });
            break Err(error);
        }
        tokio::select! {
            () = sleep(pause.unwrap_or_default()) => {}
            _ = stopped.wait_for(|stopped| *stopped) => break Err("the emulator ended".to_owned()),
        }
    };
    *task.outcome.locked() = Some(outcome);
}

/// Moves a message; it is a new one with an id and an age of its own from then on.
fn move_one(
    sqs: &Sqs,
    source: &Queue,
    destination: Option<&Queue>,
    leased: &Leased,
) -> Result<(), String> {
    let message = &leased.message;
    let mut envelope = Envelope::decode(message.envelope.clone());
    let origin = std::mem::take(&mut envelope.dead_letter_of);
    let original = match destination {
        Some(_) => None,
        None => sqs.queue_of_arn(&origin),
    };
    let target = destination.or(original.as_deref());
    let target = target.ok_or("AWS.SimpleQueueService.NonExistentQueue")?;
    let sent = target.messages.send(NewMessage {
        id: Uuid::new_v4().as_u128(),
        sent_ms: None,
        delay_ms: None,
        receives: 0,
        group: message.group.as_deref(),
        dedup: None,
        envelope: &envelope.encode(),
        body: &message.body,
    });
    let settled = sent.and_then(|_| source.messages.settle(&[leased.receipt], OnExpired::Settle));
    settled.map(drop).map_err(|error| error.to_string())
}

/// Takes messages that were received too often to the dead-letter queue. They keep their ids and their age.
///
/// # Errors
/// The dead-letter queue cannot take them; they stay where they are then.
pub(super) fn bury(source: &Queue, target: &Queue, exhausted: &[Leased]) -> Result<(), AwsError> {
    for leased in exhausted {
        let message = &leased.message;
        let mut envelope = Envelope::decode(message.envelope.clone());
        envelope.dead_letter_of = source.arn();
        target.messages.send(NewMessage {
            id: message.id,
            // In a FIFO queue the age counts from when the message came into the dead-letter queue.
            sent_ms: Some(message.sent_ms).filter(|_| !target.is_fifo()),
            delay_ms: Some(0),
            receives: leased.receives,
            group: message.group.as_deref(),
            dedup: None,
            envelope: &envelope.encode(),
            body: &message.body,
        })?;
        source
            .messages
            .settle(&[leased.receipt], OnExpired::Settle)?;
    }
    Ok(())
}
