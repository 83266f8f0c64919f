//! The offset log against a model: in memory and on disk, reopened, torn at every byte, with every bit flipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use ssectl_emulator::store::frame::Header;
use ssectl_emulator::store::{
    Attributes, Change, Clock, Frame, Fsync, LogSettings, ManualClock, Medium, NewFrame, Partition,
    Store, StoreError, Stream, Verdict, Visitor,
};
use tempfile::TempDir;

/// A dialect that only counts what it is shown.
#[derive(Default)]
struct Seen {
    frames: Vec<(u32, Header, Vec<u8>)>,
    settings: LogSettings,
}

impl Visitor for Seen {
    fn settings(&mut self, _: &str, _: &Attributes) -> LogSettings {
        self.settings
    }

    fn frame(&mut self, _: &str, partition: u32, header: &Header, payload: &[u8]) {
        self.frames.push((partition, *header, payload.to_vec()));
    }
}

fn open(medium: Medium, seen: &mut Seen) -> Result<(Store, Vec<String>), StoreError> {
    Store::open(medium, Arc::new(ManualClock::new(1_000_000)), seen)
}

fn on_disk(directory: &Path) -> Medium {
    Medium::Directory {
        path: directory.to_owned(),
        fsync: Fsync::Every(Duration::from_secs(3600)),
    }
}

const IN_MEMORY: Medium = Medium::Memory { limit: 1 << 30 };

fn frame(payload: &[u8], offsets: u32, max_timestamp: i64) -> NewFrame<'_> {
    NewFrame {
        format: 7,
        offsets,
        max_timestamp,
        payload,
        forced: false,
    }
}

fn stream(store: &Store, settings: LogSettings) -> Arc<Stream> {
    store
        .create("s", 1, 1, settings, Attributes::new())
        .unwrap()
        .unwrap()
}

fn only_partition(store: &Store) -> Arc<Partition> {
    store.stream("s").unwrap().partition(0).unwrap()
}

/// All frames of a partition, read in small steps.
fn read_all(partition: &Partition) -> Vec<Frame> {
    let (mut from, end) = partition.bounds();
    let mut all = Vec::new();
    while from < end {
        let frames = partition.read(from, end, 1000).unwrap();
        let Some(last) = frames.last() else { break };
        from = last.header.next_offset();
        all.extend(frames);
    }
    all
}

