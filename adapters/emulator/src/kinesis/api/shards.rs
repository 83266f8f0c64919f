//! ListShards.

use serde::{Deserialize, Serialize};

use super::tokens;
use super::views::ShardView;
use crate::aws::AwsError;
use crate::kinesis::about::{About, Shard};
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::error::{invalid, no_such_stream};
use crate::kinesis::names::ShardId;
use crate::kinesis::wire::Timestamp;

/// Shards of one answer at most.
const LIMIT: i64 = 1000;

/// The kinds of filters.
const FILTERS: [&str; 6] = [
    "AFTER_SHARD_ID",
    "AT_TRIM_HORIZON",
    "FROM_TRIM_HORIZON",
    "AT_LATEST",
    "AT_TIMESTAMP",
    "FROM_TIMESTAMP",
];

/// Which shards a list has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    #[serde(rename = "Type")]
    kind: Option<String>,
    shard_id: Option<String>,
    timestamp: Option<Timestamp>,
}

/// The parameters of ListShards.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct List {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    next_token: Option<String>,
    exclusive_start_shard_id: Option<String>,
    max_results: Option<i64>,
    stream_creation_timestamp: Option<Timestamp>,
    shard_filter: Option<Filter>,
}

/// The result of ListShards.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Listed {
    shards: Vec<ShardView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// How a list goes on.
#[derive(Debug, Serialize, Deserialize)]
struct Progress {
    stream: String,
    after: Option<u32>,
    open: Open,
}

/// Shards by when they were open, Unix milliseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Open {
    /// At some time from then on.
    From(i64),
    /// At that time.
    At(i64),
    /// Now.
    Now,
}

impl Open {
    fn has(self, shard: &Shard) -> bool {
        let closed_ms = shard.closed.map(|closed| closed.at_ms);
        match self {
            Self::From(time) => closed_ms.is_none_or(|closed| closed >= time),
            Self::At(time) => {
                shard.created_ms <= time && closed_ms.is_none_or(|closed| closed >= time)
            }
            Self::Now => closed_ms.is_none(),
        }
    }
}

/// ListShards.
pub(in crate::kinesis) fn list(call: &Call<'_>, input: List) -> Result<Listed, AwsError> {
    check(&input)?;
    let now_ms = call.now_ms();
    let (about, progress) = match &input.next_token {
        Some(token) => {
            let progress: Progress = tokens::open(token, now_ms)?;
            let stream = call.live_stream(Some(&progress.stream), None)?;
            (stream.about(), progress)
        }
        None => {
            let (name, arn) = (input.stream_name.as_deref(), input.stream_arn.as_deref());
            let about = call.live_stream(name, arn)?.about();
            let progress = begin(&input, &about, now_ms)?;
            (about, progress)
        }
    };
    let horizon_ms = about.horizon_ms(now_ms);
    let shards = (0..).zip(&about.shards).filter(|(number, shard)| {
        shard.is_listed(horizon_ms)
            && progress.open.has(shard)
            && progress.after.is_none_or(|after| *number > after)
    });
    let limit = usize::try_from(input.max_results.unwrap_or(LIMIT).min(LIMIT)).unwrap_or(1);
    let mut shards: Vec<_> = shards.take(limit + 1).collect();
    let is_last = shards.len() <= limit;
    shards.truncate(limit);
    let after = shards.last().map(|(number, _)| *number);
    let next = (!is_last).then(|| tokens::seal(&Progress { after, ..progress }, now_ms));
    Ok(Listed {
        shards: shards
            .into_iter()
            .map(|(number, shard)| ShardView::new(number, shard))
            .collect(),
        next_token: next,
    })
}

fn check(input: &List) -> Result<(), AwsError> {
    let mut checks = Checks::default();
    checks.range("maxResults", input.max_results, (1, 10_000));
    checks.name(
        "exclusiveStartShardId",
        input.exclusive_start_shard_id.as_deref(),
    );
    if let Some(filter) = &input.shard_filter {
        let kind = filter.kind.as_deref();
        checks.required("shardFilter.type", kind.as_ref());
        checks.one_of("shardFilter.type", kind, &FILTERS);
        checks.name("shardFilter.shardId", filter.shard_id.as_deref());
    }
    checks.done()?;
    let names_stream = input.stream_name.is_some() || input.stream_arn.is_some();
    let says_more = input.exclusive_start_shard_id.is_some()
        || input.stream_creation_timestamp.is_some()
        || input.shard_filter.is_some();
    match input.next_token.is_some() && (names_stream || says_more) {
        true => Err(invalid(
            "NextToken and StreamName, StreamARN, StreamCreationTimestamp, ExclusiveStartShardId or ShardFilter cannot be \
             provided together.",
        )),
        false => Ok(()),
    }
}

/// What the first page of a list shows.
fn begin(input: &List, about: &About, now_ms: i64) -> Result<Progress, AwsError> {
    let is_other = |time: Timestamp| time.0 / 1000 != about.created_ms / 1000;
    if input.stream_creation_timestamp.is_some_and(is_other) {
        return Err(no_such_stream(&about.name));
    }
    let horizon_ms = about.horizon_ms(now_ms).max(about.created_ms);
    let mut progress = Progress {
        stream: about.name.clone(),
        after: input
            .exclusive_start_shard_id
            .as_deref()
            .map(parse_id)
            .transpose()?,
        open: Open::From(0),
    };
    let Some(filter) = &input.shard_filter else {
        return Ok(progress);
    };
    let kind = filter.kind.as_deref().unwrap_or_default();
    check_filter(filter, kind)?;
    let time_ms = filter.timestamp.map_or(0, |time| time.0).max(horizon_ms);
    match kind {
        "AFTER_SHARD_ID" => {
            progress.after = filter.shard_id.as_deref().map(parse_id).transpose()?
        }
        "AT_LATEST" => progress.open = Open::Now,
        "AT_TRIM_HORIZON" => progress.open = Open::At(horizon_ms),
        "AT_TIMESTAMP" => progress.open = Open::At(time_ms),
        "FROM_TIMESTAMP" => progress.open = Open::From(time_ms),
        _ => {}
    }
    Ok(progress)
}

fn check_filter(filter: &Filter, kind: &str) -> Result<(), AwsError> {
    let (wants_id, wants_time) = (kind == "AFTER_SHARD_ID", kind.ends_with("_TIMESTAMP"));
    if wants_id != filter.shard_id.is_some() {
        return Err(invalid(format!(
            "ShardId has to be provided with the shard filter type AFTER_SHARD_ID and with no other. Type is {kind}."
        )));
    }
    match wants_time == filter.timestamp.is_some() {
        true => Ok(()),
        false => Err(invalid(format!(
            "Timestamp has to be provided with the shard filter types AT_TIMESTAMP and FROM_TIMESTAMP and with no other. \
             Type is {kind}."
        ))),
    }
}

fn parse_id(id: &str) -> Result<u32, AwsError> {
    let parsed = ShardId::parse(id).map(|id| id.0);
    parsed.ok_or_else(|| invalid(format!("{id} is no id of a shard.")))
}
