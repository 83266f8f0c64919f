//! Going on with a source that cannot begin in the middle: what was read of it before is read again and left out.

use std::collections::BTreeMap;

use ssectl_adapter::{Batch, Commit, Fault, Partition, Position};

/// Counts what is handed over of a source, and leaves out the first so many records and faults. The source must give the
/// same each time, as files and generators do.
pub(super) struct Skip {
    left: u64,
    /// Records and faults that were handed over, here or before; those that are left out are among the latter.
    done: u64,
}

impl Skip {
    /// `positions` are those of a checkpoint: the count stands under the empty name.
    pub(super) fn new(positions: &BTreeMap<Partition, Position>) -> Self {
        let left = match positions.get(&Partition::default()) {
            Some(Position::Offset(count)) => u64::try_from(*count).unwrap_or(0),
            _ => 0,
        };
        Self { left, done: left }
    }

    /// Takes out what was read before. A batch that commits nothing gets the count as its position.
    pub(super) fn pass(&mut self, batch: &mut Batch) {
        if !matches!(batch.commit, Commit::Nothing) {
            return;
        }
        if self.left > 0 {
            batch.make_records();
        }
        let all = batch.count();
        let gone = usize::try_from(self.left).unwrap_or(usize::MAX).min(all);
        self.left -= gone as u64;
        self.done += (all - gone) as u64;
        take_out(batch, gone);
        let count = Position::Offset(self.done.cast_signed());
        batch.commit = Commit::UpTo(BTreeMap::from([(Partition::default(), count)]));
    }
}

/// Takes the first records and faults out of a batch.
fn take_out(batch: &mut Batch, count: usize) {
    let (mut records, mut faults) = (0, 0);
    while records + faults < count {
        match batch.faults.get(faults) {
            Some(fault) if fault.index <= records => faults += 1,
            _ => records += 1,
        }
    }
    batch.records.drain(..records);
    let left = batch.faults.drain(..).skip(faults).map(|fault| Fault {
        index: fault.index - records,
        ..fault
    });
    batch.faults = left.collect();
}

#[cfg(test)]
mod tests {
    use ssectl_adapter::{Error, ErrorKind, Origin, Record};

    use super::*;

    fn batch() -> Batch {
        let fault = |index| Fault {
            origin: Origin::default(),
            index,
            raw: None,
            cut_from: None,
            error: Error::new(ErrorKind::Data, "x"),
        };
        Batch {
            records: ["a", "b", "c"].map(Record::from_value).into(),
            faults: vec![fault(1), fault(3)],
            ..Batch::default()
        }
    }

    #[test]
    fn what_was_read_before_is_left_out_with_its_faults() {
        for (before, records, faults) in [
            (0, 3, vec![1, 3]),
            (1, 2, vec![0, 2]),
            (2, 2, vec![2]),
            (4, 0, vec![0]),
            (5, 0, vec![]),
            (7, 0, vec![]),
        ] {
            let count = Position::Offset(before);
            let mut skip = Skip::new(&BTreeMap::from([(Partition::default(), count)]));
            let mut batch = batch();
            skip.pass(&mut batch);
            let left: Vec<_> = batch.faults.iter().map(|fault| fault.index).collect();
            assert_eq!((batch.records.len(), left), (records, faults), "{before}");
            assert_eq!(
                (skip.left, skip.done),
                ((before - 5).max(0) as u64, before.max(5) as u64)
            );
        }
    }

    #[test]
    fn positions_of_the_source_are_left_alone() {
        let mut batch = Batch {
            commit: Commit::UpTo(BTreeMap::new()),
            ..batch()
        };
        Skip::new(&BTreeMap::new()).pass(&mut batch);
        assert_eq!(
            (batch.records.len(), batch.commit),
            (3, Commit::UpTo(BTreeMap::new()))
        );
    }
}
