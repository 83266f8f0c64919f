//! What to commit once a portion of a stream is safe.

use std::collections::BTreeMap;

use ssectl_adapter::{Commit, Origin, Partition, Position};

use super::queue::Portion;

/// The token for what was read: behind the last of each partition.
pub(super) fn token(portion: &Portion) -> Commit {
    let mut positions: BTreeMap<Partition, Position> = BTreeMap::new();
    let mut records = portion.records.iter().peekable();
    while let Some(record) = records.next() {
        let partition = &record.origin.partition;
        // Records come in runs of one partition; only the last of a run counts.
        if records
            .peek()
            .is_some_and(|next| next.origin.partition == *partition)
        {
            continue;
        }
        raise(&mut positions, &record.origin);
    }
    for fault in &portion.faults {
        raise(&mut positions, &fault.origin);
    }
    Commit::UpTo(positions)
}

/// Moves the position of a partition behind what was read there, never back.
fn raise(positions: &mut BTreeMap<Partition, Position>, read: &Origin) {
    let Position::Offset(offset) = read.position else {
        return;
    };
    let position = positions.entry(read.partition.clone()).or_default();
    match position {
        Position::Offset(next) => *next = (*next).max(offset + 1),
        other => *other = Position::Offset(offset + 1),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use ssectl_adapter::{Error, ErrorKind, Fault, Record};

    use super::*;

    fn origin(partition: &str, offset: i64) -> Origin {
        Origin {
            partition: Partition::from(partition),
            position: Position::Offset(offset),
            ..Origin::default()
        }
    }

    pub(crate) fn record(partition: &str, offset: i64) -> Record {
        Record {
            origin: origin(partition, offset),
            ..Record::default()
        }
    }

    pub(crate) fn fault(partition: &str, offset: i64) -> Fault {
        Fault {
            origin: origin(partition, offset),
            index: 0,
            raw: None,
            cut_from: None,
            error: Error::new(ErrorKind::Data, "no record"),
        }
    }

    pub(crate) fn portion(records: &[Record]) -> Portion {
        Portion {
            records: records.to_vec(),
            faults: Vec::new(),
        }
    }

    #[test]
    fn the_token_is_behind_the_last_of_each_partition() {
        let mut read = portion(&[
            record("0", 4),
            record("0", 5),
            record("1", 9),
            record("0", 6),
        ]);
        read.faults = vec![fault("0", 3), fault("1", 10), fault("2", 0)];
        let expected = [("0", 7), ("1", 11), ("2", 1)]
            .map(|(partition, next)| (Partition::from(partition), Position::Offset(next)));
        assert_eq!(token(&read), Commit::UpTo(expected.into()));
    }
}
