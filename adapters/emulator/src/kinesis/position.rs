//! Where to begin to read a shard.

use super::about::{About, Shard};
use super::checks::Checks;
use super::error::{self, invalid};
use super::names::ShardId;
use super::sequence::Sequence;
use super::wire::Timestamp;
use crate::aws::{ACCOUNT, AwsError};
use crate::store::Partition;

/// The sequence number that is before those of all shards.
pub(super) const NOTHING: &str = "0";

/// The ways to say it.
pub(super) const TYPES: [&str; 5] = [
    "AT_SEQUENCE_NUMBER",
    "AFTER_SEQUENCE_NUMBER",
    "TRIM_HORIZON",
    "LATEST",
    "AT_TIMESTAMP",
];

/// A place in a shard, as a request names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position<'a> {
    pub(super) kind: &'a str,
    pub(super) sequence: Option<&'a str>,
    pub(super) timestamp: Option<Timestamp>,
    /// The operation, for messages.
    pub(super) operation: &'static str,
}

impl Position<'_> {
    /// Adds what is wrong with its form.
    pub(super) fn check(&self, checks: &mut Checks, at: &str) {
        checks.one_of(at, Some(self.kind), &TYPES);
        checks.sequence("startingSequenceNumber", self.sequence);
    }

    /// The offset of the first record to read.
    ///
    /// # Errors
    /// A sequence number is of another shard, a time in the future, or something is missing.
    pub(super) fn resolve(
        &self,
        about: &About,
        shard: u32,
        log: &Partition,
        now_ms: i64,
    ) -> Result<i64, AwsError> {
        let (start, end) = log.bounds();
        let offset = match self.kind {
            "TRIM_HORIZON" | "LATEST" if self.sequence.is_some() => {
                return Err(self.mismatch("also a"));
            }
            "TRIM_HORIZON" => start,
            "LATEST" => end,
            "AT_TIMESTAMP" => self.at_time(about, log, now_ms)?,
            kind => {
                let place = self.place(about, shard)?;
                let at = i64::try_from(place).unwrap_or(i64::MAX);
                if kind == "AT_SEQUENCE_NUMBER" {
                    at - 1
                } else {
                    at
                }
            }
        };
        Ok(offset.clamp(start, end))
    }

    fn at_time(&self, about: &About, log: &Partition, now_ms: i64) -> Result<i64, AwsError> {
        let Some(Timestamp(time)) = self.timestamp else {
            return Err(invalid(
                "Must either specify timestamp parameter for iterator type AT_TIMESTAMP.",
            ));
        };
        if time > now_ms {
            return Err(invalid(format!(
                "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. \
                 timestampInMillis: {time}, currentTimestampInMillis: {now_ms}"
            )));
        }
        let (start, end) = log.bounds();
        let frame = log.find_time(time, start);
        let frame = frame.map_err(|error| error::store(error, &about.name))?;
        Ok(frame.map_or(end, |frame| frame.header.base_offset))
    }

    /// That the kind of position and the sequence number do not go together.
    fn mismatch(&self, which: &str) -> AwsError {
        invalid(format!(
            "Must either specify (1) AT_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no \
             StartingSequenceNumber. Request specified {} and {which} StartingSequenceNumber.",
            self.kind
        ))
    }

    /// The place in the shard that the sequence number names.
    fn place(&self, about: &About, number: u32) -> Result<u64, AwsError> {
        let Some(text) = self.sequence else {
            return Err(self.mismatch("no"));
        };
        if text == NOTHING {
            return Ok(0);
        }
        let shard: &Shard = &about.shards[number as usize];
        let parsed = text.parse::<Sequence>().ok();
        match parsed {
            Some(sequence) if sequence.shard != number => Err(invalid(format!(
                "Invalid StartingSequenceNumber. It encodes {}, while it was used in a call to a shard with {}",
                ShardId(sequence.shard),
                ShardId(number)
            ))),
            Some(sequence) if sequence.created_s == shard.created_s => Ok(sequence.place),
            _ => Err(invalid(format!(
                "StartingSequenceNumber {text} used in {} on shard {} in stream {} under account {ACCOUNT} is invalid.",
                self.operation,
                ShardId(number),
                about.name
            ))),
        }
    }
}
