//! Which shard a record goes to: that of its hash key.

use std::sync::Arc;

use md5::{Digest, Md5};
use ssectl_adapter::{ErrorKind, Result};

use super::pace::Pace;
use super::pack::Outgoing;
use crate::client::Stream;
use crate::topology::{self, ShardId};

/// The open shards in the order of their hash keys. Kinesis decides where records go; this only tells which of them
/// travel together, and a shard's pace from another's.
pub(super) struct Routes {
    shards: Vec<Route>,
    stale: bool,
}

struct Route {
    id: ShardId,
    first: u128,
    pace: Pace,
}

impl Routes {
    pub(super) async fn find(stream: &Stream) -> Result<Self> {
        let mut routes = Self {
            shards: Vec::new(),
            stale: true,
        };
        routes.refresh(stream).await?;
        Ok(routes)
    }

    /// The shards were split or merged since.
    pub(super) fn forget(&mut self) {
        self.stale = true;
    }

    /// Finds the shards again where they are not known any more.
    pub(super) async fn refresh(&mut self, stream: &Stream) -> Result<()> {
        if !std::mem::take(&mut self.stale) {
            return Ok(());
        }
        let mut shards = match topology::list(stream).await {
            // Who may only put records knows nothing of shards.
            Err(error) if error.kind() == ErrorKind::Permission => Vec::new(),
            listed => listed.inspect_err(|_| self.stale = true)?,
        };
        shards.retain(|shard| !shard.closed);
        shards.sort_unstable_by_key(|shard| shard.hashes.0);
        let mut old = std::mem::take(&mut self.shards);
        self.shards = shards
            .into_iter()
            .map(|shard| Route {
                pace: old
                    .iter_mut()
                    .find(|route| route.id == shard.id)
                    .map(|route| std::mem::take(&mut route.pace))
                    .unwrap_or_default(),
                first: shard.hashes.0,
                id: shard.id,
            })
            .collect();
        Ok(())
    }

    /// Records by shard, in their order.
    pub(super) fn divide(
        &mut self,
        outgoing: Vec<Outgoing>,
    ) -> impl Iterator<Item = (&str, &mut Pace, Vec<Outgoing>)> {
        let mut lanes: Vec<Vec<Outgoing>> = Vec::new();
        lanes.resize_with(self.shards.len().max(1), Vec::new);
        for message in outgoing {
            let lane = self.lane(hash_key(&message));
            lanes[lane].push(message);
        }
        if self.shards.is_empty() {
            self.shards.push(Route {
                id: Arc::from(""),
                first: 0,
                pace: Pace::default(),
            });
        }
        let lanes = self.shards.iter_mut().zip(lanes);
        lanes
            .filter(|(_, lane)| !lane.is_empty())
            .map(|(route, lane)| (&*route.id, &mut route.pace, lane))
    }

    fn lane(&self, hash: u128) -> usize {
        self.shards
            .partition_point(|route| route.first <= hash)
            .saturating_sub(1)
    }
}

/// The MD5 of the partition key as a number of 128 bits, unless it is said otherwise.
fn hash_key(outgoing: &Outgoing) -> u128 {
    let encoded = &outgoing.encoded;
    encoded.explicit_hash_key.unwrap_or_else(|| {
        u128::from_be_bytes(Md5::digest(encoded.partition_key.as_bytes()).into())
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::envelope::Encoded;

    fn outgoing(partition_key: &str, explicit_hash_key: Option<u128>) -> Outgoing {
        let partition_key = partition_key.to_owned();
        let encoded = Encoded {
            partition_key,
            explicit_hash_key,
            data: Bytes::new(),
        };
        Outgoing {
            index: 0,
            encoded,
            ordered: true,
        }
    }

    #[test]
    fn hash_keys_are_those_of_kinesis() {
        // md5("a") = 0cc175b9c0f1b6a831c399e269772661
        assert_eq!(
            hash_key(&outgoing("a", None)),
            0x0cc1_75b9_c0f1_b6a8_31c3_99e2_6977_2661
        );
        assert_eq!(hash_key(&outgoing("a", Some(3))), 3);
    }

    #[test]
    fn each_shard_has_its_range() {
        let route = |first: u128| Route {
            id: first.to_string().into(),
            first,
            pace: Pace::default(),
        };
        let mut routes = Routes {
            shards: vec![route(0), route(100), route(200)],
            stale: false,
        };
        for (hash, lane) in [
            (0, 0),
            (99, 0),
            (100, 1),
            (199, 1),
            (200, 2),
            (u128::MAX, 2),
        ] {
            assert_eq!(routes.lane(hash), lane, "{hash}");
        }
        let lanes: Vec<_> = routes
            .divide(vec![outgoing("a", Some(250)), outgoing("b", Some(1))])
            .map(|(id, _, lane)| (id.to_owned(), lane.len()))
            .collect();
        assert_eq!(lanes, [("0".to_owned(), 1), ("200".to_owned(), 1)]);
    }
}
