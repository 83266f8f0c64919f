//! A picture of a run in event time: partitions with their records, the watermark, windows, and what came too late.
//!
//! It is gathered from the events of the run in bounded memory: counts by stretches of time, which get longer as the run
//! does, and every so many records the watermark.

mod draw;
mod gather;
mod scale;
mod svg;

use std::sync::{Arc, Mutex, PoisonError};

use crate::{Event, Observer};
use gather::Gathered;

pub use draw::Width;

/// Gathers what is to be drawn. Its clones are the same one.
#[derive(Clone, Default)]
pub struct Timeline(Arc<Mutex<Gathered>>);

impl Timeline {
    /// The picture for a terminal; one line says it if there is nothing to draw.
    pub fn text(&self, width: Width) -> String {
        draw::text(&self.gathered(), width)
    }

    /// The picture as SVG, which stands by itself.
    pub fn svg(&self) -> String {
        svg::svg(&self.gathered())
    }

    fn gathered(&self) -> std::sync::MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Timeline {
    fn see(&mut self, event: &Event) {
        self.gathered().see(event);
    }
}
