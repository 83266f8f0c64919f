//! All queues.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use tokio::sync::watch;
use uuid::Uuid;

use super::LOG_SETTINGS;
use super::attributes::Values;
use super::dead_letters::{self, RedrivePolicy};
use super::error::{invalid_value, no_such_queue};
use super::move_tasks::MoveTasks;
use super::queue::{About, Queue};
use crate::aws::AwsError;
use crate::faults::Faults;
use crate::store::{RwLockExt, Store, StoreError, Stream};

/// How the names of streams begin that are queues; other services of AWS may share the store.
const STREAMS: &str = "sqs/";

/// Queues by region and name.
type Queues = BTreeMap<(String, String), Arc<Queue>>;

/// SQS.
#[derive(Debug)]
pub(crate) struct Sqs {
    store: Arc<Store>,
    queues: RwLock<Queues>,
    pub(super) move_tasks: MoveTasks,
    pub(super) faults: Faults,
    stopped: watch::Receiver<bool>,
}

impl Sqs {
    /// Opens the queues that are in the store. What waits ends when `stopped` becomes true.
    ///
    /// # Errors
    /// A queue cannot be read.
    pub(crate) fn open(
        store: Arc<Store>,
        stopped: watch::Receiver<bool>,
        faults: Faults,
    ) -> Result<Self, StoreError> {
        let mut queues = Queues::new();
        let own = |stream: &Arc<Stream>| stream.name().starts_with(STREAMS);
        for stream in store.streams().into_iter().filter(own) {
            let queue = Queue::open(Arc::clone(&store), stream)?;
            queues.insert((queue.region.clone(), queue.name.clone()), Arc::new(queue));
        }
        Ok(Self {
            store,
            queues: RwLock::new(queues),
            move_tasks: MoveTasks::default(),
            faults,
            stopped,
        })
    }

    /// Where everything is kept.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Unix milliseconds.
    pub(super) fn now_ms(&self) -> i64 {
        self.store.clock().now_ms()
    }

    /// Tells when the emulator ends.
    pub(super) fn stopped(&self) -> watch::Receiver<bool> {
        self.stopped.clone()
    }

    /// The queue of that name.
    pub(super) fn queue(&self, region: &str, name: &str) -> Option<Arc<Queue>> {
        let queues = self.queues.reading();
        queues.get(&(region.to_owned(), name.to_owned())).cloned()
    }

    /// The queue with that ARN.
    pub(super) fn queue_of_arn(&self, arn: &str) -> Option<Arc<Queue>> {
        let (region, name) = dead_letters::parse_arn(arn)?;
        self.queue(region, name)
    }

    /// The queues of a region, by name.
    pub(super) fn queues(&self, region: &str) -> Vec<Arc<Queue>> {
        let queues = self.queues.reading();
        let first = (region.to_owned(), String::new());
        let own = queues
            .range(first..)
            .take_while(|((of, _), _)| of == region);
        own.map(|(_, queue)| Arc::clone(queue)).collect()
    }

    /// Creates a queue, unless there is one of that name, which is returned then.
    ///
    /// # Errors
    /// It cannot be remembered.
    pub(super) fn create(
        &self,
        region: &str,
        name: &str,
        about: &About,
    ) -> Result<Arc<Queue>, StoreError> {
        let mut queues = self.queues.writing();
        let key = (region.to_owned(), name.to_owned());
        if let Some(known) = queues.get(&key) {
            return Ok(Arc::clone(known));
        }
        let stream_name = format!("{STREAMS}{region}/{name}");
        let id = Uuid::new_v4().as_u128();
        let remembered = about.remember(region, name);
        let stream = self
            .store
            .create(&stream_name, id, 1, LOG_SETTINGS, remembered)?;
        let stream = stream.ok_or(StoreError::Deleted)?;
        let queue = Arc::new(Queue::open(Arc::clone(&self.store), stream)?);
        queues.insert(key, Arc::clone(&queue));
        Ok(queue)
    }

    /// Deletes a queue with its messages.
    ///
    /// # Errors
    /// There is none of that name (any more), or the deletion cannot be remembered.
    pub(super) fn delete(&self, queue: &Queue) -> Result<(), AwsError> {
        let mut queues = self.queues.writing();
        if !self.store.delete(queue.messages.stream().name())? {
            return Err(no_such_queue());
        }
        queues.remove(&(queue.region.clone(), queue.name.clone()));
        drop(queues);
        // Readers that wait learn that it is gone.
        queue.messages.wake();
        Ok(())
    }

    /// Deletes all queues.
    ///
    /// # Errors
    /// A deletion cannot be remembered.
    pub(crate) fn reset(&self) -> Result<(), StoreError> {
        self.move_tasks.reset();
        let mut queues = self.queues.writing();
        while let Some((key, queue)) = queues.pop_first() {
            if let Err(error) = self.store.delete(queue.messages.stream().name()) {
                queues.insert(key, queue);
                return Err(error);
            }
            queue.messages.wake();
        }
        Ok(())
    }

    /// Drops old messages of all queues.
    ///
    /// # Errors
    /// A log cannot be written; other queues are cleaned all the same.
    pub(crate) fn clean_up(&self) -> Result<(), StoreError> {
        let queues: Vec<_> = self.queues.reading().values().cloned().collect();
        let results = queues.iter().map(|queue| match queue.messages.clean_up() {
            Err(StoreError::Deleted) => Ok(()),
            result => result,
        });
        // All of them, before the first error counts.
        results.collect::<Vec<_>>().into_iter().collect()
    }

    /// Checks that the dead-letter queue that attributes name suits the queue `source_arn`.
    ///
    /// # Errors
    /// There is none, or it is of the other kind, or does not take this queue's messages.
    pub(super) fn check_dead_letter_queue(
        &self,
        values: &Values,
        source_arn: &str,
        is_fifo: bool,
    ) -> Result<(), AwsError> {
        let Some(policy) = RedrivePolicy::of(values) else {
            return Ok(());
        };
        let text = values.get("RedrivePolicy").map_or("", String::as_str);
        let bad = |reason: &str| Err(invalid_value(text, "RedrivePolicy", reason));
        if policy.target_arn == source_arn {
            return Ok(());
        }
        match self.queue_of_arn(&policy.target_arn) {
            None => bad("Dead letter target does not exist."),
            Some(target) if target.is_fifo() != is_fifo => {
                bad("Dead-letter queue must be same type of queue as the source.")
            }
            Some(target) if !dead_letters::allows(&target.attributes(), source_arn) => {
                bad("Dead-letter queue does not allow this queue as a source.")
            }
            Some(_) => Ok(()),
        }
    }
}
