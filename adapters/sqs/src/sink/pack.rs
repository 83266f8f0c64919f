//! Which messages travel together, and which one after another.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::message::Encoded;

/// Messages in one request.
const MOST_ENTRIES: usize = 10;

/// A message and the record it is made of.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// The record's index in the write.
    pub(super) index: usize,
    pub(super) message: Encoded,
    pub(super) deduplication: Option<String>,
}

/// Packs messages into lanes of batches. Batches of a lane are to be sent one after another, lanes
/// at the same time; a message group stays in one of at most `width` lanes. Messages without a
/// group have no order to keep, so each of their batches is a lane.
pub(super) fn pack(messages: Vec<Outgoing>, width: usize, limit: usize) -> Vec<Vec<Vec<Outgoing>>> {
    let mut lanes: Vec<Vec<Outgoing>> = Vec::new();
    lanes.resize_with(width.max(1), Vec::new);
    let mut free = Vec::new();
    for message in messages {
        match &message.message.group {
            None => free.push(message),
            Some(group) => {
                let lane = lane_of(group, lanes.len());
                lanes[lane].push(message);
            }
        }
    }
    let ordered = lanes.into_iter().filter(|lane| !lane.is_empty());
    let ordered = ordered.map(|lane| batches(lane, limit));
    let free = batches(free, limit).into_iter().map(|batch| vec![batch]);
    ordered.chain(free).collect()
}

fn lane_of(group: &str, lanes: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    group.hash(&mut hasher);
    usize::try_from(hasher.finish() % lanes as u64).unwrap_or(0)
}

/// Fills one batch after another, in order, up to ten messages or the limit in bytes.
fn batches(messages: Vec<Outgoing>, limit: usize) -> Vec<Vec<Outgoing>> {
    let mut batches: Vec<Vec<Outgoing>> = Vec::new();
    let mut bytes = 0;
    for outgoing in messages {
        let size = outgoing.message.size;
        match batches.last_mut() {
            Some(batch) if batch.len() < MOST_ENTRIES && bytes + size <= limit => {
                bytes += size;
                batch.push(outgoing);
            }
            _ => {
                bytes = size;
                batches.push(vec![outgoing]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn message(index: usize, size: usize, group: Option<u8>) -> Outgoing {
        Outgoing {
            index,
            message: Encoded {
                body: String::new(),
                attributes: Default::default(),
                group: group.map(|group| group.to_string()),
                size,
            },
            deduplication: None,
        }
    }

    #[test]
    fn ten_messages_fill_a_batch() {
        let messages = (0..25).map(|index| message(index, 1, None)).collect();
        let sizes: Vec<_> = pack(messages, 4, 1000)
            .iter()
            .map(|lane| lane[0].len())
            .collect();
        assert_eq!(sizes, [10, 10, 5]);
    }

    #[test]
    fn bytes_fill_a_batch() {
        let messages = [600, 400, 1, 1000, 999].into_iter().enumerate();
        let messages = messages
            .map(|(index, size)| message(index, size, None))
            .collect();
        let sizes: Vec<_> = pack(messages, 4, 1000)
            .iter()
            .map(|lane| lane[0].len())
            .collect();
        assert_eq!(sizes, [2, 1, 1, 1]);
    }

    proptest! {
        #[test]
        fn limits_and_orders_are_kept(
            sizes in prop::collection::vec((0_usize..=1000, prop::option::of(0_u8..7)), 0..120),
            width in 1_usize..9,
        ) {
            let count = sizes.len();
            let messages = sizes.into_iter().enumerate();
            let messages = messages.map(|(index, (size, group))| message(index, size, group)).collect();
            let lanes = pack(messages, width, 1000);
            let mut seen = Vec::new();
            let mut home = BTreeMap::new();
            for (number, lane) in lanes.iter().enumerate() {
                let mut last: BTreeMap<&str, usize> = BTreeMap::new();
                for batch in lane {
                    prop_assert!((1..=10).contains(&batch.len()));
                    prop_assert!(batch.iter().map(|o| o.message.size).sum::<usize>() <= 1000);
                    for outgoing in batch {
                        seen.push(outgoing.index);
                        let Some(group) = outgoing.message.group.as_deref() else { continue };
                        prop_assert_eq!(*home.entry(group).or_insert(number), number);
                        prop_assert!(last.insert(group, outgoing.index) < Some(outgoing.index));
                    }
                }
            }
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..count).collect::<Vec<_>>());
        }
    }
}
