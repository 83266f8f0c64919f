//! Counting what the broker has confirmed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::client::Client;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{NoCustomPartitioner, ProducerContext};
use ssectl_adapter::{Error, ErrorKind, Record, Rejected, Result, Written};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::error::{classify, from_client};
use crate::monitor::Context;

/// Which record of which write a confirmation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) round: u32,
    pub(super) index: usize,
}

impl Ticket {
    /// Both in one word, as librdkafka hands them through: 32 bits each.
    pub(super) fn into_raw(self) -> usize {
        ((self.round as usize) << 32) | self.index
    }

    fn from_raw(raw: usize) -> Self {
        Self {
            round: (raw >> 32) as u32,
            index: raw & 0xffff_ffff,
        }
    }
}

/// The confirmations of the write under way.
#[derive(Default)]
pub(crate) struct Deliveries {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    round: u32,
    settled: usize,
    /// When so many are settled somebody wants to know.
    wanted: Option<usize>,
    failed: Vec<(usize, KafkaError)>,
}

/// How a write went.
pub(super) struct Outcome {
    failed: Vec<(usize, KafkaError)>,
}

impl Deliveries {
    /// Begins a write; what is still to come of earlier ones (dropped half-way) no longer counts.
    pub(super) fn begin(&self) -> u32 {
        let mut state = self.state();
        let round = state.round.wrapping_add(1);
        *state = State {
            round,
            ..State::default()
        };
        round
    }

    /// Notes the fate of one record.
    pub(super) fn settle(&self, ticket: Ticket, fate: Result<(), &KafkaError>) {
        let mut state = self.state();
        if ticket.round != state.round {
            return;
        }
        state.settled += 1;
        if let Err(error) = fate {
            state.failed.push((ticket.index, error.clone()));
        }
        if state.wanted.is_some_and(|wanted| state.settled >= wanted) {
            self.changed.notify_one();
        }
    }

    /// Waits for one more record to be settled than are now.
    pub(super) fn progress(&self) -> Notified<'_> {
        let mut state = self.state();
        state.wanted = Some(state.settled + 1);
        self.changed.notified()
    }

    /// Waits until `sent` records are settled.
    pub(super) async fn finish(&self, sent: usize) -> Outcome {
        loop {
            {
                let mut state = self.state();
                if state.settled >= sent {
                    let failed = std::mem::take(&mut state.failed);
                    return Outcome { failed };
                }
                state.wanted = Some(sent);
            }
            self.changed.notified().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outcome {
    /// Rejected records by index, or the error that concerns all of them.
    pub(super) fn into_written(
        mut self,
        records: &[Record],
        topic: &str,
        client: &Client<Context<Deliveries>>,
    ) -> Result<Written> {
        if let Some((_, error)) = self.failed.iter().find(|(_, error)| !is_rejection(error)) {
            return Err(fault(error, topic, client));
        }
        self.failed.sort_unstable_by_key(|(index, _)| *index);
        let rejected = self.failed.into_iter().map(|(index, error)| Rejected {
            error: rejection(&error, topic, records.get(index)),
            index,
        });
        Ok(Written {
            rejected: rejected.collect(),
        })
    }
}

/// Whether the broker refused this record for what it is, not for where it goes.
fn is_rejection(error: &KafkaError) -> bool {
    let kind = error.rdkafka_error_code().map(|code| classify(code).0);
    matches!(kind, Some(ErrorKind::TooLarge | ErrorKind::Data))
}

fn rejection(error: &KafkaError, topic: &str, record: Option<&Record>) -> Error {
    let size = record.map_or(0, Record::size);
    let rejected =
        from_client(format!("topic `{topic}` does not take a record"), error).with("bytes", size);
    match error.rdkafka_error_code() {
        Some(Code::MessageSizeTooLarge | Code::MessageBatchTooLarge) => {
            rejected.hint("raise `max.message.bytes` of the topic, or send less at once")
        }
        Some(Code::InvalidTimestamp) => {
            rejected.hint("the topic bounds timestamps: see its `message.timestamp.after.max.ms`")
        }
        Some(Code::InvalidRecord) => {
            rejected.hint("a compacted topic takes no record without a key")
        }
        _ => rejected,
    }
}

fn fault(error: &KafkaError, topic: &str, client: &Client<Context<Deliveries>>) -> Error {
    let monitor = &client.context().monitor;
    if let Some(refusal) = monitor.refusal() {
        return refusal;
    }
    match error.rdkafka_error_code() {
        Some(Code::MessageTimedOut) => monitor
            .unreachable()
            .with("topic", topic)
            .hint("records were not confirmed within `delivery-timeout`"),
        // The code says no more than that the producer has given up; why, is told apart.
        Some(Code::Fatal) => {
            let reason = client.fatal_error().map(|(_, reason)| reason);
            Error::new(
                ErrorKind::Other,
                format!("cannot write to topic `{topic}` any more"),
            )
            .caused_by(reason.unwrap_or_default())
        }
        Some(Code::KafkaStorageError) => {
            from_client(format!("cannot write to topic `{topic}`"), error)
                .hint("the broker cannot store it: its disk, or the memory of an emulator, may be full; see what it says")
        }
        _ => from_client(format!("cannot write to topic `{topic}`"), error),
    }
}

impl ProducerContext<NoCustomPartitioner> for Context<Deliveries> {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: usize) {
        let fate = result.as_ref().map(|_| ()).map_err(|(error, _)| error);
        self.own.settle(Ticket::from_raw(ticket), fate);
    }
}
