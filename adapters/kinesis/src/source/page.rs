//! What one request for records brought.

use std::collections::VecDeque;
use std::time::Duration;

use aws_sdk_kinesis::types::Record as Raw;
use bytes::Bytes;
use ssectl_adapter::{Error, Origin, Partition, Record, Timestamp};

use crate::envelope;
use crate::position::{Place, Point};
use crate::topology::ShardId;

/// Records of one shard, in their order.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) entries: VecDeque<Entry>,
    /// The newest record that Kinesis gave, also where it is not among the entries.
    pub(crate) newest: Option<Point>,
    /// Kinesis gave nothing at all, and says that there is nothing more for now.
    pub(crate) at_tip: bool,
    /// How far this is from the newest record.
    pub(crate) behind: Duration,
    /// The shard is closed and this was the last of it.
    pub(crate) ended: bool,
}

/// A record of a user, or what was there instead.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) point: Point,
    /// Where to read on behind it.
    pub(crate) next: Place,
    pub(crate) record: Result<Record, (Origin, Bytes, Error)>,
}

impl Entry {
    /// Its time; none of what is no record.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        self.record
            .as_ref()
            .ok()
            .and_then(|record| record.timestamp)
    }

    /// Bytes that count against the limit of a fetch.
    pub(crate) fn size(&self) -> usize {
        self.record
            .as_ref()
            .map_or_else(|(_, raw, _)| raw.len(), Record::size)
    }
}

impl Page {
    /// Takes an answer apart.
    pub(super) fn new(
        stream: &std::sync::Arc<str>,
        shard: &ShardId,
        raw: Vec<Raw>,
        behind: Option<i64>,
        ended: bool,
    ) -> Self {
        let behind = Duration::from_millis(
            behind
                .and_then(|millis| u64::try_from(millis).ok())
                .unwrap_or(0),
        );
        let at_tip = raw.is_empty() && behind.is_zero();
        let partition = Partition::from(shard.clone());
        let mut entries = VecDeque::with_capacity(raw.len());
        for record in raw {
            take_apart(stream, &partition, record, &mut entries);
        }
        let newest = entries.back().map(|entry: &Entry| entry.point.clone());
        Self {
            entries,
            newest,
            at_tip,
            behind,
            ended,
        }
    }
}

fn take_apart(
    stream: &std::sync::Arc<str>,
    partition: &Partition,
    raw: Raw,
    entries: &mut VecDeque<Entry>,
) {
    let sequence: std::sync::Arc<str> = raw.sequence_number.into();
    let arrival = raw
        .approximate_arrival_timestamp
        // It came as a fraction of seconds, which is hardly ever exact.
        .map(|time| (time.as_secs_f64() * 1000.0).round() as i64);
    let key = raw.partition_key.unwrap_or_default();
    let data = Bytes::from(raw.data.into_inner());
    let decoded = envelope::decode(&key, data, arrival.map(Timestamp::from_millis));
    let last = decoded.len() - 1;
    entries.extend(decoded.into_iter().enumerate().map(|(number, decoded)| {
        let point = Point {
            sequence: sequence.clone(),
            sub: decoded.sub,
        };
        let origin = Origin {
            stream: stream.clone(),
            partition: partition.clone(),
            position: point.position(),
        };
        Entry {
            next: Place::After(if number == last {
                Point::whole(sequence.clone())
            } else {
                point.clone()
            }),
            point,
            record: match decoded.record {
                Ok(record) => Ok(Record { origin, ..record }),
                Err((raw, error)) => Err((origin, raw, error)),
            },
        }
    }));
}
