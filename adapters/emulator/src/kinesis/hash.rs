//! Hash keys: where a partition key falls among 2^128 values, and how shards share them.

use std::fmt;

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize, Serializer};

/// The hash key of a partition key: its MD5 as a number.
pub(crate) fn hash(partition_key: &str) -> u128 {
    u128::from_be_bytes(Md5::digest(partition_key.as_bytes()).into())
}

/// Reads a hash key; `None` if it is not a decimal number below 2^128 or has leading zeros.
pub(crate) fn parse(text: &str) -> Option<u128> {
    let is_plain = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| is_plain)
}

/// The hash keys of one shard, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HashRange {
    pub(crate) first: u128,
    pub(crate) last: u128,
}

impl HashRange {
    /// `count` ranges of about the same size that cover everything.
    pub(crate) fn even(count: u32) -> Vec<Self> {
        let count = u128::from(count.max(1));
        // 2^128 / count, which for a single shard is too great to be a number here, and not used.
        let size = ((u128::MAX - (count - 1)) / count).wrapping_add(1);
        let last_of = |number| match number + 1 == count {
            true => u128::MAX,
            false => size * (number + 1) - 1,
        };
        let range = |number| Self {
            first: size * number,
            last: last_of(number),
        };
        (0..count).map(range).collect()
    }

    /// Whether a key falls into it.
    pub(crate) fn contains(self, key: u128) -> bool {
        (self.first..=self.last).contains(&key)
    }

    /// Whether one follows the other.
    pub(crate) fn is_next_to(self, other: Self) -> bool {
        self.last.checked_add(1) == Some(other.first)
            || other.last.checked_add(1) == Some(self.first)
    }

    /// Both as one, which have to be next to each other.
    pub(crate) fn joined(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }
}

/// The form of a hash key in answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HashKey(pub(crate) u128);

impl fmt::Display for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for HashKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_ranges_cover_everything() {
        for count in [1, 2, 3, 7, 100] {
            let ranges = HashRange::even(count);
            assert_eq!(ranges.len(), count as usize);
            assert_eq!(ranges[0].first, 0);
            assert_eq!(ranges[ranges.len() - 1].last, u128::MAX);
            assert!(ranges.windows(2).all(|two| two[0].last + 1 == two[1].first));
        }
    }

    #[test]
    fn two_shards_are_the_halves() {
        let [first, second] = HashRange::even(2)[..] else {
            panic!("there are two");
        };
        assert_eq!((first.last, second.first), ((1 << 127) - 1, 1 << 127));
    }

    #[test]
    fn three_shards_are_cut_where_kinesis_cuts_them() {
        let first = HashRange::even(3)[0];
        assert_eq!(
            first.last,
            113_427_455_640_312_821_154_458_202_477_256_070_484
        );
    }

    #[test]
    fn the_hash_is_the_md5() {
        // echo -n a | md5sum
        assert_eq!(hash("a"), 0x0cc1_75b9_c0f1_b6a8_31c3_99e2_6977_2661);
    }

    #[test]
    fn hash_keys_are_plain_numbers() {
        assert_eq!(parse("0"), Some(0));
        assert_eq!(parse(&u128::MAX.to_string()), Some(u128::MAX));
        for text in [
            "",
            "00",
            "01",
            "-1",
            "+1",
            "340282366920938463463374607431768211456",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
