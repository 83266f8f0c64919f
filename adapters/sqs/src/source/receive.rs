//! Requests for messages: as many at once as the queue keeps busy, each a task of its own.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName as System};
use bytes::Bytes;
use ssectl_adapter::{Error, ErrorKind, Origin, Partition, Position, Record, Result};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::leases::Leases;
use crate::client::Queue;
use crate::config::SqsConfig;
use crate::message::decode;

/// Messages in one answer.
const MOST_MESSAGES: i32 = 10;
/// The first wait of a request, and the only one of a bounded read.
const SHORT: Duration = Duration::from_secs(1);
/// How long requests under way may still answer when the reader closes. Their messages are
/// given back; those of later answers come again when their leases run out.
const GRACE: Duration = Duration::from_millis(1500);

/// A leased message.
pub(super) struct Received {
    pub(super) receipt: String,
    /// The record, or what of the message is none.
    pub(super) record: Result<Record, (Origin, Bytes, Error)>,
}

/// What a request brought, and whether it counts as silence when that is nothing.
pub(super) type Answer = Result<(Vec<Received>, bool)>;

/// Asks a queue for messages.
pub(super) struct Receiver {
    task: Request,
    under_way: JoinSet<Done>,
    /// Requests at once: doubled by a full answer, one after an empty one.
    width: usize,
    most: usize,
    /// The wait of the next request: doubled by each empty answer.
    wait: Duration,
    longest_wait: Duration,
    /// Requests of earlier generations waited longer than a bounded read likes.
    generation: u32,
    /// Of this generation and under way.
    current: usize,
    /// Attempts at a FIFO queue whose answer was lost; asked for again, they bring the messages they leased.
    lost: Vec<String>,
}

/// What became of a request.
struct Done {
    answer: Result<Vec<Received>>,
    generation: u32,
    attempt: Option<String>,
}

#[derive(Clone)]
struct Request {
    queue: Queue,
    leases: Arc<Leases>,
    timeout: Duration,
    visibility_seconds: i32,
}

impl Receiver {
    pub(super) fn new(queue: Queue, leases: &Arc<Leases>, config: &SqsConfig) -> Self {
        let longest_wait = config.wait.as_duration();
        Self {
            task: Request {
                queue,
                leases: leases.clone(),
                timeout: config.visibility_timeout.as_duration(),
                visibility_seconds: config.visibility_seconds(),
            },
            under_way: JoinSet::new(),
            width: 1,
            most: config.requests.into(),
            wait: SHORT.min(longest_wait),
            longest_wait,
            generation: 0,
            current: 0,
            lost: Vec::new(),
        }
    }

    /// From now on waits are short; requests under way that wait longer count for nothing.
    pub(super) fn hurry(&mut self) {
        self.longest_wait = self.longest_wait.min(SHORT);
        self.wait = self.wait.min(SHORT);
        self.generation += 1;
        self.current = 0;
    }

    /// Sends as many requests as are worth while, unless enough messages are waiting.
    pub(super) fn ask(&mut self, waiting: usize) {
        if waiting > self.most * 10 {
            return;
        }
        while self.current < self.width {
            self.current += 1;
            let (task, wait, generation) = (self.task.clone(), self.wait, self.generation);
            let attempt = self.attempt();
            self.under_way.spawn(async move {
                Done {
                    answer: task.run(wait, attempt.clone()).await,
                    generation,
                    attempt,
                }
            });
        }
    }

    /// The id of the next attempt at a FIFO queue; a standard queue knows none.
    fn attempt(&mut self) -> Option<String> {
        let new = || Uuid::new_v4().simple().to_string();
        self.task
            .queue
            .fifo
            .then(|| self.lost.pop().unwrap_or_else(new))
    }

    /// An answer that is there. Cancel-safe, as the next is.
    pub(super) fn finished(&mut self) -> Option<Answer> {
        let done = self.under_way.try_join_next()?;
        Some(self.took(done))
    }

    /// The next answer; for ever when nothing was asked.
    pub(super) async fn next(&mut self) -> Answer {
        match self.under_way.join_next().await {
            Some(done) => self.took(done),
            None => std::future::pending().await,
        }
    }

    fn took(&mut self, done: Result<Done, JoinError>) -> Answer {
        let Done {
            answer,
            generation,
            attempt,
        } = done.map_err(|error| {
            Error::new(ErrorKind::Other, "a request for messages broke off").caused_by(error)
        })?;
        let counts = generation == self.generation;
        if counts {
            self.current = self.current.saturating_sub(1);
        }
        if answer.as_ref().is_err_and(Error::is_temporary) {
            self.lost.extend(attempt);
        }
        let messages = answer?;
        if messages.is_empty() {
            self.width = 1;
            if counts {
                self.wait = (self.wait * 2).min(self.longest_wait);
            }
        } else {
            self.wait = SHORT.min(self.longest_wait);
            if messages.len() >= MOST_MESSAGES as usize {
                self.width = (self.width * 2).min(self.most);
            }
        }
        Ok((messages, counts))
    }

    /// Lets requests under way answer for a moment, so that what they bring is given back.
    pub(super) async fn finish(&mut self) {
        let deadline = Instant::now() + GRACE;
        while let Ok(Some(_)) = timeout_at(deadline, self.under_way.join_next()).await {}
        self.under_way.shutdown().await;
    }
}

impl Request {
    /// Receives messages, and notes their leases before anybody can drop them.
    async fn run(self, wait: Duration, attempt: Option<String>) -> Result<Vec<Received>> {
        let asked = self
            .queue
            .client
            .receive_message()
            .queue_url(&*self.queue.url)
            .max_number_of_messages(MOST_MESSAGES)
            .wait_time_seconds(i32::try_from(wait.as_secs()).unwrap_or(20))
            .visibility_timeout(self.visibility_seconds)
            .set_receive_request_attempt_id(attempt)
            .message_attribute_names("All")
            .message_system_attribute_names(System::SentTimestamp)
            .message_system_attribute_names(System::MessageGroupId)
            .message_system_attribute_names(System::SequenceNumber);
        let answer = asked.send().await;
        let answer = answer.map_err(|error| self.queue.fault("receiving messages", error))?;
        let messages = answer.messages.unwrap_or_default();
        let receipts = messages.iter().filter_map(Message::receipt_handle);
        self.leases.add(receipts, Instant::now(), self.timeout);
        Ok(messages
            .into_iter()
            .map(|message| self.received(message))
            .collect())
    }

    fn received(&self, mut message: Message) -> Received {
        let number = message
            .attributes
            .as_ref()
            .and_then(|all| all.get(&System::SequenceNumber));
        let position = number
            .or(message.message_id.as_ref())
            .map_or(Position::None, |id| Position::Token(id.as_str().into()));
        let origin = Origin {
            stream: self.queue.name.clone(),
            partition: Partition::default(),
            position,
        };
        let receipt = message.receipt_handle.take().unwrap_or_default();
        let body = Bytes::from(message.body.take().unwrap_or_default());
        let record = decode(&message, body.clone(), origin.clone());
        Received {
            receipt,
            record: record.map_err(|error| (origin, body, error)),
        }
    }
}
