//! A shard in a read: how far it has come, and what of it waits to be handed over.

use std::collections::VecDeque;

use super::cursor::Cursor;
use super::page::{Entry, Page};
use crate::position::Place;

/// Records that may wait while more are asked for.
const ENOUGH: usize = 10_000;

/// How far a shard has come.
#[derive(Default)]
pub(super) enum Stage {
    /// Its parents are not done with, or the group has not given it to us.
    #[default]
    Waiting,
    /// Nothing is under way.
    Idle(Box<Cursor>),
    /// A task reads it.
    Busy,
    /// All was read, but not yet handed over.
    Ended,
    /// All was handed over.
    Finished,
}

/// One shard of a read.
#[derive(Default)]
pub(super) struct Lane {
    pub(super) stage: Stage,
    /// Changes when the shard is given up, so that what is still under way is not taken for news.
    pub(super) generation: u64,
    pub(super) ready: VecDeque<Entry>,
    /// Where to go on behind what was handed over.
    pub(super) handed_over: Option<Place>,
}

impl Lane {
    /// Whether the next page may be asked for.
    pub(super) fn wants_more(&self) -> bool {
        matches!(self.stage, Stage::Idle(_)) && self.ready.len() < ENOUGH
    }

    /// Adds a page behind what waits.
    pub(super) fn add(&mut self, page: Page) {
        self.ready.extend(page.entries);
    }

    /// The next record.
    pub(super) fn take(&mut self) -> Option<Entry> {
        let entry = self.ready.pop_front()?;
        self.handed_over = Some(entry.next.clone());
        Some(entry)
    }

    /// Another reader of the group has it now.
    pub(super) fn give_up(&mut self) {
        if matches!(self.stage, Stage::Idle(_) | Stage::Busy | Stage::Ended) {
            *self = Self {
                generation: self.generation + 1,
                ..Self::default()
            };
        }
    }
}
