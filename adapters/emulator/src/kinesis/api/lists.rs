//! ListStreams.

use serde::{Deserialize, Serialize};

use super::describe::Mode;
use super::tokens;
use crate::aws::AwsError;
use crate::kinesis::about::About;
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::error::invalid;
use crate::kinesis::names;
use crate::kinesis::wire::Timestamp;

/// Streams of one answer at most.
const LIMIT: i64 = 100;

/// The parameters of ListStreams.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct List {
    limit: Option<i64>,
    exclusive_start_stream_name: Option<String>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    stream_name: String,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    stream_status: &'static str,
    stream_mode_details: Mode,
    stream_creation_timestamp: Timestamp,
}

impl Summary {
    fn new(about: &About, now_ms: i64) -> Self {
        Self {
            stream_name: about.name.clone(),
            stream_arn: names::stream_arn(&about.region, &about.name),
            stream_status: about.status(now_ms).name(),
            stream_mode_details: Mode::of(about),
            stream_creation_timestamp: Timestamp(about.created_ms),
        }
    }
}

/// The result of ListStreams.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Listed {
    stream_names: Vec<String>,
    has_more_streams: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
    stream_summaries: Vec<Summary>,
}

/// ListStreams.
pub(in crate::kinesis) fn list(call: &Call<'_>, input: List) -> Result<Listed, AwsError> {
    let mut checks = Checks::default();
    checks.range("limit", input.limit, (1, 10_000));
    checks.name(
        "exclusiveStartStreamName",
        input.exclusive_start_stream_name.as_deref(),
    );
    checks.done()?;
    let now_ms = call.now_ms();
    let after: Option<String> = match (input.next_token, input.exclusive_start_stream_name) {
        (Some(_), Some(_)) => {
            return Err(invalid(
                "NextToken and ExclusiveStartStreamName cannot be provided together.",
            ));
        }
        (Some(token), None) => Some(tokens::open(&token, now_ms)?),
        (None, after) => after,
    };
    let limit = usize::try_from(input.limit.unwrap_or(LIMIT).min(LIMIT)).unwrap_or(1);
    let streams = call
        .kinesis
        .streams(call.region)
        .into_iter()
        .map(|stream| stream.about());
    let streams = streams.filter(|about| after.as_ref().is_none_or(|after| about.name > *after));
    let mut streams: Vec<_> = streams.take(limit + 1).collect();
    let has_more_streams = streams.len() > limit;
    streams.truncate(limit);
    let last = streams.last().filter(|_| has_more_streams);
    Ok(Listed {
        next_token: last.map(|about| tokens::seal(&about.name, now_ms)),
        has_more_streams,
        stream_names: streams.iter().map(|about| about.name.clone()).collect(),
        stream_summaries: streams
            .iter()
            .map(|about| Summary::new(about, now_ms))
            .collect(),
    })
}
