//! Many records in one piece of memory.

use std::sync::Arc;

use bytes::Bytes;

use crate::{Origin, Partition, Position, Record};

/// Records that are values and nothing else, as lines of a file are: no keys, headers or times, and no record is made of
/// them before somebody needs it.
#[derive(Debug, Clone)]
pub struct Lines {
    bytes: Bytes,
    lines: Vec<Line>,
    stream: Arc<str>,
    partition: Partition,
}

/// Where a value is in the bytes of [`Lines`], and its number in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line {
    start: u32,
    end: u32,
    number: i64,
}

impl Lines {
    /// No lines yet, of `stream`; `bytes` are what they will be parts of: less than 4 GiB.
    pub fn new(bytes: Bytes, stream: Arc<str>, partition: Partition) -> Self {
        Self {
            bytes,
            lines: Vec::new(),
            stream,
            partition,
        }
    }

    /// Adds the line between two places in the bytes. `number` is its position in the stream.
    pub fn push(&mut self, start: usize, end: usize, number: i64) {
        debug_assert!(end <= self.bytes.len() && u32::try_from(end).is_ok());
        self.lines.push(Line {
            start: start as u32,
            end: end as u32,
            number,
        });
    }

    /// The partition that they are of.
    pub fn partition(&self) -> &Partition {
        &self.partition
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The bytes that all values are parts of.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the values are in [`Lines::bytes`], in their order.
    pub fn spans(&self) -> impl ExactSizeIterator<Item = (usize, usize)> {
        let lines = self.lines.iter();
        lines.map(|line| (line.start as usize, line.end as usize))
    }

    /// Bytes of all values together.
    pub fn size(&self) -> usize {
        self.spans().map(|(start, end)| end - start).sum()
    }

    /// Takes out the first lines: at most `most`, and no more than `bytes` together, but at least one.
    pub fn take(&mut self, most: usize, bytes: usize) -> Self {
        let mut size = 0;
        let fits = |(start, end): (usize, usize)| {
            size += end - start;
            size <= bytes
        };
        let fitting = self.spans().take(most.max(1)).map(fits);
        let count = fitting.take_while(|fits| *fits).count().max(1);
        let rest = self.lines.split_off(count.min(self.lines.len()));
        Self {
            lines: std::mem::replace(&mut self.lines, rest),
            ..self.clone_empty()
        }
    }

    /// A record of each.
    pub fn records(&self) -> impl ExactSizeIterator<Item = Record> {
        (0..self.len()).map(|index| self.record(index))
    }

    fn record(&self, index: usize) -> Record {
        let line = self.lines[index];
        Record {
            value: Some(self.bytes.slice(line.start as usize..line.end as usize)),
            origin: Origin {
                stream: self.stream.clone(),
                partition: self.partition.clone(),
                position: Position::Offset(line.number),
            },
            ..Record::default()
        }
    }

    fn clone_empty(&self) -> Self {
        Self::new(
            self.bytes.clone(),
            self.stream.clone(),
            self.partition.clone(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Lines {
        let mut lines = Lines::new("ab\n\ncd\nefg".into(), "in".into(), Partition::default());
        for (start, end, number) in [(0, 2, 1), (4, 6, 3), (7, 10, 4)] {
            lines.push(start, end, number);
        }
        lines
    }

    #[test]
    fn records_are_slices_with_the_numbers_of_their_lines() {
        let records: Vec<Record> = lines().records().collect();
        let value = |record: &Record| record.value.clone();
        assert_eq!(
            records.iter().map(value).collect::<Vec<_>>(),
            ["ab", "cd", "efg"].map(|text| Some(text.into()))
        );
        assert_eq!(records[1].origin.position, Position::Offset(3));
        assert_eq!(&*records[2].origin.stream, "in");
        assert_eq!(lines().size(), 7);
    }

    #[test]
    fn a_part_is_bounded_by_count_and_bytes_and_never_empty() {
        for (most, bytes, parts) in [
            (2, 100, vec![2, 1]),
            (10, 4, vec![2, 1]),
            (10, 3, vec![1, 1, 1]),
            (0, 0, vec![1, 1, 1]),
            (10, 7, vec![3]),
        ] {
            let (mut left, mut taken) = (lines(), Vec::new());
            while !left.is_empty() {
                taken.push(left.take(most, bytes).len());
            }
            assert_eq!(taken, parts, "{most} {bytes}");
        }
    }
}
