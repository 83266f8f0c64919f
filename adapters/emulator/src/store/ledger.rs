//! Which segment files there must be, remembered besides them: a file that is gone must not look like a short log.
//!
//! A segment is noted when its file is made and struck out before its file goes, so that a process which is killed in
//! between leaves a file without a note, never a note without a file. Only a loss of power can do that, and only until
//! the file's name was forced to disk; the note says whether it was.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::log::segment_path;
use super::{Change, Facts, StoreError, Trouble};

/// The table of segments, by stream id, partition and first offset: whether the file's name is on disk for sure.
const SEGMENTS: u8 = 3;

/// The notes about one partition's segments.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    facts: Arc<Facts>,
    partition: String,
}

impl Ledger {
    pub(crate) fn new(facts: Arc<Facts>, stream: u128, partition: u32) -> Self {
        Self {
            facts,
            partition: format!("{stream:032x}/{partition}/"),
        }
    }

    /// Where refused writes are noted.
    pub(crate) fn trouble(&self) -> &Trouble {
        self.facts.trouble()
    }

    /// Notes a segment whose file was just made.
    pub(crate) fn note(&self, base_offset: i64) -> Result<(), StoreError> {
        self.put(base_offset, false)
    }

    /// Notes that the files of these segments are on disk, as far as they are still there.
    pub(crate) fn settle(&self, base_offsets: &[i64]) -> Result<(), StoreError> {
        let settled = |offset: &i64| Change::put(SEGMENTS, self.key(*offset), &true);
        self.facts
            .update(base_offsets.iter().map(settled).collect())
    }

    /// Strikes out a segment whose file is about to go.
    pub(crate) fn strike(&self, base_offset: i64) -> Result<(), StoreError> {
        self.facts
            .apply(vec![Change::remove(SEGMENTS, self.key(base_offset))])
    }

    /// Compares the notes with the segments found in `directory`; tells what a loss of power took, one line each.
    pub(crate) fn check(&self, directory: &Path, found: &[i64]) -> Result<Vec<String>, StoreError> {
        let rows = self.facts.rows::<bool>(SEGMENTS, &self.partition)?;
        let mut noted: BTreeMap<_, _> = rows.into_iter().collect();
        for base_offset in found {
            // Those of an earlier version, and those that were about to go, have none.
            if noted.remove(&self.key(*base_offset)).is_none() {
                self.put(*base_offset, true)?;
            }
        }
        let mut notes = Vec::new();
        for (key, on_disk) in noted {
            let offset = key.strip_prefix(&self.partition).unwrap_or_default();
            let path = segment_path(directory, offset.parse().unwrap_or_default());
            if on_disk {
                return Err(StoreError::Missing(path));
            }
            self.facts.apply(vec![Change::remove(SEGMENTS, key)])?;
            notes.push(format!(
                "`{}` is missing; it was new, and a loss of power may have taken it",
                path.display()
            ));
        }
        Ok(notes)
    }

    fn put(&self, base_offset: i64, on_disk: bool) -> Result<(), StoreError> {
        let note = Change::put(SEGMENTS, self.key(base_offset), &on_disk);
        self.facts.apply(vec![note])
    }

    fn key(&self, base_offset: i64) -> String {
        format!("{}{base_offset:020}", self.partition)
    }
}

/// Strikes out all segments of a stream that is gone.
pub(crate) fn forget_stream(facts: &Facts, stream: u128) -> Result<(), StoreError> {
    let rows = facts.rows::<bool>(SEGMENTS, &format!("{stream:032x}/"))?;
    let strike = |(key, _)| Change::remove(SEGMENTS, key);
    facts.apply(rows.into_iter().map(strike).collect())
}
