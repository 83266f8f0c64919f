//! Deduplication ids that are unique to a record, also when it is written again.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};

use ssectl_adapter::{Record, Rejected};

/// Makes deduplication ids. A record that was refused for now may be in the queue all the same, when only the answer was
/// lost; so when it is written again it has the id that it had.
pub(super) struct DedupIds {
    /// Makes ids that no other sink makes.
    session: u64,
    made: u64,
    /// The ids of the write that is under way, by index of the record; empty where it has none.
    current: Vec<String>,
    /// Records that were refused for now, in their order, with their ids.
    refused: VecDeque<(Record, String)>,
}

impl DedupIds {
    pub(super) fn new() -> Self {
        Self {
            session: RandomState::new().hash_one(std::process::id()),
            made: 0,
            current: Vec::new(),
            refused: VecDeque::new(),
        }
    }

    /// The id of the next record of this write, at `index`.
    pub(super) fn next(&mut self, index: usize, record: &Record) -> String {
        let refused = self.refused.pop_front_if(|(refused, _)| refused == record);
        let id = refused.map_or_else(
            || {
                self.made += 1;
                format!("{:016x}-{}", self.session, self.made)
            },
            |(_, id)| id,
        );
        self.current.resize(index, String::new());
        self.current.push(id.clone());
        id
    }

    /// The end of a write of `records`: remembers the ids of those that will be written again.
    pub(super) fn settle(&mut self, records: &[Record], rejected: &[Rejected]) {
        let ids = std::mem::take(&mut self.current);
        let again = rejected
            .iter()
            .filter(|rejected| rejected.error.is_temporary());
        let again = again.filter_map(|rejected| {
            let id = ids.get(rejected.index).filter(|id| !id.is_empty())?;
            Some((records.get(rejected.index)?.clone(), id.clone()))
        });
        self.refused = again.collect();
    }
}

#[cfg(test)]
mod tests {
    use ssectl_adapter::{Error, ErrorKind};

    use super::*;

    fn records(values: &[&'static str]) -> Vec<Record> {
        values
            .iter()
            .map(|value| Record::from_value(*value))
            .collect()
    }

    fn write(ids: &mut DedupIds, records: &[Record]) -> Vec<String> {
        let all = records.iter().enumerate();
        all.map(|(index, record)| ids.next(index, record)).collect()
    }

    fn refused(index: usize, temporary: bool) -> Rejected {
        let error = Error::new(ErrorKind::Unavailable, "x");
        let error = if temporary { error.temporary() } else { error };
        Rejected { index, error }
    }

    #[test]
    fn only_what_was_refused_for_now_keeps_its_id() {
        let mut ids = DedupIds::new();
        let first = records(&["a", "b", "b", "c"]);
        let given = write(&mut ids, &first);
        ids.settle(
            &first,
            &[refused(1, true), refused(2, true), refused(3, false)],
        );
        let again = records(&["b", "b", "c"]);
        let second = write(&mut ids, &again);
        assert_eq!(second[..2], given[1..3]);
        assert!(!given.contains(&second[2]));
        ids.settle(&again, &[]);
        assert!(!second.contains(&write(&mut ids, &records(&["b"]))[0]));
    }
}
