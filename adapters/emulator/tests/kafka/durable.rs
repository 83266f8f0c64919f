//! A data directory: what a restart brings back, and what cannot be opened.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::MetadataRequest;
use ssectl_emulator::kafka::{Config, Emulator, Notices, StartError};
use ssectl_emulator::store::{Fsync, Medium};
use tempfile::TempDir;

use super::client::*;
use super::producer::Producer;

fn config(directory: &Path, fsync: Fsync) -> Config {
    Config {
        medium: Medium::Directory {
            path: directory.to_owned(),
            fsync,
        },
        ..Config::default()
    }
}

fn start_in(directory: &Path) -> Emulator {
    let emulator = Emulator::start(config(directory, Fsync::default())).unwrap();
    assert!(emulator.notes().is_empty(), "{:?}", emulator.notes());
    emulator
}

/// The files of a kind, somewhere under a directory.
fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(path);
        }
    }
    found
}

#[test]
fn topics_records_and_producers_survive_a_restart() {
    for fsync in [Fsync::default(), Fsync::EveryAppend] {
        let directory = TempDir::new().unwrap();
        let emulator = Emulator::start(config(directory.path(), fsync)).unwrap();
        let mut client = Client::of(&emulator);
        client.create_topic("t", 2, &[("retention.bytes", "123456")]);
        let writer = Writer {
            producer_id: 5,
            epoch: 0,
            sequence: 0,
            transactional: false,
        };
        client.produce("t", 1, batch(writer, &["a", "b"]));
        let before = client.call(12, &MetadataRequest::default().with_topics(None));
        emulator.shutdown();
        let emulator = start_in(directory.path());
        let mut client = Client::of(&emulator);
        let after = client.call(12, &MetadataRequest::default().with_topics(None));
        assert_eq!(
            (after.cluster_id, &after.topics),
            (before.cluster_id, &before.topics)
        );
        assert_eq!(client.values("t", 1, false), ["a", "b"]);
        assert_eq!(
            client
                .produce("t", 1, batch(writer, &["a", "b"]))
                .base_offset,
            0,
            "known already"
        );
        let next = Writer {
            sequence: 2,
            ..writer
        };
        assert_eq!(client.produce("t", 1, batch(next, &["c"])).base_offset, 2);
        let skipped = Writer {
            sequence: 9,
            ..writer
        };
        assert_ne!(client.produce("t", 1, batch(skipped, &["d"])).error_code, 0);
    }
}

#[test]
fn a_transaction_goes_on_after_a_restart() {
    let directory = TempDir::new().unwrap();
    let emulator = start_in(directory.path());
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    let mut aborted = Producer::init(&emulator, "aborted", 60_000);
    aborted.add("t", &[0]);
    aborted.write("t", 0, "aborted");
    aborted.end(false);
    let mut producer = Producer::init(&emulator, "tx", 60_000);
    producer.add("t", &[0]);
    producer.write("t", 0, "first");
    emulator.shutdown();
    let emulator = start_in(directory.path());
    let mut client = Client::of(&emulator);
    assert!(client.values("t", 0, true).is_empty());
    producer.client = Client::of(&emulator);
    assert_eq!(producer.write("t", 0, "second"), None);
    assert_eq!(producer.end(true), None);
    assert_eq!(client.values("t", 0, true), ["first", "second"]);
    let other = Producer::init(&emulator, "other", 60_000);
    assert!(
        other.producer_id > producer.producer_id,
        "producer ids are not given out twice"
    );
}

