//! A table against a model of it, with and without a disk.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{Corrupt, Marks, Store, StoreSpec};

impl Value for u64 {
    const KIND: &'static str = "test";

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let bytes = bytes.try_into().map_err(|_| Corrupt("a number"))?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn size(&self) -> usize {
        8
    }
}

type Model = BTreeMap<(Group, Vec<u8>), u64>;

#[derive(Debug, Clone)]
enum Act {
    Add(Group, Vec<u8>, u64),
    Change(Group, Vec<u8>),
    Look(Group, Vec<u8>),
    Remove(Group, Vec<u8>),
    /// Visits a group: adds, and keeps what is even.
    Visit(Group, u64),
    Expire(i64),
    Groups,
    Save,
    Checkpoint,
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    let group = || (-3..6i64, 0..2i64);
    let key = || prop::collection::vec(0..3u8, 0..4);
    prop_oneof![
        8 => (group(), key(), any::<u64>()).prop_map(|(g, k, n)| Act::Add(g, k, n)),
        2 => (group(), key()).prop_map(|(g, k)| Act::Change(g, k)),
        2 => (group(), key()).prop_map(|(g, k)| Act::Look(g, k)),
        3 => (group(), key()).prop_map(|(g, k)| Act::Remove(g, k)),
        2 => (group(), 0..2u64).prop_map(|(g, n)| Act::Visit(g, n)),
        1 => (-3..3i64).prop_map(Act::Expire),
        1 => Just(Act::Groups),
        1 => Just(Act::Save),
        2 => Just(Act::Checkpoint),
        1 => Just(Act::Restart),
    ]
}

/// A table in a store that keeps about ten values in memory.
struct Under {
    dir: Option<tempfile::TempDir>,
    store: Store,
    table: Table<u64>,
}

impl Under {
    fn new(dir: Option<tempfile::TempDir>) -> Self {
        let store = match &dir {
            None => Store::temporary(1200),
            Some(dir) => {
                let spec = StoreSpec {
                    pipeline: "p".to_owned(),
                    fingerprint: String::new(),
                    memory: 1200,
                };
                Store::open(dir.path(), &spec).unwrap()
            }
        };
        let table = Table::open(&store.space("step"), "table").unwrap();
        Self { dir, store, table }
    }

    fn restart(self) -> Self {
        let Self { dir, store, table } = self;
        drop(table);
        drop(store);
        Self::new(dir)
    }
}

fn first(model: &Model) -> Option<Group> {
    model.keys().next().map(|(group, _)| *group)
}

fn run(acts: Vec<Act>, dir: Option<tempfile::TempDir>) {
    let durable = dir.is_some();
    let mut under = Under::new(dir);
    let mut model = Model::new();
    let mut saved = Model::new();
    for act in acts {
        let table = &mut under.table;
        match act {
            Act::Add(group, key, n) => {
                let value = table.get_or_insert_with(group, &key, || n).unwrap();
                *value = value.wrapping_add(1);
                let model = model.entry((group, key)).or_insert(n);
                *model = model.wrapping_add(1);
                assert_eq!(value, model);
            }
            Act::Change(group, key) => {
                let value = table.get_mut(group, &key).unwrap();
                let model = model.get_mut(&(group, key));
                assert_eq!(value.is_some(), model.is_some());
                if let (Some(value), Some(model)) = (value, model) {
                    *value ^= 5;
                    *model ^= 5;
                }
            }
            Act::Look(group, key) => {
                let value = table.get(group, &key).unwrap().copied();
                assert_eq!(value, model.get(&(group, key)).copied());
            }
            Act::Remove(group, key) => {
                let value = table.remove(group, &key).unwrap();
                assert_eq!(value, model.remove(&(group, key)));
            }
            Act::Visit(group, more) => {
                let mut seen = Vec::new();
                let visited = table.visit(group, |key, value| {
                    *value = value.wrapping_add(more);
                    seen.push((key.to_vec(), *value));
                    Ok::<_, StateError>(match *value % 2 {
                        0 => Keep::Yes,
                        _ => Keep::No,
                    })
                });
                visited.unwrap();
                let mut expected = Vec::new();
                model.retain(|(at, key), value| {
                    if *at != group {
                        return true;
                    }
                    *value = value.wrapping_add(more);
                    expected.push((key.clone(), *value));
                    *value % 2 == 0
                });
                assert_eq!(seen, expected);
            }
            Act::Expire(until) => {
                let before = model.len();
                model.retain(|((end, _), _), _| *end > until);
                let gone = (before - model.len()) as u64;
                assert_eq!(table.expire(until).unwrap(), gone);
            }
            Act::Groups => {
                let mut groups: Vec<Group> = table.first_group().into_iter().collect();
                while let Some(group) = groups.last().copied()
                    && let Some(next) = table.next_group(group).unwrap()
                {
                    groups.push(next);
                }
                let mut expected: Vec<Group> = model.keys().map(|(group, _)| *group).collect();
                expected.dedup();
                assert_eq!(groups, expected);
            }
            Act::Save => table.save().unwrap(),
            Act::Checkpoint => {
                table.save().unwrap();
                under.store.checkpoint(Marks::default()).unwrap();
                saved = model.clone();
            }
            Act::Restart if durable => {
                under = under.restart();
                model = saved.clone();
            }
            Act::Restart => {}
        }
        assert_eq!(under.table.first_group(), first(&model));
    }
}

#[test]
fn what_is_on_disk_and_in_memory_expires_too() {
    let add = |group, key| Act::Add((group, 0), vec![key], 1);
    let mut acts: Vec<Act> = (0..12).map(|key| add(0, key)).collect();
    // The values before leave the memory for this one, which is then in both places.
    acts.extend([Act::Checkpoint, add(1, 0), Act::Checkpoint]);
    acts.extend([Act::Expire(0), Act::Expire(1), Act::Groups]);
    run(acts, Some(tempfile::tempdir().unwrap()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_table_that_spills_is_as_one_that_does_not(acts in prop::collection::vec(act(), 1..120)) {
        run(acts, None);
    }
}

proptest! {
    // Every checkpoint waits for the disk.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_restored_table_is_as_its_last_checkpoint(acts in prop::collection::vec(act(), 1..120)) {
        run(acts, Some(tempfile::tempdir().unwrap()));
    }
}
