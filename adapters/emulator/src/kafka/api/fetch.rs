//! Fetch: record batches from an offset on; waits for them if there are none yet.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse};

use crate::kafka::call::Call;
use crate::store::{Frame, Partition, StoreError, Waiter};

/// The most bytes of records in one response, whatever the client asks for, as Kafka's `fetch.max.bytes`.
const MAX_BYTES: usize = 55 << 20;

pub(crate) fn handle(call: &mut Call<'_>, request: FetchRequest) -> FetchResponse {
    if request.session_id != 0 {
        return FetchResponse::default()
            .with_error_code(ResponseError::FetchSessionIdNotFound.code());
    }
    let deadline = Instant::now()
        + Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or_default());
    let waiter = Arc::new(Waiter::default());
    let mut subscriptions = Vec::new();
    loop {
        let collected = Collected::from(call, &request);
        let enough = collected.bytes >= usize::try_from(request.min_bytes).unwrap_or_default();
        if enough || collected.failed || Instant::now() >= deadline || call.broker.is_stopping() {
            return FetchResponse::default().with_responses(collected.topics);
        }
        if subscriptions.is_empty() {
            let partitions = partitions_of(call, &request.topics);
            subscriptions.extend(
                partitions
                    .iter()
                    .map(|partition| partition.subscribe(&waiter)),
            );
            waiter.wake();
        }
        waiter.wait_until(deadline);
    }
}

fn partitions_of(call: &Call<'_>, topics: &[FetchTopic]) -> Vec<Arc<Partition>> {
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
        for asked in &request.topics {
            let topic = call.broker.topics.get(&asked.topic);
            let mut partitions = Vec::with_capacity(asked.partitions.len());
            for one in &asked.partitions {
                let partition = topic
                    .as_ref()
                    .and_then(|topic| topic.partition(one.partition));
                partitions.push(collected.read(partition.as_deref(), one, limit));
            }
            let response = FetchableTopicResponse::default().with_topic(asked.topic.clone());
            collected.topics.push(response.with_partitions(partitions));
        }
        collected
    }

    fn read(
        &mut self,
        partition: Option<&Partition>,
        asked: &FetchPartition,
        limit: usize,
    ) -> PartitionData {
        let answer = PartitionData::default()
            .with_partition_index(asked.partition)
            .with_preferred_read_replica(BrokerId(-1))
            .with_records(Some(Bytes::new()));
        let mut refuse = |error: ResponseError| {
            self.failed = true;
            let answer = answer.clone().with_error_code(error.code());
            answer
                .with_high_watermark(-1)
                .with_last_stable_offset(-1)
                .with_log_start_offset(-1)
        };
        let Some(partition) = partition else {
            return refuse(ResponseError::UnknownTopicOrPartition);
        };
        if asked.current_leader_epoch > 0 {
            return refuse(ResponseError::UnknownLeaderEpoch);
        }
        let (start, end) = partition.bounds();
        let room = limit.saturating_sub(self.bytes);
        let wanted = usize::try_from(asked.partition_max_bytes)
            .unwrap_or_default()
            .min(room);
        let frames = match partition.read(asked.fetch_offset, end, wanted) {
            Ok(frames) => frames,
            Err(StoreError::OutOfRange { .. }) => return refuse(ResponseError::OffsetOutOfRange),
            Err(_) => return refuse(ResponseError::KafkaStorageError),
        };
        let fits = |frame: &Frame| self.bytes == 0 || frame.payload.len() <= wanted;
        let records = if frames.first().is_none_or(fits) {
            gather(&frames)
        } else {
            Bytes::new()
        };
        self.bytes += records.len();
        let answer = answer
            .with_high_watermark(end)
            .with_last_stable_offset(end)
            .with_log_start_offset(start);
        answer.with_records(Some(records))
    }
}

/// The payloads, one after the other.
fn gather(frames: &[Frame]) -> Bytes {
    if let [only] = frames {
        return only.payload.clone();
    }
    let mut bytes = BytesMut::with_capacity(frames.iter().map(|frame| frame.payload.len()).sum());
    frames
        .iter()
        .for_each(|frame| bytes.extend_from_slice(&frame.payload));
    bytes.freeze()
}
