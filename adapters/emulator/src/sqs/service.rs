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
use super::text;
use crate::Bridge;
use crate::aws::AwsError;
use crate::faults::Faults;
use crate::interchange::{self, references, references::References};
use crate::store::{Attributes, RwLockExt, Store, StoreError, Stream};

/// How the names of streams begin that are queues; other services of AWS may share the store.
const STREAMS: &str = "sqs/";

/// Queues by region and name.
type Queues = BTreeMap<(String, String), Arc<Queue>>;

/// How the names of FIFO queues end.
const FIFO: &str = ".fifo";

/// The stream that a queue shares with other dialects: FIFO queues are another way to see it.
fn shared_name(queue: &str) -> &str {
    queue.strip_suffix(FIFO).unwrap_or(queue)
}

/// Whether the stream that a queue shares with other dialects is still there.
fn is_alive(queue: &Queue) -> bool {
    queue
        .messages
        .references()
        .is_some_and(References::is_alive)
}

/// SQS.
#[derive(Debug)]
pub(crate) struct Sqs {
    store: Arc<Store>,
    queues: RwLock<Queues>,
    pub(super) move_tasks: MoveTasks,
    pub(super) faults: Faults,
    /// What other dialects share, if they do.
    bridge: Option<Bridge>,
    stopped: watch::Receiver<bool>,
}

impl Sqs {
    /// Opens the queues that are in the store. What waits ends when `stopped` becomes true.
    ///
    /// # Errors
    /// A queue cannot be read.
    pub(crate) fn open(
        store: Arc<Store>,
        bridge: Option<Bridge>,
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
            bridge,
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
        let key = (region.to_owned(), name.to_owned());
        let known = self.queues.reading().get(&key).cloned();
        if self.bridge.is_none() || known.as_ref().is_some_and(|known| is_alive(known)) {
            return known;
        }
        let found = self.shared_queue(key, &About::usual(name, self.now_ms()));
        // What cannot be opened is not there.
        found.ok().flatten()
    }

    /// The queue of a stream that all dialects share; it is as `about` says if nobody asked for it before.
    ///
    /// # Errors
    /// It cannot be remembered or read.
    fn shared_queue(
        &self,
        key: (String, String),
        about: &About,
    ) -> Result<Option<Arc<Queue>>, StoreError> {
        let mut queues = self.queues.writing();
        match queues.get(&key) {
            Some(known) if is_alive(known) => return Ok(Some(Arc::clone(known))),
            // It was deleted in another dialect.
            Some(gone) => {
                self.delete_stream(gone)?;
                queues.remove(&key);
            }
            None => {}
        }
        let (region, name) = &key;
        let is_name = text::check_queue_name(name, name.ends_with(FIFO)).is_ok();
        let shared = interchange::stream(&self.store, shared_name(name));
        let Some(shared) = shared.filter(|_| is_name) else {
            return Ok(None);
        };
        let mut remembered = about.remember(region, name);
        remembered.extend(references::attributes(&shared));
        let queue = Arc::new(self.open_new(region, name, remembered)?);
        queues.insert(key, Arc::clone(&queue));
        Ok(Some(queue))
    }

    fn open_new(
        &self,
        region: &str,
        name: &str,
        attributes: Attributes,
    ) -> Result<Queue, StoreError> {
        let stream_name = format!("{STREAMS}{region}/{name}");
        let id = Uuid::new_v4().as_u128();
        let stream = self
            .store
            .create(&stream_name, id, 1, LOG_SETTINGS, attributes)?;
        Queue::open(Arc::clone(&self.store), stream.ok_or(StoreError::Deleted)?)
    }

    /// Deletes the stream of a queue; false if it is gone already.
    fn delete_stream(&self, queue: &Queue) -> Result<bool, StoreError> {
        let stream = queue.messages.stream();
        references::forget(&self.store, stream)?;
        self.store.delete(stream.name())
    }

    /// The queue with that ARN.
    pub(super) fn queue_of_arn(&self, arn: &str) -> Option<Arc<Queue>> {
        let (region, name) = dead_letters::parse_arn(arn)?;
        self.queue(region, name)
    }

    /// The queues of a region, by name.
    pub(super) fn queues(&self, region: &str) -> Vec<Arc<Queue>> {
        if self.bridge.is_some() {
            for stream in interchange::streams(&self.store) {
                drop(self.queue(region, stream.name()));
            }
        }
        let queues = self.queues.reading();
        let first = (region.to_owned(), String::new());
        let own = queues
            .range(first..)
            .take_while(|((of, _), _)| of == region);
        let own = own.map(|(_, queue)| Arc::clone(queue));
        own.filter(|queue| self.bridge.is_none() || is_alive(queue))
            .collect()
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
        let key = (region.to_owned(), name.to_owned());
        if let Some(bridge) = &self.bridge {
            interchange::get_or_create(&self.store, shared_name(name), bridge.partitions())?;
            let queue = self.shared_queue(key, about)?;
            return queue.ok_or(StoreError::Deleted);
        }
        let mut queues = self.queues.writing();
        if let Some(known) = queues.get(&key) {
            return Ok(Arc::clone(known));
        }
        let queue = self.open_new(region, name, about.remember(region, name))?;
        let queue = Arc::new(queue);
        queues.insert(key, Arc::clone(&queue));
        Ok(queue)
    }

    /// The queue of that name, if somebody asked for it before: a stream of other dialects is a queue of its own accord.
    pub(super) fn known_queue(&self, region: &str, name: &str) -> Option<Arc<Queue>> {
        let key = (region.to_owned(), name.to_owned());
        let known = self.queues.reading().get(&key).cloned();
        known.filter(|known| self.bridge.is_none() || is_alive(known))
    }

    /// Deletes a queue with its messages.
    ///
    /// # Errors
    /// There is none of that name (any more), or the deletion cannot be remembered.
    pub(super) fn delete(&self, queue: &Queue) -> Result<(), AwsError> {
        let mut queues = self.queues.writing();
        if !self.delete_stream(queue)? {
            return Err(no_such_queue());
        }
        queues.remove(&(queue.region.clone(), queue.name.clone()));
        drop(queues);
        if let Some(references) = queue.messages.references() {
            self.store.delete(references.shared().name())?;
        }
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
            if let Err(error) = self.delete_stream(&queue) {
                queues.insert(key, queue);
                return Err(error);
            }
            queue.messages.wake();
        }
        match self.bridge {
            Some(_) => interchange::delete_all(&self.store),
            None => Ok(()),
        }
    }

    /// Drops old messages of all queues.
    ///
    /// # Errors
    /// A log cannot be written; other queues are cleaned all the same.
    pub(crate) fn clean_up(&self) -> Result<(), StoreError> {
        if self.bridge.is_some() {
            self.forget_deleted()?;
        }
        let queues: Vec<_> = self.queues.reading().values().cloned().collect();
        let results = queues.iter().map(|queue| match queue.messages.clean_up() {
            Err(StoreError::Deleted) => Ok(()),
            result => result,
        });
        // All of them, before the first error counts.
        results.collect::<Vec<_>>().into_iter().collect()
    }

    /// Forgets queues whose streams were deleted in another dialect.
    fn forget_deleted(&self) -> Result<(), StoreError> {
        let mut queues = self.queues.writing();
        let gone = queues.extract_if(.., |_, queue| !is_alive(queue));
        for (_, queue) in gone {
            self.delete_stream(&queue)?;
            queue.messages.wake();
        }
        Ok(())
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
