//! Fetch: record batches from an offset on; waits for them if there are none yet.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::{
    AbortedTransaction, FetchableTopicResponse, PartitionData,
};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse, ProducerId};

use crate::kafka::call::Call;
use crate::kafka::exchange::batch_of;
use crate::kafka::partition::{LEADER_EPOCH, TopicPartition};
use crate::kafka::producers::Aborted;
use crate::store::{Frame, StoreError, Waiter};

/// The most bytes of records in one response, whatever the client asks for, unless the first batch is larger.
///
/// Kafka's `fetch.max.bytes` is 55 MiB; less keeps clients that ask and do not read from filling the memory.
const MAX_BYTES: usize = 1 << 20;

/// The isolation level that sees only what was committed.
const READ_COMMITTED: i8 = 1;

/// The longest wait for records. Who asked for more gets an empty answer and asks again; who went away meanwhile holds its
/// thread no longer.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

pub(crate) fn handle(call: &mut Call<'_>, request: FetchRequest) -> FetchResponse {
    if request.session_id != 0 {
        return FetchResponse::default()
            .with_error_code(ResponseError::FetchSessionIdNotFound.code());
    }
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or_default());
    let deadline = Instant::now() + wait.min(LONGEST_WAIT);
    let waiter = Arc::new(Waiter::default());
    let mut subscriptions = Vec::new();
    loop {
        let collected = Collected::from(call, &request);
        let enough = collected.bytes >= usize::try_from(request.min_bytes).unwrap_or_default();
        // Of no partitions nothing can come.
        let nothing_asked = request
            .topics
            .iter()
            .all(|topic| topic.partitions.is_empty());
        let enough = enough || nothing_asked;
        if enough || collected.failed || Instant::now() >= deadline || call.broker.is_stopping() {
            let throttle_ms = call.throttle_ms();
            return FetchResponse::default()
                .with_responses(collected.topics)
                .with_throttle_time_ms(throttle_ms);
        }
        if subscriptions.is_empty() {
            let partitions = partitions_of(call, &request.topics);
            subscriptions.extend(
                partitions
                    .iter()
                    .map(|partition| partition.log.subscribe(&waiter)),
            );
            // What came between the first pass and the subscription woke nobody: look again.
            waiter.wake();
        }
        waiter.wait_until(deadline);
    }
}

fn partitions_of(call: &Call<'_>, topics: &[FetchTopic]) -> Vec<Arc<TopicPartition>> {
    let of_topic = |asked: &FetchTopic| {
        let topic = call.broker.topics.get(&asked.topic)?;
        Some(
            asked
                .partitions
                .iter()
                .filter_map(|one| topic.partition(one.partition))
                .collect::<Vec<_>>(),
        )
    };
    topics.iter().filter_map(of_topic).flatten().collect()
}

/// One pass over all partitions asked for.
#[derive(Default)]
struct Collected {
    topics: Vec<FetchableTopicResponse>,
    bytes: usize,
    failed: bool,
}

impl Collected {
    fn from(call: &Call<'_>, request: &FetchRequest) -> Self {
        let mut collected = Self::default();
        let limit = usize::try_from(request.max_bytes)
            .unwrap_or_default()
            .min(MAX_BYTES);
        let committed = request.isolation_level == READ_COMMITTED;
        for asked in &request.topics {
            let topic = call.broker.topics.get(&asked.topic);
            let mut partitions = Vec::with_capacity(asked.partitions.len());
            for one in &asked.partitions {
                let room = limit.saturating_sub(collected.bytes);
                let partition = topic
                    .as_ref()
                    .and_then(|topic| topic.partition(one.partition));
                let read = Read::from(
                    partition.as_deref(),
                    one,
                    room,
                    collected.bytes == 0,
                    committed,
                );
                collected.bytes += read.as_ref().map_or(0, |read| read.records.len());
                collected.failed |= read.is_err();
                partitions.push(respond(one.partition, read, committed));
            }
            let response = FetchableTopicResponse::default().with_topic(asked.topic.clone());
            collected.topics.push(response.with_partitions(partitions));
        }
        collected
    }
}

/// What was read from one partition.
struct Read {
    records: Bytes,
    start: i64,
    end: i64,
    last_stable: i64,
    aborted: Vec<Aborted>,
}

impl Read {
    /// Reads as much as fits into `room`; with `must_progress` at least one batch, however large.
    fn from(
        partition: Option<&TopicPartition>,
        asked: &FetchPartition,
        room: usize,
        must_progress: bool,
        committed: bool,
    ) -> Result<Self, ResponseError> {
        let partition = partition.ok_or(ResponseError::UnknownTopicOrPartition)?;
        if asked.current_leader_epoch > LEADER_EPOCH {
            return Err(ResponseError::UnknownLeaderEpoch);
        }
        let bounds = partition.bounds();
        let before = if committed {
            bounds.last_stable
        } else {
            bounds.end
        };
        let wanted = usize::try_from(asked.partition_max_bytes)
            .unwrap_or_default()
            .min(room);
        let frames = partition
            .log
            .read(asked.fetch_offset, before, wanted)
            .map_err(|error| match error {
                StoreError::OutOfRange { .. } => ResponseError::OffsetOutOfRange,
                _ => ResponseError::KafkaStorageError,
            })?;
        let fits = |frame: &Frame| must_progress || frame.payload.len() <= wanted;
        let frames = if frames.first().is_none_or(fits) {
            frames
        } else {
            Vec::new()
        };
        let aborted = match frames.last().filter(|_| committed) {
            Some(last) => partition.aborted(asked.fetch_offset, last.header.next_offset()),
            None => Vec::new(),
        };
        let records = gather(&frames);
        Ok(Self {
            records,
            start: bounds.start,
            end: bounds.end,
            last_stable: bounds.last_stable,
            aborted,
        })
    }
}

fn respond(index: i32, read: Result<Read, ResponseError>, committed: bool) -> PartitionData {
    let answer = PartitionData::default()
        .with_partition_index(index)
        .with_preferred_read_replica(BrokerId(-1));
    match read {
        Ok(read) => {
            let aborted = |aborted: Aborted| {
                let aborted_id = ProducerId(aborted.producer_id);
                AbortedTransaction::default()
                    .with_producer_id(aborted_id)
                    .with_first_offset(aborted.first_offset)
            };
            answer
                .with_high_watermark(read.end)
                .with_last_stable_offset(read.last_stable)
                .with_log_start_offset(read.start)
                .with_aborted_transactions(
                    committed.then(|| read.aborted.into_iter().map(aborted).collect()),
                )
                .with_records(Some(read.records))
        }
        Err(error) => answer
            .with_error_code(error.code())
            .with_high_watermark(-1)
            .with_last_stable_offset(-1)
            .with_log_start_offset(-1)
            .with_records(Some(Bytes::new())),
    }
}

/// The batches, one after the other.
fn gather(frames: &[Frame]) -> Bytes {
    if let [only] = frames {
        return batch_of(only);
    }
    let batches: Vec<_> = frames.iter().map(batch_of).collect();
    let mut bytes = BytesMut::with_capacity(batches.iter().map(Bytes::len).sum());
    batches
        .iter()
        .for_each(|batch| bytes.extend_from_slice(batch));
    bytes.freeze()
}
