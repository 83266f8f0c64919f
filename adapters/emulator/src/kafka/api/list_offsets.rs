//! ListOffsets: the offset at a place or a time.

use std::io;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};

use crate::interchange;
use crate::kafka::batch::Records;
use crate::kafka::call::Call;
use crate::kafka::partition::{LEADER_EPOCH, RECORD_BATCH, TopicPartition};
use crate::store::{Frame, StoreError};

/// Places that a client asks for instead of a time.
mod place {
    pub(super) const LATEST: i64 = -1;
    pub(super) const EARLIEST: i64 = -2;
    pub(super) const MAX_TIMESTAMP: i64 = -3;
    pub(super) const EARLIEST_LOCAL: i64 = -4;
    pub(super) const LATEST_TIERED: i64 = -5;
}

/// The isolation level that sees only what was committed.
const READ_COMMITTED: i8 = 1;

/// An offset, and the time of the record there or -1.
type Found = Option<(i64, i64)>;

pub(crate) fn handle(call: &mut Call<'_>, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let committed = request.isolation_level == READ_COMMITTED;
    let topic = |asked: ListOffsetsTopic| {
        let partitions = asked.partitions.iter().map(|one| {
            let partition = call
                .broker
                .topics
                .partition(&asked.name, one.partition_index);
            respond(
                one.partition_index,
                locate(partition.as_deref(), one, committed),
                call.version,
            )
        });
        ListOffsetsTopicResponse::default()
            .with_partitions(partitions.collect())
            .with_name(asked.name.clone())
    };
    ListOffsetsResponse::default().with_topics(request.topics.into_iter().map(topic).collect())
}

fn locate(
    partition: Option<&TopicPartition>,
    asked: &ListOffsetsPartition,
    committed: bool,
) -> Result<Found, ResponseError> {
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
    let at_time = |time: i64| {
        let found = find_time(partition, time).map_err(|_| ResponseError::KafkaStorageError)?;
        Ok(found.filter(|(offset, _)| *offset < before))
    };
    match asked.timestamp {
        place::LATEST => Ok(Some((before, -1))),
        place::EARLIEST | place::EARLIEST_LOCAL => Ok(Some((bounds.start, -1))),
        place::LATEST_TIERED => Ok(None),
        place::MAX_TIMESTAMP => match partition.log.max_timestamp() {
            -1 => Ok(None),
            latest => at_time(latest),
        },
        ..0 => Err(ResponseError::InvalidRequest),
        time => at_time(time),
    }
}

/// The first record that has the time or a later one.
fn find_time(partition: &TopicPartition, time: i64) -> Result<Found, StoreError> {
    let mut from = partition.log.bounds().0;
    while let Some(frame) = partition.log.find_time(time, from)? {
        // The records of a batch that cannot be read count as one: the batch's first.
        let in_batch =
            find_record(&frame, time, from).unwrap_or(Some((frame.header.base_offset, time)));
        if in_batch.is_some() {
            return Ok(in_batch);
        }
        from = frame.header.next_offset();
    }
    Ok(None)
}

fn find_record(frame: &Frame, time: i64, from: i64) -> io::Result<Found> {
    if frame.header.format != RECORD_BATCH {
        let mut records = interchange::records_of(frame).into_iter();
        let found = records.find(|record| record.timestamp_ms >= time && record.offset >= from);
        return Ok(found.map(|record| (record.offset, record.timestamp_ms)));
    }
    let mut records = Records::of(&frame.payload)?;
    while let Some(record) = records.next()? {
        let offset = frame.header.base_offset + i64::from(record.offset_delta);
        if record.timestamp >= time && offset >= from {
            return Ok(Some((offset, record.timestamp)));
        }
    }
    Ok(None)
}

fn respond(
    index: i32,
    found: Result<Found, ResponseError>,
    version: i16,
) -> ListOffsetsPartitionResponse {
    let answer = ListOffsetsPartitionResponse::default().with_partition_index(index);
    let answer = answer.with_timestamp(-1).with_offset(-1);
    match found {
        Err(error) => answer.with_error_code(error.code()),
        Ok(None) => answer,
        Ok(Some((offset, timestamp))) => {
            let answer = answer.with_offset(offset).with_timestamp(timestamp);
            if version >= 4 {
                answer.with_leader_epoch(LEADER_EPOCH)
            } else {
                answer
            }
        }
    }
}
