//! The task that keeps leases alive, and what ends a lease: deleting, or giving back.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry as Change,
    DeleteMessageBatchRequestEntry as Delete,
};
use futures::{StreamExt, TryStreamExt, stream};
use ssectl_adapter::{Error, ErrorKind, Receipt, Result};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::leases::{Due, Leases};
use crate::client::Queue;
use crate::config::SqsConfig;
use crate::error::entry;

/// Messages in one request.
const MOST_ENTRIES: usize = 10;
/// Requests for entries that a queue could not deal with for now.
const TRIES: usize = 3;

/// Holds the leases of one reader. Dropped, it gives them back.
pub(super) struct Keeper {
    hands: Hands,
    task: JoinHandle<()>,
    /// The task ends when this is dropped.
    alive: oneshot::Sender<()>,
}

/// What it takes to work on leases.
#[derive(Clone)]
struct Hands {
    queue: Queue,
    leases: Arc<Leases>,
    timeout: Duration,
    requests: usize,
}

impl Keeper {
    pub(super) fn start(queue: Queue, config: &SqsConfig) -> Self {
        let hands = Hands {
            queue,
            leases: Arc::default(),
            timeout: config.visibility_timeout.as_duration(),
            requests: config.requests.into(),
        };
        let (alive, ended) = oneshot::channel();
        Self {
            task: tokio::spawn(hands.clone().keep(ended)),
            hands,
            alive,
        }
    }

    /// The leases, for those who receive.
    pub(super) fn leases(&self) -> &Arc<Leases> {
        &self.hands.leases
    }

    /// Deletes messages. One whose lease was lost will come again, which is no error.
    pub(super) async fn delete(&self, receipts: &[Receipt]) -> Result<()> {
        let hands = &self.hands;
        let receipts = receipts.iter().map(|receipt| receipt.0.clone()).collect();
        stream::iter(chunks(receipts))
            .map(|chunk| hands.delete(chunk))
            .buffer_unordered(hands.requests)
            .try_collect()
            .await
    }

    /// Makes messages visible to others at once.
    pub(super) async fn release(&self, receipts: Vec<String>) -> Result<()> {
        self.hands.release(receipts).await
    }

    /// Gives back all that is left.
    pub(super) async fn close(self) -> Result<()> {
        drop(self.alive);
        // It was not aborted, and does not panic.
        let _ = self.task.await;
        Ok(())
    }
}

