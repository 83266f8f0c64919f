//! SplitShard, MergeShards.

use serde::Deserialize;

use super::iterators::find_shard;
use super::streams::require_shards;
use crate::aws::{ACCOUNT, AwsError};
use crate::kinesis::about::About;
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::error::{invalid, kinesis};
use crate::kinesis::hash;
use crate::kinesis::names::ShardId;
use crate::kinesis::resharding::Resharding;

/// The parameters of SplitShard.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Split {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    shard_to_split: Option<String>,
    new_starting_hash_key: Option<String>,
}

/// SplitShard.
pub(in crate::kinesis) fn split(call: &Call<'_>, input: Split) -> Result<(), AwsError> {
    let mut checks = Checks::default();
    let key = input.new_starting_hash_key.as_deref();
    checks.required_name("shardToSplit", input.shard_to_split.as_deref());
    checks.required("newStartingHashKey", key.as_ref());
    checks.hash_key("newStartingHashKey", key);
    checks.done()?;
    let stream = call.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let shard = find_shard(call, &stream, &input.shard_to_split.unwrap_or_default())?;
    require_shards(call, 1)?;
    call.reshard(&stream, |resharding| {
        require_provisioned(resharding.about())?;
        require_open(resharding, shard)?;
        let range = resharding.about().shards[shard as usize].range;
        let key = key.unwrap_or_default();
        match hash::parse(key).filter(|key| *key > range.first.saturating_add(1) && *key < range.last) {
            Some(at) => {
                resharding.split(shard, at);
                Ok(())
            }
            None => Err(invalid(format!(
                "NewStartingHashKey {key} used in SplitShard() on shard {} in stream {} under account {ACCOUNT} is not both \
                 greater than one plus the shard's StartingHashKey {} and less than the shard's EndingHashKey {}.",
                ShardId(shard),
                resharding.about().name,
                range.first,
                range.last
            ))),
        }
    })
}

/// The parameters of MergeShards.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Merge {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    shard_to_merge: Option<String>,
    adjacent_shard_to_merge: Option<String>,
}

/// MergeShards.
pub(in crate::kinesis) fn merge(call: &Call<'_>, input: Merge) -> Result<(), AwsError> {
    let mut checks = Checks::default();
    checks.required_name("shardToMerge", input.shard_to_merge.as_deref());
    checks.required_name(
        "adjacentShardToMerge",
        input.adjacent_shard_to_merge.as_deref(),
    );
    checks.done()?;
    let stream = call.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let first = find_shard(call, &stream, &input.shard_to_merge.unwrap_or_default())?;
    let second = find_shard(
        call,
        &stream,
        &input.adjacent_shard_to_merge.unwrap_or_default(),
    )?;
    call.reshard(&stream, |resharding| {
        require_provisioned(resharding.about())?;
        require_open(resharding, first)?;
        require_open(resharding, second)?;
        let range = |shard: u32| resharding.about().shards[shard as usize].range;
        if !range(first).is_next_to(range(second)) {
            return Err(invalid(format!(
                "Shards {} and {} in stream {} under account {ACCOUNT} are not an adjacent pair of shards eligible for merging",
                ShardId(first),
                ShardId(second),
                resharding.about().name
            )));
        }
        resharding.merge(first, second);
        Ok(())
    })
}

/// Refuses what is up to the service in streams that scale themselves.
///
/// # Errors
/// The stream is one of those.
pub(super) fn require_provisioned(about: &About) -> Result<(), AwsError> {
    match about.on_demand {
        false => Ok(()),
        true => Err(kinesis(
            "ValidationException",
            format!(
                "Request is invalid. Stream {} under account {ACCOUNT} is in On-Demand mode.",
                about.name
            ),
        )),
    }
}

fn require_open(resharding: &Resharding<'_>, shard: u32) -> Result<(), AwsError> {
    let about = resharding.about();
    match about.shards[shard as usize].closed {
        None => Ok(()),
        Some(_) => Err(invalid(format!(
            "Shard {} in stream {} under account {ACCOUNT} has already been merged or split, and thus is not eligible for \
             merging or splitting.",
            ShardId(shard),
            about.name
        ))),
    }
}
