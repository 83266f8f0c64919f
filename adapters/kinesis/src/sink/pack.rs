//! Filling requests.

use std::collections::HashSet;

use crate::envelope::Encoded;

/// Records in one request, and their bytes with the partition keys. A larger record travels alone.
const MOST_RECORDS: usize = 500;
const MOST_BYTES: usize = 5 << 20;

/// A record that is ready to be put, and the one it is made of.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// The record's index in the write.
    pub(super) index: usize,
    pub(super) encoded: Encoded,
    /// It has a key, whose order is kept.
    pub(super) ordered: bool,
}

/// Fills one request after another, in order. A strict order has each key once in a request, because Kinesis may refuse
/// a record and take a later one of the same request.
pub(super) fn pack(outgoing: Vec<Outgoing>, strict: bool) -> Vec<Vec<Outgoing>> {
    let mut requests: Vec<Vec<Outgoing>> = Vec::new();
    let mut keys = HashSet::new();
    let mut bytes = 0;
    for message in outgoing {
        let size = message.encoded.size();
        let repeats =
            strict && message.ordered && !keys.insert(message.encoded.partition_key.clone());
        match requests.last_mut() {
            Some(request)
                if request.len() < MOST_RECORDS && bytes + size <= MOST_BYTES && !repeats =>
            {
                bytes += size;
                request.push(message);
            }
            _ => {
                bytes = size;
                keys.clear();
                keys.extend(
                    (strict && message.ordered).then(|| message.encoded.partition_key.clone()),
                );
                requests.push(vec![message]);
            }
        }
    }
    requests
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn message(index: usize, size: usize, key: u8) -> Outgoing {
        let encoded = Encoded {
            partition_key: key.to_string(),
            explicit_hash_key: None,
            data: vec![0; size].into(),
        };
        Outgoing {
            index,
            encoded,
            ordered: true,
        }
    }

    fn sizes(requests: &[Vec<Outgoing>]) -> Vec<usize> {
        requests.iter().map(Vec::len).collect()
    }

    #[test]
    fn five_hundred_records_fill_a_request() {
        let messages = (0..1100).map(|index| message(index, 1, 0)).collect();
        assert_eq!(sizes(&pack(messages, false)), [500, 500, 100]);
    }

    #[test]
    fn bytes_fill_a_request() {
        let large = Bytes::from(vec![0; 2 << 20]);
        let message = |index| Outgoing {
            encoded: Encoded {
                data: large.clone(),
                ..message(0, 0, 1).encoded
            },
            index,
            ordered: true,
        };
        assert_eq!(
            sizes(&pack((0..5).map(message).collect(), false)),
            [2, 2, 1]
        );
    }

    #[test]
    fn in_strict_order_a_key_stands_once_in_a_request() {
        let messages = [1, 2, 1, 1, 3].into_iter().enumerate();
        let messages = messages
            .map(|(index, key)| message(index, 1, key))
            .collect();
        assert_eq!(sizes(&pack(messages, true)), [2, 1, 2]);
    }

    proptest! {
        #[test]
        fn order_is_kept_and_nothing_is_lost(
            messages in prop::collection::vec((0_usize..20, 0_u8..5), 0..1200),
            strict: bool,
        ) {
            let count = messages.len();
            let messages = messages.into_iter().enumerate();
            let messages = messages.map(|(index, (size, key))| message(index, size, key)).collect();
            let requests = pack(messages, strict);
            let indexes: Vec<_> = requests.iter().flatten().map(|o| o.index).collect();
            prop_assert_eq!(indexes, (0..count).collect::<Vec<_>>());
            for request in &requests {
                prop_assert!((1..=MOST_RECORDS).contains(&request.len()));
                let keys: HashSet<_> = request.iter().map(|o| &o.encoded.partition_key).collect();
                prop_assert!(!strict || keys.len() == request.len());
            }
        }
    }
}
