//! Records to write, and the parts of them to compare.

use bytes::Bytes;
use ssectl_adapter::{Record, Timestamp};

/// `0`, `1`, `2` ... as values, without keys.
pub(crate) fn numbered(numbers: std::ops::Range<usize>) -> Vec<Record> {
    numbers
        .map(|number| Record::from_value(number.to_string()))
        .collect()
}

/// Numbered values whose keys are `key-0` to `key-(keys - 1)` in turn.
pub(crate) fn keyed(numbers: std::ops::Range<usize>, keys: usize) -> Vec<Record> {
    numbers
        .map(|number| Record {
            key: Some(Bytes::from(format!("key-{}", number % keys))),
            ..Record::from_value(number.to_string())
        })
        .collect()
}

/// Numbered values a second apart from each other, from `start` on.
pub(crate) fn timed(numbers: std::ops::Range<usize>, start: i64) -> Vec<Record> {
    numbers
        .map(|number| Record {
            timestamp: Some(second(start, number)),
            ..Record::from_value(number.to_string())
        })
        .collect()
}

/// The time of the record of that number.
pub(crate) fn second(start: i64, number: usize) -> Timestamp {
    Timestamp::from_millis(start + i64::try_from(number).expect("a small number") * 1000)
}

/// The values as text, in the order they were read.
pub(crate) fn values(records: &[Record]) -> Vec<String> {
    records.iter().map(value).collect()
}

/// The value of one record as text.
pub fn value(record: &Record) -> String {
    let value = record.value.as_deref().expect("a value");
    String::from_utf8(value.to_vec()).expect("text")
}

/// The values as numbers, in ascending order: for reads over several partitions.
pub(crate) fn sorted(records: &[Record]) -> Vec<usize> {
    let mut numbers = numbers(records);
    numbers.sort_unstable();
    numbers
}

/// The values as numbers, in the order they were read.
pub(crate) fn numbers(records: &[Record]) -> Vec<usize> {
    records
        .iter()
        .map(|record| value(record).parse().expect("a number"))
        .collect()
}

/// Bytes without a pattern that compression could use (a xorshift generator of 64 bits).
pub(crate) fn noise(length: usize) -> Bytes {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    });
    bytes.take(length).collect()
}

/// Asserts that exactly these numbers were read, in this order; tells what is wrong in a line.
pub(crate) fn assert_all(read: &[usize], expected: std::ops::Range<usize>) {
    if read.iter().copied().eq(expected.clone()) {
        return;
    }
    let mut sorted = read.to_vec();
    sorted.sort_unstable();
    let repeated: Vec<_> = sorted
        .windows(2)
        .filter(|two| two[0] == two[1])
        .map(|two| two[0])
        .collect();
    sorted.dedup();
    let missing: Vec<_> = expected
        .clone()
        .filter(|n| sorted.binary_search(n).is_err())
        .collect();
    let strange: Vec<_> = sorted.iter().filter(|n| !expected.contains(n)).collect();
    panic!(
        "{} records read, expected {expected:?}: missing {missing:?}, repeated {repeated:?}, \
         unexpected {strange:?}, and what is left may be out of order",
        read.len()
    );
}