#[test]
fn a_torn_tail_is_cut_and_said() {
    let directory = TempDir::new().unwrap();
    let emulator = start_in(directory.path());
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    client.produce("t", 0, batch(ANYBODY, &["kept"]));
    client.produce("t", 0, batch(ANYBODY, &["torn"]));
    emulator.shutdown();
    let segment = files(directory.path(), "log").remove(0);
    let length = fs::metadata(&segment).unwrap().len();
    fs::OpenOptions::new()
        .write(true)
        .open(&segment)
        .unwrap()
        .set_len(length - 5)
        .unwrap();
    let emulator = Emulator::start(config(directory.path(), Fsync::default())).unwrap();
    assert_eq!(emulator.notes().len(), 1);
    assert!(
        emulator.notes()[0].contains("bytes of an unfinished write, the next offset is 1"),
        "{:?}",
        emulator.notes()
    );
    let mut client = Client::of(&emulator);
    assert_eq!(client.values("t", 0, false), ["kept"]);
    assert_eq!(
        client.produce("t", 0, batch(ANYBODY, &["new"])).base_offset,
        1
    );
}

#[test]
fn what_cannot_be_opened_is_said() {
    let directory = TempDir::new().unwrap();
    let emulator = start_in(directory.path());
    let locked = Emulator::start(config(directory.path(), Fsync::default()))
        .expect_err("two on one directory");
    assert!(
        locked.to_string().ends_with("is in use by another process"),
        "{locked}"
    );
    emulator.shutdown();
    let file = directory.path().join("file");
    fs::write(&file, b"x").unwrap();
    let not_a_directory = Emulator::start(config(&file, Fsync::default())).expect_err("a file");
    assert!(matches!(not_a_directory, StartError::Store(_)));
    assert!(
        not_a_directory.to_string().starts_with("cannot create `"),
        "{not_a_directory}"
    );
    let journal = files(directory.path(), "journal").remove(0);
    fs::write(&journal, b"something else entirely").unwrap();
    let foreign =
        Emulator::start(config(directory.path(), Fsync::default())).expect_err("a foreign journal");
    assert!(
        foreign
            .to_string()
            .contains("is not a data directory of this version"),
        "{foreign}"
    );
}

#[test]
fn a_deleted_topic_stays_deleted() {
    let directory = TempDir::new().unwrap();
    let emulator = start_in(directory.path());
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    client.produce("t", 0, batch(ANYBODY, &["x"]));
    let names = vec![topic_name("t")];
    client.call(
        5,
        &kafka_protocol::messages::DeleteTopicsRequest::default().with_topic_names(names),
    );
    emulator.shutdown();
    let emulator = start_in(directory.path());
    let topics = Client::of(&emulator)
        .call(12, &MetadataRequest::default().with_topics(None))
        .topics;
    assert!(topics.is_empty());
    assert!(files(directory.path(), "log").is_empty());
}

#[test]
fn a_write_that_the_file_system_refuses_is_told_to_the_client_and_to_the_user() {
    let directory = TempDir::new().unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&heard);
    let emulator = Emulator::start(Config {
        notices: Notices::new(move |line| sink.lock().unwrap().push(line.to_owned())),
        ..config(directory.path(), Fsync::default())
    })
    .unwrap();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[("segment.bytes", "1048576")]);
    let half = "x".repeat(600_000);
    assert_eq!(
        client.produce("t", 0, batch(ANYBODY, &[&half])).error_code,
        0
    );
    // The next write needs a new segment file, which cannot be made.
    let segment = files(directory.path(), "log").remove(0);
    let partition = segment.parent().unwrap();
    fs::remove_dir_all(partition).unwrap();
    fs::write(partition, "in the way").unwrap();
    for _ in 0..20 {
        let refused = client.produce("t", 0, batch(ANYBODY, &[&half]));
        assert_eq!(
            refused.error_code,
            ResponseError::KafkaStorageError.code(),
            "{refused:?}"
        );
        let reason = refused.error_message.expect("a reason");
        assert!(reason.starts_with("cannot create"), "{reason}");
    }
    eventually("a notice", || !heard.lock().unwrap().is_empty());
    client.produce("t", 0, batch(ANYBODY, &[&half]));
    emulator.shutdown();
    let said = heard.lock().unwrap();
    assert!(said[0].starts_with("cannot create"), "{said:?}");
    assert!(said[0].contains("clients are told so"), "{said:?}");
    assert_eq!(said.len(), 1, "{said:?}");
}