/// The only segment file of the only partition.
fn segment(directory: &Path) -> PathBuf {
    let mut found = segments(directory);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let streams = fs::read_dir(directory.join("streams")).unwrap();
    let partitions = streams.flat_map(|stream| fs::read_dir(stream.unwrap().path()).unwrap());
    let files = partitions.flat_map(|partition| fs::read_dir(partition.unwrap().path()).unwrap());
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

#[derive(Clone, Debug)]
enum Step {
    Append {
        length: usize,
        offsets: u32,
        time: i64,
    },
    Reopen,
    TruncateFront {
        share: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (0_usize..3000, 1_u32..5, -1_i64..50).prop_map(|(length, offsets, time)| Step::Append { length, offsets, time }),
        2 => Just(Step::Reopen),
        1 => any::<u8>().prop_map(|share| Step::TruncateFront { share }),
    ]
}

/// What a log should hold: base offset, number of offsets, time and payload of every frame.
type Model = Vec<(i64, u32, i64, Vec<u8>)>;

fn check_against(model: &Model, start: i64, partition: &Partition) {
    let end = model
        .last()
        .map_or(start, |(base, offsets, ..)| base + i64::from(*offsets));
    assert_eq!(partition.bounds(), (start, end));
    let expected: Vec<_> = model
        .iter()
        .filter(|(base, offsets, ..)| base + i64::from(*offsets) > start)
        .collect();
    let frames = read_all(partition);
    assert_eq!(frames.len(), expected.len());
    for (frame, (base, offsets, time, payload)) in frames.iter().zip(&expected) {
        assert_eq!(
            (frame.header.base_offset, frame.header.offsets),
            (*base, *offsets)
        );
        assert_eq!(
            (frame.header.max_timestamp, frame.header.format),
            (*time, 7)
        );
        assert_eq!(frame.payload, payload);
    }
    for time in [0, 7, 25, 49, 50] {
        let first = expected
            .iter()
            .find(|(.., frame_time, _)| *frame_time >= time)
            .map(|(base, ..)| *base);
        let found = partition
            .find_time(time, start)
            .unwrap()
            .map(|frame| frame.header.base_offset);
        assert_eq!(found, first, "first frame with time {time}");
    }
    assert!(matches!(
        partition.read(end + 1, end + 9, 10),
        Err(StoreError::OutOfRange { .. })
    ));
    assert!(
        start == 0
            || matches!(
                partition.read(start - 1, end, 10),
                Err(StoreError::OutOfRange { .. })
            )
    );
}

fn run(steps: &[Step], medium: &Medium, durable: bool) {
    let settings = LogSettings {
        segment_bytes: 10_000,
        ..LogSettings::default()
    };
    let (mut store, _) = open(medium.clone(), &mut Seen::default()).unwrap();
    stream(&store, settings);
    let (mut model, mut start) = (Model::new(), 0);
    for (number, step) in steps.iter().enumerate() {
        let partition = only_partition(&store);
        match step {
            Step::Append {
                length,
                offsets,
                time,
            } => {
                let payload = vec![number as u8; *length];
                let base = partition
                    .append(frame(&payload, *offsets, *time), 0, |_, _| {})
                    .unwrap();
                let expected = model
                    .last()
                    .map_or(0, |(base, offsets, ..)| base + i64::from(*offsets));
                assert_eq!(base, expected);
                model.push((base, *offsets, *time, payload));
            }
            Step::TruncateFront { share } => {
                let (first, end) = partition.bounds();
                let offset = first + (end - first) * i64::from(*share) / 255;
                start = store
                    .truncate_front(&store.stream("s").unwrap(), 0, offset)
                    .unwrap();
                assert_eq!(start, offset);
            }
            Step::Reopen if durable => {
                drop((partition, store));
                let mut seen = Seen {
                    settings,
                    ..Seen::default()
                };
                let (reopened, notes) = open(medium.clone(), &mut seen).unwrap();
                assert!(notes.is_empty(), "{notes:?}");
                let visited = seen
                    .frames
                    .iter()
                    .filter(|(_, header, _)| header.next_offset() > start)
                    .count();
                let expected = model
                    .iter()
                    .filter(|(base, offsets, ..)| base + i64::from(*offsets) > start);
                assert_eq!(visited, expected.count());
                store = reopened;
            }
            Step::Reopen => {}
        }
    }
    check_against(&model, start, &only_partition(&store));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_log_in_memory_behaves_like_the_model(steps in prop::collection::vec(step(), 0..120)) {
        run(&steps, &IN_MEMORY, false);
    }

    #[test]
    fn a_log_on_disk_behaves_like_the_model(steps in prop::collection::vec(step(), 0..120)) {
        let directory = TempDir::new().unwrap();
        run(&steps, &on_disk(directory.path()), true);
    }
}

/// Writes three frames and returns where they begin in the file, and the file's bytes.
fn three_frames(directory: &Path) -> (Vec<usize>, Vec<u8>) {
    let (store, _) = open(on_disk(directory), &mut Seen::default()).unwrap();
    stream(&store, LogSettings::default());
    let mut starts = Vec::new();
    for payload in [&b"first"[..], b"second one", b"third"] {
        starts.push(usize::try_from(only_partition(&store).size()).unwrap());
        only_partition(&store)
            .append(frame(payload, 2, 5), 0, |_, _| {})
            .unwrap();
    }
    drop(store);
    (starts, fs::read(segment(directory)).unwrap())
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_said() {
    let directory = TempDir::new().unwrap();
    let (starts, bytes) = three_frames(directory.path());
    for length in 0..=bytes.len() {
        fs::write(segment(directory.path()), &bytes[..length]).unwrap();
        let (store, notes) = open(on_disk(directory.path()), &mut Seen::default()).unwrap();
        let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
        let whole = ends.filter(|end| *end <= length).count();
        assert_eq!(
            read_all(&only_partition(&store)).len(),
            whole,
            "cut at {length}"
        );
        let clean = length == bytes.len() || starts.contains(&length);
        assert_eq!(
            notes.len(),
            usize::from(!clean),
            "cut at {length}: {notes:?}"
        );
        let next = only_partition(&store)
            .append(frame(b"new", 1, 5), 0, |_, _| {})
            .unwrap();
        assert_eq!(next, 2 * whole as i64);
    }
}

#[test]
fn a_flipped_bit_is_never_served() {
    let directory = TempDir::new().unwrap();
    let (starts, bytes) = three_frames(directory.path());
    for position in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[position] ^= 1 << (position % 8);
        fs::write(segment(directory.path()), &damaged).unwrap();
        match open(on_disk(directory.path()), &mut Seen::default()) {
            // Damage before an intact frame is not a torn tail: it must not be cut.
            Err(StoreError::Damaged { .. }) => assert!(position < starts[2], "byte {position}"),
            Err(error) => panic!("byte {position}: {error}"),
            Ok((store, notes)) => {
                assert!(
                    position >= starts[2] && notes.len() == 1,
                    "byte {position}: {notes:?}"
                );
                let payloads: Vec<_> = read_all(&only_partition(&store))
                    .into_iter()
                    .map(|frame| frame.payload)
                    .collect();
                assert_eq!(payloads, [&b"first"[..], b"second one"]);
            }
        }
    }
}

#[test]
fn damage_in_a_closed_segment_is_an_error_when_it_is_opened_or_read() {
    let directory = TempDir::new().unwrap();
    let settings = LogSettings {
        segment_bytes: 100,
        ..LogSettings::default()
    };
    let (store, _) = open(on_disk(directory.path()), &mut Seen::default()).unwrap();
    stream(&store, settings);
    for payload in [[1_u8; 60], [2; 60], [3; 60]] {
        only_partition(&store)
            .append(frame(&payload, 1, 5), 0, |_, _| {})
            .unwrap();
    }
    drop(store);
    let files = segments(directory.path());
    assert_eq!(files.len(), 3);
    let bytes = fs::read(&files[1]).unwrap();
    for position in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[position] ^= 0x10;
        fs::write(&files[1], &damaged).unwrap();
        let outcome = open(on_disk(directory.path()), &mut Seen::default());
        let read = outcome.and_then(|(store, _)| only_partition(&store).read(1, 2, 1000));
        assert!(
            matches!(read, Err(StoreError::Damaged { .. })),
            "byte {position}: {read:?}"
        );
    }
    fs::write(&files[1], &bytes[..bytes.len() - 1]).unwrap();
    let shortened = open(on_disk(directory.path()), &mut Seen::default());
    assert!(matches!(shortened, Err(StoreError::Damaged { .. })));
}

