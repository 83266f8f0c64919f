//! Log compaction: of all records with the same key only the last one stays.
//!
//! Only closed segments are compacted, and only what lies before the last stable offset and is older than
//! `min.compaction.lag.ms`. Offsets never change. Tombstones stay for `delete.retention.ms`. Records of aborted
//! transactions go; control records stay. A batch that loses some of its records is stored uncompressed.

use std::collections::HashMap;
use std::io;

use super::batch::{BatchHeader, Rebuild, Records, rebuild, without_records};
use super::partition::TopicPartition;
use super::topic_config::TopicConfig;
use crate::store::{ClosedSegment, Frame, StoreError, Verdict};

/// Bytes read at a time.
const BULK: usize = 1 << 20;

/// The last offset of every key.
type Latest = HashMap<Box<[u8]>, i64>;

/// Compacts a partition if enough of it is new.
///
/// # Errors
/// A segment cannot be read or written.
pub(crate) fn compact(
    partition: &TopicPartition,
    config: &TopicConfig,
    now_ms: i64,
) -> Result<(), StoreError> {
    let segments = ripe_segments(partition, config, now_ms);
    let Some(until) = segments.last().map(|segment| segment.next_offset) else {
        return Ok(());
    };
    if !is_due(&segments, partition.cleaned_until(), config, now_ms) {
        return Ok(());
    }
    let latest = latest_offsets(partition, until)?;
    for segment in segments {
        let keep_tombstones = now_ms - segment.modified_ms <= config.delete_retention_ms;
        partition.log.rewrite(segment, |frame| {
            judge(partition, frame, &latest, keep_tombstones)
        })?;
    }
    partition.set_cleaned_until(until);
    Ok(())
}

/// The closed segments that may be compacted.
fn ripe_segments(
    partition: &TopicPartition,
    config: &TopicConfig,
    now_ms: i64,
) -> Vec<ClosedSegment> {
    let stable = partition.bounds().last_stable;
    let is_ripe = |segment: &ClosedSegment| {
        segment.next_offset <= stable
            && now_ms - segment.modified_ms >= config.min_compaction_lag_ms
    };
    partition
        .log
        .closed_segments()
        .into_iter()
        .take_while(is_ripe)
        .collect()
}

/// Whether the part that was never compacted is large enough, or old enough.
fn is_due(
    segments: &[ClosedSegment],
    cleaned_until: i64,
    config: &TopicConfig,
    now_ms: i64,
) -> bool {
    let dirty = || {
        segments
            .iter()
            .filter(|segment| segment.base_offset >= cleaned_until)
    };
    let bytes =
        |of: &mut dyn Iterator<Item = &ClosedSegment>| of.map(|segment| segment.bytes).sum::<u64>();
    let (new, all) = (bytes(&mut dirty()), bytes(&mut segments.iter()));
    let overdue =
        dirty().any(|segment| now_ms - segment.modified_ms > config.max_compaction_lag_ms);
    new > 0 && (overdue || new as f64 >= config.min_cleanable_dirty_ratio * all as f64)
}

fn latest_offsets(partition: &TopicPartition, until: i64) -> Result<Latest, StoreError> {
    let mut latest = Latest::new();
    let mut from = partition.log.bounds().0;
    while from < until {
        let frames = partition.log.read(from, until, BULK)?;
        let Some(last) = frames.last() else { break };
        from = last.header.next_offset();
        for frame in &frames {
            if is_data(partition, frame) {
                // A batch that cannot be read is kept as it is, so its keys do not count.
                drop(note_keys(frame, &mut latest));
            }
        }
    }
    Ok(latest)
}

/// Whether the batch has records that consumers see.
fn is_data(partition: &TopicPartition, frame: &Frame) -> bool {
    let header = BatchHeader::read(&frame.payload).filter(|header| !header.is_control());
    header
        .is_some_and(|header| !partition.with_producers(|producers| producers.is_aborted(&header)))
}

fn note_keys(frame: &Frame, latest: &mut Latest) -> io::Result<()> {
    let mut records = Records::of(&frame.payload)?;
    while let Some(record) = records.next()? {
        if let Some(key) = record.key {
            let offset = frame.header.base_offset + i64::from(record.offset_delta);
            latest.insert(key.into(), offset);
        }
    }
    Ok(())
}

fn judge(
    partition: &TopicPartition,
    frame: &Frame,
    latest: &Latest,
    keep_tombstones: bool,
) -> Verdict {
    let Some(header) = BatchHeader::read(&frame.payload).filter(|header| !header.is_control())
    else {
        return Verdict::Keep;
    };
    let aborted = partition.with_producers(|producers| producers.is_aborted(&header));
    let rebuilt = rebuild(&frame.payload, |record| {
        let offset = frame.header.base_offset + i64::from(record.offset_delta);
        let is_latest = record
            .key
            .is_some_and(|key| latest.get(key) == Some(&offset));
        !aborted && is_latest && (record.value.is_some() || keep_tombstones)
    });
    match rebuilt {
        Ok(Rebuild::Same) | Err(_) => Verdict::Keep,
        Ok(Rebuild::Fewer(batch)) => Verdict::Replace(batch),
        Ok(Rebuild::None)
            if partition.with_producers(|producers| producers.is_last_of(&header)) =>
        {
            // The batch tells after a restart which sequence number its producer has to go on with.
            if header.records == 0 {
                Verdict::Keep
            } else {
                Verdict::Replace(without_records(&frame.payload))
            }
        }
        Ok(Rebuild::None) => Verdict::Drop,
    }
}
