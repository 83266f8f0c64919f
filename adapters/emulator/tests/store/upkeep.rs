//! Bounds of memory, retention, rewriting, deletion.

use super::*;

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
