//! The shards of a stream and their descent: what was split or merged is read to its end before what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_kinesis::types::Shard as Described;
use ssectl_adapter::{Error, Result};

use crate::client::Stream;
use crate::error::request;

/// The name of a shard.
pub(crate) type ShardId = Arc<str>;

/// A shard as far as reading and writing need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) id: ShardId,
    /// One after a split, two after a merge.
    pub(crate) parents: Vec<ShardId>,
    /// It takes no more records.
    pub(crate) closed: bool,
    /// The sequence number it begins with.
    pub(crate) start: Arc<str>,
    /// First and last hash key.
    pub(crate) hashes: (u128, u128),
}

impl From<Described> for Shard {
    fn from(shard: Described) -> Self {
        let parents = [shard.parent_shard_id, shard.adjacent_parent_shard_id];
        let range = shard.sequence_number_range;
        let hash = |key: &str| key.parse().unwrap_or(0);
        Self {
            id: shard.shard_id.into(),
            parents: parents.into_iter().flatten().map(ShardId::from).collect(),
            closed: range
                .as_ref()
                .is_some_and(|range| range.ending_sequence_number.is_some()),
            start: range.map_or_else(|| "0".into(), |range| range.starting_sequence_number.into()),
            hashes: shard.hash_key_range.map_or((0, u128::MAX), |range| {
                (hash(&range.starting_hash_key), hash(&range.ending_hash_key))
            }),
        }
    }
}

/// All shards that still hold records, closed ones too.
pub(crate) async fn list(stream: &Stream) -> Result<Vec<Shard>> {
    let mut shards = Vec::new();
    let mut token = None;
    loop {
        let (name, arn) = match &token {
            // A token stands for the stream too.
            Some(_) => (None, None),
            None => stream.names(),
        };
        let asked = stream
            .client
            .list_shards()
            .set_stream_name(name)
            .set_stream_arn(arn);
        let page = asked.set_next_token(token).send().await;
        let page = page.map_err(|error| fault(stream, request("listing the shards", error)))?;
        shards.extend(page.shards.unwrap_or_default().into_iter().map(Shard::from));
        token = page.next_token;
        if token.is_none() {
            return Ok(shards);
        }
    }
}

fn fault(stream: &Stream, error: Error) -> Error {
    error.with("stream", &stream.name)
}

/// The shards of one read, and which of them are done with.
#[derive(Debug, Default)]
pub(crate) struct Lineage {
    shards: BTreeMap<ShardId, Shard>,
    finished: BTreeSet<ShardId>,
}

impl Lineage {
    /// Adds shards, and what changed of those that are known; answers the new ones.
    pub(crate) fn learn(&mut self, shards: Vec<Shard>) -> Vec<ShardId> {
        let mut new = Vec::new();
        for shard in shards {
            let id = shard.id.clone();
            if self.shards.insert(id.clone(), shard).is_none() {
                new.push(id);
            }
        }
        new
    }

    /// Notes that all of a shard was read.
    pub(crate) fn finish(&mut self, id: &ShardId) {
        self.finished.insert(id.clone());
    }

    /// Whether all of a shard was read.
    pub(crate) fn is_finished(&self, id: &str) -> bool {
        self.finished.contains(id)
    }

    /// Whether it takes no more records.
    pub(crate) fn is_closed(&self, id: &str) -> bool {
        self.shards.get(id).is_some_and(|shard| shard.closed)
    }

    /// Whether every parent that is still there is done with.
    pub(crate) fn may_begin(&self, id: &str) -> bool {
        let done = |parent: &ShardId| !self.shards.contains_key(parent) || self.is_finished(parent);
        self.shards
            .get(id)
            .is_some_and(|shard| shard.parents.iter().all(done))
    }

    /// Whether a shard was read to its end, and what came of it is not known yet.
    pub(crate) fn expects_children(&self) -> bool {
        let parents: BTreeSet<_> = self
            .shards
            .values()
            .flat_map(|shard| &shard.parents)
            .collect();
        self.finished.iter().any(|id| !parents.contains(id))
    }

    /// Whether nothing is known that came of this shard, which ended.
    pub(crate) fn expects_children_of(&self, id: &ShardId) -> bool {
        let mut shards = self.shards.values();
        !shards.any(|shard| shard.parents.contains(id))
    }

    /// All shards that are known.
    #[cfg(test)]
    fn ids(&self) -> impl Iterator<Item = &ShardId> {
        self.shards.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(id: &str, parents: &[&str]) -> Shard {
        Shard {
            id: id.into(),
            parents: parents
                .iter()
                .map(|parent| ShardId::from(*parent))
                .collect(),
            closed: false,
            start: "0".into(),
            hashes: (0, 0),
        }
    }

    fn ready(lineage: &Lineage) -> Vec<&str> {
        let ready = lineage
            .ids()
            .filter(|id| lineage.may_begin(id) && !lineage.is_finished(id));
        ready.map(|id| &**id).collect()
    }

    #[test]
    fn a_split_is_read_parent_first() {
        let mut lineage = Lineage::default();
        assert_eq!(
            lineage
                .learn(vec![
                    shard("0", &[]),
                    shard("1", &["0"]),
                    shard("2", &["0"])
                ])
                .len(),
            3
        );
        assert_eq!(ready(&lineage), ["0"]);
        lineage.finish(&"0".into());
        assert_eq!(ready(&lineage), ["1", "2"]);
    }

    #[test]
    fn the_child_of_a_merge_waits_for_both() {
        let mut lineage = Lineage::default();
        lineage.learn(vec![
            shard("0", &[]),
            shard("1", &[]),
            shard("2", &["0", "1"]),
        ]);
        lineage.finish(&"0".into());
        assert_eq!(ready(&lineage), ["1"]);
        lineage.finish(&"1".into());
        assert_eq!(ready(&lineage), ["2"]);
        assert!(!lineage.expects_children());
        lineage.finish(&"2".into());
        assert!(lineage.expects_children());
    }

    #[test]
    fn parents_that_are_gone_hold_nobody_up() {
        let mut lineage = Lineage::default();
        lineage.learn(vec![shard("7", &["3", "4"])]);
        assert_eq!(ready(&lineage), ["7"]);
    }

    #[test]
    fn what_is_learnt_again_is_not_new() {
        let mut lineage = Lineage::default();
        lineage.learn(vec![shard("0", &[])]);
        let closed = Shard {
            closed: true,
            ..shard("0", &[])
        };
        assert_eq!(
            lineage.learn(vec![closed, shard("1", &["0"])]),
            ["1".into()]
        );
        assert!(lineage.is_closed("0") && !lineage.is_closed("1"));
    }
}