#[test]
fn a_data_directory_has_one_user() {
    let directory = TempDir::new().unwrap();
    let first = open(on_disk(directory.path()), &mut Seen::default()).unwrap();
    let second = open(on_disk(directory.path()), &mut Seen::default());
    assert!(matches!(second, Err(StoreError::Locked(_))));
    drop(first);
    open(on_disk(directory.path()), &mut Seen::default()).unwrap();
}

#[test]
fn a_full_memory_refuses_and_keeps_what_it_has() {
    let (store, _) = open(Medium::Memory { limit: 1000 }, &mut Seen::default()).unwrap();
    stream(&store, LogSettings::default());
    let partition = only_partition(&store);
    let mut stored = 0;
    let error = loop {
        match partition.append(frame(&[0; 100], 1, -1), 0, |_, _| {}) {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::OutOfMemory { limit: 1000, .. }));
    assert_eq!(read_all(&partition).len(), stored);
    let forced = NewFrame {
        forced: true,
        ..frame(&[0; 100], 1, -1)
    };
    partition.append(forced, 0, |_, _| {}).unwrap();
    drop(partition);
    assert!(store.delete("s").unwrap());
    stream(&store, LogSettings::default());
    only_partition(&store)
        .append(frame(&[0; 100], 1, -1), 0, |_, _| {})
        .unwrap();
}

