//! Made-up events, and what a table holds after so many of them.

use std::collections::BTreeMap;
use std::path::Path;

use ssectl_state::{
    Contents, Corrupt, Group, Keep, Marks, Space, StateError, Store, StoreSpec, Table, Value,
};

/// A count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) u64);

impl Value for Count {
    const KIND: &'static str = "count";

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_le_bytes());
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let bytes = bytes.try_into().map_err(|_| Corrupt("a count"))?;
        Ok(Self(u64::from_le_bytes(bytes)))
    }

    fn size(&self) -> usize {
        8
    }

    fn describe(&self) -> String {
        format!("{{\"n\":{}}}", self.0)
    }
}

pub(crate) type Model = BTreeMap<(String, Group, Vec<u8>), Vec<u8>>;

pub(crate) fn spec(memory: usize) -> StoreSpec {
    StoreSpec {
        pipeline: "orders".to_owned(),
        fingerprint: "window count".to_owned(),
        memory,
    }
}

/// Where a pipeline stands that has read so many events.
pub(crate) fn marks(read: i64) -> Marks {
    use ssectl_adapter::{Partition, Position};
    let partitions = BTreeMap::from([(Partition::from("0"), Position::Offset(read))]);
    Marks {
        target: "kafka://localhost:9092".to_owned(),
        positions: BTreeMap::from([("orders".to_owned(), partitions)]),
        watermark: Some(read * 1000),
        ended: false,
    }
}

/// How many events a checkpoint stands behind.
pub(crate) fn read(marks: &Marks) -> i64 {
    marks.watermark.map_or(0, |time| time / 1000)
}

/// Two steps that remember.
pub(crate) struct Steps {
    counts: Table<Count>,
    seen: Table<Count>,
}

impl Steps {
    pub(crate) fn open(space: impl Fn(&str) -> Space) -> Result<Self, StateError> {
        Ok(Self {
            counts: Table::open(&space("window"), "counts")?,
            seen: Table::open(&space("dedupe"), "seen")?,
        })
    }

    /// Counts by key in windows of 50 events, which close 100 events later; remembers the last 200 events.
    pub(crate) fn event(&mut self, n: i64) -> Result<(), StateError> {
        let window = n / 50;
        let key = format!("\"k{}\"", (n * 7919) % 23);
        let count = self
            .counts
            .get_or_insert_with((window, 0), key.as_bytes(), || Count(0))?;
        count.0 += 1;
        while let Some(group) = self.counts.first_group()
            && group.0 + 2 < window
        {
            self.counts
                .visit(group, |_, _| Ok::<_, StateError>(Keep::No))?;
        }
        self.seen
            .get_or_insert_with((n, 0), &n.to_be_bytes(), || Count(n.unsigned_abs()))?;
        self.seen.expire(n - 200)?;
        Ok(())
    }

    pub(crate) fn save(&mut self) -> Result<(), StateError> {
        self.counts.save()?;
        self.seen.save()
    }
}

/// What tables must hold after so many events.
pub(crate) fn model(read: i64) -> Model {
    let mut model = Model::new();
    let mut put = |table: &str, group, key: Vec<u8>, value: u64| {
        model.insert((table.to_owned(), group, key), value.to_le_bytes().to_vec());
    };
    let last = (read - 1) / 50;
    let mut counts = BTreeMap::new();
    for n in 0..read {
        if n / 50 + 2 >= last {
            *counts.entry((n / 50, (n * 7919) % 23)).or_insert(0) += 1;
        }
        if n > read - 1 - 200 {
            put("seen", (n, 0), n.to_be_bytes().to_vec(), n.unsigned_abs());
        }
    }
    for ((window, key), count) in counts {
        put(
            "counts",
            (window, 0),
            format!("\"k{key}\"").into_bytes(),
            count,
        );
    }
    model
}

/// What a state holds.
pub(crate) fn held(contents: Contents) -> Result<Model, StateError> {
    let tables = contents.summary.tables;
    let entries = contents.entries.map(|entry| {
        let entry = entry?;
        let table = tables[entry.table].table.clone();
        Ok(((table, entry.group, entry.key), entry.value))
    });
    entries.collect()
}

/// State in a directory after so many events, with a checkpoint every 100.
pub(crate) fn made(root: &Path, events: i64) -> Store {
    let store = Store::open(root, &spec(1 << 20)).unwrap();
    let mut steps = Steps::open(|step| store.space(step)).unwrap();
    for n in 0..events {
        steps.event(n).unwrap();
        if n % 100 == 99 {
            steps.save().unwrap();
            store.checkpoint(marks(n + 1)).unwrap();
        }
    }
    store
}
