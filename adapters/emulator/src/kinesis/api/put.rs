//! PutRecord, PutRecords.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::aws::{ACCOUNT, AwsError};
use crate::kinesis::about::About;
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::error::{internal, invalid};
use crate::kinesis::names::ShardId;
use crate::kinesis::position::NOTHING;
use crate::kinesis::sequence::Sequence;
use crate::kinesis::wire::Blob;
use crate::kinesis::writer::{NewRecord, Written, write};

/// Records of one request.
const RECORDS: usize = 500;

/// Bytes of keys and data of one request.
const BYTES: usize = 10 << 20;

/// The parameters of PutRecord.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct PutRecord {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    data: Option<Blob>,
    partition_key: Option<String>,
    explicit_hash_key: Option<String>,
    sequence_number_for_ordering: Option<String>,
}

/// A record of PutRecords.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    data: Option<Blob>,
    partition_key: Option<String>,
    explicit_hash_key: Option<String>,
}

impl Entry {
    /// The record, once [`Self::check`] has found nothing.
    fn record(&self) -> Option<NewRecord<'_>> {
        Some(NewRecord {
            partition_key: self.partition_key.as_ref()?,
            explicit_hash_key: self.explicit_hash_key.as_deref(),
            data: &self.data.as_ref()?.0,
        })
    }

    /// Adds what is wrong with it.
    fn check(&self, checks: &mut Checks, at: &str, about: &About) {
        match &self.data {
            None => checks.required(&format!("{at}data"), None::<&()>),
            Some(data) => {
                let (length, limit) = (data.0.len(), about.max_record_kib as usize * 1024);
                if length > limit {
                    let value = format!("java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]");
                    let constraint =
                        format!("Member must have length less than or equal to {limit}");
                    checks.fail(value, format!("{at}data"), constraint);
                }
            }
        }
        match &self.partition_key {
            None => checks.required(&format!("{at}partitionKey"), None::<&()>),
            Some(key) => {
                checks.length(
                    key,
                    format_args!("{at}partitionKey"),
                    key.chars().count(),
                    (1, 256),
                );
            }
        }
        let hash_key = self.explicit_hash_key.as_deref();
        checks.hash_key(format_args!("{at}explicitHashKey"), hash_key);
    }
}

/// The result of PutRecord.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Put {
    shard_id: ShardId,
    sequence_number: Sequence,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_type: Option<&'static str>,
}

/// PutRecord.
pub(in crate::kinesis) fn put_record(call: &Call<'_>, input: PutRecord) -> Result<Put, AwsError> {
    let stream = call.live_stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let about = stream.about();
    let entry = Entry {
        data: input.data,
        partition_key: input.partition_key,
        explicit_hash_key: input.explicit_hash_key,
    };
    let mut checks = Checks::default();
    entry.check(&mut checks, "", &about);
    let earlier = input.sequence_number_for_ordering.as_deref();
    checks.sequence("sequenceNumberForOrdering", earlier);
    checks.done()?;
    let is_none = |text: &&str| *text != NOTHING && text.parse::<Sequence>().is_err();
    if let Some(earlier) = earlier.filter(is_none) {
        return Err(invalid(format!(
            "ExclusiveMinimumSequenceNumber {earlier} used in PutRecord on stream {} under account {ACCOUNT} is invalid.",
            about.name
        )));
    }
    let record = entry
        .record()
        .ok_or_else(|| internal("a record without data or key"))?;
    let mut results = write(call.kinesis, &stream, &[record])?;
    let Written { shard, sequence } = results
        .pop()
        .unwrap_or_else(|| Err(internal("no result")))?;
    Ok(Put {
        shard_id: ShardId(shard),
        sequence_number: sequence,
        encryption_type: encryption(&about),
    })
}

/// The parameters of PutRecords.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct PutRecords {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    records: Option<Vec<Entry>>,
}

/// What became of a record of PutRecords.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Outcome {
    #[serde(rename_all = "PascalCase")]
    Done {
        sequence_number: Sequence,
        shard_id: ShardId,
    },
    #[serde(rename_all = "PascalCase")]
    Failed {
        error_code: String,
        error_message: Cow<'static, str>,
    },
}

/// The result of PutRecords.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct PutAll {
    failed_record_count: usize,
    records: Vec<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_type: Option<&'static str>,
}

/// PutRecords.
pub(in crate::kinesis) fn put_records(
    call: &Call<'_>,
    input: PutRecords,
) -> Result<PutAll, AwsError> {
    let stream = call.live_stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let about = stream.about();
    let mut checks = Checks::default();
    checks.required("records", input.records.as_ref());
    if let Some(entries) = &input.records {
        let value = format_args!("[{} records]", entries.len());
        checks.length(value, "records", entries.len(), (1, RECORDS));
    }
    let entries = input.records.unwrap_or_default();
    if entries.len() <= RECORDS {
        for (place, entry) in (1..).zip(&entries) {
            entry.check(&mut checks, &format!("records.{place}.member."), &about);
        }
    }
    checks.done()?;
    let records: Vec<_> = entries.iter().filter_map(Entry::record).collect();
    let bytes: usize = records
        .iter()
        .map(|record| record.partition_key.len() + record.data.len())
        .sum();
    if bytes > BYTES {
        return Err(invalid("Records size exceeds 10 MB limit"));
    }
    let results = write(call.kinesis, &stream, &records)?;
    let failed_record_count = results.iter().filter(|result| result.is_err()).count();
    Ok(PutAll {
        failed_record_count,
        records: results.into_iter().map(outcome).collect(),
        encryption_type: encryption(&about),
    })
}

fn outcome(result: Result<Written, AwsError>) -> Outcome {
    match result {
        Ok(Written { shard, sequence }) => Outcome::Done {
            sequence_number: sequence,
            shard_id: ShardId(shard),
        },
        Err(error) => Outcome::Failed {
            // A failure of the service has another name here.
            error_code: match error.kind.as_str() {
                "InternalFailureException" => "InternalFailure".to_owned(),
                _ => error.kind,
            },
            error_message: error.message,
        },
    }
}

fn encryption(about: &About) -> Option<&'static str> {
    about.key_id.is_some().then_some("KMS")
}
