//! The stores under the dialects: the offset log and the table of facts, in memory and on disk.

mod damage;
mod facts;
mod model;
mod upkeep;

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
