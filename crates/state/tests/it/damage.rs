//! Damaged files are told, with what to do; never is an older or a partial state taken for the right one.

use std::fs;
use std::path::{Path, PathBuf};

use ssectl_state::{Contents, StateError, Store, StoreSpec};

use crate::events::{held, made, model, spec};

/// All files under a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// Reads all of a state; what panics in the store counts as a fault of ours.
fn readable(root: &Path) -> Result<crate::events::Model, StateError> {
    drop(Store::open(root, &spec(1 << 20))?);
    held(Contents::open(&root.join("orders"))?)
}

#[test]
fn a_file_that_is_cut_off_or_changed_is_an_error_or_harmless() {
    let made_in = tempfile::tempdir().unwrap();
    drop(made(made_in.path(), 1000));
    let whole = model(1000);
    let database = made_in.path().join("orders/db");
    let mut errors = 0;
    for file in files(&database) {
        let bytes = fs::read(&file).unwrap();
        let half = bytes[..bytes.len() / 2].to_vec();
        let mut flipped = bytes.clone();
        if let Some(byte) = flipped.get_mut(bytes.len() / 3) {
            *byte ^= 0x55;
        }
        for damaged in [half, flipped] {
            let copy = tempfile::tempdir().unwrap();
            copy_all(made_in.path(), copy.path());
            let name = file.strip_prefix(made_in.path()).unwrap();
            fs::write(copy.path().join(name), damaged).unwrap();
            match readable(copy.path()) {
                Ok(found) => assert_eq!(found, whole, "{}", name.display()),
                Err(error) => {
                    errors += 1;
                    let text = error.to_string();
                    assert!(text.starts_with("the state"), "{}: {text}", name.display());
                }
            }
        }
    }
    assert!(errors >= 2, "the journal at least must be told: {errors}");
}

fn copy_all(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&file, target).unwrap();
    }
}

#[test]
fn a_store_whose_last_files_are_gone_is_not_taken_for_an_older_one() {
    let dir = tempfile::tempdir().unwrap();
    drop(made(dir.path(), 300));
    for file in files(&dir.path().join("orders/db")) {
        if file.extension().is_some_and(|ext| ext == "jnl") {
            fs::write(file, b"").unwrap();
        }
    }
    let error = Store::open(dir.path(), &spec(1 << 20)).err().unwrap();
    let text = error.to_string();
    assert!(text.contains("checkpoint 3 was completed"), "{text}");
    assert!(text.contains("restore a savepoint"), "{text}");
}

#[test]
fn state_of_another_format_or_of_other_steps_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(made(dir.path(), 100));
    let other = StoreSpec {
        fingerprint: "window sum".to_owned(),
        ..spec(1 << 20)
    };
    let error = Store::open(dir.path(), &other).err().unwrap();
    assert!(matches!(error, StateError::Fingerprint { .. }), "{error}");
    let header = dir.path().join("orders/state.json");
    let text = fs::read_to_string(&header).unwrap();
    fs::write(&header, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
    let error = Store::open(dir.path(), &spec(1 << 20)).err().unwrap();
    let text = error.to_string();
    assert!(
        text.contains("has format 2, and this version reads format 1"),
        "{text}"
    );
    fs::remove_file(&header).unwrap();
    let error = Store::open(dir.path(), &spec(1 << 20)).err().unwrap();
    assert!(matches!(error, StateError::Damaged { .. }), "{error}");
}

#[test]
fn a_savepoint_that_is_cut_off_or_changed_anywhere_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(made(dir.path(), 100));
    let file = dir.path().join("savepoint");
    let contents = Contents::open(&dir.path().join("orders")).unwrap();
    contents.save(&file).unwrap();
    let bytes = fs::read(&file).unwrap();
    assert_eq!(held(Contents::open(&file).unwrap()).unwrap(), model(100));
    let refused = |bytes: &[u8], what: &str| {
        fs::write(&file, bytes).unwrap();
        let read = Contents::open(&file).and_then(held);
        assert!(read.is_err(), "{what} was taken");
    };
    for length in (0..bytes.len()).step_by(37) {
        refused(&bytes[..length], &format!("a savepoint of {length} bytes"));
    }
    for at in (0..bytes.len()).step_by(41) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        refused(&changed, &format!("a savepoint with another byte at {at}"));
    }
}
