//! A receiver's place in a partition.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::BytesMut;

use super::amqp::{AmqpError, Attach, Value, condition};
use super::events::{Event, Stamp, deliver};
use super::filter::Start;
use super::hub::{OpenHub, events_of, state_of};
use super::receivers::Seat;
use crate::store::{Clock, Partition, StoreError, Subscription, Waiter};

/// Bytes to read from the log at a time; a longer frame is read as a whole.
const CHUNK: usize = 128 * 1024;

/// The property with a receiver's epoch, its owner level.
const EPOCH: &str = "com.microsoft:epoch";

/// The capability that asks for the state of the partition with each event.
const METRICS: &str = "com.microsoft:enable-receiver-runtime-metric";

/// A receiver of one partition.
pub(crate) struct Reader {
    hub: Arc<OpenHub>,
    partition: Arc<Partition>,
    place: String,
    seat: Seat,
    _subscription: Subscription,
    /// The sequence number to read next.
    next: i64,
    ahead: VecDeque<(Stamp, Event)>,
    /// Events before this time are skipped, Unix milliseconds.
    since_ms: i64,
    with_metrics: bool,
    clock: Arc<dyn Clock>,
}

impl Reader {
    /// Opens a receiver of a consumer group and partition; `waiter` is woken when there may be something new.
    ///
    /// # Errors
    /// There is no such group or partition, the start cannot be, or others are in the way.
    pub(crate) fn open(
        hub: Arc<OpenHub>,
        (group, number): (&str, &str),
        attach: &Attach,
        waiter: &Arc<Waiter>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, AmqpError> {
        if !hub.has_group(group) {
            let reason = format!(
                "The messaging entity '{}/ConsumerGroups/{group}' could not be found.",
                hub.name()
            );
            return Err(AmqpError::new(condition::NOT_FOUND, reason));
        }
        let (number, partition) = hub.partition(number)?;
        let source = attach.source.as_ref();
        let start = source.map_or(Ok(Start::First), Start::of)?;
        // From here on no event can come unseen.
        let subscription = partition.subscribe(waiter);
        let next = start.resolve(&partition, state_of(&partition))?;
        let epoch = attach.properties.get(EPOCH).and_then(Value::as_i64);
        let seat = hub.receivers.admit(group, number, epoch, waiter)?;
        let since_ms = match start {
            Start::Since(since_ms) => since_ms,
            _ => i64::MIN,
        };
        Ok(Self {
            place: format!("{}/ConsumerGroups/{group}/Partitions/{number}", hub.name()),
            hub,
            partition,
            seat,
            _subscription: subscription,
            next,
            ahead: VecDeque::new(),
            since_ms,
            with_metrics: wants_metrics(attach),
            clock: Arc::clone(clock),
        })
    }

    /// Whether the receiver may go on.
    ///
    /// # Errors
    /// It has to give way, or what it reads is gone.
    pub(crate) fn check(&self) -> Result<(), AmqpError> {
        if !self.seat.is_stolen() {
            return Ok(());
        }
        if self.partition.is_deleted() {
            return Err(self.gone());
        }
        let reason = format!(
            "New receiver with a higher or equal epoch was created for '{}', hence the current receiver is getting disconnected.",
            self.place
        );
        Err(AmqpError::new(condition::STOLEN, reason))
    }

    /// Appends the next event; false if there is none yet.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn next(&mut self, out: &mut BytesMut) -> Result<bool, AmqpError> {
        loop {
            if let Some((stamp, event)) = self.ahead.pop_front() {
                if stamp.enqueued_ms < self.since_ms {
                    continue;
                }
                let metrics = self.with_metrics.then(|| self.metrics());
                deliver(&event, stamp, metrics.as_ref(), out);
                return Ok(true);
            }
            if !self.read_ahead()? {
                return Ok(false);
            }
        }
    }

    /// Reads more; false at the end.
    fn read_ahead(&mut self) -> Result<bool, AmqpError> {
        let frames = match self.partition.read_committed(self.next, i64::MAX, CHUNK) {
            Err(StoreError::OutOfRange { start, .. }) if self.next < start => {
                // Retention was faster.
                self.next = start;
                return Ok(true);
            }
            Err(StoreError::Deleted) => return Err(self.gone()),
            read => read.map_err(|error| AmqpError::new(condition::INTERNAL, error.to_string()))?,
        };
        let Some(last) = frames.last() else {
            return Ok(false);
        };
        let (from, next) = (self.next, last.header.next_offset());
        for frame in frames {
            self.ahead
                .extend(events_of(frame, from, self.hub.is_bridged));
        }
        self.next = next;
        Ok(true)
    }

    /// The state of the partition, as annotations.
    fn metrics(&self) -> Value {
        let state = state_of(&self.partition);
        Value::Map(vec![
            (
                Value::symbol("last_enqueued_sequence_number"),
                Value::long(state.last),
            ),
            (
                Value::symbol("last_enqueued_offset"),
                Value::string(state.last.to_string()),
            ),
            (
                Value::symbol("last_enqueued_time_utc"),
                Value::Timestamp(state.last_enqueued_ms),
            ),
            (
                Value::symbol("runtime_info_retrieval_time_utc"),
                Value::Timestamp(self.clock.now_ms()),
            ),
        ])
    }

    fn gone(&self) -> AmqpError {
        let reason = format!(
            "The messaging entity '{}' could not be found.",
            self.hub.name()
        );
        AmqpError::new(condition::NOT_FOUND, reason)
    }
}

fn wants_metrics(attach: &Attach) -> bool {
    match &attach.desired_capabilities {
        Value::Array(names) | Value::List(names) => {
            names.iter().any(|name| name.as_text() == Some(METRICS))
        }
        other => other.as_text() == Some(METRICS),
    }
}
