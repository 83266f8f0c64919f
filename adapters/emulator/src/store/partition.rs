//! One partition: a log behind a lock, and the readers that wait for it.

use std::sync::{Arc, Mutex, OnceLock};

use super::log::Log;
use super::segment::Wanted;
use super::wake::Waiters;
use super::{Frame, LockExt, LogSettings, NewFrame, StoreError, Subscription, Visibility, Waiter};

/// An append-only sequence of frames, shared between threads.
#[derive(Debug)]
pub struct Partition {
    pub(super) log: Mutex<Log>,
    waiters: Arc<Waiters>,
    /// What dialects see that did not write it; everything, until one says otherwise.
    visibility: OnceLock<Arc<dyn Visibility>>,
}

impl Partition {
    pub(crate) fn new(log: Log) -> Self {
        Self {
            log: Mutex::new(log),
            waiters: Arc::default(),
            visibility: OnceLock::new(),
        }
    }

    /// The first offset that can be read, and the offset that the next record gets.
    pub fn bounds(&self) -> (i64, i64) {
        let log = self.log.locked();
        (log.start_offset(), log.next_offset())
    }

    /// Bytes stored, frame headers included.
    pub fn size(&self) -> u64 {
        self.log.locked().len()
    }

    /// Adds a frame and returns its base offset. `patch` may change the payload once its base offset is known.
    ///
    /// # Errors
    /// The store is full or deleted, or the file system refused; nothing was added then.
    pub fn append(
        &self,
        new: NewFrame<'_>,
        now_ms: i64,
        patch: impl FnOnce(&mut [u8], i64),
    ) -> Result<i64, StoreError> {
        self.log.locked().append(new, now_ms, patch)
    }

    /// Frames that cover `from` and later offsets and start before `before`: as many as have `max_bytes` of payload,
    /// but at least one if there is one; fewer at the end of a segment.
    ///
    /// # Errors
    /// `from` is outside the partition, or the frames cannot be read.
    pub fn read(&self, from: i64, before: i64, max_bytes: usize) -> Result<Vec<Frame>, StoreError> {
        let mut wanted = Wanted {
            from,
            before,
            max_bytes,
        };
        loop {
            let prepared = self.log.locked().prepare(wanted)?;
            let Some((prepared, next)) = prepared else {
                return Ok(Vec::new());
            };
            let frames = prepared.read()?;
            match next {
                Some(next) if frames.is_empty() && next < before => wanted.from = next,
                _ => return Ok(frames),
            }
        }
    }

    /// As [`Self::read`], for those who may see only what is committed: nothing from the first open transaction on, and in
    /// place of what was aborted empty frames.
    ///
    /// # Errors
    /// As [`Self::read`] has them.
    pub fn read_committed(
        &self,
        from: i64,
        before: i64,
        max_bytes: usize,
    ) -> Result<Vec<Frame>, StoreError> {
        let Some(visibility) = self.visibility.get() else {
            return self.read(from, before, max_bytes);
        };
        let before = before.min(self.committed_end());
        if before <= from {
            return Ok(Vec::new());
        }
        let mut frames = self.read(from, before, max_bytes)?;
        let hidden = frames.iter_mut().filter(|frame| visibility.hides(frame));
        hidden.for_each(Frame::hide);
        Ok(frames)
    }

    /// The offset before which everything is committed or aborted.
    pub fn committed_end(&self) -> i64 {
        let end = self.bounds().1;
        match self.visibility.get() {
            Some(visibility) => visibility.end(end),
            None => end,
        }
    }

    /// Says what other dialects see from now on; only the first one counts.
    pub(crate) fn govern(&self, visibility: Arc<dyn Visibility>) {
        self.visibility.get_or_init(|| visibility);
    }

    /// The first frame that has a record time of `timestamp` (Unix milliseconds) or later, and covers `from` or a later
    /// offset.
    ///
    /// # Errors
    /// The frames cannot be read.
    pub fn find_time(&self, timestamp: i64, from: i64) -> Result<Option<Frame>, StoreError> {
        self.log.locked().find_time(timestamp, from)
    }

    /// The latest record time in Unix milliseconds, or -1 if there is none.
    pub fn max_timestamp(&self) -> i64 {
        self.log.locked().max_timestamp()
    }

    /// Wakes `waiter` whenever [`Self::wake`] is called, until the subscription is dropped.
    pub fn subscribe(&self, waiter: &Arc<Waiter>) -> Subscription {
        self.waiters.subscribe(waiter)
    }

    /// Wakes all readers that wait for this partition; for the dialect to call once a change may be seen.
    pub fn wake(&self) {
        self.waiters.wake_all();
    }

    /// Changes what holds from the next append on.
    pub(crate) fn configure(&self, settings: LogSettings) {
        self.log.locked().settings = settings;
    }

    /// Forces what was written to disk. If that fails, nothing more is accepted.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        let dirty = self.log.locked().take_dirty();
        let synced = dirty.sync();
        synced.inspect_err(|_| self.log.locked().mark_broken())
    }

    /// Refuses further appends and wakes the readers, because the stream is gone.
    pub(crate) fn mark_deleted(&self) {
        self.log.locked().mark_deleted();
        self.wake();
    }

    /// Whether its stream was deleted.
    pub fn is_deleted(&self) -> bool {
        self.log.locked().is_deleted()
    }
}
