//! Shards in answers.

use serde::Serialize;

use crate::kinesis::about::{About, Shard};
use crate::kinesis::hash::{HashKey, HashRange};
use crate::kinesis::names::ShardId;
use crate::kinesis::sequence::Sequence;

/// A range of hash keys.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RangeView {
    starting_hash_key: HashKey,
    ending_hash_key: HashKey,
}

impl From<HashRange> for RangeView {
    fn from(range: HashRange) -> Self {
        Self {
            starting_hash_key: HashKey(range.first),
            ending_hash_key: HashKey(range.last),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SequencesView {
    starting_sequence_number: Sequence,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_sequence_number: Option<Sequence>,
}

/// A shard in a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ShardView {
    shard_id: ShardId,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_shard_id: Option<ShardId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adjacent_parent_shard_id: Option<ShardId>,
    hash_key_range: RangeView,
    sequence_number_range: SequencesView,
}

impl ShardView {
    /// A shard by its number.
    pub(super) fn new(number: u32, shard: &Shard) -> Self {
        let parent = |place: usize| shard.parents.get(place).copied().map(ShardId);
        Self {
            shard_id: ShardId(number),
            parent_shard_id: parent(0),
            adjacent_parent_shard_id: parent(1),
            hash_key_range: shard.range.into(),
            sequence_number_range: SequencesView {
                starting_sequence_number: shard.first_sequence(number),
                ending_sequence_number: shard.last_sequence(number),
            },
        }
    }
}

/// A child of a shard that has come to its end.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChildView {
    shard_id: ShardId,
    parent_shards: Vec<ShardId>,
    hash_key_range: RangeView,
}

impl ChildView {
    /// All children of a shard.
    pub(super) fn all(about: &About, number: u32) -> Vec<Self> {
        let view = |(number, child): (u32, &Shard)| Self {
            shard_id: ShardId(number),
            parent_shards: child.parents.iter().copied().map(ShardId).collect(),
            hash_key_range: child.range.into(),
        };
        about.children(number).map(view).collect()
    }
}
