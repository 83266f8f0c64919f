//! More keys than fit into memory stay within the bound, and none is lost.

use ssectl_state::{Keep, Marks, StateError, Store, StoreSpec, Table};

use crate::events::Count;

/// How many keys, and bytes for them; other figures by `SSECTL_STATE_TEST_KEYS` and `SSECTL_STATE_TEST_MEMORY`.
fn size() -> (u64, usize) {
    let asked = |name| std::env::var(name).ok()?.parse().ok();
    let keys = asked("SSECTL_STATE_TEST_KEYS").unwrap_or(100_000);
    let memory = asked("SSECTL_STATE_TEST_MEMORY").unwrap_or(4 << 20);
    (keys, usize::try_from(memory).unwrap())
}

/// Values may take half of the bound; the rest is for what is on its way.
fn fill(store: &Store, mut full: impl FnMut(&Store, &mut Table<Count>)) {
    let (keys, memory) = size();
    let mut table = Table::open(&store.space("step"), "counts").unwrap();
    let mut most = 0;
    for round in 1..3 {
        for n in 0..keys {
            // Every key comes again long after it left the memory.
            let key = format!("key-{}", n * 7_919 % keys);
            let count = table.get_or_insert_with((60, 0), key.as_bytes(), || Count(0));
            count.unwrap().0 += 1;
            if n % 1000 == 0 && store.is_crowded() {
                full(store, &mut table);
            }
            most = most.max(store.memory());
        }
        assert!(most < memory, "{most} bytes in round {round}");
    }
    let (mut seen, mut last) = (0, Vec::new());
    let visited = table.visit((60, 0), |key, count| {
        assert_eq!(count.0, 2);
        assert!(last.as_slice() < key, "not in order");
        last = key.to_vec();
        seen += 1;
        Ok::<_, StateError>(Keep::No)
    });
    visited.unwrap();
    assert_eq!(seen, keys);
    assert_eq!(table.first_group(), None);
    assert!(store.memory() == 0, "{}", store.memory());
}

#[test]
fn without_a_directory() {
    fill(&Store::temporary(size().1), |_, _| {});
}

#[test]
fn with_checkpoints() {
    let dir = tempfile::tempdir().unwrap();
    let spec = StoreSpec {
        pipeline: "p".to_owned(),
        fingerprint: String::new(),
        memory: size().1,
    };
    let store = Store::open(dir.path(), &spec).unwrap();
    fill(&store, |store, table| {
        table.save().unwrap();
        store.checkpoint(Marks::default()).unwrap();
    });
}
