//! Savepoints and looks at a state, while a process works with it and when none does.

use ssectl_state::{Contents, Kinds, StateError, Store, Table, pipelines, restore};

use crate::events::{Count, Steps, held, made, marks, model, read, spec};

#[test]
fn a_state_that_is_in_use_tells_its_last_checkpoint_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &spec(1 << 20)).unwrap();
    let mut steps = Steps::open(|step| store.space(step)).unwrap();
    let pipeline = pipelines(dir.path()).unwrap().remove(0);
    let empty = Contents::open(&pipeline).unwrap();
    assert_eq!(empty.summary.checkpoint, None);
    for n in 0..500 {
        steps.event(n).unwrap();
        if n % 100 == 99 {
            let contents = Contents::open(&pipeline).unwrap();
            let complete = n + 1 - 100;
            let found = contents.summary.checkpoint.as_ref();
            assert_eq!(found.map_or(0, |found| read(&found.marks)), complete);
            assert_eq!(held(contents).unwrap(), model(complete));
            steps.save().unwrap();
            store.checkpoint(marks(n + 1)).unwrap();
        }
    }
    let again = Store::open(dir.path(), &spec(1 << 20)).err().unwrap();
    assert!(matches!(again, StateError::Locked(_)), "{again}");
}

#[test]
fn a_directory_with_a_long_path_can_be_looked_at_too() {
    let dir = tempfile::tempdir().unwrap();
    let long = dir.path().join("d".repeat(120));
    let _store = made(&long, 100);
    let contents = Contents::open(&long.join("orders")).unwrap();
    assert_eq!(held(contents).unwrap(), model(100));
}

#[test]
fn a_savepoint_becomes_a_state_that_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    drop(made(dir.path(), 300));
    let file = dir.path().join("savepoint");
    let contents = Contents::open(&dir.path().join("orders")).unwrap();
    let values = contents.save(&file).unwrap();
    assert_eq!(values, model(300).len() as u64);
    let error = Contents::open(&dir.path().join("orders"))
        .unwrap()
        .save(&file);
    assert!(error.is_err(), "a savepoint is not replaced");

    let new = tempfile::tempdir().unwrap();
    let (path, count) = restore(Contents::open(&file).unwrap(), new.path(), true).unwrap();
    assert_eq!((path, count), (new.path().join("orders"), values));
    let again = restore(Contents::open(&file).unwrap(), new.path(), true)
        .err()
        .unwrap();
    assert!(matches!(again, StateError::Exists(_)), "{again}");

    let store = Store::open(new.path(), &spec(1 << 20)).unwrap();
    let begin = read(&store.restored().unwrap().marks);
    assert_eq!(begin, 300);
    let mut steps = Steps::open(|step| store.space(step)).unwrap();
    for n in begin..700 {
        steps.event(n).unwrap();
    }
    steps.save().unwrap();
    store.checkpoint(marks(700)).unwrap();
    let contents = Contents::open(&new.path().join("orders")).unwrap();
    assert_eq!(held(contents).unwrap(), model(700));
}

#[test]
fn a_savepoint_can_be_restored_without_its_positions() {
    let dir = tempfile::tempdir().unwrap();
    drop(made(dir.path(), 100));
    let contents = Contents::open(&dir.path().join("orders")).unwrap();
    let new = tempfile::tempdir().unwrap();
    restore(contents, new.path(), false).unwrap();
    let store = Store::open(new.path(), &spec(1 << 20)).unwrap();
    let marks = &store.restored().unwrap().marks;
    assert!(marks.positions.is_empty());
    assert_eq!(marks.watermark, Some(100_000));
}

#[test]
fn a_checkpoint_needs_every_table_to_be_saved() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &spec(1 << 20)).unwrap();
    let mut steps = Steps::open(|step| store.space(step)).unwrap();
    steps.event(0).unwrap();
    let error = store.checkpoint(marks(1)).err().unwrap();
    assert!(matches!(error, StateError::Unsaved { .. }), "{error}");
    steps.save().unwrap();
    store.checkpoint(marks(1)).unwrap();
    let twice = Table::<Count>::open(&store.space("window"), "counts").err();
    assert!(matches!(twice, Some(StateError::Twice { .. })));
}

#[test]
fn a_checkpoint_is_as_it_was_sealed_whatever_changes_while_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &spec(8 << 10)).unwrap();
    let mut steps = Steps::open(|step| store.space(step)).unwrap();
    for n in 0..600 {
        steps.event(n).unwrap();
    }
    for round in 1..6 {
        steps.save().unwrap();
        let sealed = store.seal(marks(round * 600)).unwrap();
        // Other windows close, and keys come back, before the disk has been told.
        for n in round * 600..(round + 1) * 600 {
            steps.event(n).unwrap();
        }
        sealed.write().unwrap();
        let contents = Contents::open(&dir.path().join("orders")).unwrap();
        assert_eq!(held(contents).unwrap(), model(round * 600));
    }
}

#[test]
fn values_of_known_kinds_are_described_and_others_shown_as_they_are() {
    let kinds = Kinds::default().with::<Count>();
    assert_eq!(
        kinds.describe("count", &[7, 0, 0, 0, 0, 0, 0, 0]).unwrap(),
        "{\"n\":7}"
    );
    assert!(kinds.describe("count", b"x").is_err());
    assert_eq!(kinds.describe("other", b"{\"a\":1}").unwrap(), "{\"a\":1}");
    assert_eq!(kinds.describe("other", b"text").unwrap(), "\"text\"");
    assert_eq!(
        kinds.describe("other", &[255]).unwrap(),
        "{\"base64\":\"/w==\"}"
    );
}
