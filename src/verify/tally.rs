//! What came twice, not at all, or from nowhere.

use super::Contents;

/// How a stream differs from what it should hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Records that are missing.
    pub lost: u64,
    /// Records that are there more often than they should be.
    pub repeated: u64,
    /// Records that should not be there at all.
    pub foreign: u64,
}

impl Tally {
    /// Holds what was found against what there should be.
    pub fn of(wanted: &Contents, found: &Contents) -> Self {
        let mut tally = Self::default();
        for (form, same) in wanted.records() {
            let there = found.records().get(form).map_or(0, |same| same.times);
            tally.lost += same.times.saturating_sub(there);
            tally.repeated += there.saturating_sub(same.times);
        }
        let known = |form| wanted.records().contains_key(form);
        let foreign = found.records().iter().filter(|(form, _)| !known(*form));
        tally.foreign = foreign.map(|(_, same)| same.times).sum();
        tally
    }
}

#[cfg(test)]
mod tests {
    use ssectl_adapter::Record;

    use super::*;

    fn contents(values: &[&'static str]) -> Contents {
        let mut contents = Contents::default();
        for value in values {
            contents.add(&Record::from_value(*value));
        }
        contents
    }

    #[test]
    fn what_is_lost_repeated_and_foreign_is_told_apart() {
        let wanted = contents(&["1", "2", "2", "3"]);
        let found = contents(&["2", "2", "2", "3", "4", "4"]);
        let tally = Tally {
            lost: 1,
            repeated: 1,
            foreign: 2,
        };
        assert_eq!(Tally::of(&wanted, &found), tally);
        assert_eq!(Tally::of(&wanted, &wanted), Tally::default());
    }
}
