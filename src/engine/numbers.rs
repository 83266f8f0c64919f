//! The partitions of all sources by number, as operators know them.

use std::collections::HashMap;

use ssectl_adapter::Partition;

use super::operator::Known;

/// Gives each partition a number. Those of the start are numbered in the order of their names, later ones behind them.
#[derive(Default)]
pub(super) struct Numbers {
    sources: Vec<Numbered>,
    next: u32,
}

/// The partitions of one source.
#[derive(Default)]
struct Numbered {
    /// Whether its records are told apart by partition; if not, all are in one.
    divided: bool,
    numbers: HashMap<Partition, u32>,
    /// Those that may give records.
    present: Vec<Partition>,
    /// The one asked for last: neighbours are mostly of the same.
    last: Option<(Partition, u32)>,
}

impl Numbers {
    /// The partitions of each source at the start; `None` for one that has none, or does not tell.
    pub(super) fn new(sources: Vec<Option<Vec<Partition>>>) -> Self {
        let mut numbers = Self::default();
        for (index, partitions) in sources.into_iter().enumerate() {
            numbers.sources.push(Numbered {
                divided: partitions.is_some(),
                ..Numbered::default()
            });
            let all = partitions.unwrap_or_else(|| vec![Partition::default()]);
            numbers.add(index, &all);
        }
        numbers
    }

    /// How many sources there are.
    pub(super) fn sources(&self) -> usize {
        self.sources.len()
    }

    /// These partitions of a source are there too; whether one of them is new.
    pub(super) fn add(&mut self, source: usize, partitions: &[Partition]) -> bool {
        let mut new: Vec<&Partition> = partitions
            .iter()
            .filter(|name| !self.sources[source].present.contains(name))
            .collect();
        new.sort_unstable_by(|a, b| {
            let length = |name: &Partition| name.as_str().len();
            length(a).cmp(&length(b)).then_with(|| a.cmp(b))
        });
        for partition in &new {
            self.number(source, partition);
            self.sources[source].present.push((*partition).clone());
        }
        !new.is_empty()
    }

    /// Of a source only these partitions are left; answers the numbers of those that are gone.
    pub(super) fn keep(&mut self, source: usize, partitions: &[Partition]) -> Vec<u32> {
        let numbered = &mut self.sources[source];
        // A record of a partition that is gone must be noticed.
        numbered.last = None;
        let gone = numbered
            .present
            .extract_if(.., |name| !partitions.contains(name));
        gone.map(|name| numbered.numbers[&name]).collect()
    }

    fn number(&mut self, source: usize, partition: &Partition) -> u32 {
        let next = &mut self.next;
        let numbers = &mut self.sources[source].numbers;
        *numbers.entry(partition.clone()).or_insert_with(|| {
            *next += 1;
            *next - 1
        })
    }

    /// The number of the partition of a record, and whether nobody told of it before.
    pub(super) fn of(&mut self, source: usize, partition: &Partition) -> (u32, bool) {
        let numbered = &mut self.sources[source];
        if !numbered.divided {
            let number = numbered.numbers.get(&Partition::default());
            return (number.copied().unwrap_or_default(), false);
        }
        if let Some((last, number)) = &numbered.last
            && last == partition
        {
            return (*number, false);
        }
        let new = !numbered.present.contains(partition);
        if new {
            numbered.present.push(partition.clone());
        }
        let number = self.number(source, partition);
        self.sources[source].last = Some((partition.clone(), number));
        (number, new)
    }

    /// All partitions that may give records, by number.
    pub(super) fn known(&self) -> Vec<Known> {
        let sources = self.sources.iter().enumerate();
        let mut known: Vec<Known> = sources
            .flat_map(|(source, numbered)| {
                numbered.present.iter().map(move |name| Known {
                    number: numbered.numbers[name],
                    source,
                    name: name.clone(),
                })
            })
            .collect();
        known.sort_unstable_by_key(|known| known.number);
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<Partition> {
        names.iter().map(|name| Partition::from(*name)).collect()
    }

    #[test]
    fn numbers_follow_the_names_and_stay() {
        let mut numbers = Numbers::new(vec![Some(names(&["10", "9", "0"])), None]);
        let of = |numbers: &mut Numbers, name: &str| numbers.of(0, &Partition::from(name));
        assert_eq!(of(&mut numbers, "0"), (0, false));
        assert_eq!(of(&mut numbers, "9"), (1, false));
        assert_eq!(of(&mut numbers, "10"), (2, false));
        assert_eq!(numbers.of(1, &Partition::from("any")), (3, false));
        assert!(numbers.add(0, &names(&["11", "9"])));
        assert_eq!(numbers.keep(0, &names(&["11", "9"])), [0, 2]);
        assert!(!numbers.add(0, &names(&["9"])));
        assert_eq!(of(&mut numbers, "11"), (4, false));
        assert_eq!(of(&mut numbers, "new"), (5, true));
        assert_eq!(of(&mut numbers, "new"), (5, false));
        assert_eq!(numbers.known().len(), 4);
    }
}
