//! Produce: checks batches and appends them.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse, TransactionalId};
use kafka_protocol::protocol::StrBytes;

use crate::faults::Fault;
use crate::kafka::batch::{self, BatchHeader, Records};
use crate::kafka::call::Call;
use crate::kafka::partition::{Appended, Refusal};
use crate::kafka::topic_config::TopicConfig;

/// The first version whose clients know zstd.
const KNOWS_ZSTD: i16 = 7;

/// All replicas must have the records before the answer.
const ALL: i16 = -1;

pub(crate) fn handle(call: &mut Call<'_>, request: ProduceRequest) -> Option<ProduceResponse> {
    let terms = Terms {
        acks: request.acks,
        transactional_id: request.transactional_id.as_ref(),
    };
    let answer_topic = |topic: TopicProduceData| {
        let answer = |data: PartitionProduceData| {
            let index = data.index;
            let appended = append(call, &terms, &topic.name, data);
            if let Err((ResponseError::KafkaStorageError, _)) = &appended {
                call.broker.tell_refused_write();
            }
            respond(index, appended, call.version)
        };
        let partitions = topic.partition_data.into_iter().map(answer).collect();
        TopicProduceResponse::default()
            .with_name(topic.name.clone())
            .with_partition_responses(partitions)
    };
    let responses = request.topic_data.into_iter().map(answer_topic).collect();
    let throttle_ms = call.throttle_ms();
    (request.acks != 0).then(|| {
        ProduceResponse::default()
            .with_responses(responses)
            .with_throttle_time_ms(throttle_ms)
    })
}

/// What holds for all batches of a request.
struct Terms<'a> {
    acks: i16,
    transactional_id: Option<&'a TransactionalId>,
}

fn append(
    call: &Call<'_>,
    terms: &Terms<'_>,
    name: &str,
    data: PartitionProduceData,
) -> Result<Appended, Refusal> {
    if !(ALL..=1).contains(&terms.acks) {
        return Err((
            ResponseError::InvalidRequiredAcks,
            "acks must be -1, 0 or 1".to_owned(),
        ));
    }
    let unknown = || {
        (
            ResponseError::UnknownTopicOrPartition,
            format!("`{name}` has no partition {}", data.index),
        )
    };
    let topic = call.broker.topics.get(name).ok_or_else(unknown)?;
    let partition = topic.partition(data.index).ok_or_else(unknown)?;
    let config = topic.config();
    if terms.acks == ALL && config.min_insync_replicas > 1 {
        let reason = format!(
            "min.insync.replicas is {}, there is one replica",
            config.min_insync_replicas
        );
        return Err((ResponseError::NotEnoughReplicas, reason));
    }
    let sent = data.records.unwrap_or_default();
    let now_ms = call.broker.now_ms();
    let header = check(&sent, &config, now_ms, call.version)?;
    let append = || partition.append(&sent, header, &config, now_ms);
    match terms.transactional_id {
        Some(id) if header.is_transactional() => {
            call.broker
                .transactions
                .append(id, &header, &(name.to_owned(), data.index), append)
        }
        None if header.is_transactional() => {
            let reason = "a transactional batch came without a transactional id".to_owned();
            Err((ResponseError::InvalidTxnState, reason))
        }
        _ => {
            // A producer that is not idempotent has its records twice when an answer was lost and it tried again.
            if header.producer_id < 0 && call.broker.config.faults.strikes(Fault::Duplicate) {
                append()?;
            }
            append()
        }
    }
}

/// Checks a batch by itself and against the topic's configuration.
fn check(
    sent: &[u8],
    config: &TopicConfig,
    now_ms: i64,
    version: i16,
) -> Result<BatchHeader, Refusal> {
    if sent.len() > config.max_message_bytes {
        let reason = format!(
            "the batch has {} bytes, max.message.bytes is {}",
            sent.len(),
            config.max_message_bytes
        );
        return Err((ResponseError::MessageTooLarge, reason));
    }
    let header = BatchHeader::check(sent).map_err(|(error, reason)| (error, reason.to_owned()))?;
    if header.compression() == batch::ZSTD && version < KNOWS_ZSTD {
        let reason = "Produce requests before version 7 may not use zstd".to_owned();
        return Err((ResponseError::UnsupportedCompressionType, reason));
    }
    if !config.log_append_time {
        check_times(&header, config, now_ms)?;
    }
    check_records(sent, config.compact)?;
    Ok(header)
}

fn check_times(header: &BatchHeader, config: &TopicConfig, now_ms: i64) -> Result<(), Refusal> {
    let ahead = header.max_timestamp.saturating_sub(now_ms);
    let behind = now_ms.saturating_sub(header.base_timestamp);
    if ahead <= config.timestamp_after_max_ms && behind <= config.timestamp_before_max_ms {
        return Ok(());
    }
    let reason = format!(
        "a record's time is outside of what message.timestamp.before.max.ms and message.timestamp.after.max.ms allow: \
         {ahead} ms ahead, {behind} ms behind"
    );
    Err((ResponseError::InvalidTimestamp, reason))
}

/// Looks at every record, so that no reader will be stuck on one. Compaction goes by keys, so every record must have one.
fn check_records(sent: &[u8], needs_keys: bool) -> Result<(), Refusal> {
    let unreadable = |error: std::io::Error| {
        let reason = format!("cannot read the records: {error}");
        (ResponseError::InvalidRecord, reason)
    };
    let mut records = Records::of(sent).map_err(unreadable)?;
    let mut expected = 0;
    while let Some(record) = records.next().map_err(unreadable)? {
        let reason = match () {
            () if record.offset_delta != expected => {
                "the offsets of the records do not follow each other"
            }
            () if needs_keys && record.key.is_none() => {
                "Compacted topic cannot accept message without key"
            }
            () => {
                expected += 1;
                continue;
            }
        };
        return Err((ResponseError::InvalidRecord, reason.to_owned()));
    }
    Ok(())
}

fn respond(
    index: i32,
    appended: Result<Appended, Refusal>,
    version: i16,
) -> PartitionProduceResponse {
    let response = PartitionProduceResponse::default().with_index(index);
    match appended {
        Ok(appended) => response
            .with_base_offset(appended.base_offset)
            .with_log_append_time_ms(appended.log_append_time_ms)
            .with_log_start_offset(appended.log_start),
        Err((error, reason)) => {
            let message = (version >= 8).then(|| StrBytes::from_string(reason));
            let response = response
                .with_error_code(error.code())
                .with_error_message(message);
            response
                .with_base_offset(-1)
                .with_log_append_time_ms(-1)
                .with_log_start_offset(-1)
        }
    }
}