#[test]
fn retention_goes_by_the_latest_record_and_by_size() {
    let clock = ManualClock::new(1_000_000);
    let (store, _) = open(IN_MEMORY, &mut Seen::default()).unwrap();
    let settings = LogSettings {
        segment_bytes: 100,
        retention_ms: Some(1000),
        ..LogSettings::default()
    };
    let stream = stream(&store, settings);
    let partition = only_partition(&store);
    for time in [999_000, 999_500, 1_000_000] {
        partition
            .append(frame(&[0; 60], 1, time), 1_000_000, |_, _| {})
            .unwrap();
    }
    assert_eq!(partition.enforce_retention(clock.now_ms()).unwrap(), None);
    clock.advance(Duration::from_millis(501));
    assert_eq!(
        partition.enforce_retention(clock.now_ms()).unwrap(),
        Some(0..2)
    );
    clock.advance(Duration::from_secs(10));
    assert_eq!(
        partition.enforce_retention(clock.now_ms()).unwrap(),
        Some(2..3)
    );
    assert_eq!(partition.bounds(), (3, 3));
    let settings = LogSettings {
        retention_ms: None,
        retention_bytes: Some(150),
        ..settings
    };
    store
        .configure(&stream, settings, Attributes::new())
        .unwrap();
    for _ in 0..4 {
        partition
            .append(frame(&[0; 60], 1, 0), 1_000_000, |_, _| {})
            .unwrap();
    }
    assert_eq!(
        partition.enforce_retention(clock.now_ms()).unwrap(),
        Some(3..5)
    );
}

#[test]
fn rewriting_keeps_offsets_and_survives_a_restart() {
    for durable in [false, true] {
        let directory = TempDir::new().unwrap();
        let medium = if durable {
            on_disk(directory.path())
        } else {
            IN_MEMORY
        };
        let settings = LogSettings {
            segment_bytes: 200,
            ..LogSettings::default()
        };
        let (mut store, _) = open(medium.clone(), &mut Seen::default()).unwrap();
        stream(&store, settings);
        for number in 0..20_u8 {
            only_partition(&store)
                .append(frame(&[number; 50], 1, 9), 0, |_, _| {})
                .unwrap();
        }
        let partition = only_partition(&store);
        let closed = partition.closed_segments();
        assert_eq!(closed.len(), 9);
        for segment in closed {
            let judge = |frame: &Frame| match frame.header.base_offset {
                0..4 => Verdict::Drop,
                offset if offset % 3 == 0 => Verdict::Replace(b"short".to_vec()),
                offset if offset % 3 == 1 => Verdict::Keep,
                _ => Verdict::Drop,
            };
            partition.rewrite(segment, judge).unwrap();
        }
        drop(partition);
        if durable {
            drop(store);
            store = open(
                medium,
                &mut Seen {
                    settings,
                    ..Seen::default()
                },
            )
            .unwrap()
            .0;
        }
        let frames = read_all(&only_partition(&store));
        let left: Vec<_> = frames
            .iter()
            .map(|frame| (frame.header.base_offset, frame.payload.len()))
            .collect();
        let expected = [
            (4, 50),
            (6, 5),
            (7, 50),
            (9, 5),
            (10, 50),
            (12, 5),
            (13, 50),
            (15, 5),
            (16, 50),
            (18, 50),
            (19, 50),
        ];
        assert_eq!(left, expected);
        assert_eq!(only_partition(&store).bounds(), (0, 20));
    }
}

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

#[test]
fn a_deleted_stream_leaves_no_files_and_refuses_late_writers() {
    let directory = TempDir::new().unwrap();
    let (store, _) = open(on_disk(directory.path()), &mut Seen::default()).unwrap();
    stream(&store, LogSettings::default());
    let partition = only_partition(&store);
    partition.append(frame(b"x", 1, -1), 0, |_, _| {}).unwrap();
    assert!(store.delete("s").unwrap());
    assert!(!store.delete("s").unwrap());
    assert!(matches!(
        partition.append(frame(b"x", 1, -1), 0, |_, _| {}),
        Err(StoreError::Deleted)
    ));
    assert_eq!(
        fs::read_dir(directory.path().join("streams"))
            .unwrap()
            .count(),
        0
    );
}