impl Hands {
    /// Extends leases until the reader is gone, then gives back what it still has.
    async fn keep(self, mut ended: oneshot::Receiver<()>) {
        let mut tick = tokio::time::interval(self.timeout / 8);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = &mut ended => break,
                _ = tick.tick() => self.extend().await,
            }
        }
        // Who cannot give back lets the leases run out.
        let _ = self.release(self.leases.receipts()).await;
    }

    /// Extends what is due. What cannot be extended now is due again at the next tick.
    async fn extend(&self) {
        let due = self.leases.due(Instant::now(), self.timeout);
        stream::iter(chunks(due))
            .map(|chunk| self.extend_some(chunk))
            .buffer_unordered(self.requests)
            .collect::<()>()
            .await;
    }

    async fn extend_some(&self, due: Vec<Due>) {
        let now = Instant::now();
        let changes = due
            .iter()
            .map(|due| (due.receipt.clone(), due.extension))
            .collect();
        let Ok(failed) = self.change(changes).await else {
            return;
        };
        let lost: Vec<_> = failed
            .iter()
            .filter(|failed| is_gone(failed))
            .filter_map(index)
            .collect();
        self.leases.remove(
            lost.iter()
                .filter_map(|i| due.get(*i))
                .map(|due| due.receipt.as_str()),
        );
        let failed: Vec<_> = failed.iter().filter_map(index).collect();
        let done = due.iter().enumerate().filter(|(i, _)| !failed.contains(i));
        self.leases.extended(done.map(|(_, due)| due), now);
    }

    async fn release(&self, receipts: Vec<String>) -> Result<()> {
        self.leases.remove(receipts.iter().map(String::as_str));
        let changes = receipts
            .into_iter()
            .map(|receipt| (receipt, Duration::ZERO));
        stream::iter(chunks(changes.collect()))
            .map(|chunk| self.change(chunk))
            .buffer_unordered(self.requests)
            .try_for_each(|_| std::future::ready(Ok(())))
            .await
    }

    async fn change(&self, changes: Vec<(String, Duration)>) -> Result<Vec<BatchResultErrorEntry>> {
        let entries = changes
            .into_iter()
            .enumerate()
            .map(|(id, (receipt, timeout))| {
                let change = Change::builder().id(id.to_string()).receipt_handle(receipt);
                let seconds = i32::try_from(timeout.as_secs()).unwrap_or(i32::MAX);
                change
                    .visibility_timeout(seconds)
                    .build()
                    .expect("id and receipt are there, and nothing else is required")
            });
        let asked = self
            .queue
            .client
            .change_message_visibility_batch()
            .queue_url(&*self.queue.url);
        match asked.set_entries(Some(entries.collect())).send().await {
            Ok(answer) => Ok(answer.failed),
            Err(error) => Err(self.queue.fault("extending leases", error)),
        }
    }

    /// Deletes up to ten messages, and tries again those that the queue could not delete for now.
    async fn delete(&self, mut receipts: Vec<String>) -> Result<()> {
        let mut last = None;
        for _ in 0..TRIES {
            let failed = self.delete_once(&receipts).await?;
            let mut left = Vec::new();
            for failed in failed.iter().filter(|failed| !is_gone(failed)) {
                let error = entry(failed);
                if !error.is_temporary() {
                    return Err(error.with("queue", &self.queue.name));
                }
                left.extend(index(failed).and_then(|i| receipts.get(i).cloned()));
                last = Some(error);
            }
            let done = receipts.iter().filter(|receipt| !left.contains(receipt));
            self.leases.remove(done.map(String::as_str));
            if left.is_empty() {
                return Ok(());
            }
            receipts = left;
        }
        let why = last.map_or_else(String::new, |error| format!(": {error}"));
        let message = format!("{} messages could not be deleted{why}", receipts.len());
        Err(Error::new(ErrorKind::Unavailable, message)
            .temporary()
            .with("queue", &self.queue.name))
    }

    async fn delete_once(&self, receipts: &[String]) -> Result<Vec<BatchResultErrorEntry>> {
        let entries = receipts.iter().enumerate().map(|(id, receipt)| {
            Delete::builder()
                .id(id.to_string())
                .receipt_handle(receipt)
                .build()
                .expect("id and receipt are there, and nothing else is required")
        });
        let asked = self
            .queue
            .client
            .delete_message_batch()
            .queue_url(&*self.queue.url);
        match asked.set_entries(Some(entries.collect())).send().await {
            Ok(answer) => Ok(answer.failed),
            Err(error) => Err(self.queue.fault("deleting messages", error)),
        }
    }
}

/// As many as fit into one request, each.
fn chunks<T>(all: Vec<T>) -> Vec<Vec<T>> {
    let mut chunks = Vec::with_capacity(all.len().div_ceil(MOST_ENTRIES));
    let mut all = all.into_iter().peekable();
    while all.peek().is_some() {
        chunks.push(all.by_ref().take(MOST_ENTRIES).collect());
    }
    chunks
}

/// Whether the lease was over before the request: the message is deleted already, or it is
/// visible again and will come once more.
fn is_gone(failed: &BatchResultErrorEntry) -> bool {
    let code = failed.code();
    let expired = || {
        failed
            .message()
            .is_some_and(|message| message.contains("expired"))
    };
    code.ends_with("ReceiptHandleIsInvalid")
        || code.ends_with("MessageNotInflight")
        || code.ends_with("InvalidParameterValue") && expired()
}

/// The place of a failed entry in its request.
fn index(failed: &BatchResultErrorEntry) -> Option<usize> {
    failed.id().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_leases_are_told_from_failures() {
        let failed = |code: &str, message: &str| {
            let entry = BatchResultErrorEntry::builder()
                .id("3")
                .code(code)
                .message(message);
            entry
                .sender_fault(true)
                .build()
                .expect("all that is required")
        };
        let expired = "Value ... for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.";
        for (code, message, gone) in [
            ("ReceiptHandleIsInvalid", "", true),
            ("AWS.SimpleQueueService.MessageNotInflight", "", true),
            ("InvalidParameterValue", expired, true),
            ("InvalidParameterValue", "something else", false),
            ("InternalError", "", false),
        ] {
            assert_eq!(is_gone(&failed(code, message)), gone, "{code}");
        }
        assert_eq!(index(&failed("x", "")), Some(3));
    }
}
