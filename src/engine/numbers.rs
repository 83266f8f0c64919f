//! The partitions of all sources by number, as operators know them.

use std::collections::HashMap;

use ssectl_adapter::Partition;
use ssectl_state::{Corrupt, Group, Space, StateError, Table, Value};

use super::operator::Known;

/// Where the numbers stand in the table, and how many there are.
const NAMES: Group = (0, 0);
const COUNT: Group = (1, 0);

/// Gives each partition a number, for as long as the state lives. Those of the start are numbered in the order of their
/// names, later ones behind them.
pub(super) struct Numbers {
    sources: Vec<Numbered>,
    next: u32,
    table: Table<Number>,
}

/// A number in the state.
struct Number(u32);

impl Value for Number {
    const KIND: &'static str = "partition-number";

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_le_bytes());
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let bytes = bytes.try_into();
        let bytes = bytes.map_err(|_| Corrupt("the number of a partition"))?;
        Ok(Self(u32::from_le_bytes(bytes)))
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }

    fn describe(&self) -> String {
        self.0.to_string()
    }
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
    ///
    /// # Errors
    /// The state cannot be read.
    pub(super) fn open(
        space: &Space,
        sources: Vec<Option<Vec<Partition>>>,
    ) -> Result<Self, StateError> {
        let mut table = Table::open(space, "numbers")?;
        let next = table.get_mut(COUNT, b"")?.map_or(0, |Number(next)| *next);
        let mut numbers = Self {
            sources: Vec::new(),
            next,
            table,
        };
        for (index, partitions) in sources.into_iter().enumerate() {
            numbers.sources.push(Numbered {
                divided: partitions.is_some(),
                ..Numbered::default()
            });
            let all = partitions.unwrap_or_else(|| vec![Partition::default()]);
            numbers.add(index, &all)?;
        }
        Ok(numbers)
    }

    /// Hands over what is new, for a checkpoint.
    pub(super) fn save(&mut self) -> Result<(), StateError> {
        self.table.save()
    }

    /// How many sources there are.
    pub(super) fn sources(&self) -> usize {
        self.sources.len()
    }

    /// These partitions of a source are there too; whether one of them is new.
    pub(super) fn add(
        &mut self,
        source: usize,
        partitions: &[Partition],
    ) -> Result<bool, StateError> {
        let mut new: Vec<&Partition> = partitions
            .iter()
            .filter(|name| !self.sources[source].present.contains(name))
            .collect();
        new.sort_unstable_by(|a, b| {
            let length = |name: &Partition| name.as_str().len();
            length(a).cmp(&length(b)).then_with(|| a.cmp(b))
        });
        for partition in &new {
            self.number(source, partition)?;
            self.sources[source].present.push((*partition).clone());
        }
        Ok(!new.is_empty())
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

    fn number(&mut self, source: usize, partition: &Partition) -> Result<u32, StateError> {
        if let Some(number) = self.sources[source].numbers.get(partition) {
            return Ok(*number);
        }
        let key = format!("{source}/{partition}");
        let next = self.next;
        let kept = self
            .table
            .get_or_insert_with(NAMES, key.as_bytes(), || Number(next))?;
        let number = kept.0;
        if number == next {
            self.next += 1;
            let count = self.table.get_or_insert_with(COUNT, b"", || Number(0))?;
            count.0 = self.next;
        }
        let numbers = &mut self.sources[source].numbers;
        numbers.insert(partition.clone(), number);
        Ok(number)
    }

    /// The number of the partition of a record, and whether nobody told of it before.
    pub(super) fn of(
        &mut self,
        source: usize,
        partition: &Partition,
    ) -> Result<(u32, bool), StateError> {
        let numbered = &mut self.sources[source];
        if !numbered.divided {
            let number = numbered.numbers.get(&Partition::default());
            return Ok((number.copied().unwrap_or_default(), false));
        }
        if let Some((last, number)) = &numbered.last
            && last == partition
        {
            return Ok((*number, false));
        }
        let new = !numbered.present.contains(partition);
        if new {
            numbered.present.push(partition.clone());
        }
        let number = self.number(source, partition)?;
        self.sources[source].last = Some((partition.clone(), number));
        Ok((number, new))
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
    use ssectl_state::{Marks, Store, StoreSpec};

    use super::*;

    fn names(names: &[&str]) -> Vec<Partition> {
        names.iter().map(|name| Partition::from(*name)).collect()
    }

    fn open(space: &Space, partitions: &[&str]) -> Numbers {
        Numbers::open(space, vec![Some(names(partitions)), None]).expect("state")
    }

    #[test]
    fn numbers_follow_the_names_and_stay() {
        let mut numbers = open(&Space::default(), &["10", "9", "0"]);
        let of = |numbers: &mut Numbers, source: usize, name: &str| {
            numbers.of(source, &Partition::from(name)).expect("state")
        };
        assert_eq!(of(&mut numbers, 0, "0"), (0, false));
        assert_eq!(of(&mut numbers, 0, "9"), (1, false));
        assert_eq!(of(&mut numbers, 0, "10"), (2, false));
        assert_eq!(of(&mut numbers, 1, "any"), (3, false));
        assert!(numbers.add(0, &names(&["11", "9"])).expect("state"));
        assert_eq!(numbers.keep(0, &names(&["11", "9"])), [0, 2]);
        assert!(!numbers.add(0, &names(&["9"])).expect("state"));
        assert_eq!(of(&mut numbers, 0, "11"), (4, false));
        assert_eq!(of(&mut numbers, 0, "new"), (5, true));
        assert_eq!(of(&mut numbers, 0, "new"), (5, false));
        assert_eq!(numbers.known().len(), 4);
    }

    #[test]
    fn numbers_outlive_a_restart_at_which_some_partitions_have_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let spec = StoreSpec {
            pipeline: "test".to_owned(),
            fingerprint: String::new(),
            memory: 1 << 20,
        };
        let store = Store::open(folder.path(), &spec).expect("state");
        let mut numbers = open(&store.space("partitions"), &["0", "1"]);
        numbers.save().expect("saved");
        store.checkpoint(Marks::default()).expect("kept");
        drop((numbers, store));
        let store = Store::open(folder.path(), &spec).expect("state");
        let mut numbers = open(&store.space("partitions"), &["1", "2"]);
        let number = |name: &str| numbers.of(0, &Partition::from(name)).expect("state").0;
        assert_eq!(["1", "2"].map(number), [1, 3]);
    }
}
