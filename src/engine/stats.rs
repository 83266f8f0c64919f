//! What happened to every record.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// Live counters of one pipeline; cheap to read at any time.
#[derive(Debug, Default)]
pub struct Stats {
    pub(super) read: AtomicU64,
    pub(super) read_bytes: AtomicU64,
    pub(super) repeated: AtomicU64,
    pub(super) used: AtomicU64,
    pub(super) made: AtomicU64,
    pub(super) filtered: AtomicU64,
    pub(super) late: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) held: AtomicU64,
    pub(super) skipped: AtomicU64,
    pub(super) dead_lettered: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) unfinished: AtomicU64,
    pub(super) written: AtomicU64,
    pub(super) written_bytes: AtomicU64,
    pub(super) sided: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) committed: AtomicU64,
    pub(super) retries: AtomicU64,
    /// The numbers at the last commit of a transaction.
    marked: Mutex<Counts>,
}

/// A snapshot of [`Stats`]. Records unless the name says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Handed over by the source, faults included.
    pub read: u64,
    /// Bytes of key, value and headers of those.
    pub read_bytes: u64,
    /// Came again, known by their ids, and were left out.
    pub repeated: u64,
    /// Results of steps that remember which went into later steps, where they count like records that were read; and
    /// what a program made of one record beyond the first.
    pub made: u64,
    /// Went through all steps and gave results that the sink has, or are part of what a step remembers.
    pub used: u64,
    /// Gave no result: a filter held them back, or a program gave nothing.
    pub filtered: u64,
    /// Came after their windows had closed, also those that went to a side stream.
    pub late: u64,
    /// Left out by a step for another reason, such as having come before.
    pub dropped: u64,
    /// Wait in a step for what the other partitions bring; none at the end of the input.
    pub held: u64,
    /// Bad, and skipped because the policy says so.
    pub skipped: u64,
    /// Bad, and put aside.
    pub dead_lettered: u64,
    /// Bad, and the reason why the pipeline stopped.
    pub failed: u64,
    /// Read but not processed because the pipeline stopped before them. They were not
    /// committed.
    pub unfinished: u64,
    /// Results the sink has.
    pub written: u64,
    /// Bytes of those.
    pub written_bytes: u64,
    /// Those of them that went to side streams.
    pub sided: u64,
    /// Results of steps that remember which a sink did not take for good. They come from many records.
    pub refused: u64,
    /// Records of the source that were committed.
    pub committed: u64,
    /// How often something that failed for now was tried again. No records.
    pub retries: u64,
}

impl Stats {
    /// The numbers as they stand now.
    pub fn counts(&self) -> Counts {
        Counts {
            read: self.read.load(Relaxed),
            read_bytes: self.read_bytes.load(Relaxed),
            repeated: self.repeated.load(Relaxed),
            used: self.used.load(Relaxed),
            made: self.made.load(Relaxed),
            filtered: self.filtered.load(Relaxed),
            late: self.late.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            held: self.held.load(Relaxed),
            skipped: self.skipped.load(Relaxed),
            dead_lettered: self.dead_lettered.load(Relaxed),
            failed: self.failed.load(Relaxed),
            unfinished: self.unfinished.load(Relaxed),
            written: self.written.load(Relaxed),
            written_bytes: self.written_bytes.load(Relaxed),
            sided: self.sided.load(Relaxed),
            refused: self.refused.load(Relaxed),
            committed: self.committed.load(Relaxed),
            retries: self.retries.load(Relaxed),
        }
    }
}

impl Stats {
    /// So many records are no longer held; how many of them were read by this process. The others came with the state.
    pub(super) fn release(&self, count: usize) -> usize {
        let less = |held: u64| Some(held.saturating_sub(count as u64));
        let held = self.held.fetch_update(Relaxed, Relaxed, less);
        usize::try_from(held.unwrap_or_default()).map_or(count, |held| held.min(count))
    }

    /// Everything written up to here is committed.
    pub(super) fn mark(&self) {
        *self.marked.lock().unwrap_or_else(PoisonError::into_inner) = self.counts();
    }

    /// What happened since the last [`Stats::mark`] was undone, and will happen again: it does not count.
    pub(super) fn roll_back(&self) {
        let marked = *self.marked.lock().unwrap_or_else(PoisonError::into_inner);
        for (counter, value) in [
            // What was read ahead comes again too.
            (&self.read, marked.accounted().saturating_sub(marked.made)),
            (&self.read_bytes, marked.read_bytes),
            (&self.repeated, marked.repeated),
            (&self.used, marked.used),
            (&self.made, marked.made),
            (&self.filtered, marked.filtered),
            (&self.skipped, marked.skipped),
            (&self.dead_lettered, marked.dead_lettered),
            (&self.failed, marked.failed),
            (&self.written, marked.written),
            (&self.written_bytes, marked.written_bytes),
            (&self.refused, marked.refused),
        ] {
            counter.store(value, Relaxed);
        }
    }

    /// The last numbers. A run that was broken off leaves records unfinished; in any other, what
    /// is not accounted for is missing.
    pub(super) fn finish(&self, broken_off: bool) -> Counts {
        if broken_off {
            let left = self.counts().missing().max(0);
            self.unfinished.store(left.cast_unsigned(), Relaxed);
        }
        self.counts()
    }
}

impl Counts {
    /// How many records vanished: read or made within, but in none of the other counts. 0 at the end of a
    /// sound run.
    pub fn missing(&self) -> i64 {
        (self.read + self.made).cast_signed() - self.accounted().cast_signed()
    }

    fn accounted(&self) -> u64 {
        self.used
            + self.repeated
            + self.filtered
            + self.late
            + self.dropped
            + self.held
            + self.skipped
            + self.dead_lettered
            + self.failed
            + self.unfinished
    }

    /// The counts in one line, for people: after `read` come parts that add up to it.
    pub fn line(&self) -> String {
        let mut text = format!("{} read, {} written", self.read, self.written);
        if self.used != self.written - self.sided {
            text += &format!(" from {}", self.used);
        }
        let others = [
            (self.made, "made within"),
            (self.repeated, "repeated"),
            (self.filtered, "filtered"),
            (self.late, "late"),
            (self.dropped, "dropped"),
            (self.held, "held"),
            (self.skipped, "skipped"),
            (self.dead_lettered, "dead-lettered"),
            (self.failed, "failed"),
            (self.unfinished, "unfinished"),
            (self.sided, "to side streams"),
            (self.refused, "results refused"),
        ];
        for (count, what) in others.into_iter().filter(|(count, _)| *count > 0) {
            text += &format!(", {count} {what}");
        }
        if self.retries > 0 {
            text += &format!("; {}", tried_again(self.retries));
        }
        text
    }

    /// Records that were bad, whatever the policy made of them.
    pub fn bad(&self) -> u64 {
        self.skipped + self.dead_lettered + self.failed
    }
}

/// `tried again 3 times`, for the end of a run.
pub fn tried_again(retries: u64) -> String {
    match retries {
        1 => "tried again once".to_owned(),
        _ => format!("tried again {retries} times"),
    }
}

pub(super) fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Relaxed);
}
