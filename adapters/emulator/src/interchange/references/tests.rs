//! Whatever happens in whatever order: every record that is committed has one place.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::store::{LogSettings, ManualClock, Medium, Visibility, Visitor, frame};

/// Partitions of the shared stream.
const PARTITIONS: u32 = 3;

/// What may happen.
#[derive(Clone, Debug)]
enum Step {
    /// Another dialect writes so many records to a partition.
    Foreign(u32, u32),
    /// The queue takes a message with a key.
    Own(u8),
    /// From the next record on nothing of a partition is committed.
    Hold(u32),
    /// All of a partition is committed.
    Commit(u32),
    /// Somebody looks.
    CatchUp,
    /// The process is killed, and starts again.
    Reopen,
    /// What was looked at is remembered, and the first half of the references is dropped.
    Truncate,
}

fn step() -> impl Strategy<Value = Step> {
    let partition = || 0..PARTITIONS;
    prop_oneof![
        (partition(), 1..4_u32).prop_map(|(partition, count)| Step::Foreign(partition, count)),
        any::<u8>().prop_map(Step::Own),
        partition().prop_map(Step::Hold),
        partition().prop_map(Step::Commit),
        Just(Step::CatchUp),
        Just(Step::Reopen),
        Just(Step::Truncate),
    ]
}

/// An open transaction that begins at an offset, or none.
#[derive(Debug)]
struct Held(AtomicI64);

impl Visibility for Held {
    fn end(&self, end: i64) -> i64 {
        end.min(self.0.load(Ordering::Relaxed))
    }

    fn hides(&self, _: &Frame) -> bool {
        false
    }
}

struct Nothing;

impl Visitor for Nothing {
    fn settings(&mut self, _: &str, _: &Attributes) -> LogSettings {
        LogSettings::default()
    }

    fn frame(&mut self, _: &str, _: u32, _: &frame::Header, _: &[u8]) {}
}

/// The frame of a dialect that has `count` records: messages of Pub/Sub with one byte each.
fn payload(count: u32) -> Vec<u8> {
    let mut payload = vec![1];
    (0..count).for_each(|_| payload.extend_from_slice(&[0, 0, 0, 3, 0x0a, 1, b'x']));
    payload
}

fn new_frame(payload: &[u8], count: u32) -> NewFrame<'_> {
    NewFrame {
        format: crate::pubsub::FORMAT,
        offsets: count,
        max_timestamp: 1,
        payload,
        forced: false,
    }
}

struct Fixture {
    store: Arc<Store>,
    shared: Arc<Stream>,
    own: Arc<Stream>,
    held: Vec<Arc<Held>>,
    references: References,
    /// Partition and offset by place: what references said before they were dropped, too.
    places: BTreeMap<i64, (u32, i64)>,
}

impl Fixture {
    fn new() -> Self {
        let medium = Medium::Memory { limit: 1 << 30 };
        let (store, _) = Store::open(medium, Arc::new(ManualClock::new(1)), &mut Nothing).unwrap();
        let store = Arc::new(store);
        let create = |name: &str, partitions, attributes| {
            let id = Uuid::new_v4().as_u128();
            let settings = LogSettings::default();
            let created = store.create(name, id, partitions, settings, attributes);
            created.unwrap().unwrap()
        };
        let shared = create("s", PARTITIONS, Attributes::new());
        let own = create("queue/s", 1, attributes(&shared));
        let held: Vec<_> = (0..PARTITIONS)
            .map(|_| Arc::new(Held(AtomicI64::new(i64::MAX))))
            .collect();
        for (partition, held) in shared.partitions().iter().zip(&held) {
            partition.govern(Arc::clone(held) as _);
        }
        Self {
            references: open(&store, &own),
            places: BTreeMap::new(),
            store,
            shared,
            own,
            held,
        }
    }

    fn partition(&self, number: u32) -> Arc<Partition> {
        self.shared.partition(number as i32).unwrap()
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Foreign(number, count) => {
                let payload = payload(count);
                let partition = self.partition(number);
                let appended = partition.append(new_frame(&payload, count), 1, |_, _| {});
                appended.unwrap();
            }
            Step::Own(key) => {
                let number = self.references.choose(Some(&[key]));
                let payload = payload(1);
                let place = self.references.append(number, new_frame(&payload, 1), 1);
                assert_eq!(
                    place.unwrap() + 1,
                    self.own.partition(0).unwrap().bounds().1
                );
            }
            Step::Hold(number) => {
                let end = self.partition(number).bounds().1;
                self.held[number as usize]
                    .0
                    .fetch_min(end, Ordering::Relaxed);
            }
            Step::Commit(number) => self.held[number as usize]
                .0
                .store(i64::MAX, Ordering::Relaxed),
            Step::CatchUp => drop(self.references.catch_up().unwrap()),
            Step::Reopen => self.references = open(&self.store, &self.own),
            Step::Truncate => {
                self.note_places();
                let (start, end) = self.own.partition(0).unwrap().bounds();
                self.references.save().unwrap();
                let middle = start.midpoint(end);
                self.store.truncate_front(&self.own, 0, middle).unwrap();
            }
        }
    }

    /// Takes down what the references say, each of which has to be resolved.
    fn note_places(&mut self) {
        let log = self.own.partition(0).unwrap();
        let (start, end) = log.bounds();
        for frame in log.read(start, end, usize::MAX).unwrap() {
            let reference = Reference::decode(&frame).unwrap();
            let records = |frame: &Frame| {
                let records = records_of(frame).into_iter();
                records
                    .map(|record| (record.offset, record.offset))
                    .collect()
            };
            let all = (reference.place, usize::MAX);
            let (found, after) = self
                .references
                .read(&reference, all.0, all.1, records)
                .unwrap();
            assert_eq!(
                (found.len() as u32, after),
                (reference.count, reference.end())
            );
            for (place, offset) in found {
                let known = self.places.insert(place, (reference.partition, offset));
                assert!(known.is_none_or(|known| known == (reference.partition, offset)));
            }
        }
    }
}

fn open(store: &Arc<Store>, own: &Arc<Stream>) -> References {
    References::open(store, own, &Arc::default())
        .unwrap()
        .unwrap()
}

proptest! {
    #[test]
    fn every_record_has_one_place(steps in prop::collection::vec(step(), 1..40)) {
        let mut fixture = Fixture::new();
        steps.into_iter().for_each(|step| fixture.run(step));
        (0..PARTITIONS).for_each(|number| fixture.run(Step::Commit(number)));
        fixture.run(Step::CatchUp);
        fixture.note_places();
        let mut found: Vec<_> = fixture.places.values().copied().collect();
        found.sort_unstable();
        let offsets = |number: u32| (0..fixture.partition(number).bounds().1).map(move |offset| (number, offset));
        let expected: Vec<_> = (0..PARTITIONS).flat_map(offsets).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn what_is_not_committed_has_no_place_yet() {
    let mut fixture = Fixture::new();
    fixture.run(Step::Foreign(0, 2));
    fixture.run(Step::Hold(0));
    fixture.run(Step::Foreign(0, 1));
    fixture.run(Step::CatchUp);
    fixture.note_places();
    assert_eq!(fixture.places.len(), 2);
}
