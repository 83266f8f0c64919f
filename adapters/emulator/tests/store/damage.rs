//! Files that are torn at every byte, with every bit flipped, or used twice.

use super::*;

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

/// Retention and deletion strike out what they remove; what goes otherwise is missed.
#[test]
fn a_segment_that_is_missing_is_an_error() {
    let directory = TempDir::new().unwrap();
    let settings = LogSettings {
        segment_bytes: 100,
        ..LogSettings::default()
    };
    let (store, _) = open(on_disk(directory.path()), &mut Seen::default()).unwrap();
    let stream = stream(&store, settings);
    for payload in [[1_u8; 60], [2; 60], [3; 60], [4; 60]] {
        only_partition(&store)
            .append(frame(&payload, 1, 5), 0, |_, _| {})
            .unwrap();
    }
    store.truncate_front(&stream, 0, 1).unwrap();
    store.sync().unwrap();
    drop((store, stream));
    let files = segments(directory.path());
    assert_eq!(files.len(), 3);
    for file in &files {
        let bytes = fs::read(file).unwrap();
        fs::remove_file(file).unwrap();
        let missing = open(on_disk(directory.path()), &mut Seen::default());
        let missing = missing.err();
        assert!(
            matches!(&missing, Some(StoreError::Missing(path)) if path == file),
            "{missing:?}"
        );
        fs::write(file, bytes).unwrap();
    }
    let (store, notes) = open(on_disk(directory.path()), &mut Seen::default()).unwrap();
    assert_eq!(notes, [""; 0]);
    assert_eq!(only_partition(&store).bounds(), (1, 4));
}

/// The name of a new file may be lost with the power, which is said and no error.
#[test]
fn a_new_segment_may_be_missing_until_its_name_is_on_disk() {
    let directory = TempDir::new().unwrap();
    let (store, _) = open(on_disk(directory.path()), &mut Seen::default()).unwrap();
    stream(&store, LogSettings::default());
    only_partition(&store)
        .append(frame(b"lost", 1, 5), 0, |_, _| {})
        .unwrap();
    drop(store);
    fs::remove_file(segment(directory.path())).unwrap();
    let (store, notes) = open(on_disk(directory.path()), &mut Seen::default()).unwrap();
    assert!(
        notes.len() == 1 && notes[0].contains("is missing"),
        "{notes:?}"
    );
    drop(store);
    let (_, notes) = open(on_disk(directory.path()), &mut Seen::default()).unwrap();
    assert_eq!(notes, [""; 0]);
}

#[test]
fn the_notes_about_segments_go_with_their_stream() {
    let directory = TempDir::new().unwrap();
    let (store, _) = open(on_disk(directory.path()), &mut Seen::default()).unwrap();
    stream(&store, LogSettings::default());
    only_partition(&store)
        .append(frame(b"gone", 1, 5), 0, |_, _| {})
        .unwrap();
    store.sync().unwrap();
    store.delete("s").unwrap();
    stream(&store, LogSettings::default());
    drop(store);
    let (_, notes) = open(on_disk(directory.path()), &mut Seen::default()).unwrap();
    assert_eq!(notes, [""; 0]);
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
