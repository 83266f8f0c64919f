//! The table of facts and its journal.

use super::*;

#[test]
fn facts_survive_a_restart_and_a_torn_journal() {
    let directory = TempDir::new().unwrap();
    let journal = directory.path().join("facts.journal");
    let (store, _) = open(on_disk(directory.path()), &mut Seen::default()).unwrap();
    store
        .facts()
        .apply(vec![Change::put(20, "a", &1), Change::put(20, "b", &2)])
        .unwrap();
    store
        .facts()
        .apply(vec![Change::remove(20, "a"), Change::put(20, "c", &3)])
        .unwrap();
    drop(store);
    let whole = fs::read(&journal).unwrap();
    let first_entry = u32::from_be_bytes(whole[12..16].try_into().unwrap()) as usize;
    for length in 8..=whole.len() {
        fs::write(&journal, &whole[..length]).unwrap();
        let (store, notes) = open(on_disk(directory.path()), &mut Seen::default()).unwrap();
        let facts: Vec<(String, i32)> = store.facts().table(20).unwrap();
        let expected: &[(&str, i32)] = match length {
            _ if length == whole.len() => &[("b", 2), ("c", 3)],
            _ if length >= 16 + first_entry => &[("a", 1), ("b", 2)],
            _ => &[],
        };
        assert!(
            facts
                .iter()
                .map(|(key, value)| (key.as_str(), *value))
                .eq(expected.iter().copied()),
            "{length}"
        );
        let clean = [8, 16 + first_entry, whole.len()].contains(&length);
        assert_eq!(
            notes.len(),
            usize::from(!clean),
            "cut at {length}: {notes:?}"
        );
    }
    for position in 0..16 + first_entry {
        let mut damaged = whole.clone();
        damaged[position] ^= 0x20;
        fs::write(&journal, &damaged).unwrap();
        let outcome = open(on_disk(directory.path()), &mut Seen::default());
        assert!(
            matches!(
                outcome,
                Err(StoreError::Damaged { .. } | StoreError::Foreign { .. })
            ),
            "byte {position}"
        );
    }
}

#[test]
fn a_journal_of_outdated_facts_is_shortened_while_it_is_used() {
    let directory = TempDir::new().unwrap();
    let journal = directory.path().join("facts.journal");
    let (store, _) = open(on_disk(directory.path()), &mut Seen::default()).unwrap();
    let value = "x".repeat(1000);
    for number in 0..3000 {
        store
            .facts()
            .apply(vec![Change::put(
                20,
                (number % 3).to_string(),
                &(number, &value),
            )])
            .unwrap();
    }
    assert!(fs::metadata(&journal).unwrap().len() > 3_000_000);
    store.sync().unwrap();
    assert!(fs::metadata(&journal).unwrap().len() < 10_000);
    store
        .facts()
        .apply(vec![Change::put(20, "last", &(0, &value))])
        .unwrap();
    drop(store);
    let (store, notes) = open(on_disk(directory.path()), &mut Seen::default()).unwrap();
    assert!(notes.is_empty());
    let facts: Vec<(String, (i32, String))> = store.facts().table(20).unwrap();
    assert_eq!(
        facts
            .iter()
            .map(|(_, (number, _))| *number)
            .collect::<Vec<_>>(),
        [2997, 2998, 2999, 0]
    );
}
