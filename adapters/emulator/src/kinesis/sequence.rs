//! Sequence numbers: 188 bits as 56 decimal digits, as those of Kinesis are.
//!
//! | bits | field |
//! |---|---|
//! | 4 | 2, so that there are always 56 digits |
//! | 38 | when the shard was made, Unix seconds |
//! | 64 | place in the shard, from 1; 0 is before the first record |
//! | 44 | when the record came, Unix milliseconds |
//! | 34 | number of the shard |
//! | 4 | 2 |
//!
//! They grow within a shard, and those of a shard are greater than those of its parents, because children are made a
//! second later at least.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Digits of a sequence number.
const DIGITS: usize = 56;

/// Decimal digits that fit into 64 bits.
const CHUNK_DIGITS: usize = 19;

/// The first value that has more of them.
const CHUNK: u64 = 10_000_000_000_000_000_000;

/// What the first and the last four bits are.
const MARK: u64 = 2;

/// One sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sequence {
    /// When the shard was made, Unix seconds.
    pub(crate) created_s: u64,
    /// The place in the shard; 0 is before the first record.
    pub(crate) place: u64,
    /// Unix milliseconds.
    pub(crate) time_ms: u64,
    /// The number of the shard.
    pub(crate) shard: u32,
}

/// What is no sequence number of ours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Foreign;

impl Sequence {
    /// 60 + 64 + 64 bits.
    fn limbs(self) -> [u64; 3] {
        let (created, time) = (low_bits(self.created_s, 38), low_bits(self.time_ms, 44));
        [
            MARK << 56 | created << 18 | self.place >> 46,
            self.place << 18 | time >> 26,
            time << 38 | u64::from(self.shard) << 4 | MARK,
        ]
    }

    fn from_limbs([high, middle, low]: [u64; 3]) -> Option<Self> {
        let is_ours = high >> 56 == MARK && low_bits(low, 4) == MARK;
        let shard = u32::try_from(low_bits(low >> 4, 34)).ok()?;
        is_ours.then_some(Self {
            created_s: low_bits(high >> 18, 38),
            place: low_bits(high, 18) << 46 | middle >> 18,
            time_ms: low_bits(middle, 18) << 26 | low >> 38,
            shard,
        })
    }

    /// The decimal digits.
    fn digits(self) -> [u8; DIGITS] {
        let mut limbs = self.limbs();
        let mut digits = [b'0'; DIGITS];
        for chunk in digits.rchunks_mut(CHUNK_DIGITS) {
            let mut rest = divide(&mut limbs);
            for digit in chunk.iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        }
        digits
    }

    /// The digits as text, in a buffer of the caller's.
    fn text(digits: &[u8; DIGITS]) -> &str {
        std::str::from_utf8(digits).expect("decimal digits are text")
    }
}

/// The lowest bits of a value.
fn low_bits(value: u64, bits: u32) -> u64 {
    value & ((1 << bits) - 1)
}

/// Divides the number by [`CHUNK`] and returns the rest.
fn divide(limbs: &mut [u64; 3]) -> u64 {
    let mut rest = 0_u128;
    for limb in limbs {
        let value = rest << 64 | u128::from(*limb);
        *limb = (value / u128::from(CHUNK)) as u64;
        rest = value % u128::from(CHUNK);
    }
    rest as u64
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::text(&self.digits()))
    }
}

impl Serialize for Sequence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Self::text(&self.digits()))
    }
}

impl FromStr for Sequence {
    type Err = Foreign;

    fn from_str(text: &str) -> Result<Self, Foreign> {
        if text.len() != DIGITS || !text.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(Foreign);
        }
        let mut limbs = [0_u64; 3];
        for digit in text.bytes() {
            let mut carry = u128::from(digit - b'0');
            for limb in limbs.iter_mut().rev() {
                let value = u128::from(*limb) * 10 + carry;
                *limb = value as u64;
                carry = value >> 64;
            }
        }
        Self::from_limbs(limbs).ok_or(Foreign)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(created_s: u64, place: u64, time_ms: u64, shard: u32) -> Sequence {
        Sequence {
            created_s,
            place,
            time_ms,
            shard,
        }
    }

    #[test]
    fn they_look_as_those_of_kinesis() {
        let text = number(1_700_000_000, 1, 1_700_000_000_123, 3).to_string();
        assert_eq!(text.len(), 56);
        assert!(text.starts_with("49"), "{text}");
    }

    #[test]
    fn foreign_numbers_are_told() {
        for text in ["", "0", "x", &"9".repeat(56), &"1".repeat(129)] {
            assert_eq!(text.parse::<Sequence>(), Err(Foreign), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(
            created in 0..1_u64 << 38, place: u64, time in 0..1_u64 << 44, shard: u32
        ) {
            let sequence = number(created, place, time, shard);
            prop_assert_eq!(sequence.to_string().parse(), Ok(sequence));
        }

        #[test]
        fn they_grow_with_the_place_and_then_with_the_shards_age(
            place in 0..u64::MAX, time in 0..1_u64 << 44, later in 0..1_u64 << 44
        ) {
            let text = number(7, place, time, 9).to_string();
            prop_assert!(text < number(7, place + 1, later, 0).to_string());
            prop_assert!(text < number(8, 0, 0, 0).to_string());
        }
    }
}
