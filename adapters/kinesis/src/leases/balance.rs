//! Which leases a reader should have: its share, as the Kinesis Client Library counts it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Leases;
use crate::topology::ShardId;

/// Shards to take: first those that nobody reads, up to our share; if there are none, one of the reader who has the most.
pub(super) fn take(
    me: &Arc<str>,
    leases: &Leases,
    offered: &BTreeSet<ShardId>,
    lives: impl Fn(&ShardId) -> bool,
) -> Vec<ShardId> {
    let mut loads: BTreeMap<&str, Vec<&ShardId>> = BTreeMap::from([(&**me, Vec::new())]);
    let mut free = Vec::new();
    for shard in offered {
        match leases.get(shard).and_then(|lease| lease.owner.as_deref()) {
            Some(owner) if owner == &**me || lives(shard) => {
                loads.entry(owner).or_default().push(shard)
            }
            _ => free.push(shard.clone()),
        }
    }
    let share = offered.len().div_ceil(loads.len());
    let mine = loads.remove(&**me).unwrap_or_default().len();
    let missing = share.saturating_sub(mine);
    if missing == 0 || !free.is_empty() {
        free.truncate(missing);
        return free;
    }
    let busiest = loads
        .into_values()
        .max_by_key(Vec::len)
        .filter(|shards| shards.len() > share);
    busiest
        .and_then(|shards| shards.last().copied().cloned())
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Lease;
    use super::*;

    /// Shards by their owners; `-` is nobody, a capital letter one who is dead.
    fn taken(me: &str, owners: &str) -> usize {
        let shard = |at: usize| ShardId::from(format!("{at:03}"));
        let mut leases = Leases::new();
        for (at, owner) in owners
            .chars()
            .enumerate()
            .filter(|(_, owner)| *owner != '-')
        {
            let owner = Some(owner.to_string().into());
            leases.insert(
                shard(at),
                Lease {
                    owner,
                    counter: 1,
                    place: None,
                },
            );
        }
        let offered: BTreeSet<_> = (0..owners.len()).map(shard).collect();
        let lives = |shard: &ShardId| {
            let owner = leases[shard].owner.as_deref().unwrap_or_default();
            owner.chars().all(char::is_lowercase)
        };
        let took = take(&me.into(), &leases, &offered, lives);
        assert!(took.iter().all(|shard| {
            leases
                .get(shard)
                .is_none_or(|lease| lease.owner.as_deref() != Some(me))
        }));
        took.len()
    }

    #[test]
    fn one_reader_takes_everything() {
        assert_eq!(taken("a", "----"), 4);
        assert_eq!(taken("a", "aa--"), 2);
        assert_eq!(taken("a", "aaaa"), 0);
    }

    #[test]
    fn what_the_dead_had_is_free() {
        assert_eq!(taken("a", "aaBB"), 2);
    }

    #[test]
    fn two_readers_share() {
        assert_eq!(taken("b", "aa--"), 2);
        assert_eq!(taken("b", "aaaa"), 1);
        assert_eq!(taken("b", "baaa"), 1);
        assert_eq!(taken("b", "bbaa"), 0);
        assert_eq!(taken("a", "bbaaa"), 0);
    }

    #[test]
    fn more_readers_than_shards_leave_some_idle() {
        assert_eq!(taken("c", "ab"), 0);
    }
}
